//! JSON-Schema-Test-Suite through our options: whatever differs is listed here, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::schemas::Schemas;

/// Where the suite's own schemas say that they lie.
const REMOTES: &str = "http://localhost:1234/";

/// Files whose verdicts differ: by the beginning of a case's name, and why.
const DIFFERENT: &[(&str, &str, &str)] =
    &[("format.json", "", "formats are asserted, as the suite's optional tests of formats expect")];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut all: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    for path in all {
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
#[ignore = "needs the JSON-Schema-Test-Suite; run by make test-all"]
fn the_json_schema_test_suite_differs_only_where_we_mean_to() {
    let suite = std::env::var_os("LAZARET_JSON_SCHEMA_SUITE").expect("LAZARET_JSON_SCHEMA_SUITE");
    let suite = PathBuf::from(suite);
    let mut remotes = Vec::new();
    files(&suite.join("remotes"), &mut remotes);
    let remotes: BTreeMap<String, Value> = remotes
        .iter()
        .map(|path| {
            let below = path.strip_prefix(suite.join("remotes")).unwrap().to_str().unwrap();
            (format!("{REMOTES}{below}"), read(path))
        })
        .collect();
    let tests = suite.join("tests/draft2020-12");
    let mut all = Vec::new();
    files(&tests, &mut all);
    let (mut count, mut wrong, mut met) = (0, Vec::new(), BTreeSet::new());
    for path in all {
        let name = path.strip_prefix(&tests).unwrap().to_str().unwrap().to_owned();
        for case in read(&path).as_array().unwrap() {
            let mut schemas = remotes.clone();
            schemas.insert("case".into(), case["schema"].clone());
            let schemas = Schemas::by_uri(schemas.iter().map(|(uri, one)| (uri.as_str(), one)));
            let compiled = schemas.strictly("case");
            for test in case["tests"].as_array().unwrap() {
                count += 1;
                let said = match &compiled {
                    Ok(schema) => Ok(schema.violations(&test["data"]).is_empty()),
                    Err(fault) => Err(fault.message.clone()),
                };
                if said == Ok(test["valid"].as_bool().unwrap()) {
                    continue;
                }
                let title = case["description"].as_str().unwrap();
                let known = DIFFERENT
                    .iter()
                    .find(|(file, start, _)| *file == name && title.starts_with(start));
                match known {
                    Some((file, start, _)) => drop(met.insert((*file, *start))),
                    None => {
                        wrong.push(format!("{name}: {title}: {}: {said:?}", test["description"]))
                    }
                }
            }
        }
    }
    eprintln!("{count} tests, {} differences that are not meant", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (file, start, why) in DIFFERENT {
        assert!(met.contains(&(*file, *start)), "{file}: {start}: no longer so: {why}");
    }
    assert!(count > 1_500, "only {count} tests");
}
