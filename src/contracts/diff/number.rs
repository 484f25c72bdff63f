//! Comparing numbers exactly, or not at all.

use std::cmp::Ordering;

use serde_json::Number;

/// A decimal number as mantissa and power of ten. `None` beyond what 128 bits hold.
fn decimal(number: &Number) -> Option<(i128, i32)> {
    let text = number.to_string();
    let (text, exponent) = match text.split_once(['e', 'E']) {
        Some((text, exponent)) => (text.to_owned(), exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}");
    let mut mantissa: i128 = digits.parse().ok()?;
    let mut exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    while mantissa != 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    Some((mantissa, if mantissa == 0 { 0 } else { exponent }))
}

fn align(a: &Number, b: &Number) -> Option<(i128, i128)> {
    let ((a, at), (b, bt)) = (decimal(a)?, decimal(b)?);
    let low = at.min(bt);
    let scale = |value: i128, exponent: i32| {
        let steps = u32::try_from(exponent - low).ok().filter(|steps| *steps <= 38)?;
        value.checked_mul(10_i128.checked_pow(steps)?)
    };
    Some((scale(a, at)?, scale(b, bt)?))
}

/// How two numbers compare; `None` if they are too far apart in size to tell exactly.
pub(super) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    if let Some((a, b)) = align(a, b) {
        return Some(a.cmp(&b));
    }
    let order = a.as_f64()?.partial_cmp(&b.as_f64()?)?;
    (order != Ordering::Equal).then_some(order)
}

/// Whether every multiple of `a` is one of `b`.
pub(super) fn multiple_of(a: &Number, b: &Number) -> bool {
    align(a, b).is_some_and(|(a, b)| b != 0 && a % b == 0)
}

/// Whether the number is an integer in JSON Schema's sense: 1.0 is.
pub(super) fn is_integer(number: &Number) -> bool {
    decimal(number).is_some_and(|(_, exponent)| exponent >= 0)
}

/// The number as an integer, if it is one and small.
pub(super) fn integer(number: &Number) -> Option<i64> {
    let (mantissa, exponent) = decimal(number)?;
    let scale = 10_i128.checked_pow(u32::try_from(exponent).ok()?)?;
    i64::try_from(mantissa.checked_mul(scale)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn number(value: &Value) -> &Number {
        let Value::Number(number) = value else { panic!("{value}") };
        number
    }

    #[test]
    fn numbers_compare_by_value_and_never_by_luck() {
        for (a, b, wanted) in [
            (json!(1), json!(1.0), Some(Ordering::Equal)),
            (json!(0.1), json!(0.2), Some(Ordering::Less)),
            (json!(-0.0), json!(0), Some(Ordering::Equal)),
            (
                json!(9_007_199_254_740_993_u64),
                json!(9_007_199_254_740_992_u64),
                Some(Ordering::Greater),
            ),
            (json!(1e300), json!(1), Some(Ordering::Greater)),
        ] {
            assert_eq!(compare(number(&a), number(&b)), wanted, "{a} {b}");
        }
        assert!(multiple_of(number(&json!(0.3)), number(&json!(0.1))));
        assert!(!multiple_of(number(&json!(0.1)), number(&json!(0.3))));
        assert!(multiple_of(number(&json!(6)), number(&json!(1.5))));
        assert!(is_integer(number(&json!(1e3))) && is_integer(number(&json!(2.0))));
        assert!(!is_integer(number(&json!(2.5))));
        assert_eq!(integer(number(&json!(-2.0))), Some(-2));
    }
}
