//! The guard of a parsed condition.

use std::sync::Arc;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::super::rewrite::{Pattern, pattern_of};
use super::{Guard, Literal, Path, Place, Range, Term};

/// The guard of a parsed condition; the patterns that it shares with the condition go to `patterns`.
pub(in super::super) fn of(expression: &IdedExpr, patterns: &mut Vec<Arc<Pattern>>) -> Guard {
    match &expression.expr {
        Expr::Call(call) => of_call(call, patterns),
        Expr::Comprehension(inner) => of_loop(inner, patterns).unwrap_or(Guard::Open),
        Expr::Ident(_) | Expr::Select(_) => term(expression, patterns).map_or(Guard::Open, Guard::Flag),
        Expr::Literal(LiteralValue::Boolean(value)) => Guard::Flag(Term::Literal(Literal::Bool(*value.inner()))),
        _ => Guard::Open,
    }
}

fn of_call(call: &CallExpr, patterns: &mut Vec<Arc<Pattern>>) -> Guard {
    let mut all = |parts: &[IdedExpr]| parts.iter().map(|part| of(part, patterns)).collect::<Vec<_>>();
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, parts) => Guard::And(all(parts)),
        (operators::LOGICAL_OR, parts) => Guard::Or(all(parts)),
        (operators::LOGICAL_NOT, [part]) => Guard::Not(Box::new(of(part, patterns))),
        (operators::CONDITIONAL, [condition, yes, no]) => {
            Guard::Choice(Box::new([of(condition, patterns), of(yes, patterns), of(no, patterns)]))
        }
        _ => compared(call, patterns).unwrap_or(Guard::Open),
    }
}

/// A comparison of terms.
fn compared(call: &CallExpr, patterns: &mut Vec<Arc<Pattern>>) -> Option<Guard> {
    let name = call.func_name.as_str();
    if let (Some(text), [argument]) = (call.target.as_deref(), call.args.as_slice()) {
        let text = term(text, patterns)?;
        let Some(Literal::Text(argument)) = literal(argument) else { return None };
        return match name {
            "startsWith" => Some(Guard::Text(text, Place::Start, argument)),
            "endsWith" => Some(Guard::Text(text, Place::End, argument)),
            "contains" => Some(Guard::Text(text, Place::Anywhere, argument)),
            "matches" => Some(Guard::Matches(text, pattern_of(&argument, patterns).0)),
            _ => None,
        };
    }
    let [left, right] = call.args.as_slice() else { return None };
    if let (operators::IN, Expr::List(list)) = (name, &right.expr) {
        let literals: Option<Vec<Literal>> = list.elements.iter().map(literal).collect();
        return Some(Guard::OneOf(term(left, patterns)?, literals?));
    }
    let (left, right) = (term(left, patterns)?, term(right, patterns)?);
    match name {
        operators::EQUALS => Some(equal(left, right)),
        operators::NOT_EQUALS => Some(Guard::Not(Box::new(equal(left, right)))),
        operators::IN => Some(Guard::Has(right, left)),
        operators::LESS => Some(Guard::Less(left, right)),
        operators::GREATER => Some(Guard::Less(right, left)),
        operators::LESS_EQUALS => Some(Guard::Not(Box::new(Guard::Less(right, left)))),
        operators::GREATER_EQUALS => Some(Guard::Not(Box::new(Guard::Less(left, right)))),
        _ => None,
    }
}

fn equal(left: Term, right: Term) -> Guard {
    match (left, right) {
        (term, Term::Literal(literal)) | (Term::Literal(literal), term) => Guard::OneOf(term, vec![literal]),
        (left, right) => Guard::Same(left, right),
    }
}

/// `list.exists(…)`, which begins as false and goes on with `||`, and `list.all(…)`, which is the other way round.
fn of_loop(inner: &ComprehensionExpr, patterns: &mut Vec<Arc<Pattern>>) -> Option<Guard> {
    let Expr::Literal(LiteralValue::Boolean(begin)) = &inner.accu_init.expr else { return None };
    let is_all = *begin.inner();
    let is_own = |part: &IdedExpr| matches!(&part.expr, Expr::Ident(name) if *name == inner.accu_var);
    let (operator, Expr::Call(step)) =
        (if is_all { operators::LOGICAL_AND } else { operators::LOGICAL_OR }, &inner.loop_step.expr)
    else {
        return None;
    };
    let [own, body] = step.args.as_slice() else { return None };
    if step.func_name != operator || !is_own(own) || !is_own(&inner.result) || inner.iter_var2.is_some() {
        return None;
    }
    let range = match &inner.iter_range.expr {
        Expr::List(list) => Range::Each(list.elements.iter().map(|item| term(item, patterns)).collect::<Option<_>>()?),
        _ => Range::Of(term(&inner.iter_range, patterns)?),
    };
    let (name, body) = (inner.iter_var.as_str().into(), Box::new(of(body, patterns)));
    Some(if is_all { Guard::All(range, name, body) } else { Guard::Any(range, name, body) })
}

/// The term that an expression is, when it is one.
fn term(expression: &IdedExpr, patterns: &mut Vec<Arc<Pattern>>) -> Option<Term> {
    if let Some(literal) = literal(expression) {
        return Some(Term::Literal(literal));
    }
    if let Some(path) = path(expression) {
        return Some(Term::Fact(path));
    }
    match &expression.expr {
        Expr::List(list) if list.elements.is_empty() => Some(Term::Nothing),
        Expr::Call(call) => called(call, patterns),
        _ => None,
    }
}

fn called(call: &CallExpr, patterns: &mut Vec<Arc<Pattern>>) -> Option<Term> {
    let mut boxed = |part: &IdedExpr| term(part, patterns).map(Box::new);
    match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
        (operators::INDEX, None, [map, key]) => Some(Term::Entry(boxed(map)?, boxed(key)?)),
        ("size", None, [of]) | ("size", Some(of), []) => Some(Term::Size(boxed(of)?)),
        ("string", None, [of]) => Some(Term::Text(boxed(of)?)),
        ("int", None, [of]) => Some(Term::Number(boxed(of)?)),
        ("lower", Some(of), []) => Some(Term::Lower(boxed(of)?)),
        (operators::CONDITIONAL, None, [condition, yes, no]) => {
            let terms = Box::new([term(yes, patterns)?, term(no, patterns)?]);
            Some(Term::Choice(Box::new(of(condition, patterns)), terms))
        }
        _ => None,
    }
}

/// The steps of `a.b.c` and `a["b"]`.
pub(in super::super) fn path(expression: &IdedExpr) -> Option<Path> {
    match &expression.expr {
        Expr::Ident(name) if !name.starts_with('@') => Some(vec![name.as_str().into()]),
        Expr::Select(select) if !select.test => {
            let mut steps = path(&select.operand)?;
            steps.push(select.field.as_str().into());
            Some(steps)
        }
        Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
            [operand, key] => {
                let (mut steps, Some(Literal::Text(key))) = (path(operand)?, literal(key)) else { return None };
                steps.push(key);
                Some(steps)
            }
            _ => None,
        },
        _ => None,
    }
}

fn literal(expression: &IdedExpr) -> Option<Literal> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Null) => Some(Literal::Null),
        Expr::Literal(LiteralValue::Boolean(value)) => Some(Literal::Bool(*value.inner())),
        Expr::Literal(LiteralValue::Int(number)) => Some(Literal::Int(*number.inner())),
        Expr::Literal(LiteralValue::String(text)) => Some(Literal::Text(text.inner().into())),
        _ => None,
    }
}
