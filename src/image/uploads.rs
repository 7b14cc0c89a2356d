//! Results that a team's own pipeline uploaded, by the commit that they are about.
//!
//! Invariant: what is kept says which workflow brought it; whether that one may speak for a commit is decided where the
//! commit is judged.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::report::ImageReport;
use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};
use crate::github::oidc::Workflow;
use crate::job::ImagesSubject;
use crate::registry::Digest;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// How long results are kept.
const LIFETIME: Duration = Duration::from_hours(7 * 24);
/// Images of one commit.
pub const MOST: u32 = 20;

/// Results for one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// The image.
    pub image: String,
    /// The commit that the workflow ran on.
    pub ran_on: CommitSha,
    /// The pull request that it ran for.
    pub pull_request: Option<PullRequestNumber>,
    /// The workflow's file, `owner/repo/path@ref`.
    pub workflow: String,
    /// The results.
    pub report: ImageReport,
}

impl Upload {
    /// Results that `workflow` brought.
    pub fn new(workflow: Workflow, report: ImageReport) -> Self {
        let Workflow { commit, pull_request, file, .. } = workflow;
        Self { image: report.image.clone(), ran_on: commit, pull_request, workflow: file, report }
    }

    /// Whether it may speak for what `subject` judges: the workflow ran on that commit or for that pull request, and is
    /// one that the team trusts.
    pub fn is_for(&self, subject: &ImagesSubject) -> bool {
        let ran_for = self.pull_request.is_some() && self.pull_request == subject.number;
        let is_trusted = subject.uploads.patterns().is_empty() || subject.uploads.matches(&self.workflow);
        (self.ran_on == subject.head || ran_for) && is_trusted
    }
}

/// Keeps results for `commit`; says whether there was room.
///
/// # Errors
/// [`StoreError`].
pub async fn keep(
    store: &dyn Store,
    repository: &RepositoryName,
    commit: &CommitSha,
    upload: &Upload,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let prefix = prefix(repository, commit);
    let name = format!("{prefix}{}", Digest::of(upload.image.as_bytes()).hex());
    let known = store.kept_below(Shelf::Image, &prefix, now, MOST).await?;
    if known.len() >= MOST as usize && !known.iter().any(|(other, _)| *other == name) {
        return Ok(false);
    }
    let body = serde_json::to_string(upload).unwrap_or_default();
    store.keep(Shelf::Image, &name, &body, Some(now.plus(LIFETIME))).await.map(|()| true)
}

/// The results that were uploaded for what `subject` judges.
///
/// # Errors
/// [`StoreError`].
pub async fn of(
    store: &dyn Store,
    repository: &RepositoryName,
    subject: &ImagesSubject,
    now: UnixMillis,
) -> Result<Vec<Upload>, StoreError> {
    let kept = store.kept_below(Shelf::Image, &prefix(repository, &subject.head), now, MOST).await?;
    let all = kept.iter().filter_map(|(_, body)| serde_json::from_str::<Upload>(body).ok());
    Ok(all.filter(|upload| upload.is_for(subject)).collect())
}

fn prefix(repository: &RepositoryName, commit: &CommitSha) -> String {
    format!("upload/{repository}@{commit}/")
}
