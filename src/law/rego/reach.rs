//! What a definition's words may refer to. Read from words alone, so rather too much than too little: a local name
//! that is called like a rule counts as that rule.

use std::collections::{BTreeMap, BTreeSet};

/// A reference from its root on, up to its first computed part: `data.lib[x].y` is `[data, lib]`.
pub(super) type Path = Vec<String>;

/// What the imports of a file call by a shorter name.
pub(super) type Aliases = BTreeMap<String, Path>;

/// Adds what an import's words name.
pub(super) fn import(words: &str, aliases: &mut Aliases) {
    let (path, alias) = words.rsplit_once(" as ").unwrap_or((words, ""));
    let tokens: Vec<&str> = path.split_whitespace().filter(|token| *token != "import").collect();
    let Some((root, rest)) = tokens.split_first() else { return };
    let mut path = vec![(*root).to_owned()];
    tail(rest, &mut path);
    let alias = match alias.trim() {
        "" => path.last().cloned().unwrap_or_default(),
        alias => alias.to_owned(),
    };
    aliases.insert(alias, path);
}

/// What the words of a definition may refer to: documents of `data`, imports, and rules of its own package.
pub(super) fn refs(
    words: &str,
    package: &[String],
    own: &BTreeSet<String>,
    aliases: &Aliases,
) -> BTreeSet<Path> {
    let tokens: Vec<&str> = words.split_whitespace().collect();
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && tokens.get(at - 1) == Some(&".") {
            continue;
        }
        let mut bases: Vec<Path> = Vec::new();
        if *token == "data" {
            bases.push(vec!["data".to_owned()]);
        }
        bases.extend(aliases.get(*token).cloned());
        if own.contains(*token) {
            let path = [of(package), vec![(*token).to_owned()]].concat();
            bases.push(path);
        }
        for mut path in bases {
            tail(tokens.get(at + 1..).unwrap_or_default(), &mut path);
            found.insert(path);
        }
    }
    found
}

/// The path of a package.
pub(super) fn of(package: &[String]) -> Path {
    let parts = package.iter().flat_map(|part| part.split('.')).map(str::to_owned);
    std::iter::once("data".to_owned()).chain(parts).collect()
}

/// Whether one path leads to the other, or to a part of it.
pub(super) fn meet(a: &[String], b: &[String]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b)
}

/// Adds the written-out parts that follow.
fn tail(tokens: &[&str], path: &mut Path) {
    let mut rest = tokens;
    loop {
        let part = match rest {
            [".", part, after @ ..] => {
                rest = after;
                *part
            }
            ["[", text, "]", after @ ..] => {
                let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                let Some(text) = text.filter(|text| !text.contains('\\')) else { return };
                rest = after;
                text
            }
            _ => return,
        };
        // Names of rules are told with dots between their parts, too.
        path.extend(part.split('.').map(str::to_owned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_as_far_as_they_are_written_out() {
        let mut aliases = Aliases::new();
        import("import data . org . lib as ", &mut aliases);
        import("data . x [ \"y.z\" ] as l", &mut aliases);
        import("import input . user as u", &mut aliases);
        let own = BTreeSet::from(["limit".to_owned()]);
        let rows: &[(&str, &[&str])] = &[
            ("deny if data . lib . limit > 1", &["data lib limit"]),
            ("deny if data [ \"lib\" ] . limit", &["data lib limit"]),
            ("deny if data [ \"a\\\\u\" ] . limit", &["data"]),
            ("deny if data . checks [ c ] . fail [ _ ]", &["data checks"]),
            ("walk ( data , x )", &["data"]),
            ("lib . a ; l ; u . name", &["data org lib a", "data x y z", "input user name"]),
            ("input . n > limit", &["data p limit"]),
            ("input . limit ; input . data . x", &[]),
        ];
        for (words, wanted) in rows {
            let got = refs(words, &["p".to_owned()], &own, &aliases);
            let got: Vec<String> = got.iter().map(|path| path.join(" ")).collect();
            assert_eq!(got, *wanted, "{words}");
        }
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Path>();
        assert!(meet(&path("data"), &path("data.a")) && meet(&path("data.a.b"), &path("data.a")));
        assert!(!meet(&path("data.a.b"), &path("data.a.c")));
    }
}
