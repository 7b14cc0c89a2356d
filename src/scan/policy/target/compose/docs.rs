//! The facts of compose targets, as `dockgate rules` and the loader know them.
//!
//! Invariant: every fact that a condition may name is listed here, and nothing else.

use super::super::FactKind::{Bool, Int, List, Map, String, StringList, Tree};
use super::super::table::facts;
use super::super::{FactDoc, FactKind, image};

const fn doc(path: &'static str, kind: FactKind, doc: &'static str, example: &'static str) -> FactDoc {
    FactDoc { path, kind, doc, example }
}

pub(super) const SERVICE: &[FactDoc] = facts![
    &[
        doc("service.name", String, "the name", "web"),
        doc(
            "service.builds",
            Bool,
            "whether `image` names what is built here, by this service or another one, and is not pulled",
            "false"
        ),
        doc("service.privileged", Bool, "`privileged`; `null` when absent", "true"),
        doc("service.network_mode", String, "`network_mode`; `null` when absent", "host"),
        doc("service.pid", String, "`pid`; `null` when absent", "host"),
        doc("service.ipc", String, "`ipc`; `null` when absent", "host"),
        doc("service.uts", String, "`uts`; `null` when absent", "host"),
        doc("service.userns_mode", String, "`userns_mode`; `null` when absent", "host"),
        doc("service.cgroup", String, "`cgroup`; `null` when absent", "host"),
        doc("service.cgroup_parent", String, "`cgroup_parent`; `null` when absent", "m-executor"),
        doc("service.user", String, "`user`, a number as a text; `null` when absent", "1000:1000"),
        doc("service.read_only", Bool, "`read_only`; `null` when absent", "true"),
        doc("service.restart", String, "`restart`; `null` when absent", "on-failure:5"),
        doc("service.capabilities_added", StringList, "`cap_add`, without `CAP_`", "[NET_ADMIN]"),
        doc("service.capabilities_dropped", StringList, "`cap_drop`, without `CAP_`", "[ALL]"),
        doc("service.security_options", StringList, "`security_opt`", "[no-new-privileges:true]"),
        doc("service.no_new_privileges", Bool, "what `security_opt` says of it; `null` when nothing", "true"),
        doc("service.seccomp", String, "the profile that `security_opt` names; `null` when none", "unconfined"),
        doc("service.apparmor", String, "the profile that `security_opt` names; `null` when none", "unconfined"),
        doc("service.devices", StringList, "the devices of the host that it gets", "[/dev/dri]"),
        doc("service.bind_mounts", StringList, "the paths of the host that are mounted", "[/var/log]"),
        doc(
            "service.runtime_socket",
            String,
            "the mounted path of the host that gives access to a container runtime's socket; `null` when there is none",
            "/var/run/docker.sock",
        ),
        doc(
            "service.shared_mounts",
            StringList,
            "what it mounts that another service of the file mounts too",
            "[data]"
        ),
        doc("service.environment", List, "the variables", "[{name: MODE, value: dev}]"),
        doc("service.environment[].name", String, "the name", "MODE"),
        doc("service.environment[].value", String, "the value; `null` when the host's shell gives it", "dev"),
        doc("service.command", StringList, "the words of `command`; `[]` when absent", "[redis-server]"),
        doc("service.build", Map, "how it is built; all `null` when it is not", "{context: .}"),
        doc("service.build.context", String, "the folder or address; `null` when absent", "https://github.com/a/b.git"),
        doc("service.build.is_remote", Bool, "whether the context is an address", "true"),
        doc("service.build.reference", String, "the branch, tag or commit after `#`; `null` when none", "main"),
        doc("service.build.privileged", Bool, "`privileged`; `null` when absent", "true"),
        doc("service.build.network", String, "`network`; `null` when absent", "host"),
        doc("service.build.entitlements", StringList, "`entitlements`", "[network.host]"),
        doc("service.build.arguments", StringList, "the names of the build arguments", "[VERSION]"),
        doc("service.build.target", String, "the stage that is built; `null` when absent: the last", "prod"),
        doc(
            "service.build.dockerfile",
            Map,
            "what its Dockerfile says; all `null` when that is not seen beside the compose file",
            "{path: web/Dockerfile}",
        ),
        doc("service.build.dockerfile.path", String, "where it stands", "web/Dockerfile"),
        doc("service.build.dockerfile.stages", StringList, "the names of its stages, in lower case", "[build, prod]"),
        doc("service.build.dockerfile.has_target", Bool, "whether it has the stage that is built", "true"),
        doc(
            "service.build.dockerfile.user",
            String,
            "the USER of the stage that is built; `null` when its base image decides",
            "1000",
        ),
        doc("service.build.dockerfile.arguments", StringList, "the arguments that it takes", "[VERSION]"),
        doc("service.memory_limit", String, "the limit, wherever it is set; `null` when it is not", "512M"),
        doc("service.cpu_limit", String, "the limit, wherever it is set; `null` when it is not", "0.5"),
        doc("service.pids_limit", Int, "the limit, wherever it is set; `null` when it is not", "100"),
        doc("service.has_healthcheck", Bool, "whether the file has a check for it that is not disabled", "true"),
        doc("service.spec", Tree, "the service, `extends` within the file followed", "{image: nginx}"),
    ],
    &image::FACTS
];

pub(super) const PORT: &[FactDoc] = &[
    doc("service.name", String, "the service", "web"),
    doc("port.host_ip", String, "the address of the host; `null` when none is written", "127.0.0.1"),
    doc("port.is_everywhere", Bool, "whether it listens on every address: none is written, or `0.0.0.0`", "true"),
    doc("port.is_loopback", Bool, "whether the address is one of the host itself", "false"),
    doc("port.published", String, "the port, or range, of the host; `null`: any", "8080"),
    doc("port.first_published", Int, "the first port of the host; `null`: any", "8080"),
    doc("port.target", String, "the port, or range, of the container", "80"),
    doc("port.first_target", Int, "the first port of the container", "80"),
    doc("port.protocol", String, "the protocol", "tcp"),
    doc("port.is_short", Bool, "whether it is written in short form", "true"),
];

pub(super) const MOUNT: &[FactDoc] = &[
    doc("service.name", String, "the service", "web"),
    doc("mount.kind", String, "`bind`, `volume`, `tmpfs`, …", "bind"),
    doc("mount.source", String, "the path of the host, or the volume; `null`: none", "~/.ssh"),
    doc("mount.path", String, "the source without a slash at its end; empty for `/`", "~/.ssh"),
    doc("mount.target", String, "the path in the container", "/root/.ssh"),
    doc("mount.read_only", Bool, "whether the container may only read", "true"),
    doc("mount.propagation", String, "how mounts below it spread; `null` when not written", "rshared"),
    doc("mount.is_runtime_socket", Bool, "whether the source gives access to a container runtime's socket", "false"),
];
