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

/// A text with what would command a terminal made visible: names and values are strangers'.
pub(super) fn printable(text: &str) -> String {
    let bad = |c: &char| (c.is_control() && *c != '\n' && *c != '\t') || turns(*c);
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match bad(&c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
        out
    })
}

/// What makes a text be read in another direction than it is written.
const fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether something could not be printed.
pub(super) fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_commands_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}\rb"), "a\\u{1b}[2J\\u{202e}\\u{d}b");
        assert_eq!(printable("ä\tb\n→"), "ä\tb\n→");
    }
}
