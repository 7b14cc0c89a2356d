//! Keys that a map gets, in the style around them.
//!
//! Invariant: what is there keeps its text; a comment stays on the line of what it is about.

use super::tree::{Tree, contains, edit, quote, scalar};
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::edit::Edit;

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

    /// Adds lines after the metadata of an object, or after the first entry of one line; before the first entry when
    /// there is none.
    fn insert_in_block(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<Edit> {
        let own = |entry: &&Entry| contains(map.span(), entry.key_span);
        let first = map.entries().iter().find(own)?;
        let column = self.column(first.key_span.start);
        let line_break = self.line_break();
        let lines = nested(key, rest, to, column, line_break)?;
        let single = || map.entries().iter().filter(own).find_map(|entry| self.end_of_single_line(entry));
        let indent = " ".repeat(column);
        let start = first.key_span.start;
        Some(match self.end_of_metadata(map).or_else(single) {
            Some(end) => edit(end, end, format!("{line_break}{indent}{lines}")),
            None => edit(start, start, format!("{lines}{line_break}{indent}")),
        })
    }

    /// The end of the last line of the metadata of an object.
    fn end_of_metadata(&self, map: &Node) -> Option<usize> {
        let is_object = map.get("apiVersion").is_some() && map.get("kind").is_some();
        let entry = map.entry("metadata").filter(|entry| is_object && contains(map.span(), entry.key_span))?;
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

    /// Adds an entry after the first one.
    fn insert_in_flow(&self, map: &Node, key: &str, rest: &[&str], to: &Node) -> Option<Edit> {
        let quoted = self.quotes_keys(map);
        let name = |key: &str| if quoted { quote(key) } else { key.to_owned() };
        let value =
            rest.iter().rev().try_fold(scalar(to, quoted)?, |inner, key| Some(format!("{{{}: {inner}}}", name(key))));
        let item = format!("{}: {}", name(key), value?);
        let inside = map.span().start + 1;
        let mut own = map.entries().iter().filter(|entry| contains(map.span(), entry.key_span));
        let Some(first) = own.next() else {
            return Some(edit(inside, inside, item));
        };
        if let Some(second) = own.next() {
            let start = second.key_span.start;
            let before = self.text.get(first.value.span().end..start)?;
            let blanks = before.rfind(|letter: char| !letter.is_whitespace()).map_or(0, |at| at + 1);
            let blanks = before.get(blanks..).filter(|blanks| !blanks.is_empty()).unwrap_or(" ");
            // The line break of a comment is one of the blanks.
            return Some(edit(start, start, format!("{item},{blanks}")));
        }
        let space = self.text.get(inside..first.key_span.start)?;
        if space.contains('\n') && space.trim().is_empty() {
            return Some(edit(inside, inside, format!("{space}{item},")));
        }
        let end = first.value.span().end.max(first.key_span.end);
        Some(edit(end, end, format!(", {item}")))
    }
}

/// The lines of `key` and `rest`, one inside the other, in a block, without the indentation of the first one.
fn nested(key: &str, rest: &[&str], to: &Node, column: usize, line_break: &str) -> Option<String> {
    let below = column + 2;
    let indent = " ".repeat(below);
    Some(match (rest.split_first(), to.value()) {
        (Some((next, rest)), _) => {
            format!("{key}:{line_break}{indent}{}", nested(next, rest, to, below, line_break)?)
        }
        (None, Value::Mapping(map)) if !map.entries().is_empty() => {
            let entry = |entry: &Entry| nested(&entry.key, &[], &entry.value, below, line_break);
            let lines = map.entries().iter().map(entry).collect::<Option<Vec<String>>>()?;
            format!("{key}:{line_break}{indent}{}", lines.join(&format!("{line_break}{indent}")))
        }
        (None, _) => format!("{key}: {}", scalar(to, false)?),
    })
}
