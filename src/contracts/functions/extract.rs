//! Sources → entries. Each file is read by itself; what it offers may depend on its neighbours.

use std::collections::BTreeSet;

use super::python_modules::Packages;
use super::registry::{Entry, Language, Registry};
use super::rust::Crates;
use super::syntax::Code;
use super::{go, go_packages, typescript};

/// How many source files are read.
const MAX_SOURCES: usize = 20_000;

/// What sources gave.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extracted {
    /// What they offer; give it to [`Registry::new`].
    pub functions: Vec<Entry>,
    /// What could not be read. Where there is trouble, `functions` may lack something.
    pub troubles: Vec<Trouble>,
}

/// A source that could not be read, or not wholly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// The file, as a path of the set.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, as a sentence without its beginning: `is not UTF-8`.
    pub message: String,
}

/// Reads what sources, by their paths of the set, offer to others.
pub fn extract<'a>(sources: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Extracted {
    let mut out = Extracted::default();
    let sources: Vec<_> = sources.into_iter().collect();
    let paths: BTreeSet<&str> = sources.iter().map(|(path, _)| *path).collect();
    let mut crates = Crates::new(&paths);
    let (mut modules, mut packages) = (Packages::default(), go_packages::Packages::default());
    for (number, (path, bytes)) in sources.iter().enumerate() {
        let mut trouble = |line: usize, message: &str| {
            let (file, message) = ((*path).to_owned(), message.to_owned());
            out.troubles.push(Trouble { file, line, message });
        };
        if number >= MAX_SOURCES {
            trouble(1, &format!("is the source after {MAX_SOURCES}, and no more are read"));
            break;
        }
        let Some((language, grammar)) = grammar(path) else {
            trouble(1, "is no Rust, Python, TypeScript or Go by its name");
            continue;
        };
        let simpler;
        let mut code = match Code::read(&grammar, bytes) {
            Ok(code) => code,
            Err(why) => {
                trouble(1, &why);
                continue;
            }
        };
        // The grammar does not know them, and callers do not feel them.
        if language == Language::TypeScript && code.wrong_line().is_some() {
            simpler = typescript::without_variance(code.text);
            code = Code::read(&grammar, simpler.as_bytes()).unwrap_or(code);
        }
        if let Some(line) = code.wrong_line() {
            trouble(line, "has a syntax error: what it offers is not known for sure");
        }
        let before = out.functions.len();
        let deep = match language {
            Language::Rust => crates.read(path, &code),
            Language::Python => modules.read(path, &paths, &code),
            Language::TypeScript => typescript::read(path, &code, &mut out.functions),
            Language::Go => go::read(path, &code, &mut packages, &mut out.functions),
        };
        for entry in &mut out.functions[before..] {
            (entry.file, entry.language) = ((*path).to_owned(), language);
        }
        if let Err(TooDeep) = deep {
            let message = format!("nests modules or types more than {MAX_DEPTH} deep");
            out.troubles.push(Trouble { file: (*path).to_owned(), line: 1, message });
        }
    }
    out.functions.extend(crates.offered());
    out.functions.extend(packages.promoted());
    let (offered, followed) = modules.offered();
    out.functions.extend(offered);
    if !followed {
        let message = "and others pass on more names than are followed".to_owned();
        let file = paths.first().map(|path| (*path).to_owned()).unwrap_or_default();
        out.troubles.push(Trouble { file, line: 1, message });
    }
    if out.functions.len() > Registry::MAX_FUNCTIONS {
        let message = format!("and others offer more than {} functions", Registry::MAX_FUNCTIONS);
        let file = paths.first().map(|path| (*path).to_owned()).unwrap_or_default();
        out.troubles.push(Trouble { file, line: 1, message });
        out.functions.truncate(Registry::MAX_FUNCTIONS);
    }
    out
}

/// How deep modules and types may nest.
pub(super) const MAX_DEPTH: usize = 32;

/// They nest deeper.
pub(super) struct TooDeep;

fn grammar(path: &str) -> Option<(Language, tree_sitter::Language)> {
    let grammar = match path.rsplit_once('.')?.1 {
        "rs" => (Language::Rust, tree_sitter_rust::LANGUAGE),
        "py" | "pyi" => (Language::Python, tree_sitter_python::LANGUAGE),
        "ts" | "mts" | "cts" => (Language::TypeScript, tree_sitter_typescript::LANGUAGE_TYPESCRIPT),
        "tsx" => (Language::TypeScript, tree_sitter_typescript::LANGUAGE_TSX),
        "go" => (Language::Go, tree_sitter_go::LANGUAGE),
        _ => return None,
    };
    Some((grammar.0, grammar.1.into()))
}

/// The comments right above something, gathered on the way down.
#[derive(Default)]
pub(super) struct Above {
    lines: Vec<String>,
    end: usize,
}

impl Above {
    /// Takes in a comment that begins and ends on these rows.
    pub(super) fn add(&mut self, comment: &str, rows: (usize, usize)) {
        if rows.0 > self.end + 1 {
            self.lines.clear();
        }
        self.lines.push(super::doc::uncommented(comment));
        // Some grammars count the line break in.
        self.end = if comment.ends_with('\n') { rows.1.saturating_sub(1) } else { rows.1 };
    }

    /// Something that belongs to what follows stands between.
    pub(super) const fn pass(&mut self, row: usize) {
        self.end = row;
    }

    /// What they say of something that begins on this row. They are used up.
    pub(super) fn of(&mut self, row: usize) -> super::doc::Doc {
        let near = row <= self.end + 1;
        let text = std::mem::take(&mut self.lines).join("\n");
        if near { super::doc::read(&text) } else { Default::default() }
    }
}

/// Gives an entry what its comment says.
pub(super) fn told(entry: &mut Entry, doc: super::doc::Doc) {
    use super::registry::Stability;
    if doc.effects.is_some() {
        entry.side_effects = doc.effects;
    }
    entry.errors.extend(doc.errors);
    entry.errors.sort();
    entry.errors.dedup();
    if let Some(words) = doc.deprecated {
        entry.replacement = Some(words).filter(|words| !words.is_empty());
        entry.stability = Stability::Deprecated;
    } else if doc.experimental && entry.stability == Stability::Stable {
        entry.stability = Stability::Experimental;
    }
}
