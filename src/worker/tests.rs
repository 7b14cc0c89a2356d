use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::mpsc;

use super::*;
use crate::github::identity::{InstallationId, PullRequestNumber};
use crate::job::JobSubject;
use crate::store::{Delivery, Queue, Renewal};

/// What the fake handler does at one call of `run`.
enum Act {
    Pass,
    PassWith(Vec<Job>),
    Panic,
    Hang,
    UntilCancelled,
    HangUntilLost,
    Retry(Option<Duration>),
    Permanent,
}

#[derive(Default)]
struct Script {
    acts: Mutex<VecDeque<Act>>,
    ran: Mutex<Vec<Job>>,
    abandoned: Mutex<Vec<(Job, String)>>,
    abandon_fails: bool,
    woken: tokio::sync::Notify,
    /// Whether it might, whoever began and woke up.
    wrote: Mutex<Vec<bool>>,
}

#[async_trait]
impl JobHandler for Script {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.ran.lock().unwrap().push(job.clone());
        let act = self.acts.lock().unwrap().pop_front().expect("an act for every run");
        match act {
            Act::Pass => Ok(Done::without_scan(Outcome::Passed)),
            Act::PassWith(follow_up) => Ok(Done { follow_up, ..Done::without_scan(Outcome::Nothing) }),
            Act::Panic => panic!("file text that nobody may see"),
            Act::Hang => std::future::pending().await,
            Act::UntilCancelled => {
                cancelled.cancelled().await;
                Ok(Done::without_scan(Outcome::Superseded))
            }
            Act::HangUntilLost => {
                let before = crate::github::fence::may_write().await;
                self.wrote.lock().unwrap().push(before);
                self.woken.notified().await;
                let after = crate::github::fence::may_write().await;
                self.wrote.lock().unwrap().push(after);
                Ok(Done::without_scan(Outcome::Passed))
            }
            Act::Retry(retry_after) => {
                Err(JobError::Retry { message: "could not ask".into(), retry_after, source: None })
            }
            Act::Permanent => {
                let source = Some("no permission".into());
                Err(JobError::Permanent { message: "could not write".into(), source })
            }
        }
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        assert_eq!(older.key(), newer.key());
        self.abandon(older, "superseded by a newer commit").await
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        self.abandoned.lock().unwrap().push((job.clone(), cause.to_owned()));
        if self.abandon_fails {
            return Err(JobError::Retry { message: "still down".into(), retry_after: None, source: None });
        }
        Ok(())
    }
}

struct Outcomes(mpsc::UnboundedSender<&'static str>);

impl JobObserver for Outcomes {
    fn attempt(&self, outcome: &'static str, _: Duration) {
        self.0.send(outcome).unwrap_or_default();
    }

    fn done(&self, _: &Done) {}
}

struct Bench {
    store: Arc<dyn Store>,
    script: Arc<Script>,
    now: Arc<AtomicI64>,
    wake: Wake,
    shutdown: CancellationToken,
    outcomes: mpsc::UnboundedReceiver<&'static str>,
    running: Option<tokio::task::JoinHandle<()>>,
    settings: WorkerSettings,
}

impl Bench {
    async fn new(script: Script) -> (Self, mpsc::UnboundedSender<&'static str>) {
        let (sender, outcomes) = mpsc::unbounded_channel();
        let bench = Self {
            store: crate::store::open("sqlite::memory:").await.unwrap(),
            script: Arc::new(script),
            now: Arc::default(),
            wake: Wake::new(),
            shutdown: CancellationToken::new(),
            outcomes,
            running: None,
            // Nothing polls: what is not rung for, or due, does not happen.
            settings: WorkerSettings { poll: Duration::from_hours(1), concurrency: 2, ..WorkerSettings::default() },
        };
        (bench, sender)
    }

    /// A worker over `acts`, with one delivery enqueued.
    async fn start(acts: Vec<Act>, change: impl FnOnce(&mut WorkerSettings)) -> Self {
        let (mut bench, sender) = Self::new(Script { acts: Mutex::new(acts.into()), ..Script::default() }).await;
        change(&mut bench.settings);
        bench.enqueue("d1", 'a').await;
        bench.run(sender);
        bench
    }

    fn run(&mut self, outcomes: mpsc::UnboundedSender<&'static str>) {
        let now = Arc::clone(&self.now);
        let worker = Worker {
            store: Arc::clone(&self.store),
            handler: self.script.clone(),
            settings: self.settings,
            observer: Arc::new(Outcomes(outcomes)),
            clock: Arc::new(move || UnixMillis(now.load(Ordering::SeqCst))),
            random: Arc::new(|| 1.0),
            wake: self.wake.clone(),
        };
        self.running = Some(tokio::spawn(worker.run(self.shutdown.clone())));
    }

    async fn enqueue(&self, id: &str, head: char) {
        let received_at = UnixMillis(self.now.load(Ordering::SeqCst));
        let delivery = Delivery { id: id.to_owned(), received_at, as_of: None, jobs: vec![job(1, head)] };
        self.store.enqueue(delivery).await.unwrap();
        self.wake.ring();
    }

    fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.wake.ring();
    }

    async fn outcome(&mut self) -> &'static str {
        tokio::time::timeout(Duration::from_mins(1), self.outcomes.recv()).await.unwrap().unwrap()
    }

    async fn stop(&mut self) {
        self.shutdown.cancel();
        self.running.take().unwrap().await.unwrap();
    }

    async fn queue(&self) -> Queue {
        self.store.queue(UnixMillis(self.now.load(Ordering::SeqCst))).await.unwrap()
    }

    fn heads(&self) -> String {
        self.script.ran.lock().unwrap().iter().map(|job| job.head().unwrap().as_str().chars().next().unwrap()).collect()
    }

    fn abandoned(&self) -> Vec<(Job, String)> {
        self.script.abandoned.lock().unwrap().clone()
    }
}

