//! Which head lines a change touches, and which a diff shows.
//!
//! Invariant: lines are counted as [`LineIndex`] counts them, and the diff is git's own
//! algorithm, so that a comment on a visible line is one that GitHub accepts.

use imara_diff::{Algorithm, Diff, InternedInput};

use super::{ChangedFile, Content, FileStatus, LineSet};
use crate::scan::span::LineIndex;

/// Lines of context that a diff shows on either side of a change.
const CONTEXT: usize = 3;

impl ChangedFile {
    /// A file of a change, with the lines it touches found by comparing both sides.
    ///
    /// A side without text counts as empty: then every line of the head is touched, and visible where there is a diff.
    pub fn new(
        path: impl Into<String>,
        previous_path: Option<String>,
        status: FileStatus,
        base: Content,
        head: Content,
    ) -> Self {
        let text = |content: &Content| content.text().cloned().unwrap_or_else(|| "".into());
        let (touched, visible) = compare(&text(&base), &text(&head));
        Self { path: path.into(), previous_path, status, base, head, touched, visible }
    }

    /// A file of a tree that is judged as it stands: no base, and every line counts.
    pub fn standing(path: impl Into<String>, head: Content) -> Self {
        Self { status: FileStatus::Unchanged, ..Self::new(path, None, FileStatus::Added, Content::Absent, head) }
    }
}

/// The lines of `text`, each with its line break.
fn split(text: &str) -> Vec<&str> {
    let index = LineIndex::new(text);
    let count = index.line_count(text);
    let end = |line| if line == count { text.len() } else { index.start_of(line + 1) };
    (1..=count).map(|line| text.get(index.start_of(line)..end(line)).unwrap_or_default()).collect()
}

/// The touched and the visible lines of `head`.
fn compare(base: &str, head: &str) -> (LineSet, LineSet) {
    if base == head {
        return <(LineSet, LineSet)>::default();
    }
    if base.is_empty() {
        let all = LineSet::first(LineIndex::count(head));
        return (all.clone(), all);
    }
    let (base, head) = (split(base), split(head));
    let mut input = InternedInput::default();
    input.reserve(u32::try_from(base.len()).unwrap_or(u32::MAX), u32::try_from(head.len()).unwrap_or(u32::MAX));
    input.update_before(base.iter().copied());
    input.update_after(head.iter().copied());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let (mut touched, mut visible) = (Vec::new(), Vec::new());
    for hunk in diff.hunks() {
        // Tokens are counted from 0, lines from 1.
        let (start, end) = (hunk.after.start as usize, hunk.after.end as usize);
        touched.push((start + 1, end));
        visible.push(((start + 1).saturating_sub(CONTEXT).max(1), (end + CONTEXT).min(head.len())));
    }
    (LineSet::of_ranges(touched), LineSet::of_ranges(visible))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, head: &str, touched: &[usize], visible: &[usize]) {
        let (found_touched, found_visible) = compare(base, head);
        assert_eq!(found_touched.iter().collect::<Vec<_>>(), touched, "touched: {base:?} to {head:?}");
        assert_eq!(found_visible.iter().collect::<Vec<_>>(), visible, "visible: {base:?} to {head:?}");
    }

    #[test]
    fn touched_lines_are_those_that_differ_and_visible_ones_add_context() {
        check("", "", &[], &[]);
        check("a\n", "a\n", &[], &[]);
        check("", "a\nb\n", &[1, 2], &[1, 2]);
        check("a\nb\n", "", &[], &[]);
        check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", &[5], &[2, 3, 4, 5, 6, 7, 8]);
        check("a\nb\n", "a\nb", &[2], &[1, 2]);
        check("a\r\nb\r\n", "a\r\nb\r\nc\r\n", &[3], &[1, 2, 3]);
        check("a\rb\r", "a\rx\r", &[2], &[1, 2]);
        check("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n6\n7\n8\n9\n", &[], &[2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_file_without_a_base_is_touched_as_a_whole() {
        let file = ChangedFile::standing("a", Content::Text("a\nb\n".into()));
        assert!(file.touched.covers(1, 2) && file.status == FileStatus::Unchanged);
    }
}
