//! Functions of the engine's whose answer may be far longer than the call: refused when it would be
//! too long, and otherwise the engine's.

use regorus::Value;

use super::{BuiltinError, MAX_TEXT, Result, bounded, few, integer, original, text as text_at};

/// Digits of a number in a text.
const DIGITS: usize = 1000;

/// One text in, at most three times as much out.
pub(super) fn text(name: &'static str, args: &[Value]) -> Result<Value> {
    if let Some(Value::String(text)) = args.first() {
        bounded(name, text.len().saturating_mul(3))?;
    }
    original(name, args)
}

/// Members of all arguments together.
pub(super) fn items(name: &'static str, args: &[Value]) -> Result<Value> {
    few(name, args.iter().map(count).fold(0, usize::saturating_add))?;
    original(name, args)
}

/// Members of all members of the argument together.
pub(super) fn items_of(name: &'static str, args: &[Value]) -> Result<Value> {
    let total = match args.first() {
        Some(Value::Array(list)) => list.iter().map(count).fold(0, usize::saturating_add),
        Some(Value::Set(list)) => list.iter().map(count).fold(0, usize::saturating_add),
        _ => 0,
    };
    few(name, total)?;
    original(name, args)
}

/// A part of a text or of a list, by whole numbers: the engine takes others too.
pub(super) fn part(name: &'static str, args: &[Value]) -> Result<Value> {
    integer(name, args, 1)?;
    integer(name, args, 2)?;
    original(name, args)
}

/// One within the other, both of a kind: the engine says no to others, and OPA nothing.
pub(super) fn subset(name: &'static str, args: &[Value]) -> Result<Value> {
    let fits = matches!(
        args,
        [Value::Object(_), Value::Object(_)]
            | [Value::Set(_), Value::Set(_)]
            | [Value::Array(_), Value::Set(_) | Value::Array(_)]
    );
    if !fits {
        return Err(BuiltinError(format!("{name} expects two collections of a kind")));
    }
    original(name, args)
}

/// A text that becomes a number.
pub(super) fn number(name: &'static str, args: &[Value]) -> Result<Value> {
    if let Some(Value::String(text)) = args.first() {
        let exponent = text.split(['e', 'E']).nth(1).unwrap_or("0");
        let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap_or(i64::MAX);
        if text.len() > DIGITS || exponent.saturating_abs() > 400 {
            let message = format!("{name}: a number of more than {DIGITS} digits, or past 1e400");
            return Err(BuiltinError(message));
        }
        // What OPA reads is JSON's; the engine reads more.
        let json = text.strip_prefix('-').unwrap_or(text);
        let plain = json.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
        let zeros = json.len() > 1 && json.starts_with('0') && json.as_bytes()[1].is_ascii_digit();
        if !plain || zeros || json.starts_with(['+', '.']) || json.ends_with('.') {
            return Err(BuiltinError(format!("{name}: {text:?} is no JSON number")));
        }
    }
    original(name, args)
}

/// A number with a unit: plain digits, without exponents.
pub(super) fn unit(name: &'static str, args: &[Value]) -> Result<Value> {
    let text = text_at(name, args, 0)?;
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let exponent = digits.strip_prefix(['e', 'E']);
    if text.len() > 100
        || exponent.is_some_and(|e| e.starts_with(|c: char| "+-0123456789".contains(c)))
    {
        return Err(BuiltinError(format!(
            "{name}: a number with an exponent, or of too many digits"
        )));
    }
    original(name, args)
}

/// The common form only; OPA's library reads others too.
pub(super) fn uuid(name: &'static str, args: &[Value]) -> Result<Value> {
    match text_at(name, args, 0)?.len() {
        36 => original(name, args),
        _ => Err(BuiltinError(format!("{name} expects 36 characters"))),
    }
}

pub(super) fn concat(name: &'static str, args: &[Value]) -> Result<Value> {
    let between = text_at(name, args, 0)?.len();
    let length = |value: &Value| match value {
        Value::String(text) => text.len().saturating_add(between),
        _ => 0,
    };
    bounded(
        name,
        match args.get(1) {
            Some(Value::Array(list)) => list.iter().map(length).fold(0, usize::saturating_add),
            Some(Value::Set(list)) => list.iter().map(length).fold(0, usize::saturating_add),
            _ => 0,
        },
    )?;
    original(name, args)
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

/// Refuses a value whose text would be too long; it may be much smaller in memory, where equal
/// parts are shared.
pub(super) fn weigh(name: &str, value: &Value) -> Result<()> {
    left(value, MAX_TEXT)
        .map(drop)
        .ok_or_else(|| BuiltinError(format!("{name} gives at most {MAX_TEXT} bytes")))
}

fn left(value: &Value, budget: usize) -> Option<usize> {
    let budget = budget.checked_sub(2)?;
    match value {
        Value::String(text) => budget.checked_sub(text.len()),
        Value::Array(items) => items.iter().try_fold(budget, |rest, item| left(item, rest)),
        Value::Set(items) => items.iter().try_fold(budget, |rest, item| left(item, rest)),
        Value::Object(members) => {
            members.iter().try_fold(budget, |rest, (name, member)| left(member, left(name, rest)?))
        }
        _ => Some(budget),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn shared_values_are_weighed_as_they_would_be_written() {
        let mut value = Value::from(1);
        for _ in 0..60 {
            value = Value::from(vec![value.clone(), value]);
        }
        assert!(weigh("json.marshal", &value).is_err());
        let small = Value::from(vec![Value::from("a")]);
        assert!(weigh("json.marshal", &small).is_ok());
    }

    #[test]
    fn a_set_is_within_a_list_and_no_list_within_a_set() {
        let (list, set) =
            (Value::from(vec![Value::from(1)]), Value::from(BTreeSet::from([1.into()])));
        let ask =
            |whole: &Value, part: &Value| subset("object.subset", &[whole.clone(), part.clone()]);
        assert_eq!(ask(&list, &set).unwrap(), Value::from(true));
        assert!(ask(&set, &list).is_err());
    }

    #[test]
    fn numbers_are_json_s_and_bounded() {
        let ask = |text: &str| number("to_number", &[Value::from(text)]);
        assert_eq!(ask("12").unwrap(), Value::from(12));
        assert_eq!(ask("-1.5e3").unwrap(), Value::from(-1500.0));
        for text in ["1e999999999", "0x10", "+1", "1_000", "inf", "NaN", "012", ".5", "5.", "1e1e1"]
        {
            assert!(ask(text).is_err(), "{text}");
        }
        assert!(ask(&"9".repeat(2000)).is_err());
    }

    #[test]
    fn what_would_be_too_long_is_refused() {
        let long = Value::from("x".repeat(MAX_TEXT));
        assert!(text("hex.encode", std::slice::from_ref(&long)).is_err());
        let list = Value::from(vec![long.clone(), long]);
        assert!(concat("concat", &[Value::from(""), list]).is_err());
        let many = Value::from(vec![Value::Null; 600_000]);
        assert!(items("array.concat", &[many.clone(), many]).is_err());
    }
}
