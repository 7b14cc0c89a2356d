//! What only several files of a side decide: policies on objects that belong together, and the Pod Security level that a
//! namespace enforces.
//!
//! Invariant: each side is judged by its own files, and every finding stands in the file of its object.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::DocumentKind;
use super::super::document::node::Node;
use super::super::finding::{Fingerprint, Severity};
use super::super::policy::evaluate::{Evaluation, FileView, Found, evaluate, evaluate_subjects, may_deny};
use super::super::policy::target::kubernetes::set::{Enforced, ObjectIndex};
use super::super::policy::target::{Subject, Target};
use super::super::problem::{Cause, Problem};
use super::super::{Profile, ScanOptions};
use super::{FileScanner, Finding, Judged, Sides};

/// The objects of both sides.
pub(super) struct Together {
    base: ObjectIndex,
    head: ObjectIndex,
}

impl Together {
    /// No objects yet; of a whole tree, the head holds all there are.
    pub(super) fn new(whole_tree: bool) -> Self {
        Self { base: ObjectIndex::new(false), head: ObjectIndex::new(whole_tree) }
    }

    /// Adds the objects of a file, which `number` stands for; whether it holds any that others may belong to.
    pub(super) fn add(&mut self, number: usize, sides: &Sides) -> bool {
        let add = |index: &mut ObjectIndex, side: &Result<Option<Judged>, Problem>| match side {
            Ok(Some(judged)) if is_kubernetes(judged) => index.add(number, &judged.path, &judged.parsed),
            Ok(_) | Err(_) => false,
        };
        let in_base = add(&mut self.base, &sides.base);
        add(&mut self.head, &sides.head) || in_base
    }

    /// Adds what the other files of each side show of the objects of one file, and edits for what is new.
    pub(super) fn judge(&self, scanner: &FileScanner<'_>, number: usize, sides: &mut Sides) {
        let may_matter = |facts: &Node| may_deny(scanner.policies, scanner.options, Target::KubernetesSet, facts);
        if let Ok(Some(judged)) = &mut sides.base {
            judge_set(scanner, judged, &self.base.subjects(number, may_matter));
            judge_enforced(scanner, judged, &self.base, number);
        }
        if let Ok(Some(judged)) = &mut sides.head {
            judge_set(scanner, judged, &self.head.subjects(number, may_matter));
        }
        let FileScanner { policies, options, .. } = scanner;
        scanner.offer_edits(sides, &|view| {
            let mut all = evaluate(policies, view, options);
            all.extend(evaluate_set(scanner, view, &self.head.subjects_of(view.path, view.parsed, may_matter)));
            all
        });
        // What is off by itself has no edit that was verified.
        if let Ok(Some(judged)) = &mut sides.head {
            judge_enforced(scanner, judged, &self.head, number);
        }
    }
}

fn is_kubernetes(judged: &Judged) -> bool {
    matches!(judged.parsed.kind, DocumentKind::Kubernetes | DocumentKind::HelmTemplate)
}

/// What the policies on objects that belong together say of `subjects`.
fn evaluate_set(scanner: &FileScanner<'_>, view: FileView<'_>, subjects: &[Subject]) -> Evaluation {
    let mut evaluation = evaluate_subjects(scanner.policies, view, scanner.options, Target::KubernetesSet, subjects);
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

/// Judges pods by the level that their namespace enforces: the API server refuses what breaks it, whichever policies are
/// on, so that it is at least of high severity.
fn judge_enforced(scanner: &FileScanner<'_>, judged: &mut Judged, index: &ObjectIndex, number: usize) {
    for enforced in index.enforced(number) {
        let options = ScanOptions {
            standard: Some(format!("pss:{}", enforced.level)),
            profile: Profile::All,
            kubernetes_minor: enforced.minor.unwrap_or(scanner.options.kubernetes_minor),
            ..scanner.options.clone()
        };
        let evaluation = evaluate(scanner.policies, judged.view(scanner.identity_path()), &options);
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
