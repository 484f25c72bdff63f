//! Claims about objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::flat::{Flat, Table};
use super::{At, Prover, strings};

/// More members than this are not looked at one by one.
const MAX_NAMES: usize = 5_000;

/// The schemas that surely hold for the member `name`.
fn of_name<'u>(table: &Table<'u>, name: &str, found: &mut Vec<&'u Value>) {
    let named = table.named.and_then(|named| named.get(name));
    found.extend(named);
    let mut surely_rest = named.is_none();
    for (pattern, schema) in table.patterns.into_iter().flatten() {
        match strings::is_match(pattern, name) {
            Some(true) => {
                surely_rest = false;
                found.push(schema);
            }
            Some(false) => {}
            None => surely_rest = false,
        }
    }
    found.extend(table.rest.filter(|_| surely_rest));
}

/// What is known of the member `name`.
pub(in super::super) fn member<'u>(flat: &Flat<'u>, name: &str) -> Vec<&'u Value> {
    let mut found = Vec::new();
    for table in &flat.tables {
        of_name(table, name, &mut found);
    }
    found
}

impl<'u> Prover<'u> {
    /// The names that the schemas speak of, and whether there may be others.
    fn spoken_of(&self, flat: &Flat<'u>) -> (BTreeSet<&'u str>, bool) {
        let mut names: BTreeSet<&str> = flat.required.iter().copied().collect();
        for table in &flat.tables {
            names.extend(table.named.into_iter().flat_map(|map| map.keys().map(String::as_str)));
        }
        let listed = Flat::new(self.universe, &flat.names).values;
        names.extend(listed.into_iter().flatten().filter_map(Value::as_str));
        (names, listed.is_none())
    }

    fn is_name(&self, flat: &Flat<'u>, name: &str) -> bool {
        let name = Value::String(name.to_owned());
        !flat.names.iter().any(|schema| self.universe.accepts(schema, &name) == Some(false))
    }

    /// Whether all members satisfy `properties`, `patternProperties` and `additionalProperties`.
    pub(super) fn members(&self, flat: &Flat<'u>, t: &'u Map<String, Value>, at: At) -> bool {
        let map = |name: &str| t.get(name).and_then(Value::as_object);
        let table = Table {
            named: map("properties"),
            patterns: map("patternProperties"),
            rest: t.get("additionalProperties"),
        };
        let (mut names, others) = self.spoken_of(flat);
        names.extend(table.named.into_iter().flat_map(|map| map.keys().map(String::as_str)));
        if names.len() > MAX_NAMES {
            return false;
        }
        for name in names {
            if !self.is_name(flat, name) {
                continue;
            }
            let (s, t) = (member(flat, name), demanded(&table, name));
            let fine = t.iter().all(|t| self.sub(&s, t, at.inside()));
            if !fine && !self.empty(&s, at.inside()) {
                return false;
            }
        }
        let patterns = table.patterns.into_iter().flatten();
        !others
            || patterns
                .map(|(pattern, schema)| (Some(pattern.as_str()), schema))
                .chain(table.rest.map(|rest| (None, rest)))
                .all(|(pattern, schema)| self.other_members(flat, &table, pattern, schema, at))
    }

    /// Whether members that nobody names satisfy `t`: those whose names match `pattern`, or those that match
    /// none of the table's.
    fn other_members(
        &self,
        flat: &Flat<'u>,
        table: &Table<'u>,
        pattern: Option<&str>,
        t: &'u Value,
        at: At,
    ) -> bool {
        let mut surely: Vec<&'u Value> = Vec::new();
        let mut perhaps: Vec<Vec<&'u Value>> = Vec::new();
        let excluded = |known: &String| {
            pattern.is_none() && table.patterns.is_some_and(|map| map.contains_key(known))
        };
        for known in &flat.tables {
            let patterns: Vec<(&String, &'u Value)> =
                known.patterns.into_iter().flatten().filter(|(name, _)| !excluded(name)).collect();
            match patterns.iter().find(|(name, _)| Some(name.as_str()) == pattern) {
                Some((_, schema)) => surely.push(schema),
                None if patterns.is_empty() => surely.extend(known.rest),
                None => {
                    let all = &Value::Bool(true);
                    let rest = known.rest.unwrap_or(all);
                    perhaps.push(patterns.iter().map(|(_, s)| *s).chain([rest]).collect());
                }
            }
        }
        if self.sub(&surely, t, at.inside()) || self.empty(&surely, at.inside()) {
            return true;
        }
        perhaps.iter().any(|alternatives| {
            alternatives.iter().all(|one| {
                let s = [surely.as_slice(), &[*one]].concat();
                self.sub(&s, t, at.inside()) || self.empty(&s, at.inside())
            })
        })
    }

    /// Whether all names satisfy `t`.
    pub(super) fn names(&self, flat: &Flat<'u>, t: &'u Value, at: At) -> bool {
        let (names, others) = self.spoken_of(flat);
        let possible =
            |name: &&str| self.is_name(flat, name) && !self.empty(&member(flat, name), at.inside());
        if others && !flat.names.is_empty() && self.sub(&flat.names, t, at.inside()) {
            return true;
        }
        let closed = flat.tables.iter().any(|table| {
            table.patterns.is_none()
                && table.rest.is_some_and(|rest| self.empty(&[rest], at.inside()))
        });
        (!others || closed)
            && names.iter().filter(|name| possible(name)).all(|name| {
                self.universe.accepts(t, &Value::String((*name).to_owned())) == Some(true)
            })
    }

    /// Whether no object is possible: a member that must be there cannot be.
    pub(super) fn no_object(&self, flat: &Flat<'u>, at: At) -> bool {
        flat.required
            .iter()
            .any(|name| !self.is_name(flat, name) || self.empty(&member(flat, name), at.inside()))
    }
}

/// All that may be demanded of the member `name`.
fn demanded<'u>(table: &Table<'u>, name: &str) -> Vec<&'u Value> {
    let named = table.named.and_then(|named| named.get(name));
    let mut found: Vec<&Value> = named.into_iter().collect();
    let mut rest = named.is_none();
    for (pattern, schema) in table.patterns.into_iter().flatten() {
        let matched = strings::is_match(pattern, name);
        if matched != Some(false) {
            found.push(schema);
        }
        rest &= matched != Some(true);
    }
    found.extend(table.rest.filter(|_| rest));
    found
}
