//! Values that are encrypted, and hashes of passwords.
//!
//! Invariant: known by marks that only these have, never by looking random.

/// What ciphertext begins with.
const PREFIXES: &[&str] = &[
    "ENC[",
    "ENC(",
    "ENCRYPTED[",
    "{cipher}",
    "$ANSIBLE_VAULT",
    "-----BEGIN AGE ENCRYPTED",
    "-----BEGIN PGP MESSAGE",
    "vault:v1:",
    "vault:v2:",
    "U2FsdGVkX1",
    "{aes}",
    "{AES}",
    "{DES}",
    "{3DES}",
    "!encrypted",
    "encrypted:",
    "enc:",
    "crypt:",
    "CRYPT:",
    "age-encryption.org",
    "YWdlLWVuY3J5cHRpb24ub3Jn",
    "01000000d08c9ddf",
    "AQICAH",
    "AQECAH",
    "$CIPHER$",
    "{encrypted}",
    "DEC(",
    "PBE(",
    "secure:",
    "pkcs11:",
    "NACL[",
    "$encrypted$",
    "__encrypt__",
    "$secret$",
];

/// Base64 that is ciphertext when it is long: sealed secrets, Fernet tokens, key services, a browser's logins.
const LONG_PREFIXES: &[(&str, usize)] = &[
    ("AgA", 200),
    ("AgB", 200),
    ("AgC", 200),
    ("AgD", 200),
    ("gAAAAA", 80),
    ("CiQA", 80),
    ("CiC", 150),
    ("AQE", 200),
    ("CiAA", 80),
    ("AQIDAHh", 60),
    ("AwAA", 200),
    ("AQIAA", 100),
];

/// What the hash of a password begins with.
const HASHES: &[&str] = &[
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$7$",
    "$apr1$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$2x$",
    "$argon2",
    "$scrypt$",
    "$pbkdf2",
    "$P$",
    "$H$",
    "$gy$",
    "$bcrypt",
    "{SHA}",
    "{SSHA",
    "{SHA256}",
    "{SHA512}",
    "{CRYPT}",
    "{BCRYPT}",
    "{bcrypt}",
    "{MD5}",
    "{SMD5}",
    "{PBKDF2",
    "{pbkdf2}",
    "{argon2",
    "pbkdf2_sha256$",
    "pbkdf2_sha1$",
    "bcrypt_sha256$",
    "bcrypt$",
    "argon2$",
    "argon2id$",
    "SCRAM-SHA-256$",
    "SCRAM-SHA-512$",
    "HMACSHA1:",
    "HMACSHA2+",
    "SCRAM-SHA-1$",
    "scrypt:",
    "pbkdf2:sha",
    "sha1$",
    "sha256$",
    "sha512$",
    "$sha1$",
    "$5x$",
    "{ARGON2",
    "{scrypt}",
];

/// Whether `value` is encrypted.
pub fn is_ciphertext(value: &str) -> bool {
    let long = |(prefix, least): &(&str, usize)| value.len() >= *least && value.starts_with(prefix);
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || LONG_PREFIXES.iter().any(long)
        || value.contains("EEPgAAAAAAAAAAAAAAAAA")
        || is_braced_base64(value)
        || is_jwe(value)
}

/// `{COQLCE6DU6GtcS5P=}`, as Maven encrypts.
fn is_braced_base64(value: &str) -> bool {
    let inner = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    inner.is_some_and(|inner| inner.len() >= 16 && inner.bytes().all(is_base64))
}

/// Five parts, the first a header in base64: encrypted for its receiver.
fn is_jwe(value: &str) -> bool {
    value.starts_with("eyJ") && value.split('.').count() == 5
}

/// Whether `value` is the hash of a password.
pub fn is_password_hash(value: &str) -> bool {
    let escaped = value.starts_with("$$") && HASHES.iter().any(|prefix| value.replace("$$", "$").starts_with(prefix));
    let has_prefix = HASHES.iter().any(|prefix| value.starts_with(prefix)) && value.len() >= 20;
    let is_postgres = value.strip_prefix("md5").is_some_and(|rest| rest.len() == 32 && is_hex(rest));
    let is_mysql = value.strip_prefix('*').is_some_and(|rest| rest.len() == 40 && is_hex(rest));
    (escaped && value.len() >= 20)
        || has_prefix
        || is_postgres
        || is_mysql
        || is_notebook(value)
        || is_marked_hash(value)
}

/// `sha1:salt:hash`, as Jupyter writes it.
fn is_notebook(value: &str) -> bool {
    let mut parts = value.split(':');
    let is_known = matches!(parts.next(), Some("sha1" | "sha256" | "sha512"));
    let is_part = |part: &str, least: usize| part.len() >= least && is_hex(part);
    is_known && parts.next().is_some_and(|salt| is_part(salt, 8)) && parts.next().is_some_and(|hash| is_part(hash, 40))
}

/// Whether `value` is a salt and a hash in base64, as `RabbitMQ` keeps them, which nothing but its name tells.
pub fn is_broker_hash(value: &str) -> bool {
    const LENGTH: usize = 48;
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    value.len() == LENGTH
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// `{SHA384}…` of directories, and `$2$salt$hash`, the form of crypt: known by their shape, whatever the algorithm.
fn is_marked_hash(value: &str) -> bool {
    const LEAST: usize = 20;
    const LONGEST_MARK: usize = 16;
    let is_scheme = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    let is_plain = |scheme: &str| ["PLAIN", "CLEAR", "CLEARTEXT", "NOOP", "TOTP"].contains(&scheme);
    let scheme = value.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let is_directory = scheme.is_some_and(|(scheme, hash)| {
        (3..LONGEST_MARK).contains(&scheme.len())
            && scheme.bytes().all(is_scheme)
            && !is_plain(scheme)
            && hash.len() >= LEAST
            && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=$.|,".contains(&byte))
    });
    let mut parts = value.strip_prefix('$').unwrap_or_default().split('$');
    let mark = parts.next().unwrap_or_default();
    let is_mark = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=.,".contains(&byte);
    let rest: Vec<&str> = parts.collect();
    let is_crypt = (1..LONGEST_MARK).contains(&mark.len())
        && mark.bytes().all(is_mark)
        && rest.len() >= 2
        && rest.last().is_some_and(|hash| hash.len() >= LEAST)
        && rest.iter().all(|part| part.bytes().all(is_encoded));
    is_directory || is_crypt
}

/// Whether `text` is hexadecimal.
pub fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
