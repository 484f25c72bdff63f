//! What a publication leaves behind so that others can check it: statements, decision record, and
//! the commands around them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lazaret::contracts::{SchemaName, violations};
use lazaret::domain::Digest;
use lazaret::pack::{Authority, PublicKey, verify_statement};
use serde_json::{Value, json};

use crate::tree::{SLUG, copy, version};

const PACK: &str = "contracts/policy/default";

fn lazaret(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lazaret")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|e| panic!("{path:?}: {e}"))).unwrap()
}

/// A stage with a workspace, a signed pack and a key pair.
struct Stage(tempfile::TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        copy(&Path::new("examples").join(SLUG), &stage.path("workspace"));
        let ok = |output: Output| assert!(output.status.success(), "{}", text(&output.stderr));
        let (tar, dir) = (stage.name("pack.tar"), stage.name(""));
        ok(lazaret(&["pack", "keygen", "--out", &dir]));
        ok(lazaret(&["pack", "build", PACK, "--out", &tar]));
        ok(lazaret(&["pack", "sign", &tar, "--key", &stage.name("lazaret.key")]));
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn promote(&self, more: &[&str]) -> Output {
        let (version, workspace) = (version(), self.name("workspace"));
        let (destination, tar, key) =
            (self.name("published"), self.name("pack.tar"), self.name("lazaret.pub"));
        let mut arguments = vec!["promote", "--dataset-slug", SLUG, "--dataset-version-id"];
        arguments.extend([version.as_str(), "--workspace", &workspace, "--destination"]);
        arguments.extend([destination.as_str(), "--policy-pack", &tar, "--key", &key]);
        arguments.extend(more);
        lazaret(&arguments)
    }

    fn published(&self) -> PathBuf {
        self.path("published").join(SLUG).join(version())
    }

    /// The one file of the proofs whose name ends so.
    fn proof(&self, end: &str) -> PathBuf {
        let folder = self.published().join("attestations/_promotion");
        let mut found = fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{folder:?}: {e}"))
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with(end));
        let one = found.next().unwrap_or_else(|| panic!("no {end}"));
        assert!(found.next().is_none());
        one
    }

    fn replay(&self, pack: &str, more: &[&str]) -> Output {
        let (destination, version) = (self.name("published"), version());
        let mut arguments = vec!["replay", &destination, "--dataset-slug", SLUG];
        arguments.extend(["--dataset-version-id", &version, "--policy-pack", pack]);
        arguments.extend(more);
        lazaret(&arguments)
    }
}

