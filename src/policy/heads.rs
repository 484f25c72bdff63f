//! Heads of rules that the engine reads otherwise than OPA: where a rule's body has several
//! solutions and its head is undefined for one of them, OPA leaves that one out, and the engine may
//! forget those it had, denials too. So a head that may be undefined for some solutions only is
//! refused; bound to a name in the body, the same expression is safe.

use regorus::unstable::{AssignOp, Expr, Literal, Query, Ref, Rule, RuleBody, RuleHead};

use super::error::Place;
use super::visit::{bound_names, path, place};

/// What a module's names mean to its rules.
pub(super) struct Scope<'a> {
    /// Whether a name is an import, a rule or a document: the same for every solution.
    pub global: &'a dyn Fn(&str) -> bool,
    /// Whether a called name is a function of the pack that may have no value.
    pub function: &'a dyn Fn(&[String]) -> bool,
}

/// The expression of the head that may be undefined for some solutions only.
pub(super) fn unsafe_head(rule: &Rule, scope: &Scope<'_>) -> Option<Place> {
    let Rule::Spec { head, bodies, .. } = rule else { return None };
    let (refr, args, mut values): (_, &[Ref<Expr>], Vec<&Expr>) = match head {
        RuleHead::Compr { refr, assign, .. } => {
            (refr, &[], assign.iter().map(|assign| assign.value.as_ref()).collect())
        }
        RuleHead::Set { refr, key, .. } => {
            (refr, &[], key.iter().map(|key| key.as_ref()).collect())
        }
        RuleHead::Func { refr, args, assign, .. } => {
            (refr, args, assign.iter().map(|assign| assign.value.as_ref()).collect())
        }
    };
    let mut part = refr.as_ref();
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = part {
        if let Expr::RefBrack { index, .. } = part {
            values.push(index);
        }
        part = refr;
    }
    values.extend(bodies.iter().filter_map(|body| Some(body.assign.as_ref()?.value.as_ref())));
    let mut bound: Vec<String> = Vec::new();
    for arg in args {
        bound_names(arg, &mut bound);
    }
    for RuleBody { query, .. } in bodies {
        assigned(query, &mut bound);
    }
    let once = Once { scope, bound: &bound };
    let several = bodies.iter().any(|body| !once.query(&body.query))
        || values.iter().any(|value| !once.expr(value));
    if !several {
        return None;
    }
    values.into_iter().find_map(|value| partial(value, scope))
}

/// Whether a definition gives its function a value whatever the arguments: all are plain names,
/// and at last comes a value that asks nothing.
pub(super) fn is_total(rule: &Rule) -> bool {
    let Rule::Spec { head: RuleHead::Func { args, assign, .. }, bodies, .. } = rule else {
        return matches!(rule, Rule::Default { args, .. } if !args.is_empty());
    };
    let last = bodies.last();
    let value = last.and_then(|body| body.assign.as_ref()).or(assign.as_ref());
    args.iter().all(|arg| matches!(arg.as_ref(), Expr::Var { .. }))
        && last.is_none_or(|body| body.query.stmts.is_empty())
        && value.is_none_or(|value| plain(&value.value))
}

/// Names, literals, and what is put together from them.
fn plain(expr: &Expr) -> bool {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().all(|item| plain(item)),
        Expr::Object { fields, .. } => {
            fields.iter().all(|(_, key, value)| plain(key) && plain(value))
        }
        Expr::Var { .. }
        | Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. } => true,
        _ => false,
    }
}

/// Names that `:=` binds in a body.
fn assigned(query: &Query, bound: &mut Vec<String>) {
    for statement in &query.stmts {
        if let Literal::Expr { expr, .. } = &statement.literal
            && let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref()
        {
            bound_names(lhs, bound);
        }
    }
}

/// Whether something has at most one solution.
struct Once<'a> {
    scope: &'a Scope<'a>,
    bound: &'a [String],
}

impl Once<'_> {
    fn query(&self, query: &Query) -> bool {
        query.stmts.iter().all(|statement| match &statement.literal {
            Literal::SomeVars { .. } | Literal::SomeIn { .. } => false,
            Literal::Expr { expr, .. } => self.expr(expr),
            Literal::NotExpr { .. } => true,
            Literal::Every { domain, .. } => self.expr(domain),
        })
    }

    fn all(&self, exprs: &[Ref<Expr>]) -> bool {
        exprs.iter().all(|expr| self.expr(expr))
    }

    fn expr(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items),
            Expr::Object { fields, .. } => {
                fields.iter().all(|(_, key, value)| self.expr(key) && self.expr(value))
            }
            Expr::Call { fcn, params, .. } => {
                path(fcn).is_none_or(|(name, _)| name != ["walk"]) && self.all(params)
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::RefDot { refr, .. } => self.expr(refr),
            Expr::RefBrack { refr, index, .. } => self.expr(refr) && self.index(index),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => self.expr(lhs) && self.expr(rhs),
            Expr::Membership { value, collection, .. } => self.expr(value) && self.expr(collection),
            _ => true,
        }
    }

    /// A name that nothing binds before takes every index in turn.
    fn index(&self, index: &Expr) -> bool {
        match index {
            Expr::Var { span, .. } => {
                let name = span.text();
                self.bound.iter().any(|bound| bound == name) || (self.scope.global)(name)
            }
            Expr::Array { .. } | Expr::Object { .. } => false,
            other => self.expr(other),
        }
    }
}

/// The first part of an expression that may be undefined for one solution and not for another.
fn partial(expr: &Expr, scope: &Scope<'_>) -> Option<Place> {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().find_map(|item| partial(item, scope))
        }
        Expr::Object { fields, .. } => fields
            .iter()
            .find_map(|(_, key, value)| partial(key, scope).or_else(|| partial(value, scope))),
        Expr::Call { span, fcn, params, .. } => {
            let ours = path(fcn).is_some_and(|(name, _)| (scope.function)(&name));
            match ours {
                true => Some(place(span)),
                false => params.iter().find_map(|param| partial(param, scope)),
            }
        }
        Expr::UnaryExpr { expr, .. } => partial(expr, scope),
        Expr::RefDot { .. } | Expr::RefBrack { .. } => match path(expr) {
            Some((path, true)) if path.first().is_some_and(|root| (scope.global)(root)) => None,
            _ => Some(place(expr.span())),
        },
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. } => partial(lhs, scope).or_else(|| partial(rhs, scope)),
        _ => None,
    }
}
