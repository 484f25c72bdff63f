//! Canonical JSON (RFC 8785, JCS) over I-JSON (RFC 7493), and the hash of a spec.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::Digest;

/// Why a text has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Not JSON, or JSON that I-JSON forbids. The parser's message says what and where.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// The canonicalizer refused the value.
    #[error("cannot canonicalize: {0}")]
    Form(String),
}

/// The largest integer that every JSON reader keeps exact (RFC 7493, section 2.2): 2^53 - 1.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Parses JSON within I-JSON's limits: UTF-8 without a byte order mark, no repeated member name, no
/// lone surrogate, no noncharacter, no integer beyond ±(2^53 - 1), no number beyond a double,
/// nesting of at most 128.
///
/// # Errors
/// What the parser found, with line and column.
pub fn parse_i_json(bytes: &[u8]) -> Result<Value, CanonicalError> {
    parse(bytes, IJson { wide: false })
}

/// Parses JSON as [`parse_i_json`] does, but takes integers of 64 bits as they are: bounds of what others write,
/// which are read and never hashed.
///
/// # Errors
/// What the parser found, with line and column.
pub fn parse_wide_json(bytes: &[u8]) -> Result<Value, CanonicalError> {
    parse(bytes, IJson { wide: true })
}

fn parse(bytes: &[u8], reader: IJson) -> Result<Value, CanonicalError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let message = "the text begins with a byte order mark; save it without one";
        return Err(CanonicalError::Json(de::Error::custom(message)));
    }
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = reader.deserialize(&mut parser)?;
    parser.end()?;
    let most = if reader.wide { "64 bits" } else { "2^53 - 1" };
    match long_integer(bytes, reader.wide) {
        None => Ok(value),
        Some((line, column)) => Err(CanonicalError::Json(de::Error::custom(format!(
            "the integer is beyond {most} and loses digits in other readers; write it as a string at line {line} column {column}"
        )))),
    }
}

/// Where an integer begins that no 64 bits hold: the parser makes a double of it and keeps silent. One that they
/// hold is passed over only if it is `wide`. The text is known to be JSON.
fn long_integer(text: &[u8], wide: bool) -> Option<(usize, usize)> {
    const DIGITS: usize = 16;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        at += match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => {
                let number = |b: &&u8| b"+-.eE0123456789".contains(*b);
                let length = rest.iter().take_while(number).count();
                let digits = rest.iter().take(length).filter(|b| b.is_ascii_digit()).count();
                let sign = usize::from(*byte == b'-');
                let fits = || {
                    let text = rest.get(..length).and_then(|one| std::str::from_utf8(one).ok());
                    let held = |one: &str| one.parse::<u64>().is_ok() || one.parse::<i64>().is_ok();
                    wide && text.is_some_and(held)
                };
                if digits > DIGITS && digits + sign == length && !fits() {
                    let before = text.get(..at).unwrap_or_default();
                    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
                    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
                    return Some((line, column));
                }
                length
            }
            _ => 1,
        };
    }
    None
}

/// Of the string that the text begins with, quotation marks and all.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// The RFC 8785 form of a value.
///
/// # Errors
/// If the value has no canonical form.
pub fn canonical_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    serde_json_canonicalizer::to_vec(value).map_err(|e| CanonicalError::Form(e.to_string()))
}

/// The digest of a value's canonical form.
///
/// # Errors
/// If the value has no canonical form.
pub fn canonical_digest<T: Serialize>(value: &T) -> Result<Digest, CanonicalError> {
    Ok(Digest::of(&canonical_bytes(value)?))
}

/// SHA-256 of a spec's canonical JSON: the same whatever the order of its members or its spaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpecHash(pub Digest);

impl SpecHash {
    /// The hash of a spec given as JSON text.
    ///
    /// # Errors
    /// If the text is not I-JSON.
    pub fn of_json(bytes: &[u8]) -> Result<Self, CanonicalError> {
        Self::of(&parse_i_json(bytes)?)
    }

    /// The hash of a parsed spec.
    ///
    /// # Errors
    /// If the value has no canonical form.
    pub fn of(spec: &Value) -> Result<Self, CanonicalError> {
        canonical_digest(spec).map(Self)
    }

    /// The 8 digits that a dataset version id carries.
    pub fn prefix(&self) -> String {
        self.0.hex()[..8].to_owned()
    }
}

