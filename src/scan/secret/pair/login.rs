//! Logins: `auth` of a registry's configuration and `_auth` of npm in base64, `cloud.auth` of Elastic as it is.
//!
//! Invariant: only what is `user:password`, or decodes to it, is one.

use super::super::decode;
use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::passage::Passage;
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// Least length of the password of a login whose name says little, in bytes.
const LEAST: usize = 8;

/// Judges `value` as a login when `name` may hold one; says whether it did.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, name: &Name, value: &str, span: Span) -> bool {
    if plain(extraction, passage, name, value, span) {
        return true;
    }
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

/// `cloud.auth: "user:password"` and the like, which is not encoded.
fn plain(extraction: &mut Extraction, passage: &Passage<'_>, name: &Name, value: &str, span: Span) -> bool {
    let is_exact = ["cloudauth", "basicauth", "httpauth", "npmauthident", "basicauthuserinfo"]
        .iter()
        .any(|kind| name.plain.ends_with(kind))
        || name.plain.starts_with("bundle");
    // `SMTP_AUTH`, `DB_CREDENTIALS`: often the name of a way to log in, or of a thing that holds the login.
    let is_vague = !is_exact && matches!(name.last.as_str(), "auth" | "credentials" | "credential" | "creds");
    let is_login = is_exact || is_vague;
    let Some((user, password)) = value.split_once(':').filter(|_| is_login && span.len() == value.len()) else {
        return false;
    };
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte);
    if user.is_empty() || !user.bytes().all(is_part) || password.starts_with('/') {
        return false;
    }
    let step = value::judge(password, Asked::password(user));
    // `basic-auth = "acme.auth:create_app"` names a function.
    let is_told = step != Step::Human || value::is_no_label(password);
    let is_chosen = || value::is_deliberate(password) || is_administrator(user) && value::is_no_label(password);
    let is_made = step == Step::Random && (name.plain == "auth" || password.len() >= LEAST && !password.contains(':'));
    if is_vague && !is_made && !(step == Step::Human && is_chosen()) {
        return false;
    }
    if is_told && extraction.accepts(step, Nature::Password, password) {
        let kind = if step == Step::Default { PairKind::DefaultPassword } else { PairKind::Password };
        extraction.add(passage, kind, password, Span::new(span.end - password.len(), span.end), step, None);
    }
    true
}

/// Whether a user is one that only a login names.
fn is_administrator(user: &str) -> bool {
    matches!(user, "admin" | "administrator" | "root")
}
