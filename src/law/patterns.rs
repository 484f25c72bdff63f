//! Paths and patterns of a contract set, as `contracts.yaml` writes them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A path below the set's folder. `.` as a whole is the folder itself, and is empty here.
pub(super) fn joined(base: &str, path: &str) -> Result<String, String> {
    if path.starts_with('/') || path.contains(['\\', '\0']) {
        return Err(format!("{path:?}: paths are relative, with / between names"));
    }
    let mut names: Vec<&str> = base.split('/').filter(|name| !name.is_empty()).collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop().ok_or_else(|| format!("{path:?} leads out of the set"))?),
            name => names.push(name),
        }
    }
    Ok(names.join("/"))
}

/// Whether a pattern may match something below a folder: name by name, as far as the folder's go.
pub(super) fn leads_below(pattern: &str, folder: &str) -> bool {
    let mut parts = pattern.split('/');
    for name in folder.split('/') {
        let Some(part) = parts.next() else { return false };
        if part.contains("**") || part.contains(['{', '[']) {
            return true;
        }
        if !patterns(&[part.to_owned()]).is_ok_and(|globs| globs.is_match(name)) {
            return false;
        }
    }
    parts.next().is_some()
}

/// Globs whose `*` stays within a folder.
pub(super) fn patterns(all: &[String]) -> Result<GlobSet, String> {
    let mut builder = GlobSetBuilder::new();
    for pattern in all {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        builder.add(glob.map_err(|error| format!("{pattern:?}: {error}"))?);
    }
    builder.build().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::leads_below;

    #[test]
    fn a_pattern_leads_below_a_folder_or_not() {
        for (pattern, folder, leads) in [
            ("c/s/*.json", "c/s", true),
            ("c/s/*.json", "c", true),
            ("c/*/a.json", "c/s", true),
            ("c/**/a.json", "c/s/deep", true),
            ("c/{s,t}/a.json", "c/s", true),
            ("c/*.json", "c/s", false),
            ("c/s/*.json", "c/t", false),
            ("*", "c", false),
            ("c/s", "c/s", false),
        ] {
            assert_eq!(leads_below(pattern, folder), leads, "{pattern} {folder}");
        }
    }
}
