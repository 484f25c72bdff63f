//! `versions.yaml` with one release more. It is a person's file: comments and layout stay, and what cannot be
//! edited surely is not edited.

use jiff::civil::Date;
use semver::Version;
use thiserror::Error;

use super::bump::is_newer;
use super::versions::{Release, Versions};

/// What to write of a new release.
#[derive(Clone, Debug)]
pub struct NewRelease<'a> {
    /// Its version.
    pub version: &'a Version,
    /// When.
    pub date: Date,
    /// What is new. Unset: to be written.
    pub summary: Option<&'a str>,
    /// Whether it breaks something, so that more is to be written.
    pub breaking: bool,
}

/// Why nothing is written.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ReleaseError {
    /// It is no `versions.yaml`.
    #[error("{0}")]
    Invalid(String),
    /// The version is not newer.
    #[error("{new} is not newer than {old}")]
    NotNewer {
        /// What it is now.
        old: Version,
        /// What was asked for.
        new: Version,
    },
    /// It is laid out in a way that is not edited.
    #[error(
        "it is laid out so that it is not edited here; set version to {0} and add the release by hand"
    )]
    Layout(Version),
}

/// The text of a `versions.yaml` with a new release on top.
///
/// # Errors
/// Why it is not written.
pub fn release(text: &str, new: &NewRelease<'_>) -> Result<String, ReleaseError> {
    let old = Versions::parse(text.as_bytes()).map_err(ReleaseError::Invalid)?;
    if !is_newer(new.version, &old.version) {
        let (old, new) = (old.version, new.version.clone());
        return Err(ReleaseError::NotNewer { old, new });
    }
    let unedited = || ReleaseError::Layout(new.version.clone());
    let edited = edited(text, new).ok_or_else(unedited)?;
    // Nothing else may have changed.
    let mut wanted = old;
    wanted.version = new.version.clone();
    let summary = new.summary.unwrap_or("TODO").to_owned();
    let entry = Release {
        version: new.version.clone(),
        date: new.date,
        summary,
        migration: None,
        consumers: Vec::new(),
        tests: Vec::new(),
        review: None,
    };
    wanted.releases.insert(0, entry);
    match Versions::parse(edited.as_bytes()) {
        Ok(found) if found == wanted => Ok(edited),
        _ => Err(unedited()),
    }
}

fn edited(text: &str, new: &NewRelease<'_>) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let version = lines.iter().position(|line| line.starts_with("version:"))?;
    let old = lines[version].strip_prefix("version:")?;
    let comment = old.find(" #").map_or("", |at| &old[at..]);
    lines[version] = format!("version: {}{comment}", new.version);

    let begin = lines.iter().position(|line| line.trim_end() == "releases:")? + 1;
    let passed = |line: &&String| line.trim().is_empty() || line.trim_start().starts_with('#');
    let first = begin + lines[begin..].iter().take_while(passed).count();
    let indent = " ".repeat(lines.get(first)?.find("- ")?);
    let summary = serde_json::to_string(new.summary.unwrap_or("TODO")).ok()?;
    let mut entry = vec![
        format!("{indent}- version: {}", new.version),
        format!("{indent}  date: {}", new.date),
        format!("{indent}  summary: {summary}"),
    ];
    if new.breaking {
        entry.extend(
            [
                "# Breaking; `lazaret contracts check` asks for:",
                "# migration: how to come over, or a file that says it",
                "# consumers: [{name: …, evidence: …}]",
                "# tests: [tests/…]",
            ]
            .map(|line| format!("{indent}  {line}")),
        );
    }
    // Comments above the first release speak of it.
    lines.splice(begin..begin, entry);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nmodule: m\nversion: 0.1.0 # now\nreleases:\n  # the first\n  - version: 0.1.0\n    date: 2026-01-01\n    summary: 'A: b'\ndeprecations: []\n";

    fn add(text: &str, version: &str, summary: Option<&str>) -> Result<String, ReleaseError> {
        let version = version.parse().unwrap();
        let date = "2026-11-21".parse().unwrap();
        release(text, &NewRelease { version: &version, date, summary, breaking: false })
    }

    #[test]
    fn a_release_is_put_on_top_and_nothing_else_changes() {
        let text = add(TEXT, "0.1.1", Some("Quotes \"and\" # more")).unwrap();
        let entry = "  - version: 0.1.1\n    date: 2026-11-21\n    summary: \"Quotes \\\"and\\\" # more\"\n";
        let wanted = TEXT
            .replace("version: 0.1.0 # now", "version: 0.1.1 # now")
            .replace("releases:\n", &format!("releases:\n{entry}"));
        assert_eq!(text, wanted);
        let again = add(&text, "1.0.0", None).unwrap();
        let versions = Versions::parse(again.as_bytes()).unwrap();
        let all: Vec<String> = versions.releases.iter().map(|r| r.version.to_string()).collect();
        assert_eq!(all, ["1.0.0", "0.1.1", "0.1.0"]);
    }

    #[test]
    fn what_is_to_be_said_of_a_breaking_release_stands_there_as_comments() {
        let version = "0.2.0".parse().unwrap();
        let date = "2026-11-21".parse().unwrap();
        let new = NewRelease { version: &version, date, summary: None, breaking: true };
        let text = release(TEXT, &new).unwrap();
        assert!(text.contains("\n    # consumers: ["), "{text}");
    }

    #[test]
    fn what_cannot_be_edited_surely_is_not_edited() {
        for version in ["0.1.0", "0.0.9", "0.1.0-rc.1", "0.1.0+build"] {
            let error = add(TEXT, version, None).unwrap_err();
            assert!(matches!(error, ReleaseError::NotNewer { .. }), "{version}: {error}");
        }
        assert!(matches!(add("module: m", "1.0.0", None), Err(ReleaseError::Invalid(_))));
        let flow = "{module: m, version: 0.1.0, releases: [{version: 0.1.0, date: 2026-01-01, summary: s}]}";
        let lists = "module: m\nversion: 0.1.0\nreleases: [{version: 0.1.0, date: 2026-01-01, summary: s}]\n";
        let split = "module: m\nversion:\n  0.1.0\nreleases:\n- version: 0.1.0\n  date: 2026-01-01\n  summary: s\n";
        for text in [flow, lists, split] {
            let error = add(text, "1.0.0", None).unwrap_err();
            assert_eq!(error, ReleaseError::Layout("1.0.0".parse().unwrap()), "{text}");
        }
    }
}
