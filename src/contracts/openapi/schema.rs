//! Schemas of OpenAPI as JSON Schemas of 2020-12, one document with all that it refers to, as one side
//! of an exchange sees them.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::super::change::{Change, Class, Direction, Location};
use super::super::diff::{self, Holds, NEVER, holds, join};
use super::super::schemas::is_known_format;
use super::operations::level;
use super::places::{At, Docs, Spot};
use super::{Diff, MAJOR, SHOW};

const MAX_DEPTH: usize = 150;
/// Pairs of schemas of one document that are compared.
const MAX_COMPARED: usize = 20_000;
/// Schemas that are read, over and over where many use them.
const MAX_READ: usize = 10_000_000;

/// How a schema is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct View {
    /// Who writes: the one who asks, or the one who answers. It decides on `readOnly` and `writeOnly`.
    pub asked: bool,
    /// Whether it is the client that writes.
    pub by_client: bool,
    /// Whether values travel as text: `1` is also a string.
    pub text: bool,
    /// Whether the old values are one each of the list that the new ones are.
    pub listed: bool,
    /// What rules are called after: `request-body`, `response-header`, …
    pub noun: &'static str,
}

/// A schema with all that it refers to under `$defs`.
struct Library {
    schema: Value,
    /// The places of what is under `$defs`, by key.
    spots: BTreeMap<String, Spot>,
    /// How many schemas it holds.
    nodes: usize,
}

struct Reader<'d, 'a> {
    docs: &'d Docs<'a>,
    view: View,
    spots: BTreeMap<String, Spot>,
    queue: VecDeque<(String, At<'a>)>,
    nodes: usize,
}

impl Library {
    fn new(docs: &Docs<'_>, at: &At<'_>, view: View) -> Result<Self, String> {
        let mut reader =
            Reader { docs, view, spots: BTreeMap::new(), queue: VecDeque::new(), nodes: 0 };
        let mut schema = reader.schema(at, 0)?;
        let mut defs = Map::new();
        while let Some((key, at)) = reader.queue.pop_front() {
            defs.insert(key, reader.schema(&at, 0)?);
        }
        if let (false, Value::Object(object)) = (defs.is_empty(), &mut schema) {
            object.insert("$defs".into(), Value::Object(defs));
        }
        Ok(Self { schema, spots: reader.spots, nodes: reader.nodes })
    }

    /// Where a place of the library is in the documents.
    fn location(&self, root: &Spot, pointer: &str) -> Location {
        let inner = pointer.strip_prefix("/$defs/").map(|rest| match rest.find('/') {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        });
        let found = inner.and_then(|(token, rest)| {
            let spot = self.spots.get(&crate::domain::pointer::unescaped(token))?;
            Some(Location::new(spot.document.as_str(), format!("{}{rest}", spot.pointer)))
        });
        found.unwrap_or_else(|| {
            Location::new(root.document.as_str(), format!("{}{pointer}", root.pointer))
        })
    }
}

impl<'a> Reader<'_, 'a> {
    fn schema(&mut self, at: &At<'a>, depth: usize) -> Result<Value, String> {
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(format!("{}: more than {MAX_DEPTH} levels", at.spot.pointer));
        }
        let Some(object) = at.value.as_object() else { return Ok(at.value.clone()) };
        let three_zero = self.docs.is_three_zero(&at.spot.document);
        let mut new = Map::new();
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let target = self.docs.follow(&at.spot.document, reference)?;
            let key = self.docs.key(&target.spot);
            if self.spots.insert(key.clone(), target.spot.clone()).is_none() {
                self.queue.push_back((key.clone(), target));
            }
            let pointer = join("/$defs", &key).replace('%', "%25");
            new.insert("$ref".into(), format!("#{pointer}").into());
            // Before 3.1 whatever stood beside a reference was ignored.
            if three_zero {
                return Ok(Value::Object(new));
            }
        }
        let unwritten = if self.view.asked { "readOnly" } else { "writeOnly" };
        let mut never = Vec::new();
        for (name, child) in object {
            let Some(below) = at.get(name) else { continue };
            let made = match (name.as_str(), holds(name), child) {
                (
                    "$ref" | "$id" | "$schema" | "$anchor" | "$defs" | "definitions" | "nullable",
                    ..,
                ) => continue,
                ("description" | "title" | "example" | "examples" | "externalDocs" | "xml", ..) => {
                    continue;
                }
                ("properties", _, Value::Object(_)) => {
                    let mut all = Map::new();
                    let members = child.as_object().into_iter().flatten();
                    for name in members.map(|(name, _)| name) {
                        let Some(member) = below.get(name) else { continue };
                        let told =
                            self.docs.settle(member.clone())?.is(unwritten) || member.is(unwritten);
                        let made = match told {
                            true => {
                                never.push(name.as_str());
                                json!({ NEVER: true })
                            }
                            false => self.schema(&member, depth + 1)?,
                        };
                        all.insert(name.clone(), made);
                    }
                    Value::Object(all)
                }
                (_, Holds::Schema | Holds::Schemas, Value::Array(_)) => {
                    let items = below.items();
                    Value::Array(
                        items
                            .iter()
                            .map(|one| self.schema(one, depth + 1))
                            .collect::<Result<_, _>>()?,
                    )
                }
                (_, Holds::Schema, _) => self.schema(&below, depth + 1)?,
                (_, Holds::Named, Value::Object(map)) => {
                    let mut all = Map::new();
                    for name in map.keys() {
                        let Some(one) = below.get(name) else { continue };
                        all.insert(name.clone(), self.schema(&one, depth + 1)?);
                    }
                    Value::Object(all)
                }
                _ => child.clone(),
            };
            new.insert(name.clone(), made);
        }
        // Who never writes a member need not.
        if let Some(Value::Array(required)) = new.get_mut("required") {
            required.retain(|name| !name.as_str().is_some_and(|name| never.contains(&name)));
        }
        bounds(&mut new);
        if self.view.text {
            texts(&mut new);
        }
        if three_zero && object.get("nullable") == Some(&Value::Bool(true)) {
            return Ok(nullable(new));
        }
        Ok(Value::Object(new))
    }
}

