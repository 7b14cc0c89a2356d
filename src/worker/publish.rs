//! A verdict at GitHub: the check run first, then the comments.
//!
//! Invariant: everything here may be done twice. What an earlier attempt wrote is found by the check run's external id
//! and the comments' markers, counts only when this app wrote it, and is not written again. A comment that fails never
//! takes the conclusion back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::github::GitHubError;
use crate::github::client::{
    ANNOTATIONS_PER_REQUEST, CheckRunState, NewCheckRun, NewComment, PullRequestState, RepositoryClient, ReviewThread,
};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::job::{Job, JobSubject};
use crate::report::check_run::CheckRunOutput;
use crate::report::review::{ReviewComment, marker_of};
use crate::verdict::{Conclusion, Verdict};

/// The checks that we make, which branch protection asks for by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// `dockgate`: what the change says.
    Change,
    /// `dockgate/images`: the images that it brings in.
    Images,
}

impl Check {
    /// The check that a job makes.
    pub fn of(job: &Job) -> Self {
        match job.subject {
            JobSubject::Images(_) => Self::Images,
            JobSubject::PullRequest { .. } | JobSubject::MergeGroup { .. } | JobSubject::Commit { .. } => Self::Change,
        }
    }

    /// The name of its check runs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Change => "dockgate",
            Self::Images => "dockgate/images",
        }
    }

    /// What an unfinished run says.
    fn waiting(self) -> Value {
        match self {
            Self::Change => plain("Checking what this change introduces", "The verdict follows in a moment."),
            Self::Images => plain("Scanning the images that this change brings in", "The result follows in a while."),
        }
    }
}

/// Says of a comment of ours that what it was about is gone.
const FIXED: &str = "Fixed in ";

/// The check run of one job on one commit.
#[derive(Clone)]
pub struct OwnCheckRun {
    client: RepositoryClient,
    id: u64,
    /// What an earlier attempt of the same job concluded.
    concluded: Option<Concluded>,
}

/// A verdict that stands at GitHub already.
#[derive(Clone)]
struct Concluded {
    conclusion: String,
    title: String,
    annotations: usize,
}

