//! The documents under `data/` given to the engine, as `pack::mounted` mounts them. Two files that
//! give one member different values are refused.

use std::collections::BTreeSet;

use regorus::{Engine, Value as Rego};
use serde_json::{Map, Value};

use super::error::LoadError;
use crate::pack::{Files, merge, mounted};

/// Gives every document to the engine. `taken` are the first components of the pack's packages,
/// under which no document may lie: a rule and a document of one name hide each other.
pub(super) fn load(
    engine: &mut Engine,
    files: &Files,
    taken: &BTreeSet<String>,
) -> Result<(), LoadError> {
    for (file, bytes) in files.iter() {
        let invalid = |message: String| LoadError::DataInvalid { file: file.to_owned(), message };
        let Some(members) = mounted(file, bytes).map_err(invalid)? else { continue };
        if let Some(name) = members.keys().find(|name| taken.contains(*name)) {
            let message = format!("it lies at data.{name}, and a package of that name holds rules");
            return Err(invalid(message));
        }
        let document: Rego =
            serde_json::from_value(Value::Object(members)).map_err(|e| invalid(e.to_string()))?;
        engine.add_data(document).map_err(|e| invalid(e.to_string()))?;
    }
    Ok(())
}

/// All documents as one, as Rego sees them under `data`.
pub(super) fn documents(files: &Files) -> Result<Value, LoadError> {
    let mut all = Map::new();
    for (file, bytes) in files.iter() {
        let invalid = |message: String| LoadError::DataInvalid { file: file.to_owned(), message };
        if let Some(members) = mounted(file, bytes).map_err(invalid)? {
            merge(&mut all, members)
                .map_err(|place| invalid(format!("data.{place} has another value elsewhere")))?;
        }
    }
    Ok(Value::Object(all))
}
