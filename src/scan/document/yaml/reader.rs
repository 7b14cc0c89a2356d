//! Cuts a file into documents and reads each, through a mask when it is a template.
//!
//! **Invariant**: each document is read at most once per way of masking and once per blanked line, of which there are
//! few.

use std::ops::Range;

use granit_parser::{ErrorKind, Event, Options, Parser, ScanError};

use super::super::super::limits::Limits;
use super::super::super::problem::Cause;
use super::super::super::span::Span;
use super::super::Comment;
use super::lines::Lines;
use super::mask::{Mask, Method};
use super::tree::{Builder, Spent};
use super::{Fault, YamlDocument, YamlFile};

/// Lines of one document that may be left out when it does not read as a template.
const MAX_BLANKED_LINES: usize = 8;

/// Documents of one file for which that is tried: each costs a copy of the text.
const MAX_BLANKED_PARTS: usize = 16;

/// A file, and whether a flow map stood where a key should.
pub(super) struct Reading {
    pub(super) file: YamlFile,
    saw_templated_key: bool,
}

impl Reading {
    /// Whether nothing suggests that the file is a template.
    pub(super) fn reads_as_written(&self) -> bool {
        !self.saw_templated_key && Self::failures(&self.file) == 0
    }

    /// The number of documents that could not be read.
    pub(super) fn failures(file: &YamlFile) -> usize {
        file.faults.iter().filter(|fault| fault.cause.leaves_unjudged()).count()
    }
}

/// Reads a file as it is written; a part that does not read so, without its variables.
pub(super) fn read_plain(lines: &Lines<'_>, limits: &Limits) -> Reading {
    let mask = Mask::default();
    let view = View { text: lines.text, original: lines.text, mask: &mask };
    let mut without_variables = None;
    let mut file = Gathered::new(lines, limits);
    for part in parts(lines.text) {
        let mut piece = read_part(view, part.clone(), limits, &mut file.spent);
        if !piece.reads() && holds_variables(lines.text, &part) {
            let (text, mask) = without_variables.get_or_insert_with(|| Mask::of(lines, Method::Variables));
            let view = View { text, original: lines.text, mask };
            let again = read_part(view, part.clone(), limits, &mut file.spent);
            piece = if again.reads() { again } else { piece };
        }
        if file.add(part, piece).is_none() {
            break;
        }
    }
    file.finish()
}

/// Whether a part holds variables and no template actions.
fn holds_variables(text: &str, part: &Range<usize>) -> bool {
    text.get(part.clone()).is_some_and(|text| text.contains("${") && !text.contains("{{"))
}

/// Reads a part of a file as it is written; `None` when it does not read.
pub(super) fn read_range(text: &str, range: Range<usize>, limits: &Limits) -> Option<Vec<super::Node>> {
    let mask = Mask::default();
    let view = View { text, original: text, mask: &mask };
    let piece = read_part(view, range, limits, &mut Spent::default());
    piece.reads().then_some(piece.documents)
}

/// Reads a file as a template.
pub(super) fn read_template(lines: &Lines<'_>, limits: &Limits) -> YamlFile {
    let mut views: Vec<(String, Mask)> = vec![Mask::of(lines, Method::Comments)];
    let mut file = Gathered::new(lines, limits);
    for part in parts(&views.first().map(|(text, _)| text.clone()).unwrap_or_default()) {
        let piece = read_masked(lines, &mut views, part.clone(), limits, &mut file.spent);
        if file.add(part, piece).is_none() {
            break;
        }
    }
    let mut file = file.finish().file;
    file.is_masked = true;
    file
}

/// Reads one part by each way of masking until one succeeds, then with the lines left out that do not read.
fn read_masked(
    lines: &Lines<'_>,
    views: &mut Vec<(String, Mask)>,
    part: Range<usize>,
    limits: &Limits,
    spent: &mut Spent,
) -> Piece {
    let mut first = None;
    let methods = [Method::Comments, Method::Blanks, Method::WithoutElse, Method::Variables];
    for (index, method) in methods.into_iter().enumerate() {
        if views.len() == index {
            views.push(Mask::of(lines, method));
        }
        let Some((text, mask)) = views.get(index) else { break };
        let piece = read_part(View { text, original: lines.text, mask }, part.clone(), limits, spent);
        if piece.reads() {
            return piece;
        }
        first.get_or_insert(piece);
    }
    let failed = first.unwrap_or_default();
    spent.blanked_parts += 1;
    if spent.blanked_parts > MAX_BLANKED_PARTS {
        return failed.told_of_template();
    }
    read_blanked(lines, views, part, limits, spent).unwrap_or_else(|| failed.told_of_template())
}

