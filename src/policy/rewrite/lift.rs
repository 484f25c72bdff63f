//! Takes parts out of expressions, as OPA's compiler does, each by a statement of its own before:
//! `not f(input.x)` is `part := input.x; not f(part)`, and so has no solution where `input.x` is
//! undefined, while to the engine the negation would hold. What follows `with … as` comes before, too,
//! and what a rule's head calculates comes last in its body, so that one solution for which it is
//! undefined leaves the others alone.

use regorus::unstable::{
    AssignOp, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleBody, RuleHead,
};

use super::PART;
use super::text::{Edit, Text, odd};
use crate::policy::arithmetic::OURS;
use crate::policy::error::LoadError;
use crate::policy::visit::{bound_names, path, place};

type Done<T> = Result<T, LoadError>;

/// What is to be written anew. What lies within a part that moves is left for the next time.
pub(super) fn edits(text: &Text<'_>, module: &Module, names: &mut usize) -> Done<Vec<Edit>> {
    let mut lift = Lift { text, names, scope: Vec::new(), edits: Vec::new() };
    for rule in &module.policy {
        lift.rule(rule)?;
    }
    Ok(lift.edits)
}

struct Lift<'a> {
    text: &'a Text<'a>,
    /// How many names were given.
    names: &'a mut usize,
    /// Names that surely have a value.
    scope: Vec<String>,
    edits: Vec<Edit>,
}

/// Statements that come first, and what follows each of them.
#[derive(Default)]
struct Before {
    statements: Vec<String>,
    with: String,
}

