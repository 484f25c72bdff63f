//! `regex.*`: patterns are compiled once and kept, shared by all threads without a lock.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use regex::{Regex, RegexBuilder};
use regorus::Value;

use super::pattern::translate;
use super::{BuiltinError, MAX_ITEMS, MAX_TEXT, Result, few, integer, text};

/// Compiled patterns that are kept.
const MAX_PATTERNS: usize = 512;
/// Bytes of one compiled pattern, and of the tables that it makes while it matches.
const MAX_SIZE: usize = 1 << 20;

/// Why a pattern cannot be used: it is none, in OPA either, or it is one that we refuse.
enum Unusable {
    Invalid(String),
    Refused(String),
}

/// A compiled pattern. The engine's own functions clone it for every match, and with it an empty
/// scratch space that is filled anew each time. Readers take no lock.
fn kept(source: &str) -> std::result::Result<Arc<Regex>, Unusable> {
    find(source, 'g', || {
        translate(source).map_err(|why| match why.starts_with("unclosed") {
            true => Unusable::Invalid(why),
            false => Unusable::Refused(why),
        })
    })
}

/// A compiled pattern in our own syntax.
pub(super) fn native(name: &str, source: &str) -> Result<Arc<Regex>> {
    find(source, 'n', || Ok(source.to_owned())).map_err(|error| refused(name, error))
}

fn find(
    source: &str,
    kind: char,
    ours: impl FnOnce() -> std::result::Result<String, Unusable>,
) -> std::result::Result<Arc<Regex>, Unusable> {
    type Patterns = [HashMap<Arc<str>, Arc<Regex>>; 2];
    static KEPT: LazyLock<ArcSwap<Patterns>> = LazyLock::new(ArcSwap::default);
    let kind = usize::from(kind == 'n');
    if let Some(found) = KEPT.load()[kind].get(source) {
        return Ok(Arc::clone(found));
    }
    let compiled =
        RegexBuilder::new(&ours()?).size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).build().map_err(
            |error| {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let clear = ["unclosed", "unopened", "missing", "invalid character class range"];
                match clear.iter().any(|word| last.contains(word)) {
                    true => Unusable::Invalid(last.to_owned()),
                    false => Unusable::Refused(last.to_owned()),
                }
            },
        )?;
    let compiled = Arc::new(compiled);
    KEPT.rcu(|kept| {
        let mut next = Patterns::clone(kept);
        if next[kind].len() >= MAX_PATTERNS {
            next[kind].clear();
        }
        next[kind].insert(source.into(), Arc::clone(&compiled));
        next
    });
    Ok(compiled)
}

fn refused(name: &str, error: Unusable) -> BuiltinError {
    let (Unusable::Invalid(why) | Unusable::Refused(why)) = error;
    BuiltinError(format!("{name}: the pattern cannot be used: {why}"))
}

fn pattern(name: &str, args: &[Value], at: usize) -> Result<Arc<Regex>> {
    kept(text(name, args, at)?).map_err(|error| refused(name, error))
}

pub(super) fn matches(name: &'static str, args: &[Value]) -> Result<Value> {
    Ok(Value::Bool(pattern(name, args, 0)?.is_match(text(name, args, 1)?)))
}

pub(super) fn is_valid(name: &'static str, args: &[Value]) -> Result<Value> {
    let Some(Value::String(source)) = args.first() else { return Ok(Value::Bool(false)) };
    match kept(source) {
        Ok(_) => Ok(Value::Bool(true)),
        Err(Unusable::Invalid(_)) => Ok(Value::Bool(false)),
        // It may be valid in OPA: no answer is better than another.
        Err(Unusable::Refused(why)) => Err(BuiltinError(format!("{name}: {why}"))),
    }
}

pub(super) fn find_n(name: &'static str, args: &[Value]) -> Result<Value> {
    let (regex, text, most) =
        (pattern(name, args, 0)?, text(name, args, 1)?, integer(name, args, 2)?);
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(MAX_ITEMS + 1);
    let found: Vec<_> = regex.find_iter(text).take(most).map(|m| Value::from(m.as_str())).collect();
    few(name, found.len())?;
    Ok(Value::from(found))
}

pub(super) fn split(name: &'static str, args: &[Value]) -> Result<Value> {
    let (regex, text) = (pattern(name, args, 0)?, text(name, args, 1)?);
    // Go leaves out empty matches at the ends, and keeps one part of an empty text.
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text) {
        few(name, parts.len())?;
        end = found.start();
        if found.end() != 0 {
            parts.push(Value::from(&text[begin..end]));
        }
        begin = found.end();
    }
    if end != text.len() || text.is_empty() {
        parts.push(Value::from(&text[begin..]));
    }
    Ok(Value::from(parts))
}

pub(super) fn replace(name: &'static str, args: &[Value]) -> Result<Value> {
    let (source, regex, with) =
        (text(name, args, 0)?, pattern(name, args, 1)?, text(name, args, 2)?);
    let mut out = String::new();
    let mut at = 0;
    for found in regex.captures_iter(source) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&source[at..whole.start()]);
        found.expand(with, &mut out);
        at = whole.end();
        if out.len() > MAX_TEXT {
            return Err(BuiltinError(format!("{name} gives at most {MAX_TEXT} bytes")));
        }
    }
    out.push_str(&source[at..]);
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(function: super::super::Function, args: &[&str]) -> Result<Value> {
        let args: Vec<_> = args.iter().map(|text| Value::from(*text)).collect();
        function("f", &args)
    }

    #[test]
    fn patterns_are_kept_and_bounded() {
        for n in 0..2 * MAX_PATTERNS {
            let (pattern, text) = (format!("^{n}$"), n.to_string());
            assert_eq!(ask(matches, &[&pattern, &text]).unwrap(), Value::from(true));
        }
        assert!(ask(matches, &["(", "a"]).is_err());
        assert!(ask(matches, &["(?:a{1000}){1000}", "a"]).is_err());
        assert_eq!(ask(is_valid, &["("]).unwrap(), Value::from(false));
        assert_eq!(ask(is_valid, &["[a"]).unwrap(), Value::from(false));
        assert_eq!(ask(is_valid, &["a"]).unwrap(), Value::from(true));
        assert!(ask(is_valid, &[r"\Qa\E"]).is_err());
    }

    #[test]
    fn parts_and_replacements_are_go_s() {
        let list =
            |items: &[&str]| Value::from(items.iter().map(|t| Value::from(*t)).collect::<Vec<_>>());
        for (pattern, text, parts) in [
            ("", "abc", list(&["a", "b", "c"])),
            ("b", "abc", list(&["a", "c"])),
            ("a*", "abaabaccadaaae", list(&["", "b", "b", "c", "c", "d", "e"])),
            ("c", "abc", list(&["ab", ""])),
            ("x", "", list(&[""])),
        ] {
            assert_eq!(ask(split, &[pattern, text]).unwrap(), parts, "{pattern} {text}");
        }
        assert_eq!(ask(replace, &["abc", "(b)", "<$1>"]).unwrap(), Value::from("a<b>c"));
        assert_eq!(ask(replace, &["abc", "", "-"]).unwrap(), Value::from("-a-b-c-"));
        assert!(ask(replace, &[&"x".repeat(1 << 20), "x", "0123456789"]).is_err());
    }
}
