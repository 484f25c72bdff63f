//! Digests that were worked out before, so that an object that nobody has touched since is not
//! read again. They serve to judge and to plan. What is published is hashed again while it is
//! copied, whatever is remembered here.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{ContentFact, Entry, Form, Rules};
use crate::domain::Digest;

/// What may be remembered, in bytes of memory, about: some 250,000 objects.
const MAX_WEIGHT: usize = 48 << 20;

/// What an entry without findings takes.
const WEIGHT: usize = 160;

/// Bytes of a line of a file of digests; a longer one is left out.
const MAX_LINE: usize = 64 << 10;

/// Other versions of the program may look for other things in the same bytes.
const HEADER: &str = concat!("lazaret digests v2 ", env!("CARGO_PKG_VERSION"));

/// What was found in an object's bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// What its first bytes surely are, if somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// What looking into them found, if somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentFact>,
}

/// What was found in objects, by store, path, length, stamp and what was looked for. Bounded: what
/// nobody asked for in a long time is forgotten.
#[derive(Default)]
pub struct Digests(Mutex<Generations>);

/// [`Digests`] for one look at a workspace.
#[derive(Clone, Copy)]
pub struct Recall<'a> {
    /// What is remembered, and learns what is read.
    pub digests: &'a Digests,
    /// Whether it is believed, or all is read again.
    pub believe: bool,
}

impl Recall<'_> {
    pub(super) fn get(&self, key: &Digest) -> Option<Remembered> {
        self.digests.get(key).filter(|_| self.believe)
    }
}

/// Two halves. The young one takes what is new or asked for; when it is full it becomes the old
/// one, and what was old is gone.
#[derive(Default)]
struct Generations {
    young: HashMap<Digest, Remembered>,
    old: HashMap<Digest, Remembered>,
    weight: usize,
}

/// Under which name an object of `store` is remembered; none if the store cannot tell its versions
/// apart.
pub(super) fn key(
    store: &str,
    entry: &Entry,
    rules: Option<&Rules>,
    limit: usize,
) -> Option<Digest> {
    let stamp = entry.stamp.as_ref()?;
    let rules = rules.map(|rules| format!("{rules:?} {limit}"));
    // JSON keeps the parts apart, whatever is in them.
    let key = serde_json::json!([HEADER, store, entry.path, entry.size, stamp, rules]);
    Some(Digest::of(key.to_string().as_bytes()))
}

impl Digests {
    pub(super) fn get(&self, key: &Digest) -> Option<Remembered> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = inner.young.get(key) {
            return Some(found.clone());
        }
        let found = inner.old.remove(key)?;
        inner.put(*key, found.clone());
        Some(found)
    }

    pub(super) fn put(&self, key: Digest, found: Remembered) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, found);
    }

    /// Remembers what somebody else found in an object of `store`: its digest and no more.
    pub fn vouch(&self, store: &str, entry: &Entry, digest: Digest) {
        let Some(key) = key(store, entry, None, 0) else { return };
        let form = self.get(&key).filter(|known| known.digest == digest).and_then(|k| k.form);
        self.put(key, Remembered { digest, form, content: None });
    }

    /// How many objects are remembered.
    pub fn len(&self) -> usize {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.young.len() + inner.old.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What [`Digests::save`] has written. A file of another version, and a line that is none, is
    /// as good as not there.
    ///
    /// # Errors
    /// If `from` cannot be read.
    pub fn load(mut from: impl io::BufRead) -> io::Result<Self> {
        let digests = Self::default();
        let mut line = String::new();
        if !next(&mut from, &mut line)? || line.trim_end() != HEADER {
            return Ok(digests);
        }
        while next(&mut from, &mut line)? {
            if let Ok((key, found)) = serde_json::from_str::<(Digest, Remembered)>(&line) {
                digests.put(key, found);
            }
        }
        Ok(digests)
    }

    /// Writes what is remembered, a line an object.
    ///
    /// # Errors
    /// If `to` cannot be written.
    pub fn save(&self, mut to: impl io::Write) -> io::Result<()> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(to, "{HEADER}")?;
        // The old first, so that they are the old ones again.
        for entry in inner.old.iter().chain(&inner.young) {
            serde_json::to_writer(&mut to, &entry)?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }
}

/// Reads one line of at most [`MAX_LINE`] bytes; what is longer comes in pieces that are no JSON.
fn next(from: &mut impl io::BufRead, line: &mut String) -> io::Result<bool> {
    line.clear();
    Ok(io::BufRead::read_line(&mut io::Read::take(from, MAX_LINE as u64), line)? > 0)
}

impl Generations {
    fn put(&mut self, key: Digest, found: Remembered) {
        self.weight += weight(&found);
        self.young.insert(key, found);
        if self.weight > MAX_WEIGHT / 2 {
            self.old = std::mem::take(&mut self.young);
            self.weight = 0;
        }
    }
}

fn weight(found: &Remembered) -> usize {
    let findings = |content: &ContentFact| {
        let places = content.too_fine.first.iter().chain(&content.dropped.first);
        let texts = places.chain(&content.unreadable);
        size_of::<ContentFact>() + texts.map(|text| text.len() + 32).sum::<usize>()
    };
    WEIGHT + found.content.as_ref().map_or(0, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, stamp: Option<&str>) -> Entry {
        Entry { path: path.to_owned(), size: 3, stamp: stamp.map(str::to_owned) }
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let plain = entry("a", Some("1"));
        let one = key("s", &plain, None, 0).unwrap();
        let rules = Rules::of_plan(None, &serde_json::json!({ "parameters": { "drop": ["x"] } }));
        for other in [
            key("t", &plain, None, 0),
            key("s", &entry("b", Some("1")), None, 0),
            key("s", &entry("a", Some("2")), None, 0),
            key("s", &Entry { size: 4, ..plain.clone() }, None, 0),
            rules.map(|rules| key("s", &plain, Some(&rules), 0).unwrap()),
        ] {
            assert!(other.is_none_or(|other| other != one));
        }
        assert_eq!(key("s", &entry("a", None), None, 0), None, "what has no stamp is not known");
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let digests = Digests::default();
        let of = |n: u32| Digest::of(&n.to_be_bytes());
        let found = |n| Remembered { digest: of(n), form: None, content: None };
        digests.put(of(0), found(0));
        for n in 1..600_000 {
            digests.put(of(n), found(n));
            if n % 1000 == 0 {
                assert_eq!(digests.get(&of(0)), Some(found(0)), "{n}");
            }
        }
        assert!(digests.len() * WEIGHT <= MAX_WEIGHT, "{}", digests.len());
        assert_eq!(digests.get(&of(1)), None);
    }

    #[test]
    fn a_file_comes_back_as_it_was_and_a_strange_one_is_empty() {
        let digests = Digests::default();
        digests.vouch("s", &entry("a", Some("1")), Digest::of(b"a"));
        let mut file = Vec::new();
        digests.save(&mut file).unwrap();
        let back = Digests::load(&file[..]).unwrap();
        let key = key("s", &entry("a", Some("1")), None, 0).unwrap();
        assert_eq!(back.get(&key).unwrap().digest, Digest::of(b"a"));
        let text = String::from_utf8(file).unwrap();
        for (strange, kept) in [
            (text.replace("v2", "v0"), 0),
            (text.replace("sha256", "sha257"), 0),
            (format!("{text}{}\n{{}}\n", "x".repeat(3 * MAX_LINE)), 1),
            (String::new(), 0),
        ] {
            assert_eq!(Digests::load(strange.as_bytes()).unwrap().len(), kept);
        }
    }
}
