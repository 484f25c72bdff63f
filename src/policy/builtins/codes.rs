//! Encodings, versions and dates as Go's libraries have them.

use regorus::Value;

use super::growth::weigh;
use super::{BuiltinError, Result, bounded, integer, original, text};

/// JSON as Go writes it: what a web page would read as a tag is escaped. A number that OPA may have
/// written otherwise is refused.
pub(super) fn json(name: &'static str, args: &[Value]) -> Result<Value> {
    for arg in args {
        weigh(name, arg)?;
        if !plain(arg) {
            let why = "a number of more than 64 bits, or so large or small that it may be written otherwise";
            return Err(BuiltinError(format!("{name}: {why}")));
        }
    }
    let Value::String(json) = original(name, args)? else {
        return Err(BuiltinError(format!("{name} gives a text")));
    };
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    bounded(name, out.len())?;
    Ok(Value::from(out))
}

fn plain(value: &Value) -> bool {
    match value {
        Value::Number(n) if n.is_integer() => n.as_i64().is_some() || n.as_u64().is_some(),
        Value::Number(n) => n.as_f64().is_some_and(|n| (1e-4..1e6).contains(&n.abs())),
        Value::Array(items) => items.iter().all(plain),
        Value::Set(items) => items.iter().all(plain),
        Value::Object(members) => members.iter().all(|(name, member)| plain(name) && plain(member)),
        _ => true,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn unescaped(name: &str, text: &str) -> Result<String> {
    let wrong = || BuiltinError(format!("{name}: {text:?} is not well escaped"));
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
                u8::try_from(high * 16 + low).map_err(|_| wrong())?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).map_err(|_| wrong())
}

pub(super) fn query(name: &'static str, args: &[Value]) -> Result<Value> {
    let text = text(name, args, 0)?;
    bounded(name, text.len().saturating_mul(3))?;
    Ok(Value::from(escaped(text)))
}

pub(super) fn unquery(name: &'static str, args: &[Value]) -> Result<Value> {
    Ok(Value::from(unescaped(name, text(name, args, 0)?)?))
}

pub(super) fn unquery_object(name: &'static str, args: &[Value]) -> Result<Value> {
    let text = text(name, args, 0)?;
    // Each part alone must be well escaped; Go has no semicolons here.
    for part in text.split(['&', '=']) {
        unescaped(name, part)?;
    }
    match text.contains(';') {
        true => Err(BuiltinError(format!("{name}: a semicolon separates nothing"))),
        false => original(name, args),
    }
}

pub(super) fn query_object(name: &'static str, args: &[Value]) -> Result<Value> {
    let wrong =
        || BuiltinError(format!("{name} expects an object of strings, or of lists of them"));
    args.iter().try_for_each(|arg| weigh(name, arg))?;
    let Some(Value::Object(members)) = args.first() else { return Err(wrong()) };
    let mut pairs = Vec::new();
    for (key, value) in members.iter() {
        let Value::String(key) = key else { return Err(wrong()) };
        let values: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Set(items) => items.iter().collect(),
            value => vec![value],
        };
        for value in values {
            let Value::String(value) = value else { return Err(wrong()) };
            pairs.push((key.as_ref(), format!("{}={}", escaped(key), escaped(value))));
        }
    }
    pairs.sort_by_key(|(key, _)| *key);
    let text = pairs.into_iter().map(|(_, pair)| pair).collect::<Vec<_>>().join("&");
    bounded(name, text.len())?;
    Ok(Value::from(text))
}

/// OPA reads a version with a `v` before it; numbers are those of 64 bits with a sign.
pub(super) fn version(name: &'static str, args: &[Value]) -> Result<Value> {
    let mut plain = Vec::new();
    for at in 0..args.len() {
        let text = text(name, args, at)?;
        if text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 18) {
            return Err(BuiltinError(format!("{name}: a number of more than 18 digits")));
        }
        plain.push(Value::from(text.strip_prefix('v').unwrap_or(text)));
    }
    original(name, &plain)
}

pub(super) fn index(name: &'static str, args: &[Value]) -> Result<Value> {
    match text(name, args, 1)? {
        "" => Err(BuiltinError(format!("{name}: the text to look for is empty"))),
        _ => original(name, args),
    }
}

const DAY: i128 = 86_400_000_000_000;

/// A day that a month does not have becomes one of the next month. In UTC only.
pub(super) fn add_date(name: &'static str, args: &[Value]) -> Result<Value> {
    let first = match args.first() {
        Some(Value::Array(parts)) => match parts.get(1) {
            None => parts.first(),
            Some(Value::String(zone)) if matches!(zone.as_ref(), "UTC" | "") => parts.first(),
            _ => return Err(BuiltinError(format!("{name} is supported in UTC only"))),
        },
        first => first,
    };
    let now = i128::from(integer(name, &first.cloned().into_iter().collect::<Vec<_>>(), 0)?);
    let of = |at: usize| integer(name, args, at).map(i128::from);
    let (years, months, days) = (of(1)?, of(2)?, of(3)?);
    let (year, month, day) = civil(now.div_euclid(DAY));
    let month = year * 12 + month - 1 + years * 12 + months;
    let date = days_to(month.div_euclid(12), month.rem_euclid(12) + 1) + day - 1 + days;
    let then = i64::try_from(date * DAY + now.rem_euclid(DAY))
        .map_err(|_| BuiltinError(format!("{name}: the time is out of range")))?;
    Ok(Value::from(then))
}

/// Days from 1970 to the first of a month.
fn days_to(year: i128, month: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970.
fn civil(days: i128) -> (i128, i128, i128) {
    // Too early by a year or two, for the few centuries that 64 bits of nanoseconds span.
    let mut year = 1970 + days.div_euclid(366) - 2;
    while days_to(year + 1, 1) <= days {
        year += 1;
    }
    let months = (1..=12).rev().find(|month| days_to(year, *month) <= days).unwrap_or(1);
    (year, months, days - days_to(year, months) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_on_into_the_next_month() {
        let ask = |args: [i64; 4]| add_date("time.add_date", &args.map(Value::from)).unwrap();
        assert_eq!(
            ask([1_580_428_800_000_000_000, 0, 1, 0]),
            Value::from(1_583_107_200_000_000_000_i64)
        );
        assert_eq!(ask([0, 0, 1, 30]), Value::from(5_270_400_000_000_000_i64));
        assert_eq!(ask([0, -1, 0, 0]), Value::from(-31_536_000_000_000_000_i64));
    }

    #[test]
    fn texts_are_escaped_as_go_does() {
        let json = |value: &str| json("json.marshal", &[Value::from(value)]).unwrap();
        assert_eq!(json("<&\u{2028}"), Value::from(r#""\u003c\u0026\u2028""#));
        assert_eq!(query("q", &[Value::from("a b&~*")]).unwrap(), Value::from("a+b%26~%2A"));
        assert!(unquery("q", &[Value::from("%zz")]).is_err());
        assert!(index("indexof", &[Value::from("abc"), Value::from("")]).is_err());
        assert_eq!(
            version("semver.is_valid", &[Value::from("v1.0.0")]).unwrap(),
            Value::from(true)
        );
        assert!(super::json("json.marshal", &[Value::from(1e-7)]).is_err());
    }
}
