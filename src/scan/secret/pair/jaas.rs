//! Logins of the Java Authentication and Authorization Service: `…LoginModule required password="…" user_ann="…";`.
//!
//! Invariant: a module is read once, no further than its `;` and [`MAX_MODULE`] bytes.

use super::passage::Passage;
use super::read::{self, Extent};
use super::{Extraction, Form};
use crate::scan::span::Span;

/// Longest list of options, in bytes.
const MAX_MODULE: usize = 2000;
/// What the name of an option begins with that holds the password of a user.
const USER: &str = "user_";

/// Reads the users of the module whose name holds `word`; its own password is read as any other setting.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, word: Span) {
    let text = &*passage.text;
    let limit = text.floor_char_boundary((word.end + MAX_MODULE).min(text.len()));
    let rest = text.get(word.end..limit).filter(|rest| word.of(text) == "Login" && rest.starts_with("Module"));
    let options = rest.and_then(|rest| rest.split(';').next()).unwrap_or_default();
    for (offset, _) in options.match_indices(USER) {
        let start = word.end + offset;
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        let name = text.get(start..).unwrap_or_default().find(|letter| !is_name(letter)).unwrap_or_default();
        let is_option = text.get(..start).is_some_and(|before| before.ends_with([' ', '\t', '\n', '\\']))
            && text.as_bytes().get(start + name) == Some(&b'=');
        let value = read::read(text, start + name + 1, Extent::Quoted).filter(|_| is_option);
        if let Some(value) = value {
            extraction.pair(passage, "password", &value.value, value.span, Form::Setting);
        }
    }
}
