//! What made two JSON documents differ: by JSON pointer where their values do, by kind where only
//! their spelling does.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::canonical::canonical_bytes;

/// One place where two values differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// Where (RFC 6901 JSON pointer).
    pub pointer: String,
    /// What the first has there; none if it has nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// What the second has there; none if it has nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// Where two values differ, in order of their canonical forms, at most `limit` places.
pub fn differences(first: &Value, second: &Value, limit: usize) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(Some(first), Some(second), &mut String::new(), limit, &mut found);
    found
}

fn compare(
    first: Option<&Value>,
    second: Option<&Value>,
    pointer: &mut String,
    limit: usize,
    found: &mut Vec<Difference>,
) {
    if found.len() >= limit {
        return;
    }
    let length = pointer.len();
    match (first, second) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                pointer.push('/');
                pointer.push_str(&crate::domain::pointer::escaped(name));
                compare(one.get(name), other.get(name), pointer, limit, found);
                pointer.truncate(length);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                pointer.push_str(&format!("/{index}"));
                compare(one.get(index), other.get(index), pointer, limit, found);
                pointer.truncate(length);
            }
        }
        // 1 and 1.0 are one number.
        (Some(one), Some(other)) if same(one, other) => {}
        (from, to) => found.push(Difference {
            pointer: pointer.clone(),
            from: from.cloned(),
            to: to.cloned(),
        }),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    one == other
        || matches!((canonical_bytes(one), canonical_bytes(other)), (Ok(a), Ok(b)) if a == b)
}

/// In which ways two texts of the same value are written differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Spelling {
    /// White space between the tokens.
    pub white_space: bool,
    /// The order of members.
    pub member_order: bool,
    /// Numbers, for instance `1.0` and `1`.
    pub numbers: bool,
    /// Strings, for instance `\u0041` and `A`.
    pub strings: bool,
}

impl Spelling {
    /// Compares two texts that parse to the same value.
    pub fn of(first: &str, second: &str) -> Self {
        let (one, other) = (tokens(first), tokens(second));
        let plain =
            |tokens: &[&str]| -> Vec<String> { tokens.iter().map(|t| canonical(t)).collect() };
        let kind = |tokens: &[&str], string: bool| -> Vec<String> {
            let mut of: Vec<_> = tokens
                .iter()
                .filter(|token| token.starts_with('"') == string)
                .map(|token| (*token).to_owned())
                .collect();
            of.sort();
            of
        };
        Self {
            white_space: one == other && first != second || spaces(first) != spaces(second),
            member_order: plain(&one) != plain(&other),
            numbers: kind(&one, false) != kind(&other, false),
            strings: kind(&one, true) != kind(&other, true),
        }
    }
}

/// The tokens of a text that is JSON.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let begin = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b'"' => {
                while let Some(&byte) = bytes.get(at) {
                    at += if byte == b'\\' { 2 } else { 1 };
                    if byte == b'"' {
                        break;
                    }
                }
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {}
            _ => {
                let ends = |byte: &u8| b" \t\n\r{}[],:\"".contains(byte);
                while bytes.get(at).is_some_and(|byte| !ends(byte)) {
                    at += 1;
                }
            }
        }
        found.extend(text.get(begin..at.min(text.len())));
    }
    found
}

fn canonical(token: &str) -> String {
    let value = serde_json::from_str::<Value>(token).ok();
    let bytes = value.and_then(|value| canonical_bytes(&value).ok());
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| token.to_owned())
}

/// How many characters are white space between tokens.
fn spaces(text: &str) -> usize {
    text.len() - tokens(text).iter().map(|token| token.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_named_and_equal_numbers_are_equal() {
        let one = json!({"a": 1, "b": {"c/d": [1, 2]}, "e": 1.0, "gone": null});
        let other = json!({"a": 2, "b": {"c/d": [1, 3, 4]}, "e": 1, "new": "x"});
        let found = differences(&one, &other, 100);
        let places: Vec<_> = found.iter().map(|d| d.pointer.as_str()).collect();
        assert_eq!(places, ["/a", "/b/c~1d/1", "/b/c~1d/2", "/gone", "/new"]);
        assert_eq!((&found[0].from, &found[0].to), (&Some(json!(1)), &Some(json!(2))));
        assert_eq!((&found[3].from, &found[3].to), (&Some(json!(null)), &None));
        assert_eq!(differences(&one, &other, 2).len(), 2);
        assert_eq!(differences(&one, &one, 9), []);
    }

    #[test]
    fn spellings_are_told_apart() {
        let none = Spelling::default();
        for (one, other, expected) in [
            (r#"{"a":1}"#, r#"{"a":1}"#, none),
            (r#"{"a":1}"#, "{ \"a\" : 1 }\n", Spelling { white_space: true, ..none }),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, Spelling { numbers: true, ..none }),
            (r#"{"a":1}"#, r#"{"\u0061":1}"#, Spelling { strings: true, ..none }),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, Spelling { member_order: true, ..none }),
            (
                r#"{"a":10,"b":"\""}"#,
                r#"{"b":"\u0022", "a":1e1}"#,
                Spelling { white_space: true, member_order: true, numbers: true, strings: true },
            ),
        ] {
            assert_eq!(Spelling::of(one, other), expected, "{one} {other}");
        }
    }
}
