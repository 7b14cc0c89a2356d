//! From a change to its verdict and back.
//!
//! Invariant: what the pull request did not bring is never held against it.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::{line_of, pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_change_gets_one_success_and_no_comment() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (run, pull) = gate.judge(&[Edit::write("deploy/web.yaml", &pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert_eq!(run.name, "dockgate");
    assert_eq!(run.completions, 1);
    assert!(pull.reviews.is_empty() && pull.comments.is_empty() && pull.issue_comments.is_empty(), "{pull:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_anything_to_judge_is_concluded_too() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (run, pull) = gate.judge(&[Edit::write("README.md", "hello world\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(pull.reviews.is_empty(), "{pull:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privileged_pod_blocks_with_annotation_and_suggestion_on_its_line() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let text = privileged_pod("web");
    let (run, pull) = gate.judge(&[Edit::write("deploy/web.yaml", &text)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let line = line_of(&text, "privileged: true");
    let blocking: Vec<_> = run.annotations.iter().filter(|note| note["annotation_level"] == "failure").collect();
    assert!(
        blocking.iter().any(|note| note["path"] == "deploy/web.yaml" && note["start_line"] == line),
        "{:#?}",
        run.annotations
    );
    let title = run.title.as_deref().unwrap();
    assert!(title.contains("block"), "{title}");
    assert_eq!(pull.reviews.len(), 1, "{:#?}", pull.reviews);
    let comment = pull.comments.iter().find(|comment| comment.body.contains("kubernetes/privileged-container"));
    let comment = comment.unwrap_or_else(|| panic!("{:#?}", pull.comments));
    assert_eq!(comment.line, Some(line));
    assert!(comment.body.contains("```suggestion"), "{}", comment.body);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_turns_the_check_green_and_closes_the_thread() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.verdict(&head).await;
    let before = gate.github.pull(REPOSITORY, number).comments.len();
    assert!(before > 0);
    let fixed = gate.push("feature", number, &[Edit::write("web.yaml", &pod("web"))]).await;
    let run = gate.verdict(&fixed).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    let pull = gate.github.pull(REPOSITORY, number);
    assert_eq!(pull.comments.len(), before, "no comment is repeated: {:#?}", pull.comments);
    let closed = pull.comments.iter().all(|comment| comment.resolved || comment.minimized);
    assert!(closed, "{:#?}", pull.comments);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_resolved_where_that_is_wanted_and_granted() {
    for (wanted, granted) in [("false", "write"), ("true", "write"), ("true", "read")] {
        let github = FakeGitHub::start().await;
        github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
        github.grant("contents", granted);
        let gate = Gate::start_for(github, &[("DOCKGATE_RESOLVE_THREADS", wanted)]).await;
        let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
        gate.verdict(&head).await;
        let fixed = gate.push("feature", number, &[Edit::write("web.yaml", &pod("web"))]).await;
        assert_eq!(gate.verdict(&fixed).await.conclusion.as_deref(), Some("success"));
        let pull = gate.github.pull(REPOSITORY, number);
        let resolves = wanted == "true" && granted == "write";
        assert!(!pull.comments.is_empty());
        for comment in &pull.comments {
            assert_eq!(
                (comment.resolved, comment.minimized),
                (resolves, !resolves),
                "{wanted} {granted}: {comment:#?}"
            );
        }
        let output = gate.run(&["doctor"]).await;
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.contains(&format!("DOCKGATE_RESOLVE_THREADS = {wanted}  (environment)")), "{shown}");
        // What the app itself asks for stays `contents: read` here.
        assert_eq!(shown.contains("FAIL  review threads"), wanted == "true", "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_changes_nothing_for_a_finding_repeats_no_comment() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.verdict(&head).await;
    let before = gate.github.pull(REPOSITORY, number).comments.len();
    let shifted = format!("# one more line\n{}", privileged_pod("web"));
    let next = gate.push("feature", number, &[Edit::write("web.yaml", &shifted)]).await;
    let run = gate.verdict(&next).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"));
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), before);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_before_does_not_block() {
    let gate = Gate::start(&[("web.yaml", &privileged_pod("web"))]).await;
    let labelled = privileged_pod("web").replace("metadata:\n", "metadata:\n  labels: {team: shop}\n");
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &labelled)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(pull.comments.is_empty(), "{:#?}", pull.comments);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_merged_meanwhile_is_not_blamed_on_the_pull_request() {
    let gate = Gate::start(&[("README.md", "hello\n"), ("web.yaml", &privileged_pod("web"))]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("notes.md", "mine\n")]);
    // The base loses its privileged pod and gains another after the branch was made.
    gate.github.push(REPOSITORY, "main", &[Edit::write("web.yaml", &pod("web"))]);
    gate.github.push(REPOSITORY, "main", &[Edit::write("other.yaml", &privileged_pod("other"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    let pull = gate.github.pull(REPOSITORY, number);
    let run = gate.verdict(&pull.head_sha).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_parse_hides_no_other() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let broken = format!("a: [1, 2\n---\n{}", privileged_pod("beside"));
    let edits = [Edit::write("broken.yaml", &broken), Edit::write("web.yaml", &privileged_pod("web"))];
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let paths: Vec<_> = run.annotations.iter().filter_map(|note| note["path"].as_str()).collect();
    assert!(paths.contains(&"web.yaml"), "{paths:?}");
    // The document after the broken one is judged, and the broken one is named with its line.
    let of_broken = |level: &str| {
        let mut notes = run.annotations.iter().filter(|note| note["path"] == "broken.yaml");
        notes.any(|note| note["annotation_level"] == level)
    };
    assert!(of_broken("failure") && of_broken("warning"), "{:#?}", run.annotations);
    let summary = run.summary.as_deref().unwrap_or_default();
    assert!(summary.contains("1 could not be judged") && summary.contains("`broken.yaml:2"), "{summary}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_suppression_of_a_blocking_finding_does_not_count() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let text = privileged_pod("web").replace(
        "        privileged: true\n",
        "        # dockgate:ignore kubernetes/privileged-container -- we need it\n        privileged: true\n",
    );
    let (run, _) = gate.judge(&[Edit::write("web.yaml", &text)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let summary = run.summary.as_deref().unwrap_or_default();
    assert!(summary.contains("comes with this change and does not count"), "{summary}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_have_pages_that_the_check_run_links_to() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[("DOCKGATE_RULES_URL", "https://gate.example.com/rules/")]).await;
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let link = "(https://gate.example.com/rules/kubernetes/privileged-container.html)";
    assert!(run.summary.as_deref().is_some_and(|summary| summary.contains(link)), "{run:#?}");
    let comments: Vec<&str> = pull.comments.iter().map(|one| one.body.as_str()).collect();
    assert!(comments.iter().any(|body| body.contains(link)), "{comments:?}");
    let page = reqwest::get(gate.url("/rules/kubernetes/privileged-container.html")).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("KSV-0017"));
    let list = reqwest::get(gate.url("/rules")).await.unwrap();
    assert!(list.url().path().ends_with("/rules/index.html"));
    for nothing in ["/rules/kubernetes/none.html", "/rules/..%2fCargo.toml"] {
        assert_eq!(reqwest::get(gate.url(nothing)).await.unwrap().status(), 404, "{nothing}");
    }
    gate.assert_sound();
}
