//! Python: functions, classes and their methods as they stand in a file.

use tree_sitter::Node;

use super::doc;
use super::extract::{MAX_DEPTH, TooDeep, told};
use super::python_class::{bases, fields, inherited};
use super::registry::{Entry, Form, Param, ParamKind, Stability};
use super::syntax::{Code, all, digest, field, named, plain, raw, says, word};

/// Reads all that stands at the top of a file. What of it is offered, its module knows.
pub(super) fn read(code: &Code<'_>, out: &mut Vec<Entry>) -> Result<(), TooDeep> {
    let reader = Reader { text: code.text };
    reader.block(code.root(), &Place { path: "", class: false, depth: 0 }, out)
}

/// The content of a string.
pub(super) fn literal(string: Node<'_>, text: &str) -> String {
    let parts = named(string).into_iter().filter(|part| part.kind() == "string_content");
    parts.map(|part| raw(part, text)).collect()
}

struct Reader<'a> {
    text: &'a str,
}

/// Where definitions stand.
struct Place<'a> {
    /// Classes around it, each with a dot.
    path: &'a str,
    class: bool,
    depth: usize,
}

impl Place<'_> {
    fn offers(&self, name: &str) -> bool {
        let made = self.class && matches!(name, "__init__" | "__new__" | "__call__");
        self.depth == 0 || made || !name.starts_with('_')
    }
}

