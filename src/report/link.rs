//! Signed addresses of reports: whoever was given one may read it, for a limited time.
//!
//! Invariant: a signature is compared in constant time, and one made for one purpose holds for no other.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::scan::SecretKey;

/// Makes and checks signatures of one purpose.
#[derive(Clone)]
pub struct Seal([u8; 32]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Seal(…)")
    }
}

impl Seal {
    /// The seal of `purpose` under the key of a database.
    pub fn of(key: &SecretKey, purpose: &str) -> Self {
        Self::new(mac(&key.0, &["dockgate", purpose]).finalize().into_bytes().into())
    }

    /// A seal with a key of its own, 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The signature of `parts`: HMAC-SHA-256, 43 characters of base64url.
    pub fn sign(&self, parts: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(mac(&self.0, parts).finalize().into_bytes())
    }

    /// Whether `signature` is that of `parts`.
    pub fn holds(&self, parts: &[&str], signature: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        mac(&self.0, parts).verify_slice(&bytes).is_ok()
    }
}

/// Each part is length-prefixed, so no two lists of parts collide by concatenation.
fn mac(key: &[u8; 32], parts: &[&str]) -> Hmac<Sha256> {
    let mut block = [0_u8; 64];
    block.iter_mut().zip(key).for_each(|(padded, byte)| *padded = *byte);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

/// Which report an address is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// The commit that was judged.
    pub head: &'a str,
    /// The name of the check.
    pub check: &'a str,
}

/// What an address comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// It may be read.
    Good,
    /// It could be read once.
    Expired,
    /// It was not made here.
    Forged,
}

/// Where reports are, and how long their addresses hold.
#[derive(Clone, Debug)]
pub struct ReportLinks {
    base: String,
    seal: Seal,
    life: Duration,
}

impl ReportLinks {
    /// Addresses below `base` (`https://host[/path]`, without a `/` at its end), signed with a key made from `key`.
    pub fn new(base: &str, key: &SecretKey, life: Duration) -> Self {
        Self { base: base.to_owned(), seal: Seal::of(key, "report link"), life }
    }

    /// The address of a report, made at `now`, in seconds since 1970.
    pub fn address(&self, subject: Subject<'_>, now: u64) -> String {
        let expires = now.saturating_add(self.life.as_secs()).to_string();
        let signature = self.sign(subject, &expires);
        let Subject { repository, head, check } = subject;
        format!("{}/report/{repository}/{head}/{check}?expires={expires}&signature={signature}", self.base)
    }

    /// What an address with these parameters comes to at `now`.
    pub fn check(&self, subject: Subject<'_>, expires: &str, signature: &str, now: u64) -> LinkState {
        let Subject { repository, head, check } = subject;
        if !self.seal.holds(&[repository, head, check, expires], signature) {
            return LinkState::Forged;
        }
        // What we signed is a number.
        if expires.parse().is_ok_and(|end: u64| now < end) { LinkState::Good } else { LinkState::Expired }
    }

    fn sign(&self, Subject { repository, head, check }: Subject<'_>, expires: &str) -> String {
        self.seal.sign(&[repository, head, check, expires])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject<'_> = Subject { repository: "acme/shop", head: "abc", check: "dockgate/images" };

    fn links(passphrase: &str) -> ReportLinks {
        ReportLinks::new("https://gate.example", &SecretKey::derived(passphrase), Duration::from_hours(24))
    }

    #[test]
    fn an_address_holds_for_its_report_and_its_time_only() {
        let address = links("k").address(SUBJECT, 1_000);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, "https://gate.example/report/acme/shop/abc/dockgate/images");
        let (expires, signature) = query.split_once("&signature=").unwrap();
        let expires = expires.strip_prefix("expires=").unwrap();
        assert_eq!(expires, "87400");
        let check = |subject, expires, signature, now| links("k").check(subject, expires, signature, now);
        assert_eq!(check(SUBJECT, expires, signature, 87_399), LinkState::Good);
        assert_eq!(check(SUBJECT, expires, signature, 87_400), LinkState::Expired);
        for (subject, expires, signature) in [
            (Subject { head: "abd", ..SUBJECT }, expires, signature),
            (Subject { check: "dockgate", ..SUBJECT }, expires, signature),
            (Subject { repository: "acme/shopabc", head: "", ..SUBJECT }, expires, signature),
            (SUBJECT, "87401", signature),
            (SUBJECT, expires, ""),
            (SUBJECT, expires, &signature[1..]),
            (SUBJECT, expires, "ä"),
        ] {
            assert_eq!(check(subject, expires, signature, 1_000), LinkState::Forged, "{subject:?} {signature}");
        }
        assert_eq!(links("another").check(SUBJECT, expires, signature, 1_000), LinkState::Forged);
    }

    #[test]
    fn a_signature_of_one_purpose_is_none_of_another() {
        let key = SecretKey::derived("k");
        let signature = Seal::of(&key, "a").sign(&["x"]);
        assert!(Seal::of(&key, "a").holds(&["x"], &signature));
        assert!(!Seal::of(&key, "b").holds(&["x"], &signature));
        assert!(!Seal::of(&key, "a").holds(&["x", ""], &signature));
    }
}
