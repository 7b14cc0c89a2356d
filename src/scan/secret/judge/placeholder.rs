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
    // Tokens of the documentation of kubeadm and of Docker's swarm.
    "366da6cf65a08841e25019549f7175df15fbaa93bf4f9a35f911adc0738b918a",
    "3002888f967a7086ab52fcc9e8bbc3e46724c349828ce6c8625b850a7036e876",
    "33a6d3750d9a769b1c15ed2c4c2aa19f88fd673de6f98ca5327fb78639770e8d",
    "b5b17ca1d65733bbbdf82a5ca9164a549f0b077846125f397658b468c4292e16",
    "9ec0be036c22f06fc32c70cf32aac22a57d0970de0b7072381f49af5b81d11c2",
    // Keys of samples, demonstrations and emulators of Google.
    "2037abcaffb2b77785da716cf7ccff4ff4d00c4ea930db0167b7d71f50af7eb4",
    "3f370c9dd8225c63b5c77de1f785edc9712958f18bb612d5fa2e0ae33aeca682",
    "e4a5542bb7fd7b67e943c71ad29c34b5972c9840597e7eda53e666f44d5da0b9",
    "a19f89ab3555eac10c40741f6df79ecf0935998f15569f8db9d67bce0181fff6",
    "0b476bdf9acf2123d547b5ae76f1e59884d8ec9553ee0c47e9f31fd4768f3f3c",
    "eb540d2b6ee2a0a47c5779bc8a0141784c6b753840d4c6f4e2428a6e86e9e0b1",
    "37f8f09bdf12c2f2eae4ead7273a62ddb0c23459cbf902892f282b57f7ed6619",
    "8731261cb72d86267a32a532ebd3df429e2144e5e4ced7e13568bc9e6c8fb1b1",
    "49f777db995e8260da7ca9ffdf0c08d66f0453e97ec967018baf2cdfe3b582d0",
    "27a9a42931dff7eb2f8434e20a9bce976ea364e7bee49187f19d5cfeca9c7045",
    "dc0fcf046c61640cbd1e8b999ada3262d722c2ca4bf42dceac999020ffdbb614",
    "4c98242dcadc8b29005c6b4aad526552d5ea1842149154c0694adeec75847583",
    "ea9bb1082cf95663f5faca23b8b15ef2aa0fce0a5c6df9c32dcb85b2e0a4513d",
    "3a8b61d0f636b007840c0d40ba12bcf48465dc054cdc1a68704a33521d84b665",
    "a6c814bc555ae62c7bd8b58ec07bf559c7ed3a009976a1e0acc9cef0d4473b41",
    // A token of GitHub's documentation of its API, and keys of Kubernetes' documentation of encryption.
    "bc3ae723f57c6b9e3fd80b699fcc420f6074b0b1718039669d22631d508ac0a7",
    "0e8e10c14d31e55f39d33df7e136521d706a7cd67196950b8742acd130ca5c91",
    "3d4e957dbf72e713e736a6b5fb7c07ee75a1dec7f7daa0b0be91e320f79e9e40",
    // The password of the example of rules in the configuration that comes with Redis.
    "2288ec82bc090b36a7ebee6c750e541c3d3594a17917e6aa275340c77226e883",
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
