//! Calls of programs that take a secret by position: `connect(host, user, "…")`, `setPassword("…")`.
//!
//! Invariant: a call is read once, and no further than [`MAX_CALL`] bytes.

use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::passage::Passage;
use super::read::{self, Extent, Read};
use super::{Extraction, Form, PairKind};

/// Longest call, in bytes.
const MAX_CALL: usize = 600;
/// Most arguments that are looked at.
const MAX_ARGUMENTS: usize = 5;

/// The last part of a call's name in lower case, and which of its arguments is a password; its user stands before it.
const POSITIONS: &[(&str, usize)] = &[
    ("setbasicauth", 1),
    ("basicauth", 1),
    ("basic_auth", 1),
    ("httpbasicauth", 1),
    ("httpdigestauth", 1),
    ("basicauthentication", 1),
    ("auth", 1),
    ("networkcredential", 1),
    ("usernamepasswordcredential", 1),
    ("usernamepasswordcredentials", 1),
    ("usernamepasswordauthenticationtoken", 1),
    ("passwordauthentication", 1),
    ("login", 1),
    ("log_in", 1),
    ("authenticate", 1),
    ("sign", 1),
    ("signwith", 1),
    ("jwt.encode", 1),
    ("jwt.decode", 1),
    ("jwt.verify", 1),
    ("createhmac", 1),
    ("hmac.new", 0),
    ("dbi->connect", 2),
    ("mysqli_connect", 2),
    ("mysql_connect", 2),
    ("mysql_pconnect", 2),
    ("mysqli", 2),
    ("pdo", 2),
    ("getconnection", 2),
    ("ftp_login", 2),
    ("directoryentry", 2),
    ("connect", 2),
    ("plainauth", 2),
    ("clientsecretcredential", 2),
    ("basicawscredentials", 1),
    ("awscredentials", 1),
    ("basicsessioncredentials", 1),
    ("newstaticcredentials", 1),
    ("newstaticcredentialsprovider", 1),
    ("newstaticv4", 1),
    ("storagesharedkeycredential", 1),
    ("sqlcredential", 1),
    ("credentials", 3),
    ("postgresql_password", 1),
    ("withbasicauth", 1),
];

/// Those of the calls whose argument is a key that signs.
const SIGNING: [&str; 7] = ["sign", "signwith", "jwt.encode", "jwt.decode", "jwt.verify", "createhmac", "hmac.new"];

/// What makes bytes of a text in Go, and an optional value in Rust.
const WRAPPERS: [&str; 2] = ["[]byte(", "Some("];

/// What a call that sets its one argument begins with.
const SETTERS: &[&str] = &["set", "with", "use"];

/// Calls that set their one argument by their name alone.
const PLAIN: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "apikey",
    "clientsecret",
    "secretkey",
    "accesskey",
    "authtoken",
    "bearer_auth",
    "signedstring",
    "unsafeplaintext",
];

/// Reads the call named `name` whose arguments begin at `start`; returns where they end when it takes a secret.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, start: usize) -> Option<usize> {
    let whole = name.to_ascii_lowercase();
    let (owner, name) = name.rsplit_once('.').unwrap_or(("", name));
    let lower = name.to_ascii_lowercase();
    if matches!(lower.as_str(), "equals" | "equalsignorecase") {
        return compared(extraction, passage, owner, start);
    }
    let position =
        POSITIONS.iter().find(|(known, _)| *known == lower || *known == whole).map(|(_, position)| *position);
    let Some(position) = position else { return setter(extraction, passage, name, start) };
    let (arguments, end) = call_arguments(&passage.text, start);
    let password = arguments.get(position)?.as_ref()?;
    let user = position.checked_sub(1).and_then(|before| arguments.get(before)?.as_ref());
    if SIGNING.contains(&lower.as_str()) || SIGNING.contains(&whole.as_str()) {
        extraction.pair(passage, "signing_key", &password.value, password.span, Form::Setting);
    } else {
        login(extraction, passage, user, password);
    }
    Some(end)
}

