//! Roles and their bindings.
//!
//! **Invariant**: only objects of `rbac.authorization.k8s.io`, or of the copy that `OpenShift` has, are roles.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Entry, Node, Value};

use super::super::facts::{field, map, path, text, texts};
use super::{Subject, grants, object_facts, subject};

const GROUPS: [&str; 2] = ["rbac.authorization.k8s.io", "authorization.openshift.io"];

/// The rules of a role or cluster role.
pub(super) fn rule_subjects(object: &Object) -> Vec<Subject> {
    if !is_one_of(object, ["Role", "ClusterRole"]) {
        return Vec::new();
    }
    let shared = object_facts(object);
    let rule = |rule: &Node| {
        let facts = map(vec![("object", shared.clone()), ("rule", rule_facts(object, rule))]);
        let mut identity = object.identity();
        identity.extend([joined(rule, "apiGroups"), joined(rule, "resources"), joined(rule, "nonResourceURLs")]);
        subject(facts, rule, object.title(), identity)
    };
    let rules = object.node.get("rules").map_or(&[][..], Node::items);
    rules.iter().filter(|rule| rule.as_mapping().is_some()).map(rule).collect()
}

/// A binding of a role or cluster role.
pub(super) fn binding_subject(object: &Object) -> Option<Subject> {
    if !is_one_of(object, ["RoleBinding", "ClusterRoleBinding"]) {
        return None;
    }
    let node = &object.node;
    let binding = map(vec![
        ("role_kind", path(node, &["roleRef", "kind"])),
        ("role_name", path(node, &["roleRef", "name"])),
        ("subjects", field(node, "subjects")),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("binding", binding)]);
    Some(subject(facts, node, object.title(), object.identity()))
}

fn is_one_of(object: &Object, kinds: [&str; 2]) -> bool {
    kinds.contains(&object.kind.as_str()) && object.group().is_none_or(|group| GROUPS.contains(&group))
}

fn rule_facts(object: &Object, rule: &Node) -> Node {
    let list = |key| texts(&field(rule, key), str::to_owned);
    let grants = grants::grants(rule);
    map(vec![
        ("built_in", grants::are_any(&grants)),
        ("grants", grants),
        ("aggregated_to", aggregated_to(object)),
        ("verbs", list("verbs")),
        ("resources", list("resources")),
        ("api_groups", list("apiGroups")),
        ("non_resource_urls", list("nonResourceURLs")),
        ("resource_names", list("resourceNames")),
    ])
}

/// The roles that a cluster role adds its rules to by its labels, such as `view`.
fn aggregated_to(object: &Object) -> Node {
    const PREFIX: &str = "rbac.authorization.k8s.io/aggregate-to-";
    let labels = path(&object.node, &["metadata", "labels"]);
    if labels.is_unknown() {
        return labels;
    }
    let adds = |entry: &&Entry| entry.value.as_str() == Some("true") || entry.value.as_bool() == Some(true);
    let role = |entry: &Entry| Some(text(entry.key.strip_prefix(PREFIX)?));
    Node::computed(Value::Sequence(labels.entries().iter().filter(adds).filter_map(role).collect()))
}

/// The texts of a list, sorted and in one line, so that a rule keeps its identity when they change places.
fn joined(rule: &Node, key: &str) -> String {
    let mut texts: Vec<&str> = rule.get(key).map_or(&[][..], Node::items).iter().filter_map(text_of).collect();
    texts.sort_unstable();
    texts.join(",")
}

fn text_of(node: &Node) -> Option<&str> {
    match node.value() {
        Value::String(text) | Value::Unknown(text) => Some(text),
        _ => None,
    }
}
