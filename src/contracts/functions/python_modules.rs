//! Python: which module offers what, and what it passes on from modules that are private.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::extract::TooDeep;
use super::python::{self, literal};
use super::registry::{Entry, Language};
use super::syntax::{Code, field, named, raw, word};

/// Names that are looked up in all: imports may run in circles, and each may be of everything.
const MAX_LOOKUPS: usize = 20_000_000;

/// The modules of all sources, by their dotted names.
#[derive(Default)]
pub(super) struct Packages(BTreeMap<String, Module>);

#[derive(Default)]
struct Module {
    /// All that stands at its top, whether or not it is offered.
    tops: BTreeMap<String, Vec<Entry>>,
    /// What `__all__` names, if there is one and it can be read.
    listed: Option<BTreeSet<String>>,
    imports: Vec<Import>,
}

struct Import {
    from: String,
    /// Without one it is of everything.
    name: Option<String>,
    alias: String,
    /// Whether others are meant to find it here: in a package, or because it says `x as x`.
    passed_on: bool,
}

impl Packages {
    /// Reads a file.
    pub(super) fn read(
        &mut self,
        path: &str,
        paths: &BTreeSet<&str>,
        code: &Code<'_>,
    ) -> Result<(), TooDeep> {
        let name = module(path, paths);
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_package = file.starts_with("__init__.");
        let into = self.0.entry(name.clone()).or_default();
        if let Some(listed) = listed(code) {
            into.listed.get_or_insert_default().extend(listed);
        }
        imports(code, &name, is_package, &mut into.imports);
        let mut entries = Vec::new();
        let read = python::read(code, &mut entries);
        for mut entry in entries {
            entry.module.clone_from(&name);
            (entry.file, entry.language) = (path.to_owned(), Language::Python);
            into.tops.entry(top(&entry).to_owned()).or_default().push(entry);
        }
        read
    }

    /// What all modules offer. `false`: they pass on more than is followed.
    pub(super) fn offered(&self) -> (Vec<Entry>, bool) {
        let (mut out, mut lookups) = (Vec::new(), 0);
        for (name, module) in self.0.iter().filter(|(name, _)| !is_private(name)) {
            let own = module.tops.iter().filter(|(top, _)| module.offers(top));
            out.extend(own.flat_map(|(_, entries)| entries).cloned());
            let mut found: BTreeMap<String, (&str, String)> = BTreeMap::new();
            for import in module.imports.iter().filter(|import| import.passed_on) {
                match &import.name {
                    Some(item) => {
                        found.insert(import.alias.clone(), (&import.from, item.clone()));
                    }
                    None => {
                        for item in self.visible(&import.from, &mut lookups) {
                            found.entry(item.clone()).or_insert((&import.from, item));
                        }
                    }
                }
            }
            for (alias, (from, item)) in found.iter().filter(|(alias, _)| module.offers(alias)) {
                for entry in self.defined(from, item, &mut lookups) {
                    let rest = entry.symbol.get(top(entry).len()..).unwrap_or_default();
                    let symbol = format!("{alias}{rest}");
                    out.push(Entry { module: name.clone(), symbol, ..entry.clone() });
                }
            }
        }
        (out, lookups < MAX_LOOKUPS)
    }

    /// What a private module, that one or one that it imports from, defines under a name.
    fn defined(&self, module: &str, item: &str, lookups: &mut usize) -> &[Entry] {
        let mut open = vec![(module, item)];
        let mut seen = BTreeSet::new();
        while let Some((name, item)) = open.pop() {
            *lookups += 1;
            if *lookups >= MAX_LOOKUPS || !seen.insert((name, item)) {
                continue;
            }
            let Some(module) = self.0.get(name) else { continue };
            if let Some(own) = module.tops.get(item) {
                // What a public one defines is found there.
                return if is_private(name) { own } else { &[] };
            }
            *lookups += module.imports.len();
            let whole = module.imports.iter().filter(|import| import.name.is_none());
            open.extend(whole.map(|import| (import.from.as_str(), item)));
            let single = module.imports.iter().filter(|import| import.alias == item);
            open.extend(single.filter_map(|one| Some((one.from.as_str(), one.name.as_deref()?))));
        }
        &[]
    }

    /// What an import of everything brings along.
    fn visible(&self, from: &str, lookups: &mut usize) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(name) = open.pop() {
            let Some(module) = self.0.get(name).filter(|_| seen.insert(name)) else { continue };
            *lookups += module.tops.len() + module.imports.len();
            if *lookups >= MAX_LOOKUPS {
                break;
            }
            if let Some(listed) = &module.listed {
                found.extend(listed.iter().cloned());
                continue;
            }
            let named = module.imports.iter().filter(|import| import.name.is_some());
            let names = module.tops.keys().chain(named.map(|import| &import.alias));
            found.extend(names.filter(|name| !name.starts_with('_')).cloned());
            let whole = module.imports.iter().filter(|import| import.name.is_none());
            open.extend(whole.map(|import| import.from.as_str()));
        }
        found
    }
}

