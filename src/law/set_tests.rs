use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    tree
}

const SET: &str = "
apiVersion: lazaret.dev/contracts/v1
name: shop
modules:
- name: orders
  path: modules/orders
  schemas: ['schemas/*.json']
  crds: ['../../crds/*.yaml']
  fixtures: ['fixtures/**']
  functions: {registry: registry.json, sources: ['../../src/**/*.rs']}
consumers:
- name: billing
  contracts: ['orders/schemas/*.json']
";

#[test]
fn files_are_told_apart_by_the_manifest() {
    let set = Set::open(tree(&[
        ("contracts.yaml", SET),
        ("modules/orders/schemas/order.v1.schema.json", "{}"),
        ("modules/orders/schemas/deep/no.json", "{}"),
        ("modules/orders/fixtures/a/order.v1.valid.json", "{}"),
        ("crds/a.yaml", ""),
        ("src/a/b.rs", ""),
    ]))
    .unwrap();
    let ids: Vec<&str> = set.contracts().into_keys().collect();
    let wanted =
        ["orders/crds/a.yaml", "orders/registry.json", "orders/schemas/order.v1.schema.json"];
    assert_eq!(ids, wanted);
    assert_eq!(set.units[0].fixtures, ["modules/orders/fixtures/a/order.v1.valid.json"]);
    assert_eq!(set.units[0].sources, ["src/a/b.rs"]);
    assert_eq!(set.manifest.consumers_of("orders/schemas/order.v1.schema.json").len(), 1);
    assert!(set.manifest.consumers_of("orders/crds/a.yaml").is_empty());
    let wants = set.manifest.wants().unwrap();
    for path in
        ["contracts.yaml", "modules/orders/versions.yaml", "_frozen/1.0.0.json", "src/a/b.rs"]
    {
        assert!(wants.is_match(path), "{path}");
    }
    assert!(!wants.is_match("README.md"));
}

#[test]
fn a_manifest_is_read_strictly() {
    for (from, to, why) in [
        ("contracts/v1", "contracts/v2", "apiVersion"),
        ("crds:", "crd:", "crd"),
        ("../../crds", "../../../crds", "leads out of the set"),
        ("modules/orders", "/modules/orders", "relative"),
        ("schemas/*.json'", "schemas/[.json'", "schemas/["),
        ("name: orders", "name: Orders", "a-z"),
        ("name: shop", "name: shop\nname: shop", "duplicate"),
    ] {
        let error = Manifest::parse(SET.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(Set::open(tree(&[])).unwrap_err(), ManifestError::Missing);
}

#[test]
fn paths_are_plain() {
    for path in ["../a", "a//b", "/a", "a/./b", "", "a\\b"] {
        assert_eq!(Tree::default().insert(path, vec![]), Err(TreeError::Path(path.into())));
    }
}

#[test]
fn two_contracts_have_two_ids() {
    let manifest = "apiVersion: lazaret.dev/contracts/v1\nname: s\nmodules:\n- name: m\n  path: a\n  graphql: \
                    ['b/*.graphql', '../b/*.graphql']\n";
    let one = [("contracts.yaml", manifest), ("a/b/x.graphql", "type Query { a: Int }")];
    assert!(Set::open(tree(&one)).is_ok());
    let two = [one[0], one[1], ("b/x.graphql", "type Query { a: Int b: Int }")];
    let error = Set::open(tree(&two)).unwrap_err().to_string();
    assert!(error.contains("a/b/x.graphql and b/x.graphql would both be"), "{error}");
}
