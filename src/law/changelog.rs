//! What all modules' `versions.yaml` say, as one page for people.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::set::Set;
use super::versions::{Deprecation, Release, Versions};

/// The changelog of a set, the same for the same versions.
///
/// # Errors
/// Which `versions.yaml` says nothing, and why.
pub fn changelog(set: &Set) -> Result<String, String> {
    let mut modules = Vec::new();
    for unit in &set.units {
        let path = &unit.module.versions;
        let versions = Versions::of(&set.tree, path).map_err(|error| format!("{path}: {error}"))?;
        modules.push(versions);
    }
    let mut entries: Vec<(&Versions, &Release)> = Vec::new();
    for versions in &modules {
        entries.extend(versions.releases.iter().map(|release| (versions, release)));
    }
    // Newest day first; on one day in the order of contracts.yaml, newest version first.
    entries.sort_by_key(|(_, release)| Reverse(release.date));
    let mut text = format!(
        "# Changelog of the contracts of {}\n\n\
         Written by `lazaret contracts changelog` from each module's versions.yaml; do not edit.\n",
        line(&set.manifest.name)
    );
    let mut day = None;
    for (versions, release) in entries {
        if day != Some(release.date) {
            day = Some(release.date);
            let _ = write!(text, "\n## {}\n", release.date);
        }
        describe(&mut text, versions, release);
    }
    Ok(text)
}

fn describe(text: &mut String, versions: &Versions, release: &Release) {
    let _ = write!(text, "\n### {} {}\n\n", versions.module, release.version);
    let _ = writeln!(text, "{}\n", release.summary.trim());
    let begin = text.len();
    if let Some(migration) = &release.migration {
        let _ = writeln!(text, "- Migration: {}", line(migration));
    }
    for consumer in &release.consumers {
        let _ = writeln!(text, "- {}: {}", line(&consumer.name), line(&consumer.evidence));
    }
    if let Some(review) = &release.review {
        let _ = writeln!(text, "- Review: {}", line(review));
    }
    if !release.tests.is_empty() {
        let tests: Vec<String> = release.tests.iter().map(|test| format!("`{test}`")).collect();
        let _ = writeln!(text, "- Tests: {}", tests.join(", "));
    }
    let since = |said: &&Deprecation| said.since == release.version;
    for said in versions.deprecations.iter().filter(since) {
        let at = if said.at.is_empty() { String::new() } else { format!(" at `{}`", said.at) };
        let _ = writeln!(
            text,
            "- Deprecated: `{}`{at}; use {} instead. It may go after {} releases, not before {}.",
            said.contract,
            line(&said.replacement),
            said.removal.releases,
            said.removal.not_before
        );
    }
    if text.len() == begin {
        text.truncate(begin - 1);
    }
}

/// A text in one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Tree;

    fn set(versions: &str) -> Set {
        let manifest =
            "apiVersion: lazaret.dev/contracts/v1\nname: shop\nmodules:\n- name: a\n- name: b\n";
        let mut tree = Tree::default();
        for (path, text) in [
            ("contracts.yaml", manifest),
            ("a/versions.yaml", versions),
            (
                "b/versions.yaml",
                "module: b\nversion: 2.0.0\nreleases:\n- {version: 2.0.0, date: 2026-03-01, summary: Second.}\n- {version: 1.0.0, date: 2026-01-01, summary: First.}\n",
            ),
        ] {
            tree.insert(path, text.as_bytes().to_vec()).unwrap();
        }
        Set::open(tree).unwrap()
    }

    #[test]
    fn the_page() {
        let versions = "module: a\nversion: 1.1.0\nreleases:\n- version: 1.1.0\n  date: 2026-03-01\n  summary: |\n    Totals in minor units.\n  migration: docs/minor.md\n  consumers: [{name: billing, evidence: billing#812}]\n  tests: [tests/total.rs]\n  review: |\n    Looked at\n    twice.\ndeprecations:\n- contract: order.v1.schema.json\n  at: /properties/total\n  since: 1.1.0\n  on: 2026-03-01\n  replacement: total_minor\n  removal: {releases: 2, notBefore: 2026-09-01}\n";
        let wanted = "# Changelog of the contracts of shop\n\nWritten by `lazaret contracts changelog` from each module's versions.yaml; do not edit.\n\n## 2026-03-01\n\n### a 1.1.0\n\nTotals in minor units.\n\n- Migration: docs/minor.md\n- billing: billing#812\n- Review: Looked at twice.\n- Tests: `tests/total.rs`\n- Deprecated: `order.v1.schema.json` at `/properties/total`; use total_minor instead. It may go after 2 releases, not before 2026-09-01.\n\n### b 2.0.0\n\nSecond.\n\n## 2026-01-01\n\n### b 1.0.0\n\nFirst.\n";
        assert_eq!(changelog(&set(versions)).unwrap(), wanted);
        let error = changelog(&set("module: a\n")).unwrap_err();
        assert!(error.starts_with("a/versions.yaml: "), "{error}");
    }
}
