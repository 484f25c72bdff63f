//! Which version a change demands ([SemVer 2.0.0](https://semver.org); below 1.0.0 as Cargo reads it:
//! there the leftmost number that is not 0 says what breaks).

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease, Version};
use serde::Serialize;

use crate::contracts::{Change, Class};

/// How far a version must move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing that anybody can rely on is new.
    Patch,
    /// There is more than there was, or nobody can prove that nothing broke.
    Minor,
    /// Something breaks.
    Major,
}

impl Level {
    /// What a class of changes demands. Something safe demands a minor version if it adds something.
    pub const fn of(class: Class, adds: bool) -> Self {
        match (class, adds) {
            (Class::Breaking, _) => Self::Major,
            (Class::Risky, _) | (Class::Safe, true) => Self::Minor,
            (Class::Safe, false) => Self::Patch,
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The smallest release that moves so far from `old`. If `old` is a pre-release of a version that
    /// already is so far from its predecessor, it is that version.
    pub fn least(self, old: &Version) -> Version {
        let (major, minor, patch) = match (old.major, old.minor) {
            _ if !old.pre.is_empty() && step(old) >= self => (old.major, old.minor, old.patch),
            (0, 0) => (0, 0, old.patch + 1),
            (0, minor) if self == Self::Major => (0, minor + 1, 0),
            (0, minor) => (0, minor, old.patch + 1),
            (major, _) if self == Self::Major => (major + 1, 0, 0),
            (major, minor) if self == Self::Minor => (major, minor + 1, 0),
            (major, minor) => (major, minor, old.patch + 1),
        };
        Version::new(major, minor, patch)
    }

    /// Whether `new` moves so far from `old`. A pre-release counts for what it comes before.
    pub fn suffices(self, old: &Version, new: &Version) -> bool {
        is_newer(new, old) && core(new) >= self.least(old)
    }
}

/// Whether a change adds something, by its rule's name.
pub fn adds(change: &Change) -> bool {
    change.class == Class::Safe && change.rule.split('-').any(|word| word == "added")
}

/// Whether one version comes after another. Build metadata has no say.
pub fn is_newer(a: &Version, b: &Version) -> bool {
    a.cmp_precedence(b) == Ordering::Greater
}

fn core(version: &Version) -> Version {
    Version { pre: Prerelease::EMPTY, build: BuildMetadata::EMPTY, ..version.clone() }
}

/// How far a pre-release is from what came before, as its numbers tell.
const fn step(version: &Version) -> Level {
    match (version.major, version.minor, version.patch) {
        (0, 0, _) | (_, 0, 0) => Level::Major,
        (0, _, 0) => Level::Major,
        (0, _, _) | (_, _, 0) => Level::Minor,
        _ => Level::Patch,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_whole_matrix() {
        for (old, patch, minor, major) in [
            ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
            ("1.0.0", "1.0.1", "1.1.0", "2.0.0"),
            ("0.3.1", "0.3.2", "0.3.2", "0.4.0"),
            ("0.3.0", "0.3.1", "0.3.1", "0.4.0"),
            ("0.0.4", "0.0.5", "0.0.5", "0.0.5"),
            ("0.0.0", "0.0.1", "0.0.1", "0.0.1"),
            ("1.2.3+linux", "1.2.4", "1.3.0", "2.0.0"),
            // Pre-releases: what is not out yet may still grow into what it was to be.
            ("2.0.0-rc.1", "2.0.0", "2.0.0", "2.0.0"),
            ("1.3.0-rc.1", "1.3.0", "1.3.0", "2.0.0"),
            ("1.2.4-rc.1", "1.2.4", "1.3.0", "2.0.0"),
            ("0.4.0-a", "0.4.0", "0.4.0", "0.4.0"),
            ("0.3.2-a", "0.3.2", "0.3.2", "0.4.0"),
            ("0.0.1-a", "0.0.1", "0.0.1", "0.0.1"),
        ] {
            let old: Version = old.parse().unwrap();
            for (level, least) in
                [(Level::Patch, patch), (Level::Minor, minor), (Level::Major, major)]
            {
                let least: Version = least.parse().unwrap();
                assert_eq!(level.least(&old), least, "{old} {}", level.name());
                assert!(level.suffices(&old, &least), "{old} {least}");
                // No smaller release does, and its own pre-release does if it is newer at all.
                assert!(!level.suffices(&old, &old), "{old} {}", level.name());
                let before = Version { pre: Prerelease::new("zz").unwrap(), ..least.clone() };
                assert!(level.suffices(&old, &before), "{old} {before}");
            }
        }
    }

    #[test]
    fn what_moves_too_little_or_back() {
        for (old, new, enough) in [
            ("1.2.3", "1.2.4", Some(Level::Patch)),
            ("1.2.3", "1.3.0", Some(Level::Minor)),
            ("1.2.3", "1.9.9", Some(Level::Minor)),
            ("1.2.3", "2.0.0", Some(Level::Major)),
            ("1.2.3", "2.0.0-rc.1", Some(Level::Major)),
            ("1.2.3", "1.2.3", None),
            ("1.2.3", "1.2.3+build", None),
            ("1.2.3", "1.2.3-rc.1", None),
            ("1.2.3", "1.1.9", None),
            ("2.0.0", "1.9.0", None),
            ("0.3.1", "0.3.2", Some(Level::Minor)),
            ("0.3.1", "0.4.0", Some(Level::Major)),
            ("0.3.1", "1.0.0", Some(Level::Major)),
            ("0.0.4", "0.0.5", Some(Level::Major)),
            ("2.0.0-rc.1", "2.0.0-rc.2", Some(Level::Major)),
            ("2.0.0-rc.2", "2.0.0-rc.1", None),
            ("1.3.0-rc.1", "1.3.0-rc.2", Some(Level::Minor)),
            ("1.3.0-rc.1", "2.0.0-rc.1", Some(Level::Major)),
            ("1.2.4-rc.1", "1.2.4", Some(Level::Patch)),
        ] {
            let (old, new) = (old.parse().unwrap(), new.parse().unwrap());
            for level in [Level::Patch, Level::Minor, Level::Major] {
                let expected = enough.is_some_and(|most| level <= most);
                assert_eq!(level.suffices(&old, &new), expected, "{old} {new} {level:?}");
            }
        }
    }

    fn version() -> impl Strategy<Value = Version> {
        let pre = prop_oneof![Just(""), Just("a"), Just("rc.1"), Just("rc.2")];
        (0..3_u64, 0..3_u64, 0..3_u64, pre).prop_map(|(major, minor, patch, pre)| Version {
            pre: Prerelease::new(pre).unwrap(),
            ..Version::new(major, minor, patch)
        })
    }

    proptest! {
        /// What suffices for more suffices for less, and for what comes before a later version; nothing
        /// that goes back or stays suffices; the least release is the least.
        #[test]
        fn levels_are_in_order(old in version(), new in version(), later in version()) {
            let all = [Level::Patch, Level::Minor, Level::Major];
            for (n, level) in all.into_iter().enumerate() {
                let enough = level.suffices(&old, &new);
                for less in &all[..n] {
                    prop_assert!(!enough || less.suffices(&old, &new));
                }
                prop_assert!(!enough || is_newer(&new, &old));
                prop_assert!(!enough || !is_newer(&later, &new) || level.suffices(&old, &later));
                if enough && new.pre.is_empty() {
                    prop_assert!(!is_newer(&level.least(&old), &new));
                }
                prop_assert!(level.suffices(&old, &level.least(&old)));
            }
        }
    }

    #[test]
    fn classes_demand_levels() {
        for (class, adds, level) in [
            (Class::Breaking, false, Level::Major),
            (Class::Breaking, true, Level::Major),
            (Class::Risky, false, Level::Minor),
            (Class::Safe, true, Level::Minor),
            (Class::Safe, false, Level::Patch),
        ] {
            assert_eq!(Level::of(class, adds), level);
        }
    }
}
