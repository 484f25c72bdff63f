//! Bodies by media type.

use std::collections::BTreeMap;

use super::super::change::Class;
use super::parameters::schema;
use super::places::At;
use super::{Diff, MAJOR, SHOW};

/// A media type as it is compared: lower case, parameters in order.
fn essence(name: &str) -> (String, Vec<String>) {
    let mut parts = name.split(';').map(|part| part.trim().to_lowercase());
    let essence = parts.next().unwrap_or_default();
    let mut parameters: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    // JSON is UTF-8, whether it is said or not.
    if essence.ends_with("/json") || essence.ends_with("+json") {
        parameters.retain(|one| !matches!(one.as_str(), "charset=utf-8" | "charset=\"utf-8\""));
    }
    parameters.sort();
    (essence, parameters)
}

/// Whether all of one media type is of a range.
fn within(one: &str, range: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(kind) => one.starts_with(kind),
        None => one == range,
    }
}

impl<'a> Diff<'a> {
    pub(super) fn request_body(&mut self, name: &str, old: Option<At<'a>>, new: Option<At<'a>>) {
        let had = (old.is_some(), new.is_some());
        match self.both(old, new) {
            (None, Some(y)) if !had.0 => match y.is("required") {
                true => self.found.say(
                    "request-body-added-required",
                    Class::Breaking,
                    None,
                    Some(&y),
                    "a body must be sent now".into(),
                    "make it optional",
                    name,
                ),
                false => self.found.say(
                    "request-body-added-optional",
                    Class::Safe,
                    None,
                    Some(&y),
                    "a body may be sent now".into(),
                    "",
                    name,
                ),
            },
            (Some(x), None) if !had.1 => {
                self.found.say(
                    "request-body-removed",
                    Class::Breaking,
                    Some(&x),
                    None,
                    "no body is taken any more".into(),
                    MAJOR,
                    name,
                );
            }
            (Some(x), Some(y)) => {
                match (x.is("required"), y.is("required")) {
                    (false, true) => self.found.say(
                        "request-body-became-required",
                        Class::Breaking,
                        Some(&x),
                        Some(&y),
                        "a body must be sent now".into(),
                        "leave it optional",
                        name,
                    ),
                    (true, false) => self.found.say(
                        "request-body-became-optional",
                        Class::Safe,
                        Some(&x),
                        Some(&y),
                        "the body may be left out now".into(),
                        "",
                        name,
                    ),
                    _ => {}
                }
                self.media_types(name, "request-body", true, x.get("content"), y.get("content"));
            }
            _ => {}
        }
    }

    /// The bodies of one request or response.
    pub(super) fn media_types(
        &mut self,
        name: &str,
        noun: &'static str,
        asked: bool,
        old: Option<At<'a>>,
        new: Option<At<'a>>,
    ) {
        let of = |at: Option<At<'a>>| at.map(|at| at.members()).unwrap_or_default();
        let (before, after) = (of(old), of(new));
        let view = self.view(noun, asked, false);
        let what = if asked { "taken" } else { "answered" };
        for (kind, x) in &before {
            let Some((other, y)) = twin(kind, &after, view.by_client) else {
                let message = format!("{kind} is {what} no more");
                self.found.say(
                    &format!("{noun}-media-type-removed"),
                    Class::Breaking,
                    Some(x),
                    None,
                    message,
                    MAJOR,
                    name,
                );
                continue;
            };
            if essence(kind).1 != essence(other).1 {
                let class = if view.by_client { Class::Risky } else { Class::Breaking };
                let message = format!("{kind} is {other} now");
                self.found.say(
                    &format!("{noun}-media-type-parameter-changed"),
                    class,
                    Some(x),
                    Some(y),
                    message,
                    SHOW,
                    name,
                );
            }
            if x.value.get("encoding") != y.value.get("encoding") {
                let message = format!("how the parts of {kind} are encoded changed");
                self.found.say(
                    &format!("{noun}-encoding-changed"),
                    Class::Risky,
                    Some(x),
                    Some(y),
                    message,
                    SHOW,
                    name,
                );
            }
            self.schemas(&schema(x), &schema(y), view, name);
        }
        for (kind, y) in &after {
            if before.is_empty() || twin(kind, &before, true).is_none() {
                let message = format!("{kind} is {what} as well");
                self.found.say(
                    &format!("{noun}-media-type-added"),
                    Class::Safe,
                    None,
                    Some(y),
                    message,
                    "",
                    name,
                );
            }
        }
    }
}

/// The same media type on the other side, or a range that holds it, if ranges may stand for it.
fn twin<'m, 'a>(
    kind: &str,
    others: &'m BTreeMap<&'a str, At<'a>>,
    ranges: bool,
) -> Option<(&'m &'a str, &'m At<'a>)> {
    let (name, parameters) = essence(kind);
    let is = |exact: bool| {
        let (name, parameters) = (name.clone(), parameters.clone());
        move |(other, _): &(&&str, &At<'_>)| {
            let (other, given) = essence(other);
            other == name && (!exact || given == parameters)
        }
    };
    others
        .iter()
        .find(is(true))
        .or_else(|| others.iter().find(is(false)))
        .or_else(|| others.iter().find(|(other, _)| ranges && within(&name, &essence(other).0)))
        // An answer of a kind that the range promised.
        .or_else(|| {
            others.iter().find(|(other, _)| {
                !ranges && name.ends_with('*') && within(&essence(other).0, &name)
            })
        })
}
