//! Instances to try: of one schema, chosen where another may refuse them.

mod objects;
mod scalars;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::flat::{Flat, Types};
use super::prove::{Prover, trivial};
use super::universe::Universe;

/// Instances of one place that are kept.
const KEPT: usize = 48;
/// How deep instances are made.
const MAX_DEPTH: usize = 10;
/// Instances that are judged in all.
const FUEL: u32 = 12_000;

/// Makes instances.
pub(super) struct Sampler<'u> {
    universe: &'u Universe,
    prover: Prover<'u>,
    fuel: Cell<u32>,
    path: RefCell<Vec<(Vec<usize>, Vec<usize>)>>,
}

/// What the other schema says about a place: itself, its alternatives, what it excludes.
struct Hints<'u> {
    all: Vec<Flat<'u>>,
}

impl<'u> Hints<'u> {
    fn new(universe: &'u Universe, schemas: &[&'u Value]) -> Self {
        let mut all = Vec::new();
        let mut queue: Vec<(Vec<&'u Value>, u8)> = vec![(schemas.to_vec(), 0)];
        while let Some((schemas, depth)) = queue.pop() {
            let flat = Flat::new(universe, &schemas);
            if depth < 3 && all.len() < 40 {
                let choices = flat.choices.iter().flat_map(|choice| choice.iter());
                queue.extend(
                    choices.chain(flat.nots.iter().copied()).map(|one| (vec![one], depth + 1)),
                );
            }
            all.push(flat);
        }
        Self { all }
    }

    /// Whether nothing is said.
    fn silent(&self) -> bool {
        self.all.iter().all(|flat| flat.parts.is_empty())
    }

    fn values(&self) -> impl Iterator<Item = &'u Value> {
        self.all.iter().filter_map(|flat| flat.values).flatten()
    }
}

/// The values that are listed; of very many those that only one side lists, and some more.
fn listed(flat: &Flat<'_>, hints: &Hints<'_>) -> Vec<Value> {
    const MANY: usize = 2_000;
    const FEW: usize = 200;
    let values = flat.values.unwrap_or_default();
    if values.len() <= MANY && hints.values().take(MANY + 1).count() <= MANY {
        return values.iter().chain(hints.values()).cloned().collect();
    }
    let theirs: HashSet<String> = hints.values().map(Value::to_string).collect();
    let ours: HashSet<String> = values.iter().map(Value::to_string).collect();
    let only_ours = values.iter().filter(|value| !theirs.contains(&value.to_string())).take(FEW);
    let only_theirs = hints.values().filter(|value| !ours.contains(&value.to_string())).take(FEW);
    only_ours.chain(only_theirs).chain(values.iter().take(FEW)).cloned().collect()
}

impl<'u> Sampler<'u> {
    pub(super) fn new(universe: &'u Universe) -> Self {
        Self {
            universe,
            prover: Prover::new(universe),
            fuel: Cell::new(FUEL),
            path: RefCell::default(),
        }
    }

    /// Instances of `s`, first those that `t` refuses.
    pub(super) fn sample(&self, s: &'u Value, t: &'u Value) -> Vec<Value> {
        self.of(&[s], &[t], 0)
    }

    /// Instances of all of `s`, first those that one of `t` refuses.
    pub(super) fn sample_all(&self, s: &[&'u Value], t: &[&'u Value]) -> Vec<Value> {
        self.of(s, t, 0)
    }

    fn of(&self, s: &[&'u Value], t: &[&'u Value], depth: usize) -> Vec<Value> {
        // Where nothing can be refused, anything that is accepted will do.
        let t = if t.iter().all(|t| self.prover.surely(s, t)) { &[] } else { t };
        // Schemas that hold themselves are looked at once on each way down.
        let address = |schema: &&'u Value| std::ptr::from_ref(*schema) as usize;
        let pair = (s.iter().map(address).collect(), t.iter().map(address).collect());
        let t = if self.path.borrow().contains(&pair) { &[] } else { t };
        self.path.borrow_mut().push(pair);
        let found = self.unguarded(s, t, depth);
        self.path.borrow_mut().pop();
        found
    }

