//! What the keywords of JSON Schema 2020-12 hold, and which of them say nothing of an instance.

use serde_json::Value;

/// What a keyword's value is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Holds {
    /// One schema (or, in older drafts, a list).
    Schema,
    /// A list of schemas.
    Schemas,
    /// Schemas by name.
    Named,
    /// Something else.
    Other,
}

pub(in super::super) fn holds(keyword: &str) -> Holds {
    match keyword {
        "items"
        | "additionalItems"
        | "contains"
        | "additionalProperties"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Holds::Schemas,
        "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions"
        | "dependencies" => Holds::Named,
        _ => Holds::Other,
    }
}

/// Keywords that restrict instances.
pub(super) const ASSERTIONS: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

pub(in super::super) fn is_assertion(keyword: &str) -> bool {
    ASSERTIONS.contains(&keyword)
}

/// Formats that are asserted; any other is an annotation.
pub(super) const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "ulid",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Calls `act` for every schema right below a schema, with the keyword that holds it.
pub(super) fn each<'v, E>(
    schema: &'v Value,
    mut act: impl FnMut(&str, &'v Value) -> Result<(), E>,
) -> Result<(), E> {
    for (name, child) in schema.as_object().into_iter().flatten() {
        match (holds(name), child) {
            (Holds::Schema | Holds::Schemas, Value::Array(list)) => {
                list.iter().try_for_each(|item| act(name, item))?;
            }
            (Holds::Schema, _) => act(name, child)?,
            (Holds::Named, Value::Object(map)) => {
                map.values().try_for_each(|item| act(name, item))?;
            }
            _ => {}
        }
    }
    Ok(())
}
