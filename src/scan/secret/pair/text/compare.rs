//! Calls that compare a password with a literal: `strcmp(password, "…")`, `"…".equals(password)`.
//!
//! Invariant: looks at what stands around the name on its line.

use super::super::Form;
use super::super::key::{Name, Nature};
use super::super::read::{self, Extent};
use super::{Named, Reader};
use crate::scan::span::Span;

/// Calls that compare their first two arguments, up to their parenthesis.
const CALLS: [&str; 8] =
    ["strcmp(", "strncmp(", "strcasecmp(", "equals(", "compare_digest(", "compare(", "equal(", "hash_equals("];
/// What stands between a literal and what it is compared with.
const METHODS: [&str; 3] = [".equals(", ".equalsignorecase(", ".contentequals("];

impl Reader<'_, '_> {
    /// Judges the literal that a call compares with the value of the name; says whether there is one.
    pub(super) fn is_compared_by_call(&mut self, named: &Named<'_>, name: &str) -> bool {
        let is_argument = named.before.trim_end_matches(' ').ends_with(['(', ',']);
        if !is_argument || !self.is_source() || named.quote.is_some() {
            return false;
        }
        let is_test = ["assert", "expect"].iter().any(|word| named.before.contains(word));
        if is_test {
            return false;
        }
        let Some(literal) = literal_before(named).or_else(|| self.literal_after(named)) else { return false };
        // A token that code compares is mostly one of a language.
        let is_kept = Name::read(name).is_some_and(|read| matches!(read.nature, Nature::Password | Nature::Key));
        is_kept && self.extraction.pair(self.passage, name, literal.of(self.text), literal, Form::Compared)
    }

    /// The second argument of a call whose first one is the name.
    fn literal_after(&self, named: &Named<'_>) -> Option<Span> {
        let before = named.before.to_ascii_lowercase();
        let rest = self.text.get(named.after..)?;
        let rest = rest.strip_prefix("()").unwrap_or(rest);
        let literal = rest
            .trim_start_matches(' ')
            .strip_prefix(',')
            .filter(|_| CALLS.iter().any(|call| before.ends_with(call)))?;
        let start = self.text.len() - literal.len();
        read::read(self.text, start, Extent::Quoted).map(|read| read.span)
    }
}

/// The literal before the name: the object of the call, or its first argument.
fn literal_before(named: &Named<'_>) -> Option<Span> {
    let lower = named.before.to_ascii_lowercase();
    let method = METHODS.iter().find_map(|method| lower.strip_suffix(*method));
    let argument = || lower.trim_end_matches(' ').strip_suffix(',');
    let literal = method.or_else(argument)?.strip_suffix('"')?;
    let open = literal.rfind('"')?;
    let is_compared =
        method.is_some() || CALLS.iter().any(|call| literal.get(..open).is_some_and(|before| before.ends_with(call)));
    let start = named.span.start - named.before.len() + open + 1;
    is_compared.then(|| Span::new(start, start + literal.len() - open - 1))
}
