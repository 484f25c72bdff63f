//! `sprintf`: the verbs and widths of Go that come out the same here; the rest is refused, where Go
//! would print a mistake into the text and the engine something else.

use regorus::Value;

use super::growth::weigh;
use super::{BuiltinError, Result, bounded, original, text};

/// The widest field, and the most decimals.
const WIDTH: usize = 1000;

pub(super) fn sprintf(name: &'static str, args: &[Value]) -> Result<Value> {
    let format = text(name, args, 0)?;
    let Some(Value::Array(values)) = args.get(1) else {
        return Err(BuiltinError(format!("{name} expects an array as argument 2")));
    };
    let mut values = values.iter();
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let spec = Spec::read(&mut rest)?;
        let value = values.next().ok_or_else(|| refused("there are fewer values than verbs"))?;
        let shown = spec.show(value)?;
        out.push_str(&shown);
        bounded(name, out.len())?;
    }
    if values.next().is_some() {
        return Err(refused("there are more values than verbs"));
    }
    out.push_str(rest);
    bounded(name, out.len())?;
    Ok(Value::from(out))
}

fn refused(why: &str) -> BuiltinError {
    BuiltinError(format!("sprintf: {why}"))
}

/// As the engine shows one value.
fn engine_s(verb: &str, value: &Value) -> Result<String> {
    let list = Value::from(vec![value.clone()]);
    match original("sprintf", &[Value::from(verb), list])? {
        Value::String(text) => Ok(text.as_ref().to_owned()),
        _ => Err(refused("the value has no text")),
    }
}

struct Spec {
    minus: bool,
    zero: bool,
    width: usize,
    decimals: Option<usize>,
    verb: char,
}

impl Spec {
    fn read(rest: &mut &str) -> Result<Self> {
        let mut flag = |sign: char| match rest.strip_prefix(sign) {
            Some(after) => {
                *rest = after;
                true
            }
            None => false,
        };
        let (minus, zero) = (flag('-'), flag('0'));
        let width = number(rest)?.unwrap_or_default();
        let decimals = match rest.strip_prefix('.') {
            Some(after) => {
                *rest = after;
                Some(number(rest)?.unwrap_or_default())
            }
            None => None,
        };
        let verb = rest.chars().next().ok_or_else(|| refused("it ends in the midst of a verb"))?;
        *rest = &rest[verb.len_utf8()..];
        if minus && zero {
            return Err(refused("%-0 is not known"));
        }
        Ok(Self { minus, zero, width, decimals, verb })
    }

    fn show(&self, value: &Value) -> Result<String> {
        let integer = matches!(value, Value::Number(n) if n.is_integer());
        let decimals = self.decimals.is_some();
        let shown = match (self.verb, value) {
            ('s' | 'v', Value::String(text)) if !decimals && !self.zero => text.as_ref().to_owned(),
            ('v' | 'd', Value::Number(n)) if integer && !decimals => {
                // Beyond 64 bits OPA tells 1e30 from its digits, which we cannot.
                if n.as_i64().is_none() && n.as_u64().is_none() {
                    return Err(refused("a number out of range"));
                }
                n.format_decimal()
            }
            ('q', Value::String(_)) if !decimals && !self.zero => {
                weigh("sprintf", value)?;
                engine_s("%q", value)?
            }
            ('v', Value::Number(n)) if !decimals && !self.zero => {
                shortest(n.as_f64().ok_or_else(|| refused("a number out of range"))?)
            }
            ('f', Value::Number(n)) if !integer => {
                let n = n.as_f64().ok_or_else(|| refused("a number out of range"))?;
                format!("{n:.*}", self.decimals.unwrap_or(6))
            }
            ('x' | 'X' | 'o' | 'b', Value::Number(n)) if integer && !decimals => {
                let n = n.as_i64().ok_or_else(|| refused("a number out of range"))?;
                let (sign, n) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
                match self.verb {
                    'x' => format!("{sign}{n:x}"),
                    'X' => format!("{sign}{n:X}"),
                    'o' => format!("{sign}{n:o}"),
                    _ => format!("{sign}{n:b}"),
                }
            }
            (
                's' | 'v',
                Value::Array(_) | Value::Object(_) | Value::Set(_) | Value::Bool(_) | Value::Null,
            ) if !decimals && !self.zero => {
                weigh("sprintf", value)?;
                engine_s("%v", value)?
            }
            _ => {
                let kind = match value {
                    Value::Number(_) if integer => "an integer",
                    Value::Number(_) => "a number with a fraction",
                    Value::String(_) => "a string",
                    _ => "such a value",
                };
                return Err(refused(&format!(
                    "%{} for {kind} is not supported; use %v, %s or %q for strings, %d, %x, %o or %b for integers, %f for fractions",
                    self.verb
                )));
            }
        };
        Ok(self.pad(shown))
    }

    fn pad(&self, shown: String) -> String {
        let missing = self.width.saturating_sub(shown.chars().count());
        if missing == 0 {
            return shown;
        }
        if self.minus {
            return shown + &" ".repeat(missing);
        }
        match (self.zero, shown.strip_prefix('-')) {
            (true, Some(digits)) => format!("-{}{digits}", "0".repeat(missing)),
            (true, None) => "0".repeat(missing) + &shown,
            _ => " ".repeat(missing) + &shown,
        }
    }
}

fn number(rest: &mut &str) -> Result<Option<usize>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(n) if n <= WIDTH => Ok(Some(n)),
        _ => Err(refused(&format!("a field is at most {WIDTH} wide"))),
    }
}

/// Go's `%v` of a float: the fewest digits that read back, with an exponent below -4 and from 21.
fn shortest(n: f64) -> String {
    let text = format!("{n:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(format: &str, values: &str) -> Result<Value> {
        sprintf("sprintf", &[Value::from(format), Value::from_json_str(values).unwrap()])
    }

    #[test]
    fn texts_are_go_s() {
        for (format, values, expected) in [
            ("%s %v", r#"["a", "b"]"#, "a b"),
            ("%d|%5d|%-5d|%05d", "[1, -2, 3, -4]", "1|   -2|3    |-0004"),
            ("%x %X %o %b", "[255, 255, 8, -5]", "ff FF 10 -101"),
            ("%.2f %f %8.3f", "[1.005, 0.5, -2.5]", "1.00 0.500000   -2.500"),
            ("%v %v %v %v", "[0.1, 1e-7, 2.5, 3]", "0.1 1e-07 2.5 3"),
            ("%q", r#"["a\"b"]"#, r#""a\"b""#),
            ("%v %s", r#"[["a", 1], {"b": null}]"#, r#"["a", 1] {"b": null}"#),
            ("%5s|%-5s|%%", r#"["ä", "b"]"#, "    ä|b    |%"),
            ("%v", "[true]", "true"),
        ] {
            assert_eq!(ask(format, values).unwrap(), Value::from(expected), "{format}");
        }
    }

    #[test]
    fn mistakes_and_giants_are_errors() {
        for (format, values) in [
            ("%d", "[1.5]"),
            ("%d", r#"["a"]"#),
            ("%s", "[1]"),
            ("%f", "[1]"),
            ("%q", "[1]"),
            ("%v", "[1e30]"),
            ("%v", "[]"),
            ("%v", "[1, 2]"),
            ("", "[1]"),
            ("%", "[1]"),
            ("%1000000000d", "[1]"),
            ("%99999999999999999999999d", "[1]"),
            ("%.4000000000f", "[1.5]"),
            ("%[1]d", "[1]"),
            ("%+d", "[1]"),
        ] {
            assert!(ask(format, values).is_err(), "{format}");
        }
    }
}
