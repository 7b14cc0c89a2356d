//! Images that a kustomization puts in place of others: its own `images`, those of Flux's Kustomizations and post
//! renderers, and those of Argo CD's sources.

use crate::scan::document::ParsedFile;
use crate::scan::document::node::{Node, Value};

use super::super::facts::{entry_span, field, identity_text, map, null, path, scalar, text};
use super::super::{Subject, image};
use super::MAX_ENTRIES;

pub(super) fn subjects<'f>(file: &'f ParsedFile, kustomizations: impl Iterator<Item = &'f Node>) -> Vec<Subject> {
    let mut found = Vec::new();
    for root in kustomizations {
        found.extend(entries(root.get("images")).map(|entry| replaced(entry, "kustomization", &[])));
    }
    for object in file.objects() {
        let identity = object.identity();
        let title = object.title();
        match (object.group(), object.kind.as_str()) {
            (Some("kustomize.toolkit.fluxcd.io"), "Kustomization") => {
                found.extend(entries(object.node.at("spec.images")).map(|entry| replaced(entry, &title, &identity)));
            }
            (Some("helm.toolkit.fluxcd.io"), "HelmRelease") => {
                let renderers = entries(object.node.at("spec.postRenderers"));
                let images = renderers.flat_map(|renderer| entries(renderer.at("kustomize.images")));
                found.extend(images.map(|entry| replaced(entry, &title, &identity)));
            }
            (Some("argoproj.io"), "Application" | "ApplicationSet") => {
                for (_, source) in super::super::gitops::source_nodes(object) {
                    let images = path(&source, &["kustomize", "images"]);
                    found
                        .extend(images.items().iter().take(MAX_ENTRIES).map(|entry| written(entry, &title, &identity)));
                }
            }
            _ => {}
        }
    }
    found
}

fn entries(list: Option<&Node>) -> impl Iterator<Item = &Node> {
    list.map_or(&[][..], Node::items).iter().filter(|entry| entry.as_mapping().is_some()).take(MAX_ENTRIES)
}

/// `{name, newName, newTag, digest}`.
fn replaced(entry: &Node, holder: &str, identity: &[String]) -> Subject {
    let new_name = field(entry, "newName");
    let name = if new_name.is_null() { field(entry, "name") } else { new_name };
    let (tag, digest) = (scalar(&field(entry, "newTag")), field(entry, "digest"));
    let place = entry_span(entry, "newTag").unwrap_or_else(|| entry.span());
    let facts = image::composed(&null(), &name, &tag, &digest);
    subject(entry, field(entry, "name"), facts, place, holder, identity)
}

/// `name=replacement:tag`, `name:tag` or `name@digest`.
fn written(entry: &Node, holder: &str, identity: &[String]) -> Subject {
    let text = entry.as_str().unwrap_or_default();
    let (name, reference) = text.split_once('=').unwrap_or((text, text));
    let reference = match entry.value() {
        Value::String(_) => image::facts_without_default(&Node::new(entry.span(), Value::String(reference.into()))),
        _ => image::facts(entry),
    };
    let name = Node::new(entry.span(), Value::String(name.split([':', '@']).next().unwrap_or_default().into()));
    subject(entry, name, reference, entry.span(), holder, identity)
}

fn subject(
    entry: &Node,
    name: Node,
    facts: Node,
    place: crate::scan::span::Span,
    holder: &str,
    identity: &[String],
) -> Subject {
    let mut parts = identity.to_vec();
    let called = name.as_str().map_or_else(|| identity_text(entry, "name"), str::to_owned);
    parts.extend(["image".to_owned(), called]);
    Subject {
        facts: map(vec![("entry", map(vec![("name", name), ("holder", text(holder))])), ("image", facts)]),
        node: Some(entry.clone()),
        places: vec![("tag", place)],
        span: entry.span(),
        resource: Some(holder.to_owned()),
        identity: parts,
    }
}
