//! Numbers and strings to try.

use serde_json::{Number, Value};

use super::super::flat::Flat;
use super::super::language::{self, Found};
use super::super::number;
use super::super::prove;
use super::Hints;

pub(super) fn numbers(flat: &Flat<'_>, hints: &Hints<'_>) -> Vec<Value> {
    let mut points = vec![0.0, 1.0, -1.0, 2.5, 10.0, 1e6];
    let mut exact: Vec<Value> = Vec::new();
    for flat in std::iter::once(flat).chain(&hints.all) {
        for bound in [flat.low, flat.high].into_iter().flatten() {
            exact.push(Value::Number(bound.at.clone()));
            if let Some(whole) = number::integer(bound.at) {
                exact.extend([whole.saturating_sub(1), whole.saturating_add(1)].map(Value::from));
            }
            let at = bound.at.as_f64().unwrap_or(0.0);
            points.extend([at - 1.0, at - 0.5, at + 0.5, at + 1.0, at * 2.0]);
        }
        if let (Some(low), Some(high)) = (flat.low, flat.high) {
            let (low, high) = (low.at.as_f64(), high.at.as_f64());
            points.push(f64::midpoint(low.unwrap_or(0.0), high.unwrap_or(0.0)));
        }
        for multiple in &flat.multiples {
            exact.push(Value::Number((*multiple).clone()));
            let step = multiple.as_f64().unwrap_or(1.0);
            let near = points.iter().take(30).map(|point| (point / step).floor() * step);
            let near: Vec<f64> = near.flat_map(|at| [at - step, at, at + step]).collect();
            points.extend(near);
            points.extend([step * 2.0, step * 3.0, -step, step / 2.0]);
        }
    }
    exact.extend(points.into_iter().take(400).filter_map(of_f64));
    exact
}

#[allow(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
fn of_f64(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Some(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number)
}

/// Texts of a format.
fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => &["2020-02-29", "1999-12-31"],
        "date-time" => &["2020-02-29T12:00:00Z", "1999-12-31T23:59:59.5+01:00"],
        "duration" => &["P1D", "PT1H"],
        "email" | "idn-email" => &["a@example.org"],
        "hostname" | "idn-hostname" => &["example.org", "a"],
        "ipv4" => &["192.0.2.1"],
        "ipv6" => &["2001:db8::1", "::"],
        "iri" | "uri" => &["https://example.org/a", "urn:a:b"],
        "iri-reference" | "uri-reference" => &["a", "../b?c#d", "https://example.org/"],
        "json-pointer" => &["", "/a/0"],
        "regex" => &["^a*$"],
        "relative-json-pointer" => &["0", "1/a"],
        "time" => &["12:00:00Z"],
        "uri-template" => &["https://example.org/{a}"],
        "uuid" => &["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"],
        _ => &[],
    }
}

pub(super) fn strings(flat: &Flat<'_>, hints: &Hints<'_>) -> Vec<Value> {
    /// A string for a length beyond this is not made.
    const LONGEST: u64 = 5_000;
    let mut texts: Vec<String> =
        ["", "a", "A", "0", "ab", "a b", "é", "-"].map(str::to_owned).to_vec();
    let mut lengths = vec![flat.min_length];
    lengths.extend(flat.max_length);
    let all = || std::iter::once(flat).chain(&hints.all);
    for flat in all() {
        texts.extend(flat.formats.iter().flat_map(|f| of_format(f)).map(|t| (*t).to_owned()));
        lengths.extend([flat.min_length, flat.min_length.saturating_sub(1)]);
        let most = flat.max_length.into_iter();
        lengths.extend(most.flat_map(|most| [most, most.saturating_add(1)]));
    }
    lengths.sort_unstable();
    lengths.dedup();
    lengths.retain(|length| {
        *length <= LONGEST
            && *length >= flat.min_length
            && flat.max_length.is_none_or(|most| *length <= most)
    });
    for length in lengths.iter().take(12) {
        let length = usize::try_from(*length).unwrap_or(0);
        texts.extend(["a", "0", "A"].map(|letter| letter.repeat(length)));
    }
    let bounds = prove::bounds(flat);
    let wanted: Vec<&str> = flat.patterns.iter().copied().chain(bounds.as_deref()).collect();
    let mut look = |wanted: &[&str], unwanted: &[&str]| {
        if let Found::Text(text) = language::find(wanted, unwanted) {
            texts.push(text);
        }
    };
    if !flat.patterns.is_empty() {
        look(&wanted, &[]);
        for length in lengths.iter().filter(|length| **length <= 40).take(4) {
            let exactly = format!("^[\\s\\S]{{{length}}}$");
            look(&[wanted.as_slice(), &[&exactly]].concat(), &[]);
        }
    }
    for pattern in hints.all.iter().flat_map(|flat| &flat.patterns).take(8) {
        look(&wanted, &[pattern]);
        look(&[wanted.as_slice(), &[pattern]].concat(), &[]);
    }
    texts.into_iter().map(Value::String).collect()
}
