//! One line on standard error while bytes are hashed; only for people at a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::dataset::Progress;

/// Characters of the bar.
const WIDTH: u64 = 24;

pub(in super::super) struct Bar {
    shown: bool,
    start: Instant,
    last: Mutex<Option<Instant>>,
}

/// A bar for people: none for those who asked for none, for files, or for CI.
pub(in super::super) fn progress(quiet: bool) -> Bar {
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let shown = !quiet && !ci && stderr().is_terminal();
    Bar { shown, start: Instant::now(), last: Mutex::new(None) }
}

impl Bar {
    /// Shows how far it is, ten times a second at most, and not at all in the first half second:
    /// what is done by then needs no bar.
    pub(in super::super) fn show(&self, progress: &Progress) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last
            .map_or(self.start.elapsed().saturating_sub(Duration::from_millis(400)), |at| {
                at.elapsed()
            });
        if !self.shown || since < Duration::from_millis(100) {
            return;
        }
        *last = Some(Instant::now());
        // A terminal that went away is no reason to stop hashing.
        let _ = write!(stderr(), "\r{}\x1b[K", line(progress, self.start.elapsed()));
    }

    /// Wipes the line.
    pub(in super::super) fn clear(&self) {
        if self.last.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let _ = write!(stderr(), "\r\x1b[2K");
        }
    }
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let Progress { objects, objects_total, bytes, bytes_known, bytes_total } = *progress;
    let share =
        |of: u64| bytes.min(bytes_total).saturating_mul(of).checked_div(bytes_total).unwrap_or(of);
    let filled = "━".repeat(usize::try_from(share(WIDTH)).unwrap_or(0));
    let rest = "─".repeat(usize::try_from(WIDTH - share(WIDTH)).unwrap_or(0));
    // What is known from before was not hashed now.
    let rate = bytes.saturating_sub(bytes_known) as f64 / elapsed.as_secs_f64().max(0.001);
    let left = bytes_total.saturating_sub(bytes) as f64 / rate;
    let left = if left < 1e6 { format!("  {} s left", left.ceil()) } else { String::new() };
    format!(
        "hashing {filled}{rest} {:>3} %  {}/{}  {}/s  {objects}/{objects_total} files{left}",
        share(100),
        amount(bytes as f64),
        amount(bytes_total as f64),
        amount(rate),
    )
}

fn amount(bytes: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let found = units.into_iter().find(|(size, _)| bytes >= *size);
    found.map_or_else(
        || format!("{bytes:.0} B"),
        |(size, unit)| format!("{:.1} {unit}", bytes / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let progress = Progress {
            objects: 3,
            objects_total: 10,
            bytes: 2_500_000_000,
            bytes_known: 500_000_000,
            bytes_total: 10_000_000_000,
        };
        let text = line(&progress, Duration::from_secs(2));
        assert!(text.contains(" 25 %  2.5 GB/10.0 GB  1.0 GB/s  3/10 files  8 s left"), "{text}");
        assert_eq!(text.matches('━').count(), 6);
        let nothing = line(&Progress::default(), Duration::ZERO);
        assert!(nothing.contains("100 %  0 B/0 B") && !nothing.contains("left"), "{nothing}");
    }
}
