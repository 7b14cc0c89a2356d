//! Places in a text, so that every finding can point at exact characters.
//!
//! Invariant: a [`Span`] holds byte offsets of the text it was made from, on character boundaries,
//! with `start <= end`.

use std::sync::OnceLock;

use serde::Serialize;

use super::text::Text;

/// A half-open range of bytes, `[start, end)`, in one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to `end`; an `end` before `start` gives an empty span.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether the two spans share a byte, or one is an empty span inside the other.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end.max(other.start + 1) && other.start < self.end.max(self.start + 1)
    }

    /// The span moved towards the end of the text by `bytes`.
    #[must_use]
    pub fn shifted(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, end: self.end + bytes }
    }

    /// The text of the span; empty when the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A place as people count it: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in Unicode scalar values.
    pub column: usize,
}

/// Where the lines of one text begin. A line ends with LF, CR LF, or a CR alone.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// The text, while they are not looked for yet.
    text: Option<Text>,
    starts: OnceLock<Vec<usize>>,
}

impl LineIndex {
    /// Finds the lines of `text`.
    pub fn new(text: &str) -> Self {
        Self { text: None, starts: OnceLock::from(starts_of(text)) }
    }

    /// Finds the lines of `text` once they are asked for.
    pub fn lazy(text: Text) -> Self {
        Self { text: Some(text), starts: OnceLock::new() }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| starts_of(self.text.as_deref().unwrap_or_default()))
    }

    /// The number of lines of `text`, without keeping where they begin.
    pub fn count(text: &str) -> usize {
        if memchr::memchr(b'\r', text.as_bytes()).is_some() {
            return Self::new(text).line_count(text);
        }
        let line_feeds = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        line_feeds + usize::from(!text.is_empty() && !text.ends_with('\n'))
    }

    /// The number of lines; a final line break does not open another one.
    pub fn line_count(&self, text: &str) -> usize {
        let last_is_empty = self.starts().last().is_some_and(|start| *start == text.len());
        if last_is_empty { self.starts().len() - 1 } else { self.starts().len() }
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.starts().partition_point(|start| *start <= offset)
    }

    /// The line and column of the byte at `offset` of `text`.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.start_of(line);
        let before = text.get(start..offset.min(text.len())).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// The offset at which `line` (from 1) begins; past the last line, the end of the last line's start.
    pub fn start_of(&self, line: usize) -> usize {
        let last = self.starts().last().copied().unwrap_or_default();
        self.starts().get(line.saturating_sub(1)).copied().unwrap_or(last)
    }

    /// The span of `line` (from 1) in `text`, without its line break.
    pub fn line_span(&self, text: &str, line: usize) -> Span {
        let start = self.start_of(line);
        let end = self.starts().get(line).copied().unwrap_or(text.len());
        let body = text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']);
        Span::new(start, start + body.len())
    }
}

fn starts_of(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    if memchr::memchr(b'\r', bytes).is_none() {
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|offset| offset + 1));
        return starts;
    }
    for (offset, byte) in bytes.iter().enumerate() {
        let ends_line = *byte == b'\n' || (*byte == b'\r' && bytes.get(offset + 1) != Some(&b'\n'));
        if ends_line {
            starts.push(offset + 1);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, offset: usize, line: usize, column: usize) {
        let index = LineIndex::new(text);
        assert_eq!(index.position(text, offset), Position { line, column }, "offset {offset} of {text:?}");
    }

    #[test]
    fn positions_count_characters_and_every_kind_of_line_break() {
        check("a\nb", 0, 1, 1);
        check("a\nb", 2, 2, 1);
        check("a\r\nb", 3, 2, 1);
        check("a\rb", 2, 2, 1);
        check("äb\nc", 2, 1, 2);
        check("", 0, 1, 1);
        check("a\n", 2, 2, 1);
    }

    #[test]
    fn line_breaks_are_found_wherever_they_stand() {
        for text in ["", "\n", "a\n\n\nb", "12345678\n1234567\n\u{a0a}\u{8a}\nlast", &"x\n".repeat(40), "a\r\nb\rc"] {
            let index = LineIndex::new(text);
            let slow = |offset: usize| {
                let before = text.get(..offset).unwrap().replace("\r\n", "\n");
                before.matches(['\n', '\r']).count() + 1
            };
            for (offset, _) in text.char_indices().filter(|(_, next)| *next != '\n') {
                assert_eq!(index.line(offset), slow(offset), "{text:?} at {offset}");
            }
            assert_eq!(LineIndex::count(text), index.line_count(text), "{text:?}");
        }
    }

    #[test]
    fn a_line_span_leaves_out_the_line_break() {
        let text = "one\r\ntwo\n";
        let index = LineIndex::new(text);
        assert_eq!(index.line_span(text, 1).of(text), "one");
        assert_eq!(index.line_span(text, 2).of(text), "two");
        assert_eq!(index.line_count(text), 2);
    }
}
