//! PEM private keys: where the block ends, whether it is encrypted, whether it holds anything.
//!
//! Invariant: reads forward from the header to the first character that no PEM block holds, so blocks in one file cost
//! their own length each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::super::entropy::shannon_entropy;
use super::super::redacted::Redacted;
use super::{Judged, Outcome, Scene};
use crate::scan::span::Span;

/// Fewest base64 characters of a key: an Ed25519 key in PKCS#8 has 64.
const MIN_BODY: usize = 60;
/// Fewest base64 characters of a line that another one follows.
const MIN_LINE: usize = 32;
/// Least entropy of the body, in bits per byte; a real one has more than 5.
const MIN_ENTROPY: f64 = 4.2;
/// How far from its type the key of a service account may stand, in bytes.
const MAX_DISTANCE: usize = 8192;
/// Longest block that is read, in bytes.
const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// Judges the block whose header, `-----BEGIN … PRIVATE KEY-----`, is at `header`.
pub(super) fn judge(scene: &Scene, header: Span) -> Option<Judged> {
    let block = Block::read(scene.text, header);
    if block.body.len() < MIN_BODY || shannon_entropy(&block.body) < MIN_ENTROPY {
        return None;
    }
    let outcome = if block.is_encrypted(header.of(scene.text)) { Outcome::Encrypted } else { Outcome::Clear };
    Some(Judged { identity: Some(Redacted::new(&block.body, "")), ..scene.judged(block.span, "", outcome) })
}

/// Judges a block as the key of a Google service account, which `service_account` near it makes it.
pub(super) fn judge_service_account(scene: &Scene, header: Span) -> Option<Judged> {
    let marks = scene.service_accounts();
    let first = marks.partition_point(|mark| mark + MAX_DISTANCE < header.start);
    marks.get(first).filter(|mark| **mark < header.end + MAX_DISTANCE)?;
    judge(scene, header)
}

/// A PEM block as it stands: over lines, or in one line with its line breaks written out as `\n`.
struct Block {
    span: Span,
    /// The base64 characters.
    body: String,
    /// Whether a header line such as `Proc-Type: 4,ENCRYPTED` says so.
    has_encryption_header: bool,
}

impl Block {
    fn read(text: &str, header: Span) -> Self {
        let rest = text.get(header.end..).unwrap_or_default();
        let rest = rest.get(..rest.floor_char_boundary(MAX_BLOCK_BYTES)).unwrap_or_default();
        let mut block = Self { span: header, body: String::new(), has_encryption_header: false };
        let mut position = 0;
        let mut is_complete = false;
        loop {
            let gap = separator_length(rest.get(position..).unwrap_or_default());
            let line = rest.get(position + gap..).unwrap_or_default();
            if let Some(length) = header_line_length(line).filter(|_| block.body.is_empty()) {
                block.has_encryption_header |= line.get(..length).is_some_and(|header| header.contains("ENCRYPTED"));
                position += gap + length;
                continue;
            }
            let run = base64_length(line);
            let is_checksum = line.starts_with('=');
            if run == 0 || (is_complete && !is_checksum) || (block.body.is_empty() && run < MIN_LINE) {
                position += footer_length(line).map_or(0, |footer| gap + footer);
                break;
            }
            block.body.push_str(line.get(..run).unwrap_or_default());
            is_complete = run < MIN_LINE;
            position += gap + run;
        }
        block.span = Span::new(header.start, header.end + position);
        block
    }

    fn is_encrypted(&self, header: &str) -> bool {
        let by_cipher = || self.openssh_cipher().is_some_and(|cipher| cipher != b"none");
        header.contains("ENCRYPTED") || self.has_encryption_header || by_cipher()
    }

    /// The cipher that an OpenSSH key names: after `openssh-key-v1` and a zero byte, a length of four bytes and a name.
    fn openssh_cipher(&self) -> Option<Vec<u8>> {
        let decoded = STANDARD_NO_PAD.decode(self.body.get(..56)?).ok()?;
        let rest = decoded.strip_prefix(b"openssh-key-v1\0".as_slice())?;
        let (length, name) = rest.split_first_chunk::<4>()?;
        name.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?).map(<[u8]>::to_vec)
    }
}

