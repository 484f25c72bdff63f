//! Directives: their definitions, and where they are applied.

use apollo_compiler::schema::{Directive, DirectiveDefinition, DirectiveLocation};

use super::super::change::Class;
use super::{Diff, In, KEEP, SHOW};

/// Whether clients may write it.
const fn executable(location: DirectiveLocation) -> bool {
    use DirectiveLocation as At;
    matches!(
        location,
        At::Query
            | At::Mutation
            | At::Subscription
            | At::Field
            | At::FragmentDefinition
            | At::FragmentSpread
            | At::InlineFragment
            | At::VariableDefinition
    )
}

/// What its absence means to those who use it: clients break, tools that read the schema may.
fn gone(definition: &DirectiveDefinition) -> Class {
    match definition.locations.iter().any(|location| executable(*location)) {
        true => Class::Breaking,
        false => Class::Risky,
    }
}

impl Diff<'_> {
    pub(super) fn directive_definitions(&mut self) {
        let (old, new) = (&self.old.directive_definitions, &self.new.directive_definitions);
        for (name, a) in old.iter().filter(|(_, one)| !one.is_built_in()) {
            let at = format!("@{name}");
            let Some(b) = new.get(name) else {
                self.say(
                    "directive-removed",
                    gone(a),
                    In::Old,
                    &at,
                    format!("the directive {at} is gone"),
                    KEEP,
                );
                continue;
            };
            self.directive(&at, a, b);
        }
        for name in new
            .iter()
            .filter(|(name, b)| !b.is_built_in() && !old.contains_key(*name))
            .map(|(name, _)| name)
        {
            let at = format!("@{name}");
            self.say(
                "directive-added",
                Class::Safe,
                In::New,
                &at,
                format!("there is a directive {at} now"),
                "",
            );
        }
    }

    fn directive(&mut self, at: &str, a: &DirectiveDefinition, b: &DirectiveDefinition) {
        self.described("directive", at, a.description.as_ref(), b.description.as_ref());
        for location in a.locations.iter().filter(|one| !b.locations.contains(one)) {
            let class = if executable(*location) { Class::Breaking } else { Class::Risky };
            let message = format!("{at} may not stand on {location} any more");
            self.say("directive-location-removed", class, In::Both, at, message, KEEP);
        }
        for location in b.locations.iter().filter(|one| !a.locations.contains(one)) {
            let message = format!("{at} may stand on {location} now");
            self.say("directive-location-added", Class::Safe, In::Both, at, message, "");
        }
        match (a.repeatable, b.repeatable) {
            (true, false) => {
                let message = format!("{at} may not be repeated any more");
                self.say("directive-repeatable-removed", gone(a), In::Both, at, message, KEEP);
            }
            (false, true) => {
                let message = format!("{at} may be repeated now");
                self.say("directive-repeatable-added", Class::Safe, In::Both, at, message, "");
            }
            _ => {}
        }
        self.arguments(at, "directive-argument", &a.arguments, &b.arguments, gone(a));
    }

    /// Directives on a thing of the schema.
    pub(super) fn applied<'d>(
        &mut self,
        at: &str,
        a: impl Iterator<Item = &'d Directive>,
        b: impl Iterator<Item = &'d Directive>,
    ) {
        let (a, b): (Vec<_>, Vec<_>) = (a.collect(), b.collect());
        let named = |all: &[&Directive], name: &str| -> Vec<String> {
            all.iter().filter(|one| one.name == *name).map(|one| one.to_string()).collect()
        };
        let mut seen: Vec<&str> = Vec::new();
        for one in a.iter().chain(&b) {
            let name = one.name.as_str();
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let (x, y) = (named(&a, name), named(&b, name));
            if x == y {
                continue;
            }
            let (rule, class, message) = match (name, x.is_empty(), y.is_empty()) {
                ("deprecated", true, _) => {
                    ("deprecated", Class::Safe, format!("{at} is deprecated now"))
                }
                ("deprecated", _, true) => {
                    ("reactivated", Class::Safe, format!("{at} is deprecated no more"))
                }
                ("deprecated", ..) => (
                    "deprecation-reason-changed",
                    Class::Safe,
                    format!("why {at} is deprecated changed"),
                ),
                ("oneOf", true, _) => (
                    "one-of-added",
                    Class::Breaking,
                    format!("exactly one field of {at} must be given now"),
                ),
                ("oneOf", _, true) => (
                    "one-of-removed",
                    Class::Safe,
                    format!("more than one field of {at} may be given now"),
                ),
                ("specifiedBy", ..) => (
                    "specified-by-changed",
                    Class::Risky,
                    format!("{at} is specified elsewhere now"),
                ),
                (_, true, _) => {
                    ("applied-directive-added", Class::Risky, format!("@{name} stands on {at} now"))
                }
                (_, _, true) => (
                    "applied-directive-removed",
                    Class::Risky,
                    format!("@{name} does not stand on {at} any more"),
                ),
                _ => {
                    ("applied-directive-changed", Class::Risky, format!("@{name} on {at} changed"))
                }
            };
            self.say(rule, class, In::Both, at, message, SHOW);
        }
    }
}
