//! Versions of the Kubernetes API that are gone.
//!
//! **Invariant**: only kinds of Kubernetes itself are listed, each with the release that stopped to serve it.
//!
//! # Source
//! The deprecated API migration guide of Kubernetes, 1.37.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{map, null, text};
use super::super::{FactDoc, FactKind};
use super::docs::doc;

/// Facts of `api`.
pub(super) const DOCS: &[FactDoc] = &[
    doc(
        "api.removed_in",
        FactKind::Int,
        "the minor version of Kubernetes 1 that stopped to serve the `apiVersion` of this kind; `null` when none did",
        "22",
    ),
    doc(
        "api.replacement",
        FactKind::String,
        "the `apiVersion` to use in its place; `null` when there is none",
        "networking.k8s.io/v1",
    ),
];

/// An `apiVersion`, its kinds, the release that removed them, and what took their place (empty: nothing).
type Removal = (&'static str, &'static [&'static str], i64, &'static str);

const WORKLOADS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"];
const FLOW: &[&str] = &["FlowSchema", "PriorityLevelConfiguration"];
const REVIEWS: &[&str] =
    &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"];
const WEBHOOKS: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const ROLES: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
const STORAGE: &[&str] = &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"];

const REMOVALS: &[Removal] = &[
    ("extensions/v1beta1", WORKLOADS, 16, "apps/v1"),
    ("apps/v1beta1", WORKLOADS, 16, "apps/v1"),
    ("apps/v1beta2", WORKLOADS, 16, "apps/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], 16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["PodSecurityPolicy"], 16, ""),
    ("extensions/v1beta1", &["Ingress"], 22, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], 22, "networking.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", WEBHOOKS, 22, "admissionregistration.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", &["APIService"], 22, "apiregistration.k8s.io/v1"),
    ("authentication.k8s.io/v1beta1", &["TokenReview"], 22, "authentication.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", REVIEWS, 22, "authorization.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], 22, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", &["Lease"], 22, "coordination.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", ROLES, 22, "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", ROLES, 22, "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1alpha1", &["PriorityClass"], 17, "scheduling.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", &["PriorityClass"], 22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", STORAGE, 22, "storage.k8s.io/v1"),
    ("batch/v2alpha1", &["CronJob"], 21, "batch/v1"),
    ("batch/v1beta1", &["CronJob"], 25, "batch/v1"),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], 25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", &["Event"], 25, "events.k8s.io/v1"),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], 25, "autoscaling/v2"),
    ("policy/v1beta1", &["PodDisruptionBudget"], 25, "policy/v1"),
    ("policy/v1beta1", &["PodSecurityPolicy"], 25, ""),
    ("node.k8s.io/v1beta1", &["RuntimeClass"], 25, "node.k8s.io/v1"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], 26, "autoscaling/v2"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", FLOW, 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], 27, "storage.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", FLOW, 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", FLOW, 32, "flowcontrol.apiserver.k8s.io/v1"),
];

pub(super) fn facts(object: &Object) -> Node {
    let is_it = |(version, kinds, ..): &&Removal| *version == object.api_version && kinds.contains(&&*object.kind);
    let removal = REMOVALS.iter().find(is_it);
    let replacement = removal.map(|(.., replacement)| *replacement).filter(|replacement| !replacement.is_empty());
    map(vec![
        ("removed_in", removal.map_or_else(null, |(_, _, minor, _)| Node::computed(Value::Int(*minor)))),
        ("replacement", replacement.map_or_else(null, text)),
    ])
}
