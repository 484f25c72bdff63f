//! The documents under `data/`, mounted as stock OPA mounts them (`opa test opa data`): directories
//! are objects, file names count for nothing, so that the members of `data/a/licenses.json` are
//! members of `data.a`. The engine and the OPA bundle both take them from here.

use serde::de::DeserializeSeed as _;
use serde_json::{Map, Value};

use crate::domain::yaml::{Count, shallow};
use crate::domain::{parse_i_json, yaml};

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

/// The document of one file, wrapped in an object for each directory; `None` for a file that lies
/// elsewhere.
///
/// # Errors
/// Why the file is no document.
pub fn mounted(file: &str, bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    let Some(path) = file.strip_prefix("data/") else { return Ok(None) };
    let value = match is_json(path) {
        true => parse_i_json(bytes).map_err(|e| e.to_string())?,
        false => yaml::document(bytes)?,
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
