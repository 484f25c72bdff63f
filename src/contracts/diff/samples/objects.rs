//! Arrays and objects to try: a plain one, and it changed in one place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::flat::{Flat, Table};
use super::super::language::{self, Found};
use super::super::prove::{item, member, trivial};
use super::{Hints, Sampler};

/// What is tried in one place of a larger instance.
const VARIANTS: usize = 14;
const MAX_NAMES: usize = 120;
const MAX_PATTERNS: usize = 16;
const DULL: usize = 12;
const LONGEST: u64 = 70;

fn patterns<'u>(table: &Table<'u>) -> impl Iterator<Item = &'u str> {
    table.patterns.into_iter().flat_map(|map| map.keys().map(String::as_str))
}

impl<'u> Sampler<'u> {
    fn hinted(
        &self,
        hints: &Hints<'u>,
        of: impl Fn(&Flat<'u>) -> Vec<&'u Value>,
    ) -> Vec<&'u Value> {
        hints.all.iter().flat_map(of).collect()
    }

    pub(super) fn objects(&self, flat: &Flat<'u>, hints: &Hints<'u>, depth: usize) -> Vec<Value> {
        let of = |name: &str, hinted: bool| {
            let t = if hinted { self.hinted(hints, |flat| member(flat, name)) } else { Vec::new() };
            self.of(&member(flat, name), &t, depth + 1)
        };
        let mut least = Map::new();
        for name in &flat.required {
            let Some(value) = of(name, false).into_iter().next() else { return Vec::new() };
            least.insert((*name).to_owned(), value);
        }
        if hints.silent() {
            let mut found = Vec::new();
            self.sizes(flat, hints, &least, &least, &mut found);
            found.push(least);
            return found.into_iter().map(Value::Object).collect();
        }
        let names = self.names(flat, hints);
        let mut found = Vec::new();
        let mut full = least.clone();
        for name in &names {
            let variants = of(name, true);
            if let Some(value) = variants.first().filter(|_| !full.contains_key(name)) {
                full.insert(name.clone(), value.clone());
            }
            for value in variants.into_iter().take(VARIANTS) {
                if !self.universe.spend(least.len()) {
                    break;
                }
                let mut object = least.clone();
                object.insert(name.clone(), value);
                found.push(object);
            }
        }
        for name in names.iter().filter(|name| !flat.required.contains(name.as_str())) {
            if !self.universe.spend(full.len()) {
                break;
            }
            let mut object = full.clone();
            object.remove(name);
            found.push(object);
        }
        self.sizes(flat, hints, &least, &full, &mut found);
        found.extend([least, full]);
        found.into_iter().map(Value::Object).collect()
    }

