//! What is taken out of a negation, in the order of OPA's compiler: calls, references and what stands
//! in their brackets, but no whole side of an equality.

use regorus::unstable::{BoolOp, Expr};

use super::super::PART;
use super::super::text::odd;
use super::{Before, Done, Lift};
use crate::policy::arithmetic::OURS;
use crate::policy::error::LoadError;
use crate::policy::visit::{path, place};

impl Lift<'_> {
    pub(super) fn negated(&mut self, expr: &Expr, before: &mut Before) -> Done<()> {
        match expr {
            Expr::AssignExpr { lhs, rhs, .. } | Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } => {
                self.side(lhs, before)?;
                self.side(rhs, before)
            }
            Expr::BoolExpr { lhs, rhs, .. }
            | Expr::BinExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => {
                self.argument(lhs, before)?;
                self.argument(rhs, before)
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().chain([value, collection]).try_for_each(|e| self.argument(e, before))
            }
            Expr::Call { fcn, params, .. } => {
                let equality = path(fcn).is_some_and(|(name, _)| {
                    name[0] == OURS && name.get(1).is_some_and(|name| name.starts_with("eq_"))
                });
                params.iter().try_for_each(|param| match equality {
                    true => self.side(param, before),
                    false => self.argument(param, before),
                })
            }
            // A whole reference may be undefined.
            expr => self.side(expr, before),
        }
    }

    /// A side of an equality: a reference may be undefined as a whole, but not what it leads by.
    fn side(&mut self, expr: &Expr, before: &mut Before) -> Done<()> {
        match expr {
            Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let changes = self.components(expr, before)?;
                changes.into_iter().for_each(|(range, text)| self.replace(range, text));
                Ok(())
            }
            Expr::Var { .. } => Ok(()),
            expr => self.argument(expr, before),
        }
    }

    fn argument(&mut self, expr: &Expr, before: &mut Before) -> Done<()> {
        if let Some(text) = self.part(expr, before)? {
            self.replace(self.text.expr(expr), text);
        }
        Ok(())
    }

    /// What to write in an expression's place, if it does not stay.
    fn part(&mut self, expr: &Expr, before: &mut Before) -> Done<Option<String>> {
        let mut changes = Vec::new();
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. } => return Ok(None),
            Expr::Var { span, .. } => {
                let name = span.text();
                if name == "_" {
                    let message = "below `not`, `_` has no value of its own: name it in the body before, as in `some x in …`".to_owned();
                    return Err(LoadError::Unsupported { place: place(span), message });
                }
                if self.scope.iter().any(|known| known == name) || name.starts_with(PART) {
                    return Ok(None);
                }
                return Ok(Some(self.out(expr, name, before)));
            }
            Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let changes = self.components(expr, before)?;
                let text = self.changed(expr, changes)?;
                return Ok(Some(self.out(expr, &text, before)));
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                for item in items {
                    self.change(item, before, &mut changes)?;
                }
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.change(key, before, &mut changes)?;
                    self.change(value, before, &mut changes)?;
                }
            }
            expr => {
                let text = self.text.get(self.text.expr(expr));
                return Ok(Some(self.out(expr, text, before)));
            }
        }
        match changes.is_empty() {
            true => Ok(None),
            false => self.changed(expr, changes).map(Some),
        }
    }

    /// What stands in a reference's brackets, and before its first dot.
    fn components(
        &mut self,
        expr: &Expr,
        before: &mut Before,
    ) -> Done<Vec<((usize, usize), String)>> {
        let mut changes = Vec::new();
        let mut at = expr;
        loop {
            at = match at {
                Expr::RefDot { refr, .. } => refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.index(index, before, &mut changes)?;
                    refr
                }
                Expr::Var { .. } => break,
                base => {
                    self.change(base, before, &mut changes)?;
                    break;
                }
            };
        }
        changes.sort();
        Ok(changes)
    }

    /// What stands in brackets. By a bare name the engine may go through all members before the name
    /// has its value; by the member of a list it may not.
    fn index(
        &mut self,
        index: &Expr,
        before: &mut Before,
        changes: &mut Vec<((usize, usize), String)>,
    ) -> Done<()> {
        if let Some(only) = only_listed(index) {
            return self.change(only, before, changes);
        }
        let range = self.text.expr(index);
        let part = self.part(index, before)?;
        match (part, index) {
            (Some(part), _) => changes.push((range, listed(&part))),
            (None, Expr::Var { .. } | Expr::Array { .. } | Expr::Object { .. }) => {
                changes.push((range, listed(self.text.get(range))));
            }
            (None, _) => {}
        }
        Ok(())
    }

    fn change(
        &mut self,
        expr: &Expr,
        before: &mut Before,
        changes: &mut Vec<((usize, usize), String)>,
    ) -> Done<()> {
        if let Some(text) = self.part(expr, before)? {
            changes.push((self.text.expr(expr), text));
        }
        Ok(())
    }

    fn changed(&self, expr: &Expr, changes: Vec<((usize, usize), String)>) -> Done<String> {
        let (begin, end) = self.text.expr(expr);
        let (mut text, mut done) = (String::new(), begin);
        for ((from, to), new) in changes {
            if from < done || to > end {
                return Err(odd(expr.span()));
            }
            text.push_str(self.text.get((done, from)));
            text.push_str(&new);
            done = to;
        }
        text.push_str(self.text.get((done, end)));
        Ok(text)
    }

    /// Gives a part a name, before.
    pub(super) fn out(&mut self, expr: &Expr, text: &str, before: &mut Before) -> String {
        let name = self.name();
        let value = match expr {
            Expr::Var { .. } => listed(text),
            expr => bracketed(expr, text),
        };
        before.statements.push(format!("{name} := {value}{}", before.with));
        name
    }
}

/// A value as the only member of a list.
pub(super) fn listed(text: &str) -> String {
    format!("[{text}][0]")
}

/// The other way round.
fn only_listed(expr: &Expr) -> Option<&Expr> {
    let Expr::RefBrack { refr, index, .. } = expr else { return None };
    match (refr.as_ref(), index.as_ref()) {
        (Expr::Array { items, .. }, Expr::Number { span, .. }) if span.text() == "0" => {
            items.first().filter(|_| items.len() == 1).map(AsRef::as_ref)
        }
        _ => None,
    }
}

/// An operator's sides stay together.
pub(super) fn bracketed(expr: &Expr, text: &str) -> String {
    match expr {
        Expr::BinExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::Membership { .. } => format!("({text})"),
        _ => text.to_owned(),
    }
}
