//! `lazaret policy-worker`: what the program starts to run a pack in.

use std::process::ExitCode;

pub(super) fn run() -> ExitCode {
    crate::policy::serve()
}
