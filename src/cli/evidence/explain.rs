//! `lazaret evidence explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::super::policy::{compiled, sealed};
use super::super::settings::store;
use super::line;
use crate::domain::Digest;
use crate::evidence::{Measure, Policy, Record, Shelf};

/// Shows what a decision stood on and makes it again, to the byte: exit code 1 if it comes out
/// otherwise.
#[derive(Args, Debug)]
pub(in super::super) struct Explain {
    /// The decision's id: decisionId of an answer.
    decision: String,
    /// The evidence store: a directory or a URL.
    #[arg(long, value_name = "DIR", env = "LAZARET_EVIDENCE_STORE")]
    store: String,
    /// The policy pack that judged, to be asked again: its tar or its source directory. Without it
    /// what it said is taken from the record.
    #[arg(long, value_name = "TAR|DIR")]
    policy_pack: Option<PathBuf>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
}

pub(super) async fn explain(arguments: Explain) -> Result<ExitCode, Failure> {
    let id: Digest =
        arguments.decision.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let undecided = |text: String| Failure::undecided(text);
    let shelf = Shelf::new(store(&arguments.store)?);
    let bytes = shelf.decision(id).await.map_err(|error| undecided(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| undecided(format!("{id} is not in the store")))?;
    let record = Record::parse(&bytes)
        .map_err(|error| Failure::denied(format!("{id} is no decision: {error}")))?;
    let pack = match &arguments.policy_pack {
        Some(path) => Some(compiled(&sealed(path)?)?),
        None => None,
    };
    let replayed = record
        .replay(id, &bytes, pack.as_ref())
        .map_err(|error| undecided(format!("{}: {error}", error.reason())))?;
    let same = replayed.mismatches.is_empty();
    match arguments.output {
        Plain::Json => sayln!(
            "{:#}",
            json!({
                "decision": id,
                "record": record,
                "same": same,
                "mismatches": replayed.mismatches,
                "packAsked": replayed.pack_asked,
            })
        ),
        Plain::Human => human(&record, id, &replayed.mismatches, replayed.pack_asked),
    }
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn human(record: &Record, id: Digest, mismatches: &[String], pack_asked: bool) {
    let (facts, decision) = (&record.facts, &record.decision);
    sayln!("decision  {id}");
    sayln!("release   {} of {}", facts.release_id, facts.service);
    sayln!("observed  {}", facts.observed_at);
    let verdict = serde_json::to_value(decision.verdict).unwrap_or_default();
    sayln!("verdict   {}", verdict.as_str().unwrap_or_default());
    for reason in &decision.reasons {
        sayln!("  {}: {}", reason.code, line(&reason.message));
        sayln!("    {}", line(&reason.remedy));
    }
    sayln!("measured");
    for (name, measure) in &facts.measures {
        let told = match measure {
            Measure::Number(number) => number.to_string(),
            Measure::NotFinite(text) => text.clone(),
            Measure::Nothing => "no value".to_owned(),
            Measure::Several(count) => format!("{count} values"),
            Measure::Failed(why) => why.clone(),
        };
        sayln!("  {:<28} {}", line(name), line(&told));
    }
    for (dataset, state) in &facts.datasets {
        let state = serde_json::to_value(state).unwrap_or_default();
        sayln!("dataset   {} {}", line(dataset), line(&state.to_string()));
    }
    if let Policy::Judged { name, digest, .. } = &facts.policy {
        let again = if pack_asked { "asked again" } else { "taken from the record" };
        sayln!("policy    {} {digest}, {again}", line(name));
    }
    for mismatch in mismatches {
        sayln!("differs   {}", line(mismatch));
    }
    sayln!("{}", if mismatches.is_empty() { "SAME DECISION" } else { "MISMATCH" });
}
