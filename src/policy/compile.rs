//! The load gate: from a verified pack to one that can judge.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use regorus::{Engine, Source, Value as Rego};
use serde_json::Value;

use super::error::LoadError;
use super::graph::{self, Graph};
use super::limits::Limits;
use super::testing::Test;
use super::together::{self, Engines};
use super::worker::{Host, Meta, Worker, host};
use super::{data, engine, rewrite, sandbox, shape, testing};
use crate::domain::{Digest, GateId};
use crate::pack::{Files, VerifiedPack, read_archive};

/// A pack that is ready to judge. Only [`compile`] makes one; it never changes.
pub struct CompiledPack {
    pub(super) backend: Backend,
    pub(super) limits: Limits,
    pub(super) meta: Meta,
    pub(super) data: Arc<Value>,
    digest: Digest,
    size: usize,
}

/// Where it is evaluated.
pub(super) enum Backend {
    /// In this process.
    Here(Arc<Loaded>),
    /// In a worker process.
    Aside(Box<Worker>),
}

/// The engine with a pack in it.
pub(super) struct Loaded {
    pub engines: Engines,
    pub meta: Meta,
    pub tests: Vec<Test>,
}

impl CompiledPack {
    /// Digest of the pack's tar.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Bytes of the tar.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Paths of the files in it.
    pub fn files(&self) -> &[String] {
        &self.meta.files
    }

    /// Its Rego packages, without `data.`.
    pub fn packages(&self) -> &[String] {
        &self.meta.packages
    }

    /// Its rules and functions, sorted: `data.lazaret.gates.b.deny`, and `data.lib.f/2` for a
    /// function of two arguments.
    pub fn rules(&self) -> &[String] {
        &self.meta.rules
    }

    /// The gates that it adds to.
    pub const fn gates(&self) -> &BTreeSet<GateId> {
        &self.meta.gates
    }

    /// How many of its `test_*` rules passed; all did.
    pub const fn tests_passed(&self) -> usize {
        self.meta.tests_passed
    }

    /// The process id of its worker, if one runs, and the most memory that it ever had, in KiB.
    pub fn worker_peak(&self) -> Option<(u32, u64)> {
        match &self.backend {
            Backend::Here(_) => None,
            Backend::Aside(worker) => worker.peak(),
        }
    }
}

impl fmt::Debug for CompiledPack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPack").field("digest", &self.digest).finish_non_exhaustive()
    }
}

/// Reads, checks, compiles and tests a pack, where this process runs packs ([`host`]).
///
/// # Errors
/// The first thing that is wrong; of failed tests all.
pub fn compile(pack: &VerifiedPack, limits: &Limits) -> Result<CompiledPack, LoadError> {
    compile_on(&host(), pack, limits)
}

/// As [`compile`], at a place of the caller's choice.
///
/// # Errors
/// As [`compile`]'s.
pub fn compile_on(
    host: &Host,
    pack: &VerifiedPack,
    limits: &Limits,
) -> Result<CompiledPack, LoadError> {
    make(host, pack, limits, true)
}

/// As [`compile`], but the pack's tests are not run: for whoever runs them next and wants to see
/// which fail. Nothing else may be asked of such a pack.
///
/// # Errors
/// As [`compile`]'s.
pub fn compile_untested(pack: &VerifiedPack, limits: &Limits) -> Result<CompiledPack, LoadError> {
    make(&host(), pack, limits, false)
}

fn make(
    host: &Host,
    pack: &VerifiedPack,
    limits: &Limits,
    tests: bool,
) -> Result<CompiledPack, LoadError> {
    let files = read_archive(pack.tar(), &limits.archive)?;
    let (backend, meta) = match host {
        Host::Aside { program, idle, room } => {
            let (program, room) = (program.clone(), Arc::clone(room));
            let (worker, meta) = Worker::load(program, *idle, room, pack.tar(), limits, tests)?;
            (Backend::Aside(Box::new(worker)), meta)
        }
        Host::Here => {
            // Everything that recurses over the pack's code does so on a big stack.
            let loaded = sandbox::run(|| load(&files, limits, tests));
            let loaded = loaded.map_err(LoadError::EngineFailed)??;
            let meta = loaded.meta.clone();
            (Backend::Here(Arc::new(loaded)), meta)
        }
    };
    // What the built-in gates hold to. The pack was loaded: it is known to fit, and what its documents
    // say twice they say alike.
    let data = sandbox::run(|| data::documents(&files)).map_err(LoadError::EngineFailed)??;
    Ok(CompiledPack {
        backend,
        limits: *limits,
        meta,
        data: Arc::new(data),
        digest: pack.digest(),
        size: pack.tar().len(),
    })
}

/// Loads the files of a pack. Runs on a big stack.
pub(super) fn load(files: &Files, limits: &Limits, tests: bool) -> Result<Loaded, LoadError> {
    let mut engine = engine::new(limits)?;
    for (file, bytes) in files.iter().filter(|(file, _)| file.starts_with("opa/")) {
        parse(&mut engine, file, bytes, limits)?;
    }
    let modules = engine.get_modules().clone();
    let graph = Graph::new(&modules, limits)?;
    graph.check(limits)?;
    let packages: BTreeSet<_> = modules.iter().map(|module| graph::package(module)).collect();
    let (gates, evidence) = find_gates(&modules, &graph)?;
    let taken = packages.iter().filter_map(|package| package.get(1).cloned());
    data::load(&mut engine, files, &taken.chain([together::PACKAGE.to_owned()]).collect())?;
    let rules = graph.names();
    together::add(&mut engine, &gates, &rules)?;
    prepare(&mut engine)?;
    let cases = testing::cases(&graph);
    let tests_passed = match tests {
        true => testing::all_pass(&engine, &cases, limits)?,
        false => 0,
    };
    let meta = Meta {
        gates,
        evidence,
        files: files.iter().map(|(file, _)| file.to_owned()).collect(),
        packages: packages.iter().map(|package| package[1..].join(".")).collect(),
        rules,
        tests_passed,
    };
    Ok(Loaded { engines: Engines::new(engine), meta, tests: cases })
}

/// Reads one Rego file into the engine, past everything that looks at a file alone.
pub(super) fn parse(
    engine: &mut Engine,
    file: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<(), LoadError> {
    if bytes.len() > limits.rego_file {
        return Err(LoadError::TooLarge { what: file.to_owned(), limit: limits.rego_file });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| engine::invalid(&format!("error: not UTF-8: {e}"), file))?;
    let source = Source::from_contents(file.to_owned(), text.to_owned())
        .map_err(|e| engine::invalid(&e.to_string(), file))?;
    shape::check(&source, limits.expression_depth)?;
    let text = rewrite::rewrite(&source)?.unwrap_or_else(|| text.to_owned());
    engine
        .add_policy(file.to_owned(), text)
        .map(drop)
        .map_err(|e| engine::invalid(&e.to_string(), file))
}

/// Compiles. The engine does so before its first query; its clones then need not.
pub(super) fn prepare(engine: &mut Engine) -> Result<(), LoadError> {
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
        if graph.get(&rule).is_none_or(|node| node.is_function()) {
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