impl Reader<'_> {
    fn block(
        &self,
        block: Node<'_>,
        place: &Place<'_>,
        out: &mut Vec<Entry>,
    ) -> Result<(), TooDeep> {
        let mut open: Vec<Node<'_>> = named(block);
        open.reverse();
        while let Some(node) = open.pop() {
            match node.kind() {
                "function_definition" => self.function(node, &[], place, out),
                "class_definition" => self.class(node, &[], place, out)?,
                "decorated_definition" => {
                    let decorators: Vec<_> =
                        named(node).into_iter().filter(|n| n.kind() == "decorator").collect();
                    match field(node, "definition") {
                        Some(class) if class.kind() == "class_definition" => {
                            self.class(class, &decorators, place, out)?;
                        }
                        Some(function) => self.function(function, &decorators, place, out),
                        None => {}
                    }
                }
                // What is defined under a condition is defined.
                "if_statement" if word(node, "condition", self.text).contains("__name__") => {}
                "if_statement" | "try_statement" | "block" | "else_clause" | "elif_clause"
                | "except_clause" | "finally_clause" => open.extend(named(node).into_iter().rev()),
                _ => {}
            }
        }
        Ok(())
    }

    fn class(
        &self,
        node: Node<'_>,
        decorators: &[Node<'_>],
        place: &Place<'_>,
        out: &mut Vec<Entry>,
    ) -> Result<(), TooDeep> {
        let name = word(node, "name", self.text);
        if !place.offers(name) {
            return Ok(());
        }
        if place.depth >= MAX_DEPTH {
            return Err(TooDeep);
        }
        let Some(body) = field(node, "body") else { return Ok(()) };
        let path = format!("{}{name}.", place.path);
        let first = out.len();
        let inner = Place { path: &path, class: true, depth: place.depth + 1 };
        self.block(body, &inner, out)?;
        let own = [format!("{path}__init__"), format!("{path}__new__")];
        if !out[first..].iter().any(|entry| own.contains(&entry.symbol)) {
            let [symbol, _] = own.clone();
            let params = match decorators.iter().find(|d| called(**d, self.text) == "dataclass") {
                Some(decorator) => fields(body, *decorator, self.text),
                None => inherited(decorators.is_empty() && bases(node, self.text).is_empty()),
            };
            out.push(Entry { symbol, form: Form::Constructor, params, ..Entry::default() });
        }
        // Told once, of what makes it.
        if let Some(entry) = out[first..].iter_mut().find(|entry| own.contains(&entry.symbol)) {
            entry.modifiers.extend(bases(node, self.text));
            entry.modifiers.sort();
            entry.modifiers.dedup();
        }
        // What is said of the class holds for all of it.
        let mut whole = Entry::default();
        told(&mut whole, docstring(body, self.text));
        self.decorated(&mut whole, decorators);
        for entry in &mut out[first..] {
            if entry.stability == Stability::Stable {
                entry.stability = whole.stability;
                entry.replacement.clone_from(&whole.replacement);
            }
        }
        Ok(())
    }

    fn function(
        &self,
        node: Node<'_>,
        decorators: &[Node<'_>],
        place: &Place<'_>,
        out: &mut Vec<Entry>,
    ) {
        let name = word(node, "name", self.text);
        if !place.offers(name) {
            return;
        }
        let mut entry = Entry { symbol: format!("{}{name}", place.path), ..Entry::default() };
        entry.form = match name {
            "__init__" | "__new__" if place.class => Form::Constructor,
            _ if place.class => Form::Method,
            _ => Form::Function,
        };
        if says(node, "async") {
            entry.is_async = true;
        }
        // Signatures for the type checker: the function itself follows.
        if self.decorated(&mut entry, decorators) {
            return;
        }
        let list = field(node, "parameters").map(named).unwrap_or_default();
        let bound = place.class && !entry.modifier("static");
        entry.params = parameters(&list, bound, self.text);
        entry.generics =
            field(node, "type_parameters").map(|n| plain(n, self.text)).unwrap_or_default();
        entry.returns = field(node, "return_type").map(|of| plain(of, self.text));
        if let Some(body) = field(node, "body") {
            told(&mut entry, docstring(body, self.text));
            entry.body_digest = digest(body, self.text);
            entry.modifiers.extend(yields(body).then(|| "generator".to_owned()));
        }
        entry.modifiers.sort();
        out.push(entry);
    }

    /// What decorators say; whether this is but one of several signatures.
    fn decorated(&self, entry: &mut Entry, decorators: &[Node<'_>]) -> bool {
        for decorator in decorators {
            let whole = raw(*decorator, self.text).trim_start_matches('@').trim();
            match called(*decorator, self.text) {
                "overload" => return true,
                "staticmethod" => entry.modifiers.push("static".into()),
                "classmethod" => entry.modifiers.push("classmethod".into()),
                "abstractmethod" => entry.modifiers.push("abstract".into()),
                "property" | "cached_property" => entry.form = Form::Property,
                "setter" | "deleter" => {
                    entry.form = Form::Property;
                    entry.symbol = format!("{}.{}", entry.symbol, called(*decorator, self.text));
                }
                "deprecated" => {
                    entry.stability = Stability::Deprecated;
                    let words = whole.split_once(['"', '\'']).and_then(|(_, rest)| {
                        rest.rsplit_once(['"', '\'']).map(|(words, _)| words.to_owned())
                    });
                    entry.replacement = words;
                }
                "experimental" | "beta" => entry.stability = Stability::Experimental,
                _ => {}
            }
        }
        false
    }
}

/// The last name of what decorates: `@abc.abstractmethod` → `abstractmethod`.
pub(super) fn called<'a>(decorator: Node<'_>, text: &'a str) -> &'a str {
    let whole = raw(decorator, text).trim_start_matches('@').trim();
    let end = whole.find('(').unwrap_or(whole.len());
    whole[..end].rsplit('.').next().unwrap_or_default().trim()
}

fn docstring(body: Node<'_>, text: &str) -> doc::Doc {
    let first = named(body).into_iter().find(|node| node.kind() != "comment");
    let string = first.and_then(|node| named(node).first().copied());
    match string.filter(|string| string.kind() == "string") {
        Some(string) => doc::read(&literal(string, text)),
        None => doc::Doc::default(),
    }
}

fn parameters(list: &[Node<'_>], bound: bool, text: &str) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    let mut kind = ParamKind::PositionalOrKeyword;
    for node in list {
        let splat = |node: Node<'_>| match node.kind() {
            "list_splat_pattern" => Some(ParamKind::Variadic),
            "dictionary_splat_pattern" => Some(ParamKind::KeywordVariadic),
            _ => None,
        };
        let inner = named(*node).first().copied();
        let mut param = Param { kind, required: true, ..Param::default() };
        param.of = field(*node, "type").map(|of| plain(of, text));
        match node.kind() {
            "keyword_separator" => {
                kind = ParamKind::Keyword;
                continue;
            }
            "positional_separator" => {
                for param in &mut params {
                    if param.kind == ParamKind::PositionalOrKeyword {
                        param.kind = ParamKind::Positional;
                    }
                }
                continue;
            }
            "default_parameter" | "typed_default_parameter" => {
                param.name = word(*node, "name", text).to_owned();
                param.required = false;
                param.default = field(*node, "value").map(|value| plain(value, text));
            }
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                let named = if node.kind() == "typed_parameter" { inner } else { Some(*node) };
                let Some(named) = named else { continue };
                param.name = raw(named, text).trim_start_matches('*').to_owned();
                if let Some(any) = splat(named) {
                    (param.kind, param.required) = (any, false);
                    if any == ParamKind::Variadic {
                        kind = ParamKind::Keyword;
                    }
                }
            }
            "identifier" => param.name = raw(*node, text).to_owned(),
            _ => continue,
        }
        if bound && params.is_empty() && param.kind == ParamKind::PositionalOrKeyword {
            param.kind = ParamKind::Receiver;
        }
        params.push(param);
    }
    params
}

/// Whether calling it does nothing but make a generator.
fn yields(body: Node<'_>) -> bool {
    let mut open = vec![body];
    while let Some(node) = open.pop() {
        match node.kind() {
            "yield" if node.is_named() => return true,
            "function_definition" | "class_definition" | "lambda" => {}
            _ => open.extend(named(node)),
        }
    }
    false
}

/// Whether any token of a node is this word.
pub(super) fn has(node: Node<'_>, wanted: &str, text: &str) -> bool {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if raw(node, text) == wanted {
            return true;
        }
        open.extend(all(node));
    }
    false
}
