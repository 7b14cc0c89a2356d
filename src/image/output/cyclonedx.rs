//! The report as a bill of materials with its vulnerabilities.
//!
//! # Source
//! `CycloneDX` 1.6, JSON; the package URL specification's types.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::image::contents::Installed;
use crate::image::distribution::Distribution;
use crate::image::package::PackageKind;
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
    json!({
        "id": first.map(|one| one.id.as_str()),
        "ratings": [{"severity": rating.name()}],
        "description": first.map(|one| one.summary.as_str()),
        "recommendation": if fixes.is_empty() { None } else { Some(format!("upgrade: {}", fixes.join(", "))) },
        "affects": affects,
    })
}

fn package_url(one: &Installed, distribution: Option<&Distribution>) -> String {
    let package = &one.package;
    let id = distribution.map_or("unknown", |distribution| distribution.id.as_str());
    let (kind, name) = match package.kind {
        PackageKind::Dpkg => ("deb", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Apk => ("apk", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Rpm => ("rpm", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Python => ("pypi", encoded(&package.name.to_ascii_lowercase().replace('_', "-"))),
        PackageKind::Node => ("npm", segments(&package.name, '/')),
        PackageKind::Go => ("golang", segments(&package.name, '/')),
        PackageKind::Rust => ("cargo", encoded(&package.name)),
        PackageKind::Ruby => ("gem", encoded(&package.name)),
        PackageKind::Java => ("maven", segments(&package.name, ':')),
    };
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if package.kind == PackageKind::Rpm => (Some(epoch), version),
        _ => (None, package.version.as_str()),
    };
    let qualifiers = [
        package.architecture.as_ref().map(|architecture| format!("arch={}", encoded(architecture))),
        distribution
            .filter(|_| package.kind.is_of_distribution())
            .map(|distribution| format!("distro={}-{}", encoded(&distribution.id), encoded(&distribution.version))),
        epoch.map(|epoch| format!("epoch={}", encoded(epoch))),
    ];
    let qualifiers: Vec<String> = qualifiers.into_iter().flatten().collect();
    let qualifiers = if qualifiers.is_empty() { String::new() } else { format!("?{}", qualifiers.join("&")) };
    format!("pkg:{kind}/{name}@{}{qualifiers}", encoded(version))
}

fn segments(name: &str, separator: char) -> String {
    name.split(separator).map(encoded).collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
