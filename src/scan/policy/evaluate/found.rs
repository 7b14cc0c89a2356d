//! What policies find in one file.
//!
//! Invariant: a finding holds all that its edit is made of.

use std::collections::BTreeMap;

use super::super::target::Subject;
use crate::scan::finding::{Finding, Fingerprint};
use crate::scan::image_reference::ImageReference;
use crate::scan::problem::Problem;
use crate::scan::span::Span;

/// What the policies say of one file.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The findings, in the order of targets, subjects and policies.
    pub findings: Vec<Found>,
    /// Findings that a more exact policy speaks for: when that one is gone, they are no news.
    pub superseded: Vec<Finding>,
    /// The findings that are not reported, as the change did not loosen anything there.
    pub unreported: Vec<Fingerprint>,
    /// What the policies that report only what a change loosens found, in order or not.
    pub tallies: Tallies,
    /// What could not be decided.
    pub problems: Vec<Problem>,
    /// Images that an edit would pin if their digests were known.
    pub unpinned: Vec<ImageReference>,
    /// Texts of the file that are secret, with their places.
    pub concealed: Vec<(String, Span)>,
}

/// How many things that nothing tells apart a policy found in order, and how many not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// The condition is false.
    pub in_order: usize,
    /// The condition is true.
    pub denied: usize,
}

/// The tallies by policy and thing, each pair as a fingerprint.
pub type Tallies = BTreeMap<Fingerprint, Tally>;

/// A finding with what an edit is made of.
#[derive(Clone, Debug)]
pub struct Found {
    /// The finding, without an edit.
    pub finding: Finding,
    /// What it was found on.
    pub subject: Subject,
    /// The parts of the policy's edit that apply.
    pub repairs: Vec<Repair>,
    /// The places of its subjects, as far as they have one.
    pub places: Vec<Span>,
    /// The places of the secrets that it is about.
    pub concealed: Vec<Span>,
    /// What it was found on, when the policy reports only what a change loosens.
    pub loosens: Option<Fingerprint>,
}

/// A part of a policy's edit that applies to a finding.
#[derive(Clone, Debug)]
pub struct Repair {
    /// Its place among the parts.
    pub part: usize,
    /// Its text with the facts of the finding; empty when it has none.
    pub text: String,
}

impl Evaluation {
    /// Adds what other policies say of the same file.
    pub fn extend(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.superseded.extend(other.superseded);
        self.unreported.extend(other.unreported);
        self.problems.extend(other.problems);
        self.concealed.extend(other.concealed);
    }

    /// Leaves out the findings that `is_reported` does not name.
    pub fn report_only(&mut self, mut is_reported: impl FnMut(&Found) -> bool) {
        let (reported, others) = std::mem::take(&mut self.findings).into_iter().partition(|found| is_reported(found));
        let others: Vec<Found> = others;
        self.findings = reported;
        self.unreported.extend(others.into_iter().map(|found| found.finding.fingerprint));
    }
}
