//! CustomResourceDefinitions: what was stored must go on being accepted, and what clients ask for must be
//! there. Schemas are compared as JSON Schemas after conversion.

mod schema;
mod versions;

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Class, Comparison, Location};

#[cfg(test)]
mod pairs_tests;

/// Versions, names and the like of one definition that are looked at.
pub(super) const MAX_LIST: usize = 1_000;

/// Compares the CustomResourceDefinitions of two files: the documents of each, which are paired by name.
///
/// # Errors
/// Why a document is no `apiextensions.k8s.io/v1` definition.
pub fn diff(
    (old_name, old): (&str, &[Value]),
    (new_name, new): (&str, &[Value]),
) -> Result<Comparison, String> {
    let (old, new) = (read(old_name, old)?, read(new_name, new)?);
    let mut changes = Vec::new();
    for (name, a) in &old {
        match new.get(name) {
            Some(b) => a.compare(b, &mut changes),
            None => changes.push(
                Change::new("crd-removed", Class::Breaking, format!("the definition {name} is gone"))
                    .at(Some(a.place("")), None)
                    .mend("keep it until no object of it is left, and mark its versions as deprecated until then"),
            ),
        }
    }
    for (name, b) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        let message = format!("there is a definition {name} now");
        changes.push(Change::new("crd-added", Class::Safe, message).at(None, Some(b.place(""))));
    }
    Ok(Comparison::of(changes))
}

/// One definition.
pub(super) struct Crd<'v> {
    /// What its places are called by.
    document: String,
    value: &'v Value,
}

fn read<'v>(file: &str, documents: &'v [Value]) -> Result<BTreeMap<String, Crd<'v>>, String> {
    let mut found = BTreeMap::new();
    for value in documents {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        if text("/kind") != Some("CustomResourceDefinition") {
            return Err(format!("{file}: holds a document that is no CustomResourceDefinition"));
        }
        if text("/apiVersion") != Some("apiextensions.k8s.io/v1") {
            return Err(format!("{file}: only apiextensions.k8s.io/v1 is compared"));
        }
        let name =
            text("/metadata/name").ok_or_else(|| format!("{file}: a definition has no name"))?;
        let document = match documents {
            [_] => file.to_owned(),
            _ => format!("{file}#{name}"),
        };
        if found.insert(name.to_owned(), Crd { document, value }).is_some() {
            return Err(format!("{file}: two definitions are called {name}"));
        }
    }
    Ok(found)
}

/// A single value, the rule of its change, its class, and what it is.
const VALUES: &[(&str, &str, Class, &str)] = &[
    ("/spec/group", "group-changed", Class::Breaking, "the group"),
    ("/spec/scope", "scope-changed", Class::Breaking, "the scope"),
    ("/spec/names/kind", "kind-changed", Class::Breaking, "the kind"),
    ("/spec/names/plural", "plural-changed", Class::Breaking, "the plural name"),
    ("/spec/names/listKind", "list-kind-changed", Class::Risky, "the kind of lists"),
    ("/spec/names/singular", "singular-changed", Class::Risky, "the singular name"),
    ("/spec/conversion", "conversion-changed", Class::Risky, "the conversion between versions"),
];

impl Crd<'_> {
    pub(super) fn place(&self, pointer: &str) -> Location {
        Location::new(self.document.as_str(), pointer)
    }

    fn compare(&self, new: &Self, changes: &mut Vec<Change>) {
        let at = |pointer: &str| (Some(self.place(pointer)), Some(new.place(pointer)));
        for (pointer, rule, class, what) in VALUES {
            let (a, b) = (self.value.pointer(pointer), new.value.pointer(pointer));
            if implied(pointer, a) != implied(pointer, b) {
                let (old, new) = at(pointer);
                let message = format!("{what} {} became {}", shown(a), shown(b));
                changes.push(Change::new(*rule, *class, message).at(old, new).mend(match class {
                    Class::Breaking => "define another resource beside it and move objects over",
                    _ => "show by tests that nobody depends on it, and say so in a review note",
                }));
            }
        }
        for (pointer, noun) in
            [("/spec/names/shortNames", "short-name"), ("/spec/names/categories", "category")]
        {
            let of = |crd: &Self| names(crd.value.pointer(pointer));
            let (a, b) = (of(self), of(new));
            let (old, new) = at(pointer);
            for gone in a.iter().filter(|one| !b.contains(one)) {
                changes.push(
                    Change::new(
                        format!("{noun}-removed"),
                        Class::Risky,
                        format!("the {noun} {gone} is gone"),
                    )
                    .at(old.clone(), new.clone())
                    .mend("keep it as long as scripts may use it"),
                );
            }
            for come in b.iter().filter(|one| !a.contains(one)) {
                changes.push(
                    Change::new(
                        format!("{noun}-added"),
                        Class::Safe,
                        format!("there is a {noun} {come} now"),
                    )
                    .at(old.clone(), new.clone()),
                );
            }
        }
        self.keeping(new, changes);
        self.versions(new, changes);
    }

    /// Whether members that no schema names are kept.
    fn keeping(&self, new: &Self, changes: &mut Vec<Change>) {
        const AT: &str = "/spec/preserveUnknownFields";
        let keeps = |crd: &Self| crd.value.pointer(AT).and_then(Value::as_bool).unwrap_or(false);
        let (rule, class, message) = match (keeps(self), keeps(new)) {
            (true, false) => {
                ("pruning-began", Class::Breaking, "members that no schema names are dropped now")
            }
            (false, true) => {
                ("pruning-ceased", Class::Risky, "members that no schema names are kept now")
            }
            _ => return,
        };
        changes.push(
            Change::new(rule, class, message)
                .at(Some(self.place(AT)), Some(new.place(AT)))
                .mend("declare what objects hold before members are dropped"),
        );
    }
}

/// What the API server takes a missing value for.
fn implied(pointer: &str, value: Option<&Value>) -> Value {
    match (pointer, value) {
        ("/spec/conversion", None) => serde_json::json!({ "strategy": "None" }),
        (_, value) => value.cloned().unwrap_or(Value::Null),
    }
}

fn names(list: Option<&Value>) -> Vec<&str> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).take(MAX_LIST).collect()
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(none)".to_owned(), super::diff::short)
}
