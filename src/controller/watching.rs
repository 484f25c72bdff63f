//! How a watch that failed comes back.

use std::time::Duration;

use kube::runtime::utils::Backoff;

use super::backoff;

/// Waits between tries of a watch, and of the controller that several watches feed: short, since a controller that does not see is of no use, and
/// each controller has but a few watches.
#[derive(Default)]
pub struct WatchBackoff {
    failures: u32,
}

impl Iterator for WatchBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.failures = self.failures.saturating_add(1).min(3);
        Some(backoff::after(self.failures, rand::random()))
    }
}

impl Backoff for WatchBackoff {
    fn reset(&mut self) {
        self.failures = 0;
    }
}
