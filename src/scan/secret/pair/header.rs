//! `Authorization` headers: the scheme, then the credential.
//!
//! Invariant: `Basic` is decoded and its password judged; any other scheme holds a token.

use super::super::decode;
use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::passage::Passage;
use super::{Extraction, PairKind};
use crate::scan::span::Span;

const SCHEMES: [&str; 6] = ["basic ", "bearer ", "token ", "apikey ", "api-key ", "splunk "];

/// Whether `name` is that of the header.
pub(super) fn is_name(name: &str) -> bool {
    // Nearly all other names end otherwise.
    let last = name.bytes().rev().find(u8::is_ascii_alphabetic);
    if !last.is_some_and(|last| matches!(last, b'n' | b'N' | b'r' | b'R')) {
        return false;
    }
    let plain: String = name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let is_type = name.contains("::");
    !is_type && plain.ends_with("authorization")
        || plain.ends_with("authorizationheader")
        || plain.ends_with("authheader")
}

/// Whether `value` is `Bearer TOKEN` or `Token TOKEN`, whatever its name is.
pub(super) fn is_value(value: &str) -> bool {
    const LEAST: usize = 16;
    let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("Token "));
    token.is_some_and(|token| token.len() >= LEAST && !token.contains(char::is_whitespace))
}

/// Judges the header's `value` at `span`; says whether it is one.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, value: &str, span: Span) -> bool {
    let lower: String = value.chars().take(12).collect::<String>().to_ascii_lowercase();
    let Some(scheme) = SCHEMES.iter().find(|scheme| lower.starts_with(**scheme)) else {
        return other(extraction, passage, value, span);
    };
    let credential = value.get(scheme.len()..).unwrap_or_default().trim();
    let offset = value.len() - value.get(scheme.len()..).unwrap_or_default().trim_start().len();
    let fits = span.len() == value.len();
    let place = if fits { Span::new(span.start + offset, span.start + offset + credential.len()) } else { span };
    let step = if *scheme == "basic " { basic(credential) } else { bearer(credential) };
    if extraction.accepts(step, Nature::Token, credential) {
        extraction.add(passage, PairKind::AuthorizationHeader, credential, place, step, Some("Authorization"));
    }
    true
}

fn basic(credential: &str) -> Step {
    let decoded = decode::text_of(credential);
    match decoded.as_deref().map(|text| text.split_once(':')) {
        Some(Some((user, password))) => value::judge(password, Asked::password(user)),
        Some(None) => Step::OtherThing,
        // Some services take a token as it is.
        None => bearer(credential),
    }
}

/// A credential without a scheme, or with one that only its service knows: `Api-Token …`.
fn other(extraction: &mut Extraction, passage: &Passage<'_>, value: &str, span: Span) -> bool {
    let mut words = value.split_ascii_whitespace().rev();
    let (Some(credential), scheme, None) = (words.next(), words.next(), words.next()) else { return false };
    let is_scheme = |scheme: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        scheme.bytes().all(is_part) && !scheme.eq_ignore_ascii_case("client-id")
    };
    let is_header = scheme.is_none_or(is_scheme) && span.len() == value.len();
    if !is_header || bearer(credential) != Step::Random {
        return false;
    }
    let end = span.start + value.trim_end().len();
    let place = Span::new(end - credential.len(), end);
    extraction.add(passage, PairKind::AuthorizationHeader, credential, place, Step::Random, Some("Authorization"))
}

fn bearer(credential: &str) -> Step {
    match Name::read("token") {
        Some(name) => value::judge(credential, Asked::of(&name)),
        None => Step::OtherThing,
    }
}
