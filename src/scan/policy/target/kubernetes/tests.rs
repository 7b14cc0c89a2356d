use std::collections::BTreeSet;

use super::*;
use crate::scan::document::node::Value;
use crate::scan::document::parse;
use crate::scan::limits::Limits;

fn read(target: Target, text: &str) -> Vec<Subject> {
    let file = parse("deploy/x.yaml", text, &Limits::default());
    assert!(file.problems.iter().all(|problem| !problem.cause.leaves_unjudged()), "{:?}", file.problems);
    subjects(target, &file, text)
}

fn together(text: &str) -> Vec<Subject> {
    let mut index = set::ObjectIndex::new(true);
    index.add(0, "deploy/x.yaml", &parse("deploy/x.yaml", text, &Limits::default()), |_| true);
    index.subjects(0, |_| true)
}

fn show(node: Option<&Node>) -> String {
    match node.map(Node::value) {
        None => "no such fact".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Int(value)) => value.to_string(),
        Some(Value::String(text)) => String::from(text.clone()),
        Some(Value::Unknown(_)) => "?".into(),
        Some(Value::Sequence(items)) => items.iter().map(|item| show(Some(item))).collect::<Vec<_>>().join(","),
        Some(other) => format!("{other:?}"),
    }
}

/// The value of one fact of every subject.
fn check(target: Target, text: &str, fact: &str, expected: &[&str]) {
    let shown: Vec<String> = read(target, text).iter().map(|subject| show(subject.facts.at(fact))).collect();
    assert_eq!(shown, expected, "{fact} of {text}");
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{{spec}}}\n")
}

#[test]
fn containers_tell_their_security_context() {
    let text = pod(
        "containers: [{name: a, securityContext: {privileged: true, capabilities: {add: [cap_net_admin, SYS_ADMIN]}}}, {name: b, securityContext: '${X}'}, {name: c}]",
    );
    let target = Target::KubernetesContainer;
    check(target, &text, "container.privileged", &["true", "?", "null"]);
    check(target, &text, "container.capabilities_added", &["NET_ADMIN,SYS_ADMIN", "?", ""]);
    check(target, &text, "container.name", &["a", "b", "c"]);
    check(target, &pod("containers: [{image: 'ghcr.io/acme/web:1'}, {}]"), "container.name", &["web", ""]);
    check(target, &text, "image.raw", &["null", "null", "null"]);
    check(
        target,
        &pod("containers: [{image: 'a:1'}, {image: 'a:${T}'}, {image: 'A B'}]"),
        "image.tag",
        &["1", "?", "null"],
    );
}

#[test]
fn windows_is_known_by_system_or_node() {
    let target = Target::KubernetesPod;
    check(target, &pod("os: {name: windows}"), "pod.windows", &["true"]);
    check(target, &pod("nodeSelector: {kubernetes.io/os: windows}"), "pod.windows", &["true"]);
    check(target, &pod("os: {name: linux}, nodeSelector: {kubernetes.io/os: windows}"), "pod.windows", &["false"]);
    check(target, &pod("os: {name: '${OS}'}"), "pod.windows", &["?"]);
    check(target, &pod("hostPID: on"), "pod.host_pid", &["true"]);
}

