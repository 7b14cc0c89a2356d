//! The ports that a service publishes.
//!
//! Invariant: short and long form give the same facts.
//!
//! # Source
//! The compose specification, `ports`.

use super::super::Subject;
use super::super::facts::{field, map, null, text, truth};
use super::{colon_parts, part, substituted};
use crate::scan::document::compose::Service;
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

pub(super) fn subjects(service: &Service, file: &str) -> Vec<Subject> {
    let ports = field(&service.node, "ports");
    let subject = |port: &Node| -> Option<Subject> {
        let facts = facts(port, file)?;
        let target = facts.at("target").and_then(Node::as_str).unwrap_or_default().to_owned();
        Some(Subject {
            facts: map(vec![("service", map(vec![("name", text(&service.name))])), ("port", facts)]),
            node: Some(port.clone()),
            places: bind_place(port, file).map(|place| ("published", place)).into_iter().collect(),
            span: port.span(),
            resource: Some(format!("service {}", service.name)),
            identity: vec!["service".to_owned(), service.name.clone(), "port".to_owned(), target],
        })
    };
    ports.items().iter().filter_map(subject).collect()
}

/// The facts of one entry of `ports`.
pub(super) fn facts(port: &Node, file: &str) -> Option<Node> {
    match port.value() {
        Value::String(short) | Value::Unknown(short) => Some(short_form(port, short)),
        Value::Int(_) | Value::Float(_) => Some(short_form(port, port.span().of(file))),
        Value::Mapping(_) => Some(long_form(port)),
        _ => None,
    }
}

fn short_form(node: &Node, written: &str) -> Node {
    let (spec, protocol) = match written.rsplit_once('/') {
        Some((spec, protocol)) if !protocol.contains('}') => (spec, part(node, protocol)),
        _ => (written, text("tcp")),
    };
    let parts = colon_parts(spec);
    let (target, before) = parts.split_last().map_or(("", &[][..]), |(last, before)| (*last, before));
    let (published, address) = before.split_last().map_or((None, &[][..]), |(last, before)| (Some(*last), before));
    // A variable in the place of the port may hold an address too.
    let may_hold_address = published.is_some_and(super::holds_variable) && address.is_empty();
    let host_ip = match (may_hold_address, address.is_empty()) {
        (true, _) => part(node, published.unwrap_or_default()),
        (false, true) => null(),
        (false, false) => part(node, address.join(":").trim_matches(['[', ']'])),
    };
    let published = published.filter(|published| !published.is_empty());
    entry(node, &host_ip, published.map_or_else(null, |published| part(node, published)), part(node, target), protocol)
}

fn long_form(node: &Node) -> Node {
    let at = |key| scalar(&substituted(&field(node, key)));
    let protocol = field(node, "protocol");
    let protocol = if protocol.is_null() { text("tcp") } else { protocol };
    entry(node, &at("host_ip"), at("published"), at("target"), protocol)
}

/// A number as a text.
fn scalar(node: &Node) -> Node {
    match node.value() {
        Value::Int(number) => Node::new(node.span(), Value::String(number.to_string().into())),
        _ => node.clone(),
    }
}

fn entry(node: &Node, host_ip: &Node, published: Node, target: Node, protocol: Node) -> Node {
    let number = |node: &Node| match node.value() {
        Value::String(text) => {
            let first = text.split('-').next().and_then(|first| first.parse::<i64>().ok());
            first.map_or_else(null, |first| Node::new(node.span(), Value::Int(first)))
        }
        _ => node.clone(),
    };
    let is_loopback = |address: &str| address.starts_with("127.") || matches!(address, "::1" | "localhost");
    let is_everywhere = |address: &str| matches!(address, "" | "0.0.0.0" | "::" | "*");
    let about = |is: &dyn Fn(&str) -> bool, absent: bool| match host_ip.value() {
        Value::String(address) => truth(is(address)),
        Value::Null => truth(absent),
        _ => host_ip.clone(),
    };
    map(vec![
        ("is_loopback", about(&is_loopback, false)),
        ("is_everywhere", about(&is_everywhere, true)),
        ("first_published", number(&published)),
        ("first_target", number(&target)),
        ("host_ip", host_ip.clone()),
        ("published", published),
        ("target", target),
        ("protocol", protocol),
        ("is_short", truth(node.as_mapping().is_none())),
    ])
}

/// Where an address would be written before the published port of the short form: it names none, and a host port.
fn bind_place(port: &Node, file: &str) -> Option<Span> {
    let written = match port.value() {
        Value::String(short) => &**short,
        Value::Int(_) | Value::Float(_) => port.span().of(file),
        _ => return None,
    };
    let parts = colon_parts(written);
    let has_published = parts.len() == 2 && parts.first().is_some_and(|first| !first.is_empty());
    let inside = port.span().of(file).find(written)? + port.span().start;
    has_published.then(|| Span::new(inside, inside))
}
