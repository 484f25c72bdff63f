//! Parameters: those of the path item and those of the operation, which go before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::change::Class;
use super::paths::Renamed;
use super::places::At;
use super::schema::View;
use super::{Diff, MAJOR, SHOW};

/// Where a parameter is, and what it is called there.
type Key = (String, String);

static ALL: Value = Value::Bool(true);

impl<'a> Diff<'a> {
    pub(super) fn parameters(
        &mut self,
        name: &str,
        (old_item, old): (&At<'a>, &At<'a>),
        (new_item, new): (&At<'a>, &At<'a>),
        renamed: &Renamed,
    ) {
        let before = self.listed(&[old_item, old], true, &Renamed::new());
        let after = self.listed(&[new_item, new], false, renamed);
        for (key, x) in &before {
            let what = format!("the {} parameter {}", key.0, key.1);
            let Some(y) = after.get(key) else {
                let message =
                    format!("{what} is gone; what is sent of it is taken no notice of, or refused");
                self.found.say(
                    "request-parameter-removed",
                    Class::Risky,
                    Some(x),
                    None,
                    message,
                    SHOW,
                    name,
                );
                continue;
            };
            self.parameter(name, &what, x, y);
        }
        for (key, y) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let what = format!("the {} parameter {}", key.0, key.1);
            let (rule, class, message) = match required(y) {
                true if key.0 == "path" => {
                    ("new-request-path-parameter", Class::Breaking, format!("{what} is new"))
                }
                true => (
                    "new-required-request-parameter",
                    Class::Breaking,
                    format!("{what} must be given now"),
                ),
                false => (
                    "new-optional-request-parameter",
                    Class::Safe,
                    format!("{what} may be given now"),
                ),
            };
            self.found.say(rule, class, None, Some(y), message, "make it optional", name);
        }
    }

    fn listed(
        &mut self,
        from: &[&At<'a>],
        is_old: bool,
        renamed: &Renamed,
    ) -> BTreeMap<Key, At<'a>> {
        let docs = if is_old { self.old } else { self.new };
        let mut found = BTreeMap::new();
        for at in from.iter().filter_map(|at| at.get("parameters")).flat_map(|list| list.items()) {
            let Some(at) = self.settled(docs, at, is_old) else { continue };
            let (Some(place), Some(name)) = (at.text("in"), at.text("name")) else { continue };
            let name = match place {
                "path" => renamed.get(name).cloned().unwrap_or_else(|| name.to_owned()),
                "header" => name.to_lowercase(),
                _ => name.to_owned(),
            };
            // These the standard takes from elsewhere.
            if place == "header"
                && ["accept", "content-type", "authorization"].contains(&name.as_str())
            {
                continue;
            }
            found.insert((place.to_owned(), name), at);
        }
        found
    }

    fn parameter(&mut self, name: &str, what: &str, x: &At<'a>, y: &At<'a>) {
        match (required(x), required(y)) {
            (false, true) => {
                let message = format!("{what} must be given now");
                self.found.say(
                    "request-parameter-became-required",
                    Class::Breaking,
                    Some(x),
                    Some(y),
                    message,
                    "leave it optional",
                    name,
                );
            }
            (true, false) => {
                let message = format!("{what} may be left out now");
                self.found.say(
                    "request-parameter-became-optional",
                    Class::Safe,
                    Some(x),
                    Some(y),
                    message,
                    "",
                    name,
                );
            }
            _ => {}
        }
        self.deprecation("request-parameter", what, x, y, name);
        // A single value is written alike, exploded or not.
        let single =
            [(self.old, x, true), (self.new, y, false)].into_iter().all(|(docs, at, old)| {
                at.get("schema")
                    .and_then(|at| self.settled(docs, at, old))
                    .is_some_and(|at| plain(&at))
            });
        let written = |at: &At<'a>| match single {
            true => style(at).replace(", exploded", ""),
            false => style(at),
        };
        if written(x) != written(y) {
            let message =
                format!("{what} was written as {} and is written as {}", written(x), written(y));
            self.found.say(
                "request-parameter-style-changed",
                Class::Breaking,
                Some(x),
                Some(y),
                message,
                MAJOR,
                name,
            );
        }
        if x.is("allowEmptyValue") && !y.is("allowEmptyValue") {
            let message = format!("{what} may not be empty any more");
            self.found.say(
                "request-parameter-empty-value-forbidden",
                Class::Breaking,
                Some(x),
                Some(y),
                message,
                MAJOR,
                name,
            );
        }
        match (content(x), content(y)) {
            (None, None) => {
                let view = self.view("request-parameter", true, true);
                let (a, b) = (schema(x), schema(y));
                // One value is written like a list of it.
                let listed = one_of_many(
                    x,
                    &self.settled(self.old, a.clone(), true),
                    &self.settled(self.new, b.clone(), false),
                );
                if listed {
                    let message = format!("{what} may be given as a list now");
                    self.found.say(
                        "request-parameter-became-list",
                        Class::Safe,
                        Some(x),
                        Some(y),
                        message,
                        "",
                        name,
                    );
                }
                self.schemas(&a, &b, View { listed, ..view }, name);
            }
            (Some((a, x)), Some((b, y))) if a == b => {
                let view = self.view("request-parameter", true, false);
                self.schemas(&schema(&x), &schema(&y), view, name);
            }
            _ => {
                let message = format!("{what} is written in another media type");
                self.found.say(
                    "request-parameter-content-changed",
                    Class::Breaking,
                    Some(x),
                    Some(y),
                    message,
                    MAJOR,
                    name,
                );
            }
        }
    }

    /// How a schema is seen here.
    pub(super) const fn view(&self, noun: &'static str, asked: bool, text: bool) -> View {
        View { asked, by_client: asked != self.reversed, text, listed: false, noun }
    }
}

fn required(at: &At<'_>) -> bool {
    at.is("required") || at.text("in") == Some("path")
}

/// Whether a parameter that was one value is a list now, in which one value is written as before.
fn one_of_many(at: &At<'_>, old: &Option<At<'_>>, new: &Option<At<'_>>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    let list = new.text("type") == Some("array") && style(at) == "form, exploded";
    list && plain(old)
}

/// Whether a schema says that its values are neither lists nor objects.
fn plain(schema: &At<'_>) -> bool {
    let plain =
        |kind: &Value| kind.as_str().is_some_and(|kind| !matches!(kind, "array" | "object"));
    match schema.value.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().all(plain),
        kind => kind.is_some_and(plain),
    }
}

/// How its value is written.
fn style(at: &At<'_>) -> String {
    let usual = if matches!(at.text("in"), Some("query" | "cookie")) { "form" } else { "simple" };
    let style = at.text("style").unwrap_or(usual);
    let explode = at.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
    let reserved = if at.is("allowReserved") { ", reserved characters as they are" } else { "" };
    format!("{style}{}{reserved}", if explode { ", exploded" } else { "" })
}

fn content<'a>(at: &At<'a>) -> Option<(&'a str, At<'a>)> {
    at.get("content")?.members().into_iter().next()
}

/// The schema of a parameter, header or media type; what has none takes anything.
pub(super) fn schema<'a>(at: &At<'a>) -> At<'a> {
    at.get("schema").unwrap_or_else(|| At { spot: at.spot.clone(), value: &ALL })
}