#[test]
fn a_setting_is_decided_in_one_place() {
    let target = Target::KubernetesSecurityContext;
    let decides = |spec: &str, expected: &[&str]| {
        let users: Vec<String> = read(target, &pod(spec))
            .iter()
            .filter(|subject| {
                subject
                    .facts
                    .at("context.decides")
                    .unwrap()
                    .items()
                    .iter()
                    .any(|fact| fact.as_str() == Some("run_as_user"))
            })
            .map(|subject| {
                format!(
                    "{}={}",
                    show(subject.facts.at("context.holder")),
                    show(subject.facts.at("context.run_as_user"))
                )
            })
            .collect();
        assert_eq!(users, expected, "{spec}");
    };
    decides("containers: [{name: a}, {name: b}]", &["the pod=null"]);
    decides("securityContext: {runAsUser: 0}, containers: [{name: a}, {name: b}]", &["the pod=0"]);
    decides(
        "containers: [{name: a, securityContext: {runAsUser: 1}}, {name: b}]",
        &["container `a`=1", "container `b`=null"],
    );
    decides(
        "securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {runAsUser: 1}}]",
        &["container `a`=1"],
    );
    decides(
        "securityContext: {runAsUser: 5}, containers: [{name: a, securityContext: {runAsUser: 0}}, {name: b}]",
        &["the pod=5", "container `a`=0"],
    );
    decides("initContainers: [{name: i, securityContext: {runAsUser: 0}}]", &["container `i`=0"]);
    decides("securityContext: '${X}', containers: [{name: a}]", &["the pod=?"]);
    decides("containers: []", &[]);
}

#[test]
fn runtime_sockets_are_found_by_the_path_they_resolve_to() {
    for (path, expected) in [
        ("/var/run/docker.sock", true),
        ("/run/docker.sock", true),
        ("//var/run/../run/./docker.sock/", true),
        ("/run/containerd/containerd.sock", true),
        ("/run/crio", true),
        ("/var/run/crio.sock", true),
        ("/var/run/containerd.sock", true),
        ("/var/run/thing.sock", false),
        ("/var/run", true),
        ("/run/", true),
        ("/var/runner", false),
        ("/run/user/1000", false),
        ("/var/lib/docker", false),
        ("/docker.sock", false),
        ("/", false),
    ] {
        assert_eq!(is_runtime_socket(path), expected, "{path}");
    }
    let text = pod(
        "volumes: [{name: a, hostPath: {path: /run/docker.sock}}, {name: b, hostPath: {path: '${P}'}}, {name: c, emptyDir: {}}]",
    );
    check(Target::KubernetesVolume, &text, "volume.runtime_socket", &["/run/docker.sock", "?", "null"]);
    check(Target::KubernetesVolume, &text, "volume.kind", &["hostPath", "hostPath", "emptyDir"]);
}

#[test]
fn annotations_are_those_of_the_pods() {
    let target = Target::KubernetesPod;
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {container.apparmor.security.beta.kubernetes.io/a: outer}}\nspec:\n  template:\n    metadata:\n      annotations:\n        container.apparmor.security.beta.kubernetes.io/a: unconfined\n        seccomp.security.alpha.kubernetes.io/pod:\n        container.seccomp.security.alpha.kubernetes.io/a: x\n        container.seccomp.security.alpha.kubernetes.io/other: y\n    spec: {containers: [{name: a}]}\n";
    check(target, template, "pod.apparmor_annotations", &["unconfined"]);
    check(target, template, "pod.seccomp_annotations", &[",x"]);
    check(target, &pod("containers: []"), "pod.apparmor_annotations", &[""]);
    check(target, &pod("serviceAccount: old"), "pod.service_account", &["old"]);
}

#[test]
fn containers_tell_whom_their_probes_call_and_what_they_run() {
    let target = Target::KubernetesContainer;
    let text = pod(
        "containers: [{name: a, livenessProbe: {httpGet: {host: ''}, tcpSocket: {host: h}}, lifecycle: {preStop: {httpGet: {host: '${H}'}, exec: {command: [/bin/sh, -c, 'ps aux | grep x']}}}}, {name: b, command: [sh, -c, 'cd / && sudo -u x /bin/run \"$A\"'], args: [y], env: [{name: A}, {name: B}, {name: A}]}]",
    );
    check(target, &text, "container.probe_hosts", &["h,?", ""]);
    check(target, &text, "container.probe_programs", &["sh,ps,grep", ""]);
    check(target, &text, "container.programs", &["", "sh,cd,sudo,run"]);
    check(target, &text, "container.duplicate_variables", &["", "A"]);
}

