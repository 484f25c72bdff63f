//! In which of its two media types a GraphQL answer is sent. Both are JSON and the same text; who
//! names neither gets the older one.

use axum::http::{HeaderMap, header};

/// The media type of GraphQL over HTTP.
pub(super) const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
/// The media type of every other success, and of GraphQL for clients that ask for nothing newer.
pub(super) const JSON: &str = "application/json";

/// What the client would rather have.
pub(super) fn answer_type(headers: &HeaderMap) -> &'static str {
    let newer = weight(headers, GRAPHQL_RESPONSE);
    if newer > 0.0 && newer >= weight(headers, JSON) { GRAPHQL_RESPONSE } else { JSON }
}

/// How much a media type is wanted by its name, from 0 to 1.
fn weight(headers: &HeaderMap, kind: &str) -> f32 {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let weights = lines.flat_map(|line| line.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(kind));
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        named.then(|| quality.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
    });
    weights.filter(|weight| (0.0..=1.0).contains(weight)).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_type_is_for_who_names_it() {
        let cases: &[(&[&str], &str)] = &[
            (&[], JSON),
            (&["*/*"], JSON),
            (&["application/json"], JSON),
            (&["text/html"], JSON),
            (&["application/graphql-response+json"], GRAPHQL_RESPONSE),
            (&["Application/GraphQL-Response+JSON; charset=utf-8"], GRAPHQL_RESPONSE),
            (&["application/graphql-response+json, application/json;q=0.9"], GRAPHQL_RESPONSE),
            (&["application/json", "application/graphql-response+json"], GRAPHQL_RESPONSE),
            (&["application/json, application/graphql-response+json;q=0.9"], JSON),
            (&["application/graphql-response+json;q=0"], JSON),
            (&["application/graphql-response+json; q=nonsense"], JSON),
            (&["application/graphql-response+json;q=7"], JSON),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::ACCEPT, line.parse().unwrap());
            }
            assert_eq!(answer_type(&headers), *expected, "{lines:?}");
        }
    }
}
