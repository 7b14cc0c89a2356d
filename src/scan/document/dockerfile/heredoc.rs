//! Here-documents of RUN, COPY and ADD.
//!
//! Invariant: a `<<` counts only where it begins a word outside quotes, as the builder reads it.

use super::source::Source;
use super::word::{self, RawWord};
use crate::scan::span::Span;

/// A here-document: `<<NAME`, `<<-NAME`, `<<"NAME"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The closing word.
    pub name: Box<str>,
    /// Whether leading tabs fall away (`<<-`).
    pub strip_tabs: bool,
    /// Whether variables in the body are expanded: the closing word is not quoted.
    pub expands: bool,
    /// The place of the operator with its word.
    pub operator: Span,
    /// The lines of the body, the last line break included.
    pub body: Span,
    /// The body and its closing line.
    pub span: Span,
}

/// The here-documents that the words of an instruction announce, without their bodies.
pub(super) fn announced(source: &Source, escape: char) -> Vec<Heredoc> {
    let text = source.text();
    if !text.contains("<<") || !may_hold_heredocs(text) {
        return Vec::new();
    }
    let words = word::quoted_words(text, 0, escape);
    if words.iter().any(|word| !word.closed) {
        return Vec::new();
    }
    words.iter().filter_map(|raw| announced_by(raw, source)).collect()
}

fn announced_by(raw: &RawWord, source: &Source) -> Option<Heredoc> {
    let word = source.text().get(raw.start..raw.end)?;
    let rest = word.trim_start_matches(|letter: char| letter.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, name) = match rest.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, rest),
    };
    if name.is_empty() || name.contains('<') {
        return None;
    }
    let bare: String = name.chars().filter(|letter| !matches!(letter, '"' | '\'' | '\\')).collect();
    let expands = bare.len() == name.len();
    let operator = source.span(raw.start, raw.end);
    (!bare.is_empty()).then(|| Heredoc {
        name: bare.into(),
        strip_tabs,
        expands,
        operator,
        body: Span::default(),
        span: operator,
    })
}

/// Only RUN, COPY and ADD take here-documents, in ONBUILD too, and not in JSON form.
fn may_hold_heredocs(text: &str) -> bool {
    let mut words =
        word::plain_words(text, 0).into_iter().filter_map(|word| Some((word, text.get(word.start..word.end)?)));
    let keyword = words.find(|(_, name)| !name.eq_ignore_ascii_case("onbuild")).map(|(_, name)| name);
    let takes =
        keyword.is_some_and(|name| ["run", "copy", "add"].iter().any(|keyword| name.eq_ignore_ascii_case(keyword)));
    let first = words.find(|(_, argument)| !argument.starts_with("--"));
    takes && first.is_none_or(|(word, _)| word::json_strings(text, word.start).is_none())
}
