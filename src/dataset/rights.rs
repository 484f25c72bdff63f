//! The licence expression of `dataset.json`, taken apart for policy packs, which cannot parse SPDX.

use serde_json::{Value, json};
use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, ParseMode};

/// More alternatives, or parts of one, than a person would write.
const MAX: usize = 64;

/// `alternatives`: one of them must be kept, all parts of it together. A part has its whole `term`
/// and its `license` without exception and `+`. Null if the expression is none, or has too many:
/// `invalid` tells which.
pub(super) fn license(expression: Option<&str>) -> Value {
    let parsed = expression.and_then(parse);
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

/// Whether a part of an expression is one of SPDX's words for not knowing.
pub(crate) fn says_nothing(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "()".contains(c));
    words.into_iter().any(|word| matches!(word, "NONE" | "NOASSERTION"))
}

fn parse(text: &str) -> Option<Expression> {
    let parsed = Expression::parse_mode(text, ParseMode::STRICT).ok();
    parsed.filter(|_| !says_nothing(text))
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
            parse(text)
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
}
