//! The verdict: which findings a change introduces, and whether they block it.
//!
//! Invariant: only what the change introduces blocks, and nothing that could not be judged is called clean.

mod introduced;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::scan::Scan;
use crate::scan::finding::{Finding, Severity};
use crate::scan::problem::{Cause, Problem};
use crate::scan::snapshot::Snapshot;
use crate::scan::span::Span;
use crate::scan::suppression::Suppression;
use crate::settings::date::Date;
use crate::settings::repository::{RepositorySettings, Waiver, WhenUnjudged};
use introduced::Candidate;

/// How a change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// Nothing blocks and everything was judged.
    Success,
    /// Something blocks.
    Failure,
    /// Nothing blocks, but something could not be judged.
    Neutral,
}

/// A finding with what the verdict makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// Where it stands.
    pub standing: Standing,
    /// Why a suppression or waiver that is about the finding does not count: one sentence, lower case, no full stop.
    pub note: Option<String>,
}

/// What the verdict makes of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The change introduces it, at or above the threshold.
    Blocks,
    /// The change introduces it, below the threshold.
    Introduced,
    /// It stands in the base as well.
    Existing,
    /// An inline suppression accepts it.
    Suppressed {
        /// The suppression.
        suppression: Suppression,
        /// Whether the change itself brings the suppression.
        introduced: bool,
    },
    /// A waiver of the settings, or one given by command, accepts it.
    Waived(WaiverNote),
}

/// The waiver that accepts a finding, as reports show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaiverNote {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day on which it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Whether that day is near enough to be announced.
    #[serde(skip)]
    pub ends_soon: bool,
}

/// The outcome of a change.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// How the change ends.
    pub conclusion: Conclusion,
    /// Introduced findings from this severity on block; `None` when nothing ever blocks.
    pub fail_on: Option<Severity>,
    /// Every finding of the head: blocking ones first, then by severity, path and place.
    pub findings: Vec<Judged>,
    /// What could not be judged.
    pub problems: Vec<Problem>,
    /// How many files were judged.
    pub files: usize,
    /// How many files the settings leave out.
    pub ignored: usize,
    /// How many findings of the base are gone in the head.
    pub resolved: usize,
    /// Where secrets stand in the head, by file, so that whoever shows lines leaves them out.
    pub secrets: BTreeMap<String, Vec<Span>>,
    /// Whether what could not be judged blocks the change.
    pub unjudged_blocks: bool,
}

impl Verdict {
    /// The findings that block, most severe first.
    pub fn blocking(&self) -> impl Iterator<Item = &Judged> {
        self.findings.iter().filter(|judged| judged.standing == Standing::Blocks)
    }

    /// The findings that the change introduces below the threshold, most severe first.
    pub fn to_know(&self) -> impl Iterator<Item = &Judged> {
        self.findings.iter().filter(|judged| judged.standing == Standing::Introduced)
    }

    /// The findings that stand in the base as well.
    pub fn existing(&self) -> impl Iterator<Item = &Judged> {
        self.findings.iter().filter(|judged| judged.standing == Standing::Existing)
    }

    /// The findings that a suppression or a waiver accepts.
    pub fn accepted(&self) -> impl Iterator<Item = &Judged> {
        let accepts = |standing: &Standing| matches!(standing, Standing::Suppressed { .. } | Standing::Waived(_));
        self.findings.iter().filter(move |judged| accepts(&judged.standing))
    }

    /// What the change brings that could not be judged.
    pub fn unjudged(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| !is_settings(problem) && leaves_unjudged(problem))
    }

    /// What is wrong with the settings, policies and waivers of the base, and could change the verdict.
    pub fn settings_mistakes(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| is_settings(problem))
    }

    /// The problems that are only worth a note.
    pub fn notes(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| !is_settings(problem) && !leaves_unjudged(problem))
    }
}

impl Standing {
    /// The order of reports, first to last.
    fn rank(&self) -> u8 {
        match self {
            Self::Blocks => 0,
            Self::Introduced => 1,
            Self::Existing => 2,
            Self::Suppressed { .. } => 3,
            Self::Waived(_) => 4,
        }
    }
}

/// Decides about a change: `scan` is what the engine found in both sides of `snapshot`, `today` ends waivers.
pub fn decide(scan: Scan, snapshot: &Snapshot, settings: &RepositorySettings, today: Date) -> Verdict {
    let ignored_files = ignored_paths(snapshot, settings);
    let kept = |finding: &Finding| !settings.ignore.value.matches(&finding.path);
    let judged_and_ignored =
        snapshot.files.iter().filter(|file| file.head.is_text() && ignored_files.contains(file.path.as_str()));
    let files = scan.head.files.saturating_sub(judged_and_ignored.count());
    let problems = problems(scan.head.problems, settings);
    let base = introduced::Base::new(scan.base.findings, scan.base.suppressed, kept);
    let (candidates, left) = introduced::compare(base, scan.head.findings, scan.head.suppressed, kept, snapshot);
    let resolved = left.count_without(&scan.head.superseded);
    let mut findings: Vec<Judged> =
        candidates.into_iter().map(|found| judge(found, snapshot, settings, today)).collect();
    findings.sort_by(|left, right| order(left).cmp(&order(right)));
    let (conclusion, unjudged_blocks) = conclude(&findings, &problems, settings);
    Verdict {
        conclusion,
        fail_on: settings.fail_on.value,
        findings,
        problems,
        files,
        ignored: ignored_files.len(),
        resolved,
        secrets: scan.head.secrets,
        unjudged_blocks,
    }
}