#[test]
fn a_publication_carries_signed_statements_over_all_that_it_wrote() {
    let stage = Stage::new();
    let key = stage.name("lazaret.key");
    let done = stage.promote(&["--signing-key", &key]);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    let manifest_bytes = fs::read(stage.published().join("promotion_manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest_bytes).unwrap();
    assert_eq!(violations(SchemaName::PromotionManifest, &manifest), []);
    let mut expected: BTreeMap<String, String> = ["artifacts", "catalogs", "supporting"]
        .iter()
        .flat_map(|list| manifest[list].as_array().unwrap())
        .map(|f| (f["path"].as_str().unwrap().into(), f["digest"].as_str().unwrap()[7..].into()))
        .collect();
    expected.insert("promotion_manifest.json".into(), Digest::of(&manifest_bytes).hex());
    for (name, kind) in [
        ("vsa", "https://slsa.dev/verification_summary/v1"),
        ("promotion", "https://lazaret.dev/promotion/v1"),
    ] {
        let statement = read(&stage.proof(&format!("{name}.intoto.json")));
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(statement["predicateType"], kind);
        let subjects: BTreeMap<String, String> = statement["subject"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| {
                let digest = s["digest"]["sha256"].as_str().unwrap();
                (s["name"].as_str().unwrap().to_owned(), digest.to_owned())
            })
            .collect();
        assert_eq!(subjects, expected, "{name}");
        // Each subject is what lies there.
        for (path, digest) in &subjects {
            let bytes = fs::read(stage.published().join(path)).unwrap();
            assert_eq!(Digest::of(&bytes).hex(), *digest, "{path}");
        }
        let bundle = fs::read_to_string(stage.proof(&format!("{name}.sigstore.json"))).unwrap();
        let key = PublicKey::parse(&fs::read_to_string(stage.path("lazaret.pub")).unwrap());
        let authority = Authority::Key { key: key.unwrap(), log_root: None };
        assert_eq!(verify_statement(&bundle, &[authority]).unwrap().statement, statement);
    }
    let promotion = read(&stage.proof("promotion.intoto.json"));
    assert_eq!(violations(SchemaName::PromotionPredicate, &promotion["predicate"]), []);
    let summary = &read(&stage.proof("vsa.intoto.json"))["predicate"];
    assert_eq!(summary["verificationResult"], "PASSED");
    assert_eq!(summary["verifiedLevels"][0], "LAZARET_GATE_A");

    // Once more, with another key: what is there stays, to the byte.
    let before = fs::read(stage.proof("vsa.sigstore.json")).unwrap();
    assert!(stage.promote(&["--signing-key", &key]).status.success());
    assert_eq!(fs::read(stage.proof("vsa.sigstore.json")).unwrap(), before);
}

#[test]
fn without_a_key_statements_are_bare_and_a_useless_key_publishes_nothing() {
    let stage = Stage::new();
    let public = stage.name("lazaret.pub");
    assert_eq!(stage.promote(&["--signing-key", &public]).status.code(), Some(2));
    assert!(!stage.path("published").exists());
    assert!(stage.promote(&[]).status.success());
    stage.proof("vsa.intoto.json");
    let folder = stage.published().join("attestations/_promotion");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2);
}

#[test]
fn a_version_that_the_ledger_has_is_not_published_again_with_other_bytes() {
    let stage = Stage::new();
    assert!(stage.promote(&[]).status.success());
    // The destination is cleared, but for the ledger.
    fs::remove_dir_all(stage.path("published").join(SLUG)).unwrap();
    let file = stage.path("workspace/dataset.json");
    let original = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{original}\n")).unwrap();
    let other = stage.promote(&[]);
    assert_eq!(other.status.code(), Some(1), "{}", text(&other.stdout));
    assert!(text(&other.stdout).contains("VersionAlreadyPublished"), "{}", text(&other.stdout));
    assert!(!stage.published().exists());
    // The same bytes may come back.
    fs::write(&file, original).unwrap();
    let same = stage.promote(&[]);
    assert!(same.status.success(), "{}", text(&same.stderr));
}

#[test]
fn a_recorded_decision_is_made_again_to_the_byte() {
    let stage = Stage::new();
    assert!(stage.promote(&[]).status.success());
    let (tar, workspace) = (stage.name("pack.tar"), stage.name("workspace"));
    let from = ["--workspace", workspace.as_str()];
    let same = stage.replay(&tar, &[&from[..], &["--output", "json"]].concat());
    assert_eq!(same.status.code(), Some(0), "{}{}", text(&same.stdout), text(&same.stderr));
    let said: Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(said["same"], true);
    let manifest = read(&stage.published().join("promotion_manifest.json"));
    assert_eq!(said["decision"], manifest["policy"]["decision_digest"]);
    assert_eq!(said["plan"], manifest["plan_digest"]);
    // Nothing that is private lies among what readers get.
    assert!(!stage.published().join("work").exists());

    // Another pack: its digest, and the gate that it turns.
    let other = stage.path("other");
    copy(Path::new(PACK), &other);
    let rule = "package lazaret.gates.c\n\ndeny contains {\"code\": \"TooFar\", \"message\": \"x\"} if input.requested.dataset_slug == \"seattle-weather\"\n";
    fs::write(other.join("opa/more.rego"), rule).unwrap();
    let differs = stage.replay(other.to_str().unwrap(), &from);
    assert_eq!(differs.status.code(), Some(1));
    let said = text(&differs.stdout);
    for part in ["pack digest differs", "gate differs", "TooFar", "plan digest differs", "MISMATCH"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }

    // A record that was touched.
    let folder = stage.path("published").join("_decisions").join(SLUG).join(version());
    let record = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut decision = read(&record);
    decision["facts"]["requested"]["intended_use"] = json!("research");
    fs::write(&record, decision.to_string()).unwrap();
    let touched = stage.replay(&tar, &from);
    assert_eq!(touched.status.code(), Some(1), "{}", text(&touched.stdout));
    for part in ["decision record differs", "facts digest differs", "plan digest differs"] {
        assert!(text(&touched.stdout).contains(part), "{part}\n{}", text(&touched.stdout));
    }
    fs::remove_file(record).unwrap();
    assert_eq!(stage.replay(&tar, &from).status.code(), Some(3));
}

#[test]
fn a_record_in_the_destination_shows_nothing_that_is_not_published() {
    let stage = Stage::new();
    let (tar, workspace) = (stage.name("pack.tar"), stage.name("workspace"));
    // A word of a document that stays behind.
    let report = stage.path("workspace/work/qa_report.json");
    let mut qa = read(&report);
    qa["checks"][0]["detail"] = json!("hushed-words");
    fs::write(&report, qa.to_string()).unwrap();
    let old = Digest::of(&fs::read("examples/seattle-weather/work/qa_report.json").unwrap());
    let new = Digest::of(qa.to_string().as_bytes());
    for entry in fs::read_dir(stage.path("workspace/receipts")).unwrap() {
        let path = entry.unwrap().path();
        let receipt = fs::read_to_string(&path).unwrap().replace(&old.hex(), &new.hex());
        fs::write(path, receipt).unwrap();
    }
    let fixed = fix(&stage.path("workspace"), &[]);
    assert!(fixed.status.success(), "{}", text(&fixed.stdout));
    let done = stage.promote(&[]);
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    let folder = stage.path("published");
    let shown = Command::new("grep").args(["-rl", "hushed-words"]).arg(&folder).output().unwrap();
    assert_eq!(text(&shown.stdout), "", "readers see it");

    let lacking = stage.replay(&tar, &[]);
    assert_eq!(lacking.status.code(), Some(3), "{}", text(&lacking.stdout));
    let said = text(&lacking.stderr);
    assert!(said.contains("work/qa_report.json") && said.contains("--workspace"), "{said}");
    let whole = stage.replay(&tar, &["--workspace", &workspace]);
    assert!(text(&whole.stdout).ends_with("SAME VERDICT\n"), "{}", text(&whole.stdout));
    fs::write(&report, "{}").unwrap();
    let other = stage.replay(&tar, &["--workspace", &workspace]);
    assert_eq!(other.status.code(), Some(3), "{}", text(&other.stdout));
    assert!(text(&other.stderr).contains("recorded digest"), "{}", text(&other.stderr));
}

#[test]
fn decisions_in_a_place_of_their_own_are_whole() {
    let stage = Stage::new();
    let (tar, apart) = (stage.name("pack.tar"), stage.name("decisions"));
    for (place, said) in [("published/x", "in the destination"), ("workspace", "in the workspace")]
    {
        let refused = stage.promote(&["--decisions", &stage.name(place)]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
    assert!(!stage.path("published").exists());
    assert!(stage.promote(&["--decisions", &apart]).status.success());
    assert!(!stage.path("published/_decisions").exists());
    assert_eq!(stage.replay(&tar, &[]).status.code(), Some(3), "not there");
    let whole = stage.replay(&tar, &["--decisions", &apart]);
    assert!(text(&whole.stdout).ends_with("SAME VERDICT\n"), "{}", text(&whole.stdout));
}

fn fix(workspace: &Path, more: &[&str]) -> Output {
    let version = version();
    let mut arguments = vec!["validate", "--fix", "--dataset-slug", SLUG, "--dataset-version-id"];
    arguments.extend([version.as_str(), "--workspace", workspace.to_str().unwrap()]);
    arguments.extend(["--policy-pack", PACK]);
    arguments.extend(more);
    lazaret(&arguments)
}

#[test]
fn a_fix_shows_its_patch_proves_it_and_writes_only_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = dir.path().join("workspace");
    copy(&Path::new("examples").join(SLUG), &workspace);
    copy(Path::new("examples/variants/D-distribution-digest/files"), &workspace);
    let file = workspace.join("catalog/dcat.jsonld");
    let before = fs::read(&file).unwrap();
    let dry = fix(&workspace, &["--dry-run"]);
    let said = text(&dry.stdout);
    assert_eq!(dry.status.code(), Some(1), "{said}{}", text(&dry.stderr));
    for part in [
        "--- a/catalog/dcat.jsonld",
        "+++ b/catalog/dcat.jsonld",
        "gate D turns green",
        "nothing was written",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let changed = said.lines().filter(|l| l.starts_with(['+', '-'])).count();
    assert_eq!(changed, 4, "one line is mended, the rest stays:\n{said}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let real = fix(&workspace, &[]);
    assert_eq!(real.status.code(), Some(0), "{}", text(&real.stdout));
    assert_ne!(fs::read(&file).unwrap(), before);
    let again = fix(&workspace, &[]);
    assert!(text(&again.stdout).contains("nothing to mend"), "{}", text(&again.stdout));
    let left: Vec<_> = fs::read_dir(workspace.join("catalog"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_str().unwrap().to_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "nothing is left behind");
}

#[test]
fn specs_are_hashed_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let one = file("one.json", r#"{"b": 1.0, "a": "x"}"#);
    let same = file("same.json", "{\"a\":\"x\",\n\"b\":1}");
    let other = file("other.json", r#"{"a":"y","b":1,"c":null}"#);
    let canonical = lazaret(&["spec", "hash", &one, "--canonical"]);
    assert_eq!(text(&canonical.stdout), r#"{"a":"x","b":1}"#);
    let digest = Digest::of(&canonical.stdout);
    let hash = text(&lazaret(&["spec", "hash", &one]).stdout);
    assert!(hash.contains(&digest.to_string()), "{hash}");
    assert!(hash.contains(&format!(".{}\n", &digest.hex()[..8])), "{hash}");
    let explained = lazaret(&["spec", "hash", &one, "--explain", &same]);
    assert_eq!(explained.status.code(), Some(0));
    let line = "only white space, the order of members, how numbers are written differ";
    assert!(text(&explained.stdout).contains(line), "{}", text(&explained.stdout));
    let explained = lazaret(&["spec", "hash", &one, "--explain", &other]);
    assert_eq!(explained.status.code(), Some(1));
    let said = text(&explained.stdout);
    assert!(said.contains("/a: \"x\" -> \"y\"") && said.contains("/c: nothing -> null"), "{said}");
    let bad = file("bad.json", r#"{"a":1,"a":2}"#);
    let refused = lazaret(&["spec", "hash", &bad]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("\"a\" appears twice"), "{}", text(&refused.stderr));
}

#[test]
fn codes_are_explained_and_slips_understood() {
    let one = lazaret(&["explain", "artifactorphan"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(text(&one.stdout).starts_with("ArtifactOrphan  gate E"), "{}", text(&one.stdout));
    let slip = lazaret(&["explain", "ArtefactOrphan"]);
    assert_eq!(slip.status.code(), Some(2));
    assert!(text(&slip.stderr).contains("did you mean ArtifactOrphan"), "{}", text(&slip.stderr));
    let all: Value =
        serde_json::from_slice(&lazaret(&["explain", "--output", "json"]).stdout).unwrap();
    let pages =
        ["docs/reasons.md", "docs/evidence.md"].map(|page| fs::read_to_string(page).unwrap());
    let documented = pages[0].lines().filter(|line| line.starts_with("| `")).count();
    let (all, mut of_gates) = (all.as_array().unwrap(), 0);
    for code in all {
        let page = &pages[usize::from(code["gate"].is_null())];
        of_gates += usize::from(!code["gate"].is_null());
        let row = format!("| `{}` |", code["code"].as_str().unwrap());
        assert!(page.contains(&row), "{row}");
    }
    assert_eq!(of_gates, documented);
    assert!(all.iter().any(|code| code["code"] == "ReadP95OverBudget"));
    let bash = text(&lazaret(&["completions", "bash"]).stdout);
    assert!(bash.contains("ArtifactOrphan"), "the shell completes codes");
}

#[test]
fn the_lineage_is_drawn_and_its_gaps_are_named() {
    let whole = format!("examples/{SLUG}");
    let tree = lazaret(&["lineage", &whole]);
    assert_eq!(tree.status.code(), Some(0), "{}", text(&tree.stdout));
    let said = text(&tree.stdout);
    assert!(said.contains("└─ receipts/") && said.contains("└─ raw/"), "{said}");
    assert!(said.contains("every published file is traced to raw data"), "{said}");
    let mermaid = text(&lazaret(&["lineage", &whole, "--output", "mermaid"]).stdout);
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains(" --> "), "{mermaid}");
    let dot = text(&lazaret(&["lineage", &whole, "--output", "dot"]).stdout);
    assert!(dot.starts_with("digraph") && dot.contains(" -> "), "{dot}");
    let json: Value =
        serde_json::from_slice(&lazaret(&["lineage", &whole, "--output", "json"]).stdout).unwrap();
    assert_eq!(json["gaps"], json!([]));

    let dir = tempfile::tempdir().unwrap();
    let workspace = dir.path().join("workspace");
    copy(Path::new(&whole), &workspace);
    copy(Path::new("examples/variants/E-input-from-nowhere/files"), &workspace);
    let broken = lazaret(&["lineage", workspace.to_str().unwrap()]);
    assert_eq!(broken.status.code(), Some(1));
    let said = text(&broken.stdout);
    assert!(said.contains("work/by_hand.csv") && said.contains("(from nowhere)"), "{said}");
    assert!(said.contains("LineageBroken"), "{said}");
}

#[test]
fn provenance_stands_for_a_receipt_under_the_default_pack() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = dir.path().join("workspace");
    copy(&Path::new("examples").join(SLUG), &workspace);
    let path = workspace.join("receipts/summarize.json");
    let receipt = read(&path);
    let file = |side: &str, name: &str| {
        let file = &receipt[side][0];
        let hex = file["digest"].as_str().unwrap().trim_start_matches("sha256:");
        json!({ name: file["uri"], "digest": { "sha256": hex } })
    };
    let environment = &receipt["environment"];
    let image = environment["container_digest"].as_str().unwrap().trim_start_matches("sha256:");
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [file("outputs", "name")],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://example.org/pipeline/v1",
                "externalParameters": { "params_digest": environment["params_digest"] },
                "resolvedDependencies": [
                    file("inputs", "uri"),
                    { "uri": "git+https://example.org/p", "digest": { "gitCommit": environment["git_commit"] } },
                    { "uri": "oci://example.org/p", "digest": { "sha256": image } },
                ],
            },
            "runDetails": {
                "builder": { "id": "https://example.org/builder" },
                "metadata": { "finishedOn": receipt["created_at"] },
            },
        },
    });
    fs::write(&path, statement.to_string()).unwrap();
    let version = version();
    let mut arguments = vec!["validate", "--dataset-slug", SLUG, "--dataset-version-id", &version];
    arguments.extend(["--workspace", workspace.to_str().unwrap(), "--policy-pack", PACK]);
    let output = lazaret(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn validation_finds_what_the_ledger_knows_of_a_version_that_the_destination_lost() {
    let stage = Stage::new();
    assert!(stage.promote(&[]).status.success());
    fs::remove_dir_all(stage.path("published").join(SLUG)).unwrap();
    let validate = || {
        let (destination, workspace) = (stage.name("published"), stage.name("workspace"));
        let (tar, key) = (stage.name("pack.tar"), stage.name("lazaret.pub"));
        let mut arguments = vec!["validate", "--workspace", &workspace, "--output", "json"];
        arguments.extend(["--destination", &destination, "--policy-pack", &tar, "--key", &key]);
        let report = lazaret(&arguments);
        serde_json::from_slice::<Value>(&report.stdout).unwrap()
    };
    // The same bytes under the same pack are the same publication, to be made again.
    assert_eq!(validate()["result"], "passed");
    let dataset = stage.path("workspace/dataset.json");
    let other = fs::read_to_string(&dataset).unwrap() + " ";
    fs::write(&dataset, other).unwrap();
    let report = validate();
    assert_eq!(report["result"], "denied");
    assert_eq!(report["gates"][0]["reasons"][0]["code"], "VersionAlreadyPublished");
    assert_eq!(report["gates"][0]["reasons"].as_array().unwrap().len(), 1);
    assert_eq!(report["plan"], Value::Null);
}
