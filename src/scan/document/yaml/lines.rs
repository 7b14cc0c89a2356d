//! A text with its lines, for questions about what stands around an offset.
//!
//! **Invariant**: no answer costs more than a binary search, so a single line of many megabytes is cheap.

use super::super::super::span::LineIndex;

/// A text and where its lines begin.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    index: LineIndex,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, index: LineIndex::new(text) }
    }

    /// Where the line of `offset` begins.
    pub(super) fn start(&self, offset: usize) -> usize {
        self.index.start_of(self.index.line(offset))
    }

    /// Where the line of `offset` ends, its line break left out.
    pub(super) fn end(&self, offset: usize) -> usize {
        let next = self.index.start_of(self.index.line(offset) + 1);
        let end = if next <= offset { self.text.len() } else { next };
        let line_break = self.between(offset, end);
        offset + line_break.trim_end_matches(['\n', '\r']).len()
    }

    /// The column of `offset`, from 0 and in bytes.
    pub(super) fn column(&self, offset: usize) -> usize {
        offset - self.start(offset)
    }

    /// The text from `start` to `end`; empty when they do not fit.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }
}
