//! Violations: one field changed, the policy that answers, and the place it answers at.

use super::workload::{KINDS, Kind};

/// A path and the value to put there, in JSON; `-` takes away. `@` is a container, `^` the object, else the template.
pub type Change = (&'static str, &'static str);

/// One violation.
pub struct Violation {
    /// The policy, without `kubernetes/`.
    pub rule: &'static str,
    /// What is changed.
    pub changes: &'static [Change],
    /// The key or item that the finding begins at, as in a change.
    pub at: &'static str,
    /// The kinds it is tried on.
    pub kinds: &'static [&'static str],
    /// The minor version of the cluster, when not the newest.
    pub minor: Option<u32>,
}

impl Violation {
    /// The kinds it is tried on.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        KINDS.into_iter().filter(|kind| self.kinds.is_empty() || self.kinds.contains(&kind.name))
    }
}

const fn violation(rule: &'static str, changes: &'static [Change], at: &'static str) -> Violation {
    Violation { rule, changes, at, kinds: &[], minor: None }
}

const fn only(kinds: &'static [&'static str], violation: Violation) -> Violation {
    Violation { kinds, ..violation }
}

const SERVERS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"];
const TASKS: &[&str] = &["Job", "CronJob"];
const CONTEXT: &str = "spec|securityContext";
const VOLUMES: &str = "spec|volumes";

