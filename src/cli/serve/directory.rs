//! A directory of packs, kept on the shelf. What does not verify is told once and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::super::policy::bundle_of;
use super::files::{self, read, stamp};
use super::trusted::Trusted;
use crate::domain::Digest;
use crate::pack::{
    DEFAULT_MAX_BYTES, DIRECTORY_OWNER as OWNER, FetchedPack, KeyPairPem, OnShelf, PackId,
    ServedPack, Shelf, build, sign_blob, verify,
};

const MAX_BUNDLE: u64 = 1 << 20;
/// A file that is replaced may be away for a moment: only a second look that misses it counts.
const LOOKS: u8 = 2;

/// The directory and what was seen in it.
pub(super) struct Directory {
    pub dir: PathBuf,
    pub trust: Trusted,
    pub inline_bundle: bool,
    pub shelf: Arc<Shelf>,
    /// For development: the key for packs that are built here.
    pub sources: Option<KeyPairPem>,
    pub seen: BTreeMap<PackId, Seen>,
    pub strange: BTreeSet<String>,
}

/// What was last seen of an id.
pub(super) struct Seen {
    stamp: Stamp,
    missed: u8,
}

/// What changes whenever a pack's files do.
#[derive(Clone, PartialEq, Eq)]
enum Stamp {
    Files(Option<files::Stamp>, Option<files::Stamp>),
    Source(Option<Digest>),
    /// Seen under another trust: to be looked at again.
    Old,
}

impl Directory {
    /// Looks at the directory and takes over what is new. Blocks: keep it off async threads.
    ///
    /// # Errors
    /// If the directory itself cannot be read.
    pub(super) fn scan(&mut self, now: Timestamp) -> std::io::Result<()> {
        if self.trust.refresh() {
            self.judge_again();
        }
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let Some(name) = self.candidate(&path) else { continue };
            match name.parse::<PackId>() {
                Ok(id) => {
                    self.look_at(&id, &path, now);
                    found.insert(id);
                }
                Err(error) => {
                    if self.strange.len() < 64 && self.strange.insert(name) {
                        tracing::warn!(file = %path.display(), %error, "not served");
                    }
                }
            }
        }
        let shelf = &self.shelf;
        self.seen.retain(|id, seen| {
            seen.missed = if found.contains(id) { 0 } else { seen.missed + 1 };
            let gone = seen.missed >= LOOKS;
            if gone {
                shelf.remove(OWNER, id);
                tracing::info!(%id, "no longer served: its file is gone");
            }
            !gone
        });
        Ok(())
    }

    /// Takes off the shelf what the new trust does not cover, and has all files looked at again.
    fn judge_again(&mut self) {
        tracing::info!("new keys or roots: all packs are verified again");
        for (id, item) in self.shelf.list() {
            let OnShelf::Served(pack) = item else { continue };
            let (tar, bundle) = (pack.tar().clone(), Some(pack.bundle().clone()));
            let fetched = FetchedPack { tar, bundle, ..FetchedPack::default() };
            if let Err(error) = verify(fetched, None, &self.trust.authorities) {
                self.shelf.demote(OWNER, &id);
                tracing::warn!(%id, reason = error.reason(), %error, "no longer served");
            }
        }
        for seen in self.seen.values_mut() {
            seen.stamp = Stamp::Old;
        }
    }

    /// The name under which a path would be served.
    fn candidate(&self, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?;
        match &self.sources {
            Some(_) if path.join("opa").is_dir() => Some(name.to_owned()),
            _ => name.strip_suffix(".tar").map(str::to_owned),
        }
    }

    fn look_at(&mut self, id: &PackId, path: &Path, now: Timestamp) {
        let source = self.sources.as_ref().filter(|_| path.is_dir());
        let (stamp, built) = match source {
            Some(keys) => {
                let built = built(path, keys);
                (Stamp::Source(built.as_ref().ok().map(|pack| Digest::of(&pack.tar))), Some(built))
            }
            None => (Stamp::Files(stamp(path), stamp(&bundle_of(path))), None),
        };
        if self.seen.get(id).is_some_and(|seen| seen.stamp == stamp) {
            return;
        }
        self.seen.insert(id.clone(), Seen { stamp, missed: 0 });
        let fetched = built.unwrap_or_else(|| signed(path));
        match fetched.and_then(|fetched| self.take_over(id, fetched, now)) {
            Ok(digest) => tracing::info!(%id, %digest, "serving"),
            Err(Refusal { reason, error }) => {
                tracing::warn!(%id, reason, error, "not taken over; what was served goes on");
                if let Err(error) = self.shelf.announce(OWNER, id) {
                    tracing::warn!(%id, reason = error.reason(), %error, "not served");
                }
            }
        }
    }

    fn take_over(
        &self,
        id: &PackId,
        fetched: FetchedPack,
        now: Timestamp,
    ) -> Result<Digest, Refusal> {
        let verified = verify(fetched, None, &self.trust.authorities)
            .map_err(|error| Refusal::new(error.reason(), &error))?;
        let pack = ServedPack::new(id.clone(), &verified, now, self.inline_bundle)
            .map_err(|error| Refusal::new(error.reason(), &error))?;
        if let Err(error) = pack.opa() {
            tracing::warn!(%id, reason = error.reason(), %error, "no OPA bundle");
        }
        self.shelf.put(OWNER, pack).map_err(|error| Refusal::new(error.reason(), &error))?;
        Ok(verified.digest())
    }
}

