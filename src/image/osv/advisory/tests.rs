use super::*;

fn query(ecosystem: &str, name: &str, version: &str, scheme: Scheme) -> Query {
    Query { ecosystem: ecosystem.to_owned(), name: name.to_owned(), version: version.to_owned(), scheme }
}

fn advisory(json: &str) -> Advisory {
    Advisory::parse(json.as_bytes()).unwrap()
}

const DEBIAN: &str = r#"{
    "id": "DEBIAN-CVE-2023-1", "modified": "2024-01-01T00:00:00Z", "upstream": ["CVE-2023-1"],
    "affected": [
        {"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ecosystem_specific": {"urgency": "not yet assigned"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.11-1~deb12u2"}]}]},
        {"package": {"ecosystem": "Debian:11", "name": "openssl"}, "ecosystem_specific": {"urgency": "unimportant"},
         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
    ]}"#;

#[test]
fn a_release_has_its_own_ranges() {
    let advisory = advisory(DEBIAN);
    let of = |release: &str, version: &str| advisory.statement(&query(release, "openssl", version, Scheme::Debian));
    let statement = of("Debian:12", "3.0.11-1~deb12u1").unwrap();
    assert_eq!((statement.is_affected, statement.fixed.as_deref()), (true, Some("3.0.11-1~deb12u2")));
    assert!(!of("Debian:12", "3.0.11-1~deb12u2").unwrap().is_affected);
    let old = of("Debian:11", "1.1.1n-0").unwrap();
    assert!(old.is_affected && old.is_unimportant && old.fixed.is_none());
    assert_eq!(of("Debian:13", "1"), None);
    assert_eq!(of("Debian", "1"), None);
}

#[test]
fn ranges_that_begin_again() {
    let advisory = advisory(
        r#"{"id": "GHSA-1", "affected": [{"package": {"ecosystem": "npm", "name": "x"}, "ranges": [
            {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}, {"last_affected": "2.1.0"}]},
            {"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["9.9.9-x"]}]}"#,
    );
    let of = |version: &str| advisory.statement(&query("npm", "x", version, Scheme::Semantic)).unwrap();
    let affected = |version: &str| of(version).is_affected;
    assert!(affected("1.1.9") && affected("2.0.0") && affected("2.1.0") && affected("9.9.9-x"));
    assert!(!affected("1.2.0") && !affected("2.1.1"));
    assert_eq!(of("0.1.0").fixed.as_deref(), Some("1.2.0"));
    assert_eq!(of("2.0.5").fixed, None);
}

#[test]
fn versions_that_cannot_be_compared_are_not_guessed() {
    let advisory = advisory(
        r#"{"id": "PYSEC-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}], "versions": ["legacy version"]}]}"#,
    );
    let of = |version: &str| advisory.statement(&query("PyPI", "x", version, Scheme::Python)).unwrap().is_affected;
    assert!(of("1.0") && of("legacy version") && !of("another legacy"));
}

#[test]
fn severities_by_the_best_word() {
    let github = advisory(
        r#"{"id": "GHSA-1", "database_specific": {"severity": "MODERATE"}, "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}"#,
    );
    assert_eq!(github.github_rating(), Some(Rating::Medium));
    assert_eq!(github.vector_rating(None), Some(Rating::Critical));
    let newest = advisory(
        r#"{"id": "CVE-1", "severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
        {"type": "CVSS_V4", "score": "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}]}"#,
    );
    assert_eq!(newest.vector_rating(None), Some(Rating::Low));
    let old = advisory(r#"{"id": "CVE-2", "severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"}]}"#);
    assert_eq!(old.vector_rating(None), Some(Rating::High));
    let any = query("AlmaLinux:9", "x", "1", Scheme::Rpm);
    let alma = advisory(r#"{"id": "ALSA-2024:1", "summary": "Important: x security update"}"#);
    assert_eq!(alma.vendor_rating(&any), Some(Rating::High));
    let ubuntu = advisory(r#"{"id": "UBUNTU-CVE-1", "severity": [{"type": "Ubuntu", "score": "negligible"}]}"#);
    assert_eq!(ubuntu.vendor_rating(&any), Some(Rating::None));
    assert_eq!(advisory(r#"{"id": "GO-1"}"#).vendor_rating(&any), None);
}
