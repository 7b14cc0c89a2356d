//! What policies may ask of Kubernetes objects.
//!
//! **Invariant**: a setting is judged where it is decided. What a pod sets for its containers, or all of them leave
//! out, is one subject; what a container sets itself is another.
//!
//! # Source
//! Pod Security Standards, Kubernetes 1.35; the inheritance of `securityContext` as the kubelet does it.

mod access;
mod context;
mod docs;
mod grants;
mod volume;

pub(super) use volume::is_runtime_socket;

use crate::scan::document::kubernetes::{Container, Object, Pod, objects};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, ParsedFile};

use super::facts::{field, map, path, text, texts, truth};
use super::{FactDoc, Subject, Target, image};

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::KubernetesObject => docs::OBJECT,
        Target::KubernetesPod => docs::POD,
        Target::KubernetesContainer => docs::CONTAINER,
        Target::KubernetesSecurityContext => docs::SECURITY_CONTEXT,
        Target::KubernetesVolume => docs::VOLUME,
        Target::KubernetesRoleRule => docs::ROLE_RULE,
        Target::KubernetesRoleBinding => docs::ROLE_BINDING,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, _text: &str) -> Vec<Subject> {
    let objects: Vec<Object> = file.documents.iter().filter_map(Document::tree).flat_map(objects).collect();
    let each = objects.iter();
    match target {
        Target::KubernetesObject => each.map(object_subject).collect(),
        Target::KubernetesPod => each.filter_map(|object| Some(pod_subject(object, &object.pod()?))).collect(),
        Target::KubernetesContainer => each.flat_map(container_subjects).collect(),
        Target::KubernetesSecurityContext => each.flat_map(context::subjects).collect(),
        Target::KubernetesVolume => each.flat_map(volume::subjects).collect(),
        Target::KubernetesRoleRule => each.flat_map(access::rule_subjects).collect(),
        Target::KubernetesRoleBinding => each.filter_map(access::binding_subject).collect(),
        _ => Vec::new(),
    }
}

fn object_subject(object: &Object) -> Subject {
    let facts = map(vec![("object", object_facts(object))]);
    subject(facts, &object.node, object.title(), object.identity())
}

fn pod_subject(object: &Object, pod: &Pod) -> Subject {
    let facts = map(vec![("object", object_facts(object)), ("pod", pod_facts(pod))]);
    subject(facts, &pod.spec, object.title(), object.identity())
}

fn container_subjects(object: &Object) -> Vec<Subject> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let (shared_object, shared_pod) = (object_facts(object), pod_facts(&pod));
    let container = |container: &Container| {
        let facts = map(vec![
            ("object", shared_object.clone()),
            ("pod", shared_pod.clone()),
            ("container", container_facts(container)),
            ("image", image::facts(&field(&container.node, "image"))),
        ]);
        subject(facts, &container.node, container_title(object, container), container_identity(object, container))
    };
    pod.containers().iter().map(container).collect()
}

fn subject(facts: Node, node: &Node, resource: String, identity: Vec<String>) -> Subject {
    Subject {
        facts,
        node: Some(node.clone()),
        places: Vec::new(),
        span: node.span(),
        resource: Some(resource),
        identity,
    }
}

fn container_title(object: &Object, container: &Container) -> String {
    format!("{} container {}", object.title(), container.name)
}

fn container_identity(object: &Object, container: &Container) -> Vec<String> {
    let mut identity = object.identity();
    identity.extend([container.role.name().to_owned(), container.name.clone()]);
    identity
}

fn object_facts(object: &Object) -> Node {
    let metadata = field(&object.node, "metadata");
    map(vec![
        ("api_version", field(&object.node, "apiVersion")),
        ("kind", field(&object.node, "kind")),
        ("name", field(&metadata, "name")),
        ("namespace", field(&metadata, "namespace")),
        ("labels", field(&metadata, "labels")),
        ("annotations", field(&metadata, "annotations")),
        ("tree", object.node.clone()),
    ])
}

fn pod_facts(pod: &Pod) -> Node {
    map(vec![
        ("host_network", field(&pod.spec, "hostNetwork")),
        ("host_pid", field(&pod.spec, "hostPID")),
        ("host_ipc", field(&pod.spec, "hostIPC")),
        ("host_users", field(&pod.spec, "hostUsers")),
        ("windows", is_windows(pod)),
        ("service_account", field(&pod.spec, "serviceAccountName")),
        ("spec", pod.spec.clone()),
    ])
}

/// Whether the pod runs on Windows, by its own word or by the nodes it selects.
fn is_windows(pod: &Pod) -> Node {
    let own = path(&pod.spec, &["os", "name"]);
    let selected = path(&pod.spec, &["nodeSelector", "kubernetes.io/os"]);
    let is = |node: &Node| node.as_str() == Some("windows");
    if is(&own) || (own.is_null() && is(&selected)) {
        return truth(true);
    }
    // A system that is not known yet may be Windows.
    [own, selected].into_iter().find(Node::is_unknown).unwrap_or_else(|| truth(false))
}

fn container_facts(container: &Container) -> Node {
    let node = &container.node;
    let context = field(node, "securityContext");
    map(vec![
        ("name", text(&container.name)),
        ("role", text(container.role.name())),
        ("privileged", field(&context, "privileged")),
        ("allow_privilege_escalation", field(&context, "allowPrivilegeEscalation")),
        ("read_only_root_filesystem", field(&context, "readOnlyRootFilesystem")),
        ("proc_mount", field(&context, "procMount")),
        ("capabilities_added", capabilities(&context, "add")),
        ("capabilities_dropped", capabilities(&context, "drop")),
        ("host_ports", host_ports(node)),
        ("command", texts(&field(node, "command"), str::to_owned)),
        ("args", texts(&field(node, "args"), str::to_owned)),
        ("spec", node.clone()),
    ])
}

/// Capabilities in upper case and without `CAP_`, as runtimes take them.
fn capabilities(context: &Node, list: &str) -> Node {
    let name = |name: &str| {
        let name = name.to_ascii_uppercase();
        name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
    };
    texts(&path(context, &["capabilities", list]), name)
}

/// The host ports that are not 0.
fn host_ports(container: &Node) -> Node {
    let ports = field(container, "ports");
    if ports.is_unknown() {
        return ports;
    }
    let host_port = |port: &Node| field(port, "hostPort");
    let used = ports.items().iter().map(host_port).filter(|port| !port.is_null() && port.as_int() != Some(0));
    Node::computed(Value::Sequence(used.collect()))
}

#[cfg(test)]
mod tests;
