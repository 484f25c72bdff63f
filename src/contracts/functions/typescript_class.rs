//! Members of TypeScript's classes and interfaces.

use tree_sitter::Node;

use super::doc::Doc;
use super::extract::{Above, told};
use super::registry::{Entry, Form, Param, ParamKind, Stability};
use super::syntax::{digest, field, named, plain, raw, says, word};
use super::typescript::{function_type, hidden, is_function, signature};

/// Public members of a class.
pub(super) fn class(node: Node<'_>, symbol: &str, doc: &Doc, text: &str, out: &mut Vec<Entry>) {
    let first = out.len();
    members(node, symbol, text, out);
    // Where there are overloads, callers do not see the method below them.
    let signed: Vec<String> = out[first..]
        .iter()
        .filter(|entry| !entry.modifier(BODY) && !entry.modifier("abstract"))
        .map(|entry| entry.symbol.clone())
        .collect();
    let mut at = 0;
    out.retain(|entry| {
        at += 1;
        at <= first || !(entry.modifier(BODY) && signed.contains(&entry.symbol))
    });
    for entry in &mut out[first..] {
        entry.modifiers.retain(|modifier| modifier != BODY);
    }
    made(node, symbol, text, (first, out));
    inherit(&mut out[first..], doc);
}

/// Notes what a class is made from, at its constructor; one that it does not write takes what its base's does.
fn made(node: Node<'_>, symbol: &str, text: &str, (first, out): (usize, &mut Vec<Entry>)) {
    let heritage = named(node).into_iter().filter(|child| child.kind() == "class_heritage");
    let base = |of| plain(of, text).trim_start_matches("extends ").to_owned();
    let bases: Vec<String> =
        heritage.flat_map(named).map(|of| format!("base: {}", base(of))).collect();
    let body = field(node, "body").map(named).unwrap_or_default();
    // A private one is for nobody.
    let written = body.into_iter().any(|member| word(member, "name", text) == "constructor");
    if !written {
        let args = Param { name: "args".into(), kind: ParamKind::Variadic, ..Param::default() };
        out.push(Entry {
            symbol: format!("{symbol}.constructor"),
            form: Form::Constructor,
            params: if bases.is_empty() { Vec::new() } else { vec![args] },
            ..Entry::default()
        });
    }
    for entry in out[first..].iter_mut().filter(|entry| entry.form == Form::Constructor).take(1) {
        entry.modifiers.extend(bases.iter().cloned());
        entry.modifiers.sort();
    }
}

/// Methods that an interface asks of whoever implements it.
pub(super) fn interface(node: Node<'_>, symbol: &str, doc: &Doc, text: &str, out: &mut Vec<Entry>) {
    let first = out.len();
    members(node, symbol, text, out);
    inherit(&mut out[first..], doc);
}

/// A mark on methods that have a body, until overloads are sorted out.
const BODY: &str = "{}";

/// What is said of the whole holds for its members.
fn inherit(members: &mut [Entry], doc: &Doc) {
    let mut whole = Entry::default();
    told(&mut whole, doc.clone());
    for entry in members.iter_mut().filter(|entry| entry.stability == Stability::Stable) {
        entry.stability = whole.stability;
        entry.replacement.clone_from(&whole.replacement);
    }
}

fn members(node: Node<'_>, symbol: &str, text: &str, out: &mut Vec<Entry>) {
    let generics = field(node, "type_parameters").map(|n| plain(n, text)).unwrap_or_default();
    let mut above = Above::default();
    for member in field(node, "body").map(named).unwrap_or_default() {
        let rows = (member.start_position().row, member.end_position().row);
        if member.kind() == "comment" {
            above.add(raw(member, text), rows);
            continue;
        }
        let doc = above.of(rows.0);
        if doc.internal || hidden(member, text) {
            continue;
        }
        let name = word(member, "name", text).trim_matches(['"', '\'']);
        let Some(mut entry) = entry(member, text) else { continue };
        entry.generics = format!("{generics}{}", entry.generics);
        entry.symbol = match (member.kind(), name) {
            ("call_signature", _) => format!("{symbol}()"),
            ("construct_signature", _) => format!("{symbol}.new"),
            _ if says(member, "set") => format!("{symbol}.{name}.setter"),
            _ => format!("{symbol}.{name}"),
        };
        if name == "constructor" || member.kind() == "construct_signature" {
            entry.form = Form::Constructor;
        }
        entry.modifiers.sort();
        told(&mut entry, doc);
        out.push(entry);
    }
}

fn entry(member: Node<'_>, text: &str) -> Option<Entry> {
    let kind = member.kind();
    let mut entry = match kind {
        "method_definition"
        | "method_signature"
        | "abstract_method_signature"
        | "call_signature"
        | "construct_signature" => signature(member, text),
        "public_field_definition" | "property_signature" => {
            let value = field(member, "value").filter(|value| is_function(*value));
            let said = field(member, "type").and_then(function_type);
            let mut entry = signature(said.or(value)?, text);
            if value.is_some_and(|value| says(value, "async")) {
                entry.is_async = true;
            }
            entry
        }
        _ => return None,
    };
    entry.form = Form::Method;
    entry.is_async |= says(member, "async");
    if says(member, "static") {
        entry.modifiers.push("static".into());
    }
    if says(member, "*") {
        entry.modifiers.push("generator".into());
    }
    if says(member, "get") || says(member, "set") {
        entry.form = Form::Property;
    }
    match kind {
        "method_definition" => entry.modifiers.push(BODY.into()),
        // An optional one asks nothing of those who implement.
        "abstract_method_signature" => entry.modifiers.push("abstract".into()),
        "property_signature" | "call_signature" | "construct_signature" if !says(member, "?") => {
            entry.modifiers.push("abstract".into());
        }
        "method_signature" if in_interface(member) && !says(member, "?") => {
            entry.modifiers.push("abstract".into());
        }
        _ => {}
    }
    entry.body_digest = field(member, "body").and_then(|body| digest(body, text));
    Some(entry)
}

fn in_interface(member: Node<'_>) -> bool {
    member.parent().is_some_and(|parent| matches!(parent.kind(), "interface_body" | "object_type"))
}
