use std::fmt::Write;

use super::*;
use crate::scan::document::node::Value;
use crate::scan::document::parse;
use crate::scan::limits::Limits;

fn index(files: &[(&str, &str)], is_whole: bool) -> ObjectIndex {
    let mut index = ObjectIndex::new(is_whole);
    for (number, (path, text)) in files.iter().enumerate() {
        index.add(number, path, &parse(path, text, &Limits::default()), |_| true);
    }
    index
}

/// The names in one list of every object of every file, as `object: name, name?`; `?` after one that is only possible,
/// alone for a list that is unknown.
fn check(files: &[(&str, &str)], is_whole: bool, fact: &str, expected: &[&str]) {
    let index = index(files, is_whole);
    let shown = (0..files.len()).flat_map(|number| index.subjects(number, |_| true)).map(|subject| {
        let list = subject.facts.at(&format!("set.{fact}")).unwrap();
        let names = list.items().iter().map(|item| {
            let sure = if item.get("certain").unwrap().as_bool() == Some(true) { "" } else { "?" };
            format!("{}{sure}", item.get("name").unwrap().as_str().unwrap())
        });
        let names = if list.is_unknown() { "?".to_owned() } else { names.collect::<Vec<_>>().join(", ") };
        format!("{}: {names}", subject.facts.at("object.name").unwrap().as_str().unwrap_or_default())
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{fact}");
}

fn workload(name: &str, namespace: &str, labels: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, {namespace}}}\nspec: {{selector: {{}}, template: {{metadata: {{labels: {{{labels}}}}}, spec: {{{more}containers: [{{name: c}}]}}}}}}\n"
    )
}

fn other(api: &str, kind: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: n}}\n{rest}\n")
}

#[test]
fn services_and_workloads_find_each_other_by_labels_and_namespace() {
    let a = workload("a", "namespace: n", "app: a", "");
    let far = workload("far", "namespace: m", "app: a", "");
    let unsure = workload("unsure", "", "app: a", "");
    let b = workload("b", "namespace: n", "app: b", "");
    let service = other("v1", "Service", "s", "spec: {selector: {app: a}}");
    let bare = other("v1", "Service", "bare", "spec: {}");
    let text = [a, far, unsure, b, service, bare].join("---\n");
    let files = [("x.yaml", text.as_str())];
    check(&files, false, "services", &["a: s", "far: ?", "unsure: s?", "b: ?", "s: ?", "bare: ?"]);
    check(&files, true, "services", &["a: s", "far: ", "unsure: s?", "b: ", "s: ", "bare: "]);
    check(&files, true, "pods", &["a: ", "far: ", "unsure: ", "b: ", "s: a, unsure?", "bare: "]);
}

#[test]
fn workloads_find_what_gives_them_variables() {
    let env = "env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}, {name: B, valueFrom: {secretKeyRef: {name: keys, key: b}}}]";
    let a = workload("a", "namespace: n", "app: a", "").replace("{name: c}", &format!("{{name: c, {env}}}"));
    let settings = other("v1", "ConfigMap", "settings", "data: {a: b}");
    let keys = other("v1", "Secret", "keys", "stringData: {}");
    let text = [a, settings, keys, other("v1", "ConfigMap", "unused", "data: {}")].join("---\n");
    let files = [("x.yaml", text.as_str())];
    check(&files, true, "config_maps", &["a: settings", "settings: ", "keys: ", "unused: "]);
    check(&files, true, "secrets", &["a: keys", "settings: ", "keys: ", "unused: "]);
    check(&files, true, "pods", &["a: ", "settings: a", "keys: a", "unused: "]);
}

