//! One job, from start to end: open the check run, read the change, judge it, conclude, comment.
//!
//! Invariant: every path ends in a conclusion or in an error that the queue answers with another attempt or with
//! [`JobHandler::abandon`], which concludes too. The head is read again before concluding; a commit that is no longer
//! the head is never concluded as judged.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::check_images;
use super::judge::{self, Again};
use super::met::Met;
use super::organisation::Organisations;
use super::publish::{self, Check, OwnCheckRun};
use super::record::{self, Records};
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::GitHubError;
use crate::github::app::Clock;
use crate::github::client::{Client, PullRequestState, RepositoryClient};
use crate::github::identity::{CommitSha, PullRequestNumber};
use crate::job::{ImagesSubject, Job, JobSubject};
use crate::pipeline::{Circumstances, Flags, Judgement};
use crate::registry::RegistryClient;
use crate::report::check_run::CheckRunOutput;
use crate::report::record::Record;
use crate::report::words::describe;
use crate::report::{ReportInput, check_run, review};
use crate::scan::SecretKey;
use crate::scan::image_use::Digests;
use crate::scan::limits::Limits;
use crate::settings::date::Date;
use crate::settings::repository::SettingsFile;
use crate::source::pull_request::{FetchOptions, PullRequestSource, Target};
use crate::source::{Change, SourceError};
use crate::store::UnixMillis;
use crate::verdict::Conclusion;

/// Settings of the checks, the same for all repositories.
#[derive(Clone)]
pub struct CheckOptions {
    /// How changes are fetched.
    pub fetch: FetchOptions,
    /// The bounds of reading; a repository's own may be lower.
    pub limits: Limits,
    /// The key of the secrets' fingerprints.
    pub secret_key: SecretKey,
    /// Where people reach the pages of the rules.
    pub rules_url: Option<String>,
    /// Asks registries for digests, so that images can be pinned by a suggestion; nobody is asked without it.
    pub registry: Option<RegistryClient>,
    /// Whether the images that a change brings in are scanned, by a job of their own.
    pub image_scans: bool,
    /// Remembers what was met before; without it nothing is new and nothing is quiet.
    pub met: Option<Met>,
    /// Where decision records are kept; nowhere without it.
    pub records: Option<Records>,
    /// Tells the time.
    pub clock: Clock,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            fetch: FetchOptions::default(),
            limits: Limits::default(),
            secret_key: SecretKey::default(),
            rules_url: None,
            registry: None,
            image_scans: false,
            met: None,
            records: None,
            clock: Arc::new(SystemTime::now),
        }
    }
}

/// What the first check run in a repository begins with.
const INTRODUCTION: &str = "*The first look of dockgate at this repository: it judges what a pull request introduces, \
    never what was there before. `.github/dockgate.yml` on the base branch sets what blocks.*";

/// Checks pull requests and merge groups.
pub struct CheckPullRequest {
    client: Client,
    options: CheckOptions,
    organisations: Organisations,
}

/// What one run checks.
struct Subject {
    head: CommitSha,
    base: String,
    pull_request: Option<PullRequestNumber>,
    changed_files: Option<usize>,
    is_fork: bool,
}

/// A judged change.
struct Judged {
    judgement: Judgement,
    settings_from: String,
    scan: Duration,
    /// What judging again needs, when digests of images would make suggestions.
    pinning: Option<Again>,
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
        // The run of the same commit is taken over, not ended.
        if older.head() != newer.head() {
            let client = self.client.repository(older.installation, older.repository.clone());
            supersede_all(&client, older.head(), older, newer.head()).await?;
        }
        Ok(())
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        if matches!(job.subject, JobSubject::Commit { .. }) {
            return Ok(());
        }
        let client = self.client.repository(job.installation, job.repository.clone());
        let mut heads = vec![job.head().clone()];
        if let JobSubject::PullRequest { number, .. } = &job.subject {
            // The job may have judged a newer head than it was asked for.
            let newest = client.pull_request(*number).await.ok().map(|pull| pull.head.sha);
            heads.extend(newest.filter(|newest| newest != job.head()));
        }
        let mut is_told = false;
        for head in &heads {
            // A verdict that stands there is not taken back because its comments failed.
            is_told = OwnCheckRun::fail_all(&client, head, job, cause).await?;
        }
        if let (Some(records), Some(head)) = (&self.options.records, heads.last()) {
            records.keep_failure(job, head, cause).await;
        }
        if let (false, Some(head)) = (is_told, heads.last()) {
            publish::report_failure(&client, head, job, cause).await?;
        }
        Ok(())
    }
}

