use super::super::Policy;
use super::*;
use crate::scan::document;
use crate::scan::glob::PathGlobs;
use crate::scan::limits::Limits;
use crate::scan::options::{RuleSetting, Scope};
use crate::scan::policy::PolicySet;
use crate::scan::policy::parameter::ParameterValue;

const PRIVILEGED: &str = "\
target: kubernetes.container
deny: container.spec.securityContext.privileged == true
at: securityContext.privileged
message: container `{container.name}` is privileged
";
const CAPABILITIES: &str = "\
target: kubernetes.container
deny: container.spec.securityContext.capabilities.add.exists(c, c in [\"SYS_ADMIN\", \"NET_RAW\"])
subjects: container.spec.securityContext.capabilities.add.filter(c, c in [\"SYS_ADMIN\", \"NET_RAW\"])
message: container `{container.name}` adds {subjects}
";

/// A policy of `fields`, with what a file needs beside them.
fn policy(id: &str, fields: &str) -> Policy {
    let rest = "\
why: w
fix: f
title: t
severity: medium
examples: [{name: denied, deny: [1], text: x}, {name: fine, text: x}]
";
    Policy::load(PolicyId::new(id), "p.yaml", &format!("{fields}{rest}")).unwrap()
}

fn pod(container: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n    - name: web\n{container}")
}

fn judge(policies: &[(&str, &str)], text: &str, options: &ScanOptions) -> Evaluation {
    let set = PolicySet::of(policies.iter().map(|(id, fields)| policy(id, fields)));
    let parsed = document::parse("pod.yaml", text, &Limits::default());
    let lines = LineIndex::new(text);
    let view = FileView { path: "pod.yaml", identity_path: "pod.yaml", text, lines: &lines, parsed: &parsed };
    evaluate(&Running::new(&set, options), view)
}

/// Each finding as `severity line:text message [subjects]`.
fn show(evaluation: &Evaluation, text: &str) -> Vec<String> {
    let finding = |Found { finding, .. }: &Found| {
        let first = finding.span.of(text).lines().next().unwrap_or_default();
        format!("{} {}:{first} {} {:?}", finding.severity, finding.start.line, finding.message, finding.subjects)
    };
    evaluation.findings.iter().map(finding).collect()
}

fn check(policies: &[(&str, &str)], container: &str, expected: &[&str]) {
    let text = pod(container);
    let evaluation = judge(policies, &text, &ScanOptions::default());
    assert_eq!(show(&evaluation, &text), expected, "{text}");
}

#[test]
fn scopes_switch_and_grade_a_policy_for_a_part() {
    let scope = |paths: &[&str], namespaces: &[&str], labels: &[(&str, &str)], setting| Scope {
        paths: PathGlobs::new(paths).unwrap(),
        namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        rules: [(PolicyId::new("k/p"), setting)].into(),
    };
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: team-a, labels: {tier: web}}\n\
                spec: {containers: [{name: web, securityContext: {privileged: true}}]}\n";
    let severities = |scopes: &[Scope], fields: &str| {
        let options = ScanOptions { scopes: scopes.to_vec(), ..ScanOptions::default() };
        let evaluation = judge(&[("k/p", fields)], text, &options);
        evaluation.findings.iter().map(|found| found.finding.severity).collect::<Vec<_>>()
    };
    let (off, low) = (RuleSetting::Off, RuleSetting::Severity(Severity::Low));
    let own = severities(&[], PRIVILEGED);
    assert_eq!(own.len(), 1);
    assert_eq!(severities(&[scope(&[], &["team-*"], &[], off)], PRIVILEGED), []);
    assert_eq!(severities(&[scope(&[], &["kube-*"], &[], off)], PRIVILEGED), own);
    assert_eq!(severities(&[scope(&["pod.yaml"], &[], &[("tier", "web")], low)], PRIVILEGED), [Severity::Low]);
    assert_eq!(severities(&[scope(&["pod.yaml"], &[], &[("tier", "db")], low)], PRIVILEGED), own);
    let both = [scope(&[], &["team-a"], &[], off), scope(&["*.yaml"], &[], &[], low)];
    assert_eq!(severities(&both, PRIVILEGED), [Severity::Low], "the last one decides");
    let optional = format!("{PRIVILEGED}enabled: false\n");
    assert_eq!(severities(&[], &optional), []);
    assert_eq!(severities(&[scope(&[], &["team-a"], &[], low)], &optional), [Severity::Low]);
}

#[test]
fn parameters_and_the_version_of_the_cluster_reach_conditions() {
    let fields = "target: kubernetes.container\n\
                  parameters: {names: {type: strings, default: [db], doc: d}}\n\
                  deny: container.name in parameters.names && settings.kubernetes.minor >= 30\n\
                  message: \"one of {parameters.names}\"\n";
    let names = ParameterValue::Strings(vec!["web".to_owned()]);
    let given = ScanOptions {
        parameters: [(PolicyId::new("k/p"), [("names".to_owned(), names)].into())].into(),
        ..ScanOptions::default()
    };
    let count = |options: &ScanOptions| judge(&[("k/p", fields)], &pod(""), options).findings.len();
    assert_eq!(count(&ScanOptions::default()), 0);
    assert_eq!(count(&given), 1);
    assert_eq!(count(&ScanOptions { kubernetes_minor: 29, ..given }), 0);
}

#[test]
fn a_finding_points_at_the_deepest_part_that_exists() {
    let privileged = &[("k/p", PRIVILEGED)][..];
    let message = "container `web` is privileged []";
    let at_key = format!("medium 8:privileged: true {message}");
    check(privileged, "      securityContext:\n        privileged: true\n", &[&at_key]);
    let absent = PRIVILEGED.replace("== true", "!= false");
    let absent = &[("k/p", absent.as_str())][..];
    let at_parent = format!("medium 7:securityContext: {{runAsUser: 1}} {message}");
    check(absent, "      securityContext: {runAsUser: 1}\n", &[&at_parent]);
    let at_subject = format!("medium 6:name: web {message}");
    check(absent, "      image: x\n", &[&at_subject]);
    check(absent, "      securityContext: {privileged: false}\n", &[]);
}

#[test]
fn without_a_place_of_its_own_a_finding_points_at_what_is_objected_to() {
    let capabilities = &[("k/c", CAPABILITIES)][..];
    let add =
        "      securityContext:\n        capabilities:\n          add:\n            - CHOWN\n            - SYS_ADMIN\n";
    check(capabilities, add, &["medium 11:SYS_ADMIN container `web` adds SYS_ADMIN [\"SYS_ADMIN\"]"]);
}

#[test]
fn the_most_exact_policy_speaks() {
    let exact = format!("{PRIVILEGED}supersedes: [k/any]\n");
    let any = PRIVILEGED.replace("== true", "!= null");
    let policies = &[("k/any", any.as_str()), ("k/exact", exact.as_str())][..];
    let text = pod("      securityContext: {privileged: true}\n");
    let rules = |text: &str| -> Vec<String> {
        let evaluation = judge(policies, text, &ScanOptions::default());
        evaluation.findings.iter().map(|found| found.finding.rule.to_string()).collect()
    };
    assert_eq!(rules(&text), ["k/exact"]);
    assert_eq!(rules(&text.replace("true", "false")), ["k/any"]);
}

#[test]
fn settings_and_raises_decide_the_severity() {
    let raised = format!("{PRIVILEGED}raise: {{when: settings.images.pin == \"digest\", to: critical}}\n");
    let lowered = format!("{PRIVILEGED}raise: {{when: settings.images.pin == \"tag\", to: low}}\n");
    let text = pod("      securityContext: {privileged: true}\n");
    let severity = |fields: &str, options: &ScanOptions| {
        judge(&[("k/p", fields)], &text, options).findings.first().unwrap().finding.severity
    };
    let digest = ScanOptions { pin_digest: true, ..ScanOptions::default() };
    assert_eq!(severity(&raised, &ScanOptions::default()), Severity::Medium);
    assert_eq!(severity(&raised, &digest), Severity::Critical);
    assert_eq!(severity(&lowered, &ScanOptions::default()), Severity::Medium);
    let set = ScanOptions { severities: [(PolicyId::new("k/p"), Severity::Info)].into(), ..digest };
    assert_eq!(severity(&raised, &set), Severity::Info);
}

#[test]
fn a_policy_that_is_off_runs_when_settings_give_it_a_severity() {
    let off = format!("{PRIVILEGED}enabled: false\n");
    let text = pod("      securityContext: {privileged: true}\n");
    let count = |options: &ScanOptions| judge(&[("k/p", &off)], &text, options).findings.len();
    assert_eq!(count(&ScanOptions::default()), 0);
    let on = ScanOptions { severities: [(PolicyId::new("k/p"), Severity::Low)].into(), ..ScanOptions::default() };
    assert_eq!(count(&on), 1);
}

#[test]
fn a_templated_value_is_one_note_however_many_rules_ask() {
    let text = pod("      securityContext: {privileged: \"${P}\"}\n");
    let evaluation = judge(&[("k/a", PRIVILEGED), ("k/b", PRIVILEGED)], &text, &ScanOptions::default());
    assert!(evaluation.findings.is_empty());
    let notes: Vec<_> = evaluation.problems.iter().map(|problem| (problem.cause, problem.line)).collect();
    assert_eq!(notes, [(Cause::Templated, Some(7))]);
}

#[test]
fn a_failed_condition_is_a_problem_and_not_a_pass() {
    let wrong = PRIVILEGED.replace("securityContext.privileged == true", "securityContext.privileged > 1");
    let text = pod("      securityContext: {privileged: true}\n");
    let evaluation = judge(&[("k/p", &wrong)], &text, &ScanOptions::default());
    let problem = evaluation.problems.first().unwrap();
    assert_eq!((problem.cause, problem.line), (Cause::Policy, Some(6)));
    assert_eq!(problem.message, "rule k/p could not be evaluated: \">\" does not work on bool and int");
}

#[test]
fn more_findings_than_the_limit_are_summed_up() {
    let container = "    - name: c\n      securityContext: {privileged: true}\n";
    let text = pod(&container.repeat(5));
    let limits = Limits { max_findings_per_policy: 2, ..Limits::default() };
    let evaluation = judge(&[("k/p", PRIVILEGED)], &text, &ScanOptions { limits, ..ScanOptions::default() });
    assert_eq!(evaluation.findings.len(), 2);
    let messages: Vec<_> = evaluation.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["5 findings of k/p, more than the limit of 2: the first 2 are shown"]);
    let fingerprints: BTreeSet<_> = evaluation.findings.iter().map(|found| &found.finding.fingerprint).collect();
    assert_eq!(fingerprints.len(), 2);
}

/// The rules about roles that speak of one rule of a cluster role when all are on.
fn check_role(rule: &str, expected: &[&str]) {
    let text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: r}}\nrules: [{rule}]\n"
    );
    let parsed = document::parse("r.yaml", &text, &Limits::default());
    let lines = LineIndex::new(&text);
    let view = FileView { path: "r.yaml", identity_path: "r.yaml", text: &text, lines: &lines, parsed: &parsed };
    let options = ScanOptions { profile: crate::scan::Profile::All, ..ScanOptions::default() };
    let evaluation = evaluate(&Running::new(PolicySet::builtin(), &options), view);
    let rules: Vec<&str> = evaluation.findings.iter().map(|found| found.finding.rule.as_str()).collect();
    assert_eq!(rules, expected, "{rule}");
}

#[test]
fn one_wildcard_is_one_finding() {
    check_role("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}", &["kubernetes/rbac-wildcard-all"]);
    check_role("{apiGroups: ['*'], resources: ['*'], verbs: [get, list]}", &["kubernetes/rbac-wildcard"]);
    check_role("{apiGroups: [''], resources: [secrets, pods/exec], verbs: ['*']}", &["kubernetes/rbac-wildcard"]);
    check_role(
        "{apiGroups: [example.com], resources: ['*'], verbs: ['*']}",
        &["kubernetes/rbac-wildcard-custom-resources"],
    );
    check_role(
        "{apiGroups: [''], resources: [configmaps], resourceNames: [aws-auth], verbs: [update]}",
        &["kubernetes/rbac-eks-aws-auth"],
    );
    check_role("{apiGroups: [''], resources: [secrets, configmaps], verbs: [get]}", &["kubernetes/rbac-read-secrets"]);
    check_role("{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}", &[]);
}
