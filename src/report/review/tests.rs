use super::super::sample;
use super::*;
use crate::scan::edit::Edit;
use crate::scan::policy::PolicySet;
use crate::scan::snapshot::{LineSet, Snapshot};
use crate::scan::span::{LineIndex, Span};
use crate::settings::repository::RepositorySettings;
use crate::verdict::{Standing, Verdict};

fn planned(verdict: &Verdict, snapshot: &Snapshot, settings: &RepositorySettings) -> ReviewPlan {
    plan(&input(verdict, snapshot, settings))
}

fn input<'a>(verdict: &'a Verdict, snapshot: &'a Snapshot, settings: &'a RepositorySettings) -> ReportInput<'a> {
    static NONE: std::sync::LazyLock<PolicySet> = std::sync::LazyLock::new(PolicySet::default);
    ReportInput {
        verdict,
        policies: &NONE,
        snapshot,
        settings,
        elapsed: None,
        settings_from: "defaults",
        head: Some("a1b2c3d4e5"),
        details_url: None,
        source_url: None,
        rules_url: None,
        waive_until: None,
        colour: false,
        explain: false,
    }
}

/// Checks the lines and the suggestion of the edit that replaces `old` by `new`, when the diff shows `visible`; the
/// suggestion, applied as GitHub does, must give what the edit gives.
fn check(text: &str, old: &str, new: &str, visible: &[usize], expected: Option<(usize, usize)>) {
    let mut finding = sample::finding_at("a.yaml", text, old);
    let edit = Edit { span: finding.span, replacement: new.into() };
    finding.edit = Some(edit.clone());
    let mut file = sample::file("a.yaml", text);
    file.visible = visible.iter().copied().collect();
    let verdict = sample::verdict(vec![(finding.clone(), Standing::Blocks)]);
    let found = suggestion::of(&finding, &file, &verdict);
    let lines = found.as_ref().map(|suggestion| (suggestion.first_line, suggestion.last_line));
    assert_eq!(lines, expected, "{text:?} {old:?} -> {new:?}");
    if let Some(suggestion) = found {
        let rows: Vec<&str> = text.split_inclusive('\n').collect();
        let (before, after) = (&rows[..suggestion.first_line - 1], &rows[suggestion.last_line..]);
        let applied = format!("{}{}{}", before.concat(), suggestion.text, after.concat());
        assert_eq!(applied, edit.apply(text).unwrap(), "{old:?} -> {new:?}");
    }
}

#[test]
fn a_suggestion_replaces_whole_lines() {
    let text = "a: 1\nb: 2\nc: 3\n";
    check(text, "2", "4", &[1, 2, 3], Some((2, 2)));
    check(text, "2", "4", &[1, 3], None);
    check(text, "2\nc: 3", "x", &[2, 3], Some((2, 3)));
    check(text, "b: 2\n", "", &[2], Some((2, 2)));
    check(text, "2\n", "4\n", &[2], Some((2, 2)));
    check(text, "\n", "", &[1, 2, 3], Some((1, 2)));
    check(text, "2", "2", &[1, 2, 3], None);
    check("a: 1", "1", "2", &[1], Some((1, 1)));
}

#[test]
fn an_insertion_stands_on_a_line_that_is_shown() {
    let text = "a: 1\nb: 2\n";
    let insert = |at: usize, visible: &[usize]| {
        let mut finding = sample::finding_at("a.yaml", text, "b");
        finding.edit = Some(Edit { span: Span::new(at, at), replacement: "new: x\n".into() });
        let mut file = sample::file("a.yaml", text);
        file.visible = visible.iter().copied().collect();
        let verdict = sample::verdict(vec![]);
        suggestion::of(&finding, &file, &verdict).map(|found| (found.first_line, found.last_line, found.text))
    };
    assert_eq!(insert(5, &[2]), Some((2, 2, "new: x\nb: 2\n".into())));
    assert_eq!(insert(5, &[1]), Some((1, 1, "a: 1\nnew: x\n".into())));
    assert_eq!(insert(10, &[2]), Some((2, 2, "b: 2\nnew: x\n".into())));
    assert_eq!(insert(5, &[]), None);
}

#[test]
fn a_suggestion_never_repeats_a_secret() {
    let text = "password: hunter2 # x\nb: 2\n";
    let mut finding = sample::finding_at("a.yaml", text, "x");
    finding.edit = Some(Edit { span: finding.span, replacement: "y".into() });
    let mut secret = sample::finding_at("a.yaml", text, "hunter2");
    secret.category = Category::Secret;
    let verdict = sample::verdict(vec![(finding.clone(), Standing::Blocks), (secret, Standing::Existing)]);
    assert_eq!(suggestion::of(&finding, &sample::file("a.yaml", text), &verdict), None);
}

