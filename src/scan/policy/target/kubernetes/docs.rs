//! The facts of Kubernetes targets, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, or beside its code, and the other way round; a test
//! compares them.

use super::super::table::{METADATA, facts};
use super::super::{FactDoc, FactKind, image};
use super::{account, api, container, context, control_plane, ingress, network_policy, pod, service, set, volume};

pub(super) const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

/// The facts of several variables, one after the other.
macro_rules! joined {
    ($($part:expr),+) => { &join::<{ 0 $(+ $part.len())+ }>(&[$($part),+]) };
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn join<const N: usize>(parts: &[&[FactDoc]]) -> [FactDoc; N] {
    let mut all = [doc("", FactKind::Bool, "", ""); N];
    let (mut part, mut index, mut next) = (0, 0, 0);
    while part < parts.len() {
        while index < parts[part].len() {
            all[next] = parts[part][index];
            (index, next) = (index + 1, next + 1);
        }
        (part, index) = (part + 1, 0);
    }
    all
}

/// Facts of `object`.
pub(super) const OBJECT: &[FactDoc] = facts![
    &[
        doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
        doc("object.kind", FactKind::String, "the kind", "Deployment"),
    ],
    &METADATA,
    &[doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),]
];

/// Facts of the target `kubernetes.object`.
pub(super) const OBJECT_ALONE: &[FactDoc] = joined!(OBJECT, api::DOCS);

/// Facts of the target `kubernetes.pod`.
pub(super) const POD: &[FactDoc] = joined!(OBJECT, pod::DOCS);

/// Facts of the target `kubernetes.container`.
pub(super) const CONTAINER: &[FactDoc] = joined!(OBJECT, pod::DOCS, container::DOCS, &image::FACTS);

/// Facts of the target `kubernetes.security_context`.
pub(super) const SECURITY_CONTEXT: &[FactDoc] = joined!(OBJECT, pod::DOCS, context::DOCS);

/// Facts of the target `kubernetes.volume`.
pub(super) const VOLUME: &[FactDoc] = joined!(OBJECT, pod::DOCS, volume::DOCS, &image::FACTS);

/// Facts of the target `kubernetes.role_rule`.
pub(super) const ROLE_RULE: &[FactDoc] = joined!(OBJECT, RULE);

/// Facts of the target `kubernetes.role_binding`.
pub(super) const ROLE_BINDING: &[FactDoc] = joined!(OBJECT, BINDING);

/// Facts of `rule`.
const RULE: &[FactDoc] = &[
    doc("rule.verbs", FactKind::StringList, "the verbs", "[get, list]"),
    doc("rule.resources", FactKind::StringList, "the resources", "[pods]"),
    doc("rule.api_groups", FactKind::StringList, "the API groups", "[apps]"),
    doc("rule.non_resource_urls", FactKind::StringList, "the URLs that are no resources", "[/metrics]"),
    doc("rule.resource_names", FactKind::StringList, "the names it is limited to", "[web]"),
    doc(
        "rule.grants",
        FactKind::StringList,
        "every verb and resource of Kubernetes itself that it allows, wildcards expanded as the API server does",
        "[get secrets, create pods/exec]",
    ),
    doc("rule.built_in", FactKind::Bool, "whether it reaches resources of Kubernetes itself", "true"),
    doc(
        "rule.aggregated_to",
        FactKind::StringList,
        "the roles that its rules are added to by labels of its cluster role",
        "[view]",
    ),
];

/// Facts of `binding`.
const BINDING: &[FactDoc] = &[
    doc("binding.role_kind", FactKind::String, "the kind of the role: `Role` or `ClusterRole`", "ClusterRole"),
    doc("binding.role_name", FactKind::String, "the name of the role", "cluster-admin"),
    doc("binding.subjects", FactKind::List, "who gets the role; `null` when nobody does", "[{kind: User, name: jane}]"),
    doc("binding.subjects[].kind", FactKind::String, "`User`, `Group` or `ServiceAccount`", "User"),
    doc("binding.subjects[].name", FactKind::String, "the name", "jane"),
    doc("binding.subjects[].namespace", FactKind::String, "the namespace of a service account", "default"),
];

/// Facts of the target `kubernetes.service`.
pub(super) const SERVICE: &[FactDoc] = joined!(OBJECT, service::FACTS);

/// Facts of the target `kubernetes.ingress`.
pub(super) const INGRESS: &[FactDoc] = joined!(OBJECT, ingress::FACTS);

/// Facts of the target `kubernetes.network_policy`.
pub(super) const NETWORK_POLICY: &[FactDoc] = joined!(OBJECT, network_policy::FACTS);

/// Facts of the target `kubernetes.service_account`.
pub(super) const SERVICE_ACCOUNT: &[FactDoc] = joined!(OBJECT, account::ACCOUNT_FACTS);

/// Facts of the target `kubernetes.namespace`.
pub(super) const NAMESPACE: &[FactDoc] = joined!(OBJECT, account::NAMESPACE_FACTS);

/// Facts of the target `kubernetes.control_plane`.
pub(super) const CONTROL_PLANE: &[FactDoc] = joined!(OBJECT, control_plane::FACTS);

/// Facts of the target `kubernetes.set`.
pub(super) const SET: &[FactDoc] = joined!(OBJECT, set::FACTS);
