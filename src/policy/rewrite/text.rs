//! A file's text, where its tokens lie, and changes to it.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Source;
use regorus::unstable::{Expr, Lexer, Span, Token, TokenKind};

use super::COLUMNS;
use crate::policy::error::LoadError;
use crate::policy::visit::place;

/// A change.
pub(super) struct Edit {
    pub at: usize,
    /// Bytes that it replaces.
    pub instead: usize,
    pub text: String,
}

pub(super) fn odd(span: &Span) -> LoadError {
    let message = "an expression here cannot be followed; name its parts".to_owned();
    LoadError::RegoInvalid { place: place(span), message }
}

pub(super) struct Text<'a> {
    source: &'a Source,
    /// Where a token begins, by line and column.
    at: BTreeMap<(u32, u32), usize>,
    /// All tokens.
    tokens: Vec<(usize, usize)>,
    /// Texts, whose places are told without their quotes.
    begins: BTreeSet<u32>,
    ends: BTreeSet<u32>,
}

impl<'a> Text<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        let mut text = Self {
            source,
            at: BTreeMap::new(),
            tokens: Vec::new(),
            begins: BTreeSet::new(),
            ends: BTreeSet::new(),
        };
        let mut lexer = Lexer::new(source);
        lexer.set_max_col(COLUMNS);
        while let Ok(Token(kind, span)) = lexer.next_token() {
            if kind == TokenKind::Eof {
                break;
            }
            text.at.insert((span.line, span.col), span.start as usize);
            if matches!(kind, TokenKind::String | TokenKind::RawString) {
                text.begins.insert(span.start);
                text.ends.insert(span.end);
            }
            text.tokens.push(text.range(&span));
        }
        text
    }

    /// Where the token at a span's place begins.
    pub(super) fn token(&self, span: &Span) -> Option<usize> {
        self.at.get(&(span.line, span.col)).copied()
    }

    /// From where to where an expression goes, quotes and all.
    pub(super) fn range(&self, span: &Span) -> (usize, usize) {
        let begin = span.start - u32::from(self.begins.contains(&span.start));
        let end = span.end + u32::from(self.ends.contains(&span.end));
        (begin as usize, end as usize)
    }

    /// As [`Self::range`], of an expression. Of one in brackets the parser knows only where it ends.
    pub(super) fn expr(&self, expr: &Expr) -> (usize, usize) {
        let (begin, end) = self.range(expr.span());
        let bracketed = matches!(
            expr,
            Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::Object { .. }
                | Expr::ArrayCompr { .. }
                | Expr::SetCompr { .. }
                | Expr::ObjectCompr { .. }
        );
        let last = self.tokens.partition_point(|token| token.1 < end);
        let mut depth = 0_usize;
        for token in self.tokens[..self.tokens.len().min(last + 1)].iter().rev() {
            match self.get(*token) {
                _ if !bracketed => break,
                "]" | "}" | ")" => depth += 1,
                "[" | "{" | "(" | "set(" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return (token.0, end);
            }
        }
        (begin, end)
    }

    pub(super) fn get(&self, (begin, end): (usize, usize)) -> &'a str {
        self.source.contents().get(begin..end).unwrap_or_default()
    }

    /// Whether a name stands somewhere.
    pub(super) fn mentions(&self, (begin, end): (usize, usize), name: &str) -> bool {
        let within = |token: &&(usize, usize)| begin <= token.0 && token.1 <= end;
        self.tokens.iter().filter(within).any(|token| self.get(*token) == name)
    }

    /// What is there on one line; `None` if line breaks mean something in it.
    pub(super) fn flat(&self, (begin, end): (usize, usize)) -> Option<String> {
        let from = self.tokens.partition_point(|token| token.0 < begin);
        let tokens: Vec<_> =
            self.tokens[from..].iter().take_while(|token| token.1 <= end).collect();
        let all = self.get((begin, end));
        let statements = tokens.iter().any(|token| self.get(**token) == "|");
        let broken = tokens.iter().any(|token| self.get(**token).contains('\n'));
        if all.contains('\n') && (statements || broken) {
            return None;
        }
        let mut flat = String::new();
        let mut last = begin;
        for &&(token, after) in &tokens {
            let gap = self.get((last, token));
            flat.push_str(if gap.contains('\n') { " " } else { gap });
            flat.push_str(self.get((token, after)));
            last = after;
        }
        (last == end).then_some(flat)
    }

    /// The text with some changes; `None` if there are none.
    pub(super) fn with(&self, mut edits: Vec<Edit>) -> Result<Option<String>, LoadError> {
        if edits.is_empty() {
            return Ok(None);
        }
        // Outer calls come first where two begin, and stay so; a call ends before the next operator.
        edits.sort_by_key(|edit| (edit.at, edit.instead));
        let old = self.source.contents();
        let (mut text, mut done) = (String::new(), 0);
        for edit in &edits {
            let Some(kept) = old.get(done..edit.at) else {
                let message = "the file cannot be followed here".to_owned();
                let file = self.source.get_path().clone();
                let line = old[..done].matches('\n').count() + 1;
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                let place = crate::policy::Place { file, line, column: 1 };
                return Err(LoadError::RegoInvalid { place, message });
            };
            text.push_str(kept);
            text.push_str(&edit.text);
            done += kept.len() + edit.instead;
        }
        text.push_str(old.get(done..).unwrap_or_default());
        Ok(Some(text))
    }
}
