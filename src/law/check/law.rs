//! The law in force is that of the old side. A change that weakens it may be right, but nobody does it in
//! passing: it needs a decision, even if no contract breaks.

use super::super::finding::{Finding, Severity};
use super::super::manifest::MANIFEST;
use super::super::set::Set;
use super::super::versions::Versions;
use super::{Duty, Item};
use crate::contracts::Direction;

/// In what the new `contracts.yaml` asks for less than the old one.
pub(super) fn weakened(old: &Set, new: &Set) -> Vec<String> {
    let mut all = Vec::new();
    for unit in &old.units {
        let now = new.units.iter().find(|now| now.module.name == unit.module.name);
        let Some(now) = now else { continue };
        let (was, is) = (unit.module.direction, now.module.direction);
        if was != is && is != Direction::Both {
            all.push(format!(
                "module {}: its direction guards fewer than it did",
                unit.module.name
            ));
        }
    }
    for consumer in &old.manifest.consumers {
        let now = new.manifest.consumers.iter().find(|now| now.name == consumer.name);
        let kept = now.is_some_and(|now| {
            consumer.contracts.iter().all(|pattern| now.contracts.contains(pattern))
        });
        if !kept {
            all.push(format!("consumer {} depends on less than it did", consumer.name));
        }
    }
    let keys = &old.manifest.keys;
    let same = |key: &String| {
        new.manifest.keys.contains(key) && old.tree.digest(key) == new.tree.digest(key)
    };
    let more = new.manifest.keys.iter().any(|key| !keys.contains(key));
    if !keys.is_empty() && (!keys.iter().all(same) || more) {
        all.push("the keys of those who decide are others than they were".to_owned());
    }
    all
}

pub(super) fn item(weakened: &[String]) -> Option<Item> {
    if weakened.is_empty() {
        return None;
    }
    // Whether it may be is the decision's matter.
    Some(Item::met(Duty::Law, format!("the law is weakened: {}", weakened.join("; "))))
}

/// What may not vanish: modules with contracts, and releases that were out.
pub(super) fn dropped(old: &Set, new: &Set) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |file: &str, rule, message: String, remedy: &str| {
        found.push(Finding {
            file: file.to_owned(),
            pointer: String::new(),
            line: None,
            rule,
            severity: Severity::Error,
            message,
            remedy: remedy.to_owned(),
        });
    };
    for unit in &old.units {
        let name = &unit.module.name;
        let Some(now) = new.units.iter().find(|now| now.module.name == *name) else {
            if !unit.contracts.is_empty() {
                let remedy = "keep the module and its versions.yaml until a release has come out in which it \
                              has no contracts; then drop it";
                let text = format!("module {name} is dropped with its contracts");
                say(MANIFEST, "module-dropped", text, remedy);
            }
            continue;
        };
        let read = |set: &Set, path: &str| Versions::of(&set.tree, path).ok();
        let (was, is) = (read(old, &unit.module.versions), read(new, &now.module.versions));
        let (Some(was), Some(is)) = (was, is) else { continue };
        for release in &was.releases {
            if !is.releases.iter().any(|kept| kept.version == release.version) {
                let text = format!("{name}: release {} is no longer listed", release.version);
                let remedy = "put its entry back: deprecation windows are counted by releases";
                say(&now.module.versions, "release-dropped", text, remedy);
            }
        }
    }
    found
}
