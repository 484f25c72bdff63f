//! OpenAPI 3.0 and 3.1: what clients send must go on being accepted, what they are answered they must go on
//! understanding. Schemas are compared as JSON Schemas, requests in one direction and answers in the
//! other; whoever writes puts only declared members into objects. Grown from the rules of oasdiff.

mod bodies;
mod found;
mod operations;
mod parameters;
mod paths;
mod places;
mod responses;
mod schema;
mod security;

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Class, Comparison};
use super::diff::Named;
use found::Found;
pub use places::joined;
use places::{At, Docs};
pub(super) use schema::bounds;

#[cfg(test)]
mod pairs_tests;

/// One side: a document, what it is called, and what it may refer to, by path, file name or URI.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its path in the set, or its file name.
    pub name: &'a str,
    /// The document.
    pub value: &'a Value,
    /// Other documents.
    pub others: &'a Named<'a>,
}

/// Paths, operations and the like of one document that are looked at.
const MAX_LIST: usize = 10_000;

/// Compares two OpenAPI documents.
///
/// # Errors
/// Why one of them is none.
pub fn diff(old: Side<'_>, new: Side<'_>) -> Result<Comparison, String> {
    let (old, new) = (Docs::new(old)?, Docs::new(new)?);
    let (found, asked) = (Found::default(), BTreeSet::new());
    let mut diff = Diff { old: &old, new: &new, found, asked, reversed: false };
    diff.servers(&old.root(), &new.root(), "the API");
    diff.paths();
    diff.webhooks();
    diff.security_schemes();
    Ok(diff.found.comparison())
}

/// Two documents and what was found.
struct Diff<'a> {
    old: &'a Docs<'a>,
    new: &'a Docs<'a>,
    found: Found,
    /// Security schemes that operations which were there ask for now.
    asked: BTreeSet<String>,
    /// In webhooks and callbacks the server asks and the client answers.
    reversed: bool,
}

const MAJOR: &str = "offer it beside the old one, or publish a new major version";
const SHOW: &str = "show by tests that clients cope with it, and say so in a review note";

impl<'a> Diff<'a> {
    /// The values of a member in both, with references followed. What cannot be followed is said once.
    fn both(
        &mut self,
        old: Option<At<'a>>,
        new: Option<At<'a>>,
    ) -> (Option<At<'a>>, Option<At<'a>>) {
        let (docs_old, docs_new) = (self.old, self.new);
        let old = old.and_then(|at| self.settled(docs_old, at, true));
        let new = new.and_then(|at| self.settled(docs_new, at, false));
        (old, new)
    }

    fn settled(&mut self, docs: &'a Docs<'a>, at: At<'a>, is_old: bool) -> Option<At<'a>> {
        let place = at.location();
        match docs.settle(at) {
            Ok(at) => Some(at),
            Err(why) => {
                let (old, new) = if is_old { (Some(place), None) } else { (None, Some(place)) };
                self.found.unreadable(old, new, &why);
                None
            }
        }
    }

    /// Servers of the document, a path or an operation.
    fn servers(&mut self, old: &At<'a>, new: &At<'a>, of: &str) {
        let urls = |at: &At<'a>| -> Vec<(String, At<'a>)> {
            let all = at.get("servers").map(|servers| servers.items()).unwrap_or_default();
            let url = |one: At<'a>| Some((one.text("url")?.trim_end_matches('/').to_owned(), one));
            all.into_iter().filter_map(url).collect()
        };
        let (a, b) = (urls(old), urls(new));
        for (url, at) in a.iter().filter(|(url, _)| !b.iter().any(|(other, _)| other == url)) {
            let message = format!("{of} is not promised at {url} any more");
            self.found.say("server-removed", Class::Risky, Some(at), None, message, SHOW, of);
        }
        for (url, at) in b.iter().filter(|(url, _)| !a.iter().any(|(other, _)| other == url)) {
            let message = format!("{of} is at {url} as well");
            self.found.say("server-added", Class::Safe, None, Some(at), message, "", of);
        }
        for (url, x) in &a {
            let twin = b.iter().find(|(other, _)| other == url);
            if let Some((_, y)) =
                twin.filter(|(_, y)| y.value.get("variables") != x.value.get("variables"))
            {
                let message = format!("the variables of the server {url} changed");
                self.found.say(
                    "server-variables-changed",
                    Class::Risky,
                    Some(x),
                    Some(y),
                    message,
                    SHOW,
                    of,
                );
            }
        }
    }
}
