//! What a comment says that is part of the contract: effects, errors, stability. The habits of all four
//! languages are read in all of them.

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Doc {
    pub effects: Option<Vec<String>>,
    pub errors: Vec<String>,
    pub deprecated: Option<String>,
    pub experimental: bool,
    /// It says of itself that it is not for others.
    pub internal: bool,
}

/// What the lines that follow are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Other,
    Effects,
    /// As Google writes them: deeper than the heading, each with a colon.
    Errors,
    /// As NumPy writes them: alone on a line.
    Names,
}

/// Takes off the signs that make text a comment.
pub(super) fn uncommented(comment: &str) -> String {
    let inner = comment.trim();
    let inner = inner.strip_prefix("/*").map_or(inner, |rest| rest.trim_start_matches(['*', '!']));
    let inner = inner.strip_suffix("*/").unwrap_or(inner);
    let line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or(line);
        let line = line.strip_prefix("//").unwrap_or(line);
        let line = line.strip_prefix('*').unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).to_owned()
    };
    inner.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a comment without its signs.
pub(super) fn read(text: &str) -> Doc {
    let mut doc = Doc::default();
    let mut section = Section::Other;
    let mut indent = 0;
    // Whether the line before was taken for the name of an error: if it is underlined, it was a heading.
    let mut named = false;
    for line in text.lines() {
        let deep = line.len() - line.trim_start().len();
        let line = line.trim();
        let lower = line.to_lowercase();
        if std::mem::take(&mut named) && line.starts_with("---") {
            doc.errors.pop();
            section = Section::Other;
        }
        if let Some(rest) = after(&lower, line, EFFECTS) {
            (section, indent) = (Section::Effects, deep);
            let listed = doc.effects.get_or_insert_default();
            listed.extend(items(rest));
            continue;
        }
        if is_errors(&lower) {
            let google = lower.ends_with(':');
            (section, indent) = (if google { Section::Errors } else { Section::Names }, deep);
            continue;
        }
        if let Some(name) = thrown(line) {
            doc.errors.push(name);
            section = Section::Other;
        } else if lower == "# panics" {
            doc.errors.push("panic".into());
            section = Section::Other;
        } else if let Some(rest) = after(&lower, line, DEPRECATED) {
            doc.deprecated = Some(rest.trim().to_owned());
            section = Section::Other;
        } else if EXPERIMENTAL.iter().any(|word| starts(&lower, word)) {
            doc.experimental = true;
        } else if INTERNAL.iter().any(|word| starts(&lower, word)) {
            doc.internal = true;
        } else if line.starts_with('@') || line.starts_with('#') || line.starts_with(':') {
            section = Section::Other;
        } else if !line.is_empty() && !line.starts_with("---") {
            match section {
                Section::Effects => match line.strip_prefix(['-', '*']) {
                    Some(item) => doc.effects.get_or_insert_default().extend(items(item)),
                    None => section = Section::Other,
                },
                Section::Errors => match line.split_once(':') {
                    _ if deep <= indent => section = Section::Other,
                    Some((name, _)) if is_name(name) => doc.errors.push(name.to_owned()),
                    _ => {}
                },
                Section::Names if deep == indent && is_name(line) => {
                    doc.errors.push(line.to_owned());
                    named = true;
                }
                Section::Names => {}
                Section::Other => {}
            }
        }
    }
    if let Some(effects) = &mut doc.effects {
        effects.sort();
        effects.dedup();
    }
    doc.errors.sort();
    doc.errors.dedup();
    doc
}

const EFFECTS: &[&str] =
    &["@effects", "@sideeffects", "side effects", "# side effects", "# effects", "effects"];
const DEPRECATED: &[&str] = &["@deprecated", "deprecated", ".. deprecated:"];
const EXPERIMENTAL: &[&str] =
    &["@experimental", "@alpha", "@beta", "experimental:", "stability: experimental"];
