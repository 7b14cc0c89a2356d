//! What a change introduces: the findings of its head against those of its base.
//!
//! Invariant: each finding of the base accounts for at most one finding of the head, and only for one that is not
//! worse; what is left over in the head is introduced.

use std::collections::{BTreeMap, BTreeSet};

use crate::scan::finding::{Finding, Fingerprint, Severity};
use crate::scan::snapshot::{LineSet, Snapshot};
use crate::scan::suppression::{Suppressed, Suppression};

/// How many base findings of one fingerprint are tried for one that is not better than the head's.
const MAX_TRIES: usize = 64;

/// A finding of the head, compared with the base.
pub(super) struct Candidate {
    pub finding: Finding,
    pub introduced: bool,
    /// The suppression that matches it, and whether the change brings that.
    pub suppression: Option<(Suppression, bool)>,
}

/// What is decisive about a finding of the base.
type Weight = (Severity, Vec<String>);

/// The findings of the base by fingerprint, those that are suppressed apart.
pub(super) struct Base {
    plain: Pool,
    suppressed: Pool,
}

/// Findings that nothing accounts for yet, by what is decisive about them.
#[derive(Default)]
pub(super) struct Pool(BTreeMap<Fingerprint, BTreeMap<Weight, usize>>);

impl Base {
    pub fn new(findings: Vec<Finding>, suppressed: Vec<Suppressed>, kept: impl Fn(&Finding) -> bool) -> Self {
        let mut base = Self { plain: Pool::default(), suppressed: Pool::default() };
        for finding in findings.into_iter().filter(&kept) {
            base.plain.add(&finding);
        }
        for finding in suppressed.into_iter().map(|suppressed| suppressed.finding).filter(&kept) {
            base.suppressed.add(&finding);
        }
        base
    }
}

impl Pool {
    fn add(&mut self, finding: &Finding) {
        let weights = self.0.entry(finding.fingerprint.clone()).or_default();
        *weights.entry(weight(finding)).or_default() += 1;
    }

    /// Takes a base finding of exactly the same weight.
    fn take_same(&mut self, finding: &Finding) -> bool {
        self.take(finding, &weight(finding))
    }

    /// Takes any base finding of the fingerprint; tells whether the head's is no worse. `None` when none is left.
    fn take_other(&mut self, finding: &Finding) -> Option<bool> {
        let weights = self.0.get(&finding.fingerprint)?;
        let own = weight(finding);
        let milder = weights.keys().rev().take(MAX_TRIES).find(|base| !is_worse(&own, base)).cloned();
        let not_worse = milder.is_some();
        let taken = milder.or_else(|| weights.keys().next().cloned())?;
        self.take(finding, &taken).then_some(not_worse)
    }

    fn take(&mut self, finding: &Finding, weight: &Weight) -> bool {
        let Some(weights) = self.0.get_mut(&finding.fingerprint) else { return false };
        let Some(count) = weights.get_mut(weight) else { return false };
        *count -= 1;
        if *count == 0 {
            weights.remove(weight);
        }
        if weights.is_empty() {
            self.0.remove(&finding.fingerprint);
        }
        true
    }

    /// How many there are, those of `fingerprints` left out.
    pub fn count_without(&self, fingerprints: &BTreeSet<Fingerprint>) -> usize {
        let counted = self.0.iter().filter(|(fingerprint, _)| !fingerprints.contains(fingerprint));
        counted.flat_map(|(_, weights)| weights.values()).sum()
    }
}

fn weight(finding: &Finding) -> Weight {
    let mut subjects = finding.subjects.clone();
    subjects.sort();
    (finding.severity, subjects)
}

/// Whether `head` is more severe than `base`, or objects to something that `base` does not.
fn is_worse(head: &Weight, base: &Weight) -> bool {
    head.0 > base.0 || head.1.iter().any(|subject| base.1.binary_search(subject).is_err())
}

/// Compares the head's findings with the base's; returns them, and those of the base that none of them accounts for.
pub(super) fn compare(
    mut base: Base,
    findings: Vec<Finding>,
    suppressed: Vec<Suppressed>,
    kept: impl Fn(&Finding) -> bool,
    snapshot: &Snapshot,
) -> (Vec<Candidate>, Pool) {
    let mut plain: Vec<Candidate> = findings
        .into_iter()
        .filter(&kept)
        .map(|finding| Candidate { finding, introduced: true, suppression: None })
        .collect();
    let mut accepted: Vec<Candidate> = suppressed
        .into_iter()
        .filter(|suppressed| kept(&suppressed.finding))
        .map(|Suppressed { finding, suppression, introduced }| Candidate {
            finding,
            introduced: true,
            suppression: Some((suppression, introduced)),
        })
        .collect();
    // What the change did not touch is the likelier one to be the base's.
    let touched = touched_lines(snapshot);
    plain.sort_by_cached_key(|candidate| is_touched(&touched, &candidate.finding));
    account(&mut plain, &mut base.plain);
    account(&mut accepted, &mut base.suppressed);
    account(&mut accepted, &mut base.plain);
    plain.append(&mut accepted);
    (plain, base.plain)
}

/// Marks the candidates that a finding of `pool` accounts for.
fn account(candidates: &mut [Candidate], pool: &mut Pool) {
    let mut open = Vec::new();
    for candidate in candidates.iter_mut().filter(|candidate| candidate.introduced) {
        if pool.take_same(&candidate.finding) {
            candidate.introduced = false;
        } else {
            open.push(candidate);
        }
    }
    for candidate in open {
        if pool.take_other(&candidate.finding) == Some(true) {
            candidate.introduced = false;
        }
    }
}

fn touched_lines(snapshot: &Snapshot) -> BTreeMap<&str, &LineSet> {
    let touched = snapshot.files.iter().filter(|file| file.touched.iter().next().is_some());
    touched.map(|file| (file.path.as_str(), &file.touched)).collect()
}

fn is_touched(touched: &BTreeMap<&str, &LineSet>, finding: &Finding) -> bool {
    touched.get(finding.path.as_str()).is_some_and(|lines| lines.meets(finding.start.line, finding.end.line))
}
