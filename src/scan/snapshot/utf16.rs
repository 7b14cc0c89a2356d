//! Text in UTF-16, as some editors and shells of Windows write it.
//!
//! Invariant: known by its byte order mark, or by zero bytes at every other place of its beginning; anything else is
//! left alone.

/// How many bytes are looked at when there is no mark.
const BEGINNING: usize = 256;
/// Fewest bytes that are taken for UTF-16 without a mark.
const LEAST: usize = 8;

/// What bytes that begin as UTF-16 hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Utf16 {
    /// Text, without its byte order mark.
    Text(String),
    /// Something that is not whole.
    Broken,
}

/// Reads `bytes` when they begin as UTF-16; `None` for anything else.
pub(super) fn read(bytes: &[u8]) -> Option<Utf16> {
    let (body, is_little) = match bytes {
        [0xff, 0xfe, body @ ..] => (body, true),
        [0xfe, 0xff, body @ ..] => (body, false),
        _ => (bytes, order(bytes)?),
    };
    let (pairs, rest) = body.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
    let text = char::decode_utf16(pairs.iter().map(unit)).collect::<Result<String, _>>().ok();
    let whole = text.filter(|text| rest.is_empty() && !text.contains('\0'));
    Some(whole.map_or(Utf16::Broken, Utf16::Text))
}

/// Whether text without a mark is little-endian; `None` when it is no UTF-16. Most of its characters are ASCII, so that
/// every other byte is zero; no other byte of text is.
fn order(bytes: &[u8]) -> Option<bool> {
    let begin = bytes.get(..bytes.len().min(BEGINNING))?;
    if begin.len() < LEAST || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |from: usize| begin.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let most = begin.len() / 2 * 9 / 10;
    match (even, odd) {
        (0, odd) if odd >= most => Some(true),
        (even, 0) if even >= most => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, is_little: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn utf_16_is_read_with_and_without_its_mark() {
        let text = "password: größe\r\n";
        for (is_little, mark) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(read(&encoded(text, is_little, mark)), Some(Utf16::Text(text.to_owned())), "{is_little} {mark}");
        }
    }

    #[test]
    fn other_bytes_are_left_alone() {
        for bytes in [b"".as_slice(), b"password: x", &[0; 64], b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", b"a\0b\0"] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        assert_eq!(read(b"\xff\xfea"), Some(Utf16::Broken));
        assert_eq!(read(b"\xff\xfe\0\0"), Some(Utf16::Broken));
        assert_eq!(read(b"\xff\xfe\0\xd8"), Some(Utf16::Broken));
    }
}
