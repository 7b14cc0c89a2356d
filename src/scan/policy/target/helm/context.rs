//! Security contexts in values, and settings that reach the node.
//!
//! **Invariant**: a field is read only where charts hand it to the pod as it is: in a map that is called a security
//! context, or under the very name that Kubernetes has for it.

use crate::scan::document::node::{Node, Value};

use super::super::Subject;
use super::super::facts::{field, map, null, path, texts};
use super::super::kubernetes::is_runtime_socket;
use super::holder::Values;
use super::walk::Place;
use super::{identity, mounts, values_facts};

/// Fields of pods that reach the node.
const HOST_FIELDS: [(&str, &str); 3] =
    [("host_network", "hostNetwork"), ("host_pid", "hostPID"), ("host_ipc", "hostIPC")];

/// Maps that describe what pods may do rather than what they do.
const LIMITS: [&str; 6] =
    ["podsecuritypolicy", "psp", "podsecurityconfig", "scc", "securitycontextconstraints", "podsecuritystandards"];

pub(super) fn subjects(values: &Values, place: &Place<'_>) -> Vec<Subject> {
    let node = place.node;
    let key = place.key.to_ascii_lowercase();
    if LIMITS.contains(&key.as_str()) || LIMITS.contains(&place.parent.to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let is_context = key.ends_with("securitycontext");
    let volume = host_path(node);
    let has_field = ["privileged", "hostNetwork", "hostPID", "hostIPC"].iter().any(|key| node.get(key).is_some());
    if !is_context && !has_field && volume.is_null() {
        return Vec::new();
    }
    let of_context = |keys: &[&str]| if is_context { path(node, keys) } else { null() };
    let socket = match volume.value() {
        Value::String(path) if is_runtime_socket(path) => volume.clone(),
        Value::Unknown(_) => volume.clone(),
        _ => null(),
    };
    let read_only = if volume.is_null() { null() } else { mounts::read_only(node, values.mounts()) };
    let mut facts = vec![
        ("is_security_context", super::super::facts::truth(is_context)),
        ("privileged", field(node, "privileged")),
        ("allow_privilege_escalation", of_context(&["allowPrivilegeEscalation"])),
        ("run_as_user", of_context(&["runAsUser"])),
        ("run_as_non_root", of_context(&["runAsNonRoot"])),
        ("capabilities_added", texts(&of_context(&["capabilities", "add"]), capability)),
        ("seccomp", of_context(&["seccompProfile", "type"])),
        ("apparmor", of_context(&["appArmorProfile", "type"])),
        ("proc_mount", of_context(&["procMount"])),
        ("host_path_read_only", read_only),
        ("host_path", volume),
        ("runtime_socket", socket),
    ];
    facts.extend(HOST_FIELDS.map(|(fact, key)| (fact, field(node, key))));
    vec![Subject {
        facts: map(vec![("values", values_facts(values, &place.path)), ("context", map(facts))]),
        node: Some(node.clone()),
        places: Vec::new(),
        span: node.span(),
        resource: Some(values.holder.clone()),
        identity: identity(values, "context", &place.path),
    }]
}

/// The path of the node that a volume mounts: as Kubernetes writes it, or beside `type: hostPath`.
fn host_path(node: &Node) -> Node {
    let volume = field(node, "hostPath");
    match volume.value() {
        Value::Mapping(_) => field(&volume, "path"),
        Value::String(_) | Value::Unknown(_) if field(node, "type").as_str() == Some("hostPath") => volume,
        _ => null(),
    }
}

/// Capabilities in upper case and without `CAP_`, as runtimes take them.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
}
