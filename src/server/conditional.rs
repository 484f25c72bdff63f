//! Preconditions of RFC 9110, section 13, in its order. Every tag that we send is weak or strong by
//! its own spelling; comparison follows the header's rule.

use axum::http::{HeaderMap, HeaderName, header};

use super::http_date;

/// What a representation is known by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validators<'a> {
    /// The entity tag as it is sent.
    pub etag: &'a str,
    /// The second of its last change, if it has one.
    pub modified: Option<i64>,
}

/// What the preconditions of a GET or HEAD come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Answer as if there were none.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// Evaluates the preconditions of a GET or HEAD.
pub(super) fn evaluate(headers: &HeaderMap, validators: &Validators<'_>) -> Outcome {
    if headers.contains_key(header::IF_MATCH) {
        if !matches(headers, &header::IF_MATCH, validators.etag, strong) {
            return Outcome::Failed;
        }
    } else if let Some((limit, modified)) = dates(headers, &header::IF_UNMODIFIED_SINCE, validators)
        && modified > limit
    {
        return Outcome::Failed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        if matches(headers, &header::IF_NONE_MATCH, validators.etag, weak) {
            return Outcome::NotModified;
        }
    } else if let Some((seen, modified)) = dates(headers, &header::IF_MODIFIED_SINCE, validators)
        && modified <= seen
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether `If-Range` lets a `Range` count. A weak tag never does. Our dates do if they are the
/// same: no two revisions share one.
pub(super) fn range_counts(headers: &HeaderMap, validators: &Validators<'_>) -> bool {
    let mut values = headers.get_all(header::IF_RANGE).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(|value| value.to_str().map(str::trim)), second) {
        (None, _) => true,
        (Some(Ok(tag)), None) if tag.starts_with('"') || tag.starts_with("W/") => {
            strong(tag, validators.etag)
        }
        (Some(Ok(date)), None) => {
            http_date::parse(date).is_some_and(|date| validators.modified == Some(date))
        }
        _ => false,
    }
}

/// Both tags are strong and the same.
fn strong(one: &str, other: &str) -> bool {
    one == other && one.starts_with('"')
}

/// The same but for the mark of weakness.
fn weak(one: &str, other: &str) -> bool {
    one.strip_prefix("W/").unwrap_or(one) == other.strip_prefix("W/").unwrap_or(other)
}

/// Whether one of the tags in all lines of a header fits; `*` always does. What is no list of tags
/// is read as far as it is one.
fn matches(
    headers: &HeaderMap,
    name: &HeaderName,
    etag: &str,
    same: fn(&str, &str) -> bool,
) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|line| {
        let mut rest = line.trim();
        if rest == "*" {
            return true;
        }
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let Some(end) = tag_end(rest) else { return false };
            if same(&rest[..end], etag) {
                return true;
            }
            rest = &rest[end..];
            if !rest.is_empty() && !rest.starts_with([' ', '\t', ',']) {
                return false;
            }
        }
    })
}

/// Where the tag ends with which `text` begins.
fn tag_end(text: &str) -> Option<usize> {
    let start = if text.starts_with("W/") { 2 } else { 0 };
    let inner = text[start..].strip_prefix('"')?;
    let quote = inner.find('"')?;
    let plain = inner[..quote].bytes().all(|b| b > 0x20 && b != 0x7f);
    plain.then_some(start + quote + 2)
}

/// The date of a header and our own, if there are both. A header that comes twice is no date.
fn dates(
    headers: &HeaderMap,
    name: &HeaderName,
    validators: &Validators<'_>,
) -> Option<(i64, i64)> {
    let mut values = headers.get_all(name).iter();
    let (first, None) = (values.next()?, values.next()) else { return None };
    Some((http_date::parse(first.to_str().ok()?)?, validators.modified?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Validators<'_> =
        Validators { etag: "W/\"sha-256:ab\"", modified: Some(784_111_777) };
    const STRONG: Validators<'_> = Validators { etag: "\"ab\"", modified: Some(784_111_777) };
    type Pairs = &'static [(&'static str, &'static str)];

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn preconditions_come_to_what_rfc_9110_says() {
        use Outcome::{Failed, NotModified, Proceed};
        let cases: &[(Pairs, Outcome)] = &[
            (&[], Proceed),
            (&[("if-none-match", "W/\"sha-256:ab\"")], NotModified),
            (&[("if-none-match", "\"sha-256:ab\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", " * ")], NotModified),
            (&[("if-none-match", "\"x\", W/\"sha-256:ab\"")], NotModified),
            (&[("if-none-match", ",, \"x\" ,W/\"sha-256:ab\"")], NotModified),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"sha-256:ab\"")], NotModified),
            (&[("if-none-match", "\"a,b\", \"sha-256:ab\"")], NotModified),
            (&[("if-none-match", "\"x\"")], Proceed),
            (&[("if-none-match", "")], Proceed),
            (&[("if-none-match", "sha-256:ab")], Proceed),
            (&[("if-none-match", "\"sha-256:ab")], Proceed),
            (&[("if-none-match", "w/\"sha-256:ab\"")], Proceed),
            (&[("if-none-match", "\"x\"\"sha-256:ab\"")], Proceed),
            (&[("if-modified-since", THEN)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", "soon")], Proceed),
            (&[("if-modified-since", THEN), ("if-modified-since", THEN)], Proceed),
            // The tag outranks the date, both ways.
            (&[("if-none-match", "\"x\""), ("if-modified-since", AFTER)], Proceed),
            (&[("if-none-match", "\"sha-256:ab\""), ("if-modified-since", BEFORE)], NotModified),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "W/\"sha-256:ab\"")], Failed),
            (&[("if-match", "\"sha-256:ab\"")], Failed),
            (&[("if-match", "")], Failed),
            (&[("if-unmodified-since", THEN)], Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", "soon")], Proceed),
            (&[("if-match", "*"), ("if-unmodified-since", BEFORE)], Proceed),
            (&[("if-match", "\"x\""), ("if-none-match", "*")], Failed),
            (&[("if-match", "*"), ("if-none-match", "*")], NotModified),
        ];
        for (pairs, expected) in cases {
            assert_eq!(evaluate(&headers(pairs), &OURS), *expected, "{pairs:?}");
        }
        assert_eq!(evaluate(&headers(&[("if-match", "\"x\", \"ab\"")]), &STRONG), Proceed);
        let dateless = Validators { modified: None, ..STRONG };
        for name in ["if-modified-since", "if-unmodified-since"] {
            assert_eq!(evaluate(&headers(&[(name, BEFORE)]), &dateless), Proceed, "{name}");
        }
    }

    #[test]
    fn a_range_counts_only_for_what_is_surely_the_same() {
        let cases: &[(Pairs, bool, bool)] = &[
            (&[], true, true),
            (&[("if-range", "W/\"sha-256:ab\"")], false, false),
            (&[("if-range", "\"sha-256:ab\"")], false, false),
            (&[("if-range", "\"ab\"")], false, true),
            (&[("if-range", THEN)], true, true),
            (&[("if-range", AFTER)], false, false),
            (&[("if-range", "soon")], false, false),
            (&[("if-range", "\"ab\""), ("if-range", "\"ab\"")], false, false),
        ];
        for (pairs, ours, strong) in cases {
            assert_eq!(range_counts(&headers(pairs), &OURS), *ours, "{pairs:?}");
            assert_eq!(range_counts(&headers(pairs), &STRONG), *strong, "{pairs:?}");
        }
    }
}
