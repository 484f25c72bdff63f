//! Built-in functions of ours in the place of the engine's: where its answer is not OPA's, where it
//! is slow, and where a short call makes a long answer.

mod codes;
mod format;
mod glob;
mod growth;
mod numbers;
mod ordered;
mod paths;
mod pattern;
mod regexp;
mod texts;

use std::sync::LazyLock;

use regorus::unstable::{BUILTINS, Expr, Ref, Span};
use regorus::{Engine, Source, Value};

use super::engine::explain;

/// The longest text that a function gives, in bytes.
pub(super) const MAX_TEXT: usize = 8 << 20;
/// The most members that a function gives.
pub(super) const MAX_ITEMS: usize = 1_000_000;
/// Longest result of `numbers.range`.
const MAX_RANGE: i128 = 100_000;

/// Why a function gives nothing. In strict mode, which is ours, it ends the evaluation.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BuiltinError(pub String);

pub(super) type Result<T> = std::result::Result<T, BuiltinError>;
type Function = fn(&'static str, &[Value]) -> Result<Value>;

const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("abs", 1, numbers::rounded),
    ("array.concat", 2, growth::items),
    ("array.slice", 3, growth::part),
    ("base64.encode", 1, growth::text),
    ("base64url.encode", 1, growth::text),
    ("base64url.encode_no_pad", 1, growth::text),
    ("ceil", 1, numbers::rounded),
    ("concat", 2, growth::concat),
    ("floor", 1, numbers::rounded),
    ("glob.match", 3, glob::matches),
    ("glob.quote_meta", 1, glob::quote),
    ("hex.encode", 1, growth::text),
    ("indexof", 2, codes::index),
    ("json.filter", 2, paths::filter),
    ("json.marshal", 1, codes::json),
    ("json.unmarshal", 1, growth::text),
    ("lower", 1, texts::lower),
    ("max", 1, ordered::ordered),
    ("min", 1, ordered::ordered),
    ("numbers.range", 2, range),
    ("numbers.range_step", 3, range),
    ("object.subset", 2, growth::subset),
    ("object.union", 2, growth::items),
    ("object.union_n", 1, growth::items_of),
    ("product", 1, numbers::total),
    ("regex.find_n", 3, regexp::find_n),
    ("regex.is_valid", 1, regexp::is_valid),
    ("regex.match", 2, regexp::matches),
    ("regex.replace", 3, regexp::replace),
    ("regex.split", 2, regexp::split),
    ("replace", 3, texts::replace),
    ("round", 1, numbers::rounded),
    ("semver.compare", 2, codes::version),
    ("semver.is_valid", 1, codes::version),
    ("sort", 1, ordered::ordered),
    ("split", 2, texts::split),
    ("sprintf", 2, format::sprintf),
    ("strings.count", 2, texts::count),
    ("strings.replace_n", 2, texts::replace_n),
    ("substring", 3, growth::part),
    ("sum", 1, numbers::total),
    ("time.add_date", 4, codes::add_date),
    ("to_number", 1, growth::number),
    ("union", 1, growth::items_of),
    ("units.parse", 1, growth::unit),
    ("units.parse_bytes", 1, growth::unit),
    ("upper", 1, texts::upper),
    ("urlquery.decode", 1, codes::unquery),
    ("urlquery.decode_object", 1, codes::unquery_object),
    ("urlquery.encode", 1, codes::query),
    ("urlquery.encode_object", 1, codes::query_object),
    ("uuid.parse", 1, growth::uuid),
];