#[test]
fn objects_tell_when_their_version_was_removed() {
    let target = Target::KubernetesObject;
    let object = |version: &str, kind: &str| format!("apiVersion: {version}\nkind: {kind}\n");
    check(target, &object("extensions/v1beta1", "Ingress"), "api.removed_in", &["22"]);
    check(target, &object("extensions/v1beta1", "Ingress"), "api.replacement", &["networking.k8s.io/v1"]);
    check(target, &object("policy/v1beta1", "PodSecurityPolicy"), "api.replacement", &["null"]);
    check(target, &object("apps/v1", "Deployment"), "api.removed_in", &["null"]);
}

#[test]
fn volumes_tell_their_kind_and_mounts() {
    let target = Target::KubernetesVolume;
    let text = pod(
        "volumes: [{name: a, hostPath: {path: /a/../etc//x}}, {name: b, hostPath: null}, {name: c, hostPath: null, emptyDir: {}}, {name: d, image: {reference: 'a:1'}}], containers: [{name: w, volumeMounts: [{name: a, mountPath: /m, readOnly: true}, {name: b}]}]",
    );
    check(target, &text, "volume.kind", &["hostPath", "null", "emptyDir", "image"]);
    check(target, &text, "volume.resolved_host_path", &["/etc/x", "null", "null", "null"]);
    check(target, &text, "image.tag", &["null", "null", "null", "1"]);
    check(target, &text, "volume.mounts.0.read_only", &["true", "null", "no such fact", "no such fact"]);
}

#[test]
fn roles_and_bindings_are_those_of_their_group() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: [{apiGroups: [b, a], resources: [x], verbs: ['*']}, {}]\n";
    check(Target::KubernetesRoleRule, role, "rule.verbs", &["*", ""]);
    assert_eq!(
        read(Target::KubernetesRoleRule, role).first().unwrap().identity,
        ["ClusterRole", "", "r", "a,b", "x", ""]
    );
    check(Target::KubernetesRoleRule, &role.replace("rbac.auth", "other.auth"), "rule.verbs", &[]);
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nroleRef: {kind: ClusterRole, name: cluster-admin}\n";
    check(Target::KubernetesRoleBinding, binding, "binding.role_name", &["cluster-admin"]);
}

/// The grants of one rule.
fn check_grants(rule: &str, expected: &[&str]) {
    let text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\nrules:\n  - {rule}\n"
    );
    check(Target::KubernetesRoleRule, &text, "rule.grants", &[&expected.join(",")]);
}

#[test]
fn rules_are_expanded_as_the_api_server_matches_them() {
    let all = "get,list,watch,create,update,patch,delete,deletecollection";
    let each = |resource: &str| all.split(',').map(|verb| format!("{verb} {resource}")).collect::<Vec<_>>().join(",");
    check_grants("{apiGroups: [''], resources: [secrets], verbs: [list, get]}", &["get secrets", "list secrets"]);
    check_grants("{apiGroups: [''], resources: [secrets], verbs: ['*']}", &[&each("secrets")]);
    check_grants("{apiGroups: [apps], resources: [secrets], verbs: [get]}", &[""]);
    check_grants("{apiGroups: ['*'], resources: ['*/scale', '*/exec'], verbs: [create]}", &["create pods/exec"]);
    check_grants("{apiGroups: [''], resources: ['pods/*'], verbs: ['*']}", &[""]);
    check_grants("{apiGroups: [''], resources: [pods], verbs: [create]}", &["create pods"]);
    check_grants(
        "{apiGroups: [rbac.authorization.k8s.io], resources: ['*'], verbs: [bind, escalate]}",
        &["bind roles", "escalate roles", "bind clusterroles", "escalate clusterroles"],
    );
    check_grants(
        "{apiGroups: [''], resources: ['*'], verbs: [use, impersonate]}",
        &["impersonate serviceaccounts", "impersonate users", "impersonate groups"],
    );
    check_grants("{apiGroups: [example.com], resources: ['*'], verbs: ['*']}", &[""]);
    check_grants("{nonResourceURLs: [/metrics], verbs: [get]}", &[""]);
    check_grants(
        "{apiGroups: [''], resources: [secrets, pods/exec], verbs: [get, create, deletecollection], resourceNames: [a]}",
        &["get pods/exec", "create pods/exec", "get secrets"],
    );
    check_grants("{apiGroups: [''], resources: [secrets, '${R}'], verbs: [get]}", &["get secrets", "?"]);
    check_grants("{apiGroups: [''], resources: [secrets], verbs: '${V}'}", &["?"]);
}

