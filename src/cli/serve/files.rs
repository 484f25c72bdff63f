//! Files that somebody else puts into a directory: read whole, and never waited for.

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use bytes::Bytes;

/// What changes whenever a file does.
pub(super) type Stamp = [i64; 5];

/// Whether reading it does not wait for anybody.
pub(super) fn plain(file: impl AsRef<Path>) -> bool {
    std::fs::metadata(file).map_or(true, |meta| meta.is_file())
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> std::io::Result<Bytes> {
    let mut bytes = Vec::new();
    // Nobody may ever write into a pipe: opening it must not wait for that.
    let wait_not = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(wait_not).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("larger than {limit} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes.into())
}

/// The stamp of a file; nothing if there is none.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    let (size, inode) = (meta.size().cast_signed(), meta.ino().cast_signed());
    let changed = meta.ctime().wrapping_mul(1_000_000_000).wrapping_add(meta.ctime_nsec());
    Some([size, inode, meta.mtime(), meta.mtime_nsec(), changed])
}
