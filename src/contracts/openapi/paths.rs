//! Paths and webhooks. Paths are the same if they differ only in what their parameters are called.

use std::collections::BTreeMap;

use super::super::change::Class;
use super::places::At;
use super::{Diff, MAJOR};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A path without the names of its parameters, and these in order.
pub(super) fn template(path: &str) -> (String, Vec<String>) {
    let (mut text, mut names) = (String::new(), Vec::new());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str("{}");
        names.push(name.to_owned());
        rest = after;
    }
    text.push_str(rest);
    (text, names)
}

/// A path and its item.
struct Path<'a> {
    name: &'a str,
    parameters: Vec<String>,
    at: At<'a>,
}

fn paths<'a>(root: &At<'a>) -> BTreeMap<String, Path<'a>> {
    let all = root.get("paths").map(|paths| paths.fixed()).unwrap_or_default();
    let path = |(name, at)| {
        let (text, parameters) = template(name);
        (text, Path { name, parameters, at })
    };
    all.into_iter().map(path).collect()
}

/// What an operation's parameters in the path were called, by what they are called now.
pub(super) type Renamed = BTreeMap<String, String>;

impl<'a> Diff<'a> {
    pub(super) fn paths(&mut self) {
        let (old, new) = (paths(&self.old.root()), paths(&self.new.root()));
        for (text, a) in &old {
            let Some(b) = new.get(text) else {
                let (Some(item), _) = self.both(Some(a.at.clone()), None) else { continue };
                let doomed =
                    operations(&item).iter().all(|(_, operation)| operation.is("deprecated"));
                let was = if doomed { "the path, deprecated by now," } else { "the path" };
                let message = format!("{was} {} is gone", a.name);
                self.found.say(
                    "api-path-removed",
                    Class::Breaking,
                    Some(&a.at),
                    None,
                    message,
                    MAJOR,
                    "",
                );
                continue;
            };
            if a.name != b.name {
                let message =
                    format!("the path {} is written {} now, which is the same", a.name, b.name);
                self.found.say(
                    "path-parameter-renamed",
                    Class::Safe,
                    Some(&a.at),
                    Some(&b.at),
                    message,
                    "",
                    "",
                );
            }
            let renamed = b.parameters.iter().cloned().zip(a.parameters.iter().cloned()).collect();
            self.item((a.name, a.at.clone()), (b.name, b.at.clone()), &renamed);
        }
        for (_, b) in new.iter().filter(|(text, _)| !old.contains_key(*text)) {
            let message = format!("there is a path {} now", b.name);
            self.found.say("api-path-added", Class::Safe, None, Some(&b.at), message, "", "");
        }
    }

    /// What the server asks of the client.
    pub(super) fn webhooks(&mut self) {
        let of = |root: At<'a>| root.get("webhooks").map(|all| all.members()).unwrap_or_default();
        let (old, new) = (of(self.old.root()), of(self.new.root()));
        self.reversed = true;
        for (name, a) in &old {
            match new.get(name) {
                Some(b) => self.item((name, a.clone()), (name, b.clone()), &Renamed::new()),
                None => {
                    let message =
                        format!("the webhook {name} is gone, and nobody is called any more");
                    self.found.say(
                        "webhook-removed",
                        Class::Breaking,
                        Some(a),
                        None,
                        message,
                        MAJOR,
                        "",
                    );
                }
            }
        }
        for (name, b) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            let message = format!("there is a webhook {name} now");
            self.found.say("webhook-added", Class::Safe, None, Some(b), message, "", "");
        }
        self.reversed = false;
    }

    /// A path item, a webhook, or one of a callback.
    pub(super) fn item(
        &mut self,
        old: (&'a str, At<'a>),
        new: (&'a str, At<'a>),
        renamed: &Renamed,
    ) {
        let (Some(a), Some(b)) = self.both(Some(old.1), Some(new.1)) else { return };
        self.servers(&a, &b, new.0);
        let (before, after) = (operations(&a), operations(&b));
        for (method, x) in &before {
            let name = format!("{} {}", method.to_uppercase(), new.0);
            match after.get(method) {
                Some(y) => self.operation(&name, (&a, x), (&b, y), renamed),
                None => {
                    let was = if x.is("deprecated") {
                        "the deprecated operation"
                    } else {
                        "the operation"
                    };
                    let sunset = x
                        .text("x-sunset")
                        .map_or_else(String::new, |day| format!(" (its sunset is {day})"));
                    let message = format!("{was} {name}{sunset} is gone");
                    self.found.say(
                        "api-operation-removed",
                        Class::Breaking,
                        Some(x),
                        None,
                        message,
                        MAJOR,
                        &name,
                    );
                }
            }
        }
        for (method, y) in after.iter().filter(|(method, _)| !before.contains_key(*method)) {
            let name = format!("{} {}", method.to_uppercase(), new.0);
            let message = format!("there is an operation {name} now");
            self.found.say("api-operation-added", Class::Safe, None, Some(y), message, "", &name);
        }
    }
}

fn operations<'a>(item: &At<'a>) -> BTreeMap<&'static str, At<'a>> {
    METHODS.into_iter().filter_map(|method| Some((method, item.get(method)?))).collect()
}
