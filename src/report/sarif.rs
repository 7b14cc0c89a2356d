//! The report as SARIF, for code scanning.
//!
//! Invariant: valid against the schema of SARIF 2.1.0; suppressed findings are in it and marked as such.
//!
//! # Source
//! OASIS SARIF 2.1.0, errata 01; GitHub's `security-severity` (9.0 and up critical, 7.0 high, 4.0 medium, else low).

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{ReportInput, markdown, place, words};
use crate::scan::finding::{Category, Finding, Severity};
use crate::scan::policy::PolicyId;
use crate::scan::problem::Problem;
use crate::verdict::{Judged, Standing};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What the paths of results are relative to.
const ROOT: &str = "SRCROOT";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    column_kind: &'static str,
    original_uri_base_ids: Value,
    invocations: Value,
    results: Results<'a>,
    properties: Value,
}

/// The results, each made when it is written: of many findings they would take far more room than the text.
struct Results<'a> {
    input: &'a ReportInput<'a>,
    ids: &'a [&'a PolicyId],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.input.verdict.findings.iter().map(|judged| result(judged, self.ids, self.input)))
    }
}

/// Renders one SARIF log with one run.
pub fn render(input: &ReportInput<'_>) -> String {
    let verdict = input.verdict;
    let ids: BTreeSet<&PolicyId> = verdict.findings.iter().map(|judged| &judged.finding.rule).collect();
    let ids: Vec<&PolicyId> = ids.into_iter().collect();
    let notifications: Vec<Value> = verdict.problems.iter().map(notification).collect();
    let run = Run {
        tool: json!({"driver": {
            "name": "dockgate",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": ids.iter().map(|id| rule(id, input)).collect::<Vec<_>>(),
        }}),
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: json!({ROOT: {"description": {"text": "the root of the repository"}}}),
        invocations: json!([{"executionSuccessful": true, "toolExecutionNotifications": notifications}]),
        results: Results { input, ids: &ids },
        properties: json!({"conclusion": verdict.conclusion, "files": verdict.files}),
    };
    super::json::text_of(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn rule(id: &PolicyId, input: &ReportInput<'_>) -> Value {
    let Some(policy) = input.policies.get(id) else { return json!({"id": id}) };
    let references: Vec<String> = policy.references.iter().map(|reference| format!("- <{reference}>")).collect();
    let references = references.join("\n");
    let mut tags = vec![json!(policy.category)];
    tags.extend(policy.standards.iter().map(|standard| json!(standard)));
    let mut properties = json!({"tags": tags, "precision": "high"});
    if matches!(policy.category, Category::Secret | Category::Security) {
        set(&mut properties, "security-severity", json!(security_severity(policy.severity)));
    }
    let mut rule = json!({
        "id": id,
        "name": pascal_case(id.as_str()),
        "shortDescription": {"text": policy.title},
        "fullDescription": {"text": policy.why.trim()},
        "help": {
            "text": format!("{}\n\nFix: {}", policy.why.trim(), policy.fix.trim()),
            "markdown": format!("{}\n\n**Fix:** {}\n\n{references}", policy.why.trim(), policy.fix.trim()),
        },
        "defaultConfiguration": {"level": level(policy.severity)},
        "properties": properties,
    });
    if let Some(page) = input.rule_url(id).or_else(|| policy.references.first().cloned()) {
        set(&mut rule, "helpUri", json!(page));
    }
    rule
}

fn result(judged: &Judged, ids: &[&PolicyId], input: &ReportInput<'_>) -> Value {
    let finding = &judged.finding;
    let mut location =
        json!({"physicalLocation": {"artifactLocation": artifact(&finding.path), "region": region(finding)}});
    if let Some(resource) = &finding.resource {
        set(&mut location, "logicalLocations", json!([{"fullyQualifiedName": words::inert(resource)}]));
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": ids.binary_search(&&finding.rule).unwrap_or_default(),
        "kind": "fail",
        "level": level(finding.severity),
        "message": {"text": words::inert(&finding.message)},
        "locations": [location],
        "partialFingerprints": {"dockgate/v1": finding.fingerprint},
        "suppressions": suppressions(judged),
        "properties": {
            "severity": finding.severity,
            "blocks": judged.standing == Standing::Blocks,
            "note": judged.note,
        },
    });
    if !input.snapshot.whole_tree {
        set(&mut result, "baselineState", json!(baseline_state(&judged.standing)));
    }
    if let Some(fix) = fix(finding, input) {
        set(&mut result, "fixes", json!([fix]));
    }
    result
}

fn baseline_state(standing: &Standing) -> &'static str {
    match standing {
        Standing::Existing | Standing::Suppressed { introduced: false, .. } => "unchanged",
        Standing::Blocks | Standing::Introduced | Standing::Suppressed { .. } | Standing::Waived(_) => "new",
    }
}

fn suppressions(judged: &Judged) -> Value {
    match &judged.standing {
        Standing::Suppressed { suppression, .. } => {
            json!([{"kind": "inSource", "status": "accepted", "justification": words::inert(&suppression.reason)}])
        }
        Standing::Waived(waiver) => {
            let text = format!("{} (until {}, {})", waiver.reason, waiver.until, waiver.owner);
            json!([{"kind": "external", "status": "accepted", "justification": words::inert(&text)}])
        }
        Standing::Blocks | Standing::Introduced | Standing::Existing => json!([]),
    }
}

fn fix(finding: &Finding, input: &ReportInput<'_>) -> Option<Value> {
    let edit = finding.edit.as_ref()?;
    let (start, end) = place::of_edit(place::text(input.snapshot, &finding.path)?, edit);
    let text = input
        .policies
        .get(&finding.rule)
        .map_or_else(|| "apply the fix".to_owned(), |policy| policy.fix.trim().to_owned());
    Some(json!({
        "description": {"text": text},
        "artifactChanges": [{
            "artifactLocation": artifact(&finding.path),
            "replacements": [{
                "deletedRegion": {
                    "startLine": start.line, "startColumn": start.column,
                    "endLine": end.line, "endColumn": end.column,
                },
                "insertedContent": {"text": edit.replacement},
            }],
        }],
    }))
}

fn notification(problem: &Problem) -> Value {
    let level = if problem.introduced && problem.cause.leaves_unjudged() { "warning" } else { "note" };
    let mut notification = json!({
        "level": level,
        "descriptor": {"id": problem.cause},
        "message": {"text": words::inert(&problem.message)},
    });
    if let Some(path) = &problem.path {
        let mut physical = json!({"artifactLocation": artifact(path)});
        if let Some(line) = problem.line {
            let mut region = json!({"startLine": line});
            if let Some(column) = problem.column {
                set(&mut region, "startColumn", json!(column));
            }
            set(&mut physical, "region", region);
        }
        set(&mut notification, "locations", json!([{"physicalLocation": physical}]));
    }
    notification
}

fn artifact(path: &str) -> Value {
    json!({"uri": markdown::percent(path), "uriBaseId": ROOT})
}

fn region(finding: &Finding) -> Value {
    json!({
        "startLine": finding.start.line, "startColumn": finding.start.column,
        "endLine": finding.end.line, "endColumn": finding.end.column,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

fn pascal_case(id: &str) -> String {
    let words = id.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let cased = words.map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    cased.collect()
}

fn set(object: &mut Value, key: &str, value: Value) {
    object.as_object_mut().unwrap_or(&mut Map::new()).insert(key.to_owned(), value);
}
