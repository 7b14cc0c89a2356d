use super::*;
use crate::image::package::{Package, PackageKind};
use crate::image::version::Scheme;

/// What is merged of these records, all of which affect one package of `ecosystem`.
fn merged(ecosystem: &str, scheme: Scheme, version: &str, records: &[&str]) -> Vec<Vulnerability> {
    let package = Package::new(PackageKind::Rpm, "openssl", version).unwrap();
    let installed = Installed { package, path: "var/lib/rpm/rpmdb.sqlite".into(), layer: 0 };
    let query =
        Query { ecosystem: ecosystem.to_owned(), name: "openssl".to_owned(), version: version.to_owned(), scheme };
    let records = records.iter().map(|json| Arc::new(Advisory::parse(json.as_bytes()).unwrap()));
    let advisories: BTreeMap<String, Arc<Advisory>> = records.map(|one| (one.id.clone(), one)).collect();
    let affecting = advisories.values().filter(|one| one.names(&query)).map(|one| one.id.clone()).collect();
    let answers = Answers { matches: vec![affecting], advisories, problems: Vec::new() };
    merge(&[installed], &[query], &[vec![0]], &answers).vulnerabilities
}

fn lines(vulnerabilities: &[Vulnerability]) -> Vec<String> {
    let line = |one: &Vulnerability| {
        format!("{} {} {} {}", one.id, one.rating, one.fixed.as_deref().unwrap_or("-"), one.aliases.join(","))
    };
    vulnerabilities.iter().map(line).collect()
}

const AFFECTED: &str = r#""affected": [{"package": {"ecosystem": "E", "name": "openssl"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]"#;

#[test]
fn a_notice_of_several_flaws_is_as_many_vulnerabilities() {
    let notice = format!(
        r#"{{"id": "ALSA-2024:1", "summary": "Important: openssl update", "related": ["CVE-2024-1", "CVE-2024-2"], {AFFECTED}}}"#
    );
    let found = merged("E", Scheme::Rpm, "1", &[&notice]);
    assert_eq!(lines(&found), ["CVE-2024-1 high 2 ALSA-2024:1", "CVE-2024-2 high 2 ALSA-2024:1"]);
    // What is told of a flaw by itself is not told again by a notice, and two notices of one flaw are one vulnerability.
    let single = format!(r#"{{"id": "X-1", "upstream": ["CVE-2024-1"], {AFFECTED}}}"#);
    let later = notice.replace("ALSA-2024:1", "ALSA-2024:2").replace(r#"{"fixed": "2"}"#, r#"{"fixed": "3"}"#);
    let found = merged("E", Scheme::Rpm, "1", &[&notice, &single, &later]);
    assert_eq!(lines(&found), ["CVE-2024-1 unknown 2 X-1", "CVE-2024-2 high 3 ALSA-2024:1,ALSA-2024:2"]);
}

#[test]
fn one_flaw_in_several_databases_is_one_vulnerability_with_their_severity() {
    let advisory = format!(r#"{{"id": "CGA-1", "upstream": ["CVE-2024-1", "GHSA-a"], {AFFECTED}}}"#);
    let github = r#"{"id": "GHSA-a", "aliases": ["CVE-2024-1"], "database_specific": {"severity": "CRITICAL"}}"#;
    let found = merged("E", Scheme::Apk, "1", &[&advisory, github]);
    assert_eq!(lines(&found), ["CVE-2024-1 critical 2 CGA-1,GHSA-a"]);
}

#[test]
fn what_was_withdrawn_says_nothing() {
    let gone = format!(r#"{{"id": "X-1", "withdrawn": "2024-02-02T00:00:00Z", {AFFECTED}}}"#);
    assert_eq!(merged("E", Scheme::Rpm, "1", &[&gone]), []);
}
