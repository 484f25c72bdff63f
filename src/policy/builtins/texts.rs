//! Texts, as Go's standard library treats them.

use regorus::Value;

use super::{BuiltinError, MAX_ITEMS, Result, bounded, few, text};

pub(super) fn lower(name: &'static str, args: &[Value]) -> Result<Value> {
    map(name, args, |c| match c {
        // Alone, without the dot that Unicode's full mapping would leave above it.
        '\u{130}' => Ok('i'),
        _ => single(c, c.to_lowercase()),
    })
}

pub(super) fn upper(name: &'static str, args: &[Value]) -> Result<Value> {
    map(name, args, |c| single(c, c.to_uppercase()))
}

/// Go maps one character to one character; where Unicode's full mapping gives several, the
/// character stays, but for some Greek ones of which we do not know.
fn single(c: char, mut mapped: impl ExactSizeIterator<Item = char>) -> Result<char> {
    match (mapped.len(), mapped.next()) {
        (1, Some(one)) => Ok(one),
        _ if ('\u{1f80}'..='\u{1fff}').contains(&c) => {
            Err(BuiltinError(format!("the case of {c:?} is not the same here and in OPA")))
        }
        _ => Ok(c),
    }
}

fn map(name: &str, args: &[Value], by: impl Fn(char) -> Result<char>) -> Result<Value> {
    let text = text(name, args, 0)?;
    bounded(name, text.len())?;
    Ok(Value::from(text.chars().map(by).collect::<Result<String>>()?))
}

pub(super) fn replace(name: &'static str, args: &[Value]) -> Result<Value> {
    let (text, old, new) = (text(name, args, 0)?, text(name, args, 1)?, text(name, args, 2)?);
    let times = text.matches(old).count();
    bounded(name, text.len().saturating_add(times.saturating_mul(new.len())))?;
    Ok(Value::from(text.replace(old, new)))
}

pub(super) fn split(name: &'static str, args: &[Value]) -> Result<Value> {
    let (text, at) = (text(name, args, 0)?, text(name, args, 1)?);
    let parts: Vec<_> = match at {
        "" => text.chars().take(MAX_ITEMS + 1).map(|c| Value::from(c.to_string())).collect(),
        _ => text.split(at).take(MAX_ITEMS + 1).map(Value::from).collect(),
    };
    few(name, parts.len())?;
    Ok(Value::from(parts))
}

pub(super) fn count(name: &'static str, args: &[Value]) -> Result<Value> {
    let (text, of) = (text(name, args, 0)?, text(name, args, 1)?);
    let count = text.matches(of).count();
    Ok(Value::from(u64::try_from(count).unwrap_or(u64::MAX)))
}

/// At each place the first of the sorted old texts that fits.
pub(super) fn replace_n(name: &'static str, args: &[Value]) -> Result<Value> {
    let wrong = |what: &str| BuiltinError(format!("{name} expects {what}"));
    let Some(Value::Object(pairs)) = args.first() else {
        return Err(wrong("an object as argument 1"));
    };
    let mut olds = Vec::new();
    for (old, new) in pairs.iter() {
        let (Value::String(old), Value::String(new)) = (old, new) else {
            return Err(wrong("strings in the object"));
        };
        if old.is_empty() {
            return Err(wrong("texts to replace that are not empty"));
        }
        olds.push((old.as_ref(), new.as_ref()));
    }
    olds.sort_unstable();
    let mut rest = text(name, args, 1)?;
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        let found = olds.iter().find(|(old, _)| rest.starts_with(old));
        let (taken, given) = match found {
            Some((old, new)) => (old.len(), *new),
            None => (c.len_utf8(), &rest[..c.len_utf8()]),
        };
        bounded(name, out.len().saturating_add(given.len()))?;
        out.push_str(given);
        rest = &rest[taken..];
    }
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(function: super::super::Function, args: &[&str]) -> Value {
        let args: Vec<_> = args.iter().map(|text| Value::from(*text)).collect();
        function("f", &args).unwrap()
    }

    #[test]
    fn texts_are_go_s() {
        assert_eq!(ask(upper, &["straße ǆ ŉ"]), Value::from("STRAßE Ǆ ŉ"));
        assert_eq!(ask(lower, &["ΌΣΟΣ İ"]), Value::from("όσοσ i"));
        assert_eq!(ask(replace, &["ab", "", "-"]), Value::from("-a-b-"));
        assert_eq!(ask(count, &["aaä", ""]), Value::from(4));
        assert_eq!(ask(split, &["aä", ""]), Value::from(vec![Value::from("a"), Value::from("ä")]));
        let pairs = Value::from_json_str(r#"{"ab": "1", "a": "2", "b": "a"}"#).unwrap();
        let replaced = replace_n("f", &[pairs, Value::from("abba")]).unwrap();
        assert_eq!(replaced, Value::from("2aa2"), "a comes before ab, and what was put in stays");
        assert!(upper("f", &[Value::from("ᾳ")]).is_err());
        assert!(
            replace(
                "f",
                &[Value::from("x".repeat(1 << 20)), Value::from("x"), Value::from("0123456789")]
            )
            .is_err()
        );
    }
}
