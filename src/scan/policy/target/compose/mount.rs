//! What a service mounts.
//!
//! Invariant: short and long form give the same facts; `~`, `$HOME` and `${HOME}` are one place.
//!
//! # Source
//! The compose specification, `volumes`.

use super::super::Subject;
use super::super::facts::{field, map, null, path, text, truth};
use super::super::kubernetes::is_runtime_socket;
use super::{colon_parts, part, substituted};
use crate::scan::document::compose::{Mount, Service};
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

/// Options of the short form that say how mounts spread.
const PROPAGATIONS: [&str; 6] = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];

pub(super) fn subjects(service: &Service) -> Vec<Subject> {
    let subject = |mount: Mount| {
        let facts = facts(&mount);
        let target = facts.at("target").and_then(Node::as_str).unwrap_or_default().to_owned();
        let source = mount.node.entry("source").map(|source| ("source", source.value.span()));
        Subject {
            facts: map(vec![("service", map(vec![("name", text(&service.name))])), ("mount", facts)]),
            places: source.into_iter().chain(propagation(&mount.node)).collect(),
            span: mount.node.span(),
            node: Some(mount.node),
            resource: Some(format!("service {}", service.name)),
            identity: vec!["service".to_owned(), service.name.clone(), "mount".to_owned(), target],
        }
    };
    service.mounts().into_iter().map(subject).collect()
}

/// Where the short form says how mounts spread, with the colon or comma that belongs to it.
fn propagation(node: &Node) -> Option<(&'static str, Span)> {
    let short = node.as_str()?;
    // Quotes around it are two letters; a text with escapes has a place of another length.
    let quotes = node.span().len().checked_sub(short.len()).filter(|quotes| matches!(quotes, 0 | 2))?;
    let (rest, options) = short.rsplit_once(':')?;
    let at = options.split(',').position(|option| PROPAGATIONS.contains(&option))?;
    let before: usize = options.split(',').take(at).map(|option| option.len() + 1).sum();
    let option = options.split(',').nth(at)?;
    let is_first_of_more = at == 0 && options.len() > option.len();
    let start = node.span().start + quotes / 2 + rest.len() + before + usize::from(is_first_of_more);
    Some(("propagation", Span::new(start, start + option.len() + 1)))
}

fn facts(mount: &Mount) -> Node {
    let node = &mount.node;
    let (target, read_only, propagation) = match node.value() {
        Value::String(short) | Value::Unknown(short) => short_form(node, short, mount.written.as_deref()),
        _ => long_form(node),
    };
    let written = mount.source.as_deref();
    let source = written.map_or_else(null, |source| part(node, &home(source)));
    let is_socket = match source.value() {
        Value::String(path) => truth(mount.kind.as_deref() != Some("volume") && is_runtime_socket(path)),
        Value::Null => truth(false),
        _ => source.clone(),
    };
    map(vec![
        ("kind", mount.kind.as_deref().map_or_else(|| substituted(&field(node, "type")), text)),
        ("source", source),
        ("path", written.map_or_else(null, |source| part(node, home(source).trim_end_matches('/')))),
        ("target", target),
        ("read_only", read_only),
        ("propagation", propagation),
        ("is_runtime_socket", is_socket),
    ])
}

/// Target, whether read-only, and propagation of `source:target[:options]`.
fn short_form(node: &Node, short: &str, source: Option<&str>) -> (Node, Node, Node) {
    let rest = source.map_or(short, |source| short.get(source.len() + 1..).unwrap_or_default());
    let parts = colon_parts(rest);
    let is_options = |part: &&str| !part.contains(['/', '\\']);
    let options = parts.last().copied().filter(|last| parts.len() > 1 && is_options(last)).unwrap_or_default();
    let target = rest.strip_suffix(options).unwrap_or(rest).trim_end_matches(':');
    let has = |wanted: &[&str]| options.split(',').find(|option| wanted.contains(option)).map(str::to_owned);
    let read_only = if super::holds_variable(options) { part(node, options) } else { truth(has(&["ro"]).is_some()) };
    (part(node, target), read_only, has(&PROPAGATIONS).map_or_else(null, |option| part(node, &option)))
}

fn long_form(node: &Node) -> (Node, Node, Node) {
    let read_only = substituted(&field(node, "read_only"));
    let read_only = if read_only.is_null() { truth(false) } else { read_only };
    (substituted(&field(node, "target")), read_only, substituted(&path(node, &["bind", "propagation"])))
}

/// A path of the user's home as `~/…`.
fn home(source: &str) -> String {
    let rest = ["${HOME}", "$HOME"].iter().find_map(|home| source.strip_prefix(home));
    match rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => format!("~{rest}"),
        None => source.to_owned(),
    }
}