impl fmt::Display for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Refuses what Unicode sets aside for a program's own use (RFC 7493, section 2.1).
fn plain<E: de::Error>(text: &str) -> Result<(), E> {
    let noncharacter = |c: &char| {
        let code = u32::from(*c);
        (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    };
    match text.chars().find(noncharacter) {
        None => Ok(()),
        Some(c) => Err(E::custom(format!(
            "U+{:04X} is a noncharacter, which other readers may drop or refuse",
            u32::from(c)
        ))),
    }
}

#[derive(Clone, Copy)]
struct IJson {
    /// Whether integers beyond what a double holds exactly are let through.
    wide: bool,
}

impl<'de> DeserializeSeed<'de> for IJson {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IJson {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        plain(text)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        if number > MAX_SAFE_INTEGER && !self.wide {
            return Err(E::custom(format!(
                "integer {number} is beyond 2^53 - 1 and loses digits in other readers; write it as a string"
            )));
        }
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        if number.unsigned_abs() > MAX_SAFE_INTEGER && !self.wide {
            return Err(E::custom(format!(
                "integer {number} is beyond -(2^53 - 1) and loses digits in other readers; write it as a string"
            )));
        }
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            plain(&name)?;
            let value = members.next_value_seed(self)?;
            if object.contains_key(&name) {
                return Err(de::Error::custom(format!("member {name:?} appears twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        let value = parse_i_json(text.as_bytes()).unwrap();
        String::from_utf8(canonical_bytes(&value).unwrap()).unwrap()
    }

    #[test]
    fn wide_integers_are_taken_exactly_or_not_at_all() {
        for text in ["9223372036854775807", "-9223372036854775808", "18446744073709551615"] {
            assert_eq!(parse_wide_json(text.as_bytes()).unwrap().to_string(), text);
            assert!(parse_i_json(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["18446744073709551616", "-9223372036854775809", "{\"a\": 1, \"a\": 2}"] {
            assert!(parse_wide_json(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// RFC 8785, section 3.2.2 and 3.2.3, and the numbers of appendix B.
    #[test]
    fn rfc_8785_examples() {
        let input = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
        let output = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(input), output);
        let input = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
        let order =
            ["Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji", "Hebrew"];
        let text = canonical(input);
        let places: Vec<_> = order.iter().map(|name| text.find(name).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        for (bits, expected) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let number = Number::from_f64(f64::from_bits(bits)).unwrap();
            let text = String::from_utf8(canonical_bytes(&Value::Number(number)).unwrap()).unwrap();
            assert_eq!(text, expected, "{bits:016x}");
        }
    }

    #[test]
    fn what_i_json_forbids_is_refused_with_a_place() {
        for (text, part) in [
            (r#"{"a":1,"a":2}"#, "\"a\" appears twice"),
            (r#"{"a":{"b":1,"\u0062":2}}"#, "\"b\" appears twice"),
            ("9007199254740992", "2^53"),
            ("-9007199254740992", "2^53"),
            (r#"{"\\\"1":[-123456789012345678901]}"#, "2^53"),
            ("[1e3,123456789012345678901234567890]", "column 6"),
            (r#""\ud800""#, "hex escape"),
            ("1e999", "out of range"),
            ("\"a\u{fffe}\"", "U+FFFE"),
            (r#"{"\ufdd0":1}"#, "U+FDD0"),
            ("{} {}", "trailing"),
            ("{", "EOF"),
            ("", "EOF"),
        ] {
            let error = parse_i_json(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("line 1"), "{text}: {error}");
        }
        for fine in
            ["[1.00000000000000000000]", "100000000000000000000e1", r#""\"12345678901234567890""#]
        {
            assert!(parse_i_json(fine.as_bytes()).is_ok(), "{fine}");
        }
        let mark = parse_i_json(b"\xef\xbb\xbf{}").unwrap_err().to_string();
        assert!(mark.contains("byte order mark"), "{mark}");
        assert!(parse_i_json(b"\"\xff\"").is_err());
        assert!(parse_i_json(&[b'['; 100_000]).is_err());
    }

    fn text() -> impl Strategy<Value = String> {
        ".*".prop_filter("characters", |text| plain::<serde_json::Error>(text).is_ok())
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1_i64 << 53) + 1..1 << 53).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(text(), inner, 0..5)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    fn scrambled(value: &Value, out: &mut String) {
        match value {
            Value::Object(members) => {
                out.push_str("{ ");
                for (index, (name, member)) in members.iter().rev().enumerate() {
                    out.push_str(if index == 0 { "\n" } else { " ,\t" });
                    out.push_str(&Value::String(name.clone()).to_string());
                    out.push_str(" : ");
                    scrambled(member, out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "\r\n" } else { " , " });
                    scrambled(item, out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_string()),
        }
    }

    proptest! {
        #[test]
        fn order_and_space_do_not_matter(value in json()) {
            let mut text = String::new();
            scrambled(&value, &mut text);
            prop_assert_eq!(SpecHash::of_json(text.as_bytes()).unwrap(), SpecHash::of(&value).unwrap());
        }

        #[test]
        fn canonical_form_is_a_fixed_point(value in json()) {
            let once = canonical_bytes(&value).unwrap();
            // An integral double may come back beyond 2^53, which I-JSON refuses on reading.
            if let Ok(again) = parse_i_json(&once) {
                prop_assert_eq!(canonical_bytes(&again).unwrap(), once);
            }
        }
    }
}
