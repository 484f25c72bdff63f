//! The texts in a profile that mean something: queries and times.

use super::error::ProfileError;

/// Bytes of a query.
const MAX_QUERY: usize = 4096;

/// Checks a query: what is filled in is known, and it is about the profile's window if it is about
/// one.
pub(super) fn query(place: &str, text: &str, windowed: bool) -> Result<(), ProfileError> {
    let flaw = |message: String, remedy| Err(ProfileError::new(place, message, remedy));
    if text.trim().is_empty() || text.len() > MAX_QUERY {
        return flaw(format!("a query has 1 to {MAX_QUERY} bytes"), "Write PromQL.");
    }
    // A window of its own would not be the one that minSamples and the snapshot speak of.
    if windowed && !text.contains("{{window}}") {
        return flaw("it does not use {{window}}".into(), "Write [{{window}}] as its range.");
    }
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let inner = &rest[at + 2..];
        let name = inner.find("}}").map(|end| &inner[..end]);
        match name {
            Some("service" | "namespace" | "releaseId" | "window") => {}
            _ => {
                let message = format!("{{{{{}}}}} is nothing", name.unwrap_or_default());
                return flaw(message, "There are service, namespace, releaseId and window.");
            }
        }
        rest = inner;
    }
    Ok(())
}

/// A time as Prometheus writes it.
pub(super) fn seconds(place: &str, text: &str) -> Result<u64, ProfileError> {
    let found = text.split_at_checked(text.len().saturating_sub(1)).and_then(|(digits, unit)| {
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let number: u64 = digits.parse().ok().filter(|_| plain && digits.len() <= 5)?;
        Some(number * factor).filter(|seconds| (5..=86_400).contains(seconds))
    });
    let message = || format!("{text:?} is no time from 5s to 24h");
    found.ok_or_else(|| ProfileError::new(place, message(), "Write 90s, 5m or 1h."))
}
