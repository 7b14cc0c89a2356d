//! Every map of a tree of values, with the keys that lead to it.
//!
//! **Invariant**: the number of visits is bounded, however often an alias repeats a part; what `enabled: false` switches
//! off is passed over.

use crate::scan::document::node::{Node, Value};

use super::super::Subject;

/// Maps and lists of one tree that are looked at.
const MAX_VISITS: usize = 200_000;

/// One map.
pub(super) struct Place<'n> {
    pub(super) node: &'n Node,
    /// The key that it stands under, in lower case; that of the list for an item.
    pub(super) key: &'n str,
    /// The key above that one.
    pub(super) parent: &'n str,
    /// Whether it is an item of a list.
    pub(super) is_item: bool,
    /// The keys that lead to it, joined by dots.
    pub(super) path: String,
}

struct Step<'n> {
    node: &'n Node,
    key: &'n str,
    parent: &'n str,
    is_item: bool,
    path: String,
}

/// Runs `read` on each map, the outer ones first, in the order of the text.
pub(super) fn visit(root: &Node, mut read: impl FnMut(&Place<'_>) -> Vec<Subject>) -> Vec<Subject> {
    let mut found = Vec::new();
    let mut waiting = vec![Step { node: root, key: "", parent: "", is_item: false, path: String::new() }];
    for _ in 0..MAX_VISITS {
        let Some(step) = waiting.pop() else { break };
        match step.node.value() {
            Value::Mapping(mapping) if !is_off(step.node) => {
                let Step { node, key, parent, is_item, path } = step;
                let place = Place { node, key, parent, is_item, path };
                found.extend(read(&place));
                waiting.extend(mapping.entries().iter().rev().filter(|entry| is_inner(&entry.value)).map(|entry| {
                    Step {
                        node: &entry.value,
                        key: &entry.key,
                        parent: place.key,
                        is_item: false,
                        path: joined(&place.path, &entry.key),
                    }
                }));
            }
            Value::Sequence(items) => {
                let inner = items.iter().enumerate().rev().filter(|(_, item)| is_inner(item));
                waiting.extend(inner.map(|(index, item)| Step {
                    node: item,
                    key: step.key,
                    parent: step.parent,
                    is_item: true,
                    path: joined(&step.path, &item_name(item, index)),
                }));
            }
            _ => {}
        }
    }
    found
}

fn is_inner(node: &Node) -> bool {
    matches!(node.value(), Value::Mapping(_) | Value::Sequence(_))
}

fn is_off(node: &Node) -> bool {
    node.get("enabled").is_some_and(|enabled| enabled.as_bool() == Some(false))
}

/// The name of an item, which stays when it moves; else its place in the list.
fn item_name(item: &Node, index: usize) -> String {
    item.get("name").and_then(Node::as_str).map_or_else(|| index.to_string(), str::to_owned)
}

pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
