//! Types: what comes out.

use std::collections::BTreeSet;

use apollo_compiler::Node;
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::schema::{
    Component, ComponentName, Directive, EnumType, ExtendedType, FieldDefinition, Name, UnionType,
};

use super::super::change::Class;
use super::{Diff, In, KEEP, SHOW, read_types, written};

const fn kind(of: &ExtendedType) -> &'static str {
    match of {
        ExtendedType::Scalar(_) => "scalar",
        ExtendedType::Object(_) => "type",
        ExtendedType::Interface(_) => "interface",
        ExtendedType::Union(_) => "union",
        ExtendedType::Enum(_) => "enum",
        ExtendedType::InputObject(_) => "input",
    }
}

type Fields = IndexMap<Name, Component<FieldDefinition>>;

impl Diff<'_> {
    pub(super) fn types(&mut self) {
        let (old, new) = (self.old, self.new);
        for (name, a) in old.types.iter().filter(|(_, kind)| !kind.is_built_in()) {
            match new.types.get(name) {
                Some(b) => self.pair(name, a, b),
                None => {
                    let message = format!("the {} {name} is gone", kind(a));
                    self.say("type-removed", Class::Breaking, In::Old, name, message, KEEP);
                }
            }
        }
        for (name, b) in new.types.iter().filter(|(_, kind)| !kind.is_built_in()) {
            if !old.types.contains_key(name) {
                let message = format!("there is a {} {name} now", kind(b));
                self.say("type-added", Class::Safe, In::New, name, message, "");
            }
        }
    }

    fn pair(&mut self, name: &str, a: &ExtendedType, b: &ExtendedType) {
        self.described("type", name, a.description(), b.description());
        self.applied(
            name,
            a.directives().iter().map(|d| -> &Directive { d }),
            b.directives().iter().map(|d| -> &Directive { d }),
        );
        match (a, b) {
            (ExtendedType::Scalar(_), ExtendedType::Scalar(_)) => {}
            (ExtendedType::Object(a), ExtendedType::Object(b)) => {
                self.interfaces(name, &a.implements_interfaces, &b.implements_interfaces);
                self.fields(name, &a.fields, &b.fields);
            }
            (ExtendedType::Interface(a), ExtendedType::Interface(b)) => {
                self.interfaces(name, &a.implements_interfaces, &b.implements_interfaces);
                self.fields(name, &a.fields, &b.fields);
            }
            (ExtendedType::Union(a), ExtendedType::Union(b)) => self.members(name, a, b),
            (ExtendedType::Enum(a), ExtendedType::Enum(b)) => self.values(name, a, b),
            (ExtendedType::InputObject(a), ExtendedType::InputObject(b)) => self.input(name, a, b),
            (a, b) => {
                let message = format!("{name} was of kind {} and is of kind {}", kind(a), kind(b));
                self.say(
                    "type-kind-changed",
                    Class::Breaking,
                    In::Both,
                    name,
                    message,
                    "give the new kind a name of its own",
                );
            }
        }
    }

    pub(super) fn described(
        &mut self,
        what: &str,
        at: &str,
        a: Option<&Node<str>>,
        b: Option<&Node<str>>,
    ) {
        if a != b {
            let rule = format!("{what}-description-changed");
            self.say(
                &rule,
                Class::Safe,
                In::Both,
                at,
                format!("the description of {at} changed"),
                "",
            );
        }
    }

    fn interfaces(&mut self, name: &str, a: &IndexSet<ComponentName>, b: &IndexSet<ComponentName>) {
        let has = |all: &IndexSet<ComponentName>, one: &ComponentName| {
            all.iter().any(|x| x.name == one.name)
        };
        for gone in a.iter().filter(|one| !has(b, one)) {
            let message = format!("{name} is no {} any more", gone.name);
            self.say("interface-removed", Class::Breaking, In::Both, name, message, KEEP);
        }
        for come in b.iter().filter(|one| !has(a, one)) {
            let message =
                format!("{name} is also a {} now, so that whoever reads these meets it", come.name);
            self.say("interface-added", Class::Risky, In::Both, name, message, SHOW);
        }
    }

    fn fields(&mut self, name: &str, a: &Fields, b: &Fields) {
        for (field, x) in a {
            let at = format!("{name}.{field}");
            let Some(y) = b.get(field) else {
                let was = if x.directives.has("deprecated") {
                    "the deprecated field"
                } else {
                    "the field"
                };
                self.say(
                    "field-removed",
                    Class::Breaking,
                    In::Old,
                    &at,
                    format!("{was} {at} is gone"),
                    KEEP,
                );
                continue;
            };
            if x.ty != y.ty {
                let class = if self.narrower(&y.ty, &x.ty) { Class::Safe } else { Class::Breaking };
                let message = format!("{at} was {} and is {}", x.ty, y.ty);
                self.say(
                    "field-type-changed",
                    class,
                    In::Both,
                    &at,
                    message,
                    "add a field of the new type beside it",
                );
            }
            self.described("field", &at, x.description.as_ref(), y.description.as_ref());
            self.applied(
                &at,
                x.directives.iter().map(|d| -> &Directive { d }),
                y.directives.iter().map(|d| -> &Directive { d }),
            );
            self.arguments(&at, "argument", &x.arguments, &y.arguments, Class::Breaking);
        }
        for (field, y) in b.iter().filter(|(field, _)| !a.contains_key(*field)) {
            let at = format!("{name}.{field}");
            self.say(
                "field-added",
                Class::Safe,
                In::New,
                &at,
                format!("there is a field {at}: {} now", y.ty),
                "",
            );
        }
    }

    fn members(&mut self, name: &str, a: &UnionType, b: &UnionType) {
        let names = |union: &UnionType| -> BTreeSet<String> {
            union.members.iter().map(|member| member.name.to_string()).collect()
        };
        let (a, b) = (names(a), names(b));
        for gone in a.difference(&b) {
            let message = format!("the union {name} has no {gone} any more");
            self.say("union-member-removed", Class::Breaking, In::Both, name, message, KEEP);
        }
        for come in b.difference(&a) {
            let message =
                format!("the union {name} has a {come} now, which old clients do not expect");
            self.say("union-member-added", Class::Risky, In::Both, name, message, SHOW);
        }
    }

    fn values(&mut self, name: &str, a: &EnumType, b: &EnumType) {
        for (value, x) in &a.values {
            let at = format!("{name}.{value}");
            match b.values.get(value) {
                Some(y) => {
                    self.described(
                        "enum-value",
                        &at,
                        x.description.as_ref(),
                        y.description.as_ref(),
                    );
                    self.applied(
                        &at,
                        x.directives.iter().map(|d| -> &Directive { d }),
                        y.directives.iter().map(|d| -> &Directive { d }),
                    );
                }
                None => {
                    self.say(
                        "enum-value-removed",
                        Class::Breaking,
                        In::Old,
                        &at,
                        format!("the value {at} is gone"),
                        KEEP,
                    );
                }
            }
        }
        // What is only ever written surprises nobody.
        let only_written = !read_types(self.new).contains(name) && written(self.new).contains(name);
        let class = if only_written { Class::Safe } else { Class::Risky };
        for value in b.values.keys().filter(|value| !a.values.contains_key(*value)) {
            let at = format!("{name}.{value}");
            let message = format!("there is a value {at} now, which old clients may not expect");
            self.say("enum-value-added", class, In::New, &at, message, SHOW);
        }
    }
}
