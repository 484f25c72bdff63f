//! The Rego engine as Lazaret sets it up, and its errors made readable.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use regorus::Engine;
use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig};

use super::error::{LoadError, Place};
use super::limits::Limits;
use super::{arithmetic, builtins};

/// An engine without policy. Errors of built-in functions are errors of the policy: in OPA they
/// make a rule undefined, and a denial that is undefined does not deny.
pub(super) fn new(limits: &Limits) -> Result<Engine, LoadError> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_gather_prints(true);
    engine.set_policy_length_config(PolicyLengthConfig {
        // A file is measured before its arithmetic is written anew, which makes it longer.
        max_col: NonZeroU32::new(64 << 10).unwrap_or(NonZeroU32::MIN),
        max_file_bytes: NonZeroUsize::new(limits.rego_file.saturating_mul(32))
            .unwrap_or(NonZeroUsize::MIN),
        ..PolicyLengthConfig::default()
    });
    set_time_limit(&mut engine, limits.evaluation);
    builtins::register(&mut engine).map_err(LoadError::EngineFailed)?;
    arithmetic::register(&mut engine).map_err(LoadError::EngineFailed)?;
    Ok(engine)
}

/// Bounds each evaluation.
pub(super) fn set_time_limit(engine: &mut Engine, limit: Duration) {
    let check_interval = NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval });
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
    fn places_are_found_in_the_engines_drawings() {
        let (place, message) = explain("\n--> opa/a.rego:3:7\n  |\n3 | x\n  | ^\nerror: oh no");
        assert_eq!(place.unwrap().to_string(), "opa/a.rego:3:7");
        assert_eq!(message, "oh no");
        assert_eq!(explain("plain"), (None, "plain".to_owned()));
    }
}
