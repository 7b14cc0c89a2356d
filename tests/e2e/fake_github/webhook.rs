//! Deliveries as GitHub sends them: payload, signature, headers.
//!
//! Invariant: a redelivery has the delivery id of the first attempt.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::state::Author;
use super::{FakeGitHub, INSTALLATION, json, pulls};
use crate::schema::openapi::webhooks;

/// One delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: String,
    pub id: String,
    pub body: Vec<u8>,
}

impl Delivery {
    /// A delivery of any body, with an id of its own.
    pub fn new(event: &str, payload: &Value) -> Self {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).unwrap();
        let hex = hex(&bytes);
        let id = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        Self { event: event.to_owned(), id, body: serde_json::to_vec(payload).unwrap() }
    }

    /// The same payload with another action, as a delivery of its own.
    pub fn with_action(&self, action: &str) -> Self {
        let mut payload: Value = serde_json::from_slice(&self.body).unwrap();
        payload["action"] = json!(action);
        Self::new(&self.event, &payload)
    }

    /// Posts the delivery, signed with `secret`, and returns the status of the answer.
    pub async fn send(&self, url: &str, secret: &str) -> u16 {
        self.send_with(url, Some(&signature(secret, &self.body))).await
    }

    /// Posts the delivery with any signature, or none.
    pub async fn send_with(&self, url: &str, signature: Option<&str>) -> u16 {
        let mut request = reqwest::Client::new()
            .post(url)
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/0000000")
            .header("x-github-event", &self.event)
            .header("x-github-delivery", &self.id)
            .header("x-github-hook-id", "1")
            .header("x-github-hook-installation-target-type", "integration");
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", signature);
        }
        request.body(self.body.clone()).send().await.map_or(0, |response| response.status().as_u16())
    }
}

/// `sha256=…`, the HMAC of the body.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

impl FakeGitHub {
    /// `pull_request` with an action such as `opened`.
    pub fn pull_request_event(&self, repository: &str, number: u64, action: &str) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let pull = &base.pulls[&number];
        let value = pulls::full(&state, base, pull);
        let mut payload = json!({"action": action, "number": number, "pull_request": value});
        match action {
            "synchronize" => {
                payload["before"] = json!(pull.base_sha);
                payload["after"] = json!(pull.head_sha);
            }
            "edited" => {
                payload["changes"] = json!({"base": {"ref": {"from": "other"}, "sha": {"from": pull.base_sha}}});
            }
            _ => {}
        }
        finished("pull_request", payload, json::repository(base))
    }

    /// `check_run` with an action such as `rerequested`, about the newest run of a commit.
    pub fn check_run_event(&self, repository: &str, head_sha: &str, action: &str) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let run = base.runs.iter().rev().find(|run| run.head_sha == head_sha).unwrap();
        let mut value = json::check_run(base, run);
        value["check_suite"] = suite(run.suite, head_sha, &json::pulls_at(base, head_sha));
        finished("check_run", json!({"action": action, "check_run": value}), json::repository(base))
    }

    /// `check_suite` with an action such as `rerequested`.
    pub fn check_suite_event(&self, repository: &str, head_sha: &str, action: &str) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let id = base.suites.iter().find(|suite| suite.head_sha == head_sha).unwrap().id;
        let value = suite(id, head_sha, &json::pulls_at(base, head_sha));
        finished("check_suite", json!({"action": action, "check_suite": value}), json::repository(base))
    }

    /// Queues a pull request: makes the group's commit on the base branch, and the event that asks for checks.
    pub fn merge_group_event(&self, repository: &str, number: u64) -> (String, Delivery) {
        let git = self.git(repository);
        let base = git.commit_of("refs/heads/main").unwrap();
        let head = self.pull(repository, number).head_sha;
        let reference = format!("refs/heads/gh-readonly-queue/main/pr-{number}-{base}");
        let merge_tree = git.text(&["merge-tree", "--write-tree", &base, &head]);
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let arguments =
            [&identity[..], &["commit-tree", &merge_tree, "-p", &base, "-p", &head, "-m", "merge"]].concat();
        let commit = git.text(&arguments);
        git.text(&["update-ref", &reference, &commit]);
        let group = json!({"head_sha": commit, "head_ref": reference, "base_sha": base, "base_ref": "refs/heads/main",
            "head_commit": {"id": commit, "tree_id": merge_tree, "message": "merge",
                "timestamp": "2026-01-01T00:00:00Z", "author": {"name": "Ada", "email": "ada@example.com"},
                "committer": {"name": "Ada", "email": "ada@example.com"}}});
        let payload = json!({"action": "checks_requested", "merge_group": group});
        let state = self.state();
        let delivery = finished("merge_group", payload, json::repository(&state.repositories[repository]));
        (commit, delivery)
    }

    /// `workflow_run`, which has ended.
    pub fn workflow_run_event(&self, repository: &str, head_sha: &str) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let person = json::user(Author::Person);
        let run = json!({"id": 77, "name": "build", "head_sha": head_sha, "head_branch": "feature", "run_number": 3,
            "event": "pull_request", "status": "completed", "conclusion": "success", "actor": person,
            "path": ".github/workflows/build.yml", "workflow_id": 7, "triggering_actor": person});
        let workflow = json!({"id": 7, "name": "build", "path": ".github/workflows/build.yml", "state": "active"});
        let payload = json!({"action": "completed", "workflow": workflow, "workflow_run": run});
        finished("workflow_run", payload, json::repository(base))
    }

    /// `registry_package`: an image was pushed to GitHub's registry.
    pub fn registry_package_event(&self, repository: &str, tag: &str) -> Delivery {
        let state = self.state();
        let base = &state.repositories[repository];
        let version = json!({"id": 5, "name": "sha256:0", "version": "sha256:0",
            "container_metadata": {"tag": {"name": tag, "digest": "sha256:0"}}});
        let package = json!({"id": 6, "name": base.name(), "namespace": base.owner(), "ecosystem": "CONTAINER",
            "package_type": "CONTAINER", "owner": json::user(Author::Person), "package_version": version});
        let payload = json!({"action": "published", "registry_package": package});
        finished("registry_package", payload, json::repository(base))
    }
}

pub(super) fn suite(id: u64, head_sha: &str, pulls: &Value) -> Value {
    let branch = if pulls.as_array().is_some_and(Vec::is_empty) { Value::Null } else { json!("feature") };
    let mut app = json::app();
    // The description of this event does not know merge groups yet.
    app["events"] = json!(["pull_request", "check_run", "check_suite"]);
    json!({"id": id, "head_sha": head_sha, "head_branch": branch, "pull_requests": pulls,
        "app": app, "status": "completed", "conclusion": "failure"})
}

/// A delivery about an installation, which belongs to no repository.
pub fn of_installation(event: &str, mut payload: Value) -> Delivery {
    payload["sender"] = json::user(Author::Person);
    webhooks().complete_webhook(event, &mut payload).unwrap_or_else(|wrong| panic!("{event}: {wrong:#?}"));
    Delivery::new(event, &payload)
}

/// A delivery with what every payload has beside, checked against GitHub's description.
pub(super) fn finished(event: &str, mut payload: Value, repository: Value) -> Delivery {
    payload["repository"] = repository;
    payload["organization"] = json!({"login": "acme", "id": 1});
    payload["installation"] = json!({"id": INSTALLATION, "node_id": "I_1"});
    if payload["sender"].is_null() {
        payload["sender"] = json::user(Author::Person);
    }
    webhooks().complete_webhook(event, &mut payload).unwrap_or_else(|wrong| panic!("{event}: {wrong:#?}"));
    Delivery::new(event, &payload)
}
