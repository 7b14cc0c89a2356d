//! Logins in base64: `auth` of a registry's configuration, `_auth` of npm.
//!
//! Invariant: only what decodes to `user:password` is one.

use super::super::decode;
use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::passage::Passage;
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// Judges `value` as a login when `name` may hold one; says whether it did.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, name: &Name, value: &str, span: Span) -> bool {
    if !(name.last == "auth" || name.last == "credentials") || value.len() < 8 {
        return false;
    }
    let Some(decoded) = decode::text_of(value) else { return false };
    let Some((user, password)) = decoded.split_once(':').filter(|(user, _)| !user.is_empty()) else { return false };
    let is_sample =
        matches!(user, "user" | "username" | "your" | "login") && matches!(password, "password" | "pass" | "passwd");
    let step = if is_sample { Step::Placeholder } else { value::judge(password, Asked::password(user)) };
    if extraction.accepts(step, Nature::Password, password) {
        extraction.add(passage, PairKind::RegistryLogin, value, span, step, Some(&name.last));
    }
    true
}
