//! A chart and its dependencies.

use crate::scan::document::node::Node;
use crate::scan::document::{Document, DocumentKind, ParsedFile};

use super::super::Subject;
use super::super::facts::{entry_span, field, identity_text, list, map, null, scalar, truth};
use super::super::gitops::{chart_version_kind, scheme_and_host};

/// Dependencies of one chart that are looked at.
const MAX_DEPENDENCIES: usize = 1_000;

/// The chart of a file.
pub(super) fn charts(file: &ParsedFile) -> Vec<Subject> {
    let Some(root) = root(file) else { return Vec::new() };
    let name = |node: &Node| Some(Node::new(field(node, "name").span(), field(node, "name").as_str()?.into()));
    let remote = dependencies(root).filter(|node| is_local(&field(node, "repository")) == Some(false));
    let mut facts = chart_facts(file, root);
    facts.push(("remote_dependencies", list(remote.filter_map(name))));
    facts.push(("spec", root.clone()));
    let title = identity_text(root, "name");
    vec![Subject {
        facts: map(vec![("chart", map(facts))]),
        node: Some(root.clone()),
        places: Vec::new(),
        span: root.span(),
        resource: (!title.is_empty()).then(|| format!("chart {title}")),
        identity: vec!["chart".to_owned()],
    }]
}

pub(super) fn subjects(file: &ParsedFile) -> Vec<Subject> {
    let Some(root) = root(file) else { return Vec::new() };
    let chart = map(chart_facts(file, root));
    dependencies(root).map(|node| subject(&chart, node)).collect()
}

fn root(file: &ParsedFile) -> Option<&Node> {
    let root = file.documents.first().and_then(Document::tree)?;
    (file.kind == DocumentKind::HelmChart).then_some(root)
}

fn dependencies(root: &Node) -> impl Iterator<Item = &Node> {
    let dependencies = root.get("dependencies").map_or(&[][..], Node::items).iter().take(MAX_DEPENDENCIES);
    dependencies.filter(|dependency| dependency.as_mapping().is_some())
}

fn chart_facts(file: &ParsedFile, root: &Node) -> Vec<(&'static str, Node)> {
    vec![
        ("name", field(root, "name")),
        ("version", scalar(&field(root, "version"))),
        ("type", field(root, "type")),
        ("has_lock", file.beside.has_lock.map_or_else(null, truth)),
    ]
}

/// Whether a dependency stands in the same tree; `None` when it is not known.
fn is_local(repository: &Node) -> Option<bool> {
    let is_local = || repository.as_str().is_none_or(|address| address.is_empty() || address.starts_with("file://"));
    (!repository.is_unknown()).then(is_local)
}

fn subject(chart: &Node, node: &Node) -> Subject {
    let repository = field(node, "repository");
    let version = field(node, "version");
    let (scheme, host) = scheme_and_host(&repository);
    let facts = map(vec![
        ("name", field(node, "name")),
        ("version", scalar(&version)),
        ("version_kind", chart_version_kind(&version)),
        ("is_local", is_local(&repository).map_or_else(|| repository.clone(), truth)),
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