impl Lift<'_> {
    fn rule(&mut self, rule: &Rule) -> Done<()> {
        let Rule::Spec { head, bodies, .. } = rule else { return Ok(()) };
        let outer = self.scope.len();
        let (refr, key, value) = match head {
            RuleHead::Compr { refr, assign, .. } => (refr, None, assign.as_ref()),
            RuleHead::Set { refr, key, .. } => (refr, key.as_ref(), None),
            RuleHead::Func { refr, args, assign, .. } => {
                args.iter().for_each(|arg| bound_names(arg, &mut self.scope));
                (refr, None, assign.as_ref())
            }
        };
        let mut parts: Vec<&Ref<Expr>> = key.into_iter().collect();
        parts.extend(value.map(|value| &value.value));
        // Only a name's last part may be computed.
        if let Expr::RefBrack { index, .. } = refr.as_ref() {
            parts.push(index);
        }
        let shared = bodies.iter().filter(|body| !body.is_else).count() > 1;
        for (number, RuleBody { assign, query, .. }) in bodies.iter().enumerate() {
            let mut own: Vec<_> = assign.iter().map(|assign| &assign.value).collect();
            if number == 0 && !shared {
                own.append(&mut parts);
            }
            self.body(query, &own)?;
        }
        for part in parts {
            self.value(part)?;
        }
        self.scope.truncate(outer);
        Ok(())
    }

    /// A rule's body, with the parts of its head that have to be worked out for it.
    fn body(&mut self, query: &Query, parts: &[&Ref<Expr>]) -> Done<()> {
        let Some((first, last)) = query.stmts.first().zip(query.stmts.last()) else {
            return parts.iter().try_for_each(|part| self.value(part));
        };
        let mark = self.edits.len();
        self.query(query)?;
        let mut after = String::new();
        for part in parts {
            let range = self.text.expr(part);
            let Some(flat) = moves(part).then(|| self.text.flat(range)).flatten() else {
                self.value(part)?;
                continue;
            };
            let lines = "\n".repeat(self.text.get(range).matches('\n').count());
            let name = self.name();
            after.push_str(&format!("; {name} := {}", bracketed(part, &flat)));
            self.replace(range, format!("({name}{lines})"));
        }
        // One statement may stand without braces.
        let (begin, end) = (self.text.range(&first.span).0, self.text.range(&last.span).1);
        let bare = query.span.start == first.span.start;
        if self.edits.len() > mark && bare {
            self.edits.insert(mark, Edit { at: begin, instead: 0, text: "{ ".into() });
            after.push_str(" }");
        }
        if !after.is_empty() {
            self.edits.push(Edit { at: end, instead: 0, text: after });
        }
        Ok(())
    }

    fn query(&mut self, query: &Query) -> Done<()> {
        let outer = self.scope.len();
        for LiteralStmt { literal, .. } in &query.stmts {
            match literal {
                Literal::Expr { expr, .. } => {
                    if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                        bound_names(lhs, &mut self.scope);
                    }
                }
                Literal::SomeIn { key, value, .. } => {
                    key.iter().for_each(|key| bound_names(key, &mut self.scope));
                    bound_names(value, &mut self.scope);
                }
                _ => {}
            }
        }
        query.stmts.iter().try_for_each(|statement| self.statement(statement))?;
        self.scope.truncate(outer);
        Ok(())
    }

    fn statement(&mut self, statement: &LiteralStmt) -> Done<()> {
        let mark = self.edits.len();
        let mut first = Before::default();
        let mut with = String::new();
        for modifier in &statement.with_mods {
            let range = self.text.expr(&modifier.r#as);
            let target = self.text.get(self.text.range(modifier.refr.span()));
            let value = match constant(&modifier.r#as) {
                true => bracketed(&modifier.r#as, self.text.get(range)),
                false => {
                    let name = self.out(&modifier.r#as, self.text.get(range), &mut first);
                    self.replace(range, name.clone());
                    name
                }
            };
            with.push_str(&format!(" with {target} as {value}"));
        }
        let mut before = Before { statements: first.statements, with };
        if let Literal::NotExpr { expr, .. } = &statement.literal {
            self.negated(expr, &mut before)?;
        }
        if !before.statements.is_empty() {
            let at = self.text.range(&statement.span).0;
            let text = before.statements.join("; ") + "; ";
            self.edits.insert(mark, Edit { at, instead: 0, text });
            return Ok(());
        }
        match &statement.literal {
            Literal::SomeVars { .. } => Ok(()),
            Literal::SomeIn { collection, .. } => self.value(collection),
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.value(expr),
            Literal::Every { key, value, domain, query, .. } => {
                self.value(domain)?;
                let outer = self.scope.len();
                let names = key.iter().chain([value]).map(|span| span.text().to_owned());
                self.scope.extend(names);
                self.query(query)?;
                self.scope.truncate(outer);
                Ok(())
            }
        }
    }

    fn negated(&mut self, expr: &Expr, before: &mut Before) -> Done<()> {
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
                    self.change(index, before, &mut changes)?;
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
    fn out(&mut self, expr: &Expr, text: &str, before: &mut Before) -> String {
        let name = self.name();
        before.statements.push(format!("{name} := {}{}", bracketed(expr, text), before.with));
        name
    }

    fn name(&mut self) -> String {
        *self.names += 1;
        format!("{PART}{}", self.names)
    }

    fn replace(&mut self, (begin, end): (usize, usize), text: String) {
        self.edits.push(Edit { at: begin, instead: end - begin, text });
    }

    /// Looks for bodies within.
    fn value(&mut self, expr: &Expr) -> Done<()> {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().try_for_each(|item| self.value(item))
            }
            Expr::Object { fields, .. } => fields.iter().try_for_each(|(_, key, value)| {
                self.value(key)?;
                self.value(value)
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query)?;
                self.value(term)
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.query(query)?;
                self.value(key)?;
                self.value(value)
            }
            Expr::Call { params, .. } => params.iter().try_for_each(|param| self.value(param)),
            Expr::UnaryExpr { expr, .. } => self.value(expr),
            Expr::RefDot { refr, .. } => self.value(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.value(refr)?;
                self.value(index)
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.value(lhs)?;
                self.value(rhs)
            }
            Expr::Membership { value, collection, .. } => {
                self.value(value)?;
                self.value(collection)
            }
            _ => Ok(()),
        }
    }
}

/// Whether a part of a head may be undefined: then it is worked out in the body.
fn moves(expr: &Expr) -> bool {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().any(|item| moves(item)),
        Expr::Object { fields, .. } => {
            fields.iter().any(|(_, key, value)| moves(key) || moves(value))
        }
        Expr::RefDot { .. }
        | Expr::RefBrack { .. }
        | Expr::Call { .. }
        | Expr::BinExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::Membership { .. } => true,
        _ => false,
    }
}

/// Whether an expression has a value whatever is asked, by no name but ours.
fn constant(expr: &Expr) -> bool {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().all(|item| constant(item))
        }
        Expr::Object { fields, .. } => {
            fields.iter().all(|(_, key, value)| constant(key) && constant(value))
        }
        Expr::Var { span, .. } => span.text().starts_with(PART),
        expr => !moves(expr),
    }
}

/// An operator's sides stay together.
fn bracketed(expr: &Expr, text: &str) -> String {
    match expr {
        Expr::BinExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::Membership { .. } => format!("({text})"),
        _ => text.to_owned(),
    }
}
