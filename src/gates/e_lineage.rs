//! The runs as a graph: from what is published back to raw data, without gaps, forks, orphans or
//! circles. That the digests join is checked file by file in `e_receipts`.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::Facts;
use crate::dataset::layout::{PROCESSED, RAW};
use crate::domain::Reason;

use super::codes;
use super::receipt::{Held, Run};

pub(super) fn check(facts: &Facts, runs: &[Run], reasons: &mut Vec<Reason>) {
    let graph = Graph::new(runs);
    forks(&graph, reasons);
    for path in facts.under(PROCESSED).filter(|path| !graph.made_by.contains_key(path)) {
        let message = format!("{path} is no run's output.");
        reasons.push(codes::ARTIFACT_ORPHAN.because(message).in_file(path));
    }
    for run in runs {
        let acquires = run.outputs.iter().all(|output| output.path.starts_with(RAW));
        if run.inputs.is_empty() && !run.outputs.is_empty() && !acquires {
            let message = format!(
                "The run has no input, yet makes more than raw data{}.",
                graph.untraced(facts, run.outputs.iter().map(|o| o.path.as_str()))
            );
            reasons.push(codes::LINEAGE_BROKEN.because(message).at(&run.receipt, "/inputs"));
        }
        for input in run.inputs.iter().filter(|input| graph.is_gap(&input.path)) {
            let message = format!(
                "{} is neither under raw/ nor any run's output{}.",
                input.path,
                graph.untraced(facts, [input.path.as_str()])
            );
            reasons.push(codes::LINEAGE_BROKEN.because(message).at(&run.receipt, &input.pointer));
        }
    }
    for chain in graph.cycles() {
        let Some(first) = chain.first() else { continue };
        let mut message = format!("The runs go round: {}", first.0);
        for (index, (_, path)) in chain.iter().enumerate() {
            let next = chain.get((index + 1) % chain.len()).map_or("", |(receipt, _)| receipt);
            message.push_str(&format!(" needs {path} of {next}"));
            message.push_str(if index + 1 < chain.len() { ", which" } else { "." });
        }
        reasons.push(codes::LINEAGE_CYCLE.because(message).at(first.0, "/inputs"));
    }
}

/// Of two receipts of one output the second is told, unless both say the same: same bytes from
/// the same inputs, as a run receipt and provenance of one run do.
fn forks(graph: &Graph<'_>, reasons: &mut Vec<Reason>) {
    let mut sides: BTreeMap<usize, Sides<'_>> = BTreeMap::new();
    let contested = graph.made_by.iter().filter(|(_, makers)| makers.len() > 1);
    for (path, makers) in contested {
        for number in makers {
            if let Some(run) = graph.runs.get(*number) {
                sides.entry(*number).or_insert_with(|| Sides::of(run));
            }
        }
        let mut makers = makers.iter().filter_map(|number| {
            let sides = sides.get(number)?;
            Some((sides, *sides.outputs.get(path)?))
        });
        let Some((first, original)) = makers.next() else { continue };
        for (other, copy) in makers {
            let message = if copy.digest != original.digest {
                let (here, there) = (&copy.digest, &original.digest);
                let receipt = first.receipt;
                format!("{path} is also an output in {receipt}, with {there} instead of {here}.")
            } else if other.inputs != first.inputs {
                format!("{path} is also an output in {}, made of other inputs.", first.receipt)
            } else {
                continue;
            };
            let reason = codes::ARTIFACT_FORKED.because(message);
            reasons.push(reason.at(other.receipt, copy.pointer.clone()));
        }
    }
}

/// A run's files, to compare and to look up.
struct Sides<'a> {
    receipt: &'a str,
    inputs: BTreeSet<(&'a str, &'a str)>,
    outputs: BTreeMap<&'a str, &'a Held>,
}

impl<'a> Sides<'a> {
    fn of(run: &'a Run) -> Self {
        let input = |file: &'a Held| (file.path.as_str(), file.digest.as_str());
        Self {
            receipt: &run.receipt,
            inputs: run.inputs.iter().map(input).collect(),
            outputs: run.outputs.iter().map(|file| (file.path.as_str(), file)).collect(),
        }
    }
}

