//! The report as a bill of materials with its vulnerabilities.
//!
//! # Source
//! `CycloneDX` 1.6, JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::image::contents::Installed;
use crate::image::distribution::Distribution;
use crate::image::package_url::package_url;
use crate::image::report::{ImageReport, Vulnerability};

/// Renders one document.
pub fn render(report: &ImageReport) -> String {
    let distribution = report.distribution.as_ref();
    let mut components: Vec<Value> =
        report.packages.iter().enumerate().map(|(number, one)| component(number, one, distribution)).collect();
    if let Some(distribution) = distribution {
        components.push(json!({
            "type": "operating-system", "bom-ref": "distribution",
            "name": distribution.id, "version": distribution.version, "description": distribution.title,
        }));
    }
    let numbers: BTreeMap<&Installed, usize> =
        report.packages.iter().enumerate().map(|(number, one)| (one, number)).collect();
    let mut vulnerabilities: BTreeMap<&str, Vec<&Vulnerability>> = BTreeMap::new();
    for one in &report.vulnerabilities {
        vulnerabilities.entry(&one.id).or_default().push(one);
    }
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "dockgate", "version": env!("CARGO_PKG_VERSION")}]},
            "component": {
                "type": "container", "bom-ref": "image", "name": report.image, "version": report.digest,
            },
            "properties": report.problems.iter().map(|problem| {
                json!({"name": "dockgate:problem", "value": problem.message})
            }).collect::<Vec<_>>(),
        },
        "components": components,
        "vulnerabilities": vulnerabilities.values().map(|all| vulnerability(all, &numbers)).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn reference(number: usize) -> String {
    format!("package-{number}")
}

fn component(number: usize, one: &Installed, distribution: Option<&Distribution>) -> Value {
    let package = &one.package;
    json!({
        "type": "library",
        "bom-ref": reference(number),
        "name": package.name,
        "version": package.version,
        "purl": package_url(one, distribution),
        "properties": [
            {"name": "dockgate:path", "value": one.path},
            {"name": "dockgate:layer", "value": one.layer.to_string()},
            {"name": "dockgate:source", "value": format!("{} {}", package.source_name(), package.source_version())},
        ],
    })
}

fn vulnerability(all: &[&Vulnerability], numbers: &BTreeMap<&Installed, usize>) -> Value {
    let first = all.first();
    let affects: Vec<Value> = all
        .iter()
        .filter_map(|one| numbers.get(&one.installed))
        .map(|number| json!({"ref": reference(*number)}))
        .collect();
    let rating = all.iter().map(|one| one.rating).max().unwrap_or_default();
    let fixes: Vec<String> =
        all.iter().filter_map(|one| Some(format!("{} {}", one.installed.package.name, one.fixed.as_ref()?))).collect();
    // What is not known is left out: the schema has no null.
    let mut vulnerability = json!({
        "id": first.map_or("", |one| one.id.as_str()),
        "ratings": [{"severity": rating.name()}],
        "description": first.map_or("", |one| one.summary.as_str()),
        "affects": affects,
    });
    if !fixes.is_empty() {
        vulnerability["recommendation"] = json!(format!("upgrade: {}", fixes.join(", ")));
    }
    vulnerability
}