/// The length of what may stand between two lines of a block: white space, quotes, comment marks, a written-out `\n`.
fn separator_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        length += match byte {
            b'\\' if matches!(bytes.get(length + 1), Some(b'n' | b'r' | b't')) => 2,
            b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b',' | b';' | b'#' | b'*' | b'>' | b'|' | b'\\' => 1,
            _ => break,
        };
    }
    length
}

/// The length of a header line such as `Proc-Type: 4,ENCRYPTED`, when `text` begins with one.
fn header_line_length(text: &str) -> Option<usize> {
    let name = text.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
    let is_header = (3..=20).contains(&name) && text.get(name..)?.starts_with(": ");
    let end = text.find(['\n', '\r', '\\']).unwrap_or(text.len());
    (is_header && end <= 200).then_some(end)
}

fn base64_length(text: &str) -> usize {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    text.bytes().take_while(is_base64).count()
}

/// The length of `-----END … KEY-----`, when `text` begins with it.
fn footer_length(text: &str) -> Option<usize> {
    let label = text.strip_prefix("-----END ")?;
    let end = label.find("-----").filter(|end| *end < 40)?;
    Some("-----END ".len() + end + "-----".len())
}

#[cfg(test)]
mod tests {
    use super::super::super::fake;
    use super::*;

    const HEADER: &str = "-----BEGIN RSA PRIVATE KEY-----";

    fn check(text: &str, expected: Option<(Outcome, &str)>) {
        let start = text.find("-----BEGIN").unwrap();
        let end = start + text[start..].find("KEY-----").unwrap() + 8;
        let judged = judge(&Scene::new(text), Span::new(start, end));
        let actual = judged.map(|judged| (judged.outcome, judged.span.of(text).to_owned()));
        assert_eq!(actual, expected.map(|(outcome, block)| (outcome, block.to_owned())), "{text}");
    }

    #[test]
    fn a_block_ends_at_its_footer_in_every_spelling() {
        let key = fake::expand("{fake:pem-rsa}");
        let indented = key.replace('\n', "\n    ");
        let escaped = key.replace('\n', "\\n");
        let twice = key.replace('\n', "\\\\n");
        let spaces = key.replace('\n', " ");
        for block in [&*key, &indented, &escaped, &twice, &spaces, &key.replace('\n', "\r\n")] {
            check(&format!("a: |\n    {block}\nb: c"), Some((Outcome::Clear, block)));
        }
    }

    #[test]
    fn encrypted_keys_are_told_apart() {
        for kind in ["pem-encrypted", "pem-rsa-encrypted", "pem-openssh-encrypted"] {
            let key = fake::expand(&format!("{{fake:{kind}}}")).into_owned();
            check(&key, Some((Outcome::Encrypted, &key)));
        }
        for kind in ["pem-openssh", "pem-pkcs8", "pem-ec"] {
            let key = fake::expand(&format!("{{fake:{kind}}}")).into_owned();
            check(&key, Some((Outcome::Clear, &key)));
        }
    }

    #[test]
    fn a_header_without_a_key_is_nothing() {
        check(HEADER, None);
        check(&format!("{HEADER}\n...\n-----END RSA PRIVATE KEY-----"), None);
        check(&format!("{HEADER}\n{}\n-----END RSA PRIVATE KEY-----", "A".repeat(64)), None);
        check(
            &format!("a file that has {HEADER} in its first line is a key and must not be committed to git at all"),
            None,
        );
        check(&format!("{HEADER}\n{{{{ .Values.key }}}}"), None);
    }

    #[test]
    fn a_block_that_is_cut_off_is_a_key_all_the_same() {
        let key = fake::expand("{fake:pem-rsa}");
        let cut = &key[..400];
        check(cut, Some((Outcome::Clear, cut)));
    }
}
