//! Infix arithmetic as OPA's. The engine calculates with the processor's fractions, OPA with longer
//! ones: `0.1 + 0.2 == 0.3` holds there only. So `a + b` is written anew as a call of a function of
//! ours before the engine reads the file, each operator in its place, no line broken. Operators
//! within others, and comparisons of results, work on what OPA would have between them; what is
//! kept as a value must be a number of the engine's, or is an error.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use regorus::unstable::{
    ArithOp, BoolOp, Expr, Lexer, Literal, Module, Parser, Query, Rule, RuleHead, Span, Token,
    TokenKind,
};
use regorus::{Engine, Extension, Source, Value};

use super::arithmetic_number::{Float, Number, TOO_LARGE};
use super::builtins::BuiltinError;
use super::engine;
use super::error::LoadError;
use super::visit::{self, place};

/// What our functions' names begin with. No policy may have the name.
const OURS: &str = "lazaret_arithmetic";
const UNARY: [&str; 4] = ["abs", "ceil", "floor", "round"];
const BINARY: [&str; 5] = ["add", "div", "mod", "mul", "sub"];
const COMPARE: [&str; 6] = ["eq", "ge", "gt", "le", "lt", "ne"];
/// Bits of an integer.
const MOST: u64 = 3400;

type Result<T> = std::result::Result<T, String>;

/// Whether a function is one that only [`rewrite`] calls.
pub(super) fn is_ours(name: &str) -> bool {
    name.split_once('.').is_some_and(|(first, _)| first == OURS)
}

/// The file with its arithmetic as calls; `None` if there is none.
///
/// # Errors
/// If it does not parse; what OPA does not read, or the engine would keep otherwise than written.
pub(super) fn rewrite(source: &Source) -> std::result::Result<Option<String>, LoadError> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Tokens::default();
    while let Ok(Token(kind, span)) = lexer.next_token() {
        if kind == TokenKind::Eof {
            break;
        }
        if span.text() == OURS && kind == TokenKind::Ident {
            let message = format!("{OURS} is Lazaret's own name");
            return Err(LoadError::BuiltinRefused { place: place(&span), message });
        }
        tokens.at.insert((span.line, span.col), span.start);
        if matches!(kind, TokenKind::String | TokenKind::RawString) {
            tokens.begins.insert(span.start);
            tokens.ends.insert(span.end);
        }
    }
    let parsed = Parser::new(source).and_then(|mut parser| {
        parser.enable_rego_v1()?;
        parser.parse()
    });
    let module = parsed.map_err(|e| engine::invalid(&e.to_string(), source.get_path()))?;
    let mut writer = Writer { tokens, names: names(&module), edits: Vec::new() };
    for rule in &module.policy {
        writer.rule(rule)?;
    }
    let mut edits = writer.edits;
    if edits.is_empty() {
        return Ok(None);
    }
    // Outer calls come first where two begin, and stay so; a call ends before the next operator.
    edits.sort_by_key(|edit| (edit.at, edit.instead));
    let mut text = String::new();
    let mut done = 0;
    for edit in &edits {
        let old = source.contents();
        let Some(kept) = usize::try_from(edit.at).ok().and_then(|at| old.get(done..at)) else {
            return Err(odd(&module.package.span));
        };
        text.push_str(kept);
        text.push_str(&edit.text);
        done += kept.len() + edit.instead;
    }
    text.push_str(source.contents().get(done..).unwrap_or_default());
    Ok(Some(text))
}

fn odd(span: &Span) -> LoadError {
    let message = "arithmetic here cannot be followed; name its parts".to_owned();
    LoadError::RegoInvalid { place: place(span), message }
}

/// What a file calls its rules and imports: they come before the built-in functions.
fn names(module: &Module) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rule in &module.policy {
        names
            .extend(visit::path(visit::head(rule).0).and_then(|(path, _)| path.into_iter().next()));
    }
    for import in &module.imports {
        names.extend(import.r#as.as_ref().map(|span| span.text().to_owned()));
        names.extend(visit::path(&import.refr).and_then(|(path, _)| path.into_iter().last()));
    }
    names
}

