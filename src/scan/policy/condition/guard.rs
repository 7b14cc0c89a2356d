//! What a condition is for certain, found without evaluating it.
//!
//! Most policies ask of most things in vain: another kind of object, a field that is not set, a list without what they
//! look for. A guard is the part of a condition that looking facts up decides, at a small part of an evaluation's cost.
//!
//! Invariant: what a guard says is right; where it can't tell, or would take long, the condition is evaluated.

mod build;
mod term;

use std::cell::Cell;
use std::sync::Arc;

use super::rewrite::Pattern;
use crate::scan::document::node::Node;
pub(super) use build::{of, path};
pub(super) use term::Seen;
use term::{Bound, Literal, Scope, Term};

/// How many facts are looked up, bytes of text included, before the evaluation, which has its own budget, decides.
const MAX_STEPS: usize = 5_000;

/// The steps to a fact.
pub(super) type Path = Vec<Box<str>>;

/// A part of a condition that may be decided for certain.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    /// All of them.
    And(Vec<Guard>),
    /// One of them, or more.
    Or(Vec<Guard>),
    /// Not so.
    Not(Box<Guard>),
    /// The second where the first is true, else the third.
    Choice(Box<[Guard; 3]>),
    /// The term is `true`.
    Flag(Term),
    /// The term is one of the literals.
    OneOf(Term, Vec<Literal>),
    /// The two are equal.
    Same(Term, Term),
    /// The first is a list or map that has the second.
    Has(Term, Term),
    /// The first number is less than the second.
    Less(Term, Term),
    /// The term is a text in which the other stands.
    Text(Term, Place, Box<str>),
    /// The term is a text that the pattern matches.
    Matches(Term, Arc<Pattern>),
    /// Of the items of the range, each under that name, one is what the guard says: `exists`.
    Any(Range, Box<str>, Box<Guard>),
    /// As [`Guard::Any`], of all of them: `all`.
    All(Range, Box<str>, Box<Guard>),
    /// Nothing is known of it.
    Open,
}

/// Where a text stands in another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Start,
    End,
    Anywhere,
}

/// What a loop goes through.
#[derive(Clone, Debug)]
pub(super) enum Range {
    /// The items of a list, or the keys of a map.
    Of(Term),
    /// These.
    Each(Vec<Term>),
}

/// The fact at the end of `path`.
pub(super) fn look<'n>(path: &[Box<str>], facts: &'n Node, given: &'n Node) -> Seen<'n> {
    Scope { facts, given, bound: None, steps: &Cell::new(1) }.look(path)
}

impl Guard {
    /// What the condition is for certain; `None` where only its evaluation tells. `given` holds the settings and
    /// parameters.
    pub(super) fn decides(&self, facts: &Node, given: &Node) -> Option<bool> {
        self.holds(Scope { facts, given, bound: None, steps: &Cell::new(MAX_STEPS) })
    }

    fn holds(&self, scope: Scope<'_, '_>) -> Option<bool> {
        match self {
            Self::And(parts) => unless(false, parts.iter().map(|part| part.holds(scope))),
            Self::Or(parts) => unless(true, parts.iter().map(|part| part.holds(scope))),
            Self::Not(part) => part.holds(scope).map(|value| !value),
            Self::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                if condition.holds(scope)? { yes.holds(scope) } else { no.holds(scope) }
            }
            // Of anything but a boolean that is a mistake, which the evaluation names; as with texts below.
            Self::Flag(term) => term.see(scope).bool(),
            Self::OneOf(term, literals) => one_of(&term.see(scope), literals),
            Self::Same(left, right) => left.see(scope).equals(&right.see(scope)),
            Self::Has(whole, part) => whole.see(scope).has(&part.see(scope)),
            Self::Less(left, right) => Some(left.see(scope).int()? < right.see(scope).int()?),
            Self::Text(term, place, part) => {
                let seen = term.see(scope);
                scope.step(seen.cost())?;
                seen.text().map(|text| place.finds(text, part))
            }
            Self::Matches(term, pattern) => {
                let seen = term.see(scope);
                scope.step(seen.cost())?;
                seen.text().and_then(|text| Some(pattern.regex()?.is_match(text)))
            }
            Self::Any(range, name, part) => range.each(true, name, part, scope),
            Self::All(range, name, part) => range.each(false, name, part, scope),
            Self::Open => None,
        }
    }
}

/// What parts are together of which one that is `decisive` decides alone, whatever becomes of the others.
fn unless(decisive: bool, parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(!decisive);
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn one_of(seen: &Seen<'_>, literals: &[Literal]) -> Option<bool> {
    // CEL has no null of ours in a list.
    if matches!(seen, Seen::Absent) && literals.len() > 1 && literals.contains(&Literal::Null) {
        return None;
    }
    unless(true, literals.iter().map(|literal| seen.is(literal)))
}

impl Place {
    fn finds(self, text: &str, part: &str) -> bool {
        match self {
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Anywhere => text.contains(part),
        }
    }
}

impl Range {
    /// Whether `part` is `decisive` of any item; an error of one does not matter where another decides, as in CEL.
    fn each(&self, decisive: bool, name: &str, part: &Guard, scope: Scope<'_, '_>) -> Option<bool> {
        let (items, is_open) = match self {
            Self::Of(term) => term.see(scope).items()?,
            Self::Each(terms) => (terms.iter().map(|term| term.see(scope)).collect::<Vec<_>>(), false),
        };
        // A list that is written out is one value to CEL.
        if matches!(self, Self::Each(_)) && items.iter().any(|item| matches!(item, Seen::Unknown)) {
            return None;
        }
        let of_item = |value: Seen<'_>| {
            scope.step(1)?;
            part.holds(Scope { bound: Some(&Bound { name, value, outer: scope.bound }), ..scope })
        };
        unless(decisive, items.into_iter().map(of_item).chain(is_open.then_some(None)))
    }
}
