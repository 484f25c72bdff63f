//! Which expression of a test's body did not hold: the body is asked again up to its first
//! expression, its second, and so on, until it is no longer true.

use regorus::unstable::{Module, Query, Ref, Rule};
use regorus::{Engine, Value};

use crate::policy::error::Place;
use crate::policy::{graph, visit};

const PROBE: &str = "lazaret_probe_";
/// Longer bodies are not looked into.
const MOST: usize = 100;

/// The first expression of the test's body that does not hold; `None` if that cannot be told.
pub(super) fn failed_at(engine: &mut Engine, path: &[String]) -> Option<Place> {
    let modules = engine.get_modules().clone();
    let (module, query) = modules.iter().find_map(|module| Some((module, body(module, path)?)))?;
    let places: Vec<_> = query.stmts.iter().map(|stmt| visit::place(&stmt.span)).collect();
    if places.len() > MOST {
        return None;
    }
    let mut engine = engine.clone();
    engine.add_policy("probe".into(), probes(module, query)?).ok()?;
    let package = graph::package(module);
    for (number, place) in places.into_iter().enumerate() {
        let rule = super::rule(&[package.as_slice(), &[format!("{PROBE}{number}")]].concat());
        match engine.eval_rule(rule) {
            Ok(Value::Bool(true)) => {}
            _ => return Some(place),
        }
    }
    None
}

fn body<'a>(module: &'a Module, path: &[String]) -> Option<&'a Query> {
    let package = graph::package(module);
    let own = path.strip_prefix(package.as_slice())?;
    module.policy.iter().find_map(|rule: &'a Ref<Rule>| {
        let (refr, ..) = visit::head(rule);
        if visit::path(refr)?.0 != own {
            return None;
        }
        match rule.as_ref() {
            Rule::Spec { bodies, .. } => bodies.first().map(|body| body.query.as_ref()),
            Rule::Default { .. } => None,
        }
    })
}

/// A module with one rule for each beginning of the body.
fn probes(module: &Module, query: &Query) -> Option<String> {
    let source = query.span.source.contents();
    let at = |offset: u32| usize::try_from(offset).ok();
    let first_rule = module.policy.first()?.span();
    let mut text = source.get(..at(first_rule.start)?)?.to_owned();
    let begin = at(query.stmts.first()?.span.start)?;
    for number in 0..query.stmts.len() {
        let end = match query.stmts.get(number + 1) {
            Some(next) => source.get(begin..at(next.span.start)?)?,
            None => source.get(begin..at(query.span.end)?)?,
        };
        let mut part = end.trim_end().trim_end_matches(';');
        // The last expression's text may reach past the brace that ends the body.
        if part.matches('}').count() > part.matches('{').count() {
            part = part.strip_suffix('}').unwrap_or(part);
        }
        text.push_str(&format!("\n{PROBE}{number} if {{\n{part}\n}}\n"));
    }
    Some(text)
}
