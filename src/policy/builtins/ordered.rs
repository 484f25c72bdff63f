//! Functions that ask for the order of values, which in OPA has sets after objects.

use regorus::Value;

use super::super::arithmetic::compare;
use super::{BuiltinError, Result};

/// `sort`, `min` and `max`.
pub(super) fn ordered(name: &'static str, args: &[Value]) -> Result<Value> {
    let mut items: Vec<&Value> = match args.first() {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Set(items)) => items.iter().collect(),
        _ => return Err(BuiltinError(format!("{name} expects an array or a set"))),
    };
    items.sort_by(|one, other| compare(one, other));
    let one = match name {
        "sort" => return Ok(Value::from(items.into_iter().cloned().collect::<Vec<_>>())),
        "min" => items.first(),
        _ => items.last(),
    };
    Ok(one.copied().cloned().unwrap_or(Value::Undefined))
}
