//! Comments on lines: said once, settled when their finding is gone, reopened when it comes back.
//!
//! Invariant: of one finding there is one comment, however often a delivery, a job or a push is repeated. It is found
//! by its marker, counts only when this app wrote it, and is never deleted when somebody replied. A comment that fails
//! never takes the conclusion back.

use std::collections::{BTreeMap, BTreeSet};

use crate::github::GitHubError;
use crate::github::client::{NewComment, RepositoryClient, ReviewThread};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::report::review::{ReviewComment, marker_of};
use crate::verdict::Verdict;

/// Why a finding has no comment any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is not there any more.
    Fixed,
    /// A waiver or suppression accepts it.
    Accepted,
    /// It stands in the base as well by now.
    Existing,
}

impl Gone {
    const ALL: [Self; 3] = [Self::Fixed, Self::Accepted, Self::Existing];

    /// How a settled comment begins; the commit follows.
    fn words(self) -> &'static str {
        match self {
            Self::Fixed => "Fixed in ",
            Self::Accepted => "Accepted by a waiver or suppression, as of ",
            Self::Existing => "In the base as well, as of ",
        }
    }
}

/// Which threads and comments a run leaves, makes, settles and reopens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadPlan {
    /// Comments to make.
    pub new: Vec<NewComment>,
    /// Threads whose finding is gone.
    pub settled: Vec<(ReviewThread, Gone)>,
    /// Threads that we settled and whose finding is back, with the text they get.
    pub reopened: Vec<(ReviewThread, String)>,
    /// Further threads of a finding that has one, which nobody replied to.
    pub repeated: Vec<ReviewThread>,
}

/// Compares what is to be said with what was said.
pub fn plan(wanted: &[ReviewComment], verdict: &Verdict, said: &[ReviewThread]) -> ThreadPlan {
    let mut plan = ThreadPlan::default();
    let mut met = BTreeSet::new();
    let standing = Standings::of(verdict);
    for thread in said {
        let Some(marker) = marker_of(&thread.comment.body) else { continue };
        if !met.insert(marker) {
            if thread.comments <= 1 && !thread.is_resolved {
                plan.repeated.push(thread.clone());
            }
            continue;
        }
        let is_settled = thread.resolved_by_us || unmarked(&thread.comment.body).is_some();
        match (standing.gone(marker), is_settled) {
            (None, true) => {
                let body = wanted.iter().find(|comment| comment.marker == marker).map(|comment| comment.body.as_str());
                let body = body.or(unmarked(&thread.comment.body)).unwrap_or(&thread.comment.body);
                plan.reopened.push((thread.clone(), body.to_owned()));
            }
            // What a person resolved or folded away is theirs; the check run still says it.
            (Some(why), false) if !thread.is_resolved && !thread.comment.is_minimized => {
                plan.settled.push((thread.clone(), why));
            }
            _ => {}
        }
    }
    let new = wanted.iter().filter(|comment| !met.contains(comment.marker.as_str()));
    plan.new.extend(new.map(|comment| NewComment {
        path: comment.path.clone(),
        start_line: comment.start_line,
        line: comment.line,
        body: comment.body.clone(),
    }));
    plan
}

/// How often each finding stands, by its fingerprint.
struct Standings<'a> {
    shown: BTreeMap<&'a str, usize>,
    accepted: BTreeSet<&'a str>,
    existing: BTreeSet<&'a str>,
}

impl<'a> Standings<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let mut shown = BTreeMap::new();
        for judged in verdict.blocking().chain(verdict.to_know()) {
            *shown.entry(judged.finding.fingerprint.as_str()).or_default() += 1;
        }
        let accepted = verdict.accepted().map(|judged| judged.finding.fingerprint.as_str()).collect();
        let existing = verdict.existing().map(|judged| judged.finding.fingerprint.as_str()).collect();
        Self { shown, accepted, existing }
    }

    /// Why the finding of a marker (`FINGERPRINT`, or `FINGERPRINT-2` for the second of the same) is not shown; `None`
    /// when it is.
    fn gone(&self, marker: &str) -> Option<Gone> {
        let (fingerprint, number) = marker.split_once('-').unwrap_or((marker, "1"));
        let count = self.shown.get(fingerprint).copied().unwrap_or_default();
        if number.parse::<usize>().is_ok_and(|number| number <= count) {
            return None;
        }
        Some(match fingerprint {
            _ if self.accepted.contains(fingerprint) => Gone::Accepted,
            _ if self.existing.contains(fingerprint) => Gone::Existing,
            _ => Gone::Fixed,
        })
    }
}

/// The text of a comment as it was before we marked it as settled; `None` when we did not.
fn unmarked(body: &str) -> Option<&str> {
    let (first, rest) = body.split_once("\n\n")?;
    Gone::ALL.iter().any(|gone| first.starts_with(gone.words())).then_some(rest)
}

/// Makes, settles and reopens comments as planned.
///
/// # Errors
/// A retryable [`GitHubError`]; one that will not go away is logged, and its comment is left to the check run.
pub async fn carry_out(
    client: &RepositoryClient,
    number: PullRequestNumber,
    head: &CommitSha,
    plan: &ThreadPlan,
) -> Result<(), GitHubError> {
    for thread in &plan.repeated {
        tolerate(client.delete_comment(thread.comment.number).await, "a comment that is there twice stays")?;
    }
    for (thread, body) in &plan.reopened {
        tolerate(reopen(client, thread, body).await, "a comment could not be reopened")?;
    }
    if !plan.new.is_empty() {
        match client.create_review(number, head, "", &plan.new).await {
            Err(error) if error.status() == Some(422) => one_by_one(client, number, head, &plan.new).await?,
            outcome => tolerate(outcome, "the review was refused")?,
        }
    }
    for (thread, why) in &plan.settled {
        tolerate(settle(client, thread, *why, head).await, "a comment could not be settled")?;
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

/// Settles a thread: resolved where we may, else said in the comment, which is folded away.
async fn settle(
    client: &RepositoryClient,
    thread: &ReviewThread,
    why: Gone,
    head: &CommitSha,
) -> Result<(), GitHubError> {
    if client.resolves_threads() {
        match client.resolve_thread(&thread.id).await {
            Err(error) if !error.is_retryable() => {}
            outcome => return outcome,
        }
    }
    let body = format!("{}{head}.\n\n{}", why.words(), thread.comment.body);
    client.update_comment(thread.comment.number, &body).await?;
    tolerate(client.minimize_comment(&thread.comment.id, thread.is_outdated).await, "a comment could not be folded")
}

/// Undoes [`settle`]; the text comes last, so that a half-done one is found again.
async fn reopen(client: &RepositoryClient, thread: &ReviewThread, body: &str) -> Result<(), GitHubError> {
    if thread.is_resolved {
        tolerate(client.unresolve_thread(&thread.id).await, "a thread could not be reopened")?;
    }
    if thread.comment.is_minimized {
        tolerate(client.unminimize_comment(&thread.comment.id).await, "a comment could not be unfolded")?;
    }
    if body != thread.comment.body {
        client.update_comment(thread.comment.number, body).await?;
    }
    Ok(())
}

/// Takes an error for the end of the matter when trying again would not mend it.
pub(in crate::worker) fn tolerate(outcome: Result<(), GitHubError>, what: &str) -> Result<(), GitHubError> {
    match outcome {
        Err(error) if !error.is_retryable() => {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(error = cause, "{what}");
            Ok(())
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
