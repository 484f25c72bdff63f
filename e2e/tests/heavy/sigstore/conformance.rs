//! Real bundles. Two sets: the test data of the Sigstore library's own source, and the public
//! sigstore-conformance suite if `LAZARET_CONFORMANCE` names a copy of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use lazaret_e2e::controller::program;
use lazaret_e2e::root;
use serde_json::{Value, json};

/// Runs the adapter as the suite does. Gives whether the bundle was accepted.
fn accepted(bundle: &Path, arguments: &[String], subject: &str) -> Result<(bool, String)> {
    let adapter = root().join("e2e/conformance/lazaret-conformance");
    let mut command = Command::new(adapter);
    command.arg("verify-bundle").arg("--bundle").arg(bundle).args(arguments).arg(subject);
    let output = command.env("LAZARET", program()?).output()?;
    let code = output.status.code().context("killed")?;
    ensure!([0, 1, 2].contains(&code), "{command:?}: {code}: {output:?}");
    Ok((code == 0, String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn who(subject: &str, issuer: &str) -> Vec<String> {
    ["--certificate-identity", subject, "--certificate-oidc-issuer", issuer].map(Into::into).into()
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const LOGIN: &str = "https://github.com/login/oauth";
const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const A_TXT: &str = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";

#[test]
#[ignore = "needs LAZARET_SIGSTORE_DATA; run by make test-all"]
fn real_bundles_come_out_right() -> Result<()> {
    let data = PathBuf::from(std::env::var_os("LAZARET_SIGSTORE_DATA").context("no test data")?);
    let conda = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
    let blob = data.join("bundles/cosign-v3-blob.txt").display().to_string();
    let package = data.join("bundles/signed-package-2.1.0-hb0f4dca_0.conda").display().to_string();
    let action = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
    let release =
        "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml@refs/tags/v0.1.2";
    let root =
        |name: &str| vec!["--trusted-root".to_owned(), data.join(name).display().to_string()];
    let key = |more: Vec<String>| {
        let key = data.join("managed-key/key.pub").display().to_string();
        [vec!["--key".to_owned(), key], more].concat()
    };
    let mut cases: Vec<(&str, Vec<String>, &str, bool)> = vec![
        ("bundles/cosign-v3-blob.sigstore.json", who("w.vollprecht@gmail.com", LOGIN), &blob, true),
        ("bundles/cosign-v3-blob.sigstore.json", who("w.vollprecht@gmail.com", GITHUB), &blob, false),
        ("bundles/cosign-v3-blob.sigstore.json", who("w.vollprecht@gmail.com", LOGIN), A_TXT, false),
        ("bundles/conda-attestation.sigstore.json", who(action, GITHUB), &package, true),
        ("bundles/conda-attestation.sigstore.json", who(action, GITHUB), conda, true),
        ("bundles/conda-attestation.sigstore.json", who(action, GITHUB), A_TXT, false),
        ("bundles/bundle_v3_github.whl.sigstore", who(release, GITHUB), "sha256:c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201", true),
        ("bundles/bundle_cve_2022_36056.txt.sigstore", who("william@yossarian.net", LOGIN), "sha256:c87b5b213ab08b32970c106d0c7e4423e67f5449c2fd2d1e9b4ea6cc43b6ee7c", false),
        ("bundles/bundle_invalid_version.txt.sigstore", who("william@yossarian.net", LOGIN), "sha256:7a1f2b23ec9add163c6d0bbb454af45e1483b9bec7b72aea1b4fdf0e2f5644f0", false),
        ("bundles/bundle_no_cert_v1.txt.sigstore", who("william@yossarian.net", LOGIN), "sha256:1bc37d4fed3fd960bdf9d095f87283ba8ad1ab4481f38a34e8004f0c56ffe78d", false),
        ("bundles/bundle_no_checkpoint.txt.sigstore", who("william@yossarian.net", LOGIN), "sha256:802dd60ff88333802f2585e73043bd21c341285e1992fe5b31755e1cadeae30e", false),
        ("bundles/bundle_no_log_entry.txt.sigstore", who("alex.cameron@trailofbits.com", "https://accounts.google.com"), "sha256:9b469fc9761e8b933073b62725fbc98b549c3314199ded71cc8b286ef2c6fb9b", false),
        ("bundles/bundle_v3_no_signed_time.txt.sigstore.json", who("william@yossarian.net", LOGIN), "sha256:ca6de99a11d3d38056d838c7dc9a23a11a0c81bcace0d11eaa301a2ffb482c42", false),
        ("bundles/dsse-2sigs.sigstore.json", who("brian@dehamer.com", LOGIN), A_TXT, false),
        ("managed-key/bundle.sigstore.json", key(vec![]), A_TXT, true),
        ("managed-key/bundle.sigstore.json", key(vec![]), conda, false),
        ("managed-key/bundle.sigstore.json", key(root("trusted_roots/scaffolding.json")), A_TXT, false),
        ("managed-key/bundle.sigstore.json", [key(vec![]), who(BEACON, GITHUB)].concat(), A_TXT, false),
        ("managed-key/bundle.sigstore.json", who(BEACON, GITHUB), A_TXT, false),
        ("invalid-ct-key_fail/bundle.sigstore.json", [who(BEACON, GITHUB), root("invalid-ct-key_fail/trusted_root.json")].concat(), A_TXT, false),
        ("invalid-ct-key_fail/bundle.sigstore.json", who(BEACON, GITHUB), A_TXT, true),
        ("timestamps/valid_bundle.json", [who(BEACON, GITHUB), root("timestamps/valid_trusted_root.json")].concat(), A_TXT, true),
        ("timestamps/valid_bundle.json", who(BEACON, GITHUB), A_TXT, false),
        ("sct-multi-intermediate/staging_bundle.sigstore.json", [who("https://github.com/sigstore/root-signing-staging/.github/workflows/custom-test.yml@refs/heads/main", GITHUB), root("sct-multi-intermediate/staging_trusted_root.json")].concat(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true),
        ("bundles/github-private-attestation.sigstore.json", [who("https://dotcom.releases.github.com", GITHUB), root("timestamps/github_trusted_root.json")].concat(), A_TXT, false),
    ];
    let staging = data.join("../../sigstore-trust-root-0.15.1/src/trusted_root_staging.json");
    let staged = |subject: &str, issuer: &str| {
        let root = ["--trusted-root".to_owned(), staging.display().to_string()];
        [who(subject, issuer), root.to_vec()].concat()
    };
    let text = "sha256:15f67246115921bb7c1de0e7e9e9275c8016dc254a0c009888944b7ed3644aaa";
    let python = "upstream/sigstore-python/staging-rekor-v2.txt.sigstore.json";
    let attested = "upstream/sigstore-python/a.dsse.staging-rekor-v2.txt.sigstore.json";
    let rekor2 = "bundles/conda-attestation-rekor2.sigstore.json";
    let swapped = "sha256:c87b5b213ab08b32970c106d0c7e4423e67f5449c2fd2d1e9b4ea6cc43b6ee7c";
    let no_head = "sha256:802dd60ff88333802f2585e73043bd21c341285e1992fe5b31755e1cadeae30e";
    let william = || staged("william@yossarian.net", LOGIN);
    cases.extend([
        (python, staged("jku@goto.fi", LOGIN), text, true),
        (python, who("jku@goto.fi", LOGIN), text, false),
        (attested, staged(BEACON, GITHUB), A_TXT, true),
        (attested, staged(BEACON, GITHUB), text, false),
        (rekor2, staged("jku@goto.fi", LOGIN), conda, true),
        ("bundles/bundle_cve_2022_36056.txt.sigstore", william(), swapped, false),
        ("bundles/bundle_no_checkpoint.txt.sigstore", william(), no_head, false),
    ]);
    let mut wrong = Vec::new();
    for (bundle, arguments, subject, right) in &cases {
        let (found, said) = accepted(&data.join(bundle), arguments, subject)?;
        if found != *right {
            wrong.push(format!("{bundle} {arguments:?} {subject}: {found}: {said}"));
        }
    }
    ensure!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    Ok(())
}

/// What the suite's newer cases ask of a trust root: a validity counts with both its ends, it needs a
/// beginning, and nobody lends it to another.
#[test]
#[ignore = "needs LAZARET_SIGSTORE_DATA; run by make test-all"]
fn what_a_root_says_of_validity_counts() -> Result<()> {
    const TIME: &str = "2025-08-06T18:51:36Z";
    const BEFORE: &str = "2025-08-06T18:51:35Z";
    let data = PathBuf::from(std::env::var_os("LAZARET_SIGSTORE_DATA").context("no test data")?);
    let root = std::fs::read(data.join("timestamps/valid_trusted_root.json"))?;
    let root: Value = serde_json::from_slice(&root)?;
    let dir = tempfile::tempdir()?;
    let holds = |root: &Value| -> Result<bool> {
        let file = dir.path().join("root.json");
        std::fs::write(&file, root.to_string())?;
        let trusted = ["--trusted-root".to_owned(), file.display().to_string()];
        let arguments = [who(BEACON, GITHUB), trusted.to_vec()].concat();
        Ok(accepted(&data.join("timestamps/valid_bundle.json"), &arguments, A_TXT)?.0)
    };
    let places = [
        "/timestampAuthorities/0/validFor",
        "/certificateAuthorities/0/validFor",
        "/tlogs/1/publicKey/validFor",
    ];
    for place in places {
        let with = |validity: Value| -> Result<bool> {
            let mut changed = root.clone();
            *changed.pointer_mut(place).context(place)? = validity;
            holds(&changed)
        };
        ensure!(with(json!({ "start": "2020-01-01T00:00:00Z", "end": TIME }))?, "{place}: its end");
        ensure!(with(json!({ "start": TIME }))?, "{place}: its start");
        ensure!(!with(json!({ "end": "2099-01-01T00:00:00Z" }))?, "{place}: no start");
        ensure!(!with(json!({ "start": TIME, "end": BEFORE }))?, "{place}: over before it began");
        // The newer log vouches for no time, so that there is nothing to hold its end against.
        if !place.starts_with("/tlogs") {
            ensure!(
                !with(json!({ "start": "2020-01-01T00:00:00Z", "end": BEFORE }))?,
                "{place}: over"
            );
        }
    }
    let mut lent = root.clone();
    let authorities = lent["timestampAuthorities"].as_array_mut().context("authorities")?;
    let mut other = authorities[0].clone();
    other["certChain"] = json!({ "certificates": [] });
    authorities[0]["validFor"]["end"] = BEFORE.into();
    authorities.push(other);
    ensure!(!holds(&lent)?, "another authority's validity was borrowed");
    Ok(())
}

/// The suite's own table: a directory for each case, its name ends in `_fail` if it must.
#[test]
#[ignore = "needs a copy of sigstore-conformance in LAZARET_CONFORMANCE"]
fn the_public_suite_comes_out_right() -> Result<()> {
    let suite =
        std::env::var_os("LAZARET_CONFORMANCE").context("LAZARET_CONFORMANCE is not set")?;
    let assets = PathBuf::from(suite).join("test/assets");
    let (mut cases, mut wrong) = (0, Vec::new());
    for case in std::fs::read_dir(assets.join("bundle-verify"))? {
        let case = case?.path();
        if !case.is_dir() {
            continue;
        }
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = |file: &str, default: &str| {
            let text = std::fs::read_to_string(case.join(file));
            text.map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
        };
        let mut arguments = Vec::new();
        let keyed = case.join("key.pub").exists();
        if !keyed || name.contains("client-identity") {
            arguments = who(&text("identity", BEACON), &text("issuer", GITHUB));
        }
        for (file, flag) in [("key.pub", "--key"), ("trusted_root.json", "--trusted-root")] {
            if case.join(file).exists() {
                arguments.extend([flag.to_owned(), case.join(file).display().to_string()]);
            }
        }
        let own = case.join("artifact");
        let artifact = if own.exists() { own } else { assets.join("bundle-verify/a.txt") };
        let digest = lazaret::domain::Digest::of(&std::fs::read(&artifact)?).to_string();
        for subject in [artifact.display().to_string(), digest] {
            cases += 1;
            let bundle = case.join("bundle.sigstore.json");
            let (found, said) = accepted(&bundle, &arguments, &subject)?;
            if found == name.ends_with("_fail") {
                wrong.push(format!("{name} {subject}: {found}: {said}"));
            }
        }
    }
    ensure!(cases > 100, "only {cases} cases: is this the suite?");
    ensure!(wrong.is_empty(), "{} of {cases} wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}
