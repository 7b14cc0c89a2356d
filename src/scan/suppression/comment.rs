//! Where a suppression may be written, and what it says.
//!
//! Invariant: only a comment counts, as the kind of the file has them; in running text and in strings the words mean
//! nothing.

use memchr::memmem;

use super::Source;
use crate::scan::document::DocumentKind;
use crate::scan::span::Span;

const NAME: &str = "dockgate:ignore";

/// A suppression comment as it stands.
#[derive(Clone, Debug)]
pub(super) struct Directive<'t> {
    /// From the name to the end of the reason.
    pub span: Span,
    /// The rules, as written.
    pub rules: Vec<&'t str>,
    /// The reason; empty when there is none.
    pub reason: &'t str,
    /// Whether it says `ignore-file`.
    pub whole_file: bool,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
    /// Why it can't be obeyed.
    pub flaw: Option<Flaw>,
}

/// Why a suppression can't be obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It names no rule.
    NoRule,
    /// It gives no reason.
    NoReason,
}

/// The suppressions of a file, in order.
pub(super) fn directives(file: Source<'_>) -> Vec<Directive<'_>> {
    let hits = memmem::find_iter(file.text.as_bytes(), NAME);
    hits.filter_map(|start| directive(file, markers(file), start)).collect()
}

/// The comment markers of a kind of file; the first that fits wins.
fn markers(file: Source<'_>) -> &'static [&'static str] {
    const HASH: &[&str] = &["#"];
    const SLASHES: &[&str] = &["//", "/*", "*"];
    const MARKUP: &[&str] = &["<!--"];
    let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match (file.parsed.kind, ending) {
        (DocumentKind::Devcontainer, _) => SLASHES,
        (_, "json") => &[],
        (DocumentKind::Dockerfile, _) => HASH,
        (DocumentKind::HelmTemplate, _) => &["#", "{{/*", "{{- /*", "//", "<!--"],
        (kind, _) if kind != DocumentKind::Text => HASH,
        (_, "md" | "markdown" | "html" | "htm" | "xml" | "svg" | "config" | "csproj" | "vue") => MARKUP,
        (_, "rs" | "go" | "js" | "mjs" | "cjs" | "ts" | "tsx" | "jsx" | "java" | "kt" | "kts" | "c" | "h") => SLASHES,
        (_, "cc" | "cpp" | "hpp" | "cs" | "swift" | "scala" | "groovy" | "gradle" | "dart" | "jsonc" | "json5") => {
            SLASHES
        }
        (_, "sh" | "bash" | "py" | "rb" | "pl" | "toml" | "env" | "properties" | "mk" | "yaml" | "yml") => HASH,
        (_, "sql" | "lua" | "hs") => &["--", "/*"],
        (_, "tf" | "tfvars" | "hcl") => &["#", "//", "/*", "*"],
        _ => &["#", "//", ";", "--", "<!--", "/*", "*"],
    }
}

/// Where in a comment something stands that only means something there.
pub(super) struct Place {
    /// The end of its line, in bytes.
    pub end: usize,
    /// Whether nothing else stands on the line.
    pub own_line: bool,
}

/// The comment that begins with what stands at `offset`; `None` when that is no comment.
pub(super) fn at(file: Source<'_>, offset: usize) -> Option<Place> {
    place(file, markers(file), offset)
}

fn place(file: Source<'_>, markers: &[&str], offset: usize) -> Option<Place> {
    let line = file.lines.line_span(file.text, file.lines.line(offset));
    let before = file.text.get(line.start..offset)?.trim_end();
    let marker = markers.iter().find(|marker| before.ends_with(**marker))?;
    let code = before.get(..before.len() - marker.len())?;
    let own_line = code.trim().is_empty();
    let is_comment = own_line || (*marker != "*" && is_comment(file, code, offset));
    is_comment.then_some(Place { end: line.end, own_line })
}

fn directive<'t>(file: Source<'t>, markers: &[&str], offset: usize) -> Option<Directive<'t>> {
    let Place { end, own_line } = place(file, markers, offset)?;
    let body = file.text.get(offset + NAME.len()..end)?;
    let whole_file = body.starts_with("-file");
    let body = body.strip_prefix("-file").unwrap_or(body);
    if body.starts_with(|next: char| !next.is_whitespace()) {
        return None;
    }
    let (rules, reason) = body.split_once(" --").unwrap_or((body, ""));
    let rules: Vec<&str> = uncommented(rules).split([',', ' ', '\t']).filter(|rule| !rule.is_empty()).collect();
    let reason = uncommented(reason);
    let flaw = match (rules.is_empty(), reason.is_empty()) {
        (true, _) => Some(Flaw::NoRule),
        (false, true) => Some(Flaw::NoReason),
        (false, false) => None,
    };
    Some(Directive { span: Span::new(offset, end), rules, reason, whole_file, own_line, flaw })
}

/// Whether a comment after `code` on one line is one: the parser says so where there is one, else white space does.
fn is_comment(file: Source<'_>, code: &str, offset: usize) -> bool {
    if file.parsed.kind == DocumentKind::Text {
        return code.ends_with(char::is_whitespace);
    }
    let comments = &file.parsed.comments;
    let index = comments.partition_point(|comment| comment.span.end <= offset);
    comments.get(index).is_some_and(|comment| comment.span.start <= offset)
}

/// `text` without the marker that ends a comment.
fn uncommented(text: &str) -> &str {
    let text = text.trim();
    ["-->", "*/}}", "*/ -}}", "*/", "-->"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text).trim()
}

/// The line that a comment is meant for: its own, or the next one that is no comment.
pub(super) fn target_line(file: Source<'_>, span: Span, own_line: bool) -> usize {
    let line = file.lines.line(span.start);
    if !own_line {
        return line;
    }
    let markers = markers(file);
    let is_comment = |line: &usize| {
        let text = file.lines.line_span(file.text, *line).of(file.text).trim_start();
        markers.iter().any(|marker| text.starts_with(marker))
    };
    let last = file.lines.line_count(file.text);
    (line + 1..=last).find(|line| !is_comment(line)).unwrap_or(line)
}
