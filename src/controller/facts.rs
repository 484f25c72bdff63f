//! The facts that each pack judged last, so that its next revision can be tried on them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::dataset::Facts;

/// How many facts are kept for one pack.
const MAX_FACTS: usize = 256;
/// How many objects a workspace may have whose facts are kept.
const MAX_OBJECTS: usize = 20_000;
/// How many bytes of memory the facts of all packs may take, about.
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

/// Facts by pack, newest last. The pack with the most gives way first, so that nobody's facts drive
/// out everybody's.
#[derive(Default)]
pub(super) struct FactsJudged(Mutex<HashMap<String, VecDeque<Fact>>>);

impl FactsJudged {
    /// Keeps what `pack` was asked about `subject`, in the place of what it was asked before.
    pub(super) fn record(&self, pack: &str, subject: &str, facts: &Facts) {
        // What would be too large is not made at all.
        let few = facts.objects.len() <= MAX_OBJECTS;
        self.keep(pack, subject, few.then(|| facts.policy_input()));
    }

    fn keep(&self, pack: &str, subject: &str, input: Option<Value>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = all.entry(pack.to_owned()).or_default();
        facts.retain(|fact| fact.subject != subject);
        let weighed = input.map(|input| (weight(&input), input));
        if let Some((bytes, input)) = weighed.filter(|(bytes, _)| *bytes <= MAX_BYTES / 4) {
            facts.push_back(Fact { subject: subject.to_owned(), input: Arc::new(input), bytes });
        }
        if facts.len() > MAX_FACTS {
            facts.pop_front();
        }
        let of = |facts: &VecDeque<Fact>| facts.iter().map(|fact| fact.bytes).sum::<usize>();
        let mut total: usize = all.values().map(of).sum();
        while total > MAX_BYTES {
            let most = all.values_mut().max_by_key(|facts| of(facts));
            let Some(fact) = most.and_then(VecDeque::pop_front) else { break };
            total -= fact.bytes;
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

/// What a value takes in memory, about.
fn weight(value: &Value) -> usize {
    const NODE: usize = 72;
    NODE + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(k, v)| NODE + k.len() + weight(v)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_of_each_subject_is_kept_and_no_more_than_fit() {
        let facts = FactsJudged::default();
        facts.keep("pack", "a/x", Some(json!(1)));
        facts.keep("pack", "a/y", Some(json!(2)));
        facts.keep("pack", "a/x", Some(json!(3)));
        let seen: Vec<_> = facts.of("pack").iter().map(|f| (*f.input).clone()).collect();
        assert_eq!(seen, [json!(3), json!(2)]);
        for n in 0..2 * MAX_FACTS {
            facts.keep("pack", &format!("a/{n}"), Some(json!(n)));
        }
        let seen = facts.of("pack");
        assert_eq!(seen.len(), MAX_FACTS);
        assert_eq!(seen[0].subject, format!("a/{}", 2 * MAX_FACTS - 1));
        assert!(facts.of("other").is_empty());
    }

    #[test]
    fn the_pack_with_the_most_gives_way() {
        let facts = FactsJudged::default();
        facts.keep("small", "a/x", Some(json!("x")));
        let large = "x".repeat(MAX_BYTES / 5);
        for n in 0..10 {
            facts.keep("large", &format!("a/{n}"), Some(json!(large)));
        }
        assert_eq!(facts.of("large").len(), 4);
        assert_eq!(facts.of("large")[0].subject, "a/9");
        assert_eq!(facts.of("small").len(), 1);
        facts.keep("small", "a/huge", Some(json!("x".repeat(MAX_BYTES / 2))));
        assert_eq!(facts.of("small").len(), 1, "what is too large by itself is not kept");
        facts.forget("large");
        assert!(facts.of("large").is_empty());
    }
}
