use super::*;
use crate::report::{ReportInput, sample};
use crate::scan::policy::PolicySet;
use crate::scan::snapshot::Snapshot;
use crate::settings::repository::RepositorySettings;
use crate::verdict::Standing;

fn record(findings: usize, text: &str, marked: &str) -> Record {
    let finding = sample::finding_at("a.yaml", text, marked);
    let verdict = sample::verdict(vec![(finding, Standing::Blocks); findings]);
    let snapshot = Snapshot { files: vec![sample::file("a.yaml", text)], ..Snapshot::default() };
    Record::of(&ReportInput {
        verdict: &verdict,
        policies: PolicySet::builtin(),
        snapshot: &snapshot,
        settings: &RepositorySettings::default(),
        elapsed: None,
        settings_from: "main@4f1c2e9",
        head: Some("abc"),
        details_url: None,
        waive_until: None,
        source_url: None,
        rules_url: None,
        colour: false,
        explain: false,
    })
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let record = record(2, "a: 1\nprivileged: true\n", "true").bounded();
    assert_eq!(Record::from_json(&record.to_json()).as_ref(), Some(&record));
    assert_eq!(record.conclusion, "failure");
    assert_eq!(record.findings[0].frame.len(), 2);
    assert!(record.rules.contains_key("kubernetes/privileged-container"));
    assert!(record.settings.iter().any(|setting| setting.name == "fail-on" && setting.origin == "default"));
    assert_eq!(Record::from_json("7"), None);
    assert_eq!(Record::from_json("{}"), Some(Record::default()));
}

#[test]
fn a_large_record_is_cut_and_counted() {
    let line = format!("privileged: true # {}\n", "x".repeat(130));
    let many = 20_000;
    let record = record(many, &line.repeat(3), "true").bounded();
    assert!(record.to_json().len() < 6 * 1024 * 1024, "{}", record.to_json().len());
    assert_eq!(record.findings.len() + record.left_out, many);
    assert!(record.left_out > 0 && record.findings.len() > 5_000, "{}", record.findings.len());
    assert!(!record.findings[0].frame.is_empty());
    assert!(record.findings.last().is_some_and(|finding| finding.frame.is_empty()));
}
