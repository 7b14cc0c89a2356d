//! Waivers in the words of reports: the command that gives one, ready-made, and those that end soon.
//!
//! Invariant: nothing of it is shown where nobody reads commands.

use super::{ReportInput, markdown};
use crate::scan::finding::Finding;
use crate::settings::role::Role;
use crate::verdict::Standing;

/// The least role that may give a waiver by command, and the day that is proposed; `None` where none is taken.
fn offer(input: &ReportInput<'_>) -> Option<(Role, String)> {
    let until = input.waive_until?;
    input.settings.conversation.waiver_role.value.map(|role| (role, until.to_string()))
}

/// The id by which a command names a finding.
pub fn id(finding: &Finding, input: &ReportInput<'_>) -> Option<String> {
    offer(input).map(|_| markdown::code(finding.fingerprint.short()))
}

/// The command that waives a finding, and who may write it.
pub fn command(finding: &Finding, input: &ReportInput<'_>) -> Option<String> {
    offer(input).map(|(role, until)| sentence(finding.fingerprint.short(), role, &until))
}

/// How to accept what blocks, in one line.
pub fn line(input: &ReportInput<'_>) -> Option<String> {
    let (role, until) = offer(input)?;
    let mut blocking = input.verdict.blocking();
    let first = blocking.next()?;
    let id = if blocking.next().is_none() { first.finding.fingerprint.short() } else { "ID" };
    Some(format!("To accept one until a day, comment {}", sentence(id, role, &until)))
}

fn sentence(id: &str, role: Role, until: &str) -> String {
    format!("`/dockgate waive {id} until {until} because …` (role {}).", role.name())
}

/// The applied waivers that end soon, a line each.
pub fn ending(input: &ReportInput<'_>) -> Vec<String> {
    let lines = input.verdict.findings.iter().filter_map(|judged| match &judged.standing {
        Standing::Waived(note) if note.ends_soon => Some(format!(
            "- {} {}: the waiver of {} ends on {}, then it blocks again",
            markdown::place(&judged.finding, input),
            markdown::rule(&judged.finding, input),
            markdown::text(&note.owner),
            note.until,
        )),
        _ => None,
    });
    lines.collect()
}
