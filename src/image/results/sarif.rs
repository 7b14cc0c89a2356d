//! SARIF of image scanners. It has no fields for packages: what their messages and places say is read.
//!
//! # Source
//! OASIS SARIF 2.1.0; the messages of Trivy (`Package: …`, `Installed Version: …`, `Fixed Version: …`), Grype
//! (`A high vulnerability in deb package: NAME, version VERSION was found at: …`) and dockgate.

use std::collections::HashMap;

use serde_json::Value;

use super::{Found, Results, items, short, text};
use crate::image::contents::ImageProblem;
use crate::image::package::PackageKind;
use crate::image::rating::Rating;
use crate::report::words::count;

/// Reads the document.
pub fn read(document: &Value) -> Results {
    let mut results = Results::default();
    for run in items(document, "runs") {
        let driver = &run["tool"]["driver"];
        if results.scanner.is_empty() {
            results.scanner = short(text(driver, "name"));
        }
        let named = ["imageName", "image"].map(|field| text(&run["properties"], field));
        if let Some(image) = named.into_iter().find(|image| !image.is_empty()) {
            results.image = short(image);
        }
        let digest = items(&run["properties"], "repoDigests").iter().filter_map(Value::as_str);
        let digests = digest.filter_map(|name| Some(name.rsplit_once('@')?.1.to_owned()));
        results
            .digests
            .extend(digests.chain(Some(short(text(&run["properties"], "digest"))).filter(|one| !one.is_empty())));
        let has_failed = |one: &Value| one["executionSuccessful"] == false;
        if items(run, "invocations").iter().any(has_failed) {
            results.problems.push(ImageProblem::unjudged("the scanner says that it did not finish"));
        }
        let rules: HashMap<&str, &Value> = items(driver, "rules").iter().map(|rule| (text(rule, "id"), rule)).collect();
        let is_secret = |one: &&Value| text(driver, "name") == "dockgate" && text(one, "ruleId").starts_with("secret/");
        let secrets = items(run, "results").iter().filter(is_secret).count();
        if secrets > 0 {
            let found = count(secrets, "secret");
            results.problems.push(ImageProblem::note(format!("{found} in files were uploaded, which do not block")));
        }
        for one in items(run, "results").iter().filter(|one| text(one, "kind") != "pass" && !is_secret(one)) {
            add(&mut results, one, rules.get(text(one, "ruleId")).copied().unwrap_or(&Value::Null));
        }
    }
    results
}

fn add(results: &mut Results, one: &Value, rule: &Value) {
    let message = text(&one["message"], "text");
    let place = items(one, "locations").first().unwrap_or(&Value::Null);
    let path = text(&place["physicalLocation"]["artifactLocation"], "uri");
    let logical = items(place, "logicalLocations").first().map(|place| text(place, "fullyQualifiedName"));
    let found = after(message, "Package: ")
        .map(|package| (package, after(message, "Installed Version: ").unwrap_or("unknown")))
        .or_else(|| grype(message))
        .or_else(|| own(message))
        .unwrap_or((logical.unwrap_or_default(), "unknown"));
    let help = text(&rule["help"], "text");
    let fixed = after(message, "Fixed Version: ")
        .or_else(|| after(message, "upgrade to "))
        .or_else(|| after(help, "Fix Version: "))
        .or_else(|| after(help, "Fixed Version: "));
    // Some append the package to the id, so that each place is a rule of its own.
    let id = text(one, "ruleId");
    let id = id.strip_suffix(&format!("-{}", found.0)).unwrap_or(id);
    results.add(&Found {
        id,
        kind: kind(message),
        package: found.0,
        version: found.1,
        fixed: fixed.unwrap_or_default(),
        rating: rating(one, rule, message),
        summary: text(&rule["shortDescription"], "text"),
        path,
        layer: 0,
    });
}

/// What follows `label` up to the end of its line.
fn after<'a>(message: &'a str, label: &str) -> Option<&'a str> {
    let rest = message.split_once(label)?.1;
    rest.lines().next().map(str::trim).filter(|rest| !rest.is_empty())
}

/// `A high vulnerability in deb package: NAME, version VERSION was found at: …`
fn grype(message: &str) -> Option<(&str, &str)> {
    let rest = message.split_once(" package: ")?.1;
    let (name, rest) = rest.split_once(", version ")?;
    Some((name, rest.split_once(" was found").map_or(rest, |(version, _)| version)))
}

/// `NAME VERSION (kind): ID is high; …`
fn own(message: &str) -> Option<(&str, &str)> {
    let (package, _) = message.split_once(" (")?;
    package.rsplit_once(' ')
}

fn kind(message: &str) -> PackageKind {
    let word = message.split_once(" vulnerability in ").and_then(|(_, rest)| rest.split(' ').next());
    let own = message.split_once(" (").and_then(|(_, rest)| rest.split(')').next());
    match word.or(own).unwrap_or_default() {
        "deb" | "dpkg" => PackageKind::Dpkg,
        "apk" => PackageKind::Apk,
        "rpm" => PackageKind::Rpm,
        "python" => PackageKind::Python,
        "npm" | "node" => PackageKind::Node,
        "go-module" | "go" => PackageKind::Go,
        "rust-crate" | "rust" => PackageKind::Rust,
        "gem" | "ruby" => PackageKind::Ruby,
        "java-archive" | "java" => PackageKind::Java,
        "php-composer" | "composer" => PackageKind::Composer,
        "dotnet" | "nuget" => PackageKind::Nuget,
        "conda" => PackageKind::Conda,
        _ => PackageKind::Other,
    }
}

/// The score that code scanning reads, else the words of the message, else the level.
fn rating(one: &Value, rule: &Value, message: &str) -> Rating {
    let score = |value: &Value| {
        let score = &value["properties"]["security-severity"];
        score.as_f64().or_else(|| score.as_str()?.parse().ok())
    };
    if let Some(score) = score(one).or_else(|| score(rule)) {
        return match score {
            score if score >= 9.0 => Rating::Critical,
            score if score >= 7.0 => Rating::High,
            score if score >= 4.0 => Rating::Medium,
            score if score > 0.0 => Rating::Low,
            _ => Rating::None,
        };
    }
    let said = after(message, "Severity: ").and_then(Rating::of_word);
    said.unwrap_or(match text(one, "level") {
        "error" => Rating::High,
        "warning" => Rating::Medium,
        "note" => Rating::Low,
        _ => Rating::Unknown,
    })
}
