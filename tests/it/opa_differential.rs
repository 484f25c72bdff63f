//! The default pack and the policies of the benchmarks, by OPA and by us, over the facts of every
//! example and hundreds of mutations of them: the same reasons, gate by gate. Needs OPA; run by
//! `make test-all`.
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use lazaret::dataset::{Limits as Reading, Requested, StoreReader, gather};
use lazaret::domain::GateId;
use lazaret::objects::{FileAccess, Store};
use lazaret::policy::{Host, Limits, compile_on, evaluate};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::signed::verified;
use crate::tree::copy;

const INPUTS: usize = 300;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn facts(dir: &Path, request: &Value) -> Value {
    let text = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
    let requested = Requested {
        dataset_slug: text("dataset_slug"),
        dataset_version_id: text("dataset_version_id"),
        intended_use: text("intended_use"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&format!("file://{}", dir.display()), &FileAccess::Caller).unwrap();
        let reader = StoreReader::new(store, 10_000);
        gather(&reader, requested, None, &Reading::default(), &|_| {}).await.unwrap().policy_input()
    })
}

/// The facts of the examples, and of each with a variant's files laid over it.
fn recorded() -> Vec<Value> {
    let examples = root().join("examples");
    let requests = std::fs::read(examples.join("requests.json")).unwrap();
    let requests: Value = serde_json::from_slice(&requests).unwrap();
    let mut found = Vec::new();
    for name in ["seattle-weather", "restricted-sightings"] {
        found.push(facts(&examples.join(name), &requests[name]));
    }
    for entry in std::fs::read_dir(examples.join("variants")).unwrap() {
        let variant = entry.unwrap().path();
        let about = std::fs::read(variant.join("variant.json")).unwrap();
        let about: Value = serde_json::from_slice(&about).unwrap();
        let base = about["base"].as_str().unwrap_or("seattle-weather");
        let dir = tempfile::tempdir().unwrap();
        copy(&examples.join(base), dir.path());
        copy(&variant, dir.path());
        std::fs::remove_file(dir.path().join("variant.json")).unwrap();
        found.push(facts(dir.path(), &requests[base]));
    }
    found
}

/// Changes one place of a document.
fn mutate(value: &mut Value, random: &mut StdRng) {
    let depth = random.random_range(0..7);
    let mut at = value;
    for _ in 0..depth {
        let keys: Vec<String> = match &*at {
            Value::Object(members) => members.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|n| n.to_string()).collect(),
            _ => break,
        };
        let Some(key) = keys.choose(random) else { break };
        at = match at {
            Value::Object(members) => members.get_mut(key).unwrap(),
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            _ => break,
        };
    }
    let texts = [
        "",
        "x",
        "RED",
        "CC-BY-4.0",
        "Straße",
        "sha256:00",
        "2026-02-30",
        "restricted",
        "١٢",
        "a\u{b}b",
    ];
    let choice = random.random_range(0..10);
    match (choice, &mut *at) {
        (0, Value::Object(members)) => members.clear(),
        (1 | 2, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            if let Some(key) = keys.choose(random) {
                members.remove(key);
            }
        }
        (1 | 2, Value::Array(items)) => drop(items.pop()),
        (3, Value::Array(items)) => items.extend(items.clone()),
        (3, at) => *at = Value::Null,
        (4, at) => *at = json!(texts.choose(random).unwrap()),
        (5, at) => *at = json!([-1, 0, 1, 1_000_000_007].choose(random).unwrap()),
        (6, at) => *at = json!([0.1, 1.5, -2.25, 1e-7].choose(random).unwrap()),
        (7, at) => *at = json!(random.random::<bool>()),
        (8, at) => *at = json!([at.clone()]),
        (_, Value::String(text)) => text.push_str(texts.choose(random).unwrap()),
        (_, at) => *at = json!({"a": at.clone()}),
    }
}

fn inputs(recorded: &[Value]) -> Vec<Value> {
    let mut random = StdRng::seed_from_u64(20_261_121);
    let mut all = recorded.to_vec();
    while all.len() < INPUTS {
        let mut input = recorded.choose(&mut random).unwrap().clone();
        for _ in 0..random.random_range(1..4) {
            // The whole document is never replaced: there is always an object of facts.
            let members = input.as_object_mut().unwrap();
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = keys.choose(&mut random).unwrap();
            mutate(members.get_mut(key).unwrap(), &mut random);
        }
        all.push(input);
    }
    all
}