    fn unguarded(&self, s: &[&'u Value], t: &[&'u Value], depth: usize) -> Vec<Value> {
        if s.iter().chain(t).all(|schema| trivial(schema)) {
            // Anything will do, and one of each kind is enough.
            return vec!["a".into(), 1.into(), Value::Null, true.into(), json!([]), json!({})];
        }
        let flat = Flat::new(self.universe, s);
        if flat.types == Types::NONE || depth > MAX_DEPTH || self.fuel.get() == 0 {
            return Vec::new();
        }
        // What is excluded is what must be refused, too.
        let mut hints = Hints::new(self.universe, t);
        for not in flat.nots.iter().take(4) {
            hints.all.extend(Hints::new(self.universe, &[*not]).all);
        }
        let cost: usize = hints.all.iter().map(Flat::cost).sum();
        if !self.universe.spend(1 + flat.cost() + cost) {
            return Vec::new();
        }
        let mut found: Vec<Value> = Vec::new();
        found.extend(listed(&flat, &hints));
        if flat.values.is_none() {
            for name in flat.types.names() {
                match name {
                    "null" => found.push(Value::Null),
                    "boolean" => found.extend([true.into(), false.into()]),
                    "number" => found.extend(scalars::numbers(&flat, &hints)),
                    "string" => found.extend(scalars::strings(&flat, &hints)),
                    "array" => found.extend(self.arrays(&flat, &hints, depth)),
                    _ => found.extend(self.objects(&flat, &hints, depth)),
                }
            }
        }
        let taken = |branch: &Value| flat.parts.iter().any(|part| std::ptr::eq(*part, branch));
        let open = flat.choices.iter().find(|choice| !choice.iter().any(taken));
        for branch in open.into_iter().flat_map(|choice| choice.iter()).take(16) {
            found.extend(self.of(&[s, &[branch]].concat(), t, depth + 1));
        }
        // What the other schema excludes is what is looked for.
        for flat in &hints.all {
            for not in flat.nots.iter().filter(|_| depth < 4).take(4) {
                if !s.iter().any(|known| std::ptr::eq(*known, *not)) {
                    found.extend(self.of(&[s, &[*not]].concat(), &[], depth + 1));
                }
            }
        }
        self.choose(s, t, found)
    }

    /// Those that `s` accepts, refused by `t` first, short ones first.
    fn choose(&self, s: &[&'u Value], t: &[&'u Value], found: Vec<Value>) -> Vec<Value> {
        let mut seen = BTreeSet::new();
        let mut kept: Vec<(bool, usize, Value)> = Vec::new();
        for value in found {
            let text = value.to_string();
            let size = text.len();
            if !seen.insert(text) {
                continue;
            }
            if !self.universe.spend(size / 64) {
                break;
            }
            let Some(fuel) = self.fuel.get().checked_sub(1) else { break };
            self.fuel.set(fuel);
            let accepted = s.iter().all(|s| self.universe.accepts(s, &value) != Some(false));
            if accepted {
                let refused = t.iter().any(|t| self.universe.accepts(t, &value) == Some(false));
                kept.push((!refused, size, value));
            }
        }
        kept.sort_by_key(|(accepted, size, _)| (*accepted, *size));
        let refused = kept.iter().filter(|(accepted, ..)| !accepted).count();
        // Both kinds: what is fine here may be wrong together with something else.
        let half = refused.min(KEPT / 2);
        let mut chosen: Vec<Value> =
            kept.iter().take(half).map(|(_, _, value)| value.clone()).collect();
        chosen.extend(kept.into_iter().skip(refused).take(KEPT / 2).map(|(_, _, value)| value));
        chosen
    }
}
