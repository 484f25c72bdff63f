//! What every operation of an API says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::context::Context;
use super::super::{Rule, rules};
use super::references::{Spot, walk};
use super::version;
use crate::domain::pointer::join;
use crate::law::Finding;

const METHODS: &[&str] = &["delete", "get", "head", "options", "patch", "post", "put", "trace"];

/// Says what is wrong at a place of a file.
type Say<'s> = dyn FnMut(&Rule, (&str, String), String) + 's;

pub(super) fn check<'v>(
    context: &'v Context<'_>,
    path: &'v str,
    document: &'v Value,
    findings: &mut Vec<Finding>,
) {
    let mut say = |rule: &Rule, (file, at): (&str, String), text: String| {
        findings.push(rule.at(file, at, text));
    };
    let root = Spot::of(path, document);
    plain(context, &root, &mut say);
    schemes(&root, &root, &mut say);
    let mut templates: BTreeMap<String, &str> = BTreeMap::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for template in
        document.get("paths").and_then(Value::as_object).into_iter().flat_map(|all| all.keys())
    {
        let Some(item) = root.at(&join("/paths", template)) else { continue };
        if let Some(other) = templates.insert(anonymous(template), template) {
            let text = format!("{template} and {other} are the same path");
            say(&rules::PATH_TWICE, (path, item.pointer.clone()), text);
        }
        // One that leads nowhere is told as a reference.
        let Some(item) = item.followed(context) else { continue };
        for method in METHODS {
            let Some(operation) = item.member(method) else { continue };
            let name = format!("{} {template}", method.to_uppercase());
            identified(&name, &operation, &mut ids, &mut say);
            let responses = operation.value.get("responses").and_then(Value::as_object);
            if !responses.is_some_and(|all| all.keys().any(|status| status.starts_with('4'))) {
                let text = format!("{name} has no answer 4xx");
                say(&rules::FOUR, (operation.file, operation.pointer.clone()), text);
            }
            security((&root, template, &item, &operation), &name, &mut say);
            declared(context, (template, &name), (&item, &operation), &mut say);
        }
    }
}

/// An operation has a name that no other has.
fn identified<'v>(
    name: &str,
    operation: &Spot<'v>,
    ids: &mut BTreeMap<&'v str, String>,
    say: &mut Say<'_>,
) {
    let Some(id) = operation.word("operationId") else {
        let text = format!("{name} has no operationId");
        return say(&rules::OPERATION_ID, (operation.file, operation.pointer.clone()), text);
    };
    if let Some(other) = ids.insert(id, name.to_owned()) {
        let text = format!("{name} and {other} are both {id}");
        let at = join(&operation.pointer, "operationId");
        say(&rules::OPERATION_ID_TWICE, (operation.file, at), text);
    }
}

/// The parameters in braces are those that are declared.
fn declared<'v>(
    context: &'v Context<'_>,
    (template, name): (&str, &str),
    (item, operation): (&Spot<'v>, &Spot<'v>),
    say: &mut Say<'_>,
) {
    let (shared, own) = (parameters(context, item), parameters(context, operation));
    let known: BTreeMap<_, _> = shared.into_iter().chain(own).collect();
    let used = braces(template);
    for parameter in used.iter().filter(|used| !known.contains_key(**used)) {
        let text = format!("{name} does not declare {{{parameter}}}");
        say(&rules::UNDECLARED, (operation.file, operation.pointer.clone()), text);
    }
    for (parameter, declared) in known.iter().filter(|(one, _)| !used.contains(**one)) {
        let text = format!("{template} has no {{{parameter}}}");
        say(&rules::UNUSED, (declared.file, declared.pointer.clone()), text);
    }
}