/// All violations.
pub const VIOLATIONS: &[Violation] = &[
    // Pod Security Standards, baseline
    violation(
        "host-process-windows",
        &[("spec|securityContext|windowsOptions", r#"{"hostProcess": true}"#)],
        "spec|securityContext|windowsOptions|hostProcess",
    ),
    violation(
        "host-process-windows",
        &[("@|securityContext|windowsOptions", r#"{"hostProcess": true}"#)],
        "@|securityContext|windowsOptions|hostProcess",
    ),
    violation("host-network", &[("spec|hostNetwork", "true")], "spec|hostNetwork"),
    violation("host-pid", &[("spec|hostPID", "true")], "spec|hostPID"),
    violation("host-ipc", &[("spec|hostIPC", "true")], "spec|hostIPC"),
    violation("privileged-container", &[("@|securityContext|privileged", "true")], "@|securityContext|privileged"),
    violation(
        "capability-added",
        &[("@|securityContext|capabilities|add", r#"["NET_ADMIN"]"#)],
        "@|securityContext|capabilities|add|0",
    ),
    violation(
        "host-path-volume",
        &[(
            VOLUMES,
            r#"[{"name": "scratch", "emptyDir": {}}, {"name": "logs", "hostPath": {"path": "/var/log/pods"}}]"#,
        )],
        "spec|volumes|1|hostPath|path",
    ),
    violation(
        "security-field-misplaced",
        &[("spec|securityContext|readOnlyRootFilesystem", "true")],
        "spec|securityContext",
    ),
    violation("security-field-misplaced", &[("@|securityContext|fsGroup", "2000")], "@|securityContext"),
    violation(
        "service-account-token-long",
        &[(
            VOLUMES,
            r#"[{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 604800}}]}}]"#,
        )],
        "spec|volumes|0|projected|sources",
    ),
    violation(
        "ulimits-set",
        &[("@|securityContext|ulimits", r#"[{"name": "nofile", "hard": 9}]"#)],
        "@|securityContext|ulimits",
    ),
    violation(
        "cgroup-writable",
        &[("@|securityContext|cgroupOptions", r#"{"mountMode": "Writable"}"#)],
        "@|securityContext|cgroupOptions|mountMode",
    ),
    violation(
        "login-disabled",
        &[(
            "@|env",
            r#"[{"name": "PGDATA", "value": "/data"}, {"name": "POSTGRES_HOST_AUTH_METHOD", "value": "trust"}]"#,
        )],
        "@|env|1|name",
    ),
    violation("host-port", &[("@|ports", r#"[{"name": "http", "containerPort": 8080, "hostPort": 8080}]"#)], "@|ports"),
    violation(
        "apparmor-unconfined",
        &[("spec|securityContext|appArmorProfile|type", r#""Unconfined""#)],
        "spec|securityContext|appArmorProfile|type",
    ),
    violation(
        "apparmor-unconfined",
        &[("@|securityContext|appArmorProfile", r#"{"type": "Unconfined"}"#)],
        "@|securityContext|appArmorProfile|type",
    ),
    violation(
        "apparmor-annotation-unconfined",
        &[("metadata|annotations|container.apparmor.security.beta.kubernetes.io/web", r#""unconfined""#)],
        "metadata|annotations|container.apparmor.security.beta.kubernetes.io/web",
    ),
    violation(
        "selinux-options",
        &[("spec|securityContext|seLinuxOptions", r#"{"type": "spc_t"}"#)],
        "spec|securityContext|seLinuxOptions",
    ),
    violation(
        "selinux-options",
        &[("@|securityContext|seLinuxOptions", r#"{"user": "root"}"#)],
        "@|securityContext|seLinuxOptions",
    ),
    violation(
        "proc-mount-unmasked",
        &[("@|securityContext|procMount", r#""Unmasked""#)],
        "@|securityContext|procMount",
    ),
    violation(
        "seccomp-unconfined",
        &[("spec|securityContext|seccompProfile|type", r#""Unconfined""#)],
        "spec|securityContext|seccompProfile|type",
    ),
    violation(
        "seccomp-unconfined",
        &[("@|securityContext|seccompProfile", r#"{"type": "Unconfined"}"#)],
        "@|securityContext|seccompProfile|type",
    ),
    Violation {
        minor: Some(18),
        ..violation(
            "seccomp-annotation-unconfined",
            &[("metadata|annotations|seccomp.security.alpha.kubernetes.io/pod", r#""unconfined""#)],
            "metadata|annotations|seccomp.security.alpha.kubernetes.io/pod",
        )
    },
    violation(
        "unsafe-sysctls",
        &[("spec|securityContext|sysctls", r#"[{"name": "kernel.msgmax", "value": "1"}]"#)],
        "spec|securityContext|sysctls|0|name",
    ),
    violation(
        "probe-host",
        &[("@|startupProbe", r#"{"httpGet": {"path": "/", "port": 8080, "host": "10.0.0.1"}}"#)],
        "@|startupProbe|httpGet|host",
    ),
    violation(
        "probe-host",
        &[("@|lifecycle", r#"{"preStop": {"httpGet": {"host": "drain.example.com", "port": 80}}}"#)],
        "@|lifecycle|preStop|httpGet|host",
    ),
    // Pod Security Standards, restricted
    violation(
        "volume-type-restricted",
        &[(
            VOLUMES,
            r#"[{"name": "scratch", "emptyDir": {}}, {"name": "data", "nfs": {"server": "files.example.com", "path": "/"}}]"#,
        )],
        "spec|volumes|1|nfs",
    ),
    violation(
        "privilege-escalation-allowed",
        &[("@|securityContext|allowPrivilegeEscalation", "true")],
        "@|securityContext|allowPrivilegeEscalation",
    ),
    violation(
        "privilege-escalation-allowed",
        &[("@|securityContext|allowPrivilegeEscalation", "-")],
        "@|securityContext",
    ),
    violation(
        "run-as-non-root-missing",
        &[("spec|securityContext|runAsNonRoot", "false")],
        "spec|securityContext|runAsNonRoot",
    ),
    violation("run-as-non-root-unsaid", &[("spec|securityContext|runAsNonRoot", "-")], CONTEXT),
    violation(
        "run-as-non-root-missing",
        &[("@|securityContext|runAsNonRoot", "false")],
        "@|securityContext|runAsNonRoot",
    ),
    violation("run-as-user-zero", &[("spec|securityContext|runAsUser", "0")], "spec|securityContext|runAsUser"),
    violation("run-as-user-zero", &[("@|securityContext|runAsUser", "0")], "@|securityContext|runAsUser"),
    violation("capabilities-not-dropped", &[("@|securityContext|capabilities", "-")], "@|securityContext"),
    violation(
        "capabilities-not-dropped",
        &[("@|securityContext|capabilities|drop", r#"["MKNOD"]"#)],
        "@|securityContext|capabilities|drop",
    ),
    violation(
        "capability-added-back",
        &[("@|securityContext|capabilities|add", r#"["NET_BIND_SERVICE", "CHOWN"]"#)],
        "@|securityContext|capabilities|add|1",
    ),
    violation("seccomp-not-set", &[("spec|securityContext|seccompProfile", "-")], CONTEXT),
    violation(
        "proc-mount-unmasked-userns",
        &[("spec|hostUsers", "false"), ("@|securityContext|procMount", r#""Unmasked""#)],
        "@|securityContext|procMount",
    ),
    // further security
    violation(
        "capability-sys-admin",
        &[("@|securityContext|capabilities|add", r#"["SYS_ADMIN"]"#)],
        "@|securityContext|capabilities|add|0",
    ),
    violation(
        "host-path-sensitive",
        &[(VOLUMES, r#"[{"name": "scratch", "emptyDir": {}}, {"name": "etc", "hostPath": {"path": "/etc"}}]"#)],
        "spec|volumes|1|hostPath|path",
    ),
    only(
        SERVERS,
        violation(
            "host-path-writable",
            &[(VOLUMES, r#"[{"name": "scratch", "hostPath": {"path": "/srv/scratch"}}]"#)],
            "spec|volumes|0|hostPath|path",
        ),
    ),
    violation(
        "container-runtime-socket",
        &[(
            VOLUMES,
            r#"[{"name": "scratch", "emptyDir": {}}, {"name": "socket", "hostPath": {"path": "/run/docker.sock"}}]"#,
        )],
        "spec|volumes|1|hostPath|path",
    ),
    violation("apparmor-not-set", &[("spec|securityContext|appArmorProfile", "-")], CONTEXT),
    violation("run-as-root-group", &[("spec|securityContext|runAsGroup", "0")], "spec|securityContext|runAsGroup"),
    violation(
        "root-filesystem-writable",
        &[("@|securityContext|readOnlyRootFilesystem", "false")],
        "@|securityContext|readOnlyRootFilesystem",
    ),
    violation(
        "etc-hosts-managed",
        &[("spec|hostAliases", r#"[{"ip": "10.0.0.1", "hostnames": ["db"]}]"#)],
        "spec|hostAliases",
    ),
    violation(
        "ssh-port",
        &[("@|ports", r#"[{"name": "http", "containerPort": 8080}, {"name": "ssh", "containerPort": 2222}]"#)],
        "@|ports",
    ),
    violation("sudo-in-command", &[("@|command", r#"["sudo", "web"]"#)], "@|command"),
    violation(
        "service-account-token-automount",
        &[("spec|automountServiceAccountToken", "true")],
        "spec|automountServiceAccountToken",
    ),
    violation("image-tag-latest-or-missing", &[("@|image", r#""example.com/web:latest""#)], "@|image"),
    violation("image-not-digest-pinned", &[("@|image", r#""example.com/web:1.4.0""#)], "@|image"),
    violation(
        "image-digest-without-tag",
        &[("@|image", r#""example.com/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#)],
        "@|image",
    ),
    violation(
        "image-untrusted-registry",
        &[(
            "@|image",
            r#""elsewhere.example.org/web:1@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        )],
        "@|image",
    ),
    violation(
        "image-volume-unpinned",
        &[(
            VOLUMES,
            r#"[{"name": "scratch", "emptyDir": {}}, {"name": "model", "image": {"reference": "example.com/model"}}]"#,
        )],
        "spec|volumes|1|image|reference",
    ),
    violation(
        "secret-as-env-var",
        &[("@|env", r#"[{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}}]"#)],
        "@|env",
    ),
    only(
        SERVERS,
        violation(
            "exec-probe-command",
            &[("@|startupProbe", r#"{"exec": {"command": ["sh", "-c", "ps aux"]}}"#)],
            "@|startupProbe|exec|command|2",
        ),
    ),
    violation(
        "git-sync-sidecar",
        &[
            (
                "@|image",
                r#""example.com/git-sync:4.4.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
            ),
            ("@|args", r#"["--git=/bin/sh"]"#),
        ],
        "@|args|0",
    ),
    violation("working-dir-leaked-handle", &[("@|workingDir", r#""/proc/self/fd/8""#)], "@|workingDir"),
    violation(
        "known-cve-config",
        &[(
            "spec|securityContext|sysctls",
            r#"[{"name": "kernel.shm_rmid_forced", "value": "1+kernel.core_pattern=x"}]"#,
        )],
        "spec|securityContext|sysctls|0|name",
    ),
    violation(
        "cloud-metadata-access",
        &[("@|env", r#"[{"name": "METADATA", "value": "http://169.254.169.254/"}]"#)],
        "@",
    ),
    violation(
        "tiller-deployed",
        &[(
            "@|image",
            r#""example.com/tiller:2.17.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        )],
        "@|image",
    ),
    violation(
        "dashboard-deployed",
        &[(
            "@|image",
            r#""docker.io/kubernetesui/dashboard:2.7.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        )],
        "@|image",
    ),
    violation(
        "ingress-nginx-admission",
        &[(
            "@|image",
            r#""example.com/ingress-nginx/controller:v1.11.4@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        )],
        "@|image",
    ),
    // reliability and hygiene
    only(&["Deployment"], violation("deprecated-api", &[("^|apiVersion", r#""apps/v1beta2""#)], "^|apiVersion")),
    violation(
        "image-deprecated-registry",
        &[(
            "@|image",
            r#""k8s.gcr.io/web:1.4.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08""#,
        )],
        "@|image",
    ),
    violation("cpu-limit-missing", &[("@|resources|limits|cpu", "-")], "@|resources|limits"),
    violation("memory-limit-missing", &[("@|resources|limits|memory", "-")], "@|resources|limits"),
    violation("ephemeral-storage-missing", &[("@|resources|limits|ephemeral-storage", "-")], "@|resources|limits"),
    violation(
        "resources-requests-limits-ratio",
        &[("@|resources|requests|memory", r#""32Mi""#)],
        "@|resources|requests|memory",
    ),
    only(
        SERVERS,
        violation("liveness-probe-missing", &[("spec|containers|0|livenessProbe", "-")], "spec|containers|0"),
    ),
    only(
        SERVERS,
        violation("readiness-probe-missing", &[("spec|containers|0|readinessProbe", "-")], "spec|containers|0"),
    ),
    only(
        SERVERS,
        violation(
            "probe-misconfigured",
            &[("spec|containers|0|livenessProbe|httpGet|port", "9999")],
            "spec|containers|0|ports",
        ),
    ),
    only(
        SERVERS,
        violation(
            "probes-identical",
            &[
                ("spec|containers|0|livenessProbe", r#"{"tcpSocket": {"port": 8080}}"#),
                ("spec|containers|0|readinessProbe", r#"{"tcpSocket": {"port": 8080}}"#),
            ],
            "spec|containers|0|livenessProbe",
        ),
    ),
    violation(
        "duplicate-env-var",
        &[("@|env", r#"[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]"#)],
        "@|env|1|name",
    ),
    only(&["Pod"], violation("label-missing", &[("metadata|labels", "-")], "metadata")),
    only(&["Deployment"], violation("replicas-too-few", &[("^|spec|replicas", "1")], "^|spec|replicas")),
    only(
        &["Deployment"],
        violation("rolling-update-strategy", &[("^|spec|strategy", r#"{"type": "Recreate"}"#)], "^|spec|strategy|type"),
    ),
    only(
        &["Deployment", "StatefulSet"],
        violation("anti-affinity-missing", &[("spec|topologySpreadConstraints", "-")], "spec|"),
    ),
    only(&["StatefulSet"], violation("statefulset-storage", &[("^|spec|serviceName", "-")], "^|spec")),
    violation("priority-class-missing", &[("spec|priorityClassName", r#""""#)], "spec|priorityClassName"),
    only(&["CronJob"], violation("cronjob-deadline", &[("^|spec|startingDeadlineSeconds", "-")], "^|spec")),
    only(TASKS, violation("cronjob-restart-policy", &[("spec|restartPolicy", r#""Always""#)], "spec|restartPolicy")),
    only(&["Job"], violation("job-ttl", &[("^|spec|ttlSecondsAfterFinished", "-")], "^|spec")),
    violation("run-as-low-uid", &[("spec|securityContext|runAsUser", "1000")], "spec|securityContext|runAsUser"),
    violation("run-as-low-gid", &[("spec|securityContext|runAsGroup", "1000")], "spec|securityContext|runAsGroup"),
    violation(
        "container-port-invalid",
        &[("@|ports", r#"[{"name": "http", "containerPort": 8080}, {"name": "much", "containerPort": 80800}]"#)],
        "@|ports",
    ),
    violation(
        "privileged-port",
        &[("@|ports", r#"[{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53}]"#)],
        "@|ports",
    ),
    violation(
        "workload-config-access",
        &[(VOLUMES, r#"[{"name": "scratch", "emptyDir": {}}, {"name": "settings", "configMap": {"name": "web"}}]"#)],
        "spec|volumes|1",
    ),
    violation(
        "service-account-deprecated-field",
        &[("spec|serviceAccountName", "-"), ("spec|serviceAccount", r#""web""#)],
        "spec|serviceAccount",
    ),
    only(
        &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
        violation("selector-mismatch", &[("metadata|labels|app", r#""other""#)], "^|spec|selector|matchLabels"),
    ),
];

/// Policies about workloads that no single field of a good one brings about, and why.
pub const EXEMPT: &[(&str, &str)] = &[
    ("unknown-field", "it points at the pod, since names of fields have no place of their own"),
    ("startup-probe-missing", "a liveness probe without a delay and no startup probe: two fields must change"),
    ("node-affinity-missing", "it answers on every pod that names no nodes, good ones too"),
    ("dns-ndots", "it answers on every pod that does not set the option, good ones too"),
    ("capability-net-raw", "the policy on dropped or added capabilities speaks for it"),
    ("security-context-missing", "the policy on privilege escalation speaks for it"),
    ("service-account-default", "an account without a token is silent, so two fields must change"),
    ("image-pull-policy-not-always", "an image with a digest is silent, so two fields must change"),
    ("cpu-request-missing", "a limit stands for a request, so two fields must change"),
    ("memory-request-missing", "a limit stands for a request, so two fields must change"),
];
