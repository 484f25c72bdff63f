//! Schemas from files and folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::exit::Failure;
use super::super::settings::read;
use crate::domain::parse_wide_json;

/// Folders below a folder, and files in all.
const MAX_DEPTH: usize = 12;
const MAX_FILES: usize = 10_000;

/// The schemas of one side.
pub(super) struct Schemas {
    /// By path below the folder, or by file name.
    pub named: BTreeMap<String, Value>,
    /// All of them by `$id` and by file name, for those who refer to them.
    pub known: BTreeMap<String, Value>,
}

/// Reads a schema, or every `*.json` below a folder that says it is one.
pub(super) fn schemas(path: &Path) -> Result<Schemas, Failure> {
    let mut named = BTreeMap::new();
    if path.is_dir() {
        let mut files = Vec::new();
        list(path, path, 0, &mut files)?;
        for (name, file) in files {
            let value = parse(&file)?;
            if value.get("$schema").is_some() {
                named.insert(name, value);
            }
        }
        if named.is_empty() {
            let text = format!("{}: no *.json below it has a $schema", path.display());
            return Err(Failure::usage(text));
        }
    } else {
        named.insert(String::new(), parse(path)?);
    }
    let mut known = BTreeMap::new();
    for (name, schema) in &named {
        if let Some(id) = schema.get("$id").and_then(Value::as_str) {
            known.insert(id.trim_end_matches('#').to_owned(), schema.clone());
        }
        let file = name.rsplit('/').next().unwrap_or(name);
        known.entry(file.to_owned()).or_insert_with(|| schema.clone());
    }
    Ok(Schemas { named, known })
}

/// A file of JSON.
pub(super) fn parse(path: &Path) -> Result<Value, Failure> {
    let bytes = read(path)?;
    parse_wide_json(&bytes)
        .map_err(|error| Failure::undecided(format!("{}: {error}", path.display())))
}

fn list(
    root: &Path,
    folder: &Path,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), Failure> {
    let wrong =
        |why: &dyn std::fmt::Display| Failure::undecided(format!("{}: {why}", folder.display()));
    if depth > MAX_DEPTH {
        return Err(wrong(&format!("folders lie more than {MAX_DEPTH} deep")));
    }
    for entry in std::fs::read_dir(folder).map_err(|error| wrong(&error))? {
        let entry = entry.map_err(|error| wrong(&error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| wrong(&error))?;
        if kind.is_dir() {
            list(root, &path, depth + 1, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "json") {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let name = below.to_str().ok_or_else(|| wrong(&"a file name is not UTF-8"))?;
            found.push((name.replace('\\', "/"), path.clone()));
        }
        if found.len() > MAX_FILES {
            return Err(wrong(&format!("more than {MAX_FILES} files")));
        }
    }
    Ok(())
}
