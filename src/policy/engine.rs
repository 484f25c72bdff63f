//! The Rego engine as Lazaret sets it up, and its errors made readable.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use regex::{Regex, RegexBuilder};
use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig};
use regorus::{Engine, Value};

use super::error::{LoadError, Place};
use super::limits::Limits;

/// Longest result of `numbers.range`.
const MAX_RANGE: i128 = 100_000;
/// Compiled patterns that are kept.
const MAX_PATTERNS: usize = 512;

/// An engine without policy. Errors of built-in functions are errors of the policy: in OPA they
/// make a rule undefined, and a denial that is undefined does not deny.
pub(super) fn new(limits: &Limits) -> Result<Engine, LoadError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_policy_length_config(PolicyLengthConfig {
        max_file_bytes: NonZeroUsize::new(limits.rego_file).unwrap_or(NonZeroUsize::MIN),
        ..PolicyLengthConfig::default()
    });
    set_time_limit(&mut engine, limits.evaluation);
    let failed = |e: &dyn std::fmt::Display| LoadError::EngineFailed(e.to_string());
    // The engine's own clones a compiled pattern for every match, and with it an empty scratch
    // space that is filled anew each time.
    engine
        .add_extension(
            "regex.match".into(),
            2,
            Box::new(|args: Vec<Value>| Ok(regex_match(&args)?)),
        )
        .map_err(|e| failed(&e))?;
    engine
        .add_extension("numbers.range".into(), 2, Box::new(|args: Vec<Value>| Ok(range(&args)?)))
        .map_err(|e| failed(&e))?;
    Ok(engine)
}

/// Bounds each evaluation.
pub(super) fn set_time_limit(engine: &mut Engine, limit: Duration) {
    let check_interval = NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval });
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BuiltinError(String);

fn text<'a>(args: &'a [Value], at: usize, name: &str) -> Result<&'a str, BuiltinError> {
    match args.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(BuiltinError(format!("{name} expects a string as argument {}", at + 1))),
    }
}

fn regex_match(args: &[Value]) -> Result<Value, BuiltinError> {
    let pattern = pattern(text(args, 0, "regex.match")?)?;
    Ok(Value::Bool(pattern.is_match(text(args, 1, "regex.match")?)))
}

/// A compiled pattern, shared by all threads. Readers take no lock.
fn pattern(source: &str) -> Result<Arc<Regex>, BuiltinError> {
    type Patterns = HashMap<Arc<str>, Arc<Regex>>;
    static KEPT: LazyLock<ArcSwap<Patterns>> = LazyLock::new(ArcSwap::default);
    if let Some(found) = KEPT.load().get(source) {
        return Ok(Arc::clone(found));
    }
    let compiled = RegexBuilder::new(source)
        .size_limit(1 << 20)
        .build()
        .map_err(|e| BuiltinError(format!("regex.match: {e}")))?;
    let compiled = Arc::new(compiled);
    KEPT.rcu(|kept| {
        let mut next =
            if kept.len() < MAX_PATTERNS { Patterns::clone(kept) } else { Patterns::new() };
        next.insert(source.into(), Arc::clone(&compiled));
        next
    });
    Ok(compiled)
}

fn range(args: &[Value]) -> Result<Value, BuiltinError> {
    let bound = |at: usize| {
        let value = args.get(at).and_then(|value| value.as_i64().ok());
        value.map(i128::from).ok_or_else(|| {
            BuiltinError(format!("numbers.range expects an integer as argument {}", at + 1))
        })
    };
    let (from, to) = (bound(0)?, bound(1)?);
    if (from - to).abs() >= MAX_RANGE {
        return Err(BuiltinError(format!("numbers.range gives at most {MAX_RANGE} numbers")));
    }
    let number = |n: i128| Value::from(i64::try_from(n).unwrap_or_default());
    Ok(Value::from(match from <= to {
        true => (from..=to).map(number).collect::<Vec<_>>(),
        false => (to..=from).rev().map(number).collect(),
    }))
}

/// Takes the engine's drawing of a place apart: `--> file:line:column`, lines, `error: message`.
pub(super) fn explain(error: &str) -> (Option<Place>, String) {
    let place = error.lines().find_map(|line| {
        let (rest, column) = line.trim().strip_prefix("--> ")?.rsplit_once(':')?;
        let (file, line) = rest.rsplit_once(':')?;
        let (line, column) = (line.parse().ok()?, column.parse().ok()?);
        Some(Place { file: file.to_owned(), line, column })
    });
    let message = match error.split_once("error: ") {
        Some((_, message)) => message.trim(),
        None => error.trim(),
    };
    let message = message.lines().next().unwrap_or("it does not compile").to_owned();
    (place, message)
}

/// An error of the compiler.
pub(super) fn invalid(error: &str, file: &str) -> LoadError {
    let (place, message) = explain(error);
    let place = place.unwrap_or_else(|| Place { file: file.to_owned(), line: 1, column: 1 });
    LoadError::RegoInvalid { place, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_go_both_ways_and_end() {
        let ask = |from: i64, to: i64| range(&[Value::from(from), Value::from(to)]);
        let numbers =
            |list: &[i64]| Value::from(list.iter().map(|n| Value::from(*n)).collect::<Vec<_>>());
        assert_eq!(ask(1, 3).unwrap(), numbers(&[1, 2, 3]));
        assert_eq!(ask(1, -1).unwrap(), numbers(&[1, 0, -1]));
        assert_eq!(ask(4, 4).unwrap(), numbers(&[4]));
        assert!(ask(0, 20_000_000).is_err());
        assert!(ask(i64::MIN, i64::MAX).is_err());
        assert!(range(&[Value::from("a"), Value::from(1)]).is_err());
    }

    #[test]
    fn patterns_are_kept_and_bounded() {
        for n in 0..2 * MAX_PATTERNS {
            assert!(pattern(&format!("^{n}$")).unwrap().is_match(&n.to_string()));
        }
        assert!(pattern("(").is_err());
        assert!(pattern("(?:a{1000}){1000}").is_err());
    }

    #[test]
    fn places_are_found_in_the_engines_drawings() {
        let (place, message) = explain("\n--> opa/a.rego:3:7\n  |\n3 | x\n  | ^\nerror: oh no");
        assert_eq!(place.unwrap().to_string(), "opa/a.rego:3:7");
        assert_eq!(message, "oh no");
        assert_eq!(explain("plain"), (None, "plain".to_owned()));
    }
}
