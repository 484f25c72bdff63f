//! What every operation of an API says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{Rule, rules};
use super::references::{resolved, walk};
use crate::domain::pointer::join;
use crate::law::Finding;

const METHODS: &[&str] = &["delete", "get", "head", "options", "patch", "post", "put", "trace"];

pub(super) fn check(path: &str, document: &Value, findings: &mut Vec<Finding>) {
    let mut say = |rule: &Rule, at: String, text: String| findings.push(rule.at(path, at, text));
    plain(document, &mut say);
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

/// What the official schemas cannot see: a parameter declared twice, a list of nothing in 3.0, a server's variable
/// that is not there.
fn plain(document: &Value, say: &mut impl FnMut(&Rule, String, String)) {
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    let listed = |members: &serde_json::Map<String, Value>| {
        let is = members.get("type").and_then(Value::as_str) == Some("array");
        is && !members.contains_key("items") && !members.contains_key("$ref")
    };
    walk(document, "", "", &mut |at, _, members| {
        if version.starts_with("3.0") && listed(members) {
            say(&rules::OPENAPI, at.to_owned(), "an array says what its items are".to_owned());
        }
        let mut seen = BTreeSet::new();
        let list = members.get("parameters").and_then(Value::as_array).into_iter().flatten();
        for (index, parameter) in list.enumerate() {
            let at = format!("{}/{index}", join(at, "parameters"));
            let Some((parameter, _)) = resolved(document, parameter, &at) else { continue };
            let word = |name: &str| parameter.get(name).and_then(Value::as_str);
            if let (Some(name), Some(place)) = (word("name"), word("in"))
                && !seen.insert((name, place))
            {
                say(&rules::OPENAPI, at, format!("the parameter {name} in {place} is there twice"));
            }
        }
        let list = members.get("servers").and_then(Value::as_array).into_iter().flatten();
        for (index, server) in list.enumerate() {
            let url = server.get("url").and_then(Value::as_str).unwrap_or_default();
            let known = |name: &str| server.get("variables").is_some_and(|v| v.get(name).is_some());
            for name in braces(url).into_iter().filter(|name| !known(name)) {
                let at = format!("{}/{index}/url", join(at, "servers"));
                say(&rules::OPENAPI, at, format!("there is no variable {name}"));
            }
        }
    });
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
    fn a_list_says_of_what_in_3_0() {
        let said = |version: &str, schema: Value| {
            let mut count = 0;
            let api = serde_json::json!({"openapi": version, "components": {"schemas": {"default": schema}}});
            plain(&api, &mut |_, _, _| count += 1);
            count
        };
        let bare = serde_json::json!({"type": "array"});
        assert_eq!((said("3.0.3", bare.clone()), said("3.1.0", bare)), (1, 0));
        assert_eq!(said("3.0.3", serde_json::json!({"type": "array", "items": {}})), 0);
        assert_eq!(said("3.0.3", serde_json::json!({"default": {"type": "array"}})), 0);
    }

    #[test]
    fn templates_are_compared_without_names() {
        assert_eq!(anonymous("/a/{b}/c.{d}"), anonymous("/a/{x}/c.{y}"));
        assert_ne!(anonymous("/a/{b}"), anonymous("/a/b"));
        assert_eq!(braces("/a/{b}/{c}.x"), BTreeSet::from(["b", "c"]));
    }
}
