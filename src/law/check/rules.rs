//! The rules of `check`, for reports that list them.

use super::super::finding::Severity;
use super::super::validate::Rule;

macro_rules! rules {
    ($($id:literal $severity:ident $meaning:literal $remedy:literal;)*) => {
        /// Every rule, in the order of the duties.
        pub const RULES: &[Rule] = &[$(Rule {
            id: $id, severity: Severity::$severity, meaning: $meaning, remedy: $remedy,
        }),*];
    };
}

rules! {
    "invariant-broken" Error "something that can never be removed is removed" "Put it back; neither a version nor a decision lets it go.";
    "module-dropped" Error "a module is dropped while it has contracts" "Keep it until a release has come out in which it has none.";
    "release-dropped" Error "a release is no longer listed" "Put its entry back.";
    "release-invented" Error "a release is listed that is older than the last and was not there" "Take it off.";
    "deprecation-shortened" Error "the window of something announced is shorter than it was" "Put it back; an emergency is decided when it goes.";
    "freeze-dropped" Error "a freeze is gone or another" "Put it back: what was frozen stays.";
    "freeze-unchecked" Warning "a freeze was made although its check had not passed" "Hold the set against the freeze before it, too.";
    "versions-unreadable" Error "versions.yaml of a module cannot be read, or is another module's" "Mend it.";
    "version-backwards" Error "a version goes back" "Release what was before as a new version.";
    "version-too-small" Error "a version did not move as far as its changes ask" "Bump it further.";
    "version-without-change" Note "a version moved and no contract of its module changed" "Nothing needs mending.";
    "release-missing" Error "the version has no entry among the releases" "Add it, newest first.";
    "migration-missing" Error "a breaking release does not say how to come over" "Write `migration`: a text, or a path that is there.";
    "consumers-missing" Error "an impacted consumer was not brought along" "Name it in `consumers` with evidence.";
    "tests-missing" Error "a breaking or risky release names no test that is there" "Name the files in `tests`.";
    "review-missing" Error "a risky release does not say what the review made of it" "Write `review`.";
    "deprecation-missing" Error "something is removed that was never announced" "Put it back and announce it first.";
    "deprecation-open" Error "something is removed before its window has passed" "Put it back until it has.";
    "decision-missing" Error "nobody decided about exactly these bytes" "Have somebody decide: `lazaret contracts decide`.";
    "decision-refused" Error "a decision about these bytes does not count" "Mend what is said, or decide anew.";
    "decision-denied" Error "somebody denied the change" "Change the contracts, or have the decision taken back.";
    "decision-unreadable" Warning "a file among the decisions is none" "Remove it, or decide anew.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_rule() {
        let page = include_str!("../../../docs/contracts-law.md");
        for rule in RULES {
            let row = format!(
                "| `{}` | {} | {} |\n",
                rule.id,
                format!("{:?}", rule.severity).to_lowercase(),
                rule.meaning
            );
            assert!(page.contains(&row), "{row}");
        }
    }
}
