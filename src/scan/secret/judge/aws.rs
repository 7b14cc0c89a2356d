//! AWS access keys: an id says whose key it is, the secret near it is the credential.
//!
//! Invariant: an id alone is never a finding, and neither is one that AWS documents as an example.

use super::super::entropy::shannon_entropy;
use super::{Judged, Outcome, Scene};
use crate::scan::span::Span;

/// Length of a secret access key, in characters.
const SECRET_LENGTH: usize = 40;
/// How far from its id a secret may stand, in lines.
const MAX_LINES: usize = 5;
/// How far from its id a secret may stand, in bytes.
const MAX_BYTES: usize = 4096;
/// Least entropy of a secret, in bits per byte; 40 random base64 characters have about 4.9.
const MIN_ENTROPY: f64 = 4.0;

/// Judges an access key id at `id`: the finding is the nearest secret.
pub(super) fn judge(scene: &Scene, id: Span) -> Option<Judged> {
    let id_text = id.of(scene.text);
    if id_text.contains("EXAMPLE") {
        return None;
    }
    let secret = nearest_secret(scene, id)?;
    let mut judged = scene.judged(secret, "", Outcome::Clear);
    judged.note = account(id_text).map(|account| format!("account {}", masked(&account)));
    Some(judged)
}

fn nearest_secret(scene: &Scene, id: Span) -> Option<Span> {
    let secrets = scene.aws_secrets();
    let first = secrets.partition_point(|secret| secret.end + MAX_BYTES < id.start);
    let reachable = secrets.iter().skip(first).take_while(|secret| secret.start < id.end + MAX_BYTES);
    let line = scene.lines().line(id.start);
    let near = reachable.filter(|secret| scene.lines().line(secret.start).abs_diff(line) <= MAX_LINES);
    near.min_by_key(|secret| if secret.start >= id.end { secret.start - id.end } else { id.start - secret.end })
        .copied()
}

/// Runs of exactly 40 base64 characters that look random.
pub(super) fn secret_candidates(text: &str) -> Vec<Span> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut spans = Vec::new();
    let mut start = 0;
    for (offset, byte) in text.bytes().enumerate().chain([(text.len(), b' ')]) {
        if is_base64(byte) {
            continue;
        }
        let span = Span::new(start, offset);
        if span.len() == SECRET_LENGTH && byte != b'=' && is_secret(span.of(text)) {
            spans.push(span);
        }
        start = offset + 1;
    }
    spans
}

/// Whether 40 characters look like a secret: all classes of characters, random, and not AWS's own example.
fn is_secret(value: &str) -> bool {
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && shannon_entropy(value) >= MIN_ENTROPY
        && !value.contains("EXAMPLE")
}

/// The 12-digit account number inside an access key id: 40 bits after the first of the base32 part.
fn account(id: &str) -> Option<String> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u64::from(byte - b'A')),
        b'2'..=b'7' => Some(u64::from(byte - b'2' + 26)),
        _ => None,
    };
    let body = id.get(4..14)?;
    let bits = body.bytes().try_fold(0_u64, |bits, byte| digit(byte).map(|value| (bits << 5) | value))?;
    // Ten digits are 50 bits: one that marks ids with an account, 40 of the account, and nine of the key.
    let has_account = bits >> 49 == 1;
    has_account.then(|| format!("{:012}", (bits >> 9) & 0xff_ffff_ffff))
}

fn masked(account: &str) -> String {
    let (head, tail) = (account.get(..4).unwrap_or_default(), account.get(10..).unwrap_or_default());
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::super::super::fake;
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let text = fake::expand(text);
        let id = text.find("AKIA").unwrap();
        let judged = judge(&Scene::new(&text), Span::new(id, id + 20));
        assert_eq!(judged.map(|judged| judged.span.of(&text).len()), expected.map(str::len), "{text}");
    }

    #[test]
    fn an_id_needs_a_secret_within_five_lines() {
        let forty = Some("0123456789012345678901234567890123456789");
        check("id={fake:aws-key-id}\nsecret={fake:base64:40}\n", forty);
        check("secret: {fake:base64:40}\n\n\n\n\nid: {fake:aws-key-id}", forty);
        check("{fake:aws-key-id}:{fake:base64:40}", forty);
        check("id={fake:aws-key-id}\n\n\n\n\n\nsecret={fake:base64:40}\n", None);
        check("id={fake:aws-key-id}\nsha={fake:hex:40}\n", None);
        check("id={fake:aws-key-id}\nlonger={fake:base64:44}\n", None);
        check("id={fake:aws-key-id}\n", None);
    }

    #[test]
    fn the_account_is_read_from_the_id() {
        // A public sample, in two parts.
        let id = ["ASIAQNZG", "KIQY56JQ7WML"].concat();
        assert_eq!(account(&id).as_deref(), Some("029608264753"));
        assert_eq!(masked("029608264753"), "0296…53");
        assert_eq!(account("AKIAI00000"), None);
        assert_eq!(account(&format!("AKIA{}", "I".repeat(16))), None);
    }
}
