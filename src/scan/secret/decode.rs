//! The text as it reads once what is encoded in it is decoded (base64, hexadecimal, escapes), with the way back to the
//! places in the file.
//!
//! Invariant: a layer is never longer than the text it is made of, there are at most [`MAX_DEPTH`] of them, and only
//! what decodes to readable text is decoded, so ciphertext and images stay as they are.

mod escape;
mod runs;

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::scan::span::Span;
use runs::{MIN_RUN, Runs, is_base64};

/// How often what was decoded is decoded again: a registry login in a Secret is encoded twice.
const MAX_DEPTH: usize = 4;
/// How far around what was decoded a secret may reach, in bytes.
const AROUND: usize = 512;
/// Shortest line of base64 that goes on in the next line, in characters.
const MIN_WRAPPED_LINE: usize = 56;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL_SAFE_ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// One reading of a file.
pub(super) struct Layer<'t> {
    /// The text of this reading.
    pub text: Cow<'t, str>,
    /// What decoding brought in at any depth, in order, each with the place in the file that it stands for.
    decoded: Vec<(Span, Span)>,
    /// What this layer's own decoding brought in, in order.
    fresh: Vec<Span>,
}

impl<'t> Layer<'t> {
    /// All readings of `text`: as it stands, then with what is encoded in it decoded, once and again.
    pub fn all(text: &'t str) -> Vec<Self> {
        let whole = Span::new(0, text.len());
        let mut layers = vec![Self { text: Cow::Borrowed(text), decoded: Vec::new(), fresh: vec![whole] }];
        for _ in 0..MAX_DEPTH {
            match layers.last().and_then(Self::deeper) {
                Some(layer) => layers.push(layer),
                None => break,
            }
        }
        layers
    }

    /// Whether `span` holds something that only this layer shows.
    pub fn is_fresh(&self, span: Span) -> bool {
        let index = self.fresh.partition_point(|fresh| fresh.end <= span.start);
        self.fresh.get(index).is_some_and(|fresh| fresh.overlaps(span))
    }

    /// The place in the file of a `span` in this layer: what was decoded stands for all of its base64.
    pub fn in_file(&self, span: Span) -> Span {
        let first = self.decoded.partition_point(|(here, _)| here.end <= span.start);
        let end = self.decoded.partition_point(|(here, _)| here.start < span.end);
        let touched = self.decoded.get(first..end).unwrap_or_default();
        let moved = |offset: usize, before: usize| {
            let last = before.checked_sub(1).and_then(|index| self.decoded.get(index));
            last.map_or(offset, |(here, file)| file.end + offset.saturating_sub(here.end))
        };
        let start = match touched.first() {
            Some((here, file)) if here.start <= span.start => file.start,
            _ => moved(span.start, first),
        };
        let stop = match touched.last() {
            Some((here, file)) if here.end >= span.end => file.end,
            _ => moved(span.end, end),
        };
        Span::new(start, stop)
    }

    /// The parts of this layer where something may stand that only it shows.
    pub fn parts(&self) -> Vec<Span> {
        let mut parts: Vec<Span> = Vec::new();
        for fresh in &self.fresh {
            let start = self.text.floor_char_boundary(fresh.start.saturating_sub(AROUND));
            let end = self.text.ceil_char_boundary((fresh.end + AROUND).min(self.text.len()));
            match parts.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ => parts.push(Span::new(start, end)),
            }
        }
        parts
    }

    /// What this layer's own decoding brought in; nothing for the text as it stands.
    pub fn decoded(&self) -> impl Iterator<Item = Span> {
        let is_first = self.decoded.is_empty();
        self.fresh.iter().copied().filter(move |_| !is_first)
    }

    /// This layer with what is encoded in its fresh parts decoded; `None` when there is nothing.
    fn deeper(&self) -> Option<Layer<'t>> {
        let runs: Vec<_> = self.fresh.iter().flat_map(|part| decodable(&self.text, *part)).collect();
        if runs.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(self.text.len());
        let mut moves: Vec<(Span, Span)> = Vec::with_capacity(runs.len());
        let mut position = 0;
        for (run, decoded) in runs {
            text.push_str(self.text.get(position..run.start).unwrap_or_default());
            let start = text.len();
            text.push_str(&decoded);
            moves.push((run, Span::new(start, text.len())));
            position = run.end;
        }
        text.push_str(self.text.get(position..).unwrap_or_default());
        let moved = |offset: usize| {
            let before = moves.partition_point(|(run, _)| run.end <= offset);
            let last = before.checked_sub(1).and_then(|index| moves.get(index));
            last.map_or(offset, |(run, here)| here.end + offset - run.end)
        };
        let is_first = self.decoded.is_empty();
        let outer = self.decoded.iter().map(|(here, file)| (Span::new(moved(here.start), moved(here.end)), *file));
        let decoded = if is_first { moves.iter().map(|(run, here)| (*here, *run)).collect() } else { outer.collect() };
        let fresh: Vec<Span> = moves.iter().map(|(_, here)| *here).collect();
        Some(Layer { text: Cow::Owned(text), decoded, fresh })
    }
}

