//! What policies may ask of compose services.
//!
//! **Invariant**: a fact is what compose would use; what a variable or another file decides is unknown.

use crate::scan::document::compose::{Mount, Service, services};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::facts::{field, map, null, text, texts, truth};
use super::kubernetes::is_runtime_socket;
use super::{FactDoc, FactKind, Subject, Target, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

const SERVICE: &[FactDoc] = &[
    doc("service.name", FactKind::String, "the name", "web"),
    doc("service.builds", FactKind::Bool, "whether it is built, so that `image` names the result", "false"),
    doc("service.privileged", FactKind::Bool, "`privileged`; `null` when absent", "true"),
    doc("service.network_mode", FactKind::String, "`network_mode`; `null` when absent", "host"),
    doc("service.pid", FactKind::String, "`pid`; `null` when absent", "host"),
    doc("service.ipc", FactKind::String, "`ipc`; `null` when absent", "host"),
    doc("service.user", FactKind::String, "`user`; `null` when absent", "1000:1000"),
    doc("service.capabilities_added", FactKind::StringList, "`cap_add`", "[NET_ADMIN]"),
    doc("service.security_options", FactKind::StringList, "`security_opt`", "[no-new-privileges:true]"),
    doc("service.bind_mounts", FactKind::StringList, "the paths of the host that are mounted", "[/var/log]"),
    doc(
        "service.runtime_socket",
        FactKind::String,
        "the mounted path of the host that gives access to a container runtime's socket; `null` when there is none",
        "/var/run/docker.sock",
    ),
    doc("service.spec", FactKind::Tree, "the service, `extends` within the file followed", "{image: nginx}"),
    image::FACTS[0],
    image::FACTS[1],
    image::FACTS[2],
    image::FACTS[3],
    image::FACTS[4],
    image::FACTS[5],
    image::FACTS[6],
];

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    if target == Target::ComposeService { SERVICE } else { &[] }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, _text: &str) -> Vec<Subject> {
    if target != Target::ComposeService || file.kind != DocumentKind::Compose {
        return Vec::new();
    }
    file.documents.iter().filter_map(Document::tree).flat_map(services).map(|service| subject(&service)).collect()
}

fn subject(service: &Service) -> Subject {
    let image = field(&service.node, "image");
    let socket = socket(&service.mounts());
    let mut places = Vec::new();
    places.extend(socket.as_str().is_some().then(|| ("runtime_socket", socket.span())));
    Subject {
        facts: map(vec![("service", service_facts(service, socket)), ("image", image::facts(&substituted(&image)))]),
        node: Some(service.node.clone()),
        places,
        span: service.own.span(),
        resource: Some(format!("service {}", service.name)),
        identity: vec!["service".to_owned(), service.name.clone()],
    }
}

fn service_facts(service: &Service, socket: Node) -> Node {
    let at = |key| field(&service.node, key);
    let build = at("build");
    map(vec![
        ("name", text(&service.name)),
        ("builds", if build.is_unknown() { build } else { truth(!build.is_null()) }),
        ("privileged", at("privileged")),
        ("network_mode", at("network_mode")),
        ("pid", at("pid")),
        ("ipc", at("ipc")),
        ("user", at("user")),
        ("capabilities_added", texts(&at("cap_add"), capability)),
        ("security_options", texts(&at("security_opt"), str::to_owned)),
        ("bind_mounts", bind_mounts(&service.mounts())),
        ("runtime_socket", socket),
        ("spec", service.node.clone()),
    ])
}

fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
}

/// A value with `$NAME` in it is not known either; compose reads that everywhere, `$$` being a dollar sign.
pub(super) fn substituted(node: &Node) -> Node {
    let is_variable = |text: &str| {
        let text = text.replace("$$", "");
        text.split('$').skip(1).any(|rest| rest.starts_with(|next: char| next.is_ascii_alphabetic() || next == '_'))
    };
    match node.value() {
        Value::String(text) if is_variable(text) => Node::new(node.span(), Value::Unknown(text.clone())),
        _ => node.clone(),
    }
}

fn bind_mounts(mounts: &[Mount]) -> Node {
    let binds = mounts.iter().filter(|mount| mount.kind.as_deref() == Some("bind"));
    let source = |mount: &Mount| Some(Node::new(mount.node.span(), Value::String(mount.source.clone()?.into())));
    Node::computed(Value::Sequence(binds.filter_map(source).collect()))
}

fn socket(mounts: &[Mount]) -> Node {
    let is_socket = |mount: &&Mount| {
        mount.kind.as_deref() != Some("volume") && mount.source.as_deref().is_some_and(is_runtime_socket)
    };
    let found = mounts.iter().find(is_socket).and_then(|mount| {
        let place = mount.node.get("source").unwrap_or(&mount.node).span();
        Some(Node::new(place, Value::String(mount.source.clone()?.into())))
    });
    found.unwrap_or_else(null)
}
