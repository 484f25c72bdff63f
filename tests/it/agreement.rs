//! The same verdicts as reference validators, on their own examples and on broken copies.
//! `e2e/heavy/run` builds the references and runs this; `docs/conformance-gates.md` has the result.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lazaret::contracts::{Format, SchemaName, official_violations, stac_violations, violations};
use lazaret::gates::single::{dcat_shape_violations, prov_statements, sbom_violations};
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const RELATIONS: &str = "used,wasGeneratedBy,wasDerivedFrom,wasInformedBy,specializationOf,alternateOf,hadMember,\
    wasInvalidatedBy,wasStartedBy,wasEndedBy,wasAssociatedWith,wasAttributedTo,actedOnBehalfOf";

fn folder(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")).into()
}

/// The reference's answers, one a question.
fn ask(questions: &[Value]) -> Vec<Value> {
    let mut child = Command::new(folder("LAZARET_REFERENCE_PYTHON"))
        .arg(Path::new(ROOT).join("e2e/heavy/reference.py"))
        .arg(Path::new(ROOT).join("contracts/shapes/dcat.ttl"))
        .arg(RELATIONS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

fn documents(folder: &Path) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json")
                && let Ok(value) = serde_json::from_slice(&std::fs::read(&path).unwrap())
            {
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), value));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Copies with one member left out, or one value of another type. At most `most`.
fn broken(value: &Value, most: usize) -> Vec<(String, Value)> {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        let mut inner = |name: String, value: &Value| {
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            pointers(value, &at, found);
            found.push(at);
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(n, v)| inner(n.clone(), v)),
            Value::Array(items) => {
                items.iter().take(2).enumerate().for_each(|(n, v)| inner(n.to_string(), v));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    pointers(value, "", &mut found);
    let mut copies = Vec::new();
    for pointer in found {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut without = value.clone();
        if let Some(Value::Object(members)) = without.pointer_mut(parent) {
            members.remove(&name.replace("~1", "/").replace("~0", "~"));
            copies.push((format!("without {pointer}"), without));
        }
        for other in [json!({}), json!(-1.5), json!("word"), json!([])] {
            let mut bent = value.clone();
            if bent.pointer(&pointer) != Some(&other) {
                *bent.pointer_mut(&pointer).unwrap() = other.clone();
                copies.push((format!("{other} at {pointer}"), bent));
            }
        }
    }
    // Spread over the whole document.
    let step = copies.len().div_ceil(most.max(1)).max(1);
    copies.into_iter().step_by(step).collect()
}

#[test]
#[ignore = "needs pystac; run by make test-all"]
fn stac_as_pystac_says() {
    let mut cases = Vec::new();
    for (name, mut value) in documents(&folder("LAZARET_STAC_EXAMPLES")) {
        if value["stac_version"] != "1.1.0" {
            continue;
        }
        // Only the core: that is what the reference carries.
        value["stac_extensions"] = json!([]);
        cases
            .extend(broken(&value, 150).into_iter().map(|(what, v)| (format!("{name} {what}"), v)));
        cases.push((name, value));
    }
    let questions: Vec<Value> = cases.iter().map(|(_, value)| json!({"stac": value})).collect();
    let (mut refused, mut stricter, mut wrong) = (0, Vec::new(), Vec::new());
    for ((name, value), answer) in cases.iter().zip(ask(&questions)) {
        let ours = stac_violations(value);
        let theirs = answer["valid"] == true;
        refused += usize::from(!theirs);
        // JSON Schema leaves it open whether formats count. Here they do.
        let format_only =
            !ours.is_empty() && ours.iter().all(|v| v.message.starts_with("is not a"));
        if ours.is_empty() == theirs {
        } else if theirs && format_only {
            stricter.push(name);
        } else {
            wrong.push(format!("{name}: {ours:?}, but {answer}"));
        }
    }
    println!("{} documents, {refused} refused, {} only by a format", cases.len(), stricter.len());
    assert!(refused > 100 && refused < cases.len());
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
#[ignore = "needs pyshacl; run by make test-all"]
fn dcat_as_pyshacl_says() {
    let mut cases = Vec::new();
    for example in ["seattle-weather", "restricted-sightings"] {
        let path = format!("{ROOT}/examples/{example}/catalog/dcat.jsonld");
        let value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let context = value["@context"].clone();
        for (what, mut copy) in broken(&value, 250) {
            // A broken context is another standard's affair.
            if copy["@context"] == context || what.is_empty() {
                copy["@context"] = context.clone();
                cases.push((format!("{example} {what}"), copy));
            }
        }
        cases.push((example.to_owned(), value));
    }
    // The reference resolves relative references against schemes that it knows only.
    let base = "https://base.invalid/catalog/dcat.jsonld";
    let questions: Vec<Value> =
        cases.iter().map(|(_, value)| json!({"dcat": value, "base": base})).collect();
    let (mut refused, mut syntax, mut wrong) = (0, Vec::new(), Vec::new());
    for ((name, value), answer) in cases.iter().zip(ask(&questions)) {
        let theirs = answer["valid"] == true;
        refused += usize::from(!theirs);
        match dcat_shape_violations(value) {
            Ok(ours) if ours.is_empty() == theirs => {}
            // A number with a fraction, typed as one without: the reference rounds it.
            Ok(_) if theirs && name.contains("-1.5 at /dcat:distribution/0/dcat:byteSize") => {}
            Ok(ours) => wrong.push(format!("{name}: {ours:?}, but {answer}")),
            Err(_) if !theirs => {}
            Err(why) => syntax.push(format!("{name}: {why}")),
        }
    }
    println!(
        "{} documents, {refused} refused; no JSON-LD here, but read there: {syntax:#?}",
        cases.len()
    );
    assert!(refused > 20 && refused < cases.len());
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
#[ignore = "needs the prov package; run by make test-all"]
fn prov_json_as_the_prov_package_says() {
    let cases = documents(&folder("LAZARET_PROV_EXAMPLES"));
    let questions: Vec<Value> = cases.iter().map(|(_, value)| json!({"prov": value})).collect();
    let mut wrong = Vec::new();
    let (mut statements, mut without_subject) = (0, 0);
    for ((name, value), answer) in cases.iter().zip(ask(&questions)) {
        let said: BTreeSet<(String, String, String)> =
            serde_json::from_value(answer["said"].clone()).unwrap_or_default();
        statements += said.len();
        match prov_statements(value) {
            Ok(ours) if answer["valid"] == true && ours == said => {}
            Err(_) if answer["valid"] != true => {}
            // The data model demands a relation's subject; the package takes one without.
            Err(why)
                if why.starts_with("a ") && why.contains(" lacks prov:") && said.is_empty() =>
            {
                without_subject += 1;
            }
            // One name for two statements is one node to PROV-O, with what both say; PROV-CONSTRAINTS
            // refuses it. The package keeps them apart.
            Ok(ours) if name.starts_with("scruffy-") && ours.is_superset(&said) => {}
            // A mention is a specialization (PROV-LINKS); the package keeps it apart.
            Ok(_) if name.starts_with("mention") => {}
            ours => wrong.push(format!("{name}: {ours:?}, but {answer}")),
        }
    }
    println!(
        "{} documents, {statements} statements, {without_subject} without a subject",
        cases.len()
    );
    assert!(cases.len() > 300 && statements > 150);
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

/// Our own schemas, on the examples and on broken copies of them.
#[test]
#[ignore = "needs jsonschema; run by make test-all"]
fn our_schemas_as_jsonschema_says() {
    let mut cases = Vec::new();
    for (name, file, schema) in [
        (SchemaName::Dataset, "dataset.json", "dataset"),
        (SchemaName::RunReceipt, "receipts/ingest.json", "run_receipt"),
        (SchemaName::QaReport, "work/qa_report.json", "qa_report"),
    ] {
        let read = |path: String| -> Value {
            serde_json::from_slice(&std::fs::read(format!("{ROOT}/{path}")).unwrap()).unwrap()
        };
        let schema = read(format!("contracts/schemas/{schema}.v1.schema.json"));
        let document = read(format!("examples/seattle-weather/{file}"));
        let copies = broken(&document, 400).into_iter().chain([(String::new(), document.clone())]);
        cases.extend(copies.map(|(what, v)| (format!("{file} {what}"), name, schema.clone(), v)));
    }
    let questions: Vec<Value> =
        cases.iter().map(|(_, _, schema, v)| json!({"schema": schema, "document": v})).collect();
    let (mut refused, mut wrong) = (0, Vec::new());
    for ((what, name, _, value), answer) in cases.iter().zip(ask(&questions)) {
        let ours = violations(*name, value);
        refused += usize::from(!ours.is_empty());
        if ours.is_empty() != (answer["valid"] == true) {
            wrong.push(format!("{what}: {ours:?}, but {answer}"));
        }
    }
    println!("our schemas: {} documents, {refused} refused", cases.len());
    assert!(refused > 100 && refused < cases.len());
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
#[ignore = "needs cyclonedx-python-lib; run by make test-all"]
fn cyclonedx_as_its_own_library_says() {
    let mut cases = Vec::new();
    for (name, value) in documents(&folder("LAZARET_CYCLONEDX_EXAMPLES")) {
        let format = match value["specVersion"].as_str() {
            Some("1.5") => Format::CycloneDx15,
            Some("1.6") => Format::CycloneDx16,
            Some("1.7") => Format::CycloneDx17,
            _ => continue,
        };
        cases.push((name, format, value));
    }
    let questions: Vec<Value> =
        cases.iter().map(|(_, _, value)| json!({"cyclonedx": value})).collect();
    let (mut refused, mut wrong) = (0, Vec::new());
    for ((name, format, value), answer) in cases.iter().zip(ask(&questions)) {
        let ours = official_violations(*format, value);
        refused += usize::from(answer["valid"] != true);
        if ours.is_empty() != (answer["valid"] == true) {
            wrong.push(format!("{name} {format:?}: {ours:?}, but {answer}"));
        }
    }
    println!("CycloneDX: {} documents, {refused} refused", cases.len());
    assert!(refused > 10 && refused < cases.len());
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

/// Where the tools refuse, so does gate G; where only it refuses, it is by the schema.
#[test]
#[ignore = "needs spdx-tools; run by make test-all"]
fn spdx_as_spdx_tools_says() {
    let mut cases = Vec::new();
    for (name, value) in documents(&folder("LAZARET_SPDX_EXAMPLES")) {
        if value["spdxVersion"] == "SPDX-2.3" {
            let copies = broken(&value, 300).into_iter().chain(words(&value));
            cases.extend(copies.map(|(what, v)| (format!("{name} {what}"), v)));
            cases.push((name, value));
        }
    }
    let questions: Vec<Value> = cases.iter().map(|(_, value)| json!({"spdx": value})).collect();
    let (mut refused, mut wrong, mut lenient) = (0, Vec::new(), Vec::new());
    for ((name, value), answer) in cases.iter().zip(ask(&questions)) {
        let ours = sbom_violations(Format::Spdx2, value);
        let theirs = answer["valid"] == true;
        refused += usize::from(!theirs);
        match (ours.is_empty(), theirs) {
            (true, false) => wrong.push(format!("{name}: {answer}")),
            (false, true) => lenient.push(format!("{name}: {ours:?}")),
            _ => {}
        }
    }
    println!(
        "SPDX: {} documents, {refused} refused by the tools, {} of them not by us, {} only by us",
        cases.len(),
        wrong.len(),
        lenient.len(),
    );
    for line in wrong.iter().chain(&lenient) {
        println!("{line}");
    }
    assert!(wrong.is_empty(), "{} pass", wrong.len());
    let by_schema = |line: &String| line.contains("is not of type") || line.contains("is missing");
    assert!(lenient.iter().all(by_schema));
    assert!(refused > 10 && refused < cases.len());
}

/// Copies in which one text is another one that the schema takes as well.
fn words(value: &Value) -> Vec<(String, Value)> {
    let texts = broken(value, usize::MAX).into_iter().filter_map(|(what, _)| {
        let pointer = what.strip_prefix("[] at ")?.to_owned();
        value.pointer(&pointer)?.is_string().then_some(pointer)
    });
    let with = |pointer: String| {
        let mut bent = value.clone();
        *bent.pointer_mut(&pointer).unwrap() = json!("two words");
        (format!("words at {pointer}"), bent)
    };
    texts.map(with).collect()
}
