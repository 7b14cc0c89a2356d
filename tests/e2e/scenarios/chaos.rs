//! A bad day: pushes, forces, comments and merges while a tenth of everything fails and the process is killed again
//! and again.
//!
//! Short by default. Long, with `CHAOS_PULLS` pull requests for each of `CHAOS_SEEDS` seeds from `CHAOS_SEED` on:
//! `CHAOS_PULLS=200 CHAOS_SEEDS=20 cargo test --test e2e a_bad_day -- --nocapture --test-threads=1`.
//!
//! Invariant: once the day is over, every open head has exactly one right completed check run, no finding is commented
//! twice, no job is left, and no request came before the time that GitHub had told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::fake_github::FakeGitHub;
use crate::fake_github::chaos::{Chaos, Random};
use crate::fake_github::git::Edit;
use crate::fake_github::state::{Author, CheckRun, Pull, State};
use crate::fake_github::webhook::Delivery;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::Gate;

const REPOSITORIES: [&str; 3] = ["acme/shop", "acme/web", "acme/api"];
/// Of requests that fail.
const FAULTS: usize = 10;
/// How long everything may take to settle after the day is over.
const PATIENCE: Duration = Duration::from_mins(4);

const SETTINGS: [(&str, &str); 11] = [
    ("DOCKGATE_CHECK_SECONDS", "30"),
    ("DOCKGATE_LEASE_SECONDS", "10"),
    ("DOCKGATE_COMMENTS_PER_HOUR", "1000000"),
    ("DOCKGATE_RECOVER_SECONDS", "2"),
    ("DOCKGATE_RECONCILE_SECONDS", "3"),
    ("DOCKGATE_RECONCILE_SHARE", "100"),
    ("DOCKGATE_HEAL_SECONDS", "2"),
    ("DOCKGATE_RETRY_SECONDS", "1"),
    ("DOCKGATE_GITHUB_SECONDS", "2"),
    ("DOCKGATE_WRITE_MILLISECONDS", "10"),
    ("DOCKGATE_LOG", "info"),
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// One pull request of the day.
struct Change {
    repository: &'static str,
    branch: String,
    number: u64,
    revision: usize,
}

struct Day {
    gate: Gate,
    random: Random,
    changes: Vec<Change>,
    /// What is right for each head.
    right: BTreeMap<String, &'static str>,
    /// Deliveries that come later.
    late: Vec<Delivery>,
    killed: Instant,
    kills: usize,
}

impl Day {
    /// A new day, on SQLite with one process or on the `PostgreSQL` at `database` with two.
    async fn begin(seed: u64, database: Option<&str>) -> Self {
        let github = FakeGitHub::start().await;
        for repository in REPOSITORIES {
            github.create_repository(repository, &[("README.md", "hello\n")]);
        }
        github.state().chaos = Some(Chaos::new(seed, FAULTS));
        let mut settings = SETTINGS.to_vec();
        settings.extend(database.map(|url| ("DOCKGATE_DATABASE_URL", url)));
        let mut gate = Gate::start_for(github, &settings).await;
        if database.is_some() {
            gate.add_replica().await;
        }
        let (changes, right, late) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { gate, random: Random::new(seed ^ 0xda7), changes, right, late, killed: Instant::now(), kills: 0 }
    }

    /// New content for a branch, and what is right for it.
    fn edit(&mut self, branch: &str, revision: usize) -> (Edit, &'static str) {
        let is_bad = self.random.percent(50);
        let text = if is_bad { privileged_pod(branch) } else { pod(branch) };
        let edit = Edit::write(&format!("{branch}.yaml"), &format!("# revision {revision}\n{text}"));
        (edit, if is_bad { "failure" } else { "success" })
    }

    async fn open(&mut self, index: usize) {
        let repository = REPOSITORIES[self.random.below(REPOSITORIES.len())];
        let branch = format!("change-{index}");
        let (edit, right) = self.edit(&branch, 0);
        let head = self.gate.github.push(repository, &branch, &[edit]);
        self.right.insert(head, right);
        let number = self.gate.github.open_pull(repository, repository, &branch);
        self.changes.push(Change { repository, branch, number, revision: 0 });
        self.tell(repository, number, "opened").await;
    }

    /// Something happens to one of the open pull requests.
    async fn act(&mut self) {
        let index = self.random.below(self.changes.len());
        let Change { repository, ref branch, number, revision } = self.changes[index];
        let branch = branch.clone();
        if !self.gate.github.pull(repository, number).open {
            return;
        }
        let what = self.random.below(10);
        match what {
            0..4 => {
                self.changes[index].revision += 1;
                let (edit, right) = self.edit(&branch, revision + 1);
                let head = self.gate.github.push(repository, &branch, &[edit]);
                self.right.insert(head, right);
                self.tell(repository, number, "synchronize").await;
            }
            4..6 => {
                self.changes[index].revision += 1;
                let (edit, right) = self.edit(&branch, revision + 1);
                let main = self.gate.github.git(repository).commit_of("refs/heads/main").unwrap();
                let head = self.gate.github.force_push(repository, &branch, &[&main], &[edit]);
                self.right.insert(head, right);
                self.tell(repository, number, "synchronize").await;
            }
            6..8 => self.comment(repository, number),
            8 => self.tell(repository, number, "reopened").await,
            _ => {
                // Merged: main gets the file, and the pull request is closed.
                let note = Edit::write(&format!("merged/{branch}.txt"), "merged\n");
                self.gate.github.push(repository, "main", &[note]);
                self.gate.github.change_pull(repository, number, |pull| pull.open = false);
                self.tell(repository, number, "closed").await;
            }
        }
    }

    /// A person says something under a comment of ours.
    fn comment(&self, repository: &str, number: u64) {
        let mut state = self.gate.github.state();
        let id = state.new_id();
        let pulls = &mut state.repositories.get_mut(repository).unwrap().pulls;
        let comments = &mut pulls.get_mut(&number).unwrap().comments;
        let Some(first) = comments.first().cloned() else { return };
        let parent = first.reply_to.unwrap_or(first.id);
        let body = "Why is that?".to_owned();
        comments.push(crate::fake_github::state::ReviewComment {
            id,
            body,
            reply_to: Some(parent),
            author: Author::Person,
            ..first
        });
    }

    /// GitHub delivers, more or less.
    async fn tell(&mut self, repository: &str, number: u64, action: &str) {
        let delivery = self.gate.github.pull_request_event(repository, number, action);
        match self.random.below(10) {
            0 => self.gate.github.lose(&delivery),
            1 | 2 => self.late.push(delivery),
            3 => {
                self.gate.github.deliver(&delivery).await;
                self.gate.github.deliver(&delivery).await;
            }
            _ => {
                self.gate.github.deliver(&delivery).await;
            }
        }
        if self.late.len() > 3 || self.random.percent(10) {
            // The last first.
            while let Some(delivery) = self.late.pop() {
                self.gate.github.deliver(&delivery).await;
            }
        }
    }

    /// Ends the process at a bad moment, every few seconds, and starts it again.
    async fn kill_when_due(&mut self) {
        let pause = Duration::from_millis(1_500 + self.random.next() % 2_500);
        if self.killed.elapsed() < pause {
            return;
        }
        let index = self.random.below(self.gate.replicas());
        self.gate.kill_replica(index);
        if let Some(chaos) = self.gate.github.state().chaos.as_mut() {
            chaos.killed();
        }
        self.kills += 1;
        self.gate.restart_replica(index).await;
        self.killed = Instant::now();
    }

    /// What is not yet as it has to be.
    async fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.gate.is_done().await {
            wrong.push("jobs are left".to_owned());
        }
        let state = self.gate.github.state();
        for repository in state.repositories.values() {
            for pull in repository.pulls.values().filter(|pull| pull.open) {
                let runs: Vec<&CheckRun> = repository.runs.iter().filter(|run| run.head_sha == pull.head_sha).collect();
                wrong.extend(wrong_runs(&runs, self.right[&pull.head_sha], pull, &repository.full_name));
                wrong.extend(wrong_comments(pull, self.right[&pull.head_sha], &repository.full_name));
            }
            let open = repository.runs.iter().filter(|run| run.status != "completed");
            wrong.extend(open.map(|run| format!("{} {} is in progress on {}", run.id, run.external_id, run.head_sha)));
        }
        wrong
    }

    /// Waits until everything is as it has to be, and says how long that took.
    async fn settle(&self) -> Duration {
        let started = Instant::now();
        loop {
            let wrong = self.wrong().await;
            if wrong.is_empty() {
                return started.elapsed();
            }
            assert!(started.elapsed() < PATIENCE, "not settled: {wrong:#?}\ngiven up: {:#?}", self.gate.dead().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A head has one run that counts, completed and right; what was superseded stands before it.
fn wrong_runs(runs: &[&CheckRun], right: &str, pull: &Pull, repository: &str) -> Option<String> {
    let verdicts: Vec<_> = runs.iter().filter(|run| run.conclusion.as_deref() != Some("cancelled")).collect();
    let is_right = |run: &CheckRun| run.status == "completed" && run.conclusion.as_deref() == Some(right);
    let is_newest = verdicts.last().map(|run| run.id) == runs.last().map(|run| run.id);
    if verdicts.len() == 1 && is_right(verdicts[0]) && is_newest {
        return None;
    }
    let shown: Vec<_> = runs.iter().map(|run| format!("{} {:?} {:?}", run.id, run.conclusion, run.title)).collect();
    Some(format!("{repository}#{} {} should be {right}: {shown:?}", pull.number, pull.head_sha))
}

/// A finding has one comment that stands, and one that is gone has none.
fn wrong_comments(pull: &Pull, right: &str, repository: &str) -> Option<String> {
    let stands = |body: &str| !body.starts_with("Fixed in ");
    let ours = pull.comments.iter().filter(|comment| comment.author == Author::App && comment.reply_to.is_none());
    let standing: Vec<_> = ours
        .filter(|comment| !comment.minimized && !comment.resolved && stands(&comment.body))
        .map(|comment| (comment.id, comment.path.as_str(), comment.line))
        .collect();
    let expected = usize::from(right == "failure");
    (standing.len() != expected)
        .then(|| format!("{repository}#{} has {standing:?}, expected {expected} comments", pull.number))
}

async fn live_through(seed: u64, pulls: usize, database: Option<&str>) {
    let mut day = Day::begin(seed, database).await;
    let started = Instant::now();
    for index in 0..pulls {
        day.open(index).await;
        for _ in 0..day.random.below(4) {
            day.act().await;
        }
        day.kill_when_due().await;
        let pause = day.random.next() % 120;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    while let Some(delivery) = day.late.pop() {
        day.gate.github.deliver(&delivery).await;
    }
    // It goes on while the work is done.
    let lasts = Duration::from_secs(5).max(started.elapsed() / 2);
    while started.elapsed() < lasts * 2 {
        day.kill_when_due().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lasted = started.elapsed();
    day.gate.github.state().chaos.as_mut().unwrap().percentage = 0;
    let settled = day.settle().await;
    let state = day.gate.github.state();
    let State { chaos: Some(chaos), log, violations, .. } = &*state else { panic!("the day had chaos") };
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(chaos.early.is_empty(), "{:#?}", chaos.early);
    let mut struck: Vec<_> = chaos.struck.iter().collect();
    struck.sort();
    eprintln!(
        "{} seed {seed}: {pulls} pull requests in {lasted:.1?}, {} kills, {} requests, struck {struck:?}, settled after \
         {settled:.1?}",
        if database.is_some() { "PostgreSQL" } else { "SQLite" },
        day.kills,
        log.len()
    );
    drop(state);
    assert!(!day.gate.output().contains("panicked"));
}

/// The days that are asked for: their seeds, and how many pull requests they have.
fn days() -> impl Iterator<Item = (u64, usize)> {
    let first = number("CHAOS_SEED", 1);
    let pulls = usize::try_from(number("CHAOS_PULLS", 12)).unwrap();
    (first..first + number("CHAOS_SEEDS", 1)).map(move |seed| (seed, pulls))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_day_ends_well_on_sqlite() {
    for (seed, pulls) in days() {
        live_through(seed, pulls, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_day_ends_well_on_postgresql_with_two_replicas() {
    for (seed, pulls) in days() {
        let database = crate::postgres::shared().database().await;
        live_through(seed, pulls, Some(&database)).await;
    }
}
