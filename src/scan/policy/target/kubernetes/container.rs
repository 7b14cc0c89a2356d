//! Containers: what each sets for itself, and what it runs.
//!
//! **Invariant**: init and ephemeral containers have the same facts as the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::document::kubernetes::{Container, Object};
use crate::scan::document::node::{Node, Value};
use crate::scan::image_reference::ImageReference;
use crate::scan::span::Span;

use super::super::facts::{field, map, path, text, texts};
use super::super::{FactDoc, FactKind, Subject, image};
use super::docs::doc;
use super::{container_identity, container_title, object_facts, pod, program, subject};

/// Facts of `container`.
pub(super) const DOCS: &[FactDoc] = &[
    doc("container.name", FactKind::String, "the name; where there is none, the last part of the image's", "web"),
    doc("container.role", FactKind::String, "the list it stands in: `main`, `init` or `ephemeral`", "main"),
    doc("container.privileged", FactKind::Bool, "`securityContext.privileged`; `null` when absent", "true"),
    doc(
        "container.allow_privilege_escalation",
        FactKind::Bool,
        "`securityContext.allowPrivilegeEscalation`; `null` when absent, which means true",
        "false",
    ),
    doc(
        "container.read_only_root_filesystem",
        FactKind::Bool,
        "`securityContext.readOnlyRootFilesystem`; `null` when absent",
        "true",
    ),
    doc("container.proc_mount", FactKind::String, "`securityContext.procMount`; `null` when absent", "Unmasked"),
    doc(
        "container.capabilities_added",
        FactKind::StringList,
        "the capabilities added, in upper case and without `CAP_`",
        "[NET_ADMIN]",
    ),
    doc(
        "container.capabilities_dropped",
        FactKind::StringList,
        "the capabilities dropped, in upper case and without `CAP_`",
        "[ALL]",
    ),
    doc("container.host_ports", FactKind::List, "the host ports that are not 0", "[8080]"),
    doc(
        "container.probe_hosts",
        FactKind::StringList,
        "the hosts that HTTP and TCP probes and lifecycle hooks call, where one is written, each once",
        "[10.0.0.1]",
    ),
    doc("container.command", FactKind::StringList, "the command", "[/bin/sh]"),
    doc("container.args", FactKind::StringList, "the arguments", "[-c, run]"),
    doc(
        "container.programs",
        FactKind::StringList,
        "the programs that the command runs, those of a shell script in it included; empty when there is no command",
        "[sh, nginx]",
    ),
    doc(
        "container.probe_programs",
        FactKind::StringList,
        "the programs that exec probes and hooks run",
        "[pg_isready]",
    ),
    doc("container.duplicate_variables", FactKind::StringList, "the names that `env` sets more than once", "[PORT]"),
    doc("container.spec", FactKind::Tree, "the container", "{name: web}"),
];

/// The containers of an object's pods; for `replaced` images something else puts in the version.
pub(super) fn subjects(object: &Object, file: &str, replaced: &BTreeMap<String, bool>) -> Vec<Subject> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let (shared_object, shared_pod) = (object_facts(object), pod::facts(pod));
    let container = |container: &Container| {
        let facts = map(vec![
            ("object", shared_object.clone()),
            ("pod", shared_pod.clone()),
            ("container", facts(container, file)),
            ("image", image::facts_unless_replaced(&field(&container.node, "image"), replaced)),
        ]);
        let (title, identity) = (container_title(object, container), container_identity(object, container));
        let found = subject(facts, &container.node, title, identity);
        Subject { places: frozen_registry(&container.node, file).into_iter().collect(), ..found }
    };
    pod.containers().iter().map(container).collect()
}

/// Registries of Kubernetes that are frozen; what they hold is at `registry.k8s.io` under the same names.
const FROZEN: [&str; 3] = ["k8s.gcr.io", "gcr.io/google-containers", "gcr.io/google_containers"];

/// Where the image names a frozen registry.
fn frozen_registry(container: &Node, file: &str) -> Option<(&'static str, Span)> {
    let image = container.get("image")?.span();
    let written = image.of(file);
    let name = written.trim_start_matches(['"', '\'']);
    let is_named = |registry: &&&str| name.strip_prefix(**registry).is_some_and(|rest| rest.starts_with('/'));
    let registry = FROZEN.iter().find(is_named)?;
    let start = image.start + (written.len() - name.len());
    Some(("frozen_registry", Span::new(start, start + registry.len())))
}

fn facts(container: &Container, file: &str) -> Node {
    let node = &container.node;
    let context = field(node, "securityContext");
    map(vec![
        ("name", text(&name(container))),
        ("role", text(container.role.name())),
        ("privileged", field(&context, "privileged")),
        ("allow_privilege_escalation", field(&context, "allowPrivilegeEscalation")),
        ("read_only_root_filesystem", field(&context, "readOnlyRootFilesystem")),
        ("proc_mount", field(&context, "procMount")),
        ("capabilities_added", capabilities(&context, "add")),
        ("capabilities_dropped", capabilities(&context, "drop")),
        ("host_ports", host_ports(node)),
        ("probe_hosts", probe_hosts(node)),
        ("command", texts(&field(node, "command"), str::to_owned)),
        ("args", texts(&field(node, "args"), str::to_owned)),
        ("programs", program::of_command(node, file)),
        ("probe_programs", program::of_probes(node, file)),
        ("duplicate_variables", duplicate_variables(&field(node, "env"))),
        ("spec", node.clone()),
    ])
}

/// What messages call the container: Knative and others take one without a name.
fn name(container: &Container) -> String {
    if !container.name.is_empty() {
        return container.name.clone();
    }
    let image = field(&container.node, "image");
    let repository = image.as_str().and_then(|image| ImageReference::parse(image).ok());
    let last = repository.map(|image| image.repository());
    last.and_then(|name| name.rsplit('/').next().map(str::to_owned)).unwrap_or_default()
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

/// The probes and lifecycle hooks of a container, those that are absent left out.
pub(super) fn handlers(container: &Node) -> impl Iterator<Item = Node> {
    const HANDLERS: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    HANDLERS.iter().map(|keys| path(container, keys)).filter(|handler| !handler.is_null())
}

/// Where probes and hooks go when it is not the pod itself.
fn probe_hosts(container: &Node) -> Node {
    let hosts = |handler: Node| ["httpGet", "tcpSocket"].map(|action| path(&handler, &[action, "host"]));
    let is_written = |host: &Node| !host.is_null() && host.as_str() != Some("");
    let mut seen = BTreeSet::new();
    let is_new = |host: &Node| host.as_str().is_none_or(|host| seen.insert(host.to_owned()));
    Node::computed(Value::Sequence(handlers(container).flat_map(hosts).filter(is_written).filter(is_new).collect()))
}

/// The names that are set again, at their later places.
fn duplicate_variables(env: &Node) -> Node {
    if env.is_unknown() {
        return env.clone();
    }
    let mut seen = BTreeSet::new();
    let names = env.items().iter().filter_map(|variable| variable.get("name"));
    let again = names.filter(|name| name.as_str().is_some_and(|name| !seen.insert(name.to_owned())));
    Node::computed(Value::Sequence(again.cloned().collect()))
}
