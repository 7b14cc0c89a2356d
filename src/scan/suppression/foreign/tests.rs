use super::super::super::document;
use super::super::super::limits::Limits;
use super::super::super::span::LineIndex;
use super::*;
use crate::scan::admission::AdmissionSet;
use crate::scan::policy::{Policy, PolicyId, PolicySet};

/// Policies that other tools have names for.
fn policies() -> PolicySet {
    let policy = |id: &str, aliases: &str| {
        let text = format!(
            "title: t\nseverity: low\ntarget: kubernetes.container\ndeny: container.privileged == true\nmessage: m\n\
             why: w\nfix: f\naliases: {aliases}\nexamples: [{{name: a, deny: [1], text: x}}, {{name: b, text: x}}]\n"
        );
        Policy::load(PolicyId::new(id), "p.yaml", &text).unwrap()
    };
    PolicySet::of([
        policy(
            "k/privileged",
            "{trivy: KSV-0017, checkov: CKV_K8S_16, kube-linter: privileged-container, polaris: runAsPrivileged}",
        ),
        policy("k/probe", "{kube-score: pod-probes, polaris: livenessProbeMissing}"),
        policy("d/tag", "{trivy: DS-0001, hadolint: [DL3006, DL3007], checkov: CKV_DOCKER_7, buildkit: FromLatest}"),
    ])
}

/// Checks what is found, each as `tool rules line reach until: reason`, and what is refused.
fn check(path: &str, text: &str, expected: &[&str], refused: usize) {
    let set = policies();
    let parsed = document::parse(path, text, &Limits::default());
    let lines = LineIndex::new(text);
    let found =
        find(Source { path, text, lines: &lines, parsed: &parsed }, &Names::new(&set, &AdmissionSet::default()));
    let shown: Vec<String> = found
        .suppressions
        .iter()
        .map(|one| {
            let reach = match one.reach {
                Reach::File => "file".to_owned(),
                Reach::Line { line, .. } => format!("line {line}"),
                Reach::Within(span) => format!("lines {}-{}", lines.line(span.start), lines.line(span.end - 1)),
            };
            let until = one.until.as_deref().map(|day| format!(" until {day}")).unwrap_or_default();
            format!("{} {} {reach}{until}: {}", one.tool, one.rules.join(" "), one.reason)
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
    assert_eq!(found.refused.len(), refused, "{text}");
}

#[test]
fn comments_in_dockerfiles() {
    check("Dockerfile", "#trivy:ignore:AVD-DS-0001\nFROM a\nRUN x\n", &["trivy d/tag lines 2-2: no reason given"], 0);
    check(
        "Dockerfile",
        "FROM a\n# trivy:ignore:DS001:exp:2026-12-31 trivy:ignore:DS-9999\nRUN x \\\n  y\n",
        &["trivy d/tag lines 3-4 until 2026-12-31: no reason given"],
        0,
    );
    check(
        "Dockerfile",
        "# hadolint ignore=DL3006,SC2086 -- the base moves\n# more\nFROM a\n",
        &["hadolint d/tag lines 3-3: the base moves"],
        0,
    );
    check("Dockerfile", "# hadolint global ignore=DL3007\nFROM a\n", &["hadolint d/tag file: no reason given"], 0);
    check("Dockerfile", "FROM a\n#checkov:skip=CKV_DOCKER_7: own image\n", &["checkov d/tag file: own image"], 0);
    check("Dockerfile", "# check=skip=FromLatest;error=true\nFROM a\n", &["buildkit d/tag file: no reason given"], 0);
    check("Dockerfile", "# kics-scan ignore-line\nFROM a\n", &[], 1);
}

#[test]
fn what_is_no_comment_or_no_rule_of_ours_is_left_alone() {
    check("Dockerfile", "FROM a\nRUN echo 'hadolint ignore=DL3006'\n", &[], 0);
    check("Dockerfile", "# hadolint shell=/bin/bash\nFROM a\n# hadolint ignore=SC2086\nRUN x\n", &[], 0);
    check("Dockerfile", "# trivy:ignore:CKV_K8S_16\nFROM a\n", &[], 0);
}

#[test]
fn annotations_are_meant_for_their_object() {
    let pod = |annotation: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    {annotation}\nspec: {{}}\n---\n\
             apiVersion: v1\nkind: Pod\nmetadata: {{name: b}}\n"
        )
    };
    for (annotation, expected) in [
        ("checkov.io/skip1: CKV_K8S_16=a node agent", "checkov k/privileged lines 1-7: a node agent"),
        (
            "ignore-check.kube-linter.io/privileged-container: a node agent",
            "kube-linter k/privileged lines 1-7: a node agent",
        ),
        ("polaris.fairwinds.com/runAsPrivileged-exempt: \"true\"", "polaris k/privileged lines 1-7: no reason given"),
        ("kube-score/ignore: pod-probes, other", "kube-score k/probe lines 1-7: no reason given"),
    ] {
        check("a.yaml", &pod(annotation), &[expected], 0);
    }
    check("a.yaml", &pod("polaris.fairwinds.com/runAsPrivileged-exempt: \"false\""), &[], 0);
    check("a.yaml", &pod("polaris.fairwinds.com/exempt: \"true\""), &[], 1);
    check("a.yaml", &pod("kube-linter.io/ignore-all: all fine"), &[], 1);
}

#[test]
fn annotations_of_the_template_count() {
    check(
        "a.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    metadata:\n      \
         annotations: {checkov.io/skip2: CKV_K8S_16}\n    spec: {}\n",
        &["checkov k/privileged lines 1-8: no reason given"],
        0,
    );
}

#[test]
fn comments_of_tools_that_look_for_secrets() {
    let secrets = |tool: &str, line: usize| format!("{tool} secret/* line {line}: no reason given");
    check(".env", "A=1 # gitleaks:allow\n", &[&secrets("gitleaks", 1)], 0);
    check(
        "a.yaml",
        "a: 1 # trufflehog:ignore\nb: 2 # betterleaks:allow\n",
        &[&secrets("trufflehog", 1), &secrets("betterleaks", 2)],
        0,
    );
    check("a.py", "a = 1  # pragma: allowlist secret\n", &[&secrets("detect-secrets", 1)], 0);
    check("a.py", "# pragma: allowlist nextline secret\na = 1\n", &[&secrets("detect-secrets", 2)], 0);
    check("a.py", "a = 1  # nosec B105\nb = 2  # nosec B608\nc = 3  # nosec\n", &[&secrets("nosec", 1)], 0);
    check("a.go", "a := 1 // #nosec G101 -- sample\n", &[&secrets("nosec", 1)], 0);
    check("a.json", "{\"a\": \"gitleaks:allow\"}\n", &[], 0);
    check("a.yaml", "a: gitleaks:allow\nb: pragma: allowlist of hosts\n", &[], 0);
}
