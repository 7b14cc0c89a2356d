//! Values with the shape of another thing: a switch, a number, a path, a file, a type, an address, a sentence.
//!
//! Invariant: a random value has none of these shapes.

use super::super::word_list::WordList;
use super::algorithm::is_algorithm;
use super::{Asked, Step, words};
use crate::scan::secret::pair::key::Nature;

/// Words of configuration that are never a value one keeps secret.
const SETTINGS: &str = "true false yes no on off null none nil undefined enabled disabled enable disable required optional \
    undef string str text number int integer boolean bool object array any float double varchar char byte bytes binary uuid date \
    never always auto automatic manual inherit unset empty default basic bearer digest plain md5 sha1 sha256 sha512 hs256 \
    rs256 es256 bcrypt scrypt argon2 aes scram scram-sha-256 scram-sha-512 trust peer ident ldap oauth oauth2 oidc saml \
    kerberos gssapi negotiate ntlm iam irsa managed interactive prompt stdin env environment file vault secret secrets \
    token password passwd sensitive hidden random generated cookie header query body form session local remote global \
    internal external public private read write readonly strict lax high medium low debug info warn error and or not \
    allow deny reject accept opaque clear_text cleartext plaintext encrypted hashed scram_sha_256 native mysql_native_password \
    caching_sha2_password sha256_password changeit_ unknown invalid valid missing present absent latest stable ifnotpresent";

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

/// Judges `value` by its shape.
pub fn judge(value: &str, asked: Asked<'_>) -> Option<Step> {
    let is_password = asked.nature == Nature::Password;
    if value.contains(['\n', '\r']) || is_setting(value) || is_measure(value) {
        return Some(Step::OtherThing);
    }
    if is_uuid(value) {
        let accepts = matches!(asked.nature, Nature::Token | Nature::Key | Nature::Password)
            || asked.name.is_some_and(|name| name.plain.ends_with("secretid") || name.plain.ends_with("auth"));
        return Some(if accepts { Step::Random } else { Step::OtherThing });
    }
    let is_other = is_path(value)
        || is_file(value)
        || is_url(value)
        || is_module(value)
        || is_dotted(value, is_password)
        || is_address(value)
        || is_algorithm(value)
        || is_table(value, asked)
        || is_artifact(value)
        || is_object(value)
        || is_options(value)
        || is_code(value);
    let is_asked = |kind: &str| asked.name.is_some_and(|name| name.last == kind);
    let is_prose = is_prose(value) && !(is_password && (is_asked("passphrase") || is_phrase(value)));
    (is_other || is_prose).then_some(Step::OtherThing)
}

fn is_setting(value: &str) -> bool {
    // `String!` is a type as well.
    let lower = value.trim_end_matches('!').to_ascii_lowercase();
    value.len() < 24 && SETTINGS.split_ascii_whitespace().any(|word| word == lower)
}

/// `30s`, `10Mi`, `1.5`, `-1`, a date, a version.
fn is_measure(value: &str) -> bool {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let unit = value.get(digits..).unwrap_or_default();
    let is_unit = "ns us ms s m h d w y kb mb gb tb ki mi gi ti k min hours days minutes seconds %";
    let is_short_number = value.len() < 4 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_parted = value.len() < 24
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b':' | b'T' | b'Z' | b'+' | b' '))
        && value.contains(['.', '-', ':'])
        && digits > 0;
    is_short_number || is_parted || (digits > 0 && is_unit.split(' ').any(|known| known.eq_ignore_ascii_case(unit)))
}

/// `8-4-4-4-12` hexadecimal digits.
pub fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Folders of a system that a path begins with.
const ROOTS: [&str; 13] = [
    "/dev/", "/etc/", "/home/", "/mnt/", "/opt/", "/proc/", "/root/", "/run/", "/srv/", "/tmp/", "/usr/", "/var/", "~/",
];

fn is_path(value: &str) -> bool {
    // `LICENSE.2c54f4e1ca1c`: a file with its digest.
    let is_digest = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_digested =
        |step: &str| step.contains('.') && step.split('.').all(|part| is_digest(part) || words::is_wordy_segment(part));
    let is_step =
        |step: &str| step.starts_with('{') && step.ends_with('}') || words::is_wordy_segment(step) || is_digested(step);
    let begins =
        ["/", "./", "../", "~/", "\\\\", "%~", "HKLM:", "HKCU:", "HKEY_"].iter().any(|start| value.starts_with(start));
    let drive = value.as_bytes().get(1..3).is_some_and(|rest| rest == b":\\" || rest == b":/")
        && value.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let is_mixed = value.len() >= 24 && words::looks_random(value) && !value.contains(['.', '-', '_']);
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
        || (begins && !words::looks_random(value.trim_start_matches(['/', '.', '~'])))
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
    segments.len() > 1
        && has_name
        && segments.first().is_some_and(is_name)
        && segments.iter().all(|segment| is_name(segment) || is_port(segment))
}

