//! What the server remembers of verdicts: findings by their ids, waivers that people gave, and the audit log.
//!
//! Invariant: nothing here holds a secret value, and what is asked for twice is written once.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::judge::Judged;
use super::said::Said;
use super::subject::Subject;
use super::twins::Twins;
use crate::github::app::Clock;
use crate::github::event::Comment;
use crate::github::identity::{CommitSha, PullRequestNumber, RepositoryName};
use crate::job::Job;
use crate::scan::finding::{Finding, Fingerprint, Severity};
use crate::scan::policy::PolicyId;
use crate::settings::Origin;
use crate::settings::date::Date;
use crate::settings::repository::{WaivedFinding, Waiver};
use crate::store::{AuditEntry, AuditQuery, Shelf, Store, StoreError, UnixMillis};
use crate::verdict::{Conclusion, Standing};

/// How long the findings of a pull request are remembered for commands.
const FINDINGS_KEPT: Duration = Duration::from_hours(180 * 24);
/// How long a waiver is remembered after its last day, so that reports can say that it ended.
const ENDED_KEPT: Duration = Duration::from_hours(90 * 24);
/// How many replies one person gets on one pull request, and within which time.
const MOST_REPLIES: usize = 10;
const REPLY_SPAN: Duration = Duration::from_hours(1);
/// The most findings of one pull request that are remembered.
const MOST_FINDINGS: usize = 500;
/// The most waivers of one repository or pull request that are applied.
const MOST_WAIVERS: u32 = 1_000;
/// The most findings that one line of the audit log names.
const MOST_NAMED: usize = 100;

/// A finding of a pull request's last verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFinding {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// The rule.
    pub rule: PolicyId,
    /// Its severity.
    pub severity: Severity,
    /// What exactly is objected to.
    pub subjects: Vec<String>,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
}

/// A waiver that somebody gave by command, for one finding of one pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenWaiver {
    /// What it accepts.
    pub finding: KnownFinding,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: String,
    /// The login of who gave it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The job that judges the pull request again, as it was when the waiver was given.
    pub job: Job,
    /// Whether its end was told.
    #[serde(default)]
    pub is_over: bool,
    /// So many days before its last one its end is announced.
    #[serde(default)]
    pub announce_days: u32,
}

impl GivenWaiver {
    /// The waiver as the verdict takes it; `None` when its day can't be read.
    pub fn waiver(self) -> Option<Waiver> {
        let KnownFinding { fingerprint, rule, severity, subjects, .. } = self.finding;
        Some(Waiver {
            rule,
            paths: crate::scan::glob::PathGlobs::default(),
            finding: Some(WaivedFinding { fingerprint, severity, subjects }),
            until: self.until.parse().ok()?,
            owner: format!("@{}", self.by),
            reason: self.reason,
            origin: Origin::Command,
        })
    }
}

impl KnownFinding {
    fn of(finding: &Finding) -> Self {
        Self {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.clone(),
            severity: finding.severity,
            subjects: finding.subjects.clone(),
            path: finding.path.clone(),
            line: finding.start.line,
        }
    }
}

/// What happened, for the audit log.
pub struct Happened<'a> {
    /// On which pull request.
    pub pull_request: Option<PullRequestNumber>,
    /// On which commit.
    pub head: Option<&'a CommitSha>,
    /// What: `verdict`, `waived`, …
    pub event: &'a str,
    /// Who did it; `None` for dockgate itself.
    pub actor: Option<&'a str>,
    /// More.
    pub detail: Value,
}

/// The ledger.
#[derive(Clone)]
pub struct Ledger {
    pub(super) store: Arc<dyn Store>,
    clock: Clock,
}

impl Ledger {
    /// The records in `store`.
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// What was said on a pull request a moment ago.
    pub(super) fn said(&self, repository: &RepositoryName, number: PullRequestNumber) -> Said {
        Said::new(Arc::clone(&self.store), repository, number)
    }

