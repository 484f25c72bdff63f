//! A finished run, printed.

mod human;
mod json;
mod junit;
mod progress;
mod sarif;

use std::io::{self, IsTerminal as _, Write as _};

use super::args::Output;
use super::policy::Judge;
use crate::domain::Digest;
use crate::promotion::{Assessment, Missing, Published};

pub(super) use junit::escaped;
pub(super) use progress::progress;
pub(super) use sarif::{log as sarif_log, uri};

/// How a run ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one is alive at a time, and soon gone")]
pub(super) enum Conclusion {
    /// A validation that passed.
    Valid,
    /// A gate failed.
    Denied,
    /// The plan is another one than the caller approved.
    OtherPlan { expected: Digest },
    /// The plan lacks an approval.
    Unapproved { missing: Missing, dry_run: bool },
    /// A dry run that would publish.
    DryRun,
    /// Published.
    Published(Published),
}

impl Conclusion {
    pub(super) const fn passed(&self) -> bool {
        matches!(self, Self::Valid | Self::DryRun | Self::Published(_))
    }
}

/// All that there is to tell.
pub(super) struct Finished<'a> {
    pub judge: &'a Judge,
    pub assessment: &'a Assessment,
    pub conclusion: Conclusion,
}

/// Prints it on standard output. A reader who went away is no failure.
pub(super) fn print(output: Output, finished: &Finished<'_>) -> io::Result<()> {
    let text = match output {
        Output::Human => human::render(finished, human::Style::of(colour())),
        Output::Json => json::render(finished),
        Output::Sarif => sarif::render(&finished.assessment.report),
        Output::Junit => {
            let requested = &finished.assessment.facts.requested;
            junit::render(&finished.assessment.report, &requested.dataset_slug)
        }
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Colour on a terminal only, and not for those who asked for none (no-color.org).
fn colour() -> bool {
    io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
