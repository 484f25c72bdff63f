//! The rooms of `src/lib.rs` and who may use whom. `docs/architecture.md` has the table in words.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// From the ground up: a room may use itself and those before it.
const ROOMS: &[&str] = &[
    "api",
    "domain",
    "contracts",
    "objects",
    "pack",
    "policy",
    "law",
    "dataset",
    "gates",
    "ledger",
    "promotion",
    "evidence",
    "controller",
    "server",
    "cli",
];

/// Pairs that stand in order and still may not meet: the API server's watch joins them.
const STRANGERS: &[(&str, &str)] = &[("server", "controller")];

/// What has no I/O and no clock: whole rooms, and files of other rooms that decide.
const PURE: &[&str] = &[
    "api/",
    "domain/",
    "contracts/",
    "policy/",
    "law/",
    "gates/",
    "objects/place.rs",
    "objects/credentials.rs",
    "pack/archive.rs",
    "pack/archive_error.rs",
    "pack/documents.rs",
    "pack/fetch/retry.rs",
    "pack/kept.rs",
    "pack/oci/challenge.rs",
    "pack/oci/config.rs",
    "pack/oci/manifest.rs",
    "pack/oci/reference.rs",
    "pack/oci/signature.rs",
    "pack/opa_bundle.rs",
    "pack/plain_tar.rs",
    "pack/attest.rs",
    "pack/tar.rs",
    "pack/trust/",
    "pack/bundle/",
    "pack/verify/",
    "dataset/assemble.rs",
    "dataset/content/",
    "dataset/extent.rs",
    "dataset/facts.rs",
    "dataset/form.rs",
    "dataset/digests.rs",
    "dataset/layout.rs",
    "dataset/names.rs",
    "dataset/reading.rs",
    "dataset/shard.rs",
    "dataset/view.rs",
    "evidence/access.rs",
    "evidence/answer.rs",
    "evidence/bundle.rs",
    "evidence/codes.rs",
    "evidence/compare.rs",
    "evidence/decide.rs",
    "evidence/decision.rs",
    "evidence/facts.rs",
    "evidence/names.rs",
    "evidence/profile/",
    "evidence/record.rs",
    "promotion/approval.rs",
    "promotion/decision.rs",
    "promotion/documents.rs",
    "promotion/plan.rs",
    "server/conditional.rs",
    "server/limits.rs",
    "server/range.rs",
    "promotion/statement.rs",
    "controller/triggers.rs",
    "controller/backoff.rs",
    "controller/pack/status.rs",
    "controller/promotion/job.rs",
    "controller/promotion/status.rs",
    "controller/quarantine/status.rs",
];

/// What a pure file may not mention.
const IMPURE: &[&str] = &[
    "tokio",
    "kube::Client",
    "kube::Api",
    "kube::api::Api",
    "kube::client",
    "reqwest",
    "object_store",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "Timestamp::now",
    "SystemTime",
    "Instant::now",
    "Zoned::now",
    "rand::",
];

/// Where a pure file mentions one of them all the same, and why. One that no longer holds fails.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "policy/evaluate.rs",
        "Instant::now",
        "a stopwatch for the evaluation limit; no time enters a verdict",
    ),
    (
        "policy/testing/mod.rs",
        "Instant::now",
        "a stopwatch for the tests' limit; no time enters a verdict",
    ),
    ("policy/worker/child.rs", "std::process", "a worker is a process"),
    ("policy/worker/host.rs", "Instant::now", "how often a worker was started"),
    ("policy/worker/host.rs", "std::env", "the program starts itself as its worker"),
    ("policy/worker/process.rs", "std::process", "a worker is a process"),
    ("policy/worker/room.rs", "std::fs", "how much memory there is"),
    ("policy/worker/serve.rs", "std::process", "a worker is a process"),
];

/// One source file, by its path below `src/`, without its comments and tests.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn room(&self) -> Option<&str> {
        self.path.split_once('/').map(|(room, _)| room)
    }

    /// How many modules the file's own one lies below the crate.
    fn depth(&self) -> usize {
        let folders = self.path.matches('/').count();
        folders + usize::from(!self.path.ends_with("mod.rs"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                found.push(Source { path: name, code: code(&text) });
            }
        }
    }
    found.retain(|source| !is_test(&source.path));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 80, "only {} files: the walk is broken", found.len());
    found
}

/// Files that `#[cfg(test)]` takes in.
fn is_test(path: &str) -> bool {
    path.ends_with("_tests.rs")
        || path.ends_with("/testing.rs")
        || path.contains("/tests/")
        || path.contains("_tests/")
}

/// Without comments, and without the test module that ends a file.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The identifiers that follow `crate::`.
fn uses(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("crate::").filter(|(at, _)| !after_identifier(code, *at)).map(
        |(at, word)| {
            let rest = &code[at + word.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        },
    )
}

fn after_identifier(code: &str, at: usize) -> bool {
    code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn position(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

#[test]
fn the_rooms_are_those_of_lib_rs() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let declared = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(declared.collect::<Vec<_>>(), ROOMS);
}

#[test]
fn a_room_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        let here = position(room).unwrap_or_else(|| panic!("{room} is no room"));
        for used in uses(&source.code) {
            match position(used) {
                None => wrong.push(format!("{}: crate::{used} names no room", source.path)),
                Some(there) if there > here => {
                    wrong.push(format!("{}: {room} uses {used}", source.path));
                }
                Some(_) if STRANGERS.contains(&(room, used)) => {
                    wrong.push(format!("{}: {room} and {used} never meet", source.path));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nobody_leaves_a_room_by_the_back_door() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room().is_some()) {
        // A `super::` for each module down to the room stays inside; one more is the crate.
        let escape = "super::".repeat(source.depth());
        if source.code.contains(&escape) {
            wrong.push(format!("{}: {escape} leaves the room; write crate::", source.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether `word` stands in the code, and not as the end of a longer one.
fn mentions(code: &str, word: &str) -> bool {
    let alone = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| alone(at))
}

#[test]
fn what_decides_has_no_clock_and_no_io() {
    let sources = sources();
    let mut wrong = Vec::new();
    let mut excused = BTreeSet::new();
    for pure in PURE {
        let files: Vec<_> = sources.iter().filter(|s| is_pure(&s.path, pure)).collect();
        assert!(!files.is_empty(), "there is no src/{pure}");
        for file in files {
            for word in IMPURE.iter().filter(|word| mentions(&file.code, word)) {
                let excuse = EXCEPTIONS.iter().position(|(p, w, _)| *p == file.path && w == word);
                match excuse {
                    Some(number) => drop(excused.insert(number)),
                    None => wrong.push(format!("{}: {word}", file.path)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(excused.len(), EXCEPTIONS.len(), "an exception is no longer needed: strike it out");
}

fn is_pure(path: &str, pure: &str) -> bool {
    if pure.ends_with('/') { path.starts_with(pure) } else { path == pure }
}

#[test]
fn the_server_knows_no_cluster() {
    for source in sources().iter().filter(|source| source.room() == Some("server")) {
        for word in ["kube::", "k8s_openapi"] {
            assert!(!source.code.contains(word), "{}: {word}", source.path);
        }
    }
}

#[test]
fn the_reader_of_code_reads() {
    let text = "use crate::a::B;\n// crate::no\nlet x = crate::b::c();\n#[cfg(test)]\nmod tests {\nuse crate::d;";
    assert_eq!(uses(&code(text)).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(uses("$crate::x my_crate::y").count(), 0);
    assert_eq!(uses("use crate::{a, b};").collect::<Vec<_>>(), [""], "which names no room");
}
