//! Names of algorithms, which stand where passwords are configured.
//!
//! Invariant: costs the length of the value.

/// Names of algorithms and of their parts, in lower case, those that begin another one after it.
const ALGORITHMS: &[&str] = &[
    "poly",
    "chacha",
    "xchacha",
    "xsalsa",
    "salsa",
    "aes",
    "sha",
    "hmac",
    "rsa",
    "ecdsa",
    "ecdhe",
    "ecdh",
    "eddsa",
    "dsa",
    "pbes",
    "pbekdf",
    "pbkdf",
    "pbe",
    "oaep",
    "pkcs",
    "gcm",
    "cbc",
    "ecb",
    "ctr",
    "ccm",
    "siv",
    "mgf",
    "md",
    "desede",
    "des",
    "camellia",
    "blowfish",
    "twofish",
    "rc",
    "scram",
    "nopadding",
    "padding",
    "wrap",
    "kw",
    "with",
    "and",
    "tls",
    "psk",
    "dhe",
    "aria",
    "null",
    "anon",
    "hs",
    "rs",
    "es",
    "ps",
    "a",
    "plus",
];
/// How many of those name an algorithm.
const NAMED: usize = 21;

/// `PBEWithHmacSHA256AndAES_256`, `CHACHA20-POLY1305`, `TLS_PSK_WITH_AES_128_CCM`: nothing but names of algorithms, digits and joints.
pub(super) fn is_algorithm(value: &str) -> bool {
    const LEAST: usize = 6;
    let lower = value.to_ascii_lowercase();
    let mut rest = lower.as_str();
    let mut is_named = false;
    while let Some(first) = rest.bytes().next() {
        let is_joint = first.is_ascii_digit() || matches!(first, b'-' | b'_' | b'/' | b'+');
        let known = ALGORITHMS.iter().position(|name| rest.starts_with(name));
        is_named |= known.is_some_and(|known| known < NAMED);
        let length = known.and_then(|known| ALGORITHMS.get(known)).map_or(usize::from(is_joint), |name| name.len());
        match rest.get(length..).filter(|_| length > 0) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    is_named && value.len() >= LEAST
}