/// Why a pack is not taken over.
struct Refusal {
    reason: &'static str,
    error: String,
}

impl Refusal {
    fn new(reason: &'static str, error: &dyn std::fmt::Display) -> Self {
        Self { reason, error: error.to_string() }
    }
}

fn signed(path: &Path) -> Result<FetchedPack, Refusal> {
    let unreadable = |error: std::io::Error| Refusal::new("Unreadable", &error);
    let tar = read(path, DEFAULT_MAX_BYTES).map_err(unreadable)?;
    let bundle = match read(&bundle_of(path), MAX_BUNDLE) {
        Ok(bundle) => Some(bundle),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(error)),
    };
    Ok(pack(path, tar, bundle))
}

fn built(path: &Path, keys: &KeyPairPem) -> Result<FetchedPack, Refusal> {
    let built = build(path).map_err(|error| Refusal::new("BuildFailed", &error))?;
    let bundle = sign_blob(&built.tar, &keys.private)
        .map_err(|error| Refusal::new("SigningFailed", &error))?;
    Ok(pack(path, built.tar, Some(bundle.into())))
}

fn pack(path: &Path, tar: Bytes, bundle: Option<Bytes>) -> FetchedPack {
    FetchedPack { tar, bundle, url: path.display().to_string(), ..FetchedPack::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{Authority, PublicKey, generate_key_pair};

    fn directory(dir: &Path, keys: &KeyPairPem) -> Directory {
        Directory {
            dir: dir.to_owned(),
            trust: trusting(dir, keys),
            inline_bundle: false,
            shelf: Arc::new(Shelf::default()),
            sources: None,
            seen: BTreeMap::new(),
            strange: BTreeSet::new(),
        }
    }

    /// Trusts the key in the file `key.pub`, which begins as that of `keys`.
    fn trusting(dir: &Path, keys: &KeyPairPem) -> Trusted {
        let file = dir.join("key.pub");
        std::fs::write(&file, &keys.public).unwrap();
        let named = file.clone();
        let read = move || -> Result<_, String> {
            let text = std::fs::read_to_string(&named).map_err(|e| e.to_string())?;
            let key = PublicKey::parse(&text).map_err(|e| e.to_string())?;
            Ok(vec![Authority::Key { key, log_root: None }])
        };
        Trusted::new(vec![file], read.clone(), Box::new(read)).unwrap()
    }

    #[test]
    fn what_is_no_file_keeps_nobody_waiting() {
        let place = tempfile::tempdir().unwrap();
        let mut directory = directory(place.path(), &generate_key_pair().unwrap());
        let at = |name: &str| place.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("p.tar")).status().unwrap().success());
        std::fs::create_dir(at("d.tar")).unwrap();
        std::fs::write(at("b.tar"), "one").unwrap();
        let bundle = bundle_of(&at("b.tar"));
        assert!(std::process::Command::new("mkfifo").arg(bundle).status().unwrap().success());
        let (sender, done) = std::sync::mpsc::channel();
        let shelf = Arc::clone(&directory.shelf);
        std::thread::spawn(move || {
            directory.scan(Timestamp::UNIX_EPOCH).unwrap();
            sender.send(()).unwrap();
        });
        done.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
        for id in ["b", "d", "p"] {
            assert!(matches!(shelf.get(id), Some(OnShelf::Announced)), "{id}");
        }
    }

    #[test]
    fn who_is_no_longer_trusted_is_no_longer_served() {
        let place = tempfile::tempdir().unwrap();
        let (old, new) = (generate_key_pair().unwrap(), generate_key_pair().unwrap());
        let mut directory = directory(place.path(), &old);
        for (name, keys) in [("old.tar", &old), ("new.tar", &new)] {
            let tar = place.path().join(name);
            std::fs::write(&tar, name).unwrap();
            sign(&tar, keys);
        }
        let mut scan = || {
            directory.scan(Timestamp::UNIX_EPOCH).unwrap();
            ["old", "new"].map(|id| matches!(directory.shelf.get(id), Some(OnShelf::Served(_))))
        };
        let key = place.path().join("key.pub");
        assert_eq!(scan(), [true, false]);
        std::fs::write(&key, "no key").unwrap();
        assert_eq!(scan(), [true, false], "what is no key changes nothing");
        std::fs::write(&key, &new.public).unwrap();
        assert_eq!(scan(), [false, true]);
        assert_eq!(scan(), [false, true]);
        std::fs::remove_file(&key).unwrap();
        assert_eq!(scan(), [false, true], "a key that is away is under replacement");
        std::fs::write(&key, &old.public).unwrap();
        assert_eq!(scan(), [true, false]);
    }

    fn sign(tar: &Path, keys: &KeyPairPem) {
        let bundle = sign_blob(&std::fs::read(tar).unwrap(), &keys.private).unwrap();
        std::fs::write(bundle_of(tar), bundle).unwrap();
    }

    #[test]
    fn what_is_served_changes_only_for_what_verifies() {
        let place = tempfile::tempdir().unwrap();
        let keys = generate_key_pair().unwrap();
        let mut directory = directory(place.path(), &keys);
        let tar = place.path().join("p.tar");
        let mut scan = |second: i64| {
            directory.scan(Timestamp::from_second(second).unwrap()).unwrap();
            directory.shelf.get("p").map(|item| match item {
                OnShelf::Served(pack) => Some((pack.digest(), pack.loaded_at().as_second())),
                OnShelf::Announced => None,
            })
        };
        assert_eq!(scan(1), None);
        std::fs::write(&tar, "one").unwrap();
        assert_eq!(scan(2), Some(None), "not signed");
        sign(&tar, &keys);
        let one = Some(Some((Digest::of(b"one"), 3)));
        assert_eq!(scan(3), one, "a bundle that comes later is seen");
        assert_eq!(scan(4), one);
        std::fs::write(&tar, "two").unwrap();
        assert_eq!(scan(5), one, "the bundle is for other bytes");
        sign(&tar, &keys);
        let two = Some(Some((Digest::of(b"two"), 6)));
        assert_eq!(scan(6), two);
        std::fs::write(&tar, vec![0; usize::try_from(DEFAULT_MAX_BYTES).unwrap() + 1]).unwrap();
        assert_eq!(scan(7), two, "too large to be read");
        std::fs::remove_file(&tar).unwrap();
        assert_eq!(scan(8), two, "it may be under replacement");
        std::fs::write(&tar, "two").unwrap();
        assert_eq!(scan(9), two);
        std::fs::remove_file(&tar).unwrap();
        assert_eq!(scan(10), two);
        assert_eq!(scan(11), None);
    }
}
