//! One line on standard error while bytes are hashed; only for people at a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::dataset::Progress;

pub(in super::super) struct Bar {
    terminal: bool,
    start: Instant,
    last: Mutex<Option<Instant>>,
}

pub(in super::super) fn progress() -> Bar {
    Bar { terminal: stderr().is_terminal(), start: Instant::now(), last: Mutex::new(None) }
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
        if !self.terminal || since < Duration::from_millis(100) {
            return;
        }
        *last = Some(Instant::now());
        let share = (progress.bytes * 100).checked_div(progress.bytes_total).unwrap_or(100);
        let rate = progress.bytes as f64 / self.start.elapsed().as_secs_f64().max(0.001) / 1e6;
        let (done, total) = (progress.objects, progress.objects_total);
        // A terminal that went away is no reason to stop hashing.
        let _ = write!(stderr(), "\rhashing {share:>3} %  {done}/{total} objects  {rate:.0} MB/s ");
    }

    /// Wipes the line.
    pub(in super::super) fn clear(&self) {
        if self.last.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let _ = write!(stderr(), "\r\x1b[2K");
        }
    }
}
