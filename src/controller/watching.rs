//! How a watch that failed comes back.

use std::time::Duration;

use kube::runtime::utils::Backoff;

use super::backoff;

/// Waits between tries of one watch: short, since a controller that does not see is of no use, and
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

/// The wait of a controller that several watches feed, after an error of any. Each watch has its
/// own back-off already; a long one here would add all of theirs up, and deafen the healthy ones.
pub struct Breath;

impl Iterator for Breath {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(Duration::from_millis(100))
    }
}

impl Backoff for Breath {
    fn reset(&mut self) {}
}