#[test]
fn a_reference_needs_a_grant_of_its_namespace() {
    let ungranted = |files: &[(&str, &str)], is_whole: bool| {
        let index = index(files, is_whole);
        let found = index.subjects(0, |_| true).into_iter().next().unwrap();
        let list = found.facts.at("set.ungranted").unwrap().clone();
        let names = list.items().iter().filter_map(Node::as_str).collect::<Vec<_>>().join(", ");
        if list.is_unknown() { "?".to_owned() } else { names }
    };
    let spec = "spec: {rules: [{backendRefs: [{name: a, namespace: m}, {name: b}]}]}";
    let route =
        other("gateway.networking.k8s.io/v1", "HTTPRoute", "r", spec).replace("namespace: n}\n", "namespace: edge}\n");
    let grant = |to: &str| {
        let from = "from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}]";
        let spec = format!("spec: {{{from}, to: [{{group: '', kind: Service{to}}}]}}");
        other("gateway.networking.k8s.io/v1", "ReferenceGrant", "g", &spec)
            .replace("namespace: n}\n", "namespace: m}\n")
    };
    assert_eq!(ungranted(&[("r.yaml", &route)], true), "Service m/a");
    assert_eq!(ungranted(&[("r.yaml", &route)], false), "?");
    assert_eq!(ungranted(&[("r.yaml", &route), ("g.yaml", &grant(""))], true), "");
    assert_eq!(ungranted(&[("r.yaml", &route), ("g.yaml", &grant(", name: a"))], false), "");
    assert_eq!(ungranted(&[("r.yaml", &route), ("g.yaml", &grant(", name: b"))], true), "Service m/a");
    assert_eq!(ungranted(&[("r.yaml", &route), ("g.yaml", &grant(", name: '${NAME}'"))], true), "");
}

#[test]
fn network_policies_and_budgets_select_by_expressions_and_by_nothing() {
    let a = workload("a", "namespace: n", "app: a, tier: x", "");
    let all = other("networking.k8s.io/v1", "NetworkPolicy", "all", "spec: {podSelector: {}}");
    let some = other(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "some",
        "spec: {podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [x]}]}}",
    );
    let exists = other(
        "policy/v1",
        "PodDisruptionBudget",
        "budget",
        "spec: {selector: {matchLabels: {app: a}, matchExpressions: [{key: tier, operator: Exists}]}}",
    );
    let text = [a, all, some, exists].join("---\n");
    let files = [("x.yaml", text.as_str())];
    check(&files, true, "network_policies", &["a: all", "all: ", "some: ", "budget: "]);
    check(&files, true, "disruption_budgets", &["a: budget", "all: ", "some: ", "budget: "]);
    check(&files, true, "pods", &["a: ", "all: a", "some: ", "budget: a"]);
}

#[test]
fn accounts_bindings_and_roles_are_tied_across_files() {
    let pod = workload("a", "namespace: n", "app: a", "serviceAccountName: w, ");
    let default = workload("d", "namespace: n", "app: d", "");
    let account = other("v1", "ServiceAccount", "w", "");
    let role = other(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "r",
        "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}, {apiGroups: [''], resources: [pods], resourceNames: [p], verbs: [get]}]",
    );
    let binding = other(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "b",
        "roleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: w}, {kind: User, name: default}]",
    );
    let files =
        [("a.yaml", pod.as_str()), ("d.yaml", &default), ("s.yaml", &account), ("r.yaml", &role), ("b.yaml", &binding)];
    check(&files, true, "service_accounts", &["a: w", "d: ", "w: ", "r: ", "b: w"]);
    check(&files, true, "bindings", &["a: b", "d: ", "w: b", "r: b", "b: "]);
    check(&files, true, "pods", &["a: ", "d: ", "w: a", "r: ", "b: a"]);
    check(&files, false, "roles", &["a: ?", "d: ?", "w: ?", "r: ?", "b: r"]);
    let index = index(&files, true);
    let grants =
        index.subjects(4, |_| true).first().and_then(|binding| binding.facts.at("set.roles.0.grants").cloned());
    let grants: Vec<String> =
        grants.unwrap().items().iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
    assert_eq!(grants, ["get secrets"]);
}

