//! The sources of Flux: repositories, buckets, and the chart that a `HelmRelease` asks of one.

use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::Node;

use super::super::facts::{entry_span, field, null, path, text};
use super::revision::{self, Kind};
use super::{Revision, Source};

/// A field of a reference, and what kind of revision its value is.
type Field = (&'static str, fn(&str) -> &'static str);

pub(super) fn sources(object: &Object) -> Vec<Source> {
    let Some(spec) = object.node.get("spec").filter(|spec| spec.as_mapping().is_some()) else { return Vec::new() };
    let source = match object.kind.as_str() {
        "GitRepository" => repository(spec, text("git"), git_revision(spec)),
        "OCIRepository" => repository(spec, text("oci"), oci_revision(spec)),
        "HelmRepository" => repository(spec, text("helm"), Revision::absent()),
        "Bucket" => Source { url: field(spec, "endpoint"), ..repository(spec, text("bucket"), Revision::absent()) },
        "HelmChart" => chart(spec),
        "HelmRelease" => match spec.at("chart.spec").filter(|chart| chart.as_mapping().is_some()) {
            Some(chart_spec) => chart(chart_spec),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    vec![source]
}

fn repository(spec: &Node, kind: Node, revision: Revision) -> Source {
    Source {
        tool: "flux",
        kind,
        node: spec.clone(),
        url: field(spec, "url"),
        chart: null(),
        revision,
        verify: field(spec, "verify"),
        insecure: field(spec, "insecure"),
        pass_credentials: field(spec, "passCredentials"),
        reference_kind: null(),
        identity: Vec::new(),
    }
}

/// A chart asked of a repository, by name and version.
fn chart(spec: &Node) -> Source {
    Source {
        url: null(),
        chart: field(spec, "chart"),
        insecure: null(),
        pass_credentials: null(),
        reference_kind: path(spec, &["sourceRef", "kind"]),
        ..repository(spec, text("helm"), Revision::read(spec, "version", revision::chart))
    }
}

/// The first field that Flux obeys decides: the commit, the name, the range, the tag, the branch.
fn git_revision(spec: &Node) -> Revision {
    let name = |name: &str| if name.starts_with("refs/tags/") { "tag" } else { "branch" };
    let order: [Field; 5] = [
        ("commit", |_| "commit"),
        ("name", name),
        ("semver", |_| "range"),
        ("tag", |_| "tag"),
        ("branch", |_| "branch"),
    ];
    first_of(spec, &order)
}

fn oci_revision(spec: &Node) -> Revision {
    let order: [Field; 3] = [
        ("digest", |_| "digest"),
        ("semver", |range| if revision::is_exact_version(range) { "tag" } else { "range" }),
        ("tag", revision::oci_tag),
    ];
    first_of(spec, &order)
}

fn first_of(spec: &Node, order: &[Field]) -> Revision {
    let reference = field(spec, "ref");
    let span = entry_span(spec, "ref");
    if reference.is_unknown() {
        return Revision { node: reference, kind: Kind::Unknown, span };
    }
    for (key, kind_of) in order {
        let node = field(&reference, key);
        if !node.is_null() {
            return Revision::read(&reference, key, kind_of);
        }
    }
    Revision { span, ..Revision::absent() }
}
