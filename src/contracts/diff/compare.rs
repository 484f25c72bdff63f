//! The comparison of two schemas: each difference judged apart by proof and by counterexample, then
//! both schemas as a whole.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::super::change::{Change, Class, Comparison, Direction, Location, Witness};
use super::bundle::{Bundle, BundleError};
use super::declared::{closed, written, written_key};
use super::definitions;
use super::draft::draft;
use super::edit::{Edit, Patch, Place, moved, patch, twin};
use super::effort::Effort;
use super::slice::{self, Slice, is_referred_to};
use super::spelling::same;
use super::universe::{Universe, refers};
use super::verdict::{Claim, Verdict, verdict};
use super::walk::{MAX_EDITS, Walk};

/// Schemas by what others call them: a URI, or a file name.
pub type Named<'a> = BTreeMap<String, &'a Value>;

/// What those who write put into objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Members {
    /// Whatever the schema lets through.
    Any,
    /// Only what the schema names, unless it says what other members are.
    Declared,
}

/// What single differences in definitions came to, for whoever compares many schemas of one pair of documents:
/// what they share is judged once.
#[derive(Default, Debug)]
pub struct Judged(RefCell<HashMap<Shared, (Class, Option<Witness>)>>);

/// What happened, and the places of a shared difference.
type Shared = (String, Option<String>, Option<String>);

impl Judged {
    /// A difference that other schemas may share.
    fn shared(edit: &Edit) -> Option<Shared> {
        let pointer = |place: &Option<Place>| place.as_ref().map(|place| place.pointer.clone());
        let in_definition = edit.at.pointer.starts_with("/$defs/");
        in_definition.then(|| (edit.text.clone(), pointer(&edit.old), pointer(&edit.new)))
    }
}

/// Values of documents that are copied for the sake of single differences; after that they are judged
/// only together.
const MAX_COPIED: usize = 8_000_000;

