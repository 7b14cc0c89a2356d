//! Template actions out of the way, so that a template reads as the YAML it is written around.
//!
//! **Invariant**: a masked text has the length and the line breaks of the original, so every offset means the same
//! place in both; the masked places are kept, and a value that touches one is unknown.

use super::super::super::span::Span;
use super::action::{self, Kind};
use super::lines::Lines;

/// How actions are put out of the way. Tried in this order until a document reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// An action alone on its line becomes a comment, others letters.
    Comments,
    /// An action alone on its line becomes white space, which block scalars take better.
    Blanks,
    /// As comments, and `else` branches become white space.
    WithoutElse,
    /// As comments, and so do variables, which flow style does not take and which can stand for whole lines.
    Variables,
}

/// A place that was masked.
#[derive(Clone, Debug)]
pub(super) struct Masked {
    pub(super) span: Span,
    /// Whether the action stands alone and prints, so that it may add lines to what it stands in.
    pub(super) adds_lines: bool,
    /// The column, from 0, at which what it prints begins.
    pub(super) indent: usize,
    kind: Kind,
}

/// The masked places of a text, in order; none overlaps another.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask {
    pub(super) actions: Vec<Masked>,
}

impl Mask {
    /// Masks `text`.
    pub(super) fn of(lines: &Lines<'_>, method: Method) -> (String, Self) {
        let text = lines.text;
        let mut painter = Painter { lines, bytes: text.as_bytes().to_vec(), mask: Self::default() };
        let mut actions = action::find(text);
        if method == Method::Variables {
            add_variables(&mut actions, text);
        }
        if method == Method::WithoutElse {
            painter.drop_else_branches(&actions);
        }
        painter.paint(&actions, method);
        painter.mask.actions.sort_by_key(|masked| masked.span);
        // Only whole characters were replaced, by ASCII: the bytes are still UTF-8.
        let masked = String::from_utf8(painter.bytes).unwrap_or_else(|_| text.to_owned());
        (masked, painter.mask)
    }

    /// Whether nothing is masked.
    pub(super) fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// How many masked places from the one at `index` on begin before `end`.
    pub(super) fn count_before(&self, index: usize, end: usize) -> usize {
        self.actions.iter().skip(index).take_while(|masked| masked.span.start < end).count()
    }

    /// Whether a masked place lies in `span`.
    pub(super) fn touches(&self, span: Span) -> bool {
        let next = self.actions.partition_point(|masked| masked.span.end <= span.start);
        self.actions.get(next).is_some_and(|masked| masked.span.start < span.end)
    }

    /// The action that stands where the value of the key or dash before `place` would: on its line, or on the next
    /// ones and printing deeper than `column`.
    pub(super) fn value_at(&self, masked: &str, place: usize, column: usize) -> Option<usize> {
        let bytes = masked.as_bytes();
        let mut index = self.actions.partition_point(|action| action.span.start < place);
        let mut same_line = true;
        let mut at = place;
        loop {
            if let Some(action) = self.actions.get(index).filter(|action| action.span.start == at) {
                let prints_deeper = action.kind == Kind::Print && action.indent > column;
                if prints_deeper || (same_line && action.kind != Kind::Comment) {
                    return Some(index);
                }
                at = action.span.end;
                index += 1;
                continue;
            }
            match bytes.get(at)? {
                b'\n' | b'\r' => same_line = false,
                b' ' | b'\t' => {}
                b'#' => at += bytes.iter().skip(at + 1).take_while(|byte| !matches!(byte, b'\n' | b'\r')).count(),
                _ => return None,
            }
            at += 1;
        }
    }

    /// Turns the line of `offset` into white space, after a syntax error there. `false` when it is blank already.
    pub(super) fn blank_line(&mut self, lines: &Lines<'_>, masked: &mut String, offset: usize) -> bool {
        let span = Span::new(lines.start(offset), lines.end(offset));
        let line = span.of(masked);
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() {
            return false;
        }
        let blanks = " ".repeat(span.len());
        masked.replace_range(span.start..span.end, &blanks);
        self.actions.retain(|action| !action.span.overlaps(span));
        self.actions.push(Masked { span, adds_lines: true, indent, kind: Kind::Print });
        self.actions.sort_by_key(|action| action.span);
        true
    }
}

/// Adds the variables of `text` that do not stand in an action.
fn add_variables(actions: &mut Vec<action::Action>, text: &str) {
    let is_free = |variable: &action::Action| {
        let next = actions.partition_point(|action| action.span.end <= variable.span.start);
        actions.get(next).is_none_or(|action| action.span.start >= variable.span.end)
    };
    let free: Vec<_> = action::variables(text).into_iter().filter(is_free).collect();
    actions.extend(free);
    actions.sort_by_key(|action| action.span);
}

struct Painter<'a> {
    lines: &'a Lines<'a>,
    bytes: Vec<u8>,
    mask: Mask,
}

