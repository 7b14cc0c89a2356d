//! Network policies: which pods one holds back, and what it lets through.
//!
//! **Invariant**: a rule is called open only when it lets everybody through on every port.
//!
//! # Source
//! `networking.k8s.io/v1` `NetworkPolicy`: an absent or empty list of peers means all of them.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, text, truth};
use super::super::{FactDoc, FactKind};
use super::docs::doc;
use super::{Subject, object_facts, subject};

/// Facts of `policy`.
pub(super) const FACTS: &[FactDoc] = &[
    doc("policy.selects_all", FactKind::Bool, "whether it is about every pod of its namespace", "true"),
    doc("policy.directions", FactKind::StringList, "what it holds back: `Ingress`, `Egress`", "[Ingress]"),
    doc(
        "policy.open_ingress",
        FactKind::List,
        "the rules of `ingress` that let everybody in on every port",
        "[{from: []}]",
    ),
    doc("policy.open_egress", FactKind::List, "the rules of `egress` that let everything out on every port", "[{}]"),
    doc(
        "policy.any_namespace",
        FactKind::List,
        "the peers of `ingress` that are every pod of every namespace, when the rule limits no port",
        "[{namespaceSelector: {}}]",
    ),
    doc("policy.spec", FactKind::Tree, "the `spec`", "{podSelector: {}}"),
];

/// A network policy.
pub(super) fn subject_of(object: &Object) -> Option<Subject> {
    let is_group = object.group().is_none_or(|group| matches!(group, "networking.k8s.io" | "extensions"));
    if object.kind != "NetworkPolicy" || !is_group {
        return None;
    }
    let spec = field(&object.node, "spec");
    let policy = map(vec![
        ("selects_all", selects_all(&field(&spec, "podSelector"))),
        ("directions", directions(&spec)),
        ("open_ingress", open(&field(&spec, "ingress"), "from")),
        ("open_egress", open(&field(&spec, "egress"), "to")),
        ("any_namespace", any_namespace(&field(&spec, "ingress"))),
        ("spec", spec),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("policy", policy)]);
    Some(subject(facts, &object.node, object.title(), object.identity()))
}

/// Whether a selector has no condition.
fn selects_all(selector: &Node) -> Node {
    if selector.is_unknown() {
        return selector.clone();
    }
    let is_empty = |node: &Node| node.entries().is_empty() && node.items().is_empty() && !node.is_unknown();
    let (labels, expressions) = (field(selector, "matchLabels"), field(selector, "matchExpressions"));
    match [&labels, &expressions].into_iter().find(|part| part.is_unknown() || part.is_open()) {
        Some(open) => Node::new(open.span(), Value::Unknown("".into())),
        None => truth(is_empty(&labels) && is_empty(&expressions)),
    }
}

fn directions(spec: &Node) -> Node {
    let written = field(spec, "policyTypes");
    if !written.is_null() {
        return written;
    }
    let mut found = vec![text("Ingress")];
    found.extend((!field(spec, "egress").is_null()).then(|| text("Egress")));
    Node::computed(Value::Sequence(found))
}

/// The rules that let everything through: no ports, and no peers or a block of all addresses without exceptions.
fn open(rules: &Node, peers: &str) -> Node {
    if rules.is_unknown() {
        return rules.clone();
    }
    let is_open = |rule: &&Node| is_none(&field(rule, "ports")) && !rule.is_open() && is_everybody(&field(rule, peers));
    let is_rule = |rule: &&Node| rule.as_mapping().is_some() || rule.is_null();
    Node::computed(Value::Sequence(rules.items().iter().filter(is_rule).filter(is_open).cloned().collect()))
}

fn is_none(list: &Node) -> bool {
    list.is_null() || matches!(list.value(), Value::Sequence(items) if items.is_empty())
}

fn is_everybody(peers: &Node) -> bool {
    is_none(peers) || peers.items().iter().any(|peer| is_all_addresses(&field(peer, "ipBlock")))
}

fn is_all_addresses(block: &Node) -> bool {
    matches!(field(block, "cidr").as_str(), Some("0.0.0.0/0" | "::/0")) && is_none(&field(block, "except"))
}

fn any_namespace(rules: &Node) -> Node {
    if rules.is_unknown() {
        return rules.clone();
    }
    let without_ports = rules.items().iter().filter(|rule| is_none(&field(rule, "ports")));
    let peers = without_ports.flat_map(|rule| field(rule, "from").items().to_vec());
    let is_any = |peer: &Node| {
        let (namespaces, pods) = (field(peer, "namespaceSelector"), field(peer, "podSelector"));
        let all = |selector: &Node| selects_all(selector).as_bool() == Some(true);
        !namespaces.is_null() && all(&namespaces) && (pods.is_null() || all(&pods))
    };
    Node::computed(Value::Sequence(peers.filter(is_any).collect()))
}
