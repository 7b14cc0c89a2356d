//! The real program against the fake: one process, one database, one fake for each test.
//!
//! Invariant: waiting is for a condition, with a bound; a process never outlives its test.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dockgate::store::{DeadJob, Queue, Store, UnixMillis};
use tempfile::TempDir;

use crate::fake_github::FakeGitHub;
use crate::fake_github::access::{APP_ID, app_key};
use crate::fake_github::git::Edit;
use crate::fake_github::state::{CheckRun, Pull};
use crate::fake_github::webhook::Delivery;

/// The repository that most tests use.
pub const REPOSITORY: &str = "acme/shop";
/// The longest that any condition may take.
const PATIENCE: Duration = Duration::from_mins(1);
const SECRET: &str = "a webhook secret of the tests";

/// One running dockgate with its GitHub.
pub struct Gate {
    pub github: FakeGitHub,
    pub folder: TempDir,
    environment: Vec<(String, String)>,
    /// One, unless more are added.
    processes: Vec<Process>,
    output: Arc<Mutex<Vec<u8>>>,
    pub store: Arc<dyn Store>,
}

/// One running server.
struct Process {
    child: Child,
    address: String,
}

impl Gate {
    /// A gate for a repository with these files on `main`.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        let github = FakeGitHub::start().await;
        github.create_repository(REPOSITORY, files);
        Self::start_for(github, &[]).await
    }

    /// A gate for a GitHub that is there already, with more environment variables.
    pub async fn start_for(github: FakeGitHub, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("app.pem");
        std::fs::write(&key, &app_key().private_pem).unwrap();
        let file = format!("sqlite://{}", folder.path().join("dockgate.db").display());
        let database = more.iter().find(|(name, _)| *name == "DOCKGATE_DATABASE_URL").map(|(_, url)| (*url).to_owned());
        let database = database.unwrap_or(file);
        let mut environment: Vec<(String, String)> = [
            ("DOCKGATE_APP_ID", APP_ID.to_string()),
            ("DOCKGATE_PRIVATE_KEY_FILE", key.display().to_string()),
            ("DOCKGATE_WEBHOOK_SECRET", SECRET.to_owned()),
            ("DOCKGATE_DATABASE_URL", database.clone()),
            ("DOCKGATE_GITHUB_API_URL", github.api_url()),
            ("DOCKGATE_LEASE_SECONDS", "5".to_owned()),
            // No test asks a registry of the world.
            ("DOCKGATE_IMAGES", "off".to_owned()),
            // Only where it is asked for: tests count requests.
            ("DOCKGATE_RECOVER_SECONDS", "0".to_owned()),
            ("DOCKGATE_RECONCILE_SECONDS", "0".to_owned()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", folder.path().display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let output = Arc::default();
        let processes = vec![spawn(&environment, &output).await];
        let store = dockgate::store::open(&database).await.unwrap();
        let gate = Self { github, folder, environment, processes, output, store };
        gate.receive();
        gate
    }

    /// Starts another process on the same database.
    pub async fn add_replica(&mut self) {
        self.processes.push(spawn(&self.environment, &self.output).await);
        self.receive();
    }

    /// Lets GitHub deliver to all processes in turn.
    fn receive(&self) {
        let mut state = self.github.state();
        let addresses = self.processes.iter().map(|process| format!("http://{}/webhook", process.address));
        state.hook.targets = addresses.collect();
        SECRET.clone_into(&mut state.hook.secret);
    }

    /// How many processes there are.
    pub fn replicas(&self) -> usize {
        self.processes.len()
    }

    /// Ends the process at once, as `kill -9` does.
    pub fn kill(&mut self) {
        self.kill_replica(0);
    }

    /// Starts the process again on the same database.
    pub async fn restart(&mut self) {
        self.restart_replica(0).await;
    }

    /// Ends one of the processes at once.
    pub fn kill_replica(&mut self, index: usize) {
        self.processes[index].child.kill().unwrap();
        self.processes[index].child.wait().unwrap();
    }

    /// Freezes one of the processes, or lets it go on.
    pub fn freeze(&self, index: usize, is_frozen: bool) {
        let signal = if is_frozen { "-STOP" } else { "-CONT" };
        let process = self.processes[index].child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// Starts one of the processes again.
    pub async fn restart_replica(&mut self, index: usize) {
        self.processes[index] = spawn(&self.environment, &self.output).await;
        self.receive();
    }

    /// The database, as another process sees it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Runs another command of the binary with the settings of the server.
    pub async fn run(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_dockgate"));
        command.args(arguments).env_clear().envs(self.environment.iter().cloned());
        command.current_dir(self.folder.path()).output().await.unwrap()
    }

    /// `http://127.0.0.1:port` followed by a path.
    pub fn url(&self, path: &str) -> String {
        self.url_of(0, path)
    }

    /// The same for one of several processes.
    pub fn url_of(&self, replica: usize, path: &str) -> String {
        format!("http://{}{path}", self.processes[replica].address)
    }

    /// Posts a delivery to the processes in turn, and returns the status of the answer.
    pub async fn post(&self, delivery: &Delivery) -> u16 {
        self.github.deliver(delivery).await
    }

    /// Posts a delivery, which has to be accepted.
    pub async fn deliver(&self, delivery: &Delivery) {
        let status = self.post(delivery).await;
        assert!((200..300).contains(&status), "{} was answered with {status}", delivery.event);
    }

    /// Pushes a branch, opens a pull request for it and delivers that; returns its number and head.
    pub async fn open(&self, branch: &str, edits: &[Edit]) -> (u64, String) {
        let head = self.github.push(REPOSITORY, branch, edits);
        let number = self.github.open_pull(REPOSITORY, REPOSITORY, branch);
        self.deliver(&self.github.pull_request_event(REPOSITORY, number, "opened")).await;
        (number, head)
    }

    /// Pushes on the branch of an open pull request and delivers that; returns the new head.
    pub async fn push(&self, branch: &str, number: u64, edits: &[Edit]) -> String {
        let head = self.github.push(REPOSITORY, branch, edits);
        self.deliver(&self.github.pull_request_event(REPOSITORY, number, "synchronize")).await;
        head
    }

    /// Opens a pull request of several commits, and returns its number and the check run of its head.
    pub async fn judge_commits(&self, branch: &str, commits: &[Vec<Edit>]) -> (u64, CheckRun) {
        for edits in commits {
            self.github.push(REPOSITORY, branch, edits);
        }
        let number = self.github.open_pull(REPOSITORY, REPOSITORY, branch);
        self.deliver(&self.github.pull_request_event(REPOSITORY, number, "opened")).await;
        let head = self.github.pull(REPOSITORY, number).head_sha;
        (number, self.verdict(&head).await)
    }

    /// Opens a pull request with these edits, and returns what became of it.
    pub async fn judge(&self, edits: &[Edit]) -> (CheckRun, Pull) {
        let (number, head) = self.open("feature", edits).await;
        let run = self.verdict(&head).await;
        (run, self.github.pull(REPOSITORY, number))
    }

    /// Waits until all jobs are done.
    pub async fn idle(&self) {
        let started = Instant::now();
        loop {
            let queue = self.queue().await;
            if queue.queued + queue.running == 0 {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "jobs are not done in time: {queue:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for all jobs, then returns the one completed check run of a commit.
    pub async fn verdict(&self, head: &str) -> CheckRun {
        self.idle().await;
        let mut runs = self.runs(head);
        assert_eq!(runs.len(), 1, "one check run on {head}: {runs:#?}");
        let run = runs.remove(0);
        assert_eq!(run.status, "completed", "{run:#?}");
        run
    }

    /// Waits for all jobs, then returns the newest check run of a commit, which decides; all have to be completed.
    pub async fn deciding(&self, head: &str) -> CheckRun {
        self.idle().await;
        let runs = self.runs(head);
        assert!(runs.iter().all(|run| run.status == "completed"), "{runs:#?}");
        runs.into_iter().next_back().unwrap()
    }

    /// The check runs of a commit.
    pub fn runs(&self, head: &str) -> Vec<CheckRun> {
        let state = self.github.state();
        let runs = state.repositories.values().flat_map(|repository| &repository.runs);
        runs.filter(|run| run.head_sha == head).cloned().collect()
    }

    /// What the process wrote so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// Waits until the process wrote `text`.
    pub async fn wait_for_output(&self, text: &str) {
        let started = Instant::now();
        while !self.output().contains(text) {
            assert!(started.elapsed() < PATIENCE, "{text:?} was not written");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Jobs that were given up.
    pub async fn dead(&self) -> Vec<DeadJob> {
        self.store.dead(1_000).await.unwrap()
    }

    /// Whether no job waits, runs or was given up.
    pub async fn is_done(&self) -> bool {
        let queue = self.queue().await;
        queue.queued + queue.running + queue.dead == 0
    }

    async fn queue(&self) -> Queue {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.store.queue(UnixMillis(i64::try_from(now.as_millis()).unwrap())).await.unwrap()
    }

    /// The files of the database, `-wal` included.
    pub fn database_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_string_lossy().contains("dockgate.db")).collect()
    }

    /// What must hold after every scenario.
    pub fn assert_sound(&self) {
        self.github.assert_no_violations();
        let log = self.github.log();
        // A token for the organisation's `.github` is refused where there is no such repository.
        let absent = |path: &str, body: &str| path.ends_with("/access_tokens") && body.contains("\".github\"");
        let refused = log.iter().filter(|request| matches!(request.status, 400 | 401 | 415 | 422));
        let refused: Vec<_> = refused.filter(|request| !absent(&request.path, &request.body)).collect();
        assert!(refused.is_empty(), "GitHub refused: {refused:#?}");
        let state = self.github.state();
        let runs = state.repositories.values().flat_map(|repository| &repository.runs);
        let open: Vec<_> = runs.filter(|run| run.status != "completed").collect();
        assert!(open.is_empty(), "left in progress: {open:#?}");
        let output = self.output();
        assert!(!output.contains("panicked"), "{output}");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- dockgate wrote ---\n{}", self.output());
            for request in self.github.log() {
                eprintln!("{} {} {}", request.status, request.method, request.path);
            }
            eprintln!("violations: {:#?}", self.github.state().violations);
        }
    }
}

/// Starts the process on a free port, and waits until it answers.
async fn spawn(environment: &[(String, String)], output: &Arc<Mutex<Vec<u8>>>) -> Process {
    let started = Instant::now();
    loop {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let mut child = Command::new(env!("CARGO_BIN_EXE_dockgate"))
            .arg("serve")
            .env_clear()
            // Some settings name the address, which is known only now.
            .envs(environment.iter().map(|(name, value)| (name, value.replace("{address}", &address))))
            .env("DOCKGATE_LISTEN", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        collect(child.stdout.take().unwrap(), Arc::clone(output));
        collect(child.stderr.take().unwrap(), Arc::clone(output));
        while child.try_wait().unwrap().is_none() {
            let answer = reqwest::get(format!("http://{address}/healthz")).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Process { child, address };
            }
            if started.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("dockgate does not answer: {}", String::from_utf8_lossy(&output.lock().unwrap()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Another process may have taken the port in between; anything else ends the test.
        let text = String::from_utf8_lossy(&output.lock().unwrap()).into_owned();
        assert!(text.to_lowercase().contains("in use"), "dockgate ended: {text}");
    }
}

fn collect(mut stream: impl Read + Send + 'static, output: Arc<Mutex<Vec<u8>>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            output.lock().unwrap().extend(&buffer[..count]);
        }
    });
}
