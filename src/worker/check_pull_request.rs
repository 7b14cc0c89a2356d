//! One job, from start to end: open the check run, read the change, judge it, record, conclude, comment.
//!
//! Invariant: every path ends in a conclusion or in an error that the queue answers with another attempt or with
//! [`JobHandler::abandon`], which concludes too. The head is read again before concluding; a commit that is no longer
//! the head is never concluded as judged. A verdict is recorded before anybody sees it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::check_images;
use super::fix_all;
use super::judge::{Again, Judge, Judged};
use super::ledger::{Happened, Ledger};
use super::publish::{self, Check, OwnCheckRun};
use super::queue_note;
use super::record;
use super::subject::{self, Subject, follow_up};
use super::threads;
use super::twins::Beside;
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::client::{Client, PullRequestState, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::job::{Job, JobSubject};
use crate::pipeline::Judgement;
use crate::report::check_run::CheckRunOutput;
use crate::report::record::Record;
use crate::report::words::describe;
use crate::report::{ReportInput, check_run, review};
use crate::settings::repository::conversation::Drafts;
use crate::store::UnixMillis;
use crate::verdict::Conclusion;

/// After so many days a waiver ends that a ready-made command gives.
const PROPOSED_DAYS: u32 = 30;

/// What the first check run in a repository begins with.
const INTRODUCTION: &str = "*The first look of dockgate at this repository: it judges what a pull request introduces, \
    never what was there before. `.github/dockgate.yml` on the base branch sets what blocks.*";

/// Checks pull requests and merge groups.
pub struct CheckPullRequest {
    client: Client,
    judge: Arc<Judge>,
    /// What is remembered; nothing is, where nobody asks afterwards.
    ledger: Option<Ledger>,
}

/// The pull request as it stands after judging.
struct Standing {
    number: PullRequestNumber,
    state: PullRequestState,
}

#[async_trait]
impl JobHandler for CheckPullRequest {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.attempt(job, None, cancelled).await
    }

    async fn run_again(&self, job: &Job, since: UnixMillis, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.attempt(job, Some(since), cancelled).await
    }

    async fn supersede(&self, older: &Job, newer: &Job) -> Result<(), JobError> {
        Ok(subject::supersede(&self.client_of(older), older, newer).await?)
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        let Some(head) = job.head().filter(|_| !matches!(job.subject, JobSubject::Commit { .. })) else {
            return Ok(());
        };
        let client = self.client_of(job);
        let mut heads = vec![head.clone()];
        if let JobSubject::PullRequest { number, .. } = &job.subject {
            // The job may have judged a newer head than it was asked for.
            let newest = client.pull_request(*number).await.ok().map(|pull| pull.head.sha);
            heads.extend(newest.filter(|newest| newest != head));
        }
        let mut is_told = false;
        for head in &heads {
            // A verdict that stands there is not taken back because its comments failed.
            is_told = OwnCheckRun::fail_all(&client, head, job, cause).await?;
        }
        if let (Some(records), Some(head)) = (&self.judge.options.records, heads.last()) {
            records.keep_failure(job, head, cause).await;
        }
        if let (false, Some(head)) = (is_told, heads.last()) {
            publish::report_failure(&client, head, job, cause).await?;
        }
        self.note_unfinished(job, cause).await
    }
}

impl CheckPullRequest {
    /// A handler that works as the app of `client`.
    pub fn new(client: Client, judge: Arc<Judge>, ledger: Option<Ledger>) -> Self {
        Self { client, judge, ledger }
    }

    fn client_of(&self, job: &Job) -> RepositoryClient {
        self.client.repository(job.installation, job.repository.clone())
    }

