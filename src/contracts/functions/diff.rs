//! How a registry differs from what it was, for those who call and those who implement.

use std::collections::{BTreeMap, BTreeSet};

use super::registry::{Entry, Registry, Stability};
use super::{rename, signature};
use crate::contracts::{Change, Class, Comparison, Location};

/// A difference before it has a place.
pub(super) struct Note {
    pub rule: &'static str,
    pub class: Class,
    pub message: String,
    pub remedy: &'static str,
}

impl Note {
    pub(super) fn new(
        rule: &'static str,
        class: Class,
        message: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { rule, class, message: message.into(), remedy }
    }
}

const KEEP_NAME: &str =
    "keep the old name as a deprecated alias of the new one until its callers have moved";
const KEEP: &str =
    "keep it, deprecated and with its replacement named, until its callers have moved";

/// Compares two registries. What was experimental weighs one class less: nobody was promised anything.
pub fn diff(old: &Registry, new: &Registry) -> Comparison {
    let was: BTreeMap<_, _> = old.functions.iter().map(|entry| (entry.key(), entry)).collect();
    let is: BTreeMap<_, _> = new.functions.iter().map(|entry| (entry.key(), entry)).collect();
    let gone: Vec<&Entry> =
        was.iter().filter(|(key, _)| !is.contains_key(*key)).map(|(_, entry)| *entry).collect();
    let come: Vec<&Entry> =
        is.iter().filter(|(key, _)| !was.contains_key(*key)).map(|(_, entry)| *entry).collect();
    let renamed = rename::pairs(&gone, &come);
    let names: BTreeSet<_> = renamed.values().map(|entry| entry.key()).collect();
    let mut changes = Vec::new();
    for (key, entry) in &was {
        if let Some(now) = is.get(key) {
            let notes = signature::compare(entry, now);
            changes.extend(notes.into_iter().map(|note| change(Some(entry), Some(now), note)));
        } else if let Some(now) = renamed.get(key) {
            let message = format!("{} is called {} now", entry.name(), now.name());
            let note = Note::new("function-renamed", Class::Breaking, message, KEEP_NAME);
            changes.push(change(Some(entry), Some(now), note));
        } else {
            let state = match entry.stability {
                Stability::Deprecated => ", which was deprecated,",
                _ => "",
            };
            let message = format!("{}{state} is gone", entry.name());
            let note = Note::new("function-removed", Class::Breaking, message, KEEP);
            changes.push(change(Some(entry), None, note));
        }
    }
    let types: BTreeSet<_> = was.values().filter_map(|entry| of_type(entry)).collect();
    for entry in come.into_iter().filter(|entry| !names.contains(&entry.key())) {
        let demanded =
            entry.modifier("abstract") && of_type(entry).is_some_and(|of| types.contains(&of));
        let note = if demanded {
            let message = format!("whoever implements it must have {} now", entry.name());
            let remedy = "give it a default, or put it on an interface of its own";
            Note::new("method-demanded", Class::Breaking, message, remedy)
        } else {
            Note::new("function-added", Class::Safe, format!("{} is new", entry.name()), "")
        };
        changes.push(change(None, Some(entry), note));
    }
    Comparison::of(changes)
}

/// The type that a method belongs to.
fn of_type(entry: &Entry) -> Option<(&str, &str)> {
    let (of, _) = entry.symbol.rsplit_once("::").or_else(|| entry.symbol.rsplit_once('.'))?;
    Some((&entry.module, of))
}

fn change(old: Option<&Entry>, new: Option<&Entry>, note: Note) -> Change {
    let place = |entry: &Entry| Location { document: entry.file.clone(), pointer: entry.name() };
    let experimental = old.is_some_and(|entry| entry.stability == Stability::Experimental);
    let (class, message) = match note.class {
        class if !experimental => (class, note.message),
        Class::Safe => (Class::Safe, note.message),
        Class::Risky => (Class::Safe, format!("{}; it was experimental", note.message)),
        Class::Breaking => (Class::Risky, format!("{}; it was experimental", note.message)),
    };
    let remedy = if class == Class::Safe { "" } else { note.remedy };
    Change {
        rule: note.rule.to_owned(),
        class,
        old: old.map(place),
        new: new.map(place),
        message,
        remedy: remedy.to_owned(),
        witness: None,
    }
}
