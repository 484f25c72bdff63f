//! The forms that SPDX 2.3 gives to texts and that its JSON schema leaves open. Each answers what
//! is wrong with a text, as the end of a sentence that begins with its place.

use jiff::civil::DateTime;
use spdx::{Expression, LicenseItem, LicenseRef, ParseMode};
use url::Url;

use crate::dataset::{says_nothing, spelled};

pub(super) type Flaw = Option<String>;

fn unless(holds: bool, flaw: impl FnOnce() -> String) -> Flaw {
    (!holds).then(flaw)
}

/// What SPDX writes where there is nothing to write.
pub(super) fn is_none(text: &str) -> bool {
    matches!(text, "NONE" | "NOASSERTION")
}

fn named(text: &str, prefix: &str, more: &[u8]) -> bool {
    text.strip_prefix(prefix).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
    })
}

pub(super) fn element_id(text: &str) -> Flaw {
    unless(named(text, "SPDXRef-", b".-"), || {
        format!("is {text:?}, and an id is SPDXRef- with letters, digits, '.' and '-'")
    })
}

pub(super) fn document_id(text: &str) -> Flaw {
    unless(named(text, "DocumentRef-", b".+-"), || {
        format!("is {text:?}, and it is DocumentRef- with letters, digits, '.', '+' and '-'")
    })
}

pub(super) fn licence_id(text: &str) -> Flaw {
    unless(named(text, "LicenseRef-", b".-"), || {
        format!("is {text:?}, and an id is LicenseRef- with letters, digits, '.' and '-'")
    })
}

pub(super) fn version(text: &str) -> Flaw {
    unless(text == "SPDX-2.3", || format!("is {text:?}, and not SPDX-2.3"))
}

pub(super) fn data_licence(text: &str) -> Flaw {
    unless(text == "CC0-1.0", || format!("is {text:?}, and SPDX documents are CC0-1.0"))
}

pub(super) fn date(text: &str) -> Flaw {
    const LENGTH: usize = "2026-11-20T12:00:00Z".len();
    let holds = text.len() == LENGTH && DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", text).is_ok();
    unless(holds, || format!("is {text:?}, and a date is YYYY-MM-DDThh:mm:ssZ"))
}

/// The same where none need be; many write an empty text then.
pub(super) fn optional_date(text: &str) -> Flaw {
    if text.is_empty() { None } else { date(text) }
}

pub(super) fn list_version(text: &str) -> Flaw {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let holds = text.split_once('.').is_some_and(|(major, minor)| number(major) && number(minor));
    unless(text.is_empty() || holds, || {
        format!("is {text:?}, and a version is two numbers and a dot")
    })
}

/// Who made or wrote something.
pub(super) fn actor(text: &str) -> Flaw {
    let named = ["Person:", "Organization:", "Tool:"]
        .iter()
        .any(|kind| text.strip_prefix(kind).is_some_and(|name| !name.trim().is_empty()));
    unless(named, || {
        format!("is {text:?}, and does not begin with Person:, Organization: or Tool:")
    })
}

pub(super) fn supplier(text: &str) -> Flaw {
    if matches!(text, "" | "NOASSERTION") { None } else { actor(text) }
}

/// An absolute address without a fragment.
pub(super) fn namespace(text: &str) -> Flaw {
    let holds = is_plain(text) && !text.contains('#') && Url::parse(text).is_ok();
    unless(holds, || format!("is {text:?}, and it is an absolute URI without a fragment"))
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// A web address; many leave its scheme out.
fn is_address(text: &str) -> bool {
    let with_host = |text: &str| {
        Url::parse(text).is_ok_and(|url| url.host_str().is_some_and(|host| !host.is_empty()))
    };
    let bare_host = || {
        let host = text.split(['/', ':', '?']).next().unwrap_or_default();
        host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty())
    };
    !text.contains(char::is_whitespace)
        && (with_host(text) || bare_host() && with_host(&format!("https://{text}")))
}

pub(super) fn address(text: &str) -> Flaw {
    unless(is_address(text), || format!("is {text:?}, which is no address"))
}

pub(super) fn address_or_none(text: &str) -> Flaw {
    if is_none(text) { None } else { address(text) }
}

/// Where a package came from: an address, or a place in a version control system.
pub(super) fn download(text: &str) -> Flaw {
    let controlled = |prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    let scp = text.strip_prefix("git+git@").and_then(|rest| rest.split_once(':'));
    let holds = is_none(text)
        || is_address(text)
        || scp.is_some_and(|(host, path)| !host.is_empty() && !path.is_empty())
        || controlled("bzr+lp:");
    unless(holds, || format!("is {text:?}, which is neither an address nor NONE or NOASSERTION"))
}

pub(super) fn file_name(text: &str) -> Flaw {
    unless(!text.starts_with('/'), || format!("is {text:?}, and a file's name is relative"))
}