impl Painter<'_> {
    fn drop_else_branches(&mut self, actions: &[action::Action]) {
        let mut open: Vec<Option<Span>> = Vec::new();
        let mut covered = 0;
        let mut dropped = Vec::new();
        for action in actions {
            match action.kind {
                Kind::Open => open.push(None),
                Kind::Else => {
                    if let Some(branch @ None) = open.last_mut() {
                        *branch = Some(action.span);
                    }
                }
                Kind::End => {
                    if let Some(Some(branch)) = open.pop() {
                        dropped.push((Span::new(branch.end, action.span.start), self.lines.column(branch.start)));
                    }
                }
                _ => {}
            }
        }
        dropped.sort();
        for (span, indent) in dropped {
            if span.start >= covered {
                covered = span.end;
                self.fill(span, b' ', b' ');
                self.mask.actions.push(Masked { span, adds_lines: true, indent, kind: Kind::Print });
            }
        }
    }

    fn paint(&mut self, actions: &[action::Action], method: Method) {
        let dropped: Vec<Span> = self.mask.actions.iter().map(|masked| masked.span).collect();
        let is_dropped = |span: Span| {
            let next = dropped.partition_point(|branch| branch.end <= span.start);
            dropped.get(next).is_some_and(|branch| branch.start <= span.start)
        };
        let mut index = 0;
        while let Some(first) = actions.get(index) {
            let alone = alone_on_lines(self.lines, actions, index);
            for action in actions.iter().skip(index).take(alone.max(1)) {
                if !is_dropped(action.span) {
                    self.paint_one(action, alone > 0, action.span.start == first.span.start, method);
                }
            }
            index += alone.max(1);
        }
    }

    fn paint_one(&mut self, action: &action::Action, alone: bool, first: bool, method: Method) {
        let span = action.span;
        if alone && method == Method::Blanks {
            self.fill(span, b' ', b' ');
        } else if alone {
            self.fill(span, if first { b'#' } else { b'x' }, b'#');
        } else if stands_for_lines(self.lines, action) {
            self.fill(span, b'#', b'#');
        } else {
            self.fill(span, b'x', b' ');
        }
        let indent = action.indent.unwrap_or_else(|| self.lines.column(span.start));
        let adds_lines = alone && action.kind == Kind::Print;
        self.mask.actions.push(Masked { span, adds_lines, indent, kind: action.kind });
    }

    /// Overwrites `span`: `first` at its start, `next` at the start of each further line, letters (or blanks, when
    /// `next` is one) elsewhere; line breaks stay.
    fn fill(&mut self, span: Span, first: u8, next: u8) {
        let rest = |lead: u8| if lead == b' ' { b' ' } else { b'x' };
        let (mut lead, mut body) = (Some(first), rest(first));
        for byte in self.bytes.iter_mut().take(span.end).skip(span.start) {
            if matches!(byte, b'\n' | b'\r') {
                (lead, body) = (Some(next), rest(next));
            } else {
                *byte = lead.take().unwrap_or(body);
            }
        }
    }
}

/// How many actions from `index` on have their lines for themselves, but for white space and comments; 0 when the
/// one at `index` has not.
fn alone_on_lines(lines: &Lines<'_>, actions: &[action::Action], index: usize) -> usize {
    let Some(first) = actions.get(index) else { return 0 };
    if !is_blank(lines.between(lines.start(first.span.start), first.span.start)) {
        return 0;
    }
    let mut end = first.span.end;
    let mut count = 1;
    while let Some(next) = actions.get(index + count) {
        if next.span.start >= lines.end(end) || !is_blank(lines.between(end, next.span.start)) {
            break;
        }
        end = next.span.end;
        count += 1;
    }
    let rest = lines.between(end, lines.end(end)).trim_start();
    if rest.is_empty() || rest.starts_with('#') { count } else { 0 }
}

/// Whether an action after `key:` or `-` prints lines rather than a word: it indents, or deeper lines follow it.
fn stands_for_lines(lines: &Lines<'_>, action: &action::Action) -> bool {
    let span = action.span;
    let before = lines.between(lines.start(span.start), span.start);
    let after = lines.between(span.end, lines.end(span.end));
    let is_value = before.ends_with([' ', '\t']) && before.trim_end().ends_with([':', '-']);
    if !is_value || !after.trim_start().is_empty() {
        return false;
    }
    action.indent.is_some() || next_indent(lines, span.end) > Some(key_column(before))
}

/// The column of the key, or of the dash, that a line's text before its value ends with.
fn key_column(before: &str) -> usize {
    let mut rest = before.trim_start();
    while let Some(inner) = rest.strip_prefix("- ") {
        if inner.trim_start().is_empty() {
            break;
        }
        rest = inner.trim_start();
    }
    before.len() - rest.len()
}

/// The indentation of the next line that holds more than white space, a comment or a template action. The look ahead
/// is short, because only the very next lines can belong to a value.
fn next_indent(lines: &Lines<'_>, from: usize) -> Option<usize> {
    let rest = lines.text.get(lines.end(from)..)?;
    let line = rest.lines().skip(1).take(20).find(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("{{")
    })?;
    Some(line.len() - line.trim_start().len())
}

/// Read from its end, because what stands right before an action decides, however long the line is.
fn is_blank(text: &str) -> bool {
    text.trim_end().is_empty()
}
