//! Arithmetic as OPA's. The engine calculates with the processor's fractions, OPA with longer ones:
//! `0.1 + 0.2 == 0.3` holds there only. So `a + b` is read as a call of a function of ours
//! (`rewrite::arithmetic`). Operators within others, and comparisons of results, work on what OPA would
//! have between them; what is kept as a value must be a number of the engine's, or is an error.

mod number;
mod order;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use num_bigint::BigInt;
use regorus::{Engine, Extension, Value};

pub(super) use self::number::Number;
use self::number::{Float, TOO_LARGE};
pub(super) use self::order::compare;
use super::builtins::BuiltinError;

/// What our functions' names begin with. No policy may have the name.
pub(super) const OURS: &str = "lazaret_arithmetic";
pub(super) const UNARY: [&str; 4] = ["abs", "ceil", "floor", "round"];
const BINARY: [&str; 5] = ["add", "div", "mod", "mul", "sub"];
const COMPARE: [&str; 6] = ["eq", "ge", "gt", "le", "lt", "ne"];
/// Bits of an integer.
const MOST: u64 = 3400;

type Result<T> = std::result::Result<T, String>;

/// Whether a function is one that only a file written anew calls.
pub(super) fn is_ours(name: &str) -> bool {
    name.split_once('.').is_some_and(|(first, _)| first == OURS)
}

/// Puts our functions into an engine.
pub(super) fn register(into: &mut Engine) -> Result<()> {
    let mut add = |name: String, arity: u8, call: Box<dyn Extension>| {
        into.add_extension(format!("{OURS}.{name}"), arity, call).map_err(|e| e.to_string())
    };
    let member = |args: Vec<Value>| {
        Ok(Value::from(matches!(&args[..], [item, all] if is_member(item, all))))
    };
    add("member".into(), 2, Box::new(member))?;
    let each = |args: Vec<Value>| {
        Ok(args.into_iter().next().filter(has_members).unwrap_or_else(Value::new_array))
    };
    add("each".into(), 1, Box::new(each))?;
    for (within, end) in [(false, ""), (true, "_in")] {
        for kinds in ["vv", "vi", "iv", "ii"] {
            let [left, right] = [0, 1].map(|at| kinds.as_bytes()[at] == b'i');
            for op in BINARY {
                let call = move |args: Vec<Value>| {
                    let result = binary(op, operand(&args, 0, left), operand(&args, 1, right));
                    Ok(result.and_then(|result| result.give(within)).map_err(BuiltinError)?)
                };
                add(format!("{op}_{kinds}{end}"), 2, Box::new(call))?;
            }
            for op in COMPARE.into_iter().filter(|_| !within) {
                let call = move |args: Vec<Value>| {
                    if let ([one, other], false, false) = (&args[..], left, right) {
                        return Ok(Value::from(says(op, compare(one, other))));
                    }
                    let sides = (operand(&args, 0, left), operand(&args, 1, right));
                    Ok(Value::from(holds(op, &sides.0, &sides.1)))
                };
                add(format!("{op}_{kinds}"), 2, Box::new(call))?;
            }
        }
        for (kind, inner) in [("v", false), ("i", true)] {
            for op in UNARY {
                let call = move |args: Vec<Value>| {
                    let result = unary(op, operand(&args, 0, inner));
                    Ok(result.and_then(|result| result.give(within)).map_err(BuiltinError)?)
                };
                add(format!("{op}_{kind}{end}"), 1, Box::new(call))?;
            }
        }
    }
    Ok(())
}

/// `item in all` as a value: a call has none where a side has none, as in OPA; to the engine it is
/// false.
fn is_member(item: &Value, all: &Value) -> bool {
    match all {
        Value::Array(items) => items.contains(item),
        Value::Set(items) => items.contains(item),
        Value::Object(fields) => fields.values().any(|value| value == item),
        _ => false,
    }
}

