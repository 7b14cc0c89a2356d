//! Checksums that providers build into their tokens: a token whose checksum fails is a dummy.
//!
//! Invariant: only schemes that public samples confirm are here; a kind whose scheme is not settled is never gated.

use serde::Deserialize;
use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A checksum scheme, as policy files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// `ghp_` and `npm_`: 30 characters after the prefix, then the CRC-32 of those 30 in six base62 digits.
    Crc32Base62,
    /// `github_pat_`: characters 78 to 85 are the first eight of the base32 SHA-256 of the 77 before them.
    GithubFineGrained,
}

impl Checksum {
    /// Whether the checksum inside `token` is right; `false` as well for a token of another shape.
    pub fn holds(self, token: &str) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62_holds(token),
            Self::GithubFineGrained => fine_grained_holds(token),
        }
    }
}

fn crc32_base62_holds(token: &str) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    match (body.get(..30), body.get(30..)) {
        (Some(random), Some(checksum)) => crc32_base62(random) == checksum,
        _ => false,
    }
}

fn fine_grained_holds(token: &str) -> bool {
    match (token.get(..77), token.get(77..85)) {
        (Some(body), Some(checksum)) => sha256_base32(body) == checksum,
        _ => false,
    }
}

/// The CRC-32 of `text` in six base62 digits, padded with `0`.
pub(super) fn crc32_base62(text: &str) -> String {
    let mut rest = crc32(text.as_bytes()) as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get(rest % 62).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// The first eight base32 characters of the SHA-256 of `text`.
pub(super) fn sha256_base32(text: &str) -> String {
    let bits = Sha256::digest(text.as_bytes()).iter().take(5).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let letter = |position: u32| BASE32.get(((bits >> (35 - 5 * position)) & 31) as usize).copied().unwrap_or(b'A');
    (0..8).map(|position| char::from(letter(position))).collect()
}

/// The lower-case hex digits of `bytes`.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        digits.extend([byte >> 4, byte & 15].iter().filter_map(|digit| char::from_digit(u32::from(*digit), 16)));
        digits
    })
}

/// CRC-32 as in IEEE 802.3 (reflected, polynomial `0xEDB88320`), bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(checksum: Checksum, token: &str, expected: bool) {
        assert_eq!(checksum.holds(token), expected, "{checksum:?}");
    }

    #[test]
    fn crc_32_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn classic_tokens_hold_the_crc_of_their_random_part() {
        let random = "aB3".repeat(10);
        let token = format!("ghp_{random}{}", crc32_base62(&random));
        check(Checksum::Crc32Base62, &token, true);
        check(Checksum::Crc32Base62, &token.replace("aB3", "aB4"), false);
        check(Checksum::Crc32Base62, "ghp_short", false);
        check(Checksum::Crc32Base62, "ghp", false);
    }

    #[test]
    fn fine_grained_tokens_hold_the_hash_of_their_first_77_characters() {
        let body = format!("github_pat_{}_{}", "1A".repeat(11), "z".repeat(43));
        let token = format!("{body}{}{}", sha256_base32(&body), "q".repeat(8));
        check(Checksum::GithubFineGrained, &token, true);
        check(Checksum::GithubFineGrained, &token.replace("1A1A", "1B1A"), false);
        check(Checksum::GithubFineGrained, &body, false);
    }
}
