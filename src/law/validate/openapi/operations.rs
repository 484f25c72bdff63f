//! What every operation of an API says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{Rule, join, rules};
use super::references::resolved;
use crate::law::Finding;

const METHODS: &[&str] = &["delete", "get", "head", "options", "patch", "post", "put", "trace"];

pub(super) fn check(path: &str, document: &Value, findings: &mut Vec<Finding>) {
    let mut say = |rule: &Rule, at: String, text: String| findings.push(rule.at(path, at, text));
    let mut templates: BTreeMap<String, &str> = BTreeMap::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(demands) = document.get("security") {
        schemes(document, demands, "/security", &mut say);
    }
    for (template, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let at = join("/paths", template);
        if let Some(other) = templates.insert(anonymous(template), template) {
            let text = format!("{template} and {other} are the same path");
            say(&rules::PATH_TWICE, at.clone(), text);
        }
        let Some((item, place)) = resolved(document, item, &at) else { continue };
        let shared = parameters(document, item, &place);
        for method in METHODS {
            let Some(operation) = item.get(*method) else { continue };
            let place = join(&place, method);
            let name = format!("{} {template}", method.to_uppercase());
            match operation.get("operationId").and_then(Value::as_str) {
                None => {
                    let text = format!("{name} has no operationId");
                    say(&rules::OPERATION_ID, place.clone(), text);
                }
                Some(id) => {
                    if let Some(other) = ids.insert(id, name.clone()) {
                        let text = format!("{name} and {other} are both {id}");
                        say(&rules::OPERATION_ID_TWICE, join(&place, "operationId"), text);
                    }
                }
            }
            let responses = operation.get("responses").and_then(Value::as_object);
            if !responses.is_some_and(|all| all.keys().any(|status| status.starts_with('4'))) {
                let text = format!("{name} has no answer 4xx");
                say(&rules::FOUR, place.clone(), text);
            }
            security(document, (template, item, operation), &name, &place, &mut say);
            let own = parameters(document, operation, &place);
            let known: BTreeMap<_, _> = shared.iter().chain(&own).collect();
            let used = braces(template);
            for parameter in used.iter().filter(|used| !known.contains_key(&(**used).to_owned())) {
                let text = format!("{name} does not declare {{{parameter}}}");
                say(&rules::UNDECLARED, place.clone(), text);
            }
            for (parameter, declared) in
                known.iter().filter(|(one, _)| !used.contains(one.as_str()))
            {
                let text = format!("{template} has no {{{parameter}}}");
                say(&rules::UNUSED, (*declared).clone(), text);
            }
        }
    }
}

/// A path without the names of its parameters.
fn anonymous(template: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for c in template.chars() {
        match c {
            '{' => within = true,
            '}' => within = false,
            _ if within => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The names in braces.
fn braces(template: &str) -> BTreeSet<&str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

/// Parameters of the path that an item or an operation declares, with their places.
fn parameters(document: &Value, of: &Value, at: &str) -> BTreeMap<String, String> {
    let list = of.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let one = |(index, parameter): (usize, &Value)| {
        let at = format!("{at}/parameters/{index}");
        let (parameter, _) = resolved(document, parameter, &at)?;
        let name = parameter.get("name")?.as_str()?;
        (parameter.get("in")?.as_str()? == "path").then(|| (name.to_owned(), at))
    };
    list.enumerate().filter_map(one).collect()
}

/// Who may call an operation is said, and is not just anybody.
fn security(
    document: &Value,
    (template, item, operation): (&str, &Value, &Value),
    name: &str,
    at: &str,
    say: &mut impl FnMut(&Rule, String, String),
) {
    let own = operation.get("security");
    if let Some(demands) = own {
        schemes(document, demands, &join(at, "security"), say);
    }
    let demands = own.or_else(|| document.get("security")).and_then(Value::as_array);
    let empty = |demand: &Value| demand.as_object().is_none_or(serde_json::Map::is_empty);
    let guarded = demands.is_some_and(|all| !all.is_empty() && !all.iter().any(empty));
    let public = |of: &Value| of.get("x-public").and_then(Value::as_bool) == Some(true);
    let tags = operation.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tagged = tags.into_iter().any(|tag| {
        let all = document.get("tags").and_then(Value::as_array).into_iter().flatten();
        all.into_iter().any(|known| known.get("name") == Some(tag) && public(known))
    });
    let health = template.starts_with("/health") || ["/livez", "/readyz"].contains(&template);
    if !guarded && !public(operation) && !public(item) && !tagged && !health {
        let text = format!("{name} may be called by anybody");
        say(&rules::SECURITY, at.to_owned(), text);
    }
}

/// Security names schemes that there are.
fn schemes(
    document: &Value,
    demands: &Value,
    at: &str,
    say: &mut impl FnMut(&Rule, String, String),
) {
    let known = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    for (index, demand) in demands.as_array().into_iter().flatten().enumerate() {
        for scheme in demand.as_object().into_iter().flat_map(|all| all.keys()) {
            if !known.is_some_and(|known| known.contains_key(scheme)) {
                let text = format!("there is no security scheme {scheme}");
                say(&rules::SCHEME, join(&format!("{at}/{index}"), scheme), text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_compared_without_names() {
        assert_eq!(anonymous("/a/{b}/c.{d}"), anonymous("/a/{x}/c.{y}"));
        assert_ne!(anonymous("/a/{b}"), anonymous("/a/b"));
        assert_eq!(braces("/a/{b}/{c}.x"), BTreeSet::from(["b", "c"]));
    }
}
