use super::*;
use crate::scan::ScanOptions;
use crate::scan::Side;
use crate::scan::finding::{Category, Fingerprint};
use crate::scan::glob::PathGlobs;
use crate::scan::policy::{PolicyId, PolicySet};
use crate::scan::snapshot::{ChangedFile, Content, FileStatus, LineSet};
use crate::scan::span::{Position, Span};
use crate::scan::suppression::Suppressed;
use crate::settings::Origin;
use crate::settings::repository::Waiver;

/// A finding written `rule severity path line subject…`; its fingerprint is its rule.
fn finding(text: &str) -> Finding {
    let mut words = text.split(' ');
    let rule = words.next().unwrap();
    let severity = words.next().unwrap().parse().unwrap();
    let path = words.next().unwrap().to_owned();
    let line = words.next().unwrap().parse().unwrap();
    Finding {
        rule: PolicyId::new(rule),
        category: Category::Security,
        severity,
        path,
        span: Span::new(line * 10, line * 10 + 3),
        start: Position { line, column: 1 },
        end: Position { line, column: 4 },
        message: "is wrong".into(),
        resource: None,
        fingerprint: Fingerprint::of(&[rule]),
        subjects: words.map(str::to_owned).collect(),
        edit: None,
        decided_by: None,
    }
}

fn suppressed(text: &str, introduced: bool) -> Suppressed {
    let suppression = Suppression {
        rules: vec!["r".into()],
        reason: "why not".into(),
        line: 3,
        whole_file: false,
        tool: None,
        until: None,
    };
    Suppressed { finding: finding(text), suppression, introduced }
}

fn side(findings: &[&str]) -> Side {
    Side { findings: findings.iter().map(|text| finding(text)).collect(), files: 1, ..Side::default() }
}

fn file(path: &str, touched: &[usize]) -> ChangedFile {
    let touched: LineSet = touched.iter().copied().collect();
    ChangedFile {
        path: path.into(),
        previous_path: None,
        status: FileStatus::Modified,
        base: Content::Text("x".into()),
        head: Content::Text("x".into()),
        visible: touched.clone(),
        touched,
    }
}

fn today() -> Date {
    "2026-05-10".parse().unwrap()
}

fn run(scan: Scan, settings: &RepositorySettings) -> Verdict {
    let snapshot = Snapshot { files: vec![file("a", &[2, 3])], whole_tree: false };
    decide(scan, &snapshot, settings, today())
}

fn shown(verdict: &Verdict) -> String {
    let each = verdict.findings.iter().map(|judged| {
        let standing = match &judged.standing {
            Standing::Blocks => "blocks".to_owned(),
            Standing::Introduced => "introduced".to_owned(),
            Standing::Existing => "existing".to_owned(),
            Standing::Suppressed { introduced, .. } => format!("suppressed({introduced})"),
            Standing::Waived(note) => format!("waived({})", note.until),
        };
        format!("{}:{} {standing}", judged.finding.path, judged.finding.start.line)
    });
    let conclusion = format!("{:?}", verdict.conclusion);
    each.chain([conclusion]).collect::<Vec<_>>().join(", ")
}

fn check(base: &[&str], head: &[&str], expected: &str) {
    let scan = Scan { base: side(base), head: side(head), ..Scan::default() };
    assert_eq!(shown(&run(scan, &RepositorySettings::default())), expected, "{base:?} -> {head:?}");
}

#[test]
fn only_what_the_change_introduces_blocks() {
    check(&[], &[], "Success");
    check(&[], &["r high a 1"], "a:1 blocks, Failure");
    check(&[], &["r medium a 1"], "a:1 introduced, Success");
    check(&["r high a 7"], &["r high b 1"], "b:1 existing, Success");
    check(&["r high a 7"], &["s high a 7"], "a:7 blocks, Failure");
    check(&["r high a 1"], &["r high a 1", "r high a 9"], "a:9 blocks, a:1 existing, Failure");
}

#[test]
fn of_equal_findings_the_touched_one_is_introduced() {
    check(&["r high a 1"], &["r high a 2", "r high a 9"], "a:2 blocks, a:9 existing, Failure");
    check(&["r high a 1"], &["r high a 1", "r high a 3"], "a:3 blocks, a:1 existing, Failure");
}

#[test]
fn a_finding_that_gets_worse_is_introduced() {
    check(&["r medium a 1"], &["r high a 1"], "a:1 blocks, Failure");
    check(&["r critical a 1"], &["r high a 1"], "a:1 existing, Success");
    check(&["r high a 1 NET_ADMIN"], &["r high a 1 NET_ADMIN SYS_ADMIN"], "a:1 blocks, Failure");
    check(&["r high a 1 NET_ADMIN SYS_ADMIN"], &["r high a 1 SYS_ADMIN"], "a:1 existing, Success");
    check(&["r high a 1 A", "r high a 5 B"], &["r high a 1 B", "r high a 5 A"], "a:1 existing, a:5 existing, Success");
}

