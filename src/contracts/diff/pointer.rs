//! JSON pointers (RFC 6901) as text.

use serde_json::Value;

pub(in super::super) use crate::domain::pointer::join;

/// The pointer to what holds the place, and the place's name in it.
pub(super) fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, token) = pointer.rsplit_once('/')?;
    Some((parent, crate::domain::pointer::unescaped(token)))
}

/// A URI fragment as a pointer.
pub(in super::super) fn unescape_fragment(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [byte, after @ ..] = rest {
        let two = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match two.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *byte == b'%') {
            Some(escaped) => {
                bytes.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| fragment.to_owned())
}

/// A pointer as a reference within a document (RFC 6901, section 6).
pub(in super::super) fn fragment(pointer: &str) -> String {
    let mut text = String::from("#");
    for byte in pointer.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => text.push(char::from(byte)),
            _ if b"-._~!$&'()*+,;=:@/?".contains(&byte) => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// What a reference within a document leads to.
pub(super) fn lookup<'v>(document: &'v Value, reference: &str) -> Option<&'v Value> {
    document.pointer(&unescape_fragment(reference.trim_start_matches('#')))
}

/// Puts a value in a place whose parent exists.
pub(super) fn set(document: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let Some((parent, token)) = split(pointer) else {
        *document = value;
        return Some(());
    };
    match document.pointer_mut(parent)? {
        Value::Object(object) => {
            object.insert(token, value);
        }
        Value::Array(list) => {
            let index: usize = token.parse().ok()?;
            match list.get_mut(index) {
                Some(place) => *place = value,
                None => list.push(value),
            }
        }
        _ => return None,
    }
    Some(())
}

/// Takes what is in a place away.
pub(super) fn remove(document: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, token) = split(pointer)?;
    match document.pointer_mut(parent)? {
        Value::Object(object) => object.remove(&token),
        Value::Array(list) => {
            let index: usize = token.parse().ok()?;
            (index < list.len()).then(|| list.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_found_set_and_removed() {
        let mut document = json!({"a/b": [1, 2], "c~d": {}});
        let at = join("", "a/b");
        assert_eq!(at, "/a~1b");
        assert_eq!(split(&join(&at, "0")), Some(("/a~1b", "0".into())));
        set(&mut document, "/a~1b/1", json!(3)).unwrap();
        set(&mut document, &join("/c~0d", "x"), json!(true)).unwrap();
        assert_eq!(remove(&mut document, "/a~1b/0"), Some(json!(1)));
        assert_eq!(document, json!({"a/b": [3], "c~d": {"x": true}}));
        assert_eq!(set(&mut document, "/none/x", json!(1)), None);
        assert_eq!(unescape_fragment("/a%25b%zz/%24defs"), "/a%b%zz/$defs");
    }
}
