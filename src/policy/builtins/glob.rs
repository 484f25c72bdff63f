//! `glob.match`, as the library that OPA uses reads patterns: `*` and `?` stop at delimiters, `**`
//! does not, `[abc]`, `[!a-c]`, `{a,b}`. What that library reads in a way of its own is refused.

use std::fmt::Write as _;

use regex::Regex;
use regorus::Value;

use super::{BuiltinError, Result, regexp, text};

/// Bytes of a pattern.
const LONGEST: usize = 4096;

pub(super) fn matches(name: &'static str, args: &[Value]) -> Result<Value> {
    let (pattern, subject) = (text(name, args, 0)?, text(name, args, 2)?);
    let refused = |why: String| BuiltinError(format!("{name}: {why}"));
    let mut delimiters = Vec::new();
    match args.get(1) {
        Some(Value::Null) => {}
        Some(Value::Array(list)) => {
            for item in list.iter() {
                let mut chars = match item {
                    Value::String(text) => text.chars(),
                    _ => return Err(refused("delimiters are single characters".into())),
                };
                match (chars.next(), chars.next()) {
                    (Some(c), None) => delimiters.push(c),
                    _ => return Err(refused("delimiters are single characters".into())),
                }
            }
            if list.is_empty() {
                delimiters.push('.');
            }
        }
        _ => return Err(refused("it expects an array or null as argument 2".into())),
    }
    if pattern.len() > LONGEST {
        return Err(refused(format!("a pattern has at most {LONGEST} bytes")));
    }
    let regex = translate(pattern, &delimiters).map_err(refused)?;
    regexp::native(name, &regex).map(|regex| Value::Bool(Regex::is_match(&regex, subject)))
}

/// Also braces, which the engine's own leaves.
pub(super) fn quote(name: &'static str, args: &[Value]) -> Result<Value> {
    let mut to = String::new();
    for c in text(name, args, 0)?.chars() {
        if r"*?\[]{}".contains(c) {
            to.push('\\');
        }
        to.push(c);
    }
    super::bounded(name, to.len())?;
    Ok(Value::from(to))
}

fn literal(c: char, to: &mut String) {
    let _ = write!(to, "\\x{{{:X}}}", u32::from(c));
}

fn translate(pattern: &str, delimiters: &[char]) -> std::result::Result<String, String> {
    let mut one = String::from(".");
    if !delimiters.is_empty() {
        one = "[^".into();
        delimiters.iter().for_each(|c| literal(*c, &mut one));
        one.push(']');
    }
    let mut to = String::from(r"(?s)\A(?:");
    let mut from = pattern.chars().peekable();
    // Whether the current alternative is still empty, for each open brace.
    let mut open: Vec<bool> = Vec::new();
    while let Some(c) = from.next() {
        let began = !matches!(c, ',' | '}');
        if began && let Some(empty) = open.last_mut() {
            *empty = false;
        }
        match c {
            '*' if from.peek() == Some(&'*') => {
                from.next();
                if from.peek() == Some(&'*') {
                    return Err("three asterisks in a row".into());
                }
                to.push_str(".*");
            }
            '*' => drop(write!(to, "{one}*")),
            '?' => to.push_str(&one),
            '\\' => match from.next() {
                Some(c) => literal(c, &mut to),
                None => return Err("the pattern ends in a backslash".into()),
            },
            '[' => class(&mut from, &mut to)?,
            '{' => {
                to.push_str("(?:");
                open.push(true);
            }
            ',' | '}' if !open.is_empty() => {
                if open.last() == Some(&true) {
                    return Err("an empty alternative".into());
                }
                open.pop();
                if c == ',' {
                    to.push('|');
                    open.push(true);
                } else {
                    to.push(')');
                }
            }
            '}' | ']' => return Err(format!("a {c:?} that closes nothing; write \\{c}")),
            _ => literal(c, &mut to),
        }
    }
    if !open.is_empty() {
        return Err("an unclosed brace".into());
    }
    to.push_str(r")\z");
    Ok(to)
}

fn class(
    from: &mut std::iter::Peekable<std::str::Chars<'_>>,
    to: &mut String,
) -> std::result::Result<(), String> {
    to.push('[');
    if from.peek() == Some(&'!') {
        from.next();
        to.push('^');
    }
    let members: Vec<char> = from.by_ref().take_while(|c| *c != ']').collect();
    match members.as_slice() {
        [low, '-', high] if low <= high => {
            literal(*low, to);
            to.push('-');
            literal(*high, to);
        }
        [] => return Err("an empty class".into()),
        list if list.iter().any(|c| matches!(c, '-' | '\\' | '[' | '!')) => {
            return Err("a class is a list of characters or one range".into());
        }
        list => list.iter().for_each(|c| literal(*c, to)),
    }
    to.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(pattern: &str, delimiters: &str, text: &str) -> Result<bool> {
        let delimiters = Value::from_json_str(delimiters).unwrap();
        matches("glob.match", &[Value::from(pattern), delimiters, Value::from(text)])
            .map(|value| value == Value::Bool(true))
    }

    #[test]
    fn patterns_match() {
        for (pattern, delimiters, text, expected) in [
            ("*.github.com", "[]", "api.github.com", true),
            ("*.github.com", "[]", "api.cdn.github.com", false),
            ("*hub.com", "null", "api.cdn.github.com", true),
            ("*:github:com", "[\":\"]", "api:github:com", true),
            ("api.**.com", "[\".\"]", "api.cdn.github.com", true),
            ("?at", "[]", "cat", true),
            ("?at", "[]", "at", false),
            ("[abc]at", "[]", "bat", true),
            ("[!a-c]at", "[]", "bat", false),
            ("[a-c]at", "[]", "bat", true),
            ("{cat,b*}", "[]", "bat", true),
            ("{cat,{b,f}at}", "[]", "fat", true),
            ("a\\*", "[]", "a*", true),
            ("a.b", "null", "axb", false),
        ] {
            assert_eq!(ask(pattern, delimiters, text).unwrap(), expected, "{pattern} {text}");
        }
        for pattern in ["{a,}", "{,a}", "a***", "[", "[]", "[a-c0-9]", "{a", "a}", "\\"] {
            assert!(ask(pattern, "[]", "a").is_err(), "{pattern}");
        }
        assert!(ask("a", "[\"..\"]", "a").is_err());
    }
}
