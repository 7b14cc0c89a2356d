//! Policies against one file: findings and what could not be decided.
//!
//! Invariant: for each policy and subject there is a finding, silence because the condition is false or unknown, or a
//! problem; an error is never a pass.

mod found;

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::node::{Node, Value};
use super::super::document::{Document, ParsedFile};
use super::super::finding::{Category, Finding, Fingerprint, Severity};
use super::super::problem::{Cause, Problem};
use super::super::span::{LineIndex, Span};
use super::compile::{Details, EditDetails};
use super::condition::{Answer, Condition};
use super::running::Running;
use super::set::Entry as PolicyEntry;
use super::target::{Subject, Target};
use super::template::Template;
use super::{ConditionRule, PolicyId};
use crate::scan::ScanOptions;
pub use found::{Evaluation, Found, Repair, Tallies, Tally};

/// Most notes about templated values in one file; the rest is counted.
const MAX_TEMPLATED_NOTES: usize = 10;

/// Most problems of one policy in one file for one reason; the rest is counted.
const MAX_FAILURES: usize = 5;

/// One side of one file, parsed.
#[derive(Clone, Copy, Debug)]
pub struct FileView<'f> {
    /// The path as findings show it.
    pub path: &'f str,
    /// The path that fingerprints are made of: the one in the base, so that a renamed file keeps them.
    pub identity_path: &'f str,
    /// The text.
    pub text: &'f str,
    /// Its lines.
    pub lines: &'f LineIndex,
    /// Its content.
    pub parsed: &'f ParsedFile,
}

/// Judges one file by the policies that run but the secret ones.
pub fn evaluate(running: &Running<'_>, file: FileView<'_>) -> Evaluation {
    let mut judge = Judge::new(file, running);
    for group in running.groups() {
        // Policies are read when they are first looked at: those that have nothing to judge never are.
        for subject in &group.target.subjects(file.parsed, file.text) {
            judge.subject(&group.entries, subject);
        }
    }
    judge.finish()
}

/// Judges `subjects` of one file by the policies of their target.
pub fn evaluate_subjects(
    running: &Running<'_>,
    file: FileView<'_>,
    target: Target,
    subjects: &[Subject],
) -> Evaluation {
    let mut judge = Judge::new(file, running);
    for subject in subjects {
        judge.subject(running.of_target(target), subject);
    }
    judge.finish()
}

/// Whether any policy of `target` may deny a thing of which `facts` is all that is known.
pub fn may_deny(running: &Running<'_>, target: Target, facts: &Node) -> bool {
    let given = Node::computed(Value::Unknown("".into()));
    running.of_target(target).iter().any(|entry| match entry.condition() {
        Some(Ok(condition)) => condition.may_deny(facts, &given),
        Some(Err(_)) => true,
        None => false,
    })
}

struct Judge<'f> {
    file: FileView<'f>,
    running: &'f Running<'f>,
    options: &'f ScanOptions,
    evaluation: Evaluation,
    counts: BTreeMap<PolicyId, usize>,
    fingerprints: BTreeMap<Fingerprint, usize>,
    templated: BTreeSet<Span>,
    failed: BTreeMap<(PolicyId, String), usize>,
    /// Where policies spoke of what several things may share.
    shared: BTreeSet<(PolicyId, Span)>,
}

impl<'f> Judge<'f> {
    fn new(file: FileView<'f>, running: &'f Running<'f>) -> Self {
        Self {
            file,
            running,
            options: running.options,
            evaluation: Evaluation::default(),
            counts: BTreeMap::new(),
            fingerprints: BTreeMap::new(),
            templated: BTreeSet::new(),
            failed: BTreeMap::new(),
            shared: BTreeSet::new(),
        }
    }

