use super::super::tree::Tree;
use super::*;

fn today() -> Date {
    "2026-11-21".parse().unwrap()
}

/// A set with a draft written into it.
fn written(set: Option<Set>, draft: Draft) -> Set {
    let mut tree = set.map_or_else(Tree::default, |set| set.tree);
    for (path, text) in draft.files {
        assert!(tree.get(&path).is_none(), "{path}");
        tree.insert(&path, text.into_bytes()).unwrap();
    }
    if let Some(manifest) = draft.manifest {
        tree.insert(MANIFEST, manifest.into_bytes()).unwrap();
    }
    Set::open(tree).unwrap()
}

fn wanted<'a>(new: New, name: &'a str, module: Option<&'a str>) -> Wanted<'a> {
    Wanted { new, name, module, base: None, today: today() }
}

fn grown(set: Set, wanted: &Wanted<'_>) -> Set {
    let new = draft(&set, wanted).unwrap();
    written(Some(set), new)
}

fn set_of(manifest: &str) -> Set {
    let mut tree = Tree::default();
    tree.insert(MANIFEST, manifest.as_bytes().to_vec()).unwrap();
    Set::open(tree).unwrap()
}

#[test]
fn a_set_grows_by_what_is_asked_for() {
    let mut set = written(None, first("my shop", today()).unwrap());
    for (new, name, module) in [
        (New::Event, "order_placed", None),
        (New::Schema, "order", Some("orders")),
        (New::Schema, "item", Some("orders")),
        (New::Event, "order_sent", Some("orders")),
        (New::Policy, "refunds", Some("rules")),
        (New::Policy, "shipping", None),
        (New::Endpoint, "orders", Some("api")),
        (New::Endpoint, "items", Some("orders")),
    ] {
        set = grown(set, &wanted(new, name, module));
    }
    let ids: Vec<&str> = set.contracts().into_keys().collect();
    let all = [
        "api/orders.openapi.yaml",
        "events/event_envelope.v1.schema.json",
        "events/order_placed.v1.schema.json",
        "orders/item.v1.schema.json",
        "orders/items.openapi.yaml",
        "orders/order.v1.schema.json",
        "orders/order_sent.v1.schema.json",
        "rules/refunds.rego",
        "rules/refunds_test.rego",
        "rules/shipping.rego",
        "rules/shipping_test.rego",
    ];
    assert_eq!(ids, all);
    // No file lies there that no pattern takes, and each module knows its version.
    let wants = set.manifest.wants().unwrap();
    for (path, bytes) in set.tree.iter() {
        assert!(wants.is_match(path), "{path}");
        let text = String::from_utf8_lossy(bytes);
        for left in ["@name@", "@base@", "@file@", "@topic@", "@set@", "@module@", "@today@"] {
            assert!(!text.contains(left), "{path} has {left}");
        }
    }
    for unit in &set.units {
        let versions = super::super::Versions::of(&set.tree, &unit.module.versions).unwrap();
        assert_eq!(versions.module, unit.module.name);
    }
    // They pass as they stand.
    let validation = super::super::validate::validate(&set);
    assert_eq!(validation.findings, []);
    assert_eq!(validation.contracts, all.len());
    let order = set.tree.document("contracts/orders/order.v1.schema.json").unwrap();
    assert_eq!(order["$id"], "https://example.org/my-shop/orders/order.v1.schema.json");
    let sent = set.tree.document("contracts/orders/order_sent.v1.schema.json").unwrap();
    assert_eq!(sent["properties"]["topic"]["const"], "orders.order_sent.v1");
}

#[test]
fn nothing_is_written_over_and_no_guess_is_made() {
    let set = written(None, first("shop", today()).unwrap());
    let set = grown(set, &wanted(New::Schema, "order", None));
    let again = draft(&set, &wanted(New::Schema, "order", None)).unwrap_err();
    assert_eq!(again, DraftError::There("contracts/events/order.v1.schema.json".into()));
    for name in ["", "Order", "1st", "a-b", "../a", "a b", &"a".repeat(65)] {
        let error = draft(&set, &wanted(New::Schema, name, None)).unwrap_err();
        assert_eq!(error, DraftError::Name(name.into()));
    }
    let set = grown(set, &wanted(New::Schema, "order", Some("orders")));
    let unclear = draft(&set, &wanted(New::Schema, "item", None)).unwrap_err();
    assert_eq!(unclear, DraftError::Module("events, orders".into()));
    let odd = draft(&set, &wanted(New::Schema, "item", Some("Orders: x"))).unwrap_err();
    assert_eq!(odd, DraftError::ModuleName("Orders: x".into()));
    for name in ["", "a\"b", "a\nb"] {
        assert_eq!(first(name, today()).unwrap_err(), DraftError::SetName(name.into()));
    }
}

#[test]
fn a_module_keeps_its_own_order() {
    let manifest = "apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules:\n- name: m\n  path: deep/m\n  schemas: ['json/**/*.json']\n  fixtures: ['../f/*']\n";
    let set = set_of(manifest);
    let new = draft(&set, &wanted(New::Schema, "a", None)).unwrap();
    let paths: Vec<&str> = new.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths[..2], ["deep/m/json/a.v1.schema.json", "deep/f/a.v1.valid.json"]);
    assert_eq!(new.manifest, None);
    let odd = set_of(&manifest.replace("json/**/*.json", "*/*.json"));
    let error = draft(&odd, &wanted(New::Schema, "a", None)).unwrap_err();
    assert!(matches!(error, DraftError::Place { .. }), "{error}");
    // What cannot be edited surely is not edited.
    let odd = set_of("apiVersion: lazaret.dev/contracts/v1\nname: x\nmodules: [{name: m}]\n");
    let error = draft(&odd, &wanted(New::Policy, "a", None)).unwrap_err().to_string();
    assert!(error.contains("policies: ['*.rego'], fixtures: ['fixtures/*.json']"), "{error}");
}