    /// The verdicts by commit.
    pub(super) fn twins(&self) -> Twins {
        Twins::new(Arc::clone(&self.store), self.now())
    }

    pub(super) fn now(&self) -> UnixMillis {
        (self.clock)().into()
    }

    /// The waivers that were given for findings of a pull request; of all pull requests for a merge group, which holds
    /// what they bring together.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waivers(
        &self,
        repository: &RepositoryName,
        number: Option<PullRequestNumber>,
    ) -> Result<Vec<Waiver>, StoreError> {
        let prefix = number.map_or_else(|| format!("{repository}#"), |number| format!("{repository}#{number}/"));
        let kept = self.store.kept_below(Shelf::Waiver, &prefix, self.now(), MOST_WAIVERS).await?;
        let given = kept.iter().filter_map(|(_, body)| serde_json::from_str::<GivenWaiver>(body).ok());
        Ok(given.filter_map(GivenWaiver::waiver).collect())
    }

    /// Keeps a waiver and notes who gave it, in place of an older one for the same finding.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give(&self, number: PullRequestNumber, waiver: &GivenWaiver) -> Result<(), StoreError> {
        let (repository, finding) = (&waiver.job.repository, &waiver.finding);
        let name = format!("{repository}#{number}/{}", finding.fingerprint);
        let Ok(body) = serde_json::to_string(waiver) else { return Ok(()) };
        if self.store.kept(Shelf::Waiver, &name, self.now()).await?.as_deref() == Some(&body) {
            return Ok(());
        }
        let happened = Happened {
            pull_request: Some(number),
            head: waiver.job.head(),
            event: "waived",
            actor: Some(&waiver.by),
            detail: json!({
                "finding": finding.fingerprint, "rule": finding.rule, "severity": finding.severity,
                "path": finding.path, "until": waiver.until, "reason": waiver.reason,
            }),
        };
        self.note(repository, happened, Some(self.now().minus(Duration::from_hours(1)))).await?;
        self.store.keep(Shelf::Waiver, &name, &body, end_of(&waiver.until)).await
    }

    /// Whether a pull request has a note that the merge queue blocks it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_queue_note(
        &self,
        repository: &RepositoryName,
        number: PullRequestNumber,
    ) -> Result<bool, StoreError> {
        Ok(self.store.kept(Shelf::Met, &queue_note(repository, number), self.now()).await?.is_some())
    }

    /// Remembers whether a pull request has a note that the merge queue blocks it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_queue_note(
        &self,
        repository: &RepositoryName,
        number: PullRequestNumber,
        is_blocked: bool,
    ) -> Result<(), StoreError> {
        let name = queue_note(repository, number);
        if is_blocked {
            return self.store.keep(Shelf::Met, &name, "", Some(self.now().plus(FINDINGS_KEPT))).await;
        }
        self.store.forget(Shelf::Met, &name).await
    }

    /// Whether a comment may be replied to: of one person on one pull request ten in an hour are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn may_reply(&self, job: &Job, comment: &Comment) -> Result<bool, StoreError> {
        let (now, id) = (self.now(), comment.id.to_string());
        for slot in 0..MOST_REPLIES {
            let name = format!("reply/{}#{}/{}/{slot}", job.repository, comment.number, comment.author);
            let is_free = self.store.claim(Shelf::Claim, &name, &id, now, Some(now.plus(REPLY_SPAN))).await?;
            if is_free || self.store.kept(Shelf::Claim, &name, now).await?.as_deref() == Some(&id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The findings of the last verdict on a pull request.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn findings(
        &self,
        repository: &RepositoryName,
        number: PullRequestNumber,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        let kept = self.store.kept(Shelf::Finding, &format!("{repository}#{number}"), self.now()).await?;
        Ok(kept.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default())
    }

    /// Remembers a verdict: its findings by their ids, and a line of the audit log. `again_since` tells when the job was
    /// asked for, if there were attempts before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verdict(
        &self,
        job: &Job,
        subject: &Subject,
        judged: &Judged,
        again_since: Option<UnixMillis>,
    ) -> Result<(), StoreError> {
        let (repository, verdict) = (&job.repository, &judged.judgement.verdict);
        if let Some(number) = subject.pull_request {
            let shown = verdict.blocking().chain(verdict.to_know()).chain(verdict.accepted()).take(MOST_FINDINGS);
            let known: Vec<KnownFinding> = shown.map(|judged| KnownFinding::of(&judged.finding)).collect();
            let body = json!(known).to_string();
            let until = self.now().plus(FINDINGS_KEPT);
            self.store.keep(Shelf::Finding, &format!("{repository}#{number}"), &body, Some(until)).await?;
        }
        let happened = Happened {
            pull_request: subject.pull_request.or(subject.queued),
            head: Some(&subject.head),
            event: "verdict",
            actor: None,
            detail: verdict_detail(subject, judged),
        };
        self.note(repository, happened, again_since).await
    }

    /// Adds a line to the audit log, unless an equal one was added since `again_since`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note(
        &self,
        repository: &RepositoryName,
        happened: Happened<'_>,
        again_since: Option<UnixMillis>,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            at: self.now(),
            repository: repository.clone(),
            pull_request: happened.pull_request,
            head: happened.head.cloned(),
            event: happened.event.to_owned(),
            actor: happened.actor.map(str::to_owned),
            detail: happened.detail.to_string(),
        };
        if let Some(since) = again_since
            && self.was_noted(&entry, since).await?
        {
            return Ok(());
        }
        self.store.append_audit(&entry).await
    }

    async fn was_noted(&self, entry: &AuditEntry, since: UnixMillis) -> Result<bool, StoreError> {
        const PAGE: u32 = 200;
        let mut query = AuditQuery {
            repository: Some(entry.repository.clone()),
            pull_request: entry.pull_request,
            after: 0,
            since: Some(since),
            limit: PAGE,
        };
        loop {
            let lines = self.store.audit(&query).await?;
            if lines.iter().any(|line| AuditEntry { at: entry.at, ..line.entry.clone() } == *entry) {
                return Ok(true);
            }
            match lines.last() {
                Some(last) if lines.len() >= PAGE as usize => query.after = last.id,
                _ => return Ok(false),
            }
        }
    }
}

