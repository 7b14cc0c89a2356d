//! Characters that are written as numbers: `%70`, `\x70`, `\u0070`, and hexadecimal as a whole.
//!
//! Invariant: only what decodes to readable ASCII is decoded, and the result is shorter than what it is made of.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::scan::span::Span;

/// What escapes begin with, and how many digits follow.
const MARKS: [(&str, usize); 4] = [("%", 2), ("\\x", 2), ("\\u00", 2), ("\\u{", 2)];

fn marks() -> Option<&'static AhoCorasick> {
    static MARKS_SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    MARKS_SEARCH.get_or_init(|| AhoCorasick::new(MARKS.map(|(mark, _)| mark)).ok()).as_ref()
}

/// The runs of escapes in `part` of `text`, each with what it decodes to.
pub fn runs(text: &str, part: Span) -> Vec<(Span, String)> {
    let mut found: Vec<(Span, String)> = Vec::new();
    let bytes = text.as_bytes().get(..part.end).unwrap_or_default();
    let Some(search) = marks() else { return found };
    let input = aho_corasick::Input::new(bytes).range(part.start.min(bytes.len())..);
    for hit in search.find_iter(input) {
        let Some((mark, digits)) = MARKS.get(hit.pattern().as_usize()) else { continue };
        let Some((letter, mut end)) = letter(bytes, hit.end(), *digits) else { continue };
        if mark.ends_with('{') {
            if bytes.get(end) != Some(&b'}') {
                continue;
            }
            end += 1;
        }
        match found.last_mut() {
            Some((run, decoded)) if run.end == hit.start() => {
                run.end = end;
                decoded.push(letter);
            }
            _ => found.push((Span::new(hit.start(), end), letter.to_string())),
        }
    }
    found
}

/// The character that the `count` hexadecimal digits at `start` stand for, and where they end.
fn letter(bytes: &[u8], start: usize, count: usize) -> Option<(char, usize)> {
    let end = start + count;
    let digits = std::str::from_utf8(bytes.get(start..end)?).ok()?;
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    is_readable(byte).then(|| (char::from(byte), end))
}

/// The text that hexadecimal digits stand for, when there is nothing else and it is readable.
pub fn hexadecimal(run: &str) -> Option<String> {
    let is_hex = run.len().is_multiple_of(2) && run.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex {
        return None;
    }
    let letters = run.as_bytes().chunks(2).map(|digits| letter(digits, 0, 2).map(|(letter, _)| letter));
    letters.collect()
}

fn is_readable(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = runs(text, Span::new(0, text.len()));
        let found: Vec<_> = found.iter().map(|(run, decoded)| (run.of(text), &**decoded)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn runs_of_escapes_are_read_as_one() {
        check("a %67%68p b %zz %", &[("%67%68", "gh")]);
        check(r"\x67\x68 \u0067\u0068\u{70}", &[(r"\x67\x68", "gh"), (r"\u0067\u0068\u{70}", "ghp")]);
        check(r"\u00e9 \x00 %ff \u{1f600} 100% é%", &[]);
    }

    #[test]
    fn hexadecimal_is_text_or_nothing() {
        assert_eq!(hexadecimal("6768705f").as_deref(), Some("ghp_"));
        assert_eq!(hexadecimal("6768705"), None);
        assert_eq!(hexadecimal("ff68705f"), None);
        assert_eq!(hexadecimal("+f68"), None);
    }
}
