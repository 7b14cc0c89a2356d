//! Logins and passwords that are only encoded.
//!
//! Invariant: what does not decode to printable text is no finding; what does is decided by the one judgement of
//! values.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::value::Asked;
use super::{Judged, Scene};
use crate::scan::span::Span;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Judges base64 of `user:password`.
pub(super) fn judge_login(scene: &Scene, span: Span) -> Option<Judged> {
    let text = decode(span.of(scene.text))?;
    let (user, password) = text.split_once(':')?;
    if user.is_empty() { None } else { scene.password(span, password, Asked::password(user)) }
}

/// Judges base64 of a password.
pub(super) fn judge_text(scene: &Scene, span: Span) -> Option<Judged> {
    scene.password(span, &decode(span.of(scene.text))?, Asked::password(""))
}

fn decode(value: &str) -> Option<String> {
    let text = String::from_utf8(ENGINE.decode(value).ok()?).ok()?;
    text.chars().all(|character| !character.is_control()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    fn check(decoded: &str, login: Option<Outcome>, text: Option<Outcome>) {
        let encoded = ENGINE.encode(decoded);
        let (scene, span) = (Scene::new(&encoded), Span::new(0, encoded.len()));
        let outcome = |judged: Option<Judged>| judged.map(|judged| judged.outcome);
        assert_eq!((outcome(judge_login(&scene, span)), outcome(judge_text(&scene, span))), (login, text), "{decoded}");
    }

    #[test]
    fn logins_and_passwords_are_judged_by_what_they_decode_to() {
        check("ci:hunter2-and-more", Some(Outcome::Clear), None);
        check("admin:admin", Some(Outcome::Default), None);
        check("ci:${PASSWORD}", None, None);
        check("hunter2-and-more", None, Some(Outcome::Clear));
        check("changeme", None, Some(Outcome::Default));
        check(":secret", None, Some(Outcome::Clear));
        check("a\u{0}b:c", None, None);
        check("", None, None);
    }
}
