//! JSON Schemas: valid, found by their `$id`, usable, and as good as their examples.

use std::collections::BTreeSet;

use serde_json::Value;

use super::context::Context;
use super::{EACH, Rule, Validation, fixtures, keywords, rules};
use crate::contracts::{Fault, dialect_violations, is_known_dialect, is_known_format};
use crate::domain::pointer::join;
use crate::law::Finding;
use crate::law::set::Contract;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Examples and defaults of one document that are judged.
const MAX_EXAMPLES: usize = 1_000;

pub(super) fn check(context: &Context<'_>, contract: &Contract) -> Validation {
    let Some(schema) = context.document(&contract.path) else { return Validation::default() };
    let path = contract.path.as_str();
    let mut all = Validation::default();
    let named = identity(context, contract, schema, &mut all);
    let invalid = dialect_violations(schema);
    for violation in invalid.iter().take(EACH) {
        let text = said(&violation.pointer, &violation.message);
        all.findings.push(rules::SCHEMA.at(path, &violation.pointer, text));
    }
    words(path, schema, &mut all);
    let twice = slips(path, schema);
    all.findings.extend(twice.into_iter().take(EACH));
    if !invalid.is_empty() {
        return all;
    }
    match context.schemas.strictly(path) {
        Err(fault) => all.findings.push(unusable(path, schema, &fault)),
        Ok(compiled) => {
            // Without a name that others can use, its parts cannot be asked.
            if named {
                examples(context, path, schema, &mut all);
            }
            all.add(fixtures::check(context, contract, |value| compiled.violations(value)));
        }
    }
    all
}

pub(super) fn said(pointer: &str, message: &str) -> String {
    if pointer.is_empty() { format!("it {message}") } else { format!("{pointer} {message}") }
}

/// What it is called, and in which language it is written. Whether its name is of any use.
fn identity(
    context: &Context<'_>,
    contract: &Contract,
    schema: &Value,
    all: &mut Validation,
) -> bool {
    let path = contract.path.as_str();
    let word = |name: &str| schema.get(name).and_then(Value::as_str);
    match word("$schema").map(|dialect| dialect.trim_end_matches('#')) {
        Some(DIALECT) => {}
        None => all.findings.push(rules::DIALECT.at(path, "", "it says no $schema")),
        Some(other) => {
            let text = match is_known_dialect(schema) {
                true => format!("{other} is not JSON Schema 2020-12; it is judged as what it is"),
                false => format!("{other} is read as JSON Schema 2020-12 all the same"),
            };
            all.findings.push(rules::DIALECT.at(path, "/$schema", text));
        }
    }
    // Draft-04 has another word for it.
    let four = word("$schema").is_some_and(|named| named.contains("/draft-04/"));
    let Some(id) = word("$id").or_else(|| word("id").filter(|_| four)) else {
        all.findings.push(rules::ID.at(path, "", "it has no $id"));
        return true;
    };
    if url::Url::parse(id).is_err() {
        let text = format!("{id:?} is no absolute URI");
        all.findings.push(rules::ID.at(path, "/$id", text));
        return false;
    }
    let id = id.trim_end_matches('#');
    let others = context.ids.get(id).into_iter().flatten();
    if let Some(other) = others.into_iter().find(|other| **other != path) {
        all.findings.push(rules::ID_TWICE.at(path, "/$id", format!("{other} has the same $id")));
        return false;
    }
    true
}

/// Keywords and formats that demand nothing.
fn words(path: &str, schema: &Value, all: &mut Validation) {
    let mut found = Vec::new();
    keywords::each(schema, "", &mut |at, inner| {
        for (name, value) in inner.as_object().into_iter().flatten() {
            if !keywords::is_known(name) && !name.starts_with("x-") {
                found.push(match keywords::meant(name) {
                    Some(meant) => {
                        let text = format!("{name:?} is unknown: is {meant} meant?");
                        rules::MISSPELT.at(path, join(at, name), text)
                    }
                    None => rules::KEYWORD.at(path, join(at, name), format!("{name:?} is unknown")),
                });
            }
            if let ("format", Some(format)) = (name.as_str(), value.as_str())
                && !is_known_format(format)
            {
                let text = format!("{format:?} is unknown and demands nothing");
                found.push(rules::FORMAT.at(path, join(at, name), text));
            }
        }
    });
    found.truncate(EACH * EACH);
    all.findings.extend(found);
}

