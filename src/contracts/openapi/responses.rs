//! Responses: by status, ranges and `default`.

use std::collections::BTreeMap;

use super::super::change::Class;
use super::parameters::schema;
use super::places::At;
use super::{Diff, MAJOR, SHOW};

/// What stands for a status: itself, its range, or the default.
fn covering<'m, 'a>(
    status: &str,
    all: &'m BTreeMap<&'a str, At<'a>>,
) -> Option<(&'m &'a str, &'m At<'a>)> {
    let range = status.chars().next().map(|digit| format!("{digit}XX")).unwrap_or_default();
    let find = |wanted: &str| all.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    find(status).or_else(|| find(&range)).or_else(|| find("default"))
}

/// Whether it is a range of which only single statuses are left.
fn narrowed(status: &str, after: &BTreeMap<&str, At<'_>>) -> bool {
    let Some(digit) = status.strip_suffix(['X', 'x']).and_then(|one| one.strip_suffix(['X', 'x']))
    else {
        return false;
    };
    let single = |one: &&&str| one.starts_with(digit) && !one.eq_ignore_ascii_case(status);
    digit.len() == 1
        && !after.keys().any(|one| one.eq_ignore_ascii_case(status))
        && after.keys().any(|one| single(&one))
}

impl<'a> Diff<'a> {
    pub(super) fn responses(&mut self, name: &str, old: Option<At<'a>>, new: Option<At<'a>>) {
        let of = |at: Option<At<'a>>| at.map(|at| at.fixed()).unwrap_or_default();
        let (before, after) = (of(old), of(new));
        for (status, x) in &before {
            let success = status.starts_with(['2', '3']);
            // What is left of a range is compared where it is new.
            if narrowed(status, &after) {
                continue;
            }
            match covering(status, &after) {
                Some((other, y)) if !success || *other != "default" || *status == "default" => {
                    self.response(name, status, x, y);
                }
                _ => {
                    let (rule, class) = match success {
                        true => ("response-success-status-removed", Class::Breaking),
                        false => ("response-non-success-status-removed", Class::Safe),
                    };
                    let message = format!("the answer {status} is promised no more");
                    self.found.say(rule, class, Some(x), None, message, MAJOR, name);
                }
            }
        }
        for (status, y) in after.iter().filter(|(status, _)| !before.contains_key(*status)) {
            let message = format!("there is an answer {status} now");
            let rule = match status.starts_with(['2', '3']) {
                true => "response-success-status-added",
                false => "response-non-success-status-added",
            };
            self.found.say(rule, Class::Safe, None, Some(y), message, "", name);
            // Until now it was what stood for it.
            if let Some((_, x)) = covering(status, &before) {
                self.response(name, status, x, y);
            }
        }
    }

    fn response(&mut self, name: &str, status: &str, x: &At<'a>, y: &At<'a>) {
        let (Some(x), Some(y)) = self.both(Some(x.clone()), Some(y.clone())) else { return };
        let whose = format!("{name} {status}");
        self.media_types(&whose, "response-body", false, x.get("content"), y.get("content"));
        self.headers(&whose, &x, &y);
        let links = |at: &At<'a>| at.get("links").map(|links| links.members()).unwrap_or_default();
        let (a, b) = (links(&x), links(&y));
        for (link, at) in a.iter().filter(|(link, _)| !b.contains_key(*link)) {
            let message = format!("the link {link} is gone");
            self.found.say(
                "response-link-removed",
                Class::Risky,
                Some(at),
                None,
                message,
                SHOW,
                &whose,
            );
        }
        for (link, at) in b.iter().filter(|(link, _)| !a.contains_key(*link)) {
            let message = format!("there is a link {link} now");
            self.found.say("response-link-added", Class::Safe, None, Some(at), message, "", &whose);
        }
    }

    fn headers(&mut self, whose: &str, x: &At<'a>, y: &At<'a>) {
        let of = |at: &At<'a>| -> BTreeMap<String, At<'a>> {
            let headers = at.get("headers").map(|headers| headers.members()).unwrap_or_default();
            let named = headers.into_iter().map(|(name, at)| (name.to_lowercase(), at));
            // The standard takes it from the media types.
            named.filter(|(name, _)| name != "content-type").collect()
        };
        let (before, after) = (of(x), of(y));
        for (header, a) in &before {
            let b = after.get(header).cloned();
            let gone = b.is_none();
            let (Some(a), b) = self.both(Some(a.clone()), b) else { continue };
            if gone {
                let (rule, class) = match a.is("required") {
                    true => ("required-response-header-removed", Class::Breaking),
                    false => ("optional-response-header-removed", Class::Risky),
                };
                let message = format!("the header {header} is gone");
                self.found.say(rule, class, Some(&a), None, message, MAJOR, whose);
            }
            let Some(b) = b else { continue };
            match (a.is("required"), b.is("required")) {
                (true, false) => {
                    let message = format!("the header {header} may be missing now");
                    self.found.say(
                        "response-header-became-optional",
                        Class::Breaking,
                        Some(&a),
                        Some(&b),
                        message,
                        "go on sending it always",
                        whose,
                    );
                }
                (false, true) => {
                    let message = format!("the header {header} is always there now");
                    self.found.say(
                        "response-header-became-required",
                        Class::Safe,
                        Some(&a),
                        Some(&b),
                        message,
                        "",
                        whose,
                    );
                }
                _ => {}
            }
            let view = self.view("response-header", false, true);
            self.schemas(&schema(&a), &schema(&b), view, whose);
        }
        for (header, b) in after.iter().filter(|(header, _)| !before.contains_key(*header)) {
            let message = format!("there is a header {header} now");
            self.found.say("response-header-added", Class::Safe, None, Some(b), message, "", whose);
        }
    }
}
