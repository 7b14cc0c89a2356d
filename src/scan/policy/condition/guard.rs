//! What a condition is for certain, found without evaluating it.
//!
//! Most policies ask of most things in vain: another kind of object, a field that is not set. A guard is what a
//! condition compares with literals, so that looking a fact up is often all it takes to say no, or yes.
//!
//! Invariant: what a guard says is right; where it can't tell, the condition is evaluated.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::value::{PARAMETERS, SETTINGS};
use crate::scan::document::node::{Node, Value};

/// A part of a condition that may be decided for certain.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Guard {
    /// All of them.
    And(Vec<Guard>),
    /// One of them, or more.
    Or(Vec<Guard>),
    /// The fact is one of the literals.
    OneOf(Path, Vec<Literal>),
    /// The fact is not the literal.
    Not(Path, Literal),
    /// False when the fact is absent or an empty list.
    Filled(Path),
    /// The fact is that boolean.
    Flag(Path, bool),
    /// The fact is a list or map that holds the literal.
    Holds(Path, Literal),
    /// The fact is a text that begins so.
    Starts(Path, Box<str>),
    /// The fact is a text that ends so.
    Ends(Path, Box<str>),
    /// Not so.
    Negated(Box<Guard>),
    /// The number of the fact is the bound or more.
    AtLeast(Path, i64),
    /// The number of the fact is the bound or less.
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
pub(super) enum Fact<'n> {
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
            Expr::Ident(_) | Expr::Select(_) => path(expression).map_or(Self::Open, |path| Self::Flag(path, true)),
            _ => Self::Open,
        }
    }

    fn of_call(call: &CallExpr) -> Self {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, parts) => Self::And(parts.iter().map(Self::of).collect()),
            (operators::LOGICAL_OR, parts) => Self::Or(parts.iter().map(Self::of).collect()),
            (operators::LOGICAL_NOT, [part]) => match path(part) {
                Some(path) => Self::Flag(path, false),
                None => Self::Negated(Box::new(Self::of(part))),
            },
            ("startsWith", [start]) => affix(call, start, Self::Starts),
            ("endsWith", [end]) => affix(call, end, Self::Ends),
            (operators::EQUALS, [left, right]) => {
                compared(left, right, |path, literal| Self::OneOf(path, vec![literal]))
            }
            (operators::NOT_EQUALS, [left, right]) => compared(left, right, Self::Not),
            (operators::IN, [left, right]) => match (path(left), literals(right)) {
                (Some(path), Some(literals)) => Self::OneOf(path, literals),
                _ => match (literal(left), path(right)) {
                    (Some(literal @ Literal::Text(_)), Some(path)) => Self::Holds(path, literal),
                    (_, Some(path)) => Self::Filled(path),
                    (_, None) => Self::Open,
                },
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

    /// What the condition is for certain; `None` where only its evaluation tells. `given` holds the settings and
    /// parameters.
    pub(super) fn decides(&self, facts: &Node, given: &Node) -> Option<bool> {
        match self {
            Self::And(parts) => unless(false, parts, facts, given),
            Self::Or(parts) => unless(true, parts, facts, given),
            Self::OneOf(path, literals) => match look(path, facts, given) {
                Fact::Absent if literals.contains(&Literal::Null) => (literals.len() == 1).then_some(true),
                Fact::Absent => Some(false),
                Fact::Known(node) if literals.iter().any(|literal| is(node, literal)) => Some(true),
                Fact::Known(node) => literals.iter().all(|literal| differs(node, literal)).then_some(false),
                Fact::Unknown => None,
            },
            Self::Not(path, literal) => match look(path, facts, given) {
                Fact::Absent => Some(*literal != Literal::Null),
                Fact::Known(node) if is(node, literal) => Some(false),
                Fact::Known(node) => differs(node, literal).then_some(true),
                Fact::Unknown => None,
            },
            Self::Filled(path) => match look(path, facts, given) {
                Fact::Absent => Some(false),
                Fact::Known(node) => {
                    matches!(node.value(), Value::Sequence(items) if items.is_empty()).then_some(false)
                }
                Fact::Unknown => None,
            },
            // Of anything but a boolean that is a mistake, which the evaluation names; as with texts below.
            Self::Flag(path, wanted) => known(path, facts, given)?.as_bool().map(|value| value == *wanted),
            Self::Holds(path, literal) => match look(path, facts, given) {
                Fact::Absent => Some(false),
                Fact::Known(node) => holds(node, literal),
                Fact::Unknown => None,
            },
            Self::Starts(path, start) => known(path, facts, given)?.as_str().map(|text| text.starts_with(&**start)),
            Self::Ends(path, end) => known(path, facts, given)?.as_str().map(|text| text.ends_with(&**end)),
            Self::Negated(part) => part.decides(facts, given).map(|value| !value),
            Self::AtLeast(path, bound) => number(path, facts, given).map(|number| number >= *bound),
            Self::AtMost(path, bound) => number(path, facts, given).map(|number| number <= *bound),
            Self::Open => None,
        }
    }
}

/// What parts are together of which one that is `decisive` decides alone, whatever becomes of the others.
fn unless(decisive: bool, parts: &[Guard], facts: &Node, given: &Node) -> Option<bool> {
    let mut all = Some(!decisive);
    for part in parts {
        match part.decides(facts, given) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => all = None,
        }
    }
    all
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
pub(super) fn path(expression: &IdedExpr) -> Option<Path> {
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

/// The fact at the end of `path`.
pub(super) fn look<'n>(path: &[Box<str>], facts: &'n Node, given: &'n Node) -> Fact<'n> {
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
    known(path, facts, given)?.as_int()
}

fn known<'n>(path: &[Box<str>], facts: &'n Node, given: &'n Node) -> Option<&'n Node> {
    match look(path, facts, given) {
        Fact::Known(node) => Some(node),
        Fact::Absent | Fact::Unknown => None,
    }
}

/// Whether a list has the literal as an item, or a map as a key; `None` where a template decides.
fn holds(node: &Node, literal: &Literal) -> Option<bool> {
    match (node.value(), literal) {
        (Value::Sequence(items), _) if items.iter().any(|item| is(item, literal)) => Some(true),
        (Value::Sequence(items), _) => {
            items.iter().all(|item| differs(item, literal) || item.is_null()).then_some(false)
        }
        (Value::Mapping(map), Literal::Text(key)) if map.get(key).is_some() => Some(true),
        (Value::Mapping(map), Literal::Text(_)) => (!map.is_open()).then_some(false),
        _ => None,
    }
}

/// A test of how the text that `call` is made on begins or ends.
fn affix(call: &CallExpr, affix: &IdedExpr, guard: impl Fn(Path, Box<str>) -> Guard) -> Guard {
    match (call.target.as_deref().and_then(path), literal(affix)) {
        (Some(path), Some(Literal::Text(text))) => guard(path, text),
        _ => Guard::Open,
    }
}
