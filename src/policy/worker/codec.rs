//! Inputs on the pipe: a tag, a length, bytes. Quicker than JSON text, and as deep as need be, where
//! the JSON reader stops at a depth that a document within an input may reach.

use std::collections::BTreeMap;

use regorus::Value as Rego;
use serde::Deserialize as _;
use serde_json::Value;

/// Appends a value.
pub(super) fn encode(value: &Value, to: &mut Vec<u8>) {
    let text = |to: &mut Vec<u8>, tag: u8, text: &str| {
        to.push(tag);
        to.extend((text.len() as u64).to_be_bytes());
        to.extend(text.as_bytes());
    };
    match value {
        Value::Null => to.push(b'n'),
        Value::Bool(value) => to.push(if *value { b't' } else { b'f' }),
        Value::Number(number) => text(to, b'#', &number.to_string()),
        Value::String(value) => text(to, b's', value),
        Value::Array(items) => {
            to.push(b'a');
            to.extend((items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| encode(item, to));
        }
        Value::Object(members) => {
            to.push(b'o');
            to.extend((members.len() as u64).to_be_bytes());
            for (name, member) in members {
                text(to, b's', name);
                encode(member, to);
            }
        }
    }
}

/// Reads a value off the front; `None` if that is none. Needs stack for its depth.
pub(super) fn decode(from: &mut &[u8]) -> Option<Rego> {
    let (&tag, rest) = from.split_first()?;
    *from = rest;
    Some(match tag {
        b'n' => Rego::Null,
        b't' => Rego::from(true),
        b'f' => Rego::from(false),
        b'#' => {
            let number: serde_json::Number = text(from)?.parse().ok()?;
            Rego::deserialize(&Value::Number(number)).ok()?
        }
        b's' => Rego::from(text(from)?),
        b'a' => {
            let count = length(from)?;
            let items: Option<Vec<_>> = (0..count).map(|_| decode(from)).collect();
            Rego::from(items?)
        }
        b'o' => {
            let count = length(from)?;
            let mut members = BTreeMap::new();
            for _ in 0..count {
                let name = decode(from)?;
                members.insert(name, decode(from)?);
            }
            Rego::from(members)
        }
        _ => return None,
    })
}

fn length(from: &mut &[u8]) -> Option<u64> {
    let (length, rest) = from.split_first_chunk::<8>()?;
    *from = rest;
    Some(u64::from_be_bytes(*length))
}

fn text<'a>(from: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(length(from)?).ok()?;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_in_comes_out_as_the_engine_reads_it() {
        let mut deep = Value::Null;
        for _ in 0..500 {
            deep = json!([deep]);
        }
        let value = json!({
            "a": [1, -1, 0.5, 1e300, u64::MAX, i64::MIN, 1.0, -0.0], "": null, "ä\u{0}": "\"ß",
            "t": true, "f": false, "o": {}, "l": [], "d": deep,
        });
        let mut bytes = Vec::new();
        encode(&value, &mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(decode(&mut rest).unwrap(), Rego::deserialize(&value).unwrap());
        assert!(rest.is_empty());
        for end in 0..bytes.len().min(300) {
            assert_eq!(decode(&mut &bytes[..end]), None, "{end}");
        }
        assert_eq!(
            decode(&mut [b's', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff].as_slice()),
            None
        );
        assert_eq!(decode(&mut b"x".as_slice()), None);
    }
}
