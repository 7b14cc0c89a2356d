//! A text inside a file, such as the content of a block scalar, with the way back to its places in the file.
//!
//! Invariant: every place that a passage gives lies in the file, on character boundaries.

use std::borrow::Cow;

use crate::scan::span::Span;

/// A text with the places of its bytes in the file.
#[derive(Clone, Debug)]
pub struct Passage<'t> {
    /// The text.
    pub text: Cow<'t, str>,
    places: Places,
}

#[derive(Clone, Debug)]
enum Places {
    /// The text stands in the file as it is, from this offset on.
    From(usize),
    /// Lines of the file without their indentation: (offset here, offset in the file), ascending.
    Lines(Vec<(usize, usize)>),
    /// Everything stands at this place: the text was decoded.
    Whole(Span),
}

impl<'t> Passage<'t> {
    /// The file itself.
    pub fn file(text: &'t str) -> Self {
        Self { text: Cow::Borrowed(text), places: Places::From(0) }
    }

    /// A part of this passage that stands there as it is.
    pub fn part(&'t self, span: Span) -> Passage<'t> {
        let text = Cow::Borrowed(span.of(&self.text));
        let places = match &self.places {
            Places::From(start) => Places::From(start + span.start),
            Places::Whole(whole) => Places::Whole(*whole),
            Places::Lines(lines) => {
                let after = lines.partition_point(|(here, _)| *here <= span.start);
                let first = (0, self.offset(span.start));
                let rest = lines.get(after..).unwrap_or_default().iter().take_while(|(here, _)| *here < span.end);
                Places::Lines(
                    std::iter::once(first).chain(rest.map(|(here, file)| (here - span.start, *file))).collect(),
                )
            }
        };
        Passage { text, places }
    }

    /// A text that was made of the part at `span`, such as by decoding it.
    pub fn decoded<'d>(&self, text: impl Into<Cow<'d, str>>, span: Span) -> Passage<'d> {
        Passage { text: text.into(), places: Places::Whole(self.place(span)) }
    }

    /// The content of the block scalar at `span`, which begins with its indicator, without its indentation.
    pub fn block(&self, span: Span) -> Option<Passage<'static>> {
        let raw = span.of(&self.text);
        let header = raw.find('\n').filter(|_| raw.starts_with(['|', '>']))?;
        let body = raw.get(header + 1..)?;
        let first = body.lines().find(|line| !line.trim().is_empty())?;
        let indentation = first.len() - first.trim_start_matches(' ').len();
        let mut text = String::with_capacity(body.len());
        let mut lines = Vec::new();
        let mut position = span.start + header + 1;
        for line in body.split_inclusive('\n') {
            let blank = line.len() - line.trim_start_matches(' ').len();
            let cut = blank.min(indentation);
            lines.push((text.len(), position + cut));
            text.push_str(line.get(cut..).unwrap_or_default());
            position += line.len();
        }
        let lines = match self.places {
            Places::From(start) => Places::Lines(lines.into_iter().map(|(here, file)| (here, file + start)).collect()),
            Places::Lines(_) => {
                Places::Lines(lines.into_iter().map(|(here, file)| (here, self.offset(file))).collect())
            }
            Places::Whole(whole) => Places::Whole(whole),
        };
        Some(Passage { text: Cow::Owned(text), places: lines })
    }

    /// The place in the file of `span` of this text.
    pub fn place(&self, span: Span) -> Span {
        match &self.places {
            Places::From(start) => span.shifted(*start),
            Places::Whole(whole) => *whole,
            Places::Lines(_) if span.is_empty() => Span::new(self.offset(span.start), self.offset(span.start)),
            Places::Lines(_) => Span::new(self.offset(span.start), self.offset(span.end - 1) + 1),
        }
    }

    /// The place in the file of the byte at `offset`.
    fn offset(&self, offset: usize) -> usize {
        match &self.places {
            Places::From(start) => start + offset,
            Places::Whole(whole) => whole.start,
            Places::Lines(lines) => {
                let after = lines.partition_point(|(here, _)| *here <= offset);
                let line = after.checked_sub(1).and_then(|index| lines.get(index));
                line.map_or(offset, |(here, file)| file + offset - here)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_knows_its_lines_in_the_file() {
        let file = "data:\n  app.env: |\n    A=1\n\n    B=two\n";
        let start = file.find('|').unwrap();
        let outer = Passage::file(file);
        let block = outer.block(Span::new(start, file.len())).unwrap();
        assert_eq!(block.text, "A=1\n\nB=two\n");
        let two = block.text.find("two").unwrap();
        assert_eq!(block.place(Span::new(two, two + 3)).of(file), "two");
        let part = block.part(Span::new(5, 10));
        assert_eq!(part.place(Span::new(2, 5)).of(file), "two");
        assert_eq!(block.decoded("x", Span::new(0, 3)).place(Span::new(0, 1)).of(file), "A=1");
    }
}