#[test]
fn what_a_worse_finding_speaks_for_is_not_gone() {
    let pod = |setting: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n    - name: web\n      \
             image: registry.example.com/web:1.0.0\n      securityContext:\n        readOnlyRootFilesystem: true\n{setting}"
        );
        Content::Text(text.into())
    };
    let (before, after) = (pod(""), pod("        privileged: true\n"));
    let resolved = |base: &Content, head: &Content| {
        let file = ChangedFile::new("a.yaml", None, FileStatus::Modified, base.clone(), head.clone());
        let snapshot = Snapshot { files: vec![file], whole_tree: false };
        let found = crate::scan::scan(&snapshot, PolicySet::builtin(), &ScanOptions::default());
        let verdict = decide(found, &snapshot, &RepositorySettings::default(), today());
        (verdict.resolved, verdict.blocking().count())
    };
    assert_eq!(resolved(&before, &after), (0, 1));
    assert_eq!(resolved(&after, &before), (1, 0));
}

#[test]
fn blocking_findings_come_first_then_the_most_severe() {
    check(
        &["s critical a 4"],
        &["s critical a 4", "r low a 1", "t high b 2", "u critical c 3", "v high a 9"],
        "c:3 blocks, a:9 blocks, b:2 blocks, a:1 introduced, a:4 existing, Failure",
    );
}

#[test]
fn what_is_gone_is_counted() {
    let scan =
        Scan { base: side(&["r high a 1", "r high a 2", "s low a 3"]), head: side(&["r high a 1"]), ..Scan::default() };
    assert_eq!(run(scan, &RepositorySettings::default()).resolved, 2);
}

fn check_suppressed(base: &[&str], head: &str, introduced: bool, expected: &str) {
    let mut scan = Scan { base: side(base), head: side(&[]), ..Scan::default() };
    scan.head.suppressed = vec![suppressed(head, introduced)];
    let verdict = run(scan, &RepositorySettings::default());
    assert_eq!(shown(&verdict), expected, "{base:?} -> {head:?}");
    let noted = verdict.findings[0].note.is_some();
    assert_eq!(noted, !expected.contains("suppressed"), "{base:?} -> {head:?}");
}

#[test]
fn a_suppression_the_change_adds_counts_up_to_medium() {
    check_suppressed(&[], "r high a 1", false, "a:1 suppressed(false), Success");
    check_suppressed(&[], "r medium a 1", true, "a:1 suppressed(true), Success");
    check_suppressed(&[], "r high a 1", true, "a:1 blocks, Failure");
    check_suppressed(&["r high a 1"], "r high a 1", true, "a:1 existing, Success");
}

#[test]
fn taking_a_suppression_away_brings_its_finding_back() {
    let mut scan = Scan { base: side(&[]), head: side(&["r high a 1"]), ..Scan::default() };
    scan.base.suppressed = vec![suppressed("r high a 1", false)];
    assert_eq!(shown(&run(scan, &RepositorySettings::default())), "a:1 blocks, Failure");
}

fn check_waiver(rule: &str, pattern: &str, until: &str, expected: &str) {
    let waiver = Waiver {
        rule: PolicyId::new(rule),
        paths: PathGlobs::new(&[pattern]).unwrap(),
        finding: None,
        until: until.parse().unwrap(),
        owner: "team-a".into(),
        reason: "moving".into(),
        origin: Origin::Repository,
    };
    let settings = RepositorySettings { waivers: vec![waiver], ..RepositorySettings::default() };
    let mut scan = Scan { base: side(&[]), head: side(&["r high a 1"]), ..Scan::default() };
    assert_eq!(shown(&run(scan.clone(), &settings)), expected, "{rule} {pattern} {until}");
    scan.head.suppressed = vec![suppressed("r high a 1", true)];
    scan.head.findings.clear();
    assert_eq!(shown(&run(scan, &settings)), expected, "suppressed: {rule} {pattern} {until}");
}

#[test]
fn a_waiver_holds_through_its_last_day() {
    check_waiver("r", "a", "2026-05-11", "a:1 waived(2026-05-11), Success");
    check_waiver("r", "**", "2026-05-10", "a:1 waived(2026-05-10), Success");
    check_waiver("r", "a", "2026-05-09", "a:1 blocks, Failure");
    check_waiver("r", "b/**", "2027-01-01", "a:1 blocks, Failure");
    check_waiver("s", "a", "2027-01-01", "a:1 blocks, Failure");
}

