//! What findings weigh where one hides another, or where a chart leaves a part of itself out.

use super::super::finding::Severity;
use super::tests::{RULE, change, found, judge, text};
use super::*;

#[test]
fn a_known_password_that_opens_a_login_is_as_bad_as_the_login() {
    let file = |value: &str| format!("FROM ubuntu:22.04\nRUN echo '{value}' | chpasswd\n");
    let rules = |value: &str| -> Vec<(String, Severity)> {
        let scan = judge(vec![change("Dockerfile", Content::Absent, text(&file(value)))]);
        let of_login = scan.head.findings.iter().filter(|finding| finding.span.start > 20);
        of_login.map(|finding| (finding.rule.to_string(), finding.severity)).collect()
    };
    assert_eq!(rules("dev:dev"), [("dockerfile/chpasswd-used".to_owned(), Severity::High)]);
    assert_eq!(rules("root:Kx8fQ2vT9z"), [("secret/command-line-password".to_owned(), Severity::High)]);
}

#[test]
fn a_wildcard_weighs_as_much_as_the_worst_of_what_it_hides() {
    let severity = |rule: &str| {
        let role = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\nrules: [{{{rule}}}]\n"
        );
        let scan = judge(vec![change("r.yaml", Content::Absent, text(&role))]);
        scan.head.findings.iter().map(|finding| finding.severity).max()
    };
    let of = |group: &str, resource: &str| {
        severity(&format!("apiGroups: ['{group}'], resources: [{resource}], verbs: ['*']"))
    };
    assert_eq!(of("", "services"), Some(Severity::Medium));
    assert_eq!(of("", "nodes/proxy"), Some(Severity::High));
    assert_eq!(of("certificates.k8s.io", "certificatesigningrequests/approval"), Some(Severity::High));
    assert_eq!(of("rbac.authorization.k8s.io", "clusterroles"), Some(Severity::Critical));
    let named = "apiGroups: [''], resources: [configmaps], verbs: ['*'], resourceNames: [aws-auth]";
    assert_eq!(severity(named), Some(Severity::High));
}

#[test]
fn a_dashboard_that_only_shows_weighs_less_than_a_database() {
    let severity = |service: &str| {
        let file = format!("services:\n  a: {{{service}}}\n");
        let scan = judge(vec![change("compose.yaml", Content::Absent, text(&file))]);
        found(&scan.head, "compose/database-no-auth").first().map(|finding| finding.severity)
    };
    assert_eq!(severity("image: 'traefik:v3.2.3', command: --api.insecure=true"), Some(Severity::Medium));
    assert_eq!(severity("image: 'mongo:8.0.4', command: [--noauth]"), Some(Severity::High));
    assert_eq!(
        severity("image: 'postgres:17.2', environment: {POSTGRES_HOST_AUTH_METHOD: trust}"),
        Some(Severity::High)
    );
}

#[test]
fn what_a_chart_leaves_out_by_itself_does_not_block() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}'}\nspec:\n  {{- if .Values.host }}\n  hostPID: true\n  {{- end }}\n  containers:\n    - name: web\n      securityContext:\n        privileged: true\n        {{- if .Values.host }}\n        runAsUser: 0\n        {{- end }}\n";
    let severities = |values: &str| {
        let chart = [("c/values.yaml", values), ("c/templates/pod.yaml", template)];
        let files = chart.map(|(path, content)| change(path, Content::Absent, text(content))).to_vec();
        let scan = judge(files);
        ["kubernetes/host-pid", RULE].map(|rule| found(&scan.head, rule).first().map(|finding| finding.severity))
    };
    let (high, medium) = (Some(Severity::High), Some(Severity::Medium));
    assert_eq!(severities("host: false\n"), [medium, high]);
    assert_eq!(severities("other: true\n"), [medium, high]);
    assert_eq!(severities("host: true\n"), [high, high]);
    let with = |path: &str, other: &str| {
        let chart = [("c/values.yaml", "host: false\n"), ("c/templates/pod.yaml", template), (path, other)];
        let scan = judge(chart.map(|(path, content)| change(path, Content::Absent, text(content))).to_vec());
        found(&scan.head, "kubernetes/host-pid").first().map(|finding| finding.severity)
    };
    assert_eq!(with("c/values-prod.yaml", "host: true\n"), high);
    assert_eq!(with("env/prod.values.yaml", "c: {host: true}\n"), high);
    assert_eq!(with("c/values-prod.yaml", "other: true\n"), medium);
    let release =
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: c}\nspec: {values: {host: true}}\n";
    assert_eq!(with("apps/c.yaml", release), high);
    let alone = judge(vec![change("c/templates/pod.yaml", Content::Absent, text(template))]);
    assert_eq!(found(&alone.head, "kubernetes/host-pid").first().map(|finding| finding.severity), high);
}
