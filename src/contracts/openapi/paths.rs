//! Paths and webhooks. Paths are the same if they differ only in what their parameters are called.

use std::collections::{BTreeMap, BTreeSet};

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

/// An operation of a path, and the item that it stands in.
struct One<'p, 'a> {
    path: &'p Path<'a>,
    method: &'static str,
    item: At<'a>,
    at: At<'a>,
}

/// By template. More than one of the same are no good API, but none of them is to be overlooked.
fn paths<'a>(root: &At<'a>) -> BTreeMap<String, Vec<Path<'a>>> {
    let all = root.get("paths").map(|paths| paths.fixed()).unwrap_or_default();
    let mut found: BTreeMap<String, Vec<Path<'a>>> = BTreeMap::new();
    for (name, at) in all {
        let (text, parameters) = template(name);
        found.entry(text).or_default().push(Path { name, parameters, at });
    }
    found
}

/// What an operation's parameters in the path were called, by what they are called now.
pub(super) type Renamed = BTreeMap<String, String>;

impl<'a> Diff<'a> {
    pub(super) fn paths(&mut self) {
        let (old, new) = (paths(&self.old.root()), paths(&self.new.root()));
        for (text, a) in &old {
            match new.get(text).map(Vec::as_slice) {
                None => a.iter().for_each(|a| self.path_removed(a)),
                Some([b]) if a.len() == 1 => a.iter().for_each(|a| self.path(a, b)),
                Some(b) => self.alike(a, b),
            }
        }
        let come = new.iter().filter(|(text, _)| !old.contains_key(*text));
        for b in come.flat_map(|(_, all)| all) {
            let message = format!("there is a path {} now", b.name);
            self.found.say("api-path-added", Class::Safe, None, Some(&b.at), message, "", "");
        }
    }

    fn path_removed(&mut self, a: &Path<'a>) {
        let (Some(item), _) = self.both(Some(a.at.clone()), None) else { return };
        let doomed = operations(&item).iter().all(|(_, operation)| operation.is("deprecated"));
        let was = if doomed { "the path, deprecated by now," } else { "the path" };
        let message = format!("{was} {} is gone", a.name);
        let at = Some(&a.at);
        self.found.say("api-path-removed", Class::Breaking, at, None, message, MAJOR, "");
    }

    fn path(&mut self, a: &Path<'a>, b: &Path<'a>) {
        if a.name != b.name {
            let message =
                format!("the path {} is written {} now, which is the same", a.name, b.name);
            let (from, to) = (Some(&a.at), Some(&b.at));
            self.found.say("path-parameter-renamed", Class::Safe, from, to, message, "", "");
        }
        self.item((a.name, a.at.clone()), (b.name, b.at.clone()), &renamed(a, b));
    }

    /// Paths of one template: an operation may be in any of them.
    fn alike(&mut self, old: &[Path<'a>], new: &[Path<'a>]) {
        let (before, after) = (self.each(old, true), self.each(new, false));
        // By path and method, and the first of each method.
        let known = |all: &[One<'_, 'a>]| {
            let mut first: BTreeMap<&str, usize> = BTreeMap::new();
            let exact: BTreeMap<(&str, &str), usize> = all
                .iter()
                .enumerate()
                .map(|(index, one)| {
                    first.entry(one.method).or_insert(index);
                    ((one.path.name, one.method), index)
                })
                .collect();
            (exact, first)
        };
        let ((_, olds), (exact, news)) = (known(&before), known(&after));
        let mut pairs = BTreeSet::new();
        for (from, x) in before.iter().enumerate() {
            match exact.get(&(x.path.name, x.method)).or_else(|| news.get(x.method)) {
                Some(to) => drop(pairs.insert((from, *to))),
                None => self.operation_removed(x.method, x.path.name, &x.at),
            }
        }
        let met: BTreeSet<usize> = pairs.iter().map(|(_, to)| *to).collect();
        for (to, y) in after.iter().enumerate().filter(|(to, _)| !met.contains(to)) {
            match olds.get(y.method) {
                // Which of them answers from now on nobody knows.
                Some(from) => drop(pairs.insert((*from, to))),
                None => self.operation_added(y.method, y.path.name, &y.at),
            }
        }
        for (from, to) in pairs {
            let (Some(x), Some(y)) = (before.get(from), after.get(to)) else { continue };
            self.servers(&x.item, &y.item, y.path.name);
            let name = named(y.method, y.path.name);
            let renamed = renamed(x.path, y.path);
            self.operation(&name, (&x.item, &x.at), (&y.item, &y.at), &renamed);
        }
    }

    /// Every operation of some paths.
    fn each<'p>(&mut self, paths: &'p [Path<'a>], is_old: bool) -> Vec<One<'p, 'a>> {
        let docs = if is_old { self.old } else { self.new };
        let mut found = Vec::new();
        for path in paths {
            let Some(item) = self.settled(docs, path.at.clone(), is_old) else { continue };
            for (method, at) in operations(&item) {
                found.push(One { path, method, item: item.clone(), at });
            }
        }
        found
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
            match after.get(method) {
                Some(y) => self.operation(&named(method, new.0), (&a, x), (&b, y), renamed),
                None => self.operation_removed(method, new.0, x),
            }
        }
        for (method, y) in after.iter().filter(|(method, _)| !before.contains_key(*method)) {
            self.operation_added(method, new.0, y);
        }
    }

    fn operation_removed(&mut self, method: &str, path: &str, x: &At<'a>) {
        let name = named(method, path);
        let was = if x.is("deprecated") { "the deprecated operation" } else { "the operation" };
        let sunset =
            x.text("x-sunset").map_or_else(String::new, |day| format!(" (its sunset is {day})"));
        let message = format!("{was} {name}{sunset} is gone");
        let at = Some(x);
        self.found.say("api-operation-removed", Class::Breaking, at, None, message, MAJOR, &name);
    }

    fn operation_added(&mut self, method: &str, path: &str, y: &At<'a>) {
        let name = named(method, path);
        let message = format!("there is an operation {name} now");
        self.found.say("api-operation-added", Class::Safe, None, Some(y), message, "", &name);
    }
}

/// What an operation is called.
fn named(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

fn renamed(a: &Path<'_>, b: &Path<'_>) -> Renamed {
    b.parameters.iter().cloned().zip(a.parameters.iter().cloned()).collect()
}

fn operations<'a>(item: &At<'a>) -> BTreeMap<&'static str, At<'a>> {
    METHODS.into_iter().filter_map(|method| Some((method, item.get(method)?))).collect()
}
