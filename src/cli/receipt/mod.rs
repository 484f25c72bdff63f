//! `lazaret receipt`: a true run_receipt v1, of a command that it runs or of a run done elsewhere.

mod around;
mod check;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit::Failure;
use super::settings::read;
use super::workspace::{create, document, folder, own_name, write};
use crate::domain::{Digest, canonical_digest};
use around::{container, git_commit, random, whole_seconds};

const QA_REPORT: &str = "work/qa_report.json";

#[derive(Subcommand, Debug)]
pub(super) enum Receipt {
    /// Runs a command and writes the receipt of what it did.
    ///
    /// Inputs are hashed before, outputs after; a run that fails, changes its inputs or does not write
    /// its outputs has no receipt. If the command leaves no work/qa_report.json, one is written of
    /// what Lazaret itself checked: that each output is there, not empty, and can be read as what it
    /// is called.
    Run(Run),
    /// Writes the receipt of a run that was done elsewhere.
    Write(Write),
}

#[derive(Args, Debug)]
struct Common {
    /// The workspace, a directory.
    #[arg(long, value_name = "DIR", default_value = ".")]
    workspace: String,
    /// A file that the run reads, relative to the workspace.
    #[arg(long, value_name = "PATH")]
    input: Vec<String>,
    /// A file that the run writes, relative to the workspace.
    #[arg(long, value_name = "PATH", required = true)]
    output: Vec<String>,
    /// The image that it runs in: IMAGE@sha256:HEX or sha256:HEX [default: the digest of the program
    /// itself].
    #[arg(long, value_name = "DIGEST")]
    container: Option<String>,
    /// The commit of the pipeline [default: of the git checkout around the current directory].
    #[arg(long, value_name = "COMMIT")]
    git_commit: Option<String>,
    /// Who runs it.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), value_name = "PRINCIPAL", default_value = "svc:lazaret-receipt")]
    actor: String,
    /// In which role.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), value_name = "ROLE", default_value = "pipeline")]
    role: String,
    /// What it does, in a word; the receipt is receipts/<NAME>.json.
    #[arg(long, value_name = "NAME", default_value = "ingest")]
    operation: String,
    /// The policy decision under which it runs.
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), value_name = "ID", default_value = "kfm://policy_decision/none")]
    decision: String,
    /// Writes over the receipt of an earlier run.
    #[arg(long)]
    replace: bool,
}

#[derive(Args, Debug)]
pub(super) struct Run {
    #[command(flatten)]
    common: Common,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct Write {
    #[command(flatten)]
    common: Common,
    /// When the run started, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    started_at: Option<Timestamp>,
    /// When it ended, in RFC 3339.
    #[arg(long, value_name = "TIME")]
    ended_at: Timestamp,
}

pub(super) fn receipt(command: &Receipt) -> Result<ExitCode, Failure> {
    match command {
        Receipt::Run(run) => execute(run),
        Receipt::Write(arguments) => {
            let common = &arguments.common;
            if common.container.is_none() {
                return Err(Failure::usage("--container: which image did it run in?"));
            }
            let draft = Draft::new(common, None)?;
            let ended = whole_seconds(arguments.ended_at);
            let started = whole_seconds(arguments.started_at.unwrap_or(arguments.ended_at));
            if ended > Timestamp::now() || started > ended {
                return Err(Failure::usage("--started-at, --ended-at and now come in this order"));
            }
            draft.finish(common, started, ended, &json!({}))
        }
    }
}

fn execute(run: &Run) -> Result<ExitCode, Failure> {
    let Some((program, rest)) = run.command.split_first() else {
        return Err(Failure::usage("which command?"));
    };
    let draft = Draft::new(&run.common, Some(program))?;
    let before = stamps(&draft.folder, &run.common.output);
    let started = Timestamp::now();
    let status = Command::new(program)
        .args(rest)
        .status()
        .map_err(|error| Failure::undecided(format!("{program}: {error}")))?;
    let ended = Timestamp::now();
    if !status.success() {
        return Err(Failure::denied(format!("{program} failed ({status}): no receipt is written")));
    }
    if hashed(&draft.folder, &run.common.input)? != draft.inputs {
        return Err(Failure::denied(format!(
            "{program} changed its inputs: no receipt is written"
        )));
    }
    let after = stamps(&draft.folder, &run.common.output);
    let mut outputs = run.common.output.iter().zip(before.iter().zip(&after));
    if let Some((path, _)) =
        outputs.find(|(_, (before, after))| before.is_some() && before == after)
    {
        return Err(Failure::denied(format!(
            "{program} did not write {path}, which is as it was before: no receipt is written. \
             Have it written anew, or say where it comes from with `lazaret receipt write`"
        )));
    }
    let more = json!({ "command": run.command, "exit_code": 0 });
    draft.finish(&run.common, whole_seconds(started), whole_seconds(ended), &more)
}

/// All that is known before the run.
struct Draft {
    folder: PathBuf,
    path: PathBuf,
    version: String,
    params: Digest,
    container: Digest,
    commit: String,
    inputs: Vec<Value>,
}

impl Draft {
    fn new(common: &Common, program: Option<&str>) -> Result<Self, Failure> {
        let folder = folder(&common.workspace)?;
        let (_, version) = own_name(&folder)?;
        named(&common.input)?;
        named(&common.output)?;
        let name = &common.operation;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_+.".contains(&b);
        if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(Failure::usage("--operation: letters, digits, - _ + and . only"));
        }
        let path = folder.join("receipts").join(format!("{name}.json"));
        if path.exists() && !common.replace {
            let message = format!(
                "{} is the receipt of an earlier run: give another --operation, or --replace",
                path.display()
            );
            return Err(Failure::denied(message));
        }
        let spec = document(&folder, "spec.json")?;
        let params = canonical_digest(spec.get("params").unwrap_or(&spec))
            .map_err(|error| Failure::denied(format!("spec.json: {error}")))?;
        Ok(Self {
            container: container(common.container.as_deref(), program)?,
            commit: git_commit(common.git_commit.as_deref())?,
            inputs: hashed(&folder, &common.input)?,
            folder,
            path,
            version,
            params,
        })
    }