#[test]
fn an_ended_waiver_is_named() {
    let waiver = Waiver {
        rule: PolicyId::new("r"),
        paths: PathGlobs::new(&["**"]).unwrap(),
        finding: None,
        until: "2026-05-09".parse().unwrap(),
        owner: "team-a".into(),
        reason: "moving".into(),
        origin: Origin::Repository,
    };
    let settings = RepositorySettings { waivers: vec![waiver], ..RepositorySettings::default() };
    let verdict = run(Scan { base: side(&[]), head: side(&["r high a 1"]), ..Scan::default() }, &settings);
    assert_eq!(verdict.findings[0].note.as_deref(), Some("the waiver of team-a ended on 2026-05-09"));
}

fn check_unjudged(problem: &Problem, when: WhenUnjudged, expected: Conclusion) {
    let mut settings = RepositorySettings::default();
    settings.unjudged.value = when;
    let mut scan = Scan { base: side(&[]), head: side(&[]), ..Scan::default() };
    scan.head.problems = vec![problem.clone()];
    assert_eq!(run(scan, &settings).conclusion, expected, "{problem:?} {when:?}");
}

#[test]
fn what_is_not_judged_is_never_clean() {
    let syntax = Problem::of_file("a", Cause::Syntax, "no");
    let old = Problem { introduced: false, ..syntax.clone() };
    let settings = Problem { introduced: false, ..Problem::of_file("a", Cause::Settings, "no") };
    check_unjudged(&syntax, WhenUnjudged::Neutral, Conclusion::Neutral);
    check_unjudged(&syntax, WhenUnjudged::Fail, Conclusion::Failure);
    check_unjudged(&syntax, WhenUnjudged::Pass, Conclusion::Success);
    check_unjudged(&old, WhenUnjudged::Fail, Conclusion::Success);
    check_unjudged(&settings, WhenUnjudged::Pass, Conclusion::Neutral);
    check_unjudged(&settings, WhenUnjudged::Fail, Conclusion::Neutral);
    check_unjudged(&Problem::of_file("a", Cause::Binary, "no"), WhenUnjudged::Fail, Conclusion::Success);
}

#[test]
fn ignored_files_count_for_nothing_on_either_side() {
    let mut settings = RepositorySettings::default();
    settings.ignore.value = PathGlobs::new(&["old/**", "a"]).unwrap();
    let scan =
        Scan { base: side(&["r high old/x 1"]), head: side(&["r high new/x 1", "s high a 1"]), ..Scan::default() };
    let verdict = run(scan, &settings);
    assert_eq!(shown(&verdict), "new/x:1 blocks, Failure");
    assert_eq!((verdict.files, verdict.ignored), (0, 1));
}

#[test]
fn fail_on_never_blocks_nothing() {
    let mut settings = RepositorySettings::default();
    settings.fail_on.value = None;
    let scan = Scan { base: side(&[]), head: side(&["r critical a 1"]), ..Scan::default() };
    assert_eq!(shown(&run(scan, &settings)), "a:1 introduced, Success");
}

/// What a change of one file introduces, and how many findings are gone with it.
fn changed(path: &str, base: &str, head: &str) -> (Vec<String>, usize) {
    let content = |text: &str| Content::Text(text.into());
    let file = ChangedFile::new(path, None, FileStatus::Modified, content(base), content(head));
    let snapshot = Snapshot { files: vec![file], whole_tree: false };
    let found = crate::scan::scan(&snapshot, PolicySet::builtin(), &ScanOptions::default());
    let verdict = decide(found, &snapshot, &RepositorySettings::default(), today());
    let introduced = verdict.blocking().chain(verdict.to_know());
    (introduced.map(|judged| judged.finding.rule.as_str().to_owned()).collect(), verdict.resolved)
}

#[test]
fn a_digest_is_no_less_missing_once_the_version_is() {
    let (tag, none) = ("1.27.3", "latest");
    let pod =
        |tag: &str| format!("apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: a, image: 'nginx:{tag}'}}]}}\n");
    let compose = |tag: &str| format!("services: {{a: {{image: 'nginx:{tag}'}}}}\n");
    let from = |tag: &str| format!("FROM nginx:{tag}\nUSER 101\n");
    for (path, base, head, rule) in [
        ("a.yaml", pod(tag), pod(none), "kubernetes/image-tag-latest-or-missing"),
        ("compose.yaml", compose(tag), compose(none), "compose/image-tag-latest-or-missing"),
        ("Dockerfile", from(tag), from(none), "dockerfile/base-image-latest"),
    ] {
        assert_eq!(changed(path, &base, &head), (vec![rule.to_owned()], 0), "{path}");
        assert_eq!(changed(path, &head, &base), (vec![], 1), "{path}");
    }
}