const INTERNAL: &[&str] = &["@internal", "@private", "@hidden"];

/// What follows one of the words and its colon. A word of prose needs its colon.
fn after<'a>(lower: &str, line: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| {
        let rest = lower.strip_prefix(word)?;
        let tag = word.starts_with('@') || word.starts_with('#');
        let begins = rest.starts_with(':') || tag && (rest.is_empty() || rest.starts_with(' '));
        // Lower case may be longer; then the line is left alone.
        let rest = line.get(word.len()..).filter(|_| lower.len() == line.len() && begins)?;
        Some(rest.trim_start_matches(':').trim())
    })
}

fn starts(lower: &str, word: &str) -> bool {
    lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn is_errors(lower: &str) -> bool {
    matches!(lower, "raises:" | "raises" | "throws:" | "exceptions:")
}

fn items(list: &str) -> Vec<String> {
    let items = list.split([',', ';']).map(|item| item.trim().trim_end_matches('.').to_owned());
    items.filter(|item| !item.is_empty() && !item.eq_ignore_ascii_case("none")).collect()
}

/// `@throws {X} …`, `@throws X`, `:raises X:`.
fn thrown(line: &str) -> Option<String> {
    let rest = ["@throws", "@exception", ":raises", ":raise", ":except"]
        .iter()
        .find_map(|word| line.strip_prefix(word).filter(|rest| rest.starts_with(' ')))?;
    let name = rest.trim().trim_start_matches('{');
    let end = name.find(|c: char| !c.is_alphanumeric() && !"_.".contains(c)).unwrap_or(name.len());
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || "_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_lose_their_signs() {
        for (comment, text) in [
            ("/// One.\n/// Two.", "One.\nTwo."),
            ("/**\n * One.\n *\n * Two.\n */", "\nOne.\n\nTwo.\n"),
            ("// One.", "One."),
            ("/* One. */", "One."),
        ] {
            assert_eq!(uncommented(comment), text);
        }
    }

    #[test]
    fn what_is_promised_is_read() {
        let list = |all: &[&str]| Some(all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        for (text, effects) in [
            ("Gets it.", None),
            ("@effects: none", list(&[])),
            ("@effects network, fs: reads the cache", list(&["fs: reads the cache", "network"])),
            (
                "Side effects: writes the ledger; tells the bus.",
                list(&["tells the bus", "writes the ledger"]),
            ),
            (
                "# Side effects\n\n- network\n- fs: write\n\nMore.\n- no",
                list(&["fs: write", "network"]),
            ),
            ("Effects are many.", None),
            ("It has side effects: some", None),
        ] {
            assert_eq!(read(text).effects, effects, "{text}");
        }
        for (text, errors) in [
            (
                "Raises:\n    ValueError: if it is wrong\n        and more: of it\n    KeyError: no\n\nReturns:\n    x: y",
                &["KeyError", "ValueError"][..],
            ),
            (
                "Raises\n------\nValueError\n    If it is.\n\nReturns\n-------\nint\n",
                &["ValueError"],
            ),
            (":raises http.Gone: when", &["http.Gone"]),
            ("@throws {RangeError} when\n@throws TypeError", &["RangeError", "TypeError"]),
            ("# Panics\nAlways.", &["panic"]),
            ("It throws: nothing", &[]),
        ] {
            assert_eq!(read(text).errors, errors, "{text}");
        }
        for (text, deprecated) in [
            ("Deprecated: use B.", Some("use B.")),
            ("@deprecated use B", Some("use B")),
            ("@deprecated", Some("")),
            (".. deprecated:: 1.2 use B", Some("1.2 use B")),
            ("Deprecated things live here.", None),
        ] {
            assert_eq!(read(text).deprecated.as_deref(), deprecated, "{text}");
        }
        assert!(read("Tries.\n@experimental").experimental);
        assert!(!read("@experimentally").experimental);
        assert!(read("@internal").internal);
    }
}
