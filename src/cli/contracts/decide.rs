//! `lazaret contracts decide`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;

use super::super::exit::Failure;
use super::super::settings::read;
use super::check::Sides;
use super::freeze::opened;
use super::shelf::place;
use super::source::Elsewhere;
use crate::law::{Action, ActionKind, Decision, DecisionError, Done, Ruling, Verdict};
use crate::pack::sign_blob;

/// Records a decision about a change of contracts: `decisions/<id>.json`, which names the digests of both
/// sides and of every contract that changes, and, with a key, its signature beside it.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("verdict").required(true)))]
pub(in super::super) struct Decide {
    /// The folder of contracts.yaml.
    #[arg(default_value = ".")]
    root: PathBuf,
    /// What the contracts were: a folder, git:REV, freeze:NAME, freeze:latest or oci://…
    #[arg(long, value_name = "SOURCE", default_value = "freeze:latest")]
    against: String,
    /// The change may go on.
    #[arg(long, group = "verdict", requires = "reason")]
    approve: bool,
    /// It may not.
    #[arg(long, group = "verdict", requires = "reason")]
    deny: bool,
    /// It may go on when every --action is done.
    #[arg(long, group = "verdict", requires_all = ["reason", "action"])]
    approve_with_conditions: bool,
    /// Notes in an earlier decision that a condition is met: its id and the condition's number, from 1.
    #[arg(long, group = "verdict", value_name = "ID:NUMBER", requires = "evidence")]
    fulfil: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Vec<String>,
    /// A condition: what is to be done, with tests:, callSites:, consumers:, migration:, deprecation:,
    /// securityReview: or docs: in front if it is one of these.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["approve", "deny", "fulfil"])]
    action: Vec<String>,
    /// Where it can be seen that the condition is met.
    #[arg(long, value_name = "TEXT", requires = "fulfil")]
    evidence: Option<String>,
    /// Who decides.
    #[arg(long, value_name = "PRINCIPAL", env = "LAZARET_PRINCIPAL")]
    by: String,
    /// From when on the decision holds no longer.
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    /// Deprecation windows may be cut short.
    #[arg(long, conflicts_with_all = ["deny", "fulfil"])]
    emergency: bool,
    /// A PKCS#8 PEM private key that signs the record.
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

pub(super) fn decide(arguments: &Decide) -> Result<ExitCode, Failure> {
    let root = &arguments.root;
    let key = arguments.key.as_deref().map(read).transpose()?;
    let key = key.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (folder, decision) = match &arguments.fulfil {
        Some(which) => fulfilled(arguments, root, which)?,
        None => decided(arguments, root)?,
    };
    let bytes = decision.bytes().map_err(|error| undecided(&error))?;
    let signature = key.map(|key| sign_blob(&bytes, &key)).transpose();
    let signature = signature.map_err(|error| Failure::usage(format!("--key: {error}")))?;
    let record = folder.join(format!("{}.json", decision.decision_id));
    let bundle = folder.join(format!("{}.sigstore.json", decision.decision_id));
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::undecided(format!("{}: {error}", folder.display())))?;
    // A signature over what the record was is none.
    if signature.is_none() && bundle.exists() {
        std::fs::remove_file(&bundle)
            .map_err(|error| Failure::undecided(format!("{}: {error}", bundle.display())))?;
    }
    place(&record, &bytes)?;
    if let Some(signature) = &signature {
        place(&bundle, signature.as_bytes())?;
    }
    sayln!("decision  {}", decision.decision_id);
    sayln!("class     {}", decision.class.name());
    sayln!("before    {}", decision.before.digest);
    sayln!("after     {}", decision.after.digest);
    sayln!("record    {}", record.display());
    match &signature {
        Some(_) => sayln!("signature {}", bundle.display()),
        None => sayln!("signature none: it does not count where a key is demanded"),
    }
    Ok(ExitCode::SUCCESS)
}

fn decided(arguments: &Decide, root: &Path) -> Result<(PathBuf, Decision), Failure> {
    let Sides { old, new, report } = Sides::open(root, &arguments.against, &arguments.elsewhere)?;
    let verdict = match (arguments.approve, arguments.deny) {
        (true, _) => Verdict::Approve,
        (_, true) => Verdict::Deny,
        _ => Verdict::ApproveWithConditions,
    };
    let ruling = Ruling {
        verdict,
        reasons: arguments.reason.clone(),
        by: arguments.by.clone(),
        at: Timestamp::now(),
        expires: arguments.expires,
        actions: arguments.action.iter().map(|text| action(text)).collect(),
        emergency: arguments.emergency,
    };
    let sides = ((&old, arguments.against.as_str()), (&new, "."));
    let decision = Decision::record(sides.0, sides.1, &report, ruling);
    let decision = decision.map_err(|error| match error {
        DecisionError::Canonical(_) => undecided(&error),
        _ => Failure::usage(error.to_string()),
    })?;
    Ok((root.join(&new.manifest.decisions), decision))
}

fn fulfilled(arguments: &Decide, root: &Path, which: &str) -> Result<(PathBuf, Decision), Failure> {
    let usage = || Failure::usage("--fulfil takes a decision's id and a condition's number: ID:1");
    let (id, number) = which.split_once(':').ok_or_else(usage)?;
    let number: usize = number.parse().map_err(|_| usage())?;
    let set = opened(root)?;
    let path = format!("{}/{id}.json", set.manifest.decisions);
    let missing = || Failure::usage(format!("{path}: there is no such decision"));
    let bytes = set.tree.get(&path).ok_or_else(missing)?;
    let mut decision = Decision::parse(bytes).map_err(|error| undecided(&error))?;
    let evidence = arguments.evidence.clone().unwrap_or_default();
    if evidence.trim().is_empty() {
        return Err(Failure::usage("--evidence says where it can be seen"));
    }
    let done = Done { evidence, by: Some(arguments.by.clone()), at: Some(Timestamp::now()) };
    decision.fulfil(number, done).map_err(|_| {
        Failure::usage(format!("{id} has {} conditions", decision.required_actions.len()))
    })?;
    Ok((root.join(&set.manifest.decisions), decision))
}

fn action(text: &str) -> Action {
    let named = text.split_once(':').and_then(|(kind, rest)| {
        let kind = serde_json::from_value::<ActionKind>(kind.trim().into()).ok()?;
        Some((kind, rest.trim()))
    });
    let (kind, description) = named.unwrap_or((ActionKind::Other, text.trim()));
    Action { kind, description: description.to_owned(), done: None }
}

fn undecided(error: &DecisionError) -> Failure {
    Failure::undecided(error.to_string())
}
