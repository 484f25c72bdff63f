//! What a rule mentions: calls, references, `with` targets, local names.

use std::collections::BTreeSet;

use regorus::unstable::{
    AssignOp, BUILTINS, Expr, Literal, LiteralStmt, Query, Ref, Rule, RuleAssign, RuleBody,
    RuleHead, Span,
};

use super::arithmetic;
use super::error::Place;

/// Components of a reference: `data.a["b"]` is `[data, a, b]`.
pub(super) type Path = Vec<String>;

/// What one rule mentions, in order.
#[derive(Default)]
pub(super) struct Found {
    /// Called names, and whether the name is written out in full.
    pub calls: Vec<(Path, bool, Place)>,
    /// References up to their first computed component.
    pub refs: Vec<Path>,
    /// Names that are read, and those that a reference or an equality may give a value.
    pub read: Vec<(String, Place)>,
    pub given: BTreeSet<String>,
    /// What `with` replaces.
    pub replaced: Vec<(Path, Place)>,
    /// Names bound within the rule.
    pub locals: BTreeSet<String>,
    /// Names that `some` declares, whatever gives them a value.
    pub declared: Vec<(String, Place)>,
    /// What the engine reads otherwise than OPA does, and what to write instead.
    pub unsupported: Vec<(Place, &'static str)>,
}

pub(super) fn place(span: &Span) -> Place {
    Place { file: span.source.get_path().clone(), line: span.line, column: span.col }
}

/// The written-out part of a reference, and whether that is all of it.
pub(super) fn path(expr: &Expr) -> Option<(Path, bool)> {
    match expr {
        Expr::Var { span, .. } => Some((vec![span.text().to_owned()], true)),
        Expr::RefDot { refr, field, .. } => {
            let (mut path, whole) = path(refr)?;
            if whole {
                path.push(field.0.text().to_owned());
            }
            Some((path, whole))
        }
        Expr::RefBrack { refr, index, .. } => {
            let (mut path, whole) = path(refr)?;
            let text = match index.as_ref() {
                Expr::String { value, .. } | Expr::RawString { value, .. } => {
                    value.as_string().ok().map(|text| text.as_ref().to_owned())
                }
                _ => None,
            };
            match text {
                Some(text) if whole => path.push(text),
                Some(_) => {}
                None => return Some((path, false)),
            }
            Some((path, whole))
        }
        _ => None,
    }
}

const NOT_BODY: &str =
    "not before braces: here it would mean a set; name the body as a rule of its own";
const WALK: &str = "walk gives its pairs one by one only as walk(x, [path, value])";
const KEYED_MEMBER: &str =
    "`key, value in collection` is not the same here for sets; write collection[key] == value";
const COMPUTED_NAME: &str = "a computed part of a rule's name may only be the last, and not of a set; write a comprehension";

/// Whether a rule's name has a computed part before its last one, or anywhere if it is a set's.
fn computed_within(refr: &Expr, anywhere: bool) -> bool {
    match refr {
        Expr::RefDot { refr, .. } => computed_within(refr, true),
        Expr::RefBrack { refr, index, .. } => {
            let fixed = matches!(**index, Expr::String { .. } | Expr::RawString { .. });
            (anywhere && !fixed) || computed_within(refr, true)
        }
        _ => false,
    }
}

/// A rule's own name within its package, the number of its arguments, and its place.
pub(super) fn head(rule: &Rule) -> (&Ref<Expr>, Option<usize>, &Span) {
    match rule {
        Rule::Spec { span, head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => (refr, None, span),
            RuleHead::Func { refr, args, .. } => (refr, Some(args.len()), span),
        },
        Rule::Default { span, refr, args, .. } => {
            (refr, (!args.is_empty()).then_some(args.len()), span)
        }
    }
}

/// Names that a pattern binds.
pub(super) fn bound_names(pattern: &Expr, names: &mut Vec<String>) {
    match pattern {
        Expr::Var { span, .. } => names.push(span.text().to_owned()),
        Expr::Array { items, .. } => items.iter().for_each(|item| bound_names(item, names)),
        Expr::Object { fields, .. } => {
            fields.iter().for_each(|(_, _, value)| bound_names(value, names));
        }
        _ => {}
    }
}

/// What an expression is made of; nothing for a comprehension, which has a scope of its own.
pub(super) fn parts(expr: &Expr) -> Vec<&Ref<Expr>> {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().collect(),
        Expr::Object { fields, .. } => {
            fields.iter().flat_map(|(_, key, value)| [key, value]).collect()
        }
        Expr::Call { params, .. } => params.iter().collect(),
        Expr::UnaryExpr { expr, .. } => vec![expr],
        Expr::RefDot { refr, .. } => vec![refr],
        Expr::RefBrack { refr, index, .. } => vec![refr, index],
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::Membership { key, value, collection, .. } => {
            key.iter().chain([value, collection]).collect()
        }
        _ => Vec::new(),
    }
}

/// Names that stand in a query itself, not in a scope within it.
pub(super) fn mentioned(query: &Query, names: &mut Vec<String>) {
    fn within(expr: &Expr, names: &mut Vec<String>) {
        if let Expr::Var { span, .. } = expr {
            names.push(span.text().to_owned());
        }
        parts(expr).into_iter().for_each(|part| within(part, names));
    }
    for LiteralStmt { literal, with_mods, .. } in &query.stmts {
        match literal {
            Literal::SomeVars { vars, .. } => {
                names.extend(vars.iter().map(|span| span.text().to_owned()));
            }
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value, collection]).for_each(|expr| within(expr, names));
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => within(expr, names),
            Literal::Every { domain, .. } => within(domain, names),
        }
        with_mods.iter().for_each(|with| within(&with.r#as, names));
    }
}

