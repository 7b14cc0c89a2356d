//! Several pull requests with one commit.
//!
//! Invariant: the check of the commit passes only while none of them is blocked.

use std::collections::BTreeMap;

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::privileged_pod;
use crate::harness::{Gate, REPOSITORY};

/// A repository with a branch under whose settings everything passes.
async fn start(more: &[(&str, &str)]) -> Gate {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    github.push(REPOSITORY, "lenient", &[Edit::write(".github/dockgate.yml", "fail-on: never\n")]);
    Gate::start_for(github, more).await
}

/// Opens one more pull request for the branch, into `main` or the lenient one, and tells of it when it is `heard`.
async fn open(gate: &Gate, base: &str, heard: bool) -> u64 {
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    if base != "main" {
        gate.github.retarget(REPOSITORY, number, base);
    }
    if heard {
        gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
        gate.idle().await;
    }
    number
}

/// How the newest check run of each pull request on `head` was concluded, in the order of their numbers.
fn conclusions(gate: &Gate, head: &str) -> Vec<String> {
    let newest: BTreeMap<String, String> =
        gate.runs(head).into_iter().map(|run| (run.external_id, run.conclusion.unwrap_or_default())).collect();
    newest.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_elsewhere_does_not_turn_a_blocked_commit_green() {
    for bases in [["main", "lenient"], ["lenient", "main"]] {
        let gate = start(&[]).await;
        let head = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
        let mut numbers = Vec::new();
        for base in bases {
            numbers.push((open(&gate, base, true).await, base));
        }
        gate.idle().await;
        assert_eq!(conclusions(&gate, &head), ["failure", "failure"], "{bases:?}");
        let (blocked, _) = numbers.iter().find(|(_, base)| *base == "main").unwrap();
        let (held, _) = numbers.iter().find(|(_, base)| *base == "lenient").unwrap();
        let of = |number: u64| {
            let id = format!("{REPOSITORY}#{number}");
            gate.runs(&head).into_iter().rfind(|run| run.external_id == id).unwrap()
        };
        let title = of(*held).title.unwrap();
        assert_eq!(title, format!("Held up: #{blocked} has the same commit and is blocked"), "{bases:?}");
        // When the blocked one is over, the other one is let through without anybody asking.
        gate.deliver(&gate.github.close(REPOSITORY, *blocked)).await;
        gate.idle().await;
        assert_eq!(of(*held).conclusion.as_deref(), Some("success"), "{bases:?}");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_pull_request_is_found_though_another_one_has_a_verdict_on_its_commit() {
    let gate = start(&[("DOCKGATE_RECONCILE_SECONDS", "2")]).await;
    let head = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &privileged_pod("web"))]);
    open(&gate, "lenient", true).await;
    let number = open(&gate, "main", false).await;
    let id = format!("{REPOSITORY}#{number}");
    let blocks = |run: &crate::fake_github::state::CheckRun| {
        run.external_id == id && run.conclusion.as_deref() == Some("failure")
    };
    gate.github.wait_for("its verdict", |state| state.repositories[REPOSITORY].runs.iter().any(blocks)).await;
    gate.idle().await;
    assert_eq!(conclusions(&gate, &head), ["failure", "failure"]);
    gate.assert_sound();
}
