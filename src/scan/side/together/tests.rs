use super::super::super::finding::Finding;
use super::super::super::policy::{Policy, PolicyId, PolicySet};
use super::super::super::snapshot::{ChangedFile, Content, FileStatus, Snapshot};
use super::super::super::{Scan, ScanOptions, scan};
use crate::scan::finding::Severity;

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {app: web}\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec:\n  containers:\n    - name: web\n      image: example.com/web:1.4.2\n";
const SET_RULE: &str = "title: t\nseverity: low\ntarget: kubernetes.set\ndeny: object.kind == \"Service\" && size(set.pods) == 0\nat: spec.selector\nmessage: m\nwhy: w\nfix: f\nexamples: [{name: a, text: \"# deny\\na\"}, {name: b, text: b}]\n";

fn rule() -> PolicySet {
    PolicySet::of([Policy::load(PolicyId::new("team/no-target"), "no-target.yaml", SET_RULE).unwrap()])
}

fn file(path: &str, base: &str, head: &str) -> ChangedFile {
    let content = |text: &str| if text.is_empty() { Content::Absent } else { Content::Text(text.into()) };
    ChangedFile::new(path, None, FileStatus::Modified, content(base), content(head))
}

fn judge(files: Vec<ChangedFile>, whole_tree: bool, policies: &PolicySet) -> Scan {
    scan(&Snapshot { files, whole_tree }, policies, &ScanOptions::default())
}

fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{}", finding.path, finding.start.line)).collect()
}

#[test]
fn what_is_absent_is_known_of_a_whole_tree_alone() {
    let alone = || vec![file("a.yaml", "", SERVICE)];
    assert_eq!(places(&judge(alone(), true, &rule()).head.findings), ["a.yaml:5"]);
    assert_eq!(places(&judge(alone(), false, &rule()).head.findings), [""; 0]);
    let both = vec![file("a.yaml", "", SERVICE), file("b.yaml", "", POD)];
    assert_eq!(places(&judge(both, true, &rule()).head.findings), [""; 0]);
}

#[test]
fn a_finding_about_two_files_is_suppressed_where_it_stands() {
    let ignored =
        SERVICE.replace("  selector", "  # dockgate:ignore team/no-target -- made by an operator\n  selector");
    let scan = judge(vec![file("a.yaml", "", &ignored)], true, &rule());
    assert_eq!(places(&scan.head.findings), [""; 0]);
    assert_eq!(scan.head.suppressed.len(), 1);
    assert!(scan.head.problems.is_empty(), "{:?}", scan.head.problems);
}

#[test]
fn each_side_is_judged_by_its_own_files() {
    let text = SET_RULE.replace("size(set.pods) == 0", "set.pods.exists(pod, pod.certain)");
    let rule = PolicySet::of([Policy::load(PolicyId::new("team/target"), "target.yaml", &text).unwrap()]);
    let moved = SERVICE.replace("metadata", "# moved\nmetadata");
    let scan = judge(vec![file("a.yaml", SERVICE, &moved), file("b.yaml", POD, POD)], false, &rule);
    let (base, head) = (scan.base.findings.first().unwrap(), scan.head.findings.first().unwrap());
    assert_eq!((base.start.line, head.start.line), (5, 6));
    assert_eq!(base.fingerprint, head.fingerprint);
    let scan = judge(vec![file("a.yaml", SERVICE, &moved), file("b.yaml", "", POD)], false, &rule);
    assert_eq!((scan.base.findings.len(), scan.head.findings.len()), (0, 1));
}

#[test]
fn a_namespace_that_enforces_a_level_makes_its_pods_be_judged_by_it() {
    let namespace = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n"
        )
    };
    let judged = |namespace: &str| {
        let files = vec![file("a.yaml", "", POD), file("ns.yaml", "", namespace)];
        let scan = judge(files, false, PolicySet::builtin());
        let refused = scan.head.findings.into_iter().filter(|finding| finding.message.contains("enforces restricted"));
        refused.map(|finding| (finding.rule.to_string(), finding.severity)).collect::<Vec<_>>()
    };
    let refused = judged(&namespace("restricted"));
    assert!(refused.iter().all(|(_, severity)| *severity >= Severity::High), "{refused:?}");
    let rules: Vec<&str> = refused.iter().map(|(rule, _)| rule.as_str()).collect();
    for rule in
        ["kubernetes/run-as-non-root-missing", "kubernetes/seccomp-not-set", "kubernetes/capabilities-not-dropped"]
    {
        assert_eq!(rules.iter().filter(|found| **found == rule).count(), 1, "{rule} in {rules:?}");
    }
    assert_eq!(judged(&namespace("baseline")), []);
    assert_eq!(judged(&namespace("restricted").replace("shop", "other")), []);
}

#[test]
fn an_edit_is_offered_when_the_objects_together_show_that_it_works() {
    let rule = |to: &str| {
        let text = SET_RULE
            .replace("size(set.pods) == 0", "set.pods.exists(pod, pod.certain) && object.tree.spec.type == null")
            .replace("at: spec.selector\n", &format!("at: spec.selector\nedit: {{set: spec.{to}, to: ClusterIP}}\n"));
        PolicySet::of([Policy::load(PolicyId::new("team/type"), "type.yaml", &text).unwrap()])
    };
    let edit = |policies: &PolicySet, base: &str| {
        let scan = judge(vec![file("a.yaml", base, SERVICE), file("b.yaml", POD, POD)], false, policies);
        scan.head.findings.first().unwrap().edit.clone()
    };
    let edited = edit(&rule("type"), "").and_then(|edit| edit.apply(SERVICE)).unwrap();
    assert!(edited.contains("type: ClusterIP"), "{edited}");
    assert_eq!(edit(&rule("clusterIP"), ""), None, "the finding would stay");
    let before = SERVICE.replace("  selector", "  # old\n  selector");
    assert_eq!(edit(&rule("type"), &before), None, "the base has it as well");
}
