//! Lazaret's own schemas, and schemas that a dataset brings along.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, LazyLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::Value;

use super::diff::fragment;
use super::violation::{Violation, collect};

/// A schema of this repository's `contracts/schemas/`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SchemaName {
    /// `run_receipt` v1.
    RunReceipt,
    /// `dataset.json` v1.
    Dataset,
    /// `work/qa_report.json` v1.
    QaReport,
    /// `work/redaction_plan.json` v1.
    RedactionPlan,
    /// `promotion_manifest.json` v1.
    PromotionManifest,
    /// One entry of the ledger, v1.
    LedgerEntry,
    /// The predicate of a publication's own statement, v1.
    PromotionPredicate,
    /// `contract_registry.json` v1.
    ContractRegistry,
}

macro_rules! embedded {
    ($($name:ident => $file:literal),* $(,)?) => {
        impl SchemaName {
            /// Every schema.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The schema's file name under `contracts/schemas/`.
            pub const fn file_name(self) -> &'static str {
                match self { $(Self::$name => $file),* }
            }

            /// The schema's text.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../contracts/schemas/", $file))),*
                }
            }
        }
    };
}
embedded! {
    RunReceipt => "run_receipt.v1.schema.json",
    Dataset => "dataset.v1.schema.json",
    QaReport => "qa_report.v1.schema.json",
    RedactionPlan => "redaction_plan.v1.schema.json",
    PromotionManifest => "promotion_manifest.v1.schema.json",
    LedgerEntry => "ledger_entry.v1.schema.json",
    PromotionPredicate => "promotion_predicate.v1.schema.json",
    ContractRegistry => "contract_registry.v1.schema.json",
}

type Compiled = Result<Validator, String>;

static COMPILED: LazyLock<BTreeMap<SchemaName, Compiled>> = LazyLock::new(|| {
    SchemaName::ALL
        .iter()
        .map(|&name| {
            let compiled = serde_json::from_str::<Value>(name.text())
                .map_err(|e| e.to_string())
                .and_then(|schema| options().build(&schema).map_err(|e| e.to_string()));
            (name, compiled)
        })
        .collect()
});

/// What `value` violates of a schema: sorted, at most [`Violation::MAX`]; empty means valid.
pub fn violations(name: SchemaName, value: &Value) -> Vec<Violation> {
    match COMPILED.get(&name) {
        Some(Ok(validator)) => collect(validator, value),
        Some(Err(error)) => vec![Violation::of_schema(name.file_name(), error)],
        None => vec![Violation::of_schema(name.file_name(), "it is not built in")],
    }
}

/// Options for every schema: formats asserted, no network, patterns that cannot run away.
pub(super) fn options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(100_000))
        .with_format("ulid", super::ulid::is_ulid)
}

/// Schemas that somebody brings along, a dataset or a contract set; they may refer to one another by
/// file name or `$id`, and to nothing else.
pub struct Schemas<'a> {
    by_path: BTreeMap<&'a str, Arc<Value>>,
    known: Known,
}

/// The base under which such schemas find one another.
const BASE: &str = "https://workspace.invalid/";

/// By URI. Shared: only what is referred to is ever copied.
#[derive(Clone)]
struct Known(Arc<BTreeMap<String, Arc<Value>>>);

impl Retrieve for Known {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.as_str().trim_end_matches('#');
        self.0.get(name).map(|schema| Value::clone(schema)).ok_or_else(|| {
            format!("{name} is not among the schemas that are here, and nothing is fetched").into()
        })
    }
}

