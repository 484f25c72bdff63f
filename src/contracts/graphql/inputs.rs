//! Arguments and fields of inputs: what goes in.

use apollo_compiler::Node;
use apollo_compiler::schema::{Directive, InputObjectType, InputValueDefinition};

use super::super::change::Class;
use super::{Diff, In, SHOW, wider};

const OPTIONAL: &str = "make it nullable, or give it a default";

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
        if x.default_value != y.default_value {
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
