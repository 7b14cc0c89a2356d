//! What policies may ask of Argo CD and Flux objects.
//!
//! **Invariant**: a source is described the same way whichever tool and field it comes from, and what a generator or a
//! variable decides is unknown.
//!
//! # Source
//! The custom resources of Argo CD 3 (`argoproj.io/v1alpha1`) and Flux 2 (`*.toolkit.fluxcd.io`).

mod application;
mod argo;
mod docs;
mod encrypted;
mod flux;
mod revision;
#[cfg(test)]
mod tests;

use crate::scan::document::ParsedFile;
use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

use super::facts::{entry_span, map, null, text};
use super::kubernetes::object_facts;
use super::{FactDoc, Subject, Target};
use revision::Kind;

pub(super) use argo::source_nodes;
pub(super) use revision::git as git_revision_kind;

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::GitopsSource => docs::SOURCE,
        Target::GitopsApplication => docs::APPLICATION,
        Target::GitopsEncrypted => encrypted::DOCS,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, _text: &str) -> Vec<Subject> {
    let objects = file.objects().iter();
    match target {
        Target::GitopsSource => objects.flat_map(source_subjects).collect(),
        Target::GitopsApplication => objects.filter_map(application::subject).collect(),
        Target::GitopsEncrypted => encrypted::subjects(file),
        _ => Vec::new(),
    }
}

/// One place that manifests or charts come from.
struct Source {
    tool: &'static str,
    /// `git`, `helm`, `oci` or `bucket`.
    kind: Node,
    /// The map that holds the fields.
    node: Node,
    url: Node,
    chart: Node,
    revision: Revision,
    verify: Node,
    insecure: Node,
    pass_credentials: Node,
    reference_kind: Node,
    /// What tells it from the other sources of its object.
    identity: Vec<String>,
}

/// Which state of a source is asked for.
struct Revision {
    /// The text as written; `null` when nothing is.
    node: Node,
    kind: Kind,
    /// Where it stands, key included.
    span: Option<Span>,
}

impl Revision {
    fn absent() -> Self {
        Self { node: null(), kind: Kind::Known("none"), span: None }
    }

    /// The revision under `key` of `holder`, read by `kind_of`.
    fn read(holder: &Node, key: &str, kind_of: impl Fn(&str) -> &'static str) -> Self {
        let node = super::facts::field(holder, key);
        Self { kind: Kind::of(&node, kind_of), span: entry_span(holder, key), node }
    }
}

fn source_subjects(object: &Object) -> Vec<Subject> {
    let sources = match object.group() {
        Some("argoproj.io") => argo::sources(object),
        Some(group) if group.ends_with(".toolkit.fluxcd.io") => flux::sources(object),
        _ => return Vec::new(),
    };
    let shared = object_facts(object);
    sources.into_iter().map(|source| source.subject(object, &shared)).collect()
}

impl Source {
    fn subject(self, object: &Object, shared: &Node) -> Subject {
        let url_span = ["repoURL", "url", "endpoint"].iter().find_map(|key| entry_span(&self.node, key));
        let chart_span = entry_span(&self.node, "chart");
        let span = self.node.span();
        let mut places = Vec::new();
        places.extend(self.revision.span.or(chart_span).or(url_span).map(|span| ("revision", span)));
        places.extend(url_span.map(|span| ("url", span)));
        let helm = self.node.get("helm").and_then(|helm| entry_span(helm, "passCredentials"));
        places.extend(helm.map(|span| ("passCredentials", span)));
        let mut identity = object.identity();
        identity.push("source".to_owned());
        identity.extend(self.identity.iter().cloned());
        Subject {
            node: Some(self.node.clone()),
            facts: map(vec![("object", shared.clone()), ("source", self.facts())]),
            places,
            span,
            resource: Some(object.title()),
            identity,
        }
    }

    fn facts(self) -> Node {
        let (scheme, host) = scheme_and_host(&self.url);
        map(vec![
            ("tool", text(self.tool)),
            ("kind", self.kind),
            ("url", self.url),
            ("scheme", scheme),
            ("host", host),
            ("chart", self.chart),
            ("revision_kind", self.revision.kind.fact(&self.revision.node)),
            ("revision", super::facts::scalar(&self.revision.node)),
            ("verify", self.verify),
            ("insecure", self.insecure),
            ("pass_credentials", self.pass_credentials),
            ("reference_kind", self.reference_kind),
            ("spec", self.node),
        ])
    }
}

/// What kind of version a chart is asked for at: `version`, `range` or `none`; unknown when the version is.
pub(super) fn chart_version_kind(version: &Node) -> Node {
    Kind::of(version, revision::chart).fact(version)
}

/// The scheme of a URL in lower case (`ssh` for `git@host:path`), and its host without user and port.
pub(super) fn scheme_and_host(url: &Node) -> (Node, Node) {
    let written = match url.value() {
        Value::String(written) => written,
        Value::Unknown(_) => return (url.clone(), url.clone()),
        _ => return (null(), null()),
    };
    let (scheme, rest) = match written.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None if written.starts_with("git@") => (Some("ssh".to_owned()), &**written),
        None => (None, &**written),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    (scheme.map_or_else(null, |scheme| text(&scheme)), text(&host.to_ascii_lowercase()))
}
