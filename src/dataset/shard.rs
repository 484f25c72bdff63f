//! Splits the hashing of a workspace among pods, and takes back only what fits together. Pure: who
//! has the same listing makes the same split.
//!
//! A pod of the tenant's namespace is believed what a digest is, no more: whatever is published is
//! hashed again on its way, so that a lie can stop a publication and not change it. What a redaction
//! plan demands is looked at by the controller alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde::{Deserialize, Serialize};

use super::{Entry, layout};
use crate::domain::{CanonicalError, Digest, DigestWriter, canonical_bytes};

/// Results are small objects: 64 MiB are some 300,000 digests.
pub const MAX_RESULT: u64 = 64 << 20;

/// At most so many pods' worth of work.
pub const MAX_SHARDS: usize = 1000;

/// Bytes that one pod should have at most, if there are enough shards.
const SHARE: u64 = 16 << 30;

/// What an object costs beside its bytes, so that many small ones are spread, too.
const OVERHEAD: u64 = 64 << 10;

/// Which objects are hashed by pods.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All data.
    All,
    /// What is not published: the rest is looked into while it is hashed, by the controller.
    Private,
}

/// A workspace's data, split.
#[derive(Clone, Debug)]
pub struct Split {
    listing: Digest,
    shards: Vec<Vec<Entry>>,
}

/// What one pod found: written once, as canonical JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    lazaret_shard_version: String,
    run: Digest,
    listing: Digest,
    shard: usize,
    shards: usize,
    objects: Vec<Hashed>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hashed {
    path: String,
    size: u64,
    digest: Digest,
}

/// Why a pod's result is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// It is none.
    #[error(
        "{place}: is no result of a shard: {why}; set the annotation lazaret.dev/requestedAt anew and another run hashes the data"
    )]
    Malformed {
        /// Where it lies.
        place: String,
        /// What the parser says.
        why: String,
    },
    /// It was made for something else.
    #[error(
        "{place}: is about another {what}; set the annotation lazaret.dev/requestedAt anew and another run hashes the data"
    )]
    Foreign {
        /// Where it lies.
        place: String,
        /// What is another.
        what: &'static str,
    },
    /// It does not list exactly the shard's objects.
    #[error(
        "{place}: does not list exactly the objects of its shard; set the annotation lazaret.dev/requestedAt anew and another run hashes the data"
    )]
    Unfit {
        /// Where it lies.
        place: String,
    },
}

impl ShardError {
    /// A stable name.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "ShardResultMalformed",
            Self::Foreign { .. } => "ShardResultForeign",
            Self::Unfit { .. } => "ShardResultUnfit",
        }
    }
}

impl Split {
    /// Splits what pods are to hash of a listing. What has no stamp yet is left to the controller:
    /// nobody could tell whether it is still the same.
    pub fn new(entries: &[Entry], scope: Scope, shards: usize) -> Self {
        let mut shared = shared(entries, scope);
        shared.sort_by(|a, b| a.path.cmp(&b.path));
        let mut writer = DigestWriter::new();
        for Entry { path, size, stamp } in &shared {
            writer.update(serde_json::json!([path, size, stamp]).to_string().as_bytes());
        }
        // The largest first, each to the shard with the least.
        let mut order: Vec<&Entry> = shared.iter().collect();
        order.sort_by_key(|entry| Reverse(entry.size));
        let count = shards.clamp(1, MAX_SHARDS);
        let mut split = vec![Vec::new(); count];
        let mut least: BinaryHeap<_> = (0..count).map(|shard| Reverse((0_u64, shard))).collect();
        for entry in order {
            let Some(Reverse((weight, shard))) = least.pop() else { break };
            split[shard].push(entry.clone());
            least.push(Reverse((weight.saturating_add(entry.size + OVERHEAD), shard)));
        }
        for shard in &mut split {
            shard.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Self { listing: writer.finish(), shards: split }
    }

    /// How many shards do: one for each pod that may run at once, more if their shares were large.
    pub fn count(entries: &[Entry], scope: Scope, parallelism: usize) -> usize {
        let shared = shared(entries, scope);
        let bytes: u64 = shared.iter().map(|entry| entry.size).sum();
        let wanted = usize::try_from(bytes.div_ceil(SHARE)).unwrap_or(MAX_SHARDS);
        wanted.max(parallelism).min(shared.len()).min(MAX_SHARDS)
    }

    /// Digest of what is shared: paths, lengths and stamps.
    pub const fn listing(&self) -> Digest {
        self.listing
    }

    /// The shares, by number.
    pub fn shards(&self) -> &[Vec<Entry>] {
        &self.shards
    }

    /// What the pod of `shard` writes.
    ///
    /// # Errors
    /// If it cannot be written as canonical JSON.
    pub fn result(
        &self,
        run: Digest,
        shard: usize,
        digests: &BTreeMap<String, Digest>,
    ) -> Result<Vec<u8>, CanonicalError> {
        let own = self.shards.get(shard).into_iter().flatten();
        let objects = own.filter_map(|entry| {
            let digest = *digests.get(&entry.path)?;
            Some(Hashed { path: entry.path.clone(), size: entry.size, digest })
        });
        canonical_bytes(&Found {
            lazaret_shard_version: "v1".to_owned(),
            run,
            listing: self.listing,
            shard,
            shards: self.shards.len(),
            objects: objects.collect(),
        })
    }

    /// What the pod of `shard` found, if it is about this very share.
    ///
    /// # Errors
    /// If it is not, or not whole.
    pub fn accept(
        &self,
        run: Digest,
        shard: usize,
        bytes: &[u8],
    ) -> Result<Vec<(&Entry, Digest)>, ShardError> {
        let place = place(run, shard);
        let result: Found = match serde_json::from_slice(bytes) {
            Ok(result) => result,
            Err(error) => return Err(ShardError::Malformed { place, why: error.to_string() }),
        };
        for (same, what) in [
            (result.lazaret_shard_version == "v1", "version"),
            (result.run == run, "run"),
            (result.listing == self.listing, "listing"),
            (result.shard == shard, "shard"),
            (result.shards == self.shards.len(), "split"),
        ] {
            if !same {
                return Err(ShardError::Foreign { place, what });
            }
        }
        let own = self.shards.get(shard).map_or(&[][..], Vec::as_slice);
        let fit = own.len() == result.objects.len()
            && own.iter().zip(&result.objects).all(|(a, b)| a.path == b.path && a.size == b.size);
        if !fit {
            return Err(ShardError::Unfit { place });
        }
        Ok(own.iter().zip(result.objects.into_iter().map(|object| object.digest)).collect())
    }
}

/// Where a pod leaves its result in the destination: beside what we keep there for ourselves.
pub fn place(run: Digest, shard: usize) -> String {
    format!("_lazaret/shards/{}/{shard:05}.json", run.hex())
}

fn shared(entries: &[Entry], scope: Scope) -> Vec<Entry> {
    let data = entries.iter().filter(|entry| {
        layout::kind(&entry.path).is_none()
            && entry.stamp.is_some()
            && (scope == Scope::All || !layout::is_published(&entry.path))
    });
    data.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, size: u64) -> Entry {
        Entry { path: path.to_owned(), size, stamp: Some(format!("of {path}")) }
    }

