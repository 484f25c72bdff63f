//! The facts that each pack judged last, so that its next revision can be tried on them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// How many facts are kept for one pack.
const MAX_FACTS: usize = 256;
/// How many bytes of facts, as JSON, are kept for one pack.
const MAX_BYTES: usize = 64 << 20;

/// What one pack judged of one promotion.
#[derive(Clone)]
pub(super) struct Fact {
    /// `namespace/name` of the promotion.
    pub subject: String,
    /// What the pack was asked.
    pub input: Arc<Value>,
    bytes: usize,
}

/// Facts by pack, newest last.
#[derive(Default)]
pub(super) struct FactsJudged(Mutex<HashMap<String, VecDeque<Fact>>>);

impl FactsJudged {
    /// Keeps what `pack` was asked about `subject`, in the place of what it was asked before.
    pub(super) fn record(&self, pack: &str, subject: &str, input: Value) {
        let bytes = input.to_string().len();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = all.entry(pack.to_owned()).or_default();
        facts.retain(|fact| fact.subject != subject);
        facts.push_back(Fact { subject: subject.to_owned(), input: Arc::new(input), bytes });
        let mut total: usize = facts.iter().map(|fact| fact.bytes).sum();
        while facts.len() > MAX_FACTS || (total > MAX_BYTES && facts.len() > 1) {
            total -= facts.pop_front().map_or(0, |fact| fact.bytes);
        }
    }

    /// What the pack judged, newest first.
    pub(super) fn of(&self, pack: &str) -> Vec<Fact> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(pack).map(|facts| facts.iter().rev().cloned().collect()).unwrap_or_default()
    }

    /// Forgets a pack that is no more.
    pub(super) fn forget(&self, pack: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(pack);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_of_each_subject_is_kept_and_no_more_than_fit() {
        let facts = FactsJudged::default();
        facts.record("pack", "a/x", json!(1));
        facts.record("pack", "a/y", json!(2));
        facts.record("pack", "a/x", json!(3));
        let seen: Vec<_> = facts.of("pack").iter().map(|f| (*f.input).clone()).collect();
        assert_eq!(seen, [json!(3), json!(2)]);
        for n in 0..2 * MAX_FACTS {
            facts.record("pack", &format!("a/{n}"), json!(n));
        }
        let seen = facts.of("pack");
        assert_eq!(seen.len(), MAX_FACTS);
        assert_eq!(seen[0].subject, format!("a/{}", 2 * MAX_FACTS - 1));
        assert!(facts.of("other").is_empty());
        let big = "x".repeat(MAX_BYTES / 2);
        for n in 0..3 {
            facts.record("big", &format!("a/{n}"), json!(big));
        }
        assert_eq!(facts.of("big").len(), 1, "two would be over the limit by their quotes");
        facts.forget("pack");
        assert!(facts.of("pack").is_empty());
    }
}