/// What the official schemas cannot see: a parameter declared twice, a list of nothing in 3.0, a server's variable
/// that is not there.
fn plain<'v>(context: &'v Context<'_>, root: &Spot<'v>, say: &mut Say<'_>) {
    let file = root.file;
    let listed = |members: &serde_json::Map<String, Value>| {
        let is = members.get("type").and_then(Value::as_str) == Some("array");
        is && !members.contains_key("items") && !members.contains_key("$ref")
    };
    walk(root.document, "", "", &mut |at, _, members| {
        if version(root.document).starts_with("3.0") && listed(members) {
            let text = "an array says what its items are".to_owned();
            say(&rules::OPENAPI, (file, at.to_owned()), text);
        }
        let Some(here) = root.at(at) else { return };
        let mut seen = BTreeSet::new();
        for declared in here.items("parameters") {
            let Some(parameter) = declared.followed(context) else { continue };
            if let (Some(name), Some(place)) = (parameter.word("name"), parameter.word("in"))
                && !seen.insert((name, place))
            {
                let text = format!("the parameter {name} in {place} is there twice");
                say(&rules::OPENAPI, (file, declared.pointer), text);
            }
        }
        for server in here.items("servers") {
            let known =
                |name: &str| server.value.get("variables").is_some_and(|v| v.get(name).is_some());
            let used = braces(server.word("url").unwrap_or_default());
            for name in used.into_iter().filter(|name| !known(name)) {
                let text = format!("there is no variable {name}");
                say(&rules::OPENAPI, (file, join(&server.pointer, "url")), text);
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
fn parameters<'v>(context: &'v Context<'_>, of: &Spot<'v>) -> BTreeMap<&'v str, Spot<'v>> {
    let one = |declared: Spot<'v>| {
        let parameter = declared.followed(context)?;
        let name = parameter.word("name")?;
        (parameter.word("in")? == "path").then_some((name, declared))
    };
    of.items("parameters").into_iter().filter_map(one).collect()
}

/// Who may call an operation is said, and is not just anybody.
fn security(
    (root, template, item, operation): (&Spot<'_>, &str, &Spot<'_>, &Spot<'_>),
    name: &str,
    say: &mut Say<'_>,
) {
    schemes(root, operation, say);
    let own = operation.value.get("security");
    let demands = own.or_else(|| root.value.get("security")).and_then(Value::as_array);
    let empty = |demand: &Value| demand.as_object().is_none_or(serde_json::Map::is_empty);
    let guarded = demands.is_some_and(|all| !all.is_empty() && !all.iter().any(empty));
    let public = |of: &Value| of.get("x-public").and_then(Value::as_bool) == Some(true);
    let tags = operation.value.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tagged = tags.into_iter().any(|tag| {
        let all = root.value.get("tags").and_then(Value::as_array).into_iter().flatten();
        all.into_iter().any(|known| known.get("name") == Some(tag) && public(known))
    });
    let health = template.starts_with("/health") || ["/livez", "/readyz"].contains(&template);
    if !guarded && !public(operation.value) && !public(item.value) && !tagged && !health {
        let text = format!("{name} may be called by anybody");
        say(&rules::SECURITY, (operation.file, operation.pointer.clone()), text);
    }
}

/// Security names schemes that there are: those of the root.
fn schemes(root: &Spot<'_>, of: &Spot<'_>, say: &mut Say<'_>) {
    let known = root.document.pointer("/components/securitySchemes").and_then(Value::as_object);
    for demand in of.items("security") {
        for scheme in demand.value.as_object().into_iter().flat_map(|all| all.keys()) {
            if !known.is_some_and(|known| known.contains_key(scheme)) {
                let text = format!("there is no security scheme {scheme}");
                say(&rules::SCHEME, (demand.file, join(&demand.pointer, scheme)), text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_of_what_in_3_0() {
        let set = crate::law::Set::open({
            let mut tree = crate::law::Tree::default();
            let manifest = "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules: [{name: m}]";
            tree.insert("contracts.yaml", manifest.into()).unwrap();
            tree
        });
        let set = set.unwrap();
        let context = Context::new(&set);
        let said = |version: &str, schema: Value| {
            let mut count = 0;
            let api = serde_json::json!({"openapi": version, "components": {"schemas": {"default": schema}}});
            plain(&context, &Spot::of("a.json", &api), &mut |_, _, _| count += 1);
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
