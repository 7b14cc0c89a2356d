//! What findings weigh where one hides another.

use super::super::finding::Severity;
use super::tests::{change, found, judge, text};
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
