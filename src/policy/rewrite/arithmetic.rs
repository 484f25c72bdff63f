//! Infix operators as calls of ours, each in its place.

use std::collections::BTreeSet;

use regorus::unstable::{ArithOp, BoolOp, Expr, Literal, Module, Query, Rule, RuleHead, Span};

use super::text::{Edit, Text, odd};
use crate::policy::arithmetic::{Number, OURS, UNARY, number};
use crate::policy::error::LoadError;
use crate::policy::visit::{self, place};

type Written = Result<(), LoadError>;

/// What is to be written anew.
///
/// # Errors
/// What OPA does not read, or the engine would keep otherwise than written.
pub(super) fn edits(text: &Text<'_>, module: &Module) -> Result<Vec<Edit>, LoadError> {
    let mut writer = Writer { text, names: names(module), edits: Vec::new() };
    for rule in &module.policy {
        writer.rule(rule)?;
    }
    Ok(writer.edits)
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

struct Writer<'a> {
    text: &'a Text<'a>,
    names: BTreeSet<String>,
    edits: Vec<Edit>,
}

impl Writer<'_> {
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
                    self.members(collection)?;
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => {
                    self.statement(expr)?;
                }
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

    /// What `some … in` goes through: whatever has no members counts as empty.
    fn members(&mut self, collection: &Expr) -> Written {
        if matches!(
            collection,
            Expr::Array { .. }
                | Expr::Set { .. }
                | Expr::Object { .. }
                | Expr::ArrayCompr { .. }
                | Expr::SetCompr { .. }
                | Expr::ObjectCompr { .. }
        ) {
            return self.plain(collection);
        }
        let (begin, end) = self.text.expr(collection);
        self.edits.push(Edit { at: begin, instead: 0, text: format!("{OURS}.each(") });
        self.plain(collection)?;
        self.edits.push(Edit { at: end, instead: 0, text: ")".into() });
        Ok(())
    }

    /// Where no value is asked for, `in` is what it is in OPA.
    fn statement(&mut self, expr: &Expr) -> Written {
        match expr {
            Expr::Membership { key: None, value, collection, .. } => {
                self.plain(value)?;
                self.plain(collection)
            }
            expr => self.plain(expr),
        }
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
                if self.kind(lhs) == 'i'
                    || self.kind(rhs) == 'i'
                    || !(matches!(op, BoolOp::Eq | BoolOp::Ne) || scalar(lhs) || scalar(rhs)) =>
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
                    let at = self.text.range(fcn.span()).0;
                    self.edits.push(Edit { at, instead: name.len(), text });
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
            Expr::Membership { span, key, value, collection, .. } => {
                if key.is_none() {
                    self.infix(span, "member", 2)?;
                }
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
        let Some(at) = self.text.token(span) else { return Err(odd(span)) };
        let (begin, end) = self.text.range(span);
        if !(begin < at && at < end) {
            return Err(odd(span));
        }
        self.edits.push(Edit { at: begin, instead: 0, text: format!("{OURS}.{function}(") });
        self.edits.push(Edit { at, instead: length, text: ",".into() });
        self.edits.push(Edit { at: end, instead: 0, text: ")".into() });
        Ok(())
    }
}

/// What every value is ordered by alike.
fn scalar(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Number { .. }
            | Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
    )
}
