//! Security contexts: what a pod decides for its containers, and what each decides for itself.
//!
//! **Invariant**: every setting of every container is decided by exactly one subject. The pod decides what it sets and
//! some container inherits, and what nobody sets; a container decides what it sets, and what neither it nor the pod
//! sets while another container does.

use crate::scan::document::kubernetes::{Container, Object, Pod};
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, null, path, text, truth};
use super::super::{FactDoc, FactKind, Subject};
use super::docs::doc;
use super::{container_identity, container_title, object_facts, pod, subject};

/// Facts of `context`.
pub(super) const DOCS: &[FactDoc] = &[
    doc("context.level", FactKind::String, "whose context it is: `pod` or `container`", "pod"),
    doc("context.holder", FactKind::String, "whose context it is, in words", "container `web`"),
    doc(
        "context.role",
        FactKind::String,
        "the list of the container, as in `container.role`; `null` for the pod",
        "init",
    ),
    doc(
        "context.decides",
        FactKind::StringList,
        "the facts of this list that are decided here: set here and in effect, or set nowhere",
        "[run_as_user]",
    ),
    doc("context.run_as_non_root", FactKind::Bool, "`runAsNonRoot` as set here; `null` when absent", "true"),
    doc("context.run_as_user", FactKind::Int, "`runAsUser` as set here; `null` when absent", "1000"),
    doc(
        "context.has_user",
        FactKind::Bool,
        "whether a number other than 0 is set as the user in effect; of the pod for all its containers",
        "true",
    ),
    doc("context.run_as_group", FactKind::Int, "`runAsGroup` as set here; `null` when absent", "1000"),
    doc("context.seccomp", FactKind::String, "`seccompProfile.type` as set here; `null` when absent", "RuntimeDefault"),
    doc("context.apparmor", FactKind::String, "`appArmorProfile.type` as set here; `null` when absent", "Localhost"),
    doc("context.spec", FactKind::Tree, "the `securityContext`; `null` when absent", "{runAsUser: 1000}"),
];

/// A setting that a container inherits from its pod: its fact and its path below `securityContext`.
const SETTINGS: [(&str, &[&str]); 5] = [
    ("run_as_non_root", &["runAsNonRoot"]),
    ("run_as_user", &["runAsUser"]),
    ("run_as_group", &["runAsGroup"]),
    ("seccomp", &["seccompProfile", "type"]),
    ("apparmor", &["appArmorProfile", "type"]),
];

/// The security contexts of an object: the pod's, then each container's.
pub(super) fn subjects(object: &Object) -> Vec<Subject> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let containers = pod.containers();
    let levels: Vec<Level> = SETTINGS.iter().map(|(fact, keys)| Level::new(fact, keys, pod, &containers)).collect();
    let (shared_object, shared_pod) = (object_facts(object), pod::facts(pod));
    let facts = |of: Option<(usize, &Container)>| {
        let context = context_facts(&levels, pod, of);
        map(vec![("object", shared_object.clone()), ("pod", shared_pod.clone()), ("context", context)])
    };
    let of_pod = subject(facts(None), &pod.spec, object.title(), object.identity());
    let of_container = |(index, container): (usize, &Container)| {
        let (title, identity) = (container_title(object, container), container_identity(object, container));
        subject(facts(Some((index, container))), &container.node, title, identity)
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

    /// What is in effect for each container that a container, or the pod when `of` is `None`, speaks for.
    fn in_effect(&self, of: Option<usize>) -> impl Iterator<Item = &Node> {
        let all = self.containers.iter().enumerate();
        let own = all.filter(move |(index, _)| of.is_none_or(|of| of == *index)).map(|(_, own)| own);
        own.map(|own| if own.is_null() { &self.pod } else { own })
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

/// Whether everything in effect is a number above 0; unknown when a template decides it.
fn has_user(levels: &[Level], of: Option<usize>) -> Node {
    let Some(users) = levels.iter().find(|level| level.fact == "run_as_user") else { return null() };
    if users.in_effect(of).any(|user| !user.is_unknown() && user.as_int().is_none_or(|user| user <= 0)) {
        return truth(false);
    }
    users.in_effect(of).find(|user| user.is_unknown()).cloned().unwrap_or_else(|| truth(true))
}

fn context_facts(levels: &[Level], pod: &Pod, of: Option<(usize, &Container)>) -> Node {
    let index = of.map(|(index, _)| index);
    let decides = levels.iter().filter(|level| level.decides(index)).map(|level| text(level.fact)).collect();
    let (level, holder, role, spec) = match of {
        None => ("pod", "the pod".to_owned(), null(), field(&pod.spec, "securityContext")),
        Some((_, container)) => (
            "container",
            format!("container `{}`", container.name),
            text(container.role.name()),
            field(&container.node, "securityContext"),
        ),
    };
    let mut facts = vec![
        ("level", text(level)),
        ("holder", text(&holder)),
        ("role", role),
        ("decides", Node::computed(Value::Sequence(decides))),
        ("has_user", has_user(levels, index)),
        ("spec", spec),
    ];
    facts.extend(levels.iter().map(|level| (level.fact, level.value(index).clone())));
    map(facts)
}
