//! Whose settings count.
//!
//! Invariant: nothing that a pull request proposes decides about that pull request.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// Settings under which a privileged pod passes.
const LENIENT: &str = "fail-on: never\nrules:\n  kubernetes/privileged-container: off\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_switches_rules_off_is_judged_by_the_base() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fork(REPOSITORY, "eve/shop");
    let edits = [Edit::write(".github/dockgate.yml", LENIENT), Edit::write("web.yaml", &privileged_pod("web"))];
    let head = gate.github.push("eve/shop", "evil", &edits);
    let number = gate.github.open_pull(REPOSITORY, "eve/shop", "evil");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert!(gate.github.state().repositories[REPOSITORY].runs.iter().any(|found| found.id == run.id));
    assert!(!gate.github.pull(REPOSITORY, number).comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_the_repository_cannot_waive_itself_either() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let waiver = "waivers:\n  - rule: kubernetes/privileged-container\n    paths: ['**']\n    until: 2099-12-31\n    \
                  owner: eve\n    reason: because\n";
    let edits = [Edit::write(".github/dockgate.yml", waiver), Edit::write("web.yaml", &privileged_pod("web"))];
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_base_count() {
    let gate = Gate::start(&[(".github/dockgate.yml", LENIENT)]).await;
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    let named = pull.comments.iter().any(|comment| comment.body.contains("kubernetes/privileged-container"));
    assert!(!named, "{:#?}", pull.comments);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_settings_are_said_and_pass_nothing() {
    let gate = Gate::start(&[(".github/dockgate.yml", "fail_on: never\n")]).await;
    let (number, head) = gate.open("clean", &[Edit::write("web.yaml", &pod("web"))]).await;
    let clean = gate.verdict(&head).await;
    let said = format!("{:?}{:?}", clean.summary, clean.text);
    assert!(said.contains("dockgate.yml") && said.contains("fail-on"), "{said}");
    assert_ne!(clean.conclusion.as_deref(), Some("success"), "{clean:#?}");
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    let (_, head) = gate.open("bad", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_of_the_organisation_apply() {
    let github = FakeGitHub::start().await;
    github.create_repository("acme/.github", &[("dockgate.yml", LENIENT)]);
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[]).await;
    let (run, _) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_pass_nothing() {
    use crate::fake_github::fault::FaultKind;
    // Blocks by these settings only: read as absent, they would let it pass.
    let gate = Gate::start(&[(".github/dockgate.yml", "fail-on: low\n")]).await;
    gate.github.fail("GET", "/contents/", 1, FaultKind::Status(502));
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Status(502));
    let (run, _) = gate.judge(&[Edit::write("Dockerfile", "FROM debian:12.11-slim\nUSER 1000\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "it is tried again: {run:#?}");
    gate.assert_sound();
}
