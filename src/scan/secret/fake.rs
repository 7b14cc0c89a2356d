//! Made-up secrets for the examples of policies, so that no file of this repository holds token-shaped text.
//!
//! Invariant: the same placeholder at the same place of the same text always gives the same value, and none of them
//! ever opened anything.

mod jwt;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::checksum::{AGE_PREFIX, BECH32, bech32, crc32, crc32_base62, sha256_base32};

const DIGITS: &str = "0123456789";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Most characters of one placeholder.
const MAX_LENGTH: usize = 10_000;

/// Replaces every `{fake:KIND}` and `{fake:KIND:LENGTH}` of `text`; an unknown kind stays as it is.
///
/// Kinds with a length are the alphabets of `alphabet`, such as `alnum`, `base64url` and `hex`. Kinds of their own are
/// tokens with the checksum of their provider (`github-token`, `github-pat`, `npm-token`, `grafana-token`,
/// `vercel-token`, `age-key`) and, with `-dummy`, without it; those of [`token`], [`jwt`] and [`pem`]. After a kind of
/// PEM, `:escaped` writes line breaks as `\n`, and `:base64` after any kind encodes it; otherwise lines are indented as
/// the placeholder is.
pub fn expand(text: &str) -> Cow<'_, str> {
    if !text.contains("{fake:") {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let mut count = 0_u32;
    while let Some((before, after)) = rest.split_once("{fake:") {
        result.push_str(before);
        let value = after.split_once('}').and_then(|(kind, tail)| Some((value(kind, count)?, tail)));
        let Some((value, tail)) = value else {
            result.push_str("{fake:");
            rest = after;
            continue;
        };
        let line = result.rsplit('\n').next().unwrap_or_default();
        let indentation: String = line.chars().take_while(|character| *character == ' ').collect();
        result.push_str(&value.replace('\n', &format!("\n{indentation}")));
        rest = tail;
        count += 1;
    }
    result.push_str(rest);
    Cow::Owned(result)
}

/// `text` in base64.
pub(super) fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// The value of one placeholder; `count` numbers those of a text.
fn value(kind: &str, count: u32) -> Option<String> {
    if let Some(kind) = kind.strip_suffix(":base64") {
        return value(kind, count).map(|value| encode(&value));
    }
    if let Some(kind) = kind.strip_suffix(":escaped") {
        return value(kind, count).map(|value| value.replace('\n', "\\n"));
    }
    let mut random = Random::new(kind, count);
    if let Some((name, length)) = kind.split_once(':') {
        let alphabet = alphabet(name)?;
        return length.parse().ok().filter(|length| *length <= MAX_LENGTH).map(|length| random.text(&alphabet, length));
    }
    token(kind, &mut random)
        .or_else(|| checksummed(kind, &mut random))
        .or_else(|| jwt::token(kind, &mut random))
        .or_else(|| pem(kind, &mut random))
}

fn alphabet(name: &str) -> Option<String> {
    Some(match name {
        "alnum" => format!("{DIGITS}{UPPER}{LOWER}"),
        "alpha" => format!("{UPPER}{LOWER}"),
        "base32" => format!("{UPPER}234567"),
        "base32lower" => format!("{LOWER}234567"),
        "base36" => format!("{DIGITS}{LOWER}"),
        "base36upper" => format!("{DIGITS}{UPPER}"),
        "bech32" => BECH32.to_owned(),
        "django" => format!("{DIGITS}{LOWER}!@#%^&*(-_=+)"),
        "printable" => format!("{DIGITS}{UPPER}{LOWER}!@#%^&*()-_=+[]{{}};:<>,.?/|~"),
        "base64" => format!("{UPPER}{LOWER}{DIGITS}+/"),
        "base64url" => format!("{UPPER}{LOWER}{DIGITS}-_"),
        "digits" => DIGITS.to_owned(),
        "hex" => format!("{DIGITS}abcdef"),
        "hexupper" => format!("{DIGITS}ABCDEF"),
        "lower" => LOWER.to_owned(),
        "upper" => UPPER.to_owned(),
        _ => return None,
    })
}