/// Runs, and which of them made each file.
pub(super) struct Graph<'a> {
    pub(super) runs: &'a [Run],
    pub(super) made_by: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(runs: &'a [Run]) -> Self {
        let mut made_by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, run) in runs.iter().enumerate() {
            for output in &run.outputs {
                let makers = made_by.entry(&output.path).or_default();
                if makers.last() != Some(&number) {
                    makers.push(number);
                }
            }
        }
        Self { runs, made_by }
    }

    /// An input that nobody made and that is not raw.
    pub(super) fn is_gap(&self, path: &str) -> bool {
        !path.starts_with(RAW) && !self.made_by.contains_key(path)
    }

    /// Which published data hangs on these files, as the end of a sentence.
    fn untraced<'p>(&self, facts: &Facts, from: impl IntoIterator<Item = &'p str>) -> String {
        let below = self.downstream(from);
        let lost: Vec<_> = facts.under(PROCESSED).filter(|path| below.contains(*path)).collect();
        match lost.as_slice() {
            [] => String::new(),
            [one] => format!(", so that {one} is not traced to raw data"),
            [first, rest @ ..] => {
                format!(", so that {first} and {} more are not traced to raw data", rest.len())
            }
        }
    }

    /// Files and all that was made of them.
    fn downstream<'p>(&self, from: impl IntoIterator<Item = &'p str>) -> BTreeSet<String> {
        let mut seen: BTreeSet<String> = from.into_iter().map(str::to_owned).collect();
        let mut users: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, run) in self.runs.iter().enumerate() {
            for input in &run.inputs {
                users.entry(&input.path).or_default().push(number);
            }
        }
        let mut todo: Vec<String> = seen.iter().cloned().collect();
        while let Some(path) = todo.pop() {
            for number in users.get(path.as_str()).into_iter().flatten() {
                let outputs = self.runs.get(*number).map(|run| run.outputs.as_slice());
                for output in outputs.unwrap_or_default() {
                    if seen.insert(output.path.clone()) {
                        todo.push(output.path.clone());
                    }
                }
            }
        }
        seen
    }

    /// Each circle once, as pairs of a receipt and the file that it needs of the next one.
    pub(super) fn cycles(&self) -> Vec<Vec<(&'a str, &'a str)>> {
        // For each run, whom it waits for, and for what.
        let mut needs: BTreeMap<usize, BTreeMap<usize, &'a str>> = BTreeMap::new();
        for (number, run) in self.runs.iter().enumerate() {
            for input in &run.inputs {
                for maker in self.made_by.get(input.path.as_str()).into_iter().flatten() {
                    needs.entry(number).or_default().entry(*maker).or_insert(&input.path);
                }
            }
        }
        let mut found = Vec::new();
        loop {
            prune(&mut needs);
            let Some(start) = needs.keys().next().copied() else { break };
            // Whoever is left waits for one who is left: following them must come back.
            let mut way: Vec<usize> = Vec::new();
            let mut at = start;
            while !way.contains(&at) {
                way.push(at);
                let next = needs.get(&at).and_then(|makers| makers.keys().next());
                let Some(next) = next else { break };
                at = *next;
            }
            let begin = way.iter().position(|number| *number == at).unwrap_or(0);
            let mut round = way.split_off(begin);
            let least = round.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(i, _)| i);
            round.rotate_left(least);
            let step = |(index, number): (usize, &usize)| {
                let next = round.get((index + 1) % round.len())?;
                let file = needs.get(number)?.get(next)?;
                Some((self.runs.get(*number)?.receipt.as_str(), *file))
            };
            found.push(round.iter().enumerate().filter_map(step).collect());
            needs.retain(|number, _| !round.contains(number));
        }
        found
    }
}

/// Takes away, again and again, the runs that wait for none that is left; what stays waits for a
/// circle or is in one.
fn prune(needs: &mut BTreeMap<usize, BTreeMap<usize, &str>>) {
    loop {
        let left: BTreeSet<usize> = needs.keys().copied().collect();
        for makers in needs.values_mut() {
            makers.retain(|maker, _| left.contains(maker));
        }
        let before = needs.len();
        needs.retain(|_, makers| !makers.is_empty());
        if needs.len() == before {
            return;
        }
    }
}
