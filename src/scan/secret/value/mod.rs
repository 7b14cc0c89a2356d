//! What a value is: one list of steps, the first that knows the value decides.
//!
//! Invariant: judges the value by itself and by what its name asks for; every judgement names the step that made it,
//! and costs the length of the value.

mod algorithm;
mod cipher;
mod fallback;
mod place;
mod public;
mod reference;
mod shape;
mod spoken;
mod weak;
mod words;

pub use cipher::is_broker_hash;
pub use fallback::literal_default;

use super::checksum::Checksum;
use super::entropy::shannon_entropy;
use super::judge::is_documented;
use super::pair::key::{Name, Nature};

/// The step of the judgement that decided about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, or longer than a secret is.
    Size,
    /// Stands for a value that is elsewhere.
    Reference,
    /// Encrypted.
    Ciphertext,
    /// A certificate, a public key, a public identifier.
    Public,
    /// The hash of a password.
    PasswordHash,
    /// The digest of something.
    Digest,
    /// A sample that documentation prints.
    Documented,
    /// A token whose checksum fails.
    Checksum,
    /// Covered with `*`, `x` and the like.
    Masked,
    /// Asks to be replaced.
    Placeholder,
    /// The name of the setting itself.
    OwnName,
    /// A switch, a number, a path, a file, a type, an address, a sentence: no secret.
    OtherThing,
    /// A word that names a thing, where a machine-made value is expected.
    Wording,
    /// A password that everybody tries first.
    Default,
    /// A password or phrase that a person chose.
    Human,
    /// A value that a machine made.
    Random,
}

impl Step {
    /// How a report names the step.
    pub fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Reference => "reference",
            Self::Ciphertext => "ciphertext",
            Self::Public => "public value",
            Self::PasswordHash => "password hash",
            Self::Digest => "digest",
            Self::Documented => "documented example",
            Self::Checksum => "checksum",
            Self::Masked => "masked",
            Self::Placeholder => "placeholder",
            Self::OwnName => "own name",
            Self::OtherThing => "no secret",
            Self::Wording => "wording",
            Self::Default => "well-known default",
            Self::Human => "human-chosen password",
            Self::Random => "random value",
        }
    }
}

/// What is known of the place of a value.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'n> {
    /// What the name asks for.
    pub nature: Nature,
    /// The name, when there is one.
    pub name: Option<&'n Name>,
    /// The user that the password belongs to, when it is known.
    pub user: &'n str,
}

impl<'n> Asked<'n> {
    /// A password without a name, such as that of a URL.
    pub fn password(user: &'n str) -> Self {
        Self { nature: Nature::Password, name: None, user }
    }

    /// What `name` asks for.
    pub fn of(name: &'n Name) -> Self {
        Self { nature: name.nature, name: Some(name), user: "" }
    }
}

/// Longest value that is a secret by its name, in bytes.
const MAX_VALUE: usize = 4096;

/// Longest value that is a secret where the name is vague, in characters: longer ones are data.
const LONGEST_VAGUE: usize = 400;

