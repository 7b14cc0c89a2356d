//! A fix as a suggestion that replaces whole lines.
//!
//! Invariant: the replaced lines are all shown by the diff, hold no secret, and applying the suggestion gives exactly
//! the text that the verified edit gives.

use super::super::frame;
use crate::scan::finding::{Category, Finding};
use crate::scan::snapshot::ChangedFile;
use crate::scan::span::{LineIndex, Span};
use crate::verdict::Verdict;

/// Most lines that a suggestion replaces.
const MAX_LINES: usize = 60;

/// Most bytes of the new lines: a comment has at most 65,536 characters, and a longer suggestion is none to read.
const MAX_BYTES: usize = 20_000;

/// Lines `first_line` to `last_line`, replaced by `text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub first_line: usize,
    pub last_line: usize,
    /// The new lines, each with its line break; empty to remove the lines.
    pub text: String,
}

/// The suggestion for `finding`, when its edit can be one.
pub(super) fn of(finding: &Finding, file: &ChangedFile, verdict: &Verdict) -> Option<Suggestion> {
    let edit = finding.edit.as_ref().filter(|_| finding.category != Category::Secret)?;
    let text = file.head.text()?;
    if has_lone_carriage_return(text) {
        return None;
    }
    let lines = LineIndex::new(text);
    let region = [false, true].into_iter().find_map(|upwards| {
        let region = region(text, &lines, edit.span, &edit.replacement, upwards)?;
        let (first, last) = (lines.line(region.start), lines.line(region.end.saturating_sub(1).max(region.start)));
        let shown = last - first < MAX_LINES && file.visible.covers(first, last);
        shown.then_some((region, first, last))
    });
    let (region, first_line, last_line) = region?;
    if frame::secrets(verdict, &finding.path).iter().any(|secret| secret.overlaps(region)) {
        return None;
    }
    let before = text.get(region.start..edit.span.start)?;
    let after = text.get(edit.span.end..region.end)?;
    let new = format!("{before}{}{after}", edit.replacement);
    let is_one = new != region.of(text) && new.len() <= MAX_BYTES;
    is_one.then(|| Suggestion { first_line, last_line, text: new.replace("\r\n", "\n") })
}

/// The whole lines that the edit replaces, and one above when it inserts before a line (`upwards`).
fn region(text: &str, lines: &LineIndex, span: Span, replacement: &str, upwards: bool) -> Option<Span> {
    let first = lines.line(span.start);
    let mut start = lines.start_of(first);
    if upwards {
        if first == 1 {
            return None;
        }
        start = lines.start_of(first - 1);
    }
    let whole = span.end > start && ends_line(text, span.end);
    let kept_break = replacement.is_empty() && span.start == lines.start_of(first) || replacement.ends_with('\n');
    let end = if whole && kept_break { span.end } else { line_end(text, span.end) };
    (end > start).then(|| Span::new(start, end))
}

/// Whether a line break stands before `offset`.
fn ends_line(text: &str, offset: usize) -> bool {
    text.get(..offset).is_some_and(|before| before.ends_with('\n'))
}

/// The offset after the line break that follows `offset`, or the end of the text.
fn line_end(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |found| offset + found + 1)
}

/// Whether a carriage return stands alone: our lines and GitHub's would then differ.
fn has_lone_carriage_return(text: &str) -> bool {
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte == b'\r' && rest.peek() != Some(&b'\n') {
            return true;
        }
    }
    false
}