/// What in `part` of `text` decodes to readable text, in order, with what it decodes to.
fn decodable(text: &str, part: Span) -> Vec<(Span, String)> {
    let bytes = text.as_bytes().get(..part.end).unwrap_or_default();
    let mut found = escape::runs(text, part);
    let mut runs = Runs::new(bytes, part.start);
    let mut position = part.start;
    while let Some(start) = runs.next(position) {
        let run = whole_run(bytes, start);
        position = run.end;
        if may_be_readable(run.of(text)) {
            let decoded = escape::hexadecimal(run.of(text)).or_else(|| decode(run.of(text)));
            found.extend(decoded.map(|decoded| (run, decoded)));
        }
    }
    found.sort_by_key(|(run, _)| *run);
    let mut end = 0;
    found.retain(|(run, _)| {
        let is_free = run.start >= end;
        end = if is_free { run.end } else { end };
        is_free
    });
    found
}

/// The run from `start` on, with its padding and with the lines it is wrapped into.
fn whole_run(bytes: &[u8], start: usize) -> Span {
    fn count(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        bytes.get(from..).unwrap_or_default().iter().take_while(|byte| wanted(**byte)).count()
    }
    let mut line_start = start;
    let mut end = start + count(bytes, start, is_base64);
    loop {
        let line_break = count(bytes, end, |byte| matches!(byte, b'\r' | b'\n'));
        if line_break == 0 || line_break > 2 || end - line_start < MIN_WRAPPED_LINE {
            break;
        }
        let next = end + line_break + count(bytes, end + line_break, |byte| matches!(byte, b' ' | b'\t'));
        let length = count(bytes, next, is_base64);
        // `---` begins another document.
        let begins = bytes.get(next).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        let closes = bytes.get(next + length).is_none_or(|byte| matches!(byte, b'=' | b'\r' | b'\n' | b'"' | b'\''));
        if length == 0 || !closes || !begins {
            break;
        }
        (line_start, end) = (next, next + length);
    }
    Span::new(start, end + count(bytes, end, |byte| byte == b'=').min(2))
}

/// The text that `base64` as a whole decodes to, however short, when it is readable.
pub(super) fn text_of(base64: &str) -> Option<String> {
    let base64 = base64.trim();
    let is_whole = base64.len() >= 4 && base64.bytes().all(|byte| is_base64(byte) || byte == b'=');
    let engine = if base64.contains(['-', '_']) { &URL_SAFE_ENGINE } else { &STANDARD_ENGINE };
    let text = is_whole.then(|| engine.decode(base64).ok()).flatten().and_then(readable)?;
    (!text.chars().any(|letter| letter.is_control() && !letter.is_whitespace())).then_some(text)
}