/// Judges `value`.
pub fn judge(value: &str, asked: Asked<'_>) -> Step {
    let value = value.trim();
    if value.is_empty() || value.len() > MAX_VALUE {
        return Step::Size;
    }
    let steps: [fn(&str, Asked<'_>) -> Option<Step>; 6] =
        [cipher_step, reference_step, public_step, sample_step, weak::judge, shape::judge];
    steps.iter().find_map(|step| step(value, asked)).unwrap_or_else(|| made(value, asked))
}

fn reference_step(value: &str, _: Asked<'_>) -> Option<Step> {
    reference::is_reference(value).then_some(Step::Reference)
}

fn cipher_step(value: &str, _: Asked<'_>) -> Option<Step> {
    if cipher::is_ciphertext(value) {
        return Some(Step::Ciphertext);
    }
    // `$pbkdf2-sha512$${HASH}` names the way alone.
    (cipher::is_password_hash(value) && !value.contains("${")).then_some(Step::PasswordHash)
}

fn public_step(value: &str, asked: Asked<'_>) -> Option<Step> {
    let is_private = asked.name.is_some_and(|name| name.is_private_key);
    // `ARG TINI_KEY=…`: the fingerprint of a key that something is signed with.
    let is_fingerprint = asked.nature == Nature::Vague && value.len() == 40 && is_key_id(value);
    if is_fingerprint || public::is_public(value, is_private) {
        return Some(Step::Public);
    }
    public::is_digest(value).then_some(Step::Digest)
}

fn sample_step(value: &str, _: Asked<'_>) -> Option<Step> {
    if is_documented(value) || public::is_sample(value) || spoken::is_hexspeak(value) {
        return Some(Step::Documented);
    }
    is_dummy_token(value).then_some(Step::Checksum)
}

/// What is left was made by a machine or by a person.
fn made(value: &str, asked: Asked<'_>) -> Step {
    // Which letters follow which is known of those of ASCII alone.
    let looks_random = value.is_ascii() && (words::looks_random(value) || words::is_gibberish(value));
    let length = value.chars().count();
    let is_qualified = asked.name.is_some_and(|name| name.is_qualified);
    match asked.nature {
        Nature::Password if looks_random => Step::Random,
        Nature::Password => Step::Human,
        Nature::Key if asked.name.is_some_and(Name::is_of_object) && is_joined_name(value) => Step::Wording,
        Nature::Token if looks_random && length >= 10 => Step::Random,
        Nature::Key if looks_random && length >= 8 => Step::Random,
        Nature::Token | Nature::Key
            if names_secret(value) || spoken::names_kind(value) || spoken::names_type(value) =>
        {
            Step::Wording
        }
        Nature::Token if length >= 12 && words::is_mixed(value) && !words::is_name(value) => Step::Human,
        Nature::Key if length >= 8 && words::is_mixed(value) && !is_label(value, is_qualified) => Step::Human,
        Nature::Key if asked.name.is_some_and(is_told_secret) && spoken::is_camel_phrase(value) => Step::Human,
        Nature::Vague if (least_vague(value)..=LONGEST_VAGUE).contains(&length) && looks_random && is_dense(value) => {
            Step::Random
        }
        Nature::Token | Nature::Key | Nature::Vague => Step::Wording,
    }
}

/// Shortest value that is a secret where the name is vague, in characters.
fn least_vague(value: &str) -> usize {
    if words::is_scrambled(value) { 12 } else { 16 }
}

/// Whether `value` is a name of words with joints, in lower case.
fn is_joined_name(value: &str) -> bool {
    value.contains(['-', '_', '.', '/']) && words::is_name(value)
}

/// Whether a name says what its secret is for: `jwtSecret`.
fn is_told_secret(name: &Name) -> bool {
    name.is_qualified && name.last == "secret"
}

/// Whether a value is the name of a secret, such as `github-token`: words in lower case, the last of which says so.
fn names_secret(value: &str) -> bool {
    // `OS-OAUTH1:access_token`: the name of a kind, and its owner.
    let value = value.rsplit(':').next().unwrap_or(value);
    let last = value.rsplit(['-', '_', '.']).next().unwrap_or(value);
    let kinds = [
        "token",
        "tokens",
        "secret",
        "secrets",
        "key",
        "keys",
        "passwords",
        "credentials",
        "creds",
        "id",
        "tls",
        "cert",
        "auth",
    ];
    let is_kind = kinds.contains(&last);
    is_kind && last.len() < value.len() && words::is_name(value)
}

/// Whether a value is a name rather than a phrase, which a setting that says what it is for may hold.
fn is_label(value: &str, is_qualified: bool) -> bool {
    const FEWEST: usize = 3;
    let parts = || value.split(['-', '_', '.']).filter(|part| !part.is_empty());
    let is_named = || parts().any(|part| matches!(part, "creds" | "credentials"));
    words::is_name(value) && (!is_qualified || parts().count() < FEWEST || is_named())
}

/// Whether a value is a password by its look alone: letters, digits and a capital or a symbol, which no remark has.
pub fn is_deliberate(value: &str) -> bool {
    const LEAST: usize = 8;
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let is_long = value.len() >= LEAST && !value.contains([' ', '(', ')', '<', '>', '{', '[', '/', '\\', '=']);
    let is_strong = has(u8::is_ascii_uppercase) || value.contains(['!', '@', '#', '$', '%', '^', '&', '?', '+']);
    is_long && is_strong && has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase)
}

/// Whether a password is more than a word that a program shows: it has a digit, a symbol inside, or no words.
pub fn is_no_label(value: &str) -> bool {
    let inner = value.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    value.bytes().any(|byte| byte.is_ascii_digit())
        || inner.contains(['!', '@', '^', '&'])
            && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!@^&#$*+_-".contains(&byte))
        || words::is_gibberish(value)
}

/// Whether a value is too random to be an identifier.
fn is_dense(value: &str) -> bool {
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = if is_hex { 3.0 } else { 3.6 };
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && shannon_entropy(value) >= least && !shape::is_uuid(value)
}

/// Whether `value` is the id or the fingerprint of a key of PGP.
pub fn is_key_id(value: &str) -> bool {
    matches!(value.len(), 8 | 16 | 40)
        && value.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

/// Whether `value` has the shape of a token whose checksum fails.
pub fn is_dummy_token(value: &str) -> bool {
    let checked = [
        ("ghp_", Checksum::Crc32Base62),
        ("npm_", Checksum::Crc32Base62),
        ("github_pat_", Checksum::GithubFineGrained),
        ("glsa_", Checksum::Grafana),
        ("vcp_", Checksum::Vercel),
        ("AGE-SECRET-KEY-1", Checksum::Age),
    ];
    checked.iter().any(|(prefix, checksum)| value.starts_with(prefix) && !checksum.holds(value))
}

#[cfg(test)]
mod tests;
