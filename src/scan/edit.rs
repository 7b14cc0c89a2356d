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
    /// Whether this removes lines right before those that `next` adds, or removes, as items of a list.
    fn takes_ground_of(&self, next: &Self, text: &str) -> bool {
        let is_item = |text: &str| text.trim_start().starts_with("- ");
        let removed = self.span.of(text);
        let next_removed = next.span.of(text);
        let touches = self.span.end == next.span.start && self.replacement.is_empty() && removed.ends_with('\n');
        let is_insertion = next_removed.is_empty() && is_item(&next.replacement);
        let is_removal = next.replacement.is_empty() && is_item(next_removed) && is_item(removed);
        touches && (is_insertion || is_removal)
    }

    /// The text after the edit; `None` when the span does not fit the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let before = text.get(..self.span.start)?;
        let after = text.get(self.span.end..)?;
        Some(format!("{before}{}{after}", self.replacement))
    }
}

/// Applies those of `edits` that neither overlap an earlier one nor begin where it does; returns the text and how many
/// were applied. Two that insert at one place were each made without the other, and may bring in the same key. Where
/// one takes an item of a list, or the list, what adds or takes the next item waits too: the list may be gone.
pub fn apply_all(text: &str, edits: &[Edit]) -> (String, usize) {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let (mut position, mut applied) = (0, 0);
    let mut last: Option<&Edit> = None;
    for edit in sorted {
        if last.is_some_and(|last| last.span.start == edit.span.start || last.takes_ground_of(edit, text)) {
            continue;
        }
        let Some(kept) = text.get(position..edit.span.start) else { continue };
        if text.get(edit.span.start..edit.span.end).is_none() {
            continue;
        }
        result.push_str(kept);
        result.push_str(&edit.replacement);
        position = edit.span.end;
        last = Some(edit);
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
    fn an_item_waits_for_what_happens_to_its_list() {
        let text = "l:\n  - a\n  - b\nm: 1\n";
        let edit =
            |start: usize, end: usize, text: &str| Edit { span: Span::new(start, end), replacement: text.into() };
        let both_items = [edit(3, 9, ""), edit(9, 15, "")];
        assert_eq!(apply_all(text, &both_items), ("l:\n  - b\nm: 1\n".to_owned(), 1));
        let list_and_item = [edit(0, 15, ""), edit(15, 15, "  - c\n")];
        assert_eq!(apply_all(text, &list_and_item), ("m: 1\n".to_owned(), 1));
        let list_and_key = [edit(0, 15, ""), edit(15, 19, "m: 2")];
        assert_eq!(apply_all(text, &list_and_key), ("m: 2\n".to_owned(), 2));
    }

    #[test]
    fn of_edits_at_one_place_one_is_applied() {
        let insert = |at: usize, text: &str| Edit { span: Span::new(at, at), replacement: text.into() };
        let edits =
            [insert(2, "X"), insert(2, "Y"), Edit { span: Span::new(2, 3), replacement: "Z".into() }, insert(3, "W")];
        assert_eq!(apply_all("abcdef", &edits), ("abXcWdef".to_owned(), 2));
    }
}
