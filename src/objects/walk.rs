//! What lies in a directory. Whatever is neither file nor folder is refused: if it were skipped,
//! nobody would miss it until somebody looks for the data.

use std::fs::FileType;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::StoreError;

/// The path of every file below `root`, in any order; none if there is no such directory. Folders
/// without files count for nothing, as in a bucket. At most `limit` files, and as many folders.
pub(super) fn walk(root: &Path, url: &str, limit: usize) -> Result<Vec<String>, StoreError> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let failed = |source| StoreError::File { path: format!("{url}/{folder}"), source };
        let entries = match root.join(&folder).read_dir() {
            Ok(entries) => entries,
            Err(error) if folder.is_empty() && error.kind() == ErrorKind::NotFound => break,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let key = Path::new(&folder).join(&name).to_string_lossy().into_owned();
                return Err(StoreError::Key { path: url.to_owned(), key });
            };
            let path = match folder.is_empty() {
                true => name.to_owned(),
                false => format!("{folder}/{name}"),
            };
            let kind = entry.file_type().map_err(failed)?;
            let list = match (kind.is_file(), kind.is_dir()) {
                (true, _) if is_unfinished(name) => {
                    let what =
                        "by its name, '#' and a number, a file that a store is still writing";
                    return Err(StoreError::NoFile { path, what });
                }
                (true, _) => &mut files,
                (_, true) => &mut folders,
                _ if kind.is_symlink() => return Err(StoreError::Link { path }),
                _ => return Err(StoreError::NoFile { path, what: named(kind) }),
            };
            list.push(path);
            seen += usize::from(kind.is_dir());
            if files.len() > limit || seen > limit {
                return Err(StoreError::TooMany { url: url.to_owned(), limit });
            }
        }
    }
    Ok(files)
}

/// How the store that we write directories with calls what it has not finished: it would not give
/// such a file back.
fn is_unfinished(name: &str) -> bool {
    let end = name.rsplit_once('#').map(|(_, end)| end);
    end.is_some_and(|end| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()))
}

fn named(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_neither_file_nor_folder_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("empty/within")).unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        for name in ["a/b/c", "a#", "b#x", "#c"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        let mut files = walk(root, "file:///x", 4).unwrap();
        files.sort();
        assert_eq!(files, ["#c", "a#", "a/b/c", "b#x"], "and folders without files are nothing");
        assert!(matches!(walk(root, "", 3), Err(StoreError::TooMany { limit: 3, .. })));
        assert_eq!(walk(&root.join("none"), "", 9).unwrap(), Vec::<String>::new());

        let odd = root.join("a/b/odd");
        let fifo = || mknodat(CWD, &odd, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let socket = || drop(UnixListener::bind(&odd).unwrap());
        let dangling = || std::os::unix::fs::symlink("nowhere", &odd).unwrap();
        let empty = || std::os::unix::fs::symlink(root.join("empty"), &odd).unwrap();
        let makes: [(&dyn Fn(), &str); 4] = [
            (&fifo, "a/b/odd: is a named pipe"),
            (&socket, "a/b/odd: is a socket"),
            (&dangling, "a/b/odd: is reached through a symbolic link"),
            (&empty, "a/b/odd: is reached through a symbolic link"),
        ];
        for (make, said) in makes {
            make();
            let error = walk(root, "", 99).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
            std::fs::remove_file(&odd).unwrap();
        }
        std::fs::write(root.join("a/half#12"), "x").unwrap();
        assert_eq!(walk(root, "", 99).unwrap_err().reason(), "NoFile");
    }
}
