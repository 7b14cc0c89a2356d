//! Pairs in XML: attributes, elements, and the `name`/`value` pairs that configuration is made of.
//!
//! Invariant: a tag is read once, and no further than [`MAX_TAG`] bytes.

use std::borrow::Cow;

use super::super::decode;
use super::dialect::Dialect;
use super::gate::Hit;
use super::key::Name;
use super::passage::Passage;
use super::{Extraction, Form, text};
use crate::scan::span::Span;

/// Longest tag, in bytes.
const MAX_TAG: usize = 4096;
/// How far back the beginning of a tag is looked for, in bytes.
const MAX_BACK: usize = 512;
/// Longest content of an element, in bytes.
const MAX_CONTENT: usize = 4096;

/// Elements that hold a name: how they begin and end, and how the element after them may begin that holds its value.
const KEYS: [(&str, &str, &[&str]); 5] = [
    ("<key>", "</key>", &["<string>", "<value>"]),
    ("<name>", "</name>", &["<value>"]),
    ("<param-name>", "</param-name>", &["<param-value>"]),
    ("<env-entry-name>", "</env-entry-name>", &["<env-entry-value>"]),
    ("<Name>", "</Name>", &["<Value>"]),
];

/// A tag: its name, its attributes, where it ends.
struct Tag {
    name: Span,
    attributes: Vec<(Span, Span)>,
    end: usize,
    is_empty: bool,
}

/// Reads the tag around a word, or the element whose content holds it. Says whether that was all there is to the word.
pub(super) fn hit(extraction: &mut Extraction, passage: &Passage<'_>, hit: Hit, done: &mut usize) -> bool {
    let file = &*passage.text;
    if hit.span.start < *done {
        return true;
    }
    let floor = file.floor_char_boundary(hit.span.start.saturating_sub(MAX_BACK));
    let before = file.get(floor..hit.span.start).unwrap_or_default();
    let Some(mark) = before.rfind(['<', '>']) else { return false };
    if before.as_bytes().get(mark) == Some(&b'>') {
        return content(extraction, passage, floor + mark + 1, before, done);
    }
    if before.get(mark..).is_some_and(|rest| rest.starts_with("<!--")) {
        return false;
    }
    let Some(tag) = tag(file, floor + mark + 1) else { return false };
    *done = tag.end;
    element(extraction, passage, &tag);
    true
}

/// The content of an element that holds the word: `<key>Password</key><string>…</string>`, or text with pairs in it.
fn content(extraction: &mut Extraction, passage: &Passage<'_>, start: usize, before: &str, done: &mut usize) -> bool {
    let file = &*passage.text;
    let tag = before.rfind('<').and_then(|tag| before.get(tag..)).unwrap_or_default();
    let Some((_, close, opens)) = KEYS.iter().find(|(key, ..)| tag.starts_with(key)) else { return false };
    let Some(span) = content_at(file, start) else { return false };
    *done = span.end;
    let rest = file.get(span.end..).unwrap_or_default();
    let rest = rest.strip_prefix(*close).map(str::trim_start).unwrap_or_default();
    let Some(value) = opens.iter().find_map(|open| rest.strip_prefix(*open)) else { return true };
    let at = file.len() - value.len();
    if let Some(value) = content_at(file, at)
        && extraction.pair(passage, span.of(file), &unescaped(value.of(file)), value, Form::Setting)
    {
        *done = value.end;
    }
    true
}

