//! What leads traffic from outside to services: ingresses, routes and gateways.
//!
//! **Invariant**: a host that is not written is an empty text, and one that only a template knows is unknown.
//!
//! # Source
//! `networking.k8s.io/v1` Ingress, `gateway.networking.k8s.io` Gateway and routes, `route.openshift.io` Route.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{field, map, null, path, text, truth};
use super::super::{FactDoc, FactKind};
use super::docs::doc;
use super::{Subject, object_facts, subject};

/// Facts of `ingress`.
pub(super) const FACTS: &[FactDoc] = &[
    doc(
        "ingress.hosts",
        FactKind::StringList,
        "the hosts, an empty text for each rule that names none",
        "[example.com]",
    ),
    doc(
        "ingress.tls",
        FactKind::Bool,
        "whether it ends TLS: with a certificate of its own or one that its controller's annotations name; `null` for a route, whose gateway decides",
        "true",
    ),
    doc("ingress.backends", FactKind::StringList, "the names of the services behind it", "[web]"),
    doc(
        "ingress.snippets",
        FactKind::StringList,
        "the annotations that carry configuration of nginx",
        "[server-snippet]",
    ),
    doc("ingress.snippet_texts", FactKind::StringList, "the configuration in them", "[deny all;]"),
];

/// Annotations by which a controller ends TLS without `spec.tls`: how each begins.
const TLS_ANNOTATIONS: [&str; 9] = [
    "alb.ingress.kubernetes.io/certificate-arn",
    "alb.ingress.kubernetes.io/listen-ports",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "traefik.ingress.kubernetes.io/router.tls",
    "traefik.ingress.kubernetes.io/router.entrypoints",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
    "haproxy.org/ssl-passthrough",
];

/// Annotations of nginx controllers that hold configuration as it stands.
const SNIPPETS: [&str; 9] = [
    "nginx.ingress.kubernetes.io/configuration-snippet",
    "nginx.ingress.kubernetes.io/server-snippet",
    "nginx.ingress.kubernetes.io/auth-snippet",
    "nginx.ingress.kubernetes.io/modsecurity-snippet",
    "nginx.ingress.kubernetes.io/stream-snippet",
    "nginx.org/server-snippets",
    "nginx.org/location-snippets",
    "nginx.com/server-snippets",
    "nginx.com/location-snippets",
];

/// An ingress, a gateway or a route.
pub(super) fn subject_of(object: &Object) -> Option<Subject> {
    let spec = field(&object.node, "spec");
    let annotations = path(&object.node, &["metadata", "annotations"]);
    let (hosts, tls) = match kind_of(object)? {
        Kind::Ingress => (each(&spec, "rules", "host"), ingress_tls(&spec, &annotations)),
        Kind::Gateway => (each(&spec, "listeners", "hostname"), gateway_tls(&spec)),
        Kind::Route => (listed(&field(&spec, "hostnames")), null()),
        Kind::OpenShiftRoute => (vec![or_empty(field(&spec, "host"))], present(&field(&spec, "tls"))),
    };
    let ingress = map(vec![
        ("hosts", list(hosts)),
        ("tls", tls),
        ("backends", list(backends(&spec))),
        ("snippets", list(snippets(&annotations).map(|(name, _)| name).collect())),
        ("snippet_texts", list(snippets(&annotations).map(|(_, text)| text).collect())),
    ]);
    let facts = map(vec![("object", object_facts(object)), ("ingress", ingress)]);
    Some(subject(facts, &object.node, object.title(), object.identity()))
}

#[derive(Clone, Copy)]
enum Kind {
    Ingress,
    Gateway,
    Route,
    OpenShiftRoute,
}

fn kind_of(object: &Object) -> Option<Kind> {
    const KINDS: [(&str, &str, Kind); 7] = [
        ("networking.k8s.io", "Ingress", Kind::Ingress),
        ("extensions", "Ingress", Kind::Ingress),
        ("gateway.networking.k8s.io", "Gateway", Kind::Gateway),
        ("gateway.networking.k8s.io", "HTTPRoute", Kind::Route),
        ("gateway.networking.k8s.io", "GRPCRoute", Kind::Route),
        ("gateway.networking.k8s.io", "TLSRoute", Kind::Route),
        ("route.openshift.io", "Route", Kind::OpenShiftRoute),
    ];
    let is_kind = |(group, kind, _): &&(&str, &str, Kind)| {
        object.kind == *kind && object.group().is_none_or(|found| found == *group)
    };
    KINDS.iter().find(is_kind).map(|(.., kind)| *kind)
}

