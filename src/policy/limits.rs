use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pack::ArchiveLimits;

/// How much a pack may ask for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// The archive.
    pub archive: ArchiveLimits,
    /// Bytes of one Rego file.
    pub rego_file: usize,
    /// Rules of all files together.
    pub rules: usize,
    /// How many rules and functions may stand on one another.
    pub rule_depth: usize,
    /// How many operators, references and brackets may nest in one expression.
    pub expression_depth: usize,
    /// Time for one gate, and for one test.
    pub evaluation: Duration,
    /// Time for all tests together.
    pub tests: Duration,
    /// Bytes of the input, roughly.
    pub input: usize,
    /// Reasons that one gate gives before the rest is only counted.
    pub reasons: usize,
    /// Characters of one reason's message or remedy.
    pub message: usize,
    /// Bytes that a worker may take for a pack and all questions to it.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive: ArchiveLimits::default(),
            rego_file: 256 << 10,
            rules: 5000,
            rule_depth: 100,
            expression_depth: 64,
            evaluation: Duration::from_secs(5),
            tests: Duration::from_secs(60),
            input: 64 << 20,
            reasons: 200,
            message: 1000,
            memory: 512 << 20,
        }
    }
}
