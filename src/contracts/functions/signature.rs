//! How one function differs from what it was.

use std::collections::BTreeSet;

use super::diff::Note;
use super::parameters;
use super::registry::{Entry, Form, Language, ParamKind, Stability};
use super::types::{Shift, shift};
use crate::contracts::Class::{Breaking, Risky, Safe};

const NEW_NAME: &str =
    "leave it as it is, deprecated, and offer the new form under a name of its own";

pub(super) fn compare(old: &Entry, new: &Entry) -> Vec<Note> {
    let mut notes = Vec::new();
    words(old, new, &mut notes);
    receiver(old, new, &mut notes);
    parameters::compare(old, new, &mut notes);
    returns(old, new, &mut notes);
    behaviour(old, new, &mut notes);
    promise(old, new, &mut notes);
    notes
}

/// `async`, `static` and the like.
fn words(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    let implemented = old.modifier("abstract");
    let mut add =
        |rule, class, message: &str| notes.push(Note::new(rule, class, message, NEW_NAME));
    match (old.is_async, new.is_async) {
        (false, true) => add("async-added", Breaking, "its answer must be awaited now"),
        (true, false) => add("async-dropped", Breaking, "its answer can no longer be awaited"),
        _ => {}
    }
    match (old.is_unsafe, new.is_unsafe) {
        (false, true) => add("unsafe-added", Breaking, "callers must vouch for something now"),
        (true, false) if implemented => {
            add("unsafe-dropped", Breaking, "whoever implements it says `unsafe`, and may not now");
        }
        (true, false) => add("unsafe-dropped", Safe, "callers need no longer vouch for anything"),
        _ => {}
    }
    if (old.form == Form::Property) != (new.form == Form::Property) {
        add(
            "property-changed",
            Breaking,
            "what was read like a member is called now, or the reverse",
        );
    }
    let set = |entry: &Entry| entry.modifiers.iter().cloned().collect::<BTreeSet<String>>();
    let (was, is) = (set(old), set(new));
    // Where it is there at all, and what its type promises or asks beside it.
    let condition = |word: &str| {
        ["cfg(", "target_feature(", "base: ", "bound: ", "go:build ", "embeds "]
            .iter()
            .any(|begin| word.starts_with(begin))
    };
    for word in is.difference(&was) {
        match word.as_str() {
            "const" => add("const-added", Safe, "it can be used in constants now"),
            "abstract" => {
                add("method-demanded", Breaking, "whoever implements it must write it himself now");
            }
            word if condition(word) => {
                add("condition-added", Risky, &format!("there is `{word}` now"));
            }
            word => add("modifier-added", Breaking, &format!("it is `{word}` now")),
        }
    }
    // One base for another may be a child of it; none for one is less in any case.
    let based = is.difference(&was).any(|word| word.starts_with("base: "));
    for word in was.difference(&is) {
        match word.as_str() {
            word if word.starts_with("base: ") && !based => {
                add("base-dropped", Breaking, &format!("there is no `{word}` now"));
            }
            "abstract" => add("method-given", Safe, "whoever implements it need not write it now"),
            "const" => add("const-dropped", Breaking, "constants can no longer use it"),
            word if condition(word) => {
                add("condition-dropped", Risky, &format!("there is no `{word}` now"));
            }
            word => add("modifier-dropped", Breaking, &format!("it is no longer `{word}`")),
        }
    }
    if old.generics != new.generics {
        // Go's callers may name all type arguments, and nothing infers them elsewhere.
        let class = if old.language == Language::Go { Breaking } else { Risky };
        let message =
            format!("its type parameters were {:?} and are {:?}", old.generics, new.generics);
        add("generics-changed", class, &message);
    }
}

fn receiver(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    let of = |entry: &Entry| {
        let first = entry.params.first().filter(|param| param.kind == ParamKind::Receiver)?;
        // In Python it is called as its author likes.
        Some(first.of.clone().unwrap_or_default())
    };
    let (was, is) = (of(old), of(new));
    let class = match (&was, &is) {
        (Some(a), Some(b)) if a == b => return,
        (None, None) => return,
        (Some(a), Some(b)) => {
            let softer = match old.language {
                Language::Go => a.trim_start_matches('*') == b,
                Language::Rust => a == "&mut self" && b == "&self",
                _ => false,
            };
            let lifetimes = shift(old.language, Some(a), Some(b)) == Shift::Spelling;
            if (softer || lifetimes) && !old.modifier("abstract") { Risky } else { Breaking }
        }
        _ => Breaking,
    };
    let say = |receiver: Option<String>| match receiver.as_deref() {
        None => "on no value".to_owned(),
        Some("") => "on a value".to_owned(),
        Some(of) => format!("on `{of}`"),
    };
    let message = format!("it was called {} and is called {}", say(was), say(is));
    notes.push(Note::new("receiver-changed", class, message, NEW_NAME));
}