/// The texts under `key` of the items of a list.
fn each(spec: &Node, list: &str, key: &str) -> Vec<Node> {
    let items = field(spec, list);
    if items.is_unknown() {
        return vec![items];
    }
    items.items().iter().map(|item| or_empty(field(item, key))).collect()
}

fn listed(hosts: &Node) -> Vec<Node> {
    match hosts.value() {
        Value::Unknown(_) => vec![hosts.clone()],
        Value::Sequence(items) => items.clone(),
        _ => vec![text("")],
    }
}

fn or_empty(host: Node) -> Node {
    if host.is_null() { text("") } else { host }
}

fn list(items: Vec<Node>) -> Node {
    Node::computed(Value::Sequence(items))
}

fn present(node: &Node) -> Node {
    if node.is_unknown() { node.clone() } else { truth(!node.is_null() && !is_empty_list(node)) }
}

fn is_empty_list(node: &Node) -> bool {
    matches!(node.value(), Value::Sequence(items) if items.is_empty())
}

fn ingress_tls(spec: &Node, annotations: &Node) -> Node {
    let own = present(&field(spec, "tls"));
    if own.as_bool() == Some(true) {
        return own;
    }
    let by_annotation = TLS_ANNOTATIONS.iter().map(|name| field(annotations, name)).find(|value| !value.is_null());
    match by_annotation {
        Some(value) if !value.is_unknown() => truth(value.as_str().is_none_or(speaks_of_tls)),
        Some(value) => value,
        None => own,
    }
}

/// Whether the value of an annotation stands for TLS; the name of a certificate does.
fn speaks_of_tls(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "false" | "web" | "http" => false,
        _ if lower.contains("\"http\"") => lower.contains("https"),
        _ => true,
    }
}

/// A gateway ends TLS when one of its listeners does; the others lead there.
fn gateway_tls(spec: &Node) -> Node {
    let protocols = each(spec, "listeners", "protocol");
    let is_secure = |listener: &Node| {
        matches!(field(listener, "protocol").as_str(), Some("HTTPS" | "TLS")) && !field(listener, "tls").is_null()
    };
    if field(spec, "listeners").items().iter().any(is_secure) {
        return truth(true);
    }
    protocols.into_iter().find(Node::is_unknown).unwrap_or_else(|| truth(false))
}

/// The names of the services: of the default backend, of every path, and of every rule of a route.
pub(super) fn backends(spec: &Node) -> Vec<Node> {
    let mut found = Vec::new();
    let mut add = |node: Node| {
        if !node.is_null() && found.len() < 1_000 {
            found.push(node);
        }
    };
    for key in ["defaultBackend", "backend", "to"] {
        backend(&field(spec, key), &mut add);
    }
    for rule in field(spec, "rules").items() {
        for path in path(rule, &["http", "paths"]).items() {
            backend(&field(path, "backend"), &mut add);
        }
        for reference in field(rule, "backendRefs").items() {
            let kind = field(reference, "kind");
            if kind.is_null() || kind.as_str() == Some("Service") {
                add(field(reference, "name"));
            }
        }
    }
    found
}

/// The name in a backend: of `networking.k8s.io/v1`, of the versions before it, or of a route.
fn backend(backend: &Node, add: &mut impl FnMut(Node)) {
    add(path(backend, &["service", "name"]));
    add(field(backend, "serviceName"));
    add(field(backend, "name"));
}

fn snippets(annotations: &Node) -> impl Iterator<Item = (Node, Node)> {
    let snippet = |name: &&str| {
        let entry = annotations.entry(name)?;
        let short = name.split_once('/').map_or(*name, |(_, short)| short);
        Some((Node::new(entry.key_span, short.into()), entry.value.clone()))
    };
    SNIPPETS.iter().filter_map(snippet)
}
