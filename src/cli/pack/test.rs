//! `lazaret pack test`.

mod render;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::super::exit::{DENIED, Failure};
use super::super::policy::{explained, sealed};
use crate::pack::{ArchiveLimits, read_archive};
use crate::policy::{Limits, Selection, compile_untested, run_tests};

/// Runs the test_* rules of a pack and says which fail, where, and why.
///
/// A tar's signature is not looked at: nothing is judged by the pack, and it runs in a process of
/// its own under limits, as every pack does. Exit code 1 if a test fails, if there is none, or if
/// less is covered than --threshold.
#[derive(Args, Debug)]
pub(in super::super) struct Test {
    /// The pack's source directory, or its tar.
    #[arg(value_name = "DIR|TAR")]
    pack: PathBuf,
    /// Runs only tests whose full name matches, for instance gates\.b_test.
    #[arg(long, value_name = "REGEX")]
    run: Option<String>,
    /// Says which lines the tests evaluate.
    #[arg(long)]
    coverage: bool,
    /// Fails if fewer percent of the lines are evaluated; implies --coverage.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    threshold: Option<u8>,
    /// How to report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    output: Format,
    /// Shows every test and what passed tests print.
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// The whole report.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
}

pub(super) fn run(arguments: &Test) -> Result<ExitCode, Failure> {
    if let Some(Err(error)) = arguments.run.as_deref().map(regex::Regex::new) {
        return Err(Failure::usage(format!("--run: {error}")));
    }
    let sealed = sealed(&arguments.pack)?;
    let pack = compile_untested(&sealed, &Limits::default())
        .map_err(|error| explained(&sealed, &error))?;
    let files = read_archive(sealed.tar(), &ArchiveLimits::default())
        .map_err(|error| Failure::denied(error.to_string()))?;
    let selection = Selection {
        run: arguments.run.clone(),
        coverage: arguments.coverage || arguments.threshold.is_some(),
    };
    let report = run_tests(&pack, &selection)
        .map_err(|error| Failure::denied(format!("{}: {error}", error.reason())))?;
    match arguments.output {
        Format::Human => say!("{}", render::human(&report, &files, arguments.verbose)),
        Format::Json => sayln!("{}", render::json(&report)),
        Format::Junit => say!("{}", render::junit(&report, &arguments.pack)),
    }
    let failed = report.tests.iter().any(|test| test.failure.is_some());
    let below =
        arguments.threshold.is_some_and(|least| render::percent(&report) < f64::from(least));
    if let Some(least) = arguments.threshold.filter(|_| below) {
        eprintln!(
            "lazaret: {:.1} % of the lines are covered, under {least} %",
            render::percent(&report)
        );
    }
    if report.tests.is_empty() {
        eprintln!("lazaret: no test was run");
    }
    let good = !failed && !below && !report.tests.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}
