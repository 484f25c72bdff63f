//! Deprecation windows: what may go, and what may not go yet.

use jiff::civil::Date;

use super::bump::is_newer;
use super::versions::{Deprecation, Versions};

/// How far the way out of something has got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Window {
    /// Nobody announced it.
    Unannounced,
    /// It was announced, and there is time left.
    Open {
        /// Releases that must still come out with it.
        releases: u32,
        /// The first day, if that is to come.
        not_before: Option<Date>,
    },
    /// It may go.
    Passed,
}

/// How far the way out of `pointer` in `contract` has got by what `versions.yaml` said *before* the change:
/// an announcement that comes with the removal warns nobody. Whatever is announced as a whole is
/// announced in all its parts.
pub fn window(old: Option<&Versions>, contract: &str, pointer: &str, today: Date) -> Window {
    let Some(old) = old else { return Window::Unannounced };
    let said = old.deprecations.iter().filter(|said| covers(said, contract, pointer));
    // If it was said twice, whoever relies on the longer window is not betrayed.
    let mut longest: Option<Window> = None;
    for said in said {
        let released = released_since(old, said, today);
        let releases = said.removal.releases.saturating_sub(released);
        let not_before = Some(said.removal.not_before).filter(|day| *day > today);
        let found = match (releases, not_before) {
            (0, None) => Window::Passed,
            _ => Window::Open { releases, not_before },
        };
        longest = Some(match (longest, found) {
            (
                Some(Window::Open { releases: a, not_before: b }),
                Window::Open { releases: c, not_before: d },
            ) => Window::Open { releases: a.max(c), not_before: b.max(d) },
            (Some(open @ Window::Open { .. }), _) => open,
            (_, found) => found,
        });
    }
    longest.unwrap_or(Window::Unannounced)
}

/// Whether an announcement is about a place, or about something that it is part of.
pub fn covers(said: &Deprecation, contract: &str, pointer: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with(['/', '.', '(', ':', '#']);
    said.contract == contract
        && (said.at.is_empty() || pointer.strip_prefix(said.at.as_str()).is_some_and(below))
}

/// Releases that came out with the announcement standing. A pre-release reaches nobody who did not ask.
fn released_since(old: &Versions, said: &Deprecation, today: Date) -> u32 {
    let mut versions: Vec<_> = old
        .releases
        .iter()
        .filter(|release| release.version.pre.is_empty() && release.date <= today)
        .map(|release| &release.version)
        .filter(|version| is_newer(version, &said.since))
        .collect();
    versions.sort_by(|a, b| a.cmp_precedence(b));
    versions.dedup_by(|a, b| a.cmp_precedence(b).is_eq());
    u32::try_from(versions.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(releases: &[(&str, &str)], window: (u32, &str)) -> Versions {
        let mut text = String::from("module: m\nversion: 9.0.0\nreleases:\n");
        for (version, date) in releases {
            text += &format!("- {{version: {version}, date: {date}, summary: s}}\n");
        }
        text += &format!(
            "deprecations:\n- {{contract: a.json, at: /properties/x, since: 1.1.0, on: 2026-01-10, \
             replacement: y, removal: {{releases: {}, notBefore: {}}}}}\n",
            window.0, window.1
        );
        yaml_serde::from_str(&text).unwrap()
    }

    #[test]
    fn releases_and_dates_must_both_have_passed() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let open = |releases, not_before: Option<&str>| Window::Open {
            releases,
            not_before: not_before.map(|text| text.parse().unwrap()),
        };
        let out = [("1.3.0", "2026-03-01"), ("1.2.0", "2026-02-01"), ("1.1.0", "2026-01-10")];
        for (releases, window_of, today, expected) in [
            (&out[..], (2, "2026-03-01"), "2026-03-01", Window::Passed),
            (&out, (2, "2026-03-01"), "2026-04-01", Window::Passed),
            (&out, (2, "2026-03-02"), "2026-03-01", open(0, Some("2026-03-02"))),
            (&out, (3, "2026-03-01"), "2026-03-01", open(1, None)),
            (&out, (3, "2026-09-01"), "2026-03-01", open(1, Some("2026-09-01"))),
            (&out, (0, "2026-03-01"), "2026-03-01", Window::Passed),
            // A release that is only planned has reached nobody.
            (&out, (2, "2026-02-01"), "2026-02-28", open(1, None)),
            (&out[1..], (2, "2026-02-01"), "2026-03-01", open(1, None)),
            (&out[2..], (1, "2026-02-01"), "2026-03-01", open(1, None)),
        ] {
            let old = versions(releases, window_of);
            let found = window(Some(&old), "a.json", "/properties/x", day(today));
            assert_eq!(found, expected, "{releases:?} {window_of:?} {today}");
        }
        let pre = versions(
            &[("1.2.0-rc.1", "2026-02-01"), ("1.2.0+b", "2026-02-01"), ("1.2.0", "2026-02-01")],
            (2, "2026-02-01"),
        );
        assert_eq!(window(Some(&pre), "a.json", "/properties/x", day("2026-03-01")), open(1, None));
    }

    #[test]
    fn only_what_was_announced_is_on_its_way_out() {
        let old = versions(&[("1.2.0", "2026-02-01")], (1, "2026-02-01"));
        let day = "2026-03-01".parse().unwrap();
        for (contract, pointer, passed) in [
            ("a.json", "/properties/x", true),
            ("a.json", "/properties/x/enum", true),
            ("a.json", "/properties/xy", false),
            ("a.json", "/properties", false),
            ("a.json", "", false),
            ("b.json", "/properties/x", false),
        ] {
            let found = window(Some(&old), contract, pointer, day);
            let expected = if passed { Window::Passed } else { Window::Unannounced };
            assert_eq!(found, expected, "{contract} {pointer}");
        }
        let mut whole = old.clone();
        whole.deprecations[0].at = String::new();
        assert_eq!(window(Some(&whole), "a.json", "/x", day), Window::Passed);
        whole.deprecations[0].at = "Query.a".into();
        assert_eq!(window(Some(&whole), "a.json", "Query.a(id:)", day), Window::Passed);
        assert_eq!(window(Some(&whole), "a.json", "Query.ab", day), Window::Unannounced);
        assert_eq!(window(None, "a.json", "", day), Window::Unannounced);
        // Said twice: the longer window holds.
        let mut twice = old;
        let mut longer = twice.deprecations[0].clone();
        longer.removal.releases = 5;
        twice.deprecations.push(longer);
        let open = Window::Open { releases: 4, not_before: None };
        assert_eq!(window(Some(&twice), "a.json", "/properties/x", day), open);
    }
}
