//! `lazaret ledger`.

use std::process::ExitCode;

use super::args::{Ledger as Arguments, Plain};
use super::exit::Failure;
use super::settings::store;
use crate::ledger::{Ledger, LedgerError};

pub(super) async fn ledger(command: Arguments) -> Result<ExitCode, Failure> {
    let Arguments::Verify { destination, output } = command;
    let chain = match Ledger::new(store(&destination)?).verify().await {
        Ok(chain) => chain,
        Err(LedgerError::Store(error)) => return Err(Failure::undecided(error.to_string())),
        Err(error) => return Err(Failure::denied(error.to_string())),
    };
    if chain.is_empty() {
        return Err(Failure::undecided(format!("{destination}: there is no ledger here")));
    }
    if output == Plain::Json {
        for recorded in &chain {
            let mut line = serde_json::json!(recorded.entry);
            line["digest"] = recorded.digest.to_string().into();
            sayln!("{line}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    for recorded in &chain {
        let entry = &recorded.entry;
        sayln!(
            "{:>6}  {}  {:8}  {} {}",
            entry.sequence,
            entry.recorded_at,
            format!("{:?}", entry.action).to_lowercase(),
            entry.dataset_slug,
            entry.dataset_version_id,
        );
    }
    let head = chain.last().map_or("none".to_owned(), |last| last.digest.to_string());
    sayln!(
        "\n{} {}, the chain is whole; its head is\n{head}",
        chain.len(),
        if chain.len() == 1 { "entry" } else { "entries" }
    );
    Ok(ExitCode::SUCCESS)
}