impl Module {
    fn offers(&self, name: &str) -> bool {
        match &self.listed {
            Some(listed) => listed.contains(name),
            None => !name.starts_with('_'),
        }
    }
}

fn is_private(module: &str) -> bool {
    module.split('.').any(|name| name.starts_with('_'))
}

/// The first name of an entry's symbol.
fn top(entry: &Entry) -> &str {
    entry.symbol.split('.').next().unwrap_or_default()
}

/// Names from the topmost package down; without packages from `src` down.
fn module(path: &str, paths: &BTreeSet<&str>) -> String {
    let stem = path.strip_suffix(".pyi").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
    let names: Vec<&str> = stem.split('/').collect();
    let is_package = |names: &[&str]| {
        let folder = names.join("/");
        ["py", "pyi"].iter().any(|end| paths.contains(format!("{folder}/__init__.{end}").as_str()))
    };
    let mut top = names.len() - 1;
    while top > 0 && is_package(&names[..top]) {
        top -= 1;
    }
    if top == names.len() - 1 {
        top = names.iter().rposition(|name| *name == "src").map_or(0, |at| at + 1);
    }
    let mut names = names.get(top..).unwrap_or_default();
    if let [before @ .., "__init__"] = names
        && !before.is_empty()
    {
        names = before;
    }
    names.join(".")
}

/// What `__all__` names, if the module has one that is written out.
fn listed(code: &Code<'_>) -> Option<Vec<String>> {
    let mut listed: Option<Vec<String>> = None;
    for statement in named(code.root()) {
        let Some(set) = named(statement).first().copied() else { continue };
        if !raw(set, code.text).starts_with("__all__") {
            continue;
        }
        let right = field(set, "right").filter(|right| matches!(right.kind(), "list" | "tuple"));
        let names = right.map(named).unwrap_or_default();
        let names: Vec<_> = names.into_iter().filter(|node| node.kind() != "comment").collect();
        // One that is reckoned hides nothing.
        if right.is_none() || names.iter().any(|node| node.kind() != "string") {
            return None;
        }
        let names = names.into_iter().map(|name| literal(name, code.text));
        listed.get_or_insert_default().extend(names);
    }
    listed
}

/// What a module imports by name from others of its package.
fn imports(code: &Code<'_>, module: &str, is_package: bool, out: &mut Vec<Import>) {
    let package = match module.rsplit_once('.') {
        _ if is_package => module,
        Some((package, _)) => package,
        None => "",
    };
    let mut open = named(code.root());
    open.reverse();
    while let Some(node) = open.pop() {
        match node.kind() {
            "import_from_statement" => {
                let Some(from) = origin(word(node, "module_name", code.text), package) else {
                    continue;
                };
                if named(node).iter().any(|child| child.kind() == "wildcard_import") {
                    let alias = String::new();
                    out.push(Import { from, name: None, alias, passed_on: true });
                    continue;
                }
                for one in node.children_by_field_name("name", &mut node.walk()) {
                    out.push(import(one, &from, is_package, code.text));
                }
            }
            "if_statement" | "try_statement" | "block" | "else_clause" | "elif_clause"
            | "except_clause" | "finally_clause" => open.extend(named(node).into_iter().rev()),
            _ => {}
        }
    }
}

fn import(node: Node<'_>, from: &str, is_package: bool, text: &str) -> Import {
    let (name, alias) = match node.kind() {
        "aliased_import" => (word(node, "name", text), word(node, "alias", text)),
        _ => (raw(node, text), raw(node, text)),
    };
    let again = node.kind() == "aliased_import" && name == alias;
    let (from, name) = (from.to_owned(), Some(name.to_owned()));
    Import { from, name, alias: alias.to_owned(), passed_on: is_package || again }
}

/// The module that an import names, from within a package.
fn origin(name: &str, package: &str) -> Option<String> {
    let rest = name.trim_start_matches('.');
    let mut above: Vec<&str> = match name.len() - rest.len() {
        0 => return Some(name.to_owned()),
        dots => {
            let names: Vec<&str> = package.split('.').collect();
            names.get(..(names.len() + 1).checked_sub(dots)?)?.to_vec()
        }
    };
    above.push(rest.trim());
    above.retain(|name| !name.is_empty());
    Some(above.join("."))
}
