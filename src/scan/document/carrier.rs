//! Objects that hold other objects, which something in the cluster makes of them as they stand.
//!
//! **Invariant**: only what becomes an object is handed out; what says how an object must not be is not.
//!
//! # Source
//! `OpenShift` templates and sync sets, Flux Operator, Crossplane 1 and 2 with its Kubernetes provider, kro, Open Cluster
//! Management, `AppWrapper`.

use super::kubernetes::Object;
use super::made;
use super::node::{Node, Value};

/// Objects of one holder that are looked at.
const MAX_CARRIED: usize = 2_000;

/// Where the kinds of a group hold objects; `*` is every item of a list.
const CARRIERS: &[(&str, &str, &[&str])] = &[
    ("", "Template", &["objects.*"]),
    ("template.openshift.io", "Template", &["objects.*"]),
    ("hive.openshift.io", "SyncSet", &["spec.resources.*"]),
    ("hive.openshift.io", "SelectorSyncSet", &["spec.resources.*"]),
    ("fluxcd.controlplane.io", "ResourceSet", &["spec.resources.*"]),
    ("kubernetes.crossplane.io", "Object", &["spec.forProvider.manifest"]),
    ("kubernetes.m.crossplane.io", "Object", &["spec.forProvider.manifest"]),
    (
        "apiextensions.crossplane.io",
        "Composition",
        &["spec.resources.*.base", "spec.pipeline.*.input.resources.*.base"],
    ),
    ("kro.run", "ResourceGraphDefinition", &["spec.resources.*.template"]),
    ("work.open-cluster-management.io", "ManifestWork", &["spec.workload.manifests.*"]),
    ("policy.open-cluster-management.io", "Policy", &["spec.policy-templates.*.objectDefinition"]),
    (PARTIAL.0, PARTIAL.1, &["spec.object-templates.*"]),
    ("workload.codeflare.dev", "AppWrapper", &["spec.components.*.template"]),
];

/// The kind whose objects are parts, merged into what the cluster has.
const PARTIAL: (&str, &str) = ("policy.open-cluster-management.io", "ConfigurationPolicy");

/// Whether an object holds others.
pub(in crate::scan) fn is_one(object: &Object) -> bool {
    paths(object).is_some()
}

/// What an object holds, in order.
pub(super) fn carried(object: &Object) -> Vec<Node> {
    let is_partial = object.group() == Some(PARTIAL.0) && object.kind == PARTIAL.1;
    let found = paths(object).unwrap_or_default().iter().flat_map(|path| select(&object.node, path));
    if is_partial {
        return found.filter_map(|template| definition(&template)).collect();
    }
    found.chain(made::of_object(object)).collect()
}

fn paths(object: &Object) -> Option<&'static [&'static str]> {
    let group = object.group()?;
    let is_own = |(own, kind, _): &&(&str, &str, &[&str])| *own == group && *kind == object.kind;
    CARRIERS.iter().find(is_own).map(|(.., paths)| *paths)
}

/// The object that a policy asks for; `None` when it forbids it.
fn definition(template: &Node) -> Option<Node> {
    let wanted = template.get("complianceType").and_then(Node::as_str).unwrap_or_default();
    let is_forbidden = wanted.eq_ignore_ascii_case("mustnothave");
    template.get("objectDefinition").filter(|_| !is_forbidden).map(Node::as_patch)
}

fn select(root: &Node, path: &str) -> Vec<Node> {
    let mut nodes = vec![root.clone()];
    for step in path.split('.') {
        let mut next: Vec<Node> = Vec::new();
        for node in &nodes {
            match (step, node.value()) {
                ("*", Value::Sequence(items)) => next.extend(items.iter().take(MAX_CARRIED).cloned()),
                (key, _) => next.extend(node.get(key).cloned()),
            }
        }
        next.truncate(MAX_CARRIED);
        nodes = next;
    }
    nodes
}
