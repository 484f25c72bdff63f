//! Licence expressions: what SPDX takes for one, and the one of `dataset.json` taken apart for policy
//! packs, which cannot parse SPDX.

use serde_json::{Value, json};
use spdx::expression::{ExprNode, Operator};
use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{AdditionItem, Expression, LicenseItem, LicenseReq, ParseMode};

/// More alternatives, or parts of one, than a person would write.
const MAX: usize = 64;

/// `alternatives`: one of them must be kept, all parts of it together. A part has its whole `term`
/// and its `license` without exception and `+`. Null if the expression is none, or has too many:
/// `invalid` tells which.
pub(super) fn license(expression: Option<&str>) -> Value {
    let parsed = expression.and_then(|text| self::expression(text).ok());
    let alternatives = parsed.as_ref().and_then(alternatives);
    json!({
        "expression": expression,
        "invalid": expression.is_some() && parsed.is_none(),
        "alternatives": alternatives.map(|all| {
            all.into_iter().map(|parts| parts.into_iter().map(|(term, license)| {
                json!({"term": term, "license": license})
            }).collect::<Vec<_>>()).collect::<Vec<_>>()
        }),
    })
}

type Part = (String, String);

/// A licence expression of current SPDX identifiers in SPDX's spelling, by which packs compare them.
///
/// # Errors
/// What is wrong, as a clause about the text.
pub(crate) fn expression(text: &str) -> Result<Expression, String> {
    if says_nothing(text) {
        return Err("NONE and NOASSERTION are no licences".to_owned());
    }
    let parsed = Expression::parse_mode(text, ParseMode::STRICT).map_err(|error| {
        let part = text.get(error.span.clone()).unwrap_or(text);
        match spelled(part).filter(|listed| *listed != part) {
            Some(listed) => format!("{part:?}: SPDX spells it {listed}"),
            None => format!("{part:?}: {}", error.reason),
        }
    })?;
    let flaw = parsed.requirements().find_map(|part| flaw(&part.req));
    flaw.map_or(Ok(parsed), Err)
}

/// Whether a part of an expression is one of SPDX's words for not knowing.
pub(crate) fn says_nothing(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "()".contains(c));
    words.into_iter().any(|word| matches!(word, "NONE" | "NOASSERTION"))
}

/// What the parser lets through: references without a name, exceptions that are deprecated.
fn flaw(part: &LicenseReq) -> Option<String> {
    let nameless = |document: &Option<String>, name: &str| {
        name.is_empty() || document.as_deref().is_some_and(str::is_empty)
    };
    let without_name = match &part.license {
        LicenseItem::Other(own) => nameless(&own.doc_ref, &own.lic_ref),
        LicenseItem::Spdx { .. } => false,
    };
    match &part.addition {
        _ if without_name => Some(format!("{part}: a reference has no name")),
        Some(AdditionItem::Other(own)) if nameless(&own.doc_ref, &own.add_ref) => {
            Some(format!("{part}: a reference has no name"))
        }
        Some(AdditionItem::Spdx(id)) if id.is_deprecated() => {
            Some(format!("{part}: a deprecated exception was used"))
        }
        _ => None,
    }
}

/// An identifier of a licence or an exception as SPDX's list spells it, whatever its case.
pub(crate) fn spelled(id: &str) -> Option<&'static str> {
    let names = LICENSES.iter().map(|l| l.name).chain(EXCEPTIONS.iter().map(|e| e.name));
    names.into_iter().find(|name| name.eq_ignore_ascii_case(id))
}

fn alternatives(expression: &Expression) -> Option<Vec<Vec<Part>>> {
    let mut stack: Vec<Vec<Vec<Part>>> = Vec::new();
    for node in expression.iter() {
        let next = match node {
            ExprNode::Req(req) => {
                vec![vec![(req.req.to_string(), req.req.license.to_string())]]
            }
            ExprNode::Op(operator) => {
                let (second, first) = (stack.pop()?, stack.pop()?);
                match operator {
                    Operator::Or => [first, second].concat(),
                    Operator::And => join(&first, &second)?,
                }
            }
        };
        if next.len() > MAX {
            return None;
        }
        stack.push(next);
    }
    let mut all = stack.pop().filter(|_| stack.is_empty())?;
    for parts in &mut all {
        parts.sort();
        parts.dedup();
    }
    all.sort();
    all.dedup();
    Some(all)
}

fn join(first: &[Vec<Part>], second: &[Vec<Part>]) -> Option<Vec<Vec<Part>>> {
    let mut joined = Vec::new();
    for one in first {
        for other in second {
            if joined.len() >= MAX || one.len() + other.len() > MAX {
                return None;
            }
            joined.push([one.as_slice(), other.as_slice()].concat());
        }
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_spdx_says() {
        let of = |text| {
            let terms = |parts: Vec<Part>| {
                parts.into_iter().map(|(term, _)| term).collect::<Vec<_>>().join("&")
            };
            expression(text)
                .ok()
                .as_ref()
                .and_then(alternatives)
                .map(|all| all.into_iter().map(terms).collect::<Vec<_>>().join("|"))
        };
        for (text, expected) in [
            ("MIT", Some("MIT")),
            ("MIT OR ISC AND Zlib", Some("ISC&Zlib|MIT")),
            ("(MIT OR ISC) AND Zlib", Some("ISC&Zlib|MIT&Zlib")),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0",
                Some("GPL-2.0-only WITH Classpath-exception-2.0"),
            ),
            ("LicenseRef-a AND MIT AND MIT", Some("LicenseRef-a&MIT")),
            ("CC BY", None),
        ] {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
        let bomb = vec!["(MIT OR ISC)"; 20].join(" AND ");
        assert_eq!(of(&bomb), None);
        for (text, invalid) in [
            (Some(bomb.as_str()), false),
            (Some("MIT"), false),
            (None, false),
            (Some(" "), true),
            (Some("NOASSERTION"), true),
            (Some("MIT OR NONE"), true),
            (Some("CC BY"), true),
        ] {
            assert_eq!(license(text)["invalid"], invalid, "{text:?}");
        }
        let with = license(Some("GPL-2.0-only WITH Classpath-exception-2.0"));
        assert_eq!(with["alternatives"][0][0]["license"], "GPL-2.0-only");
    }

    #[test]
    fn what_is_no_expression_is_told_with_its_mend() {
        for (text, why) in [
            ("MIT OR cc-by-4.0", "\"cc-by-4.0\": SPDX spells it CC-BY-4.0"),
            ("Public domain", "\"Public\": unknown term"),
            ("LicenseRef-", "LicenseRef-: a reference has no name"),
            ("DocumentRef-:LicenseRef-a", "DocumentRef-:LicenseRef-a: a reference has no name"),
            (
                "GPL-2.0-only WITH Nokia-Qt-exception-1.1",
                "GPL-2.0-only WITH Nokia-Qt-exception-1.1: a deprecated exception was used",
            ),
            ("MIT AND NONE", "NONE and NOASSERTION are no licences"),
        ] {
            assert_eq!(expression(text).err().as_deref(), Some(why), "{text}");
        }
        for text in
            ["MIT and ISC", "CC0-1.0+", "DocumentRef-a:LicenseRef-b", "MIT WITH AdditionRef-a"]
        {
            assert!(expression(text).is_ok(), "{text}");
        }
    }
}
