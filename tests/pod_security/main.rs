//! The Pod Security Standards, control by control and version by version: a pod that a level admits gives no finding
//! under that level's policies, and one that it refuses gives findings of the one policy that stands for the control.
//!
//! Every case changes a pod that the restricted level admits. It is judged as a pod and in the templates of other
//! kinds, in YAML and in JSON.
//!
//! # Source
//! The checks of Kubernetes' pod security admission, 1.37.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test says what it expected")]

mod cases;
mod pod;

use std::collections::BTreeSet;

use dockgate::scan::options::NEWEST_KUBERNETES_MINOR;
use dockgate::scan::policy::PolicySet;
use dockgate::scan::snapshot::{ChangedFile, Content, Snapshot};
use dockgate::scan::{ScanOptions, scan};

use cases::{CASES, Case, Level};
use pod::Pod;

/// The rules that answer under the policies of `standard` for a cluster of that minor version.
fn answers(text: &str, path: &str, standard: &str, minor: u32) -> BTreeSet<String> {
    let options =
        ScanOptions { kubernetes_minor: minor, standard: Some(standard.to_owned()), ..ScanOptions::default() };
    let file = ChangedFile::standing(path, Content::Text(text.into()));
    let scan = scan(&Snapshot { files: vec![file], whole_tree: true }, PolicySet::builtin(), &options);
    assert!(scan.head.problems.is_empty(), "{text}\n{:?}", scan.head.problems);
    scan.head.findings.iter().map(|finding| finding.rule.to_string()).collect()
}

/// Judges one pod in one form by both levels.
fn check(case: &Case, pod: &Pod, form: usize, minor: u32) {
    let (path, text) = pod.written(form);
    let admitted = case.admitted(minor);
    for (standard, level) in [("pss:baseline", Level::Baseline), ("pss:restricted", Level::Restricted)] {
        let found = answers(&text, path, standard, minor);
        let expected: BTreeSet<String> =
            if admitted >= level { BTreeSet::new() } else { [format!("kubernetes/{}", case.rule(minor))].into() };
        assert_eq!(found, expected, "{} of {standard} at 1.{minor}:\n{text}", case.name);
    }
}

#[test]
fn each_level_admits_and_refuses_what_the_standard_does() {
    for (index, case) in CASES.iter().enumerate() {
        for (position, pod) in case.pods().iter().enumerate() {
            for (turn, minor) in case.versions().into_iter().enumerate() {
                check(case, pod, index + position + turn, minor);
            }
        }
    }
}

#[test]
fn a_restricted_pod_passes_in_every_version_and_form() {
    let pod = Pod::restricted();
    for minor in 0..=NEWEST_KUBERNETES_MINOR {
        for form in 0..Pod::FORMS {
            let (path, text) = pod.written(form);
            assert_eq!(answers(&text, path, "pss:restricted", minor), BTreeSet::new(), "1.{minor}:\n{text}");
        }
    }
}

/// Two changes are refused as soon as one of them is, and by the policies of both.
#[test]
fn controls_do_not_hide_each_other() {
    let minor = NEWEST_KUBERNETES_MINOR;
    let alone: Vec<&Case> = CASES.iter().filter(|case| case.is_plain()).collect();
    for (index, first) in alone.iter().enumerate() {
        let second = alone[(index * 7 + 11) % alone.len()];
        let Some(pod) = first.pods()[0].clone().changed_by(second) else { continue };
        let (path, text) = pod.written(index);
        let answers = answers(&text, path, "pss:restricted", minor);
        for case in [first, &second] {
            let is_refused = case.admitted(minor) < Level::Restricted;
            let rule = format!("kubernetes/{}", case.rule(minor));
            assert!(!is_refused || answers.contains(&rule), "{} and {}:\n{text}", first.name, second.name);
        }
    }
}

#[test]
fn every_policy_of_the_standards_has_a_case() {
    let known: BTreeSet<&str> = CASES.iter().flat_map(|case| case.rules).collect();
    let tagged = PolicySet::builtin().iter().filter(|policy| policy.stands_for("pss:restricted"));
    let tagged = tagged.filter(|policy| policy.id.as_str().starts_with("kubernetes/"));
    let missing: Vec<&str> = tagged
        .map(|policy| policy.id.as_str().trim_start_matches("kubernetes/"))
        .filter(|id| !known.contains(id))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