fn element(extraction: &mut Extraction, passage: &Passage<'_>, tag: &Tag) {
    let file = &*passage.text;
    let attribute = |names: &[&str]| {
        let found = tag
            .attributes
            .iter()
            .find(|(name, _)| names.iter().any(|wanted| name.of(file).eq_ignore_ascii_case(wanted)));
        found.map(|(_, value)| *value)
    };
    let named =
        attribute(&["key", "name", "property", "id", "field"]).filter(|name| Name::read(name.of(file)).is_some());
    for (name, value) in &tag.attributes {
        let label = name.of(file);
        // `<settings pass="specialize">`: a step of the set-up of Windows.
        let is_step = label == "pass" && tag.name.of(file) == "settings";
        let is_name = Some(*value) == named || is_step;
        if is_name || extraction.pair(passage, local(label), &unescaped(value.of(file)), *value, Form::Setting) {
            continue;
        }
        extraction.deeper(|extraction| text::read(extraction, &passage.part(*value), Dialect::Inline));
    }
    let value = attribute(&["value", "defaultvalue", "content", "default"]);
    // `<password value="…"/>`, when nothing else names it.
    let is_bare = || attribute(&["key", "name", "property", "id", "field"]).is_none();
    let named = named.or_else(|| Some(tag.name).filter(|name| is_bare() && Name::read(local(name.of(file))).is_some()));
    if let (Some(named), Some(value)) = (named, value) {
        extraction.pair(passage, local(named.of(file)), &unescaped(value.of(file)), value, Form::Setting);
        return;
    }
    let is_argument = attribute(&["elementType"]).is_some_and(|kind| kind.of(file).ends_with("Argument"));
    if let Some(named) = named.filter(|_| is_argument)
        && let Some(value) = argument_value(file, tag.end)
    {
        extraction.pair(passage, named.of(file), &unescaped(value.of(file)), value, Form::Setting);
        return;
    }
    let name = named.map_or_else(|| local(tag.name.of(file)), |named| named.of(file));
    if tag.is_empty || Name::read(name).is_none() {
        return;
    }
    let Some(content) = content_of(file, tag.end) else { return };
    let encoding = attribute(&["encoding"]).map(|encoding| encoding.of(file));
    let decoded = encoding
        .filter(|encoding| encoding.eq_ignore_ascii_case("base64"))
        .and_then(|_| decode::text_of(content.of(file)));
    let value = decoded.map_or_else(|| unescaped(content.of(file)), Cow::Owned);
    extraction.pair(passage, name, &value, content, Form::Setting);
}

/// The value of an argument of `JMeter` whose tag ends at `at`: `<stringProp name="Argument.value">…</stringProp>`.
fn argument_value(file: &str, at: usize) -> Option<Span> {
    const MAX_AWAY: usize = 400;
    const OPEN: &str = "\"Argument.value\">";
    let near = file.get(at..file.floor_char_boundary((at + MAX_AWAY).min(file.len())))?;
    let near = near.split("</elementProp>").next()?;
    content_at(file, at + near.find(OPEN)? + OPEN.len())
}

/// The content after a tag, or that of the `<value>` in it.
fn content_of(file: &str, at: usize) -> Option<Span> {
    let rest = file.get(at..file.floor_char_boundary((at + MAX_CONTENT).min(file.len())))?;
    let trimmed = rest.trim_start();
    let skipped = at + rest.len() - trimmed.len();
    match ["<value>", "<string>", "<Value>"].iter().find(|tag| trimmed.starts_with(**tag)) {
        Some(tag) => content_at(file, skipped + tag.len()),
        None => content_at(file, at),
    }
}

/// The text from `at` to the next tag, without white space around it; a CDATA section is unwrapped.
fn content_at(file: &str, at: usize) -> Option<Span> {
    let rest = file.get(at..file.floor_char_boundary((at + MAX_CONTENT).min(file.len())))?;
    let (skip, end) = match rest.strip_prefix("<![CDATA[") {
        Some(data) => (9, 9 + data.find("]]>")?),
        None => (0, rest.find('<')?),
    };
    let raw = rest.get(skip..end)?;
    let start = at + skip + raw.len() - raw.trim_start().len();
    let span = Span::new(start, start + raw.trim().len());
    (!span.is_empty()).then_some(span)
}

/// Reads a tag whose name begins at `start`.
fn tag(file: &str, start: usize) -> Option<Tag> {
    let rest = file.get(start..file.floor_char_boundary((start + MAX_TAG).min(file.len())))?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'?');
    let bytes = rest.as_bytes();
    let name = bytes.iter().take_while(|byte| is_name(byte)).count();
    let mut attributes = Vec::new();
    let mut position = name;
    loop {
        position += bytes.get(position..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        match bytes.get(position)? {
            b'>' => {
                let is_empty = bytes.get(..position)?.ends_with(b"/");
                return Some(Tag {
                    name: Span::new(start, start + name),
                    attributes,
                    end: start + position + 1,
                    is_empty,
                });
            }
            byte if is_name(byte) => {
                let length = bytes.get(position..)?.iter().take_while(|byte| is_name(byte)).count();
                let label = Span::new(start + position, start + position + length);
                position += length;
                position += bytes.get(position..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                if bytes.get(position) != Some(&b'=') {
                    continue;
                }
                position += 1;
                position += bytes.get(position..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let quote = bytes.get(position).copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
                let length = bytes.get(position + 1..)?.iter().position(|byte| *byte == quote)?;
                attributes.push((label, Span::new(start + position + 1, start + position + 1 + length)));
                position += length + 2;
            }
            _ => position += 1,
        }
    }
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Cow::Owned(plain.replace("&#38;", "&").replace("&amp;", "&"))
}
