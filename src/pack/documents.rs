//! The documents under `data/`, mounted as stock OPA mounts them (`opa test opa data`): directories
//! are objects, file names count for nothing, so that the members of `data/a/licenses.json` are
//! members of `data.a`. The engine and the OPA bundle both take them from here.

use serde_json::{Map, Value};

use crate::domain::parse_i_json;

/// The document of one file, wrapped in an object for each directory; `None` for a file that lies
/// elsewhere.
///
/// # Errors
/// Why the file is no document.
pub fn mounted(file: &str, bytes: &[u8]) -> Result<Option<Map<String, Value>>, String> {
    let Some(path) = file.strip_prefix("data/") else { return Ok(None) };
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let value = match extension {
        "json" => parse_i_json(bytes).map_err(|e| e.to_string())?,
        _ => yaml(bytes)?,
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

/// YAML as far as it is JSON: no repeated keys, no infinities; then JSON's own rules.
fn yaml(bytes: &[u8]) -> Result<Value, String> {
    // The parser takes time in the square of the depth.
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
