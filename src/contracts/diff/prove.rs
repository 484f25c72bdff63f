//! Proofs that every instance of one schema is an instance of another. A proof that is not found
//! proves nothing; one that is found holds (for instances of finite depth, by induction on it).

mod arrays;
mod objects;
mod strings;

pub(super) use arrays::item;
pub(super) use objects::member;
pub(super) use strings::bounds;

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::flat::{Bound, Flat, Types, size, types};
use super::keywords::is_assertion;
use super::number;
use super::universe::Universe;

/// Steps until a search is given up.
const FUEL: u32 = 60_000;
/// How often an alternative is tried apart within one claim.
const SPLITS: u8 = 5;
/// Nested claims; beyond, nothing is proven.
const MAX_DEPTH: usize = 120;

/// A claim under way, by the addresses of what it is about: `None` claims that nothing satisfies
/// the schemas.
type Claim = (Vec<usize>, Option<usize>);

/// Searches for proofs.
pub(super) struct Prover<'u> {
    universe: &'u Universe,
    fuel: Cell<u32>,
    claims: RefCell<Vec<(Claim, usize)>>,
}

/// How deep in the instance, and how many splits are left.
#[derive(Clone, Copy)]
struct At {
    level: usize,
    splits: u8,
}

impl At {
    const TOP: Self = Self { level: 0, splits: SPLITS };

    /// One step into the instance.
    const fn inside(self) -> Self {
        Self { level: self.level + 1, splits: SPLITS }
    }

    const fn split(self) -> Option<Self> {
        match self.splits.checked_sub(1) {
            Some(splits) => Some(Self { level: self.level, splits }),
            None => None,
        }
    }
}

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}

/// Schemas of one type each, for splits.
static OF_TYPE: std::sync::LazyLock<Vec<(&'static str, Value)>> = std::sync::LazyLock::new(|| {
    let schema = |name| (name, serde_json::json!({ "type": name }));
    super::flat::TYPES.into_iter().map(schema).collect()
});

impl<'u> Prover<'u> {
    pub(super) fn new(universe: &'u Universe) -> Self {
        Self { universe, fuel: Cell::new(FUEL), claims: RefCell::default() }
    }

    /// Whether every instance of `sub` is proven to be one of `sup`.
    pub(super) fn subsumes(&self, sub: &'u Value, sup: &'u Value) -> bool {
        self.fuel.set(FUEL);
        self.sub(&[sub], sup, At::TOP)
    }

