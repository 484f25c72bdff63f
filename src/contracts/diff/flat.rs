//! Schemas that all hold at once, as what they demand of each type of instance. What is left out
//! makes the set of instances larger, never smaller.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::keywords::is_assertion;
use super::number;
use super::universe::Universe;

/// A set of instance types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Types(u8);

/// The instance types: integers are numbers.
pub(super) const TYPES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

impl Types {
    pub(super) const ALL: Self = Self(0b11_1111);
    pub(super) const NONE: Self = Self(0);

    pub(super) fn of(name: &str) -> Self {
        let name = if name == "integer" { "number" } else { name };
        Self(TYPES.iter().position(|known| *known == name).map_or(0, |bit| 1 << bit))
    }

    pub(super) fn of_value(value: &Value) -> Self {
        Self::of(type_name(value))
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.and(Self::of(name)) != Self::NONE
    }

    pub(super) const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        TYPES.into_iter().filter(move |name| self.has(name))
    }
}

/// The type of an instance.
pub(super) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The types that `type` names, and whether numbers must be integers.
pub(super) fn types(keyword: &Value) -> (Types, bool) {
    let names: Vec<&str> = match keyword {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return (Types::ALL, false),
    };
    let types = names.iter().fold(Types::NONE, |all, name| all.or(Types::of(name)));
    (types, names.contains(&"integer") && !names.contains(&"number"))
}

/// An end of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound<'a> {
    pub at: &'a Number,
    pub open: bool,
}

/// The schemas of an array's items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub prefix: &'a [Value],
    pub rest: Option<&'a Value>,
}

/// The schemas of an object's members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub named: Option<&'a Map<String, Value>>,
    pub patterns: Option<&'a Map<String, Value>>,
    pub rest: Option<&'a Value>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Contains<'a> {
    pub schema: &'a Value,
    pub min: u64,
    pub max: Option<u64>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Flat<'a> {
    pub types: Types,
    pub integral: bool,
    pub values: Option<&'a [Value]>,
    pub low: Option<Bound<'a>>,
    pub high: Option<Bound<'a>>,
    pub multiples: Vec<&'a Number>,
    pub min_length: u64,
    pub max_length: Option<u64>,
    pub patterns: Vec<&'a str>,
    pub formats: Vec<&'a str>,
    pub min_items: u64,
    pub max_items: Option<u64>,
    pub unique: bool,
    pub rows: Vec<Row<'a>>,
    pub contains: Vec<Contains<'a>>,
    pub required: BTreeSet<&'a str>,
    pub min_properties: u64,
    pub max_properties: Option<u64>,
    pub tables: Vec<Table<'a>>,
    pub names: Vec<&'a Value>,
    /// Each is a list of which at least one holds.
    pub choices: Vec<&'a [Value]>,
    pub nots: Vec<&'a Value>,
    /// Everything that took part.
    pub parts: Vec<&'a Value>,
}

/// The types of which everything satisfies a schema, so that who excludes it excludes them.
fn refused_types(schema: &Value) -> Types {
    let Value::Object(object) = schema else {
        return if *schema == Value::Bool(true) { Types::ALL } else { Types::NONE };
    };
    let mut said = object.iter().filter(|(name, _)| is_assertion(name));
    match (said.next(), said.next()) {
        (None, _) => Types::ALL,
        (Some((name, kind)), None) if name == "type" => {
            let (types, integral) = types(kind);
            if integral { types.without(Types::of("number")) } else { types }
        }
        _ => Types::NONE,
    }
}

/// The size that a keyword demands. Foreign drafts write `3.0`.
pub(super) fn size(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    u64::try_from(number::integer(number)?).ok()
}