#[test]
fn a_hostile_rule_expands_to_no_more_than_the_resources_there_are() {
    let many: Vec<String> = (0..5_000).map(|number| format!("r{number}")).collect();
    let many = many.join(", ");
    let text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{{apiGroups: ['*', {many}], resources: ['*', {many}], verbs: ['*', {many}]}}]\n"
    );
    let found = read(Target::KubernetesRoleRule, &text);
    let grants = found.first().and_then(|rule| rule.facts.at("rule.grants")).map_or(0, |grants| grants.items().len());
    assert!((500..1_000).contains(&grants), "{grants}");
}

#[test]
fn rules_tell_what_they_reach_and_where_they_are_added() {
    let role = |labels: &str, groups: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r, labels: {labels}}}\nrules: [{{apiGroups: [{groups}], resources: ['*'], verbs: [get]}}]\n"
        )
    };
    let target = Target::KubernetesRoleRule;
    let label =
        "{rbac.authorization.k8s.io/aggregate-to-view: 'true', rbac.authorization.k8s.io/aggregate-to-edit: 'false'}";
    check(target, &role(label, "apps"), "rule.aggregated_to", &["view"]);
    check(target, &role("'${L}'", "apps"), "rule.aggregated_to", &["?"]);
    check(target, &role("{}", "apps"), "rule.built_in", &["true"]);
    check(target, &role("{}", "example.com"), "rule.built_in", &["false"]);
    check(target, &role("{}", "'${G}'"), "rule.built_in", &["?"]);
    check(target, &role("{}", "'${G}', apps"), "rule.built_in", &["true"]);
}

#[test]
fn a_template_leaves_open_what_it_may_add() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  containers:\n    - name: a\n      image: \"{{ .Values.image }}\"\n      securityContext:\n        {{- toYaml .Values.context | nindent 8 }}\n    - name: b\n      {{- with .Values.extra }}\n      {{- toYaml . | nindent 6 }}\n      {{- end }}\n    - name: c\n      securityContext:\n        privileged: true\n";
    check(Target::KubernetesContainer, text, "container.privileged", &["?", "?", "true"]);
    check(Target::KubernetesContainer, text, "container.allow_privilege_escalation", &["?", "?", "null"]);
    check(Target::KubernetesContainer, text, "image.tag", &["?", "?", "null"]);
}

fn object(kind: &str, annotations: &str, spec: &str) -> String {
    let version = match kind {
        "Service" => "v1",
        "Route" => "route.openshift.io/v1",
        "Gateway" | "HTTPRoute" => "gateway.networking.k8s.io/v1",
        _ => "networking.k8s.io/v1",
    };
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: o, annotations: {{{annotations}}}}}\nspec: {{{spec}}}\n"
    )
}

