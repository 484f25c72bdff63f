//! GraphQL: a schema that holds together, and operations that it takes or does not.

use apollo_compiler::Schema;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};

use super::context::Context;
use super::{EACH, Validation, defaults, fixtures, rules};
use crate::contracts::Violation;
use crate::law::set::Contract;

/// A stranger's text must not cost us our stack or our afternoon.
const TOKENS: usize = 100_000;
const DEPTH: usize = 100;

pub(super) fn check(context: &Context<'_>, contract: &Contract) -> Validation {
    let path = contract.path.as_str();
    let mut all = Validation::default();
    let schema = match read(context, path) {
        Ok(schema) => schema,
        Err(found) => {
            all.findings
                .extend(found.into_iter().map(|(line, what)| rules::GRAPHQL.on(path, line, what)));
            return all;
        }
    };
    for fixture in context.fixtures(contract) {
        let found: Vec<Violation> = operation(context, &schema, fixture.path)
            .into_iter()
            .map(|(line, what)| match line {
                Some(line) => Violation::new("", format!("{what} (line {line})")),
                None => Violation::new("", what),
            })
            .collect();
        fixtures::verdict(&mut all, contract, (fixture.path, fixture.valid), &found);
    }
    fixtures::enough(context, &mut all, &rules::OPERATIONS, contract);
    all
}

type Faults = Vec<(Option<usize>, String)>;

fn text<'a>(context: &'a Context<'_>, path: &str) -> Result<&'a str, Faults> {
    let bytes = context.set.tree.get(path).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|error| vec![(None, error.to_string())])
}

fn parser() -> Parser {
    Parser::new().token_limit(TOKENS).recursion_limit(DEPTH)
}

fn read(context: &Context<'_>, path: &str) -> Result<Valid<Schema>, Faults> {
    let schema = parser().parse_schema(text(context, path)?, path);
    let schema = schema.and_then(Schema::validate).map_err(|found| faults(&found.errors))?;
    let mut found = defaults::check(&schema);
    found.truncate(EACH);
    if found.is_empty() { Ok(schema) } else { Err(found) }
}

fn operation(context: &Context<'_>, schema: &Valid<Schema>, path: &str) -> Faults {
    let text = match text(context, path) {
        Ok(text) => text,
        Err(faults) => return faults,
    };
    let errors = match parser().parse_executable(schema, text, path) {
        Ok(operation) => operation.validate(schema).err().map(|found| found.errors),
        Err(found) => Some(found.errors),
    };
    errors.map(|errors| faults(&errors)).unwrap_or_default()
}

fn faults(found: &DiagnosticList) -> Faults {
    let mut faults = Vec::new();
    for diagnostic in found.iter().take(EACH) {
        let line = diagnostic.line_column_range().map(|range| range.start.line);
        let what = diagnostic.error.to_string();
        let what = what.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        faults.push((line, what));
    }
    faults
}
