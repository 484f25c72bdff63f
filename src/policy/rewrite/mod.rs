//! A file as the engine is to read it, so that it answers as OPA does: arithmetic as calls of ours,
//! and in the order in which OPA's compiler puts what stands in a negation, after `with`, or in a
//! rule's head. No line is broken, and what is moved stays within its rule.

mod arithmetic;
mod lift;
mod text;

use std::num::{NonZeroU32, NonZeroUsize};

use regorus::Source;
use regorus::unstable::{Lexer, Module, Parser, Ref, Token, TokenKind};

use self::text::Text;
use super::arithmetic::OURS;
use super::engine;
use super::error::LoadError;
use super::visit::place;

/// What the names begin with that a file gets from us.
const PART: &str = "lazaret_part_";
/// How often parts are taken out of parts: an expression is not deeper.
const PASSES: usize = 70;
/// Longest line of a file written anew.
pub(super) const COLUMNS: NonZeroU32 = NonZeroU32::MIN.saturating_add(64 << 10);

/// The file written anew; `None` if it may stay as it is.
///
/// # Errors
/// If it does not parse; what OPA does not read, or the engine would keep otherwise than written.
pub(super) fn rewrite(source: &Source) -> Result<Option<String>, LoadError> {
    reserved(source)?;
    let module = parse(source, None)?;
    let text = Text::new(source);
    let mut written = text.with(arithmetic::edits(&text, &module)?)?;
    let mut names = 0;
    for _ in 0..PASSES {
        let again = match &written {
            Some(written) => again(source, written)?,
            None => source.clone(),
        };
        let module = parse(&again, Some(COLUMNS))?;
        let text = Text::new(&again);
        match text.with(lift::edits(&text, &module, &mut names)?)? {
            Some(next) => written = Some(next),
            None => return Ok(written),
        }
    }
    Err(text::odd(&module.package.span))
}

fn again(source: &Source, text: &str) -> Result<Source, LoadError> {
    let room = NonZeroUsize::MAX;
    Source::from_contents_with_limits(source.get_path().clone(), text.to_owned(), room, room)
        .map_err(|e| engine::invalid(&e.to_string(), source.get_path()))
}

pub(super) fn parse(
    source: &Source,
    columns: Option<NonZeroU32>,
) -> Result<Ref<Module>, LoadError> {
    let parsed = Parser::new(source).and_then(|mut parser| {
        if let Some(columns) = columns {
            parser.set_max_col(columns);
        }
        parser.enable_rego_v1()?;
        parser.parse()
    });
    parsed.map(Ref::new).map_err(|e| engine::invalid(&e.to_string(), source.get_path()))
}

/// Refuses names of ours.
fn reserved(source: &Source) -> Result<(), LoadError> {
    let mut lexer = Lexer::new(source);
    while let Ok(Token(kind, span)) = lexer.next_token() {
        let name = span.text();
        match kind {
            TokenKind::Eof => break,
            TokenKind::Ident if name == OURS || name.starts_with(PART) => {
                let message = format!("{name} is Lazaret's own name");
                return Err(LoadError::BuiltinRefused { place: place(&span), message });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: &str) -> String {
        let text = format!("package p\n\n{body}\n");
        let source = Source::from_contents("p.rego".into(), text.clone()).unwrap();
        let written = rewrite(&source).unwrap().unwrap_or(text);
        written.trim_start_matches("package p\n\n").trim_end().replace("lazaret_part_", "$")
    }

    #[test]
    fn parts_are_taken_out_as_opa_does() {
        for (rego, expected) in [
            ("a if not f(input.x)", "a if { $1 := input.x; not f($1) }"),
            ("a if not input.x", "a if not input.x"),
            ("a if not input.x == data.y", "a if not input.x == data.y"),
            ("a if not input.x > 1", "a if { $1 := input.x; not $1 > 1 }"),
            ("a if not \"x\" in input.x", "a if { $1 := input.x; not \"x\" in $1 }"),
            ("a if { x := 1; not f(x) }", "a if { x := 1; not f(x) }"),
            ("a if { x = 1; not f(x) }", "a if { x = 1; $1 := [x][0]; not f($1) }"),
            ("a if not m[input.x]", "a if { $1 := input.x; not m[[$1][0]] }"),
            (
                "a if not f(m[input.x].y, [g(1)])",
                "a if { $1 := input.x; $2 := m[[$1][0]].y; $3 := g(1); not f($2, [$3]) }",
            ),
            (
                "a if b with input as data.x with data.y as {}",
                "a if { $1 := data.x; b with input as $1 with data.y as {} }",
            ),
            (
                "a if not f(input.x) with input.x as data.x",
                "a if { $1 := data.x; $2 := input.x with input.x as $1; not f($2) with input.x as $1 }",
            ),
            (
                "a contains b.c if some b in input",
                "a contains ($1) if { some b in lazaret_arithmetic.each(input); $1 := b.c }",
            ),
            (
                "a contains {\n\t\"x\": b.c, # why\n} if {\n\tsome b in input # all\n}",
                "a contains ($1\n\n) if {\n\tsome b in lazaret_arithmetic.each(input); $1 := { \"x\": b.c, } # all\n}",
            ),
            (
                "a := [x | some x in input; not f(x.y)]",
                "a := [x | some x in lazaret_arithmetic.each(input); $1 := x.y; not f($1)]",
            ),
            (
                "a contains {\"x\": b.c, \"y\": [1, {2, b.d}]} if some b in input",
                "a contains ($1) if { some b in lazaret_arithmetic.each(input); $1 := {\"x\": b.c, \"y\": [1, {2, b.d}]} }",
            ),
            (
                "a if not f([1, {\"a\": 1, \"b\": input.x}])",
                "a if { $1 := input.x; not f([1, {\"a\": 1, \"b\": $1}]) }",
            ),
            ("a if { b[i]; not c[i].x }", "a if { b[i]; $1 := [i][0]; not c[[$1][0]].x }"),
            ("a if { b := c[_]; some i, j; b[i] }", "a if { some i, j; b := c[_]; true; b[i] }"),
            ("a if { some i; b := i; c[b] }", "a if { some i; b := [i][0]; c[b] }"),
            ("a := (1 in input.x)", "a := (lazaret_arithmetic.member(1 , input.x))"),
        ] {
            assert_eq!(written(rego), expected);
        }
    }
}
