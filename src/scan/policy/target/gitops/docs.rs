//! The facts of the targets `gitops.source` and `gitops.application`, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, and the other way round; a test compares them.

use super::super::table::{METADATA, facts};
use super::super::{FactDoc, FactKind};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

/// Facts of `gitops.source`.
pub(super) const SOURCE: &[FactDoc] = facts![
    &[
        doc("object.api_version", FactKind::String, "the `apiVersion`", "source.toolkit.fluxcd.io/v1"),
        doc("object.kind", FactKind::String, "the kind", "GitRepository"),
    ],
    &METADATA,
    &[
        doc("object.tree", FactKind::Tree, "the whole object", "{kind: GitRepository}"),
        doc("source.tool", FactKind::String, "`argocd` or `flux`", "flux"),
        doc("source.kind", FactKind::String, "what it is: `git`, `helm`, `oci` or `bucket`", "git"),
        doc(
            "source.url",
            FactKind::String,
            "the address; `null` when a chart is asked of a repository that another object describes",
            "https://example.com/charts",
        ),
        doc(
            "source.scheme",
            FactKind::String,
            "the scheme of the address in lower case; `null` when it has none",
            "https"
        ),
        doc(
            "source.host",
            FactKind::String,
            "the host of the address in lower case; `null` without one",
            "example.com"
        ),
        doc("source.chart", FactKind::String, "the name of the chart; `null` when it is none", "ingress-nginx"),
        doc(
            "source.revision",
            FactKind::String,
            "the revision, reference or version as written; `null` when there is none",
            "main",
        ),
        doc(
            "source.revision_kind",
            FactKind::String,
            "what that is: `commit`, `digest`, `version` (one release of a chart), `tag`, `moving` (a tag such as `latest`), \
         `branch`, `range` (of versions), `head`, or `none` when nothing is written",
            "branch",
        ),
        doc(
            "source.verify",
            FactKind::Tree,
            "how Flux verifies its signature; `null` when it does not",
            "{provider: cosign}",
        ),
        doc("source.insecure", FactKind::Bool, "`insecure`; `null` when absent", "true"),
        doc("source.pass_credentials", FactKind::Bool, "`passCredentials`; `null` when absent", "true"),
        doc(
            "source.reference_kind",
            FactKind::String,
            "the kind of the repository that Flux takes a chart from; `null` for anything else",
            "HelmRepository",
        ),
        doc("source.spec", FactKind::Tree, "the map that describes it", "{url: https://example.com}"),
    ]
];

/// Facts of `gitops.application`.
pub(super) const APPLICATION: &[FactDoc] = facts![
    &[
        doc("object.api_version", FactKind::String, "the `apiVersion`", "argoproj.io/v1alpha1"),
        doc("object.kind", FactKind::String, "the kind", "Application"),
    ],
    &METADATA,
    &[
        doc("object.tree", FactKind::Tree, "the whole object", "{kind: Application}"),
        doc("application.kind", FactKind::String, "`Application` or `ApplicationSet`", "Application"),
        doc("application.project", FactKind::String, "the project; `null` when none is named", "default"),
        doc(
            "application.project_templated",
            FactKind::Bool,
            "whether the generators of an ApplicationSet choose the project",
            "true",
        ),
        doc(
            "application.generators",
            FactKind::StringList,
            "the kinds of its generators, inner ones included",
            "[git, list]",
        ),
        doc(
            "application.unfiltered_generator",
            FactKind::String,
            "the kind of its first generator over pull requests or repositories that no filter or label narrows; `null` \
         when there is none",
            "pullRequest",
        ),
        doc("application.value_files", FactKind::StringList, "the value files of its charts", "[values.yaml]"),
        doc("application.plugin", FactKind::StringList, "the config management plugins that render it", "[envsubst]"),
        doc("application.go_template", FactKind::Bool, "`goTemplate` of an ApplicationSet; `null` when absent", "true"),
        doc(
            "application.go_template_options",
            FactKind::StringList,
            "`goTemplateOptions` of an ApplicationSet; `null` when absent",
            "[missingkey=error]",
        ),
        doc("application.prune", FactKind::Bool, "whether automated syncs prune; `null` when absent", "true"),
        doc("application.allow_empty", FactKind::Bool, "whether they may prune everything; `null` when absent", "true"),
        doc("application.sync_options", FactKind::StringList, "`syncOptions`; `null` when absent", "[Validate=false]"),
        doc(
            "application.finalizers",
            FactKind::StringList,
            "the finalizers of the application; `null` when absent",
            "[resources-finalizer.argocd.argoproj.io]",
        ),
        doc("application.spec", FactKind::Tree, "the spec of the application", "{project: default}"),
    ]
];
