//! What stands near a password and makes it one that everybody guesses: its own user.
//!
//! Invariant: looks at [`MAX_AWAY`] bytes before the value and as many after it.

use crate::scan::span::Span;

/// How far from a password its user is looked for, in bytes.
const MAX_AWAY: usize = 300;
/// How far before a value the name of its setting reaches, in bytes.
const MAX_NAME: usize = 60;

/// Whether the password at `span` of `text` is that of a user or a database of the same name nearby, such as
/// `POSTGRES_USER: shop` beside `POSTGRES_PASSWORD: shop`.
pub(super) fn is_its_user(text: &str, span: Span) -> bool {
    let value = span.of(text);
    let start = text.floor_char_boundary(span.start.saturating_sub(MAX_AWAY));
    let end = text.floor_char_boundary((span.end + MAX_AWAY).min(text.len()));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if value.is_empty() || !value.bytes().all(is_plain) {
        return false;
    }
    let window = text.get(start..end).unwrap_or_default();
    window.match_indices(value).any(|(offset, _)| start + offset != span.start && is_user(window, offset, value.len()))
}

/// Whether the key at `span` of `text` only searches, as a page of documentation shows everybody: Algolia's stands
/// between the names of its application and its index.
pub(super) fn is_search_key(text: &str, span: Span) -> bool {
    let start = text.floor_char_boundary(span.start.saturating_sub(MAX_AWAY));
    let end = text.floor_char_boundary((span.end + MAX_AWAY).min(text.len()));
    let window = text.get(start..end).unwrap_or_default();
    let is_hex = span.len() == 32 && span.of(text).bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && ["appId", "appID", "app_id"].iter().any(|name| window.contains(name)) && window.contains("ndexName")
}

/// Whether the access key at `span` of `text` is the name of an account, whose secret key stands beside it.
pub(super) fn is_id_beside_key(text: &str, span: Span) -> bool {
    const LENGTHS: std::ops::RangeInclusive<usize> = 16..=24;
    let is_id = span.of(text).bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !is_id || !LENGTHS.contains(&span.len()) {
        return false;
    }
    let start = text.floor_char_boundary(span.start.saturating_sub(MAX_AWAY));
    let end = text.floor_char_boundary((span.end + MAX_AWAY).min(text.len()));
    let window = text.get(start..end).unwrap_or_default().to_ascii_lowercase();
    ["secret_key", "secretkey", "secret-key", "secret_access", "secretaccess", "secret-access"]
        .iter()
        .any(|name| window.contains(name))
}

/// Whether the salt at `span` of `text` is that of a hash of a password, whose iterations stand beside it.
pub(super) fn is_salt_of_hash(text: &str, span: Span) -> bool {
    let start = text.floor_char_boundary(span.start.saturating_sub(MAX_AWAY));
    let end = text.floor_char_boundary((span.end + MAX_AWAY).min(text.len()));
    text.get(start..end).is_some_and(|window| window.contains("terations"))
}

/// Whether what stands at `offset` is a word of its own, and its line says that it is a user.
fn is_user(window: &str, offset: usize, length: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let bytes = window.as_bytes();
    let before = window.get(..offset).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = line.get(line.floor_char_boundary(line.len().saturating_sub(MAX_NAME))..).unwrap_or_default();
    let is_option = line.ends_with(" -u") || line.ends_with("\"-u");
    let is_apart = is_option || !line.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_');
    let name = line.to_ascii_lowercase();
    let word = name.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let word = word.rsplit([',', ' ', ';', '{', '(', '?', '&']).next().unwrap_or_default();
    let names_user =
        ["user", "username", "login", "_db", "database", "dbname"].iter().any(|known| word.ends_with(known));
    is_apart && (is_option || names_user) && !bytes.get(offset + length).is_some_and(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        let start = text.rfind("shop").unwrap();
        assert_eq!(is_its_user(text, Span::new(start, start + 4)), expected, "{text}");
    }

    #[test]
    fn a_password_is_its_user_when_a_name_beside_it_says_so() {
        check("POSTGRES_USER: shop\nPOSTGRES_PASSWORD: shop", true);
        check("environment:\n  - MYSQL_DATABASE=shop\n  - MYSQL_PASSWORD=shop", true);
        check("${DB_USER:-shop}:${DB_PASSWORD:-shop}", true);
        check("mysqladmin -ushop -pshop", true);
        check("CREATE USER 'shop'@'%' IDENTIFIED BY 'shop'", true);
        check("image: shop\npassword: shop", false);
        check("user: workshop\npassword: shop", false);
        check("user: ann\npassword: shop", false);
    }
}
