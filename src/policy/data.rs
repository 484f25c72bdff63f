//! The documents under `data/`, mounted as stock OPA mounts them (`opa test opa data`): directories
//! are objects, file names count for nothing, so that the members of `data/a/licenses.json` are
//! members of `data.a`. Two files that give one member different values are refused.

use std::collections::BTreeSet;

use regorus::{Engine, Value as Rego};
use serde_json::{Map, Value};

use super::error::LoadError;
use crate::domain::parse_i_json;
use crate::pack::Files;

/// Gives every document to the engine, and tells them all as one. `taken` are the first components of the pack's packages,
/// under which no document may lie: a rule and a document of one name hide each other.
pub(super) fn load(
    engine: &mut Engine,
    files: &Files,
    taken: &BTreeSet<String>,
) -> Result<Value, LoadError> {
    let mut all = Value::Object(Map::new());
    for (file, bytes) in files.iter() {
        let Some(path) = file.strip_prefix("data/") else { continue };
        let invalid = |message: String| LoadError::DataInvalid { file: file.to_owned(), message };
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let value = match extension {
            "json" => parse_i_json(bytes).map_err(|e| invalid(e.to_string()))?,
            _ => yaml(bytes).map_err(invalid)?,
        };
        let names: Vec<&str> =
            path.rsplit_once('/').map_or(vec![], |(dir, _)| dir.split('/').collect());
        let document = names.iter().rev().fold(value, |inner, name| {
            Value::Object(Map::from_iter([((*name).to_owned(), inner)]))
        });
        let Value::Object(members) = &document else {
            return Err(invalid("the root document must be an object".into()));
        };
        if let Some(name) = members.keys().find(|name| taken.contains(*name)) {
            let message = format!("it lies at data.{name}, and a package of that name holds rules");
            return Err(invalid(message));
        }
        merge(&mut all, &document);
        let document: Rego =
            serde_json::from_value(document).map_err(|e| invalid(e.to_string()))?;
        engine.add_data(document).map_err(|e| invalid(e.to_string()))?;
    }
    Ok(all)
}

/// What two files say of one member in two ways, the engine refuses.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// YAML as far as it is JSON: no repeated keys, no infinities; then JSON's own rules.
fn yaml(bytes: &[u8]) -> Result<Value, String> {
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