/// Leaves out the lines at which the reader stops, one after the other.
fn read_blanked(
    lines: &Lines<'_>,
    views: &[(String, Mask)],
    part: Range<usize>,
    limits: &Limits,
    spent: &mut Spent,
) -> Option<Piece> {
    let (text, mask) = views.first()?;
    let (mut text, mut mask) = (text.clone(), mask.clone());
    let mut left_out = Vec::new();
    for _ in 0..MAX_BLANKED_LINES {
        let mut piece = read_part(View { text: &text, original: lines.text, mask: &mask }, part.clone(), limits, spent);
        let Some(fault) = piece.faults.iter().find(|fault| fault.cause == Cause::Syntax) else {
            piece.faults.extend(left_out);
            return Some(piece);
        };
        let offset = fault.offset.min(part.end.saturating_sub(1)).max(part.start);
        let line = line_to_blank(lines, &text, offset, part.start)?;
        mask.blank_line(lines, &mut text, line);
        left_out.push(Fault::note(line, Cause::Templated, "the line does not read in its template and was left out"));
    }
    None
}

/// The last line up to the one of `offset` that holds something; the reader often stops after what is wrong.
fn line_to_blank(lines: &Lines<'_>, text: &str, offset: usize, first: usize) -> Option<usize> {
    let mut at = lines.start(offset);
    for _ in 0..20 {
        let line = text.get(at..lines.end(at))?.trim();
        if !line.is_empty() && !line.starts_with('#') && !line.starts_with("---") {
            return Some(at);
        }
        if at <= first {
            return None;
        }
        at = lines.start(at - 1);
    }
    None
}

/// The parts of a file between lines that begin with `---`. Comments and directives before one belong to it.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut holds_content) = (0, false);
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let body = line.trim_start_matches('\u{feff}');
        let is_marker =
            body.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']));
        if is_marker && holds_content {
            parts.push(start..at);
            start = at;
        }
        holds_content |= is_marker || !(body.trim().is_empty() || body.starts_with('#') || body.starts_with('%'));
        at += line.len();
    }
    parts.push(start..text.len());
    parts
}

/// One way to look at a file.
#[derive(Clone, Copy)]
struct View<'a> {
    text: &'a str,
    original: &'a str,
    mask: &'a Mask,
}

/// What one part of a file gave.
#[derive(Default)]
struct Piece {
    documents: Vec<super::Node>,
    comments: Vec<Span>,
    faults: Vec<Fault>,
    saw_templated_key: bool,
}

impl Piece {
    fn reads(&self) -> bool {
        !self.faults.iter().any(|fault| fault.cause == Cause::Syntax)
    }

    fn told_of_template(mut self) -> Self {
        for fault in self.faults.iter_mut().filter(|fault| fault.cause == Cause::Syntax) {
            fault.message = format!("the template does not read as YAML: {}", fault.message);
        }
        self
    }
}

fn read_part(view: View<'_>, part: Range<usize>, limits: &Limits, spent: &mut Spent) -> Piece {
    let start = part.start + skipped(view.text, &part);
    let text = view.text.get(start..part.end).unwrap_or_default();
    let mut parser = Parser::new_from_str_with_options(text, options(limits));
    let mut builder = Builder::new(view.text, view.original, view.mask, limits, spent, part.start);
    let mut piece = Piece::default();
    loop {
        let fault = match parser.next_event() {
            None => break,
            Some(Err(error)) => Some(scan_fault(&error, text, start, limits)),
            Some(Ok((event, place))) => {
                let span = place.byte_range().map_or_else(Span::default, |range| Span::new(range.start, range.end));
                accept(&mut builder, &mut piece, &event, span.shifted(start), place.start.col(), part.end).err()
            }
        };
        let Some(fault) = fault else { continue };
        let (is_final, offset) = (fault.is_final, fault.offset);
        piece.faults.push(fault);
        builder.abandon();
        if is_final || !parser.proceed_next_document().unwrap_or(false) {
            piece.comments.extend(loose_comments(view.text, offset, part.end));
            break;
        }
    }
    // Actions after the last document, or in place of one, are still to be told of.
    builder.finish(part.end).unwrap_or_default();
    piece.saw_templated_key = builder.saw_templated_key;
    piece.faults.append(&mut builder.notes);
    piece
}

