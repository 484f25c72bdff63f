//! Go: what is capitalised, in packages that others can import.

use tree_sitter::Node;

use super::extract::{Above, TooDeep, told};
use super::go_packages::{Packages, condition};
use super::registry::{Entry, Form, Language, Param, ParamKind};
use super::syntax::{Code, all, digest, field, named, plain, raw, word};

/// Reads a file. Tests, `main` and `internal` packages offer nothing.
pub(super) fn read(
    path: &str,
    code: &Code<'_>,
    packages: &mut Packages,
    out: &mut Vec<Entry>,
) -> Result<(), TooDeep> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if path.ends_with("_test.go") || folder.split('/').any(|name| name == "internal") {
        return Ok(());
    }
    let text = code.text;
    let mut package = folder.to_owned();
    let mut above = Above::default();
    let first = out.len();
    // Elsewhere the file is not there.
    let mut builds: Vec<String> = condition(path).into_iter().collect();
    let mut hidden = Vec::new();
    for node in named(code.root()) {
        match node.kind() {
            "comment" if raw(node, text).starts_with("//go:build ") => {
                builds.push(raw(node, text).trim_start_matches('/').trim().to_owned());
            }
            "comment" => above.add(raw(node, text), rows(node)),
            "package_clause" => {
                let name = named(node).first().map_or("", |name| raw(*name, text));
                if name == "main" {
                    return Ok(());
                }
                if package.is_empty() {
                    package = name.to_owned();
                }
            }
            "function_declaration" | "method_declaration" => {
                let doc = above.of(node.start_position().row);
                if let Some(mut entry) = function(node, &package, text)
                    && !doc.internal
                {
                    told(&mut entry, doc);
                    let offered = entry.symbol.split('.').all(public);
                    if offered { out.push(entry) } else { hidden.push(entry) }
                }
            }
            "type_declaration" => {
                types(node, &package, text, out);
                embeds(node, &package, text, packages, out);
            }
            _ => {}
        }
    }
    for entry in out.iter_mut().skip(first).chain(&mut hidden) {
        entry.modifiers.extend(builds.iter().cloned());
        entry.modifiers.sort();
        entry.modifiers.dedup();
    }
    for entry in out.iter().skip(first).filter(|entry| entry.form == Form::Method) {
        if let Some((of, name)) = entry.symbol.split_once('.') {
            packages.method(&package, of, name, None);
        }
    }
    for mut entry in hidden {
        (entry.file, entry.language) = (path.to_owned(), Language::Go);
        let symbol = entry.symbol.clone();
        if let Some((of, name)) = symbol.split_once('.') {
            packages.method(&package, of, name, Some(entry));
        }
    }
    Ok(())
}

fn rows(node: Node<'_>) -> (usize, usize) {
    (node.start_position().row, node.end_position().row)
}

pub(super) fn public(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// A function or method of a capitalised name; whether its type has one, too, is seen by its symbol.
fn function(node: Node<'_>, package: &str, text: &str) -> Option<Entry> {
    let name = word(node, "name", text);
    let mut entry = signature(node, text);
    entry.module = package.to_owned();
    entry.body_digest = field(node, "body").and_then(|body| digest(body, text));
    if let Some(receiver) = field(node, "receiver") {
        let declared =
            named(receiver).into_iter().find(|node| node.kind() == "parameter_declaration")?;
        let of = field(declared, "type")?;
        let base = base(of, text);
        if !public(name) {
            return None;
        }
        let receiver = Param {
            name: word(declared, "name", text).to_owned(),
            of: Some(plain(of, text)),
            kind: ParamKind::Receiver,
            required: true,
            default: None,
        };
        entry.params.insert(0, receiver);
        entry.form = Form::Method;
        entry.symbol = format!("{base}.{name}");
    } else {
        if !public(name) {
            return None;
        }
        if name.strip_prefix("New").is_some_and(|rest| rest.is_empty() || public(rest)) {
            entry.form = Form::Constructor;
        }
        entry.symbol = name.to_owned();
    }
    Some(entry)
}

/// `*Client[T]` → `Client`
fn base<'a>(of: Node<'_>, text: &'a str) -> &'a str {
    let words = raw(of, text).trim_start_matches(['*', '(', ' ']);
    let end = words.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(words.len());
    &words[..end]
}

fn signature(node: Node<'_>, text: &str) -> Entry {
    let generics = field(node, "type_parameters").map(|node| plain(node, text));
    let params = field(node, "parameters").map(|list| parameters(list, text)).unwrap_or_default();
    let results = match field(node, "result") {
        // Names of results are for the reader.
        Some(list) if list.kind() == "parameter_list" => {
            parameters(list, text).into_iter().filter_map(|param| param.of).collect()
        }
        Some(one) => vec![plain(one, text)],
        None => Vec::new(),
    };
    let fails = results.last().is_some_and(|last| last == "error");
    let returns = match results.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("({})", several.join(", "))),
    };
    let errors = if fails { vec!["error".to_owned()] } else { Vec::new() };
    Entry { generics: generics.unwrap_or_default(), params, returns, errors, ..Entry::default() }
}

