//! YAML from outside, as far as it is JSON.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{CanonicalError, parse_i_json, parse_wide_json};

/// Brackets open at once in a YAML file, in texts too.
const MAX_BRACKETS: usize = 1000;

/// The parser takes time in the square of the depth.
pub(crate) fn shallow(bytes: &[u8]) -> Result<(), String> {
    let mut open = 0_usize;
    for byte in bytes {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_BRACKETS {
            return Err(format!("more than {MAX_BRACKETS} brackets are open at once"));
        }
    }
    Ok(())
}

/// YAML as far as it is JSON: no repeated keys, no infinities; then JSON's own rules. Whoever reads
/// what a stranger wrote counts it first, as [`documents`] does.
///
/// # Errors
/// Why it is no such document, with line and column where the parser knows them.
pub fn document(bytes: &[u8]) -> Result<Value, String> {
    shallow(bytes)?;
    json(&yaml_serde::from_slice(bytes).map_err(|e| e.to_string())?, parse_i_json)
}

/// Every document of a stream, separated by `---`; empty ones are left out. Integers may have 64 bits.
///
/// # Errors
/// As [`document`]; or they hold more than `nodes` values.
pub fn documents(bytes: &[u8], nodes: usize) -> Result<Vec<Value>, String> {
    shallow(bytes)?;
    let (mut left, mut over) = (nodes, false);
    for document in yaml_serde::Deserializer::from_slice(bytes) {
        let counted = Count { left: &mut left, over: &mut over }.deserialize(document);
        if over {
            return Err(format!("it has more than {nodes} values"));
        }
        counted.map_err(|e| e.to_string())?;
    }
    let mut found = Vec::new();
    for document in yaml_serde::Deserializer::from_slice(bytes) {
        let value = yaml_serde::Value::deserialize(document).map_err(|e| e.to_string())?;
        if !value.is_null() {
            found.push(json(&value, parse_wide_json)?);
        }
    }
    Ok(found)
}

fn json(
    value: &yaml_serde::Value,
    parse: fn(&[u8]) -> Result<Value, CanonicalError>,
) -> Result<Value, String> {
    if !finite(value) {
        return Err("it holds a number that is not finite".into());
    }
    let json = serde_json::to_vec(value).map_err(|e| e.to_string())?;
    parse(&json).map_err(|e| e.to_string())
}

fn finite(value: &yaml_serde::Value) -> bool {
    use yaml_serde::Value as Yaml;
    match value {
        Yaml::Number(number) => number.as_f64().is_none_or(f64::is_finite),
        Yaml::Sequence(items) => items.iter().all(finite),
        Yaml::Mapping(members) => members.iter().all(|(key, value)| finite(key) && finite(value)),
        Yaml::Tagged(_) => false,
        _ => true,
    }
}

/// Counts the values of a document and keeps none of them.
pub(crate) struct Count<'a> {
    pub left: &'a mut usize,
    pub over: &'a mut bool,
}

impl Count<'_> {
    fn again(&mut self) -> Count<'_> {
        Count { left: self.left, over: self.over }
    }

    fn take<E: de::Error>(&mut self, length: usize) -> Result<(), E> {
        match self.left.checked_sub(1 + length / 128) {
            Some(left) => {
                *self.left = left;
                Ok(())
            }
            None => {
                *self.over = true;
                Err(E::custom("too many values"))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_bool<E: de::Error>(mut self, _: bool) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i64<E: de::Error>(mut self, _: i64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u64<E: de::Error>(mut self, _: u64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_f64<E: de::Error>(mut self, _: f64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_unit<E: de::Error>(mut self) -> Result<(), E> {
        self.take(0)
    }

    fn visit_str<E: de::Error>(mut self, text: &str) -> Result<(), E> {
        self.take(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.take(0)?;
        while items.next_element_seed(self.again())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.take(0)?;
        while members.next_key_seed(self.again())?.is_some() {
            members.next_value_seed(self.again())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_its_documents_and_a_bomb_is_refused() {
        let text = b"---\na: 1\n---\n---\n200: {b: [x, null]}\n";
        let wanted = vec![json!({"a": 1}), json!({"200": {"b": ["x", null]}})];
        assert_eq!(documents(text, 100), Ok(wanted));
        assert!(documents(text, 5).is_err_and(|e| e.contains("more than 5 values")));
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
        for (i, pair) in "abcdefghijk".as_bytes().windows(2).enumerate() {
            let (from, to) = (char::from(pair[0]), char::from(pair[1]));
            let all = vec![format!("*{from}"); 9].join(", ");
            bomb += &format!("{to}: &{to} [{all}] # {i}\n");
        }
        assert!(documents(bomb.as_bytes(), 200_000).is_err());
        for wrong in ["a: .inf", "a: 1\na: 2", "a: [", "!x y"] {
            assert!(documents(wrong.as_bytes(), 100).is_err(), "{wrong}");
        }
    }
}