/// An e-mail address or a host with its user.
fn is_address(value: &str) -> bool {
    value.split_once('@').is_some_and(|(user, host)| {
        let is_host =
            host.contains('.') && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let is_user = !user.is_empty()
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'));
        is_host
            && is_user
            && host
                .rsplit('.')
                .next()
                .is_some_and(|top| top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic()))
    })
}

/// Long text of all kinds of symbols where a machine-made value is expected: the tables of a parser.
fn is_table(value: &str, asked: Asked<'_>) -> bool {
    const LONG: usize = 300;
    let is_odd = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"+/=_-.:%".contains(byte);
    value.len() > LONG && asked.nature != Nature::Password && value.bytes().filter(is_odd).count() * 20 > value.len()
}

/// `jjwt-jackson-0.11.2`: words and a version.
fn is_artifact(value: &str) -> bool {
    let is_name = |name: &str| {
        let letters = |part: &str| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_lowercase());
        name.contains(['-', '.']) && name.split(['-', '.', '_']).all(letters)
    };
    let is_version = |version: &str| {
        version.contains('.')
            && version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    value.rsplit_once('-').is_some_and(|(name, version)| is_name(name) && is_version(version))
}

/// `{"algorithm":"…"}`: a text in JSON, whose own fields are read.
fn is_object(value: &str) -> bool {
    let inner = value.strip_prefix('{').map(str::trim_start).unwrap_or_default();
    value.ends_with('}') && inner.starts_with('"') && inner.contains(':')
}

/// `--password=$3`, `-Dname=value`: options of a program, whose own values are read.
fn is_options(value: &str) -> bool {
    let name = value.strip_prefix("--").or_else(|| value.strip_prefix("-D")).and_then(|rest| rest.split_once('='));
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    name.is_some_and(|(name, _)| name.len() > 2 && name.bytes().all(is_part))
}

/// Code where a value is expected: `a->b`, `x[0]`, `a::b`, `() =>`, `a == b`, `!ref`, a pattern.
fn is_code(value: &str) -> bool {
    let parts = [
        "\\d", "\\w", "\\x", "%2F", "%2f", "[a-z", "[0-9", "(?", "function", "lambda ", "new ", "\\fB", "\\fI", "\\fP",
        "\\fR",
    ];
    let marks = ["->", "::", "=>", "==", "&&", "||", "();"];
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let scoped = value.strip_prefix("::").unwrap_or(value);
    let is_scoped = value.contains("::") && scoped.split("::").all(is_name);
    // Base64 ends with `==`, and a long random value has any two symbols by chance.
    let body = value.trim_end_matches('=');
    let is_random = value.len() >= 20 && !value.contains(' ') && words::looks_random(value);
    parts.iter().any(|mark| body.contains(mark))
        || (!is_random && marks.iter().any(|mark| body.contains(mark)))
        || is_scoped
        || (value.starts_with('^') && value.ends_with('$'))
        || value.ends_with("\\.$")
        || value.strip_suffix(['(', '[']).is_some_and(|name| name.len() > 2 && is_name(name))
        || is_indexed(value)
}

/// `String[1]`, `items[0]`: a type of some length, or an element.
fn is_indexed(value: &str) -> bool {
    let parts = value.strip_suffix(']').and_then(|rest| rest.split_once('['));
    parts.is_some_and(|(name, index)| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && index.len() < 8
            && index.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b' '))
    })
}

/// Words of sentences about passwords, and of the labels of forms.
static SENTENCES: WordList = WordList::new(
    "the a an of to your for is in and with enter password passwords from be this that not or if must at least please use \
    used by on are as it you we can will set when should no only via which value secret key token user username name type \
    new old current default example optional required string text field see create change confirm repeat forgot wrong \
    invalid incorrect missing show hide reset my has have was were its into than then also do does don any all each \
    passwd passphrase login account credentials generated random stored encrypted hashed empty none characters length",
);

/// Whether `value` is a phrase of plain words that says nothing, such as people are told to choose.
fn is_phrase(value: &str) -> bool {
    let words: Vec<&str> = value.split(' ').collect();
    let is_plain = |word: &&str| {
        (3..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()) && !SENTENCES.has(word)
    };
    (4..=8).contains(&words.len()) && words.iter().all(is_plain)
}

/// Words with colons between them, such as `rule:admin`.
fn is_wordy(part: &str) -> bool {
    part.trim_matches(|letter: char| !letter.is_alphanumeric()).split(':').all(words::is_wordy_segment)
}

/// Words with spaces between them, or words of another script.
fn is_prose(value: &str) -> bool {
    if value.ends_with(':') || value.ends_with('?') && value.contains(' ') {
        return true;
    }
    if value.chars().any(|character| character.is_alphabetic() && !character.is_ascii()) {
        let foreign = value.chars().filter(|letter| letter.is_alphabetic() && !letter.is_ascii()).count();
        return foreign * 2 > value.chars().count() || !value.bytes().any(|byte| byte.is_ascii_digit());
    }
    let parts: Vec<&str> = value.split_whitespace().collect();
    let wordy = parts.iter().filter(|part| is_wordy(part)).count();
    parts.len() > 1 && (wordy * 2 >= parts.len() || value.len() < 20)
}
