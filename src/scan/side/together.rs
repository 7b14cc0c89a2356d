//! What only several files of a side decide: policies on objects that belong together, and the Pod Security level that
//! a namespace enforces.
//!
//! Invariant: each side is judged by its own files, and every finding stands in the file of its object.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::DocumentKind;
use super::super::document::node::Node;
use super::super::finding::{Fingerprint, Severity};
use super::super::policy::evaluate::{Evaluation, FileView, Found, evaluate, evaluate_subjects, may_deny};
use super::super::policy::running::Running;
use super::super::policy::target::kubernetes::set::{Enforced, ObjectIndex};
use super::super::policy::target::{Subject, Target};
use super::super::problem::{Cause, Problem};
use super::super::{Profile, ScanOptions};
use super::{FileScanner, Finding, Judged, Sides};

/// The objects of both sides.
pub(super) struct Together<'s> {
    base: ObjectIndex,
    head: ObjectIndex,
    running: &'s Running<'s>,
    /// Whether policies ask for more than accounts with their roles, so that every object is held.
    asks_all: bool,
}

impl<'s> Together<'s> {
    /// No objects yet; of a whole tree, the head holds all there are.
    pub(super) fn new(whole_tree: bool, running: &'s Running<'s>) -> Self {
        let asks_all = running.of_target(Target::KubernetesSet).iter().any(|entry| entry.asks_all_objects());
        Self { base: ObjectIndex::new(false), head: ObjectIndex::new(whole_tree), running, asks_all }
    }

    /// Adds the objects of a file, which `number` stands for, as far as anything asks for them; whether the file has to
    /// wait for what belongs to them.
    pub(super) fn add(&mut self, number: usize, sides: &Sides) -> bool {
        let (running, asks_all) = (self.running, self.asks_all);
        let is_held = |facts: &Node| asks_all || may_deny(running, Target::KubernetesSet, facts);
        let add = |index: &mut ObjectIndex, side: &Result<Option<Judged>, Problem>| {
            objects_of(side).is_some_and(|judged| index.add(number, &judged.path, &judged.parsed, is_held))
        };
        let in_base = add(&mut self.base, &sides.base);
        add(&mut self.head, &sides.head) || in_base
    }

    /// Adds the objects of a file that were not held.
    pub(super) fn add_rest(&mut self, number: usize, sides: &Sides) {
        for (index, side) in [(&mut self.base, &sides.base), (&mut self.head, &sides.head)] {
            if let Some(judged) = objects_of(side) {
                index.add_rest(number, &judged.path, &judged.parsed);
            }
        }
    }

    /// The files whose pods were not held and stand in a namespace that enforces a level.
    pub(super) fn enforced(&self) -> BTreeSet<usize> {
        self.base.enforced_files().chain(self.head.enforced_files()).collect()
    }

    /// Adds what the other files of each side show of the objects of one file, and edits for what is new.
    pub(super) fn judge(&self, scanner: &FileScanner<'_>, number: usize, sides: &mut Sides) {
        let may_matter = |facts: &Node| may_deny(self.running, Target::KubernetesSet, facts);
        if let Ok(Some(judged)) = &mut sides.base {
            judge_set(scanner, judged, &self.base.subjects(number, may_matter));
            judge_enforced(scanner, judged, &self.base, number);
        }
        if let Ok(Some(judged)) = &mut sides.head {
            judge_set(scanner, judged, &self.head.subjects(number, may_matter));
        }
        scanner.offer_edits(sides, &|view| {
            let mut all = evaluate(self.running, view);
            all.extend(evaluate_set(scanner, view, &self.head.subjects_of(view.path, view.parsed, may_matter)));
            all
        });
        // What is off by itself has no edit that was verified.
        if let Ok(Some(judged)) = &mut sides.head {
            judge_enforced(scanner, judged, &self.head, number);
        }
    }
}

/// The side, when it holds objects.
fn objects_of(side: &Result<Option<Judged>, Problem>) -> Option<&Judged> {
    let is_kubernetes =
        |judged: &&Judged| matches!(judged.parsed.kind, DocumentKind::Kubernetes | DocumentKind::HelmTemplate);
    side.as_ref().ok()?.as_ref().filter(is_kubernetes)
}

/// What the policies on objects that belong together say of `subjects`.
fn evaluate_set(scanner: &FileScanner<'_>, view: FileView<'_>, subjects: &[Subject]) -> Evaluation {
    let mut evaluation = evaluate_subjects(scanner.running, view, Target::KubernetesSet, subjects);
    // The templated values of the file are noted by the policies on the file alone.
    evaluation.problems.retain(|problem| problem.cause != Cause::Templated);
    // Whether the base had it in order is not looked at here.
    evaluation.report_only(|found| found.loosens.is_none());
    evaluation
}

fn judge_set(scanner: &FileScanner<'_>, judged: &mut Judged, subjects: &[Subject]) {
    let evaluation = evaluate_set(scanner, judged.view(scanner.identity_path()), subjects);
    judged.evaluation.extend(evaluation);
}

/// Judges pods by the level that their namespace enforces: the API server refuses what breaks it, whichever policies
/// are on, so that it is at least of high severity.
fn judge_enforced(scanner: &FileScanner<'_>, judged: &mut Judged, index: &ObjectIndex, number: usize) {
    for enforced in index.enforced(number) {
        let options = ScanOptions {
            standard: Some(format!("pss:{}", enforced.level)),
            profile: Profile::All,
            kubernetes_minor: enforced.minor.unwrap_or(scanner.options.kubernetes_minor),
            ..scanner.options.clone()
        };
        let running = Running::new(scanner.policies, &options);
        let evaluation = evaluate(&running, judged.view(scanner.identity_path()));
        let refused =
            evaluation.findings.into_iter().filter(|found| found.subject.identity.starts_with(&enforced.identity));
        judged.refuse(refused, &enforced);
    }
}

impl Judged {
    /// Lifts the findings that make the API server refuse an object, and adds those of policies that are off.
    fn refuse(&mut self, refused: impl Iterator<Item = Found>, enforced: &Enforced) {
        let spoken_for: BTreeSet<Fingerprint> =
            self.evaluation.superseded.iter().map(|finding| finding.fingerprint.clone()).collect();
        let findings = &mut self.evaluation.findings;
        let known: BTreeMap<Fingerprint, usize> =
            findings.iter().enumerate().map(|(index, found)| (found.finding.fingerprint.clone(), index)).collect();
        let mut added = Vec::new();
        for mut found in refused {
            match known.get(&found.finding.fingerprint).and_then(|index| findings.get_mut(*index)) {
                Some(known) => lift(&mut known.finding, enforced),
                None if spoken_for.contains(&found.finding.fingerprint) => {}
                None => {
                    lift(&mut found.finding, enforced);
                    added.push(found);
                }
            }
        }
        findings.extend(added);
    }
}

fn lift(finding: &mut Finding, enforced: &Enforced) {
    finding.severity = finding.severity.max(Severity::High);
    let Enforced { namespace, level, .. } = enforced;
    finding.message = format!("{}: the namespace `{namespace}` enforces {level} and refuses it", finding.message);
}

#[cfg(test)]
mod tests;
