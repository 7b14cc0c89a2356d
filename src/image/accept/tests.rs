//! What waivers and statements cover.

use super::*;
use crate::image::contents::Installed;
use crate::image::package::{Package, PackageKind};
use crate::image::rating::Rating;
use crate::settings::vex::VexDocuments;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn vulnerability() -> Vulnerability {
    let package = Package::new(PackageKind::Dpkg, "libssl3", "3.0.1").unwrap().from_source("openssl", "3.0.1");
    Vulnerability {
        id: "CVE-1".into(),
        aliases: vec!["GHSA-1".into()],
        rating: Rating::High,
        summary: String::new(),
        installed: Installed { package, path: "var/lib/dpkg/status".into(), layer: 0 },
        fixed: Some("3.0.2".into()),
        is_known_exploited: false,
        exploit_probability: None,
    }
}

fn report() -> ImageReport {
    ImageReport {
        image: "ghcr.io/acme/web:1".into(),
        platform: "linux/amd64".into(),
        digest: DIGEST.into(),
        scanner: "dockgate".into(),
        distribution: crate::image::distribution::Distribution::parse("ID=debian\nVERSION_ID=12\n"),
        created: None,
        revision: None,
        base: None,
        diff_ids: Vec::new(),
        packages: Vec::new(),
        vulnerabilities: Vec::new(),
        unimportant: 0,
        configuration: Vec::new(),
        set_id_files: Vec::new(),
        secrets: Vec::new(),
        problems: Vec::new(),
    }
}

/// By what the vulnerability is accepted on 2026-06-15: a waiver's reason, or a statement's document.
fn accepted(waivers: &str, vex: &[&str]) -> (Option<String>, bool) {
    let mut documents = VexDocuments::default();
    for (number, statement) in vex.iter().enumerate() {
        let text = format!(r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{statement}]}}"#);
        documents.add(&format!("{number}.json"), &text);
    }
    let (statements, refused) = documents.finish();
    assert_eq!(refused, Vec::new());
    let subject = ImagesSubject {
        waivers: serde_json::from_str(waivers).unwrap(),
        vex: statements,
        ..ImagesSubject::new(None, "a".repeat(40).parse().unwrap())
    };
    let image = ImageSubject {
        path: "deploy/web.yaml".into(),
        line: 1,
        platform: None,
        before: None,
        after: "ghcr.io/acme/web:1".into(),
    };
    let (one, report) = (vulnerability(), report());
    let all = Acceptances::new(&subject, "2026-06-15".parse().unwrap());
    let of = all.of(&image, &report);
    let by = of.accepted(&one).map(|by| match by {
        Accepted::Waiver(waiver) => waiver.reason.clone(),
        Accepted::Vex(statement) => statement.document.clone(),
    });
    (by, of.expired(&one).is_some())
}

#[test]
fn a_waiver_covers_by_id_package_and_path_until_its_day() {
    let check = |more: &str, expected: bool, expired: bool| {
        let waiver = format!(r#"[{{"owner": "o", "reason": "r", {more}}}]"#);
        assert_eq!(accepted(&waiver, &[]), (expected.then(|| "r".to_owned()), expired), "{more}");
    };
    let day = r#""until": "2026-06-15""#;
    check(&format!(r#""vulnerability": "CVE-1", {day}"#), true, false);
    check(r#""vulnerability": "CVE-1", "until": "2026-06-14""#, false, true);
    check(&format!(r#""vulnerability": "GHSA-1", {day}"#), true, false);
    check(&format!(r#""vulnerability": "CVE-2", {day}"#), false, false);
    check(&format!(r#""vulnerability": "CVE-1", "package": "libssl3", {day}"#), true, false);
    check(&format!(r#""vulnerability": "CVE-1", "package": "openssl", {day}"#), true, false);
    check(&format!(r#""vulnerability": "CVE-1", "package": "zlib", {day}"#), false, false);
    check(&format!(r#""vulnerability": "CVE-1", "paths": ["deploy/**"], {day}"#), true, false);
    check(&format!(r#""vulnerability": "CVE-1", "paths": ["other/**"], {day}"#), false, false);
    check(&format!(r#""vulnerability": "CVE-1", "within": ["var/lib/**"], {day}"#), true, false);
    check(&format!(r#""vulnerability": "CVE-1", "within": ["opt/**"], {day}"#), false, false);
}

#[test]
fn a_statement_covers_its_product_and_parts() {
    let check = |statement: &str, expected: bool| {
        assert_eq!(accepted("[]", &[statement]).0.is_some(), expected, "{statement}");
    };
    let fixed = |product: &str| {
        format!(r#"{{"vulnerability": {{"name": "CVE-1"}}, "products": [{product}], "status": "fixed"}}"#)
    };
    check(&fixed(r#"{"@id": "pkg:oci/web?repository_url=ghcr.io/acme/web"}"#), true);
    check(&fixed(r#"{"@id": "pkg:oci/api"}"#), false);
    check(&fixed(&format!(r#"{{"@id": "x", "hashes": {{"sha-256": "{}"}}}}"#, "a".repeat(64))), true);
    check(&fixed(r#"{"@id": "x", "hashes": {"sha-256": "bb"}}"#), false);
    check(&fixed(r#"{"@id": "pkg:oci/web", "subcomponents": [{"@id": "pkg:deb/debian/libssl3@3.0.1"}]}"#), true);
    check(&fixed(r#"{"@id": "pkg:oci/web", "subcomponents": [{"@id": "pkg:deb/debian/zlib1g"}]}"#), false);
    check(&fixed(r#"{"@id": "pkg:deb/debian/libssl3"}"#), true);
    check(&fixed(r#"{"@id": "pkg:deb/debian/libssl3@9"}"#), false);
    check(&fixed(r#"{"@id": "pkg:oci/web"}"#).replace("CVE-1", "GHSA-1"), true);
    check(&fixed(r#"{"@id": "pkg:oci/web"}"#).replace("fixed", "under_investigation"), false);
    check(&fixed(r#"{"@id": "pkg:oci/web"}"#).replace("fixed", "affected"), false);
}

#[test]
fn the_newest_statement_decides() {
    let of = |status: &str, day: u32| {
        format!(
            r#"{{"vulnerability": "CVE-1", "products": ["pkg:oci/web"], "status": "{status}", "justification": "x",
            "timestamp": "2026-01-0{day}T00:00:00Z"}}"#
        )
    };
    let (cleared, later) = (of("not_affected", 1), of("affected", 2));
    assert_eq!(accepted("[]", &[&cleared, &later]).0, None);
    assert_eq!(accepted("[]", &[&later, &cleared]).0, None);
    let again = of("fixed", 3);
    assert_eq!(accepted("[]", &[&again, &later]).0.as_deref(), Some("0.json"));
}
