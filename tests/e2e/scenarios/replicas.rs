//! Several processes on one PostgreSQL, and what happens while it is away.
//!
//! Invariant: whoever works, each head has exactly one completed check run.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fake_github::FakeGitHub;
use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};
use crate::postgres::{Postgres, shared};

/// How long a dead replica's jobs may wait, with a busy machine's share on top: the lease is 5 s, and others look for
/// lost ones every 5 s.
const TAKEN_OVER: Duration = Duration::from_secs(25);

/// One process on a database.
async fn gate(database: &str) -> Gate {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    Gate::start_for(github, &[("DOCKGATE_DATABASE_URL", database)]).await
}

/// How many attempts at jobs a process has ended.
async fn attempts(gate: &Gate, replica: usize) -> u64 {
    let metrics = reqwest::get(gate.url_of(replica, "/metrics")).await.unwrap().text().await.unwrap();
    let counts = metrics.lines().filter(|line| line.starts_with("dockgate_jobs_total"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_work_and_judge_each_head_once() {
    let mut gate = gate(&shared().database().await).await;
    gate.add_replica().await;
    let mut heads = Vec::new();
    for number in 0..16 {
        let text = if number % 2 == 0 { privileged_pod("web") } else { pod("web") };
        let branch = format!("b{number}");
        heads.push(gate.open(&branch, &[Edit::write(&format!("{branch}.yaml"), &text)]).await);
    }
    for (index, (number, head)) in heads.iter().enumerate() {
        let run = gate.verdict(head).await;
        let expected = if index % 2 == 0 { "failure" } else { "success" };
        assert_eq!(run.conclusion.as_deref(), Some(expected), "{run:#?}");
        let reviews = gate.github.pull(REPOSITORY, *number).reviews.len();
        assert_eq!(reviews, usize::from(index % 2 == 0), "pull request {number}");
    }
    let done = [attempts(&gate, 0).await, attempts(&gate, 1).await];
    assert!(done[0] + done[1] >= 16 && done.iter().all(|count| *count > 0), "each did a part: {done:?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replica_is_taken_over_within_the_lease() {
    for (branch, method, path) in
        [("a", "", "git-upload-pack"), ("b", "PATCH", "/check-runs/"), ("c", "POST", "/reviews")]
    {
        let mut gate = gate(&shared().database().await).await;
        gate.github.fail(method, path, 1, FaultKind::Hang);
        let edit = Edit::write(&format!("{branch}.yaml"), &privileged_pod(branch));
        let (number, head) = gate.open(branch, &[edit]).await;
        gate.github.wait_for_hang().await;
        gate.add_replica().await;
        gate.kill_replica(0);
        let killed = Instant::now();
        gate.github.drop_hanging().await;
        let run = gate.verdict(&head).await;
        assert!(killed.elapsed() < TAKEN_OVER, "{path}: {:?}", killed.elapsed());
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{path}: {run:#?}");
        assert_eq!(gate.github.pull(REPOSITORY, number).reviews.len(), 1, "{path}");
        assert_eq!(attempts(&gate, 1).await, 1, "{path}: the other one did it, once");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_frozen_writes_nothing_that_another_did_meanwhile() {
    // The answer that it waits for, and what comes next: the conclusion, and the comments.
    for (path, method) in [("/graphql", "POST"), ("/check-runs/", "PATCH")] {
        let mut gate = gate(&shared().database().await).await;
        gate.github.fail(method, path, 1, FaultKind::Hang);
        let (number, head) = gate.open("a", &[Edit::write("a.yaml", &privileged_pod("a"))]).await;
        gate.github.wait_for_hang().await;
        gate.freeze(0, true);
        // Its answer is there when it wakes up, and is older than all that the other one does.
        gate.github.release();
        gate.add_replica().await;
        gate.github
            .wait_for("comments", |state| !state.repositories[REPOSITORY].pulls[&number].reviews.is_empty())
            .await;
        let is_done = async || attempts(&gate, 1).await > 0;
        while !is_done().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let writes = || gate.github.log().iter().filter(|request| request.method != "GET").count();
        let before = writes();
        gate.freeze(0, false);
        // It notices by its clock, or at the door.
        let notices = ["the lease ran out while the job ran", "another worker has the job by now"];
        gate.github.wait_for("its notice", |_| notices.iter().any(|notice| gate.output().contains(notice))).await;
        gate.idle().await;
        assert_eq!(gate.github.pull(REPOSITORY, number).reviews.len(), 1, "{path}");
        assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), 1, "{path}");
        assert_eq!(writes(), before, "{path}: nothing was written");
        let run = gate.verdict(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{path}: {run:#?}");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_nothing_is_taken_and_work_goes_on_afterwards() {
    let server = Postgres::start();
    let gate = gate(&server.database().await).await;
    let ready = async || {
        let answer = reqwest::get(gate.url("/readyz")).await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let database = body["checks"].as_array().unwrap().iter().find(|check| check["name"] == "database").unwrap();
        (status, database["ok"].as_bool().unwrap())
    };
    assert_eq!(ready().await, (200, true));
    // One job is in the middle of its work.
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
    let (_, begun) = gate.open("begun", &[Edit::write("begun.yaml", &privileged_pod("begun"))]).await;
    gate.github.wait_for_hang().await;
    server.stop();

    let head = gate.github.push(REPOSITORY, "late", &[Edit::write("late.yaml", &privileged_pod("late"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "late");
    let delivery = gate.github.pull_request_event(REPOSITORY, number, "opened");
    assert_eq!(gate.post(&delivery).await, 503, "GitHub keeps it as failed");
    assert_eq!(ready().await, (503, false));
    assert!(reqwest::get(gate.url("/healthz")).await.unwrap().status().is_success(), "a restart would not help");
    // Its lease runs out: somebody else could hold the job, so it stops.
    gate.wait_for_output("the lease ran out while the job ran").await;

    server.start_again();
    gate.github.drop_hanging().await;
    let started = Instant::now();
    while ready().await != (200, true) {
        assert!(started.elapsed() < TAKEN_OVER);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    gate.deliver(&delivery).await;
    for head in [begun, head] {
        assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    }
    gate.assert_sound();
}

/// Pull requests of ten files that are judged in a second, from the first delivery to the last completed check.
async fn judged_per_second(replicas: usize) -> f64 {
    const PULLS: usize = 24;
    let mut gate = gate(&shared().database().await).await;
    for _ in 1..replicas {
        gate.add_replica().await;
    }
    let pulls = (0..PULLS).map(|pull| {
        let edits = (0..10).map(|file| Edit::write(&format!("{pull}/{file}.yaml"), &pod("web"))).collect::<Vec<_>>();
        let head = gate.github.push(REPOSITORY, &format!("b{pull}"), &edits);
        (gate.github.open_pull(REPOSITORY, REPOSITORY, &format!("b{pull}")), head)
    });
    let pulls: Vec<(u64, String)> = pulls.collect();
    let started = Instant::now();
    for (number, _) in &pulls {
        gate.deliver(&gate.github.pull_request_event(REPOSITORY, *number, "opened")).await;
    }
    gate.idle().await;
    let seconds = started.elapsed().as_secs_f64();
    for (_, head) in &pulls {
        assert_eq!(gate.verdict(head).await.conclusion.as_deref(), Some("success"));
    }
    gate.assert_sound();
    f64::from(u32::try_from(PULLS).unwrap()) / seconds
}

/// Only a figure: two replicas on a machine with few cores, which the fake GitHub shares, need not be faster than one.
#[tokio::test(flavor = "multi_thread")]
async fn one_and_two_replicas_judge_a_burst() {
    let (one, two) = (judged_per_second(1).await, judged_per_second(2).await);
    println!("pull requests judged per second: {one:.1} by one replica, {two:.1} by two");
}
