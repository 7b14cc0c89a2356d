//! What the fake knows: accounts, repositories, pull requests, checks, reviews.
//!
//! Invariant: ids are unique across the whole fake, as node ids are at GitHub.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::access::Token;
use super::chaos::Chaos;
use super::fault::Fault;
use super::git::GitRepository;
use super::hook::Hook;

/// Everything behind one lock.
#[derive(Default)]
pub struct State {
    /// By full name.
    pub repositories: BTreeMap<String, Repository>,
    /// By id.
    pub installations: BTreeMap<u64, Installation>,
    /// By the token itself.
    pub tokens: HashMap<String, Token>,
    /// Tokens of a person who signed in.
    pub people: std::collections::HashSet<String>,
    /// What that person may read, full names.
    pub readable: Vec<String>,
    /// Codes of sign-ins that were not traded yet.
    pub sign_ins: Vec<String>,
    /// Manifests that were not traded yet: code, path of the form, manifest.
    pub manifests: Vec<(String, String, Value)>,
    /// Requests so far.
    pub log: Vec<LoggedRequest>,
    /// What no real client of GitHub may do, as found so far.
    pub violations: Vec<String>,
    /// Requests that are left of 5,000, and when there are 5,000 again; many for long when absent.
    pub quota: Option<(u64, SystemTime)>,
    /// How long each answer takes, the work itself aside.
    pub answer_after: Duration,
    /// Faults still to come.
    pub faults: Vec<Fault>,
    /// Faults by chance.
    pub chaos: Option<Chaos>,
    /// Where deliveries go.
    pub hook: Hook,
    /// Whether new tokens have the long form.
    pub long_tokens: bool,
    /// Life of a new token, in seconds; GitHub's own when absent.
    pub token_seconds: Option<u64>,
    /// Roles by login; whoever is not named may read.
    pub roles: BTreeMap<String, String>,
    /// Files that the list of a pull request ends at, when not at GitHub's number.
    pub most_files: Option<usize>,
    last_id: u64,
}

/// One request that reached the fake.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    pub method: String,
    /// Path with query, without the base path of the API.
    pub path: String,
    pub body: String,
    /// What was answered; 0 when nothing was.
    pub status: u16,
    /// When it came.
    pub at: Instant,
}

/// One installation of the app.
pub struct Installation {
    pub account: String,
    /// Full names.
    pub repositories: Vec<String>,
    /// `contents` → `read`.
    pub permissions: BTreeMap<String, String>,
    pub is_suspended: bool,
}

/// One repository.
pub struct Repository {
    pub id: u64,
    pub full_name: String,
    pub git: GitRepository,
    pub pulls: BTreeMap<u64, Pull>,
    pub suites: Vec<CheckSuite>,
    pub runs: Vec<CheckRun>,
    /// What lists of check runs show while they are behind.
    pub listed_runs: Option<Vec<CheckRun>>,
    /// Whether lists of review threads are behind and show none.
    pub hides_threads: bool,
    pub issues: Vec<Issue>,
}

/// One issue that is no pull request.
#[derive(Clone, Debug)]
pub struct Issue {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: String,
    /// `open` or `closed`.
    pub state: String,
    pub author: Author,
    /// How many times the app changed it.
    pub edits: u32,
    pub comments: Vec<IssueComment>,
}

/// One pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub id: u64,
    pub title: String,
    pub draft: bool,
    pub open: bool,
    pub base_ref: String,
    pub base_sha: String,
    /// Full name of the repository with the head branch.
    pub head_repository: String,
    pub head_ref: String,
    pub head_sha: String,
    pub updated: SystemTime,
    pub reviews: Vec<Review>,
    pub comments: Vec<ReviewComment>,
    pub issue_comments: Vec<IssueComment>,
}

#[derive(Clone, Debug)]
pub struct Review {
    pub id: u64,
    pub body: String,
    /// `COMMENTED`, `CHANGES_REQUESTED`, `APPROVED`, `PENDING`.
    pub state: String,
    pub commit: String,
    pub author: Author,
}

#[derive(Clone, Debug)]
pub struct ReviewComment {
    pub id: u64,
    pub review: u64,
    pub body: String,
    pub path: String,
    pub commit: String,
    /// At `commit`; none for a comment on the file as a whole.
    pub line: Option<u64>,
    pub start_line: Option<u64>,
    /// `LEFT` or `RIGHT`.
    pub side: String,
    pub reply_to: Option<u64>,
    pub author: Author,
    pub resolved: bool,
    pub resolved_by: Option<Author>,
    pub minimized: bool,
    /// Reactions of our app.
    pub reactions: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct IssueComment {
    pub id: u64,
    pub body: String,
    pub author: Author,
    pub minimized: bool,
    pub created: SystemTime,
    /// Reactions of our app.
    pub reactions: Vec<String>,
}

/// Who wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// Our app's bot.
    App,
    /// The person who opens pull requests.
    Person,
    /// Another person, by login.
    Other(&'static str),
}

#[derive(Clone, Debug)]
pub struct CheckSuite {
    pub id: u64,
    pub head_sha: String,
}

#[derive(Clone, Debug)]
pub struct CheckRun {
    pub id: u64,
    pub suite: u64,
    pub name: String,
    pub head_sha: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub external_id: String,
    pub details_url: Option<String>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub text: Option<String>,
    /// As they were sent, in order.
    pub annotations: Vec<Value>,
    pub actions: Vec<Value>,
    pub created: SystemTime,
    /// How many times it was set to completed.
    pub completions: u32,
}

impl State {
    /// A number nothing else has.
    pub fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        1000 + self.last_id
    }

    /// Sets `count` numbers aside, and returns the one before the first of them.
    pub fn reserve_ids(&mut self, count: u64) -> u64 {
        let before = 1000 + self.last_id;
        self.last_id += count;
        before
    }

    /// The comment of a conversation of this id.
    pub fn issue_comment_mut(&mut self, id: u64) -> Option<&mut IssueComment> {
        self.repositories
            .values_mut()
            .flat_map(|repository| repository.pulls.values_mut())
            .flat_map(|pull| pull.issue_comments.iter_mut())
            .find(|comment| comment.id == id)
    }

    /// The repository with its review comment of this id.
    pub fn comment_mut(&mut self, id: u64) -> Option<&mut ReviewComment> {
        self.repositories
            .values_mut()
            .flat_map(|repository| repository.pulls.values_mut())
            .flat_map(|pull| pull.comments.iter_mut())
            .find(|comment| comment.id == id)
    }
}

impl Repository {
    /// `owner` of `owner/name`.
    pub fn owner(&self) -> &str {
        self.full_name.split('/').next().unwrap()
    }

    /// `name` of `owner/name`.
    pub fn name(&self) -> &str {
        self.full_name.split('/').next_back().unwrap()
    }

    /// The suite of a commit, made on first use.
    pub fn suite_of(&mut self, head_sha: &str, new_id: u64) -> u64 {
        if let Some(suite) = self.suites.iter().find(|suite| suite.head_sha == head_sha) {
            return suite.id;
        }
        self.suites.push(CheckSuite { id: new_id, head_sha: head_sha.to_owned() });
        new_id
    }
}