impl CheckPullRequest {
    /// A handler that works as the app of `client`.
    pub fn new(client: Client, options: CheckOptions) -> Self {
        Self { client, options, organisations: Organisations::default() }
    }

    /// One attempt at a job; `again_since` tells when the job was asked for, if there were attempts before.
    async fn attempt(
        &self,
        job: &Job,
        again_since: Option<UnixMillis>,
        cancelled: CancellationToken,
    ) -> Result<Done, JobError> {
        let client = self.client.repository(job.installation, job.repository.clone());
        let subject = match self.subject(&client, job).await? {
            Ok(subject) => subject,
            Err(done) => return Ok(done),
        };
        if let Some(number) = subject.pull_request.filter(|_| subject.head != *job.head()) {
            // The head moved on. The queue has to know which commit a check run is opened on, or nobody would conclude
            // it if this process ended now: so the newer head is a job of its own.
            supersede_all(&client, job.head(), job, &subject.head).await?;
            let follow_up = vec![follow_up(job, number, subject.head)];
            return Ok(Done { follow_up, ..Done::without_scan(Outcome::Superseded) });
        }
        let run = OwnCheckRun::open(&client, &subject.head, job).await?;
        tokio::select! {
            done = self.check(&client, job, &subject, &run, again_since) => done,
            () = cancelled.cancelled() => {
                // The newer job takes the run over when it is about the same commit, else this one has to end it.
                if !self.is_still_head(&client, &subject).await {
                    run.supersede("by a newer event of this pull request").await?;
                }
                Ok(Done::without_scan(Outcome::Superseded))
            }
        }
    }

    /// Judges the commit that `job` names, and writes nothing. With it comes where the settings are from.
    ///
    /// # Errors
    /// As [`JobHandler::run`]; [`JobError::Permanent`] for a commit that names no pull request.
    pub async fn preview(&self, job: &Job) -> Result<(Judgement, String), JobError> {
        let client = self.client.repository(job.installation, job.repository.clone());
        let head = job.head().clone();
        let subject = match &job.subject {
            JobSubject::MergeGroup { base, .. } => {
                Subject { head, base: base.to_string(), pull_request: None, changed_files: None, is_fork: false }
            }
            JobSubject::PullRequest { number, .. } => {
                let pull = client.pull_request(*number).await?;
                let (is_fork, base) = (pull.is_from_fork(), pull.base.branch);
                Subject { head, base, pull_request: Some(*number), changed_files: None, is_fork }
            }
            JobSubject::Commit { head } | JobSubject::Images(ImagesSubject { head, .. }) => {
                let message = format!("{head} names no pull request: replay a delivery of one");
                return Err(JobError::Permanent { message, source: None });
            }
        };
        let judged = self.judge(&client, &subject).await?;
        Ok((judged.judgement, judged.settings_from))
    }

    /// Whether the pull request still has the head that is being judged; unknown counts as no.
    async fn is_still_head(&self, client: &RepositoryClient, subject: &Subject) -> bool {
        let Some(number) = subject.pull_request else { return false };
        client.pull_request(number).await.is_ok_and(|pull| pull.state == "open" && pull.head.sha == subject.head)
    }

    /// What the job is about now, or how it ends when there is nothing to check.
    async fn subject(&self, client: &RepositoryClient, job: &Job) -> Result<Result<Subject, Done>, JobError> {
        match &job.subject {
            JobSubject::MergeGroup { head, base } => Ok(Ok(Subject {
                head: head.clone(),
                base: base.to_string(),
                pull_request: None,
                changed_files: None,
                is_fork: false,
            })),
            JobSubject::Commit { head } => {
                let pulls = client.pull_requests_of(head).await?.into_iter();
                let follow_up = pulls.map(|pull| follow_up(job, pull.number, pull.head)).collect();
                Ok(Err(Done { follow_up, ..Done::without_scan(Outcome::Nothing) }))
            }
            // Another handler's.
            JobSubject::Images(_) => Ok(Err(Done::without_scan(Outcome::Nothing))),
            JobSubject::PullRequest { number, .. } => {
                let pull = match client.pull_request(*number).await {
                    Err(error) if error.is_absent() => return Ok(Err(Done::without_scan(Outcome::Nothing))),
                    pull => pull?,
                };
                if pull.state != "open" {
                    supersede_all(client, job.head(), job, &pull.head.sha).await?;
                    return Ok(Err(Done::without_scan(Outcome::Nothing)));
                }
                let changed_files = (pull.changed_files > 0).then_some(pull.changed_files);
                let is_fork = pull.is_from_fork();
                let (head, base) = (pull.head.sha, pull.base.branch);
                Ok(Ok(Subject { head, base, pull_request: Some(*number), changed_files, is_fork }))
            }
        }
    }

