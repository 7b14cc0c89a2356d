use serde_json::Value;

use super::*;
use crate::image::contents::{ImageProblem, ImageSecret, Installed};
use crate::image::package::{Package, PackageKind};
use crate::image::report::{ConfigurationRemark, Vulnerability};
use crate::image::secrets::{FileSecret, SecretKind};
use crate::scan::finding::Severity;

fn installed(name: &str) -> Installed {
    let package = Package::new(PackageKind::Python, name, "1.0").unwrap();
    Installed { package, path: format!("srv/{name}.dist-info/METADATA"), layer: 1 }
}

fn vulnerability(id: &str, package: &str, fixed: Option<&str>) -> Vulnerability {
    Vulnerability {
        id: id.to_owned(),
        aliases: vec![format!("GHSA-{id}")],
        rating: Rating::High,
        summary: String::new(),
        installed: installed(package),
        fixed: fixed.map(ToOwned::to_owned),
        is_known_exploited: false,
        exploit_probability: None,
    }
}

/// A report in which nothing is known that may be unknown.
fn report() -> ImageReport {
    let kind = SecretKind { rule: "secret/github-token".into(), severity: Severity::Critical };
    let message = "the environment of the image holds a secret: GitHub token".to_owned();
    let secret = FileSecret {
        path: "app/.env".into(),
        line: 2,
        rule: "secret/github-token".into(),
        message: "GitHub token".into(),
        severity: Severity::Critical,
    };
    ImageReport {
        image: "web:2".into(),
        platform: "linux/amd64".into(),
        digest: format!("sha256:{}", "0".repeat(64)),
        scanner: "dockgate".into(),
        distribution: None,
        created: None,
        revision: None,
        base: None,
        diff_ids: Vec::new(),
        packages: vec![installed("flask"), installed("requests")],
        vulnerabilities: vec![vulnerability("CVE-1", "flask", Some("2.0")), vulnerability("CVE-2", "requests", None)],
        unimportant: 0,
        configuration: vec![ConfigurationRemark { id: "secret-in-environment".into(), message, secret: Some(kind) }],
        set_id_files: Vec::new(),
        secrets: vec![ImageSecret { secret, layer: 1, is_hidden: true }],
        problems: vec![ImageProblem::unjudged("3 packages could not be looked up")],
    }
}

fn rendered(format: OutputFormat) -> String {
    let report = report();
    render(format, &OutputInput { report: &report, old: None, threshold: Some(Rating::High), lists_unfixed: true })
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

#[test]
fn a_bill_of_materials_has_no_null_and_refers_to_what_is_there() {
    let document: Value = serde_json::from_str(&rendered(OutputFormat::CycloneDx)).unwrap();
    assert!(!has_null(&document), "the schema has no null: {document:#}");
    let components = document["components"].as_array().unwrap();
    let vulnerabilities = document["vulnerabilities"].as_array().unwrap();
    assert_eq!((components.len(), vulnerabilities.len()), (2, 2));
    for vulnerability in vulnerabilities {
        let named = &vulnerability["affects"][0]["ref"];
        assert!(components.iter().any(|component| component["bom-ref"] == *named), "{vulnerability}");
    }
}

#[test]
fn code_scanning_gets_a_valid_log() {
    let schema = include_str!("../../../tests/golden/schema/sarif-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).unwrap();
    let log = serde_json::from_str(&rendered(OutputFormat::Sarif)).unwrap();
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn people_read_what_blocks_and_what_could_not_be_judged() {
    let text = rendered(OutputFormat::Table);
    for part in ["CVE-1", "1.0 → 2.0", "CVE-2", "(no fix)", "app/.env", "could not be judged: 3 packages", "1 block"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json: Value = serde_json::from_str(&rendered(OutputFormat::Json)).unwrap();
    assert_eq!((&json["judged"], &json["blocking"]), (&Value::Bool(false), &Value::from(1)));
}
