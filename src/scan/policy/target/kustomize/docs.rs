//! The facts of the targets of Kustomize, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, and the other way round; a test compares them.

use super::super::table::{METADATA, facts};
use super::super::{FactDoc, FactKind, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

/// Facts of `kustomize.file`.
pub(super) const FILE: &[FactDoc] = &[
    doc("file.kind", FactKind::String, "`Kustomization` or `Component`", "Kustomization"),
    doc("file.namespace", FactKind::String, "the namespace that it sets; `null` when it sets none", "web"),
    doc("file.spec", FactKind::Tree, "the whole kustomization", "{resources: [web.yaml]}"),
];

/// Facts of `kustomize.source`.
pub(super) const SOURCE: &[FactDoc] = &[
    doc("source.field", FactKind::String, "the list it stands in", "resources"),
    doc(
        "source.kind",
        FactKind::String,
        "`git` for a directory of a repository, `file` for a single file, `helm` for a chart",
        "git",
    ),
    doc(
        "source.url",
        FactKind::String,
        "the address as written; `null` for a chart of the same tree",
        "https://example.com/base?ref=v1.2.3",
    ),
    doc("source.scheme", FactKind::String, "the scheme in lower case; `null` when there is none", "https"),
    doc("source.host", FactKind::String, "the host in lower case; `null` when there is none", "github.com"),
    doc("source.chart", FactKind::String, "the name of the chart; `null` when it is none", "redis"),
    doc("source.revision", FactKind::String, "the revision or version; `null` when none is written", "v1.2.3"),
    doc(
        "source.revision_kind",
        FactKind::String,
        "what that is: `commit`, `tag`, `branch`, `head`, `version`, `range`, `none`, or `unknown` for a file whose \
         address does not tell",
        "tag",
    ),
];

/// Facts of `kustomize.image`.
pub(super) const IMAGE: &[FactDoc] = facts![
    &[
        doc("entry.name", FactKind::String, "the image that is replaced", "nginx"),
        doc(
            "entry.holder",
            FactKind::String,
            "`kustomization`, or the object that holds the list",
            "Kustomization/flux/web",
        ),
    ],
    &image::FACTS
];

/// Facts of `kustomize.function`.
pub(super) const FUNCTION: &[FactDoc] = facts![
    &[
        doc("object.api_version", FactKind::String, "the `apiVersion`", "example.com/v1"),
        doc("object.kind", FactKind::String, "the kind", "Generator"),
    ],
    &METADATA,
    &[
        doc("object.tree", FactKind::Tree, "the whole object", "{kind: Generator}"),
        doc("krm.kind", FactKind::String, "`exec`, `container` or `starlark`; `null` for anything else", "exec"),
        doc("krm.program", FactKind::String, "the program that is run; `null` when it is none", "ksops"),
        doc("krm.network", FactKind::Bool, "whether its container reaches the network; `null` when not said", "true"),
        doc("krm.spec", FactKind::Tree, "the spec of the object; `null` when there is none", "{files: []}"),
    ],
    &image::FACTS
];
