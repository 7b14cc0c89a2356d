//! The check run of a job: found or opened, concluded, superseded, failed.
//!
//! Invariant: of one job and commit there is one run that counts, found by its external id whatever happened between
//! its creation and our knowing of it.

use serde_json::{Value, json};
use tracing::warn;

use crate::github::GitHubError;
use crate::github::client::{ANNOTATIONS_PER_REQUEST, CheckRun, CheckRunState, NewCheckRun, RepositoryClient};
use crate::github::identity::CommitSha;
use crate::job::{Job, JobKey, JobSubject};
use crate::report::check_run::CheckRunOutput;
use crate::report::words::{describe, inert};
use crate::verdict::Conclusion;
use crate::worker::threads::tolerate;

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
            JobSubject::Images(_) | JobSubject::ImagesEnded { .. } => Self::Images,
            _ => Self::Change,
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

/// The check run of one job on one commit.
#[derive(Clone)]
pub struct OwnCheckRun {
    client: RepositoryClient,
    id: u64,
    key: JobKey,
    check: Check,
    /// What the run says already, when it is concluded.
    concluded: Option<Concluded>,
}

/// What stands at GitHub already.
#[derive(Clone)]
struct Concluded {
    conclusion: String,
    title: String,
    annotations: usize,
}

impl Concluded {
    fn of(run: &CheckRun) -> Option<Self> {
        let conclusion = run.conclusion.clone().filter(|_| !run.is_incomplete())?;
        let title = run.output.title.clone().unwrap_or_default();
        Some(Self { conclusion, title, annotations: run.output.annotations_count })
    }

    /// Whether it was ended by something that took over, so that it says nothing of the commit.
    fn is_cancelled(&self) -> bool {
        self.conclusion == "cancelled"
    }
}

