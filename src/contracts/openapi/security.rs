//! Security: whoever could get in must go on getting in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::change::Class;
use super::places::At;
use super::{Diff, MAJOR, SHOW};

/// One way in: schemes, and the scopes of each. None at all lets everybody in.
type Way = BTreeMap<String, BTreeSet<String>>;

/// What is asked of an operation, and where that is said.
fn ways<'a>(operation: &At<'a>, root: &At<'a>) -> (Vec<Way>, At<'a>) {
    let Some(at) = operation.get("security").or_else(|| root.get("security")) else {
        return (vec![Way::new()], operation.clone());
    };
    let way = |at: &At<'a>| -> Way {
        let scopes = |at: &At<'a>| {
            at.items().iter().filter_map(|s| s.value.as_str().map(str::to_owned)).collect()
        };
        at.members().iter().map(|(name, at)| ((*name).to_owned(), scopes(at))).collect()
    };
    let mut all: Vec<Way> = at.items().iter().map(way).collect();
    if all.is_empty() {
        all.push(Way::new());
    }
    (all, at)
}

/// Whether who has what the one asks has what the other asks.
fn suffices(has: &Way, asked: &Way) -> bool {
    asked.iter().all(|(scheme, scopes)| has.get(scheme).is_some_and(|had| scopes.is_subset(had)))
}

fn shown(way: &Way) -> String {
    let one = |(scheme, scopes): (&String, &BTreeSet<String>)| match scopes.is_empty() {
        true => scheme.clone(),
        false => format!(
            "{scheme} ({})",
            scopes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        ),
    };
    match way.is_empty() {
        true => "nothing".into(),
        false => way.iter().map(one).collect::<Vec<_>>().join(" and "),
    }
}

impl<'a> Diff<'a> {
    pub(super) fn security(&mut self, name: &str, old: &At<'a>, new: &At<'a>) {
        let (before, x) = ways(old, &self.old.root());
        let (after, y) = ways(new, &self.new.root());
        self.asked.extend(after.iter().flat_map(|way| way.keys().cloned()));
        for way in &before {
            if after.iter().any(|asked| suffices(way, asked)) {
                continue;
            }
            let same_schemes = |other: &&Way| other.keys().eq(way.keys());
            let more = |other: &&Way| way.keys().all(|scheme| other.contains_key(scheme));
            let (rule, message) = if way.is_empty() {
                (
                    "security-anonymous-access-removed",
                    "who gives nothing is let in no more".to_owned(),
                )
            } else if let Some(other) = after.iter().find(same_schemes) {
                (
                    "security-scope-added",
                    format!("{} is asked now, where {} was", shown(other), shown(way)),
                )
            } else if let Some(other) = after.iter().find(more) {
                (
                    "security-requirement-added",
                    format!("{} is asked now, where {} was", shown(other), shown(way)),
                )
            } else {
                (
                    "security-alternative-removed",
                    format!("who has {} is let in no more", shown(way)),
                )
            };
            self.found.say(
                rule,
                Class::Breaking,
                Some(&x),
                Some(&y),
                message,
                "go on letting in who was let in",
                name,
            );
        }
        for way in after.iter().filter(|way| !before.iter().any(|had| suffices(way, had))) {
            let message = format!("who has {} is let in now", shown(way));
            let rule = if way.is_empty() {
                "security-anonymous-access-added"
            } else {
                "security-alternative-added"
            };
            self.found.say(rule, Class::Safe, Some(&x), Some(&y), message, "", name);
        }
    }

    /// After all operations, which say what is asked for.
    pub(super) fn security_schemes(&mut self) {
        let of = |root: At<'a>| {
            let all = root.get("components").and_then(|at| at.get("securitySchemes"));
            all.map(|all| all.members()).unwrap_or_default()
        };
        let (before, after) = (of(self.old.root()), of(self.new.root()));
        for (name, a) in &before {
            let Some(b) = after.get(name) else {
                // Who is still asked for it is told no more how to give it.
                let (class, but) = match self.asked.contains(*name) {
                    true => (Class::Risky, ", and still asked for"),
                    false => (Class::Safe, ""),
                };
                let message = format!("the security scheme {name} is gone{but}");
                let rule = "security-scheme-removed";
                self.found.say(rule, class, Some(a), None, message, "keep its definition", "");
                continue;
            };
            let (Some(a), Some(b)) = self.both(Some(a.clone()), Some(b.clone())) else { continue };
            self.scheme(name, &a, &b);
        }
        for (name, b) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let message = format!("there is a security scheme {name} now");
            self.found.say("security-scheme-added", Class::Safe, None, Some(b), message, "", "");
        }
    }

    fn scheme(&mut self, name: &str, a: &At<'a>, b: &At<'a>) {
        // What no operation asks for keeps nobody out; without operations it is for others to ask.
        let used = self.asked.contains(name) || self.new.root().get("paths").is_none();
        let at_most = |class| if used { class } else { Class::Safe };
        for (key, rule, class) in [
            ("type", "security-scheme-type-changed", Class::Breaking),
            ("name", "security-scheme-api-key-name-changed", Class::Breaking),
            ("in", "security-scheme-api-key-place-changed", Class::Breaking),
            ("scheme", "security-scheme-http-scheme-changed", Class::Breaking),
            ("bearerFormat", "security-scheme-bearer-format-changed", Class::Safe),
            ("openIdConnectUrl", "security-scheme-open-id-connect-url-changed", Class::Risky),
        ] {
            let same = |x: &str, y: &str| x == y || key == "scheme" && x.eq_ignore_ascii_case(y);
            let (x, y) = (a.text(key).unwrap_or_default(), b.text(key).unwrap_or_default());
            if !same(x, y) {
                let message = format!("{key} of the security scheme {name} was {x:?} and is {y:?}");
                self.found.say(rule, at_most(class), Some(a), Some(b), message, MAJOR, "");
            }
        }
        let flows = |at: &At<'a>| at.get("flows").map(|flows| flows.fixed()).unwrap_or_default();
        let (before, after) = (flows(a), flows(b));
        for (flow, x) in &before {
            let Some(y) = after.get(flow) else {
                let message = format!("the security scheme {name} has no flow {flow} any more");
                self.found.say(
                    "security-scheme-flow-removed",
                    at_most(Class::Breaking),
                    Some(x),
                    None,
                    message,
                    MAJOR,
                    "",
                );
                continue;
            };
            for key in ["authorizationUrl", "tokenUrl", "refreshUrl"] {
                if x.text(key) != y.text(key) {
                    let message =
                        format!("{key} of the flow {flow} of the security scheme {name} changed");
                    self.found.say(
                        "security-scheme-url-changed",
                        at_most(Class::Risky),
                        Some(x),
                        Some(y),
                        message,
                        SHOW,
                        "",
                    );
                }
            }
            let scopes =
                |at: &At<'a>| at.get("scopes").map(|all| all.members()).unwrap_or_default();
            if scopes(x).keys().ne(scopes(y).keys()) {
                let message =
                    format!("the scopes of the flow {flow} of the security scheme {name} changed");
                self.found.say(
                    "security-scheme-scopes-changed",
                    Class::Safe,
                    Some(x),
                    Some(y),
                    message,
                    "",
                    "",
                );
            }
        }
        for (flow, y) in after.iter().filter(|(flow, _)| !before.contains_key(*flow)) {
            let message = format!("the security scheme {name} has a flow {flow} now");
            self.found.say(
                "security-scheme-flow-added",
                Class::Safe,
                None,
                Some(y),
                message,
                "",
                "",
            );
        }
    }
}
