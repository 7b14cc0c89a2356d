//! The facts of Kubernetes targets, in words.
//!
//! **Invariant**: every fact that a subject gives has its line here, and the other way round; a test compares them.

use super::super::{FactDoc, FactKind, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

/// Facts of `object`.
pub(super) const OBJECT: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
];

/// Facts of `pod`.
pub(super) const POD: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("pod.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("pod.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("pod.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
    doc("pod.host_users", FactKind::Bool, "`hostUsers`; `null` when absent", "false"),
    doc("pod.windows", FactKind::Bool, "whether the pod runs on Windows, by `os.name` or its node selector", "false"),
    doc("pod.service_account", FactKind::String, "`serviceAccountName`; `null` when absent", "builder"),
    doc("pod.spec", FactKind::Tree, "the pod spec", "{containers: []}"),
];

/// Facts of `container`.
pub(super) const CONTAINER: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("pod.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("pod.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("pod.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
    doc("pod.host_users", FactKind::Bool, "`hostUsers`; `null` when absent", "false"),
    doc("pod.windows", FactKind::Bool, "whether the pod runs on Windows, by `os.name` or its node selector", "false"),
    doc("pod.service_account", FactKind::String, "`serviceAccountName`; `null` when absent", "builder"),
    doc("pod.spec", FactKind::Tree, "the pod spec", "{containers: []}"),
    doc("container.name", FactKind::String, "the name; empty when there is none", "web"),
    doc("container.role", FactKind::String, "the list it stands in: `main`, `init` or `ephemeral`", "main"),
    doc("container.privileged", FactKind::Bool, "`securityContext.privileged`; `null` when absent", "true"),
    doc(
        "container.allow_privilege_escalation",
        FactKind::Bool,
        "`securityContext.allowPrivilegeEscalation`; `null` when absent, which means true",
        "false",
    ),
    doc(
        "container.read_only_root_filesystem",
        FactKind::Bool,
        "`securityContext.readOnlyRootFilesystem`; `null` when absent",
        "true",
    ),
    doc("container.proc_mount", FactKind::String, "`securityContext.procMount`; `null` when absent", "Unmasked"),
    doc(
        "container.capabilities_added",
        FactKind::StringList,
        "the capabilities added, in upper case and without `CAP_`",
        "[NET_ADMIN]",
    ),
    doc(
        "container.capabilities_dropped",
        FactKind::StringList,
        "the capabilities dropped, in upper case and without `CAP_`",
        "[ALL]",
    ),
    doc("container.host_ports", FactKind::List, "the host ports that are not 0", "[8080]"),
    doc("container.command", FactKind::StringList, "the command", "[/bin/sh]"),
    doc("container.args", FactKind::StringList, "the arguments", "[-c, run]"),
    doc("container.spec", FactKind::Tree, "the container", "{name: web}"),
    image::FACTS[0],
    image::FACTS[1],
    image::FACTS[2],
    image::FACTS[3],
    image::FACTS[4],
    image::FACTS[5],
    image::FACTS[6],
];

/// Facts of `security_context`.
pub(super) const SECURITY_CONTEXT: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("pod.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("pod.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("pod.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
    doc("pod.host_users", FactKind::Bool, "`hostUsers`; `null` when absent", "false"),
    doc("pod.windows", FactKind::Bool, "whether the pod runs on Windows, by `os.name` or its node selector", "false"),
    doc("pod.service_account", FactKind::String, "`serviceAccountName`; `null` when absent", "builder"),
    doc("pod.spec", FactKind::Tree, "the pod spec", "{containers: []}"),
    doc("context.level", FactKind::String, "whose context it is: `pod` or `container`", "pod"),
    doc("context.holder", FactKind::String, "whose context it is, in words", "container `web`"),
    doc(
        "context.decides",
        FactKind::StringList,
        "the facts of this list that are decided here: set here and in effect, or set nowhere",
        "[run_as_user]",
    ),
    doc("context.run_as_non_root", FactKind::Bool, "`runAsNonRoot` as set here; `null` when absent", "true"),
    doc("context.run_as_user", FactKind::Int, "`runAsUser` as set here; `null` when absent", "1000"),
    doc("context.seccomp", FactKind::String, "`seccompProfile.type` as set here; `null` when absent", "RuntimeDefault"),
];

/// Facts of `volume`.
pub(super) const VOLUME: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("pod.host_network", FactKind::Bool, "`hostNetwork`; `null` when absent", "true"),
    doc("pod.host_pid", FactKind::Bool, "`hostPID`; `null` when absent", "true"),
    doc("pod.host_ipc", FactKind::Bool, "`hostIPC`; `null` when absent", "true"),
    doc("pod.host_users", FactKind::Bool, "`hostUsers`; `null` when absent", "false"),
    doc("pod.windows", FactKind::Bool, "whether the pod runs on Windows, by `os.name` or its node selector", "false"),
    doc("pod.service_account", FactKind::String, "`serviceAccountName`; `null` when absent", "builder"),
    doc("pod.spec", FactKind::Tree, "the pod spec", "{containers: []}"),
    doc("volume.name", FactKind::String, "the name; `null` when absent", "data"),
    doc("volume.kind", FactKind::String, "the key that says what it is; `null` when there is none", "hostPath"),
    doc("volume.host_path", FactKind::String, "the path on the node; `null` for any other kind of volume", "/var/log"),
    doc(
        "volume.runtime_socket",
        FactKind::String,
        "the path on the node, when it gives access to a container runtime's socket; else `null`",
        "/run/containerd/containerd.sock",
    ),
];

/// Facts of `role_rule`.
pub(super) const ROLE_RULE: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("rule.verbs", FactKind::StringList, "the verbs", "[get, list]"),
    doc("rule.resources", FactKind::StringList, "the resources", "[pods]"),
    doc("rule.api_groups", FactKind::StringList, "the API groups", "[apps]"),
    doc("rule.non_resource_urls", FactKind::StringList, "the URLs that are no resources", "[/metrics]"),
    doc("rule.resource_names", FactKind::StringList, "the names it is limited to", "[web]"),
    doc(
        "rule.grants",
        FactKind::StringList,
        "every verb and resource of Kubernetes itself that it allows, wildcards expanded as the API server does",
        "[get secrets, create pods/exec]",
    ),
    doc("rule.built_in", FactKind::Bool, "whether it reaches resources of Kubernetes itself", "true"),
    doc(
        "rule.aggregated_to",
        FactKind::StringList,
        "the roles that its rules are added to by labels of its cluster role",
        "[view]",
    ),
];

/// Facts of `role_binding`.
pub(super) const ROLE_BINDING: &[FactDoc] = &[
    doc("object.api_version", FactKind::String, "the `apiVersion`", "apps/v1"),
    doc("object.kind", FactKind::String, "the kind", "Deployment"),
    doc("object.name", FactKind::String, "the name; `null` when there is none", "api"),
    doc("object.namespace", FactKind::String, "the namespace; `null` when the object names none", "default"),
    doc("object.labels", FactKind::Tree, "the labels; `null` when there are none", "{app: api}"),
    doc("object.annotations", FactKind::Tree, "the annotations; `null` when there are none", "{team: core}"),
    doc("object.tree", FactKind::Tree, "the whole object", "{apiVersion: v1, kind: Pod}"),
    doc("binding.role_kind", FactKind::String, "the kind of the role: `Role` or `ClusterRole`", "ClusterRole"),
    doc("binding.role_name", FactKind::String, "the name of the role", "cluster-admin"),
    doc("binding.subjects", FactKind::List, "who gets the role; `null` when nobody does", "[{kind: User, name: jane}]"),
    doc("binding.subjects[].kind", FactKind::String, "`User`, `Group` or `ServiceAccount`", "User"),
    doc("binding.subjects[].name", FactKind::String, "the name", "jane"),
    doc("binding.subjects[].namespace", FactKind::String, "the namespace of a service account", "default"),
];
