//! The report as SARIF, for code scanning.
//!
//! # Source
//! OASIS SARIF 2.1.0, errata 01; GitHub's `security-severity`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::OutputInput;
use crate::image::check::rating_of;
use crate::image::rating::Rating;
use crate::image::report::{ImageReport, Vulnerability};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Renders one log with one run.
pub fn render(input: &OutputInput<'_>) -> String {
    let report = input.report;
    let comparison = input.comparison();
    let introduced: BTreeSet<_> = comparison.introduced.iter().map(|one| one.identity()).collect();
    let mut rules: BTreeMap<&str, &Vulnerability> = BTreeMap::new();
    for one in &report.vulnerabilities {
        let known = rules.entry(&one.id).or_insert(one);
        if known.rating < one.rating {
            *known = one;
        }
    }
    let numbers: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(number, id)| (*id, number)).collect();
    let results: Vec<Value> = report
        .vulnerabilities
        .iter()
        .map(|one| {
            let is_new = introduced.contains(&one.identity());
            result(one, numbers.get(one.id.as_str()).copied().unwrap_or_default(), input.old.map(|_| is_new))
        })
        .collect();
    let mut descriptions: Vec<Value> = rules.values().map(|one| rule(one)).collect();
    let mut results = results;
    secrets(report, &mut descriptions, &mut results);
    let notifications: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| {
            let level = if problem.leaves_unjudged { "error" } else { "note" };
            let path = problem.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            json!({"level": level, "message": {"text": format!("{path}{}", problem.message)}})
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "dockgate",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptions,
            }},
            "invocations": [{"executionSuccessful": report.is_judged(), "toolExecutionNotifications": notifications}],
            "results": results,
            "properties": {"image": report.image, "digest": report.digest, "platform": report.platform},
        }],
    });
    format!("{log:#}\n")
}

/// Adds the secrets in files, and their rules behind those that are there.
fn secrets(report: &ImageReport, rules: &mut Vec<Value>, results: &mut Vec<Value>) {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &report.secrets {
        let secret = &one.secret;
        let rating = rating_of(secret.severity);
        let number = *numbers.entry(&secret.rule).or_insert_with(|| {
            rules.push(json!({
                "id": secret.rule,
                "shortDescription": {"text": "a secret in a file of the image"},
                "defaultConfiguration": {"level": level(rating)},
                "properties": {"tags": ["security"], "security-severity": score(rating)},
            }));
            rules.len() - 1
        });
        results.push(json!({
            "ruleId": secret.rule,
            "ruleIndex": number,
            "level": level(rating),
            "message": {"text": format!("{} (layer {})", secret.message, one.layer)},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": percent(&secret.path)},
                "region": {"startLine": secret.line},
            }}],
            "partialFingerprints": {"dockgate/v1": format!("{}/{}/{}", secret.rule, secret.path, secret.line)},
        }));
    }
}

fn rule(one: &Vulnerability) -> Value {
    let summary = if one.summary.is_empty() { &one.id } else { &one.summary };
    json!({
        "id": one.id,
        "shortDescription": {"text": summary},
        "helpUri": format!("https://osv.dev/vulnerability/{}", one.id),
        "defaultConfiguration": {"level": level(one.rating)},
        "properties": {"tags": ["security"], "security-severity": score(one.rating)},
    })
}

fn result(one: &Vulnerability, rule: usize, is_new: Option<bool>) -> Value {
    let package = &one.installed.package;
    let advice = match &one.fixed {
        Some(fixed) => format!("upgrade to {fixed}"),
        None => "no version mends it yet".to_owned(),
    };
    let text = format!(
        "{} {} ({}): {} is {}; {advice}",
        package.name,
        package.version,
        package.kind.name(),
        one.id,
        one.rating
    );
    let mut result = json!({
        "ruleId": one.id,
        "ruleIndex": rule,
        "level": level(one.rating),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": percent(&one.installed.path)},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{"fullyQualifiedName": package.name, "kind": "package"}],
        }],
        "partialFingerprints": {"dockgate/v1": format!("{}/{}/{}", package.kind.name(), package.name, one.id)},
    });
    if let (Some(is_new), Some(fields)) = (is_new, result.as_object_mut()) {
        fields.insert("baselineState".to_owned(), json!(if is_new { "new" } else { "unchanged" }));
    }
    result
}

fn level(rating: Rating) -> &'static str {
    match rating {
        Rating::Critical | Rating::High => "error",
        Rating::Medium | Rating::Unknown => "warning",
        Rating::Low | Rating::None => "note",
    }
}

fn score(rating: Rating) -> &'static str {
    match rating {
        Rating::Critical => "9.5",
        Rating::High => "8.0",
        Rating::Medium | Rating::Unknown => "5.5",
        Rating::Low => "3.0",
        Rating::None => "0.0",
    }
}

/// A path as part of an address.
fn percent(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/+@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
