//! Keys that a map gets, in the style around them.
//!
//! Invariant: what is there keeps its text; a comment stays on the line of what it is about.

use super::tree::{Tree, contains, edit, quote, scalar};
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::edit::Edit;

/// Lines that are looked at for how a text is indented.
const MAX_LINES: usize = 500;

impl Tree<'_> {
    /// Adds the keys `key` and `rest`, one inside the other, to `map`, the last one with the value `to`.
    pub(super) fn insert(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<Edit> {
        if map.is_open() {
            return None;
        }
        if self.is_flow(map) {
            self.insert_in_flow(map, key, rest, to)
        } else {
            self.insert_in_block(map, key, rest, to)
        }
    }

    /// Adds lines after the head of an object, or after the first entry of one line; before the first entry when there
    /// is none.
    fn insert_in_block(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<Edit> {
        let own = |entry: &&Entry| contains(map.span(), entry.key_span);
        let first = map.entries().iter().find(own)?;
        let column = self.column(first.key_span.start);
        let line_break = self.line_break();
        let lines = self.nested(map, key, rest, to)?;
        let single = || map.entries().iter().filter(own).find_map(|entry| self.end_of_single_line(entry));
        let kind = || map.entry("kind").filter(|entry| is_object(map) && own(entry));
        let head = || self.end_of_metadata(map).or_else(|| self.end_of_single_line(kind()?));
        let indent = " ".repeat(column);
        let start = first.key_span.start;
        Some(match head().or_else(single) {
            Some(end) => edit(end, end, format!("{line_break}{indent}{lines}")),
            None => edit(start, start, format!("{lines}{line_break}{indent}")),
        })
    }

    /// The lines of `key` and `rest`, one inside the other, in the block of `map`, without the first indentation.
    fn nested(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<String> {
        let column =
            self.column(map.entries().iter().find(|entry| contains(map.span(), entry.key_span))?.key_span.start);
        nested(key, rest, to, Layout { column, step: self.step(map), line_break: self.line_break() })
    }

    /// The value below the key `entry` of a block that has none yet, beginning with the line break.
    pub(super) fn below(&self, map: &Node, entry: &Entry, rest: &[&str], to: &Node) -> Option<String> {
        let lines = self.nested(map, &entry.key, rest, to)?;
        lines.strip_prefix(&format!("{}:", entry.key)).map(str::to_owned)
    }

    /// How far the text indents a map inside of another: where `map` does, else where the text does nearest.
    fn step(&self, map: &Node) -> usize {
        let of_entry = |entry: &Entry| {
            let inner = entry.value.entries().first().filter(|_| !self.is_flow(&entry.value))?;
            let is_here = entry.value.span().start > entry.key_span.end;
            self.column(inner.key_span.start).checked_sub(self.column(entry.key_span.start)).filter(|_| is_here)
        };
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let between = |above: &str, below: &str| {
            let is_map = above.trim_end().ends_with(':') && !below.trim_start().starts_with(['-', '#']);
            // A dash before the key is a part of its indentation.
            let above = indent(above) + usize::from(above.trim_start().starts_with("- ")) * 2;
            indent(below).checked_sub(above).filter(|step| is_map && *step > 0)
        };
        let is_written = |line: &&str| !line.trim().is_empty();
        let (before, after) = self.text.split_at_checked(map.span().start).unwrap_or_default();
        let above: Vec<&str> = before.lines().rev().filter(is_written).take(MAX_LINES).collect();
        let below: Vec<&str> = after.lines().filter(is_written).take(MAX_LINES).collect();
        // The nearest lines above tell best: documents of one file may differ.
        let of_above = || above.windows(2).find_map(|pair| between(pair.last()?, pair.first()?));
        let of_below = || below.windows(2).find_map(|pair| between(pair.first()?, pair.last()?));
        let of_lines = || of_above().or_else(of_below);
        let is_usual = |step: &usize| (1..=8).contains(step);
        map.entries().iter().find_map(of_entry).filter(is_usual).or_else(|| of_lines().filter(is_usual)).unwrap_or(2)
    }

    /// The end of the last line of the metadata of an object.
    fn end_of_metadata(&self, map: &Node) -> Option<usize> {
        let entry = map.entry("metadata").filter(|entry| is_object(map) && contains(map.span(), entry.key_span))?;
        let span = entry.value.span();
        let is_here = matches!(entry.value.value(), Value::Mapping(_)) && span.start >= entry.key_span.end;
        let last = entry.value.entries().last().map(|last| self.text.get(last.value.span().start..));
        let is_scalar = last.flatten().is_some_and(|value| !value.starts_with(['|', '>']));
        self.rest_of_line(span.end).filter(|_| is_here && is_scalar)
    }

    /// The end of the line of an entry whose value is a plain or quoted scalar on the line of its key.
    fn end_of_single_line(&self, entry: &Entry) -> Option<usize> {
        let span = entry.value.span();
        let value = span.of(self.text);
        let is_scalar = !matches!(entry.value.value(), Value::Null | Value::Sequence(_) | Value::Mapping(_));
        let is_here = span.start >= entry.key_span.end && !value.starts_with(['|', '>']);
        let one_line = !self.text.get(entry.key_span.start..span.end)?.contains('\n');
        self.rest_of_line(span.end).filter(|_| is_scalar && is_here && one_line)
    }

    /// The end of the line of `offset`, when nothing but a comment follows there.
    fn rest_of_line(&self, offset: usize) -> Option<usize> {
        let rest = self.text.get(offset..)?.split('\n').next().unwrap_or_default();
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        (rest.trim().is_empty() || rest.trim_start().starts_with('#')).then_some(offset + rest.len())
    }

    /// Adds an entry after the head of an object, or after the first one.
    fn insert_in_flow(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<Edit> {
        let quoted = self.quotes_keys(map);
        let name = |key: &str| if quoted { quote(key) } else { key.to_owned() };
        let value =
            rest.iter().rev().try_fold(scalar(to, quoted)?, |inner, key| Some(format!("{{{}: {inner}}}", name(key))));
        let item = format!("{}: {}", name(key), value?);
        let inside = map.span().start + 1;
        let own: Vec<&Entry> = map.entries().iter().filter(|entry| contains(map.span(), entry.key_span)).collect();
        let head = |key: &str| own.iter().position(|entry| is_object(map) && &*entry.key == key);
        let at = head("metadata").or_else(|| head("kind")).unwrap_or(0);
        let Some(before) = own.get(at) else {
            return Some(edit(inside, inside, item));
        };
        let end = before.value.span().end.max(before.key_span.end);
        if let Some(next) = own.get(at + 1) {
            let start = next.key_span.start;
            let between = self.text.get(end..start)?;
            let blanks = between.rfind(|letter: char| !letter.is_whitespace()).map_or(0, |at| at + 1);
            let blanks = between.get(blanks..).filter(|blanks| !blanks.is_empty()).unwrap_or(" ");
            return Some(edit(start, start, format!("{item},{blanks}")));
        }
        let after = at.checked_sub(1).and_then(|at| own.get(at)).map_or(inside, |one| one.value.span().end);
        let space = self.text.get(after..before.key_span.start)?.trim_start_matches(',');
        let is_line = space.contains('\n') && space.trim().is_empty();
        if is_line && at == 0 {
            return Some(edit(inside, inside, format!("{space}{item},")));
        }
        Some(edit(end, end, format!(",{}{item}", if is_line { space } else { " " })))
    }
}

/// Whether the map is an object of Kubernetes.
fn is_object(map: &Node) -> bool {
    map.get("apiVersion").is_some() && map.get("kind").is_some()
}

/// Where the lines of a key stand.
#[derive(Clone, Copy)]
struct Layout<'l> {
    column: usize,
    step: usize,
    line_break: &'l str,
}

/// The lines of `key` and `rest`, one inside the other, in a block, without the indentation of the first one.
fn nested(key: &str, rest: &[&str], to: &Node, layout: Layout<'_>) -> Option<String> {
    let Layout { column, step, line_break } = layout;
    let below = Layout { column: column + step, ..layout };
    let indent = " ".repeat(below.column);
    Some(match (rest.split_first(), to.value()) {
        (Some((next, rest)), _) => format!("{key}:{line_break}{indent}{}", nested(next, rest, to, below)?),
        (None, Value::Mapping(map)) if !map.entries().is_empty() => {
            let lines = map.entries().iter().map(|entry| nested(&entry.key, &[], &entry.value, below));
            let lines = lines.collect::<Option<Vec<String>>>()?.join(&format!("{line_break}{indent}"));
            format!("{key}:{line_break}{indent}{lines}")
        }
        (None, _) => format!("{key}: {}", scalar(to, false)?),
    })
}
