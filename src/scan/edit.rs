//! A fix as a text edit.
//!
//! Invariant: an edit reaches a user only after [`Edit::apply`] was re-scanned without the finding and without a
//! new problem.

use super::span::Span;

/// Replaces the bytes of `span` by `replacement`, in the text the span was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

impl Edit {
    /// The text after the edit; `None` when the span does not fit the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let before = text.get(..self.span.start)?;
        let after = text.get(self.span.end..)?;
        Some(format!("{before}{}{after}", self.replacement))
    }
}

/// Applies those of `edits` that neither overlap an earlier one nor begin where it does; returns the text and how many
/// were applied. Two that insert at one place were each made without the other, and may bring in the same key.
pub fn apply_all(text: &str, edits: &[Edit]) -> (String, usize) {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let (mut position, mut applied) = (0, 0);
    let mut last = None;
    for edit in sorted {
        if last == Some(edit.span.start) {
            continue;
        }
        let Some(kept) = text.get(position..edit.span.start) else { continue };
        if text.get(edit.span.start..edit.span.end).is_none() {
            continue;
        }
        result.push_str(kept);
        result.push_str(&edit.replacement);
        position = edit.span.end;
        last = Some(edit.span.start);
        applied += 1;
    }
    result.push_str(text.get(position..).unwrap_or_default());
    (result, applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_edits_are_left_for_the_next_round() {
        let edits = [
            Edit { span: Span::new(2, 4), replacement: "X".into() },
            Edit { span: Span::new(3, 5), replacement: "Y".into() },
            Edit { span: Span::new(0, 1), replacement: "Z".into() },
        ];
        assert_eq!(apply_all("abcdef", &edits), ("ZbXef".to_owned(), 2));
    }

    #[test]
    fn of_edits_at_one_place_one_is_applied() {
        let insert = |at: usize, text: &str| Edit { span: Span::new(at, at), replacement: text.into() };
        let edits =
            [insert(2, "X"), insert(2, "Y"), Edit { span: Span::new(2, 3), replacement: "Z".into() }, insert(3, "W")];
        assert_eq!(apply_all("abcdef", &edits), ("abXcWdef".to_owned(), 2));
    }
}
