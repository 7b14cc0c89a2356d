//! Reads one value from a line: quoted, or up to where its format ends it.
//!
//! Invariant: looks at no more than [`MAX_VALUE`] bytes, so a hit costs a bounded time.

use std::borrow::Cow;

use crate::scan::span::Span;

/// Longest value that is read, in bytes.
const MAX_VALUE: usize = 4096;

/// A value with its place, quotes left out.
#[derive(Clone, Debug)]
pub struct Read<'t> {
    /// The value, escapes resolved.
    pub value: Cow<'t, str>,
    /// Its place.
    pub span: Span,
    /// Whether it stands in quotes.
    pub is_quoted: bool,
}

/// Where a value without quotes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// At the end of the line, or at a comment.
    Line,
    /// At white space or what ends a word.
    Word,
    /// At one of these, a quote or the end of the line.
    Before(&'static [u8]),
    /// A value without quotes is code.
    Quoted,
}

/// Reads the value at `start`, white space before it passed over.
pub fn read(text: &str, start: usize, extent: Extent) -> Option<Read<'_>> {
    let bytes = text.as_bytes();
    let start = start + bytes.get(start..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = text.get(start..text.floor_char_boundary((start + MAX_VALUE).min(text.len())))?;
    let (skip, quote) = opening(rest);
    // Elsewhere it is a command whose output is the value.
    let quote =
        quote.filter(|quote| *quote != "`" || extent == Extent::Quoted || extent == Extent::Line && is_ticked(rest));
    if let Some(quote) = quote {
        return quoted(rest, start, skip, quote);
    }
    let bare = match extent {
        Extent::Quoted => return None,
        Extent::Line => line(rest),
        Extent::Word => word(rest),
        Extent::Before(ends) => rest
            .split(|letter: char| {
                matches!(letter, '\n' | '\r' | '"' | '\'' | '`' | '<')
                    || u8::try_from(letter).is_ok_and(|byte| ends.contains(&byte))
            })
            .next()?
            .trim_end(),
    };
    let span = Span::new(start, start + bare.len());
    let is_list = (bare.starts_with('[') && !bare.starts_with("[["))
        && rest.get(1..2).is_some_and(|next| "\"'[{ ".contains(next));
    (!bare.is_empty() && !is_list).then_some(Read { value: Cow::Borrowed(bare), span, is_quoted: false })
}

/// `` `value` `` on a line of its own, as Gitea and Grafana quote; a command has words.
fn is_ticked(rest: &str) -> bool {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim_end();
    let inner = line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains([' ', '$', '`']))
}

/// The bytes before the content, and the quote that ends it: `"`, `'`, `` ` ``, `\"`, with a prefix such as `b"`.
fn opening(rest: &str) -> (usize, Option<&'static str>) {
    let bytes = rest.as_bytes();
    let prefix = match (bytes.first(), bytes.get(1)) {
        (Some(b'b' | b'r' | b'f' | b'u' | b'@' | b'$' | b'B' | b'R' | b'L' | b'N'), Some(b'"' | b'\'')) => 1,
        _ => 0,
    };
    let body = rest.get(prefix..).unwrap_or_default();
    for quote in ["\\\"", "\\'", "\"\"\"", "\"", "'", "`"] {
        if body.starts_with(quote) {
            return (prefix + quote.len(), Some(quote));
        }
    }
    (0, None)
}

fn quoted<'t>(rest: &'t str, start: usize, skip: usize, quote: &str) -> Option<Read<'t>> {
    let body = rest.get(skip..)?;
    if quote.len() > 2 {
        let raw = body.split(quote).next().filter(|raw| raw.len() < body.len() && !raw.contains('\n'))?;
        let span = Span::new(start + skip, start + skip + raw.len());
        return Some(Read { value: Cow::Borrowed(raw), span, is_quoted: true });
    }
    let mark = *quote.as_bytes().last()?;
    let is_escaped_quote = quote.len() > 1;
    let bytes = body.as_bytes();
    let mut position = 0;
    let end = loop {
        match bytes.get(position)? {
            b'\n' => return None,
            b'\\' if is_escaped_quote && bytes.get(position + 1) == Some(&mark) => break position,
            b'\\' if mark != b'\'' => position += 2,
            byte if *byte == mark => break position,
            _ => position += 1,
        }
    };
    let raw = body.get(..end)?;
    let span = Span::new(start + skip, start + skip + raw.len());
    Some(Read { value: unescaped(raw, mark), span, is_quoted: true })
}

/// Resolves `\"`, `\\`, `\n`, `\t`, `\/` and `\u0041`.
pub fn unescaped(raw: &str, quote: u8) -> Cow<'_, str> {
    if !raw.contains('\\') || quote == b'\'' {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => text.push('\n'),
            // A byte of a text that is none.
            Some('x') => text.push_str("\\x"),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('u') => {
                let digits: String = letters.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).filter(|_| digits.len() == 4) {
                    Some(decoded) => {
                        text.push(decoded);
                        letters.nth(3);
                    }
                    None => text.push('u'),
                }
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    Cow::Owned(text)
}

/// To the end of the line, without a comment and what closes a list.
fn line(rest: &str) -> &str {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let comment = [" #", "\t#", " ;", " //"].iter().filter_map(|mark| line.find(mark)).min();
    line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_end().trim_end_matches([',', ';']).trim_end()
}

/// To the end of a shell word: quotes inside it, such as `a"b c"`, are rare and end it.
fn word(rest: &str) -> &str {
    // What stands in `${…}`, `$(…)` or `{{ … }}` belongs to the word.
    let bytes = rest.as_bytes();
    let mut depth = 0_usize;
    let mut end = bytes.len();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' | b'\r' | b'"' | b'`' => {
                end = index;
                break;
            }
            b'\\' if matches!(bytes.get(index + 1), Some(b'n' | b't' | b'r')) => {
                end = index;
                break;
            }
            b'{' | b'('
                if index > 0 && matches!(bytes.get(index - 1), Some(b'$' | b'{' | b'#' | b'%' | b'='))
                    || (*byte == b'{' && index == 0) =>
            {
                depth += 1;
            }
            b'}' | b')' if depth > 0 => depth -= 1,
            b' ' | b'\t' | b';' | b'&' | b'|' | b'<' | b'>' | b')' | b'\'' | b',' | b']' | b'}' if depth == 0 => {
                end = index;
                break;
            }
            _ => {}
        }
    }
    rest.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, extent: Extent, expected: &str) {
        let read = read(text, 0, extent);
        assert_eq!(read.as_ref().map(|read| &*read.value).unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn values_end_where_their_format_ends_them() {
        check(" \"a b\" c", Extent::Word, "a b");
        check("'it' x", Extent::Quoted, "it");
        check("\\\"a\\\", x", Extent::Word, "a");
        check("a b # c", Extent::Line, "a b");
        check("a;b", Extent::Line, "a;b");
        check("a b", Extent::Word, "a");
        check("${A:-b c} d", Extent::Word, "${A:-b c}");
        check("a;b", Extent::Before(b";"), "a");
        check("call()", Extent::Quoted, "");
        check("\"\\u0041\\\"b\"", Extent::Word, "A\"b");
        check("\"open\nx", Extent::Word, "");
        check("", Extent::Line, "");
    }
}
