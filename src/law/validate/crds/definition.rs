//! A CustomResourceDefinition apart from its schemas: names and versions.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::Deserialize as _;
use serde_json::Value;

/// What an API server would not take: where, and what.
pub(super) fn faults(crd: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut say = |pointer: &str, text: String| found.push((pointer.to_owned(), text));
    let word = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if (word("/apiVersion"), word("/kind"))
        != ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    {
        say("", "it is no CustomResourceDefinition of apiextensions.k8s.io/v1".into());
        return found;
    }
    if let Err(error) = CustomResourceDefinition::deserialize(crd) {
        say("", error.to_string());
        return found;
    }
    let wanted = format!("{}.{}", word("/spec/names/plural"), word("/spec/group"));
    if word("/metadata/name") != wanted {
        say("/metadata/name", format!("its name must be {wanted}: plural and group"));
    }
    if !["Namespaced", "Cluster"].contains(&word("/spec/scope")) {
        say("/spec/scope", "the scope is Namespaced or Cluster".into());
    }
    let all = versions(crd);
    let mut names = BTreeSet::new();
    for (at, version) in all.iter().enumerate() {
        let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
        let place = format!("/spec/versions/{at}");
        if !names.insert(name) {
            say(&format!("{place}/name"), format!("there are two versions {name}"));
        }
        match version.pointer("/schema/openAPIV3Schema") {
            None => say(&place, format!("version {name} has no schema.openAPIV3Schema")),
            Some(schema) if schema.get("type").and_then(Value::as_str) != Some("object") => {
                let place = format!("{place}/schema/openAPIV3Schema/type");
                say(&place, "the root of a schema has type object".into());
            }
            Some(_) => {}
        }
    }
    let those = |flag: &str| {
        all.iter()
            .filter(|version| version.get(flag).and_then(Value::as_bool) == Some(true))
            .count()
    };
    if those("storage") != 1 {
        say("/spec/versions", "exactly one version is stored".into());
    }
    if those("served") == 0 {
        say("/spec/versions", "no version is served".into());
    }
    found
}

/// Its versions.
pub(super) fn versions(crd: &Value) -> &[Value] {
    crd.pointer("/spec/versions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A version as manifests name it: `group/version`, and the kind.
pub(super) fn names<'a>(crd: &'a Value, version: &Value) -> (String, &'a str) {
    let word = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
    (format!("{}/{name}", word("/spec/group")), word("/spec/names/kind"))
}
