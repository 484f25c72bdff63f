//! Coordinates in text: one number, a pair, a geometry as text, as hexadecimal or as JSON.

use super::columns::Column;
use super::geojson::GeoJson;
use super::rules::Rules;
use super::wkb;

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
        Column::Whole if text.starts_with('{') && !text.contains("\"coordinates\"") => true,
        Column::Whole if text.starts_with('[') => whole(rules, text),
        Column::Whole => geometry(rules, text).unwrap_or_else(|| whole(rules, text)),
        Column::Other => geometry(rules, text)
            .unwrap_or_else(|| is_in_minutes(text) || has_fine_pair(rules, text)),
    }
}

fn is_empty(text: &str) -> bool {
    matches!(text, "" | "NA" | "N/A" | "NaN" | "nan" | "null" | "NULL" | "None" | "\\N")
}

/// The verdict on a text that is a geometry by itself: well-known text or binary, JSON.
fn geometry(rules: &Rules, text: &str) -> Option<bool> {
    // GeoSPARQL writes the reference system before the geometry.
    let after = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let bare = after.map_or(text, |(_, rest)| rest.trim_start());
    if is_wkt(bare) {
        return Some(well_known(rules, bare));
    }
    if text.starts_with(['{', '[']) {
        return json(rules, text);
    }
    if text.len() < 42 || !text.starts_with(['0', '1']) {
        return None;
    }
    wkb::is_too_fine(rules, &hex::decode(text).ok()?)
}

fn is_wkt(text: &str) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    WKT.iter().any(|word| begins(word)) && text.contains(['(', ' '])
}

/// JSON in a text, and what only looks like it: then the names in it must do.
fn json(rules: &Rules, text: &str) -> Option<bool> {
    let mut inner = GeoJson::new(rules);
    inner.update(text.as_bytes());
    let fact = inner.finish();
    if fact.too_fine.count > 0 || fact.unreadable.is_none() {
        return Some(fact.too_fine.count > 0);
    }
    let text = text.to_lowercase();
    let place = ["latitude", "longitude", "coordinates", "'lat'", "'lon'", "'lng'"];
    place.iter().any(|word| text.contains(word)).then_some(true)
}

fn whole(rules: &Rules, text: &str) -> bool {
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

/// Degrees and minutes.
fn is_in_minutes(text: &str) -> bool {
    !text.is_ascii() && text.contains(['°', 'º']) && text.contains(['\'', '′', '’', '"', '″'])
}

/// Whether two numbers could be a latitude and a longitude. Shares, weights and quantiles are below
/// one; there, where both would be, is the open sea.
pub(super) fn could_be_place(one: f64, other: f64) -> bool {
    let (less, more) = (one.abs().min(other.abs()), one.abs().max(other.abs()));
    less <= 90.0 && more <= 180.0 && more > 1.0
}

/// A position has at most three numbers, a box in one list four.
pub(super) const MAX_POSITION: usize = 4;

/// Whether a list could be a position, or two of them: few numbers, of which two side by side have
/// decimals and could be a place.
pub(super) fn is_position(numbers: &[f64]) -> bool {
    let decimals = |n: f64| n.fract() != 0.0;
    (2..=MAX_POSITION).contains(&numbers.len())
        && numbers.windows(2).any(
            |pair| matches!(pair, [a, b] if decimals(*a) && decimals(*b) && could_be_place(*a, *b)),
        )
}

/// Two decimal numbers side by side that could be a place, anywhere in a text: in a link, a `geo:`
/// address, a note.
fn has_fine_pair(rules: &Rules, text: &str) -> bool {
    if text.bytes().filter(|b| *b == b'.').count() < 2 {
        return false;
    }
    let text = text.replace("%2C", ",").replace("%2c", ",");
    let mut last: Option<(f64, usize)> = None;
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[start..];
        let length = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (digits, after) = number.split_at(length);
        let digits = digits.trim_end_matches('.');
        let negative = rest[..start].ends_with('-');
        let at = text.len() - number.len();
        let degrees = decimal(digits).map(|n| if negative { -n } else { n });
        if let (Some((first, end)), Some(second)) = (last, degrees)
            && are_side_by_side(&text[end..at])
            && could_be_place(first, second)
            && (rules.is_too_fine(first) || rules.is_too_fine(second))
        {
            return true;
        }
        last = degrees.map(|degrees| (degrees, at + digits.len()));
        rest = after;
    }
    false
}

/// A decimal number of degrees; neither a version nor a date, which have more points.
fn decimal(digits: &str) -> Option<f64> {
    let (whole, part) = digits.split_once('.')?;
    let holds = !whole.is_empty() && !part.is_empty() && !part.contains('.');
    digits.parse().ok().filter(|_: &f64| holds)
}

/// Whether nothing but a separator and signs is between two numbers.
fn are_side_by_side(between: &str) -> bool {
    (1..=6).contains(&between.chars().count())
        && between.contains([',', ';', ' ', '\t', '/'])
        && between.chars().all(|c| ",; \t/+-°NSEWnsew".contains(c))
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
            (Column::Other, "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(1 2.22)", true),
            (Column::Other, "<http://www.opengis.net/def/crs/OGC/1.3/CRS84> POINT(1 2.2)", false),
            (Column::Other, "geo:47.6062,-122.3321", true),
            (Column::Other, "geo:47.6,-122.3;u=35", false),
            (Column::Other, "https://maps.example/?q=47.6062%2C-122.3321&z=9", true),
            (Column::Other, "seen at 47.6062 N, 122.3321 W, by the lake", true),
            (Column::Other, "1 47.6062 -122.3321 12", true),
            (Column::Other, "It was at 47.6062, -122.3321.", true),
            (Column::Other, "It weighs 12.55. 30.27 is too much.", false),
            (Column::Other, "47°36'22\"N 122°19'59\"W", true),
            (Column::Other, "21°C", false),
            (Column::Other, "quantiles 0.25, 0.75", false),
            (Column::Other, "0.25, 51.55", true),
            (Column::Other, "192.168.1.1, 10.20.30.40", false),
            (Column::Other, "12.05.2024, 13.05.2024", false),
            (Column::Other, "from 12.55 to 30.27", false),
            (Column::Other, "1234.56, 2345.67", false),
            (Column::Other, r#"{"type":"Point","coordinates":[-122.3321,47.6062]}"#, true),
            (Column::Other, r#"{"type":"Point","coordinates":[-122.3,47.6]}"#, false),
            (Column::Whole, r#"{"type":"Point","coordinates":[-122.3,47.6]}"#, false),
            (Column::Other, r#"["{\"coordinates\":[-122.3321,47.6062]}"]"#, true),
            (Column::Other, "{'latitude': '41.8', 'longitude': '-87.6'}", true),
            (Column::Other, "[sic] 12 of them", false),
            (Column::Other, "0101000020E6100000AC8BDB68006F5EC0FE65F7E461CD4740", true),
            (Column::Whole, "0101000000000000000000F03F0000000000000040", false),
            (Column::Other, "00d1f3a9c6b2e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8", false),
            (Column::Other, "é47.6062,é-122.3321", false),
        ] {
            assert_eq!(is_too_fine(&steps(0.1), column, text), fine, "{column:?} {text}");
        }
    }
}
