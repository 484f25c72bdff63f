//! Static tokens: a mounted Secret, one file a caller. `argo` asks by whole names; `shop.argo` is
//! argo of the namespace shop. Read anew as time goes on, so that a token is rotated by the Secret.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::access::Caller;
use super::names::is_label;
use crate::domain::Digest;

/// How long what was read counts.
const FRESH: Duration = Duration::from_secs(2);
/// Callers.
const MOST: usize = 256;
/// Bytes of a token.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=4096;

/// Who has a token, and its digest.
type Callers = Vec<(Caller, Digest)>;

/// A directory of tokens.
pub struct Tokens {
    dir: PathBuf,
    known: Mutex<Option<(Instant, Callers)>>,
}

impl Tokens {
    /// The tokens of a directory.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, known: Mutex::default() }
    }

    /// Whose token it is. Takes as long for a wrong one as for a right one. Reads files: keep it
    /// off async threads.
    pub fn whose(&self, token: &str) -> Option<Caller> {
        let asked = Digest::of(token.as_bytes());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
        if !fresh {
            *known = Some((Instant::now(), self.read()));
        }
        // Digests are compared to the end, each of them.
        let same =
            |digest: &Digest| verify_slices_are_equal(digest.as_bytes(), asked.as_bytes()).is_ok();
        let callers = known.iter().flat_map(|(_, callers)| callers);
        let found: Vec<_> = callers.filter(|(_, digest)| same(digest)).collect();
        match found.as_slice() {
            [(caller, _)] => Some(caller.clone()),
            [] => None,
            _ => {
                tracing::warn!("two callers have the same token; it counts for neither");
                None
            }
        }
    }

    /// What cannot be read lets nobody in.
    fn read(&self) -> Callers {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "the tokens cannot be read; nobody has one");
                return Vec::new();
            }
        };
        let mut callers = Vec::new();
        for entry in entries.flatten().take(4 * MOST) {
            let name = entry.file_name().to_string_lossy().into_owned();
            // A mounted Secret has its files behind `..data`.
            if name.starts_with('.') || !entry.path().is_file() || callers.len() >= MOST {
                continue;
            }
            let Some(caller) = caller(&name) else {
                tracing::warn!(name, "no caller's name: <name> or <namespace>.<name>");
                continue;
            };
            let mut text = String::new();
            let read = std::fs::File::open(entry.path())
                .and_then(|file| file.take(8192).read_to_string(&mut text));
            let token = text.trim();
            if read.is_err() || !LENGTHS.contains(&token.len()) {
                tracing::warn!(name, "its token has not 16 to 4096 bytes; it counts for nothing");
                continue;
            }
            callers.push((caller, Digest::of(token.as_bytes())));
        }
        callers
    }
}

/// The user that RBAC speaks of is `lazaret:token:<file>`, of the group `lazaret:tokens`.
fn caller(file: &str) -> Option<Caller> {
    let (namespace, name) = match file.split_once('.') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, file),
    };
    if !is_label(name) || !namespace.is_none_or(is_label) {
        return None;
    }
    Some(Caller {
        user: format!("lazaret:token:{file}"),
        groups: vec!["lazaret:tokens".to_owned()],
        namespace: namespace.map(str::to_owned),
        ..Caller::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_and_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("shop.argo", "0123456789abcdef-shop\n");
        write("ci", "0123456789abcdef-ci");
        write("short", "0123");
        write("Not a name", "0123456789abcdef-x");
        write(".hidden", "0123456789abcdef-y");
        let tokens = Tokens::new(dir.path().to_owned());
        let user = |token: &str| tokens.whose(token).map(|caller| caller.user);
        assert_eq!(user("0123456789abcdef-shop").as_deref(), Some("lazaret:token:shop.argo"));
        assert_eq!(user("0123456789abcdef-ci").as_deref(), Some("lazaret:token:ci"));
        for wrong in ["", "0123", "0123456789abcdef-x", "0123456789abcdef-y", "0123456789abcdef"] {
            assert_eq!(user(wrong), None, "{wrong}");
        }
        let shop = tokens.whose("0123456789abcdef-shop").unwrap();
        assert_eq!(shop.namespace.as_deref(), Some("shop"));

        write("shop.argo", "another-0123456789");
        *tokens.known.lock().unwrap() = None;
        assert_eq!(user("0123456789abcdef-shop"), None, "rotated");
        assert!(user("another-0123456789").is_some());
        write("shop.copy", "another-0123456789");
        *tokens.known.lock().unwrap() = None;
        assert_eq!(user("another-0123456789"), None, "whose it is nobody can tell");
        let none = Tokens::new(dir.path().join("nowhere"));
        assert_eq!(none.whose("0123456789abcdef-ci"), None);
    }
}
