//! Types as texts: what can be said of two of them without a compiler.

use std::collections::BTreeSet;

use super::registry::Language;

/// From one type to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shift {
    Same,
    /// Another spelling of what may well be the same: paths and lifetimes.
    Spelling,
    /// All that was in it, and more.
    Wider,
    /// Some of what was in it, and nothing else.
    Narrower,
    /// It was not said before.
    Said,
    /// It is not said now.
    Unsaid,
    Other,
}

pub(super) fn shift(language: Language, old: Option<&str>, new: Option<&str>) -> Shift {
    let (old, new) = match (old, new) {
        (None, None) => return Shift::Same,
        (None, Some(_)) => return Shift::Said,
        (Some(_), None) => return Shift::Unsaid,
        (Some(old), Some(new)) if old == new => return Shift::Same,
        (Some(old), Some(new)) => (old, new),
    };
    match language {
        Language::Rust if bare(old) == bare(new) => Shift::Spelling,
        Language::Go if any_of(old) == any_of(new) => Shift::Same,
        Language::Rust | Language::Go => Shift::Other,
        Language::Python | Language::TypeScript => {
            let (old, new) = (members(language, old), members(language, new));
            let any = |all: &BTreeSet<String>| all.iter().any(|one| is_any(one));
            match (any(&old), any(&new)) {
                _ if old == new => Shift::Same,
                (false, true) => Shift::Wider,
                (true, false) => Shift::Narrower,
                _ if old.is_subset(&new) => Shift::Wider,
                _ if new.is_subset(&old) => Shift::Narrower,
                _ => Shift::Other,
            }
        }
    }
}

/// Go has two words for it.
fn any_of(of: &str) -> String {
    of.replace("interface {}", "any").replace("interface{}", "any")
}

fn is_any(of: &str) -> bool {
    matches!(of, "Any" | "any" | "unknown" | "object")
}

/// Without lifetimes, and without what stands before `::`.
fn bare(of: &str) -> String {
    let mut out = String::new();
    let mut rest = of;
    while let Some(c) = rest.chars().next() {
        let word = |text: &str| {
            text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
        };
        if c == '\'' {
            let end = 1 + word(&rest[1..]);
            rest = rest[end..].trim_start_matches([' ', ',']);
            continue;
        }
        let end = word(rest);
        if end == 0 {
            if !rest.starts_with("::") {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            } else {
                rest = &rest[2..];
            }
        } else {
            if !rest[end..].starts_with("::") {
                out.push_str(&rest[..end]);
            }
            rest = &rest[end..];
        }
    }
    out.replace("<>", "")
}

/// The members of a union.
fn members(language: Language, of: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![of.trim().to_owned()];
    while let Some(one) = open.pop() {
        let one = match language {
            Language::Python => pythonic(&one),
            _ => one,
        };
        let inside = |name: &str| one.strip_prefix(name)?.strip_suffix(']');
        let parts = split(&one, '|');
        if parts.len() > 1 {
            open.extend(parts);
        } else if let Some(inner) = inside("Optional[") {
            open.extend([inner.to_owned(), "None".to_owned()]);
        } else if let Some(inner) = inside("Union[") {
            open.extend(split(inner, ','));
        } else if let Some(inner) = parenthesized(&one) {
            open.push(inner);
        } else {
            found.insert(one);
        }
    }
    found
}

/// Without quotes and `typing.`, and with the names that became small.
fn pythonic(of: &str) -> String {
    let of = of.trim().trim_matches(['"', '\'']).replace("typing.", "");
    ["List", "Dict", "Set", "Tuple", "Type", "FrozenSet"].iter().fold(of, |of, name| {
        let small = name.to_lowercase() + "[";
        let long = format!("{name}[");
        if of.starts_with(&long) { small + &of[long.len()..] } else { of }
    })
}

fn parenthesized(of: &str) -> Option<String> {
    let inner = of.strip_prefix('(')?.strip_suffix(')')?;
    // `(a) => b`, `(a)[]` and the like do not end here.
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return None;
        }
    }
    (!inner.trim().is_empty()).then(|| inner.trim().to_owned())
}

/// Parts between a sign that stands in no brackets. A function's type is left whole.
fn split(of: &str, sign: char) -> Vec<String> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    let mut before = ' ';
    for (at, c) in of.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            '>' if before == '=' && depth == 0 => return vec![of.trim().to_owned()],
            '>' if before == '=' || before == '-' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            c if c == sign && depth == 0 => {
                parts.push(of[from..at].trim().to_owned());
                from = at + c.len_utf8();
            }
            _ => {}
        }
        before = c;
    }
    parts.push(of[from..].trim().to_owned());
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { vec![of.to_owned()] } else { parts }
}