/// A reason as far as OPA's answer has it.
fn reason(item: &Value) -> (String, String) {
    let text = |text: &str| text.chars().filter(|c| !c.is_control()).take(900).collect::<String>();
    match item {
        Value::String(message) => ("PolicyDenied".into(), text(message)),
        item => (
            item["code"].as_str().unwrap_or_default().into(),
            text(item["message"].as_str().unwrap_or_default()),
        ),
    }
}

type Reasons = BTreeMap<GateId, BTreeSet<(String, String)>>;

fn opa(dir: &Path, gates: &BTreeSet<GateId>, inputs: &[Value]) -> Vec<Reasons> {
    let work = tempfile::tempdir().unwrap();
    let mut rego = "package batch\n".to_owned();
    for gate in gates.iter().map(|gate| gate.letter()) {
        rego.push_str(&format!(
            "{gate}[i] := d if {{\n\tsome i, facts in data.batched\n\td := data.lazaret.gates.{gate}.deny with input as facts\n}}\n"
        ));
    }
    std::fs::write(work.path().join("batch.rego"), rego).unwrap();
    let batched = json!({"batched": inputs}).to_string();
    std::fs::write(work.path().join("batched.json"), batched).unwrap();
    let program = std::env::var_os("LAZARET_OPA").expect("LAZARET_OPA is not set");
    let mut command = Command::new(program);
    command.args(["eval", "--format", "raw", "--data"]).arg(work.path().join("batch.rego"));
    command.arg("--data").arg(work.path().join("batched.json")).arg("--data").arg(dir.join("opa"));
    if dir.join("data").exists() {
        command.arg("--data").arg(dir.join("data"));
    }
    let output = command.arg("data.batch").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    (0..inputs.len())
        .map(|number| {
            let of = |gate: &GateId| {
                let denied = &answer[gate.letter().to_string()][number.to_string()];
                denied.as_array().into_iter().flatten().map(reason).collect()
            };
            gates.iter().map(|gate| (*gate, of(gate))).collect()
        })
        .collect()
}

fn compare(dir: &Path, inputs: &[Value]) {
    let pack = compile_on(&Host::Here, &verified(dir), &Limits::default()).unwrap();
    let theirs = opa(dir, pack.gates(), inputs);
    let (mut equal, mut errors, mut denied) = (0, Vec::new(), 0);
    for (number, (input, theirs)) in inputs.iter().zip(theirs).enumerate() {
        let verdict = match evaluate(&pack, "p", input) {
            Ok(verdict) => verdict,
            Err(error) => {
                errors.push(error.to_string());
                continue;
            }
        };
        let ours: Reasons = verdict
            .denials
            .iter()
            .map(|(gate, reasons)| {
                let list = reasons
                    .iter()
                    .map(|r| reason(&json!({"code": r.code.as_str(), "message": r.message})));
                (*gate, list.collect())
            })
            .collect();
        for (gate, theirs) in theirs.iter().filter(|(_, theirs)| theirs.len() <= 200) {
            assert_eq!(&ours[gate], theirs, "input {number}, gate {gate}: {}", shown(input));
        }
        denied += usize::from(ours.values().any(|reasons| !reasons.is_empty()));
        equal += 1;
    }
    println!("{}: {equal} equal ({denied} denied), {} errors", dir.display(), errors.len());
    errors.sort();
    errors.dedup();
    errors.iter().for_each(|error| println!("  {error}"));
    assert!(equal >= 200, "only {equal} are equal");
}

#[test]
#[ignore = "needs opa; run by make test-all"]
fn the_default_pack_decides_as_in_opa() {
    compare(&root().join("contracts/policy/default"), &inputs(&recorded()));
}

#[test]
#[ignore = "needs opa; run by make test-all"]
fn the_policies_of_the_benchmarks_decide_as_in_opa() {
    for name in ["abac", "receipts"] {
        let dir = root().join("benches/policies").join(name);
        let input: Value =
            serde_json::from_slice(&std::fs::read(dir.join("input.json")).unwrap()).unwrap();
        compare(&dir, &inputs(&[input]));
    }
}

fn shown(input: &Value) -> String {
    let path = std::env::temp_dir().join("lazaret-differs.json");
    match std::fs::write(&path, input.to_string()) {
        Ok(()) => format!("the input is in {}", path.display()),
        Err(_) => "the input could not be kept".to_owned(),
    }
}
