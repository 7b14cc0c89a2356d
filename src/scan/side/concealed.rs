//! Where policies and detectors speak of one secret: which of them is heard, and that none shows it.
//!
//! Invariant: no text of a policy's finding holds a value that a detector found in the file.

use super::super::finding::{Category, Finding};
use super::super::policy::evaluate::{Evaluation, Found};
use super::super::problem::Problem;
use super::super::secret::{self, Secrets};
use super::super::span::Span;

/// Leaves out a secret that is known by the name of its setting alone where a policy says more of that very place, such
/// as that an image keeps it, and one that weighs less than what a policy says of it, such as a well-known password that
/// opens a login. A policy that speaks of several secrets at once gives way to what knows each.
pub(super) fn give_way(secrets: &mut Secrets, evaluation: &Evaluation) {
    let exact: Vec<&Found> = evaluation.findings.iter().filter(|found| found.concealed.len() == 1).collect();
    let is_said = |secret: &Finding| {
        let here = exact.iter().filter(|found| found.concealed.iter().any(|place| place.overlaps(secret.span)));
        here.map(|found| &found.finding).any(|finding| match finding.category {
            Category::Secret => secret::is_known_by_name(secret),
            _ => finding.severity > secret.severity,
        })
    };
    secrets.findings.retain(|secret| !is_said(secret));
}

/// Takes secret values out of what the policies say, and leaves out what says of a value only that it is one, when a
/// detector knows which; an edit that holds one is not offered.
pub(super) fn without_secrets(evaluation: Evaluation, secrets: &Secrets) -> (Vec<Finding>, Vec<Finding>, Vec<Problem>) {
    let is_named_exactly = |place: &Span| secrets.findings.iter().any(|secret| secret.span.overlaps(*place));
    let says_more = |found: &Found| found.concealed.is_empty() || !found.concealed.iter().all(is_named_exactly);
    let found = evaluation.findings.into_iter().filter(says_more);
    let mut findings: Vec<Finding> = found.map(|found| found.finding).collect();
    let (mut superseded, problems) = (evaluation.superseded, evaluation.problems);
    for finding in findings.iter_mut().chain(&mut superseded) {
        secrets.scrub(&mut finding.message);
        finding.subjects.iter_mut().chain(&mut finding.resource).for_each(|text| secrets.scrub(text));
        let holds_secret = |replacement: &str| {
            let mut scrubbed = replacement.to_owned();
            secrets.scrub(&mut scrubbed);
            scrubbed != replacement
        };
        finding.edit = finding.edit.take().filter(|edit| !holds_secret(&edit.replacement));
    }
    (findings, superseded, problems)
}
