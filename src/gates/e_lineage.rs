//! The runs as a chain: from raw data to what is published, without gaps, forks or circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::Facts;
use crate::dataset::layout::{PROCESSED, RAW};
use crate::domain::Reason;

use super::codes;

/// One run, with the places of its files in the receipt.
pub(super) struct Run<'a> {
    pub(super) receipt: &'a str,
    pub(super) inputs: Vec<(usize, String)>,
    pub(super) outputs: Vec<(usize, String)>,
}

pub(super) fn check(facts: &Facts, runs: &[Run<'_>], reasons: &mut Vec<Reason>) {
    let mut made_by: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, run) in runs.iter().enumerate() {
        for (index, output) in &run.outputs {
            match made_by.get(output.as_str()) {
                None => {
                    made_by.insert(output, number);
                }
                Some(&first) => {
                    let by = runs.get(first).map_or("", |run| run.receipt);
                    let message = format!("{output} is already an output in {by}.");
                    let reason = codes::ARTIFACT_FORKED.because(message);
                    reasons.push(reason.at(run.receipt, format!("/outputs/{index}")));
                }
            }
        }
    }
    for path in facts.under(PROCESSED).filter(|path| !made_by.contains_key(path)) {
        let message = format!("{path} is no run's output.");
        reasons.push(codes::ARTIFACT_ORPHAN.because(message).in_file(path));
    }
    let mut needs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (number, run) in runs.iter().enumerate() {
        let acquires = run.outputs.iter().all(|(_, output)| output.starts_with(RAW));
        if run.inputs.is_empty() && !run.outputs.is_empty() && !acquires {
            let message = "The run has no input, yet makes more than raw data.";
            reasons.push(codes::LINEAGE_BROKEN.because(message).at(run.receipt, "/inputs"));
        }
        for (index, input) in &run.inputs {
            match made_by.get(input.as_str()) {
                Some(&maker) => {
                    needs.entry(number).or_default().insert(maker);
                }
                None if input.starts_with(RAW) => {}
                None => {
                    let message = format!("{input} is neither under raw/ nor any run's output.");
                    let reason = codes::LINEAGE_BROKEN.because(message);
                    reasons.push(reason.at(run.receipt, format!("/inputs/{index}")));
                }
            }
        }
    }
    cycle(runs, needs, reasons);
}

/// Takes away, again and again, the runs that need none that is left; what stays goes round.
fn cycle(runs: &[Run<'_>], mut needs: BTreeMap<usize, BTreeSet<usize>>, reasons: &mut Vec<Reason>) {
    loop {
        let done: Vec<usize> = needs
            .iter()
            .filter(|(_, makers)| !makers.iter().any(|maker| needs.contains_key(maker)))
            .map(|(number, _)| *number)
            .collect();
        if done.is_empty() {
            break;
        }
        needs.retain(|number, _| !done.contains(number));
    }
    let round: Vec<&str> =
        needs.keys().filter_map(|number| runs.get(*number)).map(|run| run.receipt).collect();
    if let Some(first) = round.first() {
        let message = format!("These runs wait for each other: {}.", round.join(", "));
        reasons.push(codes::LINEAGE_CYCLE.because(message).at(*first, "/inputs"));
    }
}