/// Tokens whose provider builds a checksum into them; `-dummy` stands for one whose checksum is wrong.
fn checksummed(kind: &str, random: &mut Random) -> Option<String> {
    if let Some(kind) = kind.strip_suffix("-dummy") {
        let mut token = checksummed(kind, random)?;
        // The last character belongs to the checksum, except of a fine-grained token.
        let last = token.pop()?;
        token.push(if last.is_ascii_lowercase() || last.is_ascii_digit() { dummy_of(last) } else { 'Q' });
        return Some(token);
    }
    let alnum = format!("{DIGITS}{UPPER}{LOWER}");
    Some(match kind {
        "github-token" | "npm-token" => {
            let body = random.text(&alnum, 30);
            let prefix = if kind == "npm-token" { "npm_" } else { "ghp_" };
            format!("{prefix}{body}{}", crc32_base62(&body))
        }
        "github-pat" => {
            let body = format!("github_pat_{}_{}", random.text(&alnum, 22), random.text(&alnum, 43));
            format!("{body}{}{}", sha256_base32(&body), random.text(&alnum, 8))
        }
        "vercel-token" => {
            let body = random.text(&alnum, 50);
            format!("vcp_{body}{}", crc32_base62(&body))
        }
        "grafana-token" => {
            let body = format!("glsa_{}", random.text(&alnum, 32));
            format!("{body}_{:08x}", crc32(body.as_bytes()))
        }
        "age-key" => bech32(AGE_PREFIX, &random.text(BECH32, 52)).to_ascii_uppercase(),
        _ => return None,
    })
}

/// Another character of the same kind.
fn dummy_of(character: char) -> char {
    match character {
        '7' => '8',
        '0'..='9' => '7',
        'q' => 'w',
        _ => 'q',
    }
}

