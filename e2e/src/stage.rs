//! A stage for one test: a namespace, a folder, a signed pack on a server, a controller.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use lazaret::api::{DatasetPromotion, Phase, PolicyPack, Quarantine, REQUESTED_AT, is_true};
use lazaret::pack::KeyPairPem;
use serde_json::{Value, json};

use crate::cluster::{Cluster, client, eventually, namespace};
use crate::controller::{Controller, Start, identity};
use crate::example::Example;
use crate::packs::{PackServer, SignedPack, default_pack, keys};

/// How long anything on a stage may take, on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// Everything that a promotion needs.
pub struct Stage {
    /// A client with every right.
    pub client: Client,
    /// The test's own namespace.
    pub namespace: String,
    /// The key that the pack is signed with.
    pub keys: KeyPairPem,
    /// Where the pack comes from.
    pub server: PackServer,
    /// How the controller is started.
    pub start: Start,
    dir: tempfile::TempDir,
}

impl Stage {
    /// A stage on the shared cluster, with the default pack on the server and in a PolicyPack
    /// named `default`. The controller is not started yet.
    ///
    /// # Errors
    /// If anything cannot be set up.
    pub async fn new(purpose: &str) -> Result<Self> {
        Self::on(&Cluster::shared().await?, purpose).await
    }

    /// A stage on the cluster of this kubeconfig.
    ///
    /// # Errors
    /// If anything cannot be set up.
    pub async fn on(kubeconfig: &Path, purpose: &str) -> Result<Self> {
        let client = client(kubeconfig).await?;
        let namespace = namespace(&client, purpose).await?;
        let keys = keys()?;
        let server = PackServer::start(default_pack(&keys, |_| Ok(()))?).await?;
        let dir = tempfile::Builder::new().prefix("lazaret-stage-").tempdir()?;
        let root = dir.path().canonicalize()?;
        let kubeconfig = identity(&client, kubeconfig, &namespace, &root).await?;
        let start = Start {
            kubeconfig,
            namespace: namespace.clone(),
            root,
            arguments: vec!["--recheck-interval".into(), "2".into()],
            environment: vec![],
        };
        let stage = Self { client, namespace, keys, server, start, dir };
        stage.secret("pack-key", "cosign.pub", &stage.keys.public).await?;
        stage.pack("default", json!({})).await?;
        Ok(stage)
    }

