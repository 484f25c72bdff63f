//! Where two schemas differ: each difference apart, as an edit of the old one that can be judged by
//! itself.

mod lists;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::declared::NEVER;
use super::edit::{Edit, Patch, Place, target};
use super::flat::types;
use super::keywords::{Holds, holds, is_assertion};
use super::number;

/// More differences than this are not told apart.
pub(super) const MAX_EDITS: usize = 2_000;

const CONDITION: [&str; 3] = ["if", "then", "else"];

/// Tells two bundles apart.
pub(super) struct Walk<'b> {
    old: &'b Bundle,
    new: &'b Bundle,
    seen: BTreeSet<(Place, Place)>,
    pub edits: Vec<Edit>,
}

/// `additionalProperties` as the parts of rule names are written.
fn kebab(keyword: &str) -> String {
    let mut text = String::new();
    for letter in keyword.trim_start_matches('$').chars() {
        if letter.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The beginning of a value's text.
pub(in super::super) fn short(value: &Value) -> String {
    const LIMIT: usize = 120;
    let text = value.to_string();
    if text.chars().count() <= LIMIT {
        return text;
    }
    text.chars().take(LIMIT).chain(['…']).collect()
}

/// Whether a keyword says something of its own.
fn says(name: &str) -> bool {
    !matches!(name, "$ref" | "$defs" | "definitions" | "$comment")
}

fn assertions(object: &Map<String, Value>) -> usize {
    object.keys().filter(|name| is_assertion(name)).count()
}

impl<'b> Walk<'b> {
    /// Every difference that is reached from the roots.
    pub(super) fn between(old: &'b Bundle, new: &'b Bundle) -> Vec<Edit> {
        let mut walk = Self { old, new, seen: BTreeSet::new(), edits: Vec::new() };
        let root = |bundle: &Bundle| Place { key: bundle.root.clone(), pointer: String::new() };
        walk.pair(root(old), root(new));
        walk.edits
    }

    /// Follows references that stand alone.
    fn settle(bundle: &'b Bundle, mut place: Place) -> Place {
        // Bounded, in case they go round.
        for _ in 0..100 {
            let Some(Value::Object(object)) = place.value(bundle) else { break };
            match object.get("$ref").and_then(Value::as_str).and_then(target) {
                Some(next) if assertions(object) == 1 => place = next,
                _ => break,
            }
        }
        place
    }

    fn pair(&mut self, old: Place, new: Place) {
        let (from, to) = (old, new);
        let old = Self::settle(self.old, from.clone());
        let new = Self::settle(self.new, to.clone());
        if old != from && new != to {
            self.beside(&from, &to);
        }
        if self.edits.len() >= MAX_EDITS || !self.seen.insert((old.clone(), new.clone())) {
            return;
        }
        match (old.value(self.old), new.value(self.new)) {
            // What is never written is compared with what is as a whole.
            (Some(Value::Object(a)), Some(Value::Object(b)))
                if a.contains_key(NEVER) != b.contains_key(NEVER) =>
            {
                let verb = if b.contains_key(NEVER) { "ceased" } else { "began" };
                let (rule, to) = (format!("writing-{verb}"), Value::Object(b.clone()));
                let text = format!("writing this member {verb}: readOnly or writeOnly changed");
                self.set(&rule, old.clone(), to, Some(old), Some(new), text);
            }
            (Some(Value::Object(a)), Some(Value::Object(b)))
                if a.contains_key("$ref") == b.contains_key("$ref") =>
            {
                let reference = |map: &Map<String, Value>| {
                    map.get("$ref").and_then(Value::as_str).and_then(target)
                };
                if let (Some(a), Some(b)) = (reference(a), reference(b)) {
                    self.pair(a, b);
                }
                self.objects(&old, &new, a, b);
            }
            (Some(a), Some(b)) if a != b => {
                let text = format!("the schema {} became {}", short(a), short(b));
                self.set("schema-replaced", old.clone(), b.clone(), Some(old), Some(new), text);
            }
            _ => {}
        }
    }

    /// What is said beside references that were followed.
    fn beside(&mut self, old: &Place, new: &Place) {
        let (Some(Value::Object(a)), Some(Value::Object(b))) =
            (old.value(self.old), new.value(self.new))
        else {
            return;
        };
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for name in names.into_iter().filter(|name| says(name) && !is_assertion(name)) {
            self.words(name, &old.down(name), &new.down(name), a.get(name), b.get(name));
        }
    }

    fn objects(
        &mut self,
        old: &Place,
        new: &Place,
        a: &'b Map<String, Value>,
        b: &'b Map<String, Value>,
    ) {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let conditional = self.conditional(old, new, a, b);
        for name in names {
            if conditional && CONDITION.contains(&name.as_str()) {
                continue;
            }
            if !says(name) {
                continue;
            }
            let (at, to) = (old.down(name), new.down(name));
            match (a.get(name), b.get(name)) {
                (Some(x), Some(y)) if x == y && holds(name) == Holds::Other => {}
                (x, y) if !is_assertion(name) => self.words(name, &at, &to, x, y),
                (x, y) => self.keyword(name, at, to, x, y),
            }
        }
    }

    /// A condition that came, went or lost a branch is one difference: `then` means nothing alone.
    fn conditional(
        &mut self,
        old: &Place,
        new: &Place,
        a: &'b Map<String, Value>,
        b: &'b Map<String, Value>,
    ) -> bool {
        let has = |map: &Map<String, Value>| CONDITION.map(|name| map.contains_key(name));
        if has(a) == has(b) {
            return false;
        }
        let verb = match (a.contains_key("if"), b.contains_key("if")) {
            (false, true) => "added",
            (true, false) => "removed",
            _ => "changed",
        };
        let members = CONDITION.map(|name| (name.to_owned(), b.get(name).cloned()));
        self.push(Edit {
            rule: format!("if-{verb}"),
            at: old.clone(),
            patch: Patch::Members(members.to_vec()),
            old: a.contains_key("if").then(|| old.down("if")),
            new: b.contains_key("if").then(|| new.down("if")),
            text: format!("a condition was {verb}"),
        });
        true
    }

    /// What says nothing of instances.
    fn words(&mut self, name: &str, at: &Place, to: &Place, x: Option<&Value>, y: Option<&Value>) {
        if x == y {
            return;
        }
        let (rule, text) = match (name, x, y) {
            ("default", Some(x), Some(y)) => {
                ("default-changed".into(), format!("the default {} became {}", short(x), short(y)))
            }
            ("default", Some(x), None) => {
                ("default-removed".into(), format!("the default {} is gone", short(x)))
            }
            ("default", None, Some(y)) => {
                ("default-added".into(), format!("there is a default now: {}", short(y)))
            }
            ("deprecated", _, Some(Value::Bool(true))) => {
                ("deprecated".into(), "it is deprecated now".to_owned())
            }
            _ => ("annotation-changed".into(), format!("{name} changed")),
        };
        self.push(Edit {
            rule,
            at: at.clone(),
            patch: Patch::Words,
            old: x.map(|_| at.clone()),
            new: y.map(|_| to.clone()),
            text,
        });
    }

    fn keyword(
        &mut self,
        name: &str,
        at: Place,
        to: Place,
        x: Option<&'b Value>,
        y: Option<&'b Value>,
    ) {
        match (holds(name), x, y) {
            (Holds::Named, _, _) => self.named(name, &at, &to, x, y),
            (Holds::Schema, Some(_), Some(_)) => self.pair(at, to),
            (Holds::Schemas, Some(Value::Array(x)), Some(Value::Array(y))) => {
                self.lists(name, &at, &to, x, y);
            }
            (_, Some(Value::Array(x)), Some(Value::Array(y)))
                if matches!(name, "required" | "enum") =>
            {
                self.sets(name, &at, &to, x, y);
            }
            (_, None, Some(Value::Array(y))) if name == "required" => {
                self.sets(name, &at, &to, &[], y);
            }
            (_, Some(Value::Array(x)), None) if name == "required" => {
                self.sets(name, &at, &to, x, &[]);
            }
            (_, Some(x), Some(y)) => {
                let verb = verb(name, x, y);
                let text = format!("{name} {} became {}", short(x), short(y));
                let rule = format!("{}-{verb}", kebab(name));
                self.set(&rule, at.clone(), y.clone(), Some(at), Some(to), text);
            }
            (_, None, Some(y)) => {
                let rule = format!("{}-added", kebab(name));
                let text = format!("{name} {} is demanded now", short(y));
                self.set(&rule, at, y.clone(), None, Some(to), text);
            }
            (_, Some(x), None) => {
                let text = format!("{name} {} is demanded no more", short(x));
                let rule = format!("{}-removed", kebab(name));
                self.push(Edit {
                    rule,
                    at: at.clone(),
                    patch: Patch::Remove,
                    old: Some(at),
                    new: None,
                    text,
                });
            }
            (_, None, None) => {}
        }
    }

    /// `properties` and the like.
    fn named(
        &mut self,
        keyword: &str,
        at: &Place,
        to: &Place,
        x: Option<&'b Value>,
        y: Option<&'b Value>,
    ) {
        let of = |value: Option<&'b Value>| value.and_then(Value::as_object);
        let (x, y) = (of(x), of(y));
        let noun = match keyword {
            "properties" => "property",
            "patternProperties" => "pattern-property",
            _ => "dependent-schema",
        };
        let names: BTreeSet<&String> = x.into_iter().chain(y).flat_map(Map::keys).collect();
        for name in names {
            let (at_one, to_one) = (at.down(name), to.down(name));
            match (x.and_then(|x| x.get(name)), y.and_then(|y| y.get(name))) {
                (Some(_), Some(_)) if keyword == "dependentRequired" => {}
                (Some(_), Some(_)) => self.pair(at_one, to_one),
                (Some(_), None) => self.push(Edit {
                    rule: format!("{noun}-removed"),
                    at: at_one.clone(),
                    patch: Patch::Remove,
                    old: Some(at_one),
                    new: None,
                    text: format!("the {noun} {name} is gone"),
                }),
                (None, Some(value)) => {
                    let text = format!("there is a {noun} {name} now");
                    let rule = format!("{noun}-added");
                    if x.is_some() {
                        self.set(&rule, at_one, value.clone(), None, Some(to_one), text);
                    } else {
                        let map = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
                        self.set(&rule, at.clone(), map, None, Some(to_one), text);
                    }
                }
                (None, None) => {}
            }
        }
    }

    fn set(
        &mut self,
        rule: &str,
        at: Place,
        value: Value,
        old: Option<Place>,
        new: Option<Place>,
        text: String,
    ) {
        self.push(Edit { rule: rule.to_owned(), at, patch: Patch::Set(value), old, new, text });
    }

    fn push(&mut self, edit: Edit) {
        if self.edits.len() < MAX_EDITS {
            self.edits.push(edit);
        }
    }
}

fn verb(keyword: &str, x: &Value, y: &Value) -> &'static str {
    use std::cmp::Ordering;
    match (keyword, x, y) {
        ("type", ..) => {
            let ((x, x_whole), (y, y_whole)) = (types(x), types(y));
            // Whether numbers must be integers matters where there are numbers.
            let wide = x.within(y) && (x_whole || !y_whole || !x.has("number"));
            let narrow = y.within(x) && (y_whole || !x_whole || !y.has("number"));
            match (wide, narrow) {
                (true, false) => "widened",
                (false, true) => "narrowed",
                _ => "changed",
            }
        }
        (_, Value::Number(x), Value::Number(y)) => match number::compare(x, y) {
            Some(Ordering::Less) => "raised",
            Some(Ordering::Greater) => "lowered",
            _ => "changed",
        },
        _ => "changed",
    }
}
