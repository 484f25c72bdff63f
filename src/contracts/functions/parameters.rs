//! How parameters differ, as callers of each language feel it: Python's name them, the others' count them.

use std::collections::BTreeMap;

use super::diff::Note;
use super::registry::{Entry, Language, Param, ParamKind};
use super::types::{Shift, shift};
use crate::contracts::Class::{self, Breaking, Risky, Safe};

const OPTIONAL: &str = "make it optional, at the end, with a default that keeps the old behaviour";
const NEW_NAME: &str =
    "leave it as it is, deprecated, and offer the new form under a name of its own";

pub(super) fn compare(old: &Entry, new: &Entry, notes: &mut Vec<Note>) {
    let (was, is) = (given(old), given(new));
    let pairs = aligned(old.language, &was, &is);
    let mut order = Vec::new();
    for (at, param) in was.iter().enumerate() {
        match pairs.get(&at) {
            Some(&now) => {
                order.push((param.kind, now));
                one(old, param, is[now], notes);
            }
            None => notes.push(removed(param, &is)),
        }
    }
    let last = pairs.values().filter(|now| by_place(is[**now])).max();
    let catches = was.iter().any(|param| param.kind == ParamKind::Variadic);
    for (now, param) in is.iter().enumerate().filter(|(now, _)| !pairs.values().any(|p| p == now)) {
        let inside = by_place(param) && (last.is_some_and(|last| now < *last) || catches);
        notes.push(added(new, param, inside));
    }
    let moved = |kinds: &dyn Fn(ParamKind) -> bool| {
        let places: Vec<usize> =
            order.iter().filter(|(kind, _)| kinds(*kind)).map(|(_, now)| *now).collect();
        !places.is_sorted()
    };
    if moved(&|kind| kind != ParamKind::Keyword) {
        let message =
            "its parameters stand in another order: calls that still run mean something else";
        notes.push(Note::new("params-reordered", Breaking, message, NEW_NAME));
    } else if moved(&|kind| kind == ParamKind::Keyword) {
        let message = "parameters that are given by name stand in another order";
        notes.push(Note::new("keywords-reordered", Risky, message, "restore the order"));
    }
}

/// What callers give.
fn given(entry: &Entry) -> Vec<&Param> {
    entry.params.iter().filter(|param| param.kind != ParamKind::Receiver).collect()
}

const fn by_place(param: &Param) -> bool {
    matches!(param.kind, ParamKind::Positional | ParamKind::PositionalOrKeyword)
}

/// Which old parameter is which new one, by their places in the lists.
fn aligned(language: Language, was: &[&Param], is: &[&Param]) -> BTreeMap<usize, usize> {
    let mut pairs = BTreeMap::new();
    let mut free: Vec<bool> = vec![true; is.len()];
    let pair = |pairs: &mut BTreeMap<usize, usize>, free: &mut Vec<bool>, at, now: usize| {
        free[now] = false;
        pairs.insert(at, now);
    };
    // Those of the same name, and those that take whatever is left over.
    for (at, param) in was.iter().enumerate() {
        let any = matches!(param.kind, ParamKind::Variadic | ParamKind::KeywordVariadic);
        let same = |now: &Param| {
            if any {
                now.kind == param.kind
            } else {
                !param.name.is_empty() && now.name == param.name
            }
        };
        if let Some(now) = (0..is.len()).find(|now| free[*now] && same(is[*now])) {
            pair(&mut pairs, &mut free, at, now);
        }
    }
    // Then those that are left over between the same neighbours.
    for (at, param) in was.iter().enumerate() {
        if pairs.contains_key(&at) || param.kind == ParamKind::Keyword {
            continue;
        }
        let before = at.checked_sub(1);
        let place = match before {
            None => 0,
            Some(before) => match pairs.get(&before) {
                Some(now) => now + 1,
                None => continue,
            },
        };
        let fits = |now: &Param| {
            let alike = now.required == param.required && now.kind == param.kind;
            // By count they stand for one another whatever they are.
            alike && (was.len() == is.len() && language != Language::Python || now.of == param.of)
        };
        if place < is.len() && free[place] && fits(is[place]) {
            pair(&mut pairs, &mut free, at, place);
        }
    }
    pairs
}

