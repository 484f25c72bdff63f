//! Tars of plain files in no fixed layout, for contract sets: written the same everywhere and read as
//! strictly as packs are.

use bytes::Bytes;

use super::archive::{ArchiveLimits, Files, read_files};
use super::archive_error::ArchiveError;
use super::tar::{BLOCK, RECORD, header};

/// Writes files, in the order of their paths, with owner 0, mode 0644 and no time. `None` if a path does
/// not fit a ustar header.
pub fn write_tar<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Bytes> {
    let mut files: Vec<_> = files.collect();
    files.sort_unstable_by_key(|(path, _)| *path);
    let mut tar = Vec::new();
    for (path, bytes) in files {
        tar.extend(header(path, bytes.len() as u64)?);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    tar.resize((tar.len() + 2 * BLOCK).next_multiple_of(RECORD), 0);
    Some(tar.into())
}

/// Reads all files of a tar, whatever they are called. They share the tar's memory.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_tar(tar: &Bytes, limits: &ArchiveLimits) -> Result<Files, ArchiveError> {
    read_files(tar, limits, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_and_bytes_are_the_same() {
        let files: [(&str, &[u8]); 3] = [("b/c.json", b"{}"), ("a", b""), ("b.json", b"x")];
        let tar = write_tar(files.into_iter()).unwrap();
        assert_eq!(tar, write_tar(files.into_iter().rev()).unwrap());
        let read = read_tar(&tar, &ArchiveLimits::default()).unwrap();
        let read: Vec<_> = read.iter().map(|(path, bytes)| (path, bytes.as_ref())).collect();
        assert_eq!(read, [("a", &b""[..]), ("b.json", b"x"), ("b/c.json", b"{}")]);
        assert!(write_tar([("x".repeat(300).as_str(), &b""[..])].into_iter()).is_none());
        // What would hide a file on some system is refused here as it is in packs.
        for paths in [["a", "A"], ["a", "a/b"]] {
            let tar = write_tar(paths.into_iter().map(|path| (path, &b""[..]))).unwrap();
            assert!(read_tar(&tar, &ArchiveLimits::default()).is_err(), "{paths:?}");
        }
    }
}