    /// Judges one subject; of policies that say the same of it, the most exact one speaks.
    fn subject(&mut self, entries: &[&PolicyEntry], subject: &Subject) {
        let denied: Vec<&PolicyEntry> = entries.iter().copied().filter(|entry| self.denies(entry, subject)).collect();
        let max = self.options.limits.max_findings_per_policy;
        for entry in &denied {
            let (Some(rule), Some(details)) = (entry.policy.condition(), self.details(entry, subject)) else {
                continue;
            };
            let renamed = self.of_fragment(entry, rule, details, subject);
            let subject = renamed.as_ref().unwrap_or(subject);
            if self.repeats(entry, rule, details, subject) {
                continue;
            }
            let concealed = self.conceal(entry, details, subject);
            // What may not be reported in the end speaks for nothing else.
            let speaks =
                |other: &&PolicyEntry| !other.brief.only_loosened && other.policy.supersedes.contains(&entry.brief.id);
            let is_superseded = denied.iter().any(speaks);
            let count = self.counts.entry(entry.brief.id.clone()).or_default();
            // The base decides whether those are reported at all.
            *count += usize::from(!is_superseded && !entry.brief.only_loosened);
            if *count > max || self.evaluation.superseded.len() > 10 * max {
                continue;
            }
            let found = Found { concealed, ..self.found(entry, rule, details, subject) };
            if is_superseded {
                self.evaluation.superseded.push(found.finding);
            } else {
                self.evaluation.findings.push(found);
            }
        }
    }

    fn denies(&mut self, entry: &PolicyEntry, subject: &Subject) -> bool {
        if !self.options.runs_at(&entry.brief, self.file.path, object(subject)) {
            return false;
        }
        let condition = match entry.condition() {
            None => return false,
            Some(Ok(condition)) => condition,
            Some(Err(error)) => {
                self.fail(entry, subject, &error.to_string());
                return false;
            }
        };
        match self.ask(entry, condition, subject) {
            Answer::Known(denied) => {
                if entry.brief.only_loosened {
                    let thing = Fingerprint::of(&self.parts(entry, subject));
                    let tally = self.evaluation.tallies.entry(thing).or_default();
                    tally.denied += usize::from(denied);
                    tally.in_order += usize::from(!denied);
                }
                denied
            }
            Answer::Unknown(span) => {
                if matches!(entry.brief.category, Category::Security | Category::Secret) && !span.is_empty() {
                    self.templated.insert(span);
                }
                false
            }
            Answer::Failed(why) => {
                self.fail(entry, subject, &why);
                false
            }
        }
    }

