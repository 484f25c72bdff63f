//! What is gone from one place and has come up at another.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::{Entry, Language};

/// Pairs that are looked at.
const MAX_PAIRS: usize = 1_000_000;
/// How alike two names must be whose bodies differ.
const LEAST: f64 = 0.5;

type Key<'a> = (Language, &'a str, &'a str);

/// For what is gone, under which name it came up again: with the same signature and the same body, or the
/// same signature and a name much like it.
pub(super) fn pairs<'a>(gone: &[&'a Entry], come: &[&'a Entry]) -> BTreeMap<Key<'a>, &'a Entry> {
    if gone.len().saturating_mul(come.len()) > MAX_PAIRS {
        return BTreeMap::new();
    }
    let mut scored: Vec<(f64, &Entry, &Entry)> = Vec::new();
    for old in gone {
        let alike = come.iter().filter_map(|new| Some((likeness(old, new)?, *old, *new)));
        scored.extend(alike);
    }
    scored.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then_with(|| (a.1.key(), a.2.key()).cmp(&(b.1.key(), b.2.key())))
    });
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (_, old, new) in scored {
        if !found.contains_key(&old.key()) && taken.insert(new.key()) {
            found.insert(old.key(), new);
        }
    }
    found
}

fn likeness(old: &Entry, new: &Entry) -> Option<f64> {
    if old.language != new.language || !old.same_call(new) {
        return None;
    }
    let same_body = old.body_digest.is_some() && old.body_digest == new.body_digest;
    if same_body {
        return Some(2.0);
    }
    if old.symbol == new.symbol {
        return Some(1.5);
    }
    let alike = strsim::normalized_levenshtein(&old.symbol, &new.symbol);
    (old.module == new.module && alike >= LEAST).then_some(alike)
}
