//! Kubernetes objects in a document: which they are, and where their pods and containers stand.
//!
//! **Invariant**: a model never copies the tree; what it hands out are nodes of it, places and all.

use std::sync::OnceLock;

use super::carrier;
use super::node::{Node, Value};

/// Objects in one document, lists unpacked; more are not looked at, as no API server takes a list of that size.
const MAX_OBJECTS: usize = 10_000;
/// Containers of one pod; an API server refuses far fewer.
const MAX_CONTAINERS: usize = 1_000;

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    /// `group/version`, or the version alone; as written when it is templated.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace, when the object names one.
    pub namespace: Option<String>,
    /// The name, or the prefix under `generateName`; as written when it is templated, empty when there is none.
    pub name: String,
    /// The whole object.
    pub node: Node,
    memo: Memo,
}

/// What many ask of an object, made once.
#[derive(Clone, Debug, Default)]
struct Memo {
    pod: OnceLock<Option<Pod>>,
    facts: OnceLock<Node>,
}

/// What runs as a pod, or as many of them.
#[derive(Clone, Debug)]
pub struct Pod {
    /// The pod spec.
    pub spec: Node,
    /// The metadata of the pods; `None` when the template has none.
    pub metadata: Option<Node>,
    facts: OnceLock<Node>,
}

/// The list of a pod spec that a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `containers`.
    Main,
    /// `initContainers`.
    Init,
    /// `ephemeralContainers`.
    Ephemeral,
}

/// One container of a pod.
#[derive(Clone, Debug)]
pub struct Container {
    /// The list it stands in.
    pub role: Role,
    /// The name; as written when it is templated, empty when there is none.
    pub name: String,
    /// The container.
    pub node: Node,
}

/// The objects of a document, in order: the document itself, the items of a list of any kind, and what objects such as
/// a template hold.
pub fn objects(root: &Node) -> Vec<Object> {
    let mut found = Vec::new();
    let mut left = vec![root.clone()];
    let mut budget = MAX_OBJECTS * 2;
    while let Some(node) = left.pop() {
        if budget == 0 || found.len() >= MAX_OBJECTS {
            break;
        }
        budget -= 1;
        let Some(object) = Object::read(&node) else { continue };
        match node.get("items") {
            Some(items) if object.kind.ends_with("List") => {
                left.extend(items.items().iter().take(budget).rev().cloned());
            }
            _ if is_deletion(&node) => {}
            _ => {
                left.extend(carrier::carried(&object).into_iter().take(budget).rev());
                found.push(object);
            }
        }
    }
    found
}

/// Whether a part of a patch takes away what it names.
fn is_deletion(node: &Node) -> bool {
    node.get("$patch").and_then(Node::as_str) == Some("delete")
}

impl Object {
    /// Reads an object; `None` when the node is none.
    fn read(node: &Node) -> Option<Self> {
        let metadata = node.get("metadata");
        let named = |key| metadata.and_then(|metadata| text_of(metadata.get(key)?));
        Some(Self {
            api_version: text_of(node.get("apiVersion")?)?,
            kind: text_of(node.get("kind")?)?,
            namespace: named("namespace"),
            name: named("name").or_else(|| named("generateName")).unwrap_or_default(),
            node: node.clone(),
            memo: Memo::default(),
        })
    }

    /// The group of the API; empty for the core group, `None` when it is templated.
    pub fn group(&self) -> Option<&str> {
        if is_templated(&self.api_version) {
            return None;
        }
        Some(self.api_version.split_once('/').map_or("", |(group, _)| group))
    }

    /// The pod or pod template of the object; `None` when its kind has none.
    pub fn pod(&self) -> Option<&Pod> {
        self.memo.pod.get_or_init(|| self.find_pod()).as_ref()
    }

    /// What policies ask of it, made by `make` the first time.
    pub fn facts(&self, make: impl FnOnce(&Self) -> Node) -> Node {
        self.memo.facts.get_or_init(|| make(self)).clone()
    }

    fn find_pod(&self) -> Option<Pod> {
        if is_templated(&self.kind) {
            return POD_PATHS.iter().rev().find_map(|(path, _)| self.pod_at(path));
        }
        self.pod_at(self.pod_path()?)
    }

    /// Whether objects of its kind hold a pod or its template.
    pub fn holds_pods(&self) -> bool {
        self.pod_path().is_some()
    }