#[derive(Default)]
struct Tokens {
    /// Where a token begins, by line and column.
    at: BTreeMap<(u32, u32), u32>,
    /// Texts, whose places are told without their quotes.
    begins: BTreeSet<u32>,
    ends: BTreeSet<u32>,
}

struct Edit {
    at: u32,
    /// Bytes that it replaces.
    instead: usize,
    text: String,
}

struct Writer {
    tokens: Tokens,
    names: BTreeSet<String>,
    edits: Vec<Edit>,
}

type Written = std::result::Result<(), LoadError>;

impl Writer {
    fn rule(&mut self, rule: &Rule) -> Written {
        match rule {
            Rule::Spec { head, bodies, .. } => {
                match head {
                    RuleHead::Compr { refr, assign, .. } => {
                        self.plain(refr)?;
                        assign.iter().try_for_each(|assign| self.plain(&assign.value))?;
                    }
                    RuleHead::Set { refr, key, .. } => {
                        self.plain(refr)?;
                        key.iter().try_for_each(|key| self.plain(key))?;
                    }
                    RuleHead::Func { refr, args, assign, .. } => {
                        self.plain(refr)?;
                        args.iter().try_for_each(|arg| self.plain(arg))?;
                        assign.iter().try_for_each(|assign| self.plain(&assign.value))?;
                    }
                }
                for body in bodies {
                    body.assign.iter().try_for_each(|assign| self.plain(&assign.value))?;
                    self.query(&body.query)?;
                }
                Ok(())
            }
            Rule::Default { refr, args, value, .. } => {
                self.plain(refr)?;
                args.iter().try_for_each(|arg| self.plain(arg))?;
                self.plain(value)
            }
        }
    }

