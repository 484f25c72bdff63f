//! The manifests in the documents, each taken by the real API server. `tests/it/generated.rs` of the
//! library makes sure that every mark has its block.

use anyhow::{Context as _, Result};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use lazaret_e2e::cluster::{Cluster, client, namespace};
use lazaret_e2e::root;

#[tokio::test(flavor = "multi_thread")]
async fn the_manifests_in_the_documents_are_taken() -> Result<()> {
    let client = client(&Cluster::shared().await?).await?;
    let namespace = namespace(&client, "docs").await?;
    // Unknown fields are errors; nothing is kept.
    let params = PatchParams::apply("lazaret-e2e").validation_strict();
    let params = PatchParams { dry_run: true, ..params };
    let mut taken = 0;
    for entry in std::fs::read_dir(root().join("docs"))? {
        let path = entry?.path();
        for block in tested(&std::fs::read_to_string(&path)?) {
            for document in block.split("\n---\n") {
                let about = || format!("{}:\n{document}", path.display());
                let object: DynamicObject = yaml_serde::from_str(document).with_context(about)?;
                let types = object.types.clone().with_context(about)?;
                let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(&types)?);
                let api =
                    Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
                let name = object.metadata.name.clone().with_context(about)?;
                api.patch(&name, &params, &Patch::Apply(&object)).await.with_context(about)?;
                taken += 1;
            }
        }
    }
    assert!(taken >= 5, "only {taken} manifests in the documents");
    Ok(())
}

/// The YAML blocks that follow a line `<!-- tested -->`.
fn tested(text: &str) -> impl Iterator<Item = String> {
    let blocks = text.split("<!-- tested -->\n```yaml\n").skip(1);
    blocks.filter_map(|rest| rest.split("\n```").next().map(str::to_owned))
}
