//! The sources of Argo CD's Applications and `ApplicationSet`s.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::Node;

use super::super::facts::{field, identity_text, null, path, text};
use super::{Revision, Source, revision};

/// Generators within generators (`matrix`, `merge`) are followed so far; Argo CD allows one level.
const MAX_GENERATOR_DEPTH: usize = 3;
/// Generators of one object that are looked at.
const MAX_GENERATORS: usize = 200;

pub(super) fn sources(object: &Object) -> Vec<Source> {
    let mut found = Vec::new();
    for (key, node) in source_nodes(object) {
        let kind = kind(&node);
        let chart = kind.as_str() == Some("helm");
        let is_oci = kind.as_str() == Some("oci");
        let kind_of = match (chart, is_oci) {
            (true, _) => revision::chart,
            (_, true) => revision::oci_version,
            _ => revision::git,
        };
        let version = Revision::read(&node, "targetRevision", kind_of);
        found.push(source(&node, kind, version, identity(key, &node)));
    }
    if object.kind == "ApplicationSet" {
        for generator in generators(&field(&path(&object.node, &["spec"]), "generators")) {
            let Some(node) = generator.get("git").filter(|git| git.as_mapping().is_some()) else { continue };
            let version = Revision::read(node, "revision", revision::git);
            found.push(source(
                node,
                text("git"),
                version,
                vec!["generator".to_owned(), identity_text(node, "repoURL")],
            ));
        }
    }
    found
}

/// The maps that describe where an application comes from, each with its key.
pub(in super::super) fn source_nodes(object: &Object) -> Vec<(&'static str, Node)> {
    let Some(spec) = application_spec(object) else { return Vec::new() };
    let is_map = |node: &Node| node.as_mapping().is_some();
    let mut found: Vec<(&'static str, Node)> = Vec::new();
    found.extend(spec.get("source").filter(|node| is_map(node)).map(|node| ("source", node.clone())));
    let several = spec.get("sources").map_or(&[][..], Node::items).iter().filter(|node| is_map(node));
    found.extend(several.map(|node| ("sources", node.clone())));
    let dry = spec.at("sourceHydrator.drySource").filter(|node| is_map(node));
    found.extend(dry.map(|node| ("drySource", node.clone())));
    found
}

/// The spec of the application, or of the applications that a set makes.
pub(super) fn application_spec(object: &Object) -> Option<Node> {
    match object.kind.as_str() {
        "Application" => object.node.get("spec").cloned(),
        "ApplicationSet" => object.node.at("spec.template.spec").cloned(),
        _ => None,
    }
}

/// All generators of a list, those within others included.
pub(super) fn generators(list: &Node) -> Vec<Node> {
    let mut found: Vec<Node> = Vec::new();
    let mut waiting: Vec<(Node, usize)> = list.items().iter().rev().map(|item| (item.clone(), 0)).collect();
    while let Some((generator, depth)) = waiting.pop() {
        if found.len() >= MAX_GENERATORS {
            break;
        }
        for outer in ["matrix", "merge"] {
            let inner = generator.get(outer).and_then(|outer| outer.get("generators")).map_or(&[][..], Node::items);
            if depth < MAX_GENERATOR_DEPTH {
                waiting.extend(inner.iter().take(MAX_GENERATORS).rev().map(|item| (item.clone(), depth + 1)));
            }
        }
        found.push(generator);
    }
    found
}

fn kind(node: &Node) -> Node {
    let (chart, url) = (field(node, "chart"), field(node, "repoURL"));
    match (chart.is_unknown(), chart.is_null(), url.as_str()) {
        (true, ..) => chart,
        (_, false, _) => text("helm"),
        (_, _, Some(url)) if url.starts_with("oci://") => text("oci"),
        _ => text("git"),
    }
}

fn identity(key: &str, node: &Node) -> Vec<String> {
    let mut identity = vec![key.to_owned()];
    if key == "sources" {
        identity.extend(["repoURL", "chart", "path"].map(|key| identity_text(node, key)));
    }
    identity
}

fn source(node: &Node, kind: Node, revision: Revision, identity: Vec<String>) -> Source {
    Source {
        tool: "argocd",
        kind,
        node: node.clone(),
        url: field(node, "repoURL"),
        chart: field(node, "chart"),
        revision,
        verify: null(),
        insecure: null(),
        pass_credentials: path(node, &["helm", "passCredentials"]),
        reference_kind: null(),
        identity,
    }
}