fn job(number: u64, head: char) -> Job {
    Job {
        installation: InstallationId(7),
        repository: "acme/shop".parse().unwrap(),
        subject: JobSubject::PullRequest {
            number: PullRequestNumber(number),
            head: head.to_string().repeat(40).parse().unwrap(),
        },
    }
}

#[tokio::test]
async fn a_job_is_run_and_settled_and_so_is_what_it_asks_for() {
    let mut bench = Bench::start(vec![Act::PassWith(vec![job(2, 'b')]), Act::Pass], |_| ()).await;
    assert_eq!((bench.outcome().await, bench.outcome().await), ("nothing", "passed"));
    assert_eq!((bench.heads().as_str(), bench.queue().await), ("ab", Queue::default()));
    bench.stop().await;
}

#[tokio::test]
async fn a_failure_is_retried_no_sooner_than_github_asks() {
    let acts = vec![Act::Retry(Some(Duration::from_mins(1))), Act::Pass];
    let mut bench = Bench::start(acts, |_| ()).await;
    assert_eq!(bench.outcome().await, "retried");
    // A minute, and the whole jitter of five seconds.
    let due = UnixMillis(65_000);
    assert_eq!(bench.store.queue(due.plus(Duration::from_secs(1))).await.unwrap().oldest_due, Duration::from_secs(1));
    bench.advance(Duration::from_secs(65));
    assert_eq!(bench.outcome().await, "passed");
    bench.stop().await;
}

#[tokio::test]
async fn a_permanent_failure_concludes_the_check_run_with_its_cause() {
    let mut bench = Bench::start(vec![Act::Permanent], |_| ()).await;
    assert_eq!(bench.outcome().await, "dead");
    assert_eq!(bench.abandoned(), [(job(1, 'a'), "could not write: no permission".to_owned())]);
    assert_eq!(bench.store.dead(1).await.unwrap()[0].cause, "could not write: no permission");
    bench.stop().await;
}

#[tokio::test]
async fn the_last_failure_is_final() {
    let mut bench = Bench::start(vec![Act::Retry(None), Act::Retry(None)], |settings| {
        settings.retry.max_attempts = 2;
    })
    .await;
    assert_eq!(bench.outcome().await, "retried");
    bench.advance(Duration::from_hours(1));
    assert_eq!(bench.outcome().await, "dead");
    assert_eq!(bench.abandoned(), [(job(1, 'a'), "could not ask".to_owned())]);
    bench.stop().await;
}

#[tokio::test]
async fn a_panic_is_kept_to_its_job_and_its_words_to_itself() {
    let mut bench = Bench::start(vec![Act::Panic, Act::Panic, Act::Pass], |_| ()).await;
    assert_eq!(bench.outcome().await, "retried");
    bench.advance(Duration::from_hours(1));
    assert_eq!(bench.outcome().await, "dead");
    assert_eq!(bench.store.dead(1).await.unwrap()[0].cause, "an internal error ended the run");
    bench.enqueue("d2", 'b').await;
    assert_eq!(bench.outcome().await, "passed", "the worker lives on");
    bench.stop().await;
}

