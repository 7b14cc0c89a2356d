//! Check runs: how a verdict reaches the merge button.
//!
//! Invariant: only runs of our own app are ever read or changed.
//!
//! # Source
//! GitHub REST: "Check runs". 50 annotations per request; PATCH appends them; title 255, summary and text 65,535.

use std::time::SystemTime;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GitHubError, RepositoryClient, segment};
use crate::github::identity::CommitSha;
use crate::github::timestamp;
use crate::github::transport::Call;

/// Most annotations that one request may carry.
pub const ANNOTATIONS_PER_REQUEST: usize = 50;

/// A check run of ours, as GitHub has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// `success`, `failure`, `neutral`, `cancelled`, … when it is completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When it began, as GitHub writes times.
    #[serde(default)]
    started_at: Option<String>,
    /// What it shows.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub output: ShownOutput,
    /// What we called it by.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Its page.
    #[serde(default)]
    pub html_url: Option<String>,
    #[serde(default)]
    app: Option<App>,
}

/// What a check run shows, as far as it tells one verdict from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ShownOutput {
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// How many annotations it has.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub annotations_count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct App {
    id: u64,
}

impl CheckRun {
    /// When the run began, by GitHub's clock in whole seconds.
    pub fn began(&self) -> Option<SystemTime> {
        self.started_at.as_deref().and_then(timestamp::parse)
    }

    /// Whether the run still has no conclusion.
    pub fn is_incomplete(&self) -> bool {
        self.status != "completed"
    }

    /// Whether the run says something of its commit: it was not ended by something that took over.
    pub fn has_verdict(&self) -> bool {
        !self.is_incomplete() && self.conclusion.as_deref() != Some("cancelled")
    }
}

/// What a new check run is.
#[derive(Clone, Debug)]
pub struct NewCheckRun<'a> {
    /// Its name, which branch protection knows it by.
    pub name: &'a str,
    /// The commit it stands on.
    pub head: &'a CommitSha,
    /// What we know it by.
    pub external_id: &'a str,
}

/// Where a check run stands.
#[derive(Clone, Debug)]
pub enum CheckRunState<'a> {
    /// Being judged.
    InProgress,
    /// Judged: `success`, `failure`, `neutral`, `cancelled`, …
    Completed(&'a str),
}

impl CheckRunState<'_> {
    fn write_to(&self, body: &mut Value) {
        match self {
            Self::InProgress => body["status"] = json!("in_progress"),
            Self::Completed(conclusion) => {
                body["status"] = json!("completed");
                body["conclusion"] = json!(conclusion);
            }
        }
    }
}

impl RepositoryClient {
    /// The check runs called `name` that this app made on `head`, newest first.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn check_runs(&self, head: &CommitSha, name: &str) -> Result<Vec<CheckRun>, GitHubError> {
        self.list_check_runs(head, &format!("check_name={}&", segment(name))).await
    }

    /// The check runs of any name that this app made on `head`, newest first.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn all_check_runs(&self, head: &CommitSha) -> Result<Vec<CheckRun>, GitHubError> {
        self.list_check_runs(head, "").await
    }

    /// One check run as it stands.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn check_run(&self, id: u64) -> Result<CheckRun, GitHubError> {
        let path = self.path(&format!("/check-runs/{id}"));
        let call = Call::get("read check run", format!("{id} of {}", self.name()), path);
        self.send(&call).await?.json(&call)
    }

    async fn list_check_runs(&self, head: &CommitSha, filter: &str) -> Result<Vec<CheckRun>, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            check_runs: Vec<CheckRun>,
        }
        let query = format!("{filter}app_id={}&filter=all", self.app_id());
        let path = self.path(&format!("/commits/{head}/check-runs?{query}"));
        let call = Call::get("list check runs", format!("of {}@{}", self.name(), head.short()), path);
        let mut runs = self.pages(call, 10, |page: Page| page.check_runs).await?;
        runs.retain(|run| run.app.as_ref().is_none_or(|app| app.id == self.app_id()));
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs)
    }

    /// Creates a check run. `output` is GitHub's `output` object.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn create_check_run(
        &self,
        run: &NewCheckRun<'_>,
        state: CheckRunState<'_>,
        output: &Value,
    ) -> Result<CheckRun, GitHubError> {
        let mut body = json!({
            "name": run.name, "head_sha": run.head, "external_id": run.external_id, "output": output,
        });
        if let Some(details_url) = self.details_url(run.head, run.name) {
            body["details_url"] = json!(details_url);
        }
        state.write_to(&mut body);
        let subject = format!("on {}@{}", self.name(), run.head.short());
        let call = Call::write(Method::POST, "create check run", subject, self.path("/check-runs"), body);
        self.send(&call).await?.json(&call)
    }

    /// Changes a check run; the annotations in `output` are added to those it has.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn update_check_run(&self, id: u64, state: CheckRunState<'_>, output: &Value) -> Result<(), GitHubError> {
        self.conclude_check_run(id, state, output, &[], None).await
    }

    /// Like [`RepositoryClient::update_check_run`], with buttons: at most three, of `label`, `description` and
    /// `identifier`; and with another page behind its "Details".
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn conclude_check_run(
        &self,
        id: u64,
        state: CheckRunState<'_>,
        output: &Value,
        actions: &[Value],
        details_url: Option<&str>,
    ) -> Result<(), GitHubError> {
        let mut body = json!({ "output": output });
        if let Some(details_url) = details_url {
            body["details_url"] = json!(details_url);
        }
        if !actions.is_empty() {
            body["actions"] = json!(actions);
        }
        state.write_to(&mut body);
        let path = self.path(&format!("/check-runs/{id}"));
        let call = Call::write(Method::PATCH, "update check run", format!("{id} of {}", self.name()), path, body);
        self.send(&call).await.map(|_| ())
    }
}
