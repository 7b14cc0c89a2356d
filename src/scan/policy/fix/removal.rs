//! Removing several keys, or items of a list, in one edit.
//!
//! Invariant: what lies between the removed parts stays as it is, byte by byte.

use super::super::edit::steps;
use super::comment;
use super::tree::{Tree, contains, edit};
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::edit::Edit;
use crate::scan::span::Span;

/// Most keys that one edit removes.
const MAX_PARTS: usize = 200;

/// What is taken out of a list or map.
#[derive(Clone, Copy)]
pub(super) struct Going<'g> {
    /// Items and keys that are called so.
    pub names: &'g [String],
    /// Items and values that stand there.
    pub places: &'g [Span],
}

impl Tree<'_> {
    /// Removes the keys at the dotted `paths`, in which `*` is every item of a list or value of a map; those that are
    /// not there are passed over.
    pub(super) fn remove_all(&self, paths: &[String]) -> Option<Edit> {
        let found = paths.iter().flat_map(|path| found(self.root, path)).take(MAX_PARTS).collect();
        let found = with_empty_maps(self.root, found);
        let remove = |steps: &Vec<String>| self.remove_at(&steps.iter().map(String::as_str).collect::<Vec<_>>());
        joined(self.text, found.iter().map(remove).collect::<Option<Vec<Edit>>>()?)
    }

    /// Removes from each list and map at `paths` what is `going`; one of which nothing else is left goes with its key.
    pub(super) fn remove_items(&self, paths: &[String], going: Going<'_>) -> Option<Edit> {
        let lists = paths.iter().filter_map(|path| Some((path, at(self.root, path)?)));
        let parts = lists.filter_map(|(path, list)| match list.value() {
            Value::Sequence(items) => {
                let goes: Vec<bool> = items.iter().map(|item| going.takes(item)).collect();
                self.remove_marked(path, list, &with_options(items, goes))
            }
            Value::Mapping(_) => self.remove_keys(path, list, going),
            _ => None,
        });
        joined(self.text, parts.collect())
    }

    /// Removes those items of the list at `path` that `goes` marks; the list with its key when nothing else is in it.
    pub(super) fn remove_marked(&self, path: &str, list: &Node, goes: &[bool]) -> Option<Edit> {
        let items = list.items();
        let is_inside = contains(self.root.span(), list.span());
        let is_whole = is_inside && items.iter().all(|item| contains(list.span(), item.span()));
        if !is_whole || items.len() > MAX_PARTS || !goes.contains(&true) {
            return None;
        }
        if goes.iter().all(|goes| *goes) {
            return self.remove(path);
        }
        let is_flow = list.span().of(self.text).starts_with('[');
        joined(self.text, if is_flow { flow_parts(items, goes)? } else { self.block_parts(items, goes)? })
    }

    /// Removes the keys of the map at `path` that are `going`; the map with its key when nothing else is in it.
    fn remove_keys(&self, path: &str, map: &Node, going: Going<'_>) -> Option<Edit> {
        let goes = |entry: &&Entry| going.names.iter().any(|name| **name == *entry.key) || going.takes(&entry.value);
        let keys: Vec<&str> = map.entries().iter().filter(goes).take(MAX_PARTS).map(|entry| &*entry.key).collect();
        if keys.len() == map.entries().len() {
            return self.remove(path);
        }
        let above = steps(path);
        let remove = |key: &&str| self.remove_at(&above.iter().chain([key]).copied().collect::<Vec<_>>());
        joined(self.text, keys.iter().map(remove).collect::<Option<Vec<Edit>>>()?)
    }

    /// The lines of the items that go.
    fn block_parts(&self, items: &[Node], goes: &[bool]) -> Option<Vec<Edit>> {
        let going = items.iter().zip(goes).filter(|(_, goes)| **goes);
        let starts: Vec<usize> = items.iter().map(|item| self.line_start(item.span().start)).collect();
        let lines = |item: &Node| {
            let start = self.line_start(item.span().start);
            let dash = self.text.get(start..item.span().start)?;
            let rest = self.text.get(item.span().end..)?;
            let end = item.span().end + rest.find('\n').map_or(rest.len(), |index| index + 1);
            let from = comment::start(
                self.text,
                start,
                dash.find('-')?,
                item.as_str().unwrap_or_default(),
                starts.contains(&end),
            );
            (dash.trim() == "-").then(|| edit(from, end, String::new()))
        };
        going.map(|(item, _)| lines(item)).collect()
    }
}

/// One edit of `text` that does what all of `parts` do; `None` when they overlap, or there are none.
pub(super) fn joined(text: &str, mut parts: Vec<Edit>) -> Option<Edit> {
    parts.sort_by_key(|part| part.span.start);
    let start = parts.first()?.span.start;
    let (mut position, mut replacement) = (start, String::new());
    for part in &parts {
        // A range that runs backwards has no text: the parts overlap.
        replacement.push_str(text.get(position..part.span.start)?);
        replacement.push_str(&part.replacement);
        position = part.span.end;
    }
    Some(edit(start, position, replacement))
}

/// With a value of `--option`, `value` goes the option.
fn with_options(items: &[Node], mut goes: Vec<bool>) -> Vec<bool> {
    let is_option = |item: &Node| item.as_str().is_some_and(|text| text.starts_with("--") && !text.contains('='));
    for (index, pair) in items.windows(2).enumerate() {
        let [option, value] = pair else { continue };
        let is_value = value.as_str().is_some_and(|text| !text.starts_with('-'));
        if is_option(option)
            && is_value
            && goes.get(index + 1) == Some(&true)
            && let Some(goes) = goes.get_mut(index)
        {
            *goes = true;
        }
    }
    goes
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

impl Going<'_> {
    fn takes(&self, item: &Node) -> bool {
        let text = item.as_str().or_else(|| item.get("name")?.as_str());
        let is_called = text.is_some_and(|text| self.names.iter().any(|name| name == text));
        is_called || (!item.span().is_empty() && self.places.contains(&item.span()))
    }
}

