//! Edits of one file, applied at once.
//!
//! Invariant: each was verified alone; together they break no more of the file than the first of them does.

use std::collections::HashSet;

use crate::scan::document::node::Node;
use crate::scan::document::{self, Document};
use crate::scan::edit::{Edit, apply_all};
use crate::scan::limits::Limits;

/// Edits that are tried one after the other where all at once do not fit; the rest waits.
const MAX_TRIES: usize = 40;

/// The text of the file at `path` after those of `edits` that fit together, and how many these are. Others are left for
/// the next time, such as two that each take one of the two keys of a map, of which nothing would be left.
pub fn apply_together(path: &str, text: &str, edits: &[Edit]) -> (String, usize) {
    let (edited, count) = apply_all(text, edits);
    let before = Soundness::of(path, text);
    if count < 2 || before.holds(path, &edited) {
        return (edited, count);
    }
    let mut fitting: Vec<Edit> = Vec::new();
    for edit in edits.iter().take(MAX_TRIES) {
        fitting.push(edit.clone());
        let (edited, count) = apply_all(text, &fitting);
        let fits = count == fitting.len() && (count == 1 || before.holds(path, &edited));
        if !fits {
            fitting.pop();
        }
    }
    apply_all(text, &fitting)
}

/// What of a file is broken or empty.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Soundness {
    problems: usize,
    nulls: usize,
}

impl Soundness {
    fn of(path: &str, text: &str) -> Self {
        let parsed = document::parse(path, text, &Limits::default());
        let nulls = parsed.documents.iter().filter_map(Document::tree).map(nulls).sum();
        Self { problems: parsed.problems.len(), nulls }
    }

    /// Whether `text` is no worse.
    fn holds(self, path: &str, text: &str) -> bool {
        let after = Self::of(path, text);
        after.problems <= self.problems && after.nulls <= self.nulls
    }
}

/// How many values below `root` are nothing; what an anchor lends is counted once.
fn nulls(root: &Node) -> usize {
    let (mut count, mut waiting, mut seen) = (0, vec![root], HashSet::new());
    while let Some(node) = waiting.pop() {
        if node.is_null() {
            count += 1;
        } else if seen.insert((node.span(), node.items().is_empty())) {
            waiting.extend(node.items());
            waiting.extend(node.entries().iter().map(|entry| &entry.value));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::span::Span;

    fn edit(text: &str, gone: &str) -> Edit {
        let start = text.find(gone).unwrap();
        Edit { span: Span::new(start, start + gone.len()), replacement: String::new() }
    }

    #[test]
    fn what_would_leave_nothing_waits() {
        let text = "a:\n  b: 1\n  c: 2\nd: 3\n";
        let edits = [edit(text, "  b: 1\n"), edit(text, "  c: 2\n"), edit(text, "d: 3\n")];
        assert_eq!(apply_together("a.yaml", text, &edits), ("a:\n  c: 2\n".to_owned(), 2));
        let alone = [edit(text, "  b: 1\n  c: 2\n")];
        assert_eq!(apply_together("a.yaml", text, &alone), ("a:\nd: 3\n".to_owned(), 1));
    }

    #[test]
    fn what_would_break_the_file_waits() {
        let text = "a: [1]\nb: 2\n";
        let broken = Edit { replacement: ": [".to_owned(), ..edit(text, ": 2") };
        assert_eq!(apply_together("a.yaml", text, &[edit(text, "1"), broken]), ("a: []\nb: 2\n".to_owned(), 1));
    }
}
