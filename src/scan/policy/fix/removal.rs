//! Removing several keys, or items of a list, in one edit.
//!
//! Invariant: what lies between the removed parts stays as it is, byte by byte.

use super::tree::{Tree, contains, edit};
use crate::scan::document::node::{Node, Value};
use crate::scan::edit::Edit;

/// Most keys that one edit removes.
const MAX_PARTS: usize = 200;

impl Tree<'_> {
    /// Removes the keys at the dotted `paths`, in which `*` is every item of a list; those that are not there are passed
    /// over.
    pub(super) fn remove_all(&self, paths: &[String]) -> Option<Edit> {
        let found: Vec<String> = paths.iter().flat_map(|path| found(self.root, path)).take(MAX_PARTS).collect();
        let parts = found.iter().map(|path| self.remove(path)).collect::<Option<Vec<Edit>>>()?;
        self.joined(parts)
    }

    /// Removes those items of the list at `path` that are one of `names`, or are called so by their key `name`; the list
    /// with its key when nothing else is in it.
    pub(super) fn remove_items(&self, path: &str, names: &[String]) -> Option<Edit> {
        let list = self.root.at(path)?;
        let items = list.items();
        let is_inside = contains(self.root.span(), list.span());
        if !is_inside || items.len() > MAX_PARTS || !items.iter().all(|item| contains(list.span(), item.span())) {
            return None;
        }
        let goes: Vec<bool> = items.iter().map(|item| is_called(item, names)).collect();
        if goes.iter().all(|goes| *goes) {
            return self.remove(path);
        }
        let is_flow = list.span().of(self.text).starts_with('[');
        self.joined(if is_flow { flow_parts(items, &goes)? } else { self.block_parts(items, &goes)? })
    }

    /// The lines of the items that go.
    fn block_parts(&self, items: &[Node], goes: &[bool]) -> Option<Vec<Edit>> {
        let going = items.iter().zip(goes).filter(|(_, goes)| **goes);
        let lines = |item: &Node| {
            let start = self.line_start(item.span().start);
            let dash = self.text.get(start..item.span().start)?;
            let rest = self.text.get(item.span().end..)?;
            let end = item.span().end + rest.find('\n').map_or(rest.len(), |index| index + 1);
            (dash.trim() == "-").then(|| edit(start, end, String::new()))
        };
        going.map(|(item, _)| lines(item)).collect()
    }

    /// One edit that does what all of `parts` do; `None` when they overlap, or there are none.
    fn joined(&self, mut parts: Vec<Edit>) -> Option<Edit> {
        parts.sort_by_key(|part| part.span.start);
        let start = parts.first()?.span.start;
        let (mut position, mut replacement) = (start, String::new());
        for part in &parts {
            // A range that runs backwards has no text: the parts overlap.
            replacement.push_str(self.text.get(position..part.span.start)?);
            replacement.push_str(&part.replacement);
            position = part.span.end;
        }
        Some(edit(start, position, replacement))
    }
}

/// Runs of items that go, each with the comma that joins it to what stays.
fn flow_parts(items: &[Node], goes: &[bool]) -> Option<Vec<Edit>> {
    let (mut parts, mut kept, mut run) = (Vec::new(), None, None);
    for (item, goes) in items.iter().zip(goes) {
        if *goes {
            run = run.or(Some(item.span().start));
            continue;
        }
        parts.extend(run.take().map(|start| edit(start, item.span().start, String::new())));
        kept = Some(item.span().end);
    }
    if run.is_some() {
        parts.push(edit(kept?, items.last()?.span().end, String::new()));
    }
    Some(parts)
}

fn is_called(item: &Node, names: &[String]) -> bool {
    let text = item.as_str().or_else(|| item.get("name")?.as_str());
    text.is_some_and(|text| names.iter().any(|name| name == text))
}

/// The paths that `path` stands for and that exist.
fn found(root: &Node, path: &str) -> Vec<String> {
    let mut reached: Vec<(String, &Node)> = vec![(String::new(), root)];
    for step in path.split('.') {
        reached = reached.iter().flat_map(|(path, node)| children(path, node, step)).take(MAX_PARTS).collect();
    }
    reached.into_iter().map(|(path, _)| path).collect()
}

/// What `step` reaches from the node at `path`.
fn children<'n>(path: &str, node: &'n Node, step: &str) -> Vec<(String, &'n Node)> {
    match node.value() {
        Value::Sequence(items) if step == "*" => items
            .iter()
            .take(MAX_PARTS)
            .enumerate()
            .map(|(index, item)| (join(path, &index.to_string()), item))
            .collect(),
        _ => node.get(step).map(|below| (join(path, step), below)).into_iter().collect(),
    }
}

fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;

    fn apply(text: &str, change: impl Fn(&Tree<'_>) -> Option<Edit>) -> Option<String> {
        let root = yaml::parse_one(text, &Limits::default()).unwrap();
        change(&Tree { text, root: &root })?.apply(text)
    }

    fn items(text: &str, names: &[&str], expected: Option<&str>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(apply(text, |tree| tree.remove_items("l", &names)).as_deref(), expected, "{text}");
    }

    fn keys(text: &str, paths: &[&str], expected: Option<&str>) {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(apply(text, |tree| tree.remove_all(&paths)).as_deref(), expected, "{text}");
    }

    #[test]
    fn items_go_with_their_lines_or_commas() {
        items("l:\n  - a # why\n  - b\n  - c\nm: 1\n", &["a", "c"], Some("l:\n  - b\nm: 1\n"));
        items("l: [a, b, c, d]\n", &["a", "b"], Some("l: [c, d]\n"));
        items("l: [a, b, c, d]\n", &["b", "d"], Some("l: [a, c]\n"));
        items("{\"l\": [\n  \"a\",\n  \"b\"\n]}\n", &["b"], Some("{\"l\": [\n  \"a\"\n]}\n"));
        items("m: 1\nl: [a]\n", &["a"], Some("m: 1\n"));
        items("l:\n- name: a\n  value: 1\n- name: b\n  value: 2\n", &["a"], Some("l:\n- name: b\n  value: 2\n"));
        items("l: [a]\n", &["b"], None);
    }

    #[test]
    fn keys_go_from_every_item() {
        keys(
            "l:\n  - n: 1\n    h: 2\n  - n: 3\n  - h: 4\n    n: 5\n",
            &["l.*.h"],
            Some("l:\n  - n: 1\n  - n: 3\n  - n: 5\n"),
        );
        keys("l: [{n: 1, h: 2}, {h: 3, n: 4}]\n", &["l.*.h"], Some("l: [{n: 1}, {n: 4}]\n"));
        keys("a: {b: 1, c: 2}\nd: {e: 1, f: 2}\n", &["a.b", "d.f", "g.h"], Some("a: {c: 2}\nd: {e: 1}\n"));
        keys("a: {b: 1, c: 2}\n", &["a.b", "a.b"], None);
        keys("a: 1\n", &["b.*.c"], None);
    }
}
