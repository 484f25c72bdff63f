//! TypeScript: what a file exports. What it passes on from other files is theirs to offer.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::doc::Doc;
use super::extract::{Above, MAX_DEPTH, TooDeep, told};
use super::registry::{Entry, Form, Param, ParamKind};
use super::syntax::{Code, all, digest, field, named, plain, raw, says, word};
use super::typescript_class::{class, interface};

/// Reads a file.
pub(super) fn read(path: &str, code: &Code<'_>, out: &mut Vec<Entry>) -> Result<(), TooDeep> {
    let name = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let name = name.strip_suffix(".d").unwrap_or(name);
    if [".test", ".spec"].iter().any(|end| name.ends_with(end)) {
        return Ok(());
    }
    let first = out.len();
    let read = scope(code.root(), "", code.text, 0, out);
    for entry in &mut out[first..] {
        name.clone_into(&mut entry.module);
    }
    read
}

/// A text without `in` and `out` before type parameters, each byte at its place.
pub(super) fn without_variance(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let comment =
            [("/*", "*/"), ("//", "\n")].into_iter().find(|(begin, _)| rest.starts_with(begin));
        if let Some((_, close)) = comment {
            let end = rest.find(close).map_or(rest.len(), |at| at + close.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let end = rest.find(|c: char| !is_wordy(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if word.is_empty() {
            out.push(c);
            before = if c.is_whitespace() { before } else { c };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let after = rest[end..].trim_start();
        // A parameter may have that name.
        let named = after.starts_with(is_wordy) && after.len() < rest[end..].len();
        let begins = matches!(before, '<' | ',');
        if matches!(word, "in" | "out") && begins && named && !after.starts_with("extends ") {
            out.extend(std::iter::repeat_n(' ', word.len()));
        } else {
            out.push_str(word);
            before = if matches!((before, word), ('<' | ',', "const")) { before } else { 'a' };
        }
        rest = &rest[end..];
    }
    out
}

fn is_wordy(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// A file or a namespace.
fn scope(
    body: Node<'_>,
    prefix: &str,
    text: &str,
    depth: usize,
    out: &mut Vec<Entry>,
) -> Result<(), TooDeep> {
    if depth > MAX_DEPTH {
        return Err(TooDeep);
    }
    let mut above = Above::default();
    // Declared here, exported perhaps further down.
    let mut local: BTreeMap<&str, Vec<(Node<'_>, Doc)>> = BTreeMap::new();
    let mut exports: Vec<(&str, &str)> = Vec::new();
    let mut offered: Vec<(&str, Node<'_>, Doc)> = Vec::new();
    // What is declared to be elsewhere is exported whole, unless it says what is.
    let declared = body.parent().and_then(|of| of.parent());
    let all_out = declared.is_some_and(|of| of.kind() == "ambient_declaration")
        && named(body).iter().all(|node| node.kind() != "export_statement");
    for node in named(body) {
        match node.kind() {
            "comment" => {
                above.add(raw(node, text), (node.start_position().row, node.end_position().row));
                continue;
            }
            "export_statement" => {
                let doc = above.of(node.start_position().row);
                let default = says(node, "default");
                let declared = field(node, "declaration").map(bare);
                let value = field(node, "value");
                for (declared, name) in declared.map(|d| names(d, text)).unwrap_or_default() {
                    offered.push((if default { "default" } else { name }, declared, doc.clone()));
                }
                match value {
                    Some(value) if value.kind() == "identifier" => {
                        exports.push((raw(value, text), "default"));
                    }
                    Some(value) => offered.push(("default", value, doc)),
                    None => {}
                }
                // As modules of another kind say it: all of it is this.
                if says(node, "=")
                    && let Some(whole) = named(node).into_iter().find(|one| one.kind() != "comment")
                {
                    exports.push((raw(whole, text), "export="));
                }
                if field(node, "source").is_none() {
                    for clause in named(node).into_iter().filter(|n| n.kind() == "export_clause") {
                        exports.extend(named(clause).into_iter().map(|one| {
                            let name = word(one, "name", text);
                            let alias = word(one, "alias", text).trim_matches(['"', '\'']);
                            (name, if alias.is_empty() { name } else { alias })
                        }));
                    }
                }
            }
            _ => {
                let doc = above.of(node.start_position().row);
                for (declared, name) in names(bare(node), text) {
                    if all_out {
                        offered.push((name, declared, doc.clone()));
                    }
                    local.entry(name).or_default().push((declared, doc.clone()));
                }
            }
        }
    }
    for (name, alias) in exports {
        for (node, doc) in local.get(name).into_iter().flatten() {
            offered.push((alias, *node, doc.clone()));
        }
    }
    // Where there are overloads, callers do not see the function below them.
    let overloaded = |name: &str| {
        offered.iter().any(|(other, node, _)| *other == name && node.kind() == "function_signature")
    };
    for (name, node, doc) in &offered {
        if doc.internal || (node.kind().ends_with("function_declaration") && overloaded(name)) {
            continue;
        }
        let symbol = format!("{prefix}{name}");
        match node.kind() {
            "class_declaration" | "abstract_class_declaration" | "class" => {
                class(*node, &symbol, doc, text, out);
            }
            "interface_declaration" => interface(*node, &symbol, doc, text, out),
            "internal_module" | "module" => {
                if let Some(body) = field(*node, "body") {
                    scope(body, &format!("{symbol}."), text, depth + 1, out)?;
                }
            }
            _ => {
                if let Some(mut entry) = function(*node, text) {
                    entry.symbol = symbol;
                    told(&mut entry, doc.clone());
                    out.push(entry);
                }
            }
        }
    }
    Ok(())
}

/// Without `declare`.
fn bare(node: Node<'_>) -> Node<'_> {
    match node.kind() {
        "ambient_declaration" | "expression_statement" => {
            named(node).first().copied().unwrap_or(node)
        }
        _ => node,
    }
}

/// What a declaration declares, each by its name.
fn names<'t, 'a>(node: Node<'t>, text: &'a str) -> Vec<(Node<'t>, &'a str)> {
    match node.kind() {
        "lexical_declaration" | "variable_declaration" => {
            let variables = named(node).into_iter().filter(|n| n.kind() == "variable_declarator");
            let valued = variables.map(|variable| (variable, word(variable, "name", text)));
            valued.collect()
        }
        _ => vec![(node, word(node, "name", text))],
    }
}

/// The function that a node declares or holds.
fn function(node: Node<'_>, text: &str) -> Option<Entry> {
    let (signed, body) = match node.kind() {
        "variable_declarator" => {
            let value = field(node, "value").filter(|value| is_function(*value));
            let said = field(node, "type").and_then(function_type);
            // A said type is what callers see, even if the function below it says less.
            (said.or(value)?, value.and_then(|value| field(value, "body")))
        }
        kind if kind.starts_with("function")
            || kind.starts_with("generator_function")
            || kind == "arrow_function" =>
        {
            (node, field(node, "body"))
        }
        _ => return None,
    };
    let mut entry = signature(signed, text);
    let value = field(node, "value");
    if says(node, "async") || value.is_some_and(|value| says(value, "async")) {
        entry.is_async = true;
    }
    if [Some(node), value].into_iter().flatten().any(|of| of.kind().starts_with("generator_")) {
        entry.modifiers.push("generator".into());
    }
    entry.body_digest = body.and_then(|body| digest(body, text));
    Some(entry)
}

pub(super) fn is_function(value: Node<'_>) -> bool {
    matches!(value.kind(), "arrow_function" | "function_expression" | "generator_function")
}

/// The function type in a type annotation.
pub(super) fn function_type(annotation: Node<'_>) -> Option<Node<'_>> {
    named(annotation).into_iter().find(|of| of.kind() == "function_type")
}

/// Parameters, result and type parameters.
pub(super) fn signature(node: Node<'_>, text: &str) -> Entry {
    let params = match (field(node, "parameters"), field(node, "parameter")) {
        (Some(list), _) => parameters(list, text),
        // `x => …`
        (None, Some(one)) => {
            vec![Param { name: raw(one, text).into(), required: true, ..Param::default() }]
        }
        (None, None) => Vec::new(),
    };
    let of = field(node, "return_type").or_else(|| field(node, "type"));
    let generics = field(node, "type_parameters").map(|node| plain(node, text));
    Entry {
        form: Form::Function,
        generics: generics.unwrap_or_default(),
        params,
        returns: of.map(|of| annotated(of, text)),
        ..Entry::default()
    }
}

/// The type of an annotation, without its colon.
pub(super) fn annotated(annotation: Node<'_>, text: &str) -> String {
    plain(annotation, text).trim_start_matches(':').trim().to_owned()
}

fn parameters(list: Node<'_>, text: &str) -> Vec<Param> {
    let mut params = Vec::new();
    for node in named(list) {
        let optional = node.kind() == "optional_parameter";
        if !optional && node.kind() != "required_parameter" {
            continue;
        }
        let Some(pattern) = field(node, "pattern").or_else(|| field(node, "name")) else {
            continue;
        };
        if pattern.kind() == "this" {
            continue;
        }
        let rest = pattern.kind() == "rest_pattern";
        let default = field(node, "value").map(|value| plain(value, text));
        params.push(Param {
            name: plain(pattern, text).trim_start_matches("...").to_owned(),
            of: field(node, "type").map(|of| annotated(of, text)),
            kind: if rest { ParamKind::Variadic } else { ParamKind::Positional },
            required: !optional && !rest && default.is_none(),
            default,
        });
    }
    params
}

/// Whether a member is kept from others.
pub(super) fn hidden(member: Node<'_>, text: &str) -> bool {
    let kept =
        |node: &Node<'_>| node.kind() == "accessibility_modifier" && raw(*node, text) != "public";
    let name = field(member, "name");
    name.is_some_and(|name| name.kind() == "private_property_identifier")
        || all(member).iter().any(kept)
}
