//! The drafts of JSON Schema: which keywords they have, and what those are called in 2020-12.

use serde_json::{Map, Value};

/// Drafts differ in which keywords they have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Draft {
    Four,
    Six,
    Seven,
    Nineteen,
    Current,
}

impl Draft {
    /// Whether a keyword means something: an unknown one is ignored by whoever keeps to the draft.
    /// `dependencies` stays known, for most validators still judge it.
    pub(super) fn has(self, keyword: &str) -> bool {
        let since = match keyword {
            "const" | "contains" | "propertyNames" => Self::Six,
            "if" | "then" | "else" => Self::Seven,
            "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Self::Nineteen,
            "prefixItems" => Self::Current,
            _ => Self::Four,
        };
        self >= since
    }
}

/// The draft that a document names; one that is not known is taken for the newest.
pub(super) fn draft(schema: &Value) -> Draft {
    let said = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    match said {
        _ if said.contains("draft-04") || said.contains("draft-03") => Draft::Four,
        _ if said.contains("draft-06") => Draft::Six,
        _ if said.contains("draft-07") => Draft::Seven,
        _ if said.contains("2019-09") => Draft::Nineteen,
        _ => Draft::Current,
    }
}

/// Keywords of older drafts in their 2020-12 form.
pub(super) fn modernize(schema: &mut Map<String, Value>, draft: Draft) {
    if schema.get("items").is_some_and(Value::is_array) {
        if let Some(prefix) = schema.remove("items") {
            schema.insert("prefixItems".into(), prefix);
        }
        if let Some(rest) = schema.remove("additionalItems") {
            schema.insert("items".into(), rest);
        }
    } else if draft < Draft::Current {
        schema.remove("additionalItems");
    }
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(exclusive) = schema.get(flag).and_then(Value::as_bool) {
            schema.remove(flag);
            if exclusive && let Some(value) = schema.remove(bound) {
                schema.insert(flag.into(), value);
            }
        }
    }
}