#[test]
fn ingresses_lead_to_workloads_through_services() {
    let a = workload("a", "namespace: n", "app: a", "");
    let service = other("v1", "Service", "s", "spec: {selector: {app: a}}");
    let ingress = other("networking.k8s.io/v1", "Ingress", "i", "spec: {defaultBackend: {service: {name: s}}}");
    let scaler =
        other("autoscaling/v2", "HorizontalPodAutoscaler", "h", "spec: {scaleTargetRef: {kind: Deployment, name: a}}");
    let text = [a, service, ingress, scaler].join("---\n");
    let files = [("x.yaml", text.as_str())];
    check(&files, false, "ingresses", &["a: i", "s: i", "i: ?", "h: ?"]);
    check(&files, false, "pods", &["a: ?", "s: a", "i: a", "h: a"]);
    check(&files, false, "autoscalers", &["a: h", "s: ?", "i: ?", "h: ?"]);
}

#[test]
fn what_charts_and_templates_bring_is_not_absent() {
    let service = other("v1", "Service", "s", "spec: {selector: {app: a}}");
    let chart = other("helm.toolkit.fluxcd.io/v2", "HelmRelease", "c", "spec: {}");
    check(&[("x.yaml", &service)], true, "pods", &["s: "]);
    check(&[("x.yaml", &service), ("c.yaml", &chart)], true, "pods", &["s: ?", "c: ?"]);
    let open = workload("'{{ .Values.name }}'", "", "app: '{{ .Values.app }}'", "");
    check(&[("x.yaml", &service), ("t.yaml", &open)], true, "pods", &["s: ?", ": ?"]);
}

#[test]
fn a_namespace_tells_the_level_that_it_enforces() {
    let pod = workload("a", "namespace: n", "app: a", "");
    let namespace = |level: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: n, labels: {{pod-security.kubernetes.io/enforce: {level}{more}}}}}\n"
        )
    };
    let enforced = |files: &[(&str, &str)]| {
        index(files, false).enforced(0).into_iter().map(|found| (found.level, found.minor)).next()
    };
    let (restricted, baseline) =
        (namespace("restricted", ""), namespace("baseline", ", pod-security.kubernetes.io/enforce-version: v1.25"));
    assert_eq!(enforced(&[("a.yaml", &pod), ("n.yaml", &restricted)]), Some(("restricted".to_owned(), None)));
    assert_eq!(enforced(&[("a.yaml", &pod), ("n.yaml", &baseline)]), Some(("baseline".to_owned(), Some(25))));
    assert_eq!(enforced(&[("a.yaml", &pod), ("n.yaml", &baseline), ("m.yaml", &restricted)]), None);
    assert_eq!(enforced(&[("a.yaml", &pod), ("n.yaml", &namespace("privileged", ""))]), None);
    assert_eq!(enforced(&[("a.yaml", &pod)]), None);
}

#[test]
fn many_objects_of_one_label_cost_no_more_than_their_number() {
    let mut text = String::new();
    for number in 0..400 {
        writeln!(text, "{}---", workload(&format!("w{number}"), "namespace: n", "app: a", "")).unwrap();
        writeln!(text, "{}---", other("v1", "Service", &format!("s{number}"), "spec: {selector: {app: a}}")).unwrap();
    }
    let index = index(&[("x.yaml", &text)], true);
    let listed =
        index.subjects(0, |_| true).iter().map(|subject| subject.facts.at("set.services").unwrap().items().len()).max();
    assert_eq!(listed, Some(MAX_LISTED));
    let lone = other("v1", "Service", "lone", "spec: {selector: {app: a, tier: none}}");
    let cut = super::tests::index(&[("x.yaml", &text), ("y.yaml", &lone)], true);
    let pods = cut.subjects(1, |_| true).first().and_then(|subject| subject.facts.at("set.pods").cloned()).unwrap();
    assert!(matches!(pods.value(), Value::Unknown(_)), "more candidates than are looked at leave it open");
}
