//! The lineage of a workspace for people and tools: which file was made by which run of which
//! files, back to raw data. The same reading as gate E's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::dataset::Facts;
use crate::dataset::layout::{PROCESSED, RAW};
use crate::domain::Digest;

use super::e_lineage::Graph;
use super::e_receipts;
use super::receipt::{Held, Run};

/// What was made by what from what.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trace {
    /// Every file of a run and everything under `processed/`, by path.
    pub files: BTreeMap<String, TracedFile>,
    /// The runs, in order of their receipts.
    pub runs: Vec<TracedRun>,
    /// Where the chain to raw data is broken; empty means that every published byte is traced.
    pub gaps: Vec<Gap>,
}

/// A file of the lineage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TracedFile {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Whether it lies under `raw/`.
    pub raw: bool,
    /// Whether it is data that is published.
    pub published: bool,
    /// The receipts of the runs that made it.
    pub made_by: Vec<String>,
}

/// A run of the lineage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TracedRun {
    /// Its receipt.
    pub receipt: String,
    /// Its run id, if the receipt says one.
    pub run_id: Option<String>,
    /// The image that it ran in.
    pub container: Option<String>,
    /// What it read.
    pub inputs: Vec<String>,
    /// What it wrote.
    pub outputs: Vec<String>,
    /// What it names that is no object of the workspace.
    pub external: Vec<String>,
}

/// A break in the lineage: gate E's finding, without its remedy.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Gap {
    /// The reason code.
    pub code: String,
    /// The file that shows it.
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Trace {
    /// The part that `path` was made of, or that was made of it.
    #[must_use]
    pub fn of(&self, path: &str) -> Self {
        let up = self.reach(path, |run| (&run.outputs, &run.inputs));
        let down = self.reach(path, |run| (&run.inputs, &run.outputs));
        let keep: BTreeSet<&str> = up.union(&down).copied().collect();
        let file = |(path, file): (&String, &TracedFile)| {
            keep.contains(path.as_str()).then(|| (path.clone(), file.clone()))
        };
        let whole = |files: &[String], side: &BTreeSet<&str>| {
            files.iter().any(|file| side.contains(file.as_str()))
        };
        let run = |run: &&TracedRun| {
            whole(&run.outputs, &up) || (whole(&run.inputs, &down) && whole(&run.outputs, &down))
        };
        let runs: Vec<_> = self.runs.iter().filter(run).cloned().collect();
        let about = |gap: &&Gap| {
            let place = gap.path.as_deref().unwrap_or_default();
            keep.contains(place) || runs.iter().any(|run| run.receipt == place)
        };
        let gaps = self.gaps.iter().filter(about).cloned().collect();
        Self { files: self.files.iter().filter_map(file).collect(), gaps, runs }
    }

    fn reach<'a>(
        &'a self,
        from: &'a str,
        step: impl Fn(&'a TracedRun) -> (&'a [String], &'a [String]),
    ) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::from([from]);
        let mut todo = vec![from];
        while let Some(path) = todo.pop() {
            for (here, there) in self.runs.iter().map(&step) {
                if here.iter().any(|file| file == path) {
                    todo.extend(there.iter().map(String::as_str).filter(|file| seen.insert(file)));
                }
            }
        }
        seen
    }
}

/// Reads the lineage out of the receipts.
pub fn trace(facts: &Facts) -> Trace {
    let mut reasons = Vec::new();
    let receipts = e_receipts::read(facts, &mut reasons);
    let runs: Vec<Run> = receipts.iter().map(|receipt| receipt.run(facts)).collect();
    for receipt in &receipts {
        e_receipts::files(facts, receipt, &receipt.inputs, &mut reasons);
        e_receipts::files(facts, receipt, &receipt.outputs, &mut reasons);
    }
    super::e_lineage::check(facts, &runs, &mut reasons);
    let graph = Graph::new(&runs);
    let of_runs = runs.iter().flat_map(|run| run.inputs.iter().chain(&run.outputs));
    let paths: BTreeSet<&str> =
        of_runs.map(|file| file.path.as_str()).chain(facts.under(PROCESSED)).collect();
    let file = |path: &str| {
        let makers = graph.made_by.get(path).into_iter().flatten();
        let made_by = makers.filter_map(|number| Some(runs.get(*number)?.receipt.clone()));
        let file = TracedFile {
            digest: facts.objects.get(path)?.digest,
            raw: path.starts_with(RAW),
            published: path.starts_with(PROCESSED),
            made_by: made_by.collect(),
        };
        Some((path.to_owned(), file))
    };
    let names = |files: &[Held]| files.iter().map(|file| file.path.clone()).collect();
    let traced = receipts.iter().zip(&runs).map(|(receipt, run)| TracedRun {
        receipt: receipt.path.clone(),
        run_id: receipt.run_id.as_ref().map(|id| id.text.clone()),
        container: receipt.container.as_ref().map(|image| image.text.clone()),
        inputs: names(&run.inputs),
        outputs: names(&run.outputs),
        external: receipt.external.clone(),
    });
    let gap = |reason: crate::domain::Reason| Gap {
        code: reason.code.to_string(),
        path: reason.path,
        message: reason.message,
    };
    let mut gaps: Vec<_> = reasons.into_iter().map(gap).collect();
    gaps.sort();
    Trace { files: paths.into_iter().filter_map(file).collect(), runs: traced.collect(), gaps }
}
