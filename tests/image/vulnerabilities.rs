use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use dockgate::image::layout::OciLayout;
use dockgate::image::osv::AdvisorySource;
use dockgate::image::osv::api::{MemoryCache, OsvApi};
use dockgate::image::osv::folder::OsvFolder;
use dockgate::image::osv::order::Exploits;
use dockgate::image::rating::Rating;
use dockgate::image::read::NoCache;
use dockgate::image::report::{Comparison, ImageReport};
use dockgate::image::scanner::{EmbeddedScanner, ImageScanner, ScanRequest};
use serde_json::{Value, json};

use crate::fixtures::images;
use crate::osv_server::{Behaviour, OsvServer};

/// A record of Debian 12 for one source package.
fn debian(cve: &str, name: &str, fixed: Option<&str>, urgency: &str) -> Value {
    let mut events = vec![json!({"introduced": "0"})];
    events.extend(fixed.map(|fixed| json!({"fixed": fixed})));
    json!({
        "id": format!("DEBIAN-{cve}"), "modified": "2024-01-01T00:00:00Z", "upstream": [cve],
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": name},
            "ecosystem_specific": {"urgency": urgency},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

fn records() -> Vec<Value> {
    let critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    vec![
        debian("CVE-2099-1", "glibc", Some("9:1-1"), "not yet assigned"),
        debian("CVE-2099-2", "glibc", None, "low"),
        debian("CVE-2099-3", "glibc", None, "unimportant"),
        debian("CVE-2099-4", "shadow", Some("1:1-1"), "high"),
        json!({
            "id": "DSA-9999-1", "modified": "2024-01-01T00:00:00Z", "upstream": ["CVE-2099-1", "CVE-2099-2"],
            "affected": [{"package": {"ecosystem": "Debian:12", "name": "glibc"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9:1-1"}]}]}],
        }),
        json!({"id": "CVE-2099-1", "modified": "x", "severity": [{"type": "CVSS_V3", "score": critical}]}),
        json!({
            "id": "GHSA-aaaa-bbbb-cccc", "modified": "x", "aliases": ["CVE-2099-5", "PYSEC-2099-1"],
            "summary": "Flask does it wrong", "database_specific": {"severity": "HIGH"},
            "affected": [{"package": {"ecosystem": "PyPI", "name": "flask"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.2.5"}]}]}],
        }),
        json!({
            "id": "PYSEC-2099-1", "modified": "x", "aliases": ["CVE-2099-5", "GHSA-aaaa-bbbb-cccc"],
            "affected": [{"package": {"ecosystem": "PyPI", "name": "flask"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.2.5"}]}]}],
        }),
        json!({
            "id": "GHSA-dddd-eeee-ffff", "modified": "x", "withdrawn": "2024-02-02T00:00:00Z",
            "affected": [{"package": {"ecosystem": "PyPI", "name": "flask"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}],
        }),
    ]
}

/// A server that knows the records; glibc's come in pages, the first of which holds its token alone.
fn behaviour() -> Behaviour {
    let records: BTreeMap<String, Value> =
        records().into_iter().map(|record| (record["id"].as_str().expect("an id").to_owned(), record)).collect();
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let key = |ecosystem: &str, name: &str| (ecosystem.to_owned(), name.to_owned());
    let pages = BTreeMap::from([
        (
            key("Debian:12", "glibc"),
            vec![ids(&[]), ids(&["DEBIAN-CVE-2099-1", "DEBIAN-CVE-2099-2"]), ids(&["DEBIAN-CVE-2099-3", "DSA-9999-1"])],
        ),
        (key("PyPI", "flask"), vec![ids(&["GHSA-aaaa-bbbb-cccc", "PYSEC-2099-1", "GHSA-dddd-eeee-ffff"])]),
    ]);
    Behaviour { records, pages, ..Behaviour::default() }
}

async fn scan(name: &str, advisories: Arc<dyn AdvisorySource>) -> ImageReport {
    let source = OciLayout::new(images().join(name));
    let digest = source.resolve(None).expect("one image");
    let platform = "linux/amd64".parse().expect("a platform");
    let scanner = EmbeddedScanner { advisories, layers: Arc::new(NoCache), exploits: Arc::new(Exploits::default()) };
    let request = ScanRequest { image: name, source: &source, digest: &digest, platform: &platform };
    scanner.scan(request).await.expect("a report")
}

fn api(server: &OsvServer) -> Arc<OsvApi> {
    Arc::new(OsvApi::new(&server.url, Arc::new(MemoryCache::default())).expect("a client"))
}

/// `id package fixed severity` of every vulnerability, sorted.
fn lines(report: &ImageReport) -> Vec<String> {
    let line = |one: &dockgate::image::report::Vulnerability| {
        format!("{} {} {} {}", one.id, one.installed.package.name, one.fixed.as_deref().unwrap_or("-"), one.rating)
    };
    let mut lines: Vec<String> = report.vulnerabilities.iter().map(line).collect();
    lines.sort();
    lines
}

const EXPECTED: [&str; 5] = [
    "CVE-2099-1 libc-bin 9:1-1 critical",
    "CVE-2099-1 libc6 9:1-1 critical",
    "CVE-2099-2 libc-bin - low",
    "CVE-2099-2 libc6 - low",
    "CVE-2099-5 Flask 2.2.5 high",
];

#[tokio::test(flavor = "multi_thread")]
async fn vulnerabilities_by_source_package_with_severity_and_fix() {
    let server = OsvServer::start(behaviour()).await;
    let api = api(&server);
    let report = scan("app", Arc::clone(&api) as Arc<dyn AdvisorySource>).await;
    assert_eq!(lines(&report), EXPECTED);
    assert_eq!(report.unimportant, 2);
    assert!(report.is_judged(), "{:?}", report.problems);
    assert_eq!(report.vulnerabilities[0].rating, Rating::Critical, "the worst comes first");
    let asked = server.asked("/v1/vulns/DEBIAN-CVE-2099-1");
    assert_eq!(asked, 1);
    scan("app", api).await;
    assert_eq!(server.asked("/v1/vulns/DEBIAN-CVE-2099-1"), 1, "an advisory is had once");
    let base = scan("debian", self::api(&server)).await;
    let comparison = Comparison::of(&report, Some(&base));
    let introduced: Vec<&str> = comparison.introduced.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(introduced, ["CVE-2099-5"]);
    assert_eq!(comparison.blocking(Rating::High).count(), 1);
    assert_eq!(comparison.blocking(Rating::Critical).count(), 0);
    assert_eq!(Comparison::of(&report, None).blocking(Rating::High).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_in_passing_change_nothing() {
    let server = OsvServer::start(Behaviour { failures: 2, ..behaviour() }).await;
    let report = scan("app", api(&server)).await;
    assert_eq!(lines(&report), EXPECTED);
    assert!(report.is_judged());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_query_costs_one_package() {
    let mut refusing = behaviour();
    refusing.refused.insert("bash".to_owned());
    let server = OsvServer::start(refusing).await;
    let report = scan("app", api(&server)).await;
    assert_eq!(lines(&report), EXPECTED);
    assert!(!report.is_judged());
    let message = &report.problems[0].message;
    assert!(message.starts_with("1 packages could not be looked up, among them bash"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_never_clean() {
    let nobody = Arc::new(OsvApi::new("http://127.0.0.1:9", Arc::new(MemoryCache::default())).expect("a client"));
    let report = scan("debian", nobody).await;
    assert!(!report.is_judged() && report.vulnerabilities.is_empty());
    let mut broken = behaviour();
    broken.broken.insert("DEBIAN-CVE-2099-2".to_owned());
    let server = OsvServer::start(broken).await;
    let report = scan("debian", api(&server)).await;
    assert!(!report.is_judged());
    assert!(
        lines(&report).iter().any(|line| line.starts_with("DEBIAN-CVE-2099-2 libc6 - unknown")),
        "{:?}",
        lines(&report)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsupported_distribution_is_said_to_be_so() {
    let server = OsvServer::start(behaviour()).await;
    let report = scan("go", api(&server)).await;
    assert!(report.is_judged() || !report.packages.is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    let report = scan("rpm-ndb", Arc::new(OsvFolder::new(folder.path()))).await;
    assert!(!report.is_judged(), "no exports of AlmaLinux are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_exports_gives_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = records();
    let of = |ecosystem: &str| {
        records.iter().filter(|record| record.to_string().contains(ecosystem)).cloned().collect::<Vec<_>>()
    };
    write_records(&folder.path().join("PyPI"), &of("PyPI"));
    // As OSV publishes it.
    let loose = folder.path().join("loose");
    write_records(&loose, &of("Debian:12"));
    std::fs::create_dir(folder.path().join("Debian")).expect("a folder");
    let zipped = std::process::Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .arg(folder.path().join("Debian/all.zip"))
        .args(std::fs::read_dir(&loose).expect("records").map(|entry| entry.expect("a record").path()))
        .status();
    assert!(zipped.expect("python").success());
    let report = scan("app", Arc::new(OsvFolder::new(folder.path()))).await;
    // The record of the CVE itself is in no export; without it nobody gives a severity.
    let expected = EXPECTED.map(|line| line.replace("9:1-1 critical", "9:1-1 unknown"));
    assert_eq!(lines(&report), expected);
    let messages: Vec<&str> = report.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "npm and RubyGems are not there: {messages:?}");
    assert!(!report.is_judged());
}

fn write_records(folder: &Path, records: &[Value]) {
    std::fs::create_dir_all(folder).expect("a folder");
    for record in records {
        let name = format!("{}.json", record["id"].as_str().expect("an id"));
        std::fs::write(folder.join(name), record.to_string()).expect("a record");
    }
}
