//! `lazaret contracts health`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;

use super::super::args::Plain;
use super::super::exit::{DENIED, Failure};
use super::super::say::printable;
use super::super::workspace::write;
use super::freeze::today;
use super::shelf::Shelf;
use super::source::folder;
use crate::law::Set;
use crate::law::health::{Frozen, Input, State, health as judge};
use crate::law::validate::validate;

/// Says how a contract set is: what covers it, what changed since the last freeze, what is on its way
/// out, and what is wrong.
///
/// Exit code 1 if something is wrong.
#[derive(Args, Debug)]
pub(in super::super) struct Health {
    /// The folder of contracts.yaml.
    #[arg(value_name = "ROOT", default_value = ".")]
    root: PathBuf,
    /// Writes it as one page that needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Plain::Human)]
    output: Plain,
    /// The day by which deprecations are judged [default: today].
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

pub(super) fn health(arguments: &Health) -> Result<ExitCode, Failure> {
    let set = Set::open(folder(&arguments.root)?).map_err(|e| Failure::denied(e.to_string()))?;
    let findings = validate(&set).findings;
    let shelf = Shelf::open(&arguments.root)?;
    let frozen = match shelf.chain.last() {
        None => None,
        Some(index) => {
            let then = Set::open(shelf.tree(&index.name)?);
            let then = then.map_err(|e| Failure::denied(format!("{}: {e}", index.name)))?;
            Some((index, then))
        }
    };
    let frozen = frozen.as_ref().map(|(index, set)| Frozen {
        name: &index.name,
        date: Some(index.date),
        set,
    });
    let today = arguments.today.unwrap_or_else(today);
    let health = judge(&Input { set: &set, findings: &findings, frozen, today });
    if let Some(path) = &arguments.html {
        write(path, health.html().as_bytes())?;
    }
    match arguments.output {
        Plain::Human => say!("{}", printable(&health.text())),
        Plain::Json => sayln!("{:#}", serde_json::json!(health)),
    }
    Ok(if health.state == State::Broken { ExitCode::from(DENIED) } else { ExitCode::SUCCESS })
}
