//! The command line as a person and a CI job meet it: exit codes, reports, and that a dry run
//! writes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::tree::{SLUG, copy, version};

fn lazaret(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lazaret")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A workspace with the overlay of a variant.
fn workspace(dir: &Path, variant: Option<&str>) -> PathBuf {
    let workspace = dir.join("workspace");
    copy(&Path::new("examples").join(SLUG), &workspace);
    if let Some(name) = variant {
        copy(&Path::new("examples/variants").join(name).join("files"), &workspace);
    }
    workspace
}

/// The arguments that name the subject, with the pack's source directory as policy.
fn subject<'a>(version: &'a str, workspace: &'a Path, pack: &'a str) -> Vec<&'a str> {
    vec![
        "--dataset-slug",
        SLUG,
        "--dataset-version-id",
        version,
        "--workspace",
        workspace.to_str().unwrap(),
        "--policy-pack",
        pack,
    ]
}

const PACK: &str = "contracts/policy/default";

fn validate(workspace: &Path, more: &[&str]) -> Output {
    let version = version();
    let mut arguments = vec!["validate"];
    arguments.extend(subject(&version, workspace, PACK));
    arguments.extend(more);
    lazaret(&arguments)
}

#[test]
fn exit_codes_tell_passed_denied_misused_and_undecided_apart() {
    let dir = tempfile::tempdir().unwrap();
    let good = workspace(dir.path(), None);
    assert_eq!(validate(&good, &[]).status.code(), Some(0));
    let other = tempfile::tempdir().unwrap();
    let bad = workspace(other.path(), Some("B-no-license"));
    assert_eq!(validate(&bad, &[]).status.code(), Some(1));
    assert_eq!(lazaret(&["validate", "--no-such-flag"]).status.code(), Some(2));
    assert_eq!(lazaret(&[]).status.code(), Some(2));
    assert_eq!(validate(Path::new("s3://bucket/../x"), &[]).status.code(), Some(2));
    let version = version();
    let mut arguments = vec!["validate"];
    arguments.extend(subject(&version, &good, "no-such-pack.tar"));
    arguments.extend(["--key", "no-such-key.pub"]);
    assert_eq!(lazaret(&arguments).status.code(), Some(3));
    // A link may lead anywhere: what cannot be read safely is not decided.
    std::os::unix::fs::symlink("/etc/hostname", good.join("processed/link")).unwrap();
    let output = validate(&good, &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("symbolic link"));
}

#[test]
fn the_table_fits_80_columns_has_no_colour_in_a_pipe_and_names_remedies() {
    let dir = tempfile::tempdir().unwrap();
    let output = text(&validate(&workspace(dir.path(), Some("D-distribution-digest")), &[]).stdout);
    for line in output.lines() {
        let unbreakable = line.split_whitespace().any(|word| word.chars().count() > 60);
        assert!(line.chars().count() <= 80 || unbreakable, "{line}");
    }
    assert!(!output.contains('\x1b'));
    for part in ["DcatDigestMismatch", "catalog/dcat.jsonld#/", "→ ", "DENIED"] {
        assert!(output.contains(part), "{part}\n{output}");
    }
}

#[test]
fn machines_get_json_sarif_and_junit() {
    let dir = tempfile::tempdir().unwrap();
    let bad = workspace(dir.path(), Some("B-no-license"));
    let json: Value =
        serde_json::from_slice(&validate(&bad, &["--output", "json"]).stdout).unwrap();
    assert_eq!(json["result"], "denied");
    assert_eq!(json["gates"][1]["reasons"][0]["code"], "LicenseUnclear");
    assert!(json["plan"].is_null());

    let sarif: Value =
        serde_json::from_slice(&validate(&bad, &["--output", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "LicenseUnclear");
    let rule = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][rule]["id"], "LicenseUnclear");
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "dataset.json");

    let junit = text(&validate(&bad, &["--output", "junit"]).stdout);
    assert!(junit.contains("tests=\"7\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{junit}");
    assert!(junit.contains("<failure type=\"LicenseUnclear\""), "{junit}");
}

