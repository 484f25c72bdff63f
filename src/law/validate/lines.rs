//! Which line of a file a JSON pointer leads to.

use std::collections::{BTreeMap, HashMap, HashSet};

use granit_parser::{Event, Options, Parser};

use crate::domain::json_text;
use crate::law::{Finding, Tree};

/// Events of a YAML file that are looked at.
const MAX_EVENTS: usize = 2_000_000;

/// Gives every finding that has a place in a document its line.
pub(super) fn fill(tree: &Tree, findings: &mut [Finding]) {
    let mut yaml: BTreeMap<String, Option<HashMap<String, usize>>> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|one| one.line.is_none()) {
        let Some(text) = tree.get(&finding.file).and_then(|b| std::str::from_utf8(b).ok()) else {
            continue;
        };
        finding.line = match finding.file.rsplit_once('.') {
            Some((_, "yaml" | "yml")) => {
                let index = yaml.entry(finding.file.clone()).or_insert_with(|| index(text));
                index.as_ref().and_then(|index| up(&finding.pointer, |at| index.get(at).copied()))
            }
            Some((_, "json")) => up(&finding.pointer, |at| {
                let place = json_text::locate(text, at)?;
                Some(
                    text.as_bytes().get(..place.start)?.iter().filter(|b| **b == b'\n').count() + 1,
                )
            }),
            _ => None,
        };
    }
}

/// What is found for a pointer; else for what would hold it.
fn up(pointer: &str, find: impl Fn(&str) -> Option<usize>) -> Option<usize> {
    let mut at = pointer;
    loop {
        if let Some(line) = find(at) {
            return Some(line);
        }
        at = at.rsplit_once('/')?.0;
    }
}

/// The line that an error of a parser names.
pub(super) fn named(message: &str) -> Option<usize> {
    let (_, rest) = message.rsplit_once("line ")?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest.get(..digits)?.parse().ok()
}

/// An object or a list that is open.
struct Open {
    pointer: String,
    /// The key that waits for its value, with its line.
    key: Option<(String, usize)>,
    /// Of a list, how many items there were.
    items: Option<usize>,
}

/// The line of every value, if the text is one document.
fn index(text: &str) -> Option<HashMap<String, usize>> {
    let mut lines = HashMap::new();
    let documents = walk(text, &mut |pointer, line| {
        lines.entry(pointer.to_owned()).or_insert(line);
        true
    });
    (documents? == 1).then_some(lines)
}

/// The line in which a key is said again.
pub(super) fn repeated(text: &str) -> Option<usize> {
    let mut seen = HashSet::new();
    let mut again = None;
    walk(text, &mut |pointer, line| {
        if pointer.is_empty() {
            seen.clear();
        }
        if !seen.insert(pointer.to_owned()) {
            again = Some(line);
        }
        again.is_none()
    });
    again
}

/// Calls `act` for every value with its pointer and its line, while it likes; and says how many documents
/// there are.
fn walk(text: &str, act: &mut impl FnMut(&str, usize) -> bool) -> Option<usize> {
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, Options::default()).take(MAX_EVENTS) {
        let (event, span) = next.ok()?;
        let mut line = span.start.line();
        let items = match &event {
            Event::DocumentStart(..) => {
                documents += 1;
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                continue;
            }
            Event::MappingStart(..) | Event::Scalar(..) | Event::Alias(..) => None,
            Event::SequenceStart(..) => Some(0),
            _ => continue,
        };
        let pointer = match open.last_mut() {
            None => String::new(),
            Some(Open { pointer, items: Some(items), .. }) => {
                *items += 1;
                format!("{pointer}/{}", *items - 1)
            }
            Some(Open { pointer, key, .. }) => match (key.take(), &event) {
                (None, Event::Scalar(name, ..)) => {
                    let name = crate::domain::pointer::escaped(name);
                    *key = Some((format!("{pointer}/{name}"), line));
                    continue;
                }
                (None, _) => return None,
                (Some((pointer, at)), _) => {
                    line = at;
                    pointer
                }
            },
        };
        if !act(&pointer, line) {
            return None;
        }
        if matches!(event, Event::MappingStart(..) | Event::SequenceStart(..)) {
            open.push(Open { pointer, key: None, items });
        }
    }
    Some(documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Severity;

    #[test]
    fn places_have_lines() {
        let yaml = "# a\na:\n  - b: 1\n    \"c/d\": [x,\n     y]\n  - 2\nd: &x {e: 1}\nf: *x\n";
        let json = "{\n \"a\": [\n  {\"b\": 1},\n  2\n ]\n}";
        let mut tree = Tree::default();
        tree.insert("a.yaml", yaml.into()).unwrap();
        tree.insert("two.yaml", "a: 1\n---\na: 2\n".into()).unwrap();
        tree.insert("a.json", json.into()).unwrap();
        for (file, pointer, line) in [
            ("a.yaml", "/a/0/b", Some(3)),
            ("a.yaml", "/a/0/c~1d", Some(4)),
            ("a.yaml", "/a/0/c~1d/1", Some(5)),
            ("a.yaml", "/a/1", Some(6)),
            ("a.yaml", "/d/e", Some(7)),
            ("a.yaml", "/f/missing", Some(8)),
            ("a.yaml", "", Some(2)),
            ("two.yaml", "/a", None),
            ("a.json", "/a/0/b", Some(3)),
            ("a.json", "/a/1/none", Some(4)),
            ("a.json", "", Some(1)),
            ("none.json", "", None),
        ] {
            let mut findings = [Finding {
                file: file.into(),
                pointer: pointer.into(),
                line: None,
                rule: "",
                severity: Severity::Error,
                message: String::new(),
                remedy: String::new(),
            }];
            fill(&tree, &mut findings);
            assert_eq!(findings[0].line, line, "{file} {pointer}");
        }
        assert_eq!(named("oh no at line 12 column 3"), Some(12));
        assert_eq!(named("oh no"), None);
        assert_eq!(repeated("a: 1\nb: {c: 1}\n---\na: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"), Some(8));
        assert_eq!(repeated("a: 1\n---\na: 1\n"), None);
    }
}
