//! What makes a condition false for certain, found without evaluating it.
//!
//! Most policies ask of most things in vain: another kind of object, a field that is not set. A guard is what a
//! condition compares with literals, so that looking a fact up is all it takes to say no.
//!
//! Invariant: a guard that says no is right; where it can't tell, the condition is evaluated.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::value::{PARAMETERS, SETTINGS};
use crate::scan::document::node::{Node, Value};

/// A part of a condition that may be false for certain.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Guard {
    /// False when one of them is.
    And(Vec<Guard>),
    /// False when all of them are.
    Or(Vec<Guard>),
    /// False when the fact is none of the literals.
    OneOf(Path, Vec<Literal>),
    /// False when the fact is the literal.
    Not(Path, Literal),
    /// False when the fact is absent or an empty list.
    Filled(Path),
    /// False when the number of the fact is below the bound.
    AtLeast(Path, i64),
    /// False when the number of the fact is above the bound.
    AtMost(Path, i64),
    /// Nothing is known of it.
    Open,
}

/// The steps to a fact.
pub(super) type Path = Vec<Box<str>>;

/// What a fact is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Text(Box<str>),
}

/// A fact, as far as it is known.
enum Fact<'n> {
    Absent,
    Known(&'n Node),
    Unknown,
}

impl Guard {
    /// The guard of a parsed condition.
    pub(super) fn of(expression: &IdedExpr) -> Self {
        match &expression.expr {
            Expr::Call(call) => Self::of_call(call),
            Expr::Comprehension(inner) => Self::of_loop(inner),
            Expr::Ident(_) | Expr::Select(_) => {
                path(expression).map_or(Self::Open, |path| Self::Not(path, Literal::Bool(false)))
            }
            _ => Self::Open,
        }
    }

    fn of_call(call: &CallExpr) -> Self {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, parts) => Self::And(known(parts.iter().map(Self::of).collect())),
            (operators::LOGICAL_OR, parts) => {
                let parts: Vec<Self> = parts.iter().map(Self::of).collect();
                if parts.contains(&Self::Open) { Self::Open } else { Self::Or(parts) }
            }
            (operators::LOGICAL_NOT, [part]) => match path(part) {
                Some(path) => Self::Not(path, Literal::Bool(true)),
                None => Self::Open,
            },
            (operators::EQUALS, [left, right]) => {
                compared(left, right, |path, literal| Self::OneOf(path, vec![literal]))
            }
            (operators::NOT_EQUALS, [left, right]) => compared(left, right, Self::Not),
            (operators::IN, [left, right]) => match (path(left), literals(right)) {
                (Some(path), Some(literals)) => Self::OneOf(path, literals),
                _ => path(right).map_or(Self::Open, Self::Filled),
            },
            (operators::GREATER_EQUALS, [left, right]) => bounded(left, right, 0, Self::AtLeast),
            (operators::GREATER, [left, right]) => bounded(left, right, 1, Self::AtLeast),
            (operators::LESS_EQUALS, [left, right]) => bounded(left, right, 0, Self::AtMost),
            (operators::LESS, [left, right]) => bounded(left, right, -1, Self::AtMost),
            _ => Self::Open,
        }
    }

    /// `list.exists(…)`, which begins as false and goes on with `||`.
    fn of_loop(inner: &ComprehensionExpr) -> Self {
        let begins_false =
            matches!(&inner.accu_init.expr, Expr::Literal(LiteralValue::Boolean(value)) if !*value.inner());
        let is_or = matches!(&inner.loop_step.expr, Expr::Call(step) if step.func_name == operators::LOGICAL_OR);
        let gives_it = matches!(&inner.result.expr, Expr::Ident(name) if *name == inner.accu_var);
        match path(&inner.iter_range) {
            Some(path) if begins_false && is_or && gives_it => Self::Filled(path),
            _ => Self::Open,
        }
    }

    /// Whether the condition is false for certain. `given` holds the settings and parameters.
    pub(super) fn denies(&self, facts: &Node, given: &Node) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(|part| part.denies(facts, given)),
            Self::Or(parts) => parts.iter().all(|part| part.denies(facts, given)),
            Self::OneOf(path, literals) => match look(path, facts, given) {
                Fact::Absent => !literals.contains(&Literal::Null),
                Fact::Known(node) => literals.iter().all(|literal| differs(node, literal)),
                Fact::Unknown => false,
            },
            Self::Not(path, literal) => match look(path, facts, given) {
                Fact::Absent => *literal == Literal::Null,
                Fact::Known(node) => is(node, literal),
                Fact::Unknown => false,
            },
            Self::Filled(path) => match look(path, facts, given) {
                Fact::Absent => true,
                Fact::Known(node) => matches!(node.value(), Value::Sequence(items) if items.is_empty()),
                Fact::Unknown => false,
            },
            Self::AtLeast(path, bound) => number(path, facts, given).is_some_and(|number| number < *bound),
            Self::AtMost(path, bound) => number(path, facts, given).is_some_and(|number| number > *bound),
            Self::Open => false,
        }
    }
}

