//! Source text as tree-sitter reads it, within limits, and the few things that are asked of its nodes.

use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

use crate::domain::Digest;

/// Bytes of one source file.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// How often the parser may report progress, each some hundred steps. It guesses its way through what is no
/// program, and files made for that took a gigabyte; the largest of 10,000 real files reported 4,658 times.
const MAX_REPORTS: usize = 15_000;

/// A file that was read.
pub(super) struct Code<'a> {
    pub text: &'a str,
    tree: Tree,
}

impl<'a> Code<'a> {
    pub(super) fn read(language: &Language, bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("has more than {MAX_BYTES} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let mut parser = Parser::new();
        parser.set_language(language).map_err(|error| error.to_string())?;
        let mut reports = 0;
        let mut busy = |_: &ParseState| {
            reports += 1;
            if reports > MAX_REPORTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut busy);
        // Go's last declaration wants the line break that some editors leave out.
        let mut rest = |at: usize, _| match text.as_bytes().get(at..) {
            Some(rest) if !rest.is_empty() => rest,
            _ if at == text.len() => b"\n",
            _ => b"",
        };
        let tree = parser.parse_with_options(&mut rest, None, Some(options));
        let tree = tree.ok_or_else(|| "takes too long to read".to_owned())?;
        Ok(Self { text, tree })
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The line, from 1, of the first thing that is not of the language.
    pub(super) fn wrong_line(&self) -> Option<usize> {
        let mut node = self.root();
        if !node.has_error() {
            return None;
        }
        while !node.is_error() && !node.is_missing() {
            let Some(inner) = all(node).into_iter().find(Node::has_error) else { break };
            node = inner;
        }
        Some(line(node))
    }
}

/// The line, from 1, on which a node begins.
pub(super) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The text of a node.
pub(super) fn raw<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// Children, punctuation and keywords too.
pub(super) fn all(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// Children that are more than punctuation.
pub(super) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// The child in a field.
pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The text of the child in a field.
pub(super) fn word<'a>(node: Node<'_>, name: &str, text: &'a str) -> &'a str {
    field(node, name).map_or("", |child| raw(child, text))
}

/// Whether a keyword stands among the children.
pub(super) fn says(node: Node<'_>, keyword: &str) -> bool {
    all(node).iter().any(|child| child.kind() == keyword)
}

/// A node's tokens without comments, spaced by one rule: however the source is laid out, the same type
/// gives the same text.
pub(super) fn plain(node: Node<'_>, text: &str) -> String {
    let mut out = String::new();
    let tokens = tokens(node);
    let mut before = "";
    for (at, token) in tokens.iter().enumerate() {
        let word = raw(token.node, text);
        let next = tokens.get(at + 1).map_or("", |next| raw(next.node, text));
        let closes = |word: &str| matches!(word, ")" | "]" | "}" | ">" | "");
        if matches!(word, "," | ";") && closes(next) && !token.lone {
            continue;
        }
        if spaced(before, word) && !closes(word) {
            out.push(' ');
        }
        out.push_str(word);
        before = word;
    }
    out
}

/// Whether two tokens stand apart.
fn spaced(before: &str, word: &str) -> bool {
    let operator = |word: &str| matches!(word, "|" | "->" | "=>" | "=" | "+");
    let wordy = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"' | '\'');
    let (Some(last), Some(first)) = (before.chars().next_back(), word.chars().next()) else {
        return false;
    };
    match (before, word) {
        // `'` begins a lifetime.
        ("'", _) | (_, "," | ";" | ":") => false,
        ("," | ";" | ":", _) => true,
        _ if operator(before) || operator(word) => true,
        _ => wordy(first) && (wordy(last) || last == ')'),
    }
}

struct Token<'t> {
    node: Node<'t>,
    /// A comma that makes a tuple of one.
    lone: bool,
}

/// Tokens and whole literals, in order.
fn tokens(node: Node<'_>) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut open = vec![Token { node, lone: false }];
    while let Some(token) = open.pop() {
        let kind = token.node.kind();
        if kind.contains("comment") {
            continue;
        }
        let literal = token.node.is_named() && (kind.contains("string") || kind.contains("char"));
        if literal || token.node.child_count() == 0 {
            found.push(token);
            continue;
        }
        let lone = kind.contains("tuple") && token.node.named_child_count() == 1;
        open.extend(all(token.node).into_iter().rev().map(|node| Token { node, lone }));
    }
    found
}

/// The digest of a body's tokens. `None` for one that is too short to be told from others.
pub(super) fn digest(body: Node<'_>, text: &str) -> Option<Digest> {
    const LEAST: usize = 12;
    (tokens(body).len() >= LEAST).then(|| Digest::of(plain(body, text).as_bytes()))
}
