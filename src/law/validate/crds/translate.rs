//! A structural schema as JSON Schema 2020-12.

use serde_json::{Map, Value, json};

/// The schema of a whole manifest: what every object has, it need not say.
pub(super) fn root(schema: &Value) -> Value {
    resource(inner(schema.as_object().unwrap_or(&Map::new())))
}

/// A part of the structure. What it does not know it refuses.
pub(super) fn inner(schema: &Map<String, Value>) -> Value {
    let mut out = narrowed(schema);
    let is = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    let kept = is("x-kubernetes-preserve-unknown-fields");
    if is("x-kubernetes-int-or-string") {
        out.insert("type".into(), json!(["integer", "string"]));
    }
    if is("nullable") {
        let null = |kind: Value| match kind {
            Value::Array(mut all) => {
                all.push("null".into());
                Value::Array(all)
            }
            one => json!([one, "null"]),
        };
        if let Some(kind) = out.remove("type") {
            out.insert("type".into(), null(kind));
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let each = |(name, inner): (&String, &Value)| (name.clone(), part(inner));
        let properties: Map<_, _> = properties.iter().map(each).collect();
        // What is absent and has a default is there when it is judged.
        let given = |name: &Value| {
            let property = name.as_str().and_then(|name| properties.get(name));
            property.is_some_and(|property| property.get("default").is_some())
        };
        if let Some(Value::Array(required)) = out.get_mut("required") {
            required.retain(|name| !given(name));
        }
        out.insert("properties".into(), Value::Object(properties));
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".into(), part(items));
    }
    match schema.get("additionalProperties") {
        Some(Value::Object(values)) => {
            out.insert("additionalProperties".into(), inner(values));
        }
        Some(_) => {}
        None if kept || schema.get("type").and_then(Value::as_str) != Some("object") => {}
        None => drop(out.insert("additionalProperties".into(), Value::Bool(false))),
    }
    if schema.get("x-kubernetes-list-type").and_then(Value::as_str) == Some("set") {
        out.insert("uniqueItems".into(), Value::Bool(true));
    }
    let out = Value::Object(out);
    if is("x-kubernetes-embedded-resource") { resource(out) } else { out }
}

fn part(schema: &Value) -> Value {
    schema.as_object().map_or_else(|| schema.clone(), inner)
}

/// Every object has these, and its metadata are judged elsewhere.
fn resource(mut schema: Value) -> Value {
    if schema.get("properties").is_none() {
        schema["properties"] = json!({});
    }
    for (name, kind) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
        schema["properties"][name] = json!({ "type": kind });
    }
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut required: Vec<Value> =
        required.into_iter().filter(|name| name != "apiVersion" && name != "kind").collect();
    required.extend([json!("apiVersion"), json!("kind")]);
    schema["required"] = Value::Array(required);
    schema
}

/// What a part demands beside its structure; within `allOf` and its kin that is all.
fn narrowed(schema: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, value) in schema {
        let value = match name.as_str() {
            "default" | "description" | "enum" | "format" | "maxItems" | "maxLength"
            | "maxProperties" | "maximum" | "minItems" | "minLength" | "minProperties"
            | "minimum" | "multipleOf" | "pattern" | "required" | "title" | "type"
            | "uniqueItems" => value.clone(),
            "allOf" | "anyOf" | "oneOf" => {
                let parts = value.as_array().map_or(&[][..], Vec::as_slice);
                parts.iter().map(within).collect()
            }
            "not" | "items" => within(value),
            "properties" => {
                let all = value.as_object().into_iter().flatten();
                all.map(|(name, inner)| (name.clone(), within(inner))).collect()
            }
            _ => continue,
        };
        out.insert(name.clone(), value);
    }
    // Draft 4 says with a flag beside the bound what 2020-12 says with a bound of its own.
    for (flag, bound) in [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")] {
        if schema.get(flag).and_then(Value::as_bool) == Some(true)
            && let Some(limit) = out.remove(bound)
        {
            out.insert(flag.into(), limit);
        }
    }
    out
}

fn within(part: &Value) -> Value {
    part.as_object().map_or_else(|| part.clone(), |part| Value::Object(narrowed(part)))
}