    /// Whether every instance of all of `s` is one of `t`, as far as a short search can tell.
    pub(super) fn surely(&self, s: &[&'u Value], t: &'u Value) -> bool {
        const SHORT: u32 = 2_000;
        self.fuel.set(SHORT);
        self.sub(s, t, At::TOP)
    }

    /// Runs a claim unless it is under way: then it holds if the instance became smaller meanwhile.
    fn claim(&self, claim: Claim, at: At, prove: impl FnOnce() -> bool) -> bool {
        let Some(fuel) = self.fuel.get().checked_sub(1) else { return false };
        self.fuel.set(fuel);
        if !self.universe.spend(1) {
            return false;
        }
        {
            let mut claims = self.claims.borrow_mut();
            if let Some((_, level)) = claims.iter().rev().find(|(known, _)| *known == claim) {
                return *level < at.level;
            }
            if claims.len() >= MAX_DEPTH {
                return false;
            }
            claims.push((claim, at.level));
        }
        let proven = prove();
        self.claims.borrow_mut().pop();
        proven
    }

    /// Whether every instance of all of `s` is proven to be one of `t`.
    fn sub(&self, s: &[&'u Value], t: &'u Value, at: At) -> bool {
        if trivial(t) || s.iter().any(|s| std::ptr::eq(*s, t)) {
            return true;
        }
        let claim = (s.iter().map(|s| address(s)).collect(), Some(address(t)));
        self.claim(claim, at, || {
            let flat = Flat::new(self.universe, s);
            if !self.universe.spend(flat.cost()) {
                return false;
            }
            if flat.types == Types::NONE || flat.parts.iter().any(|part| self.same(part, t, 0)) {
                return true;
            }
            if let Some(values) = flat.finite() {
                return values.iter().all(|value| {
                    self.refused_by_any(s, value) || self.universe.accepts(t, value) == Some(true)
                });
            }
            self.conjuncts(s, &flat, t, at)
                || self.by_cases(s, &flat, at, |s, at| self.sub(s, t, at))
        })
    }

    /// Whether nothing is proven to satisfy all of `s`.
    fn empty(&self, s: &[&'u Value], at: At) -> bool {
        self.claim((s.iter().map(|s| address(s)).collect(), None), at, || {
            let flat = Flat::new(self.universe, s);
            if !self.universe.spend(flat.cost()) {
                return false;
            }
            if flat.types == Types::NONE {
                return true;
            }
            if let Some(values) = flat.finite() {
                return values.iter().all(|value| self.refused_by_any(s, value));
            }
            if flat.nots.iter().any(|not| self.sub(s, not, at)) {
                return true;
            }
            let left = flat
                .types
                .without(if self.no_object(&flat, at) { Types::of("object") } else { Types::NONE })
                .without(if self.no_array(&flat, at) { Types::of("array") } else { Types::NONE });
            left == Types::NONE || self.by_cases(s, &flat, at, |s, at| self.empty(s, at))
        })
    }

    fn refused_by_any(&self, s: &[&'u Value], value: &Value) -> bool {
        s.iter().any(|s| self.universe.accepts(s, value) == Some(false))
    }

    /// Proves a claim for each alternative of `s` apart, or for each type of instance.
    fn by_cases(
        &self,
        s: &[&'u Value],
        flat: &Flat<'u>,
        at: At,
        claim: impl Fn(&[&'u Value], At) -> bool,
    ) -> bool {
        let Some(at) = at.split() else { return false };
        let with = |more: &'u Value| {
            let mut s = s.to_vec();
            s.push(more);
            s
        };
        // An alternative that was chosen already brings nothing new.
        let open = |choice: &&&'u [Value]| {
            !choice.iter().any(|branch| flat.parts.iter().any(|part| std::ptr::eq(*part, branch)))
        };
        if flat
            .choices
            .iter()
            .filter(open)
            .any(|choice| choice.iter().all(|branch| claim(&with(branch), at)))
        {
            return true;
        }
        let types: Vec<&str> = flat.types.names().collect();
        types.len() > 1
            && types.iter().all(|name| {
                OF_TYPE
                    .iter()
                    .find(|(of, _)| of == name)
                    .is_some_and(|(_, schema)| claim(&with(schema), at))
            })
    }

    /// Whether the instances satisfy every keyword of `t`.
    fn conjuncts(&self, s: &[&'u Value], flat: &Flat<'u>, t: &'u Value, at: At) -> bool {
        let Some(object) = t.as_object() else {
            return *t == Value::Bool(true) || self.empty(s, at);
        };
        let count = |name: &str| object.get(name).and_then(size);
        let has = |name: &str| flat.types.has(name);
        object.iter().filter(|(name, _)| is_assertion(name)).all(|(name, value)| {
            if self.said(flat, name, value) {
                return true;
            }
            match (name.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    self.universe.resolve(reference).is_some_and(|t| self.sub(s, t, at))
                }
                ("allOf", Value::Array(all)) => all.iter().all(|one| self.sub(s, one, at)),
                ("anyOf", Value::Array(any)) => {
                    any.iter().any(|one| self.sub(s, one, at)) || self.either(s, any, at)
                }
                ("oneOf", Value::Array(list)) => self.one_of(s, list, at),
                ("not", _) => self.empty(&[s, &[value]].concat(), at),
                ("type", _) => {
                    let (types, integral) = types(value);
                    let number = integral && has("number");
                    flat.types.within(types) && (!number || flat.only_integers())
                }
                // Only few instances can be proven to be in a list.
                ("enum", _) => false,
                ("minimum" | "exclusiveMinimum", Value::Number(end)) => {
                    let open = name == "exclusiveMinimum";
                    !has("number") || above(flat.low, end, open) || flat.at_least(end, open)
                }
                ("maximum" | "exclusiveMaximum", Value::Number(end)) => {
                    let open = name == "exclusiveMaximum";
                    !has("number") || below(flat.high, end, open) || flat.at_most(end, open)
                }
                ("multipleOf", Value::Number(of)) => {
                    !has("number")
                        || flat.multiples.iter().any(|m| number::multiple_of(m, of))
                        || flat.integral && number::multiple_of(&Number::from(1), of)
                }
                ("minLength", _) => {
                    !has("string") || size(value).is_some_and(|n| strings::at_least(flat, n))
                }
                ("maxLength", _) => {
                    !has("string") || size(value).is_some_and(|n| strings::at_most(flat, n))
                }
                ("pattern", Value::String(pattern)) => {
                    !has("string") || strings::matches(flat, pattern)
                }
                ("format", Value::String(format)) => {
                    !has("string") || strings::has_format(flat, format)
                }
                ("minItems", _) => {
                    !has("array") || size(value).is_some_and(|n| flat.min_items >= n)
                }
                ("maxItems", _) => !has("array") || fits(flat.max_items, size(value)),
                ("uniqueItems", _) => {
                    *value == Value::Bool(false)
                        || !has("array")
                        || flat.unique
                        || flat.max_items.is_some_and(|max| max <= 1)
                }
                ("items", _) if object.contains_key("prefixItems") => true,
                ("prefixItems" | "items", _) => !has("array") || self.items(flat, object, at),
                ("contains", _) => {
                    let min = count("minContains").unwrap_or(1);
                    !has("array") || self.contains(flat, value, min, count("maxContains"), at)
                }
                ("required", Value::Array(names)) => {
                    let known = |name: &Value| {
                        name.as_str().is_some_and(|name| flat.required.contains(name))
                    };
                    !has("object") || names.iter().all(known)
                }
                ("minProperties", _) => {
                    !has("object") || size(value).is_some_and(|n| flat.min_properties >= n)
                }
                ("maxProperties", _) => {
                    !has("object")
                        || fits(flat.max_properties, size(value))
                        || fits(flat.most_members(), size(value))
                }
                // The first of them stands for all three.
                ("patternProperties" | "properties", _)
                    if object.contains_key("additionalProperties") =>
                {
                    true
                }
                ("properties", _) if object.contains_key("patternProperties") => true,
                ("properties" | "patternProperties" | "additionalProperties", _) => {
                    !has("object") || self.members(flat, object, at)
                }
                ("propertyNames", _) => !has("object") || self.names(flat, value, at),
                // They matter through `contains` alone.
                ("minContains" | "maxContains", _) => true,
                ("unevaluatedProperties" | "unevaluatedItems", Value::Bool(true)) => true,
                _ => false,
            }
        })
    }

    /// Whether the instances' schemas hold a keyword that says the same wherever it stands, word for word.
    fn said(&self, flat: &Flat<'u>, name: &str, value: &'u Value) -> bool {
        matches!(name, "anyOf" | "oneOf" | "not" | "propertyNames")
            && flat
                .parts
                .iter()
                .filter_map(|part| part.get(name))
                .any(|known| self.same_keyword(name, known, value, 0))
    }

    /// One form excludes what another one begins with, as conditions do: what is not of the one must
    /// be of the other.
    fn either(&self, s: &[&'u Value], any: &'u [Value], at: At) -> bool {
        let others = |one: &'u Value| any.iter().filter(move |other| !std::ptr::eq(*other, one));
        any.iter().any(|one| {
            let excluded = only(one, "not");
            excluded
                .is_some_and(|x| others(one).any(|other| self.sub(&[s, &[x]].concat(), other, at)))
                || others(one).any(|other| {
                    let parts =
                        only(other, "allOf").and_then(Value::as_array).into_iter().flatten();
                    parts.into_iter().any(|part| {
                        only(part, "not").is_some_and(|x| self.same(x, one, 0))
                            && self.sub(&[s, &[part]].concat(), other, at)
                    })
                })
        })
    }

    /// At least one form holds, and no other can hold beside it.
    fn one_of(&self, s: &[&'u Value], list: &'u [Value], at: At) -> bool {
        list.iter().any(|one| {
            self.sub(s, one, at)
                && list
                    .iter()
                    .filter(|other| !std::ptr::eq(*other, one))
                    .all(|other| self.empty(&[s, &[one, other]].concat(), at))
        })
    }

    /// Whether two schemas say the same, word for word but for what says nothing of instances.
    fn same(&self, a: &'u Value, b: &'u Value, depth: usize) -> bool {
        if std::ptr::eq(a, b) {
            return true;
        }
        let Some(fuel) = self.fuel.get().checked_sub(1) else { return false };
        self.fuel.set(fuel);
        if depth > 60 {
            return false;
        }
        match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => {
                let count = |map: &serde_json::Map<String, Value>| {
                    map.keys().filter(|k| is_assertion(k)).count()
                };
                count(a) == count(b)
                    && a.iter().filter(|(name, _)| is_assertion(name)).all(|(name, x)| {
                        b.get(name).is_some_and(|y| self.same_keyword(name, x, y, depth))
                    })
            }
            _ => false,
        }
    }

    fn same_keyword(&self, name: &str, a: &'u Value, b: &'u Value, depth: usize) -> bool {
        use super::keywords::{Holds, holds};
        match (holds(name), a, b) {
            (_, Value::String(a), Value::String(b)) if name == "$ref" => {
                let (a, b) = (self.universe.resolve(a), self.universe.resolve(b));
                let (Some(a), Some(b)) = (a, b) else { return false };
                // A loop of references that is the same so far is the same.
                let claim = (vec![address(a), address(b)], Some(0));
                if self.claims.borrow().iter().any(|(known, _)| *known == claim) {
                    return true;
                }
                self.claims.borrow_mut().push((claim, 0));
                let same = self.same(a, b, depth + 1);
                self.claims.borrow_mut().pop();
                same
            }
            (Holds::Schemas, Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(a, b, depth + 1))
            }
            (Holds::Schema, ..) => self.same(a, b, depth + 1),
            (Holds::Named, Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(name, a)| b.get(name).is_some_and(|b| self.same(a, b, depth + 1)))
            }
            _ => a == b,
        }
    }
}

impl Flat<'_> {
    fn only_integers(&self) -> bool {
        self.integral || self.multiples.iter().any(|of| number::is_integer(of))
    }

    /// Whether all integers are at or above an end, where nothing but integers is allowed: those above 0 are
    /// from 1 on.
    fn at_least(&self, end: &Number, open: bool) -> bool {
        let Some(low) = self.low.filter(|_| self.only_integers()) else { return false };
        let least = number::integer(low.at).and_then(|at| at.checked_add(i64::from(low.open)));
        let end = number::integer(end).and_then(|at| at.checked_add(i64::from(open)));
        matches!((least, end), (Some(least), Some(end)) if least >= end)
    }

    fn at_most(&self, end: &Number, open: bool) -> bool {
        let Some(high) = self.high.filter(|_| self.only_integers()) else { return false };
        let most = number::integer(high.at).and_then(|at| at.checked_sub(i64::from(high.open)));
        let end = number::integer(end).and_then(|at| at.checked_sub(i64::from(open)));
        matches!((most, end), (Some(most), Some(end)) if most <= end)
    }

    /// The greatest number of members, where no others than named ones are allowed.
    fn most_members(&self) -> Option<u64> {
        let closed = self
            .tables
            .iter()
            .filter(|table| table.rest == Some(&Value::Bool(false)) && table.patterns.is_none());
        let sizes = closed.map(|table| table.named.map_or(0, serde_json::Map::len));
        sizes.min().and_then(|size| u64::try_from(size).ok())
    }
}

/// A schema that accepts everything.
pub(super) fn trivial(schema: &Value) -> bool {
    match schema {
        Value::Bool(all) => *all,
        Value::Object(object) => !object.keys().any(|name| is_assertion(name)),
        _ => false,
    }
}

/// The value of a schema's only keyword.
fn only<'u>(schema: &'u Value, keyword: &str) -> Option<&'u Value> {
    let object = schema.as_object().filter(|object| object.len() == 1)?;
    object.get(keyword)
}

fn fits(most: Option<u64>, allowed: Option<u64>) -> bool {
    matches!((most, allowed), (Some(most), Some(allowed)) if most <= allowed)
}

fn above(low: Option<Bound<'_>>, end: &Number, open: bool) -> bool {
    beyond(low, end, open, Ordering::Greater)
}

fn below(high: Option<Bound<'_>>, end: &Number, open: bool) -> bool {
    beyond(high, end, open, Ordering::Less)
}

fn beyond(bound: Option<Bound<'_>>, end: &Number, open: bool, wanted: Ordering) -> bool {
    bound.is_some_and(|bound| match number::compare(bound.at, end) {
        Some(Ordering::Equal) => bound.open || !open,
        found => found == Some(wanted),
    })
}
