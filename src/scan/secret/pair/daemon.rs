//! Directives of daemons that take a secret by position: `com2sec` and `createUser` of SNMP, `allow` of monit.
//!
//! Invariant: a directive is one line, read no further than [`MAX_LINE`] bytes after its word.

use super::super::value::{self, Asked, Step};
use super::key::Nature;
use super::passage::Passage;
use super::read::{self, Extent};
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// How far a directive reaches after its word, in bytes.
const MAX_LINE: usize = 400;
/// How far before a word its line is looked at, in bytes.
const MAX_BEFORE: usize = 40;

/// Reads the directive that begins with `word`; returns where it ends when it is one.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, word: Span) -> Option<usize> {
    let text = &*passage.text;
    let name = word.of(text).trim().to_ascii_lowercase();
    if !matches!(name.as_str(), "com2sec" | "createuser" | "allow") {
        return None;
    }
    let floor = text.floor_char_boundary(word.start.saturating_sub(MAX_BEFORE));
    let before = text.get(floor..word.start)?.rsplit('\n').next()?;
    if !before.trim().is_empty() || before.len() + floor == word.start && floor > 0 {
        return None;
    }
    let limit = text.floor_char_boundary((word.end + MAX_LINE).min(text.len()));
    let end = text.get(word.end..limit)?.find(['\n', '\r']).map_or(limit, |end| word.end + end);
    let words = words(text.get(..end)?, word.end);
    match name.as_str() {
        "com2sec" => mapped(extraction, passage, &words),
        "createuser" => user(extraction, passage, &words),
        _ => allowed(extraction, passage, &words),
    }
}

/// `com2sec [-Cn context] name source community`.
fn mapped(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let skip = if words.first()?.0 == "-Cn" { 2 } else { 0 };
    let (community, span) = words.get(skip + 2)?;
    // What devices come with, and every manual names.
    if !matches!(*community, "public" | "private") {
        judge(extraction, passage, community, *span, "");
    }
    Some(span.end)
}

/// `createUser name SHA password AES password`.
fn user(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (name, _) = words.first()?;
    let is_kind = |at: usize, kinds: &[&str]| {
        words.get(at).is_some_and(|(word, _)| kinds.iter().any(|kind| word.starts_with(kind)))
    };
    if !is_kind(1, &["MD5", "SHA"]) {
        return None;
    }
    let (password, span) = words.get(2)?;
    judge(extraction, passage, password, *span, name);
    if let Some((password, span)) = words.get(4).filter(|_| is_kind(3, &["AES", "DES"])) {
        judge(extraction, passage, password, *span, name);
    }
    words.last().map(|(_, span)| span.end)
}

/// `allow user:password`, and no address.
fn allowed(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (login, span) = words.first()?;
    let (user, password) = login.split_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_login =
        !user.is_empty() && user.bytes().all(is_name) && !password.starts_with(['/', ':']) && !password.contains(':');
    if !is_login || words.len() > 2 {
        return None;
    }
    judge(extraction, passage, password, Span::new(span.end - password.len(), span.end), user);
    Some(span.end)
}

/// The words from `start` on, without their quotes.
fn words(line: &str, start: usize) -> Vec<(&str, Span)> {
    let mut words = Vec::new();
    let mut position = start;
    while let Some(word) = read::read(line, position, Extent::Word) {
        words.push((word.span.of(line), word.span));
        position = word.span.end + usize::from(word.is_quoted);
    }
    words
}

fn judge(extraction: &mut Extraction, passage: &Passage<'_>, password: &str, span: Span, user: &str) {
    let step = value::judge(password, Asked::password(user));
    if extraction.accepts(step, Nature::Password, password) {
        let kind = if step == Step::Default { PairKind::DefaultPassword } else { PairKind::Password };
        extraction.add(passage, kind, password, span, step, None);
    }
}
