//! Parts of the control plane: their flags, and the configuration of the kubelet in the same words.
//!
//! **Invariant**: a flag that is not written is `null`; where a file that is not here, or a template, may set it, it is
//! unknown.
//!
//! # Source
//! The references of `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `etcd` and `kubelet`;
//! `kubelet.config.k8s.io/v1beta1`.

use crate::scan::document::kubernetes::{Container, Object};
use crate::scan::document::node::{Entry, Mapping, Node, Value};
use crate::scan::image_reference::ImageReference;
use crate::scan::span::Span;

use super::super::facts::{field, map, path, text};
use super::super::{FactDoc, FactKind};
use super::docs::doc;
use super::{Subject, container_identity, container_title, object_facts, subject};

/// Facts of `component`.
pub(super) const FACTS: &[FactDoc] = &[
    doc(
        "component.name",
        FactKind::String,
        "`kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `etcd` or `kubelet`",
        "kube-apiserver",
    ),
    doc(
        "component.source",
        FactKind::String,
        "where its settings come from: `flags`, or `file` for a `KubeletConfiguration`, whose fields are told as flags",
        "flags",
    ),
    doc(
        "component.flags",
        FactKind::Tree,
        "the flags without dashes: a number, true or false, or a text; the last of several counts",
        "{anonymous-auth: false}",
    ),
    doc(
        "component.tree",
        FactKind::Tree,
        "the container, or the `KubeletConfiguration`, as it stands",
        "{name: kube-apiserver}",
    ),
    doc("component.plugins", FactKind::StringList, "the admission plugins that are switched on", "[NodeRestriction]"),
    doc(
        "component.plugins_off",
        FactKind::StringList,
        "the admission plugins that are switched off",
        "[ServiceAccount]",
    ),
    doc("component.authorization", FactKind::StringList, "the modes of authorization", "[Node, RBAC]"),
    doc("component.ciphers", FactKind::StringList, "the cipher suites", "[TLS_AES_128_GCM_SHA256]"),
    doc(
        "component.gates",
        FactKind::StringList,
        "the feature gates as written",
        "[RotateKubeletServerCertificate=true]",
    ),
];

const COMPONENTS: [&str; 5] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet"];

/// Fields of a `KubeletConfiguration` and the flags that mean the same.
const FIELDS: [(&[&str], &str); 16] = [
    (&["authentication", "anonymous", "enabled"], "anonymous-auth"),
    (&["authentication", "x509", "clientCAFile"], "client-ca-file"),
    (&["authorization", "mode"], "authorization-mode"),
    (&["readOnlyPort"], "read-only-port"),
    (&["streamingConnectionIdleTimeout"], "streaming-connection-idle-timeout"),
    (&["protectKernelDefaults"], "protect-kernel-defaults"),
    (&["makeIPTablesUtilChains"], "make-iptables-util-chains"),
    (&["eventRecordQPS"], "event-qps"),
    (&["tlsCertFile"], "tls-cert-file"),
    (&["tlsPrivateKeyFile"], "tls-private-key-file"),
    (&["rotateCertificates"], "rotate-certificates"),
    (&["serverTLSBootstrap"], "rotate-server-certificates"),
    (&["tlsCipherSuites"], "tls-cipher-suites"),
    (&["tlsMinVersion"], "tls-min-version"),
    (&["podPidsLimit"], "pod-max-pids"),
    (&["enableDebuggingHandlers"], "enable-debugging-handlers"),
];

/// Where a `KubeletConfiguration` says what `flag` says.
pub(in super::super::super) fn field_of(flag: &str) -> Option<String> {
    FIELDS.iter().find(|(_, name)| *name == flag).map(|(keys, _)| keys.join("."))
}

/// The parts of the control plane that an object runs or sets up; places are looked for by flag.
pub(super) fn subjects(object: &Object) -> Vec<Subject> {
    if object.kind == "KubeletConfiguration" && object.group().is_none_or(|group| group == "kubelet.config.k8s.io") {
        let flags = kubelet_flags(&object.node);
        let facts = facts(object, "kubelet", ("file", &object.node), flags.clone());
        let found = subject(facts, &object.node, object.title(), object.identity());
        return vec![Subject { node: Some(flags), ..found }];
    }
    let Some(pod) = object.pod() else { return Vec::new() };
    let component = |container: &Container| {
        let words = words(&container.node);
        let name = component_of(&container.node, &words)?;
        let flags = flags(&words);
        let facts = facts(object, name, ("flags", &container.node), flags.clone());
        let (title, identity) = (container_title(object, container), container_identity(object, container));
        Some(Subject { node: Some(flags), ..subject(facts, &container.node, title, identity) })
    };
    pod.containers().iter().filter_map(component).collect()
}