impl<'a> Schemas<'a> {
    /// Schemas by their path in the workspace.
    pub fn new<'v>(schemas: impl IntoIterator<Item = (&'a str, &'v Value)>) -> Self {
        let by_path: BTreeMap<_, _> =
            schemas.into_iter().map(|(path, schema)| (path, Arc::new(schema.clone()))).collect();
        let mut known = BTreeMap::new();
        for (path, schema) in &by_path {
            known.insert(format!("{BASE}{path}"), Arc::clone(schema));
            if let Some(id) = schema.get("$id").and_then(Value::as_str) {
                known.insert(id.trim_end_matches('#').to_owned(), Arc::clone(schema));
            }
        }
        Self { by_path, known: Known(Arc::new(known)) }
    }

    /// Schemas by the URIs that others know them by.
    #[cfg(test)]
    pub(super) fn by_uri<'v>(schemas: impl IntoIterator<Item = (&'a str, &'v Value)>) -> Self {
        let by_path: BTreeMap<_, _> =
            schemas.into_iter().map(|(uri, schema)| (uri, Arc::new(schema.clone()))).collect();
        let known = by_path.iter().map(|(uri, schema)| ((*uri).to_owned(), Arc::clone(schema)));
        Self { known: Known(Arc::new(known.collect())), by_path }
    }

    /// Compiles the schema at `path`.
    ///
    /// # Errors
    /// Why it is no valid JSON Schema, or which reference leads nowhere.
    pub fn compile(&self, path: &str) -> Result<CompiledSchema, String> {
        self.strictly(path).map_err(|fault| fault.message)
    }

    /// As [`Schemas::compile`], with the place that is at fault.
    ///
    /// # Errors
    /// The first fault.
    pub fn strictly(&self, path: &str) -> Result<CompiledSchema, Fault> {
        let schema = self.by_path.get(path).ok_or_else(|| Fault {
            pointer: String::new(),
            message: format!("there is no schema {path}"),
            reference: true,
        })?;
        self.build(path, schema)
    }

    /// Compiles a part of the document at `path`, which need not be a schema itself.
    ///
    /// # Errors
    /// As [`Schemas::strictly`].
    pub fn part(&self, path: &str, pointer: &str) -> Result<CompiledSchema, Fault> {
        let base = self.by_path.get(path).and_then(|schema| schema.get("$id")?.as_str());
        let base = base.map_or_else(|| format!("{BASE}{path}"), str::to_owned);
        let target = format!("{}{}", base.trim_end_matches('#'), fragment(pointer));
        self.build("part", &serde_json::json!({ "$ref": target }))
    }

    fn build(&self, path: &str, schema: &Value) -> Result<CompiledSchema, Fault> {
        options()
            .with_base_uri(format!("{BASE}{path}"))
            .with_retriever(self.known.clone())
            .build(schema)
            .map(CompiledSchema)
            .map_err(|error| Fault {
                pointer: error.instance_path().as_str().to_owned(),
                message: super::violation::short(&error.to_string()),
                reference: matches!(error.kind(), ValidationErrorKind::Referencing(_)),
            })
    }
}

/// Why a schema does not compile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where in the schema, if it is known.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// Whether a reference leads nowhere.
    pub reference: bool,
}

/// The draft that a schema names by `$schema`, if it is one of JSON Schema's; none named is 2020-12.
fn dialect(schema: &Value) -> Option<Draft> {
    let Some(named) = schema.get("$schema").and_then(Value::as_str) else {
        return Some(Draft::Draft202012);
    };
    let named = named.trim_end_matches('#');
    let named = named.strip_prefix("https://").or_else(|| named.strip_prefix("http://"));
    match named?.strip_prefix("json-schema.org/")? {
        "draft-04/schema" => Some(Draft::Draft4),
        "draft-06/schema" => Some(Draft::Draft6),
        "draft-07/schema" => Some(Draft::Draft7),
        "draft/2019-09/schema" => Some(Draft::Draft201909),
        "draft/2020-12/schema" => Some(Draft::Draft202012),
        _ => None,
    }
}

/// Whether a schema is written in a draft of JSON Schema.
pub fn is_known_dialect(schema: &Value) -> bool {
    dialect(schema).is_some()
}

/// What a schema violates of the meta-schema of its draft, or else of JSON Schema 2020-12.
pub fn dialect_violations(schema: &Value) -> Vec<Violation> {
    use jsonschema::{draft4, draft6, draft7, draft201909, draft202012};
    let meta = match dialect(schema) {
        Some(Draft::Draft4) => draft4::meta::validator(),
        Some(Draft::Draft6) => draft6::meta::validator(),
        Some(Draft::Draft7) => draft7::meta::validator(),
        Some(Draft::Draft201909) => draft201909::meta::validator(),
        _ => draft202012::meta::validator(),
    };
    super::violation::collect_from(meta.iter_errors(schema))
}

