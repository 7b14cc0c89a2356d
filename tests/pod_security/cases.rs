//! The cases: a change, what it means in each version, and the policy that answers when it is refused.

use std::collections::BTreeSet;

use dockgate::scan::options::NEWEST_KUBERNETES_MINOR;

use super::pod::{LISTS, Pod};

/// The strictest level that admits a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None of the two.
    Privileged,
    /// Baseline, not restricted.
    Baseline,
    /// Both.
    Restricted,
}
use Level::{Baseline as B, Privileged as P, Restricted as R};

/// A path and the value to put there, in YAML; `-` takes away.
pub type Change = (&'static str, &'static str);

/// One case.
pub struct Case {
    /// What it shows.
    pub name: &'static str,
    /// The policies that answer when the pod is refused, without `kubernetes/`: by both levels, and by restricted alone.
    pub rules: [&'static str; 2],
    /// The changes to a restricted pod.
    pub changes: &'static [Change],
    /// The level that admits it, from each minor version on.
    levels: &'static [(u32, Level)],
}

impl Case {
    /// The level that admits the pod in that version.
    pub fn admitted(&self, minor: u32) -> Level {
        let reached = self.levels.iter().rev().find(|(from, _)| *from <= minor);
        reached.map(|(_, level)| *level).expect("a level from version 0 on")
    }

    /// The versions to judge it in: the last before each change of the standard that matters here, the first after it,
    /// and the oldest and newest.
    pub fn versions(&self) -> BTreeSet<u32> {
        let changes = self.levels.iter().flat_map(|(from, _)| [from.saturating_sub(1), *from]);
        changes.chain([0, 18, 24, 34, NEWEST_KUBERNETES_MINOR]).collect()
    }

    /// The policy that answers when a level refuses the pod in that version.
    pub fn rule(&self, minor: u32) -> &'static str {
        self.rules[usize::from(self.admitted(minor) == B)]
    }

    /// The changed pods: one for each list of containers where the change is one of a container.
    pub fn pods(&self) -> Vec<Pod> {
        let lists = if self.changes.iter().any(|(path, _)| path.starts_with('@')) { &LISTS[..] } else { &LISTS[..1] };
        let pod = |list: &&str| self.changes.iter().fold(Pod::restricted(), |pod, change| pod.with(change, list));
        lists.iter().map(pod).collect()
    }

    /// Whether no change of the case decides about other controls.
    pub fn is_plain(&self) -> bool {
        self.changes.iter().all(|(path, _)| !path.starts_with("spec|os") && !path.starts_with("spec|hostUsers"))
    }
}

const fn case(
    name: &'static str,
    rule: &'static str,
    changes: &'static [Change],
    levels: &'static [(u32, Level)],
) -> Case {
    Case { name, rules: [rule, rule], changes, levels }
}

const NEVER: &[(u32, Level)] = &[(0, P)];
const ALWAYS: &[(u32, Level)] = &[(0, R)];
const BASELINE: &[(u32, Level)] = &[(0, B)];

const HOST_PROCESS: &str = "host-process-windows";
const CAPABILITY: &str = "capability-added";
const CAPABILITY_BACK: &str = "capability-added-back";
const DROP: &str = "capabilities-not-dropped";
const APPARMOR: &str = "apparmor-unconfined";
const APPARMOR_ANNOTATION: &str = "apparmor-annotation-unconfined";
const SELINUX: &str = "selinux-options";
const PROC: &str = "proc-mount-unmasked";
const PROC_USERNS: &str = "proc-mount-unmasked-userns";
const SECCOMP: &str = "seccomp-unconfined";
const SECCOMP_MISSING: &str = "seccomp-not-set";
const SECCOMP_ANNOTATION: &str = "seccomp-annotation-unconfined";
const SYSCTLS: &str = "unsafe-sysctls";
const VOLUME: &str = "volume-type-restricted";
const HOST_PATH: &str = "host-path-volume";
const ESCALATION: &str = "privilege-escalation-allowed";
const NON_ROOT: &str = "run-as-non-root-missing";
const NON_ROOT_UNSAID: &str = "run-as-non-root-unsaid";
const ROOT: &str = "run-as-user-zero";
const PROBE: &str = "probe-host";
const ULIMITS: &str = "ulimits-set";
const CGROUP: &str = "cgroup-writable";

