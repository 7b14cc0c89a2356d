//! The variables that a shell text finds set, with their values.
//!
//! Invariant: a value is given only when the text can't have changed it; a name that the text may set itself has none,
//! and the bytes that all values of one text bring are bounded.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The most bytes that values may add to the words of one text.
const MAX_ADDED_BYTES: usize = 256 * 1024;

/// Commands whose words are names that they set, or unset.
const SETTERS: [&str; 7] = ["for", "select", "read", "unset", "getopts", "mapfile", "readarray"];
/// Commands that run text which may set anything.
const READERS: [&str; 3] = ["eval", "source", "."];

/// Values by name.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: HashMap<Box<str>, Arc<str>>,
    added: Cell<usize>,
}

impl Variables {
    /// The `values` that hold in all of `texts`, which one shell reads one after the other.
    pub fn held(values: HashMap<Box<str>, Arc<str>>, texts: &[&str]) -> Self {
        if values.is_empty() || texts.iter().any(|text| runs_other_text(text)) {
            return Self::default();
        }
        let set: HashSet<&str> = texts.iter().flat_map(|text| names_set(text)).collect();
        let values = values.into_iter().filter(|(name, _)| !set.contains(&**name)).collect();
        Self { values, added: Cell::new(0) }
    }

    /// The value of `name`; `None` when it is not certain.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.values.get(name)?;
        self.added.set(self.added.get().saturating_add(value.len() + 1));
        (self.added.get() <= MAX_ADDED_BYTES).then_some(value)
    }
}

/// The names of the variables that `text` asks for: `$NAME`, `${NAME…`.
pub fn names_asked(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| name_at(rest.strip_prefix('{').unwrap_or(rest))).filter(|name| !name.is_empty())
}

/// The name at the beginning of `text`; empty when there is none.
pub(super) fn name_at(text: &str) -> &str {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let name = text.get(..length).unwrap_or_default();
    if name.starts_with(|first: char| first.is_ascii_digit()) { "" } else { name }
}

/// Words of the text, roughly: what stands between blanks and separators, a separator being a word of its own.
fn rough_words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\t', '\n', '\r', ';', '&', '|', '(', ')', '{', '}', '`', '"', '\'']).flat_map(|piece| {
        let word = piece.trim_end_matches([' ', '\t', '\n', '\r', ';', '&', '|', '(', ')', '{', '}', '`', '"', '\'']);
        let separator = piece.get(word.len()..).unwrap_or_default();
        [word, separator]
    })
}

fn ends_command(word: &str) -> bool {
    word.starts_with(['\n', ';', '&', '|', '(', '{', '`', '"', '\''])
}

fn runs_other_text(text: &str) -> bool {
    let mut begins = true;
    for word in rough_words(text) {
        if begins && READERS.contains(&word) {
            return true;
        }
        begins = match word {
            "" | " " | "\t" | "\r" => begins,
            "then" | "do" | "else" | "!" => true,
            _ => ends_command(word),
        };
    }
    false
}

fn names_set(text: &str) -> HashSet<&str> {
    let mut names = HashSet::new();
    let mut lists_names = false;
    for word in rough_words(text) {
        if SETTERS.contains(&word) {
            lists_names = true;
        } else if ends_command(word) {
            lists_names = false;
        } else if lists_names {
            names.insert(name_at(word));
        }
    }
    for (at, _) in text.match_indices('=') {
        let before = text.get(..at).unwrap_or_default();
        let before = before.strip_suffix('+').unwrap_or(before);
        let length = before.bytes().rev().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        names.insert(before.get(before.len() - length..).unwrap_or_default());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, held: bool) {
        let values = HashMap::from([("V".into(), "1".into())]);
        assert_eq!(Variables::held(values, &[text]).get("V").is_some(), held, "{text:?}");
    }

    #[test]
    fn a_name_that_the_text_may_set_has_no_value() {
        for text in ["a $V", "a W=$V", "AV=1 b", "pip install . $V", "for W in a; do b $V; done", "read W; a $V"] {
            check(text, true);
        }
        for text in [
            "V=2; a $V",
            "export V=2",
            "V+=x",
            "for V in a; do b; done",
            "read -r W V",
            "unset V",
            ". ./x && a $V",
            "a; source x",
            "a; if b; then eval c; fi",
            "$(eval x)",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn the_names_that_a_text_asks_for_are_found() {
        assert_eq!(names_asked("$A ${B} ${C:-x} $1 $$ \\$D $").collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    }

    #[test]
    fn the_bytes_that_values_add_are_bounded() {
        let values = HashMap::from([("V".into(), "x".repeat(100_000).into())]);
        let variables = Variables::held(values, &[]);
        assert!(variables.get("V").is_some() && variables.get("V").is_some());
        assert!(variables.get("V").is_none());
    }
}
