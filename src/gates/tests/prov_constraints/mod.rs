//! The cases of the PROV-CONSTRAINTS test suite, one bundle after the other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{now, verdict};
use crate::dataset::layout::PROV;
use crate::dataset::testing::workspace;
use crate::gates::{codes, judge};

/// What the suite calls invalid and its own reference implementation, ProvToolbox 2.2.1, accepts:
/// usages have no key but their name, and nothing is said of a delegation that leaves out its
/// activity.
const DISPUTED: [&str; 6] = [
    "delegation-fail4",
    "delegation-fail5",
    "usage-fail1",
    "usage-fail5",
    "usage-fail6",
    "usage-fail7",
];

/// One name in two bundles of a bundle: they are read as one here.
const STRICTER: &str = "bundle-success2";

/// What the bundle breaks by itself, whatever workspace it lies in.
fn faults(bundle: &Value) -> Vec<String> {
    let judged = [
        &codes::PROV_INVALID,
        &codes::PROV_CYCLE,
        &codes::PROV_TYPE_CONFLICT,
        &codes::PROV_GENERATED_TWICE,
        &codes::PROV_CONSTRAINT_BROKEN,
        &codes::PROV_TIME_INVALID,
        &codes::PROV_TIME_ORDER,
    ];
    let mut bundle = bundle.clone();
    // The profile asks for an activity; many cases have none.
    bundle["prefix"]["ours"] = json!("https://lazaret.dev/");
    bundle["activity"]["ours:run"] = json!({});
    let mut ws = workspace();
    ws.put_json(PROV, &bundle);
    let report = judge(&ws.facts(), &verdict(), &[], now());
    let reasons =
        report.reasons().filter(|(_, r)| judged.iter().any(|code| r.code.as_str() == code.code));
    reasons.map(|(_, reason)| format!("{}: {}", reason.code, reason.message)).collect()
}

#[test]
fn the_suite_agrees() {
    let cases: BTreeMap<String, Value> = serde_json::from_str(include_str!("cases.json")).unwrap();
    let mut wrong = Vec::new();
    for (name, bundle) in &cases {
        let promised = name.contains("success") || name.contains("PASS");
        let valid = (promised && name != STRICTER) || DISPUTED.contains(&name.as_str());
        let found = faults(bundle);
        if found.is_empty() != valid {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert_eq!(cases.len(), 174);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