/// What `nullable: true` says; without a type beside it the standard lets it say nothing, but nobody means that.
fn nullable(mut schema: Map<String, Value>) -> Value {
    let asserts = schema.keys().any(|name| diff::is_assertion(name));
    match schema.get_mut("type") {
        Some(kind) => {
            *kind = json!([kind.take(), "null"]);
            Value::Object(schema)
        }
        None if asserts => json!({ "anyOf": [schema, { "type": "null" }] }),
        None => Value::Object(schema),
    }
}

/// What is a string when it is written.
const TEXT: [&str; 3] = ["string", "number", "boolean"];

/// Whatever is written as text is a string, if nothing more is asked of it.
fn texts(schema: &mut Map<String, Value>) {
    let asked = ["pattern", "format", "enum", "const", "minLength", "maxLength"];
    if schema.get("type") == Some(&json!("string"))
        && !asked.iter().any(|name| schema.contains_key(*name))
    {
        schema.insert("type".into(), json!(TEXT));
    }
}

/// What `format: int32` says of integers.
pub(in super::super) fn bounds(schema: &mut Map<String, Value>) {
    let integer = schema.get("type").is_some_and(|kind| {
        kind == "integer" || kind.as_array().is_some_and(|all| all.contains(&json!("integer")))
    });
    if !integer || schema.get("format") != Some(&json!("int32")) {
        return;
    }
    for (keyword, exclusive, bound) in
        [("minimum", "exclusiveMinimum", i32::MIN), ("maximum", "exclusiveMaximum", i32::MAX)]
    {
        if !schema.contains_key(exclusive) {
            schema.entry(keyword).or_insert(Value::from(bound));
        }
    }
}

impl<'a> Diff<'a> {
    /// Compares two schemas, `whose` (an operation) they are. A schema that is not there lets all through.
    pub(super) fn schemas(&mut self, old: &At<'a>, new: &At<'a>, view: View, whose: &str) {
        let (Ok(a), Ok(b)) = (self.old.settle(old.clone()), self.new.settle(new.clone())) else {
            let why = "a reference leads nowhere";
            self.found.unreadable(Some(old.location()), Some(new.location()), why);
            return;
        };
        let key = (a.spot, b.spot, view);
        if let Some(known) = self.found.compared.get(&key).cloned() {
            known.into_iter().for_each(|index| self.found.also(index, whose));
            return;
        }
        if self.found.compared.len() >= MAX_COMPARED || self.found.read.get() > MAX_READ {
            let why = "there is too much to compare in this document".to_owned();
            self.found.unreadable(Some(old.location()), Some(new.location()), &why);
            return;
        }
        let changes = match self.compared(old, new, view) {
            Ok(changes) => changes,
            Err(why) => {
                self.found.unreadable(Some(old.location()), Some(new.location()), &why);
                return;
            }
        };
        let indexes = changes.into_iter().map(|change| self.found.push(change, whose)).collect();
        self.found.compared.insert(key, indexes);
    }

