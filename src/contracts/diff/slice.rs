//! What lies on the way to a difference. Beside that way everything holds in both schemas alike, so that a proof
//! without it is a proof with it, and a counterexample needs but members that fit. Without this each of many
//! differences would be judged at the cost of all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::super::schemas::options;
use super::bundle::Bundle;
use super::edit::Place;
use super::effort::Effort;
use super::samples::Sampler;
use super::universe::{Universe, refers};

/// A way into instances.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Every,
}

/// Members that were left out, of objects at the end of a way.
#[derive(Debug)]
struct Level {
    way: Vec<Step>,
    left_out: Vec<String>,
    /// Those of them that must be there.
    required: Vec<String>,
    /// Where their schemas are in the old document.
    at: String,
}

/// The old document without what is beside a difference.
#[derive(Debug)]
pub(super) struct Slice {
    pub document: Value,
    levels: Vec<Level>,
}

impl Slice {
    /// `None` if what is beside the place may matter, or nothing is.
    pub(super) fn new(old: &Bundle, at: &Place) -> Option<Self> {
        if at.key != old.root {
            return None;
        }
        let mut document = old.defs.get(&old.root)?.clone();
        let (mut levels, mut way) = (Vec::new(), Vec::new());
        let tokens: Vec<&str> = at.pointer.split('/').skip(1).collect();
        let mut rest = tokens.as_slice();
        let mut here = String::new();
        let mut schema = &mut document;
        loop {
            let kept = match rest {
                ["properties", name, ..] => Some(*name),
                _ => None,
            };
            let left_out = leave_out(schema, kept);
            if !left_out.is_empty() {
                let about_required = rest.first() == Some(&"required");
                let required = if about_required { Vec::new() } else { excuse(schema, &left_out) };
                let at = format!("{here}/properties");
                levels.push(Level { way: way.clone(), left_out, required, at });
            }
            // Only through what holds together with all that is beside it.
            let (steps, step) = match rest {
                ["properties", name, _, ..] => (2, Some(Step::Member(plain(name)))),
                ["items" | "additionalProperties", _, ..] => (1, Some(Step::Every)),
                ["prefixItems", _, _, ..] => (2, Some(Step::Every)),
                ["allOf", _, _, ..] => (2, None),
                _ => break,
            };
            let (taken, after) = rest.split_at(steps);
            way.extend(step);
            for token in taken {
                here = format!("{here}/{token}");
            }
            let Some(next) = schema.pointer_mut(&format!("/{}", taken.join("/"))) else { break };
            schema = next;
            rest = after;
        }
        (!levels.is_empty()).then_some(Self { document, levels })
    }
}

fn plain(token: &str) -> String {
    crate::domain::pointer::unescaped(token)
}

/// Lets all through where a member's schema says something of its own, and tells where.
fn leave_out(schema: &mut Value, kept: Option<&str>) -> Vec<String> {
    let kept = kept.map(plain);
    let mut found = Vec::new();
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in members.into_iter().flatten() {
        if kept.as_ref() != Some(name) && member.is_object() && !refers(member) {
            *member = Value::Bool(true);
            found.push(name.clone());
        }
    }
    found
}

/// Demands members no more that are left out, and tells which of them were.
fn excuse(schema: &mut Value, left_out: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| match name.as_str() {
            Some(name) if left_out.iter().any(|known| known == name) => {
                found.push(name.to_owned());
                false
            }
            _ => true,
        });
    }
    found
}

/// A member's schema, ready to judge, and an instance of it.
type Member = (Option<Validator>, Option<Value>);

/// What is known of members that are left out, by where their schemas are.
#[derive(Default)]
pub(super) struct Members {
    known: RefCell<HashMap<String, Rc<Member>>>,
}

impl Members {
    /// Gives the members that were left out values that their schemas accept, or takes them away; `None` if that
    /// cannot be done.
    pub(super) fn fitted(&self, old: &Bundle, slice: &Slice, mut instance: Value) -> Option<Value> {
        let all = |instance: &mut Value| {
            slice.levels.iter().try_for_each(|level| self.fit(old, level, &level.way, instance))
        };
        all(&mut instance)?;
        // A member may be spoken of in two places; what fits one must fit the other.
        let mut again = instance.clone();
        all(&mut again)?;
        (again == instance).then_some(instance)
    }

    fn fit(&self, old: &Bundle, level: &Level, way: &[Step], instance: &mut Value) -> Option<()> {
        match (way, instance) {
            ([], Value::Object(members)) => self.fit_members(old, level, members),
            ([Step::Member(name), rest @ ..], Value::Object(members)) => {
                match members.get_mut(name) {
                    Some(member) => self.fit(old, level, rest, member),
                    None => Some(()),
                }
            }
            ([Step::Every, rest @ ..], Value::Array(items)) => {
                items.iter_mut().try_for_each(|item| self.fit(old, level, rest, item))
            }
            ([Step::Every, rest @ ..], Value::Object(members)) => {
                members.values_mut().try_for_each(|member| self.fit(old, level, rest, member))
            }
            _ => Some(()),
        }
    }

    fn fit_members(
        &self,
        old: &Bundle,
        level: &Level,
        members: &mut Map<String, Value>,
    ) -> Option<()> {
        for name in &level.required {
            if !members.contains_key(name) {
                let sample = self.member(old, &level.at, name)?.1.clone()?;
                members.insert(name.clone(), sample);
            }
        }
        for name in &level.left_out {
            let Some(value) = members.get_mut(name) else { continue };
            let member = self.member(old, &level.at, name)?;
            if member.0.as_ref()?.is_valid(value) {
                continue;
            }
            match &member.1 {
                Some(sample) => *value = sample.clone(),
                None => drop(members.remove(name)),
            }
        }
        Some(())
    }

    fn member(&self, old: &Bundle, at: &str, name: &str) -> Option<Rc<Member>> {
        let key = super::pointer::join(at, name);
        if let Some(known) = self.known.borrow().get(&key) {
            return Some(known.clone());
        }
        let schema = old.defs.get(&old.root)?.pointer(&key)?;
        let universe = Universe::of(
            Map::from_iter([("m".to_owned(), schema.clone())]),
            Effort::default().each(),
        );
        let sample = Sampler::new(&universe).sample(universe.schema("m"), &Value::Bool(true));
        let validator = options().build(schema).ok();
        let fits = |value: &Value| validator.as_ref().is_some_and(|judge| judge.is_valid(value));
        let sample = sample.into_iter().find(fits);
        let made = Rc::new((validator, sample));
        self.known.borrow_mut().insert(key, made.clone());
        Some(made)
    }
}

/// Whether anything refers to a document as a whole, or to what is in it but its definitions.
pub(super) fn is_referred_to(defs: &std::collections::BTreeMap<String, Value>, key: &str) -> bool {
    defs.values().any(|value| leads(value, &format!("#/$defs/{key}")))
}

fn leads(value: &Value, to: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, child)| match child {
            Value::String(reference) if name == "$ref" => {
                reference.strip_prefix(to).is_some_and(|rest| {
                    rest.is_empty()
                        || rest.starts_with('/')
                            && !["/$defs/", "/definitions/"]
                                .iter()
                                .any(|start| rest.starts_with(start))
                })
            }
            _ => leads(child, to),
        }),
        Value::Array(list) => list.iter().any(|child| leads(child, to)),
        _ => false,
    }
}
