//! `/dockgate waive`: accepts one finding of one pull request until a day.
//!
//! Invariant: the role that it takes is what the settings of the base say; settings that can't be read let nobody
//! waive.

use super::{Asked, Response};
use crate::github::client::Reaction;
use crate::report::markdown;
use crate::scan::finding::Severity;
use crate::settings::date::Date;
use crate::settings::repository::{REPOSITORY_PATH, RepositorySettings, SettingsFile};
use crate::settings::role::Role;
use crate::worker::JobError;
use crate::worker::judge::Judge;
use crate::worker::ledger::{GivenWaiver, KnownFinding, Ledger};

/// The most days that a waiver may last.
const MOST_DAYS: u32 = 366;
/// The largest settings file that is read.
const MAX_SETTINGS_BYTES: usize = 1 << 20;

pub(super) async fn waive(
    judge: &Judge,
    ledger: &Ledger,
    asked: &Asked<'_>,
    id: &str,
    until: Date,
    reason: String,
) -> Result<Response, JobError> {
    let (needed, announce_days) = match rules(judge, asked).await? {
        Ok(rules) => rules,
        Err(why) => return Ok(Response::refused(why)),
    };
    if asked.role < needed {
        let (needed, own) = (needed.name(), asked.role.name());
        return Ok(Response::refused(format!("Waiving takes the role {needed} here; yours is {own}.")));
    }
    let today = judge.today();
    if until < today || until > today.plus_days(MOST_DAYS) {
        let last = today.plus_days(MOST_DAYS);
        return Ok(Response::refused(format!("A waiver ends between today, {today}, and {last}.")));
    }
    let known = ledger.findings(&asked.job.repository, asked.comment.number).await?;
    let finding = match named(known, id) {
        Ok(finding) => finding,
        Err(why) => return Ok(Response::refused(why)),
    };
    if finding.severity >= Severity::High && asked.is_by_the_author() {
        let why = format!("A {} finding of one's own pull request is waived by somebody else.", finding.severity);
        return Ok(Response::refused(why));
    }
    let by = asked.comment.author.clone();
    let waiver = GivenWaiver {
        finding,
        until: until.to_string(),
        by,
        reason,
        job: asked.rescan(),
        is_over: false,
        announce_days,
    };
    ledger.give(asked.comment.number, &waiver).await?;
    Ok(Response { reaction: Reaction::Done, reply: None, follow_up: vec![asked.rescan()] })
}

/// The role that waiving takes, and how many days before its last one a waiver's end is announced; or why nobody can.
async fn rules(judge: &Judge, asked: &Asked<'_>) -> Result<Result<(Role, u32), String>, JobError> {
    let base = &asked.pull.base.branch;
    let organisation = judge.organisation(asked.client).await?;
    let repository = match asked.client.file(REPOSITORY_PATH, Some(base), MAX_SETTINGS_BYTES).await {
        Ok(None) => SettingsFile::Absent,
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => SettingsFile::Text(text),
            Err(_) => SettingsFile::Unreadable { why: "not UTF-8".into() },
        },
        Err(error) if error.is_retryable() => return Err(error.into()),
        Err(error) => SettingsFile::Unreadable { why: error.to_string() },
    };
    let settings = RepositorySettings::resolve(&organisation, &repository, &[]);
    if !settings.problems.is_empty() {
        let base = markdown::code(base);
        return Ok(Err(format!("The settings of {base} have a mistake: nobody can waive until it is mended.")));
    }
    let announce_days = u32::try_from(settings.conversation.announce_days.value).unwrap_or(u32::MAX).min(MOST_DAYS);
    let role = settings.conversation.waiver_role.value.map(|role| (role, announce_days));
    Ok(role.ok_or_else(|| "Waivers by command are switched off here (`waivers.role: never`).".to_owned()))
}

/// The one finding whose fingerprint begins with `id`.
fn named(known: Vec<KnownFinding>, id: &str) -> Result<KnownFinding, String> {
    let mut found: Vec<KnownFinding> =
        known.into_iter().filter(|finding| finding.fingerprint.as_str().starts_with(id)).collect();
    let worst = found.iter().map(|finding| finding.severity).max();
    // Findings of one identity are waived together, each as it stands.
    let subjects: Vec<String> = found.iter().flat_map(|finding| finding.subjects.clone()).collect();
    found.sort_by(|left, right| left.fingerprint.cmp(&right.fingerprint));
    found.dedup_by(|other, first| other.fingerprint == first.fingerprint);
    match (found.pop(), found.is_empty(), worst) {
        (Some(finding), true, Some(severity)) => Ok(KnownFinding { severity, subjects, ..finding }),
        (Some(_), false, _) => Err(format!("More than one finding begins with `{id}`; write more digits.")),
        _ => Err(format!("The last verdict has no finding `{id}`; the check run shows their ids.")),
    }
}
