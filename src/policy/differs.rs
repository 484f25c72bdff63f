//! What the engine reads otherwise than OPA in patterns and in objects, and
//! what no writing anew (`rewrite`) makes the same.

use std::collections::BTreeSet;

use regorus::unstable::{
    AssignOp, Expr, Literal, LiteralStmt, Query, Rule, RuleBody, RuleHead, Span,
};

use super::error::Place;
use super::heads::Scope;
use super::visit::{bound_names, mentioned, parts, place, valued};

const PATTERN: &str = "an object as a pattern is not the same here as in OPA; take its members one by one, or, to give a value its name, write :=";
const CONSTANT: &str = "`with` after a constant replaces nothing: leave it out";
const SHADOWS: &str =
    "to the engine this name is the one around it, to OPA another: call it otherwise";
const CHAINED: &str = "to the engine a further body without `else` gives true, to OPA the value of the head: write a rule of its own";
const TWICE: &str = "a key stands twice in this object, or may: one that is worked out stands alone; use object.union";

/// The first part that is not the same in OPA.
pub(super) fn unsupported(rule: &Rule, scope: &Scope<'_>) -> Option<(Place, &'static str)> {
    let mut look = Look { scope, known: Vec::new(), around: Vec::new(), found: None };
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule {
        args.iter().for_each(|arg| bound_names(arg, &mut look.known));
        look.around.clone_from(&look.known);
    }
    match rule {
        Rule::Spec { head, bodies, .. } => {
            if let RuleHead::Compr { assign: Some(_), .. } | RuleHead::Func { assign: Some(_), .. } =
                head
                && let Some(further) = bodies.iter().skip(1).find(|body| !body.is_else)
            {
                look.say(&further.span, CHAINED);
            }
            for RuleBody { assign, query, .. } in bodies {
                look.query(query);
                if let Some(assign) = assign {
                    look.value(&assign.value);
                }
            }
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    look.value(refr);
                    assign.iter().for_each(|assign| look.value(&assign.value));
                }
                RuleHead::Set { refr, key, .. } => {
                    look.value(refr);
                    key.iter().for_each(|key| look.value(key));
                }
                RuleHead::Func { args, assign, .. } => {
                    for arg in args {
                        look.pattern(arg, true);
                    }
                    assign.iter().for_each(|assign| look.value(&assign.value));
                }
            }
        }
        Rule::Default { value, .. } => look.value(value),
    }
    look.found
}

struct Look<'a> {
    scope: &'a Scope<'a>,
    /// Names that surely have a value.
    known: Vec<String>,
    /// Names that stand around the query that is looked at.
    around: Vec<String>,
    found: Option<(Place, &'static str)>,
}

impl Look<'_> {
    fn say(&mut self, span: &Span, why: &'static str) {
        self.found.get_or_insert_with(|| (place(span), why));
    }

    fn query(&mut self, query: &Query) {
        for LiteralStmt { literal, .. } in &query.stmts {
            let Literal::SomeVars { vars, .. } = literal else { continue };
            let around = |span: &&Span| self.around.iter().any(|name| name == span.text());
            if let Some(span) = vars.iter().find(around) {
                self.say(&span.clone(), SHADOWS);
            }
        }
        let (outer, around) = (self.known.len(), self.around.len());
        valued(query, &mut self.known);
        mentioned(query, &mut self.around);
        for LiteralStmt { literal, with_mods, .. } in &query.stmts {
            if let Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } = literal
                && !with_mods.is_empty()
                && matches!(
                    expr.as_ref(),
                    Expr::Bool { .. }
                        | Expr::Null { .. }
                        | Expr::Number { .. }
                        | Expr::String { .. }
                        | Expr::RawString { .. }
                )
            {
                self.say(expr.span(), CONSTANT);
            }
            self.literal(literal);
            with_mods.iter().for_each(|with| self.value(&with.r#as));
        }
        self.known.truncate(outer);
        self.around.truncate(around);
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value]).for_each(|pattern| self.pattern(pattern, true));
                self.value(collection);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.statement(expr),
            Literal::Every { key, value, domain, query, .. } => {
                self.value(domain);
                let (known, around) = (self.known.len(), self.around.len());
                let names = key.iter().chain([value]).map(|span| span.text().to_owned());
                self.around.extend(names.clone());
                self.known.extend(names);
                self.query(query);
                self.known.truncate(known);
                self.around.truncate(around);
            }
        }
    }

    fn statement(&mut self, expr: &Expr) {
        match expr {
            Expr::Membership { value, collection, .. } => {
                self.value(value);
                self.value(collection);
            }
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                self.pattern(lhs, *op == AssignOp::ColEq);
                match op {
                    AssignOp::ColEq => self.value(rhs),
                    AssignOp::Eq => self.pattern(rhs, false),
                }
            }
            expr => self.value(expr),
        }
    }

    fn pattern(&mut self, expr: &Expr, only: bool) {
        match expr {
            Expr::Object { .. } if only || !self.is_value(expr) => self.say(expr.span(), PATTERN),
            Expr::Array { items, .. } => items.iter().for_each(|item| self.pattern(item, only)),
            expr => self.value(expr),
        }
    }

    /// Whether there is no name in it to which a pattern would give a value.
    fn is_value(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Var { span, .. } => {
                let name = span.text();
                self.known.iter().any(|known| known == name) || (self.scope.global)(name)
            }
            Expr::Array { items, .. } => items.iter().all(|item| self.is_value(item)),
            Expr::Object { fields, .. } => {
                fields.iter().all(|(_, key, value)| self.is_value(key) && self.is_value(value))
            }
            _ => true,
        }
    }

    /// An expression whose value counts.
    fn value(&mut self, expr: &Expr) {
        match expr {
            Expr::Object { fields, .. } => {
                let mut keys = BTreeSet::new();
                for (_, key, _) in fields {
                    let constant = matches!(
                        key.as_ref(),
                        Expr::Bool { .. }
                            | Expr::Null { .. }
                            | Expr::Number { .. }
                            | Expr::String { .. }
                            | Expr::RawString { .. }
                    );
                    if !keys.insert(key.span().text()) || (!constant && fields.len() > 1) {
                        self.say(key.span(), TWICE);
                    }
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.query(query);
                self.value(term);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.query(query);
                self.value(key);
                self.value(value);
            }
            _ => {}
        }
        parts(expr).into_iter().for_each(|part| self.value(part));
    }
}
