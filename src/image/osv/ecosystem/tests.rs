use super::*;

fn asked(release: &str, kind: PackageKind) -> Result<Vec<String>, String> {
    let distribution = Distribution::parse(release).unwrap();
    let package = Package::new(kind, "libssl3", "1.0").unwrap().from_source("openssl", "2.0");
    let line = |query: Query| format!("{} {} {}", query.ecosystem, query.name, query.version);
    Ok(queries(&package, Some(&distribution))?.into_iter().map(line).collect())
}

fn check(release: &str, kind: PackageKind, expected: &[&str]) {
    assert_eq!(asked(release, kind).unwrap(), expected, "{release}");
}

#[test]
fn each_distribution_is_asked_for_as_its_data_name_it() {
    use PackageKind::{Apk, Dpkg, Rpm};
    check("ID=debian\nVERSION_ID=\"12\"", Dpkg, &["Debian:12 openssl 2.0"]);
    check("ID=debian\nVERSION_CODENAME=forky", Dpkg, &["Debian:14 openssl 2.0"]);
    let noble = ["Ubuntu:24.04:LTS openssl 2.0", "Ubuntu:Pro:24.04:LTS openssl 2.0"];
    check("ID=ubuntu\nVERSION_ID=\"24.04\"", Dpkg, &noble);
    check("ID=ubuntu\nVERSION_ID=\"24.10\"", Dpkg, &["Ubuntu:24.10 openssl 2.0"]);
    check("ID=alpine\nVERSION_ID=3.20.3", Apk, &["Alpine:v3.20 openssl 2.0"]);
    check("ID=wolfi\nVERSION_ID=20230201", Apk, &["Wolfi libssl3 1.0", "Wolfi openssl 2.0"]);
    check("ID=chainguard\nVERSION_ID=20230214", Apk, &["Chainguard libssl3 1.0", "Chainguard openssl 2.0"]);
    check("ID=almalinux\nVERSION_ID=9.4", Rpm, &["AlmaLinux:9 libssl3 1.0"]);
    check("ID=rocky\nVERSION_ID=9.4", Rpm, &["Rocky Linux:9 libssl3 1.0", "Rocky Linux:9 openssl 2.0"]);
    check("ID=opensuse-leap\nVERSION_ID=15.6", Rpm, &["openSUSE:Leap 15.6 openssl 2.0"]);
    let sles = [
        "SUSE:Linux Enterprise Server 15 SP6 openssl 2.0",
        "SUSE:Linux Enterprise Module for Basesystem 15 SP6 openssl 2.0",
    ];
    check("ID=sles\nVERSION_ID=15.6", Rpm, &sles);
    let sixteen = [
        "SUSE:Linux Enterprise Server 16.0 openssl 2.0",
        "SUSE:Linux Enterprise Module for Basesystem 16.0 openssl 2.0",
    ];
    check("ID=sles\nVERSION_ID=16.0", Rpm, &sixteen);
}

#[test]
fn what_has_no_advisories_is_said_to_have_none() {
    let releases = [
        ("ID=amzn\nVERSION_ID=2023\nPRETTY_NAME=Amazon", PackageKind::Rpm),
        ("ID=ol\nVERSION_ID=9.4", PackageKind::Rpm),
        ("ID=photon\nVERSION_ID=5.0", PackageKind::Rpm),
        ("ID=azurelinux\nVERSION_ID=3.0", PackageKind::Rpm),
        ("ID=fedora\nVERSION_ID=41", PackageKind::Rpm),
        ("ID=rhel\nVERSION_ID=9.4", PackageKind::Rpm),
        ("ID=alpine\nVERSION_ID=3.21.0_alpha20240923", PackageKind::Apk),
        ("ID=debian\nVERSION_CODENAME=unheardof", PackageKind::Dpkg),
        ("ID=kali\nVERSION_ID=2024.3", PackageKind::Dpkg),
    ];
    for (release, kind) in releases {
        let why = asked(release, kind).unwrap_err();
        assert!(why.contains("is not supported"), "{release}: {why}");
    }
    let conda = Package::new(PackageKind::Conda, "openssl", "1").unwrap();
    assert!(queries(&conda, None).unwrap_err().contains("conda"));
}

#[test]
fn a_fix_of_a_subscription_is_for_its_subscribers() {
    let query = |ecosystem: &str, version: &str| Query {
        ecosystem: ecosystem.to_owned(),
        name: "openssl".to_owned(),
        version: version.to_owned(),
        scheme: Scheme::Debian,
    };
    assert!(!query("Ubuntu:Pro:18.04:LTS", "1.1.1-1").may_have("1.1.1-1+esm7"));
    assert!(query("Ubuntu:Pro:18.04:LTS", "1.1.1-1+esm6").may_have("1.1.1-1+esm7"));
    assert!(query("Ubuntu:22.04:LTS", "1.1.1-1").may_have("1.1.1-2"));
}

#[test]
fn php_is_asked_for_with_and_without_the_letter_of_a_tag() {
    let of = |version: &str| {
        queries(&Package::new(PackageKind::Composer, "monolog/monolog", version).unwrap(), None)
            .map(|queries| queries.into_iter().map(|query| query.version).collect::<Vec<_>>())
    };
    assert_eq!(of("2.9.1").unwrap(), ["2.9.1", "v2.9.1"]);
    assert!(of("dev-main").is_err());
}