fn token(kind: &str, random: &mut Random) -> Option<String> {
    let alnum = format!("{DIGITS}{UPPER}{LOWER}");
    Some(match kind {
        "password" => format!("Tiger-{}-{}", random.text(LOWER, 6), random.text(DIGITS, 2)),
        "postgres-url" => format!("postgres://api:{}@db.prod.svc:5432/api", random.text(&alnum, 20)),
        "docker-config-github" => {
            let login = encode(&format!("robot:{}", checksummed("github-token", random)?));
            format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{login}"}}}}}}"#)
        }
        "basic-auth" => encode(&format!("ci:Tiger-{}-{}", random.text(LOWER, 6), random.text(DIGITS, 2))),
        "digit" => random.text("123456789", 1),
        "wireguard-key" => STANDARD.encode(random.by_ref().take(32).collect::<Vec<u8>>()),
        // The keys of two emulators, which are public, in parts.
        "azurite-key" => {
            ["Eby8vdM02xNOcqFlqUwJPLlmEtlCD", "XJ1OUzFT50uSRZ6IFsuFq2UVErCz4", "I6tq/K1SZFPTOtr/KBHBeksoGMGw=="]
                .concat()
        }
        "cosmos-emulator-key" => {
            ["C2y6yDjf5/R+ob0N8A7Cgv30VRDJI", "WEHLM+4QDU5DE2nQ9nDuVTqobD4b8", "mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="]
                .concat()
        }
        "docker-config" => {
            format!(r#"{{"auths":{{"registry.acme.io":{{"auth":"{}"}}}}}}"#, token("basic-auth", random)?)
        }
        "google-service-account" => {
            let key = pem("pem-pkcs8", random)?.replace('\n', "\\n");
            format!("{{\n  \"type\": \"service_account\",\n  \"private_key\": \"{key}\\n\"\n}}\n")
        }
        // The letter after the prefix is one of those that carry an account.
        "aws-key-id" => format!("AKIAQ{}", random.text(&format!("{UPPER}234567"), 15)),
        "uuid" => {
            let hex = random.text("0123456789abcdef", 30);
            let part = |start: usize, end: usize| hex.get(start..end).unwrap_or_default().to_owned();
            format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
        }
        _ => return None,
    })
}

fn pem(kind: &str, random: &mut Random) -> Option<String> {
    let (label, start, bytes): (&str, &[u8], usize) = match kind {
        "pem-rsa" | "pem-rsa-encrypted" => ("RSA PRIVATE KEY", &[0x30, 0x82, 0x02, 0x5c, 2, 1, 0], 600),
        "pem-ec" => ("EC PRIVATE KEY", &[0x30, 0x77, 2, 1, 1, 4, 32], 112),
        "pem-pkcs8" => ("PRIVATE KEY", &[0x30, 0x82, 0x04, 0xbd, 2, 1, 0], 1200),
        "pem-encrypted" => ("ENCRYPTED PRIVATE KEY", &[0x30, 0x82, 0x05, 0x0e], 1300),
        "pem-openssh" => ("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none", 360),
        "pem-openssh-encrypted" => {
            ("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\x06bcrypt", 400)
        }
        "pem-pgp" => ("PGP PRIVATE KEY BLOCK", &[0x95, 0x03, 0xbe, 4], 900),
        "pem-certificate" => ("CERTIFICATE", &[0x30, 0x82, 0x03, 0x0d], 780),
        "pem-public" => ("PUBLIC KEY", &[0x30, 0x82, 0x01, 0x22], 290),
        _ => return None,
    };
    let mut content = start.to_vec();
    content.extend(random.by_ref().take(bytes));
    let headers = match kind {
        "pem-rsa-encrypted" => "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n",
        _ => "",
    };
    let body: Vec<String> = STANDARD.encode(content).as_bytes().chunks(64).map(ascii).collect();
    Some(format!("-----BEGIN {label}-----\n{headers}{}\n-----END {label}-----", body.join("\n")))
}

fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// An endless stream of bytes: SHA-256 of a name and a counter.
struct Random {
    seed: String,
    block: u32,
    bytes: Vec<u8>,
}

impl Random {
    fn new(kind: &str, count: u32) -> Self {
        Self { seed: format!("dockgate {kind} {count}"), block: 0, bytes: Vec::new() }
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let letter = |byte: u8| letters.get(usize::from(byte) % letters.len().max(1)).copied();
        self.take(length).filter_map(letter).collect()
    }
}

impl Iterator for Random {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.bytes.is_empty() {
            self.bytes = Sha256::digest(format!("{} {}", self.seed, self.block)).to_vec();
            self.block += 1;
        }
        self.bytes.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::super::checksum::Checksum;
    use super::*;

    #[test]
    fn placeholders_expand_alike_every_time_and_differ_among_themselves() {
        let text = "a: {fake:hex:8} b: {fake:hex:8} {fake:nothing} {fake:";
        let expanded = expand(text);
        assert_eq!(expanded, expand(text));
        let words: Vec<_> = expanded.split(' ').collect();
        assert_ne!(words[1], words[3]);
        assert_eq!((words[1].len(), words[4], words[5]), (8, "{fake:nothing}", "{fake:"));
    }

    #[test]
    fn tokens_have_the_checksum_of_their_provider() {
        assert!(Checksum::Crc32Base62.holds(&expand("{fake:github-token}")));
        assert!(Checksum::Crc32Base62.holds(&expand("{fake:npm-token}")));
        assert!(Checksum::GithubFineGrained.holds(&expand("{fake:github-pat}")));
        assert!(Checksum::Vercel.holds(&expand("{fake:vercel-token}")));
        assert!(Checksum::Grafana.holds(&expand("{fake:grafana-token}")));
        assert!(Checksum::Age.holds(&expand("{fake:age-key}")));
        assert!(!Checksum::Crc32Base62.holds(&expand("{fake:github-token-dummy}")));
        assert!(!Checksum::Vercel.holds(&expand("{fake:vercel-token-dummy}")));
        assert!(!Checksum::Grafana.holds(&expand("{fake:grafana-token-dummy}")));
        assert!(!Checksum::Age.holds(&expand("{fake:age-key-dummy}")));
    }

    #[test]
    fn lines_are_indented_as_the_placeholder_is() {
        let expanded = expand("key: |\n  {fake:pem-ec}\n");
        assert!(expanded.lines().skip(1).all(|line| line.starts_with("  ")), "{expanded}");
        assert!(!expand("{fake:pem-ec:escaped}").contains('\n'));
        assert!(expand("{fake:pem-ec:base64}").starts_with("LS0tLS1CRUdJTiBF"));
    }
}
