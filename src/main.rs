//! Lazaret: operator and command line in one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    lazaret::cli::main()
}
