//! Values that are no secrets: references, placeholders, documented samples.
//!
//! Invariant: judges the value alone, without its place; a human-chosen password is not a placeholder.

use sha2::{Digest, Sha256};

use super::super::checksum::hex;

/// SHA-256 of samples that providers print in their documentation; hashes, because the samples themselves have the
/// shape of secrets.
const DOCUMENTED: &[&str] = &[
    // Stripe's sample keys, of the requests in its API reference now and earlier.
    "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",
    "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",
    // The keys of Azure's storage and Cosmos DB emulators.
    "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
    "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",
];
/// Longest documented sample, in bytes.
const MAX_DOCUMENTED_BYTES: usize = 128;

/// Words that only made-up tokens contain, in lower case.
const MADE_UP_WORDS: &[&str] = &[
    "example",
    "xxxx",
    "your",
    "redacted",
    "placeholder",
    "dummy",
    "sample",
    "replace",
    "changeme",
    "insert",
    "secret",
];

/// Passwords that everybody tries first, in lower case and without `-`, `_`, `.` and `!`.
const DEFAULTS: &str = "admin administrator changeit changeme default guest letmein mariadb minio minio123 minioadmin mongo \
    mongodb mysql nopassword pass passw0rd passwd password password1 password123 postgres postgresql pwd \
    qwerty rabbitmq redis root sa secret super superuser sysadmin test testing test123 toor user \
    username welcome abc123 123 1234 12345 123456 12345678 123456789 1234567890 foo bar foobar dev demo \
    local localhost development";

/// Whether a provider's documentation prints `value`.
pub(in super::super) fn is_documented(value: &str) -> bool {
    let hash = || hex(&Sha256::digest(value.as_bytes()));
    value.len() <= MAX_DOCUMENTED_BYTES && DOCUMENTED.contains(&hash().as_str())
}

/// Whether the random part of a token is made up: words, one character repeated, or an alphabet in order.
pub(super) fn is_made_up(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    MADE_UP_WORDS.iter().any(|word| lower.contains(word)) || is_mostly_in_order(body.as_bytes())
}

/// Whether half or more of the neighbours are equal or follow each other, such as `abcdef` and `000000`.
fn is_mostly_in_order(bytes: &[u8]) -> bool {
    let follows = |pair: &&[u8]| matches!(pair, [first, second] if second.wrapping_sub(*first) <= 1);
    let ordered = bytes.windows(2).filter(follows).count();
    bytes.len() > 3 && ordered * 2 >= bytes.len() - 1
}

/// Whether `value` stands for a value that is elsewhere or is filled in later, such as `${PASSWORD}`, `<password>`,
/// `***` or `{{ .Values.password }}`.
pub(super) fn is_reference(value: &str) -> bool {
    let marks = ["${", "{{", "$(", "#{", "%(", "%{", "<%", "@@", "[[", "ENC["];
    let wrapped = [('<', '>'), ('[', ']'), ('{', '}'), ('%', '%'), ('(', ')')];
    let is_variable =
        |name: &str| name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    marks.iter().any(|mark| value.contains(mark))
        || wrapped.iter().any(|(open, close)| value.len() > 1 && value.starts_with(*open) && value.ends_with(*close))
        || value.strip_prefix('$').is_some_and(is_variable)
        || value.strip_prefix("\\$").is_some()
        || (value.len() == 2 && value.starts_with('%'))
        || is_masked(value)
}

/// Whether `value` is one of `*`, `x`, `.`, `•` and the like, repeated, or holds no letter and digit at all.
fn is_masked(value: &str) -> bool {
    let mut characters = value.chars();
    let first = characters.next();
    let repeated = characters.all(|character| Some(character) == first);
    let filler = first.is_some_and(|first| matches!(first, '*' | 'x' | 'X' | '.' | '-' | '_' | '•' | '#' | '?'));
    (repeated && filler) || !value.chars().any(char::is_alphanumeric) || value.contains("***")
}

/// Whether `value` asks to be replaced, such as `your-password` or `__REPLACE_ME__`.
pub(super) fn is_placeholder(value: &str) -> bool {
    const ASKS: &[&str] =
        &["your", "replace", "placeholder", "redacted", "xxxx", "example", "insert", "todo", "masked"];
    let lower = value.to_ascii_lowercase();
    let name_like = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let names_itself = ["PASS", "PWD", "SECRET", "TOKEN"].iter().any(|word| value.contains(word));
    ASKS.iter().any(|word| lower.contains(word)) || (name_like && names_itself) || value.starts_with("__")
}

/// Whether `value` is a password that everybody tries first, the user's own name, or tried at once for being so short.
pub(super) fn is_default(value: &str, user: &str) -> bool {
    const SHORTEST: usize = 4;
    let plain: String = value.chars().filter(|character| !matches!(character, '-' | '_' | '.' | '!')).collect();
    let plain = plain.to_ascii_lowercase();
    value.chars().count() < SHORTEST
        || DEFAULTS.split(' ').any(|default| default == plain)
        || (!user.is_empty() && value.eq_ignore_ascii_case(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, reference: bool, placeholder: bool, default: bool) {
        let actual = (is_reference(value), is_placeholder(value), is_default(value, "app"));
        assert_eq!(actual, (reference, placeholder, default), "{value}");
    }

    #[test]
    fn references_placeholders_and_defaults_are_told_apart() {
        for value in
            ["${PASSWORD}", "$PASSWORD", "$(PASSWORD)", "{{ .p }}", "<password>", "***", "%s", "xxxx", "...", "[pass]"]
        {
            assert!(is_reference(value), "{value}");
        }
        check("your-password", false, true, false);
        check("__REPLACE_ME__", false, true, false);
        check("DB_PASSWORD", false, true, false);
        check("change-me", false, false, true);
        check("Password", false, false, true);
        check("app", false, false, true);
        check("hunter2", false, false, false);
        check("correct-horse-battery", false, false, false);
        check("pa$word", false, false, false);
    }

    #[test]
    fn made_up_tokens_are_words_or_alphabets() {
        for body in ["abcdefghijklmnop", "1234567890", "EXAMPLEKEY", "your-token-here", "0000000000"] {
            assert!(is_made_up(body), "{body}");
        }
        for body in ["q8Zt3LkW0vBn", "51HqLyjWDarj"] {
            assert!(!is_made_up(body), "{body}");
        }
    }
}
