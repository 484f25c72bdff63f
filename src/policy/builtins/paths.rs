//! `json.filter`, of whose paths the engine reads some otherwise than OPA.

use regorus::Value;

use super::{BuiltinError, Result, original};

/// Refuses escapes, which the engine does not know, and paths that lead on from a value without
/// members: OPA keeps that value, and the engine drops it.
pub(super) fn filter(name: &'static str, args: &[Value]) -> Result<Value> {
    let paths: Vec<&Value> = match args.get(1) {
        Some(Value::Array(paths)) => paths.iter().collect(),
        Some(Value::Set(paths)) => paths.iter().collect(),
        _ => Vec::new(),
    };
    for path in paths {
        let steps: Vec<Value> = match path {
            Value::String(text) if text.contains('~') => {
                let message = format!("{name}: ~ in a path is not supported; write it as an array");
                return Err(BuiltinError(message));
            }
            Value::String(text) => {
                text.trim_start_matches('/').split('/').map(Value::from).collect()
            }
            Value::Array(steps) => steps.to_vec(),
            _ => continue,
        };
        if args.first().is_some_and(|value| leads_past(value, &steps)) {
            let message = format!("{name}: a path leads on from a value without members");
            return Err(BuiltinError(message));
        }
    }
    original(name, args)
}

fn leads_past(mut at: &Value, steps: &[Value]) -> bool {
    for step in steps {
        let next = match at {
            Value::Object(members) => members.get(step),
            Value::Set(members) => members.get(step),
            Value::Array(items) => {
                let index = step.as_string().ok().and_then(|text| text.parse::<usize>().ok());
                index.and_then(|index| items.get(index))
            }
            _ => return true,
        };
        let Some(next) = next else { return false };
        at = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_the_engine_reads_otherwise_are_refused() {
        let ask = |value: &str, path: &str| {
            let [value, path] = [value, path].map(|text| Value::from_json_str(text).unwrap());
            filter("json.filter", &[value, Value::from(vec![path])])
        };
        let good = ask(r#"{"a": {"b": 1, "c": 2}, "d": 3}"#, r#""a/b""#).unwrap();
        assert_eq!(good, Value::from_json_str(r#"{"a": {"b": 1}}"#).unwrap());
        assert!(ask(r#"{"a": [1, 2]}"#, r#""a/1""#).is_ok());
        assert!(ask(r#"{"a": 1}"#, r#""b/c""#).is_ok());
        for (value, path) in [
            (r#"{"a": 0.1}"#, r#""a/k""#),
            (r#"{"a": {"b": null}}"#, r#"["a", "b", "c"]"#),
            (r#"{"a": [1, 2]}"#, r#""a/1/x""#),
            (r#"{"a/b": 1}"#, r#""a~1b""#),
        ] {
            assert!(ask(value, path).is_err(), "{value} {path}");
        }
    }
}