/// The paths, of maps that lose all their keys in place of the keys.
fn with_empty_maps(root: &Node, mut paths: Vec<Vec<String>>) -> Vec<Vec<String>> {
    paths.sort();
    paths.dedup();
    let node = |path: &[String]| path.iter().try_fold(root, |node, step| node.get(step));
    for _ in 0..MAX_PARTS {
        let parents = paths.iter().filter_map(|path| path.split_last()).map(|(_, parent)| parent);
        let loses_all = |parent: &&[String]| {
            let lost = paths.iter().filter(|path| path.split_last().is_some_and(|(_, own)| own == *parent)).count();
            !parent.is_empty() && lost > 1 && node(parent).is_some_and(|map| map.entries().len() == lost)
        };
        let Some(parent) = parents.map(<[String]>::to_vec).find(|parent| loses_all(&parent.as_slice())) else { break };
        paths.retain(|path| path.split_last().is_none_or(|(_, own)| own != parent));
        paths.push(parent);
    }
    paths
}

/// The node at a path.
pub(super) fn at<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    steps(path).into_iter().try_fold(root, |node, step| match node.value() {
        Value::Sequence(items) => items.get(step.parse::<usize>().ok()?),
        _ => node.get(step),
    })
}

/// The paths that `path` stands for and that exist.
fn found(root: &Node, path: &str) -> Vec<Vec<String>> {
    let mut reached: Vec<(Vec<String>, &Node)> = vec![(Vec::new(), root)];
    for step in steps(path) {
        reached = reached.iter().flat_map(|(path, node)| children(path, node, step)).take(MAX_PARTS).collect();
    }
    reached.into_iter().map(|(path, _)| path).collect()
}

/// What `step` reaches from the node at `path`.
fn children<'n>(path: &[String], node: &'n Node, step: &str) -> Vec<(Vec<String>, &'n Node)> {
    let below = |key: &str| path.iter().cloned().chain([key.to_owned()]).collect();
    match node.value() {
        Value::Sequence(items) if step == "*" => {
            items.iter().take(MAX_PARTS).enumerate().map(|(index, item)| (below(&index.to_string()), item)).collect()
        }
        Value::Mapping(map) if step == "*" => {
            map.entries().iter().take(MAX_PARTS).map(|entry| (below(&entry.key), &entry.value)).collect()
        }
        _ => node.get(step).map(|value| (below(step), value)).into_iter().collect(),
    }
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
        let going = Going { names: &names, places: &[] };
        assert_eq!(apply(text, |tree| tree.remove_items(&["l".to_owned()], going)).as_deref(), expected, "{text}");
    }

    fn keys(text: &str, paths: &[&str], expected: Option<&str>) {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(apply(text, |tree| tree.remove_all(&paths)).as_deref(), expected, "{text}");
    }

    #[test]
    fn items_go_with_their_lines_or_commas() {
        items("l:\n  - a # why\n  - b\n  - c\nm: 1\n", &["a", "c"], Some("l:\n  - b\nm: 1\n"));
        items("l:\n  - a\n  # why\n  - b\n  # c\n  - c\n", &["b"], Some("l:\n  - a\n  # c\n  - c\n"));
        items("l: [a, b, c, d]\n", &["a", "b"], Some("l: [c, d]\n"));
        items("l: [a, b, c, d]\n", &["b", "d"], Some("l: [a, c]\n"));
        items("{\"l\": [\n  \"a\",\n  \"b\"\n]}\n", &["b"], Some("{\"l\": [\n  \"a\"\n]}\n"));
        items("m: 1\nl: [a]\n", &["a"], Some("m: 1\n"));
        items("l:\n- name: a\n  value: 1\n- name: b\n  value: 2\n", &["a"], Some("l:\n- name: b\n  value: 2\n"));
        items("l: [a]\n", &["b"], None);
        items("l: {a.b/c: 1, d: 2}\n", &["a.b/c"], Some("l: {d: 2}\n"));
        items("m: 1\nl:\n  a.b/c: 1\n  d: 2 # why\n", &["a.b/c", "x"], Some("m: 1\nl:\n  d: 2 # why\n"));
        items("m: 1\nl:\n  a.b/c: 1\n", &["a.b/c"], Some("m: 1\n"));
        items("l: [--cap-add, X, --init]\n", &["X"], Some("l: [--init]\n"));
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
        keys("a: {b: 1, c: 2}\n", &["a.b", "a.b"], Some("a: {c: 2}\n"));
        keys("a: 1\n", &["b.*.c"], None);
        keys("a:\n  b:\n    c: 1\n    d: 2\n  e: 3\n", &["a.b.c", "a.b.d"], Some("a:\n  e: 3\n"));
        keys("x: 1\na: {b: {c: 1, d: 2}}\n", &["a.b.c", "a.b.d"], Some("x: 1\n"));
        keys("a:\n  b:\n    c: 1\n    d: 2\n  e:\n    c: 3\n", &["a.*.c"], Some("a:\n  b:\n    d: 2\n"));
        keys("d: {x.y: 1, z: 2}\n", &["d[\"x.y\"]"], Some("d: {z: 2}\n"));
    }
}
