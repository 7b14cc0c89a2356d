//! Pods: what a pod spec and its metadata say for all containers.
//!
//! **Invariant**: annotations and labels are those that the pods get: of the template where there is one, else of the
//! object itself.

use crate::scan::document::kubernetes::{Object, Pod};
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, path, truth};
use super::super::{FactDoc, FactKind, Subject};
use super::docs::doc;
use super::{object_facts, subject};

/// Facts of `pod`.
pub(super) const DOCS: &[FactDoc] = &[
    doc("pod.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("pod.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("pod.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
    doc("pod.host_users", FactKind::Bool, "`hostUsers`; `null` when absent", "false"),
    doc("pod.os", FactKind::String, "`os.name`; `null` when absent", "windows"),
    doc("pod.windows", FactKind::Bool, "whether the pod runs on Windows, by `os.name` or its node selector", "false"),
    doc(
        "pod.service_account",
        FactKind::String,
        "`serviceAccountName`, or its old name `serviceAccount`; `null` when absent",
        "builder",
    ),
    doc("pod.labels", FactKind::Tree, "the labels of the pods; `null` when there are none", "{app: api}"),
    doc("pod.annotations", FactKind::Tree, "the annotations of the pods; `null` when there are none", "{team: core}"),
    doc("pod.metadata", FactKind::Tree, "the metadata of the pods; `null` when there is none", "{labels: {app: api}}"),
    doc(
        "pod.apparmor_annotations",
        FactKind::StringList,
        "the AppArmor profiles that annotations name, for any container",
        "[runtime/default]",
    ),
    doc(
        "pod.seccomp_annotations",
        FactKind::StringList,
        "the seccomp profiles that annotations name, for the pod and for containers that it has",
        "[docker/default]",
    ),
    doc("pod.spec", FactKind::Tree, "the pod spec", "{containers: []}"),
];

const APPARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// The pod of an object; `None` when its kind has none.
pub(super) fn subject_of(object: &Object) -> Option<Subject> {
    let pod = object.pod()?;
    let facts = map(vec![("object", object_facts(object)), ("pod", facts(pod))]);
    Some(subject(facts, &pod.spec, object.title(), object.identity()))
}

pub(super) fn facts(pod: &Pod) -> Node {
    pod.facts(facts_of)
}

fn facts_of(pod: &Pod) -> Node {
    let spec = &pod.spec;
    let metadata = |key| pod.metadata.as_ref().map_or_else(super::super::facts::null, |metadata| field(metadata, key));
    let annotations = metadata("annotations");
    map(vec![
        ("metadata", pod.metadata.clone().unwrap_or_else(super::super::facts::null)),
        ("host_network", field(spec, "hostNetwork")),
        ("host_pid", field(spec, "hostPID")),
        ("host_ipc", field(spec, "hostIPC")),
        ("host_users", said(field(spec, "hostUsers"))),
        ("os", path(spec, &["os", "name"])),
        ("windows", is_windows(pod)),
        ("service_account", service_account(spec)),
        ("labels", metadata("labels")),
        ("apparmor_annotations", profiles(&annotations, |key| key.starts_with(APPARMOR_PREFIX))),
        ("seccomp_annotations", profiles(&annotations, |key| is_seccomp(pod, key))),
        ("annotations", annotations),
        ("spec", spec.clone()),
    ])
}

/// Whether the pod runs on Windows, by its own word or by the nodes it selects.
fn is_windows(pod: &Pod) -> Node {
    let own = said(path(&pod.spec, &["os", "name"]));
    let selected = said(path(&pod.spec, &["nodeSelector", "kubernetes.io/os"]));
    let is = |node: &Node| node.as_str() == Some("windows");
    if is(&own) || (own.is_null() && is(&selected)) {
        return truth(true);
    }
    // A system that is not known yet may be Windows.
    [own, selected].into_iter().find(Node::is_unknown).unwrap_or_else(|| truth(false))
}

/// The rare setting that loosens others: a patch that leaves it out most likely changes a pod without it.
fn said(node: Node) -> Node {
    if node.is_unknown() && node.span().is_empty() { super::super::facts::null() } else { node }
}

fn service_account(spec: &Node) -> Node {
    let named = field(spec, "serviceAccountName");
    if named.is_null() { field(spec, "serviceAccount") } else { named }
}

fn is_seccomp(pod: &Pod, key: &str) -> bool {
    let is_own = |name: &str| pod.containers().iter().any(|container| container.name == name);
    key == SECCOMP_POD || key.strip_prefix(SECCOMP_PREFIX).is_some_and(is_own)
}

/// The values of the annotations whose key `is_one`; one that is `null` is the empty text.
fn profiles(annotations: &Node, is_one: impl Fn(&str) -> bool) -> Node {
    if annotations.is_unknown() {
        return annotations.clone();
    }
    let wanted = annotations.entries().iter().filter(|entry| is_one(&entry.key));
    let profile = |value: &Node| if value.is_null() { Node::new(value.span(), "".into()) } else { value.clone() };
    Node::computed(Value::Sequence(wanted.map(|entry| profile(&entry.value)).collect()))
}
