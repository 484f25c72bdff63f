//! The canary held against the stable version, as a profile writes it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::names::is_label;
use super::error::ProfileError;
use super::text::query;
use super::written::MAX_LIST;

/// The queries of one side of a comparison; both count requests in the window.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Those that went wrong, or were slow.
    pub bad: String,
    /// All.
    pub total: String,
}

/// The canary held against the stable version.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparison {
    /// What is compared.
    pub name: String,
    /// The new version.
    pub canary: Side,
    /// The old one.
    pub stable: Side,
    /// The canary's share of bad requests may be so many times the stable version's.
    #[serde(default = "one")]
    pub relative_budget: f64,
    /// Requests that each side must have had.
    #[serde(default = "hundred")]
    pub min_samples: u32,
    /// How probable a difference by chance may be, to be taken for real.
    #[serde(default = "five_percent")]
    pub significance: f64,
}

const fn one() -> f64 {
    1.0
}

const fn hundred() -> u32 {
    100
}

const fn five_percent() -> f64 {
    0.05
}

impl Comparison {
    /// The four counts, by the names under which they are measured.
    pub(in super::super) fn queries(&self) -> [(String, &str); 4] {
        let name = |part: &str| format!("{}/{part}", self.name);
        [
            (name("canaryBad"), &self.canary.bad),
            (name("canaryTotal"), &self.canary.total),
            (name("stableBad"), &self.stable.bad),
            (name("stableTotal"), &self.stable.total),
        ]
    }

    /// What may be wrong with the `n`th.
    fn check(&self, n: usize) -> Result<(), ProfileError> {
        let flaw = |member: &str, message: &str, remedy| {
            Err(ProfileError::new(format!("comparisons[{n}].{member}"), message, remedy))
        };
        if !(1.0..=10.0).contains(&self.relative_budget) {
            return flaw("relativeBudget", "it is not from 1 to 10", "1.5 is a good start.");
        }
        if self.min_samples < 20 {
            let message = "fewer than 20 requests tell nothing apart";
            return flaw("minSamples", message, "Demand 100 or more.");
        }
        if !(0.001..=0.2).contains(&self.significance) {
            return flaw("significance", "it is not from 0.001 to 0.2", "0.05 is usual.");
        }
        for (name, text) in self.queries() {
            query(&format!("comparisons[{n}]: {name}"), text, true)?;
        }
        Ok(())
    }
}

/// Checks all of a profile.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(comparisons: &[Comparison]) -> Result<(), ProfileError> {
    if comparisons.len() > MAX_LIST {
        let message = format!("there are more than {MAX_LIST}");
        return Err(ProfileError::new("comparisons", message, "Compare less."));
    }
    let mut names = BTreeSet::new();
    for (n, comparison) in comparisons.iter().enumerate() {
        if !is_label(&comparison.name) || !names.insert(&comparison.name) {
            let message = "it is no name, or another comparison has it";
            let remedy = "Write lower-case letters, digits and '-'.";
            return Err(ProfileError::new(format!("comparisons[{n}].name"), message, remedy));
        }
        comparison.check(n)?;
    }
    Ok(())
}
