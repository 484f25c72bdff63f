//! What the engine reads otherwise than OPA below `not`, in patterns and in objects. OPA takes the
//! references in arguments and composites out of a negated expression: where one is undefined the
//! whole body is, while to the engine the negation holds.

use std::collections::BTreeSet;

use regorus::unstable::{
    AssignOp, BoolOp, Expr, Literal, LiteralStmt, Query, Rule, RuleBody, RuleHead,
};

use super::error::Place;
use super::heads::Scope;
use super::visit::{path, place};

const NOT: &str = "below `not` this part may be undefined, and then OPA and the engine differ: give it a name in the body before, as in `name := …`, and use that";
const WITH: &str = "after `with … as` this part may be undefined, and then OPA and the engine differ: give it a name in the body before, as in `name := …`, and use that";
const PATTERN: &str =
    "an object as a pattern is not the same here as in OPA; take its members one by one";
const TWICE: &str = "a key stands twice in this object";
const ORDER: &str =
    "sets have another place in the order of values than in OPA: compare them with == or -";
const MEMBER: &str = "as a value `in` is false here and undefined in OPA where a side is undefined: give that side a name in the body before";

/// The first part that is not the same in OPA.
pub(super) fn unsupported(rule: &Rule, scope: &Scope<'_>) -> Option<(Place, &'static str)> {
    let mut look = Look { scope, known: BTreeSet::new(), found: None };
    match rule {
        Rule::Spec { head, bodies, .. } => {
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
    /// References that an unnegated statement of the body stands on.
    known: BTreeSet<String>,
    found: Option<(Place, &'static str)>,
}

impl Look<'_> {
    fn say(&mut self, expr: &Expr, why: &'static str) {
        self.found.get_or_insert_with(|| (place(expr.span()), why));
    }

    fn query(&mut self, query: &Query) {
        let outer = self.known.clone();
        for LiteralStmt { literal, with_mods, .. } in &query.stmts {
            if let Literal::Expr { expr, .. } = literal
                && with_mods.is_empty()
            {
                if let Expr::Membership { value, collection, .. } = expr.as_ref() {
                    self.establish(value);
                    self.establish(collection);
                }
                self.establish(expr);
            }
        }
        for LiteralStmt { literal, with_mods, .. } in &query.stmts {
            let known = self.known.clone();
            if !with_mods.is_empty() {
                self.known.clear();
            }
            self.literal(literal);
            self.known = known;
            for with in with_mods {
                self.value(&with.r#as);
                self.replacement(&with.r#as);
            }
        }
        self.known = outer;
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value]).for_each(|pattern| self.pattern(pattern, true));
                self.value(collection);
            }
            Literal::Expr { expr, .. } => self.statement(expr),
            Literal::NotExpr { expr, .. } => {
                self.negated(expr);
                self.statement(expr);
            }
            Literal::Every { domain, query, .. } => {
                self.value(domain);
                self.query(query);
            }
        }
    }

    /// What a body that goes on has shown to be defined.
    fn establish(&mut self, expr: &Expr) {
        match expr {
            Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                self.known.insert(expr.span().text().to_owned());
            }
            Expr::Call { params, .. } => params.iter().for_each(|param| self.establish(param)),
            Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::BinExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.establish(lhs);
                self.establish(rhs);
            }
            _ => {}
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
            Expr::Object { fields, .. } if only || !fields.is_empty() => self.say(expr, PATTERN),
            Expr::Array { items, .. } => items.iter().for_each(|item| self.pattern(item, only)),
            expr => self.value(expr),
        }
    }

    /// What comes from the input may be undefined: OPA then replaces nothing, and the engine skips
    /// the statement.
    fn replacement(&mut self, expr: &Expr) {
        let of_input = matches!(expr, Expr::RefDot { .. } | Expr::RefBrack { .. })
            && path(expr).is_none_or(|(path, _)| path[0] == "input");
        if of_input && let Some(place) = self.partial(expr) {
            self.found.get_or_insert((place, WITH));
        }
    }

    /// To OPA only a reference, and an equality of references, may be undefined within a negation.
    /// `not input.x > 1` is undefined there if `input.x` is, and true to the engine.
    fn negated(&mut self, expr: &Expr) {
        let first = match expr {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { lhs, rhs, .. } => {
                self.side(lhs).or_else(|| self.side(rhs))
            }
            Expr::Call { params, .. } => params.iter().find_map(|param| self.partial(param)),
            expr => self.side(expr),
        };
        if let Some(place) = first {
            self.found.get_or_insert((place, NOT));
        }
    }

    /// A side of an equality: a reference may be undefined as a whole, but not what it leads by.
    fn side(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Var { .. } => None,
            Expr::RefDot { refr, .. } => self.side(refr),
            Expr::RefBrack { refr, index, .. } => {
                let by = match index.as_ref() {
                    // Where it has no value yet, it takes those that lead somewhere.
                    Expr::Var { .. } => None,
                    index => self.partial(index),
                };
                self.side(refr).or(by)
            }
            expr => self.partial(expr),
        }
    }

    /// The first part that may be undefined.
    fn partial(&self, expr: &Expr) -> Option<Place> {
        match expr {
            Expr::Var { span, .. } => {
                let name = [span.text().to_owned()];
                (!(self.scope.defined)(&name)).then(|| place(span))
            }
            Expr::RefDot { .. } | Expr::RefBrack { .. } => {
                let known = self.known.contains(expr.span().text())
                    || path(expr).is_some_and(|(path, whole)| {
                        whole
                            && path[0] != "input"
                            && (self.scope.global)(&path[0])
                            && (self.scope.defined)(&path)
                    });
                (!known).then(|| place(expr.span()))
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().find_map(|item| self.partial(item))
            }
            Expr::Object { fields, .. } => fields
                .iter()
                .find_map(|(_, key, value)| self.partial(key).or_else(|| self.partial(value))),
            Expr::Call { span, fcn, params, .. } => {
                match path(fcn).is_some_and(|(name, _)| (self.scope.function)(&name)) {
                    true => Some(place(span)),
                    false => params.iter().find_map(|param| self.partial(param)),
                }
            }
            Expr::UnaryExpr { expr, .. } => self.partial(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => self.partial(lhs).or_else(|| self.partial(rhs)),
            Expr::Membership { value, collection, .. } => {
                self.partial(value).or_else(|| self.partial(collection))
            }
            _ => None,
        }
    }

    /// An expression whose value counts.
    fn value(&mut self, expr: &Expr) {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.value(item));
            }
            Expr::Object { fields, .. } => {
                let mut keys = BTreeSet::new();
                for (_, key, value) in fields {
                    if !keys.insert(key.span().text()) {
                        self.say(key, TWICE);
                    }
                    self.value(key);
                    self.value(value);
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
            Expr::Call { params, .. } => params.iter().for_each(|param| self.value(param)),
            Expr::UnaryExpr { expr, .. } => self.value(expr),
            Expr::RefDot { refr, .. } => self.value(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.value(refr);
                self.value(index);
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                if let Expr::BoolExpr {
                    op: BoolOp::Lt | BoolOp::Le | BoolOp::Gt | BoolOp::Ge, ..
                } = expr
                    && [lhs, rhs].iter().any(|side| {
                        matches!(side.as_ref(), Expr::Set { .. } | Expr::SetCompr { .. })
                    })
                {
                    self.say(expr, ORDER);
                }
                self.value(lhs);
                self.value(rhs);
            }
            Expr::Membership { value, collection, .. } => {
                if let Some(place) = self.partial(value).or_else(|| self.partial(collection)) {
                    self.found.get_or_insert((place, MEMBER));
                }
                self.value(value);
                self.value(collection);
            }
            _ => {}
        }
    }
}
