//! Results that a team's own pipeline uploaded, by the commit that they are about.
//!
//! Invariant: what is kept says which workflow brought it; whether that one may speak for a commit is decided where the
//! commit is judged, and a change never speaks for itself with a workflow that it wrote.
//!
//! # Source
//! GitHub: "`OpenID` Connect reference" (`job_workflow_ref`, `ref`), "Events that trigger workflows": a `pull_request`
//! runs the files of its trial merge, `workflow_run` and `pull_request_target` those of a branch of the repository.

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
/// Images of one commit that one workflow may bring results for.
pub const MOST: u32 = 20;
/// Results for one commit that are read.
const MOST_READ: u32 = 200;

/// Results for one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// The image.
    pub image: String,
    /// The repository that the workflow ran in.
    pub repository: RepositoryName,
    /// The commit that the workflow ran on.
    pub ran_on: CommitSha,
    /// The pull request that it ran for.
    pub pull_request: Option<PullRequestNumber>,
    /// The branch, tag or trial merge that it ran for.
    pub reference: String,
    /// The workflow's file, `owner/repo/path@ref`.
    pub workflow: String,
    /// The results.
    pub report: ImageReport,
}

/// What was uploaded for a commit.
#[derive(Clone, Debug, Default)]
pub struct Uploads {
    /// What counts.
    pub believed: Vec<Upload>,
    /// What does not, because of the workflow that brought it.
    pub others: Vec<Upload>,
}

impl Upload {
    /// Results that `workflow` brought.
    pub fn new(workflow: Workflow, report: ImageReport) -> Self {
        let Workflow { repository, commit, pull_request, reference, file } = workflow;
        let image = report.image.clone();
        Self { image, repository, ran_on: commit, pull_request, reference, workflow: file, report }
    }

    /// Whether it may speak for what `subject` judges.
    ///
    /// Its workflow has to be one that the team names, or, when it names none, a file of the repository as it stands on
    /// the branch that the change goes to or on the default branch. And it ran on that very commit, for that pull
    /// request, or on such a branch itself, where nobody else decides what it speaks of.
    pub fn is_for(&self, subject: &ImagesSubject) -> bool {
        let is_branch = |reference: &str| {
            let branch = reference.strip_prefix("refs/heads/");
            branch.is_some_and(|branch| subject.branches.iter().any(|known| known == branch))
        };
        let is_trusted = if subject.uploads.patterns().is_empty() {
            self.own_file().is_some_and(is_branch)
        } else {
            subject.uploads.matches(&self.workflow)
        };
        let ran_for = self.pull_request.is_some() && self.pull_request == subject.number;
        is_trusted && (self.ran_on == subject.head || ran_for || is_branch(&self.reference))
    }

    /// Where the workflow's file stands, when it is one of the repository itself.
    fn own_file(&self) -> Option<&str> {
        let (file, reference) = self.workflow.rsplit_once('@')?;
        let repository = self.repository.to_string();
        let (name, rest) = file.split_at_checked(repository.len())?;
        (name.eq_ignore_ascii_case(&repository) && rest.starts_with('/')).then_some(reference)
    }
}

/// Keeps results for `commit`; says whether there was room.
///
/// # Errors
/// [`StoreError`].
pub async fn keep(store: &dyn Store, commit: &CommitSha, upload: &Upload, now: UnixMillis) -> Result<bool, StoreError> {
    // Nobody's results take the place of another workflow's.
    let workflow = Digest::of(upload.workflow.as_bytes());
    let prefix = format!("{}{}/", prefix(&upload.repository, commit), workflow.hex());
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
) -> Result<Uploads, StoreError> {
    let kept = store.kept_below(Shelf::Image, &prefix(repository, &subject.head), now, MOST_READ).await?;
    let all = kept.iter().filter_map(|(_, body)| serde_json::from_str::<Upload>(body).ok());
    let (believed, others) = all.partition(|upload| upload.is_for(subject));
    Ok(Uploads { believed, others })
}

fn prefix(repository: &RepositoryName, commit: &CommitSha) -> String {
    format!("upload/{repository}@{commit}/")
}

#[cfg(test)]
mod tests;
