//! "Fix all": commits the verified edits of a verdict to the branch, in one commit.
//!
//! Invariant: only at exactly the head whose check run has the button, only for somebody who may push, never on a
//! fork's branch, never by force. A file is written only when it still holds the text that was judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::judge::{self, Judge};
use super::ledger::{Happened, Ledger};
use super::subject::{Subject, follow_up};
use super::threads::tolerate;
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::GitHubError;
use crate::github::client::{Client, NewCommit, RepositoryClient};
use crate::github::event::CommentPlace;
use crate::github::identity::CommitSha;
use crate::job::{FIX_ALL, FixAllSubject, Job, JobSubject};
use crate::pipeline::Judgement;
use crate::report::words::count;
use crate::report::{markdown, words};
use crate::scan::edit::Edit;
use crate::scan::finding::Category;
use crate::scan::policy::fix::apply_together;
use crate::scan::snapshot::Content;
use crate::scan::text::Text;
use crate::settings::role::Role;
use crate::store::UnixMillis;
use crate::verdict::{Judged, Standing, Verdict};

/// Edits may uncover others, such as a second finding at the same place; after this many rounds we stop.
const MAX_ROUNDS: usize = 5;
/// The most files of one commit.
const MOST_FILES: usize = 100;
/// A regular file that is not executable, as GitHub tells modes.
const REGULAR: u32 = 0o100_644;

/// Commits what people ask to be fixed.
pub struct FixAll {
    client: Client,
    judge: Arc<Judge>,
    ledger: Ledger,
}

/// What the edits come to.
struct Fixes {
    /// Paths with the texts they had and get.
    files: BTreeMap<String, (Text, String)>,
    edits: usize,
}

/// The buttons of a verdict's check run, in GitHub's own form.
///
/// # Errors
/// Any [`GitHubError`].
pub async fn buttons(
    client: &RepositoryClient,
    subject: &Subject,
    verdict: &Verdict,
) -> Result<Vec<Value>, GitHubError> {
    let edits = verdict.findings.iter().filter_map(fix_of).count();
    if subject.pull_request.is_none() || subject.is_fork || edits == 0 || !client.may_commit().await? {
        return Ok(Vec::new());
    }
    // At most 20, 40 and 20 characters.
    let description = format!("Commits {} to the branch", count(edits.min(9_999), "edit"));
    Ok(vec![json!({"label": "Fix all", "description": description, "identifier": FIX_ALL})])
}

/// The verified edit of a finding that the change introduces; a secret is not fixed by an edit.
fn fix_of(judged: &Judged) -> Option<&Edit> {
    let is_open = matches!(judged.standing, Standing::Blocks | Standing::Introduced);
    judged.finding.edit.as_ref().filter(|_| is_open && judged.finding.category != Category::Secret)
}

#[async_trait]
impl JobHandler for FixAll {
    async fn run(&self, job: &Job, cancelled: CancellationToken) -> Result<Done, JobError> {
        self.run_again(job, UnixMillis::default(), cancelled).await
    }

    async fn run_again(&self, job: &Job, _: UnixMillis, _: CancellationToken) -> Result<Done, JobError> {
        let nothing = Done::without_scan(Outcome::Nothing);
        let JobSubject::FixAll(subject) = &job.subject else { return Ok(nothing) };
        let client = self.client.repository(job.installation, job.repository.clone());
        match self.fix(&client, job, subject).await? {
            Ok(Some(head)) => Ok(Done { follow_up: vec![follow_up(job, subject.number, head)], ..nothing }),
            Ok(None) => Ok(nothing),
            Err(why) => {
                tell(&client, subject, &why).await?;
                Ok(nothing)
            }
        }
    }

    async fn supersede(&self, _: &Job, _: &Job) -> Result<(), JobError> {
        Ok(())
    }

    async fn abandon(&self, job: &Job, cause: &str) -> Result<(), JobError> {
        let JobSubject::FixAll(subject) = &job.subject else { return Ok(()) };
        let client = self.client.repository(job.installation, job.repository.clone());
        tell(&client, subject, &format!("The fixes could not be committed: {}", markdown::text(cause))).await
    }
}

