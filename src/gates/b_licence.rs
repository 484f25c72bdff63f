//! Licences: what an SPDX expression allows, and which licence a catalog names.

use std::collections::BTreeSet;

use spdx::expression::ExprNode;
use spdx::{Expression, LicenseItem, LicenseReq};

use crate::dataset::expression;

/// Texts that say nothing.
const PLACEHOLDERS: &[&str] = &[
    "",
    "-",
    "?",
    "n/a",
    "na",
    "nil",
    "no assertion",
    "noassertion",
    "none",
    "null",
    "not specified",
    "other",
    "pending",
    "see website",
    "tba",
    "tbc",
    "tbd",
    "to be determined",
    "todo",
    "unclear",
    "undefined",
    "unknown",
    "unspecified",
    "various",
    "xxx",
];

/// Whether a text is blank or stands for not knowing.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['<', '>', '[', ']', '.', '(', ')']).to_lowercase();
    PLACEHOLDERS.contains(&text.as_str())
}

/// A licence expression of known, current SPDX identifiers and `LicenseRef`s.
pub(super) struct Licence(Expression);

impl Licence {
    /// Reads an expression strictly; the error is a clause about the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        expression(text).map(Self)
    }

    /// Whether some part is a licence of the dataset's own, by `LicenseRef-`.
    pub(super) fn is_custom(&self) -> bool {
        let other = |req: &spdx::expression::ExpressionReq| {
            matches!(req.req.license, LicenseItem::Other(_))
        };
        self.0.requirements().any(other)
    }

    /// Whether the licence leaves a way to this use: only what its name already forbids is refused.
    pub(super) fn allows(&self, intended_use: &str) -> bool {
        let part = match intended_use.trim().to_lowercase().as_str() {
            "commercial" => "NC",
            "derivative" | "derivatives" => "ND",
            _ => return true,
        };
        self.0.evaluate(|req| !req.license.to_string().split('-').any(|word| word == part))
    }

    /// Whether both say the same, operator by operator.
    fn same(&self, other: &Self) -> bool {
        let nodes = |licence: &Self| -> Vec<Result<LicenseReq, spdx::expression::Operator>> {
            let node = |node: &ExprNode| match node {
                ExprNode::Req(req) => Ok(req.req.clone()),
                ExprNode::Op(op) => Err(*op),
            };
            licence.0.iter().map(node).collect()
        };
        nodes(self) == nodes(other)
    }

    fn parts(&self) -> BTreeSet<String> {
        self.0.requirements().map(|req| req.req.to_string()).collect()
    }

    /// Whether the licences that a catalog names are this one: one that says the same, or the
    /// parts of this one each by itself.
    pub(super) fn agrees_with(&self, named: &[Self]) -> bool {
        match named {
            [one] if self.same(one) => true,
            _ => {
                let parts: BTreeSet<String> = named.iter().flat_map(Self::parts).collect();
                named.len() > 1
                    && named.iter().all(|n| n.parts().len() == 1)
                    && parts == self.parts()
            }
        }
    }

    /// Whether every part of another licence is a part of this one.
    pub(super) fn has(&self, other: &Self) -> bool {
        other.parts().is_subset(&self.parts())
    }

    /// Whether several licences or one of its own make this licence up, so that STAC can only
    /// say `other`.
    pub(super) fn is_beyond_one_id(&self) -> bool {
        self.is_custom() || self.0.requirements().count() != 1
    }
}

/// The SPDX identifier that a licence's address stands for.
pub(super) fn id_of_url(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let (host, path) = rest.split_once('/')?;
    let path = path.split(['#', '?']).next()?.trim_end_matches('/');
    match host {
        "spdx.org" => {
            let id = path.strip_prefix("licenses/").or_else(|| path.strip_prefix("rdf/terms/"))?;
            let id = [".html", ".json", ".txt"]
                .iter()
                .find_map(|end| id.strip_suffix(end))
                .unwrap_or(id);
            Some(id.to_owned())
        }
        "creativecommons.org" => creative_commons(path),
        "opendatacommons.org" => match path.strip_prefix("licenses/")? {
            p if p.starts_with("by") => Some("ODC-By-1.0".to_owned()),
            p if p.starts_with("odbl") => Some("ODbL-1.0".to_owned()),
            p if p.starts_with("pddl") => Some("PDDL-1.0".to_owned()),
            _ => None,
        },
        "opensource.org" => {
            let id = path.strip_prefix("licenses/").or_else(|| path.strip_prefix("license/"))?;
            Some(if id.eq_ignore_ascii_case("mit") { "MIT".to_owned() } else { id.to_owned() })
        }
        "apache.org" => path.starts_with("licenses/LICENSE-2.0").then(|| "Apache-2.0".to_owned()),
        _ => None,
    }
}