fn returns(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    let (was, is) = (old.returns.as_deref(), new.returns.as_deref());
    let typed = matches!(old.language, Language::Rust | Language::Go);
    let (rule, class) = match shift(old.language, was, is) {
        Shift::Same => return,
        Shift::Spelling => ("return-respelled", Risky),
        // Whoever implements it answers to the old type.
        _ if typed || old.modifier("abstract") => ("return-changed", Breaking),
        Shift::Narrower => ("return-narrowed", Safe),
        Shift::Wider => ("return-widened", Breaking),
        Shift::Said => ("return-said", Risky),
        Shift::Unsaid => ("return-unsaid", Risky),
        Shift::Other => ("return-changed", Breaking),
    };
    let say =
        |of: Option<&str>| of.map_or("nothing that is said".to_owned(), |of| format!("`{of}`"));
    let message = format!("it gave {} and gives {}", say(was), say(is));
    notes.push(Note::new(rule, class, message, NEW_NAME));
}

/// Effects and errors.
fn behaviour(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    // In Rust and Go the error is part of what is returned, and told there.
    let told = matches!(old.language, Language::Rust | Language::Go) && old.returns != new.returns;
    if old.errors != new.errors && !told {
        let say = |errors: &[String]| match errors {
            [] => "in no way that is said".to_owned(),
            some => format!("with {}", some.join(", ")),
        };
        let message = format!("it failed {} and fails {}", say(&old.errors), say(&new.errors));
        let remedy = "tell callers which errors to expect, and hold it by a test";
        notes.push(Note::new("errors-changed", Risky, message, remedy));
    }
    let kind = |effect: &String| effect.split(':').next().unwrap_or_default().trim().to_owned();
    let (was, is) = match (&old.side_effects, &new.side_effects) {
        (was, is) if was == is => return,
        (None, Some(is)) => {
            let message = format!("its side effects are said for the first time: {}", list(is));
            let remedy = "see that they are what it always did";
            notes.push(Note::new("effects-said", Risky, message, remedy));
            return;
        }
        (Some(was), is) => (was, is.as_deref()),
        _ => return,
    };
    let Some(is) = is else {
        let message = format!("its side effects are no longer said; they were {}", list(was));
        notes.push(Note::new("effects-unsaid", Risky, message, "say them, or `none`"));
        return;
    };
    let kinds = |effects: &[String]| effects.iter().map(kind).collect::<BTreeSet<String>>();
    let (before, after) = (kinds(was), kinds(is));
    let remedy = "give the new behaviour a name of its own, or let callers ask for it";
    for effect in after.difference(&before) {
        let message = format!("it has a side effect that it had not: {effect}");
        notes.push(Note::new("effect-introduced", Breaking, message, remedy));
    }
    for effect in before.difference(&after) {
        let message = format!("it no longer has a side effect that callers may count on: {effect}");
        notes.push(Note::new("effect-dropped", Breaking, message, remedy));
    }
    if before == after {
        let message = format!("its side effects were {} and are {}", list(was), list(is));
        notes.push(Note::new("effects-changed", Risky, message, "hold them by a test"));
    }
}

fn list(effects: &[String]) -> String {
    if effects.is_empty() { "none".to_owned() } else { effects.join(", ") }
}

/// Stability and tests.
fn promise(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    use Stability::{Deprecated, Experimental, Stable};
    let note = match (old.stability, new.stability) {
        (Stable | Deprecated, Experimental) => {
            let remedy = "what was promised stays promised: leave it stable, or deprecate it";
            let message = "it was promised to stay, and is experimental now";
            Some(Note::new("promise-withdrawn", Breaking, message, remedy))
        }
        (Stable | Experimental, Deprecated) => {
            let message = match &new.replacement {
                Some(words) => format!("it is on its way out: {words}"),
                None => "it is on its way out, and nobody says what to use instead".to_owned(),
            };
            Some(Note::new("deprecated", Safe, message, ""))
        }
        (Deprecated, Stable) => {
            Some(Note::new("deprecation-withdrawn", Safe, "it is no longer deprecated", ""))
        }
        (Experimental, Stable) => {
            Some(Note::new("promised", Safe, "it is stable from here on", ""))
        }
        _ => None,
    };
    notes.extend(note);
    let lost: Vec<&str> =
        old.tests.iter().filter(|test| !new.tests.contains(test)).map(String::as_str).collect();
    if !lost.is_empty() {
        let message = format!("it is no longer held by {}", lost.join(", "));
        let remedy = "name the tests that hold it now";
        notes.push(Note::new("tests-dropped", Risky, message, remedy));
    }
}