const POD_CONTEXT: &str = "spec|securityContext";
const POD_SECCOMP: &str = "spec|securityContext|seccompProfile";
const POD_NON_ROOT: &str = "spec|securityContext|runAsNonRoot";
const POD_USER: &str = "spec|securityContext|runAsUser";
const POD_APPARMOR: &str = "spec|securityContext|appArmorProfile";
const POD_SELINUX: &str = "spec|securityContext|seLinuxOptions";
const POD_SYSCTLS: &str = "spec|securityContext|sysctls";
const SECCOMP_OF_POD: &str = "metadata|annotations|seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_WEB: &str = "metadata|annotations|container.seccomp.security.alpha.kubernetes.io/web";
const SECCOMP_OF_OTHER: &str = "metadata|annotations|container.seccomp.security.alpha.kubernetes.io/other";
const APPARMOR_OF_WEB: &str = "metadata|annotations|container.apparmor.security.beta.kubernetes.io/web";
const APPARMOR_OF_OTHER: &str = "metadata|annotations|container.apparmor.security.beta.kubernetes.io/other";
const ADD: &str = "@|securityContext|capabilities|add";
const DROPPED: &str = "@|securityContext|capabilities|drop";
const VOLUMES: &str = "spec|volumes";
const WINDOWS: Change = ("spec|os", "{name: windows}");
const LINUX: Change = ("spec|os", "{name: linux}");
const USER_NAMESPACE: Change = ("spec|hostUsers", "false");
const HOST_USERS: Change = ("spec|hostUsers", "true");

const FROM_8: &[(u32, Level)] = &[(0, R), (8, B)];
const FROM_22: &[(u32, Level)] = &[(0, R), (22, B)];
const FROM_23: &[(u32, Level)] = &[(0, R), (23, B)];
const FROM_19: &[(u32, Level)] = &[(0, R), (19, B)];
const NEVER_FROM_19: &[(u32, Level)] = &[(0, R), (19, P)];
const NEVER_BEFORE_19: &[(u32, Level)] = &[(0, P), (19, R)];
const NEVER_FROM_37: &[(u32, Level)] = &[(0, R), (37, P)];
const FROM_37: &[(u32, Level)] = &[(0, R), (37, B)];
const NEVER_FROM_34: &[(u32, Level)] = &[(0, R), (34, P)];

