//! Evidence references: each leads to an object of the workspace, or it leads nowhere. Nothing is
//! fetched: a web address counts only where the pack allows it and it names the digest of a copy
//! that lies in the workspace.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::dataset::has_scheme;
use crate::dataset::layout::DATASET;
use crate::domain::{Digest, Reason};

use super::codes;
use super::known::Known;

/// Where a reference leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Found {
    /// To an object.
    Object,
    /// To nothing that is there.
    Nothing,
    /// To the web, without a digest by which a copy could be known: it neither counts nor harms.
    Web,
    /// To a place on the web that the pack does not allow.
    Forbidden,
}

/// Judges `evidence_refs` of dataset.json. `data` are the pack's documents: its allow-list is
/// `data.evidence.allow`, a list of URLs that stand for all below them.
pub(super) fn check(known: &Known<'_>, data: &Value, reasons: &mut Vec<Reason>) {
    let refs = known.facts.dataset.value().and_then(|d| d.get("evidence_refs"));
    let Some(refs) = refs.and_then(Value::as_array).filter(|refs| !refs.is_empty()) else {
        let message = match known.facts.dataset.value() {
            Some(_) => "dataset.json lists no evidence reference.",
            None => "dataset.json cannot be read, so there is no evidence reference.",
        };
        reasons.push(codes::EVIDENCE_MISSING.because(message).at(DATASET, "/evidence_refs"));
        return;
    };
    let resolver = Resolver::new(known, data);
    let mut counted = false;
    for (index, reference) in refs.iter().enumerate() {
        let found = reference.as_str().map_or(Found::Nothing, |text| resolver.resolve(text));
        let (code, message) = match found {
            Found::Object => {
                counted = true;
                continue;
            }
            Found::Web => continue,
            Found::Nothing => (
                &codes::EVIDENCE_UNRESOLVED,
                format!("The evidence reference {reference} leads to no object."),
            ),
            Found::Forbidden => (
                &codes::EVIDENCE_NOT_ALLOWED,
                format!("The evidence reference {reference} is not below what the pack allows."),
            ),
        };
        counted = true;
        reasons.push(code.because(message).at(DATASET, format!("/evidence_refs/{index}")));
    }
    if !counted {
        let message = "All evidence references are web addresses, which are not fetched.";
        reasons.push(codes::EVIDENCE_OFFLINE.because(message).at(DATASET, "/evidence_refs"));
    }
}

struct Resolver<'a> {
    known: &'a Known<'a>,
    digests: BTreeSet<Digest>,
    /// None: the pack says nothing of the web.
    allowed: Option<Vec<&'a str>>,
}

impl<'a> Resolver<'a> {
    fn new(known: &'a Known<'a>, data: &'a Value) -> Self {
        let list = data.pointer("/evidence/allow").and_then(Value::as_array);
        Self {
            known,
            digests: known.facts.objects.values().map(|object| object.digest).collect(),
            allowed: list.map(|list| list.iter().filter_map(Value::as_str).collect()),
        }
    }

    fn resolve(&self, reference: &str) -> Found {
        let there = |there: bool| if there { Found::Object } else { Found::Nothing };
        if reference.starts_with("https://") || reference.starts_with("http://") {
            return self.web(reference);
        }
        if reference.starts_with("sha256:") {
            return there(self.has(reference));
        }
        if has_scheme(reference) && !reference.starts_with("kfm://") {
            return Found::Nothing;
        }
        let path = self.known.names.resolve(DATASET, reference);
        there(path.is_some_and(|path| self.known.facts.objects.contains_key(&path)))
    }

    fn has(&self, digest: &str) -> bool {
        digest.parse().is_ok_and(|digest: Digest| self.digests.contains(&digest))
    }

    /// `https://host/path#sha256:<hex>` is pinned: it stands for the copy with those bytes.
    fn web(&self, reference: &str) -> Found {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        match &self.allowed {
            Some(list) if !list.iter().any(|allowed| below(url, allowed)) => Found::Forbidden,
            Some(_) if fragment.starts_with("sha256:") => match self.has(fragment) {
                true => Found::Object,
                false => Found::Nothing,
            },
            _ => Found::Web,
        }
    }
}

/// Whether a URL is `allowed` or lies below it. Text that browsers and servers might read as
/// another place is below nothing.
fn below(url: &str, allowed: &str) -> bool {
    let strange = |c: char| c == '\\' || c == '@' || c.is_control() || c.is_whitespace();
    if url.contains(strange)
        || url.contains("/../")
        || url.ends_with("/..")
        || url.contains("%2e")
        || url.contains("%2E")
    {
        return false;
    }
    let Some(rest) = url.strip_prefix(allowed) else { return false };
    // An origin without a path must end there: https://a.example is no prefix of a.example.org.
    let whole = allowed.ends_with('/');
    rest.is_empty() || whole || rest.starts_with('/') || rest.starts_with('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_place_holds_what_is_below_it_and_nothing_else() {
        for (url, allowed, expected) in [
            ("https://a.example/docs/x", "https://a.example", true),
            ("https://a.example/docs/x", "https://a.example/docs/", true),
            ("https://a.example/docs", "https://a.example/docs", true),
            ("https://a.example.org/", "https://a.example", false),
            ("https://a.example@b.example/", "https://a.example", false),
            ("https://a.example/docsx", "https://a.example/docs", false),
            ("https://a.example/docs/../x", "https://a.example/docs", false),
            ("https://a.example/docs/%2e%2e/x", "https://a.example/docs", false),
            ("http://a.example/", "https://a.example", false),
        ] {
            assert_eq!(below(url, allowed), expected, "{url} below {allowed}");
        }
    }
}
