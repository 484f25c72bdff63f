//! What patterns match, decided on their automata: whether all that one matches is matched by
//! another, and a string that is the counterexample.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

/// States of the product until a search is given up.
const MAX_STATES: usize = 4_000;
/// Longest string that is looked for, in bytes.
const MAX_STRING: usize = 600;
const DFA_BYTES: usize = 1 << 20;

/// Automata that are kept.
const MAX_KEPT: usize = 500;

type Dfa = Rc<dense::DFA<Vec<u32>>>;

thread_local! {
    static KEPT: RefCell<HashMap<String, Option<Dfa>>> = RefCell::default();
}

fn kept(pattern: &str) -> Option<Dfa> {
    if let Some(known) = KEPT.with_borrow(|kept| kept.get(pattern).cloned()) {
        return known;
    }
    let built = automaton(pattern);
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), built.clone());
    });
    built
}

/// The automaton of an unanchored search for an ECMA 262 pattern. `None` if it has none: look-around,
/// back-references, too large.
fn automaton(pattern: &str) -> Option<Dfa> {
    let pattern = jsonschema_regex::to_rust_regex(pattern).ok()?;
    dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Unanchored)
                .match_kind(MatchKind::All)
                .dfa_size_limit(Some(DFA_BYTES))
                .determinize_size_limit(Some(4 * DFA_BYTES)),
        )
        .thompson(thompson::Config::new().nfa_size_limit(Some(DFA_BYTES)))
        .build(&pattern)
        .ok()
        .map(Rc::new)
}

/// One automaton's state, and whether it has matched on the way there.
type State = (StateID, bool);

struct Product {
    all: Vec<Dfa>,
}

impl Product {
    fn start(&self) -> Option<Vec<State>> {
        let config = start::Config::new().anchored(Anchored::No);
        self.all
            .iter()
            .map(|dfa| {
                let state = dfa.start_state(&config).ok()?;
                Some((state, dfa.is_match_state(state)))
            })
            .collect()
    }

    fn step(&self, states: &[State], byte: u8) -> Vec<State> {
        let next = |(dfa, (state, matched)): (&Dfa, &State)| {
            let next = dfa.next_state(*state, byte);
            (next, *matched || dfa.is_match_state(next))
        };
        self.all.iter().zip(states).map(next).collect()
    }

    fn ends(&self, states: &[State]) -> Vec<bool> {
        let end = |(dfa, (state, matched)): (&Dfa, &State)| {
            *matched || dfa.is_match_state(dfa.next_eoi_state(*state))
        };
        self.all.iter().zip(states).map(end).collect()
    }

    /// One byte of each kind that the automata tell apart, those that read best first.
    fn bytes(&self) -> Vec<u8> {
        let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z').chain(b' '..=b'~');
        let mut kinds = HashSet::new();
        let kind = |byte: u8| -> Vec<u8> {
            self.all.iter().map(|dfa| dfa.byte_classes().get(byte)).collect()
        };
        readable.chain(0..=255).filter(|byte| kinds.insert(kind(*byte))).collect()
    }
}

/// The outcome of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// Such a string.
    Text(String),
    /// There is none.
    Nothing,
    /// Neither was found out.
    Unknown,
}

/// Looks for the shortest string that matches all of `wanted` and none of `unwanted`.
pub(super) fn find(wanted: &[&str], unwanted: &[&str]) -> Found {
    // Strings are UTF-8; what leaves it has no way back.
    let utf8 = r"^[\s\S]*$";
    let all: Option<Vec<Dfa>> =
        [utf8].iter().chain(wanted).chain(unwanted).map(|pattern| kept(pattern)).collect();
    let Some(product) = all.map(|all| Product { all }) else { return Found::Unknown };
    let Some(start) = product.start() else { return Found::Unknown };
    let matching = wanted.len() + 1;
    let bytes = product.bytes();
    let mut seen: HashMap<Vec<State>, Option<(usize, u8)>> = HashMap::new();
    let mut states = vec![start.clone()];
    seen.insert(start, None);
    let mut queue = VecDeque::from([(0_usize, 0_usize)]);
    while let Some((index, length)) = queue.pop_front() {
        let Some(state) = states.get(index).cloned() else { return Found::Unknown };
        let ends = product.ends(&state);
        if ends.iter().enumerate().all(|(number, end)| *end == (number < matching)) {
            return text(&states, &seen, &state).map_or(Found::Unknown, Found::Text);
        }
        if length >= MAX_STRING {
            return Found::Unknown;
        }
        for byte in bytes.iter().copied() {
            let next = product.step(&state, byte);
            let dead = product
                .all
                .iter()
                .zip(&next)
                .take(matching)
                .any(|(dfa, (state, matched))| !matched && dfa.is_dead_state(*state));
            if dead || seen.contains_key(&next) {
                continue;
            }
            if states.len() >= MAX_STATES {
                return Found::Unknown;
            }
            seen.insert(next.clone(), Some((index, byte)));
            states.push(next);
            queue.push_back((states.len() - 1, length + 1));
        }
    }
    Found::Nothing
}

fn text(
    states: &[Vec<State>],
    seen: &HashMap<Vec<State>, Option<(usize, u8)>>,
    end: &Vec<State>,
) -> Option<String> {
    let mut bytes = Vec::new();
    let mut at = end;
    while let Some(Some((from, byte))) = seen.get(at) {
        bytes.push(*byte);
        at = states.get(*from)?;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

/// Whether all that `pattern` matches is matched by `other`.
pub(super) fn within(pattern: &str, other: &str) -> Option<bool> {
    match find(&[pattern], &[other]) {
        Found::Nothing => Some(true),
        Found::Text(_) => Some(false),
        Found::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pattern_within_another() {
        for (pattern, other, wanted) in [
            ("^abc$", "^a", Some(true)),
            ("^a", "^abc$", Some(false)),
            ("^[0-9]{4}$", r"^\d+$", Some(true)),
            (r"^\d+$", "^[0-9]{1,4}$", Some(false)),
            ("b", "^a|b", Some(true)),
            ("^[a-z]+$", "^[a-z0-9]*$", Some(true)),
            ("^(?=a)", "^a", None),
            ("^[0-9A-HJKMNP-TV-Z]{26}$", "^[0-7][0-9A-HJKMNP-TV-Z]{25}$", Some(false)),
            ("x", "", Some(true)),
        ] {
            assert_eq!(within(pattern, other), wanted, "{pattern} {other}");
        }
    }

    #[test]
    fn a_counterexample_is_short_and_readable() {
        assert_eq!(find(&["^[a-z0-9-]{2,}$"], &["^[a-z0-9]+$"]), Found::Text("a-".into()));
        assert_eq!(find(&["^.{3}$"], &["a"]), Found::Text("bbb".into()));
        assert_eq!(find(&["^a$", "^b$"], &[]), Found::Nothing);
        assert_eq!(find(&["^[^ -~]$"], &[]), Found::Text("\0".into()));
    }
}
