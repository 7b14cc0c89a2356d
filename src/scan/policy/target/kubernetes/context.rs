//! Security contexts: what a pod decides for its containers, and what each decides for itself.
//!
//! **Invariant**: every setting of every container is decided by exactly one subject. The pod decides what it sets and
//! some container inherits, and what nobody sets; a container decides what it sets, and what neither it nor the pod
//! sets while another container does.

use crate::scan::document::kubernetes::{Container, Object, Pod};
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, path, text};
use super::{Subject, container_identity, container_title, object_facts, pod_facts, subject};

/// A setting that a container inherits from its pod: its fact and its path below `securityContext`.
const SETTINGS: [(&str, &[&str]); 3] =
    [("run_as_non_root", &["runAsNonRoot"]), ("run_as_user", &["runAsUser"]), ("seccomp", &["seccompProfile", "type"])];

/// The security contexts of an object: the pod's, then each container's.
pub(super) fn subjects(object: &Object) -> Vec<Subject> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let containers = pod.containers();
    let levels: Vec<Level> = SETTINGS.iter().map(|(fact, keys)| Level::new(fact, keys, &pod, &containers)).collect();
    let (shared_object, shared_pod) = (object_facts(object), pod_facts(&pod));
    let facts = |of: Option<usize>, name: &str| {
        let context = context_facts(&levels, of, name);
        map(vec![("object", shared_object.clone()), ("pod", shared_pod.clone()), ("context", context)])
    };
    let of_pod = subject(facts(None, ""), &pod.spec, object.title(), object.identity());
    let of_container = |(index, container): (usize, &Container)| {
        let (title, identity) = (container_title(object, container), container_identity(object, container));
        subject(facts(Some(index), &container.name), &container.node, title, identity)
    };
    let mut found = if containers.is_empty() { Vec::new() } else { vec![of_pod] };
    found.extend(containers.iter().enumerate().map(of_container));
    found
}

/// One setting at the pod and at its containers.
struct Level {
    fact: &'static str,
    pod: Node,
    containers: Vec<Node>,
}

impl Level {
    fn new(fact: &'static str, keys: &[&str], pod: &Pod, containers: &[Container]) -> Self {
        let at = |node: &Node| path(&field(node, "securityContext"), keys);
        Self { fact, pod: at(&pod.spec), containers: containers.iter().map(|container| at(&container.node)).collect() }
    }

    /// What a container sets, or the pod when `of` is `None`.
    fn value(&self, of: Option<usize>) -> &Node {
        of.and_then(|index| self.containers.get(index)).unwrap_or(&self.pod)
    }

    /// Whether a container, or the pod when `of` is `None`, decides the setting.
    fn decides(&self, of: Option<usize>) -> bool {
        let inherits = Node::is_null;
        match of {
            None if self.pod.is_null() => self.containers.iter().all(inherits),
            None => self.containers.iter().any(inherits),
            Some(_) if !self.value(of).is_null() => true,
            Some(_) => self.pod.is_null() && !self.containers.iter().all(inherits),
        }
    }
}

fn context_facts(levels: &[Level], of: Option<usize>, name: &str) -> Node {
    let decides = levels.iter().filter(|level| level.decides(of)).map(|level| text(level.fact)).collect();
    let holder = if of.is_some() { format!("container `{name}`") } else { "the pod".to_owned() };
    let mut facts = vec![
        ("level", text(if of.is_some() { "container" } else { "pod" })),
        ("holder", text(&holder)),
        ("decides", Node::computed(Value::Sequence(decides))),
    ];
    facts.extend(levels.iter().map(|level| (level.fact, level.value(of).clone())));
    map(facts)
}
