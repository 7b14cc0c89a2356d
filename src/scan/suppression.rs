//! Inline suppressions: `# dockgate:ignore RULE -- reason`.
//!
//! A comment stands on the first line of a finding or above it, other comments between; in a Dockerfile also among the
//! continued lines of the instruction. `# dockgate:ignore-file RULE -- reason` is meant for the whole file. Several
//! rules are separated by commas. The comments of other tools are obeyed as well: see [`foreign`].
//!
//! Invariant: a suppression without a reason, for an unknown rule, or that matches nothing is reported, never obeyed
//! or passed over in silence; and no reason that holds a secret is kept.

mod comment;
mod foreign;
pub mod names;

use std::collections::{BTreeMap, BTreeSet};

use super::document::{DocumentKind, ParsedFile};
use super::finding::{Category, Finding};
use super::policy::fields::nearest;
use super::problem::{Cause, Problem};
use super::span::{LineIndex, Span};
use comment::{Directive, Flaw};
use foreign::Foreign;
use names::Names;

/// What stands in place of a reason that holds a secret.
const WITHHELD: &str = "(withheld: the reason holds a secret)";

/// What stands for every rule that is about secrets, in a suppression of a tool that looks for nothing else.
const ALL_SECRETS: &str = "secret/*";

/// A suppression as written in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The rules it names, as written.
    pub rules: Vec<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// The line of the comment, from 1.
    pub line: usize,
    /// Whether it is meant for the whole file.
    pub whole_file: bool,
    /// The tool whose comment it is, when it is not dockgate's own.
    pub tool: Option<&'static str>,
    /// The last day on which it holds, `YYYY-MM-DD`; `None` when it always does.
    pub until: Option<String>,
}

/// A finding with the suppression that matches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The suppression.
    pub suppression: Suppression,
    /// Whether the change itself brings the suppression.
    pub introduced: bool,
}

/// One side of one file, for suppressions.
#[derive(Clone, Copy, Debug)]
pub struct Source<'f> {
    /// The file.
    pub path: &'f str,
    /// Its text.
    pub text: &'f str,
    /// Its lines.
    pub lines: &'f LineIndex,
    /// Its content.
    pub parsed: &'f ParsedFile,
}

/// The findings of one file after its suppressions.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Findings that no suppression matches, in their order.
    pub findings: Vec<Finding>,
    /// Findings that one matches.
    pub suppressed: Vec<Suppressed>,
    /// Suppressions that are wrong or match nothing.
    pub problems: Vec<Problem>,
    /// The suppressions that can be obeyed, for the comparison of base and head.
    pub suppressions: Vec<Suppression>,
}

/// Applies the suppressions written in `file` to its `findings`.
///
/// `names` are those of all rules. `base` are the suppressions of the file before the change: one with the same rules
/// and reach is the same one, however often the reason is reworded; those beyond their number are introduced.
pub fn apply(file: Source<'_>, findings: Vec<Finding>, names: &Names<'_>, base: &[Suppression]) -> Applied {
    let mut applied = Applied::default();
    let directives = comment::directives(file);
    let foreign = foreign::find(file, names);
    if directives.is_empty() && foreign.suppressions.is_empty() && foreign.refused.is_empty() {
        return Applied { findings, ..applied };
    }
    let secrets: Vec<Span> = spans_of_secrets(&findings);
    let problems = &mut applied.problems;
    let mut placed: Vec<Placed> =
        directives.iter().filter_map(|directive| place(file, directive, names, &secrets, problems)).collect();
    problems.extend(foreign.refused.into_iter().map(|(span, message)| problem(file, span, message)));
    placed.extend(foreign.suppressions.into_iter().map(|one| place_foreign(file, one, &secrets)));
    mark_introduced(&mut placed, base);
    for finding in findings {
        let lines = (file.lines.line(finding.span.start), file.lines.line(finding.span.end.max(1) - 1));
        match placed.iter_mut().find(|one| one.matches(&finding, lines)) {
            Some(one) => {
                one.used.insert(finding.rule.as_str().to_owned());
                let (suppression, introduced) = (one.suppression.clone(), one.introduced);
                applied.suppressed.push(Suppressed { finding, suppression, introduced });
            }
            None => applied.findings.push(finding),
        }
    }
    if file.parsed.problems.is_empty() {
        applied.problems.extend(placed.iter().flat_map(|one| one.unused(file)));
    }
    applied.problems.sort();
    applied.suppressions = placed.into_iter().map(|one| one.suppression).collect();
    applied
}

fn spans_of_secrets(findings: &[Finding]) -> Vec<Span> {
    findings.iter().filter(|finding| finding.category == Category::Secret).map(|finding| finding.span).collect()
}

/// What a suppression is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Findings that begin on that line, and when it is `inside` those among whose lines it stands.
    Line { line: usize, inside: bool },
    /// Findings that begin within that span.
    Within(Span),
    /// All of the file.
    File,
}

/// A suppression at its place.
struct Placed {
    suppression: Suppression,
    place: Span,
    reach: Reach,
    introduced: bool,
    used: BTreeSet<String>,
}

