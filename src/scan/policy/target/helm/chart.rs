//! The dependencies of a chart.

use crate::scan::document::node::Node;
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::super::Subject;
use super::super::facts::{entry_span, field, identity_text, map, scalar, truth};
use super::super::gitops::{chart_version_kind, scheme_and_host};

/// Dependencies of one chart that are looked at.
const MAX_DEPENDENCIES: usize = 1_000;

pub(super) fn subjects(file: &ParsedFile) -> Vec<Subject> {
    if file.kind != DocumentKind::HelmChart {
        return Vec::new();
    }
    let Some(root) = file.documents.first().and_then(Document::tree) else { return Vec::new() };
    let chart = map(vec![
        ("name", field(root, "name")),
        ("version", scalar(&field(root, "version"))),
        ("type", field(root, "type")),
    ]);
    let dependencies = root.get("dependencies").map_or(&[][..], Node::items).iter().take(MAX_DEPENDENCIES);
    dependencies.filter(|dependency| dependency.as_mapping().is_some()).map(|node| subject(&chart, node)).collect()
}

fn subject(chart: &Node, node: &Node) -> Subject {
    let repository = field(node, "repository");
    let version = field(node, "version");
    let (scheme, host) = scheme_and_host(&repository);
    let is_local = repository.as_str().is_none_or(|address| address.is_empty() || address.starts_with("file://"));
    let facts = map(vec![
        ("name", field(node, "name")),
        ("version", scalar(&version)),
        ("version_kind", chart_version_kind(&version)),
        ("is_local", if repository.is_unknown() { repository.clone() } else { truth(is_local) }),
        ("repository", repository),
        ("scheme", scheme),
        ("host", host),
        ("spec", node.clone()),
    ]);
    let name = identity_text(node, "name");
    let alias = identity_text(node, "alias");
    let version_span = entry_span(node, "version").or_else(|| entry_span(node, "name"));
    Subject {
        facts: map(vec![("chart", chart.clone()), ("dependency", facts)]),
        node: Some(node.clone()),
        places: vec![("version", version_span.unwrap_or_else(|| node.span()))],
        span: node.span(),
        resource: Some(format!("dependency {name}")),
        identity: vec!["dependency".to_owned(), name, alias],
    }
}
