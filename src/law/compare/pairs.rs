//! Which contract was which.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::set::{Contract, Kind, Set};
use crate::domain::Digest;

/// What a contract was and what it is.
pub(super) type Pair<'s> = (Option<&'s Contract>, Option<&'s Contract>);

pub(super) fn pairs<'s>(old: &'s Set, new: &'s Set) -> Vec<Pair<'s>> {
    let (mut before, mut after) = (old.contracts(), new.contracts());
    // A file that its module no longer has is no contract any more.
    before.retain(|_, a| old.tree.get(&a.path).is_some());
    after.retain(|_, b| new.tree.get(&b.path).is_some());
    let mut found: Vec<Pair<'s>> = Vec::new();
    let same: Vec<&str> = before
        .iter()
        .filter(|(id, a)| after.get(*id).is_some_and(|b| a.kind == b.kind))
        .map(|(id, _)| *id)
        .collect();
    for id in same {
        found.push((before.remove(id), after.remove(id)));
    }
    // What moved, within its module: another one has versions and owners of its own.
    let mut by_name: BTreeMap<(Kind, &str, Name), &'s Contract> = after
        .values()
        .filter_map(|b| Some(((b.kind, b.module.as_str(), name(new, b)?), *b)))
        .collect();
    let mut by_bytes: BTreeMap<(Kind, &str, Option<Digest>), &'s Contract> = after
        .values()
        .map(|b| ((b.kind, b.module.as_str(), new.tree.digest(&b.path)), *b))
        .collect();
    for a in before.into_values() {
        let named =
            name(old, a).and_then(|name| by_name.remove(&(a.kind, a.module.as_str(), name)));
        let twin = named
            .or_else(|| by_bytes.remove(&(a.kind, a.module.as_str(), old.tree.digest(&a.path))));
        let twin = twin.and_then(|twin| after.remove(twin.id.as_str()));
        found.push((Some(a), twin));
    }
    found.extend(after.into_values().map(|b| (None, Some(b))));
    found
}

/// What a contract is called in itself.
type Name = String;

fn name(set: &Set, contract: &Contract) -> Option<Name> {
    let at = match contract.kind {
        Kind::Schema => "/$id",
        Kind::Crd => "/metadata/name",
        _ => return None,
    };
    let document = set.tree.document(&contract.path).ok()?;
    document.pointer(at).and_then(Value::as_str).map(str::to_owned)
}