fn name(param: &Param) -> String {
    match (param.name.as_str(), &param.of) {
        ("", Some(of)) => format!("the parameter of type `{of}`"),
        ("", None) => "a parameter".to_owned(),
        (name, _) => format!("`{name}`"),
    }
}

fn removed(param: &Param, is: &[&Param]) -> Note {
    let caught = match param.kind {
        ParamKind::Keyword => ParamKind::KeywordVariadic,
        ParamKind::Positional | ParamKind::PositionalOrKeyword => ParamKind::Variadic,
        other => other,
    };
    let caught = is.iter().any(|now| now.kind == caught);
    let (class, tail) = match caught {
        true => (Risky, ", though calls that give it still run"),
        false => (Breaking, ""),
    };
    let message = format!("{} is gone{tail}", name(param));
    let remedy = "go on taking it, deprecated, and do nothing with it";
    Note::new("param-dropped", class, message, remedy)
}

fn added(new: &Entry, param: &Param, inside: bool) -> Note {
    let counted = matches!(new.language, Language::Rust | Language::Go);
    let name = name(param);
    if counted {
        let message = format!("{name} is new, and every call must give it");
        let message = if param.required { message } else { format!("{name} is new") };
        return Note::new("param-added", Breaking, message, NEW_NAME);
    }
    if param.required {
        let message = format!("{name} is new and required");
        return Note::new("param-required-added", Breaking, message, OPTIONAL);
    }
    if inside {
        let message = format!("{name} is new and optional, but what stands after it moves");
        return Note::new("param-optional-inserted", Breaking, message, OPTIONAL);
    }
    let implemented = new.modifier("abstract") && new.language == Language::Python;
    let (class, remedy) = if implemented { (Breaking, NEW_NAME) } else { (Safe, "") };
    Note::new("param-optional-added", class, format!("{name} is new and optional"), remedy)
}

/// One parameter that is still there.
fn one(function: &Entry, old: &Param, new: &Param, notes: &mut Vec<Note>) {
    let name = name(old);
    let mut add = |rule, class: Class, message: String| {
        notes.push(Note::new(rule, class, message, NEW_NAME));
    };
    let python = function.language == Language::Python;
    if old.name != new.name {
        let named = python && old.kind == ParamKind::PositionalOrKeyword;
        let class = if named { Breaking } else { Safe };
        add("param-renamed", class, format!("{name} is called `{}` now", new.name));
    }
    if old.kind != new.kind {
        use ParamKind::{Keyword, Positional, PositionalOrKeyword as Either};
        let class = match (old.kind, new.kind) {
            (Positional | Keyword, Either) => Safe,
            _ => Breaking,
        };
        add("param-kind-changed", class, format!("{name} is given in another way than before"));
    }
    match (old.required, new.required) {
        (false, true) => add("param-now-required", Breaking, format!("{name} must be given now")),
        // Callers do not feel it; whoever overrides, wraps or stands in for the function does.
        (true, false) => add("param-now-optional", Breaking, format!("{name} may be left out now")),
        _ => {}
    }
    if !old.required && !new.required && old.default != new.default {
        let say = |default: &Option<String>| default.clone().unwrap_or_else(|| "nothing".into());
        let (was, is) = (say(&old.default), say(&new.default));
        add("default-changed", Risky, format!("without {name} it took `{was}`, and takes `{is}`"));
    }
    let implemented = function.modifier("abstract");
    let (rule, class) = match shift(function.language, old.of.as_deref(), new.of.as_deref()) {
        Shift::Same => return,
        Shift::Spelling => ("param-type-respelled", Risky),
        _ if implemented && !python => ("param-type-changed", Breaking),
        Shift::Wider => ("param-type-widened", Safe),
        Shift::Narrower => ("param-type-narrowed", Breaking),
        Shift::Unsaid => ("param-type-unsaid", Safe),
        Shift::Said if python => ("param-type-said", Risky),
        Shift::Said | Shift::Other => ("param-type-changed", Breaking),
    };
    let say =
        |of: &Option<String>| of.as_ref().map_or("no type".to_owned(), |of| format!("`{of}`"));
    add(rule, class, format!("{name} had {} and has {}", say(&old.of), say(&new.of)));
}
