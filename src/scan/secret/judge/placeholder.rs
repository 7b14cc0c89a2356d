//! Tokens that are none: made-up ones, and documented samples.
//!
//! Invariant: judges the value alone, without its place.

use sha2::{Digest, Sha256};

use super::super::checksum::hex;

/// SHA-256 of samples that providers print in their documentation; hashes, because the samples themselves have the
/// shape of secrets.
const DOCUMENTED: &[&str] = &[
    // Stripe's sample keys, of the requests in its API reference now and earlier.
    "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",
    "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",
    // The keys of Azure's storage and Cosmos DB emulators.
    "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
    "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
];
/// Longest documented sample, in bytes.
const MAX_DOCUMENTED_BYTES: usize = 128;

/// Words that only made-up tokens contain, in lower case.
const MADE_UP_WORDS: &[&str] = &[
    "example",
    "xxxx",
    "your",
    "redacted",
    "placeholder",
    "dummy",
    "sample",
    "replace",
    "changeme",
    "insert",
    "secret",
];

/// Whether a provider's documentation prints `value`.
pub(in super::super) fn is_documented(value: &str) -> bool {
    let hash = || hex(&Sha256::digest(value.as_bytes()));
    value.len() <= MAX_DOCUMENTED_BYTES && DOCUMENTED.contains(&hash().as_str())
}

/// Whether the random part of a token is made up: words, one character repeated, or an alphabet in order.
pub(super) fn is_made_up(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    MADE_UP_WORDS.iter().any(|word| lower.contains(word)) || is_mostly_in_order(body.as_bytes())
}

/// Whether half or more of the neighbours are equal or follow each other, such as `abcdef` and `000000`.
fn is_mostly_in_order(bytes: &[u8]) -> bool {
    let follows = |pair: &&[u8]| matches!(pair, [first, second] if second.wrapping_sub(*first) <= 1);
    let ordered = bytes.windows(2).filter(follows).count();
    bytes.len() > 3 && ordered * 2 >= bytes.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_tokens_are_words_or_alphabets() {
        for body in ["abcdefghijklmnop", "1234567890", "EXAMPLEKEY", "your-token-here", "0000000000"] {
            assert!(is_made_up(body), "{body}");
        }
        for body in ["q8Zt3LkW0vBn", "51HqLyjWDarj"] {
            assert!(!is_made_up(body), "{body}");
        }
    }
}
