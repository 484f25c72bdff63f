//! Printing that survives a reader who goes away: `lazaret … | head -1` still decides and exits as it
//! would. A full disk is another matter: whoever reads the report later must not take half for all.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line to standard output.
macro_rules! sayln {
    ($($text:tt)*) => { $crate::cli::say::print(format_args!($($text)*), "\n") };
}

/// Prints to standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::say::print(format_args!($($text)*), "") };
}

pub(super) fn print(text: Arguments<'_>, end: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_fmt(text).and_then(|()| out.write_all(end.as_bytes()));
    if let Err(error) = written.and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
        && !FAILED.swap(true, Ordering::Relaxed)
    {
        eprintln!("lazaret: cannot print: {error}");
    }
}

/// Whether something could not be printed.
pub(super) fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
