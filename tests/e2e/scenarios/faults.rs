//! GitHub and the process itself failing at bad moments.
//!
//! Invariant: a failure delays the verdict; it neither loses nor repeats it.

use std::time::Duration;

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// A blocking change under one fault: one failure, one review, whatever happened in between.
async fn check(method: &'static str, path: &'static str, times: usize, kind: FaultKind) -> Gate {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail(method, path, times, kind);
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{method} {path} {kind:?}: {run:#?}");
    let pull = gate.github.pull(REPOSITORY, number);
    assert_eq!(pull.reviews.len(), 1, "{method} {path} {kind:?}: {:#?}", pull.reviews);
    assert!(gate.github.state().faults.is_empty(), "{method} {path} {kind:?} did not strike");
    gate.assert_sound();
    gate
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_gateways_delay_only() {
    check("POST", "/access_tokens", 2, FaultKind::Status(502)).await;
    check("POST", "/check-runs", 1, FaultKind::Status(502)).await;
    check("PATCH", "/check-runs/", 1, FaultKind::Status(502)).await;
    check("POST", "/reviews", 1, FaultKind::Status(502)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_repeat_nothing() {
    check("POST", "/check-runs", 1, FaultKind::LostAnswer(502)).await;
    check("PATCH", "/check-runs/", 1, FaultKind::LostAnswer(504)).await;
    check("POST", "/reviews", 1, FaultKind::LostAnswer(502)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_waited_for() {
    for (path, kind, seconds) in [
        ("/check-runs", FaultKind::TooManyRequests { retry_after_seconds: 3 }, 3),
        ("/reviews", FaultKind::TooManyRequests { retry_after_seconds: 3 }, 3),
        // A time of day in whole seconds, of which a part is gone.
        ("graphql", FaultKind::QuotaSpent { reset_in_seconds: 4 }, 3),
    ] {
        let gate = check("POST", path, 1, kind).await;
        let mut log = gate.github.api_requests().into_iter().skip_while(|request| !matches!(request.status, 403 | 429));
        let (refused, next) = (log.next().unwrap(), log.next().unwrap());
        let waited = next.at.duration_since(refused.at);
        assert!(waited >= Duration::from_secs(seconds), "{path}: {} came after {waited:?}", next.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn annotations_that_github_refuses_hold_no_verdict_back() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("PATCH", "/check-runs/", 1, FaultKind::Status(422));
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert!(run.annotations.is_empty(), "{run:#?}");
    let summary = run.summary.as_deref().unwrap();
    assert!(summary.contains("web.yaml:") && !summary.contains("Nothing was judged"), "{summary}");
    assert_eq!(pull.comments.len(), 1);
    assert!(gate.dead().await.is_empty());
    gate.github.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_delay_only() {
    check("POST", "/check-runs", 1, FaultKind::Reset).await;
    check("", "git-upload-pack", 1, FaultKind::Reset).await;
    check("", "info/refs", 1, FaultKind::Status(502)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_and_repeats_nothing() {
    let mut gate = Gate::start(&[("README.md", "hello\n")]).await;
    for (branch, method, path) in
        [("a", "", "git-upload-pack"), ("b", "PATCH", "/check-runs/"), ("c", "POST", "/reviews")]
    {
        gate.github.fail(method, path, 1, FaultKind::Hang);
        let text = privileged_pod(branch);
        let (number, head) = gate.open(branch, &[Edit::write(&format!("{branch}.yaml"), &text)]).await;
        gate.github.wait_for_hang().await;
        gate.kill();
        // What hung never happens.
        gate.github.drop_hanging().await;
        gate.restart().await;
        let run = gate.verdict(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{path}: {run:#?}");
        assert_eq!(gate.github.pull(REPOSITORY, number).reviews.len(), 1, "{path}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_after_a_kill_ends_the_older_run_and_fails_nothing() {
    let mut gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
    let (number, older) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.github.wait_for_hang().await;
    gate.kill();
    gate.github.drop_hanging().await;
    gate.restart().await;
    let newer = gate.push("feature", number, &[Edit::write("web.yaml", &pod("web"))]).await;
    let run = gate.verdict(&newer).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    gate.idle().await;
    let runs = gate.runs(&newer);
    assert_eq!(runs.len(), 1, "{runs:#?}");
    let older = gate.runs(&older);
    assert!(!older.is_empty() && older.iter().all(|run| run.conclusion.as_deref() == Some("cancelled")), "{older:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_the_head_moved_twice_leaves_no_run_open() {
    for is_newest_delivered in [false, true] {
        let mut gate = Gate::start(&[("README.md", "hello\n")]).await;
        gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
        let named = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("one"))]);
        let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
        let opened = gate.github.pull_request_event(REPOSITORY, number, "opened");
        // The delivery of this one is lost: the job finds the newer head by itself, and is killed while it judges it.
        let found = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("two"))]);
        gate.deliver(&opened).await;
        gate.github.wait_for_hang().await;
        assert_eq!(gate.runs(&found).len(), 1, "the newer head is the one that is judged");
        gate.kill();
        gate.github.drop_hanging().await;
        let newest = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("three"))]);
        gate.restart().await;
        if is_newest_delivered {
            gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "synchronize")).await;
        }
        let run = gate.verdict(&newest).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
        for older in [&named, &found] {
            let runs = gate.runs(older);
            assert!(runs.iter().all(|run| run.conclusion.as_deref() == Some("cancelled")), "{runs:#?}");
        }
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_graphql_the_check_is_concluded_and_no_comment_is_repeated() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("POST", "graphql", 1000, FaultKind::Status(404));
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    gate.idle().await;
    let before = gate.github.pull(REPOSITORY, number).comments.len();
    assert!(before > 0);
    let next = gate.push("feature", number, &[Edit::write("other.yaml", &pod("other"))]).await;
    assert_eq!(gate.verdict(&next).await.conclusion.as_deref(), Some("failure"));
    gate.idle().await;
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_the_api_gives_the_same_verdict() {
    for without_graphql in [false, true] {
        let settings = "rules: {kubernetes/host-network: off}\n";
        let gate = Gate::start(&[("README.md", "hello\n"), (".github/dockgate.yml", settings)]).await;
        gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
        if without_graphql {
            gate.github.fail("POST", "graphql", 1000, FaultKind::Status(404));
        }
        let text = privileged_pod("web").replace("spec:\n", "spec:\n  hostNetwork: true\n");
        let (run, _) = gate.judge(&[Edit::write("web.yaml", &text), Edit::write("notes.txt", "hello\n")]).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
        let told = format!("{:?}", run.annotations);
        assert!(told.contains("privileged") && !told.contains("host-network"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_is_concluded_before_comments_are_made() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.verdict(&head).await;
    let log = gate.github.log();
    let concluded = log.iter().position(|request| request.body.contains("\"conclusion\":\"failure\"")).unwrap();
    let commented = log.iter().position(|request| request.path.ends_with("/reviews")).unwrap();
    assert!(concluded < commented, "{log:#?}");
    gate.assert_sound();
}
