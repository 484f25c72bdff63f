//! Dates as HTTP writes them, as whole seconds since 1970.

use std::time::{Duration, UNIX_EPOCH};

/// Reads any of the three forms of RFC 9110, section 5.6.7.
pub(super) fn parse(text: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Writes the preferred form.
pub(super) fn format(second: i64) -> String {
    let since = Duration::from_secs(u64::try_from(second).unwrap_or_default());
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms_and_writes_one() {
        let second = 784_111_777;
        assert_eq!(format(second), "Sun, 06 Nov 1994 08:49:37 GMT");
        for form in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(form), Some(second), "{form}");
        }
        for bad in ["", "yesterday", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT, x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