/// Puts them into an engine.
pub(super) fn register(engine: &mut Engine) -> std::result::Result<(), String> {
    for (name, arity, function) in FUNCTIONS {
        let (name, function) = (*name, *function);
        let call = move |args: Vec<Value>| Ok(function(name, &args)?);
        engine.add_extension(name.into(), *arity, Box::new(call)).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The engine's own function of that name.
fn original(name: &'static str, args: &[Value]) -> Result<Value> {
    // The functions want to know where they are called for their errors' sake; we say it ourselves.
    static PLACE: LazyLock<Option<(Span, Vec<Ref<Expr>>)>> = LazyLock::new(|| {
        let source = Source::from_contents("builtin".into(), " ".into()).ok()?;
        let span = Span { source, line: 1, col: 1, start: 0, end: 1 };
        let param = Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
        Some((span, vec![param; 4]))
    });
    let missing = || BuiltinError(format!("there is no function {name}"));
    let (function, _) = BUILTINS.get(name).ok_or_else(missing)?;
    let (span, params) = PLACE.as_ref().ok_or_else(missing)?;
    let params = params.get(..args.len()).ok_or_else(missing)?;
    function(span, params, args, true).map_err(|error| BuiltinError(explain(&error.to_string()).1))
}

fn text<'a>(name: &str, args: &'a [Value], at: usize) -> Result<&'a str> {
    match args.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(BuiltinError(format!("{name} expects a string as argument {}", at + 1))),
    }
}

/// An integer: a number without fraction, as OPA's functions take it.
fn integer(name: &str, args: &[Value], at: usize) -> Result<i64> {
    let value = args.get(at).and_then(|value| value.as_i64().ok());
    value.ok_or_else(|| BuiltinError(format!("{name} expects an integer as argument {}", at + 1)))
}

fn bounded(name: &str, length: usize) -> Result<()> {
    match length <= MAX_TEXT {
        true => Ok(()),
        false => Err(BuiltinError(format!("{name} gives at most {MAX_TEXT} bytes"))),
    }
}

fn few(name: &str, count: usize) -> Result<()> {
    match count <= MAX_ITEMS {
        true => Ok(()),
        false => Err(BuiltinError(format!("{name} gives at most {MAX_ITEMS} members"))),
    }
}

fn range(name: &'static str, args: &[Value]) -> Result<Value> {
    let bound = |at: usize| integer(name, args, at).map(i128::from);
    let (from, to) = (bound(0)?, bound(1)?);
    let step = match args.len() {
        3 => bound(2)?,
        _ => 1,
    };
    if step < 1 {
        return Err(BuiltinError(format!("{name}: the step must be a positive integer")));
    }
    if (from - to).abs() / step >= MAX_RANGE {
        return Err(BuiltinError(format!("{name} gives at most {MAX_RANGE} numbers")));
    }
    let count = (from - to).abs() / step;
    let signed = if from <= to { step } else { -step };
    let number = |n: i128| Value::from(i64::try_from(from + n * signed).unwrap_or_default());
    Ok(Value::from((0..=count).map(number).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_its_functions_may_be_called() {
        assert!(FUNCTIONS.is_sorted_by_key(|(name, ..)| *name));
        for (name, arity, _) in FUNCTIONS {
            assert!(super::super::vocabulary::refusal(name).is_none(), "{name}");
            assert_eq!(BUILTINS[name].1, *arity, "{name}");
        }
    }

    #[test]
    fn ranges_go_both_ways_and_end() {
        let ask = |args: &[i64]| {
            let args: Vec<_> = args.iter().map(|n| Value::from(*n)).collect();
            range(if args.len() == 3 { "numbers.range_step" } else { "numbers.range" }, &args)
        };
        let numbers =
            |list: &[i64]| Value::from(list.iter().map(|n| Value::from(*n)).collect::<Vec<_>>());
        assert_eq!(ask(&[1, 3]).unwrap(), numbers(&[1, 2, 3]));
        assert_eq!(ask(&[1, -1]).unwrap(), numbers(&[1, 0, -1]));
        assert_eq!(ask(&[4, 4]).unwrap(), numbers(&[4]));
        assert_eq!(ask(&[0, 10, 3]).unwrap(), numbers(&[0, 3, 6, 9]));
        assert_eq!(ask(&[10, 0, 5]).unwrap(), numbers(&[10, 5, 0]));
        assert!(ask(&[0, 10, 0]).is_err());
        assert!(ask(&[0, 20_000_000]).is_err());
        assert!(ask(&[i64::MIN, i64::MAX]).is_err());
        assert!(range("numbers.range", &[Value::from("a"), Value::from(1)]).is_err());
    }
}