/// All cases.
pub const CASES: &[Case] = &[
    // Windows
    case("host process of a pod", HOST_PROCESS, &[("spec|securityContext|windowsOptions|hostProcess", "true")], NEVER),
    case(
        "host process of a container",
        HOST_PROCESS,
        &[("@|securityContext|windowsOptions|hostProcess", "true")],
        NEVER,
    ),
    case(
        "host process of a pod whose containers say no",
        HOST_PROCESS,
        &[
            ("spec|securityContext|windowsOptions|hostProcess", "true"),
            ("*|securityContext|windowsOptions|hostProcess", "false"),
        ],
        NEVER,
    ),
    case("no host process", HOST_PROCESS, &[("@|securityContext|windowsOptions|hostProcess", "false")], ALWAYS),
    case("host process null", HOST_PROCESS, &[("@|securityContext|windowsOptions|hostProcess", "null")], ALWAYS),
    // namespaces of the node
    case("host network", "host-network", &[("spec|hostNetwork", "true")], NEVER),
    case("host PID", "host-pid", &[("spec|hostPID", "true")], NEVER),
    case("host IPC", "host-ipc", &[("spec|hostIPC", "true")], NEVER),
    case("no host network", "host-network", &[("spec|hostNetwork", "false"), ("spec|hostPID", "null")], ALWAYS),
    // privileged
    case("privileged", "privileged-container", &[("@|securityContext|privileged", "true")], NEVER),
    case("not privileged", "privileged-container", &[("@|securityContext|privileged", "false")], ALWAYS),
    // capabilities
    case("adds NET_ADMIN", CAPABILITY, &[(ADD, "[NET_ADMIN]")], NEVER),
    case("adds NET_RAW", CAPABILITY, &[(ADD, "[NET_BIND_SERVICE, NET_RAW]")], NEVER),
    case("adds all", CAPABILITY, &[(ADD, "[ALL]")], NEVER),
    case("adds in lower case", CAPABILITY, &[(ADD, "[net_bind_service]")], NEVER),
    case("adds with CAP_", CAPABILITY, &[(ADD, "[CAP_CHOWN]")], NEVER),
    case("adds the empty name", CAPABILITY, &[(ADD, "['']")], NEVER),
    case("adds CHOWN", CAPABILITY_BACK, &[(ADD, "[CHOWN]")], FROM_22),
    case("adds SYS_CHROOT", CAPABILITY_BACK, &[(ADD, "[NET_BIND_SERVICE, SYS_CHROOT]")], FROM_22),
    case("adds MKNOD in a Windows pod", CAPABILITY_BACK, &[(ADD, "[MKNOD]"), WINDOWS], &[(0, R), (22, B), (25, R)]),
    case("adds AUDIT_WRITE in a Linux pod", CAPABILITY_BACK, &[(ADD, "[AUDIT_WRITE]"), LINUX], FROM_22),
    case("adds NET_BIND_SERVICE", CAPABILITY, &[(ADD, "[NET_BIND_SERVICE]")], ALWAYS),
    case("adds nothing", CAPABILITY, &[(ADD, "[]")], ALWAYS),
    case("adds null", CAPABILITY, &[(ADD, "null")], ALWAYS),
    case("drops nothing", DROP, &[("@|securityContext|capabilities", "-")], FROM_22),
    case("capabilities null", DROP, &[("@|securityContext|capabilities", "null")], FROM_22),
    case("drops an empty list", DROP, &[(DROPPED, "[]")], FROM_22),
    case("drops null", DROP, &[(DROPPED, "null")], FROM_22),
    case("drops one", DROP, &[(DROPPED, "[NET_RAW]")], FROM_22),
    case("drops all in lower case", DROP, &[(DROPPED, "[all]")], FROM_22),
    case("drops CAP_ALL", DROP, &[(DROPPED, "[CAP_ALL]")], FROM_22),
    case("drops all at the end", DROP, &[(DROPPED, "[NET_RAW, ALL]")], ALWAYS),
    case("drops nothing in a Windows pod", DROP, &[(DROPPED, "-"), WINDOWS], &[(0, R), (22, B), (25, R)]),
    // volumes
    case("a path of the node", HOST_PATH, &[(VOLUMES, "[{name: v, hostPath: {path: /var/log}}]")], NEVER),
    case("a path of the node that is not said", HOST_PATH, &[(VOLUMES, "[{name: v, hostPath: {}}]")], NEVER),
    case(
        "the socket of the runtime",
        HOST_PATH,
        &[(VOLUMES, "[{name: v, hostPath: {path: /run/docker.sock}}]")],
        NEVER,
    ),
    case("no path of the node", HOST_PATH, &[(VOLUMES, "[{name: v, hostPath: null}]")], ALWAYS),
    case("a network file system", VOLUME, &[(VOLUMES, "[{name: v, nfs: {server: s, path: /}}]")], BASELINE),
    case("a disk of Amazon", VOLUME, &[(VOLUMES, "[{name: v, awsElasticBlockStore: {volumeID: v}}]")], BASELINE),
    case("a disk of Google", VOLUME, &[(VOLUMES, "[{name: v, gcePersistentDisk: {pdName: v}}]")], BASELINE),
    case(
        "a repository",
        VOLUME,
        &[(VOLUMES, "[{name: a, emptyDir: {}}, {name: v, gitRepo: {repository: r}}]")],
        BASELINE,
    ),
    case("a file of Azure", VOLUME, &[(VOLUMES, "[{name: v, azureFile: {shareName: s}}]")], BASELINE),
    case("flex", VOLUME, &[(VOLUMES, "[{name: v, flexVolume: {driver: d}}]")], BASELINE),
    case("iscsi", VOLUME, &[(VOLUMES, "[{name: v, iscsi: {}}]")], BASELINE),
    case("storageos", VOLUME, &[(VOLUMES, "[{storageos: {volumeName: v}, name: v}]")], BASELINE),
    case(
        "every type that may be mounted",
        VOLUME,
        &[(
            VOLUMES,
            "[{name: a}, {name: b, configMap: {name: c}}, {name: d, csi: {driver: d}}, {name: e, downwardAPI: {}}, \
             {name: f, emptyDir: {}}, {name: g, ephemeral: {}}, {name: h, image: {reference: 'a:1'}}, \
             {name: i, persistentVolumeClaim: {claimName: c}}, {name: j, projected: {}}, {name: k, secret: {}}]",
        )],
        ALWAYS,
    ),
    // ports of the node
    case(
        "a port of the node",
        "host-port",
        &[("@|ports", "[{containerPort: 80}, {containerPort: 8, hostPort: 8}]")],
        NEVER,
    ),
    case("port 0 of the node", "host-port", &[("@|ports", "[{containerPort: 80, hostPort: 0}]")], ALWAYS),
    case("no port of the node", "host-port", &[("@|ports", "[{containerPort: 80, hostPort: null}]")], ALWAYS),
    case("no ports", "host-port", &[("@|ports", "[]")], ALWAYS),
    // AppArmor
    case("AppArmor off by annotation", APPARMOR_ANNOTATION, &[(APPARMOR_OF_WEB, "unconfined")], NEVER),
    case("AppArmor off for no container", APPARMOR_ANNOTATION, &[(APPARMOR_OF_OTHER, "unconfined")], NEVER),
    case("AppArmor of the runtime by annotation", APPARMOR_ANNOTATION, &[(APPARMOR_OF_WEB, "runtime/default")], ALWAYS),
    case("AppArmor of one's own by annotation", APPARMOR_ANNOTATION, &[(APPARMOR_OF_WEB, "localhost/web")], ALWAYS),
    case("AppArmor empty by annotation", APPARMOR_ANNOTATION, &[(APPARMOR_OF_WEB, "''")], ALWAYS),
    case("another annotation", APPARMOR_ANNOTATION, &[("metadata|annotations|team", "unconfined")], ALWAYS),
    case("AppArmor off for a pod", APPARMOR, &[(POD_APPARMOR, "{type: Unconfined}")], NEVER),
    case("AppArmor off for a container", APPARMOR, &[("@|securityContext|appArmorProfile|type", "Unconfined")], NEVER),
    case("AppArmor without a type", APPARMOR, &[("@|securityContext|appArmorProfile", "{}")], NEVER),
    case("AppArmor of the runtime", APPARMOR, &[(POD_APPARMOR, "{type: RuntimeDefault}")], ALWAYS),
    case("AppArmor of one's own", APPARMOR, &[("@|securityContext|appArmorProfile|type", "Localhost")], ALWAYS),
    case("AppArmor null", APPARMOR, &[(POD_APPARMOR, "null")], ALWAYS),
    // SELinux
    case("an SELinux type of its own", SELINUX, &[(POD_SELINUX, "{type: spc_t}")], NEVER),
    case(
        "an SELinux type of a container",
        SELINUX,
        &[("@|securityContext|seLinuxOptions|type", "container_file_t")],
        NEVER,
    ),
    case("an SELinux user", SELINUX, &[("@|securityContext|seLinuxOptions", "{type: container_t, user: u}")], NEVER),
    case("an SELinux role", SELINUX, &[(POD_SELINUX, "{role: system_r}")], NEVER),
    case("the SELinux type of a builder", SELINUX, &[(POD_SELINUX, "{type: container_engine_t}")], &[(0, P), (31, R)]),
    case(
        "the SELinux type of a container",
        SELINUX,
        &[("@|securityContext|seLinuxOptions|type", "container_t")],
        ALWAYS,
    ),
    case("the SELinux type of an init system", SELINUX, &[(POD_SELINUX, "{type: container_init_t}")], ALWAYS),
    case("the SELinux type of a virtual machine", SELINUX, &[(POD_SELINUX, "{type: container_kvm_t}")], ALWAYS),
    case(
        "SELinux options that are empty",
        SELINUX,
        &[(POD_SELINUX, "{type: '', user: '', role: null, level: s0}")],
        ALWAYS,
    ),
    // /proc
    case("the whole of /proc", PROC, &[("@|securityContext|procMount", "Unmasked")], NEVER),
    case("a mount of /proc without a name", PROC, &[("@|securityContext|procMount", "''")], NEVER),
    case("/proc as it is", PROC, &[("@|securityContext|procMount", "Default")], ALWAYS),
    case("/proc null", PROC, &[("@|securityContext|procMount", "null")], ALWAYS),
    case(
        "the whole of /proc, with the node's users",
        PROC,
        &[("@|securityContext|procMount", "Unmasked"), HOST_USERS],
        NEVER,
    ),
    Case {
        rules: [PROC, PROC_USERNS],
        ..case(
            "the whole of /proc, in a user namespace",
            PROC,
            &[("@|securityContext|procMount", "Unmasked"), USER_NAMESPACE],
            &[(0, P), (35, B)],
        )
    },
    // seccomp
    case("seccomp off by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_POD, "unconfined")], NEVER_BEFORE_19),
    case("seccomp empty by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_POD, "''")], NEVER_BEFORE_19),
    case("seccomp null by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_POD, "null")], NEVER_BEFORE_19),
    case("seccomp off for a container", SECCOMP_ANNOTATION, &[(SECCOMP_OF_WEB, "unconfined")], NEVER_BEFORE_19),
    case("seccomp off for no container", SECCOMP_ANNOTATION, &[(SECCOMP_OF_OTHER, "unconfined")], ALWAYS),
    case("seccomp of the runtime by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_POD, "runtime/default")], ALWAYS),
    case("seccomp of Docker by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_WEB, "docker/default")], ALWAYS),
    case("seccomp of one's own by annotation", SECCOMP_ANNOTATION, &[(SECCOMP_OF_WEB, "localhost/x.json")], ALWAYS),
    case(
        "seccomp off in a container",
        SECCOMP,
        &[("@|securityContext|seccompProfile|type", "Unconfined")],
        NEVER_FROM_19,
    ),
    case("seccomp without a type", SECCOMP, &[("@|securityContext|seccompProfile", "{}")], NEVER_FROM_19),
    case(
        "seccomp off for a pod whose containers say otherwise",
        SECCOMP,
        &[(POD_SECCOMP, "{type: Unconfined}"), ("*|securityContext|seccompProfile|type", "RuntimeDefault")],
        NEVER_FROM_19,
    ),
    case("seccomp of one's own", SECCOMP, &[(POD_SECCOMP, "{type: Localhost, localhostProfile: x.json}")], ALWAYS),
    case("no seccomp", SECCOMP_MISSING, &[(POD_SECCOMP, "-")], FROM_19),
    case("seccomp null", SECCOMP_MISSING, &[(POD_SECCOMP, "null")], FROM_19),
    case("no seccomp in a Windows pod", SECCOMP_MISSING, &[(POD_SECCOMP, "-"), WINDOWS], &[(0, R), (19, B), (25, R)]),
    case(
        "seccomp of one container alone",
        SECCOMP_MISSING,
        &[(POD_SECCOMP, "-"), ("@|securityContext|seccompProfile|type", "RuntimeDefault")],
        FROM_19,
    ),
    case(
        "seccomp of every container",
        SECCOMP_MISSING,
        &[(POD_SECCOMP, "-"), ("*|securityContext|seccompProfile|type", "Localhost")],
        ALWAYS,
    ),
    // kernel parameters
    case("an unsafe parameter", SYSCTLS, &[(POD_SYSCTLS, "[{name: kernel.msgmax, value: '1'}]")], NEVER),
    case(
        "an unsafe parameter after a safe one",
        SYSCTLS,
        &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_syncookies}, {name: a}]")],
        NEVER,
    ),
    case("a parameter without a name", SYSCTLS, &[(POD_SYSCTLS, "[{value: '1'}]")], NEVER),
    case("a safe parameter", SYSCTLS, &[(POD_SYSCTLS, "[{name: kernel.shm_rmid_forced, value: '1'}]")], ALWAYS),
    case("a safe port range", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.ip_local_port_range}]")], ALWAYS),
    case("no parameters", SYSCTLS, &[(POD_SYSCTLS, "[]")], ALWAYS),
    case("ports left out", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.ip_local_reserved_ports}]")], &[(0, P), (27, R)]),
    case("keepalive", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_keepalive_time}]")], &[(0, P), (29, R)]),
    case(
        "the end of a connection",
        SYSCTLS,
        &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_fin_timeout}]")],
        &[(0, P), (29, R)],
    ),
    case("keepalive probes", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_keepalive_probes}]")], &[(0, P), (29, R)]),
    case("what is received", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_rmem}]")], &[(0, P), (32, R)]),
    case("what is sent", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_wmem}]")], &[(0, P), (32, R)]),
    case("what is not sent", SYSCTLS, &[(POD_SYSCTLS, "[{name: net.ipv4.tcp_notsent_lowat}]")], &[(0, P), (37, R)]),
    // privilege escalation
    case("escalation allowed", ESCALATION, &[("@|securityContext|allowPrivilegeEscalation", "true")], FROM_8),
    case("escalation not said", ESCALATION, &[("@|securityContext|allowPrivilegeEscalation", "-")], FROM_8),
    case("escalation null", ESCALATION, &[("@|securityContext|allowPrivilegeEscalation", "null")], FROM_8),
    case(
        "escalation in a Windows pod",
        ESCALATION,
        &[("@|securityContext|allowPrivilegeEscalation", "-"), WINDOWS],
        &[(0, R), (8, B), (25, R)],
    ),
    // users
    case("root not forbidden", NON_ROOT, &[(POD_NON_ROOT, "-")], BASELINE),
    case("another user, root not forbidden", NON_ROOT_UNSAID, &[(POD_NON_ROOT, "-"), (POD_USER, "7")], BASELINE),
    case(
        "another user in every container, root not forbidden",
        NON_ROOT_UNSAID,
        &[(POD_NON_ROOT, "-"), ("*|securityContext|runAsUser", "7")],
        BASELINE,
    ),
    case("root null", NON_ROOT, &[(POD_NON_ROOT, "null")], BASELINE),
    case("root allowed by a pod", NON_ROOT, &[(POD_NON_ROOT, "false")], BASELINE),
    case("root allowed by a container", NON_ROOT, &[("@|securityContext|runAsNonRoot", "false")], BASELINE),
    case(
        "root forbidden by one container",
        NON_ROOT,
        &[(POD_NON_ROOT, "-"), ("@|securityContext|runAsNonRoot", "true")],
        BASELINE,
    ),
    case(
        "root forbidden by every container",
        NON_ROOT,
        &[(POD_NON_ROOT, "-"), ("*|securityContext|runAsNonRoot", "true")],
        ALWAYS,
    ),
    case(
        "root allowed by a pod whose containers forbid it",
        NON_ROOT,
        &[(POD_NON_ROOT, "false"), ("*|securityContext|runAsNonRoot", "true")],
        BASELINE,
    ),
    case("root not forbidden in a Windows pod", NON_ROOT, &[(POD_NON_ROOT, "-"), WINDOWS], BASELINE),
    case("root of a user namespace", NON_ROOT, &[(POD_NON_ROOT, "-"), USER_NAMESPACE], &[(0, B), (35, R)]),
    case("root allowed in a user namespace", NON_ROOT, &[(POD_NON_ROOT, "false"), USER_NAMESPACE], &[(0, B), (35, R)]),
    case("root of the node's users", NON_ROOT, &[(POD_NON_ROOT, "-"), HOST_USERS], BASELINE),
    case("user 0 of a pod", ROOT, &[(POD_USER, "0")], FROM_23),
    case("user 0 of a container", ROOT, &[("@|securityContext|runAsUser", "0")], FROM_23),
    case(
        "user 0 of a pod whose containers say otherwise",
        ROOT,
        &[(POD_USER, "0"), ("*|securityContext|runAsUser", "7")],
        FROM_23,
    ),
    case("user 0 of a user namespace", ROOT, &[(POD_USER, "0"), USER_NAMESPACE], &[(0, R), (23, B), (35, R)]),
    case("another user", ROOT, &[(POD_USER, "1000"), ("@|securityContext|runAsUser", "null")], ALWAYS),
    // probes and hooks
    case("a liveness probe of a host", PROBE, &[("@|livenessProbe|httpGet", "{host: h, port: 1}")], NEVER_FROM_34),
    case("a readiness probe of a host", PROBE, &[("@|readinessProbe|tcpSocket", "{host: h, port: 1}")], NEVER_FROM_34),
    case(
        "a startup probe of a host",
        PROBE,
        &[("@|startupProbe|httpGet", "{host: 127.0.0.1, port: 1}")],
        NEVER_FROM_34,
    ),
    case("a start hook that calls a host", PROBE, &[("@|lifecycle|postStart|tcpSocket", "{host: h}")], NEVER_FROM_34),
    case("a stop hook that calls a host", PROBE, &[("@|lifecycle|preStop|httpGet", "{host: h}")], NEVER_FROM_34),
    case("a probe of the pod", PROBE, &[("@|livenessProbe|httpGet", "{host: '', port: 1}")], ALWAYS),
    case("a probe of no host", PROBE, &[("@|livenessProbe|tcpSocket", "{host: null, port: 1}")], ALWAYS),
    case("a probe that runs a program", PROBE, &[("@|livenessProbe|exec|command", "[check, --host, h]")], ALWAYS),
    // limits of processes, and cgroups
    case("limits of processes", ULIMITS, &[("@|securityContext|ulimits", "[{name: nofile, hard: 9}]")], NEVER_FROM_37),
    case("an empty list of limits", ULIMITS, &[("@|securityContext|ulimits", "[]")], NEVER_FROM_37),
    case("limits null", ULIMITS, &[("@|securityContext|ulimits", "null")], ALWAYS),
    case("a cgroup to write to", CGROUP, &[("@|securityContext|cgroupOptions|mountMode", "Writable")], FROM_37),
    case("a cgroup to read", CGROUP, &[("@|securityContext|cgroupOptions|mountMode", "ReadOnly")], ALWAYS),
    case("a cgroup as it comes", CGROUP, &[("@|securityContext|cgroupOptions", "{}")], ALWAYS),
    // nothing at all
    case("a user namespace", PROC_USERNS, &[USER_NAMESPACE], ALWAYS),
    case(
        "a Windows pod",
        ESCALATION,
        &[WINDOWS, (POD_CONTEXT, "{runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}")],
        ALWAYS,
    ),
];
