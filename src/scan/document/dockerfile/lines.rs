//! A Dockerfile's text cut into instructions: directives, comments, continued lines and here-documents.
//!
//! Invariant: every line belongs to exactly one thing, and a here-document that never ends is read as ordinary lines,
//! so that no instruction after it is lost.
//!
//! # Source
//! The Dockerfile reference of Docker ("Parser directives", "Escape", "Here-Documents") and the behaviour of
//! `BuildKit`.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Directive;
use super::heredoc::{self, Heredoc};
use super::problems::Problems;
use super::source::Source;
use crate::scan::document::Comment;
use crate::scan::problem::Cause;
use crate::scan::span::Span;

/// One instruction with its continued lines joined, before it is understood.
#[derive(Clone, Debug)]
pub(super) struct LogicalLine {
    pub source: Source,
    pub heredocs: Vec<Heredoc>,
    pub span: Span,
}

/// What the lines of a file are.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub escape: char,
    pub directives: Vec<Directive>,
    pub comments: Vec<Comment>,
    pub logical: Vec<LogicalLine>,
}

static DIRECTIVE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[ \t]*#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t]*$").ok());

struct Splitter<'a> {
    text: &'a str,
    lines: Vec<Span>,
    next: usize,
    result: Lines,
    terminators: Option<Terminators<'a>>,
}

/// Where each line's text occurs, so that the end of a here-document is found without reading on.
struct Terminators<'a> {
    plain: HashMap<&'a str, Vec<usize>>,
    without_tabs: HashMap<&'a str, Vec<usize>>,
}

/// Cuts `text` into instructions.
pub(super) fn split(text: &str, problems: &mut Problems<'_>) -> Lines {
    let mut splitter = Splitter {
        text,
        lines: line_spans(text),
        next: 0,
        result: Lines { escape: '\\', ..Lines::default() },
        terminators: None,
    };
    splitter.directives();
    while let Some(line) = splitter.take() {
        splitter.line(line, problems);
    }
    splitter.result
}

/// The lines without their breaks; a byte order mark is left out.
fn line_spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    for piece in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let body = piece.trim_end_matches(['\n', '\r']);
        spans.push(Span::new(start, start + body.len()));
        start += piece.len();
    }
    spans
}

impl Splitter<'_> {
    fn take(&mut self) -> Option<Span> {
        let line = self.lines.get(self.next).copied()?;
        self.next += 1;
        Some(line)
    }

    /// Directives stand at the very top, before any other line, comments included.
    fn directives(&mut self) {
        let Some(pattern) = DIRECTIVE.as_ref() else { return };
        while let Some(line) = self.lines.get(self.next).copied() {
            let Some(found) = pattern.captures(line.of(self.text)) else { return };
            let (Some(name), Some(value)) = (found.get(1), found.get(2)) else { return };
            let directive = Directive {
                name: name.as_str().to_ascii_lowercase().into(),
                value: value.as_str().into(),
                value_span: Span::new(line.start + value.start(), line.start + value.end()),
                span: line,
            };
            if &*directive.name == "escape" && &*directive.value == "`" {
                self.result.escape = '`';
            }
            self.result.directives.push(directive);
            self.comment(line);
            self.next += 1;
        }
    }

    fn comment(&mut self, line: Span) {
        let body = line.of(self.text);
        let indent = body.len() - body.trim_start().len();
        self.result.comments.push(Comment { span: Span::new(line.start + indent, line.end), own_line: true });
    }

    fn line(&mut self, line: Span, problems: &mut Problems<'_>) {
        let body = line.of(self.text).trim_start();
        if body.is_empty() {
            return;
        }
        if body.starts_with('#') {
            self.comment(line);
            return;
        }
        let source = self.joined(Span::new(line.end - body.len(), line.end));
        if source.text().trim().is_empty() {
            return;
        }
        let mut span = source.whole();
        let heredocs = self.heredocs(&source, problems);
        if let Some(last) = heredocs.last() {
            span.end = span.end.max(last.span.end);
        }
        self.result.logical.push(LogicalLine { source, heredocs, span });
    }

    /// The line and those that continue it; comments and empty lines between them fall out.
    fn joined(&mut self, first: Span) -> Source {
        let mut source = Source::default();
        let mut line = first;
        loop {
            let (kept, continues) = without_continuation(line, self.text, self.result.escape);
            source.push(self.text, kept);
            if !continues {
                return source;
            }
            loop {
                let Some(next) = self.take() else { return source };
                let body = next.of(self.text).trim_start();
                if body.starts_with('#') {
                    self.comment(next);
                } else if !body.is_empty() {
                    line = next;
                    break;
                }
            }
        }
    }

    fn heredocs(&mut self, source: &Source, problems: &mut Problems<'_>) -> Vec<Heredoc> {
        let mut found = heredoc::announced(source, self.result.escape);
        for index in 0..found.len() {
            let Some(heredoc) = found.get_mut(index) else { break };
            let Some(end) = self.terminator(&heredoc.name, heredoc.strip_tabs) else {
                let message = "here-document without its end: the lines after it were read as instructions; \
                               add the closing word on a line of its own";
                problems.add(Cause::Syntax, heredoc.operator.start, message);
                found.truncate(index);
                break;
            };
            let start = self.lines.get(self.next).map_or(self.text.len(), |line| line.start);
            let last = self.lines.get(end).copied().unwrap_or_default();
            heredoc.body = Span::new(start, last.start);
            heredoc.span = Span::new(start, last.end);
            self.next = end + 1;
        }
        found
    }

    /// The index of the first line from here on that reads `name`.
    fn terminator(&mut self, name: &str, strip_tabs: bool) -> Option<usize> {
        let (text, lines) = (self.text, &self.lines);
        let terminators = self.terminators.get_or_insert_with(|| Terminators::of(text, lines));
        let places = if strip_tabs { terminators.without_tabs.get(name) } else { terminators.plain.get(name) }?;
        places.get(places.partition_point(|line| *line < self.next)).copied()
    }
}

impl<'a> Terminators<'a> {
    fn of(text: &'a str, lines: &[Span]) -> Self {
        let mut terminators = Self { plain: HashMap::new(), without_tabs: HashMap::new() };
        for (index, line) in lines.iter().enumerate() {
            let body = line.of(text);
            terminators.plain.entry(body).or_default().push(index);
            terminators.without_tabs.entry(body.trim_start_matches('\t')).or_default().push(index);
        }
        terminators
    }
}

/// The line without a final escape character, and whether there was one.
fn without_continuation(line: Span, text: &str, escape: char) -> (Span, bool) {
    let body = line.of(text).trim_end_matches([' ', '\t']);
    match body.strip_suffix(escape) {
        Some(kept) if !kept.ends_with(escape) => (Span::new(line.start, line.start + kept.len()), true),
        _ => (line, false),
    }
}
