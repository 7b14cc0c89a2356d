//! A secret that has been found, wrapped so that it can't get out.
//!
//! Invariant: outside the secret module nothing of the value can be had but its length, its provider's public prefix
//! and a keyed hash. It has no `Display`, no `Serialize`, no equality, and no way to the text.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::checksum::hex;
use crate::scan::SecretKey;

/// A secret value. Prints as `Redacted(40 characters)`.
#[derive(Clone)]
pub struct Redacted {
    value: Box<str>,
    prefix: Box<str>,
}

impl Redacted {
    /// Takes `value` in; `prefix` is the part that every token of its provider begins with, such as `ghp_`, and is
    /// dropped when the value does not begin with it.
    pub(super) fn new(value: &str, prefix: &str) -> Self {
        let prefix = if value.starts_with(prefix) { prefix } else { "" };
        Self { value: value.into(), prefix: prefix.into() }
    }

    /// The length, in characters.
    pub fn length(&self) -> usize {
        self.value.chars().count()
    }

    /// The provider's public prefix, when the value has one.
    pub fn prefix(&self) -> Option<&str> {
        Some(&*self.prefix).filter(|prefix| !prefix.is_empty())
    }

    /// What must not be shown: the value, and each of its lines when it has several. Short texts are left out, because
    /// they are words of other things as well.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        const SHORTEST: usize = 6;
        const SHORTEST_LINE: usize = 12;
        let lines = self.value.lines().filter(|line| line.len() >= SHORTEST_LINE);
        std::iter::once(&*self.value).filter(|value| value.len() >= SHORTEST).chain(lines)
    }

    /// Whether one of the two values is or holds the other.
    pub(super) fn shares(&self, other: &Self) -> bool {
        self.value.contains(&*other.value) || other.value.contains(&*self.value)
    }

    /// HMAC-SHA-256 of the value under `key`, as 64 lower-case hex digits.
    pub fn keyed_hash(&self, key: &SecretKey) -> String {
        let mut block = [0_u8; 64];
        block.iter_mut().zip(key.0).for_each(|(padded, byte)| *padded = byte);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(self.value.as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Redacted({} characters)", self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_only() {
        let secret = Redacted::new("ghp_abcdef", "ghp_");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)),
            "Redacted(10 characters) Some(\n    Redacted(10 characters),\n)"
        );
        assert_eq!(secret.prefix(), Some("ghp_"));
    }

    #[test]
    fn a_prefix_that_the_value_lacks_is_not_claimed() {
        assert_eq!(Redacted::new("abcdef", "ghp_").prefix(), None);
    }

    #[test]
    fn the_hash_is_hmac_sha_256_and_depends_on_the_key() {
        // RFC 4231, test case 2, has the key "Jefe", which HMAC pads with zeros as an array does.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let secret = Redacted::new("what do ya want for nothing?", "");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(secret.keyed_hash(&SecretKey(key)), expected);
        assert_ne!(secret.keyed_hash(&SecretKey::default()), expected);
    }
}
