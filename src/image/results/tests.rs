//! Documents of other scanners, and our own read back.

use serde_json::json;

use super::*;
use crate::image::output::{OutputFormat, OutputInput, render};

/// `id kind package version fixed rating path` of each vulnerability.
fn lines(results: &Results) -> Vec<String> {
    let line = |one: &Vulnerability| {
        let Installed { package, path, layer } = &one.installed;
        let fixed = one.fixed.as_deref().unwrap_or("-");
        let kind = package.kind.name();
        format!("{} {kind} {} {} {fixed} {} {path} {layer}", one.id, package.name, package.version, one.rating)
    };
    results.vulnerabilities.iter().map(line).collect()
}

fn read(document: &Value) -> Results {
    Results::read(document.to_string().as_bytes()).unwrap()
}

fn trivy() -> Value {
    json!({
        "SchemaVersion": 2, "ArtifactName": "ghcr.io/acme/web:1", "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "alma", "Name": "9.4", "EOSL": true},
            "DiffIDs": ["sha256:1", "sha256:2"],
            "RepoDigests": ["ghcr.io/acme/web@sha256:abc"],
            "ImageConfig": {"created": "2026-01-01T00:00:00Z"},
        },
        "Results": [
            {"Target": "ghcr.io/acme/web:1 (alma 9.4)", "Class": "os-pkgs", "Type": "alma",
             "Packages": [{"Name": "openssl-libs", "Version": "3.0.7", "Release": "27.el9", "Epoch": 1, "Arch": "x86_64",
                           "SrcName": "openssl", "SrcVersion": "3.0.7", "SrcRelease": "27.el9", "SrcEpoch": 1,
                           "Layer": {"DiffID": "sha256:1"}}],
             "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "openssl-libs",
                "InstalledVersion": "1:3.0.7-27.el9", "FixedVersion": "1:3.0.7-28.el9", "Severity": "HIGH",
                "Title": "a buffer", "Layer": {"DiffID": "sha256:1"}}]},
            {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg",
             "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-2", "PkgName": "flask", "InstalledVersion": "1.0",
                "PkgPath": "app/flask/METADATA", "Severity": "UNKNOWN", "Layer": {"DiffID": "sha256:2"}}]},
            {"Target": "composer.lock", "Type": "composer",
             "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-3", "PkgName": "a/b", "InstalledVersion": "1",
                "Severity": "LOW"}]},
        ],
    })
}

#[test]
fn trivy_tells_packages_layers_and_support() {
    let results = read(&trivy());
    assert_eq!(
        lines(&results),
        [
            "CVE-2024-1 rpm openssl-libs 1:3.0.7-27.el9 1:3.0.7-28.el9 high  0",
            "CVE-2024-2 python flask 1.0 - unknown app/flask/METADATA 1",
            "CVE-2024-3 composer a/b 1 - low composer.lock 0",
        ]
    );
    let package = &results.packages[0].package;
    assert_eq!((package.version.as_str(), package.source_name()), ("1:3.0.7-27.el9", "openssl"));
    assert_eq!(results.distribution.as_ref().map(|it| it.id.as_str()), Some("almalinux"));
    assert!(results.problems.iter().any(|problem| problem.message.contains("no longer supported")));
    assert_eq!(results.digests, ["sha256:abc"]);
    let report = results.report("web", "linux/amd64", "sha256:x");
    assert_eq!(report.vulnerabilities[0].id, "CVE-2024-1", "the worst comes first");
    assert!(report.is_judged());
}