    async fn check(
        &self,
        client: &RepositoryClient,
        job: &Job,
        subject: &Subject,
        run: &OwnCheckRun,
        again_since: Option<UnixMillis>,
    ) -> Result<Done, JobError> {
        let mut timeline = self.options.records.as_ref().map(|records| records.timeline("the run began"));
        let mut judged = self.judge(client, subject).await?;
        if let Some(timeline) = &mut timeline {
            timeline.mark_before(judged.scan, "the change was read");
            timeline.mark("the change was judged");
        }
        let pinning = judged.pinning.take();
        let mut state = None;
        if let Some(number) = subject.pull_request {
            let now = match client.pull_request_state(number).await {
                // GraphQL is not offered here: less is known, but the check is not held up.
                Err(error) if error.is_not_offered() => client.pull_request_state_by_rest(number).await?,
                state => state?,
            };
            if !publish::still_stands(&now, &subject.head) {
                run.supersede(&format!("by {}", now.head.short())).await?;
                // The webhook of the newer head may be lost: the job for it does not wait for one.
                let follow_up = vec![follow_up(job, number, now.head)];
                return Ok(Done { follow_up, ..Done::without_scan(Outcome::Superseded) });
            }
            state = Some((number, now));
        }
        let source_url = format!("{}/{}/blob/{}", client.web_root(), client.name(), subject.head);
        let details_url = client.details_url(&subject.head, Check::of(job).name());
        let input = ReportInput {
            verdict: &judged.judgement.verdict,
            policies: &judged.judgement.policies,
            snapshot: &judged.judgement.snapshot,
            settings: &judged.judgement.settings,
            elapsed: None,
            settings_from: &judged.settings_from,
            head: Some(subject.head.as_str()),
            details_url: details_url.as_deref(),
            source_url: Some(&source_url),
            rules_url: self.options.rules_url.as_deref(),
            colour: false,
            explain: false,
        };
        if let (Some(records), Some(mut timeline)) = (&self.options.records, timeline) {
            timeline.mark("the head was still the one that was judged; the verdict was told next");
            let images = record::images(&judged.judgement.images);
            let record = Record { images, timeline: timeline.into_steps(), ..Record::of(&input) };
            records.keep(job, &subject.head, record).await?;
        }
        let output = self.introduced(client, &subject.head, check_run::output(&input)).await;
        run.conclude(&subject.head, judged.judgement.verdict.conclusion, &output, again_since.is_some()).await?;
        // From here on the verdict stands: what fails now delays only itself.
        let images = self.options.image_scans.then(|| check_images::job(job, subject.is_fork, &judged.judgement));
        let follow_up: Vec<Job> = images.into_iter().collect();
        if let Some((number, state)) = state.filter(|(_, state)| state.is_open) {
            let said = async {
                if self.is_quiet(client, number, &subject.head).await? {
                    return Ok(());
                }
                let pinned = match pinning {
                    Some(pinning) => pinning.pinned(&judged.judgement.unpinned, subject.is_fork).await,
                    None => None,
                };
                let verdict = pinned.as_ref().map_or(input.verdict, |pinned| &pinned.verdict);
                self.comment(client, number, &state, &ReportInput { verdict, ..input }).await
            };
            if let Err(error) = said.await {
                return Err(JobError::AfterVerdict { error: Box::new(error), follow_up });
            }
        }
        Ok(Done { follow_up, ..done(&judged) })
    }

