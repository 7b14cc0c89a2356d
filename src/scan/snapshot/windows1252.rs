//! Text in Windows-1252, of which Latin-1 (ISO 8859-1) is a part, as old editors write it.
//!
//! Invariant: one byte is one character, so columns are those of the bytes; what is no text is left alone.

/// The characters of the bytes from 0x80 to 0x9f; those without one stand for themselves.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Reads `bytes` as text, each byte a character; `None` for a control character, and where more than half is no ASCII:
/// that is text in another encoding, or none.
pub(super) fn read(bytes: &[u8]) -> Option<String> {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let text = lines(bytes);
    let is_text = high * 2 <= bytes.len() && !text.chars().any(is_foreign);
    is_text.then_some(text)
}

/// `bytes` as text, whatever they hold.
pub(super) fn lines(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| character(*byte)).collect()
}

fn character(byte: u8) -> char {
    match byte {
        0x80..=0x9f => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

fn is_foreign(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_a_character() {
        assert_eq!(read(b"pa\xdfwort = gr\xf6\xdfe \x80 \x96 \x92\n").as_deref(), Some("paßwort = größe € – ’\n"));
        assert_eq!(read(b"").as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_text_of_it_is_left_alone() {
        for bytes in
            [b"caf\xe9\0".as_slice(), b"\x89PNG\r\n\x1a\nabcdefgh", b"\xcf\xf0\xe8\xe2\xe5\xf2 ok", b"a\x81b", b"\xff"]
        {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
