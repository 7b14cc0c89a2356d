//! The name of a setting in text: how far it reaches, and what it is known as.
//!
//! Invariant: costs the length of the name.

use super::super::key::is_name;
use super::super::{header, tree};
use super::Named;

/// How many bytes of a name these characters begin with.
pub(super) fn reach(letters: impl Iterator<Item = char>) -> usize {
    let is_part = |letter: &char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    letters.take_while(is_part).map(char::len_utf8).sum()
}

/// `User\-Password`: a hyphen of a page of the manual, not the mark of an option.
pub(super) fn is_hyphen(before: &str) -> bool {
    before.strip_suffix('\\').is_some_and(|before| before.ends_with(|letter: char| letter.is_ascii_alphanumeric()))
}

/// `"PASS: the page opens"`: what a test prints.
pub(super) fn is_verdict(named: &Named<'_>, text: &str) -> bool {
    let is_open = named.quote.is_some() && named.after == named.span.end;
    is_open && named.name == "PASS" && text.get(named.after..).is_some_and(|rest| rest.starts_with(": "))
}

/// Whether a value may be a secret because it has this name, alone or in a list.
pub(super) fn is_known(name: &str) -> bool {
    let single = tree::singular(name);
    is_name(name) || single != name && is_name(single) || header::is_name(name)
}

/// What a name that is an option, a phrase or a verb of its language stands for.
pub(super) fn known_as(name: &str) -> &str {
    let name = name.trim_start_matches('-');
    let is_password = ["identified by", "convertto-securestring"].iter().any(|known| name.eq_ignore_ascii_case(known));
    if is_password || name.to_ascii_lowercase().starts_with("mysql_native_") { "password" } else { name }
}
