//! Patches that are lists of operations, as the partial objects that they make.
//!
//! **Invariant**: a value that an operation puts in stands at its own place and is whole; what leads to it is a part of
//! something else, of which nothing more is known.
//!
//! # Source
//! RFC 6902 and RFC 6901, and the targets of Kustomize 5.

use std::borrow::Cow;

use super::super::span::Span;
use super::kubernetes::{Object, group_of_pods, objects};
use super::node::{Entry, Mapping, Node, Value};

/// Operations of one patch that are looked at, and steps of a path.
const MAX_OPERATIONS: usize = 1_000;
const MAX_STEPS: usize = 20;
/// Entries of a value that a later operation adds to; a larger one is left as it is.
const MAX_ENTRIES: usize = 1_000;

/// The kinds that paths alone tell: what stands at a pod spec's place is a pod spec.
const HOLDERS: [(&str, &str, &str); 2] = [
    ("/spec/template/spec/", "apps/v1", "Deployment"),
    ("/spec/jobTemplate/spec/template/spec/", "batch/v1", "CronJob"),
];

/// Whether a document is such a patch, whatever it is for.
pub(super) fn is_list(root: &Node) -> bool {
    let is_operation = |item: &Node| item.get("op").is_some_and(is_operator) && path_of(item).is_some();
    !root.items().is_empty() && root.items().iter().all(is_operation)
}

fn is_operator(op: &Node) -> bool {
    op.as_str().is_some_and(|op| matches!(op, "add" | "replace" | "remove" | "move" | "copy" | "test"))
}

fn path_of(operation: &Node) -> Option<&str> {
    operation.get("path")?.as_str().filter(|path| path.starts_with('/'))
}

/// The object that the operations of `list` make of what `target` names; `None` when nothing tells its kind.
pub(super) fn object(list: &Node, target: Option<&Node>) -> Option<Object> {
    let mut root = Part::partial(list.span());
    let mut seen: Vec<&str> = Vec::new();
    for operation in list.items().iter().take(MAX_OPERATIONS) {
        let (Some(path), Some(op)) = (path_of(operation), operation.get("op").and_then(Node::as_str)) else { continue };
        let steps = steps_of(path);
        let place = operation.get("path").map(Node::span).unwrap_or_default();
        if steps.len() > MAX_STEPS {
            continue;
        }
        match (op, operation.get("value")) {
            ("add" | "replace", Some(value)) => {
                root.put(&steps, place, value, op == "add");
                seen.push(path);
            }
            ("remove", _) => root.remove(&steps),
            ("move" | "copy", _) => {
                let from = operation.get("from").and_then(Node::as_str).filter(|from| from.starts_with('/'));
                let from = from.map(steps_of).unwrap_or_default();
                let value = root.find(&from).zip(from.last()).map(|(part, key)| part.into_node(key));
                if op == "move" {
                    root.remove(&from);
                }
                match value {
                    Some(value) => root.put(&steps, place, &value, true),
                    // What comes from elsewhere in the object is not known.
                    None => root.remove(&steps),
                }
                seen.push(path);
            }
            _ => {}
        }
    }
    let named = |key: &str| target?.get(key)?.as_str().filter(|text| is_plain(text));
    let (api_version, kind) = match named("kind") {
        Some(kind) => (version_of(kind, named("group"), named("version"))?, kind),
        None => holder_of(seen.iter().copied()).map(|(version, kind)| (version.to_owned(), kind))?,
    };
    let mut put = |steps: &[&str], node: Node| {
        let steps: Vec<Cow<'_, str>> = steps.iter().map(|step| Cow::from(*step)).collect();
        root.put(&steps, Span::default(), &node, false);
    };
    put(&["apiVersion"], text(&api_version));
    put(&["kind"], text(kind));
    for key in ["name", "namespace"] {
        if let Some(name) = named(key) {
            put(&["metadata", key], text(name));
        }
    }
    objects(&root.into_node("")).into_iter().next()
}

/// The steps of a path.
fn steps_of(path: &str) -> Vec<Cow<'_, str>> {
    path.split('/').skip(1).map(unescaped).collect()
}

/// Whether a part of a target is no pattern.
fn is_plain(text: &str) -> bool {
    let is_name = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'.');
    !text.is_empty() && text.bytes().all(is_name)
}

/// The `apiVersion` of what a target names; `None` when it leaves out what can't be known.
fn version_of(kind: &str, group: Option<&str>, version: Option<&str>) -> Option<String> {
    let (group, version) = match (group, version) {
        (Some(group), Some(version)) => (group, version),
        _ => usual_version(kind).filter(|(usual, _)| group.is_none_or(|group| group == *usual))?,
    };
    Some(if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") })
}

/// The group and version that a kind is usually of; `None` for kinds that are not known.
fn usual_version(kind: &str) -> Option<(&'static str, &'static str)> {
    let group = match kind {
        "Service" | "ServiceAccount" | "Namespace" | "ConfigMap" | "Secret" | "PersistentVolume" => "",
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => "rbac.authorization.k8s.io",
        "Ingress" | "NetworkPolicy" => "networking.k8s.io",
        _ => group_of_pods(kind)?,
    };
    Some((group, "v1"))
}

/// The version and kind of the objects that `paths` lead into the pods of; `None` when none tells.
fn holder_of<'p>(mut paths: impl Iterator<Item = &'p str>) -> Option<(&'static str, &'static str)> {
    let (_, version, kind) = paths.find_map(|path| HOLDERS.iter().find(|(start, ..)| path.starts_with(start)))?;
    Some((version, kind))
}

fn text(text: &str) -> Node {
    Node::computed(Value::String(text.into()))
}

fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