impl<'a> Flat<'a> {
    pub(super) fn new(universe: &'a Universe, schemas: &[&'a Value]) -> Self {
        let mut flat = Self {
            types: Types::ALL,
            integral: false,
            values: None,
            low: None,
            high: None,
            multiples: Vec::new(),
            min_length: 0,
            max_length: None,
            patterns: Vec::new(),
            formats: Vec::new(),
            min_items: 0,
            max_items: None,
            unique: false,
            rows: Vec::new(),
            contains: Vec::new(),
            required: BTreeSet::new(),
            min_properties: 0,
            max_properties: None,
            tables: Vec::new(),
            names: Vec::new(),
            choices: Vec::new(),
            nots: Vec::new(),
            parts: Vec::new(),
        };
        for schema in schemas {
            flat.add(universe, schema);
        }
        flat.tighten();
        flat
    }

    fn add(&mut self, universe: &'a Universe, schema: &'a Value) {
        // Also what ends a reference that leads back to itself.
        if self.parts.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        self.parts.push(schema);
        let object = match schema {
            Value::Bool(false) => {
                self.types = Types::NONE;
                return;
            }
            Value::Object(object) => object,
            _ => return,
        };
        let count = |name: &str| object.get(name).and_then(size);
        for (name, value) in object {
            self.add_keyword(universe, name, value);
        }
        if object.contains_key("prefixItems") || object.contains_key("items") {
            let prefix = object.get("prefixItems").and_then(Value::as_array);
            let rest = object.get("items");
            self.rows.push(Row { prefix: prefix.map_or(&[], Vec::as_slice), rest });
        }
        if let Some(schema) = object.get("contains") {
            let (min, max) = (count("minContains").unwrap_or(1), count("maxContains"));
            self.contains.push(Contains { schema, min, max });
        }
        let map = |name: &str| object.get(name).and_then(Value::as_object);
        let table = Table {
            named: map("properties"),
            patterns: map("patternProperties").filter(|map| !map.is_empty()),
            rest: object.get("additionalProperties"),
        };
        if table.named.is_some() || table.patterns.is_some() || table.rest.is_some() {
            self.tables.push(table);
        }
    }

    fn add_keyword(&mut self, universe: &'a Universe, name: &str, value: &'a Value) {
        let most = |old: &mut u64| *old = (*old).max(size(value).unwrap_or(0));
        let least = |old: &mut Option<u64>| {
            if let Some(new) = size(value) {
                *old = Some(old.map_or(new, |old| old.min(new)));
            }
        };
        match (name, value) {
            ("$ref", Value::String(reference)) => {
                if let Some(target) = universe.resolve(reference) {
                    self.add(universe, target);
                }
            }
            ("allOf", Value::Array(list)) => {
                for schema in list {
                    self.add(universe, schema);
                }
            }
            ("anyOf" | "oneOf", Value::Array(list)) => self.choices.push(list),
            ("not", _) => {
                self.types = self.types.without(refused_types(value));
                self.nots.push(value);
            }
            ("type", _) => {
                let (types, integral) = types(value);
                self.types = self.types.and(types);
                self.integral |= integral;
            }
            ("enum", Value::Array(list)) => {
                // The shorter one; the other still judges by itself.
                if self.values.is_none_or(|old| list.len() < old.len()) {
                    self.values = Some(list);
                }
                let of = |all: Types, value| all.or(Types::of_value(value));
                self.types = self.types.and(list.iter().fold(Types::NONE, of));
            }
            ("minimum", Value::Number(at)) => narrow(&mut self.low, at, false, Ordering::Greater),
            ("exclusiveMinimum", Value::Number(at)) => {
                narrow(&mut self.low, at, true, Ordering::Greater);
            }
            ("maximum", Value::Number(at)) => narrow(&mut self.high, at, false, Ordering::Less),
            ("exclusiveMaximum", Value::Number(at)) => {
                narrow(&mut self.high, at, true, Ordering::Less);
            }
            ("multipleOf", Value::Number(number)) => self.multiples.push(number),
            ("minLength", _) => most(&mut self.min_length),
            ("maxLength", _) => least(&mut self.max_length),
            ("pattern", Value::String(pattern)) => self.patterns.push(pattern),
            ("format", Value::String(format)) => self.formats.push(format),
            ("minItems", _) => most(&mut self.min_items),
            ("maxItems", _) => least(&mut self.max_items),
            ("uniqueItems", Value::Bool(true)) => self.unique = true,
            ("required", Value::Array(list)) => {
                self.required.extend(list.iter().filter_map(Value::as_str));
            }
            ("minProperties", _) => most(&mut self.min_properties),
            ("maxProperties", _) => least(&mut self.max_properties),
            ("propertyNames", _) => self.names.push(value),
            _ => {}
        }
    }

    /// About what it took to make it.
    pub(super) fn cost(&self) -> usize {
        let parts = self.parts.len();
        parts + parts.saturating_mul(parts) / 32 + self.values.map_or(0, <[Value]>::len) / 8
    }

    /// Strikes types out of which there are no instances.
    fn tighten(&mut self) {
        let needed = u64::try_from(self.required.len()).unwrap_or(u64::MAX);
        self.min_properties = self.min_properties.max(needed);
        let contained = self.contains.iter().map(|contains| contains.min).max().unwrap_or(0);
        self.min_items = self.min_items.max(contained);
        let exceeds = |low: u64, high: Option<u64>| high.is_some_and(|high| low > high);
        let mut gone = Types::NONE;
        if exceeds(self.min_length, self.max_length) {
            gone = gone.or(Types::of("string"));
        }
        if exceeds(self.min_items, self.max_items) {
            gone = gone.or(Types::of("array"));
        }
        if exceeds(self.min_properties, self.max_properties) {
            gone = gone.or(Types::of("object"));
        }
        if let (Some(low), Some(high)) = (self.low, self.high) {
            let nothing = match number::compare(low.at, high.at) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => low.open || high.open,
                _ => self.integers().is_some_and(|(low, high)| low > high),
            };
            if nothing {
                gone = gone.or(Types::of("number"));
            }
        }
        self.types = self.types.without(gone);
    }

    /// The range of integers, if both ends are known and only integers are allowed.
    pub(super) fn integers(&self) -> Option<(i64, i64)> {
        let (low, high) = (self.low?, self.high?);
        if !self.integral || !number::is_integer(low.at) || !number::is_integer(high.at) {
            return None;
        }
        let low = number::integer(low.at)?.checked_add(i64::from(low.open))?;
        Some((low, number::integer(high.at)?.checked_sub(i64::from(high.open))?))
    }

    /// The one number that the range holds, if it holds but one.
    fn only_number(&self) -> Option<&'a Number> {
        let (low, high) = (self.low?, self.high?);
        let one = number::compare(low.at, high.at) == Some(Ordering::Equal);
        (one && !low.open && !high.open).then_some(low.at)
    }

    /// Every instance that may be left, if they are few.
    pub(super) fn finite(&self) -> Option<Vec<Value>> {
        const FEW: i64 = 64;
        if let Some(values) = self.values {
            return Some(values.to_vec());
        }
        let mut all = Vec::new();
        for name in self.types.names() {
            match name {
                "null" => all.push(Value::Null),
                "boolean" => all.extend([false.into(), true.into()]),
                "number" if self.only_number().is_some() => {
                    all.extend(self.only_number().cloned().map(Value::Number));
                }
                "number" => {
                    let (low, high) = self.integers()?;
                    if high.checked_sub(low)? >= FEW {
                        return None;
                    }
                    all.extend((low..=high).map(Value::from));
                }
                "string" if self.max_length == Some(0) => all.push("".into()),
                "array" if self.max_items == Some(0) => all.push(Value::Array(Vec::new())),
                "object" if self.max_properties == Some(0) => all.push(Value::Object(Map::new())),
                _ => return None,
            }
        }
        Some(all)
    }
}

/// Takes the bound that leaves less: `order` of new to old says when that is the new one.
fn narrow<'a>(bound: &mut Option<Bound<'a>>, at: &'a Number, open: bool, order: Ordering) {
    let new = Bound { at, open };
    *bound = Some(match *bound {
        Some(old) => match number::compare(new.at, old.at) {
            Some(found) if found == order => new,
            Some(Ordering::Equal) if open => new,
            _ => old,
        },
        None => new,
    });
}
