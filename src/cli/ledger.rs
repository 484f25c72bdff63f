//! `lazaret ledger`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::args::{Ledger as Arguments, Plain};
use super::exit::Failure;
use super::settings::store;
use crate::ledger::{Ledger, LedgerError, Recorded};
use crate::objects::Store;
use crate::promotion::Pointer;

/// Bytes of a pointer.
const MAX_POINTER: u64 = 64 << 10;

/// The chain cannot tell whether its last entry is the one that was written: the pointers can.
async fn pointers(store: &Store, chain: &[Recorded]) -> Result<(), Failure> {
    let slugs: BTreeSet<&str> = chain.iter().map(|r| r.entry.dataset_slug.as_str()).collect();
    for slug in slugs {
        let path = format!("{slug}/current.json");
        let found = store.get(&path, MAX_POINTER).await;
        let found = found.map_err(|error| Failure::undecided(error.to_string()))?;
        // A version that was never published, or whose publication is under way, has none.
        let Some(bytes) = found else { continue };
        let pointer: Pointer = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::denied(format!("{path}: {error}")))?;
        let named = usize::try_from(pointer.ledger_sequence)
            .ok()
            .and_then(|sequence| chain.get(sequence.checked_sub(1)?));
        if named.is_none_or(|recorded| recorded.digest != pointer.ledger_digest) {
            let (sequence, digest) = (pointer.ledger_sequence, pointer.ledger_digest);
            return Err(Failure::denied(format!(
                "{path} was put there by ledger entry {sequence} with the digest {digest}, which the ledger does not have: one of the two was changed afterwards"
            )));
        }
    }
    Ok(())
}

pub(super) async fn ledger(command: Arguments) -> Result<ExitCode, Failure> {
    let Arguments::Verify { destination, output } = command;
    let store = store(&destination)?;
    let chain = match Ledger::new(store.clone()).verify().await {
        Ok(chain) => chain,
        Err(LedgerError::Store(error)) => return Err(Failure::undecided(error.to_string())),
        Err(error) => return Err(Failure::denied(error.to_string())),
    };
    if chain.is_empty() {
        return Err(Failure::undecided(format!("{destination}: there is no ledger here")));
    }
    pointers(&store, &chain).await?;
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
