//! The law in force is that of the old side. A change that weakens it may be right, but nobody does it in
//! passing: it needs a decision, even if no contract breaks.

use super::super::bump::is_newer;
use super::super::finding::{Finding, Severity};
use super::super::freeze::{Index, indexes};
use super::super::manifest::MANIFEST;
use super::super::set::Set;
use super::super::versions::{Deprecation, Versions};
use super::super::window::covers;
use super::endings::unix;
use super::{Duty, Item};
use crate::contracts::Direction;
use crate::domain::Digest;

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
    let places = [
        ("freezes", &old.manifest.frozen, &new.manifest.frozen),
        ("decisions", &old.manifest.decisions, &new.manifest.decisions),
    ];
    for (what, was, is) in places.into_iter().filter(|(_, was, is)| was != is) {
        all.push(format!("the {what} are looked for in {is} and no longer in {was}"));
    }
    let keys = &old.manifest.keys;
    let text = |set: &Set, key: &str| set.tree.get(key).map(unix);
    let same = |key: &String| new.manifest.keys.contains(key) && text(old, key) == text(new, key);
    let more = new.manifest.keys.iter().any(|key| !keys.contains(key));
    if !keys.is_empty() && (!keys.iter().all(same) || more) {
        all.push("the keys of those who decide are others than they were".to_owned());
    }
    all
}

/// Announcements whose window is shorter now, in whole or in part. To withdraw one is no harm: what nobody
/// announced stays.
fn shortened<'v>(was: &'v Versions, is: &'v Versions) -> impl Iterator<Item = &'v Deprecation> {
    was.deprecations.iter().filter(|said| {
        let within = |a: &Deprecation, b: &Deprecation| covers(a, &b.contract, &b.at);
        let kept = |again: &Deprecation| within(again, said) && is_as_long(said, again);
        let cut = |again: &Deprecation| {
            (within(again, said) || within(said, again)) && !is_as_long(said, again)
        };
        is.deprecations.iter().any(cut) && !is.deprecations.iter().any(kept)
    })
}

fn is_as_long(said: &Deprecation, again: &Deprecation) -> bool {
    again.removal.releases >= said.removal.releases
        && again.removal.not_before >= said.removal.not_before
        && !is_newer(&said.since, &again.since)
}

pub(super) fn item(weakened: &[String]) -> Option<Item> {
    if weakened.is_empty() {
        return None;
    }
    // Whether it may be is the decision's matter.
    Some(Item::met(Duty::Law, format!("the law is weakened: {}", weakened.join("; "))))
}

/// What may not vanish or be made up: modules with contracts, releases that were out, what was announced, and
/// freezes.
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
        for said in shortened(&was, &is) {
            let text = format!(
                "{name}: the window of {} {} is shorter than it was announced",
                said.contract, said.at
            );
            let remedy = "put it back: an emergency is decided when it goes (`decide --approve --emergency`)";
            say(&now.module.versions, "deprecation-shortened", text, remedy);
        }
        for release in &is.releases {
            let listed = was.releases.iter().any(|kept| kept.version == release.version);
            // That the version itself goes back is told by itself.
            let between = release.version != is.version;
            if !listed && between && is_newer(&was.version, &release.version) {
                let text = format!("{name}: release {} was never listed", release.version);
                let remedy =
                    "take it off: a release that comes afterwards is newer than all before it";
                say(&now.module.versions, "release-invented", text, remedy);
            }
        }
    }
    for (name, digest) in freezes(old) {
        if !freezes(new).contains(&(name.clone(), digest)) {
            let text = format!("the freeze {name} is gone or another");
            let file = format!("{}/{name}.json", new.manifest.frozen);
            say(&file, "freeze-dropped", text, "put it back: what was frozen stays");
        }
    }
    found
}

/// The freezes that lie in a side, by name and digest of their indexes: a freeze itself holds none.
fn freezes(set: &Set) -> Vec<(String, Digest)> {
    let all = indexes(&set.tree, &set.manifest.frozen).unwrap_or_default();
    all.into_iter().map(|(index, digest)| (index.name, digest)).collect()
}

/// What was frozen although its check had not passed: until the next freeze all are held against it.
pub(super) fn unchecked(new: &Set) -> Vec<Finding> {
    let all = indexes(&new.tree, &new.manifest.frozen).unwrap_or_default();
    let finding = |index: Index| {
        let reason = index.unchecked?;
        Some(Finding {
            file: format!("{}/{}.json", new.manifest.frozen, index.name),
            pointer: "/unchecked".into(),
            line: None,
            rule: "freeze-unchecked",
            severity: Severity::Warning,
            message: format!("{} was frozen unchecked: {reason}", index.name),
            remedy: "hold the set against the freeze before it, too: `--against freeze:NAME`"
                .into(),
        })
    };
    all.into_iter().filter_map(|(index, _)| finding(index)).collect()
}
