//! Values that anybody may see: certificates, public keys, public identifiers, digests, samples of documentation.
//!
//! Invariant: known by their marks; what merely looks random is not public.

use super::cipher::is_hex;

/// What public values begin with.
const PREFIXES: &[&str] = &[
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "-----BEGIN RSA PUBLIC",
    "-----BEGIN PGP PUBLIC",
    "-----BEGIN SSH2 PUBLIC",
    "-----BEGIN X509",
    "-----BEGIN TRUSTED CERT",
    "-----BEGIN CMS",
    "-----BEGIN PKCS7",
    "-----BEGIN DH PARAM",
    "-----BEGIN EC PARAM",
    "LS0tLS1CRUdJTiBDRVJU",
    "LS0tLS1CRUdJTiBQVUJM",
    "LS0tLS1CRUdJTiBSU0EgUFVC",
    "LS0tLS1CRUdJTiBD",
    "LS0tLS1CRUdJTiBYNTA5",
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ssh-dss ",
    "ecdsa-sha2-",
    "sk-ssh-",
    "sk-ecdsa",
    "age1",
    "pk_live_",
    "pk_test_",
    "pk.eyJ",
    "MIIBIjANBgkq",
    "MIICIjANBgkq",
    "MFkwEwYH",
    "MCowBQYD",
    "MHYwEAYH",
    "AAAAB3NzaC1",
    "AAAAC3NzaC1",
    "data:image",
    "data:font",
    "data:application",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN RSA PRIVATE",
    "-----BEGIN EC PRIVATE",
    "-----BEGIN OPENSSH",
    "-----BEGIN ENCRYPTED",
    "-----BEGIN DSA",
    "-----BEGIN PGP PRIVATE",
    "-----BEGIN ANY",
    "minisign",
    "RWQ",
    "xpub",
    "sb_publishable_",
    "phc_",
];

/// Identifiers of accounts and clients, which open nothing by themselves: prefix and length of all.
const IDENTIFIERS: &[(&str, usize, usize)] = &[
    ("AKIA", 20, 20),
    ("ASIA", 20, 20),
    ("AROA", 21, 21),
    ("AIDA", 21, 21),
    ("LTAI", 16, 26),
    ("AKID", 36, 36),
    ("G-", 10, 14),
    ("UA-", 8, 18),
    ("GTM-", 8, 14),
    ("AC", 34, 34),
    ("0x4AAAA", 20, 30),
    ("GOOG1E", 61, 61),
    ("ca-app-pub-", 20, 50),
];

/// Whether `value` may be seen by anybody. A private key itself is another rule's matter.
pub fn is_public(value: &str, is_private_name: bool) -> bool {
    let value = value.trim_start_matches(['"', '\'']);
    let is_identifier = |(prefix, least, most): &(&str, usize, usize)| {
        value.starts_with(prefix)
            && (*least..=*most).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || IDENTIFIERS.iter().any(is_identifier)
        || (!is_private_name && is_der_certificate(value))
        || value.ends_with(".apps.googleusercontent.com")
        || is_public_jwt(value)
}

/// Base64 of a long ASN.1 sequence.
fn is_der_certificate(value: &str) -> bool {
    value.len() > 300 && value.starts_with("MII") && value.as_bytes().get(3).is_some_and(u8::is_ascii_uppercase)
}

/// A token whose role is the anonymous one, one that samples show, or a part of one that opens nothing.
fn is_public_jwt(value: &str) -> bool {
    /// Shortest signature that is one, in characters.
    const LEAST_SIGNATURE: usize = 20;
    if !value.starts_with("eyJ") {
        return false;
    }
    let mut parts = value.split('.');
    let header = parts.next().and_then(super::super::decode::text_of);
    let Some(claims) = parts.next() else { return header.is_some_and(|header| header.contains("\"alg\"")) };
    let is_unsigned = parts.next().is_some_and(|signature| (1..LEAST_SIGNATURE).contains(&signature.len()));
    let claims = super::super::decode::text_of(claims).unwrap_or_default();
    is_unsigned
        || claims.contains("\"role\":\"anon\"")
        || claims.contains("John Doe")
        || claims.contains("\"1234567890\"")
}

/// Whether `value` is a digest by its own mark.
pub fn is_digest(value: &str) -> bool {
    let marks = [
        "sha256:", "sha512:", "sha1:", "md5:", "sha384:", "sha256-", "sha384-", "sha512-", "h1:", "blake3:", "SHA256:",
        "sha1-",
    ];
    marks.iter().any(|mark| value.strip_prefix(mark).is_some_and(|rest| rest.len() >= 20 && !rest.contains(' ')))
        || value.split_once("@sha256:").is_some_and(|(_, digest)| is_hex(digest))
}

/// Whether `value` is a sample that documentation prints.
pub fn is_sample(value: &str) -> bool {
    let samples = [
        "abcdef.0123456789abcdef",
        "07401b.f395accd246ae52d",
        "9a08jv.c0izixklcxtmnze7",
        "abcdef0123456789",
        "0123456789abcdef",
        "deadbeef",
        "Eby8vdM02xNO",
        "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM",
        "wJalrXUtnFEMI",
        "je7MtGbClwBF",
        "abcd1234",
        "s3cr3t-example",
        // The digests of `password`.
        "5f4dcc3b5aa765d6",
        "5baa61e4c9b93f3f",
    ];
    value.contains("EXAMPLE") || samples.iter().any(|sample| value.starts_with(sample))
}
