//! Arguments and fields of inputs: what goes in.

use std::collections::BTreeMap;

use apollo_compiler::ast::Value;
use apollo_compiler::schema::{Directive, InputObjectType, InputValueDefinition, Type};
use apollo_compiler::{Name, Node};

use super::super::change::Class;
use super::{DEPTH, Diff, In, SHOW, wider};

const OPTIONAL: &str = "make it nullable, or give it a default";

type Fields = [(Name, Node<Value>)];

/// What is taken for a `Float`.
fn number(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Int(number) => number.as_str(),
        Value::Float(number) => number.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Diff<'_> {
    /// `noun` is what rules call it; `gone` is the class of one that goes.
    pub(super) fn arguments(
        &mut self,
        of: &str,
        noun: &str,
        a: &[Node<InputValueDefinition>],
        b: &[Node<InputValueDefinition>],
        gone: Class,
    ) {
        let find = |all: &[Node<InputValueDefinition>], name: &str| {
            all.iter().find(|one| one.name == *name).cloned()
        };
        for x in a {
            let at = format!("{of}({}:)", x.name);
            match find(b, &x.name) {
                Some(y) => self.value(noun, &at, x, &y),
                None => {
                    let remedy = "go on taking it, marked with @deprecated, until nobody gives it";
                    self.say(
                        &format!("{noun}-removed"),
                        gone,
                        In::Old,
                        &at,
                        format!("the {noun} {at} is gone"),
                        remedy,
                    );
                }
            }
        }
        for y in b.iter().filter(|y| find(a, &y.name).is_none()) {
            self.come(noun, &format!("{of}({}:)", y.name), y);
        }
    }

    pub(super) fn input(&mut self, name: &str, a: &InputObjectType, b: &InputObjectType) {
        for (field, x) in &a.fields {
            let at = format!("{name}.{field}");
            match b.fields.get(field) {
                Some(y) => self.value("input-field", &at, x, y),
                None => {
                    let remedy = "go on taking it, marked with @deprecated, until nobody gives it";
                    let message = format!("the input field {at} is gone");
                    self.say("input-field-removed", Class::Breaking, In::Old, &at, message, remedy);
                }
            }
        }
        for (field, y) in b.fields.iter().filter(|(field, _)| !a.fields.contains_key(*field)) {
            self.come("input-field", &format!("{name}.{field}"), y);
        }
    }

    /// One that is new.
    fn come(&mut self, noun: &str, at: &str, y: &InputValueDefinition) {
        match y.is_required() {
            true => {
                let message = format!("{at} must be given now: {}", y.ty);
                self.say(
                    &format!("required-{noun}-added"),
                    Class::Breaking,
                    In::New,
                    at,
                    message,
                    OPTIONAL,
                );
            }
            false => {
                let message = format!(
                    "{at} may be given now: {}; whoever does not give it may be answered otherwise",
                    y.ty
                );
                self.say(
                    &format!("optional-{noun}-added"),
                    Class::Risky,
                    In::New,
                    at,
                    message,
                    SHOW,
                );
            }
        }
    }

    /// Whether both values are taken for the same by whoever takes that type: one value for a list of it,
    /// `1` for `1.0`, fields in any order.
    fn alike(&self, ty: &Type, a: &Value, b: &Value, depth: usize) -> bool {
        if a == b || depth > DEPTH {
            return a == b;
        }
        match ty {
            Type::List(of) | Type::NonNullList(of) => {
                let nested = matches!(**of, Type::List(_) | Type::NonNullList(_));
                let list = |value: &Value| matches!(value, Value::List(_));
                // Within a list of lists one value stands for no list.
                let below = |(a, b): (&Node<Value>, &Node<Value>)| {
                    (!nested || list(a) == list(b)) && self.alike(of, a, b, depth + 1)
                };
                match (a, b) {
                    (Value::Null, _) | (_, Value::Null) => false,
                    (Value::List(a), Value::List(b)) => {
                        a.len() == b.len() && a.iter().zip(b).all(below)
                    }
                    (Value::List(list), one) | (one, Value::List(list)) => {
                        matches!(list.as_slice(), [only] if self.alike(of, only, one, depth + 1))
                    }
                    _ => self.alike(of, a, b, depth + 1),
                }
            }
            Type::Named(name) | Type::NonNullNamed(name) => match (name.as_str(), a, b) {
                ("Float", ..) => number(a).is_some_and(|one| Some(one) == number(b)),
                ("ID", Value::Int(one), Value::String(other))
                | ("ID", Value::String(other), Value::Int(one)) => one.as_str() == other,
                (_, Value::Object(a), Value::Object(b)) => self.same_fields(name, a, b, depth),
                _ => false,
            },
        }
    }

    /// Of an input that is the same in both: its fields and their types.
    fn same_fields(&self, name: &str, a: &Fields, b: &Fields, depth: usize) -> bool {
        let (old, new) = (self.old.get_input_object(name), self.new.get_input_object(name));
        let (Some(old), Some(new)) = (old, new) else { return false };
        let named = |all: &Fields| -> BTreeMap<Name, Node<Value>> { all.iter().cloned().collect() };
        let (x, y) = (named(a), named(b));
        if x.len() != a.len() || y.len() != b.len() || x.len() != y.len() {
            return false;
        }
        x.iter().zip(&y).all(|((field, one), (other, two))| {
            match (old.fields.get(field), new.fields.get(other)) {
                (Some(p), Some(q)) if field == other && p.ty == q.ty => {
                    self.alike(&p.ty, one, two, depth + 1)
                }
                _ => false,
            }
        })
    }

    /// One that is on both sides.
    fn value(&mut self, noun: &str, at: &str, x: &InputValueDefinition, y: &InputValueDefinition) {
        if x.ty != y.ty {
            let class = if wider(&y.ty, &x.ty) { Class::Safe } else { Class::Breaking };
            let message = format!("{at} took {} and takes {}", x.ty, y.ty);
            self.say(
                &format!("{noun}-type-changed"),
                class,
                In::Both,
                at,
                message,
                "go on taking what was taken",
            );
        }
        let alike = match (&x.default_value, &y.default_value) {
            (Some(a), Some(b)) => x.ty == y.ty && self.alike(&x.ty, a, b, 0),
            _ => x.default_value == y.default_value,
        };
        if !alike {
            let text = |one: &InputValueDefinition| {
                one.default_value
                    .as_ref()
                    .map_or_else(|| "none".to_owned(), |value| value.to_string())
            };
            // Without a default it must be given, which its type alone does not say.
            let needed = y.is_required() && !x.is_required();
            let class = if needed { Class::Breaking } else { Class::Risky };
            let message = format!("the default of {at} was {} and is {}", text(x), text(y));
            let remedy = if needed { OPTIONAL } else { SHOW };
            self.say(&format!("{noun}-default-changed"), class, In::Both, at, message, remedy);
        }
        self.described(noun, at, x.description.as_ref(), y.description.as_ref());
        self.applied(
            at,
            x.directives.iter().map(|d| -> &Directive { d }),
            y.directives.iter().map(|d| -> &Directive { d }),
        );
    }
}
