//! The versions of a definition.

use serde_json::Value;

use super::super::change::{Change, Class};
use super::{Crd, MAX_LIST, schema, shown};

/// A version and where it stands.
struct Version<'v> {
    name: &'v str,
    at: String,
    value: &'v Value,
}

impl Version<'_> {
    fn is(&self, flag: &str) -> bool {
        self.value.get(flag).and_then(Value::as_bool).unwrap_or(false)
    }
}

fn versions<'v>(crd: &Crd<'v>) -> Vec<Version<'v>> {
    let list = crd.value.pointer("/spec/versions").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .take(MAX_LIST)
        .enumerate()
        .filter_map(|(number, value)| {
            let name = value.get("name").and_then(Value::as_str)?;
            Some(Version { name, at: format!("/spec/versions/{number}"), value })
        })
        .collect()
}

const MOVE: &str =
    "go on serving it until its clients and stored objects have moved to another version";

impl Crd<'_> {
    pub(super) fn versions(&self, new: &Self, changes: &mut Vec<Change>) {
        let (old_all, new_all) = (versions(self), versions(new));
        let stored = |all: &[Version<'_>]| {
            all.iter().find(|one| one.is("storage")).map(|one| one.name.to_owned())
        };
        for a in &old_all {
            let Some(b) = new_all.iter().find(|b| b.name == a.name) else {
                let class =
                    if a.is("served") || a.is("storage") { Class::Breaking } else { Class::Risky };
                changes.push(
                    Change::new(
                        "version-removed",
                        class,
                        format!("the version {} is gone", a.name),
                    )
                    .at(Some(self.place(&a.at)), None)
                    .mend(MOVE),
                );
                continue;
            };
            self.version(new, a, b, changes);
        }
        for b in new_all.iter().filter(|b| !old_all.iter().any(|a| a.name == b.name)) {
            changes.push(
                Change::new(
                    "version-added",
                    Class::Safe,
                    format!("there is a version {} now", b.name),
                )
                .at(None, Some(new.place(&b.at))),
            );
        }
        let (a, b) = (stored(&old_all), stored(&new_all));
        if a != b {
            let name = |one: &Option<String>| one.clone().unwrap_or_else(|| "(none)".into());
            let message = format!("objects are stored as {} and no more as {}", name(&b), name(&a));
            changes.push(
                Change::new("storage-version-changed", Class::Risky, message)
                    .at(Some(self.place("/spec/versions")), Some(new.place("/spec/versions")))
                    .mend("show that objects survive the way there and back, and migrate those that are stored"),
            );
        }
    }

    fn version(&self, new: &Self, a: &Version<'_>, b: &Version<'_>, changes: &mut Vec<Change>) {
        let mut push = |rule: &str, class: Class, at: &str, message: String, remedy: &str| {
            let place = |crd: &Crd<'_>, base: &str| crd.place(&format!("{base}/{at}"));
            changes.push(
                Change::new(rule, class, message)
                    .at(Some(place(self, &a.at)), Some(place(new, &b.at)))
                    .mend(remedy),
            );
        };
        let name = a.name;
        match (a.is("served"), b.is("served")) {
            (true, false) => {
                push(
                    "version-not-served",
                    Class::Breaking,
                    "served",
                    format!("{name} is served no more"),
                    MOVE,
                );
            }
            (false, true) => {
                push("version-served", Class::Safe, "served", format!("{name} is served now"), "");
            }
            _ => {}
        }
        match (a.is("deprecated"), b.is("deprecated")) {
            (false, true) => push(
                "version-deprecated",
                Class::Safe,
                "deprecated",
                format!("{name} is deprecated now"),
                "",
            ),
            (true, false) => push(
                "version-reactivated",
                Class::Safe,
                "deprecated",
                format!("{name} is deprecated no more"),
                "",
            ),
            _ => {}
        }
        let columns = "additionalPrinterColumns";
        if a.value.get(columns) != b.value.get(columns) {
            push(
                "printer-columns-changed",
                Class::Safe,
                columns,
                format!("what kubectl prints of {name} changed"),
                "",
            );
        }
        for sub in ["status", "scale"] {
            let of = |version: &Version<'_>| {
                version.value.pointer(&format!("/subresources/{sub}")).cloned()
            };
            let at = format!("subresources/{sub}");
            match (of(a), of(b)) {
                (Some(_), None) => push(
                    "subresource-removed",
                    Class::Breaking,
                    &at,
                    format!("the subresource {sub} of {name} is gone"),
                    "keep it: controllers write through it",
                ),
                (None, Some(_)) if sub == "status" => push(
                    "subresource-added",
                    Class::Risky,
                    &at,
                    format!(
                        "{name} has a subresource status now: what clients write into .status of the object itself is dropped"
                    ),
                    "show that every writer of .status uses the subresource",
                ),
                (None, Some(_)) => {
                    push(
                        "subresource-added",
                        Class::Safe,
                        &at,
                        format!("{name} has a subresource {sub} now"),
                        "",
                    );
                }
                (Some(x), Some(y)) if x != y => push(
                    "subresource-changed",
                    Class::Risky,
                    &at,
                    format!(
                        "the subresource {sub} of {name} was {} and is {}",
                        shown(Some(&x)),
                        shown(Some(&y))
                    ),
                    "show that autoscalers still find what they read and write",
                ),
                _ => {}
            }
        }
        let selectable = |version: &Version<'_>| -> Vec<String> {
            let list = version.value.get("selectableFields").and_then(Value::as_array);
            let paths = list.into_iter().flatten().take(MAX_LIST);
            paths.filter_map(|one| one.get("jsonPath")?.as_str().map(str::to_owned)).collect()
        };
        let (x, y) = (selectable(a), selectable(b));
        for gone in x.iter().filter(|one| !y.contains(one)) {
            push(
                "selectable-field-removed",
                Class::Breaking,
                "selectableFields",
                format!("{name} cannot be selected by {gone} any more"),
                "keep it as long as clients may select by it",
            );
        }
        for come in y.iter().filter(|one| !x.contains(one)) {
            push(
                "selectable-field-added",
                Class::Safe,
                "selectableFields",
                format!("{name} can be selected by {come} now"),
                "",
            );
        }
        let of = |version: &Version<'_>| version.value.pointer("/schema/openAPIV3Schema").cloned();
        let at = |base: &str| format!("{base}/schema/openAPIV3Schema");
        let (x, y) = (of(a).unwrap_or(Value::Bool(true)), of(b).unwrap_or(Value::Bool(true)));
        if x != y {
            schema::compare((self, &at(&a.at), &x), (new, &at(&b.at), &y), changes);
        }
    }
}
