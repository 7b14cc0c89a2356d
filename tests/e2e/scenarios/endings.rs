//! Pull requests and merge groups that end or wait, while they are judged or before.
//!
//! Invariant: what is over is not judged, and leaves no check run open; a verdict that was told stands.

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_is_closed_while_it_is_judged_stops_its_job() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("POST", "/graphql", 1, FaultKind::Hang);
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.github.wait_for_hang().await;
    gate.deliver(&gate.github.close(REPOSITORY, number)).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("cancelled"), "{run:#?}");
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    gate.github.release();
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_stands_when_the_pull_request_is_merged() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    gate.verdict(&head).await;
    gate.deliver(&gate.github.close(REPOSITORY, number)).await;
    let run = gate.verdict(&head).await;
    assert_eq!((run.conclusion.as_deref(), run.completions), (Some("success"), 1), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_group_that_is_destroyed_stops_its_job() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let (group, requested) = gate.github.merge_group_event(REPOSITORY, number);
    gate.github.fail("GET", "/compare/", 1, FaultKind::Hang);
    gate.deliver(&requested).await;
    gate.github.wait_for_hang().await;
    gate.deliver(&requested.with_action("destroyed")).await;
    let run = gate.verdict(&group).await;
    assert_eq!(run.conclusion.as_deref(), Some("cancelled"), "{run:#?}");
    gate.github.release();
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_judged_in_silence_where_settings_say_so() {
    let settings = (".github/dockgate.yml", "pull-requests: {drafts: silent}\n");
    let gate = Gate::start(&[("README.md", "hello\n"), settings]).await;
    let head = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    gate.github.change_pull(REPOSITORY, number, |pull| pull.draft = true);
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    gate.github.change_pull(REPOSITORY, number, |pull| pull.draft = false);
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "ready_for_review")).await;
    assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("failure"));
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), 1);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_merge_queue_objects_to_is_said_on_the_pull_request_once_and_taken_back() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("success"));
    let said = |gate: &Gate| {
        let comments = gate.github.pull(REPOSITORY, number).issue_comments;
        comments.into_iter().map(|comment| comment.body).collect::<Vec<_>>()
    };
    let queue = async |gate: &Gate| {
        let (group, delivery) = gate.github.merge_group_event(REPOSITORY, number);
        gate.deliver(&delivery).await;
        gate.verdict(&group).await.conclusion.unwrap()
    };
    assert_eq!(queue(&gate).await, "success");
    assert!(said(&gate).is_empty(), "what the check run shows is not said");
    // The branch got worse, and the queue is asked before its own check is.
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    assert_eq!(queue(&gate).await, "failure");
    let first = said(&gate);
    assert!(first.len() == 1 && first[0].starts_with("In the merge queue, at "), "{first:?}");
    assert!(first[0].contains("`kubernetes/privileged-container`"), "{first:?}");
    gate.github.push(REPOSITORY, "main", &[Edit::write("other.md", "theirs\n")]);
    assert_eq!(queue(&gate).await, "failure");
    let second = said(&gate);
    assert!(second.len() == 1 && second != first, "changed in place: {second:?}");
    gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    assert_eq!(queue(&gate).await, "success");
    let last = said(&gate);
    assert!(last.len() == 1 && last[0].contains("nothing blocks any more"), "{last:?}");
    gate.assert_sound();
}
