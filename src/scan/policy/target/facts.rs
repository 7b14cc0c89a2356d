//! Building facts out of a tree.
//!
//! **Invariant**: a fact that the text does not settle is unknown, one that it leaves out is `null`, and both are told
//! apart at every step.

use crate::scan::document::node::{Entry, Mapping, Node, Value};
use crate::scan::span::Span;

/// A map of facts.
pub(in super::super) fn map(facts: Vec<(&'static str, Node)>) -> Node {
    let entry = |(key, value): (&'static str, Node)| Entry { key: key.into(), key_span: Span::default(), value };
    Node::computed(Value::Mapping(Mapping::of_distinct(facts.into_iter().map(entry).collect())))
}

/// The value under `key`: `null` when it is absent, unknown when the map is, or may hold it.
pub(super) fn field(node: &Node, key: &str) -> Node {
    match node.value() {
        Value::Unknown(_) => node.clone(),
        Value::Mapping(mapping) => match mapping.get(key) {
            Some(entry) => entry.value.clone(),
            None if mapping.is_open() => Node::new(node.doubt(), Value::Unknown("".into())),
            None => null(),
        },
        _ => null(),
    }
}

/// The value at a path of keys, as [`field`] finds it.
pub(super) fn path(node: &Node, keys: &[&str]) -> Node {
    keys.iter().fold(node.clone(), |node, key| field(&node, key))
}

/// An absent fact.
pub(super) fn null() -> Node {
    Node::computed(Value::Null)
}

/// A computed truth.
pub(super) fn truth(value: bool) -> Node {
    Node::computed(Value::Bool(value))
}

/// A computed text.
pub(in super::super) fn text(value: &str) -> Node {
    Node::computed(value.into())
}

/// The texts of a list, each changed by `change` and at its old place; `[]` when the list is absent.
pub(super) fn texts(list: &Node, change: impl Fn(&str) -> String) -> Node {
    let item = |node: &Node| match node.value() {
        Value::String(text) => Node::new(node.span(), Value::String(change(text).into())),
        _ => node.clone(),
    };
    match list.value() {
        Value::Unknown(_) => list.clone(),
        Value::Sequence(items) => Node::new(list.span(), Value::Sequence(items.iter().map(item).collect())),
        _ => Node::computed(Value::Sequence(Vec::new())),
    }
}

/// A list of computed facts.
pub(super) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::computed(Value::Sequence(items.into_iter().collect()))
}

/// The place of `key` with its value.
pub(super) fn entry_span(node: &Node, key: &str) -> Option<Span> {
    node.entry(key).map(|entry| Span::new(entry.key_span.start, entry.value.span().end))
}

/// The text of a scalar as YAML would write it again; `None` for `null`, lists, maps and what is unknown.
pub(super) fn scalar_text(node: &Node) -> Option<String> {
    match node.value() {
        Value::String(text) => Some(String::from(text.clone())),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A scalar as a text at its place, such as a version that reads as a number; anything else as it is.
pub(super) fn scalar(node: &Node) -> Node {
    match (node.value(), scalar_text(node)) {
        (Value::Int(_) | Value::Float(_) | Value::Bool(_), Some(text)) => {
            Node::new(node.span(), Value::String(text.into()))
        }
        _ => node.clone(),
    }
}

/// The text under `key` as a part of an identity, as written when it is templated.
pub(super) fn identity_text(node: &Node, key: &str) -> String {
    let value = field(node, key);
    match value.value() {
        Value::Unknown(text) => String::from(text.clone()),
        _ => scalar_text(&value).unwrap_or_default(),
    }
}