fn accept(
    builder: &mut Builder<'_>,
    piece: &mut Piece,
    event: &Event<'_>,
    span: Span,
    column: usize,
    end: usize,
) -> Result<(), Fault> {
    match event {
        Event::Comment(..) => piece.comments.push(span),
        Event::DocumentEnd => {
            if let Some(root) = builder.finish(end)? {
                piece.documents.push(root);
            }
        }
        _ => builder.take(event, span, column)?,
    }
    Ok(())
}

/// A byte order mark at the head of a document is not content, even after `---`.
fn skipped(text: &str, part: &Range<usize>) -> usize {
    let body = text.get(part.clone()).unwrap_or_default();
    let mark = '\u{feff}'.len_utf8();
    let marker_line = body.find('\n').map_or(0, |end| end + 1);
    let (head, rest) = body.split_at(marker_line);
    if head.trim_start_matches('\u{feff}').trim_end() == "---" && rest.starts_with('\u{feff}') {
        return marker_line + mark;
    }
    if body.starts_with('\u{feff}') { mark } else { 0 }
}

fn options(limits: &Limits) -> Options {
    let mut options = Options::default();
    options.max_buffered_comment_events = usize::MAX;
    options.flow_nesting_limit = limits.max_depth + 1;
    options.block_nesting_limit = limits.max_depth + 1;
    options
}

fn scan_fault(error: &ScanError, text: &str, start: usize, limits: &Limits) -> Fault {
    let marker = error.marker();
    let offset = marker.byte_offset().unwrap_or(text.len()).min(text.len());
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return Fault::too_deep(start + offset, limits);
    }
    Fault::syntax(start + offset, error.kind().to_string())
}

/// Comments alone on their lines in a stretch that does not parse, so that a suppression there is not lost.
fn loose_comments(text: &str, from: usize, end: usize) -> Vec<Span> {
    let mut at = from;
    let mut comments = Vec::new();
    for line in text.get(from..end).unwrap_or_default().split_inclusive('\n') {
        let body = line.trim();
        if body.starts_with('#') && at != from {
            let start = at + line.len() - line.trim_start().len();
            comments.push(Span::new(start, start + body.len()));
        }
        at += line.len();
    }
    comments
}

/// What has been read of a file so far.
struct Gathered<'a> {
    original: &'a Lines<'a>,
    limits: &'a Limits,
    spent: Spent,
    documents: usize,
    reading: Reading,
}

impl<'a> Gathered<'a> {
    fn new(original: &'a Lines<'a>, limits: &'a Limits) -> Self {
        let reading = Reading { file: YamlFile::default(), saw_templated_key: false };
        Self { original, limits, spent: Spent::default(), documents: 0, reading }
    }

    /// Takes what a part gave; `None` when a limit ends the reading.
    fn add(&mut self, part: Range<usize>, piece: Piece) -> Option<()> {
        let span = Span::new(part.start, part.end);
        let file = &mut self.reading.file;
        let stops = piece.faults.iter().any(|fault| fault.is_final);
        let seen = piece.documents.len().max(1);
        for (offset, root) in piece.documents.into_iter().enumerate().filter(|(_, root)| !root.is_null()) {
            file.documents.push(YamlDocument { index: self.documents + offset, span, root });
        }
        self.documents += seen;
        file.faults.extend(piece.faults);
        let comments = piece.comments.into_iter().filter_map(|span| comment(self.original, span));
        file.comments.extend(comments);
        self.reading.saw_templated_key |= piece.saw_templated_key;
        if !stops && file.documents.len() > self.limits.max_documents {
            file.documents.truncate(self.limits.max_documents);
            let message = format!("more than {} documents; the rest was not judged", self.limits.max_documents);
            file.faults.push(Fault::limit(part.start, message));
            return None;
        }
        (!stops).then_some(())
    }

    fn finish(mut self) -> Reading {
        let file = &mut self.reading.file;
        file.comments.sort_by_key(|comment| comment.span);
        file.comments.dedup();
        file.faults.sort_by_key(|fault| fault.offset);
        self.reading
    }
}

/// A comment of the original; `None` for one that the mask made of a template action.
fn comment(lines: &Lines<'_>, span: Span) -> Option<Comment> {
    let text = span.of(lines.text);
    let own_line = lines.between(lines.start(span.start), span.start).trim_end().is_empty();
    text.starts_with('#').then_some(Comment { span, own_line })
}
