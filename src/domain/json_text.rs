//! Changes one value in a JSON text and leaves every other byte as it is, so that a patch shows
//! what was mended and nothing else. The text must be JSON; in other text nothing is found.

use std::ops::Range;

use serde_json::Value;

/// Deeper no document of ours is nested.
const DEPTH: usize = 128;

/// The text with the value at `pointer` replaced; none if there is none.
pub fn replaced(text: &str, pointer: &str, value: &Value) -> Option<String> {
    let place = locate(text, pointer)?;
    spliced(text, place, &value.to_string())
}

/// The text with one more member at the end of the object at `pointer`; none if there is no object
/// or if it has the member.
pub fn with_member(text: &str, pointer: &str, name: &str, value: &Value) -> Option<String> {
    let place = locate(text, pointer)?;
    let list = List::read(text, place.start)?;
    let key = Value::from(name).to_string();
    if list.object.is_none() || member(text, place.start, name).is_some() {
        return None;
    }
    list.push(text, &format!("{key}: {value}"))
}

/// The text with one more item at the end of the array at `pointer`; none if there is no array.
pub fn with_item(text: &str, pointer: &str, value: &Value) -> Option<String> {
    let place = locate(text, pointer)?;
    let list = List::read(text, place.start)?;
    match list.object {
        None => list.push(text, &value.to_string()),
        Some(()) => None,
    }
}

/// Where the value at a JSON pointer stands.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut at = space(text, 0);
    for part in pointer.split('/').skip(1) {
        let name = crate::domain::pointer::unescaped(part);
        at = match text.as_bytes().get(at)? {
            b'{' => member(text, at, &name)?,
            b'[' => {
                let index: usize = name.parse().ok()?;
                *items(text, at)?.0.get(index)?
            }
            _ => return None,
        };
    }
    Some(at..end(text, at, 0)?)
}

fn spliced(text: &str, place: Range<usize>, with: &str) -> Option<String> {
    Some([text.get(..place.start)?, with, text.get(place.end..)?].concat())
}

/// What is between the brackets of an object or array.
struct List {
    /// There, if it is an object.
    object: Option<()>,
    /// Just behind the opening bracket.
    inside: usize,
    /// The first member or item, and just behind the last one.
    first_last: Option<(usize, usize)>,
}

impl List {
    fn read(text: &str, at: usize) -> Option<Self> {
        let object = match text.as_bytes().get(at)? {
            b'{' => Some(()),
            b'[' => None,
            _ => return None,
        };
        let (begins, ends) = match object {
            Some(()) => {
                let members = members(text, at)?;
                let begins: Vec<usize> = members.iter().map(|m| m.key.start).collect();
                (begins, members.last().map(|m| m.value.end))
            }
            None => items(text, at)?,
        };
        Some(Self { object, inside: at + 1, first_last: begins.first().copied().zip(ends) })
    }

    fn push(&self, text: &str, entry: &str) -> Option<String> {
        match self.first_last {
            None => spliced(text, self.inside..self.inside, entry),
            Some((first, last)) => {
                let lead = text.get(self.inside..first)?;
                spliced(text, last..last, &format!(",{lead}{entry}"))
            }
        }
    }
}

struct Member {
    key: Range<usize>,
    value: Range<usize>,
}

fn members(text: &str, at: usize) -> Option<Vec<Member>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = space(text, at + 1);
    while bytes.get(at)? != &b'}' {
        let key = at..end(text, at, 0)?;
        let colon = space(text, key.end);
        if bytes.get(colon)? != &b':' {
            return None;
        }
        let start = space(text, colon + 1);
        let value = start..end(text, start, 0)?;
        at = space(text, value.end);
        if bytes.get(at)? == &b',' {
            at = space(text, at + 1);
        }
        found.push(Member { key, value });
    }
    Some(found)
}