/// A signed pack: the tar and the public key.
fn signed(dir: &Path) -> (String, String) {
    let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let tar = path("pack.tar");
    for arguments in [
        vec!["pack", "build", PACK, "--out", &tar],
        vec!["pack", "keygen", "--out", dir.to_str().unwrap()],
        vec!["pack", "sign", &tar, "--key", &path("lazaret.key")],
    ] {
        let output = lazaret(&arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    (tar, path("lazaret.pub"))
}

#[test]
fn pack_build_and_keygen_make_the_folder_that_they_write_into() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (arguments, made) in [
        (vec!["pack", "build", PACK, "--out", &path("packs/new/p.tar")], "packs/new/manifest.json"),
        (vec!["pack", "keygen", "--out", &path("keys")], "keys/lazaret.pub"),
    ] {
        let output = lazaret(&arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        assert!(dir.path().join(made).is_file(), "{made}");
    }
}

fn promote(dir: &Path, workspace: &Path, more: &[&str]) -> Output {
    let (tar, key) = match dir.join("pack.tar").exists() {
        true => {
            let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
            (path("pack.tar"), path("lazaret.pub"))
        }
        false => signed(dir),
    };
    let version = version();
    let destination = dir.join("published");
    let mut arguments = vec!["promote", "--destination", destination.to_str().unwrap()];
    arguments.extend(subject(&version, workspace, &tar));
    arguments.extend(["--key", &key]);
    arguments.extend(more);
    lazaret(&arguments)
}

#[test]
fn a_dry_run_lists_paths_and_digests_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path(), None);
    let destination = dir.path().join("published");
    fs::create_dir(&destination).unwrap();
    fs::set_permissions(&destination, fs::Permissions::from_mode(0o555)).unwrap();
    let before = fs::metadata(&destination).unwrap().modified().unwrap();
    let output = promote(dir.path(), &workspace, &["--dry-run"]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    for entry in fs::read_dir(workspace.join("processed")).unwrap() {
        let path = entry.unwrap().path();
        let digest = lazaret::domain::Digest::of(&fs::read(&path).unwrap()).hex();
        assert!(printed.contains(&digest), "{digest}\n{printed}");
        assert!(printed.contains(path.file_name().unwrap().to_str().unwrap()));
    }
    // Root may write where the mode forbids it, so that the folder itself must bear witness.
    assert_eq!(fs::read_dir(&destination).unwrap().count(), 0);
    assert_eq!(fs::metadata(&destination).unwrap().modified().unwrap(), before);
}

#[test]
fn promoting_twice_is_promoting_once() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path(), None);
    let first = promote(dir.path(), &workspace, &["--output", "json"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let second = promote(dir.path(), &workspace, &["--output", "json"]);
    assert_eq!(second.status.code(), Some(0), "{}", text(&second.stderr));
    let [first, second]: [Value; 2] =
        [first, second].map(|output| serde_json::from_slice(&output.stdout).unwrap());
    assert_eq!(first["result"], "published");
    assert_eq!(first["detail"], second["detail"]);
    let destination = dir.path().join("published");
    let ledger = lazaret(&["ledger", "verify", destination.to_str().unwrap()]);
    assert!(text(&ledger.stdout).contains("1 entry, the chain is whole"));

    // Other bytes under the same version id are refused, and nothing changes.
    let file = workspace.join("dataset.json");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "\n").unwrap();
    let other = promote(dir.path(), &workspace, &[]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stdout).contains("VersionAlreadyPublished"));

    // The last entry has no successor to hold it fast, but it has the pointer that it put there.
    let entry = destination.join("_ledger/00000000000000000001.json");
    let changed = fs::read_to_string(&entry).unwrap().replacen("2026", "2025", 1);
    fs::write(&entry, changed).unwrap();
    let ledger = lazaret(&["ledger", "verify", destination.to_str().unwrap()]);
    assert_eq!(ledger.status.code(), Some(1), "{}", text(&ledger.stdout));
    assert!(text(&ledger.stderr).contains("current.json was put there by ledger entry 1"));
}

#[test]
fn the_laptop_and_a_dry_run_agree_on_the_plan_and_another_plan_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path(), None);
    let plan = |output: Output| {
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["plan"]["digest"].as_str().unwrap().to_owned()
    };
    let unsigned = plan(validate(&workspace, &["--output", "json"]));
    let dry = plan(promote(dir.path(), &workspace, &["--dry-run", "--output", "json"]));
    assert_eq!(unsigned, dry, "the same pack bytes and the same data make the same plan");
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = promote(dir.path(), &workspace, &["--plan", &other]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!dir.path().join("published").exists());
    let done = promote(dir.path(), &workspace, &["--plan", &dry]);
    assert_eq!(done.status.code(), Some(0));
}

