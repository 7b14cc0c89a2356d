//! What policies may ask of Kubernetes objects.
//!
//! **Invariant**: a setting is judged where it is decided. What a pod sets for its containers, or all of them leave
//! out, is one subject; what a container sets itself is another.
//!
//! # Source
//! Pod Security Standards, Kubernetes 1.35; the inheritance of `securityContext` as the kubelet does it.

mod access;
mod account;
mod api;
mod container;
mod context;
pub(in super::super) mod control_plane;
mod docs;
mod grants;
mod ingress;
mod network_policy;
mod pod;
mod program;
mod service;
pub mod set;
mod volume;

pub(super) use volume::is_runtime_socket;

use crate::scan::document::ParsedFile;
use crate::scan::document::kubernetes::{Container, Object};
use crate::scan::document::node::Node;
use crate::scan::span::Span;

use super::facts::{field, map, path, truth};
use super::{FactDoc, Subject, Target};

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::KubernetesObject => docs::OBJECT_ALONE,
        Target::KubernetesPod => docs::POD,
        Target::KubernetesContainer => docs::CONTAINER,
        Target::KubernetesSecurityContext => docs::SECURITY_CONTEXT,
        Target::KubernetesVolume => docs::VOLUME,
        Target::KubernetesRoleRule => docs::ROLE_RULE,
        Target::KubernetesRoleBinding => docs::ROLE_BINDING,
        Target::KubernetesService => docs::SERVICE,
        Target::KubernetesIngress => docs::INGRESS,
        Target::KubernetesNetworkPolicy => docs::NETWORK_POLICY,
        Target::KubernetesServiceAccount => docs::SERVICE_ACCOUNT,
        Target::KubernetesNamespace => docs::NAMESPACE,
        Target::KubernetesControlPlane => docs::CONTROL_PLANE,
        Target::KubernetesSet => docs::SET,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, text: &str) -> Vec<Subject> {
    let each = file.objects().iter();
    match target {
        Target::KubernetesObject => each.map(object_subject).collect(),
        Target::KubernetesPod => each.filter_map(pod::subject_of).collect(),
        Target::KubernetesContainer => {
            each.flat_map(|object| container::subjects(object, text, &file.beside.replaced_images)).collect()
        }
        Target::KubernetesSecurityContext => each.flat_map(context::subjects).collect(),
        Target::KubernetesVolume => each.flat_map(volume::subjects).collect(),
        Target::KubernetesRoleRule => each.flat_map(access::rule_subjects).collect(),
        Target::KubernetesRoleBinding => each.filter_map(access::binding_subject).collect(),
        Target::KubernetesService => each.filter_map(service::subject_of).collect(),
        Target::KubernetesIngress => each.filter_map(ingress::subject_of).collect(),
        Target::KubernetesNetworkPolicy => each.filter_map(network_policy::subject_of).collect(),
        Target::KubernetesServiceAccount => each.filter_map(account::account_subject).collect(),
        Target::KubernetesNamespace => each.filter_map(account::namespace_subject).collect(),
        Target::KubernetesControlPlane => each.flat_map(control_plane::subjects).collect(),
        _ => Vec::new(),
    }
}

fn object_subject(object: &Object) -> Subject {
    let facts = map(vec![("object", object_facts(object)), ("api", api::facts(object))]);
    let version = api_version(object).map(|place| ("api_version", place));
    let found = subject(facts, &object.node, object.title(), object.identity());
    Subject { places: version.into_iter().collect(), ..found }
}

/// Where the `apiVersion` stands, inside of its quotes.
fn api_version(object: &Object) -> Option<Span> {
    let node = object.node.get("apiVersion")?;
    let quotes = node.span().len().checked_sub(node.as_str()?.len()).filter(|quotes| matches!(quotes, 0 | 2))?;
    Some(Span::new(node.span().start + quotes / 2, node.span().end - quotes / 2))
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

pub(super) fn object_facts(object: &Object) -> Node {
    object.facts(facts_of)
}

fn facts_of(object: &Object) -> Node {
    let metadata = field(&object.node, "metadata");
    map(vec![
        ("api_version", field(&object.node, "apiVersion")),
        ("kind", field(&object.node, "kind")),
        ("name", field(&metadata, "name")),
        ("namespace", field(&metadata, "namespace")),
        ("labels", field(&metadata, "labels")),
        ("annotations", field(&metadata, "annotations")),
        ("helm_test", truth(is_helm_test(&metadata))),
        ("tree", object.node.clone()),
    ])
}

/// Whether Helm makes the object for tests alone, which somebody asks for.
fn is_helm_test(metadata: &Node) -> bool {
    let hooks = path(metadata, &["annotations", "helm.sh/hook"]);
    let is_test = |hook: &str| matches!(hook.trim(), "test" | "test-success" | "test-failure");
    hooks.as_str().is_some_and(|hooks| hooks.split(',').all(is_test))
}

#[cfg(test)]
mod tests;