impl Placed {
    fn matches(&self, finding: &Finding, (first, last): (usize, usize)) -> bool {
        let reaches = match self.reach {
            Reach::Line { line, inside } => {
                line == first || (inside && first < self.suppression.line && self.suppression.line <= last)
            }
            Reach::Within(span) => span.start <= finding.span.start && finding.span.start < span.end,
            Reach::File => true,
        };
        let names = |rule: &String| {
            rule == finding.rule.as_str() || (rule == ALL_SECRETS && finding.category == Category::Secret)
        };
        reaches && self.suppression.rules.iter().any(names)
    }

    /// A comment of another tool may be meant for that tool alone.
    fn unused(&self, file: Source<'_>) -> Vec<Problem> {
        if self.suppression.tool.is_some() {
            return Vec::new();
        }
        let where_to = if self.suppression.whole_file { "in this file" } else { "here" };
        let unused = self.suppression.rules.iter().filter(|rule| !self.used.contains(*rule));
        unused
            .map(|rule| problem(file, self.place, format!("{rule} finds nothing {where_to}: remove the suppression")))
            .collect()
    }
}

/// Checks one directive; `None` when nothing of it can be obeyed.
fn place(
    file: Source<'_>,
    directive: &Directive<'_>,
    names: &Names<'_>,
    secrets: &[Span],
    problems: &mut Vec<Problem>,
) -> Option<Placed> {
    let place = directive.span;
    if let Some(flaw) = directive.flaw {
        problems.push(problem(file, place, flaw_message(flaw)));
        return None;
    }
    let known = names.known();
    let (rules, unknown): (Vec<&str>, Vec<&str>) = directive.rules.iter().partition(|rule| known.contains(**rule));
    problems.extend(unknown.iter().map(|rule| problem(file, place, unknown_rule_message(rule, known))));
    if rules.is_empty() {
        return None;
    }
    let holds_secret = secrets.iter().any(|secret| secret.overlaps(place));
    let reason = if holds_secret { WITHHELD } else { directive.reason };
    let suppression = Suppression {
        rules: rules.into_iter().map(str::to_owned).collect(),
        reason: reason.to_owned(),
        line: file.lines.line(place.start),
        whole_file: directive.whole_file,
        tool: None,
        until: None,
    };
    let line = comment::target_line(file, directive.span, directive.own_line);
    let inside = file.parsed.kind == DocumentKind::Dockerfile;
    let reach = if directive.whole_file { Reach::File } else { Reach::Line { line, inside } };
    Some(Placed { suppression, place, reach, introduced: true, used: BTreeSet::new() })
}

fn place_foreign(file: Source<'_>, foreign: Foreign, secrets: &[Span]) -> Placed {
    let Foreign { tool, rules, reason, until, span, reach } = foreign;
    let holds_secret = secrets.iter().any(|secret| secret.overlaps(span));
    let suppression = Suppression {
        rules,
        reason: if holds_secret { WITHHELD.to_owned() } else { reason },
        line: file.lines.line(span.start),
        whole_file: reach == Reach::File,
        tool: Some(tool),
        until,
    };
    Placed { suppression, place: span, reach, introduced: true, used: BTreeSet::new() }
}

fn problem(file: Source<'_>, place: Span, message: String) -> Problem {
    Problem::of_file(file.path, Cause::Suppression, message).at(file.lines.position(file.text, place.start))
}

fn flaw_message(flaw: Flaw) -> String {
    let form = "`dockgate:ignore RULE -- reason`";
    match flaw {
        Flaw::NoRule => format!("the suppression names no rule and is not obeyed: write {form}"),
        Flaw::NoReason => format!("the suppression gives no reason and is not obeyed: write {form}"),
    }
}

/// Names the rule only when it has the shape of an id, so that nothing else of the file gets into a message.
fn unknown_rule_message(rule: &str, known: &BTreeSet<&str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'/');
    if rule.len() > 60 || !rule.bytes().all(is_plain) {
        return "the suppression names a rule that is not known: `dockgate rules` lists all".to_owned();
    }
    match nearest(rule, known.iter().copied()) {
        Some(near) => format!("unknown rule \"{rule}\"; did you mean \"{near}\"?"),
        None => format!("unknown rule \"{rule}\": `dockgate rules` lists all"),
    }
}

/// Clears the mark of as many suppressions as the base has of the same rules and reach.
fn mark_introduced(placed: &mut [Placed], base: &[Suppression]) {
    let mut left: BTreeMap<(BTreeSet<&str>, bool), usize> = BTreeMap::new();
    for suppression in base {
        *left.entry(key(suppression)).or_default() += 1;
    }
    for one in placed {
        if let Some(count) = left.get_mut(&key(&one.suppression)).filter(|count| **count > 0) {
            *count -= 1;
            one.introduced = false;
        }
    }
}

fn key(suppression: &Suppression) -> (BTreeSet<&str>, bool) {
    (suppression.rules.iter().map(String::as_str).collect(), suppression.whole_file)
}

#[cfg(test)]
mod tests;