pub(super) fn verification_code(text: &str) -> Flaw {
    unless(is_hex(text, 40), || format!("is {text:?}, and a code is 40 lower-case hex digits"))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The digits of a checksum by this algorithm; what has no fixed length is held to its limits.
pub(super) fn checksum(algorithm: &str, text: &str) -> Flaw {
    let length = match algorithm {
        "ADLER32" => 8,
        "MD2" | "MD4" | "MD5" => 32,
        "SHA1" => 40,
        "SHA224" => 56,
        "SHA256" | "SHA3-256" | "BLAKE2b-256" => 64,
        "SHA384" | "SHA3-384" | "BLAKE2b-384" => 96,
        "SHA512" | "SHA3-512" | "BLAKE2b-512" => 128,
        "BLAKE3" => text.len().max(64),
        _ => text.len().min(128),
    };
    unless(is_hex(text, length), || {
        format!("is {text:?}, and {algorithm} has {length} lower-case hex digits")
    })
}

/// The licences of its own that an expression names; every other is on SPDX's list.
pub(super) fn licences(text: &str) -> Result<Vec<LicenseRef>, String> {
    if is_none(text) {
        return Ok(Vec::new());
    }
    if says_nothing(text) {
        return Err(format!("is {text:?}, and NONE and NOASSERTION stand alone"));
    }
    let mode =
        ParseMode { allow_deprecated: true, allow_postfix_plus_on_gpl: true, ..ParseMode::STRICT };
    let parsed = Expression::parse_mode(text, mode)
        .or_else(|error| Expression::parse_mode(&as_listed(text), mode).map_err(|_| error))
        .map_err(|error| {
            let part = text.get(error.span.clone()).unwrap_or(text);
            format!("is {text:?}, which is no licence expression: {part:?}: {}", error.reason)
        })?;
    let own = |req: &spdx::expression::ExpressionReq| match &req.req.license {
        LicenseItem::Other(own) => Some(LicenseRef::clone(own)),
        LicenseItem::Spdx { .. } => None,
    };
    Ok(parsed.requirements().filter_map(own).collect())
}

/// Identifiers in the spelling of the list: in an SBOM their case does not matter.
fn as_listed(text: &str) -> String {
    text.split_inclusive(|c: char| c.is_whitespace() || "()+".contains(c))
        .map(|part| {
            let id = part.trim_end_matches(|c: char| c.is_whitespace() || "()+".contains(c));
            match spelled(id) {
                Some(listed) => part.replacen(id, listed, 1),
                None => part.to_owned(),
            }
        })
        .collect()
}

/// A package's reference into another system.
pub(super) fn external(category: &str, kind: &str, locator: &str) -> Flaw {
    let kind = kind.strip_prefix("http://spdx.org/rdf/references/").unwrap_or(kind);
    let known: &[&str] = match category {
        "SECURITY" => &["cpe22Type", "cpe23Type", "advisory", "fix", "url", "swid"],
        "PACKAGE-MANAGER" | "PACKAGE_MANAGER" => {
            &["maven-central", "npm", "nuget", "bower", "purl"]
        }
        "PERSISTENT-ID" | "PERSISTENT_ID" => &["swh", "gitoid"],
        _ => {
            let holds = !locator.contains(' ');
            return unless(holds, || format!("has the locator {locator:?}, with a space"));
        }
    };
    if !known.contains(&kind) {
        return Some(format!("has the type {kind:?}; {category} has {}", known.join(", ")));
    }
    unless(is_locator(kind, locator), || format!("has the locator {locator:?}, which is no {kind}"))
}

fn is_locator(kind: &str, text: &str) -> bool {
    let both =
        |pair: Option<(&str, &str)>| pair.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    match kind {
        "cpe22Type" => text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("cpe:/")),
        "cpe23Type" => is_cpe_23(text),
        "maven-central" => {
            let parts: Vec<&str> = text.split(':').collect();
            matches!(parts.len(), 2 | 3) && parts.iter().all(|part| !part.is_empty())
        }
        // The name may begin with @ as well.
        "npm" => both(text.rsplit_once('@')),
        "nuget" => both(text.split_once('/')),
        "bower" => both(text.split_once('#')),
        "purl" => both(text.strip_prefix("pkg:").and_then(|rest| rest.split_once('/'))),
        "swh" => {
            let parts: Vec<&str> = text.split(':').collect();
            matches!(parts.as_slice(), ["swh", "1", "snp" | "rel" | "rev" | "dir" | "cnt", id]
                if is_hex(&id.to_lowercase(), 40))
        }
        "gitoid" => {
            let parts: Vec<&str> = text.split(':').collect();
            matches!(parts.as_slice(), ["gitoid", "blob" | "tree" | "commit" | "tag", hash, id]
                if is_hex(&id.to_lowercase(), if *hash == "sha1" { 40 } else { 64 })
                    && matches!(*hash, "sha1" | "sha256"))
        }
        "swid" => text.starts_with("swid:"),
        _ => is_address(text),
    }
}

