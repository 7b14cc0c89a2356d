//! What only several files of a side decide: policies on objects that belong together, and the Pod Security level that a
//! namespace enforces.
//!
//! Invariant: each side is judged by its own files, and every finding stands in the file of its object.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::DocumentKind;
use super::super::finding::{Fingerprint, Severity};
use super::super::policy::evaluate::{Evaluation, FileView, Found, evaluate, evaluate_subjects};
use super::super::policy::fix;
use super::super::policy::target::Target;
use super::super::policy::target::kubernetes::set::{Enforced, ObjectIndex};
use super::super::problem::{Cause, Problem};
use super::super::{Profile, ScanOptions};
use super::{FileScanner, Finding, Judged, Sides, without_secrets};

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

    /// Adds what the other files of each side show of the objects of one file.
    pub(super) fn judge(&self, scanner: &FileScanner<'_>, number: usize, sides: &mut Sides) {
        let mut known: BTreeSet<Fingerprint> = BTreeSet::new();
        if let Ok(Some(judged)) = &mut sides.base {
            judge_set(scanner, judged, (&self.base, number), |_| false);
            judge_enforced(scanner, judged, &self.base, number);
            known.extend(judged.findings.iter().map(|finding| finding.fingerprint.clone()));
        }
        if let Ok(Some(judged)) = &mut sides.head {
            judge_set(scanner, judged, (&self.head, number), |found| !known.contains(&found.finding.fingerprint));
            judge_enforced(scanner, judged, &self.head, number);
        }
    }
}

fn is_kubernetes(judged: &Judged) -> bool {
    matches!(judged.parsed.kind, DocumentKind::Kubernetes | DocumentKind::HelmTemplate)
}

/// Applies the policies on objects that belong together; edits are made for the findings that `is_wanted` names.
fn judge_set(
    scanner: &FileScanner<'_>,
    judged: &mut Judged,
    (index, number): (&ObjectIndex, usize),
    is_wanted: impl Fn(&Found) -> bool,
) {
    let FileScanner { policies, options, .. } = scanner;
    let target = Target::KubernetesSet;
    if !policies.judges(target, |policy| options.may_run(policy)) {
        return;
    }
    let view = judged.view(scanner.identity_path());
    let mut evaluation = evaluate_subjects(policies, view, options, target, &index.subjects(number));
    let judge_again = |view: FileView<'_>| {
        let mut all = evaluate(policies, view, options);
        let subjects = index.subjects_of(view.path, view.parsed);
        let more = evaluate_subjects(policies, view, options, target, &subjects);
        all.findings.extend(more.findings);
        all.superseded.extend(more.superseded);
        all.problems.extend(more.problems);
        all
    };
    fix::offer_by(policies, view, &mut evaluation, options, &judge_again, is_wanted);
    // The templated values of the file are noted by the policies on the file alone.
    evaluation.problems.retain(|problem| problem.cause != Cause::Templated);
    // Whether the base had it in order is not looked at here.
    evaluation.findings.retain(|found| found.loosens.is_none());
    judged.extend(evaluation);
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
    /// Adds what an evaluation found, without secret values.
    fn extend(&mut self, evaluation: Evaluation) {
        let (findings, superseded, problems) = without_secrets(evaluation, &self.secrets);
        self.findings.extend(findings);
        self.superseded.extend(superseded);
        self.problems.extend(problems);
    }

    /// Lifts the findings that make the API server refuse an object, and adds those of policies that are off.
    fn refuse(&mut self, refused: impl Iterator<Item = Found>, enforced: &Enforced) {
        let spoken_for: BTreeSet<Fingerprint> =
            self.superseded.iter().map(|finding| finding.fingerprint.clone()).collect();
        let known: BTreeMap<Fingerprint, usize> =
            self.findings.iter().enumerate().map(|(index, finding)| (finding.fingerprint.clone(), index)).collect();
        let mut added = Evaluation::default();
        for mut found in refused {
            match known.get(&found.finding.fingerprint).and_then(|index| self.findings.get_mut(*index)) {
                Some(finding) => lift(finding, enforced),
                None if spoken_for.contains(&found.finding.fingerprint) => {}
                None => {
                    lift(&mut found.finding, enforced);
                    added.findings.push(found);
                }
            }
        }
        self.extend(added);
    }
}

fn lift(finding: &mut Finding, enforced: &Enforced) {
    finding.severity = finding.severity.max(Severity::High);
    let Enforced { namespace, level, .. } = enforced;
    finding.message = format!("{}: the namespace `{namespace}` enforces {level} and refuses it", finding.message);
}

#[cfg(test)]
mod tests;
