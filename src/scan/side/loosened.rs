//! What a change loosens, for the policies that report nothing else.
//!
//! Invariant: of the things that nothing tells apart, as many are reported as were in order before and are not now;
//! what was there before, in order or not, is never one of them.

use std::collections::BTreeMap;

use crate::scan::finding::Fingerprint;
use crate::scan::policy::evaluate::{Evaluation, Found, Tallies, Tally};

/// Leaves out the findings of such policies that the change did not bring; `is_touched` tells the likelier ones.
pub(super) fn retain(evaluation: &mut Evaluation, base: &Tallies, is_touched: impl Fn(&Found) -> bool) {
    let (findings, head) = (&evaluation.findings, &evaluation.tallies);
    let mut left: BTreeMap<&Fingerprint, usize> =
        head.iter().map(|(thing, now)| (thing, loosened(base.get(thing).copied().unwrap_or_default(), *now))).collect();
    let mut kept: Vec<bool> = findings.iter().map(|found| found.loosens.is_none()).collect();
    for touched in [true, false] {
        for (found, kept) in findings.iter().zip(&mut kept).filter(|(_, kept)| !**kept) {
            let count = found.loosens.as_ref().and_then(|thing| left.get_mut(thing)).filter(|count| **count > 0);
            if let Some(count) = count.filter(|_| is_touched(found) == touched) {
                *count -= 1;
                *kept = true;
            }
        }
    }
    let mut kept = kept.into_iter();
    evaluation.report_only(|_| kept.next().unwrap_or(true));
}

/// How many things went from being in order to not being so.
fn loosened(before: Tally, now: Tally) -> usize {
    now.denied.saturating_sub(before.denied).min(before.in_order.saturating_sub(now.in_order))
}
