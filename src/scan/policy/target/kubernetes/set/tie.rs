//! Whether two objects belong together: by namespace and by labels.
//!
//! **Invariant**: what a template, a kustomization or a chart may still decide is possible, never certain.
//!
//! # Source
//! `LabelSelectorAsSelector` of `k8s.io/apimachinery`.

use crate::scan::document::node::{Node, Value};

use super::super::super::facts::{field, path};
use super::Member;

/// How sure it is that two things belong together. Ordered: the least sure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// They don't.
    No,
    /// Something that is not written here decides.
    Possible,
    /// They do.
    Certain,
}

impl Tie {
    fn of(value: bool) -> Self {
        if value { Self::Certain } else { Self::No }
    }
}

/// Whether two objects stand in one namespace: both name it, or neither does and they share a directory.
pub(super) fn same_namespace(one: &Member, other: &Member) -> Tie {
    let is_open = |member: &Member| member.namespace.as_deref().is_some_and(is_templated);
    match (&one.namespace, &other.namespace) {
        _ if is_open(one) || is_open(other) => Tie::Possible,
        (Some(one), Some(other)) => Tie::of(one == other),
        (None, None) if one.directory() == other.directory() => Tie::Certain,
        _ => Tie::Possible,
    }
}

/// Whether a namespace is the one that `named` means, for an object that stands where `member` does.
pub(super) fn in_namespace(member: &Member, named: Option<&str>) -> Tie {
    match (member.namespace.as_deref(), named) {
        (Some(own), Some(named)) if !is_templated(own) && !is_templated(named) => Tie::of(own == named),
        _ => Tie::Possible,
    }
}

pub(super) fn is_templated(text: &str) -> bool {
    text.contains("{{") || text.contains("${")
}

/// Whether labels fit a map of labels that must all be there.
pub(super) fn fits_labels(wanted: &Node, labels: Option<&Node>) -> Tie {
    if wanted.is_unknown() || wanted.is_open() {
        return Tie::Possible;
    }
    let fits =
        |entry: &crate::scan::document::node::Entry| label(labels, &entry.key, |value| same(&entry.value, value));
    wanted.entries().iter().map(fits).min().unwrap_or(Tie::Certain)
}

/// Whether labels fit a selector of `matchLabels` and `matchExpressions`.
pub(super) fn fits_selector(selector: &Node, labels: Option<&Node>) -> Tie {
    if selector.is_unknown() {
        return Tie::Possible;
    }
    let expressions = field(selector, "matchExpressions");
    let by_expressions = match expressions.value() {
        Value::Unknown(_) => Tie::Possible,
        _ => expressions.items().iter().map(|one| fits_expression(one, labels)).min().unwrap_or(Tie::Certain),
    };
    fits_labels(&field(selector, "matchLabels"), labels).min(by_expressions)
}

fn fits_expression(expression: &Node, labels: Option<&Node>) -> Tie {
    let (key, operator, values) =
        (field(expression, "key"), field(expression, "operator"), field(expression, "values"));
    let (Some(key), Some(operator)) = (key.as_str(), operator.as_str()) else { return Tie::Possible };
    if values.is_unknown() {
        return Tie::Possible;
    }
    let is_one = |value: &Node| values.items().iter().map(|item| same(item, value)).max().unwrap_or(Tie::No);
    let inverse = |tie: Tie| match tie {
        Tie::No => Tie::Certain,
        Tie::Possible => Tie::Possible,
        Tie::Certain => Tie::No,
    };
    match operator {
        "In" => label(labels, key, is_one),
        "NotIn" => inverse(label(labels, key, is_one)),
        "Exists" => label(labels, key, |_| Tie::Certain),
        "DoesNotExist" => inverse(label(labels, key, |_| Tie::Certain)),
        _ => Tie::Possible,
    }
}

/// Looks at the value of a label; one that a template may add is possible.
fn label(labels: Option<&Node>, key: &str, judge: impl Fn(&Node) -> Tie) -> Tie {
    let Some(labels) = labels else { return Tie::No };
    match labels.get(key) {
        Some(value) => judge(value),
        None if labels.is_unknown() || labels.is_open() => Tie::Possible,
        None => Tie::No,
    }
}

fn same(one: &Node, other: &Node) -> Tie {
    match (one.value(), other.value()) {
        (Value::String(one), Value::String(other)) => Tie::of(one == other),
        // The same expression gives the same text.
        (Value::Unknown(one), Value::Unknown(other)) if one == other => Tie::Certain,
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => Tie::Possible,
        _ => Tie::No,
    }
}

/// The labels of a pod's metadata.
pub(super) fn labels_of(metadata: Option<&Node>) -> Option<Node> {
    metadata.map(|metadata| path(metadata, &["labels"])).filter(|labels| !labels.is_null())
}
