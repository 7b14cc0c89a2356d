//! Rules of Redis for its users: `user worker on >password ~jobs:* +@all`.
//!
//! Invariant: a rule is one line, read no further than [`MAX_RULE`] bytes around its word.

use super::super::value::{self, Asked, Step};
use super::key::Nature;
use super::passage::Passage;
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// How far a rule reaches around its word, in bytes.
const MAX_RULE: usize = 1000;
/// What stands before the name of the user.
const HEADS: [&str; 2] = ["user ", "setuser "];

/// Reads the rule around `word`; returns where it ends when it is one.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, word: Span) -> Option<usize> {
    let text = &*passage.text;
    let is_word = word.of(text).eq_ignore_ascii_case("on >") || word.of(text).eq_ignore_ascii_case("setuser");
    if !is_word {
        return None;
    }
    let floor = text.floor_char_boundary(word.start.saturating_sub(MAX_RULE));
    let limit = text.floor_char_boundary((word.end + MAX_RULE).min(text.len()));
    let start = text.get(floor..word.start)?.rfind('\n').map_or(floor, |line_break| floor + line_break + 1);
    let end = text.get(word.end..limit)?.find(['\n', '\r', '"', '\'']).map_or(limit, |end| word.end + end);
    let line = text.get(start..end)?;
    let (_, head) = HEADS.iter().find_map(|head| Some((head, line.to_ascii_lowercase().find(head)? + head.len())))?;
    let before = line.get(..head)?.trim_start_matches([' ', '\t', '-', '"', '\'', '#']).to_ascii_lowercase();
    if !HEADS.contains(&before.as_str()) && !before.ends_with("setuser ") {
        return None;
    }
    let mut user = "";
    let mut offset = start + head;
    for part in line.get(head..)?.split(' ') {
        let place = Span::new(offset, offset + part.len());
        offset = place.end + 1;
        match part.strip_prefix('>') {
            Some(password) => judge(extraction, passage, password, Span::new(place.start + 1, place.end), user),
            None if user.is_empty() => user = part,
            None => {}
        }
    }
    Some(end)
}

fn judge(extraction: &mut Extraction, passage: &Passage<'_>, password: &str, span: Span, user: &str) {
    let step = value::judge(password, Asked::password(user));
    if extraction.accepts(step, Nature::Password, password) {
        let kind = if step == Step::Default { PairKind::DefaultPassword } else { PairKind::Password };
        extraction.add(passage, kind, password, span, step, None);
    }
}
