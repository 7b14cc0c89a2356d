use super::*;
use crate::scan::policy::PolicyId;

const POLICIES: [(&str, &str); 8] = [
    ("secret/aws-access-key", include_str!("../../../policies/secret/aws-access-key.yaml")),
    ("secret/connection-url-password", include_str!("../../../policies/secret/connection-url-password.yaml")),
    ("secret/github-token", include_str!("../../../policies/secret/github-token.yaml")),
    ("secret/google-service-account", include_str!("../../../policies/secret/google-service-account.yaml")),
    ("secret/npm-token", include_str!("../../../policies/secret/npm-token.yaml")),
    ("secret/private-key", include_str!("../../../policies/secret/private-key.yaml")),
    ("secret/slack-token", include_str!("../../../policies/secret/slack-token.yaml")),
    ("secret/stripe-key", include_str!("../../../policies/secret/stripe-key.yaml")),
];

fn detectors() -> DetectorSet {
    let rules: Vec<_> = POLICIES
        .iter()
        .map(|(id, text)| {
            let file: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
            let severity = serde_yaml::from_value(file["severity"].clone()).unwrap();
            let part = serde_yaml::Mapping::from_iter([
                ("detect".into(), file["detect"].clone()),
                ("yields".into(), file.get("yields").cloned().unwrap_or(false.into())),
            ]);
            let rule: rule::SecretRule = serde_yaml::from_value(part.into()).unwrap();
            rule.check().unwrap();
            (PolicyId::new(*id), severity, rule)
        })
        .collect();
    DetectorSet::new(rules.iter().map(|(id, severity, rule)| (id, *severity, rule)))
}

fn find(text: &str) -> Vec<Finding> {
    find_secrets("file.yaml", text, &detectors(), &ScanOptions::default()).findings
}

/// Checks the findings of an expanded text, each written `line:column severity message`.
fn check(text: &str, expected: &[&str]) {
    let text = fake::expand(text);
    let line =
        |found: &Finding| format!("{}:{} {} {}", found.start.line, found.start.column, found.severity, found.message);
    assert_eq!(find(&text).iter().map(line).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn policy_examples_temporary() {
    for (id, text) in POLICIES {
        let file: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        for example in file["examples"].as_sequence().unwrap() {
            let mut lines = Vec::new();
            let mut deny: Vec<usize> =
                example.get("deny").map_or(Vec::new(), |deny| serde_yaml::from_value(deny.clone()).unwrap());
            for line in example["text"].as_str().unwrap().lines() {
                if line.trim() == "# deny" { deny.push(lines.len() + 1) } else { lines.push(line) }
            }
            let text = fake::expand(&(lines.join("\n") + "\n")).into_owned();
            let found: Vec<_> = find(&text);
            let at: Vec<_> = found.iter().map(|finding| finding.start.line).collect();
            assert_eq!(at, deny, "{id} {:?} {:?}\n{text}", example["name"], found);
            assert!(found.iter().all(|finding| finding.rule.as_str() == id), "{id} {found:?}");
        }
    }
}
