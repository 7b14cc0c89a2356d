//! A verdict at GitHub: the check run first, then the comments.
//!
//! Invariant: everything here may be done twice. What an earlier attempt wrote is found by the check run's external id
//! and the comments' markers, counts only when this app wrote it, and is not written again. A comment that fails never
//! takes the conclusion back.

mod run;

use std::collections::{BTreeMap, BTreeSet};

use crate::github::GitHubError;
use crate::github::client::{NewComment, PullRequestState, RepositoryClient, ReviewThread};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::report::review::{ReviewComment, marker_of};
use crate::verdict::Verdict;

pub use run::{Check, OwnCheckRun, could_not_finish, report_failure};

/// Says of a comment of ours that what it was about is gone.
const FIXED: &str = "Fixed in ";

/// Which threads and comments a run leaves, makes and settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommentPlan {
    /// Comments to make.
    pub new: Vec<NewComment>,
    /// Threads whose finding is gone.
    pub fixed: Vec<ReviewThread>,
}

/// Compares what is to be said with what was said.
pub fn plan_comments(wanted: &[ReviewComment], verdict: &Verdict, said: &[ReviewThread]) -> CommentPlan {
    let mut plan = CommentPlan::default();
    let mut standing = BTreeSet::new();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for judged in verdict.blocking().chain(verdict.to_know()) {
        *count.entry(judged.finding.fingerprint.as_str()).or_default() += 1;
    }
    for thread in said {
        let Some(marker) = marker_of(&thread.comment.body) else { continue };
        let is_settled = thread.resolved_by_us || thread.comment.is_minimized || is_marked_fixed(thread);
        if is_settled {
            // What comes back after it was fixed is said anew.
            continue;
        }
        if is_there(marker, &count) || thread.is_resolved {
            // A thread that a person resolved is theirs: the finding is in the check run and not repeated here.
            standing.insert(marker);
        } else {
            plan.fixed.push(thread.clone());
        }
    }
    let new = wanted.iter().filter(|comment| !standing.contains(comment.marker.as_str()));
    plan.new.extend(new.map(|comment| NewComment {
        path: comment.path.clone(),
        start_line: comment.start_line,
        line: comment.line,
        body: comment.body.clone(),
    }));
    plan
}

/// Whether the finding of a marker (`FINGERPRINT`, or `FINGERPRINT-2` for the second of the same) still stands.
fn is_there(marker: &str, count: &BTreeMap<&str, usize>) -> bool {
    let (fingerprint, number) = marker.split_once('-').unwrap_or((marker, "1"));
    number.parse::<usize>().is_ok_and(|number| count.get(fingerprint).is_some_and(|count| number <= *count))
}

fn is_marked_fixed(thread: &ReviewThread) -> bool {
    thread.comment.body.starts_with(FIXED)
}

/// Makes and settles comments as planned.
///
/// # Errors
/// A retryable [`GitHubError`]; one that will not go away is logged, and its comment is left to the check run.
pub async fn comment(
    client: &RepositoryClient,
    number: PullRequestNumber,
    head: &CommitSha,
    plan: &CommentPlan,
) -> Result<(), GitHubError> {
    if !plan.new.is_empty() {
        match client.create_review(number, head, "", &plan.new).await {
            Err(error) if error.status() == Some(422) => one_by_one(client, number, head, &plan.new).await?,
            outcome => tolerate(outcome, "the review was refused")?,
        }
    }
    for thread in &plan.fixed {
        tolerate(settle(client, thread, head).await, "a comment could not be marked as fixed")?;
    }
    Ok(())
}

/// One refused place fails a whole review, so each comment is tried alone, then on its file as a whole.
async fn one_by_one(
    client: &RepositoryClient,
    number: PullRequestNumber,
    head: &CommitSha,
    comments: &[NewComment],
) -> Result<(), GitHubError> {
    for comment in comments {
        match client.create_comment(number, head, comment).await {
            Err(error) if error.status() == Some(422) => {
                let outcome = client.create_file_comment(number, head, comment).await;
                tolerate(outcome, "a comment was refused on its lines and on its file")?;
            }
            outcome => tolerate(outcome, "a comment was refused")?,
        }
    }
    Ok(())
}

/// Marks a thread as fixed: resolved where we may, else folded away, else said in the comment.
async fn settle(client: &RepositoryClient, thread: &ReviewThread, head: &CommitSha) -> Result<(), GitHubError> {
    if client.resolves_threads() {
        match client.resolve_thread(&thread.id).await {
            Err(error) if !error.is_retryable() => {}
            outcome => return outcome,
        }
    }
    match client.minimize_comment(&thread.comment.id).await {
        Err(error) if !error.is_retryable() => {
            let body = format!("{FIXED}{head}.\n\n{}", thread.comment.body);
            client.update_comment(thread.comment.number, &body).await
        }
        outcome => outcome,
    }
}

fn tolerate(outcome: Result<(), GitHubError>, what: &str) -> Result<(), GitHubError> {
    match outcome {
        Err(error) if !error.is_retryable() => {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(error = cause, "{what}; the check run still says it");
            Ok(())
        }
        outcome => outcome,
    }
}

/// Whether the pull request still stands where it was judged.
pub fn still_stands(state: &PullRequestState, head: &CommitSha) -> bool {
    state.head == *head
}

#[cfg(test)]
mod tests;