/// Whether `some x in all` has anything to go through. Where it has not, OPA finds no member, and to the
/// engine it is an error.
const fn has_members(all: &Value) -> bool {
    matches!(all, Value::Array(_) | Value::Set(_) | Value::Object(_))
}

/// One side of an operator.
enum Operand {
    Number(Number),
    Other(Value),
}

impl Operand {
    /// A value as the policy has it; what cannot be kept is an error.
    fn give(self, within: bool) -> Result<Value> {
        match self {
            Self::Other(value) => Ok(value),
            Self::Number(number) if within => Ok(Value::from(number.to_string())),
            Self::Number(number) => keep(&number),
        }
    }
}

fn operand(args: &[Value], at: usize, inner: bool) -> Operand {
    let value = args.get(at).cloned().unwrap_or(Value::Undefined);
    let read = match &value {
        Value::String(text) if inner => Number::read(text).ok(),
        value => number(value).ok(),
    };
    read.map_or(Operand::Other(value), Operand::Number)
}

/// A number of the engine's as OPA would have it.
pub(super) fn number(value: &Value) -> Result<Number> {
    let Value::Number(n) = value else { return Err("numbers are expected".into()) };
    let text = match (n.as_i64(), n.as_f64()) {
        (Some(integer), _) if n.is_integer() => integer.to_string(),
        (_, Some(float)) if !n.is_integer() => format!("{float:e}"),
        _ => n.format_decimal(),
    };
    Number::read(&text).map_err(str::to_owned)
}

/// As a number of the engine's.
fn keep(number: &Number) -> Result<Value> {
    match number {
        Number::Integer(n) => match (u64::try_from(n), i64::try_from(n)) {
            (Ok(n), _) => Ok(Value::from(n)),
            (_, Ok(n)) => Ok(Value::from(n)),
            _ => large(n).ok_or_else(|| TOO_LARGE.to_owned()),
        },
        Number::MinusZero => Err("the result is -0, which is not kept here".into()),
        Number::Fraction { .. } => {
            let text = number.to_string();
            let float: f64 = text.parse().map_err(|_| TOO_LARGE.to_owned())?;
            match Number::read(&format!("{float:e}")) {
                Ok(kept) if kept == *number => Ok(Value::from(float)),
                _ => Err(
                    "the result has more digits than are kept here; compare or round it where it is calculated, as in a / b > 0.5 or round(100 * a / b)"
                        .into(),
                ),
            }
        }
    }
}

/// An integer of more than 64 bits. The engine's JSON would make a fraction of it, so that it is
/// put together by the engine's own arithmetic.
fn large(n: &BigInt) -> Option<Value> {
    let (sign, digits) = n.to_u32_digits();
    let part = |n: u64| match Value::from(n) {
        Value::Number(n) => Some(n),
        _ => None,
    };
    let mut all = part(0)?;
    for digit in digits.into_iter().rev() {
        all = all.mul(&part(1 << 32)?).ok()?.add(&part(digit.into())?).ok()?;
    }
    let minus = sign == num_bigint::Sign::Minus;
    Some(Value::Number(if minus { part(0)?.sub(&all).ok()? } else { all }))
}

fn binary(op: &str, left: Operand, right: Operand) -> Result<Operand> {
    let (left, right) = match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => (left, right),
        (Operand::Other(Value::Set(left)), Operand::Other(Value::Set(right))) if op == "sub" => {
            let rest = left.iter().filter(|item| !right.contains(item)).cloned();
            return Ok(Operand::Other(Value::from(rest.collect::<BTreeSet<_>>())));
        }
        _ if op == "sub" => return Err("- expects two numbers or two sets".into()),
        _ => return Err("arithmetic expects numbers".into()),
    };
    calculate(op, &left, &right).map(Operand::Number)
}