    fn finish(
        self,
        common: &Common,
        started: Timestamp,
        ended: Timestamp,
        more: &Value,
    ) -> Result<ExitCode, Failure> {
        let outputs = hashed(&self.folder, &common.output)?;
        let report = self.folder.join(QA_REPORT);
        // Looked at in any case: the report that lies there may be of an earlier run.
        let found = check::outputs(&self.folder, &common.output, &self.version, ended)?;
        if report.exists() && check::is_own_failure(&document(&self.folder, QA_REPORT)?) {
            write(&report, format!("{found:#}\n").as_bytes())?;
        } else if !report.exists() {
            create(&report, format!("{found:#}\n").as_bytes())?;
            eprintln!("lazaret: {QA_REPORT}: the run left none, so it says what Lazaret checked");
        }
        let report_digest = Digest::of(&read(&report)?);
        let reported = document(&self.folder, QA_REPORT)?["status"] == "pass";
        let passed = reported && found["status"] == "pass";
        let mut receipt = json!({
            "run_id": format!("kfm://run/{started}.{}", random()),
            "actor": { "principal": common.actor, "role": common.role },
            "operation": common.operation,
            "dataset_version_id": self.version,
            "inputs": self.inputs,
            "outputs": outputs,
            "environment": {
                "container_digest": self.container.to_string(),
                "git_commit": self.commit,
                "params_digest": self.params.to_string(),
            },
            "validation": {
                "status": if passed { "pass" } else { "fail" },
                "report_digest": report_digest.to_string(),
            },
            "policy": { "decision_id": common.decision },
            "started_at": started.to_string(),
            "created_at": ended.to_string(),
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            receipt[name] = value.clone();
        }
        write(&self.path, format!("{receipt:#}\n").as_bytes())?;
        sayln!("{}", self.path.display());
        for output in &outputs {
            let text = |name: &str| output[name].as_str().unwrap_or_default();
            sayln!("  {}  {}", text("uri"), text("digest"));
        }
        if passed {
            return Ok(ExitCode::SUCCESS);
        }
        let mut why: Vec<String> = check::failures(&found);
        if !reported && why.is_empty() {
            why.push(format!("{QA_REPORT} does not pass; if it is of an earlier run, remove it"));
        }
        Err(Failure::denied(format!(
            "the receipt says that the run did not pass: {}. Mend it, and run it again with --replace",
            why.join("; ")
        )))
    }
}

/// Refuses what names no file of a workspace: before the run, which may take hours.
fn named(paths: &[String]) -> Result<(), Failure> {
    for (index, path) in paths.iter().enumerate() {
        let plain = crate::dataset::normal(path).is_some_and(|normal| normal == *path);
        if !plain || path.chars().any(char::is_control) {
            let message = format!("{path}: give it relative to the workspace, as raw/x.csv");
            return Err(Failure::usage(message));
        }
        if paths.iter().skip(index + 1).any(|other| other == path) {
            return Err(Failure::usage(format!("{path} is given twice")));
        }
    }
    Ok(())
}

/// What the file system changes whenever a file is written or put in another's place.
type Stamp = (u64, u64, i64, i64, i64, i64);

fn stamps(folder: &Path, paths: &[String]) -> Vec<Option<Stamp>> {
    let one = |path: &String| {
        let m = std::fs::metadata(folder.join(path)).ok()?;
        Some((m.ino(), m.size(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()))
    };
    paths.iter().map(one).collect()
}

/// The digests of files, as they are now.
fn hashed(folder: &Path, paths: &[String]) -> Result<Vec<Value>, Failure> {
    let one = |path: &String| {
        let digest = around::digest(&folder.join(path))?;
        Ok(json!({ "uri": path, "digest": digest.to_string() }))
    };
    paths.iter().map(one).collect()
}
