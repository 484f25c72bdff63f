//! A sound set, and what is said of it after one change.

mod apis;
mod crds;
mod schemas;
mod set;
mod sound;

use std::collections::BTreeSet;

use proptest::prelude::*;

use self::sound::sound;
use super::*;
use crate::law::Tree;

fn judged(files: &[(&str, String)]) -> Validation {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, text.as_bytes().to_vec()).unwrap();
    }
    validate(&Set::open(tree).unwrap())
}

fn told(validation: &Validation) -> String {
    let line =
        |one: &Finding| format!("{} {} {}: {}", one.rule, one.file, one.pointer, one.message);
    validation.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sound_set_has_nothing_to_find() {
    let validation = judged(&sound());
    assert_eq!(told(&validation), "");
    assert_eq!((validation.contracts, validation.fixtures), (7, 17));
    assert_eq!(validation.refusals.len(), 12);
    let because = |file: &str| {
        let found = validation.refusals.iter().find(|refusal| refusal.file.contains(file));
        found.unwrap().because.join("; ")
    };
    assert_eq!(
        because("thing.invalid-bound"),
        "/spec/size: is less than or equal to the minimum of 0"
    );
    assert_eq!(because("thing.invalid-twice"), "/spec/items/1: has the keys of item 0");
    assert_eq!(because("order.v1.invalid-id"), "/id: is not a ulid");
}

/// After `from` became `to` in a file, these rules are broken, and no others; the first at this line.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str], Option<usize>);

#[test]
fn each_change_breaks_the_rule_that_it_should() {
    let mut wrong = String::new();
    let rows = [set::ROWS, schemas::ROWS, apis::ROWS, crds::ROWS];
    for (path, from, to, rules, line) in rows.into_iter().flatten() {
        let mut files = sound();
        let (_, text) = files.iter_mut().find(|(known, _)| known == path).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        *text = text.replacen(from, to, 1);
        let validation = judged(&files);
        let found: BTreeSet<&str> = validation.findings.iter().map(|one| one.rule).collect();
        let first =
            rules.first().and_then(|rule| validation.findings.iter().find(|one| one.rule == *rule));
        let same_line = line.is_none() || first.is_some_and(|first| first.line == *line);
        if found != rules.iter().copied().collect() || !same_line {
            let at = first.map(|first| first.line);
            wrong += &format!(
                "\n{path}: {from} → {to}: {rules:?} {line:?} {at:?}\n{}\n",
                told(&validation)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn fixtures_that_are_not_there_or_belong_to_nothing_are_told() {
    for (gone, rule, severity) in [
        ("orders/fixtures/kind.v1.invalid-2.json", "fixtures-missing", Severity::Error),
        ("orders/fixtures/size.valid.json", "fixtures-missing", Severity::Error),
        ("orders/fixtures/orders.valid.graphql", "operations-missing", Severity::Warning),
        ("orders/versions.yaml", "versions-invalid", Severity::Error),
    ] {
        let mut files = sound();
        files.retain(|(path, _)| *path != gone);
        let validation = judged(&files);
        assert_eq!(validation.findings.len(), 1, "{}", told(&validation));
        assert_eq!(
            (validation.findings[0].rule, validation.findings[0].severity),
            (rule, severity)
        );
    }
    let mut files = sound();
    files.push(("orders/fixtures/other.valid.json", "{}".into()));
    let validation = judged(&files);
    assert!(told(&validation).starts_with("fixture-without-contract orders/fixtures/other"));
}

#[test]
fn registries_of_functions_are_held_against_their_schema() {
    let mut files = sound();
    files[0].1 = files[0].1.replace(
        "  fixtures:",
        "  functions: {registry: registry.json, sources: ['src/*.rs']}\n  fixtures:",
    );
    files.push(("orders/src/a.rs", String::new()));
    assert!(told(&judged(&files)).starts_with("registry-invalid"), "{}", told(&judged(&files)));
    files.push(("orders/registry.json", "{\"apiVersion\": 1}".into()));
    assert!(told(&judged(&files)).starts_with("registry-invalid"), "{}", told(&judged(&files)));
    let empty = r#"{"contractRegistryVersion": "v1", "module": "orders", "functions": []}"#;
    files.last_mut().unwrap().1 = empty.to_owned();
    assert_eq!(told(&judged(&files)), "");
    files.push(("orders/src/b.rs", "pub fn b() {}".into()));
    assert!(told(&judged(&files)).starts_with("registry-drift"), "{}", told(&judged(&files)));
}

#[test]
fn findings_are_bounded() {
    let mut files = sound();
    let names: Vec<String> =
        (0..ALL + 5).map(|n| format!("orders/fixtures/other-{n}.valid.json")).collect();
    let names: &'static [String] = names.leak();
    files.extend(names.iter().map(|name| (name.as_str(), "{}".to_owned())));
    let validation = judged(&files);
    assert_eq!(validation.findings.len(), ALL + 1);
    assert!(told(&validation).contains("findings-left-out contracts.yaml : 5 more"));
}

#[test]
fn the_page_of_rules_is_whole() {
    assert_eq!(rules_page().lines().filter(|line| line.starts_with("| `")).count(), RULES.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever bytes a file holds, and wherever one is cut, there is an answer.
    #[test]
    fn no_file_brings_it_down(
        which in 1..20_usize,
        junk in proptest::collection::vec(any::<u8>(), 0..60),
        cut in any::<proptest::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut tree = Tree::default();
        let files = sound();
        for (at, (path, text)) in files.iter().enumerate() {
            let mut bytes = text.as_bytes().to_vec();
            if at == which % files.len() && at > 0 {
                bytes.truncate(if keep { cut.index(bytes.len() + 1) } else { 0 });
                bytes.extend(&junk);
            }
            tree.insert(path, bytes).unwrap();
        }
        let validation = validate(&Set::open(tree).unwrap());
        prop_assert_eq!(validation.contracts, 7);
    }

    /// Nor does any JSON where a schema, an API, a CRD or versions are meant.
    #[test]
    fn no_document_brings_it_down(which in 0..4_usize, seed in any::<u64>()) {
        let path = [
            "orders/schemas/order.v1.schema.json",
            "orders/api/orders.openapi.yaml",
            "orders/crds/thing.crd.yaml",
            "orders/versions.yaml",
        ][which];
        let mut tree = Tree::default();
        for (known, text) in sound() {
            let text = if known == path { odd(&text, seed) } else { text };
            tree.insert(known, text.into_bytes()).unwrap();
        }
        validate(&Set::open(tree).unwrap());
    }
}

/// A document in which one word in eight is another word of it.
fn odd(text: &str, seed: u64) -> String {
    let words: Vec<&str> =
        text.split_inclusive([' ', '\n', ',', ':', '{', '}', '[', ']']).collect();
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap()
    };
    let pick = |word: &&str| match next() % 8 {
        0 => words[next() % words.len()].to_owned(),
        _ => (*word).to_owned(),
    };
    words.iter().map(pick).collect()
}