impl OwnCheckRun {
    /// The check run of `job` on `head`: the one that an earlier attempt left in progress, else the newest one that is
    /// concluded, else a new one. Of several left in progress all but one are concluded.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn open(client: &RepositoryClient, head: &CommitSha, job: &Job) -> Result<Self, GitHubError> {
        let (mut open, concluded) = Self::all(client, head, job).await?;
        if !open.is_empty() {
            for other in open.drain(1..) {
                other.supersede("by another run on the same commit").await?;
            }
        }
        if let Some(run) = open.pop().or(concluded) {
            return Ok(run);
        }
        let (check, key) = (Check::of(job), job.key());
        let new = NewCheckRun { name: check.name(), head, external_id: key.as_str() };
        let run = client.create_check_run(&new, CheckRunState::InProgress, &check.waiting()).await?;
        Ok(Self { client: client.clone(), id: run.id, key, check, concluded: None })
    }

    /// The check runs of `job` on `head` that have no conclusion yet, newest first.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn left_open(client: &RepositoryClient, head: &CommitSha, job: &Job) -> Result<Vec<Self>, GitHubError> {
        let (open, _) = Self::all(client, head, job).await?;
        Ok(open)
    }

    /// The check runs of `job` on `head` that are open, newest first, and the newest one that is concluded.
    async fn all(
        client: &RepositoryClient,
        head: &CommitSha,
        job: &Job,
    ) -> Result<(Vec<Self>, Option<Self>), GitHubError> {
        let (check, key) = (Check::of(job), job.key());
        let runs = client.check_runs(head, check.name()).await?;
        let ours = runs.into_iter().filter(|run| run.external_id.as_deref() == Some(key.as_str()));
        let ours = ours.map(|run| {
            let concluded = Concluded::of(&run);
            Self { client: client.clone(), id: run.id, key: key.clone(), check, concluded }
        });
        let (open, concluded): (Vec<_>, Vec<_>) = ours.partition(|run| run.concluded.is_none());
        Ok((open, concluded.into_iter().next()))
    }

    /// Concludes what is open of `job` on `head` as failed because of `cause`; says whether any run of ours says
    /// something of the commit there.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn fail_all(
        client: &RepositoryClient,
        head: &CommitSha,
        job: &Job,
        cause: &str,
    ) -> Result<bool, GitHubError> {
        let (mut failing, concluded) = Self::all(client, head, job).await?;
        let is_cancelled = |run: &Self| run.concluded.as_ref().is_some_and(Concluded::is_cancelled);
        let is_told = concluded.as_ref().is_some_and(|run| !is_cancelled(run));
        if failing.is_empty() {
            failing.extend(concluded.filter(is_cancelled));
        }
        for run in &failing {
            let state = CheckRunState::Completed("failure");
            client.update_check_run(run.id, state, &could_not_finish(cause)).await?;
        }
        Ok(is_told || !failing.is_empty())
    }

    /// Concludes with a verdict: the conclusion and the first annotations in one request, the rest in further ones.
    /// `actions` are the buttons that the check run shows, in GitHub's own form.
    ///
    /// A run that is concluded already says it anew, so that whoever asked for it sees an answer; `again` leaves one
    /// that says the same as it is. Annotations can only be added, so another verdict than the one that they belong to
    /// gets a run of its own.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn conclude(
        &self,
        head: &CommitSha,
        conclusion: Conclusion,
        output: &CheckRunOutput,
        actions: &[Value],
        again: bool,
    ) -> Result<(), GitHubError> {
        let word = match conclusion {
            Conclusion::Success => "success",
            Conclusion::Failure => "failure",
            Conclusion::Neutral => "neutral",
        };
        let state = CheckRunState::Completed(word);
        let is_same = |said: &&Concluded| {
            said.conclusion == word && said.title == output.title && said.annotations <= output.annotations.len()
        };
        let same = self.concluded.as_ref().filter(is_same);
        let sent = same.map_or(0, |said| said.annotations);
        let rest = output.annotations.get(sent..).unwrap_or_default();
        if same.is_some() && rest.is_empty() && again {
            return Ok(());
        }
        let mut body = plain(&output.title, &output.summary);
        if let Some(text) = &output.text {
            body["text"] = json!(text);
        }
        let mut batches = rest.chunks(ANNOTATIONS_PER_REQUEST);
        body["annotations"] = json!(batches.next().unwrap_or_default());
        let is_fit = same.is_some() || self.concluded.as_ref().is_none_or(|said| said.annotations == 0);
        let id = match self.say(head, &state, &mut body, actions, is_fit).await {
            Err(error) if error.status() == Some(422) && !rest.is_empty() => {
                // One that GitHub does not take must not hold the verdict back; the summary has them all.
                warn!(error = describe(&error), "annotations were refused, so the verdict is told without them");
                body["annotations"] = json!([]);
                return self.say(head, &state, &mut body, actions, is_fit).await.map(|_| ());
            }
            id => id?,
        };
        for batch in batches {
            // GitHub adds these to those it has.
            body["annotations"] = json!(batch);
            let more = self.client.update_check_run(id, state.clone(), &body).await;
            tolerate(more, "further annotations were refused")?;
        }
        Ok(())
    }

    /// Tells a verdict, on this run or on a new one; gives the number of the run that has it.
    async fn say(
        &self,
        head: &CommitSha,
        state: &CheckRunState<'_>,
        body: &mut Value,
        actions: &[Value],
        is_fit: bool,
    ) -> Result<u64, GitHubError> {
        if is_fit {
            // The link to the report ends some time after it was made.
            let details_url = self.client.details_url(head, self.check.name());
            let details_url = details_url.as_deref();
            self.client.conclude_check_run(self.id, state.clone(), body, actions, details_url).await?;
            return Ok(self.id);
        }
        let new = NewCheckRun { name: self.check.name(), head, external_id: self.key.as_str() };
        let id = self.client.create_check_run(&new, state.clone(), body).await?.id;
        if !actions.is_empty() {
            body["annotations"] = json!([]);
            self.client.conclude_check_run(id, state.clone(), body, actions, None).await?;
        }
        Ok(id)
    }

    /// Says what the run waits for, and leaves it open.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn wait(&self, title: &str, summary: &str) -> Result<(), GitHubError> {
        self.client.update_check_run(self.id, CheckRunState::InProgress, &plain(title, summary)).await
    }

    /// Concludes because something else takes over; `by` says what, in a few words. A verdict that stands is left.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn supersede(&self, by: &str) -> Result<(), GitHubError> {
        if self.concluded.is_some() {
            return Ok(());
        }
        let output = superseded(by);
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
    let new = NewCheckRun { name: Check::of(job).name(), head, external_id: key.as_str() };
    client.create_check_run(&new, CheckRunState::Completed("failure"), &could_not_finish(cause)).await.map(|_| ())
}

/// What a run shows that something else takes over from; `by` says what, in a few words.
pub fn superseded(by: &str) -> Value {
    plain(&format!("Superseded {by}"), "This run was ended before it had a verdict.")
}

/// What a run shows that could not be finished: why, and what happens next.
pub fn could_not_finish(cause: &str) -> Value {
    // A cause may hold names out of a change, and be of any length.
    let cause = inert(cause);
    let title: String = format!("Could not finish: {cause}").chars().take(255).collect();
    let quoted = cause.replace('`', "'");
    let summary = format!(
        "Nothing was judged, so nothing is let through.\n\n`{quoted}`\n\n\
         It is tried again by itself a few times, after minutes first, then after hours, without a push. \
         \"Re-run\" tries it at once. The log of the server has more."
    );
    plain(&title, &summary)
}

fn plain(title: &str, summary: &str) -> Value {
    json!({ "title": title, "summary": summary })
}