impl FixAll {
    /// A handler that works as the app of `client`.
    pub fn new(client: Client, judge: Arc<Judge>, ledger: Ledger) -> Self {
        Self { client, judge, ledger }
    }

    /// The head with the fixes, nothing when there is nothing to do any more, or why nothing was committed.
    async fn fix(
        &self,
        client: &RepositoryClient,
        job: &Job,
        asked: &FixAllSubject,
    ) -> Result<Result<Option<CommitSha>, String>, JobError> {
        let pull = match client.pull_request(asked.number).await {
            Err(error) if error.is_absent() => return Ok(Ok(None)),
            pull => pull?,
        };
        if pull.state != "open" || pull.is_from_fork() || !client.may_commit().await? {
            return Ok(Ok(None));
        }
        let role = client.role_of(&asked.by.login).await?;
        if role < Role::Write {
            let name = markdown::text(&asked.by.login);
            return Ok(Err(format!("Fix all takes write access; {name} has {}. Nothing was committed.", role.name())));
        }
        if pull.head.sha != asked.head {
            if self.is_ours(client, &pull.head.sha, asked).await? {
                return self.committed(job, asked, pull.head.sha).await.map(|head| Ok(Some(head)));
            }
            return Ok(Err(format!(
                "Fix all was pressed for {}, and the branch is at {} by now. Nothing was committed; use the button of \
                 the newer check run.",
                asked.head.short(),
                pull.head.sha.short()
            )));
        }
        let subject = Subject::at(client, asked.number, &asked.head).await?;
        let fixes = self.fixes(client, &subject).await?;
        let files = unchanged(client, &asked.head, fixes.files).await?;
        if files.is_empty() {
            return Ok(Err("Nothing is left that can be fixed by an edit. Nothing was committed.".to_owned()));
        }
        let (headline, body) = message(client, asked, fixes.edits);
        let commit =
            NewCommit { branch: &pull.head.branch, head: &asked.head, headline: &headline, body: &body, files: &files };
        match client.commit_on_branch(&commit).await {
            Ok(head) => self.committed(job, asked, head).await.map(|head| Ok(Some(head))),
            Err(error) if error.is_retryable() => Err(error.into()),
            Err(error) => {
                let why = markdown::text(&words::describe(&error));
                Ok(Err(format!("The fixes could not be committed: {why}")))
            }
        }
    }

    /// Whether a head is the commit that an earlier attempt made.
    async fn is_ours(
        &self,
        client: &RepositoryClient,
        head: &CommitSha,
        asked: &FixAllSubject,
    ) -> Result<bool, JobError> {
        let commit = client.commit_object(head).await?;
        Ok(commit.is_on(&asked.head) && commit.message.contains(&trailer(&asked.head)))
    }

    async fn committed(&self, job: &Job, asked: &FixAllSubject, head: CommitSha) -> Result<CommitSha, JobError> {
        let happened = Happened {
            pull_request: Some(asked.number),
            head: Some(&asked.head),
            event: "fixed",
            actor: Some(&asked.by.login),
            detail: json!({"commit": head}),
        };
        self.ledger.note(&job.repository, happened, Some(UnixMillis::default())).await?;
        Ok(head)
    }