    fn query(&mut self, query: &Query) -> Written {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().try_for_each(|key| self.plain(key))?;
                    self.plain(value)?;
                    self.plain(collection)?;
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.plain(expr)?,
                Literal::Every { domain, query, .. } => {
                    self.plain(domain)?;
                    self.query(query)?;
                }
            }
            for with in &statement.with_mods {
                self.plain(&with.refr)?;
                self.plain(&with.r#as)?;
            }
        }
        Ok(())
    }

    /// An expression whose value is kept.
    fn plain(&mut self, expr: &Expr) -> Written {
        self.expr(expr, false)
    }

    /// `within`: the value goes to one of our functions only.
    fn expr(&mut self, expr: &Expr, within: bool) -> Written {
        let inner = if within { "_in" } else { "" };
        match expr {
            Expr::ArithExpr { span, op, lhs, rhs, .. } => {
                let op = match op {
                    ArithOp::Add => "add",
                    ArithOp::Sub => "sub",
                    ArithOp::Mul => "mul",
                    ArithOp::Div => "div",
                    ArithOp::Mod => "mod",
                };
                self.infix(span, &format!("{op}_{}{}{inner}", self.kind(lhs), self.kind(rhs)), 1)?;
                self.expr(lhs, true)?;
                self.expr(rhs, true)
            }
            Expr::BoolExpr { span, op, lhs, rhs, .. }
                if self.kind(lhs) == 'i' || self.kind(rhs) == 'i' =>
            {
                let (op, length) = match op {
                    BoolOp::Eq => ("eq", 2),
                    BoolOp::Ne => ("ne", 2),
                    BoolOp::Ge => ("ge", 2),
                    BoolOp::Le => ("le", 2),
                    BoolOp::Gt => ("gt", 1),
                    BoolOp::Lt => ("lt", 1),
                };
                self.infix(span, &format!("{op}_{}{}", self.kind(lhs), self.kind(rhs)), length)?;
                self.expr(lhs, true)?;
                self.expr(rhs, true)
            }
            Expr::Call { fcn, params, .. } => {
                let name = self.rounding(expr).filter(|_| within || self.kind(&params[0]) == 'i');
                if let Some(name) = name {
                    let text = format!("{OURS}.{name}_{}{inner}", self.kind(&params[0]));
                    self.edits.push(Edit { at: fcn.span().start, instead: name.len(), text });
                    return self.expr(&params[0], true);
                }
                self.plain(fcn)?;
                params.iter().try_for_each(|param| self.plain(param))
            }
            Expr::UnaryExpr { span, .. } => Err(LoadError::RegoInvalid {
                place: place(span),
                message: "OPA has no minus of one side; write 0 - x, or -1 without a space".into(),
            }),
            Expr::Number { span, value, .. } => {
                let written = Number::read(&span.text().replace('_', ""));
                match (written, number(value)) {
                    (Ok(written), Ok(kept)) if written.compare(&kept).is_eq() => Ok(()),
                    _ => Err(LoadError::RegoInvalid {
                        place: place(span),
                        message: "a number with more digits than are kept; write at most 15".into(),
                    }),
                }
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Var { .. } => Ok(()),
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().try_for_each(|item| self.plain(item))
            }
            Expr::Object { fields, .. } => fields.iter().try_for_each(|(_, key, value)| {
                self.plain(key)?;
                self.plain(value)
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.plain(term)?;
                self.query(query)
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.plain(key)?;
                self.plain(value)?;
                self.query(query)
            }
            Expr::RefDot { refr, .. } => self.plain(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.plain(refr)?;
                self.plain(index)
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.plain(lhs)?;
                self.plain(rhs)
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().try_for_each(|key| self.plain(key))?;
                self.plain(value)?;
                self.plain(collection)
            }
        }
    }

    /// `i` for what one of our functions gives to another, `v` for a value.
    fn kind(&self, expr: &Expr) -> char {
        match expr {
            Expr::ArithExpr { .. } => 'i',
            _ if self.rounding(expr).is_some() => 'i',
            _ => 'v',
        }
    }

    /// `round(x)` and its like.
    fn rounding(&self, expr: &Expr) -> Option<&'static str> {
        let Expr::Call { fcn, params, .. } = expr else { return None };
        let Expr::Var { span, .. } = fcn.as_ref() else { return None };
        let name = UNARY.into_iter().find(|name| *name == span.text())?;
        (params.len() == 1 && !self.names.contains(name)).then_some(name)
    }

    fn infix(&mut self, span: &Span, function: &str, length: usize) -> Written {
        // The place is the operator's, the beginning and the end are the expression's.
        let Some(at) = self.tokens.at.get(&(span.line, span.col)).copied() else {
            return Err(odd(span));
        };
        let begin = span.start - u32::from(self.tokens.begins.contains(&span.start));
        let end = span.end + u32::from(self.tokens.ends.contains(&span.end));
        if !(begin < at && at < end) {
            return Err(odd(span));
        }
        self.edits.push(Edit { at: begin, instead: 0, text: format!("{OURS}.{function}(") });
        self.edits.push(Edit { at, instead: length, text: ",".into() });
        self.edits.push(Edit { at: end, instead: 0, text: ")".into() });
        Ok(())
    }
}

/// Puts our functions into an engine.
pub(super) fn register(into: &mut Engine) -> Result<()> {
    let mut add = |name: String, arity: u8, call: Box<dyn Extension>| {
        into.add_extension(format!("{OURS}.{name}"), arity, call).map_err(|e| e.to_string())
    };
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
            for op in COMPARE.into_iter().filter(|_| !within && kinds != "vv") {
                let call = move |args: Vec<Value>| {
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
fn number(value: &Value) -> Result<Number> {
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
    let (whole_left, whole_right) = (left.integer(), right.integer());
    if let (Some(a), Some(b)) = (&whole_left, &whole_right) {
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
    // The engine may have read such an integer as a float, and its last digits are gone.
    if [&whole_left, &whole_right].into_iter().flatten().any(|n| n.bits() > 53) {
        return Err("integers beyond 2^53 are not calculated with fractions here".into());
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
    let order = match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => left.compare(right),
        (Operand::Number(_), Operand::Other(right)) => nothing.cmp(right),
        (Operand::Other(left), Operand::Number(_)) => left.cmp(&nothing),
        (Operand::Other(left), Operand::Other(right)) => left.cmp(right),
    };
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
