//! The schemas of the contract set's own files, and the code that reads and writes these files, agree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lazaret::contracts::functions::{Registry, extract};
use lazaret::law::{Manifest, Versions};
use proptest::prelude::*;
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = format!("contracts/schemas/{name}.v1.schema.json");
    let text = fs::read(root().join(path)).unwrap();
    let schema: Value = serde_json::from_slice(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn fixtures(name: &str) -> Vec<(PathBuf, bool)> {
    let all = fs::read_dir(root().join("contracts/fixtures")).unwrap();
    let named = |path: PathBuf| {
        let file = path.file_name()?.to_str()?.strip_prefix(&format!("{name}.v1."))?.to_owned();
        Some((path, file.starts_with("valid")))
    };
    all.filter_map(|entry| named(entry.unwrap().path())).collect()
}

#[test]
fn fixtures_are_read_as_their_names_say() {
    type Reads = fn(&[u8]) -> bool;
    let kinds: [(&str, Reads); 3] = [
        ("contract_set", |bytes| Manifest::parse(bytes).is_ok()),
        ("contract_versions", |bytes| Versions::parse(bytes).is_ok()),
        ("contract_registry", |bytes| Registry::parse(bytes).is_ok()),
    ];
    for (name, reads) in kinds {
        let fixtures = fixtures(name);
        assert!(fixtures.len() >= 3, "{name}");
        for (path, valid) in fixtures {
            assert_eq!(reads(&fs::read(&path).unwrap()), valid, "{}", path.display());
        }
    }
}

fn mangled(mut value: Value, path: &[prop::sample::Index], put: &Option<Value>) -> Value {
    let mut at = &mut value;
    for (depth, index) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        match at {
            Value::Object(members) if !members.is_empty() => {
                let names: Vec<String> = members.keys().cloned().collect();
                let name = index.get(&names).clone();
                match (last, put) {
                    (true, Some(put)) => drop(members.insert(name, put.clone())),
                    (true, None) => drop(members.remove(&name)),
                    (false, _) => {
                        at = members.get_mut(&name).unwrap();
                        continue;
                    }
                }
                break;
            }
            Value::Array(items) if !items.is_empty() && !last => {
                let index = index.index(items.len());
                at = &mut items[index];
            }
            _ => break,
        }
    }
    value
}

fn anything() -> impl Strategy<Value = Option<Value>> {
    // No null and no number: YAML's reader takes them for texts where a text is expected. Nothing empty:
    // what that lacks, `validate` says.
    let values = [json!("a"), json!("../../../a"), json!({}), json!(["*.json"])];
    prop::option::of(prop::sample::select(values.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// What the code reads, editors that go by the schema do not mark; but for what no schema can say.
    #[test]
    fn what_is_read_is_valid(path in prop::collection::vec(any::<prop::sample::Index>(), 1..6), put in anything()) {
        for (name, reads) in [("contract_set", true), ("contract_versions", false)] {
            let file = root().join(format!("contracts/fixtures/{name}.v1.valid.json"));
            let value: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            let value = mangled(value, &path, &put);
            let text = value.to_string();
            let read = match reads {
                true => Manifest::parse(text.as_bytes()).map(drop).map_err(|e| e.to_string()),
                false => Versions::parse(text.as_bytes()).map(drop),
            };
            if read.is_ok() {
                let found = schema(name).validate(&value).map_err(|e| format!("{e} at {}", e.instance_path()));
                prop_assert_eq!(found, Ok(()), "{}", text);
            }
        }
    }
}

#[test]
fn a_decision_that_is_written_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lazaret"));
        let output =
            command.arg("contracts").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(&["new", "set", "shop"]);
    run(&["freeze"]);
    run(&["new", "schema", "order"]);
    run(&[
        "decide",
        "--approve-with-conditions",
        "--action",
        "tests: one more",
        "--by",
        "principal:jane",
        "--reason",
        "new",
    ]);
    let records = fs::read_dir(folder.path().join("contracts/decisions")).unwrap();
    let records: Vec<PathBuf> = records.map(|entry| entry.unwrap().path()).collect();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    let found = schema("policy_decision").validate(&record).map_err(|e| e.to_string());
    assert_eq!(found, Ok(()), "{record:#}");
    assert_eq!(record["contracts"][0]["id"], "events/order.v1.schema.json");
}

#[test]
fn a_registry_that_is_extracted_is_valid() {
    let sources = [
        (
            "src/lib.rs",
            "/// @effects: fs\n#[deprecated(note = \"x\")]\npub async unsafe fn a<'a, T: B>(x: &'a T) -> Result<(), E> {}\npub trait T { fn b(&mut self); const C: u8; }",
        ),
        (
            "shop/a.py",
            "class C:\n    @property\n    def b(self): pass\n    @classmethod\n    def c(cls, a, /, b=1, *c, d, **e) -> 'X': pass\n",
        ),
        (
            "src/a.ts",
            "export class C { constructor(x?: string, ...y: number[]) {} static async a() {} }\nexport interface I { (x): void }",
        ),
        (
            "a/b.go",
            "package b\nfunc (*C[T]) A(int, ...string) (int, error) { return }\nfunc New() C {}",
        ),
    ];
    let got = extract(sources.map(|(path, text)| (path, text.as_bytes())));
    let text = Registry::new("m", got.functions).text();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["functions"].as_array().unwrap().len() >= 9, "{text}");
    let found = schema("contract_registry")
        .validate(&value)
        .map_err(|e| format!("{e} at {}", e.instance_path()));
    assert_eq!(found, Ok(()), "{text}");
}
