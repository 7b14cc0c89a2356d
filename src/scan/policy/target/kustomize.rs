//! What policies may ask of kustomization files, and of the images and functions that Kustomize takes from objects.
//!
//! **Invariant**: a resource is called remote only when Kustomize would fetch it; what only looks like an address and is
//! a path is left alone.
//!
//! # Source
//! The kustomization file and the remote targets of Kustomize 5; KRM functions by annotation.

mod docs;
mod function;
mod images;
mod remote;
#[cfg(test)]
mod tests;

use crate::scan::document::node::Node;
use crate::scan::document::{Document, DocumentKind, ParsedFile, is_kustomization_version};

use super::facts::{field, identity_text, map, null, scalar, text};
use super::gitops::chart_version_kind;
use super::{FactDoc, Subject, Target};

/// Entries of one list that are looked at.
const MAX_ENTRIES: usize = 5_000;

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::KustomizeFile => docs::FILE,
        Target::KustomizeSource => docs::SOURCE,
        Target::KustomizeImage => docs::IMAGE,
        Target::KustomizeFunction => docs::FUNCTION,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, _text: &str) -> Vec<Subject> {
    let kustomizations = || kustomizations(file);
    match target {
        Target::KustomizeFile => kustomizations().map(file_subject).collect(),
        Target::KustomizeSource => kustomizations().flat_map(source_subjects).collect(),
        Target::KustomizeImage => images::subjects(file, kustomizations()),
        Target::KustomizeFunction => function::subjects(file),
        _ => Vec::new(),
    }
}

/// The documents that are kustomizations: by the name of the file, or by their version.
pub(super) fn kustomizations(file: &ParsedFile) -> impl Iterator<Item = &Node> {
    let is_named = file.kind == DocumentKind::Kustomization;
    file.documents.iter().filter_map(Document::tree).filter(move |root| {
        let version = root.get("apiVersion");
        let says = version.is_some_and(|version| is_kustomization_version(version.as_str()));
        says || (is_named && version.is_none() && root.as_mapping().is_some())
    })
}

fn file_subject(root: &Node) -> Subject {
    let kind = field(root, "kind");
    let file = map(vec![
        ("kind", if kind.is_null() { text("Kustomization") } else { kind }),
        ("namespace", field(root, "namespace")),
        ("spec", root.clone()),
    ]);
    Subject {
        facts: map(vec![("file", file)]),
        node: Some(root.clone()),
        places: Vec::new(),
        span: root.span(),
        resource: None,
        identity: vec!["kustomization".to_owned()],
    }
}

fn source_subjects(root: &Node) -> Vec<Subject> {
    let mut found = Vec::new();
    for key in ["resources", "bases", "components", "crds"] {
        let entries = root.get(key).map_or(&[][..], Node::items).iter().take(MAX_ENTRIES);
        for entry in entries {
            let Some(remote) = entry.as_str().and_then(remote::read) else { continue };
            let facts = map(vec![
                ("field", text(key)),
                ("kind", text(remote.kind)),
                ("url", entry.clone()),
                ("scheme", remote.scheme.as_deref().map_or_else(null, text)),
                ("host", text(&remote.host)),
                ("chart", null()),
                ("revision", remote.revision.as_deref().map_or_else(null, text)),
                ("revision_kind", text(remote.revision_kind)),
            ]);
            found.push(source_subject(entry, facts, vec![key.to_owned(), remote.identity]));
        }
    }
    let charts = root.get("helmCharts").map_or(&[][..], Node::items).iter().take(MAX_ENTRIES);
    found.extend(charts.filter(|chart| chart.as_mapping().is_some()).map(|chart| chart_subject(chart, CHART)));
    let legacy = root.get("helmChartInflationGenerator").map_or(&[][..], Node::items).iter().take(MAX_ENTRIES);
    found.extend(legacy.filter(|chart| chart.as_mapping().is_some()).map(|chart| chart_subject(chart, LEGACY_CHART)));
    found
}

/// The keys of a chart: its name, its repository and its version.
type ChartKeys = [&'static str; 3];
const CHART: ChartKeys = ["name", "repo", "version"];
const LEGACY_CHART: ChartKeys = ["chartName", "chartRepo", "chartVersion"];

fn chart_subject(chart: &Node, [name, repo, version]: ChartKeys) -> Subject {
    let url = field(chart, repo);
    let (scheme, host) = super::gitops::scheme_and_host(&url);
    let facts = map(vec![
        ("field", text("helmCharts")),
        ("kind", text("helm")),
        ("url", url),
        ("scheme", scheme),
        ("host", host),
        ("chart", field(chart, name)),
        ("revision", scalar(&field(chart, version))),
        ("revision_kind", chart_version_kind(&field(chart, version))),
    ]);
    source_subject(chart, facts, vec!["helmCharts".to_owned(), identity_text(chart, name)])
}

fn source_subject(node: &Node, facts: Node, identity: Vec<String>) -> Subject {
    let mut parts = vec!["source".to_owned()];
    parts.extend(identity);
    let key = |key: &str| super::facts::entry_span(node, key);
    let revision =
        key("version").or_else(|| key("chartVersion")).or_else(|| key("name")).unwrap_or_else(|| node.span());
    let url = key("repo").or_else(|| key("chartRepo")).unwrap_or_else(|| node.span());
    Subject {
        facts: map(vec![("source", facts)]),
        node: Some(node.clone()),
        places: vec![("revision", revision), ("url", url)],
        span: node.span(),
        resource: None,
        identity: parts,
    }
}