    /// The output with a line that says what this is, for the first commit that is judged in a repository.
    async fn introduced(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        mut output: CheckRunOutput,
    ) -> CheckRunOutput {
        let Some(met) = &self.options.met else { return output };
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
        let Some(met) = &self.options.met else { return Ok(false) };
        met.is_quiet(client.name(), number, head).await.map_err(|error| JobError::Retry {
            message: "could not see whether comments are wanted".into(),
            retry_after: None,
            source: Some(error.into()),
        })
    }

    async fn comment(
        &self,
        client: &RepositoryClient,
        number: PullRequestNumber,
        state: &PullRequestState,
        input: &ReportInput<'_>,
    ) -> Result<(), JobError> {
        let wanted = review::plan(input).comments;
        let plan = publish::plan_comments(&wanted, input.verdict, &state.threads);
        Ok(publish::comment(client, number, &state.head, &plan).await?)
    }

    async fn judge(&self, client: &RepositoryClient, subject: &Subject) -> Result<Judged, JobError> {
        let target = Target {
            base: subject.base.clone(),
            head: subject.head.clone(),
            pull_request: subject.pull_request,
            changed_files: subject.changed_files,
        };
        let source =
            PullRequestSource::new(client.clone(), target, self.options.limits.clone(), self.options.fetch.clone());
        let (change, base) = source.read_with_base().await?;
        let organisation = self.organisations.of(client).await?;
        let settings_from = settings_from(&change, &organisation, subject, &base);
        let since = (self.options.clock)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let circumstances = Circumstances {
            organisation,
            secret_key: self.options.secret_key.clone(),
            today: Date::from_unix_seconds(since.as_secs()),
            flags: Flags::default(),
            edits: true,
            digests: Digests::default(),
            images: self.options.image_scans || self.options.records.is_some(),
        };
        let start = Instant::now();
        let pinning = self.options.registry.clone().map(|registry| Again {
            registry,
            change: change.clone(),
            circumstances: circumstances.clone(),
        });
        let judgement = judge::judge(change, circumstances).await?;
        let pinning = pinning.filter(|_| !judgement.unpinned.is_empty());
        Ok(Judged { judgement, settings_from, scan: start.elapsed(), pinning })
    }
}

fn settings_from(change: &Change, organisation: &SettingsFile, subject: &Subject, base: &CommitSha) -> String {
    let is_absent = change.team.settings == SettingsFile::Absent && *organisation == SettingsFile::Absent;
    match (is_absent, subject.pull_request) {
        (true, _) => "defaults".into(),
        (false, Some(_)) => format!("{}@{}", subject.base, base.short()),
        (false, None) => base.short().to_owned(),
    }
}

fn follow_up(job: &Job, number: PullRequestNumber, head: CommitSha) -> Job {
    Job { subject: JobSubject::PullRequest { number, head }, ..job.clone() }
}

/// Concludes what earlier attempts left open on a commit that is no longer the head.
async fn supersede_all(
    client: &RepositoryClient,
    old: &CommitSha,
    job: &Job,
    newer: &CommitSha,
) -> Result<(), GitHubError> {
    for run in OwnCheckRun::left_open(client, old, job).await? {
        let by =
            if old == newer { "by the end of the pull request".to_owned() } else { format!("by {}", newer.short()) };
        run.supersede(&by).await?;
    }
    Ok(())
}

fn done(judged: &Judged) -> Done {
    let verdict = &judged.judgement.verdict;
    let outcome = match verdict.conclusion {
        Conclusion::Success => Outcome::Passed,
        Conclusion::Failure => Outcome::Blocked,
        Conclusion::Neutral => Outcome::Neutral,
    };
    let shown = verdict.blocking().chain(verdict.to_know());
    let findings = shown.map(|judged| (judged.finding.rule.clone(), judged.finding.severity)).collect();
    Done { outcome, scan: judged.scan, findings, follow_up: Vec::new() }
}

impl From<GitHubError> for JobError {
    fn from(error: GitHubError) -> Self {
        SourceError::from(error).into()
    }
}

impl From<SourceError> for JobError {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        if !error.is_retryable() {
            return Self::Permanent { message, source: cause(&error) };
        }
        Self::Retry { message, retry_after: error.retry_after(), source: cause(&error) }
    }
}

/// What lies below an error whose own message is already said.
fn cause(error: &SourceError) -> Option<Box<dyn std::error::Error + Send + Sync>> {
    std::error::Error::source(error).map(|source| source.to_string().into())
}