#[test]
fn an_unsigned_or_strangely_signed_pack_publishes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path(), None);
    let version = version();
    let destination = dir.path().join("published");
    let mut arguments = vec!["promote", "--destination", destination.to_str().unwrap()];
    arguments.extend(subject(&version, &workspace, PACK));
    assert_eq!(lazaret(&arguments).status.code(), Some(2));
    let stranger = tempfile::tempdir().unwrap();
    let (_, key) = signed(stranger.path());
    let (tar, _) = signed(dir.path());
    let mut arguments = vec!["promote", "--destination", destination.to_str().unwrap()];
    arguments.extend(subject(&version, &workspace, &tar));
    arguments.extend(["--key", &key]);
    let output = lazaret(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("KeyMismatch"), "{}", text(&output.stderr));
    assert!(!destination.exists());
}

#[test]
fn a_spec_that_is_not_the_workspaces_is_denied() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path(), None);
    let same = dir.path().join("same.json");
    let spec: Value =
        serde_json::from_slice(&fs::read(workspace.join("spec.json")).unwrap()).unwrap();
    fs::write(&same, format!("\n {spec:#}\n")).unwrap();
    assert_eq!(validate(&workspace, &["--spec", same.to_str().unwrap()]).status.code(), Some(0));
    let other = dir.path().join("other.json");
    fs::write(&other, "{}").unwrap();
    let output = validate(&workspace, &["--spec", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("SpecHashMismatch"));
}

/// The default pack with a change, and the facts of the good example as they were judged.
fn two_packs(dir: &Path, rule: &str) -> (PathBuf, PathBuf) {
    let (other, facts) = (dir.join("other"), dir.join("facts.json"));
    copy(Path::new(PACK), &other);
    fs::write(other.join("opa/more.rego"), rule).unwrap();
    fs::create_dir(dir.join("good")).unwrap();
    let good = workspace(&dir.join("good"), None);
    let recorded = validate(&good, &["--record-facts", facts.to_str().unwrap()]);
    assert_eq!(recorded.status.code(), Some(0), "{}", text(&recorded.stderr));
    (other, facts)
}

#[test]
fn a_diff_names_files_rules_and_verdicts_that_turn() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "package lazaret.gates.c\n\ndeny contains {\"code\": \"TooFar\", \"message\": \"x\"} if input.requested.dataset_slug == \"seattle-weather\"\n\nmore if true\n";
    let (other, facts) = two_packs(dir.path(), rule);
    let diff = |more: &[&str]| {
        let mut all = vec!["pack", "diff", PACK, other.to_str().unwrap()];
        all.extend(more);
        lazaret(&all)
    };
    let with_facts = ["--facts", facts.to_str().unwrap()];
    let seen = diff(&with_facts);
    let said = text(&seen.stdout);
    assert_eq!(seen.status.code(), Some(1), "{said}");
    for line in [
        "files: 1 differ",
        "  added    opa/more.rego",
        "  added    data.lazaret.gates.c.more",
        "decisions: 1 of 1 recorded facts are judged otherwise, 1 verdicts turn",
        "gate C  pass -> deny  +TooFar",
    ] {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
    let json: Value =
        serde_json::from_slice(&diff(&["--output", "json", "--patch"]).stdout).unwrap();
    assert_eq!(json["flipped"], 0, "without facts nothing can turn");
    assert!(json["files"][0]["patch"].as_str().unwrap().contains("+more if true"));
    let same = lazaret(&["pack", "diff", PACK, PACK, with_facts[0], with_facts[1]]);
    assert_eq!(same.status.code(), Some(0));
    assert!(text(&same.stdout).contains("rules: no difference"));
}

