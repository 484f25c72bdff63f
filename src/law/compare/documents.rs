//! One contract against what it was, by its kind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::set::{Contract, Kind, Set};
use super::references::{documents, named, parts};
use crate::contracts::openapi::Side;
use crate::contracts::{
    Change, Class, Comparison, Direction, Location, crd, diff, graphql, openapi,
};

/// The documents of both sets.
pub(super) struct Documents<'s> {
    old: (&'s Set, BTreeMap<String, Value>),
    new: (&'s Set, BTreeMap<String, Value>),
    /// Parts of APIs, by path.
    parts: (BTreeSet<String>, BTreeSet<String>),
}

impl<'s> Documents<'s> {
    pub(super) fn new(old: &'s Set, new: &'s Set) -> Self {
        let (was, is) = (documents(old), documents(new));
        let parts = (parts(&was), parts(&is));
        Self { old: (old, was), new: (new, is), parts }
    }

    /// Whether a contract that is gone was a part of an API: what it said is judged where that said it.
    pub(super) fn was_part(&self, a: &Contract) -> bool {
        a.kind == Kind::OpenApi && self.parts.0.contains(&a.path)
    }

    /// What changed, or why that cannot be told.
    pub(super) fn compare(&self, a: &Contract, b: &Contract) -> Result<Comparison, String> {
        let (old, new) = (&self.old.0.tree, &self.new.0.tree);
        let told = |contract: &Contract, why: String| format!("{} {why}", contract.path);
        match a.kind {
            Kind::Schema | Kind::OpenApi => {
                let read = |side: &'_ (&Set, BTreeMap<String, Value>), one: &Contract| {
                    side.0.tree.document(&one.path).map_err(|why| told(one, why))
                };
                let (x, y) = (read(&self.old, a)?, read(&self.new, b)?);
                let (olds, news) = (named(&self.old.1), named(&self.new.1));
                if self.was_part(a) && self.parts.1.contains(&b.path) {
                    return Ok(Comparison::of(Vec::new()));
                }
                if a.kind == Kind::OpenApi {
                    return openapi::diff(
                        Side { name: &a.path, value: &x, others: &olds },
                        Side { name: &b.path, value: &y, others: &news },
                    );
                }
                let comparison = diff::compare((&x, &olds), (&y, &news), self.direction(a, b));
                let comparison = comparison.map_err(|why| told(b, why.to_string()))?;
                Ok(identified(comparison, (a, &x), (b, &y)))
            }
            Kind::GraphQl => {
                let text = |tree: &'s super::super::Tree, one: &Contract| {
                    let bytes = tree.get(&one.path).unwrap_or_default();
                    std::str::from_utf8(bytes).map_err(|_| told(one, "is not UTF-8".into()))
                };
                let (x, y) = (text(old, a)?, text(new, b)?);
                graphql::diff((&a.path, x), (&b.path, y)).map_err(|error| error.to_string())
            }
            Kind::Crd => {
                let read = |tree: &super::super::Tree, one: &Contract| {
                    tree.documents(&one.path).map_err(|why| told(one, why))
                };
                crd::diff((&a.path, &read(old, a)?), (&b.path, &read(new, b)?))
            }
            Kind::Policy | Kind::Functions => Err(told(b, "is no document".into())),
        }
    }

    /// Whom either side guards: nobody is struck off in passing.
    fn direction(&self, a: &Contract, b: &Contract) -> Direction {
        let of = |set: &Set, contract: &Contract| {
            let mut modules = set.units.iter().map(|unit| &unit.module);
            let module = modules.find(|module| module.name == contract.module);
            module.map(|module| module.direction).unwrap_or_default()
        };
        let (was, is) = (of(self.old.0, a), of(self.new.0, b));
        if was == is { was } else { Direction::Both }
    }
}

/// With places named by paths, and the change of its identifier, if there is one.
fn identified(
    comparison: Comparison,
    (a, x): (&Contract, &Value),
    (b, y): (&Contract, &Value),
) -> Comparison {
    let id = |value: &Value| value.get("$id").and_then(Value::as_str).map(str::to_owned);
    let own = |place: &mut Option<Location>, contract: &Contract, id: &Option<String>| {
        // What has no identifier is called by the engine as it likes.
        if let Some(place) = place
            && (id.as_ref().is_none_or(|id| id.trim_end_matches('#') == place.document))
            && (id.is_some() || place.document.starts_with("https://schema.invalid/schema.json"))
        {
            place.document.clone_from(&contract.path);
        }
    };
    let (was, is) = (id(x), id(y));
    let mut changes = comparison.changes;
    for change in &mut changes {
        own(&mut change.old, a, &was);
        own(&mut change.new, b, &is);
    }
    if let Some(id) = was.filter(|id| is.as_ref() != Some(id)) {
        let now = is.map_or_else(|| "nothing".to_owned(), |is| format!("{is:?}"));
        let place = |one: &Contract| Some(Location::new(one.path.as_str(), "/$id"));
        changes.push(
            Change::new(
                "id-changed",
                Class::Breaking,
                format!("it was called {id:?} and is called {now}"),
            )
            .at(place(a), place(b))
            .mend("keep the $id: whoever refers to it by that name finds nothing"),
        );
    }
    Comparison::of(changes)
}