    fn compared(&self, old: &At<'a>, new: &At<'a>, view: View) -> Result<Vec<Change>, String> {
        let (mut a, b) = (Library::new(self.old, old, view)?, Library::new(self.new, new, view)?);
        if view.listed {
            a.schema = one_of(a.schema);
        }
        let of = |pointer: &str| match view.listed {
            true => pointer.strip_prefix("/items").unwrap_or_default().to_owned(),
            false => pointer.to_owned(),
        };
        self.found.read.set(self.found.read.get() + a.nodes + b.nodes);
        if a.schema == b.schema {
            return Ok(Vec::new());
        }
        let direction = if view.by_client { Direction::Consumer } else { Direction::Producer };
        let judged = self.found.judged.borrow_mut().entry(view).or_default().clone();
        let compared = diff::compare_written(&a.schema, &b.schema, direction, &judged);
        let changes = compared.map_err(|error| error.to_string())?.changes;
        // Members that moved into a composition are not gone.
        let composed: Vec<String> = changes
            .iter()
            .filter(|change| change.rule.ends_with("-of-added"))
            .filter_map(|change| Some(change.new.as_ref()?.pointer.rsplit_once('/')?.0.to_owned()))
            .collect();
        let moved = |change: &Change| {
            let of = change.old.as_ref().and_then(|at| at.pointer.rsplit_once("/properties/"));
            change.rule == "property-removed"
                && of.is_some_and(|(of, _)| composed.iter().any(|one| one == of))
        };
        let made = changes.into_iter().filter_map(|change| {
            if change.class == Class::Safe && (moved(&change) || view.listed && count(&change)) {
                return None;
            }
            let values = (
                change.old.as_ref().and_then(|at| a.schema.pointer(&at.pointer)),
                change.new.as_ref().and_then(|at| b.schema.pointer(&at.pointer)),
            );
            let change = spoken(change, values, view)?;
            Some(Change {
                rule: format!("{}-{}", view.noun, change.rule),
                old: change.old.map(|at| a.location(&old.spot, &of(&at.pointer))),
                new: change.new.map(|at| b.location(&new.spot, &at.pointer)),
                ..change
            })
        });
        Ok(made.collect())
    }
}

/// Lists of one value that a schema accepts.
fn one_of(mut schema: Value) -> Value {
    let defs = schema.as_object_mut().and_then(|object| object.remove("$defs"));
    let mut list = json!({ "type": "array", "minItems": 1, "maxItems": 1, "items": schema });
    if let Some(defs) = defs {
        list["$defs"] = defs;
    }
    list
}

/// Whether all it says is that there may be more than the one.
fn count(change: &Change) -> bool {
    let at = change.old.as_ref().map(|at| at.pointer.as_str());
    matches!(at, Some("/minItems" | "/maxItems"))
}

/// Whether one type is whatever travels as text, and the other one a string.
fn is_text(one: Option<&Value>, other: Option<&Value>) -> bool {
    one == Some(&json!(TEXT)) && other == Some(&json!("string"))
}

/// What another format asks of who reads it, where no validator looks at it: `byte` is base64 to them, and
/// a `double` does not fit into a `float`.
fn read_anew(old: Option<&Value>, new: Option<&Value>, view: View) -> Class {
    let (written, read) = if view.by_client { (old, new) } else { (new, old) };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let (written, read) = (text(written), text(read));
    let fits = match (written.as_str(), read.as_str()) {
        // A password is only not to be shown.
        (_, "" | "password") | ("int32", "int64") | ("float", "double") => true,
        (_, read) => is_known_format(read),
    };
    if fits { Class::Safe } else { Class::Risky }
}

