//! What Kubernetes objects and other known documents mean by their fields.
//!
//! Invariant: documents that hold names, ciphertext or descriptions of data where secrets seem to stand are left alone.

use super::super::decode;
use super::dialect::Dialect;
use super::key::{Name, Nature};
use super::passage::Passage;
use super::tree::{self, content, node};
use super::{Extraction, Form, gate, text};
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

/// Kinds whose fields name secrets, or hold ciphertext or a schema.
const OTHER_KINDS: [&str; 12] = [
    "SealedSecret",
    "ExternalSecret",
    "ClusterExternalSecret",
    "PushSecret",
    "SecretStore",
    "ClusterSecretStore",
    "CustomResourceDefinition",
    "SecretProviderClass",
    "VaultStaticSecret",
    "VaultDynamicSecret",
    "OnePasswordItem",
    "SecretTransformation",
];

/// Whether a document is of a kind that holds no secret itself: a reference, ciphertext, a schema, a dashboard.
pub(super) fn is_other(root: &Node) -> bool {
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    let has = |key: &str| root.get(key).is_some();
    OTHER_KINDS.contains(&text("kind"))
        || (has("openapi") || has("swagger")) && has("paths")
        || text("$schema").contains("json-schema.org")
        || (has("panels") && (has("schemaVersion") || has("templating")))
        || (has("properties") && has("type") && has("$id"))
        || (has("lockfileVersion") || has("lockVersion")) && has("packages")
}

/// Reads an object: a Secret by its data, a list by its items, a kubeconfig by its users, anything else by its keys.
pub(super) fn object(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
    match kind {
        "Secret" => secret(extraction, passage, root),
        "List" | "SecretList" => {
            for item in root.get("items").map_or(&[][..], Node::items) {
                tree::document(extraction, passage, item);
            }
        }
        "Config" if root.get("users").is_some() => kubeconfig(extraction, passage, root),
        _ if root.get("auths").is_some() => logins(extraction, passage, root),
        _ => node(extraction, passage, "", root),
    }
}

/// Reads what the template of a Secret to be made adds in the clear to what the store has.
pub(super) fn template(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    let places = ["spec.target.template.data", "spec.externalSecretSpec.target.template.data", "spec.template.data"];
    for data in places.iter().filter_map(|place| root.at(place)) {
        data.entries().iter().for_each(|entry| tree::node(extraction, passage, &entry.key, &entry.value));
    }
}

fn secret(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    for entry in root.entries().iter().chain(root.shadowed()) {
        let values = entry.value.entries().iter().chain(entry.value.shadowed());
        match &*entry.key {
            "data" => values.for_each(|entry| encoded(extraction, passage, &entry.key, &entry.value)),
            "stringData" => values.for_each(|entry| plain(extraction, passage, &entry.key, &entry.value)),
            _ => node(extraction, passage, &entry.key, &entry.value),
        }
    }
}

/// A key of `data`: what it decodes to is judged by the key, then looked into.
fn encoded(extraction: &mut Extraction, passage: &Passage<'_>, key: &str, value: &Node) {
    let (Value::String(text) | Value::Unknown(text)) = value.value() else { return };
    if text.starts_with("{{") {
        return tree::scalar(extraction, passage, key, value, Form::KubernetesSecret);
    }
    let joined: String = text.split_whitespace().collect();
    let span = content(passage, value);
    let Some(decoded) = decode::text_of(&joined) else {
        return bytes(extraction, passage, key, &joined, span);
    };
    let inner = passage.decoded(decoded.as_str(), span);
    judged(extraction, &inner, key, decoded.trim_end());
}

/// A key of `data` whose value is no text: bytes that a machine made, where its name asks for such and it is short.
fn bytes(extraction: &mut Extraction, passage: &Passage<'_>, key: &str, base64: &str, span: Span) {
    const LENGTHS: std::ops::RangeInclusive<usize> = 22..=172;
    let is_asked = || Name::read(key).is_some_and(|read| read.nature != Nature::Vague);
    if LENGTHS.contains(&base64.len()) && is_asked() {
        extraction.pair(passage, key, base64, span, Form::KubernetesSecret);
    }
}

/// A key of `stringData`.
fn plain(extraction: &mut Extraction, passage: &Passage<'_>, key: &str, value: &Node) {
    let count = extraction.found.len();
    tree::scalar(extraction, passage, key, value, Form::KubernetesSecret);
    let Some(text) = value.as_str().filter(|_| extraction.found.len() == count && Name::read(key).is_none()) else {
        return;
    };
    vague(extraction, &passage.decoded(text, content(passage, value)), key, text.trim_end());
}

fn judged(extraction: &mut Extraction, inner: &Passage<'_>, key: &str, value: &str) {
    let whole = Span::new(0, value.len());
    if extraction.pair(inner, key, value, whole, Form::KubernetesSecret) {
        return;
    }
    let count = extraction.found.len();
    if gate::is_open(value) {
        extraction.deeper(|extraction| {
            if value.contains('\n') || value.starts_with('{') {
                tree::embedded(extraction, inner, key);
            } else {
                text::read(extraction, inner, Dialect::Inline);
            }
        });
    }
    if extraction.found.len() == count && Name::read(key).is_none() {
        vague(extraction, inner, key, value);
    }
}

/// A key that tells nothing: in a Secret its value is one when it is random.
fn vague(extraction: &mut Extraction, inner: &Passage<'_>, key: &str, value: &str) {
    let last = key.rsplit(['.', '-', '_']).next().unwrap_or(key).to_ascii_lowercase();
    let public = [
        "crt",
        "cert",
        "ca",
        "pub",
        "username",
        "user",
        "host",
        "url",
        "email",
        "id",
        "name",
        "port",
        "key",
        "revision",
        "commit",
        "sha",
        "version",
        "digest",
        "checksum",
        "tag",
        "hash",
        "integrity",
    ];
    let is_public = public.contains(&last.as_str());
    let whole = Span::new(0, value.len());
    if let Some(password) = password_of(value).filter(|_| !is_public)
        && let Some(name) = Name::read("password")
    {
        let at = Span::new(value.len() - password.len(), value.len());
        extraction.judged(inner, &name, key, password, at, Form::KubernetesSecret);
        return;
    }
    if let Some(name) = Name::read("secret").filter(|_| !is_public) {
        let name = Name { nature: Nature::Vague, ..name };
        extraction.judged(inner, &name, key, value, whole, Form::KubernetesSecret);
    }
}

/// The password of `user:password`.
fn password_of(value: &str) -> Option<&str> {
    let (user, password) = value.split_once(':')?;
    let is_user = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-@".contains(&byte));
    let is_password = password.len() > 5 && !password.contains([':', '/', ' ', '\n']);
    (is_user && is_password && password.bytes().any(|byte| byte.is_ascii_alphabetic())).then_some(password)
}

/// The users of a kubeconfig: tokens, passwords, keys.
fn kubeconfig(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    for user in root.get("users").map_or(&[][..], Node::items) {
        for entry in user.get("user").map_or(&[][..], Node::entries) {
            match &*entry.key {
                "token" | "password" => tree::scalar(extraction, passage, &entry.key, &entry.value, Form::Kubeconfig),
                "client-key-data" | "client-certificate-data" => {}
                _ => node(extraction, passage, &entry.key, &entry.value),
            }
        }
    }
}

/// `auths` of a registry's configuration.
fn logins(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    for entry in root.entries() {
        node(extraction, passage, &entry.key, &entry.value);
    }
}