#[tokio::test]
async fn a_panic_of_the_engine_says_nothing_of_the_file_it_choked_on() {
    let error = judge::on_thread(|| panic!("{} is not a char boundary of hunter2", 3)).await.unwrap_err();
    let told = describe(&error);
    assert!(error.is_permanent() && told.contains("internal error") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_job_that_hangs_is_ended() {
    let mut bench = Bench::start(vec![Act::Hang], |settings| settings.time_limit = Duration::from_millis(20)).await;
    assert_eq!(bench.outcome().await, "retried");
    assert_eq!(bench.queue().await.queued, 1);
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_that_hung_for_longer_than_its_lease_writes_nothing_any_more() {
    let mut bench = Bench::start(vec![Act::HangUntilLost], |_| ()).await;
    while bench.script.wrote.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // Nobody rings: the worker renews nothing, as if its process stood still.
    bench.now.fetch_add(61_000, Ordering::SeqCst);
    let now = UnixMillis(bench.now.load(Ordering::SeqCst));
    let request = LeaseRequest { now, until: now.plus(Duration::from_mins(1)), max_running_per_installation: 1 };
    let other = bench.store.lease(request).await.unwrap().expect("another worker takes over");
    bench.script.woken.notify_one();
    assert_eq!(bench.outcome().await, "lost");
    assert_eq!(*bench.script.wrote.lock().unwrap(), [true, false]);
    assert!(matches!(bench.store.renew(&other, now.plus(Duration::from_mins(2))).await, Ok(Renewal::Held { .. })));
    bench.stop().await;
}

#[tokio::test]
async fn a_renewal_that_took_longer_than_it_lasts_lets_nothing_be_written() {
    let (bench, _) = Bench::new(Script::default()).await;
    bench.enqueue("d1", 'a').await;
    let term = Duration::from_mins(1);
    for (pause, may_write) in [(0, true), (61_000, false)] {
        let now = UnixMillis(bench.now.load(Ordering::SeqCst));
        let request = LeaseRequest { now, until: now.plus(term), max_running_per_installation: 1 };
        let lease = bench.store.lease(request).await.unwrap().expect("a job, or one whose lease ended");
        // Each look at the clock finds it so much later: the process stands still in between.
        let clock = Arc::clone(&bench.now);
        let clock: Clock = Arc::new(move || UnixMillis(clock.fetch_add(pause, Ordering::SeqCst)));
        let held = held::Held::new(Arc::clone(&bench.store), clock, lease, term);
        assert_eq!(crate::github::fence::Fence::holds(&held).await, may_write, "{pause} ms");
        bench.advance(Duration::from_mins(3));
    }
}

#[tokio::test]
async fn a_newer_delivery_supersedes_the_running_job() {
    let mut bench = Bench::start(vec![Act::UntilCancelled, Act::Pass], |_| ()).await;
    while bench.heads().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.enqueue("d2", 'b').await;
    assert_eq!((bench.outcome().await, bench.outcome().await), ("superseded", "passed"));
    assert_eq!((bench.heads().as_str(), bench.queue().await), ("ab", Queue::default()));
    bench.stop().await;
}

#[tokio::test]
async fn a_superseded_job_that_does_not_stop_is_left_behind_to_the_newer_one() {
    let mut bench = Bench::start(vec![Act::Hang, Act::Pass], |settings| settings.conclude_limit = Duration::ZERO).await;
    while bench.heads().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.enqueue("d2", 'b').await;
    assert_eq!((bench.outcome().await, bench.outcome().await), ("retried", "passed"));
    assert_eq!(bench.abandoned(), [(job(1, 'a'), "superseded by a newer commit".to_owned())]);
    bench.stop().await;
}

#[tokio::test]
async fn shutdown_releases_what_does_not_finish_in_time() {
    let mut bench = Bench::start(vec![Act::Hang], |settings| settings.grace = Duration::ZERO).await;
    while bench.heads().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.stop().await;
    assert_eq!(bench.outcome().await, "released");
    let request = LeaseRequest { now: UnixMillis(0), until: UnixMillis(1), max_running_per_installation: 1 };
    assert_eq!(bench.store.lease(request).await.unwrap().unwrap().attempts, 1, "the attempt was not counted");
}

#[tokio::test]
async fn shutdown_waits_for_what_finishes_in_time_and_leases_no_more() {
    let mut bench = Bench::start(vec![Act::UntilCancelled], |settings| settings.concurrency = 1).await;
    while bench.heads().is_empty() {
        tokio::task::yield_now().await;
    }
    bench.shutdown.cancel();
    // The newer one stops the running one, and then waits for the next process.
    bench.enqueue("d2", 'b').await;
    bench.stop().await;
    assert_eq!(bench.outcome().await, "superseded");
    assert_eq!((bench.heads().as_str(), bench.queue().await.queued), ("a", 1));
}

#[tokio::test]
async fn a_job_that_takes_its_process_down_is_given_up() {
    let (mut bench, sender) = Bench::new(Script::default()).await;
    bench.enqueue("d1", 'a').await;
    for now in 0..3 {
        let request =
            LeaseRequest { now: UnixMillis(now), until: UnixMillis(now + 1), max_running_per_installation: 1 };
        assert!(bench.store.lease(request).await.unwrap().is_some());
    }
    bench.advance(Duration::from_millis(10));
    bench.run(sender);
    assert_eq!(bench.outcome().await, "dead");
    assert_eq!(bench.heads(), "");
    assert!(bench.abandoned()[0].1.contains("ended 3 times"), "{:?}", bench.abandoned());
    bench.stop().await;
}

#[tokio::test]
async fn a_check_run_that_can_not_be_concluded_is_tried_again_and_then_given_up() {
    let acts = Mutex::new(vec![Act::Permanent, Act::Permanent].into());
    let (mut bench, sender) = Bench::new(Script { acts, abandon_fails: true, ..Script::default() }).await;
    bench.settings.retry.max_attempts = 1;
    bench.enqueue("d1", 'a').await;
    bench.run(sender);
    assert_eq!(bench.outcome().await, "retried");
    bench.advance(Duration::from_hours(1));
    assert_eq!(bench.outcome().await, "dead");
    assert_eq!((bench.abandoned().len(), bench.queue().await.dead), (2, 1));
    bench.stop().await;
}
