//! The facts of the targets of Helm, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, and the other way round; a test compares them.

use super::super::table::facts;
use super::super::{FactDoc, FactKind, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

const HOLDER: FactDoc =
    doc("values.holder", FactKind::String, "`values` for a file of values, else the object that holds them", "values");
const HAS_LOCK: FactDoc = doc(
    "chart.has_lock",
    FactKind::Bool,
    "whether `Chart.lock` stands beside it; `null` when that is not known, as of a change that does not touch it",
    "true",
);
const PATH: FactDoc = doc(
    "values.path",
    FactKind::String,
    "the keys that lead to it, items of lists by name; `values` or `spec` for the top",
    "controller.image",
);

/// Facts of `helm.chart`.
pub(super) const CHART: &[FactDoc] = &[
    doc("chart.name", FactKind::String, "the name; `null` in `requirements.yaml`", "web"),
    doc("chart.version", FactKind::String, "the version; `null` in `requirements.yaml`", "1.2.3"),
    doc("chart.type", FactKind::String, "`application` or `library`; `null` when absent", "application"),
    HAS_LOCK,
    doc(
        "chart.remote_dependencies",
        FactKind::StringList,
        "the names of the charts it depends on that stand elsewhere",
        "[redis]",
    ),
    doc("chart.spec", FactKind::Tree, "the file", "{name: web}"),
];

/// Facts of `helm.dependency`.
pub(super) const DEPENDENCY: &[FactDoc] = &[
    doc("chart.name", FactKind::String, "the name of the chart; `null` in `requirements.yaml`", "web"),
    doc("chart.version", FactKind::String, "its version; `null` in `requirements.yaml`", "1.2.3"),
    doc("chart.type", FactKind::String, "`application` or `library`; `null` when absent", "application"),
    HAS_LOCK,
    doc("dependency.name", FactKind::String, "the chart it depends on", "redis"),
    doc("dependency.version", FactKind::String, "the version as written; `null` when absent", "20.x"),
    doc("dependency.version_kind", FactKind::String, "`version` for one release, `range`, or `none`", "range"),
    doc("dependency.repository", FactKind::String, "where it comes from; `null` when absent", "https://example.com"),
    doc("dependency.is_local", FactKind::Bool, "whether it stands in the same tree", "false"),
    doc("dependency.scheme", FactKind::String, "the scheme in lower case; `null` when there is none", "https"),
    doc("dependency.host", FactKind::String, "the host in lower case; `null` when there is none", "example.com"),
    doc("dependency.spec", FactKind::Tree, "the dependency", "{name: redis}"),
];

/// Facts of `helm.template`.
pub(super) const TEMPLATE: &[FactDoc] = &[
    doc(
        "template.random_values",
        FactKind::StringList,
        "the functions called that give something else each time",
        "[randAlphaNum]",
    ),
    doc(
        "template.looks_up",
        FactKind::Bool,
        "whether it asks what is in the cluster, or whether it is an installation",
        "true",
    ),
    doc("template.is_hook", FactKind::Bool, "whether it holds a hook of Helm", "false"),
];

/// Facts of `helm.image`.
pub(super) const IMAGE: &[FactDoc] = facts![&[HOLDER, PATH,], &image::FACTS];

/// Facts of `helm.context`.
pub(super) const CONTEXT: &[FactDoc] = &[
    HOLDER,
    PATH,
    doc(
        "context.is_security_context",
        FactKind::Bool,
        "whether the map is called a security context; else it holds a field that reaches the node",
        "true",
    ),
    doc("context.privileged", FactKind::Bool, "`privileged`; `null` when absent", "true"),
    doc(
        "context.allow_privilege_escalation",
        FactKind::Bool,
        "`allowPrivilegeEscalation`; `null` when absent",
        "false",
    ),
    doc("context.run_as_user", FactKind::Int, "`runAsUser`; `null` when absent", "1000"),
    doc("context.run_as_non_root", FactKind::Bool, "`runAsNonRoot`; `null` when absent", "true"),
    doc(
        "context.capabilities_added",
        FactKind::StringList,
        "the capabilities added, in upper case and without `CAP_`",
        "[NET_ADMIN]",
    ),
    doc("context.seccomp", FactKind::String, "`seccompProfile.type`; `null` when absent", "RuntimeDefault"),
    doc("context.apparmor", FactKind::String, "`appArmorProfile.type`; `null` when absent", "RuntimeDefault"),
    doc("context.proc_mount", FactKind::String, "`procMount`; `null` when absent", "Unmasked"),
    doc("context.host_path", FactKind::String, "the path of the node that it mounts; `null` when none", "/var/log"),
    doc(
        "context.host_path_read_only",
        FactKind::Bool,
        "whether every mount of it among the values is for reading; `null` when there is none",
        "true",
    ),
    doc(
        "context.runtime_socket",
        FactKind::String,
        "that path, when it gives access to a container runtime's socket; else `null`",
        "/var/run/docker.sock",
    ),
    doc("context.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("context.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("context.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
];
