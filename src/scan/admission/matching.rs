//! Which objects a policy is about: resource rules and selectors.
//!
//! Invariant: what hangs on labels that nobody knows here is unknown, not a match.

use super::cel::Val;
use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
}

/// Whether a policy is about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// It hangs on labels that are templated, or those of a namespace that is not in the tree.
    Unknown,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
        }
    }
}

impl Match {
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    fn of(holds: Option<bool>) -> Self {
        holds.map_or(Self::Unknown, |holds| if holds { Self::Yes } else { Self::No })
    }
}

/// Whether `constraints` (a `matchConstraints` or `matchResources`) are about `object`, whose namespace is `namespace`
/// when the tree has it.
pub(super) fn matches(constraints: &Node, object: &Object, operation: Operation, namespace: Option<&Node>) -> Match {
    let rules = |key: &str| constraints.get(key).map_or(&[][..], Node::items);
    let is_exact = constraints.get("matchPolicy").and_then(Node::as_str) == Some("Exact");
    let is_about = |rule: &Node| is_rule_about(rule, object, operation, is_exact);
    let has_rules = constraints.get("resourceRules").is_some();
    if (has_rules && !rules("resourceRules").iter().any(is_about)) || rules("excludeResourceRules").iter().any(is_about)
    {
        return Match::No;
    }
    let own = object.node.at("metadata.labels");
    let by_object = constraints
        .get("objectSelector")
        .map_or(Match::Yes, |selector| Match::of(selects(selector, |key| label(own, key))));
    let by_namespace = constraints.get("namespaceSelector").map_or(Match::Yes, |selector| {
        if object.kind != "Namespace" && is_cluster_wide(&object.kind) {
            // The API server does not select what stands in no namespace.
            return Match::Yes;
        }
        let (labels, name) = if object.kind == "Namespace" {
            (Some(own), Some(object.name.as_str()))
        } else {
            (namespace.map(|namespace| namespace.at("metadata.labels")), object.namespace.as_deref())
        };
        Match::of(selects(selector, |key| match (key, labels) {
            ("kubernetes.io/metadata.name", _) => name.map(|name| Some(name.to_owned())),
            (_, Some(labels)) => label(labels, key),
            (_, None) => None,
        }))
    });
    by_object.and(by_namespace)
}

fn is_rule_about(rule: &Node, object: &Object, operation: Operation, is_exact: bool) -> bool {
    let lists = |key: &str, wanted: &dyn Fn(&str) -> bool| {
        let items = rule.get(key).map_or(&[][..], Node::items);
        items.iter().filter_map(Node::as_str).any(|item| item == "*" || wanted(item))
    };
    let group = object.group().unwrap_or_default();
    let plural = plural(&object.kind);
    let names = rule.get("resourceNames").map_or(&[][..], Node::items);
    let scope_fits = match rule.get("scope").and_then(Node::as_str) {
        Some("Cluster") => is_cluster_wide(&object.kind),
        Some("Namespaced") => !is_cluster_wide(&object.kind),
        _ => true,
    };
    let version = object.api_version.rsplit('/').next().unwrap_or_default();
    // Versions of one group are equivalent, unless the policy says otherwise.
    lists("apiGroups", &|item| item == group)
        && (!is_exact || lists("apiVersions", &|item| item == version))
        && lists("operations", &|item| item == operation.name())
        && lists("resources", &|item| item == "*/*" || item == plural)
        && (names.is_empty() || names.iter().any(|name| name.as_str() == Some(&object.name)))
        && scope_fits
}

/// The value of a label: the outer `None` when it is unknown, the inner when there is none.
#[allow(clippy::option_option, reason = "unknown and absent are two things")]
fn label(labels: Option<&Node>, key: &str) -> Option<Option<String>> {
    let Some(labels) = labels else { return Some(None) };
    match labels.get(key) {
        Some(value) => match (Val::of(value), value.value()) {
            (Err(_), _) => None,
            (_, Value::Bool(value)) => Some(Some(value.to_string())),
            _ => Some(value.as_str().map(str::to_owned)),
        },
        None if labels.is_open() || labels.is_unknown() => None,
        None => Some(None),
    }
}

/// Whether a label selector selects what has the labels that `label` tells; `None` when that is unknown.
#[allow(clippy::option_option, reason = "unknown and absent are two things")]
pub(super) fn selects(selector: &Node, label: impl Fn(&str) -> Option<Option<String>>) -> Option<bool> {
    let mut is_known = true;
    let plain = selector.get("matchLabels").map_or(&[][..], Node::entries);
    for entry in plain {
        match label(&entry.key) {
            Some(value) if value.as_deref() != entry.value.as_str() => return Some(false),
            Some(_) => {}
            None => is_known = false,
        }
    }
    for expression in selector.get("matchExpressions").map_or(&[][..], Node::items) {
        let key = expression.get("key").and_then(Node::as_str).unwrap_or_default();
        let Some(value) = label(key) else {
            is_known = false;
            continue;
        };
        let values = expression.get("values").map_or(&[][..], Node::items);
        let is_listed = value.as_deref().is_some_and(|value| values.iter().any(|item| item.as_str() == Some(value)));
        let holds = match expression.get("operator").and_then(Node::as_str) {
            Some("In") => is_listed,
            Some("NotIn") => !is_listed,
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            _ => false,
        };
        if !holds {
            return Some(false);
        }
    }
    is_known.then_some(true)
}

/// Whether objects of this kind stand in no namespace.
pub(super) fn is_cluster_wide(kind: &str) -> bool {
    const KINDS: [&str; 22] = [
        "APIService",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterIssuer",
        "ClusterPolicy",
        "CSIDriver",
        "CSINode",
        "CustomResourceDefinition",
        "FlowSchema",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ];
    KINDS.contains(&kind)
}

/// The resource that serves objects of `kind`, by the rule that Kubernetes' own names follow.
pub(super) fn plural(kind: &str) -> String {
    let name = kind.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if name == "endpoints" {
        return name;
    }
    match name.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{name}es"),
        _ => format!("{name}s"),
    }
}