/// Thirteen parts between colons that no backslash takes their meaning from.
fn is_cpe_23(text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == ':' && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    let kind = parts.get(2).map(String::as_str);
    parts.len() == 13
        && text.starts_with("cpe:2.3:")
        && matches!(kind, Some("a" | "h" | "o" | "*" | "-"))
        && parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        type Form = fn(&str) -> Flaw;
        let cases: [(Form, &[&str], &[&str]); 12] = [
            (element_id, &["SPDXRef-a.1-B"], &["a", "SPDXRef-", "SPDXRef-a_b", "DocumentRef-a"]),
            (document_id, &["DocumentRef-a+1"], &["DocumentRef-", "SPDXRef-a"]),
            (licence_id, &["LicenseRef-x-1"], &["LicenseRef-", "MIT"]),
            (
                date,
                &["2010-01-29T18:30:22Z"],
                &[
                    "2010-01-29",
                    "2010-01-29T18:30:22.5Z",
                    "2010-01-29T18:30:22+01:00",
                    "2010-13-29T18:30:22Z",
                    "",
                ],
            ),
            (
                actor,
                &["Tool: syft-1", "Person: Jane ()"],
                &["syft", "Tool:", "tool: x", "NOASSERTION"],
            ),
            (
                namespace,
                &["https://example.org/a", "urn:uuid:1e3b5c4a-7b7e-4cf5-b8ee-7b8cd4b0c7de"],
                &["example", "/a", "https://example.org/a#b", "https://example.org/a b", ""],
            ),
            (
                download,
                &[
                    "NOASSERTION",
                    "git+https://example.org/a.git@v1#sub",
                    "git+git@example.org:a/b",
                    "git://example.org/a",
                    "bzr+lp:a",
                    "www.example.org/a.tar.gz",
                ],
                &["", "no", "left-pad", "git+", "see website"],
            ),
            (
                address_or_none,
                &["NONE", "http://example.org", "http://localhost:8080"],
                &["", "none", "http://"],
            ),
            (
                verification_code,
                &["d6a770ba38583ed4bb4525bd96e50461655d2758"],
                &["", "d6a7", "D6A770BA38583ED4BB4525BD96E50461655D2758"],
            ),
            (list_version, &["3.29", ""], &["3", "3.x", "3.29.0"]),
            (supplier, &["NOASSERTION", "", "Organization: a"], &["NONE", "a"]),
            (optional_date, &[""], &["yesterday"]),
        ];
        for (form, good, bad) in cases {
            for text in good {
                assert_eq!(form(text), None, "{text}");
            }
            for text in bad {
                assert!(form(text).is_some(), "{text}");
            }
        }
    }

    #[test]
    fn checksums_have_their_length() {
        for (algorithm, digits, holds) in [
            ("SHA256", 64, true),
            ("SHA256", 63, false),
            ("ADLER32", 8, true),
            ("BLAKE3", 64, true),
            ("BLAKE3", 60, false),
            ("MD6", 0, true),
            ("MD6", 129, false),
        ] {
            assert_eq!(checksum(algorithm, &"a".repeat(digits)).is_none(), holds, "{algorithm}");
        }
        assert!(checksum("SHA1", &"A".repeat(40)).is_some());
    }

    #[test]
    fn expressions() {
        for (text, own) in [
            ("MIT", 0),
            ("mit and (apache-2.0 OR Gpl-2.0+)", 0),
            ("GPL-2.0-only WITH Classpath-exception-2.0", 0),
            ("NOASSERTION", 0),
            ("LicenseRef-a AND DocumentRef-b:LicenseRef-c", 2),
        ] {
            assert_eq!(licences(text).map(|own| own.len()), Ok(own), "{text}");
        }
        for text in ["", "no", "MIT/ISC", "Apache 2.0", "MIT AND NOASSERTION"] {
            assert!(licences(text).is_err(), "{text}");
        }
    }

    #[test]
    fn references() {
        for (category, kind, locator, holds) in [
            ("SECURITY", "cpe23Type", r"cpe:2.3:a:big\:co:app:1.0:*:*:*:*:*:*:*", true),
            ("SECURITY", "cpe23Type", "cpe:2.3:a:co:app:1.0:*:*:*:*:*:*", false),
            ("SECURITY", "http://spdx.org/rdf/references/cpe22Type", "cpe:/a:co:app", true),
            ("SECURITY", "purl", "pkg:npm/a@1", false),
            ("SECURITY", "advisory", "https://nvd.nist.gov/vuln/detail/CVE-2020-28498", true),
            ("PACKAGE-MANAGER", "purl", "pkg:golang/example.org/a@v1", true),
            ("PACKAGE_MANAGER", "purl", "npm/a", false),
            ("PACKAGE-MANAGER", "npm", "@scope/a@1.0.0", true),
            ("PERSISTENT-ID", "swh", "swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2", true),
            ("PERSISTENT-ID", "gitoid", "gitoid:blob:sha1:94a9", false),
            ("OTHER", "anything", "acmecorp/acmenator/4.1.3-alpha", true),
            ("OTHER", "anything", "two words", false),
        ] {
            assert_eq!(external(category, kind, locator).is_none(), holds, "{kind} {locator}");
        }
    }
}
