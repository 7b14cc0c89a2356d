//! The problems of one Dockerfile, each with its place.
//!
//! Invariant: a hostile file can't flood a report: past the bound, problems are counted and summed up in one.

use crate::scan::problem::{Cause, Problem};
use crate::scan::span::LineIndex;

const MAX_PROBLEMS: usize = 50;

pub(super) struct Problems<'a> {
    text: &'a str,
    index: Option<LineIndex>,
    found: Vec<Problem>,
    left_out: usize,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, index: None, found: Vec::new(), left_out: 0 }
    }

    /// Notes a problem at the byte at `offset`.
    pub(super) fn add(&mut self, cause: Cause, offset: usize, message: impl Into<String>) {
        self.add_with(cause, offset, || message.into());
    }

    /// Notes a problem whose message is costly to write.
    pub(super) fn add_with(&mut self, cause: Cause, offset: usize, message: impl FnOnce() -> String) {
        if self.found.len() == MAX_PROBLEMS {
            self.left_out += 1;
            return;
        }
        let index = self.index.get_or_insert_with(|| LineIndex::new(self.text));
        self.found.push(Problem::general(cause, message()).at(index.position(self.text, offset)));
    }

    /// The problems in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.left_out > 0 {
            let message = format!("{} more problems in this file; fix those above first", self.left_out);
            self.found.push(Problem::general(Cause::Syntax, message));
        }
        self.found.sort_by_key(|problem| (problem.line.unwrap_or(usize::MAX), problem.column));
        self.found
    }
}
