//! What a Rego file states, rule by rule, however it is laid out: by this two versions are compared.

use regorus::Source;
use regorus::unstable::{Lexer, Rule, Token, TokenKind};

use super::error::LoadError;
use super::limits::Limits;
use super::{engine, graph, rewrite, sandbox, shape, visit};

/// A file's rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// The package, without `data`.
    pub package: Vec<String>,
    /// Its rules and functions, in order; what it imports comes first, as `import`.
    pub rules: Vec<Stated>,
}

/// One definition of a rule or function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stated {
    /// Its name within the package, as far as it is written out.
    pub name: String,
    /// The line, from 1.
    pub line: u32,
    /// Its words, without comments, a space between them.
    pub text: String,
}

/// Reads a file's rules. Nothing is compiled.
///
/// # Errors
/// If it does not parse, or is too large or too deep.
pub fn outline(file: &str, bytes: &[u8], limits: &Limits) -> Result<Outline, LoadError> {
    sandbox::run(|| read(file, bytes, limits)).map_err(LoadError::EngineFailed)?
}

fn read(file: &str, bytes: &[u8], limits: &Limits) -> Result<Outline, LoadError> {
    if bytes.len() > limits.rego_file {
        return Err(LoadError::TooLarge { what: file.to_owned(), limit: limits.rego_file });
    }
    let invalid = |error: &dyn ToString| engine::invalid(&error.to_string(), file);
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(&error))?;
    let source = Source::from_contents(file.to_owned(), text.to_owned());
    let source = source.map_err(|error| invalid(&error))?;
    shape::check(&source, limits.expression_depth)?;
    let module = rewrite::parse(&source, None)?;
    let words = words(&source);
    let within = |span: &regorus::unstable::Span| {
        let those = words.iter().filter(|(at, _)| (span.start..span.end).contains(at));
        those.map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    let mut rules = Vec::new();
    for import in &module.imports {
        // Keywords come with every file here.
        let name = import.r#as.as_ref().map_or("", |name| name.text());
        let text = format!("{} as {name}", within(&import.span));
        if !text.contains("rego . v1") && !text.contains("future . keywords") {
            rules.push(Stated { name: "import".into(), line: import.span.line, text });
        }
    }
    for rule in &module.policy {
        let (refr, _, span) = visit::head(rule);
        let (name, _) = visit::path(refr).unwrap_or_default();
        let default = matches!(rule.as_ref(), Rule::Default { .. });
        let text = if default { format!("default {}", within(span)) } else { within(span) };
        rules.push(Stated { name: name.join("."), line: span.line, text });
    }
    let package = graph::package(&module).into_iter().skip(1).collect();
    Ok(Outline { package, rules })
}

/// Every token with its place.
fn words(source: &Source) -> Vec<(u32, String)> {
    let mut lexer = Lexer::new(source);
    let mut words = Vec::new();
    while let Ok(Token(kind, span)) = lexer.next_token() {
        match kind {
            TokenKind::Eof => break,
            // The lexer leaves the quotes out.
            TokenKind::String | TokenKind::RawString => {
                words.push((span.start, format!("{:?}", span.text())));
            }
            _ => words.push((span.start, span.text().to_owned())),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_by_their_words() {
        let one = "package a.b\nimport rego.v1\nimport data.lib as l\n# why\ndeny contains msg if {\n\tinput.x == \"a b\" # here\n\tmsg := \"no\"\n}\ndefault allow := false\nallow if l.ok(input)\nf(x) := y if { y := x + 1 } else := 2\n";
        let two = "package a.b\n\nimport rego.v1\nimport data.lib as l\ndeny contains msg if { input.x == \"a b\"\n msg := \"no\" }\ndefault  allow := false\nallow if  l.ok( input )\nf(x) := y if {\n y := x + 1\n} else := 2";
        let read = |text: &str| outline("a.rego", text.as_bytes(), &Limits::default()).unwrap();
        let (a, b) = (read(one), read(two));
        assert_eq!(a.package, ["a", "b"]);
        let names: Vec<_> = a.rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["import", "deny", "allow", "allow", "f"]);
        let texts = |outline: &Outline| {
            outline.rules.iter().map(|rule| rule.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&a), texts(&b));
        assert!(texts(&a)[4].ends_with("else := 2"), "{:?}", texts(&a));
        assert_ne!(texts(&a), texts(&read(&one.replace("a b", "a  b"))));
        assert_ne!(texts(&a), texts(&read(&one.replace("x + 1", "x + 2"))));
        assert!(outline("a.rego", b"package", &Limits::default()).is_err());
    }
}
