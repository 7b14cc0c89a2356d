//! Checksums that providers build into their tokens: a token whose checksum fails is a dummy.
//!
//! Invariant: only schemes that public samples confirm are here; a kind whose scheme is not settled is never gated.

use serde::Deserialize;
use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The digits of bech32, lower case.
pub(super) const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The human-readable part of an age identity, lower case.
pub(super) const AGE_PREFIX: &str = "age-secret-key-";

/// A checksum scheme, as policy files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// `ghp_` and `npm_`: 30 characters after the prefix, then the CRC-32 of those 30 in six base62 digits.
    Crc32Base62,
    /// `github_pat_`: characters 78 to 85 are the first eight of the base32 SHA-256 of the 77 before them.
    GithubFineGrained,
    /// `vcp_`: 50 characters after the prefix, then their CRC-32 in six base62 digits.
    Vercel,
    /// `glsa_`: 32 characters, `_`, and the CRC-32 of prefix and characters in eight hex digits.
    Grafana,
    /// `AGE-SECRET-KEY-1`: bech32 in upper case (BIP 173), whose last six digits are the checksum.
    Age,
}

impl Checksum {
    /// Whether the checksum inside `token` is right; `false` as well for a token of another shape.
    pub fn holds(self, token: &str) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62_holds(token, 30),
            Self::Vercel => crc32_base62_holds(token, 50),
            Self::Grafana => grafana_holds(token),
            Self::Age => age_holds(token),
            Self::GithubFineGrained => fine_grained_holds(token),
        }
    }
}

/// Whether `length` characters after the prefix are followed by their CRC-32.
fn crc32_base62_holds(token: &str, length: usize) -> bool {
    let Some((_, body)) = token.split_once('_') else { return false };
    match (body.get(..length), body.get(length..)) {
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

fn grafana_holds(token: &str) -> bool {
    token.rsplit_once('_').is_some_and(|(body, checksum)| format!("{:08x}", crc32(body.as_bytes())) == checksum)
}

fn age_holds(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    let data = lower.strip_prefix(AGE_PREFIX).and_then(|rest| rest.strip_prefix('1'));
    let body = data.and_then(|data| data.get(..data.len().checked_sub(6)?));
    body.is_some_and(|body| bech32(AGE_PREFIX, body) == lower)
}

/// The bech32 text of `data`, digits of bech32, under the human-readable part `prefix`: both in lower case.
pub(super) fn bech32(prefix: &str, data: &str) -> String {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let step = |sum: u32, value: u32| {
        let spread = GENERATOR.iter().enumerate().filter(|(bit, _)| (sum >> 25) >> bit & 1 == 1);
        spread.fold(((sum & 0x1ff_ffff) << 5) ^ value, |sum, (_, generator)| sum ^ generator)
    };
    let digit = |byte: u8| BECH32.bytes().position(|digit| digit == byte).and_then(|value| u32::try_from(value).ok());
    let high = prefix.bytes().map(|byte| u32::from(byte) >> 5);
    let low = prefix.bytes().map(|byte| u32::from(byte) & 31);
    let values = high.chain([0]).chain(low).chain(data.bytes().map(|byte| digit(byte).unwrap_or_default()));
    let sum = values.chain([0; 6]).fold(1, step) ^ 1;
    let letter = |position: u32| BECH32.as_bytes().get(((sum >> (25 - 5 * position)) & 31) as usize);
    let checksum = (0..6).filter_map(letter).map(|byte| char::from(*byte));
    format!("{prefix}1{data}{}", checksum.collect::<String>())
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
pub(super) fn crc32(bytes: &[u8]) -> u32 {
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
    fn bech32_is_that_of_bip_173() {
        // The valid text with the shortest data of BIP 173.
        assert_eq!(bech32("a", ""), "a12uel5l");
        assert_eq!(
            bech32("split", "checkupstagehandshakeupstreamerranterredcaperred"),
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w"
        );
    }

    #[test]
    fn grafana_tokens_hold_the_crc_of_prefix_and_body() {
        let body = format!("glsa_{}", "aB3d".repeat(8));
        let token = format!("{body}_{:08x}", crc32(body.as_bytes()));
        check(Checksum::Grafana, &token, true);
        check(Checksum::Grafana, &token.replace("aB3d", "aB4d"), false);
        check(Checksum::Grafana, "glsa", false);
    }

    #[test]
    fn age_keys_hold_their_bech32_checksum() {
        let key = bech32(AGE_PREFIX, &"q9".repeat(26)).to_ascii_uppercase();
        check(Checksum::Age, &key, true);
        check(Checksum::Age, &key.replace("Q9Q9", "Q9QP"), false);
        check(Checksum::Age, "AGE-SECRET-KEY-1", false);
        check(Checksum::Age, "AGE-SECRET-KEY-1ä", false);
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