    fn entries() -> Vec<Entry> {
        let sizes = [900_000, 10, 500_000, 400_000, 20, 0];
        let mut list: Vec<_> =
            sizes.iter().enumerate().map(|(n, size)| entry(&format!("raw/{n}"), *size)).collect();
        list.extend([entry("processed/a", 7), entry("spec.json", 5)]);
        list.push(Entry { stamp: None, ..entry("raw/fresh", 9) });
        list
    }

    #[test]
    fn a_split_is_whole_even_and_the_same_for_everybody() {
        let mut list = entries();
        let split = Split::new(&list, Scope::All, 2);
        list.reverse();
        let again = Split::new(&list, Scope::All, 2);
        assert_eq!((split.listing, &split.shards), (again.listing, &again.shards));
        let paths = |split: &Split| {
            let mut all: Vec<_> = split.shards.iter().flatten().map(|e| e.path.clone()).collect();
            all.sort();
            all
        };
        let raw = ["raw/0", "raw/1", "raw/2", "raw/3", "raw/4", "raw/5"];
        assert_eq!(paths(&split), [&["processed/a"][..], &raw].concat());
        assert_eq!(paths(&Split::new(&list, Scope::Private, 3)), raw);
        let bytes: Vec<u64> =
            split.shards.iter().map(|shard| shard.iter().map(|e| e.size).sum()).collect();
        assert!(bytes.iter().all(|bytes| *bytes >= 900_000), "{bytes:?}");
        list[0].stamp = Some("now it has one".into());
        assert_ne!(Split::new(&list, Scope::All, 2).listing, split.listing);
    }

    #[test]
    fn as_many_shards_as_do() {
        let large = |n: usize| vec![entry("raw/x", SHARE); n];
        for (entries, parallelism, count) in [
            (vec![], 4, 0),
            (large(2), 4, 2),
            (large(8), 4, 8),
            (vec![entry("raw/x", 1); 8], 4, 4),
            (large(5000), 4, MAX_SHARDS),
        ] {
            assert_eq!(Split::count(&entries, Scope::All, parallelism), count);
        }
    }

    #[test]
    fn only_what_is_about_this_very_share_is_taken() {
        let split = Split::new(&entries(), Scope::All, 2);
        let run = Digest::of(b"run");
        let all = split.shards.iter().flatten();
        let digests = all.map(|e| (e.path.clone(), Digest::of(e.path.as_bytes()))).collect();
        let good = split.result(run, 1, &digests).unwrap();
        let taken = split.accept(run, 1, &good).unwrap();
        assert_eq!(taken.len(), split.shards[1].len());
        assert!(taken.iter().all(|(e, digest)| *digest == Digest::of(e.path.as_bytes())));
        let text = String::from_utf8(good.clone()).unwrap();
        let mut partial = digests.clone();
        partial.remove(&split.shards[1][0].path);
        let other = Split::new(&entries(), Scope::Private, 2);
        let three = Split::new(&entries(), Scope::All, 3);
        let longer = text.replacen("\"size\":", "\"size\":1", 1);
        for (bytes, reason) in [
            (text.replace('}', ""), "ShardResultMalformed"),
            (text.replace("\"v1\"", "\"v1\",\"more\":1"), "ShardResultMalformed"),
            (text.replace("\"v1\"", "\"v2\""), "ShardResultForeign"),
            (text.replace(&run.hex(), &Digest::of(b"x").hex()), "ShardResultForeign"),
            (text.replace("\"shard\":1", "\"shard\":0"), "ShardResultForeign"),
            (longer, "ShardResultUnfit"),
        ] {
            assert_eq!(split.accept(run, 1, bytes.as_bytes()).unwrap_err().reason(), reason);
        }
        for (bytes, reason) in [
            (split.result(run, 0, &digests), "ShardResultForeign"),
            (other.result(run, 1, &digests), "ShardResultForeign"),
            (three.result(run, 1, &digests), "ShardResultForeign"),
            (split.result(run, 1, &partial), "ShardResultUnfit"),
        ] {
            assert_eq!(split.accept(run, 1, &bytes.unwrap()).unwrap_err().reason(), reason);
        }
    }
}
