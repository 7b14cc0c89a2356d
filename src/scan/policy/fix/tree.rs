//! Minimal edits of YAML and JSON: the smallest text that sets or removes one key and keeps indentation, comments,
//! quoting and style of the rest.
//!
//! Invariant: an edit lies inside the map it changes, never where an anchor or a merge key lent something from
//! elsewhere.

use super::super::edit::steps;
use super::comment;
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::edit::Edit;
use crate::scan::span::Span;

/// The text of one file, with the map that edits start from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'t> {
    /// The text.
    pub text: &'t str,
    /// The map that paths start from.
    pub root: &'t Node,
}

impl Tree<'_> {
    /// Gives the key at the dotted `path` the value `to`, creating the maps above it; `None` when there is no plain
    /// way.
    pub(super) fn set(&self, path: &str, to: &Node) -> Option<Edit> {
        let steps = steps(path);
        let mut node = self.root;
        for (index, step) in steps.iter().enumerate() {
            let rest = steps.get(index + 1..)?;
            let Some(entry) = node.entry(step) else { return self.insert(node, step, rest, to) };
            let inside = contains(node.span(), entry.key_span) && contains(node.span(), entry.value.span());
            let is_here = inside && entry.value.span().start >= entry.key_span.end;
            if !is_here && !entry.value.span().is_empty() {
                return None;
            }
            match (rest, entry.value.value()) {
                ([], _) => return self.replace(node, entry, &[], to),
                (_, Value::Null) => return self.replace(node, entry, rest, to),
                (_, Value::Mapping(map)) if map.entries().is_empty() && !entry.value.is_open() => {
                    return self.fill(node, entry, rest, to);
                }
                (_, Value::Mapping(_)) => node = &entry.value,
                _ => return None,
            }
        }
        None
    }

    /// Removes the key at the dotted `path`, and the maps above it that hold nothing else; `None` when it is not there.
    pub(super) fn remove(&self, path: &str) -> Option<Edit> {
        self.remove_at(&steps(path))
    }

    /// Removes the key that `steps` lead to, as [`Self::remove`] does.
    pub(super) fn remove_at(&self, steps: &[&str]) -> Option<Edit> {
        let (mut node, mut target) = (self.root, None);
        for step in steps {
            if let Value::Sequence(items) = node.value() {
                let item = items.get(step.parse::<usize>().ok()?).filter(|item| contains(node.span(), item.span()))?;
                // An item stays, whatever is taken out of it.
                (node, target) = (item, None);
                continue;
            }
            let entry = node.entry(step)?;
            if !contains(node.span(), entry.key_span) || !contains(node.span(), entry.value.span()) {
                return None;
            }
            if target.is_none() || node.entries().len() > 1 {
                target = Some((node, entry));
            }
            node = &entry.value;
        }
        let (map, entry) = target?;
        if self.is_flow(map) { Self::remove_from_flow(map, entry) } else { self.remove_from_block(map, entry) }
    }

    /// Gives the key at the dotted `path` the name `to`; when that is there too, the old one goes.
    pub(super) fn rename(&self, path: &str, to: &str) -> Option<Edit> {
        let steps = steps(path);
        let (last, above) = steps.split_last()?;
        let map = above.iter().try_fold(self.root, |node, step| node.get(step))?;
        let entry = map.entry(last).filter(|entry| contains(map.span(), entry.key_span))?;
        if map.entry(to).is_some() {
            return self.remove(path);
        }
        let written = entry.key_span.of(self.text);
        let at = written.find(*last)?;
        let start = entry.key_span.start + at;
        Some(edit(start, start + last.len(), to.to_owned()))
    }

    /// Gives the empty map of `entry` keys: in a block as lines of their own.
    fn fill(&self, map: &Node, entry: &Entry, rest: &[&str], to: &Node) -> Option<Edit> {
        let (key, inner) = rest.split_first()?;
        let span = entry.value.span();
        let gap = self.text.get(entry.key_span.end..span.start)?;
        let ends_line = self.text.get(span.end..)?.split('\n').next().is_some_and(|rest| rest.trim().is_empty());
        let is_plain = gap.trim() == ":" && !gap.contains('\n') && ends_line && !self.is_flow(map);
        match self.below(map, entry, rest, to).filter(|_| is_plain) {
            Some(lines) => Some(edit(entry.key_span.end + gap.find(':')? + 1, span.end, lines)),
            None => self.insert(&entry.value, key, inner, to),
        }
    }

    /// Replaces all after the colon of `entry`, so that a block below it becomes one line.
    fn replace(&self, map: &Node, entry: &Entry, rest: &[&str], to: &Node) -> Option<Edit> {
        let quoted = self.quotes_keys(map);
        let value = rest.iter().rev().fold(scalar(to, quoted)?, |inner, key| {
            let key = if quoted { quote(key) } else { (*key).to_owned() };
            format!("{{{key}: {inner}}}")
        });
        let span = entry.value.span();
        if span.is_empty() || span.start < entry.key_span.end {
            let colon = entry.key_span.end + self.text.get(entry.key_span.end..)?.find(':')? + 1;
            let in_lines = !rest.is_empty() && !self.is_flow(map);
            let below = in_lines.then(|| self.below(map, entry, rest, to)).flatten();
            return Some(edit(colon, colon, below.unwrap_or_else(|| format!(" {value}"))));
        }
        let between = self.text.get(entry.key_span.end..span.start)?;
        if rest.is_empty()
            && let Some(edit) = super::list::replace_items(self, &entry.value, to)
        {
            return Some(edit);
        }
        match between.find('\n') {
            Some(_) => {
                let colon = entry.key_span.end + between.find(':')? + 1;
                Some(edit(colon, span.end, format!(" {value}")))
            }
            None => Some(edit(span.start, span.end, value)),
        }
    }

    /// Removes whole lines, with the comment of the key; the first key of a list item gives its place to the next one.
    fn remove_from_block(&self, map: &Node, entry: &Entry) -> Option<Edit> {
        let start = entry.key_span.start;
        let line_start = self.line_start(start);
        let next = map.entries().iter().filter(|other| other.key_span.start > start).map(|other| other.key_span.start);
        if self.text.get(line_start..start)?.trim().is_empty() {
            let end = entry.value.span().end.max(entry.key_span.end);
            let rest = self.text.get(end..)?;
            let end = end + rest.find('\n').map_or(rest.len(), |index| index + 1);
            let column = start - line_start;
            let has_next = next.min().is_some_and(|next| self.line_start(next) == end);
            let from = comment::start(self.text, line_start, column, &entry.key, has_next);
            return Some(edit(from, comment::end(self.text, end, column), String::new()));
        }
        Some(edit(start, next.min()?, String::new()))
    }

    fn remove_from_flow(map: &Node, entry: &Entry) -> Option<Edit> {
        let start = entry.key_span.start;
        let own = || map.entries().iter().filter(|other| contains(map.span(), other.key_span));
        let next = own().map(|other| other.key_span.start).filter(|other| *other > start).min();
        let previous = own().filter(|other| other.key_span.start < start).map(|other| other.value.span().end).max();
        Some(match (next, previous) {
            (Some(next), _) => edit(start, next, String::new()),
            (None, Some(previous)) => edit(previous, entry.value.span().end, String::new()),
            (None, None) => edit(map.span().start + 1, map.span().end.checked_sub(1)?, String::new()),
        })
    }

    pub(super) fn is_flow(&self, map: &Node) -> bool {
        map.span().of(self.text).starts_with('{')
    }

    /// Whether keys are quoted: those of the map are, or the whole text is JSON.
    pub(super) fn quotes_keys(&self, map: &Node) -> bool {
        match map.entries().first() {
            Some(entry) => entry.key_span.of(self.text).starts_with('"'),
            None => self.text.trim_start().starts_with(['{', '[']),
        }
    }

    /// The column of `offset`, from 0, in characters.
    pub(super) fn column(&self, offset: usize) -> usize {
        self.text.get(self.line_start(offset)..offset).unwrap_or_default().chars().count()
    }

    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or_default().rfind('\n').map_or(0, |index| index + 1)
    }

    pub(super) fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// A value on one line; `json` quotes texts always.
pub(super) fn scalar(node: &Node, json: bool) -> Option<String> {
    let list = |items: Option<Vec<String>>| items.map(|items| items.join(", "));
    Some(match node.value() {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) | Value::Unknown(text) => {
            let is_plain = text.chars().all(|character| character.is_ascii_alphanumeric() || "-_/".contains(character));
            let reads_as_text = text.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_keyword(text);
            if is_plain && reads_as_text && !json { text.to_string() } else { quote(text) }
        }
        Value::Sequence(items) => {
            format!("[{}]", list(items.iter().take(100).map(|item| scalar(item, json)).collect())?)
        }
        Value::Mapping(map) => {
            let entry = |entry: &Entry| {
                let key = if json { quote(&entry.key) } else { entry.key.to_string() };
                Some(format!("{key}: {}", scalar(&entry.value, json)?))
            };
            format!("{{{}}}", list(map.entries().iter().map(entry).collect())?)
        }
    })
}

/// Whether YAML 1.1 reads a word as something else than a text.
pub(super) fn is_keyword(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

pub(super) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

pub(super) fn contains(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

pub(super) fn edit(start: usize, end: usize, replacement: String) -> Edit {
    Edit { span: Span::new(start, end), replacement }
}

#[cfg(test)]
mod tests;
