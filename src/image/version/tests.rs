use std::cmp::Ordering;
use std::process::Command;

use super::Scheme;

fn check(scheme: Scheme, ascending: &[&str]) {
    for (index, left) in ascending.iter().enumerate() {
        for (other, right) in ascending.iter().enumerate() {
            assert_eq!(scheme.compare(left, right), Some(index.cmp(&other)), "{scheme:?} {left} {right}");
        }
    }
}

#[test]
fn debian() {
    check(
        Scheme::Debian,
        &[
            "0~~",
            "0~",
            "0",
            "1.0~rc1-1",
            "1.0-1~deb12u1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-2",
            "1.0a-1",
            "1.0+x-1",
            "1.10",
            "1:0.1",
        ],
    );
    assert_eq!(Scheme::Debian.compare("0:1.0-0", "1.0"), Some(Ordering::Equal));
    assert_eq!(Scheme::Debian.compare("1.01", "1.1"), Some(Ordering::Equal));
}

#[test]
fn debian_agrees_with_dpkg() {
    let versions =
        ["1.2~", "1.2", "1.2-1", "1.2+dfsg-1", "1.2a", "2:0", "1.2.0-1.1", "1.2-1~bpo", "00.1", "1.2z", "1.2-1ubuntu1"];
    for left in versions {
        for right in versions {
            let order = Scheme::Debian.compare(left, right);
            let says = |operator: &str| {
                Command::new("dpkg")
                    .args(["--compare-versions", left, operator, right])
                    .status()
                    .map(|end| end.success())
            };
            let Ok(is_less) = says("lt") else { return };
            let expected = if is_less {
                Ordering::Less
            } else if says("eq").unwrap() {
                Ordering::Equal
            } else {
                Ordering::Greater
            };
            assert_eq!(order, Some(expected), "{left} {right}");
        }
    }
}

#[test]
fn rpm() {
    check(
        Scheme::Rpm,
        &["1.0~rc1-1", "1.0-1", "1.0-1.el9", "1.0-1.el9_1", "1.0-2", "1.0^git1-1", "1.0.1-1", "1.10-1", "1:0-1"],
    );
    assert_eq!(Scheme::Rpm.compare("1.0", "1.0-5"), Some(Ordering::Equal));
    assert_eq!(Scheme::Rpm.compare("1.a", "1.1"), Some(Ordering::Less));
    assert_eq!(Scheme::Rpm.compare("1.0a", "1.0"), Some(Ordering::Greater));
}

#[test]
fn apk() {
    check(
        Scheme::Apk,
        &["1.0_alpha", "1.0_alpha2", "1.0_rc1", "1.0", "1.0-r1", "1.0_p1", "1.0a", "1.0.1", "1.2", "1.10", "2"],
    );
    check(Scheme::Apk, &["1.01", "1.1"]);
    assert_eq!(Scheme::Apk.compare("bookworm", "1"), None);
}

#[test]
fn python_and_semantic() {
    check(Scheme::Python, &["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.1", "1!0.1"]);
    check(
        Scheme::Semantic,
        &[
            "1.0.0-0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "v1.2",
            "1.10.0",
        ],
    );
    assert_eq!(Scheme::Semantic.compare("1.19", "1.19.0+x"), Some(Ordering::Equal));
    assert_eq!(Scheme::Semantic.compare("latest", "1"), None);
}

#[test]
fn gem_and_maven() {
    check(Scheme::Gem, &["1.0.a", "1.0.b2", "1.0.pre", "1.0", "1.0.1", "1.10"]);
    assert_eq!(Scheme::Gem.compare("1.0.0", "1"), Some(Ordering::Equal));
    check(
        Scheme::Maven,
        &["1.0-alpha-1", "1.0-beta", "1.0-M1", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0-sp", "1.0-jre", "1.0.1", "1.10"],
    );
    assert_eq!(Scheme::Maven.compare("1.0.RELEASE", "1"), Some(Ordering::Equal));
}

#[test]
fn composer() {
    check(
        Scheme::Composer,
        &[
            "1.0-dev",
            "1.0.0-alpha1",
            "1.0.0-beta",
            "1.0.0-beta2",
            "1.0-RC1",
            "1.0",
            "1.0.0-p1",
            "1.0.1",
            "1.10",
            "2.0.0.1",
        ],
    );
    assert_eq!(Scheme::Composer.compare("v5.4.0", "5.4"), Some(Ordering::Equal));
}