/// Judges the password of a login whose user is known when it is a literal too.
pub(super) fn login(extraction: &mut Extraction, passage: &Passage<'_>, user: Option<&Read<'_>>, password: &Read<'_>) {
    let step = value::judge(&password.value, Asked::password(user.map_or("", |user| &user.value)));
    // An address names an account, so what comes with it is no label of a form.
    let is_login =
        step == Step::Human && !extraction.traits.is_strict && user.is_some_and(|user| user.value.contains('@'));
    if is_login || extraction.accepts(step, Nature::Password, &password.value) {
        let kind = if step == Step::Default { PairKind::DefaultPassword } else { PairKind::Password };
        extraction.add(passage, kind, &password.value, password.span, step, None);
    }
}

/// `password.equals("…")`.
fn compared(extraction: &mut Extraction, passage: &Passage<'_>, owner: &str, start: usize) -> Option<usize> {
    let (arguments, end) = call_arguments(&passage.text, start);
    let [Some(value)] = &*arguments else { return None };
    extraction.pair(passage, owner, &value.value, value.span, Form::Compared);
    Some(end)
}

/// `setPassword("…")`, `.password("…")`: one literal, and a name that says nothing but what it is.
fn setter(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, start: usize) -> Option<usize> {
    let set =
        SETTERS.iter().find_map(|verb| name.strip_prefix(verb).filter(|rest| rest.starts_with(char::is_uppercase)));
    let plain = set.unwrap_or(name);
    let is_setter = set.is_some_and(|plain| Name::read(plain).is_some_and(|read| read.nature != Nature::Vague));
    if !is_setter && !PLAIN.iter().any(|known| plain.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (arguments, end) = call_arguments(&passage.text, start);
    let [Some(value)] = &*arguments else { return None };
    let name = match plain.to_ascii_lowercase().as_str() {
        "signedstring" => "secret",
        "unsafeplaintext" => "password",
        _ => plain,
    };
    extraction.pair(passage, name, &value.value, value.span, Form::Setting);
    Some(end)
}

/// The arguments of the call at `start`.
fn call_arguments(text: &str, start: usize) -> (Vec<Option<Read<'_>>>, usize) {
    let limit = text.floor_char_boundary((start + MAX_CALL).min(text.len()));
    arguments(text.get(..limit).unwrap_or_default(), start, MAX_ARGUMENTS)
}

/// At most `most` arguments from `start` on, those that are no literal as `None`, and where the last one ends.
pub(super) fn arguments(text: &str, start: usize, most: usize) -> (Vec<Option<Read<'_>>>, usize) {
    let mut arguments = Vec::new();
    let mut position = start;
    while arguments.len() < most {
        position += blank(text, position);
        // The bytes of a text are the text.
        let rest = text.get(position..).unwrap_or_default();
        position += WRAPPERS.iter().find(|wrapper| rest.starts_with(**wrapper)).map_or(0, |wrapper| wrapper.len());
        let literal = read::read(text, position, Extent::Quoted);
        let after = literal.as_ref().map_or(position, |literal| literal.span.end + 1);
        let end = argument_end(text, after);
        let is_whole = text.get(after..end).is_some_and(|rest| rest.trim().is_empty());
        arguments.push(literal.filter(|_| is_whole));
        if text.as_bytes().get(end) != Some(&b',') {
            return (arguments, end);
        }
        position = end + 1;
    }
    (arguments, position)
}

/// Where the argument ends that stands at `from`: at its comma, or at what closes the call.
fn argument_end(text: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            b')' | b']' | b'}' | b';' => return offset,
            b',' if depth == 0 => return offset,
            _ => {}
        }
    }
    text.len()
}

/// White space, over lines.
fn blank(text: &str, from: usize) -> usize {
    text.get(from..).unwrap_or_default().bytes().take_while(u8::is_ascii_whitespace).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::span::Span;

    #[test]
    fn arguments_are_literals_or_none() {
        let text = "\"host\", user(1, 2),\n 'it' , a + \"b\", \"c\" + d) \"e\"";
        let (found, end) = arguments(text, 0, 5);
        let values: Vec<_> = found.iter().map(|read| read.as_ref().map(|read| &*read.value)).collect();
        assert_eq!(values, [Some("host"), None, Some("it"), None, None]);
        assert_eq!(Span::new(end, end + 1).of(text), ")");
        assert_eq!(arguments("", 0, 5).1, 0);
    }
}