    /// Names that either schema speaks of, and some that none does.
    fn names(&self, flat: &Flat<'u>, hints: &Hints<'u>) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for flat in std::iter::once(flat).chain(&hints.all) {
            names.extend(flat.required.iter().map(|name| (*name).to_owned()));
            for table in &flat.tables {
                names.extend(table.named.into_iter().flat_map(|map| map.keys().cloned()));
            }
            let all: Vec<&str> = flat.tables.iter().flat_map(patterns).take(MAX_PATTERNS).collect();
            for (number, pattern) in all.iter().enumerate() {
                let others: Vec<&str> =
                    all.iter().enumerate().filter(|(n, _)| *n != number).map(|(_, p)| *p).collect();
                // One that no other pattern speaks of tells what this one says.
                for others in [&[][..], &others] {
                    if let Found::Text(name) = language::find(&[pattern], others) {
                        names.insert(name);
                    }
                }
            }
            if !flat.names.is_empty() {
                let listed = Flat::new(self.universe, &flat.names);
                let values = super::scalars::strings(&listed, &Hints { all: Vec::new() });
                let texts = listed.values.into_iter().flatten().cloned().chain(values);
                names.extend(texts.filter_map(|v| v.as_str().map(str::to_owned)).take(20));
            }
        }
        names.extend(["other", "0", "Other name"].map(str::to_owned));
        // Of those that nothing is said of a few will do.
        let (told, dull): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| {
            let hinted = self.hinted(hints, |flat| member(flat, name));
            member(flat, name).into_iter().chain(hinted).any(|schema| !trivial(schema))
        });
        told.into_iter().take(MAX_NAMES).chain(dull.into_iter().take(DULL)).collect()
    }

    /// Objects with as many members as a bound on their number makes interesting.
    fn sizes(
        &self,
        flat: &Flat<'u>,
        hints: &Hints<'u>,
        least: &Map<String, Value>,
        full: &Map<String, Value>,
        found: &mut Vec<Map<String, Value>>,
    ) {
        let mut counts = BTreeSet::new();
        for flat in std::iter::once(flat).chain(&hints.all) {
            let max = flat.max_properties.into_iter();
            counts.extend(max.flat_map(|max| [max, max.saturating_add(1)]));
            counts.extend([flat.min_properties, flat.min_properties.saturating_sub(1)]);
        }
        for count in counts.into_iter().filter(|count| *count <= LONGEST) {
            let count = usize::try_from(count).unwrap_or(0);
            let mut object = least.clone();
            for (name, value) in full {
                if object.len() < count {
                    object.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            let mut number = 0;
            while object.len() < count {
                number += 1;
                let name = format!("other{number}");
                let schemas = member(flat, &name);
                let value = self.of(&schemas, &[], super::MAX_DEPTH - 1).into_iter().next();
                let Some(value) = value.filter(|_| number < 200) else { break };
                object.insert(name, value);
            }
            found.push(object);
        }
    }

    pub(super) fn arrays(&self, flat: &Flat<'u>, hints: &Hints<'u>, depth: usize) -> Vec<Value> {
        let mut lengths = BTreeSet::from([0]);
        if !hints.silent() {
            lengths.extend([1, 2]);
        }
        let mut kinds = Vec::new();
        for flat in std::iter::once(flat).chain(&hints.all) {
            lengths.extend([flat.min_items, flat.min_items.saturating_sub(1), flat.min_items + 1]);
            let ends = flat.max_items.into_iter().chain(flat.contains.iter().filter_map(|c| c.max));
            lengths.extend(ends.flat_map(|end| [end, end.saturating_add(1)]));
            lengths.extend(flat.contains.iter().map(|contains| contains.min));
            let prefixes = flat.rows.iter().map(|row| row.prefix.len() as u64);
            lengths.extend(prefixes.flat_map(|length| [length, length + 1]));
            kinds.extend(flat.contains.iter().map(|contains| contains.schema));
        }
        let fits = |length: &u64| {
            *length <= LONGEST
                && *length >= flat.min_items
                && flat.max_items.is_none_or(|max| *length <= max)
        };
        let lengths: Vec<usize> = lengths
            .iter()
            .filter(|length| fits(length))
            .filter_map(|length| usize::try_from(*length).ok())
            .take(12)
            .collect();
        let positions = lengths.last().copied().unwrap_or(0).min(8);
        let variants: Vec<Vec<Value>> = (0..positions)
            .map(|position| {
                let t = self.hinted(hints, |flat| item(flat, position));
                let s = item(flat, position);
                let mut values = self.of(&s, &t, depth + 1);
                for kind in kinds.iter().take(4) {
                    let more = self.of(&[s.as_slice(), &[*kind]].concat(), &[], depth + 1);
                    values.extend(more.into_iter().take(2));
                }
                values
            })
            .collect();
        let at = |position: usize, turn: usize| {
            let values = variants.get(position).or_else(|| variants.last())?;
            values.get(turn.checked_rem(values.len())?).cloned()
        };
        let mut found = Vec::new();
        for length in lengths {
            let same = |turn: usize| (0..length).map(|position| at(position, turn)).collect();
            let turns = variants.first().map_or(1, Vec::len).clamp(1, VARIANTS);
            found.extend((0..turns).filter_map(same).map(Value::Array));
            let distinct: Option<Vec<Value>> =
                (0..length).map(|position| at(position, position)).collect();
            let Some(plain) = distinct.clone() else { continue };
            found.push(Value::Array(plain.clone()));
            for (position, values) in variants.iter().enumerate().take(length) {
                for value in values.iter().take(VARIANTS) {
                    let mut list = plain.clone();
                    if let Some(place) = list.get_mut(position) {
                        *place = value.clone();
                    }
                    found.push(Value::Array(list));
                }
            }
        }
        found
    }
}
