//! Takes parts out of expressions, as OPA's compiler does, each by a statement of its own before:
//! `not f(input.x)` is `part := input.x; not f(part)`, and so has no solution where `input.x` is
//! undefined, while to the engine the negation would hold. What follows `with … as` comes before, too,
//! and what a rule's head calculates comes last in its body, so that one solution for which it is
//! undefined leaves the others alone.

mod negation;

use regorus::unstable::{
    AssignOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleBody, RuleHead,
};

use self::negation::{bracketed, listed};
use super::PART;
use super::text::{Edit, Text};
use crate::policy::error::LoadError;
use crate::policy::visit::{bound_names, parts, valued};

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
        self.declare_first(query);
        let outer = self.scope.len();
        valued(query, &mut self.scope);
        query.stmts.iter().try_for_each(|statement| self.statement(statement))?;
        self.scope.truncate(outer);
        Ok(())
    }

    /// Puts `some i` at the beginning. Behind something with two solutions the engine would declare the
    /// name twice, which is an error. Where the name already stands before, it may be another.
    fn declare_first(&mut self, query: &Query) {
        let Some(first) = query.stmts.first() else { return };
        let begin = self.text.range(&first.span).0;
        let declares =
            |statement: &&LiteralStmt| matches!(statement.literal, Literal::SomeVars { .. });
        for LiteralStmt { span, literal, .. } in query.stmts.iter().skip_while(declares) {
            let Literal::SomeVars { vars, .. } = literal else { continue };
            let range = self.text.range(span);
            let known = vars.iter().any(|name| self.text.mentions((begin, range.0), name.text()));
            let Some(flat) = self.text.flat(range).filter(|_| !known) else { continue };
            let lines = "\n".repeat(self.text.get(range).matches('\n').count());
            self.edits.push(Edit { at: begin, instead: 0, text: format!("{flat}; ") });
            self.replace(range, format!("true{lines}"));
        }
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
        match &statement.literal {
            Literal::NotExpr { expr, .. } => self.negated(expr, &mut before)?,
            // To the engine the replacement would last as long as the loop does.
            Literal::SomeIn { collection, .. } if !before.with.is_empty() => {
                self.edits.truncate(mark);
                let range = self.text.expr(collection);
                let end = self.text.range(&statement.span).1;
                let name = self.out(collection, self.text.get(range), &mut before);
                let lines = self.text.get((range.1, end)).matches('\n').count();
                self.replace((range.0, end), name + &"\n".repeat(lines));
            }
            _ => {}
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
            Literal::Expr { expr, .. } => {
                self.other_name(expr);
                self.value(expr)
            }
            Literal::NotExpr { expr, .. } => self.value(expr),
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

    /// `x := y`, which the engine would put behind what `x` leads by.
    fn other_name(&mut self, expr: &Expr) {
        if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } = expr
            && let (Expr::Var { .. }, Expr::Var { span, .. }) = (lhs.as_ref(), rhs.as_ref())
            && !["_", "input", "data"].contains(&span.text())
        {
            self.replace(self.text.expr(rhs), listed(span.text()));
        }
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
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query)?;
                self.value(term)
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.query(query)?;
                self.value(key)?;
                self.value(value)
            }
            expr => parts(expr).into_iter().try_for_each(|part| self.value(part)),
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
