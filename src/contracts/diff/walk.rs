//! Where two schemas differ: each difference apart, as an edit of the old one that can be judged by
//! itself.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::declared::NEVER;
use super::flat::types;
use super::keywords::{Holds, holds, is_assertion};
use super::pointer::join;
use super::{number, pointer};

/// More differences than this are not told apart.
pub(super) const MAX_EDITS: usize = 2_000;

/// Values that are copied for telling the differences of one list apart.
const MAX_LISTED: usize = 1_000_000;

const CONDITION: [&str; 3] = ["if", "then", "else"];

/// A place in one of a bundle's documents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub key: String,
    pub pointer: String,
}

impl Place {
    fn down(&self, token: &str) -> Self {
        Self { key: self.key.clone(), pointer: join(&self.pointer, token) }
    }

    fn value<'b>(&self, bundle: &'b Bundle) -> Option<&'b Value> {
        bundle.defs.get(&self.key)?.pointer(&self.pointer)
    }
}

/// A list of which many values differ.
struct Listed<'w> {
    keyword: &'w str,
    noun: &'w str,
    at: &'w Place,
    to: &'w Place,
}

/// What makes the old document differ in one respect.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Patch {
    /// Nothing that an instance would notice.
    Words,
    /// The place gets a value.
    Set(Value),
    /// Members of the place get a value or go.
    Members(Vec<(String, Option<Value>)>),
    /// The place goes.
    Remove,
}