#[test]
fn comments_stand_only_where_the_diff_shows_lines() {
    let text = "a: 1\nb: 2\nc: 3\nd: 4\n";
    for (marked, touched, visible, expected) in [
        ("b: 2", vec![2], vec![1, 2, 3], Some((None, 2))),
        ("b: 2\nc: 3\n", vec![3], vec![1, 2, 3], Some((Some(2), 3))),
        ("b: 2\nc: 3\n", vec![3], vec![3], Some((None, 3))),
        ("b: 2", vec![4], vec![4], None),
    ] {
        let mut file = sample::file("a.yaml", text);
        file.touched = touched.into_iter().collect::<LineSet>();
        file.visible = visible.into_iter().collect::<LineSet>();
        let verdict = sample::verdict(vec![(sample::finding_at("a.yaml", text, marked), Standing::Blocks)]);
        let snapshot = Snapshot { files: vec![file], whole_tree: false };
        let plan = planned(&verdict, &snapshot, &RepositorySettings::default());
        let found = plan.comments.first().map(|comment| (comment.start_line, comment.line));
        assert_eq!(found, expected, "{marked:?}");
    }
}

#[test]
fn comments_are_few_and_told_apart() {
    let text = "a: 1\n".repeat(30);
    let lines = LineIndex::new(&text);
    let findings = (0..30).map(|line| {
        let mut finding = sample::finding_at("a.yaml", &text, "1");
        finding.start.line = line + 1;
        finding.end.line = line + 1;
        finding.span = Span::new(lines.start_of(line + 1) + 3, lines.start_of(line + 1) + 4);
        (finding, Standing::Blocks)
    });
    let verdict = sample::verdict(findings.collect());
    let snapshot = Snapshot { files: vec![sample::file("a.yaml", &text)], whole_tree: false };
    let plan = planned(&verdict, &snapshot, &RepositorySettings::default());
    assert_eq!((plan.comments.len(), plan.left_out), (20, 10));
    let markers: std::collections::BTreeSet<&str> =
        plan.comments.iter().filter_map(|comment| marker_of(&comment.body)).collect();
    assert_eq!(markers.len(), 20);
    assert!(plan.comments.iter().all(|comment| marker_of(&comment.body) == Some(comment.marker.as_str())));
}

#[test]
fn no_comment_is_longer_than_github_takes() {
    let line = format!("a: \"{}\", b: 1\n", "x".repeat(100_000));
    check(&line, "b: 1", "b: 2", &[1], None);
    let text = "a: 1\n";
    let verdict = sample::verdict(vec![(sample::finding_at("a.yaml", text, "1"), Standing::Blocks)]);
    let rule = &verdict.findings[0].finding.rule;
    let mut policy = PolicySet::builtin().get(rule).unwrap().clone();
    policy.why = "`a` is bad, ".repeat(10_000);
    let policies = PolicySet::of([policy]);
    let snapshot = Snapshot { files: vec![sample::file("a.yaml", text)], whole_tree: false };
    let settings = RepositorySettings::default();
    let comment =
        plan(&ReportInput { policies: &policies, ..input(&verdict, &snapshot, &settings) }).comments.remove(0);
    assert!(comment.body.len() < 65_536, "{}", comment.body.len());
    assert_eq!(marker_of(&comment.body), Some(comment.marker.as_str()));
}

#[test]
fn only_our_own_marker_counts() {
    assert_eq!(marker_of("text\n<!-- dockgate:ab12-2 -->\n"), Some("ab12-2"));
    for body in ["", "text", "<!-- dockgate:ab12 --> and more", "<!-- dockgate:<b> -->", "<!-- dockgate: -->"] {
        assert_eq!(marker_of(body), None, "{body}");
    }
}

#[test]
fn a_hostile_name_stays_inert() {
    let text = "a: 1\n";
    let mut finding = sample::finding_at("a.yaml", text, "1");
    finding.message = "container `x`<!-- dockgate:00 --> @octocat ![](http://e.vil) runs".into();
    let verdict = sample::verdict(vec![(finding, Standing::Blocks)]);
    let snapshot = Snapshot { files: vec![sample::file("a.yaml", text)], whole_tree: false };
    let body = planned(&verdict, &snapshot, &RepositorySettings::default()).comments.remove(0).body;
    assert!(
        !body.contains("@octocat") && body.contains("!\\[\\](http&#58;") && body.matches("<!--").count() == 1,
        "{body}"
    );
}
