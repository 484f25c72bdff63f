//! `lazaret lineage`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::exit::{DENIED, Failure};
use super::settings::store;
use crate::dataset::{self, Limits, Requested, StoreReader};
use crate::gates::{Trace, trace};

/// Deeper a tree is of use to nobody.
const DEPTH: usize = 64;

/// Shows which file was made by which run of which files, back to raw data.
#[derive(Args, Debug)]
pub(super) struct Lineage {
    /// The workspace: a directory or a file:// URL.
    workspace: String,
    /// Only what this object was made of, and what was made of it.
    path: Option<String>,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Form::Tree)]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// A tree for people: each published file over what it was made of.
    Tree,
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
    /// Files, runs and gaps.
    Json,
}

pub(super) async fn lineage(arguments: Lineage) -> Result<ExitCode, Failure> {
    let store = store(&arguments.workspace)?;
    let limits = Limits::default();
    let reader = StoreReader::new(store, limits.objects);
    // Whatever the workspace calls itself: nothing is promoted here.
    let requested = Requested {
        dataset_slug: String::new(),
        dataset_version_id: String::new(),
        intended_use: String::new(),
    };
    let facts = dataset::gather(&reader, requested, None, &limits, &|_| {})
        .await
        .map_err(|error| Failure::undecided(error.to_string()))?;
    let mut lineage = trace(&facts);
    if let Some(path) = &arguments.path {
        if !lineage.files.contains_key(path) {
            let message = format!("{path}: no run read or wrote it, and it is not published data");
            return Err(Failure::usage(message));
        }
        lineage = lineage.of(path);
    }
    match arguments.output {
        Form::Tree => say!("{}", tree(&lineage, arguments.path.as_deref())),
        Form::Mermaid => say!("{}", mermaid(&lineage)),
        Form::Dot => say!("{}", dot(&lineage)),
        Form::Json => sayln!("{:#}", serde_json::json!(lineage)),
    }
    Ok(if lineage.gaps.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}

fn tree<'a>(lineage: &'a Trace, path: Option<&'a str>) -> String {
    let mut out = String::new();
    let published = lineage.files.iter().filter(|(_, file)| file.published);
    let mut roots: Vec<&str> = published.map(|(path, _)| path.as_str()).collect();
    if let Some(path) = path.filter(|path| !roots.contains(path)) {
        roots.push(path);
    }
    let mut drawing = Drawing { lineage, above: Vec::new(), shown: BTreeSet::new() };
    for root in roots {
        drawing.branch(root, "", "", &mut out);
        out.push('\n');
    }
    if lineage.gaps.is_empty() {
        out.push_str("every published file is traced to raw data\n");
    }
    for gap in &lineage.gaps {
        let place = gap.path.as_deref().unwrap_or("the workspace");
        let _ = writeln!(out, "{}  {place}: {}", gap.code, gap.message);
    }
    out
}

struct Drawing<'a> {
    lineage: &'a Trace,
    above: Vec<&'a str>,
    /// What several files share is drawn once.
    shown: BTreeSet<&'a str>,
}

impl<'a> Drawing<'a> {
    fn branch(&mut self, path: &'a str, first: &str, rest: &str, out: &mut String) {
        let file = self.lineage.files.get(path);
        let digest = file.map_or_else(String::new, |file| file.digest.short());
        let made = file.map(|file| file.made_by.as_slice()).unwrap_or_default();
        let mark = match file {
            Some(file) if file.raw => "",
            _ if made.is_empty() => "  (from nowhere)",
            _ if self.above.contains(&path) => "  (in a circle)",
            _ if self.above.len() >= DEPTH => "  (…)",
            _ if self.shown.contains(path) => "  (see above)",
            _ => "",
        };
        let _ = writeln!(out, "{first}{path}  {digest}{mark}");
        if !mark.is_empty() || !self.shown.insert(path) {
            return;
        }
        self.above.push(path);
        for (number, receipt) in made.iter().enumerate() {
            let (corner, bar) = corners(number + 1 == made.len());
            let _ = writeln!(out, "{rest}{corner}{receipt}");
            let run = self.lineage.runs.iter().find(|run| run.receipt == *receipt);
            let inputs = run.map(|run| run.inputs.as_slice()).unwrap_or_default();
            for (index, input) in inputs.iter().enumerate() {
                let (corner, more) = corners(index + 1 == inputs.len());
                let (first, rest) = (format!("{rest}{bar}{corner}"), format!("{rest}{bar}{more}"));
                self.branch(input, &first, &rest, out);
            }
        }
        self.above.pop();
    }
}

const fn corners(last: bool) -> (&'static str, &'static str) {
    if last { ("└─ ", "   ") } else { ("├─ ", "│  ") }
}

/// Names of nodes: paths may hold anything that a file name may.
fn numbered(lineage: &Trace) -> (BTreeMap<&str, String>, BTreeMap<&str, String>) {
    let files = lineage.files.keys().enumerate();
    let runs = lineage.runs.iter().enumerate();
    (
        files.map(|(number, path)| (path.as_str(), format!("f{number}"))).collect(),
        runs.map(|(number, run)| (run.receipt.as_str(), format!("r{number}"))).collect(),
    )
}

fn edges(lineage: &Trace) -> Vec<(String, String)> {
    let (files, runs) = numbered(lineage);
    let mut edges = Vec::new();
    for run in &lineage.runs {
        let Some(node) = runs.get(run.receipt.as_str()) else { continue };
        let known = |path: &String| files.get(path.as_str()).cloned();
        edges.extend(run.inputs.iter().filter_map(known).map(|file| (file, node.clone())));
        edges.extend(run.outputs.iter().filter_map(known).map(|file| (node.clone(), file)));
    }
    edges
}

fn mermaid(lineage: &Trace) -> String {
    // Mermaid knows no backslash: what it would read as markup is written as an entity.
    let text = |name: &str| {
        name.chars().fold(String::new(), |mut text, c| {
            match c {
                '"' | '#' | '&' | '<' | '>' | '`' => {
                    let _ = write!(text, "#{};", u32::from(c));
                }
                c => text.push(c),
            }
            text
        })
    };
    let (files, runs) = numbered(lineage);
    let mut out = String::from("flowchart LR\n");
    for (path, node) in &files {
        let raw = lineage.files.get(*path).is_some_and(|file| file.raw);
        let (open, close) = if raw { ("[(", ")]") } else { ("[", "]") };
        let _ = writeln!(out, "  {node}{open}\"{}\"{close}", text(path));
    }
    for (receipt, node) in &runs {
        let _ = writeln!(out, "  {node}([\"{}\"])", text(receipt));
    }
    for (from, to) in edges(lineage) {
        let _ = writeln!(out, "  {from} --> {to}");
    }
    out
}

fn dot(lineage: &Trace) -> String {
    let text = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
    let (files, runs) = numbered(lineage);
    let mut out = String::from("digraph lineage {\n  rankdir=LR;\n");
    for (path, node) in &files {
        let raw = lineage.files.get(*path).is_some_and(|file| file.raw);
        let shape = if raw { "cylinder" } else { "note" };
        let _ = writeln!(out, "  {node} [shape={shape}, label=\"{}\"];", text(path));
    }
    for (receipt, node) in &runs {
        let _ = writeln!(out, "  {node} [shape=ellipse, label=\"{}\"];", text(receipt));
    }
    for (from, to) in edges(lineage) {
        let _ = writeln!(out, "  {from} -> {to};");
    }
    out + "}\n"
}