impl OwnCheckRun {
    /// Opens the check run of `job` on `head`: the one that an earlier attempt left in progress, else a new one. Of
    /// several left in progress all but one are concluded.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn open(client: &RepositoryClient, head: &CommitSha, job: &Job) -> Result<Self, GitHubError> {
        let mut left = Self::left_open(client, head, job).await?.into_iter();
        if let Some(run) = left.next() {
            for other in left {
                other.supersede("by another run on the same commit").await?;
            }
            return Ok(run);
        }
        let (check, key) = (Check::of(job), job.key());
        let new = NewCheckRun { name: check.name(), head, external_id: key.as_str(), details_url: None };
        let run = client.create_check_run(&new, CheckRunState::InProgress, &check.waiting()).await?;
        Ok(Self { client: client.clone(), id: run.id, concluded: None })
    }

    /// Like [`OwnCheckRun::open`] for a job that was attempted before: its newest run is taken when it began
    /// since `since`, concluded or not.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn resume(
        client: &RepositoryClient,
        head: &CommitSha,
        job: &Job,
        since: SystemTime,
    ) -> Result<Self, GitHubError> {
        let key = job.key();
        let runs = client.check_runs(head, Check::of(job).name()).await?;
        let newest = runs.into_iter().find(|run| run.external_id.as_deref() == Some(key.as_str()));
        if let Some(run) = newest.filter(|run| run.began_since(since))
            && let Some(conclusion) = run.conclusion.filter(|word| word != "cancelled")
        {
            let title = run.output.title.unwrap_or_default();
            let concluded = Concluded { conclusion, title, annotations: run.output.annotations_count };
            return Ok(Self { client: client.clone(), id: run.id, concluded: Some(concluded) });
        }
        Self::open(client, head, job).await
    }

    /// The check runs of `job` on `head` that have no conclusion yet, newest first.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn left_open(client: &RepositoryClient, head: &CommitSha, job: &Job) -> Result<Vec<Self>, GitHubError> {
        let (open, _) = Self::all(client, head, job).await?;
        Ok(open)
    }

    /// The check runs of `job` on `head` that are open, newest first, and whether there are concluded ones.
    async fn all(client: &RepositoryClient, head: &CommitSha, job: &Job) -> Result<(Vec<Self>, bool), GitHubError> {
        let key = job.key();
        let mut runs = client.check_runs(head, Check::of(job).name()).await?;
        runs.retain(|run| run.external_id.as_deref() == Some(key.as_str()));
        let is_concluded = runs.iter().any(|run| !run.is_incomplete());
        let open = runs.iter().filter(|run| run.is_incomplete());
        Ok((open.map(|run| Self { client: client.clone(), id: run.id, concluded: None }).collect(), is_concluded))
    }

    /// Concludes what is open of `job` on `head` as failed because of `cause`; says whether any run of ours stands there.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn fail_all(
        client: &RepositoryClient,
        head: &CommitSha,
        job: &Job,
        cause: &str,
    ) -> Result<bool, GitHubError> {
        let (open, is_concluded) = Self::all(client, head, job).await?;
        for run in &open {
            let state = CheckRunState::Completed("failure");
            client.update_check_run(run.id, state, &could_not_finish(cause)).await?;
        }
        Ok(is_concluded || !open.is_empty())
    }

    /// Concludes with a verdict: the conclusion and the first annotations in one request, the rest in further ones.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn conclude(&self, conclusion: Conclusion, output: &CheckRunOutput) -> Result<(), GitHubError> {
        let word = match conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Neutral => "neutral",
        };
        let state = CheckRunState::Completed(word);
        let same = self.concluded.as_ref().filter(|said| said.conclusion == word && said.title == output.title);
        let sent = same.map_or(0, |said| said.annotations);
        let rest = output.annotations.get(sent..).unwrap_or_default();
        if same.is_some() && rest.is_empty() {
            return Ok(());
        }
        let mut body = plain(&output.title, &output.summary);
        if let Some(text) = &output.text {
            body["text"] = json!(text);
        }
        let mut batches = rest.chunks(ANNOTATIONS_PER_REQUEST);
        body["annotations"] = json!(batches.next().unwrap_or_default());
        self.client.update_check_run(self.id, state.clone(), &body).await?;
        for batch in batches {
            // GitHub adds these to those it has.
            body["annotations"] = json!(batch);
            self.client.update_check_run(self.id, state.clone(), &body).await?;
        }
        Ok(())
    }

    /// Says what the run waits for, and leaves it open.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn wait(&self, title: &str, summary: &str) -> Result<(), GitHubError> {
        self.client.update_check_run(self.id, CheckRunState::InProgress, &plain(title, summary)).await
    }

    /// Concludes because something else takes over; `by` says what, in a few words.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn supersede(&self, by: &str) -> Result<(), GitHubError> {
        let output = plain(&format!("Superseded {by}"), "This run was ended before it had a verdict.");
        self.client.update_check_run(self.id, CheckRunState::Completed("cancelled"), &output).await
    }
}

/// Makes a check run that says at once why there is no verdict.
///
/// # Errors
/// Any [`GitHubError`].
pub async fn report_failure(
    client: &RepositoryClient,
    head: &CommitSha,
    job: &Job,
    cause: &str,
) -> Result<(), GitHubError> {
    let key = job.key();
    let new = NewCheckRun { name: Check::of(job).name(), head, external_id: key.as_str(), details_url: None };
    client.create_check_run(&new, CheckRunState::Completed("failure"), &could_not_finish(cause)).await.map(|_| ())
}

fn could_not_finish(cause: &str) -> Value {
    let title: String = format!("Could not finish: {cause}").chars().take(255).collect();
    let quoted: String = cause.chars().map(|letter| if letter == '`' { '\'' } else { letter }).collect();
    let summary = format!(
        "Nothing was judged, so nothing is let through.\n\n`{quoted}`\n\n\
         Use \"Re-run\" once the cause is gone, or push again. The log of the server has more."
    );
    plain(&title, &summary)
}

fn plain(title: &str, summary: &str) -> Value {
    json!({ "title": title, "summary": summary })
}

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
