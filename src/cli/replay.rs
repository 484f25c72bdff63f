//! `lazaret replay`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::args::Plain;
use super::exit::{DENIED, Failure};
use super::policy::{compiled, sealed};
use super::settings::store;
use crate::domain::{DatasetRef, Digest, IdError};
use crate::promotion::{Engine, Recalled, recall, restore};

/// Makes a recorded decision again and compares it, byte for byte.
#[derive(Args, Debug)]
pub(super) struct Replay {
    /// The destination: a directory or a URL.
    destination: String,
    /// The dataset's slug.
    #[arg(long, value_name = "SLUG")]
    dataset_slug: String,
    /// The dataset version's id.
    #[arg(long, value_name = "ID")]
    dataset_version_id: String,
    /// The policy pack that judged: its tar or its source directory. Its digest must be the recorded
    /// one, so that no signature is asked for.
    #[arg(long, value_name = "TAR|DIR", env = "LAZARET_POLICY_PACK")]
    policy_pack: PathBuf,
    /// Where decisions are kept, if they have a place of their own: a directory or a URL [default:
    /// the destination].
    #[arg(long, value_name = "DIR|URL")]
    decisions: Option<String>,
    /// The workspace that was judged: a record in the destination lacks its documents that are not
    /// published. Their digests must be the recorded ones.
    #[arg(long, value_name = "DIR|URL")]
    workspace: Option<String>,
    /// The decision of this plan [default: that of the manifest].
    #[arg(long, value_name = "DIGEST")]
    plan: Option<String>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) async fn replay(arguments: Replay) -> Result<ExitCode, Failure> {
    let wrong = |error: IdError| Failure::usage(error.to_string());
    let dataset = DatasetRef {
        slug: arguments.dataset_slug.parse().map_err(wrong)?,
        version: arguments.dataset_version_id.parse().map_err(wrong)?,
    };
    let plan: Option<Digest> = arguments
        .plan
        .as_deref()
        .map(|text| text.parse().map_err(|error| Failure::usage(format!("--plan: {error}"))))
        .transpose()?;
    let destination = store(&arguments.destination)?;
    let decisions = arguments.decisions.as_deref().map(store).transpose()?;
    let recalled = recall(&destination, decisions.as_ref(), &dataset, plan)
        .await
        .map_err(|error| Failure::undecided(error.to_string()))?
        .ok_or_else(|| {
            Failure::undecided(format!(
                "{dataset}: there is no recorded decision in the destination, nor in --decisions"
            ))
        })?;
    let pack = compiled(&sealed(&arguments.policy_pack)?)?;
    let Recalled { mut decision, digest, stated } = recalled;
    if let Some(workspace) = &arguments.workspace {
        let restored = restore(&mut decision, &store(workspace)?).await;
        restored.map_err(|error| Failure::undecided(error.to_string()))?;
    }
    let mut found = decision.replay(&pack).map_err(|e| Failure::undecided(e.to_string()))?;
    if let Some(stated) = stated.filter(|stated| *stated != digest) {
        found.insert(
            0,
            crate::promotion::Mismatch {
                what: "decision record",
                recorded: stated.to_string(),
                rebuilt: digest.to_string(),
            },
        );
    }
    let here = Engine {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_commit: env!("LAZARET_GIT_COMMIT").to_owned(),
    };
    match arguments.output {
        Plain::Json => sayln!(
            "{:#}",
            json!({
                "decision": digest,
                "plan": decision.plan_digest,
                "judgedAt": decision.judged_at,
                "engine": { "recorded": decision.engine, "here": here },
                "same": found.is_empty(),
                "mismatches": found,
            })
        ),
        Plain::Human => {
            sayln!("decision  {digest}");
            sayln!("plan      {}", decision.plan_digest);
            sayln!("judged    {}", decision.judged_at);
            if decision.engine != here {
                sayln!("engine    another: {}, here {}", named(&decision.engine), named(&here));
            }
            for mismatch in &found {
                sayln!("{} differs", mismatch.what);
                sayln!("  recorded {}", mismatch.recorded);
                sayln!("  rebuilt  {}", mismatch.rebuilt);
            }
            sayln!("{}", if found.is_empty() { "SAME VERDICT" } else { "MISMATCH" });
        }
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn named(engine: &Engine) -> String {
    let commit = engine.git_commit.get(..12).unwrap_or(&engine.git_commit);
    format!("{} ({commit})", engine.version)
}