/// One difference.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Edit {
    /// What kind of difference, as `<keyword>-<verb>`.
    pub rule: String,
    /// Where the old document is patched: the keyword or member.
    pub at: Place,
    pub patch: Patch,
    /// Where it is in each.
    pub old: Option<Place>,
    pub new: Option<Place>,
    /// What happened, as a sentence without its end.
    pub text: String,
}

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
        let (old, new) = (Self::settle(self.old, old), Self::settle(self.new, new));
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
            if matches!(name.as_str(), "$ref" | "$defs" | "definitions" | "$comment") {
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

    /// `allOf`, `anyOf`, `oneOf`, `prefixItems`.
    fn lists(&mut self, keyword: &str, at: &Place, to: &Place, x: &'b [Value], y: &'b [Value]) {
        let mut left: Vec<usize> = (0..x.len()).collect();
        let mut right: Vec<usize> = (0..y.len()).collect();
        let index = |place: &Place, number: usize| place.down(&number.to_string());
        if keyword != "prefixItems" {
            // What stands in both is no difference, wherever it stands.
            left.retain(|i| {
                let twin = right
                    .iter()
                    .position(|j| x.get(*i).zip(y.get(*j)).is_some_and(|(x, y)| alike(x, y)));
                twin.map(|twin| right.remove(twin)).is_none()
            });
        }
        let pairs = left.len().min(right.len());
        if (left.len().max(right.len()) - pairs).saturating_mul(x.len() + y.len()) > MAX_LISTED {
            let text = format!("{keyword} has {} forms, not {}", y.len(), x.len());
            let rule = format!("{}-changed", kebab(keyword));
            let (old, new) = (Some(at.clone()), Some(to.clone()));
            self.set(&rule, at.clone(), Value::Array(y.to_vec()), old, new, text);
            return;
        }
        for (i, j) in left.iter().zip(&right).take(pairs) {
            self.pair(index(at, *i), index(to, *j));
        }
        let noun = format!(
            "{}-{}",
            kebab(keyword),
            if keyword == "prefixItems" { "item" } else { "form" }
        );
        for i in left.iter().skip(pairs) {
            let rest: Vec<Value> =
                x.iter().enumerate().filter(|(n, _)| n != i).map(|(_, v)| v.clone()).collect();
            let text =
                format!("one of {keyword} is gone: {}", x.get(*i).map(short).unwrap_or_default());
            let rule = format!("{noun}-removed");
            let old = Some(index(at, *i));
            if rest.is_empty() {
                self.push(Edit {
                    rule,
                    at: at.clone(),
                    patch: Patch::Remove,
                    old,
                    new: None,
                    text,
                });
            } else {
                self.set(&rule, at.clone(), Value::Array(rest), old, None, text);
            }
        }
        for j in right.iter().skip(pairs) {
            let Some(added) = y.get(*j) else { continue };
            let all = x.iter().chain([added]).cloned().collect();
            let text = format!("{keyword} has one more: {}", short(added));
            self.set(&format!("{noun}-added"), at.clone(), all, None, Some(index(to, *j)), text);
        }
    }

    /// `required` and `enum`: whatever their order.
    fn sets(&mut self, keyword: &str, at: &Place, to: &Place, x: &[Value], y: &[Value]) {
        let texts = |list: &[Value]| list.iter().map(Value::to_string).collect::<HashSet<_>>();
        let (xs, ys) = (texts(x), texts(y));
        let gone: Vec<&Value> = x.iter().filter(|one| !ys.contains(&one.to_string())).collect();
        let come: Vec<&Value> = y.iter().filter(|one| !xs.contains(&one.to_string())).collect();
        let noun = if keyword == "enum" { "enum-value" } else { "required" };
        if (gone.len() + come.len()).saturating_mul(x.len() + y.len()) > MAX_LISTED {
            let with = Listed { keyword, noun, at, to };
            if !gone.is_empty() {
                let rest = x.iter().filter(|one| ys.contains(&one.to_string()));
                self.listed(&with, "removed", gone.len(), rest.cloned().collect());
            }
            if !come.is_empty() {
                let all = x.iter().chain(come.iter().copied());
                self.listed(&with, "added", come.len(), all.cloned().collect());
            }
            return;
        }
        for one in gone {
            let rest: Vec<Value> = x.iter().filter(|other| *other != one).cloned().collect();
            let text = match keyword {
                "enum" => format!("the value {} is gone", short(one)),
                _ => format!("the member {} may be missing now", short(one)),
            };
            let rule = format!("{noun}-removed");
            self.set(
                &rule,
                at.clone(),
                Value::Array(rest),
                Some(at.clone()),
                Some(to.clone()),
                text,
            );
        }
        for one in come {
            let all: Vec<Value> = x.iter().chain([one]).cloned().collect();
            let text = match keyword {
                "enum" => format!("there is a value {} now", short(one)),
                _ => format!("the member {} must be there now", short(one)),
            };
            let rule = format!("{noun}-added");
            self.set(
                &rule,
                at.clone(),
                Value::Array(all),
                Some(at.clone()),
                Some(to.clone()),
                text,
            );
        }
    }

    /// Many differences of one list, as one.
    fn listed(&mut self, with: &Listed<'_>, verb: &str, count: usize, list: Vec<Value>) {
        let Listed { keyword, noun, at, to } = with;
        let text = format!("{count} of {keyword} were {verb}");
        let value = Value::Array(list);
        let rule = format!("{noun}-{verb}");
        self.set(&rule, (*at).clone(), value, Some((*at).clone()), Some((*to).clone()), text);
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

/// The place that a reference in a bundle leads to.
fn target(reference: &str) -> Option<Place> {
    let pointer = pointer::unescape_fragment(reference.strip_prefix('#')?);
    let rest = pointer.strip_prefix("/$defs/")?;
    let (key, pointer) = match rest.find('/') {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    Some(Place { key: key.to_owned(), pointer: pointer.to_owned() })
}

/// Whether two forms are the same, whichever bundle their references lead into.
fn alike(x: &Value, y: &Value) -> bool {
    match (x, y) {
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter().all(|(name, x)| {
                    y.get(name).is_some_and(|y| match (name.as_str(), x, y) {
                        ("$ref", Value::String(x), Value::String(y)) => {
                            target(x).map(|place| place.pointer) == target(y).map(|p| p.pointer)
                        }
                        _ => alike(x, y),
                    })
                })
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| alike(x, y))
        }
        _ => x == y,
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
