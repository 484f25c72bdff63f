//! The report does not depend on any order in which things are written or read.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::dataset::testing::{Workspace, workspace};

use super::report;

/// Mutations that leave something to report.
fn damage(ws: &mut Workspace, which: u8) {
    if which & 1 != 0 {
        ws.edit("catalog/dcat.jsonld", |d| d["dcat:distribution"][0]["dcat:byteSize"] = json!(1));
    }
    if which & 2 != 0 {
        ws.edit("catalog/prov/bundle.jsonld", |p| p["@graph"][0]["@type"] = json!("prov:Location"));
    }
    if which & 4 != 0 {
        ws.edit("catalog/stac/items/stations.json", |i| i["assets"]["map"]["file:size"] = json!(1));
    }
    if which & 8 != 0 {
        ws.put("processed/orphan.csv", "a\n");
    }
}

fn shuffled(list: &mut Value, order: &[usize]) {
    let items = list.as_array_mut().unwrap();
    let mut keyed: Vec<(usize, Value)> =
        items.drain(..).enumerate().map(|(i, v)| (order[i % order.len()], v)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    items.extend(keyed.into_iter().map(|(_, value)| value));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_does_not_matter(which in 0_u8..16, order in prop::collection::vec(0_usize..100, 6)) {
        let mut ws = workspace();
        damage(&mut ws, which);
        let codes = |ws: &Workspace| -> Vec<(String, String)> {
            let mut all: Vec<_> = report(ws)
                .reasons()
                .map(|(_, r)| (r.code.to_string(), r.message.clone()))
                .collect();
            all.sort();
            all
        };
        let before = codes(&ws);
        prop_assert_eq!(which == 0, before.is_empty());
        ws.edit("catalog/prov/bundle.jsonld", |p| shuffled(&mut p["@graph"], &order));
        ws.edit("catalog/dcat.jsonld", |d| shuffled(&mut d["dcat:distribution"], &order));
        ws.edit("catalog/stac/collection.json", |c| shuffled(&mut c["links"], &order));
        prop_assert_eq!(codes(&ws), before);
        prop_assert_eq!(report(&ws), report(&ws));
    }
}