    /// One attempt at a job; `again_since` tells when the job was asked for, if there were attempts before.
    async fn attempt(
        &self,
        job: &Job,
        again_since: Option<UnixMillis>,
        cancelled: CancellationToken,
    ) -> Result<Done, JobError> {
        let client = self.client_of(job);
        let subject = match Subject::of(&client, job).await? {
            Ok(subject) => subject,
            Err(done) => return self.ended(job, done).await,
        };
        if let (Some(number), Some(_)) = (subject.pull_request, job.head().filter(|head| **head != subject.head)) {
            // The head moved on. The queue has to know which commit a check run is opened on, or nobody would conclude
            // it if this process ended now: so the newer head is a job of its own.
            return Ok(superseded_by(follow_up(job, number, subject.head)));
        }
        let run = OwnCheckRun::open(&client, &subject.head, job).await?;
        tokio::select! {
            done = self.check(&client, job, &subject, &run, again_since) => done,
            // The newer job takes the run over when it is about the same commit, else it ends it.
            () = cancelled.cancelled() => Ok(Done::without_scan(Outcome::Superseded)),
        }
    }

    /// Judges the commit that `job` names, and writes nothing. With it comes where the settings are from.
    ///
    /// # Errors
    /// As [`JobHandler::run`]; [`JobError::Permanent`] for a job that names no pull request or merge group.
    pub async fn preview(&self, job: &Job) -> Result<(Judgement, String), JobError> {
        let client = self.client_of(job);
        let subject = match &job.subject {
            JobSubject::MergeGroup { head, base, branch, pull_request } => {
                Subject::group(head, base, branch, *pull_request)
            }
            JobSubject::PullRequest { number, head } => Subject::at(&client, *number, head).await?,
            _ => {
                let message = "it names no pull request: replay a delivery of one".to_owned();
                return Err(JobError::Permanent { message, source: None });
            }
        };
        let judged = self.judge.judge(&client, &subject, Vec::new()).await?;
        Ok((judged.judgement, judged.settings_from))
    }

    async fn check(
        &self,
        client: &RepositoryClient,
        job: &Job,
        subject: &Subject,
        run: &OwnCheckRun,
        again_since: Option<UnixMillis>,
    ) -> Result<Done, JobError> {
        let waivers = match &self.ledger {
            Some(ledger) => ledger.waivers(&job.repository, subject.pull_request).await?,
            None => Vec::new(),
        };
        let mut timeline = self.judge.options.records.as_ref().map(|records| records.timeline("the run began"));
        let mut judged = self.judge.judge(client, subject, waivers).await?;
        if let Some(timeline) = &mut timeline {
            timeline.mark_before(judged.scan, "the change was read");
            timeline.mark("the change was judged");
        }
        let again = judged.again.take();
        let standing = match subject.pull_request {
            Some(number) => Some(Standing { number, state: state_of(client, number).await? }),
            None => None,
        };
        if let Some(Standing { number, state }) = standing.as_ref().filter(|now| now.state.head != subject.head) {
            // The webhook of the newer head may be lost: the job for it does not wait for one.
            return Ok(superseded_by(follow_up(job, *number, state.head.clone())));
        }
        let source_url = format!("{}/{}/blob/{}", client.web_root(), client.name(), subject.head);
        let details_url = client.details_url(&subject.head, Check::of(job).name());
        let input = ReportInput { details_url: details_url.as_deref(), ..self.input(subject, &judged, &source_url) };
        if let (Some(records), Some(mut timeline)) = (&self.judge.options.records, timeline) {
            timeline.mark("the head was still the one that was judged; the verdict was told next");
            let images = record::images(&judged.judgement.images);
            let record = Record { images, timeline: timeline.into_steps(), ..Record::of(&input) };
            records.keep(job, &subject.head, record).await?;
        }
        if let Some(ledger) = &self.ledger {
            ledger.verdict(job, subject, &judged, again_since).await?;
        }
        let actions = fix_all::buttons(client, subject, &judged.judgement.verdict).await?;
        let output = self.introduced(client, &subject.head, check_run::output(&input)).await;
        let own = judged.judgement.verdict.conclusion;
        let beside = self.beside(client, job, subject, own, again_since).await?;
        let (conclusion, output) = beside.conclude(own, output);
        run.conclude(&subject.head, conclusion, &output, &actions, again_since.is_some()).await?;
        // From here on the verdict stands: what fails now delays only itself.
        let images = self.judge.options.image_scans.then(|| check_images::job(job, subject, &judged.judgement));
        let follow_up: Vec<Job> = images.into_iter().chain(beside.follow_up).collect();
        let standing = standing.filter(|standing| standing.state.is_open);
        if let Err(error) = self.speak(client, subject, standing, &judged, again, input).await {
            return Err(JobError::AfterVerdict { error: Box::new(error), follow_up });
        }
        Ok(Done { follow_up, ..done(&judged, conclusion) })
    }

