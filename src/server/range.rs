//! Byte ranges of RFC 9110, section 14. What is malformed or greedy is ignored, as the RFC allows:
//! the answer is then the whole.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// More parts than this are not cut out of one representation.
const MAX_PARTS: usize = 16;

/// What a `Range` header asks of a representation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// These parts, at least one, none of them empty, none twice.
    Parts(Vec<Range<usize>>),
    /// Nothing that is there: 416.
    Nothing,
}

/// Reads the header for a representation of `length` bytes.
pub(super) fn wanted(headers: &HeaderMap, length: usize) -> Wanted {
    let mut values = headers.get_all(header::RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Wanted::Whole };
    let Some(set) = value.to_str().ok().and_then(byte_set) else { return Wanted::Whole };
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut specs = 0;
    for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])) {
        if spec.is_empty() {
            continue;
        }
        specs += 1;
        let Some(part) = part(spec, length).filter(|_| specs <= MAX_PARTS) else {
            return Wanted::Whole;
        };
        // Overlapping parts would let a short request ask for more than there is.
        if parts.iter().any(|old| part.start < old.end && old.start < part.end) {
            return Wanted::Whole;
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    match (specs, parts.is_empty()) {
        (0, _) => Wanted::Whole,
        (_, true) => Wanted::Nothing,
        _ => Wanted::Parts(parts),
    }
}

fn byte_set(value: &str) -> Option<&str> {
    let (unit, set) = value.trim().split_once('=')?;
    unit.eq_ignore_ascii_case("bytes").then_some(set)
}

/// One part, cut to what is there: empty if nothing is. `None` if it is malformed.
fn part(spec: &str, length: usize) -> Option<Range<usize>> {
    let (first, last) = spec.split_once('-')?;
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(length.saturating_sub(number(last)?)..length),
        (false, true) => Some(number(first)?.min(length)..length),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            let end = last.saturating_add(1).min(length);
            (first <= last).then(|| first.min(end)..end)
        }
    }
}

/// Digits only; what is too large for a number is larger than any pack.
fn number(digits: &str) -> Option<usize> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "one part is a case")]
mod tests {
    use super::*;

    fn of(value: &str, length: usize) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, value.parse().unwrap());
        wanted(&headers, length)
    }

    #[test]
    fn ranges_are_cut_to_what_is_there() {
        let cases: &[(&str, &[Range<usize>])] = &[
            ("bytes=0-0", &[0..1]),
            ("bytes=0-", &[0..10]),
            ("bytes=9-", &[9..10]),
            ("bytes=2-5", &[2..6]),
            ("bytes=2-99", &[2..10]),
            ("BYTES=2-18446744073709551616", &[2..10]),
            ("bytes=-3", &[7..10]),
            ("bytes=-30", &[0..10]),
            ("bytes= 0-1 , 4-5,, -1", &[0..2, 4..6, 9..10]),
            ("bytes=5-6,0-1", &[5..7, 0..2]),
            ("bytes=0-1,50-60", &[0..2]),
        ];
        for (value, parts) in cases {
            assert_eq!(of(value, 10), Wanted::Parts(parts.to_vec()), "{value}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_satisfiable() {
        for value in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=10-11,20-"] {
            assert_eq!(of(value, 10), Wanted::Nothing, "{value}");
        }
        assert_eq!(of("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(of("bytes=-5", 0), Wanted::Nothing);
    }

    #[test]
    fn what_is_malformed_or_greedy_gets_the_whole() {
        let many = format!("bytes={}", ["0-0"; 17].join(","));
        for value in [
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=+1-2",
            "bytes=0-1-2",
            "bytes=0x1-",
            "lines=0-1",
            "bytes=0-5,3-7",
            "bytes=0-,0-",
            &many,
        ] {
            assert_eq!(of(value, 10), Wanted::Whole, "{value}");
        }
        let mut twice = HeaderMap::new();
        twice.append(header::RANGE, "bytes=0-1".parse().unwrap());
        twice.append(header::RANGE, "bytes=3-4".parse().unwrap());
        assert_eq!(wanted(&twice, 10), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), 10), Wanted::Whole);
    }
}
