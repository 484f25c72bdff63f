//! What `deny` may hold, read strictly: a set or an array of texts, or of objects with `code`,
//! `message` and optionally `path`, `pointer`, `remedy`. Anything else is an error, and so denies.

use regorus::Value as Rego;
use serde_json::{Map, Value};

use super::error::EvalError;
use super::limits::Limits;
use crate::domain::{Reason, ReasonCode};

const DENIED: ReasonCode = ReasonCode::builtin("PolicyDenied");
const MORE: ReasonCode = ReasonCode::builtin("MoreDenials");
const REMEDY: &str = "See the policy pack's README.";

/// Reads the value of `rule`: sorted, without repetitions, and bounded.
pub(super) fn read(rule: &str, value: &Rego, limits: &Limits) -> Result<Vec<Reason>, EvalError> {
    let malformed = |message: String| EvalError::Malformed { rule: rule.to_owned(), message };
    let read: Result<Vec<_>, String> = match value {
        Rego::Undefined => return Err(EvalError::Undefined(rule.to_owned())),
        Rego::Set(items) => items.iter().map(|item| one(item, limits)).collect(),
        Rego::Array(items) => items.iter().map(|item| one(item, limits)).collect(),
        _ => Err("it is neither a set nor an array".to_owned()),
    };
    let mut reasons = read.map_err(malformed)?;
    reasons.sort();
    reasons.dedup();
    let more = reasons.len().saturating_sub(limits.reasons);
    if more > 0 {
        reasons.truncate(limits.reasons);
        let message = format!("The policy gives {more} more reasons, which are left out here.");
        reasons.push(Reason::new(MORE, message, "Mend the reasons shown, then run again."));
        reasons.sort();
    }
    Ok(reasons)
}

fn one(item: &Rego, limits: &Limits) -> Result<Reason, String> {
    let text = |text: String| bounded(&text, limits.message);
    match item {
        Rego::String(message) if !message.trim().is_empty() => {
            Ok(Reason::new(DENIED, text(message.as_ref().to_owned()), REMEDY))
        }
        Rego::Object(_) => {
            let value = serde_json::to_value(item).map_err(|e| e.to_string())?;
            let Value::Object(mut members) = value else { return Err("no object".into()) };
            let code = take(&mut members, "code")?.ok_or("a reason lacks its code")?;
            let code = ReasonCode::try_from(code.clone()).map_err(|e| format!("{code:?}: {e}"))?;
            let message = take(&mut members, "message")?.ok_or("a reason lacks its message")?;
            let remedy = take(&mut members, "remedy")?;
            let path = take(&mut members, "path")?;
            let pointer = take(&mut members, "pointer")?;
            if let Some(name) = members.keys().next() {
                return Err(format!("a reason has the unknown member {name:?}"));
            }
            if pointer.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
                return Err("a reason's pointer is no JSON pointer".into());
            }
            let remedy = remedy.unwrap_or_else(|| REMEDY.to_owned());
            let mut reason = Reason::new(code, text(message), text(remedy));
            (reason.path, reason.pointer) = (path.map(text), pointer.map(text));
            Ok(reason)
        }
        _ => Err("a reason is a text or an object with code and message".into()),
    }
}

/// A member that is a text; an empty one counts as absent.
fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Some(_) => Err(format!("a reason's {name} is no text")),
    }
}

fn bounded(text: &str, limit: usize) -> String {
    let mut out: String =
        text.chars().filter(|c| !c.is_control() || *c == '\n').take(limit).collect();
    if text.chars().count() > limit {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(json: &str) -> Result<Vec<Reason>, EvalError> {
        read(
            "r",
            &Rego::from_json_str(json).unwrap(),
            &Limits { reasons: 3, message: 30, ..Limits::default() },
        )
    }

    #[test]
    fn reasons_are_read() {
        let reasons = read_json(
            r#"["no", {"code": "Bad", "message": "m", "path": "p", "pointer": "/a", "remedy": "r"}, "no"]"#,
        )
        .unwrap();
        assert_eq!(reasons.len(), 2);
        assert_eq!(reasons[0], Reason::new(ReasonCode::builtin("Bad"), "m", "r").at("p", "/a"));
        assert_eq!(reasons[1], Reason::new(DENIED, "no", REMEDY));
        assert_eq!(read_json("[]"), Ok(vec![]));
        let bare =
            read_json(r#"[{"code": "Bad", "message": "m", "path": "", "pointer": ""}]"#).unwrap();
        assert_eq!(bare[0], Reason::new(ReasonCode::builtin("Bad"), "m", REMEDY));
    }

    #[test]
    fn anything_else_is_an_error() {
        for json in [
            "true",
            "{}",
            "null",
            "\"no\"",
            "[1]",
            "[true]",
            "[null]",
            "[[]]",
            "[\"\"]",
            "[\" \"]",
            r#"[{"code": "Bad"}]"#,
            r#"[{"message": "m"}]"#,
            r#"[{"code": "bad", "message": "m"}]"#,
            r#"[{"code": "Bad", "message": 1}]"#,
            r#"[{"code": "Bad", "message": "m", "why": ""}]"#,
            r#"[{"code": "Bad", "message": "m", "pointer": "a"}]"#,
        ] {
            assert_eq!(read_json(json).unwrap_err().reason(), "PolicyAnswerMalformed", "{json}");
        }
        assert_eq!(
            read("r", &Rego::Undefined, &Limits::default()).unwrap_err().reason(),
            "PolicyUndefined"
        );
    }

    #[test]
    fn floods_are_bounded_and_still_deny() {
        let reasons =
            read_json(r#"["a", "b", "c", "d", "e", "012345678901234567890123456789abc"]"#).unwrap();
        assert_eq!(reasons.len(), 4);
        assert!(reasons.iter().any(|r| r.code == MORE && r.message.contains("3 more")));
        assert!(reasons.iter().any(|r| r.message == "012345678901234567890123456789…"));
    }
}