/// The parts that can say no.
fn known(parts: Vec<Guard>) -> Vec<Guard> {
    parts.into_iter().filter(|part| *part != Guard::Open).collect()
}

fn compared(left: &IdedExpr, right: &IdedExpr, guard: impl Fn(Path, Literal) -> Guard) -> Guard {
    let (fact, other) = if literal(left).is_some() { (right, left) } else { (left, right) };
    match (path(fact), literal(other)) {
        (Some(path), Some(literal)) => guard(path, literal),
        _ => Guard::Open,
    }
}

fn bounded(left: &IdedExpr, right: &IdedExpr, step: i64, guard: impl Fn(Path, i64) -> Guard) -> Guard {
    match (path(left), literal(right)) {
        (Some(path), Some(Literal::Int(bound))) => {
            bound.checked_add(step).map_or(Guard::Open, |bound| guard(path, bound))
        }
        _ => Guard::Open,
    }
}

/// The steps of `a.b.c` and `a["b"]`.
fn path(expression: &IdedExpr) -> Option<Path> {
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

fn literals(expression: &IdedExpr) -> Option<Vec<Literal>> {
    match &expression.expr {
        Expr::List(list) => list.elements.iter().map(literal).collect(),
        _ => None,
    }
}

fn look<'n>(path: &[Box<str>], facts: &'n Node, given: &'n Node) -> Fact<'n> {
    let is_given = path.first().is_some_and(|name| matches!(&**name, SETTINGS | PARAMETERS));
    let mut node = if is_given { given } else { facts };
    for step in path {
        node = match node.value() {
            Value::Mapping(mapping) => match mapping.get(step) {
                Some(entry) => &entry.value,
                None if mapping.is_open() => return Fact::Unknown,
                None => return Fact::Absent,
            },
            Value::Null => return Fact::Absent,
            // A step into a text or a list is a mistake that the evaluation names.
            _ => return Fact::Unknown,
        };
    }
    match node.value() {
        Value::Null => Fact::Absent,
        Value::Unknown(_) => Fact::Unknown,
        _ => Fact::Known(node),
    }
}

fn is(node: &Node, literal: &Literal) -> bool {
    match (node.value(), literal) {
        (Value::Bool(value), Literal::Bool(other)) => value == other,
        (Value::Int(number), Literal::Int(other)) => number == other,
        (Value::String(text), Literal::Text(other)) => text == other,
        _ => false,
    }
}

/// Whether the two are certainly not equal: of one kind and not the same, or of kinds that never are.
fn differs(node: &Node, literal: &Literal) -> bool {
    match (node.value(), literal) {
        (Value::Bool(_), Literal::Bool(_))
        | (Value::Int(_), Literal::Int(_))
        | (Value::String(_), Literal::Text(_)) => !is(node, literal),
        (Value::Bool(_) | Value::Int(_) | Value::String(_) | Value::Sequence(_) | Value::Mapping(_), Literal::Null)
        | (Value::Bool(_), Literal::Int(_) | Literal::Text(_))
        | (Value::Int(_), Literal::Bool(_) | Literal::Text(_))
        | (Value::String(_), Literal::Bool(_) | Literal::Int(_)) => true,
        _ => false,
    }
}

fn number(path: &[Box<str>], facts: &Node, given: &Node) -> Option<i64> {
    match look(path, facts, given) {
        Fact::Known(node) => node.as_int(),
        Fact::Absent | Fact::Unknown => None,
    }
}
