//! Functions of numbers, which OPA gives more digits than the engine does.

use regorus::Value;

use super::super::arithmetic;
use super::{BuiltinError, Result};

pub(super) fn rounded(name: &'static str, args: &[Value]) -> Result<Value> {
    arithmetic::rounded(name, args).map_err(|why| named(name, &why))
}

pub(super) fn total(name: &'static str, args: &[Value]) -> Result<Value> {
    arithmetic::total(name, args).map_err(|why| named(name, &why))
}

fn named(name: &str, why: &str) -> BuiltinError {
    BuiltinError(format!("{name}: {why}"))
}
