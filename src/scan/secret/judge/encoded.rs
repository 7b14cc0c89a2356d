//! Logins and passwords that are only encoded.
//!
//! Invariant: what does not decode to printable text is no finding, and neither is a reference or a placeholder.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Judged, Outcome, Scene, placeholder};
use crate::scan::span::Span;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Judges base64 of `user:password`.
pub(super) fn judge_login(scene: &Scene, span: Span) -> Option<Judged> {
    let text = decode(span.of(scene.text))?;
    let (user, password) = text.split_once(':')?;
    if user.is_empty() { None } else { judge(scene, span, user, password) }
}

/// Judges base64 of a password.
pub(super) fn judge_text(scene: &Scene, span: Span) -> Option<Judged> {
    judge(scene, span, "", &decode(span.of(scene.text))?)
}

fn judge(scene: &Scene, span: Span, user: &str, password: &str) -> Option<Judged> {
    if password.is_empty() || placeholder::is_reference(password) || placeholder::is_placeholder(password) {
        return None;
    }
    let outcome = if placeholder::is_default(password, user) { Outcome::Default } else { Outcome::Clear };
    Some(scene.judged(span, "", outcome))
}

fn decode(value: &str) -> Option<String> {
    let text = String::from_utf8(ENGINE.decode(value).ok()?).ok()?;
    text.chars().all(|character| !character.is_control()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(decoded: &str, login: Option<Outcome>, text: Option<Outcome>) {
        let encoded = ENGINE.encode(decoded);
        let (scene, span) = (Scene::new(&encoded), Span::new(0, encoded.len()));
        let outcome = |judged: Option<Judged>| judged.map(|judged| judged.outcome);
        assert_eq!((outcome(judge_login(&scene, span)), outcome(judge_text(&scene, span))), (login, text), "{decoded}");
    }

    #[test]
    fn logins_and_passwords_are_judged_by_what_they_decode_to() {
        check("ci:hunter2-and-more", Some(Outcome::Clear), Some(Outcome::Clear));
        check("admin:admin", Some(Outcome::Default), Some(Outcome::Clear));
        check("ci:${PASSWORD}", None, None);
        check("hunter2-and-more", None, Some(Outcome::Clear));
        check("changeme", None, Some(Outcome::Default));
        check(":secret", None, Some(Outcome::Clear));
        check("a\u{0}b:c", None, None);
        check("", None, None);
    }
}