#[test]
fn cyclonedx_names_packages_by_reference() {
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {
            "tools": {"components": [{"name": "trivy"}]},
            "component": {"name": "web", "purl": format!("pkg:oci/web@sha256%3A{}?x=y", "a".repeat(64))},
        },
        "components": [
            {"bom-ref": "os", "type": "operating-system", "name": "debian", "version": "12.5"},
            {"bom-ref": "a", "type": "library", "name": "openssl", "version": "x",
             "purl": "pkg:deb/debian/libssl3@3.0.1-1%2Bb1?arch=amd64"},
            {"bom-ref": "b", "type": "library", "name": "b", "version": "1", "purl": "pkg:maven/g/b@1"},
        ],
        "vulnerabilities": [
            {"id": "CVE-1", "ratings": [{"severity": "low"}, {"severity": "critical"}],
             "recommendation": "Upgrade libssl3 to version 3.0.2-1", "affects": [{"ref": "a"}]},
            {"id": "CVE-2", "ratings": [], "affects": [{"ref": "b"}, {"ref": "nobody"}]},
            {"id": "CVE-3", "analysis": {"state": "not_affected"}, "affects": [{"ref": "b"}]},
        ],
    });
    let results = read(&document);
    assert_eq!(lines(&results), ["CVE-1 dpkg libssl3 3.0.1-1+b1 3.0.2-1 critical  0", "CVE-2 java g:b 1 - unknown  0"]);
    assert_eq!(results.digests, [format!("sha256:{}", "a".repeat(64))]);
    assert_eq!(results.problems.len(), 1, "{:?}", results.problems);
    let mut bare = document;
    bare.as_object_mut().unwrap().remove("vulnerabilities");
    let report = read(&bare).report("web", "linux/amd64", "sha256:x");
    assert!(!report.is_judged(), "a list of packages is no scan");
}

#[test]
fn sarif_is_read_out_of_its_messages() {
    let result = |id: &str, message: &str| json!({"ruleId": id, "level": "error", "message": {"text": message}});
    let document = json!({
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Trivy", "rules": [
                {"id": "CVE-1", "properties": {"security-severity": "9.8"}},
                {"id": "CVE-2-curl", "properties": {"security-severity": "5.0"}, "help": {"text": "Fix Version: 8.1\nType: deb"}},
            ]}},
            "results": [
                result("CVE-1", "Package: openssl\nInstalled Version: 3.0.1\nVulnerability CVE-1\nSeverity: HIGH\nFixed Version: 3.0.2\nLink: x"),
                result("CVE-2-curl", "A medium vulnerability in deb package: curl, version 8.0 was found at: /var/lib/dpkg/status"),
                result("CVE-3", "something else"),
            ],
        }],
    });
    let results = read(&document);
    assert_eq!(lines(&results), ["CVE-1 other openssl 3.0.1 3.0.2 critical  0", "CVE-2 dpkg curl 8.0 8.1 medium  0"]);
    assert!(results.problems[0].message.contains("without a package"), "{:?}", results.problems);
}

#[test]
fn our_own_documents_are_read_back() {
    let report = read(&trivy()).report("ghcr.io/acme/web:1", "linux/amd64", &format!("sha256:{}", "a".repeat(64)));
    let input = OutputInput { report: &report, old: None, threshold: None, lists_unfixed: true };
    for format in [OutputFormat::Sarif, OutputFormat::CycloneDx] {
        let results = Results::read(render(format, &input).as_bytes()).unwrap();
        let same = |one: &Vulnerability| {
            let package = &one.installed.package;
            (one.id.clone(), package.name.clone(), package.version.clone(), one.fixed.clone())
        };
        let mut found: Vec<_> = results.vulnerabilities.iter().map(same).collect();
        let mut expected: Vec<_> = report.vulnerabilities.iter().map(same).collect();
        // In a bill of materials only what has a component is told: two of the three packages are listed nowhere.
        if format == OutputFormat::CycloneDx {
            expected.retain(|(id, ..)| id == "CVE-2024-1" && found.iter().any(|(found, ..)| found == id));
        }
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{format:?}");
        assert_eq!(results.image, "ghcr.io/acme/web:1");
    }
}

#[test]
fn what_is_none_of_the_forms_is_an_error_and_floods_are_cut() {
    for text in ["", "{}", "[]", "null", r#"{"SchemaVersion": 2}"#, r#"{"runs": 1}"#] {
        assert!(Results::read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Results::read(&vec![b' '; MAX_BYTES + 1]).is_err());
    let one = json!({"VulnerabilityID": "CVE-1", "PkgName": "a", "InstalledVersion": "1", "Severity": "LOW"});
    let many = json!({"SchemaVersion": 2, "ArtifactName": "x",
        "Results": [{"Type": "debian", "Vulnerabilities": vec![one; MAX_ENTRIES + 10]}]});
    let results = read(&many);
    assert_eq!(results.vulnerabilities.len(), MAX_ENTRIES);
    assert!(!results.report("x", "linux/amd64", "y").is_judged(), "what was cut is not judged");
}
