//! How long a pull request waits for its check, and how many are judged in a second.
//!
//! Short by default. With figures that mean something:
//! `FIGURES_PULLS=100 cargo test --release --test e2e scenarios::figures -- --nocapture --test-threads=1`.
//!
//! Invariant: counts are asserted; times are printed, to be compared within one run.

use std::time::{Duration, Instant};

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// One pull request follows the other here, which the pauses between writes are not made for.
const SETTINGS: [(&str, &str); 2] = [("DOCKGATE_WRITE_MILLISECONDS", "1"), ("DOCKGATE_COMMENTS_PER_HOUR", "1000000")];
/// How fast GitHub answers.
const ANSWERS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(80)];
/// How long all verdicts may take.
const PATIENCE: Duration = Duration::from_mins(5);

fn pulls() -> u32 {
    std::env::var("FIGURES_PULLS").ok().map_or(4, |text| text.parse().unwrap())
}

/// Ten files, three of them with a finding.
fn ten_files(branch: &str) -> Vec<Edit> {
    let text = |index| if index < 3 { privileged_pod("web") } else { pod("web") };
    (0..10).map(|index| Edit::write(&format!("{branch}/{index}.yaml"), &text(index))).collect()
}

/// When the check of `head` was concluded.
async fn concluded(gate: &Gate, head: &str) -> Instant {
    let run = gate.deciding(head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let path = format!("/repos/{REPOSITORY}/check-runs/{}", run.id);
    let log = gate.github.log();
    let last = log.iter().rfind(|request| request.method == "PATCH" && request.path == path);
    last.expect("the request that concluded it").at
}

/// The time from each delivery to its verdict, shortest first, and how many requests the pull requests took.
async fn wait_of_each(gate: &Gate, answer: Duration) -> (Vec<Duration>, u32) {
    let mut waits = Vec::new();
    let before = gate.github.api_requests().len();
    for index in 0..pulls() {
        let branch = format!("change-{}-{index}", answer.as_millis());
        let head = gate.github.push(REPOSITORY, &branch, &ten_files(&branch));
        let number = gate.github.open_pull(REPOSITORY, REPOSITORY, &branch);
        let event = gate.github.pull_request_event(REPOSITORY, number, "opened");
        let told = Instant::now();
        gate.deliver(&event).await;
        waits.push(concluded(gate, &head).await.duration_since(told) + answer);
        gate.idle().await;
    }
    waits.sort_unstable();
    (waits, u32::try_from(gate.github.api_requests().len() - before).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slower_github_takes_longer_but_no_more_requests() {
    let mut figures = Vec::new();
    for answer in ANSWERS {
        let github = FakeGitHub::start().await;
        github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
        let gate = Gate::start_for(github, &SETTINGS).await;
        gate.open("warm", &[Edit::write("warm.yaml", &pod("web"))]).await;
        gate.idle().await;
        gate.github.state().answer_after = answer;
        figures.push(wait_of_each(&gate, answer).await);
        gate.github.state().answer_after = Duration::ZERO;
        gate.assert_sound();
    }
    let at = |waits: &[Duration], percentage: usize| waits[waits.len() * percentage / 100];
    for (answer, (waits, requests)) in ANSWERS.iter().zip(&figures) {
        println!(
            "GitHub answers in {answer:?}: {} pull requests of 10 files, from webhook to verdict p50 {} ms, p95 {} ms, \
             {:.1} requests each",
            pulls(),
            at(waits, 50).as_millis(),
            at(waits, 95).as_millis(),
            f64::from(*requests) / f64::from(pulls())
        );
    }
    println!("p95 ratio {:.1}", at(&figures[1].0, 95).as_secs_f64() / at(&figures[0].0, 95).as_secs_f64());
    assert_eq!(figures[0].1, figures[1].1, "requests do not depend on how fast the answers are");
    assert!(figures[0].1 <= 8 * pulls(), "{} requests", figures[0].1);
}

/// How long a burst takes to be judged by so many replicas.
async fn burst(replicas: usize) -> Duration {
    let database = crate::postgres::shared().database().await;
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let settings = [SETTINGS[0], SETTINGS[1], ("DOCKGATE_DATABASE_URL", &database)];
    let mut gate = Gate::start_for(github, &settings).await;
    for _ in 1..replicas {
        gate.add_replica().await;
    }
    gate.open("warm", &[Edit::write("warm.yaml", &pod("web"))]).await;
    gate.idle().await;
    let mut events = Vec::new();
    let mut heads = Vec::new();
    for index in 0..pulls() {
        let branch = format!("burst-{index}");
        heads.push(gate.github.push(REPOSITORY, &branch, &ten_files(&branch)));
        let number = gate.github.open_pull(REPOSITORY, REPOSITORY, &branch);
        events.push(gate.github.pull_request_event(REPOSITORY, number, "opened"));
    }
    gate.github.state().answer_after = ANSWERS[1];
    let started = Instant::now();
    for event in &events {
        gate.deliver(event).await;
    }
    let has_verdict = |head: &String| gate.runs(head).iter().any(|run| run.conclusion.is_some());
    while !heads.iter().all(has_verdict) {
        assert!(started.elapsed() < PATIENCE, "not all are judged");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = started.elapsed();
    gate.github.state().answer_after = Duration::ZERO;
    gate.idle().await;
    for head in &heads {
        assert_eq!(gate.runs(head).len(), 1, "{head}");
    }
    gate.assert_sound();
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_judged_by_one_replica_and_by_two() {
    for replicas in [1, 2] {
        let took = burst(replicas).await;
        let per_second = f64::from(pulls()) / took.as_secs_f64();
        println!("{} pull requests at once, {replicas} replica(s): {per_second:.1} verdicts a second", pulls());
    }
}