#[test]
fn a_service_tells_from_where_it_is_reached() {
    let reach = |annotations: &str, spec: &str, expected: &str| {
        check(Target::KubernetesService, &object("Service", annotations, spec), "service.reach", &[expected]);
    };
    reach("", "", "cluster");
    reach("", "type: ExternalName", "cluster");
    reach("", "type: NodePort", "node");
    reach("", "type: '${T}'", "?");
    let balancer = "type: LoadBalancer";
    reach("", balancer, "public");
    reach("service.beta.kubernetes.io/aws-load-balancer-internal: 'true'", balancer, "internal");
    reach("service.beta.kubernetes.io/aws-load-balancer-internal: 0.0.0.0/0", balancer, "internal");
    reach("service.beta.kubernetes.io/aws-load-balancer-internal: 'false'", balancer, "public");
    reach("networking.gke.io/load-balancer-type: Internal", balancer, "internal");
    reach("networking.gke.io/load-balancer-type: External", balancer, "public");
    reach("networking.gke.io/load-balancer-type: '${T}'", balancer, "?");
    reach("metallb.io/loadBalancerIPs: 192.168.1.4", balancer, "?");
    reach("", "type: LoadBalancer, loadBalancerClass: tailscale", "?");
    let own = "type: LoadBalancer, loadBalancerClass: service.k8s.aws/nlb";
    reach("", own, "internal");
    reach("service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing", own, "public");
}

#[test]
fn ingresses_and_routes_tell_hosts_certificates_and_services() {
    let target = Target::KubernetesIngress;
    let rules = "rules: [{host: a.example.com, http: {paths: [{backend: {service: {name: a}}}, {backend: {serviceName: b}}]}}, {http: {}}]";
    let text = object("Ingress", "", &format!("defaultBackend: {{service: {{name: d}}}}, {rules}"));
    check(target, &text, "ingress.hosts", &["a.example.com,"]);
    check(target, &text, "ingress.backends", &["d,a,b"]);
    check(target, &text, "ingress.tls", &["false"]);
    let tls = |annotation: &str, expected: &str| {
        check(target, &object("Ingress", annotation, rules), "ingress.tls", &[expected]);
    };
    tls("alb.ingress.kubernetes.io/listen-ports: '[{\"HTTP\": 80}, {\"HTTPS\": 443}]'", "true");
    tls("alb.ingress.kubernetes.io/listen-ports: '[{\"HTTP\": 80}]'", "false");
    tls("traefik.ingress.kubernetes.io/router.entrypoints: websecure", "true");
    tls("traefik.ingress.kubernetes.io/router.entrypoints: web", "false");
    tls("alb.ingress.kubernetes.io/certificate-arn: '${ARN}'", "?");
    check(target, &object("Ingress", "", "tls: [{secretName: a}]"), "ingress.tls", &["true"]);
    check(target, &object("Gateway", "", "listeners: [{protocol: HTTP}, {protocol: '${P}'}]"), "ingress.tls", &["?"]);
    let route = object("HTTPRoute", "", "rules: [{backendRefs: [{name: a}, {kind: Other, name: b}]}]");
    check(target, &route, "ingress.tls", &["null"]);
    check(target, &route, "ingress.backends", &["a"]);
    check(
        target,
        &object("Route", "", "host: a.example.com, to: {kind: Service, name: w}"),
        "ingress.backends",
        &["w"],
    );
    check(
        target,
        &object("Ingress", "nginx.org/server-snippets: a b", rules),
        "ingress.snippets",
        &["server-snippets"],
    );
}

#[test]
fn network_policies_tell_what_they_let_through() {
    let target = Target::KubernetesNetworkPolicy;
    let policy = |spec: &str, fact: &str, expected: &str| {
        let found = read(target, &object("NetworkPolicy", "", spec));
        let node = found.first().and_then(|subject| subject.facts.at(fact)).cloned();
        let shown = match node.as_ref().map(Node::value) {
            Some(Value::Sequence(items)) if fact.contains("open") || fact.contains("any") => items.len().to_string(),
            _ => show(node.as_ref()),
        };
        assert_eq!(shown, expected, "{fact} of {spec}");
    };
    policy("podSelector: {}", "policy.selects_all", "true");
    policy("podSelector: {matchLabels: {app: a}}", "policy.selects_all", "false");
    policy("podSelector: '${S}'", "policy.selects_all", "?");
    policy("podSelector: {}, egress: []", "policy.directions", "Ingress,Egress");
    policy("policyTypes: [Egress], ingress: [{}]", "policy.directions", "Egress");
    policy("ingress: [{}, {from: []}, {ports: [{port: 1}]}]", "policy.open_ingress", "2");
    policy("ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]", "policy.open_ingress", "1");
    policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}, {from: '${F}'}]", "policy.open_ingress", "0");
    policy("ingress: '${I}'", "policy.open_ingress", "?");
    policy("egress: [{}]", "policy.open_egress", "1");
    policy(
        "ingress: [{from: [{namespaceSelector: {}}, {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]",
        "policy.any_namespace",
        "1",
    );
}