/// `text` with its escapes read.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    let runs = escape::runs(text, Span::new(0, text.len()));
    if runs.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut position = 0;
    for (run, decoded) in runs {
        plain.push_str(text.get(position..run.start).unwrap_or_default());
        plain.push_str(&decoded);
        position = run.end;
    }
    plain.push_str(text.get(position..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Bytes as text: UTF-8, or UTF-16 as Windows writes it.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let is_wide = bytes.len() >= 8 && bytes.iter().skip(1).step_by(2).take(64).all(|byte| *byte == 0);
    if is_wide {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        return char::decode_utf16(units).collect::<Result<String, _>>().ok();
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Whether the beginning of `run` may stand for readable ASCII, as far as the upper bits of some bytes tell: they are in
/// every fourth character of base64, and in every second digit.
fn may_be_readable(run: &str) -> bool {
    let Some(begin) = run.as_bytes().get(..MIN_RUN) else { return false };
    let is_upper_part = |letter: &u8| matches!(letter, b'C' | b'D' | b'I'..=b'Z' | b'a'..=b'f');
    let is_upper_digit = |digit: &u8| matches!(digit, b'0' | b'2'..=b'7');
    begin.iter().step_by(4).all(is_upper_part) || begin.iter().step_by(2).all(is_upper_digit)
}

/// The text that `run` decodes to, when it is readable.
fn decode(run: &str) -> Option<String> {
    let is_url_safe = run.contains(['-', '_']);
    let engine = if is_url_safe { &URL_SAFE_ENGINE } else { &STANDARD_ENGINE };
    let mut begin = [b' '; MIN_RUN];
    engine.decode_slice(run.get(..MIN_RUN)?, &mut begin).ok()?;
    let is_readable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    if !begin.iter().all(is_readable) {
        return None;
    }
    let joined: Cow<'_, str> = if run.contains(['\n', '\r']) {
        run.chars().filter(|character| !character.is_ascii_whitespace()).collect::<String>().into()
    } else {
        run.into()
    };
    let text = String::from_utf8(engine.decode(&*joined).ok()?).ok()?;
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the deepest reading of `text`, where `needle` stands in it, and what that is in the file.
    fn check(text: &str, needle: &str, expected: &str) {
        let layers = Layer::all(text);
        let layer = layers.last().unwrap();
        let start = layer.text.find(needle).unwrap_or_else(|| panic!("{needle} in {}", layer.text));
        let span = Span::new(start, start + needle.len());
        assert_eq!(layer.in_file(span).of(text), expected);
    }

    fn encode(text: &str) -> String {
        STANDARD_ENGINE.encode(text)
    }

    #[test]
    fn base64_is_read_once_and_twice_with_its_place() {
        let once = encode("a readable text with a word");
        check(&format!("a: 1\nkey: {once}\nb: 2"), "word", &once);
        check(&format!("a: 1\nkey: {once}\nb: 2"), "b: 2", "b: 2");
        let twice = encode(&format!("outer {once} rest"));
        let text = format!("one: {}\ntwo: {twice}\nthree: 3", encode("another readable text, not nested"));
        check(&text, "word", &twice);
        check(&text, "outer", &twice);
        check(&text, "another", &encode("another readable text, not nested"));
        check(&text, "three: 3", "three: 3");
    }

    #[test]
    fn escapes_and_hexadecimal_are_read_with_their_places() {
        check("a: %67%68p_b\nc: 1", "ghp", "%67%68p");
        check("a: \"\\u0067\\u0068p\"\nc: 1", "hp", "\\u0067\\u0068p");
        let hex = "76657279207365637265742076616c756521";
        check(&format!("a: {hex}\nc: 1"), "secret", hex);
        check(&format!("a: {hex}\nc: 1"), "c: 1", "c: 1");
        let nested: String = encode(&format!("outer {hex} rest of it"))
            .bytes()
            .fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
        check(&format!("a: {nested}\nc: 1"), "secret", &nested);
    }

    #[test]
    fn wrapped_lines_are_one_run() {
        let long = encode(&"words that fill some lines ".repeat(8));
        let (first, rest) = long.split_at(76);
        let wrapped = format!("{first}\n    {rest}");
        check(&format!("key: |\n    {wrapped}\nnext: 1"), "fill", &wrapped);
    }

    #[test]
    fn what_is_not_readable_stays() {
        let random = URL_SAFE_ENGINE.encode([0x9f; 40]);
        for text in [&*random, "some-kebab-case-name-that-is-long", "src/scan/document/kubernetes/workload", "", "äöü"]
        {
            assert_eq!(Layer::all(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_megabyte_of_base64_costs_its_length() {
        let text = encode(&"readable ".repeat(100_000));
        assert_eq!(Layer::all(&text).len(), 2);
        assert_eq!(Layer::all(&"%41".repeat(300_000)).len(), 2);
        assert_eq!(Layer::all(&"A".repeat(1_000_000)).len(), 1);
    }
}
