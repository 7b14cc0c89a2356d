//! The one comment on a pull request as a whole: what keeps it out of the merge queue.
//!
//! The queue's check run stands on the queue's own commit, which the pull request's page does not show: its own check
//! may well be green. Everything else is in the check run, and is not said twice.
//!
//! Invariant: there is one such comment at most. It is found again by a hidden marker and changed in place.

use super::JobError;
use super::ledger::Ledger;
use super::threads::tolerate;
use crate::github::GitHubError;
use crate::github::client::RepositoryClient;
use crate::github::event::CommentPlace;
use crate::github::identity::PullRequestNumber;
use crate::report::{ReportInput, check_run, markdown};
use crate::verdict::Conclusion;

const MARKER: &str = "<!-- dockgate:queue -->";
/// The most findings that are named.
const MOST_NAMED: usize = 10;

/// Says that the group of `number` is blocked and by what, or that it no longer is.
pub(super) async fn write(
    client: &RepositoryClient,
    ledger: &Ledger,
    number: PullRequestNumber,
    input: &ReportInput<'_>,
) -> Result<(), JobError> {
    let is_blocked = input.verdict.conclusion == Conclusion::Failure;
    if !is_blocked && !ledger.has_queue_note(client.name(), number).await? {
        return Ok(());
    }
    let body = if is_blocked { blocked(input) } else { passed(input) };
    // Remembered before it is written: what is remembered in vain costs one look.
    ledger.keep_queue_note(client.name(), number, is_blocked).await?;
    Ok(tolerate(upsert(client, number, &body, is_blocked).await, "the note on the merge queue was refused")?)
}

async fn upsert(
    client: &RepositoryClient,
    number: PullRequestNumber,
    body: &str,
    is_blocked: bool,
) -> Result<(), GitHubError> {
    match client.own_comment(number, CommentPlace::Conversation, None, MARKER).await? {
        Some(comment) if comment.body.trim_end() == format!("{body}\n{MARKER}") => Ok(()),
        Some(comment) => client.update_issue_comment(comment.id, body, MARKER).await,
        None if is_blocked => client.create_issue_comment(number, body, MARKER).await,
        None => Ok(()),
    }
}

fn short<'a>(input: &ReportInput<'a>) -> &'a str {
    input.head.and_then(|head| head.get(..7)).unwrap_or_default()
}

fn blocked(input: &ReportInput<'_>) -> String {
    let title = markdown::text(&check_run::title(input.verdict));
    let mut lines = vec![format!("In the merge queue, at {}: {title}.", short(input)), String::new()];
    let blocking = input.verdict.blocking();
    lines.extend(blocking.take(MOST_NAMED).map(|judged| {
        let finding = &judged.finding;
        let (place, message) = (markdown::place(finding, input), markdown::message(&finding.message));
        format!("- {} {place} {message} · {}", finding.severity, markdown::rule(finding, input))
    }));
    let more = input.verdict.blocking().count().saturating_sub(MOST_NAMED);
    if more > 0 {
        lines.push(format!("- {more} more in the check run `dockgate` of {}", short(input)));
    }
    lines.join("\n") + "\n"
}

fn passed(input: &ReportInput<'_>) -> String {
    format!("In the merge queue, at {}: nothing blocks any more.\n", short(input))
}
