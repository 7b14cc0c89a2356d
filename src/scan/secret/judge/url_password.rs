//! Passwords inside URLs: `scheme://user:password@host`, `user:password@tcp(host)`, and `password=` in the query of a
//! JDBC URL.
//!
//! Invariant: an image digest and a documentation host are silence; all else is decided by the one judgement of values.

use super::super::detector::Match;
use super::super::value::{Asked, Step};
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
    let host = after.strip_prefix('@').map(host).unwrap_or_default();
    if is_other || is_no_host(&host) {
        return None;
    }
    let judged = scene.password(matched.value, value, Asked::password(user))?;
    // People write real passwords before made-up hosts, but hardly by chance one that a machine made.
    (!is_reserved(&host) || judged.decided_by == Step::Random.name()).then_some(judged)
}

/// The host at the beginning of `after`, in lower case.
fn host(after: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    let host = after.split(|character| !is_part(character)).next().unwrap_or_default();
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether what stands for a host is a digest, or asks to be replaced.
fn is_no_host(host: &str) -> bool {
    let is_made_up = matches!(host, "host" | "hostname" | "endpoint" | "db-host" | "database-host");
    matches!(host, "sha256" | "sha512") || is_made_up || host.starts_with("your-")
}

/// Whether a host is reserved for documentation (RFC 2606).
fn is_reserved(host: &str) -> bool {
    let reserved = ["example.com", "example.org", "example.net", "example", "invalid"];
    let below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    reserved.iter().any(below)
}
