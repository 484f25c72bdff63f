//! Whose packs are served, as files of keys and roots say it.

use std::path::PathBuf;

use super::files::{Stamp, plain, stamp};
use crate::pack::{Authority, KeyPairPem, PublicKey};

/// Reads the trusted keys and roots, and says why it cannot.
pub(super) type ReadTrust = Box<dyn Fn() -> Result<Vec<Authority>, String> + Send>;

/// Whose signatures count, as the files last said it.
pub(super) struct Trusted {
    pub authorities: Vec<Authority>,
    files: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
    read: ReadTrust,
}

impl Trusted {
    /// Reads the files for the first time. Stamps come first: what changes meanwhile is read again.
    ///
    /// # Errors
    /// Why nobody can be trusted.
    pub(super) fn new<E>(
        files: Vec<PathBuf>,
        first: impl FnOnce() -> Result<Vec<Authority>, E>,
        read: ReadTrust,
    ) -> Result<Self, E> {
        let stamps = stamps(&files);
        Ok(Self { authorities: first()?, files, stamps, read })
    }

    /// Reads the files anew if they changed, and says whether they did. What cannot be read is told
    /// once and changes nothing.
    pub(super) fn refresh(&mut self) -> bool {
        let stamps = stamps(&self.files);
        if stamps == self.stamps {
            return false;
        }
        self.stamps = stamps;
        if !self.files.iter().all(plain) {
            tracing::warn!(
                "a key or root is no regular file and is not read again; the last go on"
            );
            return false;
        }
        match (self.read)() {
            Ok(authorities) => {
                self.authorities = authorities;
                true
            }
            Err(error) => {
                tracing::warn!(error, "the new keys or roots are no good; the last ones go on");
                false
            }
        }
    }
}

/// A pipe, as `--key <(…)` gives, can be read only once: it never counts as changed.
fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| if plain(file) { stamp(file) } else { None }).collect()
}

/// The trust that a development server has in its own builds.
pub(super) fn own(keys: &KeyPairPem) -> Option<Authority> {
    let key = PublicKey::parse(&keys.public).ok()?;
    Some(Authority::Key { key, log_root: None })
}
