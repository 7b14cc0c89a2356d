//! Values that say where a thing is or what it is called: a path, a file, a URL, a module, a name with dots.
//!
//! Invariant: a random value is none of these, whatever marks it has by chance.

use super::words;

/// Endings of file names.
const ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".crt",
    ".cer",
    ".der",
    ".txt",
    ".json",
    ".yaml",
    ".yml",
    ".env",
    ".p12",
    ".pfx",
    ".jks",
    ".conf",
    ".cfg",
    ".ini",
    ".pub",
    ".asc",
    ".gpg",
    ".toml",
    ".properties",
    ".xml",
    ".sh",
    ".js",
    ".ts",
    ".py",
    ".php",
    ".html",
    ".sql",
    ".log",
    ".kdbx",
    ".secret",
    ".password",
    ".token",
    ".tpl",
    ".tf",
    ".hcl",
    ".go",
    ".java",
    ".rb",
    ".rs",
    ".md",
    ".sock",
    ".db",
    ".keystore",
    ".truststore",
    ".age",
    ".enc",
    ".sops",
    ".so",
    ".jar",
    ".svg",
    ".png",
    ".csv",
    ".local",
    ".svc",
];

/// Whether `value` says where a thing is, or is a name with dots or slashes in it.
pub(super) fn is_place(value: &str, is_password: bool) -> bool {
    is_path(value, is_password) || is_file(value) || is_url(value) || is_module(value) || is_dotted(value, is_password)
}

/// Folders of a system that a path begins with.
const ROOTS: [&str; 13] = [
    "/dev/", "/etc/", "/home/", "/mnt/", "/opt/", "/proc/", "/root/", "/run/", "/srv/", "/tmp/", "/usr/", "/var/", "~/",
];

fn is_path(value: &str, is_password: bool) -> bool {
    // `LICENSE.2c54f4e1ca1c`: a file with its digest.
    let is_digest = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_digested =
        |step: &str| step.contains('.') && step.split('.').all(|part| is_digest(part) || words::is_wordy_segment(part));
    let is_step =
        |step: &str| step.starts_with('{') && step.ends_with('}') || words::is_wordy_segment(step) || is_digested(step);
    let begins = ["/", "./", "../", "~/", "#/", "\\\\", "%~", "HKLM:", "HKCU:", "HKEY_"]
        .iter()
        .any(|start| value.starts_with(start));
    let drive = value.as_bytes().get(1..3).is_some_and(|rest| rest == b":\\" || rest == b":/")
        && value.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let is_mixed = value.len() >= 24 && words::looks_random(value) && !value.contains(['.', '-', '_']);
    // `copper/Lantern42`
    let is_chosen = is_password
        && value.bytes().any(|byte| byte.is_ascii_uppercase())
        && is_numbered_pair(&value.split('/').collect::<Vec<_>>());
    let is_mixed = is_mixed || is_chosen || words::is_scrambled(value);
    let is_relative = value.contains('/') && !is_mixed && value.split(['/', '#', ':']).all(is_step);
    let is_of_system = ROOTS.iter().any(|root| value.starts_with(root));
    let is_rooted = value.strip_prefix('/').is_some_and(|rest| {
        let is_folder = |step: &str| step.len() > 1 && step.bytes().all(|byte| byte.is_ascii_lowercase());
        rest.matches('/').count() > 2 && rest.split('/').take(2).all(is_folder)
    });
    drive
        || is_of_system
        || is_rooted
        || is_relative
        || (begins && !words::looks_random(value.trim_start_matches(['/', '.', '~', '#'])))
}

fn is_file(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if lower == ".htpasswd" {
        return true;
    }
    let named = ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending));
    named.is_some_and(|name| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
    })
}

fn is_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, _)| {
        (2..24).contains(&scheme.len())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':'))
    }) || (value.starts_with("//") && !words::looks_random(value))
        || value.starts_with("mailto:")
        || value.starts_with("urn:")
        || value.starts_with("www.")
}

/// `acme.commands.genpwd:main`: a path of names in lower case.
fn is_module(value: &str) -> bool {
    let is_name = |name: &str| name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    value.contains('.') && value.contains(':') && value.split(['.', ':']).all(is_name)
}

/// `config.password`, `com.acme.Thing`, `db.example.com`, `redis:6379`.
fn is_dotted(value: &str, is_password: bool) -> bool {
    let whole = if is_password { value } else { value.trim_end_matches('.') };
    let segments: Vec<&str> = whole.split(['.', ':']).collect();
    let is_name = |segment: &&str| {
        let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
        let is_plain = segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        // Random letters of both cases have short runs, which are words to a name.
        let is_random = segment.len() >= 16 && words::looks_random(segment);
        is_plain && letters > 0 && !is_random && (words::is_wordy_segment(segment) || segment.len() < 4)
    };
    let is_port =
        |segment: &&str| !segment.is_empty() && segment.len() < 6 && segment.bytes().all(|byte| byte.is_ascii_digit());
    let has_name =
        segments.iter().filter(|segment| segment.len() > 1).count() > usize::from(is_password && !value.contains('.'));
    // Short words such as `string` have few vowels, which makes them random to the test of names.
    let is_plain_path = !is_password
        && segments.len() > 1
        && segments
            .iter()
            .all(|part| (2..=14).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    if is_plain_path {
        return true;
    }
    segments.len() > 1
        && has_name
        && !words::is_scrambled(value)
        && !(is_password && (is_numbered_pair(&segments) || is_split_password(value)))
        && segments.first().is_some_and(is_name)
        && segments.iter().all(|segment| is_name(segment) || is_port(segment))
}

/// `river.lantern7`: two words, the last of which people give a number. What has a word for a password is a field of a
/// form, and `node1.internal2` has a number in both.
fn is_numbered_pair(segments: &[&str]) -> bool {
    let [first, last] = segments else { return false };
    let letters = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_word = |word: &str| {
        let lower = word.to_ascii_lowercase();
        word.len() > 3
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !["pass", "form", "auth", "conf", "config", "keys"].contains(&&*lower)
            && !["password", "passwd", "secret", "token"].iter().any(|kind| lower.contains(kind))
    };
    (1..=4).contains(&(last.len() - letters.len())) && is_word(first) && is_word(letters)
}

/// Endings of the names of hosts that are longer than a country's.
const TOP: [&str; 12] = [
    "local",
    "internal",
    "localhost",
    "info",
    "cloud",
    "cluster",
    "online",
    "domain",
    "example",
    "test",
    "home",
    "arpa",
];

/// `Lantern.2041` and `41river.lantern`: a word with a number after a dot, which no port has, and a number, a word and
/// another word, which is no host.
fn is_split_password(value: &str) -> bool {
    const LEAST: usize = 4;
    let Some((first, last)) = value.split_once('.') else { return false };
    let is_word = |word: &str| word.len() >= LEAST && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let number = first.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_numbered = || {
        number.len() > 1
            && is_number(number)
            && is_word(first.get(number.len()..).unwrap_or_default())
            && is_word(last)
            && !TOP.contains(&last)
    };
    let names_it = ["pass", "secret", "token"].iter().any(|kind| value.to_ascii_lowercase().contains(kind));
    !names_it && ((3..=6).contains(&last.len()) && is_number(last) && is_word(first) || is_numbered())
}
