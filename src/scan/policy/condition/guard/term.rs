//! What guards compare: facts, and what is made of them without a doubt.
//!
//! Invariant: a term that is not certain, or that the evaluation would refuse, is [`Seen::Unknown`].

use std::borrow::Cow;
use std::cell::Cell;

use super::super::value::{PARAMETERS, SETTINGS};
use super::{Guard, Path};
use crate::scan::document::node::{Node, Value};

/// Bytes of a text that cost one step.
const BYTES_PER_STEP: usize = 64;

/// A part of a condition that gives a value.
#[derive(Clone, Debug)]
pub(in super::super) enum Term {
    /// The fact at the end of a path.
    Fact(Path),
    /// What a map has under a key.
    Entry(Box<Term>, Box<Term>),
    /// The number of items, entries or characters.
    Size(Box<Term>),
    /// `string(…)`.
    Text(Box<Term>),
    /// `int(…)`.
    Number(Box<Term>),
    /// `….lower()`.
    Lower(Box<Term>),
    /// The first where the guard is true, else the second.
    Choice(Box<Guard>, Box<[Term; 2]>),
    /// A value that is written out.
    Literal(Literal),
    /// `[]`.
    Nothing,
}

/// What a fact is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Text(Box<str>),
}

/// The value of a term, as far as it is known.
#[derive(Clone, Debug)]
pub(in super::super) enum Seen<'n> {
    Absent,
    /// As it stands in the document; neither null nor unknown.
    Known(&'n Node),
    Bool(bool),
    Int(i64),
    Text(Cow<'n, str>),
    /// An empty list.
    Nothing,
    Unknown,
}

/// What the names of a condition stand for, and how many steps are left before the evaluation has to decide.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'n> {
    pub facts: &'n Node,
    /// The settings and parameters.
    pub given: &'n Node,
    /// The variables of the loops around, the innermost first.
    pub bound: Option<&'s Bound<'s, 'n>>,
    pub steps: &'s Cell<usize>,
}

/// A loop's variable.
pub(super) struct Bound<'s, 'n> {
    pub name: &'s str,
    pub value: Seen<'n>,
    pub outer: Option<&'s Bound<'s, 'n>>,
}

impl<'n> Scope<'_, 'n> {
    /// Takes a step; `None` when there is none left.
    pub fn step(&self, cost: usize) -> Option<()> {
        let left = self.steps.get().checked_sub(cost);
        self.steps.set(left.unwrap_or_default());
        left.map(drop)
    }

    fn variable(&self, name: &str) -> Option<&Seen<'n>> {
        std::iter::successors(self.bound, |bound| bound.outer)
            .find(|bound| bound.name == name)
            .map(|bound| &bound.value)
    }

    /// The fact at the end of `path`.
    pub fn look(&self, path: &[Box<str>]) -> Seen<'n> {
        let (Some((first, rest)), Some(())) = (path.split_first(), self.step(1)) else { return Seen::Unknown };
        match self.variable(first) {
            Some(value) => below(value.clone(), rest),
            None if matches!(&**first, SETTINGS | PARAMETERS) => below(Seen::Known(self.given), path),
            None => below(Seen::Known(self.facts), path),
        }
    }
}

/// What stands at the end of `steps` below `seen`.
fn below<'n>(seen: Seen<'n>, steps: &[Box<str>]) -> Seen<'n> {
    steps.iter().fold(seen, |seen, step| match seen {
        Seen::Known(node) => match node.value() {
            Value::Mapping(mapping) => match mapping.get(step) {
                Some(entry) => Seen::of(&entry.value),
                None if mapping.is_open() => Seen::Unknown,
                None => Seen::Absent,
            },
            // A step into a text or a list is a mistake that the evaluation names.
            _ => Seen::Unknown,
        },
        Seen::Absent => Seen::Absent,
        _ => Seen::Unknown,
    })
}

impl Term {
    /// The value.
    pub(super) fn see<'n>(&self, scope: Scope<'_, 'n>) -> Seen<'n> {
        match self {
            Self::Fact(path) => scope.look(path),
            Self::Entry(map, key) => match key.see(scope).text() {
                Some(key) => below(map.see(scope), &[key.into()]),
                None => Seen::Unknown,
            },
            Self::Size(of) => of.see(scope).size(),
            Self::Text(of) => match of.see(scope) {
                Seen::Known(node) => match node.value() {
                    Value::String(text) => Seen::Text(Cow::Borrowed(text)),
                    Value::Int(number) => Seen::Text(number.to_string().into()),
                    _ => Seen::Unknown,
                },
                Seen::Int(number) => Seen::Text(number.to_string().into()),
                Seen::Text(text) => Seen::Text(text),
                _ => Seen::Unknown,
            },
            Self::Number(of) => {
                let seen = of.see(scope);
                let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
                seen.int().or_else(|| plain(seen.text()?)).map_or(Seen::Unknown, Seen::Int)
            }
            Self::Lower(of) => match of.see(scope).text() {
                Some(text) => Seen::Text(text.to_ascii_lowercase().into()),
                None => Seen::Unknown,
            },
            Self::Choice(guard, terms) => match (guard.holds(scope), &**terms) {
                (Some(true), [first, _]) => first.see(scope),
                (Some(false), [_, second]) => second.see(scope),
                (None, _) => Seen::Unknown,
            },
            Self::Literal(literal) => match literal {
                Literal::Null => Seen::Absent,
                Literal::Bool(value) => Seen::Bool(*value),
                Literal::Int(number) => Seen::Int(*number),
                Literal::Text(text) => Seen::Text(text.to_string().into()),
            },
            Self::Nothing => Seen::Nothing,
        }
    }
}