/// Compares two schemas. `others` are what they may refer to, each on its side.
///
/// # Errors
/// If one of them refers to what is not known, or cannot be compared at all.
pub fn compare(
    old: (&Value, &Named<'_>),
    new: (&Value, &Named<'_>),
    direction: Direction,
) -> Result<Comparison, BundleError> {
    let mut found = compare_in(old, new, direction, Members::Any, true)?.changes;
    found.extend(definitions::changes(old, new, direction));
    Ok(Comparison::of(found))
}

/// Compares two schemas that have all that they refer to under `$defs`, where writers put only declared members
/// into objects. `judged` is for schemas of the same two documents, and of the same direction.
///
/// # Errors
/// As [`compare`].
pub fn compare_written(
    old: &Value,
    new: &Value,
    direction: Direction,
    judged: &Judged,
) -> Result<Comparison, BundleError> {
    let none = Named::new();
    let how = (Members::Declared, false);
    compare_by((old, &none), (new, &none), direction, how, Effort::default(), judged)
}

/// Compares two schemas within what is left of an effort.
pub(super) fn compare_within(
    effort: Effort,
    old: (&Value, &Named<'_>),
    new: (&Value, &Named<'_>),
    direction: Direction,
) -> Result<Comparison, BundleError> {
    compare_by(old, new, direction, (Members::Any, true), effort, &Judged::default())
}

/// Compares two schemas; `slices` lets differences be judged without what is beside them.
pub(super) fn compare_in(
    old: (&Value, &Named<'_>),
    new: (&Value, &Named<'_>),
    direction: Direction,
    members: Members,
    slices: bool,
) -> Result<Comparison, BundleError> {
    let effort = Effort::default();
    compare_by(old, new, direction, (members, slices), effort, &Judged::default())
}

fn compare_by(
    (old, old_others): (&Value, &Named<'_>),
    (new, new_others): (&Value, &Named<'_>),
    direction: Direction,
    (members, slices): (Members, bool),
    effort: Effort,
    judged: &Judged,
) -> Result<Comparison, BundleError> {
    let dialects = dialects(old, new);
    let (old, new) = (Bundle::new("o", old, old_others)?, Bundle::new("n", new, new_others)?);
    let edits = Walk::between(&old, &new);
    let noted = |mut changes: Vec<Change>| {
        changes.extend(dialects.clone().map(|change| {
            change.at(Some(location(&old, &root(&old))), Some(location(&new, &root(&new))))
        }));
        Comparison::of(changes)
    };
    if edits.is_empty() && same(&old, &new) {
        return Ok(noted(Vec::new()));
    }
    let mut compared = Compared {
        old: &old,
        new: &new,
        direction,
        members,
        // What others refer to is not only where it stands.
        sliced: slices && !is_referred_to(&old.defs, &old.root),
        beside: slice::Members::default(),
        effort,
        judged,
        real: Real::default(),
    };
    let both: Map<String, Value> =
        old.defs.iter().chain(&new.defs).map(|(k, v)| (k.clone(), v.clone())).collect();
    let whole = compared.universe(both, &[&old.root, &new.root], compared.effort.clone());
    compared.real =
        Real { reads: whole.judge(&new.root), writes: whole.judge(&compared.writing(&new.root)) };
    let whole = compared.judge(&whole, &new.root, None, false);
    let proven = whole.iter().all(|verdict| matches!(verdict, Verdict::Proven));
    let cut_off = edits.len() >= MAX_EDITS;
    let mut left = if proven { 0 } else { MAX_COPIED };
    let mut changes: Vec<Change> =
        edits.into_iter().map(|edit| compared.change(edit, proven, &mut left)).collect();
    let worst = |changes: &[Change]| changes.iter().map(|change| change.class).max();
    if !proven {
        let witness = whole.into_iter().find_map(|verdict| match verdict {
            Verdict::Refuted(witness) => Some(*witness),
            _ => None,
        });
        let class = if witness.is_some() { Class::Breaking } else { Class::Risky };
        // Changes that are harmless one by one may not be so together.
        if worst(&changes) < Some(class) || cut_off {
            changes.push(Change {
                witness,
                ..Change::new(
                    "combined",
                    class,
                    "the changes together are not proven to be compatible",
                )
                .at(Some(location(&old, &root(&old))), Some(location(&new, &root(&new))))
                .mend(remedy(class, direction))
            });
        }
    }
    Ok(noted(changes))
}

/// Another dialect. What it means is compared; but of some keywords those who keep to it think differently.
fn dialects(old: &Value, new: &Value) -> Option<Change> {
    if draft(old) == draft(new) {
        return None;
    }
    let doubtful = ["dependencies", "format"].into_iter().find(|name| mentions(new, name));
    Some(match doubtful {
        Some(name) => Change::new(
            "dialect-changed",
            Class::Risky,
            format!("$schema names another draft: not everybody judges {name} alike in both"),
        )
        .mend(remedy(Class::Risky, Direction::Both)),
        None => Change::new("dialect-changed", Class::Safe, "$schema names another draft"),
    })
}

fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(map) => map.contains_key(name) || map.values().any(|v| mentions(v, name)),
        Value::Array(list) => list.iter().any(|one| mentions(one, name)),
        _ => false,
    }
}

fn root(bundle: &Bundle) -> Place {
    Place { key: bundle.root.clone(), pointer: String::new() }
}

fn location(bundle: &Bundle, place: &Place) -> Location {
    let (document, part) = bundle.names.get(&place.key).cloned().unwrap_or_default();
    Location { document, pointer: part + &place.pointer }
}

/// Two schemas that are compared.
struct Compared<'b> {
    old: &'b Bundle,
    new: &'b Bundle,
    direction: Direction,
    members: Members,
    sliced: bool,
    beside: slice::Members,
    effort: Effort,
    judged: &'b Judged,
    /// What the new schema really reads and writes.
    real: Real,
}

/// The new schema as it judges instances, for those who read and for those who write by it.
#[derive(Default)]
struct Real {
    reads: Option<Validator>,
    writes: Option<Validator>,
}

impl Compared<'_> {
    fn change(&self, edit: Edit, proven: bool, left: &mut usize) -> Change {
        let (judged, witness) = match &edit.patch {
            Patch::Words => (Class::Safe, None),
            _ if proven => (Class::Safe, None),
            _ => self.judged(&edit, left),
        };
        let class = match edit.rule.as_str() {
            // Whoever fills in defaults behaves otherwise now, and no instance shows it.
            "default-changed" | "default-removed" | "default-added" => Class::Risky,
            // What a text holds is read by others than whoever judges schemas.
            _ if ["contentEncoding", "contentMediaType", "contentSchema"]
                .iter()
                .any(|name| edit.at.pointer.rsplit('/').next() == Some(*name))
                && matches!(edit.patch, Patch::Words) =>
            {
                Class::Risky
            }
            _ => judged,
        };
        Change {
            rule: edit.rule,
            class,
            old: edit.old.as_ref().map(|place| location(self.old, place)),
            new: edit.new.as_ref().map(|place| location(self.new, place)),
            message: edit.text,
            remedy: if class == Class::Safe {
                String::new()
            } else {
                remedy(class, self.direction)
            },
            witness,
        }
    }

    /// What one difference alone comes to.
    fn judged(&self, edit: &Edit, left: &mut usize) -> (Class, Option<Witness>) {
        let shared = Judged::shared(edit);
        let known = shared.as_ref().and_then(|shared| self.judged.0.borrow().get(shared).cloned());
        if let Some(known) = known {
            return known;
        }
        let (mut class, mut witness) = (Class::Safe, None);
        for verdict in self.alone(edit, left) {
            match verdict {
                Verdict::Proven => {}
                Verdict::Open => class = class.max(Class::Risky),
                Verdict::Refuted(found) => {
                    class = Class::Breaking;
                    witness = witness.or(Some(*found));
                }
            }
        }
        if let Some(shared) = shared {
            self.judged.0.borrow_mut().insert(shared, (class, witness.clone()));
        }
        (class, witness)
    }

    /// The verdicts on the old schema with one difference.
    fn alone(&self, edit: &Edit, left: &mut usize) -> Vec<Verdict> {
        if !self.effort.each().spend(1) {
            return vec![Verdict::Open];
        }
        // What is added may refer to other new documents.
        let with_new = match &edit.patch {
            Patch::Set(value) => refers(value),
            Patch::Members(members) => members.iter().any(|(_, v)| v.as_ref().is_some_and(refers)),
            Patch::Remove | Patch::Words => false,
        };
        let slice = if self.sliced { Slice::new(self.old, &edit.at) } else { None };
        if let Some(slice) = slice {
            let all = self.patched(edit, Some(&slice.document), with_new);
            let twin = twin(&self.old.root);
            let all = self.universe(all, &[&self.old.root, &twin], self.effort.each());
            let verdicts = self.judge(&all, &twin, Some(&slice), false);
            if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Open)) {
                return verdicts;
            }
        }
        let size = self.old.nodes * 2 + self.new.nodes;
        match left.checked_sub(size) {
            Some(rest) => *left = rest,
            None => return vec![Verdict::Open],
        }
        let twin = twin(&self.old.root);
        let roots = [&self.old.root, &twin, &self.new.root].map(String::as_str);
        let all = self.universe(self.patched(edit, None, true), &roots, self.effort.each());
        self.judge(&all, &twin, None, true)
    }

    /// The old documents, and once more with one difference; the root may stand for another.
    fn patched(&self, edit: &Edit, root: Option<&Value>, with_new: bool) -> Map<String, Value> {
        let mut all = Map::new();
        for (key, value) in &self.old.defs {
            let value = root.filter(|_| *key == self.old.root).unwrap_or(value);
            all.insert(twin(key), moved(value, 'o', 'p'));
            all.insert(key.clone(), value.clone());
        }
        if let Some(document) = all.get_mut(&twin(&edit.at.key)) {
            patch(document, edit);
        }
        if with_new {
            all.extend(self.new.defs.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        all
    }

    /// The key of what is written by a document.
    fn writing(&self, key: &str) -> String {
        match self.members {
            Members::Any => key.to_owned(),
            Members::Declared => written_key(key),
        }
    }

    fn universe(&self, mut all: Map<String, Value>, roots: &[&str], effort: Effort) -> Universe {
        if self.members == Members::Declared {
            let closed = closed(&all);
            all.extend(closed);
            for key in roots {
                all.insert(written_key(key), written(key));
            }
        }
        Universe::of(all, effort)
    }

    /// Holds the old root against another one of the same documents. If the new schema is among them, what it
    /// says as well is tried.
    fn judge(
        &self,
        universe: &Universe,
        new: &str,
        slice: Option<&Slice>,
        with_new: bool,
    ) -> Vec<Verdict> {
        let old = self.old.root.as_str();
        let fitted = |instance: Value| match slice {
            Some(slice) => self.beside.fitted(self.old, slice, instance),
            None => Some(instance),
        };
        let mut verdicts = Vec::new();
        if self.direction != Direction::Producer {
            let claim = Claim {
                sub: &self.writing(old),
                sup: new,
                real: with_new.then(|| self.new.root.clone()),
                accepted_by_old: true,
            };
            let really = |instance: &Value| {
                self.real.reads.as_ref().is_some_and(|new| !new.is_valid(instance))
            };
            verdicts.push(verdict(universe, &claim, fitted, really));
        }
        if self.direction != Direction::Consumer {
            let claim = Claim {
                sub: &self.writing(new),
                sup: old,
                real: with_new.then(|| self.writing(&self.new.root)),
                accepted_by_old: false,
            };
            let really = |instance: &Value| {
                self.real.writes.as_ref().is_some_and(|new| new.is_valid(instance))
            };
            verdicts.push(verdict(universe, &claim, fitted, really));
        }
        verdicts
    }
}

pub(super) fn remedy(class: Class, direction: Direction) -> String {
    match (class, direction) {
        (Class::Breaking, Direction::Consumer) => {
            "go on accepting what was accepted, or publish it as a new major version"
        }
        (Class::Breaking, Direction::Producer) => {
            "write nothing that old readers refuse, or publish it as a new major version"
        }
        (Class::Breaking, Direction::Both) => "publish it as a new major version",
        _ => "show by tests that nobody depends on it, and say so in a review note",
    }
    .to_owned()
}
