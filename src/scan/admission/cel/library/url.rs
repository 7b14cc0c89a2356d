//! URLs in their parts.
//!
//! Invariant: what Go's `url.ParseRequestURI` refuses is refused.

use super::super::value::Val;
use super::super::{Outcome, error};

/// A URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// As written.
    pub text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("url", [Val::String(text)]) => {
            parse(text).map_or_else(|| error(format!("{text:?} is no URL")), |url| Ok(Val::Url(url.into())))
        }
        ("isURL", [Val::String(text)]) => Ok(Val::Bool(parse(text).is_some())),
        ("getScheme", [Val::Url(url)]) => Ok(Val::text(url.scheme.as_str())),
        ("getHost", [Val::Url(url)]) => Ok(Val::text(url.host.as_str())),
        ("getHostname", [Val::Url(url)]) => Ok(Val::text(url.name_and_port().0.trim_matches(['[', ']']))),
        ("getPort", [Val::Url(url)]) => Ok(Val::text(url.name_and_port().1)),
        ("getEscapedPath", [Val::Url(url)]) => Ok(Val::text(url.path.as_str())),
        ("getQuery", [Val::Url(url)]) => Ok(url.query()),
        _ => return None,
    })
}

fn parse(text: &str) -> Option<Url> {
    if text.chars().any(|letter| letter.is_control() || letter == ' ') {
        return None;
    }
    let (before, query) = text.split_once('?').unwrap_or((text, ""));
    let whole = |scheme: &str, host: &str, path: &str| Url {
        text: text.to_owned(),
        scheme: scheme.to_ascii_lowercase(),
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
    };
    if before.starts_with('/') {
        return Some(whole("", "", before));
    }
    let (scheme, rest) = before.split_once("://")?;
    let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let url = whole(scheme, host, path);
    let (_, port) = url.name_and_port();
    (is_scheme && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(url)
}

impl Url {
    fn name_and_port(&self) -> (&str, &str) {
        let end = self.host.rfind(']').map_or(0, |end| end + 1);
        match self.host.get(end..).and_then(|rest| rest.rfind(':')) {
            Some(colon) => {
                let (name, port) = self.host.split_at(end + colon);
                (name, port.trim_start_matches(':'))
            }
            None => (&self.host, ""),
        }
    }

    fn query(&self) -> Val {
        let mut map: Vec<(Val, Vec<Val>)> = Vec::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()).take(1_000) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decoded(key), Val::text(decoded(value)));
            match map.iter_mut().find(|(known, _)| matches!(known, Val::String(text) if **text == *key)) {
                Some((_, values)) => values.push(value),
                None => map.push((Val::text(key), vec![value])),
            }
        }
        Val::Map(map.into_iter().map(|(key, values)| (key, Val::list(values))).collect::<Vec<_>>().into())
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        let code = if byte == b'%' { left.clone().take(2).map(char::from).collect::<String>() } else { String::new() };
        match (byte, u8::from_str_radix(&code, 16)) {
            (b'%', Ok(value)) if code.len() == 2 => {
                bytes.push(value);
                left.nth(1);
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
