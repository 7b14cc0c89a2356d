//! Checks that somebody or something asks for again.
//!
//! Invariant: a re-run judges the head anew, wherever it comes from.

use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

#[tokio::test(flavor = "multi_thread")]
async fn the_rerun_buttons_judge_again() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let mut last = gate.verdict(&head).await;
    let comments = gate.github.pull(REPOSITORY, number).comments.len();
    for delivery in [
        gate.github.check_run_event(REPOSITORY, &head, "rerequested"),
        gate.github.check_suite_event(REPOSITORY, &head, "rerequested"),
    ] {
        let before = gate.github.log().len();
        gate.deliver(&delivery).await;
        let run = gate.deciding(&head).await;
        assert!(gate.github.log().len() > before, "{} does something", delivery.event);
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
        assert!(run.id > last.id || run.completions > last.completions, "{run:#?}");
        last = run;
    }
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), comments, "comments are not repeated");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_for_a_fork_finds_its_pull_request() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fork(REPOSITORY, "eve/shop");
    let head = gate.github.push("eve/shop", "theirs", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, "eve/shop", "theirs");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    let first = gate.verdict(&head).await;
    gate.deliver(&gate.github.check_run_event(REPOSITORY, &head, "rerequested")).await;
    let run = gate.deciding(&head).await;
    assert!(run.id > first.id || run.completions > first.completions, "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_base_branch_is_judged_again() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    gate.github.push(REPOSITORY, "release", &[Edit::write(".github/dockgate.yml", "fail-on: never\n")]);
    gate.github.retarget(REPOSITORY, number, "release");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "edited")).await;
    gate.idle().await;
    let run = gate.deciding(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "the new base's settings count: {run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_group_is_scanned_not_waved_through() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    for (branch, text, expected) in [("good", pod("web"), "success"), ("bad", privileged_pod("web"), "failure")] {
        gate.github.push(REPOSITORY, branch, &[Edit::write(&format!("{branch}.yaml"), &text)]);
        let number = gate.github.open_pull(REPOSITORY, REPOSITORY, branch);
        let (group, delivery) = gate.github.merge_group_event(REPOSITORY, number);
        gate.deliver(&delivery).await;
        let run = gate.verdict(&group).await;
        assert_eq!((run.name.as_str(), run.conclusion.as_deref()), ("dockgate", Some(expected)), "{run:#?}");
        assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_is_closed_meanwhile_leaves_nothing_open() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let head = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let opened = gate.github.pull_request_event(REPOSITORY, number, "opened");
    gate.github.state().repositories.get_mut(REPOSITORY).unwrap().pulls.get_mut(&number).unwrap().open = false;
    gate.deliver(&opened).await;
    gate.idle().await;
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    assert!(gate.runs(&head).is_empty(), "nobody waits for a verdict: {:#?}", gate.runs(&head));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_delivery_is_judged_again_and_writes_nothing() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.verdict(&head).await;
    let delivery = gate.github.pull_request_event(REPOSITORY, number, "opened");
    let payload: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
    let recorded = serde_json::json!({"event": delivery.event, "request": {"payload": payload}});
    std::fs::write(gate.folder.path().join("delivery.json"), recorded.to_string()).unwrap();
    let written = |gate: &Gate| {
        let requests = gate.github.api_requests().into_iter();
        requests
            .filter(|r| r.method != "GET" && !r.path.contains("access_tokens") && !r.path.contains("graphql"))
            .count()
    };
    let before = written(&gate);
    let first = gate.run(&["replay", "--format", "json", "delivery.json"]).await;
    let second = gate.run(&["replay", "--format", "json", "delivery.json"]).await;
    assert_eq!(first.status.code(), Some(1), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(first.stdout, second.stdout);
    assert!(String::from_utf8_lossy(&first.stdout).contains("kubernetes/privileged-container"));
    assert_eq!(written(&gate), before);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_knows_the_app_and_its_permissions() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let output = gate.run(&["doctor"]).await;
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("ok    GitHub: knows the app"), "{shown}");
    assert!(shown.contains("ok    permission: checks: write"), "{shown}");
    assert!(shown.contains("ok    database"), "{shown}");
    assert!(shown.contains("ok    clock"), "{shown}");
}