    /// What a finding of the policy needs; a mistake in it is a problem.
    fn details<'e>(&mut self, entry: &'e PolicyEntry, subject: &Subject) -> Option<&'e Details> {
        match entry.details()? {
            Ok(details) => Some(details),
            Err(error) => {
                self.fail(entry, subject, &error.to_string());
                None
            }
        }
    }

    fn ask(&self, entry: &PolicyEntry, condition: &Condition, subject: &Subject) -> Answer {
        condition.judge(&subject.facts, self.given(entry), self.options.limits.max_condition_steps)
    }

    fn given(&self, entry: &PolicyEntry) -> &'f Node {
        self.running.given(entry)
    }

    /// The first failures of a policy for one reason are problems of their own, the rest is counted.
    fn fail(&mut self, entry: &PolicyEntry, subject: &Subject, why: &str) {
        let count = self.failed.entry((entry.brief.id.clone(), why.to_owned())).or_default();
        *count += 1;
        if *count <= MAX_FAILURES {
            let message = failure(&entry.brief.id, why);
            let position = self.file.lines.position(self.file.text, subject.span.start);
            self.evaluation.problems.push(Problem::of_file(self.file.path, Cause::Policy, message).at(position));
        }
    }

    /// Whether the policy spoke of that very text before: services share what an anchor or `extends` lends them.
    fn repeats(&mut self, entry: &PolicyEntry, rule: &ConditionRule, details: &Details, subject: &Subject) -> bool {
        if !entry.policy.target.shares_text() {
            return false;
        }
        let place = self.place(entry, rule, details, subject);
        !self.shared.insert((entry.brief.id.clone(), place))
    }

    /// The subject under a name that does not hang on who uses the text, when the place of the finding is lent.
    fn of_fragment(
        &mut self,
        entry: &PolicyEntry,
        rule: &ConditionRule,
        details: &Details,
        subject: &Subject,
    ) -> Option<Subject> {
        let is_tree = entry.policy.target.shares_text();
        let place = is_tree.then(|| self.place(entry, rule, details, subject))?;
        if subject.span.start <= place.start && place.end <= subject.span.end {
            return None;
        }
        let trees = self.file.parsed.documents.iter().filter_map(Document::tree);
        let mut identity = vec!["fragment".to_owned()];
        identity.extend(trees.flat_map(|tree| tree.keys_at(place)));
        Some(Subject { identity, ..subject.clone() })
    }

    /// Where a finding points.
    fn place(&mut self, entry: &PolicyEntry, rule: &ConditionRule, details: &Details, subject: &Subject) -> Span {
        let named = rule.at.as_deref().and_then(|at| place(subject, at));
        named.unwrap_or_else(|| {
            let subjects = self.texts(entry, details.subjects.as_ref(), subject);
            subjects.iter().find_map(|(_, span)| *span).unwrap_or(subject.span)
        })
    }

    fn found(&mut self, entry: &PolicyEntry, rule: &ConditionRule, details: &Details, subject: &Subject) -> Found {
        let subjects = self.texts(entry, details.subjects.as_ref(), subject);
        let mut seen = BTreeSet::new();
        let distinct = subjects.iter().filter(|(text, _)| seen.insert(text));
        let names: Vec<String> = distinct.map(|(text, _)| text.clone()).collect();
        let first = subjects.iter().find_map(|(_, span)| *span);
        let span = rule.at.as_deref().and_then(|at| place(subject, at)).or(first).unwrap_or(subject.span);
        let FileView { path, text, lines, .. } = self.file;
        let finding = Finding {
            rule: entry.brief.id.clone(),
            category: entry.brief.category,
            severity: self.severity(entry, details, subject),
            path: path.to_owned(),
            span,
            start: lines.position(text, span.start),
            end: lines.position(text, span.end),
            message: details.message.render(&subject.facts, self.given(entry), &names),
            resource: subject.resource.clone(),
            fingerprint: self.fingerprint(entry, subject),
            subjects: names,
            edit: None,
            decided_by: None,
        };
        let repairs = self.repairs(entry, details, subject, &finding.subjects);
        let places = subjects.iter().filter_map(|(_, span)| *span).collect();
        let loosens = entry.brief.only_loosened.then(|| Fingerprint::of(&self.parts(entry, subject)));
        Found { finding, subject: subject.clone(), repairs, places, concealed: Vec::new(), loosens }
    }

    /// The parts of the policy's edit that apply.
    fn repairs(&self, entry: &PolicyEntry, details: &Details, subject: &Subject, names: &[String]) -> Vec<Repair> {
        let applies = |part: &EditDetails| {
            part.when.as_ref().is_none_or(|when| self.ask(entry, when, subject) == Answer::Known(true))
        };
        let parts = details.edit.iter().enumerate().filter(|(_, part)| applies(part));
        let text = |with: &Template| with.render_whole(&subject.facts, self.given(entry), names);
        parts.map(|(part, edit)| Repair { part, text: edit.text.as_ref().map(text).unwrap_or_default() }).collect()
    }

    /// Notes what the policy says is secret; a text that stands nowhere as it is conceals the whole thing.
    fn conceal(&mut self, entry: &PolicyEntry, details: &Details, subject: &Subject) -> Vec<Span> {
        let texts = self.texts(entry, details.conceal.as_ref(), subject);
        let placed = texts.into_iter().map(|(text, span)| (text, span.unwrap_or(subject.span)));
        let placed: Vec<(String, Span)> = placed.collect();
        let places = placed.iter().map(|(_, span)| *span).collect();
        self.evaluation.concealed.extend(placed);
        places
    }

    fn texts(
        &mut self,
        entry: &PolicyEntry,
        condition: Option<&Condition>,
        subject: &Subject,
    ) -> Vec<(String, Option<Span>)> {
        let Some(condition) = condition else { return Vec::new() };
        let steps = self.options.limits.max_condition_steps;
        condition.texts(&subject.facts, self.given(entry), steps).unwrap_or_else(|why| {
            self.fail(entry, subject, &why);
            Vec::new()
        })
    }

    /// The settings decide; else the policy, lifted by its own conditions.
    fn severity(&self, entry: &PolicyEntry, details: &Details, subject: &Subject) -> Severity {
        if let Some(severity) = self.options.severity_at(&entry.brief.id, self.file.path, object(subject)) {
            return severity;
        }
        let lifts = details.raise.iter().filter(|(when, _)| self.ask(entry, when, subject) == Answer::Known(true));
        lifts.map(|(_, to)| *to).fold(entry.brief.severity, Severity::max)
    }

    /// What names a finding across commits.
    fn parts<'p>(&self, entry: &'p PolicyEntry, subject: &'p Subject) -> Vec<&'p str>
    where
        'f: 'p,
    {
        let mut parts = vec![entry.brief.id.as_str(), self.file.identity_path];
        parts.extend(subject.identity.iter().map(String::as_str));
        parts
    }

    /// Two findings that nothing tells apart are numbered, in the order of the file.
    fn fingerprint(&mut self, entry: &PolicyEntry, subject: &Subject) -> Fingerprint {
        let mut parts = self.parts(entry, subject);
        let count = self.fingerprints.entry(Fingerprint::of(&parts)).or_default();
        *count += 1;
        let number = count.to_string();
        if *count > 1 {
            parts.push(&number);
        }
        Fingerprint::of(&parts)
    }

    fn finish(mut self) -> Evaluation {
        let max = self.options.limits.max_findings_per_policy;
        for (rule, count) in self.counts.iter().filter(|(_, count)| **count > max) {
            let message =
                format!("{count} findings of {rule}, more than the limit of {max}: the first {max} are shown");
            self.evaluation.problems.push(Problem::of_file(self.file.path, Cause::Limit, message));
        }
        for ((rule, why), count) in self.failed.iter().filter(|(_, count)| **count > MAX_FAILURES) {
            let message = format!("{}, on {} more", failure(rule, why), count - MAX_FAILURES);
            self.evaluation.problems.push(Problem::of_file(self.file.path, Cause::Policy, message));
        }
        let note = |message: String| Problem::of_file(self.file.path, Cause::Templated, message);
        for span in self.templated.iter().take(MAX_TEMPLATED_NOTES) {
            let position = self.file.lines.position(self.file.text, span.start);
            let message = "value is templated; nothing was assumed".to_owned();
            self.evaluation.problems.push(note(message).at(position));
        }
        if let Some(more) = self.templated.len().checked_sub(MAX_TEMPLATED_NOTES).filter(|more| *more > 0) {
            self.evaluation.problems.push(note(format!("{more} more values are templated; nothing was assumed")));
        }
        self.evaluation
    }
}

fn failure(rule: &PolicyId, why: &str) -> String {
    format!("rule {rule} could not be evaluated: {why}")
}

/// The facts of the object that a subject belongs to.
fn object(subject: &Subject) -> Option<&Node> {
    subject.facts.get("object")
}

/// The place that `at` names: one of the target's, or the deepest part of a path that exists, its key included.
fn place(subject: &Subject, at: &str) -> Option<Span> {
    if let Some((_, span)) = subject.places.iter().find(|(name, _)| *name == at) {
        return Some(*span);
    }
    let mut node = subject.node.as_ref()?;
    let mut deepest = None;
    for step in at.split('.') {
        let (span, next) = if let Value::Sequence(items) = node.value() {
            let Some(item) = step.parse::<usize>().ok().and_then(|index| items.get(index)) else { break };
            (item.span(), item)
        } else {
            let Some(entry) = node.entry(step) else { break };
            (Span::new(entry.key_span.start, entry.value.span().end), &entry.value)
        };
        deepest = Some(span);
        node = next;
    }
    deepest
}

#[cfg(test)]
mod tests;