/// What no meta-schema can see: an anchor that is there twice, and patterns that other validators refuse.
fn slips(path: &str, schema: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    // Schemas with a name of their own have anchors of their own.
    let mut bases: Vec<String> = vec![String::new()];
    let mut anchors = BTreeSet::new();
    keywords::each(schema, "", &mut |at, inner| {
        if inner.get("$id").is_some_and(Value::is_string) {
            bases.push(at.to_owned());
        }
        let within = |base: &&String| {
            at.strip_prefix(base.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let base = bases.iter().filter(within).map(String::len).max().unwrap_or(0);
        let base = at.get(..base).unwrap_or_default();
        for word in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = inner.get(word).and_then(Value::as_str)
                && !anchors.insert((base.to_owned(), name))
            {
                let text = format!("the anchor {name} is there twice");
                found.push(rules::SCHEMA.at(path, join(at, word), text));
            }
        }
        let own = inner.get("pattern").and_then(Value::as_str);
        let own = own.map(|pattern| (join(at, "pattern"), pattern));
        let named = inner.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let place = join(at, "patternProperties");
        let named = named.map(|(pattern, _)| (join(&place, pattern), pattern.as_str()));
        for (place, pattern) in own.into_iter().chain(named).filter(|(_, one)| python_group(one)) {
            let text =
                format!("{pattern:?} is no pattern of ECMA-262, which has (?<name>, not (?P<name>");
            found.push(rules::SCHEMA.at(path, place, text));
        }
    });
    found
}

/// Whether a pattern has a group `(?P…`, outside of `[…]`.
fn python_group(pattern: &str) -> bool {
    let mut class = false;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        match first {
            '(' if !class && rest.starts_with("(?P") => return true,
            '[' => class = true,
            ']' => class = false,
            _ => {}
        }
        let mut chars = rest.chars();
        chars.next();
        if first == '\\' {
            chars.next();
        }
        rest = chars.as_str();
    }
    false
}

/// Why a schema that is well-formed cannot be used.
pub(super) fn unusable(path: &str, schema: &Value, fault: &Fault) -> Finding {
    if !fault.reference && schema.pointer(&fault.pointer).is_none() {
        let text = format!("a schema that it refers to cannot be used: {}", fault.message);
        return rules::COMPILE.at(path, "", text);
    }
    if !fault.reference {
        return rules::COMPILE.at(path, &fault.pointer, said(&fault.pointer, &fault.message));
    }
    // The first reference whose words stand in the complaint.
    let mut place = String::new();
    keywords::each(schema, "", &mut |at, inner| {
        for keyword in ["$ref", "$dynamicRef"] {
            let target = inner.get(keyword).and_then(Value::as_str).unwrap_or_default();
            let words = target.trim_start_matches('#');
            if place.is_empty() && !words.is_empty() && fault.message.contains(words) {
                place = join(at, keyword);
            }
        }
    });
    // The library says the name twice, and under the base that files have here.
    let why = fault.message.rsplit_once("retrieving it failed: ");
    let why = why.map_or(fault.message.as_str(), |(_, why)| why);
    rules::REFERENCE.at(path, place, why.replace("https://workspace.invalid/", ""))
}

/// Examples and defaults are accepted by the schemas that they stand in.
fn examples(context: &Context<'_>, path: &str, schema: &Value, all: &mut Validation) {
    let mut found: Vec<(String, String, &Value, &Rule)> = Vec::new();
    keywords::each(schema, "", &mut |at, inner| {
        if let Some(list) = inner.get("examples").and_then(Value::as_array) {
            let each = list.iter().enumerate().map(|(index, example)| {
                (at.to_owned(), format!("{at}/examples/{index}"), example, &rules::EXAMPLE)
            });
            found.extend(each);
        }
        if let Some(value) = inner.get("default") {
            found.push((at.to_owned(), join(at, "default"), value, &rules::DEFAULT));
        }
    });
    for (schema, place, value, rule) in found.into_iter().take(MAX_EXAMPLES) {
        judge(context, (path, &schema), (&place, value), rule, all);
    }
}

/// Holds a value against a schema that is part of a document.
pub(super) fn judge(
    context: &Context<'_>,
    (path, schema): (&str, &str),
    (place, value): (&str, &Value),
    rule: &Rule,
    all: &mut Validation,
) {
    let text = match context.schemas.part(path, schema) {
        Err(fault) => format!("its schema cannot be used: {}", fault.message),
        Ok(compiled) => {
            let found = compiled.violations(value);
            let Some(first) = found.first() else { return };
            said(&first.pointer, &first.message)
        }
    };
    all.findings.push(rule.at(path, place, text));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slips_that_meta_schemas_let_pass_are_told() {
        for (schema, wanted) in [
            (json!({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}), 1),
            (json!({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "y"}}}), 0),
            (
                json!({"$anchor": "x", "$defs": {"a": {"$id": "https://a.example/", "$anchor": "x"}}}),
                0,
            ),
            (json!({"default": {"$anchor": "x"}, "$anchor": "x"}), 0),
            (json!({"pattern": "(?P<x>a)"}), 1),
            (json!({"patternProperties": {"(?P<x>a)": {}}}), 1),
            (json!({"pattern": "(?<x>a)"}), 0),
            (json!({"pattern": r"\(?P<"}), 0),
            (json!({"pattern": "[(?P<]"}), 0),
        ] {
            assert_eq!(slips("a.json", &schema).len(), wanted, "{schema}");
        }
    }
}
