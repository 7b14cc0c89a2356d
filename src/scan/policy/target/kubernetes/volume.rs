//! Volumes of pods.
//!
//! **Invariant**: a host path is judged by the path that the kernel would resolve it to, as far as the text tells.

use crate::scan::document::kubernetes::{Container, Object};
use crate::scan::document::node::{Entry, Node, Value};

use super::super::facts::{field, map, null, path, text};
use super::super::{FactDoc, FactKind, Subject, image};
use super::docs::doc;
use super::{object_facts, pod, subject};

/// Facts of `volume`.
pub(super) const DOCS: &[FactDoc] = &[
    doc("volume.name", FactKind::String, "the name; `null` when absent", "data"),
    doc(
        "volume.kind",
        FactKind::String,
        "the key that says what it is; `null` when there is none, which means `emptyDir`",
        "hostPath",
    ),
    doc("volume.host_path", FactKind::String, "the path on the node; `null` for any other kind of volume", "/var/log"),
    doc(
        "volume.resolved_host_path",
        FactKind::String,
        "the path on the node with `.`, `..` and extra slashes resolved; `null` for any other kind of volume",
        "/var/log",
    ),
    doc(
        "volume.runtime_socket",
        FactKind::String,
        "the path on the node, when it gives access to a container runtime's socket; else `null`",
        "/run/containerd/containerd.sock",
    ),
    doc("volume.mounts", FactKind::List, "where containers mount it", "[{container: web, read_only: true}]"),
    doc("volume.mounts[].container", FactKind::String, "the name of the container", "web"),
    doc("volume.mounts[].path", FactKind::String, "the path in the container", "/data"),
    doc("volume.mounts[].read_only", FactKind::Bool, "`readOnly`; `null` when absent, which means false", "true"),
    doc("volume.spec", FactKind::Tree, "the volume", "{name: data, emptyDir: {}}"),
];

/// Sockets and the directories they stand in, without `/run` or `/var/run` before them.
const RUNTIME_SOCKETS: [&str; 18] = [
    "docker.sock",
    "docker",
    "cri-dockerd.sock",
    "containerd",
    "containerd.sock",
    "containerd/containerd.sock",
    "containerd/containerd.sock.ttrpc",
    "crio",
    "crio.sock",
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
    let (shared_object, shared_pod) = (object_facts(object), pod::facts(pod));
    let containers = pod.containers();
    let volume = |volume: &Node| {
        let name = volume.get("name").and_then(Node::as_str).unwrap_or_default();
        let facts = map(vec![
            ("object", shared_object.clone()),
            ("pod", shared_pod.clone()),
            ("volume", facts(volume, mounts(name, &containers))),
            ("image", image::facts(&path(volume, &["image", "reference"]))),
        ]);
        let mut identity = object.identity();
        identity.extend(["volume".to_owned(), name.to_owned()]);
        subject(facts, volume, format!("{} volume {name}", object.title()), identity)
    };
    pod.volumes().map(volume).collect()
}

fn facts(volume: &Node, mounts: Node) -> Node {
    let host_path = path(volume, &["hostPath", "path"]);
    let socket = match host_path.value() {
        Value::String(path) if is_runtime_socket(path) => host_path.clone(),
        Value::Unknown(_) => host_path.clone(),
        _ => null(),
    };
    let resolved = host_path.as_str().map(|path| text(&format!("/{}", normalised(path))));
    map(vec![
        ("name", field(volume, "name")),
        ("kind", kind(volume)),
        ("resolved_host_path", resolved.unwrap_or_else(|| host_path.clone())),
        ("host_path", host_path),
        ("runtime_socket", socket),
        ("mounts", mounts),
        ("spec", volume.clone()),
    ])
}

/// What it is: a path of the node before all others, then the first source that is not `null`.
fn kind(volume: &Node) -> Node {
    let is_source = |entry: &&Entry| &*entry.key != "name" && !entry.value.is_null();
    let first = || volume.entries().iter().find(is_source);
    match volume.entry("hostPath").filter(is_source).or_else(first) {
        Some(entry) => Node::new(entry.key_span, Value::String(entry.key.as_ref().into())),
        None if volume.is_open() => Node::new(volume.doubt(), Value::Unknown("".into())),
        None => null(),
    }
}

/// The mounts of the volume called `name`, in the order of the containers.
fn mounts(name: &str, containers: &[Container]) -> Node {
    let of_container = |container: &Container| {
        let mounts = field(&container.node, "volumeMounts");
        let own = mounts.items().iter().filter(|mount| mount.get("name").and_then(Node::as_str) == Some(name));
        let mount = |mount: &Node| {
            let name = text(&container.name);
            map(vec![("container", name), ("path", field(mount, "mountPath")), ("read_only", field(mount, "readOnly"))])
        };
        own.map(mount).collect::<Vec<Node>>()
    };
    Node::computed(Value::Sequence(containers.iter().flat_map(of_container).collect()))
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
