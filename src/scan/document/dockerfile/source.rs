//! Text put together from pieces of a file, such as an instruction whose continued lines are joined.
//!
//! Invariant: every byte of the joined text knows the byte of the file it came from, so a place found in the joined
//! text is exact in the file.

use crate::scan::span::Span;

/// A text with the places of its bytes in the file it was taken from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    text: String,
    /// Pieces as (offset in `text`, offset in the file), ascending.
    pieces: Vec<(usize, usize)>,
    /// Offset in the file one past the last byte.
    end: usize,
    /// The place of everything, when single bytes have none.
    only: Option<Span>,
}

impl Source {
    /// The text of `span` of `file`, as it stands.
    pub fn of(file: &str, span: Span) -> Self {
        let mut source = Self::default();
        source.push(file, span);
        source
    }

    /// A text whose parts all stand at `span`: one that was decoded.
    pub fn opaque(text: &str, span: Span) -> Self {
        Self { text: text.to_owned(), pieces: vec![(0, span.start)], end: span.end, only: Some(span) }
    }

    /// Adds the text of `span` of `file`.
    pub fn push(&mut self, file: &str, span: Span) {
        if self.pieces.is_empty() || self.end != span.start {
            self.pieces.push((self.text.len(), span.start));
        }
        self.text.push_str(span.of(file));
        self.end = span.end;
    }

    /// The joined text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place in the file of the byte at `offset` of the joined text.
    pub fn offset(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|(joined, _)| *joined <= offset);
        match after.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some((joined, original)) => (original + offset - joined).min(self.end.max(*original)),
            None => self.end,
        }
    }

    /// The place in the file of the bytes from `start` to `end` of the joined text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        if let Some(only) = self.only {
            return only;
        }
        if end <= start {
            let place = self.offset(start);
            return Span::new(place, place);
        }
        Span::new(self.offset(start), self.offset(end - 1) + 1)
    }

    /// The place in the file of the whole text.
    pub fn whole(&self) -> Span {
        self.span(0, self.text.len())
    }

    /// The part from `start` to `end` of the joined text, with its places.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let Some(text) = self.text.get(start..end) else { return Self { end: self.end, ..Self::default() } };
        let first = self.pieces.partition_point(|(joined, _)| *joined <= start);
        let mut pieces = vec![(0, self.offset(start))];
        let rest = self.pieces.get(first..).unwrap_or_default().iter();
        pieces
            .extend(rest.take_while(|(joined, _)| *joined < end).map(|(joined, original)| (joined - start, *original)));
        let last = if end > start { self.offset(end - 1) + 1 } else { self.offset(start) };
        Self { text: text.to_owned(), pieces, end: last, only: self.only }
    }
}
