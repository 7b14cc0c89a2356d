//! Words of an instruction, as written and as expanded.
//!
//! Invariant: a word's span covers all of its characters in the file, quotes included, and nothing else.

use super::source::Source;
use crate::scan::span::Span;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word as written, continued lines joined; a string of the JSON form, decoded.
    pub raw: Box<str>,
    /// The word without quotes and with its variables replaced; `None` when a variable is not known before the build.
    pub value: Option<Box<str>>,
    /// The place of the word.
    pub span: Span,
}

impl Word {
    /// The value, or the text as written where the value is not known.
    pub fn shown(&self) -> &str {
        self.value.as_deref().unwrap_or(&self.raw)
    }

    pub(super) fn unexpanded(source: &Source, start: usize, end: usize) -> Self {
        let raw = source.text().get(start..end).unwrap_or_default();
        Self { raw: raw.into(), value: None, span: source.span(start, end) }
    }
}

/// A word's bytes in a joined text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawWord {
    pub start: usize,
    pub end: usize,
    /// Whether all quotes of the word are closed.
    pub closed: bool,
}

/// The next word at or after `from`: white space inside quotes, or after the escape character, does not end it.
pub(super) fn next_quoted(text: &str, from: usize, escape: char) -> Option<RawWord> {
    let rest = text.get(from..)?;
    let start = from + (rest.len() - rest.trim_start().len());
    let mut letters = text.get(start..)?.char_indices();
    let mut quote = None;
    let mut end = text.len();
    let mut seen = false;
    while let Some((offset, letter)) = letters.next() {
        if letter == escape && quote != Some('\'') {
            letters.next();
        } else if Some(letter) == quote {
            quote = None;
        } else if quote.is_none() && (letter == '"' || letter == '\'') {
            quote = Some(letter);
        } else if quote.is_none() && letter.is_whitespace() {
            end = start + offset;
            break;
        }
        seen = true;
    }
    seen.then_some(RawWord { start, end, closed: quote.is_none() })
}

/// All words from `from` on.
pub(super) fn quoted_words(text: &str, from: usize, escape: char) -> Vec<RawWord> {
    let mut words = Vec::new();
    let mut position = from;
    while let Some(word) = next_quoted(text, position, escape) {
        position = word.end;
        words.push(word);
    }
    words
}

/// All runs of characters that are no white space, from `from` on.
pub(super) fn plain_words(text: &str, from: usize) -> Vec<RawWord> {
    let mut words = Vec::new();
    let mut start = None;
    for (offset, letter) in text.char_indices().skip_while(|(offset, _)| *offset < from) {
        match (start, letter.is_whitespace()) {
            (None, false) => start = Some(offset),
            (Some(first), true) => {
                words.push(RawWord { start: first, end: offset, closed: true });
                start = None;
            }
            _ => {}
        }
    }
    if let Some(first) = start {
        words.push(RawWord { start: first, end: text.len(), closed: true });
    }
    words
}

/// The strings of a JSON array at `from`, as (start, end, decoded) with the quotes left out of the bytes; `None` when
/// the text there is no array of strings.
pub(super) fn json_strings(text: &str, from: usize) -> Option<Vec<(usize, usize, String)>> {
    let mut position = skip_blank(text, from);
    let mut strings = Vec::new();
    if !text.get(position..)?.starts_with('[') {
        return None;
    }
    position = skip_blank(text, position + 1);
    if text.get(position..)?.starts_with(']') {
        return Some(strings);
    }
    loop {
        let end = json_string_end(text, position)?;
        strings.push((position + 1, end - 1, serde_json::from_str(text.get(position..end)?).ok()?));
        position = skip_blank(text, end);
        match text.as_bytes().get(position)? {
            b',' => position = skip_blank(text, position + 1),
            b']' => return Some(strings),
            _ => return None,
        }
    }
}

fn skip_blank(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start().len())
}

/// The end of the JSON string that begins at `start`, its closing quote included.
fn json_string_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(start) != Some(&b'"') {
        return None;
    }
    let mut position = start + 1;
    loop {
        match bytes.get(position)? {
            b'"' => return Some(position + 1),
            b'\\' => position += 2,
            _ => position += 1,
        }
    }
}
