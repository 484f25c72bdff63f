//! Files and folders that are no set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::super::super::exit::Failure;
use super::super::super::settings::read;
use super::super::files::{Schemas, parse, schemas};
use crate::contracts::openapi::Side;
use crate::contracts::{Change, Class, Comparison, Direction, crd, diff, graphql, openapi};
use crate::domain::yaml;
use crate::law::Kind;
use crate::law::compare::{Row, Status};

/// Values of one YAML file, files that one document leads to, and their bytes.
const MAX_NODES: usize = 500_000;
const MAX_FILES: usize = 1_000;
const MAX_BYTES: usize = 64 << 20;

/// What became of each, and why some could not be compared.
#[derive(Default)]
pub(super) struct Found {
    pub rows: Vec<Row>,
    pub unknown: Vec<String>,
}

pub(super) fn compared(old: &Path, new: &Path, direction: Direction) -> Result<Found, Failure> {
    if old.is_dir() {
        return Ok(folders(&schemas(old)?, &schemas(new)?, direction));
    }
    let graphql = |path: &Path| {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        matches!(end, "graphql" | "graphqls" | "gql")
    };
    let (name, other) = (old.display().to_string(), new.display().to_string());
    if graphql(old) && graphql(new) {
        let text = |path: &Path| {
            String::from_utf8(read(path)?)
                .map_err(|_| Failure::undecided(format!("{}: is not UTF-8", path.display())))
        };
        let compared = graphql::diff((&name, &text(old)?), (&other, &text(new)?));
        return Ok(one(Kind::GraphQl, compared.map_err(|error| error.to_string())));
    }
    let (a, b) = (documents(old)?, documents(new)?);
    let is = |documents: &[Value], name: &str| {
        documents.first().is_some_and(|one| one.get(name).is_some())
    };
    // Definitions may stand among other documents, as manifests that are applied together do.
    let defines =
        |one: &Value| one.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition");
    if a.iter().any(defines) {
        let ((a, beside), (b, others)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) =
            (a.into_iter().partition(defines), b.into_iter().partition(defines));
        let mut found = one(Kind::Crd, crd::diff((&name, &a), (&other, &b)));
        if beside != others {
            found.unknown.push(format!(
                "{other}: documents beside the CustomResourceDefinitions changed, which are not compared"
            ));
        }
        return Ok(found);
    }
    if b.iter().any(defines) {
        return Err(Failure::undecided(format!("{name}: holds no CustomResourceDefinition")));
    }
    let ([a], [b]) = (a.as_slice(), b.as_slice()) else {
        return Err(Failure::undecided("a schema or an API is one document of a file"));
    };
    if is(std::slice::from_ref(a), "openapi") && is(std::slice::from_ref(b), "openapi") {
        let (olds, news) = (referred(&name, a), referred(&other, b));
        let (olds, news) = (named(&olds), named(&news));
        let compared = openapi::diff(
            Side { name: &name, value: a, others: &olds },
            Side { name: &other, value: b, others: &news },
        );
        return Ok(one(Kind::OpenApi, compared));
    }
    let none = BTreeMap::new();
    let compared = diff::compare((a, &none), (b, &none), direction);
    Ok(one(Kind::Schema, compared.map_err(|error| error.to_string())))
}

fn named(all: &BTreeMap<String, Value>) -> BTreeMap<String, &Value> {
    all.iter().map(|(name, value)| (name.clone(), value)).collect()
}

fn one(kind: Kind, compared: Result<Comparison, String>) -> Found {
    match compared {
        Ok(comparison) if comparison.changes.is_empty() => Found::default(),
        Ok(comparison) => {
            Found { rows: vec![row(String::new(), kind, comparison)], unknown: Vec::new() }
        }
        Err(why) => Found { rows: Vec::new(), unknown: vec![why] },
    }
}

fn row(id: String, kind: Kind, comparison: Comparison) -> Row {
    Row {
        path: id.clone(),
        id,
        kind,
        module: String::new(),
        was: None,
        status: Status::Changed,
        why: None,
        before: None,
        after: None,
        comparison,
        consumers: Vec::new(),
    }
}

fn documents(path: &Path) -> Result<Vec<Value>, Failure> {
    match path.extension().and_then(|end| end.to_str()) {
        Some("yaml" | "yml") => yaml::documents(&read(path)?, MAX_NODES)
            .map_err(|why| Failure::undecided(format!("{}: {why}", path.display()))),
        _ => Ok(vec![parse(path)?]),
    }
}

/// The files that a document leads to, by path. What cannot be read is not there, which shows where it
/// is referred to.
fn referred(name: &str, document: &Value) -> BTreeMap<String, Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let mut queue: Vec<String> = Vec::new();
    lead(name, document, &mut queue);
    let mut bytes = 0;
    while let Some(path) = queue.pop() {
        if path == name || found.contains_key(&path) || found.len() >= MAX_FILES {
            continue;
        }
        bytes += std::fs::metadata(&path).map_or(MAX_BYTES, |data| data.len() as usize);
        if bytes > MAX_BYTES {
            break;
        }
        if let Some(value) = documents(Path::new(&path)).ok().and_then(|mut all| all.pop()) {
            lead(&path, &value, &mut queue);
            found.insert(path, value);
        }
    }
    found
}

/// Paths that a document's references lead to.
fn lead(from: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, child) in map {
                match child {
                    Value::String(reference) if name == "$ref" => {
                        let file = reference.split('#').next().unwrap_or_default();
                        if !file.is_empty() && !file.contains("://") {
                            found.push(openapi::joined(from, file));
                        }
                    }
                    _ => lead(from, child, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|child| lead(from, child, found)),
        _ => {}
    }
}

fn folders(old: &Schemas, new: &Schemas, direction: Direction) -> Found {
    let names: BTreeSet<&String> = old.named.keys().chain(new.named.keys()).collect();
    let mut found = Found::default();
    let (x, y) = (named(&old.known), named(&new.known));
    for name in names {
        let comparison = match (old.named.get(name), new.named.get(name)) {
            // What it refers to is compared where it stands.
            (Some(a), Some(b)) if a == b => continue,
            (Some(a), Some(b)) => match diff::compare((a, &x), (b, &y), direction) {
                Ok(comparison) => comparison,
                Err(error) => {
                    found.unknown.push(format!("{name}: {error}"));
                    continue;
                }
            },
            (Some(_), None) => {
                whole(Change::new("schema-removed", Class::Breaking, "the schema is gone").mend(
                    "keep it until nobody refers to it, and mark it as deprecated until then",
                ))
            }
            _ => whole(Change::new("schema-added", Class::Safe, "the schema is new")),
        };
        if !comparison.changes.is_empty() {
            found.rows.push(row(name.clone(), Kind::Schema, comparison));
        }
    }
    found
}

fn whole(change: Change) -> Comparison {
    Comparison::of(vec![change])
}