fn calculate(op: &str, left: &Number, right: &Number) -> Result<Number> {
    let whole_right = right.integer();
    if let (Some(a), Some(b)) = (&left.integer(), &whole_right) {
        let zero = *b == BigInt::ZERO;
        let exact = match op {
            "add" => Some(a + b),
            "sub" => Some(a - b),
            "mul" => Some(a * b),
            "mod" if zero => return Err("modulo by zero".into()),
            "mod" => Some(a % b),
            "div" if zero => return Err("divide by zero".into()),
            // OPA divides integers exactly within 32 bits only; beyond, and of 0, as fractions.
            "div" => match (small(a), small(b)) {
                (Some(a), Some(b)) if a != 0 && a % b == 0 => Some(BigInt::from(a / b)),
                _ => None,
            },
            _ => None,
        };
        if let Some(exact) = exact {
            return bounded(exact);
        }
    }
    let (a, b) = (left.float(), right.float());
    let result = match op {
        "add" => a.plus(&b),
        "sub" => a.minus(&b),
        "mul" => a.times(&b),
        "div" if whole_right == Some(BigInt::ZERO) => return Err("divide by zero".into()),
        "div" => a.over(&b),
        _ => return Err("modulo of a fraction".into()),
    };
    Ok(result.number()?)
}

fn small(n: &BigInt) -> Option<i64> {
    i32::try_from(n).ok().map(i64::from)
}

fn bounded(n: BigInt) -> Result<Number> {
    match n.bits() <= MOST {
        true => Ok(Number::Integer(n)),
        false => Err(TOO_LARGE.into()),
    }
}

fn unary(op: &str, side: Operand) -> Result<Operand> {
    let Operand::Number(n) = side else { return Err(format!("{op} expects a number")) };
    if let Some(small) = n.integer().as_ref().and_then(small) {
        let small = if op == "abs" { small.abs() } else { small };
        return Ok(Operand::Number(Number::Integer(small.into())));
    }
    let float = n.float();
    let result = match op {
        "abs" => float.absolute(),
        "ceil" => float.ceil(),
        "floor" => float.floor(),
        _ => float.round(),
    };
    Ok(Operand::Number(result.number()?))
}

fn holds(op: &str, left: &Operand, right: &Operand) -> bool {
    // Between a number and something else, only the kinds are compared.
    let nothing = Value::from(0);
    let found = match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => left.compare(right),
        (Operand::Number(_), Operand::Other(right)) => compare(&nothing, right),
        (Operand::Other(left), Operand::Number(_)) => compare(left, &nothing),
        (Operand::Other(left), Operand::Other(right)) => compare(left, right),
    };
    says(op, found)
}

fn says(op: &str, order: Ordering) -> bool {
    match op {
        "eq" => order.is_eq(),
        "ne" => order.is_ne(),
        "ge" => order.is_ge(),
        "gt" => order.is_gt(),
        "le" => order.is_le(),
        _ => order.is_lt(),
    }
}

/// `abs`, `ceil`, `floor` and `round`.
pub(super) fn rounded(name: &str, args: &[Value]) -> Result<Value> {
    unary(name, operand(args, 0, false))?.give(false)
}

/// `sum` and `product`: of integers exactly, and otherwise one after the other.
pub(super) fn total(name: &str, args: &[Value]) -> Result<Value> {
    let items: Vec<&Value> = match args.first() {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Set(items)) => items.iter().collect(),
        _ => return Err(format!("{name} expects an array or a set")),
    };
    let numbers = items.into_iter().map(number).collect::<Result<Vec<_>>>()?;
    let product = name == "product";
    if let Some(integers) = numbers.iter().map(Number::integer).collect::<Option<Vec<_>>>() {
        let mut all = BigInt::from(u8::from(product));
        for n in integers {
            all = if product { all * n } else { all + n };
            if all.bits() > MOST {
                return Err(TOO_LARGE.into());
            }
        }
        return keep(&Number::Integer(all));
    }
    let mut all = if product { Float::one() } else { Number::Integer(BigInt::ZERO).float() };
    for n in &numbers {
        all = if product { all.times(&n.float()) } else { all.plus(&n.float()) };
    }
    keep(&all.number()?)
}
