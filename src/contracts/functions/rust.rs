//! Rust: what is `pub` on a public path ([`super::rust_paths`]). What macros make is not seen.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::doc::Doc;
use super::extract::{Above, MAX_DEPTH, TooDeep, told};
use super::registry::{Entry, Form, Language, Param, ParamKind};
use super::rust_paths::{Crate, Item, Owner, Path, Use};
use super::syntax::{Code, all, digest, field, named, plain, raw, word};

/// The crates of all sources, by their folder.
pub(super) struct Crates {
    roots: BTreeSet<String>,
    all: BTreeMap<String, Crate>,
}

impl Crates {
    /// A crate begins where `lib.rs` lies, or else at `src`.
    pub(super) fn new(paths: &BTreeSet<&str>) -> Self {
        let root = |path: &&str| match path.rsplit_once('/') {
            Some((folder, "lib.rs")) => Some(folder.to_owned()),
            None if *path == "lib.rs" => Some(String::new()),
            _ => None,
        };
        Self { roots: paths.iter().filter_map(root).collect(), all: BTreeMap::new() }
    }

    fn root(&self, folder: &str) -> String {
        let mut above = folder;
        loop {
            if self.roots.contains(above) {
                return above.to_owned();
            }
            match above.rsplit_once('/') {
                Some((before, _)) => above = before,
                None if above.is_empty() => break,
                None => above = "",
            }
        }
        let names: Vec<&str> = folder.split('/').collect();
        match names.iter().rposition(|name| *name == "src") {
            Some(at) => names[..=at].join("/"),
            None => folder.to_owned(),
        }
    }

    /// Reads a file.
    pub(super) fn read(&mut self, path: &str, code: &Code<'_>) -> Result<(), TooDeep> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let root = self.root(folder);
        let below = path.strip_prefix(&root).unwrap_or(path).trim_start_matches('/');
        let mut module: Path = below.split('/').map(str::to_owned).collect();
        let file = module.pop().unwrap_or_default();
        match file.as_str() {
            // Programs are called by nobody.
            "main.rs" | "build.rs" => return Ok(()),
            "lib.rs" | "mod.rs" => {}
            file => module.push(file.trim_end_matches(".rs").to_owned()),
        }
        if module.first().is_some_and(|name| name == "bin") {
            return Ok(());
        }
        let into = self.all.entry(root).or_default();
        into.files.insert(module.clone());
        Reader { file: path, text: code.text, into }.items(code.root(), &module, false)
    }

    /// What all crates offer.
    pub(super) fn offered(self) -> Vec<Entry> {
        let mut out = Vec::new();
        for (root, one) in self.all {
            let folder = root.strip_suffix("/src").or_else(|| root.strip_suffix("src"));
            let name = folder.unwrap_or(&root).rsplit('/').next().unwrap_or_default();
            let name = if name.is_empty() { "crate".to_owned() } else { name.replace('-', "_") };
            out.extend(one.offered(&name));
        }
        out
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    into: &'a mut Crate,
}

/// What stands above an item.
#[derive(Default)]
struct Marks {
    above: Above,
    deprecated: Option<String>,
    /// `#[cfg(test)]` or `#[doc(hidden)]`.
    hidden: bool,
    /// `#[cfg(…)]`, `#[target_feature(…)]`: not everybody has it, or may call it.
    conditions: Vec<String>,
}

impl Marks {
    fn attribute(&mut self, node: Node<'_>, text: &str) {
        let words = plain(node, text);
        let words = words.trim_start_matches("#[").trim_end_matches(']');
        // Attributes stand between the comment and its item.
        self.above.pass(node.end_position().row);
        let hides = ["cfg(test)", "doc(hidden)"].iter().any(|mark| words.starts_with(mark));
        if hides || words == "test" || words.ends_with("::test") {
            self.hidden = true;
        } else if ["cfg(", "target_feature("].iter().any(|mark| words.starts_with(mark)) {
            self.conditions.push(words.to_owned());
        } else if let Some(rest) = words.strip_prefix("deprecated") {
            let part = |name: &str| {
                let rest = rest.split_once(&format!("{name} = \""))?.1;
                Some(rest.split_once('"')?.0.to_owned())
            };
            let since = part("since").map(|since| format!("since {since}"));
            let words: Vec<String> = since.into_iter().chain(part("note")).collect();
            self.deprecated = Some(words.join(": "));
        }
    }

