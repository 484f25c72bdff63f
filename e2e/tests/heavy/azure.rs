//! Against a real server of Azure Blob Storage: conditional writes, races, wrong credentials, a promotion.

use std::process::Command;

use anyhow::{Result, ensure};
use lazaret::ledger::Ledger;
use lazaret_e2e::azure::Azure;
use lazaret_e2e::controller::program;
use lazaret_e2e::example::{Example, upload};

use crate::stores::{one_wins, pack, text};

#[tokio::test]
#[ignore = "needs azurite; run by make test-all"]
async fn one_of_many_writers_wins_and_nothing_is_overwritten() -> Result<()> {
    let azure = Azure::start().await?;
    one_wins(|url| azure.open(url), "az://container").await
}

#[tokio::test]
#[ignore = "needs azurite; run by make test-all"]
async fn wrong_credentials_and_places_are_told_apart_without_a_secret() -> Result<()> {
    let azure = Azure::start().await?;
    for (url, over, reason) in [
        // Azure itself says `AuthenticationFailed`, which is told apart; Azurite `AuthorizationFailure`.
        ("az://container/x", ("AZURE_STORAGE_ACCOUNT_KEY", "aHVzaC13cm9uZw=="), "AccessDenied"),
        ("az://nowhere/x", ("ignored", ""), "NoSuchBucket"),
    ] {
        let store = azure.open_with(url, &[over])?;
        let errors = [
            store.list(9).await.unwrap_err(),
            store.get("a", 9).await.unwrap_err(),
            store.create("a", vec![]).await.unwrap_err(),
        ];
        for error in errors {
            let text = format!("{error} {error:?}");
            assert_eq!(error.reason(), reason, "{url}: {text}");
            assert!(!text.contains("aHVzaC") && text.contains(url), "{text}");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs azurite; run by make test-all"]
async fn a_version_is_published_from_container_to_container() -> Result<()> {
    let azure = Azure::start().await?;
    let dir = tempfile::tempdir()?;
    let [tar, key] = pack(dir.path())?;
    let example = Example::whole("seattle-weather")?;
    example.lay_out(&dir.path().join("workspace"))?;
    upload(&azure.open("az://container")?, &dir.path().join("workspace"), "in").await?;
    let destination = "az://container/published";
    let promote = || {
        Command::new(program()?)
            .args(["promote", "--dataset-slug", &example.slug])
            .args(["--dataset-version-id", &example.version])
            .args(["--workspace", "az://container/in", "--destination", destination])
            .args(["--intended-use", &example.intended_use])
            .args(["--policy-pack", &tar, "--key", &key])
            .envs(azure.variables())
            .output()
            .map_err(anyhow::Error::from)
    };
    // Once more changes nothing.
    for _ in 0..2 {
        let output = promote()?;
        ensure!(output.status.success(), "{}", text(&output));
        assert_eq!(Ledger::new(azure.open(destination)?).verify().await?.len(), 1);
    }
    Ok(())
}
