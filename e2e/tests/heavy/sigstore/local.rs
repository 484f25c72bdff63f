//! What cosign makes with a private Sigstore, Lazaret verifies, without any network.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use lazaret_e2e::controller::program;
use lazaret_e2e::peer::{succeed, tool};
use lazaret_e2e::sigstore::{SUBJECT, Sigstore};
use serde_json::Value;

/// Verifies in a network namespace that has no network at all. Gives the reason of a refusal.
fn verify(sigstore: &Sigstore, file: &str, bundle: &str, more: &[&str]) -> Result<String> {
    let mut command = Command::new("unshare");
    command.args(["--net", "--map-root-user"]).arg(program()?).args(["pack", "verify", file]);
    command.args(["--output", "json", "--bundle", bundle]).args(more);
    let output = command.current_dir(sigstore.path(".")).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&text).with_context(|| {
        format!("{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    let verified = report["verified"] == true;
    ensure!(output.status.code() == Some(if verified { 0 } else { 1 }), "{report}");
    Ok(match verified {
        true => "verified".into(),
        false => report["reason"].as_str().unwrap_or_default().to_owned(),
    })
}

fn without(path: &Path, list: &str, to: &Path) -> Result<()> {
    let mut root: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    root[list] = Value::Array(Vec::new());
    Ok(std::fs::write(to, root.to_string())?)
}

#[test]
#[ignore = "needs cosign, fulcio, rekor and a timestamp authority; run by make test-all"]
fn keyless_bundles_of_a_private_sigstore_verify_without_network() -> Result<()> {
    let here = Sigstore::start()?;
    std::fs::write(here.path("pack.tar"), "a pack")?;
    std::fs::write(here.path("other.tar"), "another pack")?;
    let keyless = [
        ["--identity-token", "token"],
        ["--signing-config", "signing.json"],
        ["--trusted-root", "root.json"],
    ]
    .concat();
    for (bundle, more) in
        [("p256.json", &[][..]), ("p384.json", &["--signing-algorithm", "ecdsa-sha2-384-nistp384"])]
    {
        let mut sign = here.cosign()?;
        sign.args(["sign-blob", "--yes", "--bundle", bundle]).args(&keyless).args(more);
        succeed(sign.arg("pack.tar"))?;
    }
    let mut attest = here.cosign()?;
    std::fs::write(here.path("predicate.json"), "{}")?;
    attest.args(["attest-blob", "--yes", "--bundle", "attested.json"]).args(&keyless);
    attest.args(["--predicate", "predicate.json", "--type", "https://packs.test/seen"]);
    succeed(attest.arg("pack.tar"))?;
    // Lazaret leads cosign, and leaves nothing beside the bundle.
    let mut cosign = std::ffi::OsString::from("--cosign=");
    cosign.push(tool("LAZARET_COSIGN")?);
    let mut led = Command::new(program()?);
    led.args(["pack", "sign", "pack.tar", "--bundle", "led.json"]).arg(cosign).arg("--");
    succeed(led.args(&keyless).current_dir(here.path(".")).env("HOME", here.path(".")))?;
    let stray = std::fs::read_dir(here.path("."))?
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_string_lossy().contains(".lazaret-"));
    ensure!(!stray, "a file was left behind");

    let who = |subject: &'static str, root: &'static str| {
        let issuer = here.issuer.clone();
        move |more: &[&str]| -> Vec<String> {
            let mut all = vec!["--trusted-root", root, "--certificate-identity", subject];
            all.extend(["--certificate-oidc-issuer", &issuer]);
            all.extend(more);
            all.into_iter().map(str::to_owned).collect()
        }
    };
    let check = |file: &str, bundle: &str, arguments: Vec<String>| {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        verify(&here, file, bundle, &arguments)
    };
    let root = here.root();
    without(&root, "certificateAuthorities", &here.path("no-ca.json"))?;
    without(&root, "timestampAuthorities", &here.path("no-tsa.json"))?;
    without(&root, "tlogs", &here.path("no-log.json"))?;
    let us = who(SUBJECT, "root.json");
    for (file, bundle, arguments, found) in [
        ("pack.tar", "p256.json", us(&[]), "verified"),
        ("pack.tar", "p256.json", us(&["--require-timestamp"]), "verified"),
        ("pack.tar", "p384.json", us(&[]), "verified"),
        ("pack.tar", "led.json", us(&[]), "verified"),
        ("pack.tar", "attested.json", us(&["--type", "https://packs.test/seen"]), "verified"),
        (
            "pack.tar",
            "attested.json",
            us(&["--type", "https://packs.test/other"]),
            "PayloadMismatch",
        ),
        ("pack.tar", "attested.json", us(&[]), "PayloadMismatch"),
        ("other.tar", "attested.json", us(&["--type", "any"]), "SubjectMismatch"),
        ("other.tar", "p256.json", us(&[]), "ArtifactMismatch"),
        ("pack.tar", "p256.json", us(&["--sct", "required"]), "CertificateTimestampInvalid"),
        ("pack.tar", "p256.json", who("other@packs.test", "root.json")(&[]), "IdentityMismatch"),
        ("pack.tar", "p256.json", who(SUBJECT, "no-ca.json")(&[]), "Untrusted"),
        ("pack.tar", "p256.json", who(SUBJECT, "no-tsa.json")(&[]), "TimestampInvalid"),
        ("pack.tar", "p256.json", who(SUBJECT, "no-log.json")(&[]), "Untrusted"),
        ("pack.tar", "p384.json", who(SUBJECT, "no-log.json")(&[]), "Untrusted"),
    ] {
        let outcome = check(file, bundle, arguments.clone())?;
        ensure!(outcome == found, "{file} {bundle} {arguments:?}: {outcome}, not {found}");
    }
    Ok(())
}

#[test]
#[ignore = "needs cosign, fulcio, rekor and a timestamp authority; run by make test-all"]
fn every_kind_of_key_goes_both_ways() -> Result<()> {
    let here = Sigstore::start()?;
    std::fs::write(here.path("pack.tar"), "a pack")?;
    let kinds: [(&str, &[&str]); 4] = [
        ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("ed25519", &["-algorithm", "ED25519"]),
    ];
    for (kind, parameters) in kinds {
        let (private, public) = (format!("{kind}.pem"), format!("{kind}.pub"));
        let openssl = |arguments: &[&str]| {
            succeed(Command::new("openssl").args(arguments).current_dir(here.path(".")))
        };
        openssl(&[&["genpkey", "-out", &private][..], parameters].concat())?;
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public])?;
        let mut import = here.cosign()?;
        import.args(["import-key-pair", "--yes", "--key", &private, "--output-key-prefix", kind]);
        // It would write the public half over the one that is there.
        std::fs::rename(here.path(&public), here.path("kept.pub"))?;
        succeed(&mut import)?;
        std::fs::rename(here.path("kept.pub"), here.path(&public))?;
        let sign = |bundle: &str, more: &[&str]| {
            let mut sign = here.cosign()?;
            sign.args(["sign-blob", "--yes", "--key", &format!("{kind}.key"), "--bundle", bundle]);
            succeed(sign.args(more).arg("pack.tar"))
        };
        // Without the root: given it, cosign 3.1.3 refuses what it made with an Ed25519 key itself.
        sign("logged.json", &["--signing-config", "signing.json"])?;
        sign("bare.json", &["--tlog-upload=false", "--use-signing-config=false"])?;
        let trusted = ["--trusted-root", "root.json", "--key", &public];
        let alone = ["--key", &public];
        for (bundle, arguments, found) in [
            ("logged.json", &trusted[..], "verified"),
            ("logged.json", &alone, "verified"),
            ("bare.json", &alone, "verified"),
            ("bare.json", &trusted, "InclusionProofMissing"),
        ] {
            let outcome = verify(&here, "pack.tar", bundle, arguments)?;
            ensure!(outcome == found, "{kind} {bundle} {arguments:?}: {outcome}");
        }
        let mut ours = Command::new(program()?);
        ours.args(["pack", "sign", "pack.tar", "--key", &private, "--bundle", "ours.json"]);
        succeed(ours.current_dir(here.path(".")))?;
        let mut theirs = here.cosign()?;
        theirs.args(["verify-blob", "--insecure-ignore-tlog", "--key", &public]);
        let theirs = theirs.args(["--bundle", "ours.json", "pack.tar"]).output()?;
        // Cosign 3.1.3 hashes with SHA-256 whatever the key: it refuses its own P-384 bundle too.
        ensure!(theirs.status.success() == (kind != "p384"), "{kind}: {theirs:?}");
    }
    Ok(())
}