    fn pod_path(&self) -> Option<&'static [&'static str]> {
        let is_own = |(group, kind): &(&str, &str)| *kind == self.kind && self.group().is_none_or(|own| own == *group);
        POD_PATHS.iter().find(|(_, kinds)| kinds.iter().any(is_own)).map(|(path, _)| *path)
    }

    fn pod_at(&self, path: &[&str]) -> Option<Pod> {
        let holder = path.iter().try_fold(&self.node, |node, key| node.get(key))?;
        Some(Pod {
            spec: holder.get("spec")?.clone(),
            metadata: holder.get("metadata").cloned(),
            facts: OnceLock::new(),
        })
    }

    /// What people call it: `Kind/namespace/name`, the namespace only when it is written.
    pub fn title(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind, self.name),
            None => format!("{}/{}", self.kind, self.name),
        }
    }

    /// The parts that name it across commits.
    pub fn identity(&self) -> Vec<String> {
        vec![self.kind.clone(), self.namespace.clone().unwrap_or_default(), self.name.clone()]
    }
}

pub(super) type Kinds = &'static [(&'static str, &'static str)];

/// Where each kind, of its group, holds the map with the pod's `metadata` and `spec`.
pub(super) const POD_PATHS: &[(&[&str], Kinds)] = &[
    (&[], &[("", "Pod"), ("serving.knative.dev", "Revision")]),
    (&["template"], &[("", "PodTemplate")]),
    (
        &["spec", "template"],
        &[
            ("apps", "Deployment"),
            ("extensions", "Deployment"),
            ("apps", "StatefulSet"),
            ("apps", "DaemonSet"),
            ("extensions", "DaemonSet"),
            ("apps", "ReplicaSet"),
            ("extensions", "ReplicaSet"),
            ("", "ReplicationController"),
            ("batch", "Job"),
            ("argoproj.io", "Rollout"),
            ("serving.knative.dev", "Service"),
            ("serving.knative.dev", "Configuration"),
            ("apps.openshift.io", "DeploymentConfig"),
            ("", "DeploymentConfig"),
            ("apps.kruise.io", "CloneSet"),
            ("apps.kruise.io", "StatefulSet"),
            ("apps.kruise.io", "DaemonSet"),
            ("kubeflow.org", "Notebook"),
        ],
    ),
    (&["spec", "podTemplate"], &[("agents.x-k8s.io", "Sandbox"), ("extensions.agents.x-k8s.io", "SandboxTemplate")]),
    (&["spec", "jobTargetRef", "template"], &[("keda.sh", "ScaledJob")]),
    (&["spec", "jobTemplate", "spec", "template"], &[("batch", "CronJob")]),
];

/// The group of a kind that holds pods; `None` for other kinds.
pub(super) fn group_of_pods(kind: &str) -> Option<&'static str> {
    POD_PATHS.iter().flat_map(|(_, kinds)| *kinds).find(|(_, own)| *own == kind).map(|(group, _)| *group)
}

impl Pod {
    /// What policies ask of it, made by `make` the first time.
    pub fn facts(&self, make: impl FnOnce(&Self) -> Node) -> Node {
        self.facts.get_or_init(|| make(self)).clone()
    }

    /// The containers: init containers, containers, ephemeral containers, each in order.
    pub fn containers(&self) -> Vec<Container> {
        const LISTS: [(&str, Role); 3] =
            [("initContainers", Role::Init), ("containers", Role::Main), ("ephemeralContainers", Role::Ephemeral)];
        let listed = LISTS.into_iter().flat_map(|(key, role)| {
            let items = self.spec.get(key).map_or(&[][..], Node::items);
            items.iter().filter(|item| item.as_mapping().is_some() && !is_deletion(item)).map(move |item| (item, role))
        });
        let container = |(node, role): (&Node, Role)| Container {
            role,
            name: node.get("name").and_then(text_of).unwrap_or_default(),
            node: node.clone(),
        };
        listed.take(MAX_CONTAINERS).map(container).collect()
    }

    /// The volumes that are maps.
    pub fn volumes(&self) -> impl Iterator<Item = &Node> {
        let items = self.spec.get("volumes").map_or(&[][..], Node::items);
        items.iter().filter(|item| item.as_mapping().is_some()).take(MAX_CONTAINERS)
    }
}

impl Role {
    /// The lower-case word for it: `main`, `init`, `ephemeral`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Init => "init",
            Self::Ephemeral => "ephemeral",
        }
    }
}

fn is_templated(text: &str) -> bool {
    text.contains("{{") || text.contains("${")
}

/// The text of a scalar, as written when it is templated.
fn text_of(node: &Node) -> Option<String> {
    match node.value() {
        Value::String(text) | Value::Unknown(text) => Some(String::from(text.clone())),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
