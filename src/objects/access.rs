//! Which directories `file://` URLs may name.

use std::path::{Component, Path, PathBuf};

use super::StoreError;

/// Which directories may be used. On a laptop the caller's own rights are the limit; in a cluster
/// a tenant writes the URL, so that only listed roots are allowed, by default none.
#[derive(Clone, Debug)]
pub enum FileAccess {
    /// Whatever the process may.
    Caller,
    /// Only below these.
    Roots(Vec<PathBuf>),
}

impl FileAccess {
    /// The directory that a `file://` URL names, if it may be used.
    pub(super) fn directory(&self, url: &str) -> Result<PathBuf, StoreError> {
        let wrong = |why| StoreError::Url { url: url.to_owned(), why };
        let path = url.strip_prefix("file://").ok_or_else(|| wrong("not a file:// URL"))?;
        let path = Path::new(path);
        if !path.is_absolute() {
            return Err(wrong("a file URL names an absolute path: file:///path/to/directory"));
        }
        if path.components().any(|c| matches!(c, Component::ParentDir)) || url.contains('%') {
            return Err(wrong("a file URL has no '..' and no percent-encoding"));
        }
        let path: PathBuf = path.components().collect();
        match self {
            Self::Caller => Ok(path),
            Self::Roots(roots) => {
                let real = real_path(&path);
                let allowed = roots.iter().any(|root| real.starts_with(real_path(root)));
                allowed.then_some(path).ok_or_else(|| StoreError::Forbidden { url: url.to_owned() })
            }
        }
    }
}

/// The path with the links of its longest existing part resolved: a directory that does not exist
/// yet must not be judged by a link that stands in its way.
pub(super) fn real_path(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut head = path;
    loop {
        if let Ok(real) = head.canonicalize() {
            return rest.into_iter().rev().fold(real, |path, part| path.join(part));
        }
        match (head.parent(), head.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name.to_owned());
                head = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_below_the_roots_and_not_through_links() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        let access = FileAccess::Roots(vec![root.clone()]);
        let url = |tail: &str| format!("file://{}{tail}", root.display());
        for good in ["", "/in", "/in/new/deep"] {
            assert!(access.directory(&url(good)).is_ok(), "{good}");
        }
        for bad in ["/link", "/link/new", "/../root2", "2"] {
            assert!(access.directory(&url(bad)).is_err(), "{bad}");
        }
        assert!(access.directory("file://relative").is_err());
        assert!(FileAccess::Roots(vec![]).directory(&url("")).is_err());
    }
}