    fn finish(&mut self, row: usize) -> (Doc, bool) {
        let mut doc = self.above.of(row);
        if let Some(words) = self.deprecated.take() {
            doc.deprecated = Some(words);
        }
        let hidden = std::mem::take(&mut self.hidden) || doc.internal;
        (doc, hidden)
    }
}

impl Reader<'_> {
    fn items(&mut self, body: Node<'_>, module: &Path, hidden: bool) -> Result<(), TooDeep> {
        if module.len() > MAX_DEPTH {
            return Err(TooDeep);
        }
        let text = self.text;
        let mut marks = Marks::default();
        for node in named(body) {
            if self.mark(node, &mut marks) {
                continue;
            }
            let (doc, gone) = marks.finish(node.start_position().row);
            let mut conditions = std::mem::take(&mut marks.conditions);
            if gone && node.kind() != "mod_item" {
                continue;
            }
            let public = is_public(node, text);
            let name = word(node, "name", text);
            let path = || [module.as_slice(), &[name.to_owned()]].concat();
            match node.kind() {
                "mod_item" => {
                    self.into.modules.insert(path(), public && !gone && !hidden);
                    if !conditions.is_empty() {
                        self.into.conditions.entry(path()).or_default().extend(conditions);
                    }
                    if let Some(body) = field(node, "body")
                        && !gone
                    {
                        self.items(body, &path(), hidden)?;
                    }
                }
                "function_item" if public => {
                    let mut entry = self.function(node, doc, "");
                    entry.modifiers.extend(conditions);
                    entry.modifiers.sort();
                    self.into.items.push(Item { owner: Owner::Module(module.clone()), entry });
                }
                "struct_item" | "enum_item" | "union_item" | "type_item" => {
                    self.into.types.insert(path(), public);
                }
                "trait_item" => {
                    self.into.types.insert(path(), public);
                    // Whoever implements it must implement those, too.
                    let bounds = field(node, "bounds").map(|of| plain(of, text));
                    let bounds = bounds.map(|of| of.trim_start_matches(':').trim().to_owned());
                    conditions.extend(bounds.map(|bounds| format!("bound: {bounds}")));
                    self.members(node, &Owner::Type(path()), true, ("", &conditions));
                }
                "impl_item" if field(node, "trait").is_none() => {
                    let Some(of) = field(node, "type") else { continue };
                    let segments = segments(of, text);
                    let generics = generics(node, text);
                    let owner = Owner::Named { module: module.clone(), segments };
                    self.members(node, &owner, false, (&generics, &conditions));
                }
                "use_declaration" => {
                    if let Some(argument) = field(node, "argument") {
                        self.uses(argument, &[], module, public, 0);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in a comment or an attribute.
    fn mark(&self, node: Node<'_>, marks: &mut Marks) -> bool {
        match node.kind() {
            "line_comment" | "block_comment" => {
                let words = raw(node, self.text);
                let outer = ["///", "/**"].iter().any(|sign| words.starts_with(sign));
                if outer {
                    marks.above.add(words, (node.start_position().row, node.end_position().row));
                }
                true
            }
            "attribute_item" => {
                marks.attribute(node, self.text);
                true
            }
            _ => false,
        }
    }

    fn members(
        &mut self,
        node: Node<'_>,
        owner: &Owner,
        of_trait: bool,
        (generics, outer): (&str, &[String]),
    ) {
        let mut marks = Marks::default();
        for member in field(node, "body").map(named).unwrap_or_default() {
            if self.mark(member, &mut marks) {
                continue;
            }
            let (doc, hidden) = marks.finish(member.start_position().row);
            let conditions = std::mem::take(&mut marks.conditions);
            let function = matches!(member.kind(), "function_item" | "function_signature_item");
            if hidden || !function || !(of_trait || is_public(member, self.text)) {
                continue;
            }
            let mut entry = self.function(member, doc, generics);
            if of_trait && field(member, "body").is_none() {
                entry.modifiers.push("abstract".into());
            }
            entry.modifiers.extend(conditions.into_iter().chain(outer.iter().cloned()));
            entry.modifiers.sort();
            entry.modifiers.dedup();
            let receives = entry.params.first().is_some_and(|p| p.kind == ParamKind::Receiver);
            let makes = entry.returns.as_deref().is_some_and(|returns| {
                let words = returns.split(|c: char| !c.is_alphanumeric() && c != '_');
                words.into_iter().any(|word| word == "Self" || Some(word) == owner.name())
            });
            entry.form = match (receives, makes) {
                (true, _) => Form::Method,
                (false, true) => Form::Constructor,
                (false, false) => Form::Function,
            };
            self.into.items.push(Item { owner: owner.clone(), entry });
        }
    }

    /// Where imports and re-exports lead.
    fn uses(
        &mut self,
        node: Node<'_>,
        before: &[String],
        module: &Path,
        public: bool,
        depth: usize,
    ) {
        let text = self.text;
        let joined = |node: Node<'_>| [before, &segments(node, text)].concat();
        let mut add = |target: Path, name: Option<String>| {
            self.into.uses.push(Use { module: module.clone(), target, name, public });
        };
        match node.kind() {
            "use_wildcard" => {
                let target = named(node).first().map(|path| joined(*path));
                add(target.unwrap_or_else(|| before.to_vec()), None);
            }
            "use_as_clause" => {
                let Some(path) = field(node, "path") else { return };
                add(joined(path), Some(word(node, "alias", text).to_owned()));
            }
            "scoped_use_list" | "use_list" if depth < MAX_DEPTH => {
                let start = match field(node, "path") {
                    Some(path) => joined(path),
                    None => before.to_vec(),
                };
                let list = field(node, "list").unwrap_or(node);
                for one in named(list) {
                    self.uses(one, &start, module, public, depth + 1);
                }
            }
            "self" if !before.is_empty() => add(before.to_vec(), before.last().cloned()),
            "identifier" | "scoped_identifier" => {
                let target = joined(node);
                let name = target.last().cloned();
                add(target, name);
            }
            _ => {}
        }
    }

    fn function(&self, node: Node<'_>, doc: Doc, outer: &str) -> Entry {
        let text = self.text;
        let mut entry = Entry {
            symbol: word(node, "name", text).to_owned(),
            language: Language::Rust,
            file: self.file.to_owned(),
            generics: [outer, &generics(node, text)].concat(),
            returns: field(node, "return_type").map(|of| plain(of, text)),
            ..Entry::default()
        };
        for words in all(node).into_iter().filter(|child| child.kind() == "function_modifiers") {
            let modifiers = all(words).into_iter().map(|word| plain(word, text));
            for word in modifiers {
                match word.as_str() {
                    "async" => entry.is_async = true,
                    "unsafe" => entry.is_unsafe = true,
                    "default" => {}
                    _ => entry.modifiers.push(word),
                }
            }
        }
        entry.modifiers.sort();
        for node in field(node, "parameters").map(named).unwrap_or_default() {
            let of = field(node, "type").map(|of| plain(of, text));
            let (name, of, kind) = match node.kind() {
                "self_parameter" => {
                    ("self".to_owned(), Some(plain(node, text)), ParamKind::Receiver)
                }
                "parameter" => {
                    let name = field(node, "pattern").map(|pattern| plain(pattern, text));
                    let name = name.unwrap_or_default();
                    let kind = match name.as_str() {
                        "self" => ParamKind::Receiver,
                        _ => ParamKind::Positional,
                    };
                    (name, of, kind)
                }
                "variadic_parameter" => ("...".to_owned(), None, ParamKind::Variadic),
                _ => continue,
            };
            let required = kind != ParamKind::Variadic;
            entry.params.push(Param { name, of, kind, required, default: None });
        }
        entry.body_digest = field(node, "body").and_then(|body| digest(body, text));
        entry.errors = entry.returns.as_deref().and_then(error).into_iter().collect();
        told(&mut entry, doc);
        entry
    }
}

fn is_public(node: Node<'_>, text: &str) -> bool {
    all(node)
        .iter()
        .any(|child| child.kind() == "visibility_modifier" && raw(*child, text) == "pub")
}

/// Type parameters and `where` clause.
fn generics(node: Node<'_>, text: &str) -> String {
    let own = field(node, "type_parameters").map(|of| plain(of, text)).unwrap_or_default();
    let bounds = named(node).into_iter().find(|child| child.kind() == "where_clause");
    bounds.map_or(own.clone(), |bounds| format!("{own} {}", plain(bounds, text)).trim().to_owned())
}

/// The names of a path, without its type arguments.
fn segments(node: Node<'_>, text: &str) -> Path {
    let node =
        if node.kind() == "generic_type" { field(node, "type").unwrap_or(node) } else { node };
    raw(node, text).split("::").map(|name| name.trim().to_owned()).collect()
}

/// `Result<_, E>` → `E`
fn error(returns: &str) -> Option<String> {
    let (outer, inner) = returns.split_once('<')?;
    if outer.rsplit("::").next() != Some("Result") {
        return None;
    }
    let inner = inner.strip_suffix('>')?;
    let mut depth = 0_i32;
    for (at, c) in inner.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if !inner[..at].ends_with('-') => depth -= 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => return Some(inner[at + 1..].trim().to_owned()),
            _ => {}
        }
    }
    // `io::Result<T>` names its error elsewhere.
    Some(outer.rsplit_once("::").map_or("Error", |(module, _)| module).to_owned())
}
