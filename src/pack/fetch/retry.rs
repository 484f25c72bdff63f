//! When a request is tried again, and how long to wait before. Decides only: the clock and chance
//! come from the caller.

use std::time::Duration;

use jiff::Timestamp;

/// How often a request is repeated and how the pauses grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Repetitions after the first try.
    pub times: u32,
    /// The first pause; each next one is twice as long.
    pub first: Duration,
    /// No pause is longer; a server that asks for more is not waited for.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { times: 4, first: Duration::from_millis(250), longest: Duration::from_secs(15) }
    }
}

impl Retry {
    /// The pause before repetition `number`, counted from 1; `None` ends it. `chance` lies in 0..1:
    /// the second half of each pause is left to it, so that many clients do not come back at once.
    pub(super) fn pause(
        &self,
        number: u32,
        asked: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        if number == 0 || number > self.times || asked.is_some_and(|asked| asked > self.longest) {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(number - 1));
        let half = doubled.min(self.longest) / 2;
        let pause = half + half.mul_f64(chance.clamp(0.0, 1.0));
        Some(pause.max(asked.unwrap_or_default()))
    }

    /// Whether an answer with this status may be another one later. What a client did wrong stays
    /// wrong.
    pub(super) const fn wants(status: u16) -> bool {
        status == 429 || (status >= 500 && status != 501 && status != 505)
    }
}

/// What `Retry-After` asks for: seconds or a date.
pub(super) fn wait_asked(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_end() {
        let retry =
            Retry { times: 4, first: Duration::from_secs(1), longest: Duration::from_secs(3) };
        let pauses = |chance| -> Vec<_> {
            (1..=5).map(|n| retry.pause(n, None, chance).map(|p| p.as_millis())).collect()
        };
        assert_eq!(pauses(0.0), [Some(500), Some(1000), Some(1500), Some(1500), None]);
        assert_eq!(pauses(1.0), [Some(1000), Some(2000), Some(3000), Some(3000), None]);
        assert_eq!(retry.pause(u32::MAX, None, 0.5), None);
    }

    #[test]
    fn a_server_may_ask_for_a_pause_within_bounds() {
        let retry = Retry::default();
        let asked = |s| retry.pause(1, Some(Duration::from_secs(s)), 0.0);
        assert_eq!(asked(2), Some(Duration::from_secs(2)));
        assert_eq!(asked(0), Some(retry.first / 2));
        assert_eq!(asked(16), None, "longer than we wait");
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("99999999999", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(wait_asked(text, now).map(|d| d.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn only_what_may_change_is_tried_again() {
        for status in [429, 500, 502, 503, 504] {
            assert!(Retry::wants(status), "{status}");
        }
        for status in [200, 304, 400, 401, 403, 404, 408, 409, 410, 501, 505] {
            assert!(!Retry::wants(status), "{status}");
        }
    }
}