impl<'n> Seen<'n> {
    pub fn of(node: &'n Node) -> Self {
        match node.value() {
            Value::Null => Self::Absent,
            Value::Unknown(_) => Self::Unknown,
            _ => Self::Known(node),
        }
    }

    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Known(node) => node.as_str(),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when it is a whole one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Known(node) => node.as_int(),
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, when it is one.
    pub fn bool(&self) -> Option<bool> {
        match self {
            Self::Known(node) => node.as_bool(),
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn size(&self) -> Self {
        let size = match self {
            Self::Nothing => Some(0),
            Self::Known(node) => match node.value() {
                Value::Sequence(items) => Some(items.len()),
                Value::String(text) => Some(text.chars().count()),
                _ => None,
            },
            Self::Text(text) => Some(text.chars().count()),
            _ => None,
        };
        size.and_then(|size| i64::try_from(size).ok()).map_or(Self::Unknown, Self::Int)
    }

    /// What a text costs to look through.
    pub fn cost(&self) -> usize {
        self.text().map_or(0, str::len) / BYTES_PER_STEP
    }

    /// Whether the two are equal; `None` where the evaluation has to tell.
    pub fn equals(&self, other: &Seen<'_>) -> Option<bool> {
        match (self, other) {
            (Self::Unknown, _) | (_, Seen::Unknown) => return None,
            (Self::Absent, Seen::Absent) => return Some(true),
            (Self::Absent, _) | (_, Seen::Absent) => return Some(false),
            _ => {}
        }
        match (self.scalar()?, other.scalar()?) {
            (Scalar::Text(one), Scalar::Text(two)) => Some(one == two),
            (Scalar::Int(one), Scalar::Int(two)) => Some(one == two),
            (Scalar::Bool(one), Scalar::Bool(two)) => Some(one == two),
            _ => Some(false),
        }
    }

    fn scalar(&self) -> Option<Scalar<'_>> {
        self.text().map(Scalar::Text).or_else(|| self.int().map(Scalar::Int)).or_else(|| self.bool().map(Scalar::Bool))
    }

    /// Whether it is the literal; `None` where the evaluation has to tell.
    pub fn is(&self, literal: &Literal) -> Option<bool> {
        match (self, literal) {
            (Self::Unknown, _) => None,
            (Self::Absent, _) => Some(*literal == Literal::Null),
            (_, Literal::Null) => self.is_other_than_null(),
            (_, Literal::Bool(value)) => self.equals(&Seen::Bool(*value)),
            (_, Literal::Int(number)) => self.equals(&Seen::Int(*number)),
            (_, Literal::Text(text)) => self.equals(&Seen::Text(Cow::Borrowed(text))),
        }
    }

    fn is_other_than_null(&self) -> Option<bool> {
        match self {
            Self::Known(node) => (!matches!(node.value(), Value::Float(_))).then_some(false),
            _ => Some(false),
        }
    }

    /// Whether a list has `item`, or a map that key; `None` where the evaluation has to tell.
    pub fn has(&self, item: &Seen<'_>) -> Option<bool> {
        match self {
            Self::Absent | Self::Nothing => item.scalar().map(|_| false),
            Self::Known(node) => match node.value() {
                Value::Sequence(items) => {
                    item.scalar()?;
                    let mut all = Some(false);
                    for each in items {
                        match Seen::of(each).equals(item) {
                            Some(true) => return Some(true),
                            Some(false) => {}
                            None => all = None,
                        }
                    }
                    all
                }
                Value::Mapping(map) => match map.get(item.text()?) {
                    Some(_) => Some(true),
                    None => (!map.is_open()).then_some(false),
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What a loop goes through, and whether there may be more; `None` when that is not certain.
    pub fn items(self) -> Option<(Vec<Self>, bool)> {
        match self {
            Self::Absent | Self::Nothing => Some((Vec::new(), false)),
            Self::Known(node) => match node.value() {
                Value::Sequence(items) => Some((items.iter().map(Self::of).collect(), false)),
                Value::Mapping(map) => {
                    let keys = map.entries().iter().map(|entry| Self::Text(Cow::Borrowed(&entry.key)));
                    Some((keys.collect(), map.is_open()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// What may be compared.
enum Scalar<'t> {
    Text(&'t str),
    Int(i64),
    Bool(bool),
}