/// Names to which a query surely gives a value, whatever its order.
pub(super) fn valued(query: &Query, names: &mut Vec<String>) {
    for LiteralStmt { literal, .. } in &query.stmts {
        match literal {
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                    bound_names(lhs, names);
                }
            }
            Literal::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|pattern| bound_names(pattern, names));
            }
            _ => {}
        }
    }
}

/// Whether a call with so many arguments may give its last one a value; of the pack's own functions
/// nobody knows here how many they have.
fn takes_value(name: &str, arguments: usize) -> bool {
    let known = BUILTINS.get(name).map(|(_, arity)| usize::from(*arity));
    !arithmetic::is_ours(name) && known.is_none_or(|arity| arguments > arity)
}

impl Found {
    pub(super) fn in_rule(rule: &Rule) -> Self {
        let mut found = Self::default();
        let (refr, _, span) = head(rule);
        let set = matches!(rule, Rule::Spec { head: RuleHead::Set { .. }, .. });
        if computed_within(refr, set) {
            found.unsupported.push((place(span), COMPUTED_NAME));
        }
        match rule {
            Rule::Spec { head, bodies, .. } => {
                match head {
                    RuleHead::Compr { refr, assign, .. } => {
                        found.indexes(refr);
                        found.assign(assign.as_ref());
                    }
                    RuleHead::Set { refr, key, .. } => {
                        found.indexes(refr);
                        found.all(key.as_slice());
                    }
                    RuleHead::Func { refr, args, assign, .. } => {
                        found.indexes(refr);
                        for arg in args {
                            found.bind(arg);
                        }
                        found.all(args);
                        found.assign(assign.as_ref());
                    }
                }
                for RuleBody { assign, query, .. } in bodies {
                    found.assign(assign.as_ref());
                    found.query(query);
                }
            }
            Rule::Default { refr, args, value, .. } => {
                found.indexes(refr);
                for arg in args {
                    found.bind(arg);
                }
                found.expr(value);
            }
        }
        found
    }

    fn assign(&mut self, assign: Option<&RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn all(&mut self, exprs: &[Ref<Expr>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    /// Computed parts of a rule's name.
    fn indexes(&mut self, refr: &Expr) {
        match refr {
            Expr::RefDot { refr, .. } => self.indexes(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.indexes(refr);
                self.expr(index);
            }
            _ => {}
        }
    }

    fn bind(&mut self, pattern: &Expr) {
        let mut names = Vec::new();
        bound_names(pattern, &mut names);
        self.locals.extend(names);
    }

    fn give(&mut self, pattern: &Expr) {
        let mut names = Vec::new();
        bound_names(pattern, &mut names);
        self.given.extend(names);
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => {
                    let declared = vars.iter().map(|span| (span.text().to_owned(), place(span)));
                    self.declared.extend(declared);
                }
                Literal::SomeIn { key, value, collection, .. } => {
                    for pattern in key.iter().chain([value]) {
                        let mut names = Vec::new();
                        bound_names(pattern, &mut names);
                        let declared =
                            names.iter().map(|name| (name.clone(), place(pattern.span())));
                        self.declared.extend(declared);
                        self.locals.append(&mut names.into_iter().collect());
                        self.expr(pattern);
                    }
                    self.expr(collection);
                }
                Literal::Expr { expr, .. } => self.expr(expr),
                Literal::NotExpr { expr, .. } => {
                    if matches!(
                        **expr,
                        Expr::Set { .. } | Expr::SetCompr { .. } | Expr::Object { .. }
                    ) {
                        self.unsupported.push((place(expr.span()), NOT_BODY));
                    }
                    match expr.as_ref() {
                        // Below `not` it gives nothing a value.
                        Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                            self.expr(lhs);
                            self.expr(rhs);
                        }
                        expr => self.expr(expr),
                    }
                }
                Literal::Every { key, value, domain, query, .. } => {
                    let names = key.iter().chain([value]).map(|span| span.text().to_owned());
                    self.locals.extend(names);
                    self.expr(domain);
                    self.query(query);
                }
            }
            for with in &statement.with_mods {
                if let Some((path, _)) = path(&with.refr) {
                    self.replaced.push((path, place(&with.span)));
                }
                self.expr(&with.r#as);
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
            Expr::Var { span, .. } => {
                self.read.push((span.text().to_owned(), place(span)));
                self.refs.push(vec![span.text().to_owned()]);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                self.query(query);
            }
            Expr::Call { span, fcn, params, .. } => {
                let (name, whole) = path(fcn).unwrap_or_default();
                if name == ["walk"] && params.len() != 2 {
                    self.unsupported.push((place(span), WALK));
                }
                // One argument more than a function has takes its value.
                if takes_value(&name.join("."), params.len()) {
                    params.last().into_iter().for_each(|last| self.give(last));
                }
                self.calls.push((name, whole, place(span)));
                self.all(params);
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                match op {
                    AssignOp::ColEq => self.bind(lhs),
                    AssignOp::Eq => [lhs, rhs].into_iter().for_each(|side| self.give(side)),
                }
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership { span, key, value, collection, .. } => {
                if key.is_some() {
                    self.unsupported.push((place(span), KEYED_MEMBER));
                }
                self.all(key.as_slice());
                self.expr(value);
                self.expr(collection);
            }
        }
    }

    fn reference(&mut self, expr: &Expr) {
        if let Some((path, _)) = path(expr) {
            self.read.push((path[0].clone(), place(expr.span())));
            self.refs.push(path);
        }
        let mut at = expr;
        loop {
            at = match at {
                Expr::RefDot { refr, .. } => refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.give(index);
                    self.expr(index);
                    refr
                }
                Expr::Var { .. } => return,
                other => return self.expr(other),
            };
        }
    }
}