/// The change as OpenAPI means it; `None` if it means nothing.
fn spoken(
    mut change: Change,
    (old, new): (Option<&Value>, Option<&Value>),
    view: View,
) -> Option<Change> {
    let keyword = change.old.iter().chain(&change.new).find_map(|at| at.pointer.rsplit('/').next());
    let keyword = keyword.unwrap_or_default().to_owned();
    if view.text {
        change.message = change.message.replace(&json!(TEXT).to_string(), "\"string\"");
    }
    let class = change.class;
    let (rule, class) = match (change.rule.as_str(), keyword.as_str()) {
        // What travels as text is a string already.
        ("type-narrowed" | "type-widened", _)
            if view.text && (is_text(old, new) || is_text(new, old)) =>
        {
            return None;
        }
        ("schema-replaced", _) if !view.by_client && new == Some(&Value::Bool(false)) => {
            ("schema-became-false", Class::Breaking)
        }
        ("any-of-form-removed", _) if view.by_client => {
            ("any-of-form-removed", class.max(Class::Risky))
        }
        ("one-of-form-removed", _) if view.by_client => {
            ("one-of-form-removed", class.max(Class::Risky))
        }
        ("schema-replaced", _) if old == Some(&Value::Bool(true)) => ("schema-added", class),
        ("schema-replaced", _) if new == Some(&Value::Bool(true)) => ("schema-removed", class),
        ("property-removed", _) if view.by_client && class == Class::Safe => {
            change.message += "; what is sent of it is taken no notice of";
            ("property-removed", Class::Risky)
        }
        // Who counted on it finds it no more.
        ("property-removed", _) if class == Class::Safe => ("property-removed", Class::Risky),
        ("format-added", _) => ("format-added", class.max(read_anew(old, new, view))),
        ("format-changed", _) => ("format-changed", class.max(read_anew(old, new, view))),
        ("format-removed", _) => ("format-removed", class.max(read_anew(old, new, view))),
        ("writing-ceased", _) => {
            let least = if view.by_client { Class::Risky } else { Class::Safe };
            let rule = match view.asked {
                true => "property-became-read-only",
                false => "property-became-write-only",
            };
            (rule, class.max(least))
        }
        ("writing-began", _) if view.asked => ("property-became-not-read-only", class),
        ("writing-began", _) => ("property-became-not-write-only", class),
        ("default-added", _) if !view.by_client => ("default-added", Class::Safe),
        ("default-changed", _) if !view.by_client => ("default-changed", Class::Safe),
        ("default-removed", _) if !view.by_client => ("default-removed", Class::Safe),
        ("annotation-changed", "contentEncoding") => ("content-encoding-changed", Class::Breaking),
        ("annotation-changed", "contentMediaType") => {
            ("content-media-type-changed", Class::Breaking)
        }
        ("annotation-changed", "contentSchema") => {
            let class = match (old, new) {
                (None, Some(_)) if !view.by_client => Class::Safe,
                (Some(_), None) if view.by_client => Class::Safe,
                (Some(_), Some(_)) => Class::Risky,
                _ => Class::Breaking,
            };
            ("content-schema-changed", class)
        }
        ("annotation-changed", "x-extensible-enum") => {
            let list = |value: Option<&Value>| {
                value.and_then(Value::as_array).cloned().unwrap_or_default()
            };
            let new = list(new);
            let gone = list(old).iter().any(|value| !new.contains(value));
            let class = if gone && view.by_client { Class::Breaking } else { Class::Safe };
            ("x-extensible-enum-changed", class)
        }
        ("annotation-changed", "x-sunset") => {
            // Days as they are written sort as they pass.
            let day = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            match (day(old), day(new)) {
                (Some(x), Some(y)) if y < x => ("sunset-moved-earlier", Class::Breaking),
                (Some(_), None) => ("sunset-deleted", Class::Risky),
                _ => ("sunset-changed", Class::Safe),
            }
        }
        ("annotation-changed", "x-stability-level") => {
            let level = |value: Option<&Value>| {
                level(value.map(|value| value.as_str().unwrap_or_default()))
            };
            match (level(old), level(new)) {
                (Some(x), Some(y)) if y < x => ("stability-decreased", Class::Breaking),
                (Some(_), Some(_)) => ("stability-increased", Class::Safe),
                _ => ("stability-unreadable", Class::Risky),
            }
        }
        ("annotation-changed", "discriminator") => ("discriminator-changed", Class::Risky),
        ("annotation-changed", "readOnly" | "writeOnly" | NEVER) => return None,
        (rule, _) => (rule, class),
    };
    let (rule, remedy) = (rule.to_owned(), if class == Class::Breaking { MAJOR } else { SHOW });
    Some(Change { rule, class, ..change }.mend(remedy))
}
