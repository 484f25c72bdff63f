//! Operations: what is said of one as a whole.

use jiff::civil::Date;

use super::super::change::Class;
use super::paths::{Renamed, template};
use super::places::At;
use super::{Diff, MAJOR, SHOW};

const LEVELS: [&str; 4] = ["draft", "alpha", "beta", "stable"];

/// How stable something is said to be; what nobody said is stable.
pub(super) fn level(text: Option<&str>) -> Option<usize> {
    LEVELS.iter().position(|known| *known == text.unwrap_or("stable"))
}

impl<'a> Diff<'a> {
    /// An operation with the path item that it stands in.
    pub(super) fn operation(
        &mut self,
        name: &str,
        (old_item, old): (&At<'a>, &At<'a>),
        (new_item, new): (&At<'a>, &At<'a>),
        renamed: &Renamed,
    ) {
        self.names(name, old, new);
        self.deprecation("operation", name, old, new, name);
        self.stability(name, old, new);
        self.servers(old, new, name);
        self.security(name, old, new);
        self.parameters(name, (old_item, old), (new_item, new), renamed);
        self.request_body(name, old.get("requestBody"), new.get("requestBody"));
        self.responses(name, old.get("responses"), new.get("responses"));
        self.callbacks(name, old, new);
    }

    fn names(&mut self, name: &str, old: &At<'a>, new: &At<'a>) {
        let (a, b) = (old.text("operationId"), new.text("operationId"));
        match (a, b) {
            (Some(x), Some(y)) if x != y => {
                let message = format!(
                    "{name} was called {x} and is called {y}: so is what is generated from it"
                );
                self.found.say(
                    "operation-id-changed",
                    Class::Risky,
                    Some(old),
                    Some(new),
                    message,
                    "keep the operationId",
                    name,
                );
            }
            (Some(x), None) => {
                let message = format!("{name} is called {x} no more");
                self.found.say(
                    "operation-id-removed",
                    Class::Risky,
                    Some(old),
                    Some(new),
                    message,
                    "keep the operationId",
                    name,
                );
            }
            (None, Some(y)) => {
                let message = format!("{name} is called {y} now");
                self.found.say(
                    "operation-id-added",
                    Class::Safe,
                    Some(old),
                    Some(new),
                    message,
                    "",
                    name,
                );
            }
            _ => {}
        }
        let tags = |at: &At<'a>| -> Vec<String> {
            let tags = at.get("tags").map(|tags| tags.items()).unwrap_or_default();
            tags.iter().filter_map(|tag| tag.value.as_str().map(str::to_owned)).collect()
        };
        if tags(old) != tags(new) {
            let message = format!("{name} has other tags now");
            self.found.say("tags-changed", Class::Safe, Some(old), Some(new), message, "", name);
        }
    }

    /// Deprecation and sunset of an operation or a parameter.
    pub(super) fn deprecation(
        &mut self,
        noun: &str,
        what: &str,
        old: &At<'a>,
        new: &At<'a>,
        whose: &str,
    ) {
        let mut say = |rule: &str, class: Class, message: String, remedy: &str| {
            let rule = format!("{noun}-{rule}");
            self.found.say(&rule, class, Some(old), Some(new), message, remedy, whose);
        };
        let sunset = |at: &At<'a>| at.text("x-sunset");
        let day = |text: &str| text.get(..10).and_then(|day| day.parse::<Date>().ok());
        match (old.is("deprecated"), new.is("deprecated")) {
            (false, true) => {
                let until = sunset(new).map_or_else(String::new, |day| format!(", until {day}"));
                say("deprecated", Class::Safe, format!("{what} is deprecated now{until}"), "");
            }
            (true, false) => {
                say("reactivated", Class::Safe, format!("{what} is deprecated no more"), "")
            }
            _ => {}
        }
        match (sunset(old), sunset(new)) {
            (Some(x), None) if new.is("deprecated") => say(
                "sunset-deleted",
                Class::Breaking,
                format!("{what} is deprecated, and nobody knows any more that it stays until {x}"),
                "say again until when it stays",
            ),
            (x, Some(y)) if x != Some(y) && day(y).is_none() => say(
                "sunset-unreadable",
                Class::Risky,
                format!("the sunset of {what} is no date: {y}"),
                "write it as 2030-12-31",
            ),
            (Some(x), Some(y)) if day(y) < day(x) => say(
                "sunset-moved-earlier",
                Class::Breaking,
                format!("{what} was to stay until {x} and is to stay until {y}"),
                "let it stay as long as was said",
            ),
            _ => {}
        }
    }

    fn stability(&mut self, name: &str, old: &At<'a>, new: &At<'a>) {
        const KEY: &str = "x-stability-level";
        let (a, b) = (old.text(KEY), new.text(KEY));
        if a == b {
            return;
        }
        let said = |text: Option<&str>| text.unwrap_or("stable").to_owned();
        let message = format!("{name} was {} and is {}", said(a), said(b));
        let (rule, class) = match (level(a), level(b)) {
            (Some(x), Some(y)) if y < x => ("operation-stability-decreased", Class::Breaking),
            (Some(_), Some(_)) => ("operation-stability-increased", Class::Safe),
            _ => ("operation-stability-unreadable", Class::Risky),
        };
        self.found.say(
            rule,
            class,
            Some(old),
            Some(new),
            message,
            "levels are draft, alpha, beta and stable, and never sink",
            name,
        );
    }

    fn callbacks(&mut self, name: &str, old: &At<'a>, new: &At<'a>) {
        let of = |at: &At<'a>| at.get("callbacks").map(|all| all.members()).unwrap_or_default();
        let (before, after) = (of(old), of(new));
        for (called, a) in &before {
            let Some(b) = after.get(called) else {
                let message = format!("{name} calls {called} back no more");
                self.found.say(
                    "callback-removed",
                    Class::Breaking,
                    Some(a),
                    None,
                    message,
                    MAJOR,
                    name,
                );
                continue;
            };
            let (Some(a), Some(b)) = self.both(Some(a.clone()), Some(b.clone())) else { continue };
            let (a, b) = (a.fixed(), b.fixed());
            let was = self.reversed;
            self.reversed = !was;
            for (expression, x) in &a {
                let alike = |(other, _): &(&&str, &At<'a>)| {
                    !a.contains_key(*other) && template(other).0 == template(expression).0
                };
                let twin = b.get_key_value(expression).or_else(|| b.iter().find(alike));
                // What an expression takes from elsewhere leads elsewhere.
                if let Some((other, y)) = twin.filter(|(other, _)| *other != expression) {
                    let message = format!("{name} calls {other} back and no more {expression}");
                    let rule = "callback-expression-changed";
                    let (x, y) = (Some(x), Some(y));
                    self.found.say(rule, Class::Risky, x, y, message, SHOW, name);
                }
                match twin {
                    Some((other, y)) => {
                        self.item((expression, x.clone()), (other, y.clone()), &Renamed::new());
                    }
                    None => {
                        let message = format!("{name} calls {expression} back no more");
                        self.found.say(
                            "callback-removed",
                            Class::Breaking,
                            Some(x),
                            None,
                            message,
                            MAJOR,
                            name,
                        );
                    }
                }
            }
            self.reversed = was;
        }
        for (called, b) in after.iter().filter(|(called, _)| !before.contains_key(*called)) {
            let message = format!("{name} calls {called} back now");
            self.found.say("callback-added", Class::Risky, None, Some(b), message, SHOW, name);
        }
    }
}
