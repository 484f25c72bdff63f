//! Bounds the depth of expressions before anything recursive looks at them: Rego's parser builds a
//! tree as deep as a chain of operators is long, and walking or dropping such a tree takes stack.

use regorus::unstable::{Lexer, Token, TokenKind};

use super::error::{LoadError, Place};

/// Checks every expression of a file. Text that the lexer refuses is left to the parser's error.
///
/// # Errors
/// Where an expression nests deeper than `limit`.
pub(super) fn check(source: &regorus::Source, limit: usize) -> Result<(), LoadError> {
    let mut lexer = Lexer::new(source);
    // Operators since the last separator, one count a bracket level.
    let mut levels = vec![0_usize];
    let mut last = Last { line: 0, operator: true, operand: false };
    while let Ok(Token(kind, span)) = lexer.next_token() {
        if kind == TokenKind::Eof {
            break;
        }
        let text = span.text();
        let symbol = kind == TokenKind::Symbol;
        let opener = symbol && matches!(text, "(" | "[" | "{");
        let closer = symbol && matches!(text, ")" | "]" | "}");
        let separator = symbol && matches!(text, "," | ";" | ":");
        let joins = (symbol && !opener && !closer && !separator) || (!symbol && text == "in");
        let new_line = span.line > last.line;
        let mut grow = 0;
        if let Some(level) = levels.last_mut() {
            let continues = joins || last.operator || (opener && text == "[");
            if separator || (new_line && !continues) {
                *level = 0;
            }
            // `a[b][c]` nests like `a.b.c`.
            if joins || (opener && last.operand) {
                grow = 1;
            }
            *level += grow;
        }
        if opener {
            levels.push(0);
        } else if closer && levels.len() > 1 {
            levels.pop();
        }
        if levels.iter().sum::<usize>() + levels.len() > limit {
            let place =
                Place { file: source.get_path().clone(), line: span.line, column: span.col };
            let message = format!("an expression nests deeper than {limit} levels; name its parts");
            return Err(LoadError::TooDeep { place, message });
        }
        last = Last { line: span.line, operator: joins, operand: closer || !symbol };
    }
    Ok(())
}

struct Last {
    line: u32,
    operator: bool,
    operand: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_ok(text: &str) -> bool {
        let source = regorus::Source::from_contents("x.rego".into(), text.into()).unwrap();
        check(&source, 64).is_ok()
    }

    #[test]
    fn long_files_pass_and_long_expressions_do_not() {
        assert!(depth_ok(&"x := a.b.c + 1\n".repeat(1000)));
        assert!(depth_ok(&"x[y] := data.a.b\n".repeat(1000)));
        assert!(depth_ok(&format!("x := [{}]", "1 + 1, ".repeat(1000))));
        assert!(depth_ok(&format!("x := {{\n{}}}", "\"a\": b.c,\n".repeat(1000))));
        assert!(depth_ok(&"a if {\n\tb == c\n\tnot d\n}\n".repeat(1000)));
        assert!(!depth_ok(&format!("x := {}1", "1 + ".repeat(100))));
        assert!(!depth_ok(&format!("x := {}1", "1 +\n".repeat(100))));
        assert!(!depth_ok(&format!("x := 1{}", "\n+ 1".repeat(100))));
        assert!(!depth_ok(&format!("x := a{}", ".b".repeat(100))));
        assert!(!depth_ok(&format!("x := a{}", "[0]".repeat(100))));
        assert!(!depth_ok(&format!("x := {}1{}", "[".repeat(100), "]".repeat(100))));
        assert!(!depth_ok(&format!("x := 1{}", " in [1]".repeat(100))));
        assert!(!depth_ok(&format!("x := {}1", "1 + f(a, b) + ".repeat(50))));
        assert!(!depth_ok(&format!("x := {}", "-(".repeat(100))));
    }
}
