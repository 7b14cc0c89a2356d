//! Characters that are written as numbers: `%70`, `\x70`, `\u0070`, and hexadecimal as a whole.
//!
//! Invariant: only what decodes to readable ASCII is decoded, and the result is shorter than what it is made of.

use crate::scan::span::Span;

/// The runs of escapes in `part` of `text`, each with what it decodes to.
pub fn runs(text: &str, part: Span) -> Vec<(Span, String)> {
    let mut found: Vec<(Span, String)> = Vec::new();
    let bytes = text.as_bytes().get(..part.end).unwrap_or_default();
    let marks = memchr::memchr2_iter(b'%', b'\\', bytes.get(part.start..).unwrap_or_default());
    for start in marks.map(|offset| part.start + offset) {
        let Some((letter, end)) = escaped(bytes, start) else { continue };
        match found.last_mut() {
            Some((run, decoded)) if run.end == start => {
                run.end = end;
                decoded.push(letter);
            }
            _ => found.push((Span::new(start, end), letter.to_string())),
        }
    }
    found
}

/// The character that the escape at `start` stands for, and where it ends: `%70`, `\x70`, `\u0070` or `\u{70}`.
fn escaped(bytes: &[u8], start: usize) -> Option<(char, usize)> {
    let mark = bytes.get(start..)?;
    let digits = match mark {
        [b'%', ..] => 1,
        [b'\\', b'x', ..] => 2,
        [b'\\', b'u', b'0', b'0', ..] => 4,
        [b'\\', b'u', b'{', ..] => 3,
        _ => return None,
    };
    let (letter, end) = letter(bytes, start + digits, 2)?;
    let closes = digits != 3 || bytes.get(end) == Some(&b'}');
    closes.then_some((letter, end + usize::from(digits == 3)))
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
