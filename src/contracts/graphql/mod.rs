//! GraphQL schemas: what a client may ask for must go on being answered, and in a form that it
//! understands. What comes out may become narrower, what goes in may become wider.
//! Grown from the rules of graphql-js and graphql-inspector; what they call dangerous is RISKY.

mod directives;
mod inputs;
mod types;

use std::collections::BTreeSet;

use apollo_compiler::Schema;
use apollo_compiler::parser::Parser;
use apollo_compiler::schema::{ComponentName, ExtendedType, Type};
use thiserror::Error;

use super::change::{Change, Class, Comparison, Location};

#[cfg(test)]
mod pairs_tests;

/// Bounds: a stranger's text must not cost us our stack or our afternoon.
const TOKENS: usize = 200_000;
const DEPTH: usize = 100;

/// Why a schema cannot be compared.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{name}{place}: {what}")]
pub struct GraphQlError {
    name: String,
    place: String,
    what: String,
}

/// Compares two documents of the schema definition language, each with its name.
///
/// # Errors
/// If one of them does not parse.
pub fn diff(
    (old_name, old): (&str, &str),
    (new_name, new): (&str, &str),
) -> Result<Comparison, GraphQlError> {
    let (a, b) = (read(old_name, old)?, read(new_name, new)?);
    let mut found = Diff { old: &a, new: &b, names: (old_name, new_name), changes: Vec::new() };
    found.roots();
    found.types();
    found.directive_definitions();
    Ok(Comparison::of(found.changes))
}

fn read(name: &str, text: &str) -> Result<Schema, GraphQlError> {
    let mut parser = Parser::new().token_limit(TOKENS).recursion_limit(DEPTH);
    parser.parse_schema(text, name).map_err(|found| {
        let first = found.errors.iter().next();
        let place = first.as_ref().and_then(|one| one.line_column_range());
        let what = first.map(|one| one.error.to_string()).unwrap_or_default();
        GraphQlError {
            name: name.to_owned(),
            place: place
                .map_or_else(String::new, |at| format!(":{}:{}", at.start.line, at.start.column)),
            what: what.lines().next().unwrap_or("is no GraphQL schema").to_owned(),
        }
    })
}

/// Two schemas and what was found.
struct Diff<'s> {
    old: &'s Schema,
    new: &'s Schema,
    names: (&'s str, &'s str),
    changes: Vec<Change>,
}

/// On which side a thing is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Old,
    New,
    Both,
}

const KEEP: &str = "keep it, marked with @deprecated, until nobody asks for it";
const SHOW: &str = "show by tests that clients cope with it, and say so in a review note";

impl Diff<'_> {
    /// Notes a change at a coordinate.
    fn say(&mut self, rule: &str, class: Class, side: In, at: &str, message: String, remedy: &str) {
        let old = (side != In::New).then(|| Location::new(self.names.0, at));
        let new = (side != In::Old).then(|| Location::new(self.names.1, at));
        self.changes.push(Change::new(rule, class, message).at(old, new).mend(remedy));
    }

    fn roots(&mut self) {
        let (a, b) = (&self.old.schema_definition, &self.new.schema_definition);
        // Without a schema definition the parser has made the usual names the roots; with one they are not.
        let rows = [
            ("query", &a.query, &b.query),
            ("mutation", &a.mutation, &b.mutation),
            ("subscription", &a.subscription, &b.subscription),
        ];
        for (root, x, y) in rows {
            let of = |said: &Option<ComponentName>| said.as_ref().map(|said| said.name.to_string());
            match (of(x), of(y)) {
                (Some(x), None) => {
                    let message = format!("the schema has no {root} type any more; it was {x}");
                    self.say("root-type-removed", Class::Breaking, In::Old, &x, message, KEEP);
                }
                (None, Some(y)) => {
                    let message = format!("the schema has a {root} type now: {y}");
                    self.say("root-type-added", Class::Safe, In::New, &y, message, "");
                }
                (Some(x), Some(y)) if x != y => {
                    let message = format!("the {root} type was {x} and is {y}");
                    let remedy = "keep the root type's name: fragments and caches know it";
                    self.say("root-type-changed", Class::Breaking, In::Both, &y, message, remedy);
                }
                _ => {}
            }
        }
    }

    /// Whether every value of `new` is one of `old`, to those who read.
    fn narrower(&self, new: &Type, old: &Type) -> bool {
        match (new, old) {
            (Type::NonNullNamed(x), Type::NonNullNamed(y) | Type::Named(y))
            | (Type::Named(x), Type::Named(y)) => x == y || self.is_kind_of(x, y),
            (Type::NonNullList(x), Type::NonNullList(y) | Type::List(y))
            | (Type::List(x), Type::List(y)) => self.narrower(x, y),
            _ => false,
        }
    }

    /// Whether the new schema says that objects of `one` are objects of `other`.
    fn is_kind_of(&self, one: &str, other: &str) -> bool {
        match (self.new.types.get(one), self.new.types.get(other)) {
            (Some(ExtendedType::Object(object)), Some(ExtendedType::Interface(_))) => {
                object.implements_interfaces.iter().any(|name| name.name == *other)
            }
            (Some(ExtendedType::Interface(interface)), Some(ExtendedType::Interface(_))) => {
                interface.implements_interfaces.iter().any(|name| name.name == *other)
            }
            (Some(ExtendedType::Object(_)), Some(ExtendedType::Union(union))) => {
                union.members.iter().any(|name| name.name == *one)
            }
            _ => false,
        }
    }
}

/// Whether all that could be written as `old` can be written as `new`. A single value is also a list of one.
fn wider(new: &Type, old: &Type) -> bool {
    match (old, new) {
        (Type::NonNullNamed(x), Type::NonNullNamed(y) | Type::Named(y))
        | (Type::Named(x), Type::Named(y)) => x == y,
        (Type::NonNullList(x), Type::NonNullList(y) | Type::List(y))
        | (Type::List(x), Type::List(y)) => wider(y, x),
        _ => false,
    }
}

/// Types that somebody writes: arguments, fields of inputs, and what these are made of.
fn written(schema: &Schema) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, kind) in &schema.types {
        let fields = match kind {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            ExtendedType::InputObject(input) => {
                found.extend(input.fields.values().map(|f| f.ty.inner_named_type().to_string()));
                continue;
            }
            _ => continue,
        };
        let arguments = fields.values().flat_map(|field| &field.arguments);
        found.extend(arguments.map(|argument| argument.ty.inner_named_type().to_string()));
    }
    found
}

/// Types that somebody reads.
fn read_types(schema: &Schema) -> BTreeSet<String> {
    let fields = schema.types.values().filter_map(|kind| match kind {
        ExtendedType::Object(object) => Some(&object.fields),
        ExtendedType::Interface(interface) => Some(&interface.fields),
        _ => None,
    });
    let fields = fields.flat_map(|fields| fields.values());
    fields.map(|field| field.ty.inner_named_type().to_string()).collect()
}
