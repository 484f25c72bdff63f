//! The freezes of a set in their order.

use std::collections::{BTreeMap, BTreeSet};

use super::super::tree::Tree;
use super::{FreezeError, Index, LATEST, Link};
use crate::domain::Digest;

/// Freezes from the first to the last, each with the digest of its index.
#[derive(Clone, Debug, Default)]
pub struct Chain(Vec<(Index, Digest)>);

impl Chain {
    /// All, the first one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Index> {
        self.0.iter().map(|(index, _)| index)
    }

    /// The last one.
    pub fn last(&self) -> Option<&Index> {
        self.0.last().map(|(index, _)| index)
    }

    /// What the next one follows.
    pub fn link(&self) -> Option<Link> {
        self.0.last().map(|(index, digest)| Link { name: index.name.clone(), digest: *digest })
    }

    /// By name, or the last one as `latest`.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(&self, name: &str) -> Result<&Index, FreezeError> {
        if name == LATEST {
            return self.last().ok_or(FreezeError::None);
        }
        let named = self.iter().find(|index| index.name == name);
        named.ok_or_else(|| FreezeError::Unknown(name.to_owned()))
    }
}

/// The indexes among a set's files, by name, each with its digest.
///
/// # Errors
/// If one cannot be read, or lies under another name than its own.
pub fn indexes(tree: &Tree, frozen: &str) -> Result<Vec<(Index, Digest)>, FreezeError> {
    let mut all = Vec::new();
    for (path, bytes) in tree.iter() {
        let file = path.strip_prefix(frozen).and_then(|rest| rest.strip_prefix('/'));
        let Some(name) = file.and_then(|file| file.strip_suffix(".json")) else { continue };
        let index = Index::parse(bytes)?;
        if index.name != name {
            return Err(FreezeError::Renamed(index.name));
        }
        all.push((index, Digest::of(bytes)));
    }
    Ok(all)
}

/// The freezes of a set, in order: `frozen` is where `contracts.yaml` says they lie.
///
/// # Errors
/// If one is changed, missing, or follows what another follows, too.
pub fn chain(tree: &Tree, frozen: &str) -> Result<Chain, FreezeError> {
    order(indexes(tree, frozen)?)
}

pub(super) fn order(all: Vec<(Index, Digest)>) -> Result<Chain, FreezeError> {
    let known: BTreeMap<String, Digest> =
        all.iter().map(|(index, digest)| (index.name.clone(), *digest)).collect();
    let mut after: BTreeMap<Option<String>, (Index, Digest)> = BTreeMap::new();
    for (index, digest) in all {
        if let Some(link) = &index.previous
            && known.get(&link.name) != Some(&link.digest)
        {
            let (name, previous) = (index.name, link.name.clone());
            return Err(FreezeError::Gap { name, previous });
        }
        let key = index.previous.as_ref().map(|link| link.name.clone());
        let name = index.name.clone();
        if let Some((other, _)) = after.insert(key, (index, digest)) {
            return Err(FreezeError::Fork(other.name, name));
        }
    }
    let (mut ordered, mut last) = (Vec::new(), None);
    while let Some(next) = after.remove(&last) {
        last = Some(next.0.name.clone());
        ordered.push(next);
    }
    // A ring has no beginning; SHA-256 makes none, but a text may claim one.
    let rest: BTreeSet<String> = after.into_values().map(|(index, _)| index.name).collect();
    match rest.into_iter().next() {
        Some(name) => Err(FreezeError::Gap { previous: name.clone(), name }),
        None => Ok(Chain(ordered)),
    }
}
