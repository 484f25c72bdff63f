//! The load gate: from a verified pack to one that can judge.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use regorus::{Engine, Source, Value as Rego};
use serde_json::Value;

use super::error::LoadError;
use super::graph::{self, Graph};
use super::limits::Limits;
use super::{data, engine, sandbox, selftest, shape};
use crate::domain::{Digest, GateId};
use crate::pack::{Files, Signer, VerifiedPack, read_archive};

/// A pack that is ready to judge. Only [`compile`] makes one; it never changes.
pub struct CompiledPack {
    pub(super) engine: Engine,
    pub(super) limits: Limits,
    pub(super) gates: BTreeSet<GateId>,
    pub(super) evidence: bool,
    digest: Digest,
    signer: Signer,
    size: usize,
    files: Vec<String>,
    packages: Vec<String>,
    rules: Vec<String>,
    tests_passed: usize,
    pub(super) data: Arc<Value>,
}

impl CompiledPack {
    /// Digest of the pack's tar.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Who signed it.
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Bytes of the tar.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Paths of the files in it.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Its Rego packages, without `data.`.
    pub fn packages(&self) -> &[String] {
        &self.packages
    }

    /// Paths of its rules and functions, sorted.
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// The gates that it adds to.
    pub const fn gates(&self) -> &BTreeSet<GateId> {
        &self.gates
    }

    /// How many of its `test_*` rules passed; all did.
    pub const fn tests_passed(&self) -> usize {
        self.tests_passed
    }
}

impl fmt::Debug for CompiledPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPack").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Reads, checks, compiles and tests a pack.
///
/// # Errors
/// The first thing that is wrong; of failed tests all.
pub fn compile(pack: &VerifiedPack, limits: &Limits) -> Result<CompiledPack, LoadError> {
    let files = read_archive(pack.tar(), &limits.archive)?;
    // Everything that recurses over the pack's code does so on a big stack.
    sandbox::run(|| load(pack, &files, limits)).map_err(LoadError::EngineFailed)?
}

fn load(pack: &VerifiedPack, files: &Files, limits: &Limits) -> Result<CompiledPack, LoadError> {
    let mut engine = engine::new(limits)?;
    for (file, bytes) in files.iter().filter(|(file, _)| file.starts_with("opa/")) {
        parse(&mut engine, file, bytes, limits)?;
    }
    let modules = engine.get_modules().clone();
    let graph = Graph::new(&modules, limits)?;
    graph.check(limits)?;
    let packages: BTreeSet<_> = modules.iter().map(|module| graph::package(module)).collect();
    let (gates, evidence) = find_gates(&modules, &graph)?;
    let taken = packages.iter().filter_map(|package| package.get(1).cloned()).collect();
    let data = data::load(&mut engine, files, &taken)?;
    prepare(&mut engine)?;
    let tests_passed = selftest::run(&engine, &graph, limits)?;
    Ok(CompiledPack {
        engine,
        limits: *limits,
        gates,
        evidence,
        digest: pack.digest(),
        signer: pack.signer().clone(),
        size: pack.tar().len(),
        files: files.iter().map(|(file, _)| file.to_owned()).collect(),
        packages: packages.iter().map(|package| package[1..].join(".")).collect(),
        rules: rules(&graph),
        tests_passed,
        data: Arc::new(data),
    })
}

fn rules(graph: &Graph) -> Vec<String> {
    let mut rules: Vec<_> = graph.nodes.iter().map(|node| node.path.join(".")).collect();
    rules.sort();
    rules
}

fn parse(engine: &mut Engine, file: &str, bytes: &[u8], limits: &Limits) -> Result<(), LoadError> {
    if bytes.len() > limits.rego_file {
        return Err(LoadError::TooLarge { what: file.to_owned(), limit: limits.rego_file });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| engine::invalid(&format!("error: not UTF-8: {e}"), file))?;
    let source = Source::from_contents(file.to_owned(), text.to_owned())
        .map_err(|e| engine::invalid(&e.to_string(), file))?;
    shape::check(&source, limits.expression_depth)?;
    engine
        .add_policy(file.to_owned(), text.to_owned())
        .map(drop)
        .map_err(|e| engine::invalid(&e.to_string(), file))
}

/// Compiles. The engine does so before its first query; its clones then need not.
fn prepare(engine: &mut Engine) -> Result<(), LoadError> {
    engine.set_input(Rego::new_object());
    engine
        .eval_query("true".to_owned(), false)
        .map(drop)
        .map_err(|e| engine::invalid(&e.to_string(), "opa"))
}

/// The gates that the pack answers for, each with a `deny` that is no function.
fn find_gates(
    modules: &[regorus::unstable::Ref<regorus::unstable::Module>],
    graph: &Graph,
) -> Result<(BTreeSet<GateId>, bool), LoadError> {
    let mut gates = BTreeSet::new();
    let mut evidence = false;
    for module in modules {
        let package = graph::package(module);
        let parts: Vec<&str> = package.iter().map(String::as_str).collect();
        let invalid = |message: String| LoadError::GateInvalid {
            place: super::visit::place(&module.package.span),
            message,
        };
        let gate = match parts.as_slice() {
            ["data", "lazaret", "evidence"] => None,
            ["data", "lazaret", "gates"] => {
                return Err(invalid(
                    "a gate's package is lazaret.gates.a to lazaret.gates.g".into(),
                ));
            }
            ["data", "lazaret", "gates", name, rest @ ..] => {
                if name.ends_with("_test") {
                    continue;
                }
                let gate = GateId::ALL.into_iter().find(|gate| gate.letter() == *name);
                let Some(gate) = gate else {
                    let message = format!(
                        "nothing asks package lazaret.gates.{name}: the gates are a to g; tests end in _test, and what gates share lies elsewhere, as in lazaret.lib"
                    );
                    return Err(invalid(message));
                };
                if !rest.is_empty() {
                    continue;
                }
                Some(gate)
            }
            _ => continue,
        };
        let rule: Vec<&str> = parts.iter().copied().chain(["deny"]).collect();
        if graph.get(&rule).is_none_or(|node| node.function) {
            return Err(invalid(format!("{} has no rule deny", parts[1..].join("."))));
        }
        match gate {
            Some(gate) => drop(gates.insert(gate)),
            None => evidence = true,
        }
    }
    if gates.is_empty() && !evidence {
        return Err(LoadError::NoGates);
    }
    Ok((gates, evidence))
}
