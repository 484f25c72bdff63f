//! Where a new file goes, so that a pattern of `contracts.yaml` takes it.

use super::super::patterns::patterns;

/// The path of a new file: below the part of a pattern that has no wildcard. None if no pattern takes it.
pub(super) fn place(globs: &[String], file: &str) -> Option<String> {
    let all = patterns(globs).ok()?;
    globs.iter().find_map(|glob| {
        let wild = |name: &&str| !name.contains(['*', '?', '[', '{']);
        let mut names: Vec<&str> = glob.split('/').collect();
        names.pop();
        let mut names: Vec<&str> = names.into_iter().take_while(wild).collect();
        names.push(file);
        let path = names.join("/");
        all.is_match(&path).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn below_the_part_without_wildcards() {
        for (globs, file, wanted) in [
            (&["a/b/*.json"][..], "x.json", Some("a/b/x.json")),
            (&["a/**/*.json"], "x.json", Some("a/x.json")),
            (&["a/**"], "x.json", Some("a/x.json")),
            (&["*.json"], "x.json", Some("x.json")),
            (&["a/*.yaml", "b/*.json"], "x.json", Some("b/x.json")),
            (&["a/*/x.json"], "x.json", None),
            (&["a/{b,c}/*.json"], "x.json", None),
            (&["a/one.json"], "x.json", None),
            (&[], "x.json", None),
        ] {
            let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            assert_eq!(place(&globs, file).as_deref(), wanted, "{globs:?}");
        }
    }
}
