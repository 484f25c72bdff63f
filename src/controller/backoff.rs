//! How long to wait before trying again.

use std::time::Duration;

/// The first wait after a failure.
const BASE: Duration = Duration::from_secs(1);

/// The longest wait.
const MAX: Duration = Duration::from_secs(300);

/// The wait after `failures` failures in a row: doubling from one second to five minutes, and
/// between half and all of that, so that many objects that failed together do not come back
/// together. `random` is in `0.0..1.0`.
pub fn after(failures: u32, random: f64) -> Duration {
    let full = BASE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(MAX);
    full.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

/// A regular interval, up to a tenth longer.
pub fn jittered(interval: Duration, random: f64) -> Duration {
    interval.mul_f64(1.0 + 0.1 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_a_bound_and_never_to_nothing() {
        assert_eq!(after(1, 1.0), Duration::from_secs(1));
        assert_eq!(after(4, 1.0), Duration::from_secs(8));
        assert_eq!(after(4, 0.0), Duration::from_secs(4));
        assert_eq!(after(u32::MAX, 1.0), MAX);
        assert!(after(0, 0.0) > Duration::ZERO);
    }
}