    /// What follows from verdicts on the same commit, which is noted when it counts.
    async fn beside(
        &self,
        client: &RepositoryClient,
        job: &Job,
        subject: &Subject,
        own: Conclusion,
        again_since: Option<UnixMillis>,
    ) -> Result<Beside, JobError> {
        let Some(ledger) = &self.ledger else { return Ok(Beside { held_by: None, follow_up: Vec::new() }) };
        let beside = ledger.twins().tell(client, job, &subject.head, own, again_since.is_some()).await?;
        if let Some(number) = beside.held_by {
            let happened = Happened {
                pull_request: subject.pull_request,
                head: Some(&subject.head),
                event: "held",
                actor: None,
                detail: json!({"conclusion": "failure", "by": number}),
            };
            ledger.note(&job.repository, happened, again_since).await?;
        }
        Ok(beside)
    }

    /// The end of a job whose change is over: its verdict holds up no other change.
    async fn ended(&self, job: &Job, mut done: Done) -> Result<Done, JobError> {
        if let (Some(ledger), Some(head), true) = (&self.ledger, job.head(), job.has_check_run()) {
            done.follow_up.extend(ledger.twins().forget(job, head, Check::Change).await?);
        }
        Ok(done)
    }

    /// Says what the check run can't: on the lines of a pull request, or on the one that a merge group is for.
    async fn speak(
        &self,
        client: &RepositoryClient,
        subject: &Subject,
        standing: Option<Standing>,
        judged: &Judged,
        again: Option<Again>,
        input: ReportInput<'_>,
    ) -> Result<(), JobError> {
        if let (Some(number), Some(ledger)) = (subject.queued, &self.ledger) {
            queue_note::write(client, ledger, number, &input).await?;
        }
        let Some(standing) = standing else { return Ok(()) };
        if self.is_quiet(client, standing.number, &subject.head).await? {
            return Ok(());
        }
        self.comment(client, subject, &standing, judged, again, input).await
    }

    /// The output with a line that says what this is, for the first commit that is judged in a repository.
    async fn introduced(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        mut output: CheckRunOutput,
    ) -> CheckRunOutput {
        let Some(met) = &self.judge.options.met else { return output };
        let is_first = met.is_first(client.name(), head).await.unwrap_or_else(|error| {
            warn!(error = describe(&error), "could not see whether a repository is new");
            false
        });
        if is_first && output.summary.len() + INTRODUCTION.len() + 2 <= check_run::MAX_TEXT_BYTES {
            output.summary = format!("{INTRODUCTION}\n\n{}", output.summary);
        }
        output
    }

    /// Whether the pull request was there before us, so that nothing is said in it.
    async fn is_quiet(
        &self,
        client: &RepositoryClient,
        number: PullRequestNumber,
        head: &CommitSha,
    ) -> Result<bool, JobError> {
        let Some(met) = &self.judge.options.met else { return Ok(false) };
        met.is_quiet(client.name(), number, head).await.map_err(|error| JobError::Retry {
            message: "could not see whether comments are wanted".into(),
            retry_after: None,
            source: Some(error.into()),
        })
    }

