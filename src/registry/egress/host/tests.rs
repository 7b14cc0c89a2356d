use super::*;

fn authority(text: &str) -> Authority {
    Authority::parse(text).expect("a host")
}

#[test]
fn hosts_are_read_in_one_form() {
    for (text, expected) in [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io"),
        ("ghcr.io:443", "ghcr.io"),
        ("ghcr.io.", "ghcr.io"),
        ("registry:5000", "registry:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
    ] {
        assert_eq!(authority(text).to_string(), expected);
    }
    for text in ["", "a/b", "user@host", "host:port", "a b", "host?x", "host#x", "host\\x", "*.example.com"] {
        assert_eq!(Authority::parse(text), None, "{text}");
    }
}

fn check(pattern: &str, host: &str, expected: bool) {
    let pattern = HostPattern::parse(pattern).expect("a pattern");
    assert_eq!(pattern.matches(&authority(host)), expected, "{pattern} {host}");
}

#[test]
fn patterns_match_whole_labels() {
    check("ghcr.io", "ghcr.io", true);
    check("ghcr.io", "ghcr.io:443", true);
    check("ghcr.io", "ghcr.io:8443", false);
    check("ghcr.io", "evilghcr.io", false);
    check("ghcr.io", "ghcr.io.evil.example", false);
    check("ghcr.io", "x.ghcr.io", false);
    check("*.azurecr.io", "acme.azurecr.io", true);
    check("*.azurecr.io", "azurecr.io", false);
    check("*.azurecr.io", "a.b.azurecr.io", false);
    check("*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", true);
    check("*.dkr.ecr.*.amazonaws.com", "123456789012.s3.eu-west-1.amazonaws.com", false);
    check("registry.example:5000", "registry.example:5000", true);
    check("registry.example:5000", "registry.example", false);
}

#[test]
fn patterns_keep_a_domain_fixed() {
    for text in ["*", "*.com", "registry.*", "a*.example.com", "**.example.com", "", "a b"] {
        assert_eq!(HostPattern::parse(text), None, "{text}");
    }
}

#[test]
fn credentials_stay_in_the_domain() {
    for (registry, realm, expected) in [
        ("ghcr.io", "ghcr.io", true),
        ("registry-1.docker.io", "auth.docker.io", true),
        ("registry.gitlab.com", "gitlab.com", true),
        ("registry.acme.co.uk", "auth.acme.co.uk", true),
        ("registry.acme.co.uk", "auth.other.co.uk", false),
        ("registry.gitlab.com", "gitlab.com:8443", false),
        ("registry.example.com", "example.com.evil.example", false),
        ("registry.example.com", "auth.evilexample.com", false),
        ("acme.azurecr.io", "acme.azurecr.io", true),
        ("acme.azurecr.io", "evil.azurecr.io", false),
        ("1.dkr.ecr.us-east-1.amazonaws.com", "evil.s3.amazonaws.com", false),
        ("1.dkr.ecr.cn-north-1.amazonaws.com.cn", "evil.s3.amazonaws.com.cn", false),
        ("10.0.0.1:5000", "10.0.0.1:5001", false),
        ("10.0.0.1:5000", "10.0.0.1:5000", true),
        ("[fd00::1]:5000", "[fd00::2]:5000", false),
        ("registry:5000", "auth", false),
        ("co.uk", "acme.co.uk", false),
    ] {
        assert_eq!(authority(registry).may_share_credentials(&authority(realm)), expected, "{registry} {realm}");
    }
}