/// Whether a text is a single licence of the SPDX list, as STAC can name it.
pub(super) fn is_one(text: &str) -> bool {
    Licence::parse(text).is_ok_and(|licence| !licence.is_beyond_one_id())
}

/// The address of a single licence of the SPDX list.
pub(super) fn address(text: &str) -> Option<String> {
    is_one(text).then(|| format!("https://spdx.org/licenses/{text}"))
}

/// Whether a licence's own name says that what is made of it is shared alike.
pub(super) fn obliges_to_share(text: &str) -> bool {
    text.split_whitespace()
        .any(|part| part.contains("-SA-") || part.contains("ODbL") || part.contains("CDLA-Sharing"))
}

fn creative_commons(path: &str) -> Option<String> {
    let mut parts = path.split('/');
    let id = match (parts.next()?, parts.next()?, parts.next()?) {
        ("publicdomain", "zero", version) => format!("CC0-{version}"),
        ("licenses", code, version) => {
            let port =
                parts.next().filter(|p| !p.starts_with("legalcode") && !p.starts_with("deed"));
            let port = port.map(|p| format!("-{}", p.to_uppercase())).unwrap_or_default();
            format!("CC-{}-{version}{port}", code.to_uppercase())
        }
        _ => return None,
    };
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for good in ["CC0-1.0", "CC-BY-4.0 AND ODbL-1.0", "LicenseRef-port", "MIT OR Apache-2.0"] {
            assert!(Licence::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "NOASSERTION",
            "CC0-1.0 OR NONE",
            "CC-BY",
            "GPL-2.0",
            "mit license",
            "Public domain",
            "MIT/Apache-2.0",
        ] {
            assert!(Licence::parse(bad).is_err(), "{bad}");
        }
        assert!(is_placeholder(" <TBD> ") && is_placeholder("Unknown.") && !is_placeholder("NOAA"));
    }

    #[test]
    fn uses() {
        for (licence, intended, allowed) in [
            ("CC-BY-NC-4.0", "commercial", false),
            ("CC-BY-NC-4.0", "research", true),
            ("CC-BY-NC-4.0 OR CC-BY-4.0", "commercial", true),
            ("CC-BY-NC-4.0 AND CC-BY-4.0", "Commercial", false),
            ("CC-BY-ND-4.0", "derivative", false),
            ("CC-BY-ND-4.0", "commercial", true),
        ] {
            assert_eq!(
                Licence::parse(licence).unwrap().allows(intended),
                allowed,
                "{licence} {intended}"
            );
        }
    }

    #[test]
    fn addresses() {
        for (url, id) in [
            ("https://creativecommons.org/licenses/by/4.0/", Some("CC-BY-4.0")),
            ("http://creativecommons.org/licenses/by-nc-sa/3.0/de/", Some("CC-BY-NC-SA-3.0-DE")),
            ("https://creativecommons.org/publicdomain/zero/1.0/legalcode", Some("CC0-1.0")),
            ("https://spdx.org/licenses/CC0-1.0.html", Some("CC0-1.0")),
            ("http://www.opendatacommons.org/licenses/pddl/1-0/", Some("PDDL-1.0")),
            ("https://www.apache.org/licenses/LICENSE-2.0", Some("Apache-2.0")),
            ("https://example.org/licence", None),
            ("not an address", None),
        ] {
            assert_eq!(id_of_url(url).as_deref(), id, "{url}");
        }
    }

    #[test]
    fn agreement() {
        let licence = |text: &str| Licence::parse(text).unwrap();
        let both = licence("CC-BY-4.0 AND ODbL-1.0");
        assert!(both.agrees_with(&[licence("ODbL-1.0"), licence("CC-BY-4.0")]));
        assert!(both.agrees_with(&[licence("CC-BY-4.0 AND ODbL-1.0")]));
        assert!(!both.agrees_with(&[licence("CC-BY-4.0 OR ODbL-1.0")]));
        assert!(!both.agrees_with(&[licence("CC-BY-4.0")]));
    }
}