    fn input<'a>(&'a self, subject: &'a Subject, judged: &'a Judged, source_url: &'a str) -> ReportInput<'a> {
        // Commands are taken on pull requests only.
        let waive_until = subject.pull_request.filter(|_| self.ledger.is_some());
        ReportInput {
            verdict: &judged.judgement.verdict,
            policies: &judged.judgement.policies,
            snapshot: &judged.judgement.snapshot,
            settings: &judged.judgement.settings,
            elapsed: None,
            settings_from: &judged.settings_from,
            head: Some(subject.head.as_str()),
            details_url: None,
            source_url: Some(source_url),
            rules_url: self.judge.options.rules_url.as_deref(),
            waive_until: waive_until.map(|_| self.judge.today().plus_days(PROPOSED_DAYS)),
            colour: false,
            explain: false,
        }
    }

    async fn comment(
        &self,
        client: &RepositoryClient,
        subject: &Subject,
        standing: &Standing,
        judged: &Judged,
        again: Option<Again>,
        input: ReportInput<'_>,
    ) -> Result<(), JobError> {
        if standing.state.is_cut {
            // What was said is not all known, and nothing is said twice.
            warn!(pr = standing.number.0, "too many review threads: comments are left as they are");
            return Ok(());
        }
        let is_silent = subject.is_draft && input.settings.conversation.drafts.value == Drafts::Silent;
        let pinned = match again.filter(|_| !is_silent) {
            Some(again) => again.pinned(&judged.judgement.unpinned, subject.is_fork).await,
            None => None,
        };
        let verdict = pinned.as_ref().map_or(input.verdict, |pinned| &pinned.verdict);
        let input = ReportInput { verdict, ..input };
        let wanted = if is_silent { Vec::new() } else { review::plan(&input).comments };
        let plan = threads::plan(&wanted, verdict, &standing.state.threads);
        let Some(ledger) = self.ledger.as_ref().filter(|_| !plan.new.is_empty()) else {
            return Ok(threads::carry_out(client, standing.number, &subject.head, &plan).await?);
        };
        let said = ledger.said(client.name(), standing.number);
        let plan = match said.wait(&plan.new, ledger.now()).await? {
            None => plan,
            Some(wait) => {
                info!("comments that were made a moment ago are not listed yet");
                tokio::time::sleep(wait).await;
                let state = state_of(client, standing.number).await?;
                if state.head != subject.head || !state.is_open || state.is_cut {
                    return Ok(());
                }
                threads::plan(&wanted, verdict, &state.threads)
            }
        };
        said.note(&plan.new, ledger.now()).await?;
        threads::carry_out(client, standing.number, &subject.head, &plan).await?;
        Ok(said.note(&plan.new, ledger.now()).await?)
    }

    async fn note_unfinished(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let happened = Happened {
            pull_request: job.pull_request(),
            head: job.head(),
            event: "unfinished",
            actor: None,
            detail: json!({"conclusion": "failure", "cause": cause}),
        };
        Ok(ledger.note(&job.repository, happened, None).await?)
    }
}

/// The pull request and its threads as they are now.
async fn state_of(client: &RepositoryClient, number: PullRequestNumber) -> Result<PullRequestState, JobError> {
    match client.pull_request_state(number).await {
        // GraphQL is not offered here: less is known, but the check is not held up.
        Err(error) if error.is_not_offered() => Ok(client.pull_request_state_by_rest(number).await?),
        state => Ok(state?),
    }
}

/// The end of a job whose head is no longer the head; what it left open is ended by the job for the newer one.
fn superseded_by(newer: Job) -> Done {
    Done { follow_up: vec![newer], ..Done::without_scan(Outcome::Superseded) }
}

fn done(judged: &Judged, conclusion: Conclusion) -> Done {
    let verdict = &judged.judgement.verdict;
    let outcome = match conclusion {
        Conclusion::Success => Outcome::Passed,
        Conclusion::Failure => Outcome::Blocked,
        Conclusion::Neutral => Outcome::Neutral,
    };
    let shown = verdict.blocking().chain(verdict.to_know());
    let findings = shown.map(|judged| (judged.finding.rule.clone(), judged.finding.severity)).collect();
    Done { outcome, scan: judged.scan, findings, follow_up: Vec::new() }
}
