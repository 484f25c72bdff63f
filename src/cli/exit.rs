//! Exit codes: 0 pass, 1 denied, 2 usage, 3 could not decide, which also means no.

use std::process::ExitCode;

use super::say::printable;

/// The gates, a signature or an approval said no.
pub(super) const DENIED: u8 = 1;
/// The command line is wrong.
pub(super) const USAGE: u8 = 2;
/// Something could not be read, written or evaluated.
pub(super) const UNDECIDED: u8 = 3;

/// A command that ends early.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self { code: DENIED, message: message.into() }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into() }
    }

    pub(super) fn undecided(message: impl Into<String>) -> Self {
        Self { code: UNDECIDED, message: message.into() }
    }

    /// What went wrong, for a process that goes on.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Says what went wrong on standard error and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        let kind = match self.code {
            DENIED => "denied",
            USAGE => "usage",
            _ => "could not decide, which means no",
        };
        eprintln!("lazaret: {kind}: {}", printable(&self.message));
        ExitCode::from(self.code)
    }
}