    /// Starts the controller and waits until it is ready.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn controller(&self) -> Result<Controller> {
        let controller = Controller::start(&self.start).await?;
        controller.ready().await?;
        Ok(controller)
    }

    /// An API of this namespace.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A path in the folder that the stage's namespace may use.
    pub fn path(&self, name: &str) -> PathBuf {
        self.start.root.join(&self.namespace).join(name)
    }

    /// The folder that all promotions of this stage publish to.
    pub fn destination(&self) -> PathBuf {
        self.path("published")
    }

    /// Leaves the folder where it is when the stage goes.
    pub fn keep(&mut self) {
        self.dir.disable_cleanup(true);
    }

    /// Creates a Secret of one key.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn secret(&self, name: &str, key: &str, value: &str) -> Result<()> {
        let secret = json!({ "metadata": { "name": name }, "stringData": { key: value } });
        let params = PatchParams::apply("e2e").force();
        let secret: Secret = serde_json::from_value(secret)?;
        self.api::<Secret>().patch(name, &params, &Patch::Apply(&secret)).await?;
        Ok(())
    }

    /// A file with a token of a service account for this audience.
    ///
    /// # Errors
    /// If none is issued.
    pub async fn token(&self, account: &str, audience: &str) -> Result<PathBuf> {
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: vec![audience.to_owned()],
                expiration_seconds: Some(600),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let accounts = self.api::<ServiceAccount>();
        let issued =
            accounts.create_token_request(account, &PostParams::default(), &request).await?;
        let file = self.start.root.join(format!("token-{account}-{audience}"));
        std::fs::write(&file, issued.status.context("the token was issued")?.token)?;
        Ok(file)
    }

    /// Creates a PolicyPack that takes the server's pack and trusts the stage's key, with `spec`
    /// laid over it.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn pack(&self, name: &str, spec: Value) -> Result<PolicyPack> {
        let mut pack = json!({
            "apiVersion": "lazaret.dev/v1alpha1",
            "kind": "PolicyPack",
            "metadata": { "name": name },
            "spec": {
                "source": { "http": { "url": self.server.url() } },
                "verify": { "keys": [{ "secretRef": { "name": "pack-key" } }] },
                "interval": "1s",
            },
        });
        merge(&mut pack["spec"], spec);
        let pack = serde_json::from_value(pack)?;
        Ok(self.api().create(&PostParams::default(), &pack).await?)
    }

    /// The manifest of a promotion of `example`, whose workspace is laid out in the stage's folder.
    ///
    /// # Errors
    /// If the workspace cannot be written.
    pub fn manifest(&self, name: &str, example: &Example) -> Result<Value> {
        let workspace = self.path("workspaces").join(name);
        example.lay_out(&workspace)?;
        let gates = if example.require_g { json!(["G"]) } else { json!([]) };
        Ok(json!({
            "apiVersion": "lazaret.dev/v1alpha1",
            "kind": "DatasetPromotion",
            "metadata": { "name": name },
            "spec": {
                "dataset": { "slug": example.slug, "versionId": example.version },
                "source": { "url": format!("file://{}", workspace.display()) },
                "destination": { "url": format!("file://{}", self.destination().display()) },
                "policyPackRef": { "name": "default" },
                "intendedUse": example.intended_use,
                "requiredGates": gates,
            },
        }))
    }

    /// Asks for `example` to be published.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn promote(&self, name: &str, example: &Example) -> Result<DatasetPromotion> {
        let promotion = serde_json::from_value(self.manifest(name, example)?)?;
        Ok(self.api().create(&PostParams::default(), &promotion).await?)
    }

    /// Waits until a promotion has come to a phase.
    ///
    /// # Errors
    /// If it does not; its status is in the error.
    pub async fn reaches(&self, name: &str, phase: Phase) -> Result<DatasetPromotion> {
        let api = self.api::<DatasetPromotion>();
        let what = format!("{name} is {phase:?}");
        let reached = eventually(&what, SOON, async || {
            let found = api.get(name).await?;
            let there = found.status.as_ref().is_some_and(|status| {
                status.phase == phase && status.observed_generation == found.metadata.generation
            });
            Ok(there.then_some(found))
        });
        match reached.await {
            Ok(promotion) => Ok(promotion),
            Err(error) => {
                let now = api.get(name).await?;
                Err(error).with_context(|| format!("{:#}\n{}", json!(now.status), self.logs()))
            }
        }
    }

    /// The end of what the controller logged.
    fn logs(&self) -> String {
        let text =
            std::fs::read_to_string(self.start.root.join("controller.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// Waits until a PolicyPack has `wanted`.
    ///
    /// # Errors
    /// If it does not; its status is in the error.
    pub async fn pack_is(
        &self,
        name: &str,
        what: &str,
        wanted: impl Fn(&PolicyPack) -> bool,
    ) -> Result<PolicyPack> {
        let api = self.api::<PolicyPack>();
        let what = format!("pack {name} {what}");
        let found = eventually(&what, SOON, async || {
            let pack = api.get(name).await?;
            Ok(wanted(&pack).then_some(pack))
        });
        match found.await {
            Ok(pack) => Ok(pack),
            Err(error) => {
                let now = api.get(name).await?;
                Err(error).with_context(|| format!("{:#}", json!(now.status)))
            }
        }
    }

    /// Waits until a PolicyPack judges by `pack`.
    ///
    /// # Errors
    /// If it does not.
    pub async fn pack_ready(&self, name: &str, pack: &SignedPack) -> Result<PolicyPack> {
        let digest = pack.digest().to_string();
        self.pack_is(name, "is ready", |pack| {
            pack.status.as_ref().is_some_and(|status| {
                is_true(&status.conditions, "Ready")
                    && status.artifact.as_ref().is_some_and(|a| a.digest == digest)
            })
        })
        .await
    }

    /// The Quarantine that a promotion names.
    ///
    /// # Errors
    /// If it names none.
    pub async fn quarantine_of(&self, promotion: &DatasetPromotion) -> Result<Quarantine> {
        let status = promotion.status.as_ref();
        let reference =
            status.and_then(|s| s.quarantine_ref.as_ref()).context("no quarantineRef")?;
        Ok(self.api().get(&reference.name).await?)
    }

    /// Merges `patch` into an object.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn merge<K>(&self, name: &str, patch: Value) -> Result<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + serde::de::DeserializeOwned
            + std::fmt::Debug,
    {
        let api = self.api::<K>();
        Ok(api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await?)
    }

    /// Asks for a promotion to be looked at now.
    ///
    /// # Errors
    /// If the API server refuses.
    pub async fn request(&self, name: &str) -> Result<()> {
        let now = jiff::Timestamp::now().to_string();
        let patch = json!({ "metadata": { "annotations": { REQUESTED_AT: now } } });
        self.merge::<DatasetPromotion>(name, patch).await?;
        Ok(())
    }
}

/// Lays `over` onto `base`, object by object (RFC 7396; null removes).
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(&key);
                } else {
                    merge(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}
