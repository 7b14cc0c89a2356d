//! A GitHub of our own: real git repositories, REST, GraphQL and webhooks over one state.
//!
//! Invariant: every request is checked against GitHub's own description, and so is every answer.

pub mod access;
mod answer;
pub mod chaos;
mod checks;
mod contents;
mod diff;
pub mod fault;
pub mod git;
mod git_http;
mod graphql;
pub mod hook;
mod issues;
mod json;
pub mod pages;
mod people;
mod pulls;
mod reviews;
mod router;
mod server;
pub mod state;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use fault::{Fault, FaultKind};
use git::{Edit, GitRepository};
use server::Shared;
use state::{Installation, LoggedRequest, Pull, Repository, State};

/// The installation that every repository of [`FakeGitHub`] belongs to.
pub const INSTALLATION: u64 = 815;

/// One running fake.
pub struct FakeGitHub {
    shared: Arc<Shared>,
    folder: TempDir,
    /// `http://127.0.0.1:port`, where git and pages live.
    pub url: String,
    server: tokio::task::JoinHandle<()>,
}

impl FakeGitHub {
    /// Starts a fake whose API is at its root, as `api.github.com` is.
    pub async fn start() -> Self {
        Self::start_at("").await
    }

    /// Starts a fake whose API is below a path, such as `/api/v3` of GitHub Enterprise Server.
    pub async fn start_at(base_path: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::new(base_path, &url));
        let server = tokio::spawn(server::run(listener, Arc::clone(&shared)));
        Self::redeliver_on_demand(&shared);
        let permissions = [("checks", "write"), ("contents", "read"), ("metadata", "read"), ("pull_requests", "write")];
        let permissions: BTreeMap<String, String> =
            permissions.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect();
        let installation =
            Installation { account: "acme".to_owned(), repositories: Vec::new(), permissions, is_suspended: false };
        shared.state().installations.insert(INSTALLATION, installation);
        Self { shared, folder: tempfile::tempdir().unwrap(), url, server }
    }

    /// Where the API is.
    pub fn api_url(&self) -> String {
        format!("{}{}", self.url, self.shared.base_path)
    }

    /// The state, to look at or to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Gives the installation another permission, for tokens from now on.
    pub fn grant(&self, permission: &str, level: &str) {
        let mut state = self.state();
        let installation = state.installations.get_mut(&INSTALLATION).unwrap();
        installation.permissions.insert(permission.to_owned(), level.to_owned());
    }

    /// Creates a repository with one commit on `main`; one of the account `acme` belongs to the installation.
    pub fn create_repository(&self, full_name: &str, files: &[(&str, &str)]) -> String {
        let git = GitRepository::create(&self.folder.path().join(format!("{full_name}.git")));
        let edits: Vec<Edit> = files.iter().map(|(path, text)| Edit::write(path, text)).collect();
        let commit = git.commit("refs/heads/main", &[], &edits);
        let mut state = self.state();
        let id = state.new_id();
        let repository = Repository {
            id,
            full_name: full_name.to_owned(),
            git,
            pulls: BTreeMap::new(),
            suites: Vec::new(),
            runs: Vec::new(),
            listed_runs: None,
            hides_threads: false,
            issues: Vec::new(),
        };
        state.repositories.insert(full_name.to_owned(), repository);
        if full_name.starts_with("acme/") {
            state.installations.get_mut(&INSTALLATION).unwrap().repositories.push(full_name.to_owned());
        }
        commit
    }

    /// Copies a repository to another account, with its branches.
    pub fn fork(&self, of: &str, full_name: &str) {
        let original = self.git(of);
        self.create_repository(full_name, &[]);
        let path = original.path().display().to_string();
        self.git(full_name).text(&[
            "fetch",
            "--quiet",
            "--force",
            "--update-head-ok",
            &path,
            "+refs/heads/*:refs/heads/*",
        ]);
    }

    /// The bare repository.
    pub fn git(&self, full_name: &str) -> GitRepository {
        self.state().repositories[full_name].git.clone()
    }

    /// Commits on a branch, which is made from `main` when it is not there; pull requests of the branch follow.
    pub fn push(&self, full_name: &str, branch: &str, edits: &[Edit]) -> String {
        self.push_saying(full_name, branch, "change", edits)
    }

    /// The same, with a message.
    pub fn push_saying(&self, full_name: &str, branch: &str, message: &str, edits: &[Edit]) -> String {
        let git = self.git(full_name);
        let reference = format!("refs/heads/{branch}");
        let parent = git.commit_of(&reference).or_else(|| git.commit_of("refs/heads/main")).unwrap();
        let commit = git.commit_saying(message, &reference, &[&parent], edits);
        self.follow(full_name, branch, &commit);
        commit
    }

    /// Commits on any parents, and moves a branch there by force; pull requests of the branch follow.
    pub fn force_push(&self, full_name: &str, branch: &str, parents: &[&str], edits: &[Edit]) -> String {
        let commit = self.git(full_name).commit(&format!("refs/heads/{branch}"), parents, edits);
        self.follow(full_name, branch, &commit);
        commit
    }

    /// Moves the heads of open pull requests after their branch.
    fn follow(&self, full_name: &str, branch: &str, commit: &str) {
        let mut state = self.state();
        let source = state.repositories[full_name].git.path().display().to_string();
        for repository in state.repositories.values_mut() {
            let git = repository.git.clone();
            for pull in repository.pulls.values_mut() {
                if pull.open && pull.head_repository == full_name && pull.head_ref == branch {
                    commit.clone_into(&mut pull.head_sha);
                    pull.updated = SystemTime::now();
                    pull.base_sha = git.commit_of(&format!("refs/heads/{}", pull.base_ref)).unwrap();
                    fetch_head(&git, &source, branch, pull.number);
                }
            }
        }
    }

    /// Opens a pull request from a branch of `head_repository` to `main` of `base`, and returns its number.
    pub fn open_pull(&self, base: &str, head_repository: &str, branch: &str) -> u64 {
        let head_git = self.git(head_repository);
        let mut state = self.state();
        let id = state.new_id();
        let repository = state.repositories.get_mut(base).unwrap();
        let number = repository.pulls.len() as u64 + 1;
        fetch_head(&repository.git, &head_git.path().display().to_string(), branch, number);
        let pull = Pull {
            number,
            id,
            title: "A change".to_owned(),
            draft: false,
            open: true,
            base_ref: "main".to_owned(),
            base_sha: repository.git.commit_of("refs/heads/main").unwrap(),
            head_repository: head_repository.to_owned(),
            head_ref: branch.to_owned(),
            head_sha: head_git.commit_of(&format!("refs/heads/{branch}")).unwrap(),
            updated: SystemTime::now(),
            reviews: Vec::new(),
            comments: Vec::new(),
            issue_comments: Vec::new(),
        };
        repository.pulls.insert(number, pull);
        number
    }

    /// A copy of a pull request as it stands.
    pub fn pull(&self, full_name: &str, number: u64) -> Pull {
        self.state().repositories[full_name].pulls[&number].clone()
    }

    /// Lets the next requests that fit fail.
    pub fn fail(&self, method: &'static str, path: &'static str, times: usize, kind: FaultKind) {
        self.state().faults.push(Fault { method, path, times, kind });
    }

    /// Gives a pull request another base branch.
    pub fn retarget(&self, full_name: &str, number: u64, base: &str) {
        let mut state = self.state();
        let repository = state.repositories.get_mut(full_name).unwrap();
        let tip = repository.git.commit_of(&format!("refs/heads/{base}")).unwrap();
        let pull = repository.pulls.get_mut(&number).unwrap();
        (pull.base_ref, pull.base_sha, pull.updated) = (base.to_owned(), tip, SystemTime::now());
    }

    /// Waits until a request hangs.
    pub async fn wait_for_hang(&self) {
        let hanging = || self.shared.hanging.load(Ordering::SeqCst) > 0;
        self.wait_for("a request that hangs", |_| hanging()).await;
    }

    /// Ends the connections of requests that hang; nothing of them is done.
    pub async fn drop_hanging(&self) {
        self.shared.drop_hanging.store(true, Ordering::SeqCst);
        self.release();
        let hanging = || self.shared.hanging.load(Ordering::SeqCst) > 0;
        self.wait_for("the end of requests that hang", |_| !hanging()).await;
        self.shared.drop_hanging.store(false, Ordering::SeqCst);
    }

    /// Lets hanging requests go on.
    pub fn release(&self) {
        self.shared.release.notify_waiters();
    }

    /// The requests so far.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.state().log.clone()
    }

    /// Requests of the API (without git's own) so far.
    pub fn api_requests(&self) -> Vec<LoggedRequest> {
        let git = |request: &LoggedRequest| git_http::repository_of(request.path.split('?').next().unwrap()).is_some();
        self.log().into_iter().filter(|request| !git(request)).collect()
    }

    /// Waits until a condition on the state holds; fails with what the state then is.
    pub async fn wait_for(&self, what: &str, mut holds: impl FnMut(&State) -> bool) {
        for _ in 0..600 {
            if holds(&self.state()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} did not happen in 30 s");
    }

    /// Fails when a client did what GitHub would not take, or the fake answered what GitHub would not.
    pub fn assert_no_violations(&self) {
        let state = self.state();
        assert!(state.violations.is_empty(), "{:#?}", state.violations);
    }
}

impl Drop for FakeGitHub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn fetch_head(git: &GitRepository, source: &str, branch: &str, number: u64) {
    let refspec = format!("+refs/heads/{branch}:refs/pull/{number}/head");
    git.text(&["fetch", "--quiet", source, &refspec]);
}
