use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::GateId;
use crate::pack::ArchiveError;

/// A place in a Rego file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The file in the pack.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A test of the pack that did not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TestFailure {
    /// The rule, for instance `data.lazaret.gates.b_test.test_good`.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What it gave instead of `true`.
    pub outcome: String,
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place, self.name, self.outcome)
    }
}

/// Why a verified pack is not loaded.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadError {
    /// The archive is no pack. A worker never says so: the archive was read before.
    #[error(transparent)]
    #[serde(skip)]
    Archive(#[from] ArchiveError),
    /// A file does not parse or does not compile.
    #[error("{place}: {message}")]
    RegoInvalid {
        /// Where.
        place: Place,
        /// What the compiler says.
        message: String,
    },
    /// A function is called that is not there, not deterministic, differs from OPA's, or may take
    /// all memory.
    #[error("{place}: {message}")]
    BuiltinRefused {
        /// Where.
        place: Place,
        /// Which, and why.
        message: String,
    },
    /// A rule or function needs itself.
    #[error("{place}: recursion: {cycle}")]
    Recursive {
        /// Where the cycle's first rule stands.
        place: Place,
        /// `a -> b -> a`.
        cycle: String,
    },
    /// Too many rules stand on one another, or an expression nests too deep.
    #[error("{place}: {message}")]
    TooDeep {
        /// Where.
        place: Place,
        /// What, and the limit.
        message: String,
    },
    /// A file or the pack is larger than allowed.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// What.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// A document under `data/` does not parse or meets another.
    #[error("{file}: {message}")]
    DataInvalid {
        /// Which.
        file: String,
        /// Why.
        message: String,
    },
    /// No package `lazaret.gates.a` to `.g` nor `lazaret.evidence` with a rule `deny`.
    #[error("the pack has no package lazaret.gates.a to lazaret.gates.g with a rule deny")]
    NoGates,
    /// A package under `lazaret.gates` that nothing would ever ask, or a gate without `deny`.
    #[error("{place}: {message}")]
    GateInvalid {
        /// Where.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// Tests of the pack do not hold.
    #[error("{} of the pack's tests failed: {}", .0.len(), list(.0))]
    TestsFailed(Vec<TestFailure>),
    /// The engine gave way.
    #[error("the policy engine failed while loading: {0}")]
    EngineFailed(String),
    /// Something that the engine lacks or answers otherwise than OPA does.
    #[error("{place}: {message}")]
    Unsupported {
        /// Where.
        place: Place,
        /// What, and what to write instead.
        message: String,
    },
    /// Loading it takes too much memory.
    #[error("loading the pack takes more than {0} MiB")]
    Memory(usize),
    /// Loading it takes too long.
    #[error("loading the pack takes longer than {0:?}")]
    Timeout(Duration),
    /// The process that loads it ended.
    #[error("the policy worker ended while it loaded the pack: {0}")]
    WorkerDied(String),
}

impl LoadError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Archive(error) => error.reason(),
            Self::RegoInvalid { .. } => "RegoInvalid",
            Self::BuiltinRefused { .. } => "BuiltinRefused",
            Self::Recursive { .. } => "RegoRecursive",
            Self::TooDeep { .. } => "RegoTooDeep",
            Self::TooLarge { .. } => "PackTooLarge",
            Self::DataInvalid { .. } => "DataInvalid",
            Self::NoGates => "NoGates",
            Self::GateInvalid { .. } => "GateInvalid",
            Self::TestsFailed(_) => "TestsFailed",
            Self::EngineFailed(_) => "EngineFailed",
            Self::Unsupported { .. } => "RegoUnsupported",
            Self::Memory(_) => "PolicyMemory",
            Self::Timeout(_) => "PolicyTimeout",
            Self::WorkerDied(_) => "PolicyWorkerDied",
        }
    }

    /// Where in the pack's Rego, if it is there.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::RegoInvalid { place, .. }
            | Self::BuiltinRefused { place, .. }
            | Self::Recursive { place, .. }
            | Self::TooDeep { place, .. }
            | Self::GateInvalid { place, .. }
            | Self::Unsupported { place, .. } => Some(place),
            _ => None,
        }
    }
}

fn list(failures: &[TestFailure]) -> String {
    let shown: Vec<_> = failures.iter().take(10).map(ToString::to_string).collect();
    let more = failures.len().saturating_sub(10);
    if more == 0 { shown.join("; ") } else { format!("{}; and {more} more", shown.join("; ")) }
}

/// Why a pack gave no answer. It means deny.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvalError {
    /// The input is larger than allowed.
    #[error("the input is over the limit of {0} bytes")]
    InputTooLarge(usize),
    /// The input cannot be given to the engine.
    #[error("the input cannot be evaluated: {0}")]
    InputInvalid(String),
    /// `deny` has no value.
    #[error("{0} is undefined: it must be a set or an array, empty if nothing is denied")]
    Undefined(String),
    /// `deny` holds something that is no reason.
    #[error("{rule} is no list of reasons: {message}")]
    Malformed {
        /// Which `deny`.
        rule: String,
        /// What is wrong.
        message: String,
    },
    /// Time is up.
    #[error("{rule} took longer than {limit:?}")]
    Timeout {
        /// Which `deny`.
        rule: String,
        /// The limit.
        limit: Duration,
    },
    /// The policy failed.
    #[error("{rule} failed: {message}")]
    Failed {
        /// Which `deny`.
        rule: String,
        /// What the engine says, with the place.
        message: String,
    },
    /// The engine gave way.
    #[error("the policy engine failed: {0}")]
    EngineFailed(String),
    /// It takes too much memory.
    #[error("the policy takes more than {0} MiB")]
    Memory(usize),
    /// The process that evaluates it ended.
    #[error("the policy worker ended: {0}")]
    WorkerDied(String),
}

impl EvalError {
    /// A short CamelCase name for conditions.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::InputTooLarge(_) | Self::InputInvalid(_) => "PolicyInputRefused",
            Self::Undefined(_) => "PolicyUndefined",
            Self::Malformed { .. } => "PolicyAnswerMalformed",
            Self::Timeout { .. } => "PolicyTimeout",
            Self::Failed { .. } => "PolicyFailed",
            Self::EngineFailed(_) => "PolicyEngineFailed",
            Self::Memory(_) => "PolicyMemory",
            Self::WorkerDied(_) => "PolicyWorkerDied",
        }
    }
}

/// The rule that decides about a gate.
pub(super) fn gate_rule(gate: GateId) -> String {
    format!("data.lazaret.gates.{}.deny", gate.letter())
}

/// The rule that decides about a release.
pub(super) const EVIDENCE_RULE: &str = "data.lazaret.evidence.deny";
/// Where a pack says what comes with the licence.
pub(super) const OBLIGATIONS_RULE: &str = "data.lazaret.gates.b.obligations";