/// An object while it is made.
#[derive(Clone)]
enum Part {
    Value(Node),
    Map { span: Span, is_whole: bool, entries: Vec<(Cow<'static, str>, Span, Part)> },
    List { span: Span, is_whole: bool, items: Vec<(Option<usize>, Part)> },
}

impl Part {
    fn partial(span: Span) -> Self {
        Self::Map { span, is_whole: false, entries: Vec::new() }
    }

    /// What stands between the object and the value; its keys stand at the value, so that no edit takes them for its own.
    fn between(next: &str, place: Span) -> Self {
        if index_of(next).is_some() || next == "-" {
            return Self::List { span: place, is_whole: false, items: Vec::new() };
        }
        Self::partial(place)
    }

    fn put(&mut self, steps: &[Cow<'_, str>], place: Span, value: &Node, is_add: bool) {
        let Some((step, rest)) = steps.split_first() else {
            *self = Self::Value(value.clone());
            return;
        };
        self.unfold();
        let new = || rest.first().map_or_else(|| Self::Value(value.clone()), |next| Self::between(next, place));
        let at_value = Span::new(value.span().start, value.span().start);
        let child = match self {
            Self::Value(_) => return,
            Self::Map { entries, .. } => {
                let known = entries.iter().position(|(key, ..)| **key == **step);
                let index = known.unwrap_or_else(|| {
                    entries.push((step.clone().into_owned().into(), at_value, new()));
                    entries.len() - 1
                });
                entries.get_mut(index).map(|(.., part)| part)
            }
            Self::List { items, is_whole, .. } => {
                let index = index_of(step);
                let known = match index {
                    Some(index) if *is_whole => Some(index).filter(|index| *index < items.len()),
                    Some(_) => items.iter().position(|(known, _)| *known == index),
                    None => None,
                };
                // What is added at a place moves what stands there.
                let known = known.filter(|_| !(is_add && rest.is_empty()));
                let position = known.unwrap_or_else(|| {
                    items.push((index, new()));
                    items.len() - 1
                });
                items.get_mut(position).map(|(_, part)| part)
            }
        };
        if let Some(child) = child {
            child.put(rest, place, value, is_add);
        }
    }

    /// What stands at `steps`, as far as the operations have put it there.
    fn find(&mut self, steps: &[Cow<'_, str>]) -> Option<Self> {
        let Some((step, rest)) = steps.split_first() else { return Some(self.clone()) };
        self.unfold();
        match self {
            Self::Value(_) => None,
            Self::Map { entries, .. } => entries.iter_mut().find(|(key, ..)| **key == **step)?.2.find(rest),
            Self::List { items, .. } => {
                let index = index_of(step)?;
                items.iter_mut().find(|(known, _)| *known == Some(index))?.1.find(rest)
            }
        }
    }

    fn remove(&mut self, steps: &[Cow<'_, str>]) {
        let Some((step, rest)) = steps.split_first() else { return };
        self.unfold();
        match self {
            Self::Value(_) => {}
            Self::Map { entries, .. } if rest.is_empty() => entries.retain(|(key, ..)| **key != **step),
            Self::Map { entries, .. } => {
                if let Some((.., part)) = entries.iter_mut().find(|(key, ..)| **key == **step) {
                    part.remove(rest);
                }
            }
            Self::List { items, .. } => {
                let index = index_of(step);
                if rest.is_empty() {
                    items.retain(|(known, _)| known.is_none() || *known != index);
                } else if let Some((_, part)) = items.iter_mut().find(|(known, _)| *known == index) {
                    part.remove(rest);
                }
            }
        }
    }

    /// Makes a value that is a map or a list one that can be changed.
    fn unfold(&mut self) {
        let Self::Value(node) = self else { return };
        let (span, is_whole) = (node.span(), true);
        let part = |node: &Node| Self::Value(node.clone());
        *self = match node.value() {
            Value::Mapping(map) if map.entries().len() <= MAX_ENTRIES => {
                let entry = |entry: &Entry| (entry.key.clone(), entry.key_span, part(&entry.value));
                Self::Map { span, is_whole, entries: map.entries().iter().map(entry).collect() }
            }
            Value::Sequence(items) if items.len() <= MAX_ENTRIES => {
                let items = items.iter().enumerate().map(|(index, item)| (Some(index), part(item))).collect();
                Self::List { span, is_whole, items }
            }
            _ => return,
        };
    }

    /// The node of it, which stands under `key`.
    fn into_node(self, key: &str) -> Node {
        match self {
            Self::Value(node) => node,
            Self::Map { span, is_whole, entries } => {
                let entry = |(key, key_span, part): (Cow<'static, str>, Span, Self)| Entry {
                    value: part.into_node(&key),
                    key,
                    key_span,
                };
                let map = Mapping::of_distinct(entries.into_iter().map(entry).collect());
                let node = Node::new(span, Value::Mapping(map));
                if is_whole { node } else { node.as_part() }
            }
            Self::List { span, items, .. } => {
                let item = |(index, part): (Option<usize>, Self)| named(key, index, part).into_node("");
                Node::new(span, Value::Sequence(items.into_iter().map(item).collect()))
            }
        }
    }
}

/// A container that is known by its place alone is called by it: `containers/0`.
fn named(list: &str, index: Option<usize>, mut part: Part) -> Part {
    if let (Part::Map { entries, is_whole: false, .. }, Some(index), true) =
        (&mut part, index, list.ends_with("ontainers"))
        && !entries.iter().any(|(key, ..)| key == "name")
    {
        entries.push(("name".into(), Span::default(), Part::Value(text(&format!("{list}/{index}")))));
    }
    part
}

fn index_of(step: &str) -> Option<usize> {
    step.bytes().all(|letter| letter.is_ascii_digit()).then(|| step.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