fn ignored_paths<'a>(snapshot: &'a Snapshot, settings: &RepositorySettings) -> BTreeSet<&'a str> {
    let paths = snapshot.files.iter().map(|file| file.path.as_str());
    paths.filter(|path| settings.ignore.value.matches(path)).collect()
}

fn problems(found: Vec<Problem>, settings: &RepositorySettings) -> Vec<Problem> {
    let ignored = |problem: &Problem| problem.path.as_ref().is_some_and(|path| settings.ignore.value.matches(path));
    let mut problems: Vec<Problem> = found.into_iter().filter(|problem| !ignored(problem)).collect();
    problems.extend(settings.problems.iter().cloned());
    problems.sort_by(|left, right| (left.cause, left).cmp(&(right.cause, right)));
    problems.dedup();
    problems
}

type Order<'a> = (u8, std::cmp::Reverse<Severity>, &'a str, usize, usize, &'a str, &'a str);

fn order(judged: &Judged) -> Order<'_> {
    let finding = &judged.finding;
    let severity = std::cmp::Reverse(finding.severity);
    let (start, end) = (finding.span.start, finding.span.end);
    (judged.standing.rank(), severity, &finding.path, start, end, finding.rule.as_str(), &finding.message)
}

fn judge(found: Candidate, snapshot: &Snapshot, settings: &RepositorySettings, today: Date) -> Judged {
    let Candidate { finding, introduced, suppression } = found;
    let mut notes = Vec::new();
    if let Some((suppression, added)) = suppression {
        let lapsed = suppression.until.as_deref().and_then(|until| until.parse().ok()).filter(|until| today > *until);
        if let Some(until) = lapsed {
            let until: Date = until;
            notes.push(format!("the suppression on line {} ended on {until}", suppression.line));
        } else if !added || settings.max_suppressed.value.is_some_and(|most| finding.severity <= most) {
            let standing = Standing::Suppressed { suppression, introduced: added };
            return Judged { finding, standing, note: None };
        } else {
            notes.push(format!(
                "the suppression on line {} comes with this change and does not count for {}: it needs a waiver in \
                 the settings of the base branch",
                suppression.line, finding.severity
            ));
        }
    }
    let mut waivers: Vec<_> = settings.waivers.iter().filter(|waiver| waiver.covers(&finding)).collect();
    waivers.sort_by_key(|waiver| std::cmp::Reverse(waiver.until));
    if let Some(waiver) = waivers.first() {
        if !waiver.is_expired(today) {
            let note = WaiverNote {
                owner: waiver.owner.clone(),
                reason: waiver.reason.clone(),
                until: waiver.until.to_string(),
                ends_soon: ends_soon(waiver, settings, today),
            };
            return Judged { finding, standing: Standing::Waived(note), note: None };
        }
        notes.push(format!("the waiver of {} ended on {}", waiver.owner, waiver.until));
    }
    let list = settings.baseline.list_of(&finding, snapshot.whole_tree).filter(|_| introduced);
    notes.extend(list.map(|list| format!("listed in {list}")));
    let standing = match introduced && list.is_none() {
        false => Standing::Existing,
        true if settings.blocks(finding.severity) => Standing::Blocks,
        true => Standing::Introduced,
    };
    Judged { finding, standing, note: (!notes.is_empty()).then(|| notes.join("; ")) }
}

/// Whether the end of a waiver is to be announced by now.
fn ends_soon(waiver: &Waiver, settings: &RepositorySettings, today: Date) -> bool {
    let days = waiver.until.days_since_epoch() - today.days_since_epoch();
    usize::try_from(days).is_ok_and(|days| days < settings.conversation.announce_days.value)
}

fn is_settings(problem: &Problem) -> bool {
    problem.cause == Cause::Settings
}

fn leaves_unjudged(problem: &Problem) -> bool {
    problem.introduced && problem.cause.leaves_unjudged()
}

fn conclude(findings: &[Judged], problems: &[Problem], settings: &RepositorySettings) -> (Conclusion, bool) {
    let unjudged = problems.iter().any(leaves_unjudged);
    let unjudged_blocks = unjudged && settings.unjudged.value == WhenUnjudged::Fail;
    let settings_wrong = problems.iter().any(is_settings);
    let conclusion = if unjudged_blocks || findings.iter().any(|judged| judged.standing == Standing::Blocks) {
        Conclusion::Failure
    } else if settings_wrong || (unjudged && settings.unjudged.value != WhenUnjudged::Pass) {
        Conclusion::Neutral
    } else {
        Conclusion::Success
    };
    (conclusion, unjudged_blocks)
}