    /// Applies all edits, and those that they uncover, as long as nothing else comes of it.
    async fn fixes(&self, client: &RepositoryClient, subject: &Subject) -> Result<Fixes, JobError> {
        let waivers = self.ledger.waivers(client.name(), subject.pull_request).await?;
        let prepared = self.judge.prepare(client, subject, waivers).await?;
        let (mut change, mut circumstances) = (prepared.change, prepared.circumstances);
        let mut judgement = judge::judge(change.clone(), circumstances.clone()).await?;
        if let Some(digests) = self.judge.digests(&judgement.unpinned).await {
            circumstances.digests = digests;
            judgement = judge::judge(change.clone(), circumstances.clone()).await?;
        }
        let mut fixes = Fixes { files: BTreeMap::new(), edits: 0 };
        for _ in 0..MAX_ROUNDS {
            let round = apply(&judgement);
            if round.is_empty() {
                break;
            }
            for file in &mut change.snapshot.files {
                if let Some((_, text, _)) = round.get(&file.path) {
                    file.head = Content::Text(text.as_str().into());
                }
            }
            let after = judge::judge(change.clone(), circumstances.clone()).await?;
            if worth(&after) >= worth(&judgement) {
                break;
            }
            for (path, (before, text, edits)) in round {
                fixes.edits += edits;
                fixes.files.entry(path).or_insert_with(|| (before, String::new())).1 = text;
            }
            judgement = after;
        }
        Ok(fixes)
    }
}

/// How much there is to object to; fewer is better.
fn worth(judgement: &Judgement) -> (usize, usize) {
    let verdict = &judgement.verdict;
    (verdict.unjudged().count() + verdict.blocking().count(), verdict.to_know().count())
}

/// Each file with edits: its text, the text after them, and how many there are.
fn apply(judgement: &Judgement) -> BTreeMap<String, (Text, String, usize)> {
    let mut edits: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
    for judged in &judgement.verdict.findings {
        if let Some(edit) = fix_of(judged) {
            edits.entry(&judged.finding.path).or_default().push(edit.clone());
        }
    }
    let files = judgement.snapshot.files.iter().take_while(|_| !edits.is_empty());
    let edited = files.filter_map(|file| {
        let (edits, Content::Text(before)) = (edits.get(file.path.as_str())?, &file.head) else { return None };
        let (text, count) = apply_together(&file.path, before, edits);
        (text != **before).then(|| (file.path.clone(), (before.clone(), text, count)))
    });
    edited.take(MOST_FILES).collect()
}

/// The files of `files` that hold at `head` what was judged, byte by byte, and that a commit can write as they are.
async fn unchanged(
    client: &RepositoryClient,
    head: &CommitSha,
    files: BTreeMap<String, (Text, String)>,
) -> Result<Vec<(String, String)>, JobError> {
    let asked: Vec<(CommitSha, String)> = files.keys().map(|path| (head.clone(), path.clone())).collect();
    let entries = client.paths(&asked).await?;
    let pairs = files.into_iter().zip(entries).filter_map(|((path, (before, text)), entry)| {
        let entry = entry.filter(|entry| entry.mode == REGULAR)?;
        let object = entry.object.filter(|object| !object.is_truncated)?;
        (object.text.as_deref() == Some(&*before)).then_some((path, text))
    });
    Ok(pairs.collect())
}

/// The first line and the rest of the commit's message, signed off by who asked for it.
fn message(client: &RepositoryClient, asked: &FixAllSubject, edits: usize) -> (String, String) {
    let root = client.web_root();
    let rest = root.split_once("://").map_or(root.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or("github.com");
    let by = &asked.by;
    let sign_off = format!("Signed-off-by: {} <{}+{}@users.noreply.{host}>", by.login, by.id, by.login);
    let headline = format!("Fix what dockgate found ({})", count(edits, "edit"));
    (headline, format!("{}\n{sign_off}", trailer(&asked.head)))
}

/// By which an attempt that is repeated knows its commit.
fn trailer(head: &CommitSha) -> String {
    format!("Dockgate-Fixes: {head}")
}

/// Says why nothing was committed, once to each who pressed for the same head.
async fn tell(client: &RepositoryClient, asked: &FixAllSubject, why: &str) -> Result<(), JobError> {
    let marker = format!("<!-- dockgate:fix:{}:{} -->", asked.head, asked.by.id);
    if client.own_comment(asked.number, CommentPlace::Conversation, None, &marker).await?.is_none() {
        let said = client.create_issue_comment(asked.number, why, &marker).await;
        tolerate(said, "why nothing was fixed could not be said")?;
    }
    Ok(())
}
