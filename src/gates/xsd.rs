//! Whether a text is in the lexical space of an XSD datatype.

use jiff::civil::{Date, DateTime};

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// An unknown datatype has no lexical space to break.
pub(super) fn is_valid(datatype: &str, text: &str) -> bool {
    let Some(name) = datatype.strip_prefix(XSD) else { return true };
    // All but strings collapse white space.
    let text = if name == "string" { text } else { text.trim() };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = |text: &str| digits(text.strip_prefix('+').unwrap_or(text));
    let signed = |text: &str| digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    match name {
        "integer" | "int" | "long" | "short" => signed(text),
        "nonNegativeInteger" => {
            unsigned(text)
                || text
                    .strip_prefix('-')
                    .is_some_and(|t| t.trim_matches('0').is_empty() && digits(t))
        }
        "positiveInteger" => unsigned(text) && text.bytes().any(|b| (b'1'..=b'9').contains(&b)),
        "decimal" => {
            let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
            let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
            (digits(whole) || digits(part))
                && (whole.is_empty() || digits(whole))
                && (part.is_empty() || digits(part))
        }
        "double" | "float" => {
            matches!(text, "INF" | "-INF" | "+INF" | "NaN")
                || (text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
                    && text.parse::<f64>().is_ok())
        }
        "boolean" => matches!(text, "true" | "false" | "0" | "1"),
        "hexBinary" => text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()),
        "date" => date(without_zone(text)),
        "dateTime" => text.contains('T') && date_time(without_zone(text)),
        "gYear" => year(without_zone(text)),
        "gYearMonth" => {
            let text = without_zone(text);
            text.rsplit_once('-').is_some_and(|(y, m)| {
                year(y) && m.len() == 2 && m.parse::<u8>().is_ok_and(|m| (1..=12).contains(&m))
            })
        }
        "duration" => {
            let body = text.strip_prefix('-').unwrap_or(text);
            body.starts_with('P')
                && body.len() > 2
                && !body.ends_with('T')
                && body.bytes().all(|b| b.is_ascii_digit() || b"PYMDTHS.".contains(&b))
        }
        _ => true,
    }
}

fn without_zone(text: &str) -> &str {
    if let Some(text) = text.strip_suffix('Z') {
        return text;
    }
    match text.len().checked_sub(6).and_then(|at| Some((text.get(..at)?, text.get(at..)?))) {
        Some((local, zone))
            if zone.starts_with(['+', '-']) && zone.as_bytes().get(3) == Some(&b':') =>
        {
            local
        }
        _ => text,
    }
}

fn year(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit())
}

fn date(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

fn date_time(text: &str) -> bool {
    text.len() >= 19 && text.as_bytes().get(10) == Some(&b'T') && text.parse::<DateTime>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_spaces() {
        for (name, good, bad) in [
            ("integer", vec!["0", "-12", "+3", " 7 "], vec!["1.0", "", "x"]),
            ("nonNegativeInteger", vec!["12", "-0"], vec!["-1", ""]),
            ("decimal", vec!["1", "1.5", ".5", "-2."], vec!["1e3", ".", ""]),
            ("double", vec!["1e3", "INF"], vec!["inf", "one"]),
            ("boolean", vec!["true", "0"], vec!["True", "yes"]),
            ("hexBinary", vec!["00ff", "AB"], vec!["0", "0g"]),
            (
                "date",
                vec!["2026-11-20", "2026-11-20Z", "2026-11-20+01:00"],
                vec!["2026-13-01", "20261120"],
            ),
            (
                "dateTime",
                vec!["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.5"],
                vec!["2026-11-20", "2026-11-20 12:00:00"],
            ),
            ("gYear", vec!["2026"], vec!["26"]),
            ("gYearMonth", vec!["2026-11"], vec!["2026-13"]),
            ("duration", vec!["P1Y", "PT5M"], vec!["1Y", "P"]),
        ] {
            let datatype = format!("{XSD}{name}");
            for text in good {
                assert!(is_valid(&datatype, text), "{name} {text}");
            }
            for text in bad {
                assert!(!is_valid(&datatype, text), "{name} {text}");
            }
        }
    }
}