fn queue_note(repository: &RepositoryName, number: PullRequestNumber) -> String {
    format!("queue/{repository}#{number}")
}

/// Until when a waiver is kept that ends with the day `until`.
pub(super) fn end_of(until: &str) -> Option<UnixMillis> {
    let day: Date = until.parse().ok()?;
    let days = u64::try_from(day.days_since_epoch()).ok()?;
    Some(UnixMillis::default().plus(Duration::from_secs((days + 1) * 86_400) + ENDED_KEPT))
}

fn verdict_detail(subject: &Subject, judged: &Judged) -> Value {
    let verdict = &judged.judgement.verdict;
    let conclusion = match verdict.conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Neutral => "neutral",
    };
    let blocks = verdict.blocking().take(MOST_NAMED);
    let blocks: Vec<Value> =
        blocks.map(|judged| json!({"finding": judged.finding.fingerprint, "rule": judged.finding.rule})).collect();
    let waived = verdict.findings.iter().filter_map(|judged| match &judged.standing {
        Standing::Waived(note) => Some(json!({
            "finding": judged.finding.fingerprint, "rule": judged.finding.rule, "by": note.owner, "until": note.until,
        })),
        _ => None,
    });
    json!({
        "conclusion": conclusion,
        "base": subject.base,
        "settings_from": judged.settings_from,
        "rules": judged.rules,
        "files": verdict.files,
        "blocking": verdict.blocking().count(),
        "to_know": verdict.to_know().count(),
        "existing": verdict.existing().count(),
        "accepted": verdict.accepted().count(),
        "unjudged": verdict.unjudged().count(),
        "blocks": blocks,
        "waived": waived.take(MOST_NAMED).collect::<Vec<Value>>(),
    })
}
