//! `cosign sign` without a key on a manifest, in a registry with the referrers API of OCI 1.1 and in
//! one without: pulled, verified and loaded by Lazaret.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use lazaret::api::PolicyPack;
use lazaret_e2e::cluster::eventually;
use lazaret_e2e::controller::program;
use lazaret_e2e::peer::{succeed, tool};
use lazaret_e2e::registry::{Door, Registry};
use lazaret_e2e::root;
use lazaret_e2e::sigstore::{SUBJECT, Sigstore};
use lazaret_e2e::stage::Stage;
use serde_json::{Value, json};

/// go-containerregistry's registry, with the referrers API.
struct Referrers {
    child: Child,
    address: String,
}

impl Drop for Referrers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Referrers {
    async fn start() -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(tool("LAZARET_REFERRERS")?);
        command.arg(&address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { child: command.spawn()?, address };
        eventually("the registry listens", Duration::from_secs(30), async || {
            Ok(tokio::net::TcpStream::connect(&registry.address).await.ok())
        })
        .await?;
        Ok(registry)
    }
}

/// What a registry answers: status and JSON.
async fn ask(url: &str) -> Result<(u16, Value)> {
    let answer = reqwest::get(url).await?;
    let status = answer.status().as_u16();
    Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or_default()))
}

/// Tags that stand in for a list of referrers.
async fn stand_ins(address: &str, repository: &str) -> Result<usize> {
    let (_, listed) = ask(&format!("http://{address}/v2/{repository}/tags/list")).await?;
    let tags = listed["tags"].as_array().context("tags")?;
    Ok(tags.iter().filter_map(Value::as_str).filter(|tag| tag.starts_with("sha256-")).count())
}

#[tokio::test]
#[ignore = "needs a private Sigstore and two registries; run by make test-all"]
async fn a_manifest_that_cosign_signed_without_a_key() -> Result<()> {
    let here = tokio::task::spawn_blocking(Sigstore::start).await??;
    let lazaret = |arguments: &[&str]| -> Result<Command> {
        let mut command = Command::new(program()?);
        command.args(arguments).current_dir(here.path(".")).env("DOCKER_CONFIG", here.path("."));
        Ok(command)
    };
    let source = root().join("contracts/policy/default").display().to_string();
    succeed(&mut lazaret(&["pack", "build", &source, "--out", "pack.tar"])?)?;
    let (plain, listing) = (Registry::start(Door::Open).await?, Referrers::start().await?);
    let stage = Stage::new("cosigned").await?;
    let _controller = stage.controller().await?;
    let text = std::fs::read_to_string(here.root())?;
    let map = json!({ "metadata": { "name": "root" }, "data": { "trusted_root.json": text } });
    let map: ConfigMap = serde_json::from_value(map)?;
    stage.api().create(&Default::default(), &map).await?;

    for (name, address, lists) in
        [("plain", plain.address(), false), ("listing", listing.address.as_str(), true)]
    {
        let to = format!("oci://{address}/packs/default:1.0.0");
        let said = succeed(&mut lazaret(&["pack", "push", "pack.tar", &to, "--plain-http"])?)?;
        let pushed = said.lines().find(|line| line.starts_with("pushed")).context("pushed")?;
        let digest = pushed.split_once('@').context("no digest")?.1.to_owned();
        let mut sign = here.cosign()?;
        sign.args(["sign", "--yes", "--allow-http-registry", "--identity-token", "token"]);
        sign.args(["--signing-config", "signing.json", "--trusted-root", "root.json"]);
        succeed(sign.arg(format!("{address}/packs/default@{digest}")))?;
        let (status, index) =
            ask(&format!("http://{address}/v2/packs/default/referrers/{digest}")).await?;
        let listed = index["manifests"].as_array().map_or(0, Vec::len);
        ensure!((status == 200 && listed == 1) == lists, "{name}: {status} {index}");
        ensure!((stand_ins(address, "packs/default").await? == 0) == lists, "{name}: tags");

        succeed(&mut lazaret(&["pack", "pull", &to, "--plain-http", "-o", name])?)?;
        let manifest = format!("{name}/pack.manifest.json");
        let verify = |subject: &'static str| -> Result<Command> {
            let mut command =
                lazaret(&["pack", "verify", &manifest, "--trusted-root", "root.json"])?;
            command.args(["--type", "https://sigstore.dev/cosign/sign/v1"]);
            command.args(["--certificate-identity", subject]);
            command.args(["--certificate-oidc-issuer", &here.issuer]);
            Ok(command)
        };
        succeed(&mut verify(SUBJECT)?)?;
        ensure!(!verify("other@packs.test")?.output()?.status.success(), "{name}: anybody's");

        for (who, subject) in [("good", SUBJECT), ("other", "other@packs.test")] {
            let spec = json!({
                "source": { "http": null, "oci": {
                    "url": format!("oci://{address}/packs/default"), "tag": "1.0.0",
                }},
                "verify": { "keys": null, "keyless": {
                    "trustRootRef": { "name": "root" },
                    "identities": [{ "issuer": here.issuer, "subject": subject }],
                }},
            });
            stage.pack(&format!("{name}-{who}"), spec).await?;
        }
        stage
            .pack_is(&format!("{name}-good"), "loads", |pack| {
                let status = pack.status.clone().unwrap_or_default();
                lazaret::api::is_true(&status.conditions, "Ready")
                    && status.signer.is_some_and(|s| s.subject.as_deref() == Some(SUBJECT))
            })
            .await?;
        let refused = |pack: &PolicyPack| {
            let failure = pack.status.as_ref().and_then(|status| status.last_failure.as_ref());
            failure.is_some_and(|failure| failure.reason == "IdentityMismatch")
        };
        stage.pack_is(&format!("{name}-other"), "is refused", refused).await?;

        // What Lazaret attaches itself.
        let key = format!("{name}.keys");
        std::fs::create_dir(here.path(&key))?;
        succeed(&mut lazaret(&["pack", "keygen", "--out", &key])?)?;
        let private = format!("{key}/lazaret.key");
        succeed(&mut lazaret(&["pack", "sign", "pack.tar", "--key", &private])?)?;
        let own = format!("oci://{address}/packs/own:1.0.0");
        succeed(&mut lazaret(&["pack", "push", "pack.tar", &own, "--plain-http"])?)?;
        // Neither says OCI-Subject, so that the tag is kept, as the specification demands.
        ensure!(stand_ins(address, "packs/own").await? == 1, "{name}: own tags");
        let out = format!("{name}.own");
        succeed(&mut lazaret(&["pack", "pull", &own, "--plain-http", "-o", &out])?)?;
        let (tar, public) = (format!("{out}/pack.tar"), format!("{key}/lazaret.pub"));
        succeed(&mut lazaret(&["pack", "verify", &tar, "--key", &public])?)?;
        std::fs::remove_file(here.path("pack.tar.sigstore.json"))?;
    }
    Ok(())
}