#[test]
fn inspection_tells_what_is_in_a_pack_and_why_it_does_not_load() {
    let whole = lazaret(&["pack", "inspect", PACK, "--rules"]);
    let said = text(&whole.stdout);
    assert_eq!(whole.status.code(), Some(0), "{said}");
    assert!(said.contains("gates     A B C D E F G"), "{said}");
    assert!(said.contains("data.lazaret.gates.b.deny"), "{said}");
    assert!(said.contains("README.md"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    copy(Path::new(PACK), dir.path());
    fs::write(dir.path().join("opa/bad.rego"), "package bad\n\nx if y\n").unwrap();
    let bad = lazaret(&["pack", "inspect", dir.path().to_str().unwrap(), "--output", "json"]);
    assert_eq!(bad.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!(json["refused"]["reason"], "RegoInvalid");
    assert!(json["refused"]["message"].as_str().unwrap().contains("opa/bad.rego:3:6"), "{json}");
}

#[test]
fn pack_verify_takes_any_file_or_its_digest_and_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (blob, key, public) = (path("blob"), path("lazaret.key"), path("lazaret.pub"));
    fs::write(&blob, "no pack at all").unwrap();
    assert!(lazaret(&["pack", "keygen", "--out", dir.path().to_str().unwrap()]).status.success());
    assert!(lazaret(&["pack", "sign", &blob, "--key", &key]).status.success());
    let digest = lazaret::domain::Digest::of(b"no pack at all").to_string();
    let bundle = path("blob.sigstore.json");
    let verify = |arguments: &[&str]| {
        let output = lazaret(&[&["pack", "verify", "--output", "json"], arguments].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report)
    };
    for subject in [vec![blob.as_str()], vec![digest.as_str(), "--bundle", &bundle]] {
        let (code, report) = verify(&[subject, vec!["--key", &public]].concat());
        assert_eq!(
            (code, &report["verified"], &report["digest"]),
            (Some(0), &true.into(), &digest.clone().into())
        );
        assert!(report["signer"]["keyFingerprint"].as_str().unwrap().starts_with("sha256:"));
    }
    let other = digest.replace(&digest[10..14], "0000");
    for (arguments, code, reason) in [
        (vec![other.as_str(), "--bundle", &bundle, "--key", &public], 1, "ArtifactMismatch"),
        (
            vec![&blob, "--key", &public, "--type", "https://slsa.dev/provenance/v1"],
            1,
            "PayloadMismatch",
        ),
        (
            vec![&blob, "--key", &public, "--inclusion-proof", "required"],
            1,
            "InclusionProofMissing",
        ),
        (vec![&blob, "--key", &public, "--require-timestamp"], 1, "SignedTimestampMissing"),
        (vec![&blob, "--bundle", &blob, "--key", &public], 1, "BundleInvalid"),
        (
            vec![&blob, "--certificate-identity", "a", "--certificate-oidc-issuer", "b"],
            1,
            "AuthorityMismatch",
        ),
    ] {
        let (found, report) = verify(&arguments);
        assert_eq!((found, &report["reason"]), (Some(code), &reason.into()), "{arguments:?}");
        assert_eq!(report["verified"], false);
    }
    // Nobody named, a key and an identity at once, a digest alone: questions without an answer.
    assert_eq!(verify(&[&blob]).0, Some(2));
    assert_eq!(verify(&[&digest, "--key", &public]).0, Some(2));
    let both = ["--certificate-identity", "a", "--certificate-oidc-issuer", "b"];
    assert_eq!(verify(&[&[&blob, "--key", &public], &both[..]].concat()).0, Some(2));
    assert_eq!(verify(&[&path("absent"), "--bundle", &bundle, "--key", &public]).0, Some(3));
}

#[test]
fn a_cosign_that_fails_leaves_the_bundle_that_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("pack.tar"), "a pack").unwrap();
    fs::write(path("pack.tar.sigstore.json"), "what was there").unwrap();
    // Writes half a bundle, as the real one does when it is stopped.
    let script =
        "#!/bin/sh\nprintf half > \"$4\"\necho \"$@\" > \"$0.arguments\"\nexit ${FAKE:-1}\n";
    fs::write(path("cosign"), script).unwrap();
    fs::set_permissions(path("cosign"), fs::Permissions::from_mode(0o755)).unwrap();
    let cosign = format!("--cosign={}", path("cosign"));
    let sign = ["pack", "sign", &path("pack.tar"), &cosign, "--", "--identity-token", "t"];
    assert_eq!(lazaret(&sign).status.code(), Some(3));
    assert_eq!(fs::read_to_string(path("pack.tar.sigstore.json")).unwrap(), "what was there");
    let said = fs::read_to_string(path("cosign.arguments")).unwrap();
    assert!(said.starts_with("sign-blob --yes --bundle "), "{said}");
    assert!(
        said.trim_end().ends_with(&format!("--identity-token t {}", path("pack.tar"))),
        "{said}"
    );
    let output = Command::new(env!("CARGO_BIN_EXE_lazaret")).args(sign).env("FAKE", "0").output();
    assert!(output.unwrap().status.success());
    assert_eq!(fs::read_to_string(path("pack.tar.sigstore.json")).unwrap(), "half");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "nothing is left behind");
}
