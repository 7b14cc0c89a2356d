//! Named formats: `format.dns1123Label().validate(name)`.
//!
//! Invariant: `validate` gives nothing for what is valid, else what is wrong.
//!
//! # Source
//! `k8s.io/apiserver/pkg/cel/library`, "Format library".

use super::super::value::Val;
use super::super::{Outcome, Stop};

const NAMES: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    let named = |name: &str| NAMES.into_iter().find(|known| *known == name);
    Some(match (name, values) {
        ("format.named", [Val::String(name)]) => Ok(Val::Optional(named(name).map(|name| Val::Format(name).into()))),
        ("validate", [Val::Format(name), Val::String(text)]) => match is_valid(name, text) {
            Some(true) => Ok(Val::Optional(None)),
            Some(false) => {
                let message = Val::list(vec![Val::text(format!("is not a valid {name}"))]);
                Ok(Val::Optional(Some(message.into())))
            }
            None => Err(Stop::Unsupported(format!("the format \"{name}\""))),
        },
        (name, []) => Ok(Val::Format(named(name.strip_prefix("format.")?)?)),
        _ => return None,
    })
}

/// Whether `text` has the format; `None` when we do not know the format.
fn is_valid(name: &str, text: &str) -> Option<bool> {
    Some(match name {
        "dns1123Label" => is_label(text, 63, false),
        "dns1035Label" => is_label(text, 63, true),
        "dns1123Subdomain" => is_subdomain(text),
        // A prefix may end with a dash, since something follows it.
        "dns1123LabelPrefix" => is_label(text.strip_suffix('-').unwrap_or(text), 63, false),
        "dns1035LabelPrefix" => is_label(text.strip_suffix('-').unwrap_or(text), 63, true),
        "dns1123SubdomainPrefix" => is_subdomain(text.strip_suffix('-').unwrap_or(text)),
        "labelValue" => text.is_empty() || is_word(text),
        "qualifiedName" => match text.split_once('/') {
            Some((prefix, name)) => is_subdomain(prefix) && is_word(name),
            None => is_word(text),
        },
        "uri" => text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty()),
        "uuid" => {
            let sizes: Vec<usize> = text.split('-').map(str::len).collect();
            sizes == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        }
        _ => return None,
    })
}

fn is_label(text: &str, most: usize, begins_with_letter: bool) -> bool {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (text.bytes().next(), text.bytes().next_back()) else { return false };
    text.len() <= most
        && is_end(first)
        && is_end(last)
        && (!begins_with_letter || first.is_ascii_lowercase())
        && text.bytes().all(|byte| is_end(byte) || byte == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 253, false))
}

fn is_word(text: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63
        && is_end(text.bytes().next())
        && is_end(text.bytes().next_back())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
