//! Coordinates in text: one number, a pair, or well-known text.

use super::rules::{Column, Rules};

const WKT: &[&str] = &[
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "SRID=",
];

/// Whether a text holds a coordinate that is finer than the plan, or a place that cannot be judged.
pub(super) fn is_too_fine(rules: &Rules, column: Column, text: &str) -> bool {
    if !rules.looks_at_coordinates() {
        return false;
    }
    let text = text.trim();
    if is_empty(text) {
        return false;
    }
    match column {
        Column::Encoded => true,
        // A comma for a point, degrees and minutes: what cannot be read is not let through.
        Column::Single => text.parse().map_or(true, |degrees| rules.is_too_fine(degrees)),
        Column::Whole => whole(rules, text),
        Column::Other if is_wkt(text) => well_known(rules, text),
        Column::Other => pair(text).is_some_and(|pair| pair.iter().any(|d| rules.is_too_fine(*d))),
    }
}

fn is_empty(text: &str) -> bool {
    matches!(text, "" | "NA" | "N/A" | "NaN" | "nan" | "null" | "NULL" | "None" | "\\N")
}

fn is_wkt(text: &str) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    WKT.iter().any(|word| begins(word)) && text.contains(['(', ' '])
}

fn whole(rules: &Rules, text: &str) -> bool {
    if is_wkt(text) {
        return well_known(rules, text);
    }
    let plain = |c: char| c.is_ascii_digit() || "+-.eE,; \t[]()".contains(c);
    // 47,6 and 47,60: a comma between digits in a text without a point may stand for one.
    let comma = text.contains(',') && !text.contains('.') && !text.contains(", ");
    if comma || !text.chars().all(plain) {
        return true;
    }
    let numbers = text.split([',', ';', ' ', '\t', '[', ']', '(', ')']).filter(|n| !n.is_empty());
    numbers.into_iter().any(|n| n.parse().map_or(true, |degrees| rules.is_too_fine(degrees)))
}

/// The first two numbers of each position; the third is a height.
fn well_known(rules: &Rules, text: &str) -> bool {
    let body = text.split_once(';').map_or(text, |(_, body)| body);
    let Some((_, body)) = body.split_once('(') else {
        return !body.trim_end().to_ascii_uppercase().ends_with("EMPTY");
    };
    body.split([',', '(', ')']).any(|position| {
        let numbers: Vec<&str> = position
            .split_whitespace()
            .filter(|word| !word.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect();
        numbers.iter().take(2).any(|n| n.parse().map_or(true, |degrees| rules.is_too_fine(degrees)))
    })
}

/// Two decimal numbers that could be a place, and nothing else.
fn pair(text: &str) -> Option<[f64; 2]> {
    if text.len() > 64 || !text.starts_with(|c: char| c.is_ascii_digit() || "+-([".contains(c)) {
        return None;
    }
    let inner = text.trim_matches(['(', ')', '[', ']', ' ']);
    let mut numbers = inner.split([',', ';', ' ', '\t']).filter(|part| !part.is_empty());
    let (first, second) = (numbers.next()?, numbers.next()?);
    if numbers.next().is_some() || !first.contains('.') || !second.contains('.') {
        return None;
    }
    let pair = [first.parse::<f64>().ok()?, second.parse::<f64>().ok()?];
    pair.iter().all(|d| d.abs() <= 180.0).then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::super::rules::steps;
    use super::*;

    #[test]
    fn places_in_text() {
        for (column, text, fine) in [
            (Column::Single, "47.6", false),
            (Column::Single, "47.6062", true),
            (Column::Single, "47,6", true),
            (Column::Single, "47°36'N", true),
            (Column::Single, "", false),
            (Column::Single, "NA", false),
            (Column::Whole, "10.00 -140.40", false),
            (Column::Whole, "10.00 -140.45", true),
            (Column::Whole, "[10.0, -140.4]", false),
            (Column::Whole, "47,60", true),
            (Column::Whole, "by the lake", true),
            (Column::Whole, "POINT Z (10.1 20.2 3.14159)", false),
            (Column::Other, "POINT (10.1 20.21)", true),
            (Column::Other, "SRID=4326;MULTIPOLYGON (((1 2, 3 4, 5 6.55)))", true),
            (Column::Other, "POINT EMPTY", false),
            (Column::Other, "Point Pleasant is a town", true),
            (Column::Other, "47.6062, -122.3321", true),
            (Column::Other, "47.6, -122.3", false),
            (Column::Other, "1.25", false),
            (Column::Other, "12.5 of 99.99", false),
            (Column::Encoded, "c23nb62w2", true),
        ] {
            assert_eq!(is_too_fine(&steps(0.1), column, text), fine, "{column:?} {text}");
        }
    }
}
