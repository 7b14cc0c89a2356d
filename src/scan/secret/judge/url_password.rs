//! Passwords inside URLs: `scheme://user:password@host`, and `password=` in the query of a JDBC URL.
//!
//! Invariant: a reference, a mask, an image digest or a documentation host is silence; a default is a weaker finding.

use super::super::checksum::Checksum;
use super::super::detector::Match;
use super::{Judged, Outcome, Scene, placeholder};

/// Schemes whose `name:tag@digest` has the shape of a password.
const IMAGE_SCHEMES: &[&str] =
    &["docker", "oci", "docker-image", "docker-daemon", "docker-archive", "containers-storage"];

/// Judges the value of a match whose whole begins with the scheme; user and host are read from the text around it.
pub(super) fn judge(scene: &Scene, matched: Match) -> Option<Judged> {
    let value = matched.value.of(scene.text);
    let whole = matched.whole.of(scene.text);
    let after = scene.text.get(matched.value.end..).unwrap_or_default();
    let (scheme, authority) = whole.split_once("://")?;
    let scheme = scheme.rsplit(':').next().unwrap_or(scheme).to_ascii_lowercase();
    let user = authority.split_once(':').map(|(user, _)| user).unwrap_or_default();
    if IMAGE_SCHEMES.contains(&scheme.as_str()) || after.strip_prefix('@').is_some_and(is_no_login_host) {
        return None;
    }
    if placeholder::is_reference(value) || placeholder::is_placeholder(value) || is_dummy_token(value) {
        return None;
    }
    let outcome = if placeholder::is_default(value, user) { Outcome::Default } else { Outcome::Clear };
    Some(scene.judged(matched.value, "", outcome))
}

/// Whether what follows `@` is a digest or a host reserved for documentation (RFC 2606).
fn is_no_login_host(after: &str) -> bool {
    let is_host = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    let host = after.split(|character| !is_host(character)).next().unwrap_or_default().trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    let reserved = ["example.com", "example.org", "example.net", "example", "invalid"];
    let below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    matches!(host.as_str(), "sha256" | "sha512" | "host" | "hostname") || reserved.iter().any(below)
}

/// Whether `value` has the shape of a token whose checksum fails.
fn is_dummy_token(value: &str) -> bool {
    let classic = value.starts_with("ghp_") || value.starts_with("npm_");
    (classic && !Checksum::Crc32Base62.holds(value))
        || (value.starts_with("github_pat_") && !Checksum::GithubFineGrained.holds(value))
}
