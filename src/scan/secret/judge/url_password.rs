//! Passwords inside URLs: `scheme://user:password@host`, `user:password@tcp(host)`, and `password=` in the query of a
//! JDBC URL.
//!
//! Invariant: an image digest and a documentation host are silence; all else is decided by the one judgement of values.

use super::super::detector::Match;
use super::super::value::Asked;
use super::{Judged, Scene};

/// Schemes of texts that tell how a URL is written.
const SAMPLE_SCHEMES: &[&str] = &["scheme", "protocol", "driver", "dialect+driver", "backend+driver", "models"];

/// Schemes whose `name:tag@digest` has the shape of a password.
const IMAGE_SCHEMES: &[&str] =
    &["docker", "oci", "docker-image", "docker-daemon", "docker-archive", "containers-storage"];

/// Judges the value of a match whose whole begins with the scheme, or with the user when there is none; the host is
/// read from the text after it.
pub(super) fn judge(scene: &Scene, matched: Match) -> Option<Judged> {
    let value = matched.value.of(scene.text);
    let whole = matched.whole.of(scene.text);
    let after = scene.text.get(matched.value.end..).unwrap_or_default();
    let (scheme, authority) = whole.split_once("://").unwrap_or(("", whole));
    let scheme = scheme.rsplit(':').next().unwrap_or(scheme).to_ascii_lowercase();
    let user = authority.split_once(':').map(|(user, _)| user).unwrap_or_default();
    let is_other = IMAGE_SCHEMES.contains(&scheme.as_str()) || SAMPLE_SCHEMES.contains(&scheme.as_str());
    if is_other || after.strip_prefix('@').is_some_and(is_no_login_host) {
        return None;
    }
    scene.password(matched.value, value, Asked::password(user))
}

/// Whether what follows `@` is a digest or a host reserved for documentation (RFC 2606).
fn is_no_login_host(after: &str) -> bool {
    let is_host = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    let host = after.split(|character| !is_host(character)).next().unwrap_or_default().trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    let reserved = ["example.com", "example.org", "example.net", "example", "invalid"];
    let below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let is_made_up = matches!(host.as_str(), "host" | "hostname" | "endpoint" | "db-host" | "database-host");
    matches!(host.as_str(), "sha256" | "sha512")
        || is_made_up
        || host.starts_with("your-")
        || reserved.iter().any(below)
}