fn facts(object: &Object, name: &str, (source, tree): (&str, &Node), flags: Node) -> Node {
    let list = |name: &str| split(&field(&flags, name));
    let component = map(vec![
        ("name", text(name)),
        ("source", text(source)),
        ("tree", tree.clone()),
        ("plugins", list("enable-admission-plugins")),
        ("plugins_off", list("disable-admission-plugins")),
        ("authorization", list("authorization-mode")),
        ("ciphers", list(if name == "etcd" { "cipher-suites" } else { "tls-cipher-suites" })),
        ("gates", list("feature-gates")),
        ("flags", flags),
    ]);
    map(vec![("object", object_facts(object)), ("component", component)])
}

/// The words of the command and its arguments.
fn words(container: &Node) -> Vec<Node> {
    let list = |key: &str| {
        let list = field(container, key);
        if list.is_unknown() { vec![list] } else { list.items().to_vec() }
    };
    [list("command"), list("args")].concat()
}

/// The component that the first word names; else, where only flags are written, the one that the image names.
fn component_of(container: &Node, words: &[Node]) -> Option<&'static str> {
    let named = |name: &str| COMPONENTS.into_iter().find(|component| *component == name);
    let base = |path: &str| path.rsplit('/').next().map(str::to_owned);
    match words.first().map(Node::value) {
        Some(Value::String(word)) if !word.starts_with('-') => named(&base(word)?),
        Some(Value::String(_)) => {
            let image = field(container, "image");
            let repository = ImageReference::parse(image.as_str()?).ok()?.repository();
            named(&base(&repository)?)
        }
        _ => None,
    }
}

/// The flags among `words`; open where a template may add more or a file holds the rest.
fn flags(words: &[Node]) -> Node {
    let mut entries = Vec::new();
    let mut is_open = false;
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.as_str() else {
            is_open |= match word.value() {
                Value::Unknown(raw) => match unknown_flag(raw, word.span()) {
                    Some(entry) => {
                        entries.push(entry);
                        false
                    }
                    None => true,
                },
                _ => false,
            };
            continue;
        };
        let Some(flag) = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-')) else { continue };
        let next = words.peek().and_then(|next| next.as_str()).filter(|next| !next.starts_with('-'));
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, typed(value)),
            None => (flag, next.map_or(Value::Bool(true), typed)),
        };
        is_open |= name == "config";
        entries.push(entry(name, Node::new(word.span(), value)));
    }
    Node::computed(Value::Mapping(Mapping::new(entries).with_open(is_open)))
}

/// A flag whose name is written and whose value is templated.
fn unknown_flag(raw: &str, span: Span) -> Option<Entry> {
    let (name, _) = raw.strip_prefix("--")?.split_once('=')?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_plain.then(|| entry(name, Node::new(span, Value::Unknown(raw.into()))))
}

fn entry(name: &str, value: Node) -> Entry {
    Entry { key: name.to_owned().into(), key_span: value.span(), value }
}

/// The value of a flag as a condition compares it.
fn typed(value: &str) -> Value {
    let value = value.trim_matches(['"', '\'']);
    match value {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => value.parse().map_or_else(|_| value.into(), Value::Int),
    }
}

/// The fields of a `KubeletConfiguration` as flags.
fn kubelet_flags(configuration: &Node) -> Node {
    let flag = |(keys, name): &(&[&str], &str)| {
        let value = path(configuration, keys);
        (!value.is_null()).then(|| entry(name, value))
    };
    Node::computed(Value::Mapping(Mapping::new(FIELDS.iter().filter_map(flag).collect())))
}

/// The items of a list that is written with commas, or as a list.
fn split(value: &Node) -> Node {
    let items = match value.value() {
        Value::Unknown(_) | Value::Sequence(_) => return value.clone(),
        Value::String(list) => list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(text).collect(),
        _ => Vec::new(),
    };
    Node::computed(Value::Sequence(items))
}