/// Where items begin, and where the last one ends.
fn items(text: &str, at: usize) -> Option<(Vec<usize>, Option<usize>)> {
    let bytes = text.as_bytes();
    let (mut found, mut last) = (Vec::new(), None);
    let mut at = space(text, at + 1);
    while bytes.get(at)? != &b']' {
        found.push(at);
        let behind = end(text, at, 0)?;
        last = Some(behind);
        at = space(text, behind);
        if bytes.get(at)? == &b',' {
            at = space(text, at + 1);
        }
    }
    Some((found, last))
}

fn member(text: &str, at: usize, name: &str) -> Option<usize> {
    members(text, at)?.into_iter().find_map(|member| {
        let key: String = serde_json::from_str(text.get(member.key)?).ok()?;
        (key == name).then_some(member.value.start)
    })
}

fn space(text: &str, mut at: usize) -> usize {
    while text.as_bytes().get(at).is_some_and(|b| b" \t\n\r".contains(b)) {
        at += 1;
    }
    at
}

/// Just behind the value that begins at `at`.
fn end(text: &str, at: usize, depth: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let close = match bytes.get(at)? {
        b'"' => {
            let mut at = at + 1;
            loop {
                match bytes.get(at)? {
                    b'"' => return Some(at + 1),
                    b'\\' => at += 2,
                    _ => at += 1,
                }
            }
        }
        b'{' => b'}',
        b'[' => b']',
        _ => {
            let rest = bytes.get(at..)?;
            let ends = |byte: &u8| b" \t\n\r,:{}[]\"".contains(byte);
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            return (length > 0).then_some(at + length);
        }
    };
    if depth > DEPTH {
        return None;
    }
    let mut at = at + 1;
    loop {
        at = space(text, at);
        match bytes.get(at)? {
            byte if *byte == close => return Some(at + 1),
            b',' | b':' => at += 1,
            _ => at = end(text, at, depth + 1)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str =
        "{\n  \"a/b\": [1, {\"c\": \"x\\\"}\"}],\n  \"e\": {},\n  \"\\u0066\": []\n}\n";

    #[test]
    fn values_are_replaced_and_all_else_stays() {
        let one = |pointer: &str| locate(TEXT, pointer).map(|place| &TEXT[place]);
        assert_eq!(one("/a~1b/0"), Some("1"));
        assert_eq!(one("/a~1b/1/c"), Some("\"x\\\"}\""));
        assert_eq!(one("/e"), Some("{}"));
        assert_eq!(one("/f"), Some("[]"));
        for nowhere in ["/x", "/a~1b/2", "/a~1b/x", "/e/y", "/a~1b/0/z"] {
            assert_eq!(one(nowhere), None, "{nowhere}");
        }
        let changed = replaced(TEXT, "/a~1b/1/c", &json!(2)).unwrap();
        assert_eq!(changed, TEXT.replace("\"x\\\"}\"", "2"));
        for text in ["", "{", "{\"a\"", "[1", "\"", &"[".repeat(1000)] {
            assert_eq!(locate(text, "/a"), None, "{text}");
        }
    }

    #[test]
    fn members_and_items_are_added_as_their_neighbours_stand() {
        let with = with_member(TEXT, "", "g", &json!(1)).unwrap();
        assert_eq!(with, TEXT.replace("[]\n}", "[],\n  \"g\": 1\n}"));
        assert_eq!(
            with_member(TEXT, "/e", "g", &json!(1)).unwrap(),
            TEXT.replace("{}", "{\"g\": 1}")
        );
        assert_eq!(with_item(TEXT, "/f", &json!(1)).unwrap(), TEXT.replace("[]", "[1]"));
        let with = with_item(TEXT, "/a~1b", &json!(null)).unwrap();
        assert_eq!(with, TEXT.replace("}\"}]", "}\"},null]"));
        assert_eq!(with_member(TEXT, "", "e", &json!(1)), None, "it is there");
        assert_eq!(with_member(TEXT, "/f", "e", &json!(1)), None);
        assert_eq!(with_item(TEXT, "/e", &json!(1)), None);
    }
}
