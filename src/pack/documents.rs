//! The documents under `data/`, mounted as stock OPA mounts them (`opa test opa data`): directories
//! are objects, file names count for nothing, so that the members of `data/a/licenses.json` are
//! members of `data.a`. The engine and the OPA bundle both take them from here.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::parse_i_json;

/// Bytes of JSON that are mounted for one OPA bundle.
pub(super) const MAX_JSON: usize = 8 << 20;
/// Bytes of YAML; its parser holds a hundred times as much.
pub(super) const MAX_YAML: usize = 1 << 20;
/// Values and member names. A text counts once more for every 128 bytes, because a YAML alias
/// repeats it for the price of two.
pub(super) const MAX_NODES: usize = 200_000;

/// What the documents of one pack may still take.
pub(super) struct Allowance {
    json: usize,
    yaml: usize,
    nodes: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { json: MAX_JSON, yaml: MAX_YAML, nodes: MAX_NODES }
    }
}

/// Why a document is not mounted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unmounted {
    /// All documents together are more than is allowed.
    TooLarge(String),
    /// It is no document.
    Invalid(String),
}

/// [`mounted`], but counted before any tree is built, and refused if there is too much.
///
/// # Errors
/// Why the file is not mounted.
pub(super) fn mounted_within(
    file: &str,
    bytes: &[u8],
    allowance: &mut Allowance,
) -> Result<Option<Map<String, Value>>, Unmounted> {
    if !file.starts_with("data/") {
        return Ok(None);
    }
    let json = is_json(file);
    let (left, kind, most) = match json {
        true => (&mut allowance.json, "JSON", MAX_JSON),
        false => (&mut allowance.yaml, "YAML", MAX_YAML),
    };
    *left = left.checked_sub(bytes.len()).ok_or_else(|| {
        Unmounted::TooLarge(format!("the pack has more than {most} bytes of {kind}"))
    })?;
    if !json {
        shallow(bytes).map_err(Unmounted::Invalid)?;
    }
    let mut over = false;
    let count = Count { left: &mut allowance.nodes, over: &mut over };
    let counted = match json {
        true => count
            .deserialize(&mut serde_json::Deserializer::from_slice(bytes))
            .map_err(|e| e.to_string()),
        false => count
            .deserialize(yaml_serde::Deserializer::from_slice(bytes))
            .map_err(|e| e.to_string()),
    };
    if over {
        let message = format!("the pack's documents have more than {MAX_NODES} values");
        return Err(Unmounted::TooLarge(message));
    }
    // What could not be counted to its end must not be built either.
    counted.and_then(|()| mounted(file, bytes)).map_err(Unmounted::Invalid)
}

fn is_json(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, extension)| extension == "json")
}

/// Counts the values of a document and keeps none of them.
struct Count<'a> {
    left: &'a mut usize,
    over: &'a mut bool,
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

/// The document of one file, wrapped in an object for each directory; `None` for a file that lies
/// elsewhere.
///
/// # Errors
/// Why the file is no document.
pub fn mounted(file: &str, bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    let Some(path) = file.strip_prefix("data/") else { return Ok(None) };
    let value = match is_json(path) {
        true => parse_i_json(bytes).map_err(|e| e.to_string())?,
        false => yaml(bytes)?,
    };
    let names: Vec<&str> =
        path.rsplit_once('/').map_or(vec![], |(dir, _)| dir.split('/').collect());
    let document = names
        .iter()
        .rev()
        .fold(value, |inner, name| Value::Object(Map::from_iter([((*name).to_owned(), inner)])));
    match document {
        Value::Object(members) => Ok(Some(members)),
        _ => Err("the root document must be an object".into()),
    }
}

/// Lays `from` over `into`. Objects join; anything else must be the same in both.
///
/// # Errors
/// The place that has two values, as a path of member names.
pub fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) -> Result<(), String> {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (None, value) => drop(into.insert(name, value)),
            (Some(Value::Object(old)), Value::Object(new)) => {
                merge(old, new).map_err(|place| format!("{name}.{place}"))?;
            }
            (Some(old), new) if *old == new => {}
            (Some(_), _) => return Err(name),
        }
    }
    Ok(())
}

/// Brackets open at once in a YAML file, in texts too.
const MAX_BRACKETS: usize = 1000;

/// The parser takes time in the square of the depth.
fn shallow(bytes: &[u8]) -> Result<(), String> {
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

/// YAML as far as it is JSON: no repeated keys, no infinities; then JSON's own rules.
fn yaml(bytes: &[u8]) -> Result<Value, String> {
    shallow(bytes)?;
    let value: yaml_serde::Value = yaml_serde::from_slice(bytes).map_err(|e| e.to_string())?;
    if !finite(&value) {
        return Err("it holds a number that is not finite".into());
    }
    let json = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
    parse_i_json(&json).map_err(|e| e.to_string())
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
