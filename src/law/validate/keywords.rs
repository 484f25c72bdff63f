//! The keywords of JSON Schema 2020-12, and every schema within a schema.

use crate::domain::pointer::join;
use serde_json::Value;

/// What a keyword's value holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Schema,
    List,
    Named,
    Other,
}

/// Every keyword of the standard vocabularies, and the two that 2020-12 still knows from before.
const KEYWORDS: &[(&str, Holds)] = {
    use Holds::{List, Named, Other, Schema};
    &[
        ("$anchor", Other),
        ("$comment", Other),
        ("$defs", Named),
        ("$dynamicAnchor", Other),
        ("$dynamicRef", Other),
        ("$id", Other),
        ("$ref", Other),
        ("$schema", Other),
        ("$vocabulary", Other),
        ("additionalProperties", Schema),
        ("allOf", List),
        ("anyOf", List),
        ("const", Other),
        ("contains", Schema),
        ("contentEncoding", Other),
        ("contentMediaType", Other),
        ("contentSchema", Schema),
        ("default", Other),
        ("definitions", Named),
        ("dependencies", Named),
        ("dependentRequired", Other),
        ("dependentSchemas", Named),
        ("deprecated", Other),
        ("description", Other),
        ("else", Schema),
        ("enum", Other),
        ("examples", Other),
        ("exclusiveMaximum", Other),
        ("exclusiveMinimum", Other),
        ("format", Other),
        ("if", Schema),
        ("items", Schema),
        ("maxContains", Other),
        ("maxItems", Other),
        ("maxLength", Other),
        ("maxProperties", Other),
        ("maximum", Other),
        ("minContains", Other),
        ("minItems", Other),
        ("minLength", Other),
        ("minProperties", Other),
        ("minimum", Other),
        ("multipleOf", Other),
        ("not", Schema),
        ("oneOf", List),
        ("pattern", Other),
        ("patternProperties", Named),
        ("prefixItems", List),
        ("properties", Named),
        ("propertyNames", Schema),
        ("readOnly", Other),
        ("required", Other),
        ("then", Schema),
        ("title", Other),
        ("type", Other),
        ("unevaluatedItems", Schema),
        ("unevaluatedProperties", Schema),
        ("uniqueItems", Other),
        ("writeOnly", Other),
    ]
};

/// Whether a keyword is known.
pub(super) fn is_known(keyword: &str) -> bool {
    KEYWORDS.iter().any(|(name, _)| *name == keyword)
}

/// A keyword that somebody who wrote this may have meant.
pub(super) fn meant(keyword: &str) -> Option<&'static str> {
    let near = |known: &&str| {
        known.eq_ignore_ascii_case(keyword)
            || (keyword.len() > 3 && strsim::damerau_levenshtein(known, keyword) <= 1)
            || (keyword.len() > 7 && strsim::damerau_levenshtein(known, keyword) == 2)
    };
    KEYWORDS.iter().map(|(name, _)| *name).find(|known| near(known))
}

/// Calls `act` for a schema and every schema within it, with its pointer.
pub(super) fn each<'v>(schema: &'v Value, at: &str, act: &mut impl FnMut(&str, &'v Value)) {
    act(at, schema);
    for (name, value) in schema.as_object().into_iter().flatten() {
        let holds = KEYWORDS.iter().find(|(known, _)| known == name);
        let at = || join(at, name);
        match (holds.map(|(_, holds)| *holds), value) {
            (Some(Holds::List | Holds::Schema), Value::Array(list)) => {
                for (index, inner) in list.iter().enumerate() {
                    each(inner, &format!("{}/{index}", at()), act);
                }
            }
            (Some(Holds::Schema), _) => each(value, &at(), act),
            (Some(Holds::Named), Value::Object(named)) => {
                for (name, inner) in named {
                    each(inner, &join(&at(), name), act);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn misspellings_are_near_and_other_words_are_not() {
        for (word, wanted) in [
            ("requird", Some("required")),
            ("additionalproperties", Some("additionalProperties")),
            ("addtionalPropertis", Some("additionalProperties")),
            ("itmes", Some("items")),
            ("maxlenght", Some("maxLength")),
            ("owner", None),
            ("tag", None),
        ] {
            assert_eq!(meant(word), wanted, "{word}");
        }
        assert!(KEYWORDS.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn every_schema_is_met_and_no_data() {
        let schema = json!({
            "properties": {"a/b": {"items": [true]}}, "allOf": [{"not": {}}],
            "default": {"properties": {"x": {}}}, "const": {"items": {}}, "if": {},
        });
        let mut met = Vec::new();
        each(&schema, "", &mut |at, _| met.push(at.to_owned()));
        met.sort();
        let wanted =
            ["", "/allOf/0", "/allOf/0/not", "/if", "/properties/a~1b", "/properties/a~1b/items/0"];
        assert_eq!(met, wanted);
    }
}
