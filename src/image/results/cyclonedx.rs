//! `CycloneDX` with vulnerabilities.
//!
//! # Source
//! `CycloneDX` 1.4 to 1.6, JSON: `components`, `vulnerabilities`. It has no field for the version that mends a flaw;
//! scanners write it into `recommendation`.

use std::collections::HashMap;

use serde_json::Value;

use super::{Found, Results, items, of_package_url, short, text};
use crate::image::contents::ImageProblem;
use crate::image::distribution::Distribution;
use crate::image::package::{Package, PackageKind};
use crate::image::rating::Rating;

/// Reads the document.
pub fn read(document: &Value) -> Results {
    let subject = &document["metadata"]["component"];
    let tool = |tools: &Value| tools.as_array().and_then(|all| all.first()).map(|first| short(text(first, "name")));
    let tools = &document["metadata"]["tools"];
    let scanner = tool(&tools["components"]).or_else(|| tool(tools)).unwrap_or_else(|| "CycloneDX".to_owned());
    let mut results = Results {
        scanner,
        image: short(text(subject, "name")),
        digests: [text(subject, "version"), text(subject, "purl")].iter().filter_map(|text| digest(text)).collect(),
        ..Results::default()
    };
    let mut known: HashMap<&str, (PackageKind, String, String, String)> = HashMap::new();
    for component in items(document, "components") {
        if text(component, "type") == "operating-system" {
            let named = format!("ID={}\nVERSION_ID={}\n", text(component, "name"), text(component, "version"));
            results.distribution = Distribution::parse(&named);
            continue;
        }
        let of_url = of_package_url(text(component, "purl"));
        let (kind, name, version) = of_url.unwrap_or_else(|| {
            (PackageKind::Other, text(component, "name").to_owned(), text(component, "version").to_owned())
        });
        let path = property(component, &["dockgate:path", "aquasecurity:trivy:FilePath"]);
        results.add_package(Package::new(kind, &name, &version), path, 0);
        known.insert(text(component, "bom-ref"), (kind, name, version, path.to_owned()));
    }
    if document.get("vulnerabilities").is_none() {
        results.problems.push(ImageProblem::unjudged("it lists packages and no vulnerabilities: it was not scanned"));
    }
    for one in items(document, "vulnerabilities") {
        let is_cleared = ["resolved", "resolved_with_pedigree", "false_positive", "not_affected"];
        if is_cleared.contains(&text(&one["analysis"], "state")) {
            continue;
        }
        let ratings = items(one, "ratings").iter().filter_map(|rating| Rating::of_word(text(rating, "severity")));
        let rating = ratings.max().unwrap_or_default();
        for affected in items(one, "affects") {
            let Some((kind, name, version, path)) = known.get(text(affected, "ref")) else {
                results.note_once("it names vulnerabilities of packages that it doesn't list");
                continue;
            };
            results.add(&Found {
                id: text(one, "id"),
                kind: *kind,
                package: name,
                version,
                fixed: &fixed(text(one, "recommendation"), name),
                rating,
                summary: text(one, "description"),
                path,
                layer: 0,
            });
        }
    }
    results
}

fn property<'a>(component: &'a Value, names: &[&str]) -> &'a str {
    let mut all = items(component, "properties").iter();
    let found = all.find(|property| names.contains(&text(property, "name")));
    found.map(|property| text(property, "value")).unwrap_or_default()
}

/// `sha256:…` within a text, as it stands or as package URLs write it.
fn digest(text: &str) -> Option<String> {
    let text = text.replace("%3A", ":");
    let start = text.find("sha256:")?;
    let hex: String = text.get(start + 7..)?.chars().take_while(char::is_ascii_hexdigit).collect();
    (hex.len() == 64).then(|| format!("sha256:{hex}"))
}

/// The version out of `Upgrade NAME to version VERSION` or `upgrade: NAME VERSION, NAME VERSION`.
fn fixed(recommendation: &str, name: &str) -> String {
    let word = |text: &str| text.split([' ', ';']).find(|word| !word.is_empty()).map(str::to_owned);
    let own = recommendation.find(&format!("{name} ")).and_then(|at| recommendation.get(at + name.len() + 1..));
    let named = own.map(|rest| rest.strip_prefix("to version ").unwrap_or(rest));
    let found = named.and_then(word).map(|version| version.trim_end_matches([',', '.']).to_owned());
    found.unwrap_or_else(|| short(recommendation))
}