#[test]
fn parts_of_the_control_plane_tell_their_flags() {
    let target = Target::KubernetesControlPlane;
    let flags = |container: &str, fact: &str, expected: &str| {
        check(target, &pod(&format!("containers: [{{name: c, {container}}}]")), fact, &[expected]);
    };
    let command = "command: [/usr/local/bin/kube-apiserver, --anonymous-auth=false], args: [--audit-log-maxage, '30', --profiling, --profiling=no]";
    flags(command, "component.name", "kube-apiserver");
    flags(command, "component.flags.anonymous-auth", "false");
    flags(command, "component.flags.audit-log-maxage", "30");
    flags(command, "component.flags.profiling", "no");
    flags(command, "component.flags.secure-port", "no such fact");
    flags("image: 'registry.k8s.io/etcd:3.5.0', args: [--auto-tls]", "component.flags.auto-tls", "true");
    flags("command: [kubelet, '--v=${V}']", "component.flags.v", "?");
    flags("command: [kube-apiserver, '--authorization-mode=Node, RBAC']", "component.authorization", "Node,RBAC");
    flags("command: [etcd, --cipher-suites=A]", "component.ciphers", "A");
    for none in [
        "command: [sh, -c, kube-apiserver]",
        "image: 'etcd:3', command: [backup]",
        "image: 'web:1', args: [--v]",
        "image: etcd",
    ] {
        check(target, &pod(&format!("containers: [{{name: c, {none}}}]")), "component.name", &[]);
    }
    let file = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\ntlsCipherSuites: [A, B]\n";
    check(target, file, "component.flags.anonymous-auth", &["true"]);
    check(target, file, "component.ciphers", &["A,B"]);
}

#[test]
fn flags_are_open_where_something_else_may_set_them() {
    let open = |words: &str, expected: bool| {
        let found =
            read(Target::KubernetesControlPlane, &pod(&format!("containers: [{{name: c, command: [{words}]}}]")));
        let flags = found.first().and_then(|subject| subject.facts.at("component.flags")).cloned();
        assert_eq!(flags.map(|flags| flags.is_open()), Some(expected), "{words}");
    };
    open("kubelet, --v=2", false);
    open("kubelet, --config=/var/lib/kubelet/config.yaml", true);
    open("kubelet, '${MORE}'", true);
    open("kubelet, '--v=${V}'", false);
}

/// Every fact of every target is documented, and every documented fact is given.
#[test]
fn facts_and_their_documentation_are_the_same() {
    let text = pod("volumes: [{name: v}], containers: [{name: a}]")
        + "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{verbs: [get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n---\napiVersion: v1\nkind: Service\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n---\napiVersion: v1\nkind: ServiceAccount\n---\napiVersion: v1\nkind: Namespace\n---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
    for target in Target::ALL.into_iter().filter(|target| !facts(*target).is_empty()) {
        let subjects = if target == Target::KubernetesSet { together(&text) } else { read(target, &text) };
        let given: BTreeSet<String> = subjects
            .first()
            .unwrap_or_else(|| panic!("{}: no subject", target.name()))
            .facts
            .entries()
            .iter()
            .flat_map(|variable| {
                variable.value.entries().iter().map(move |fact| format!("{}.{}", variable.key, fact.key))
            })
            .collect();
        let documented = facts(target).iter().map(|fact| fact.path.to_owned()).filter(|path| !path.contains("[]"));
        assert_eq!(given, documented.collect(), "{}", target.name());
    }
}