/// Whether values of a format are looked at; any other format demands nothing.
pub fn is_known_format(name: &str) -> bool {
    options().is_known_format(Draft::Draft202012, name)
}

/// A schema, ready to judge its fixtures.
pub struct CompiledSchema(Validator);

impl CompiledSchema {
    /// What `value` violates: sorted, at most [`Violation::MAX`]; empty means valid.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        collect(&self.0, value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_schema_compiles_and_names_itself() {
        for &name in SchemaName::ALL {
            let schema: Value = serde_json::from_str(name.text()).unwrap();
            let id = format!("https://lazaret.dev/schemas/{}", name.file_name());
            assert_eq!(schema["$id"], json!(id));
            assert!(COMPILED[&name].is_ok(), "{name:?}: {:?}", COMPILED[&name].as_ref().err());
        }
    }

    #[test]
    fn formats_are_asserted_and_findings_are_readable() {
        let found = violations(
            SchemaName::QaReport,
            &json!({"status": "maybe", "created_at": "yesterday", "checks": [{"name": ""}]}),
        );
        let lines: Vec<String> =
            found.iter().map(|v| format!("{}: {}", v.pointer, v.message)).collect();
        assert_eq!(
            lines,
            [
                "/checks/0/name: is shorter than 1 character",
                "/checks/0/status: is missing",
                "/created_at: is not a date-time",
                "/status: is none of \"pass\", \"fail\"",
            ]
        );
    }

    #[test]
    fn schemas_are_held_against_the_draft_that_they_name() {
        let named = |dialect: &str, mut schema: Value| {
            schema["$schema"] = json!(dialect);
            dialect_violations(&schema).is_empty()
        };
        let (four, seven) =
            ("http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#");
        let latest = "https://json-schema.org/draft/2020-12/schema";
        let (list, bound) =
            (json!({"items": [{}]}), json!({"minimum": 1, "exclusiveMinimum": true}));
        let anchor = json!({"definitions": {"p": {"$id": "#p"}}});
        assert!(named(seven, list.clone()) && !named(latest, list.clone()));
        assert!(named(four, bound.clone()) && !named(seven, bound.clone()));
        assert!(named(seven, anchor.clone()) && !named(latest, anchor));
        assert!(!dialect_violations(&list).is_empty() && !named("https://a.example/own", list));
        assert!(!named(seven, json!({"type": 3})));
    }

    #[test]
    fn no_more_findings_than_the_bound() {
        let checks: Vec<Value> = (0..1000).map(|_| json!({})).collect();
        let found = violations(SchemaName::QaReport, &json!({"status": "pass", "checks": checks}));
        assert_eq!(found.len(), Violation::MAX);
        assert!(found.is_sorted());
    }

    #[test]
    fn a_datasets_schemas_find_one_another_and_nothing_else() {
        let point = json!({"$id": "https://example.org/point", "type": "integer"});
        let list = json!({"items": {"$ref": "point.schema.json"}, "contains": {"$ref": "https://example.org/point"}});
        let far = json!({"$ref": "https://example.org/elsewhere"});
        let schemas = Schemas::new([
            ("contracts/schemas/point.schema.json", &point),
            ("contracts/schemas/list.schema.json", &list),
            ("contracts/schemas/far.schema.json", &far),
        ]);
        let compiled = schemas.compile("contracts/schemas/list.schema.json").unwrap();
        assert!(compiled.violations(&json!([1])).is_empty());
        assert!(!compiled.violations(&json!(["x"])).is_empty());
        let error = schemas.compile("contracts/schemas/far.schema.json").err().unwrap();
        assert!(error.contains("elsewhere"), "{error}");
        assert!(schemas.compile("contracts/schemas/none.schema.json").is_err());
    }
}