fn parameters(list: Node<'_>, text: &str) -> Vec<Param> {
    let mut params = Vec::new();
    for node in named(list) {
        let variadic = node.kind() == "variadic_parameter_declaration";
        let kind = if variadic { ParamKind::Variadic } else { ParamKind::Positional };
        let Some(of) = field(node, "type") else { continue };
        let of = Some(plain(of, text));
        let names: Vec<_> = all(node).into_iter().filter(|n| n.kind() == "identifier").collect();
        let mut add = |name: &str| {
            let (name, of) = (name.to_owned(), of.clone());
            params.push(Param { name, of, kind, required: !variadic, default: None });
        };
        match names.as_slice() {
            [] => add(""),
            names => names.iter().for_each(|name| add(raw(*name, text))),
        }
    }
    params
}

/// What a struct embeds: others read it like a member, and call its methods on the whole.
fn embeds(
    node: Node<'_>,
    package: &str,
    text: &str,
    packages: &mut Packages,
    out: &mut Vec<Entry>,
) {
    let specs = named(node).into_iter().filter(|node| node.kind() == "type_spec");
    for (spec, of) in specs.filter_map(|spec| Some((spec, field(spec, "type")?))) {
        if of.kind() != "struct_type" {
            continue;
        }
        let outer = word(spec, "name", text);
        let lists = named(of).into_iter().flat_map(named);
        let fields = lists.filter(|node| node.kind() == "field_declaration");
        for inner in fields.filter(|node| field(*node, "name").is_none()) {
            let Some(of) = field(inner, "type") else { continue };
            let pointer = if raw(inner, text).starts_with('*') { "*" } else { "" };
            let whole = plain(of, text);
            let bare = whole.split('[').next().unwrap_or_default();
            let name = bare.rsplit('.').next().unwrap_or_default().trim();
            if !bare.contains('.') {
                packages.embed(package, outer, name);
            }
            if public(outer) && public(name) {
                out.push(Entry {
                    module: package.to_owned(),
                    symbol: format!("{outer}.{name}"),
                    form: Form::Property,
                    returns: Some(format!("{pointer}{whole}")),
                    ..Entry::default()
                });
            }
        }
    }
}

/// Methods that an interface asks of whoever implements it.
fn types(node: Node<'_>, package: &str, text: &str, out: &mut Vec<Entry>) {
    let specs = named(node).into_iter().filter(|node| node.kind() == "type_spec");
    for (spec, of) in specs.filter_map(|spec| Some((spec, field(spec, "type")?))) {
        let name = word(spec, "name", text);
        if of.kind() != "interface_type" || !public(name) {
            continue;
        }
        let methods: Vec<_> = named(of);
        let elems = methods.iter().filter(|node| node.kind() == "method_elem");
        // With a method that others cannot name, nobody else implements it.
        let open = elems.clone().all(|elem| public(word(*elem, "name", text)));
        let others = methods.iter().filter(|node| node.kind() == "type_elem");
        let others: Vec<_> = others.map(|one| format!("embeds {}", plain(*one, text))).collect();
        let generics = field(spec, "type_parameters").map(|node| plain(node, text));
        let mut above = Above::default();
        for node in &methods {
            match node.kind() {
                "comment" => above.add(raw(*node, text), rows(*node)),
                "method_elem" if public(word(*node, "name", text)) => {
                    let mut entry = signature(*node, text);
                    entry.form = Form::Method;
                    entry.generics = generics.clone().unwrap_or_default();
                    entry.symbol = format!("{name}.{}", word(*node, "name", text));
                    entry.module = package.to_owned();
                    entry.modifiers.extend(open.then(|| "abstract".to_owned()));
                    entry.modifiers.extend(others.iter().cloned());
                    told(&mut entry, above.of(node.start_position().row));
                    out.push(entry);
                }
                _ => {}
            }
        }
    }
}
