//! Golden trees: base and head of a change, judged, and the verdict in every format.
//!
//! A case is one text file: `-- base PATH --`, `-- head PATH --`, `-- both PATH --` and `-- settings --` each begin a
//! part; `-- head PATH was OLD --` is a renamed file, `-- cluster PATH --` one with the cluster's own policies.
//! `{fake:…}` stands for a made-up secret. The snapshots beside the cases are what people see, so a change of one is a
//! change of what we say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on fails")]

mod case;
mod edits;
mod sarif;

use std::collections::BTreeSet;

use case::Case;
use dockgate::report::{Format, ReportInput, check_run, render, review};
use dockgate::scan::admission::AdmissionSet;
use dockgate::scan::policy::PolicyId;
use dockgate::scan::policy::PolicySet;
use dockgate::scan::scan;
use dockgate::settings::repository::{RepositorySettings, SettingsFile};
use dockgate::verdict::{Verdict, decide};

/// The rules of the cases: a new rule changes no snapshot.
const RULES: [&str; 3] =
    ["kubernetes/privileged-container", "kubernetes/privilege-escalation-allowed", "secret/github-token"];

fn policies() -> PolicySet {
    let rules: BTreeSet<PolicyId> = RULES.into_iter().map(PolicyId::new).collect();
    PolicySet::builtin().without(|id| !rules.contains(id))
}

/// Judges `case` on 2026-05-10 and hands verdict and report input to `then`.
fn judged<T>(case: &Case, then: impl FnOnce(&ReportInput<'_>) -> T) -> T {
    let file = case.settings.clone().map_or(SettingsFile::Absent, SettingsFile::Text);
    let settings = RepositorySettings::resolve(&SettingsFile::Absent, &file, &[]);
    let disabled = settings.disabled_rules();
    let policies = policies().without(|id| disabled.contains(id));
    let mut options = settings.scan_options();
    let cluster: Vec<(&str, &str)> = case.cluster.iter().map(|(path, text)| (&**path, &**text)).collect();
    options.admission = AdmissionSet::load(&cluster, &options.limits).0;
    let found = scan(&case.snapshot, &policies, &options);
    let today = "2026-05-10".parse().unwrap();
    let verdict: Verdict = decide(found, &case.snapshot, &settings, today);
    then(&ReportInput {
        verdict: &verdict,
        policies: &policies,
        snapshot: &case.snapshot,
        settings: &settings,
        elapsed: None,
        settings_from: "main@4f1c2e9",
        head: Some("a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"),
        details_url: None,
        source_url: Some("https://github.com/acme/shop/blob/a1b2c3d"),
        rules_url: None,
        waive_until: None,
        colour: false,
        explain: false,
    })
}

/// Every text that leaves the process for `case`: name and content.
fn outputs(case: &Case) -> Vec<(&'static str, String)> {
    judged(case, |input| {
        let mut outputs: Vec<(&str, String)> =
            Format::ALL.into_iter().map(|(name, format)| (name, render(format, input))).collect();
        let check = check_run::output(input);
        let annotations = serde_json::to_string_pretty(&check.annotations).unwrap();
        let text = check.text.clone().unwrap_or_default();
        outputs.push(("check_run", format!("{}\n\n{}\n\n{text}\n\n{annotations}\n", check.title, check.summary)));
        let plan = review::plan(input);
        let comments = plan.comments.iter().map(|comment| {
            let first = comment.start_line.map_or_else(String::new, |line| format!("{line}-"));
            format!("== {:?} {first}{}\n{}\n", comment.path, comment.line, comment.body)
        });
        outputs.push(("review", format!("{}{} left out\n", comments.collect::<String>(), plan.left_out)));
        outputs
    })
}

fn check(name: &str) {
    let case = Case::read(name);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{name}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let outputs = outputs(&case);
    settings.bind(|| {
        for (format, text) in &outputs {
            insta::assert_snapshot!(*format, text);
        }
    });
    for (format, text) in &outputs {
        assert!(case.secrets.iter().all(|secret| !text.contains(secret)), "{name}: {format} holds a secret");
        if *format == "sarif" {
            sarif::validate(name, text);
        }
    }
}

#[test]
fn clean() {
    check("clean");
}

#[test]
fn bad() {
    check("bad");
}

#[test]
fn only_old_findings() {
    check("only_old_findings");
}

#[test]
fn suppression_added() {
    check("suppression_added");
}

#[test]
fn waiver_expired() {
    check("waiver_expired");
}

#[test]
fn waiver_holds() {
    check("waiver_holds");
}

#[test]
fn cluster_policy() {
    check("cluster_policy");
}

#[test]
fn broken_yaml() {
    check("broken_yaml");
}

#[test]
fn broken_settings() {
    check("broken_settings");
}

#[test]
fn secret_planted() {
    let case = Case::read("secret_planted");
    assert_eq!(case.secrets.len(), 1);
    check("secret_planted");
}

#[test]
fn renamed() {
    check("renamed");
}

#[test]
fn hostile_names() {
    check("hostile_names");
}

#[test]
fn the_same_change_always_gives_the_same_texts() {
    let case = Case::read("bad");
    assert_eq!(outputs(&case), outputs(&case));
}
