//! Volumes of pods.
//!
//! **Invariant**: a host path is judged by the path that the kernel would resolve it to, as far as the text tells.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, null, path};
use super::{Subject, object_facts, pod_facts, subject};

/// Sockets and the directories they stand in, without `/run` or `/var/run` before them.
const RUNTIME_SOCKETS: [&str; 16] = [
    "docker.sock",
    "docker",
    "cri-dockerd.sock",
    "containerd",
    "containerd/containerd.sock",
    "containerd/containerd.sock.ttrpc",
    "crio",
    "crio/crio.sock",
    "podman",
    "podman/podman.sock",
    "k3s",
    "k3s/containerd",
    "k3s/containerd/containerd.sock",
    "dockershim.sock",
    "buildkit",
    "buildkit/buildkitd.sock",
];

/// The volumes of an object's pods.
pub(super) fn subjects(object: &Object) -> Vec<Subject> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let (shared_object, shared_pod) = (object_facts(object), pod_facts(&pod));
    let volume = |volume: &Node| {
        let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
        let facts =
            map(vec![("object", shared_object.clone()), ("pod", shared_pod.clone()), ("volume", facts(volume))]);
        let mut identity = object.identity();
        identity.extend(["volume".to_owned(), name.to_owned()]);
        subject(facts, volume, format!("{} volume {name}", object.title()), identity)
    };
    pod.volumes().map(volume).collect()
}

fn facts(volume: &Node) -> Node {
    let other = || volume.entries().iter().find(|entry| &*entry.key != "name");
    let kind = volume.entry("hostPath").or_else(other);
    let host_path = path(volume, &["hostPath", "path"]);
    let socket = match host_path.value() {
        Value::String(path) if is_runtime_socket(path) => host_path.clone(),
        Value::Unknown(_) => host_path.clone(),
        _ => null(),
    };
    map(vec![
        ("name", field(volume, "name")),
        ("kind", kind.map_or_else(null, |entry| Node::new(entry.key_span, Value::String(entry.key.clone())))),
        ("host_path", host_path),
        ("runtime_socket", socket),
    ])
}

/// Whether a path of the host gives access to a container runtime's socket.
pub(in super::super) fn is_runtime_socket(path: &str) -> bool {
    let normal = normalised(path);
    let below = normal.strip_prefix("var/").unwrap_or(&normal);
    let Some(below) = below.strip_prefix("run") else { return false };
    let below = below.strip_prefix('/').unwrap_or(below);
    below.is_empty() || RUNTIME_SOCKETS.contains(&below)
}

/// The path without its first slash, empty steps, `.` and `..`.
fn normalised(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            _ => steps.push(step),
        }
    }
    steps.join("/")
}
