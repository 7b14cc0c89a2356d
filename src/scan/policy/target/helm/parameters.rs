//! Values that are given one by one, `image.tag=1.2.3`, as the tree that Helm makes of them.
//!
//! **Invariant**: a value stands at its own place in the file; the tree is no deeper and no larger than its bounds.

use crate::scan::document::node::{Entry, Mapping, Node, Value};
use crate::scan::span::Span;

use super::super::facts::null;

/// Values that are looked at, and keys that lead to one.
const MAX_PARAMETERS: usize = 1_000;
const MAX_DEPTH: usize = 20;

/// A tree while it is built.
#[derive(Default)]
struct Tree {
    children: Vec<(String, Span, Tree)>,
    value: Option<Node>,
}

/// The tree of `[{name: a.b, value: c}]`.
pub(super) fn of_list(list: &Node) -> Node {
    let mut tree = Tree::default();
    for parameter in list.items().iter().take(MAX_PARAMETERS) {
        let (Some(name), Some(value)) = (parameter.get("name").and_then(Node::as_str), parameter.entry("value")) else {
            continue;
        };
        let is_text = parameter.get("forceString").and_then(Node::as_bool) == Some(true);
        let value_node = if is_text { value.value.clone() } else { typed(&value.value) };
        tree.insert(name, value.key_span, value_node);
    }
    tree.into_node()
}

/// The tree of `{a.b: c}`.
pub(super) fn of_map(map: &Node) -> Node {
    let mut tree = Tree::default();
    for entry in map.entries().iter().take(MAX_PARAMETERS) {
        tree.insert(&entry.key, entry.key_span, typed(&entry.value));
    }
    tree.into_node()
}

/// A text as Helm takes it: a truth value and a number are no texts.
fn typed(value: &Node) -> Node {
    let typed = match value.as_str() {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        Some("null") => Value::Null,
        Some(text) if !text.starts_with('0') || text == "0" => match text.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => return value.clone(),
        },
        _ => return value.clone(),
    };
    Node::new(value.span(), typed)
}

impl Tree {
    fn insert(&mut self, name: &str, key_span: Span, value: Node) {
        let steps: Vec<&str> = name.split('.').collect();
        if steps.len() > MAX_DEPTH {
            return;
        }
        let mut tree = self;
        for step in steps {
            let known = tree.children.iter().position(|(key, ..)| key == step);
            let index = known.unwrap_or(tree.children.len());
            if known.is_none() {
                tree.children.push((step.to_owned(), key_span, Self::default()));
            }
            let Some((_, _, child)) = tree.children.get_mut(index) else { return };
            tree = child;
        }
        tree.value = Some(value);
    }

    fn into_node(self) -> Node {
        if self.children.is_empty() {
            return self.value.unwrap_or_else(null);
        }
        let entries = self.children.into_iter().map(|(key, key_span, child)| Entry {
            key: key.into(),
            key_span,
            value: child.into_node(),
        });
        let entries: Vec<Entry> = entries.collect();
        let span = entries.first().map_or_else(Span::default, |entry| entry.value.span());
        Node::new(span, Value::Mapping(Mapping::new(entries)))
    }
}
