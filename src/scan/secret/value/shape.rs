//! Values with the shape of another thing: a switch, a number, a path, a file, a type, an address, a sentence.
//!
//! Invariant: a random value has none of these shapes.

use super::super::word_list::WordList;
use super::algorithm::is_algorithm;
use super::place::is_place;
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
    caching_sha2_password sha256_password changeit_ name unknown invalid valid missing present absent latest stable ifnotpresent \
    wrong incorrect";

/// Judges `value` by its shape.
pub fn judge(value: &str, asked: Asked<'_>) -> Option<Step> {
    let is_password = asked.nature == Nature::Password;
    if is_mnemonic(value, asked) {
        return Some(Step::Random);
    }
    if value.contains(['\n', '\r']) || is_setting(value) || is_measure(value) {
        return Some(Step::OtherThing);
    }
    if is_uuid(value) {
        let accepts = matches!(asked.nature, Nature::Token | Nature::Key | Nature::Password)
            || asked.name.is_some_and(|name| name.plain.ends_with("secretid") || name.plain.ends_with("auth"));
        return Some(if accepts { Step::Random } else { Step::OtherThing });
    }
    let is_other = is_place(value, is_password)
        || is_address(value)
        || is_algorithm(value)
        || is_table(value, asked)
        || is_artifact(value)
        || is_object(value)
        || is_options(value)
        || is_named_options(value)
        || is_rule(value)
        || is_code(value);
    let is_asked = |kind: &str| asked.name.is_some_and(|name| name.last == kind);
    let is_prose = is_prose(value) && !(is_password && (is_asked("passphrase") || is_phrase(value)));
    (is_other || is_prose).then_some(Step::OtherThing)
}

fn is_setting(value: &str) -> bool {
    // `String!` and `String?` are types as well.
    let lower = value.trim_end_matches(['!', '?']).to_ascii_lowercase();
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

/// The words that a wallet is made again from, which are a sentence to all other names.
fn is_mnemonic(value: &str, asked: Asked<'_>) -> bool {
    const FEWEST_KINDS: usize = 8;
    let is_asked = asked.name.is_some_and(|name| matches!(name.last.as_str(), "mnemonic" | "seed"));
    let mut words: Vec<&str> = if is_asked { value.split(' ').collect() } else { Vec::new() };
    let is_word = |word: &&str| (3..=8).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_whole = matches!(words.len(), 12 | 15 | 18 | 21 | 24) && words.iter().all(is_word);
    words.sort_unstable();
    words.dedup();
    // Everybody's own is one word again and again.
    is_whole && words.len() >= FEWEST_KINDS
}

/// `required|min:8|confirmed`: how a form checks what is entered.
fn is_rule(value: &str) -> bool {
    let rules = ["required", "sometimes", "nullable", "string", "confirmed", "min", "max", "filled", "present", "trim"];
    let mut parts = value.split('|').map(|part| part.split(':').next().unwrap_or(part));
    value.contains('|') && parts.any(|part| rules.contains(&part))
}

/// `db-password,type=env,target=PASSWORD`: the name of an object, with options.
fn is_named_options(value: &str) -> bool {
    let mut parts = value.split(',');
    let is_name = parts.next().is_some_and(words::is_wordy_segment);
    let is_option = |part: &str| part.split_once('=').is_some_and(|(name, _)| words::is_name(name));
    is_name && value.contains(',') && parts.all(is_option)
}

/// Code where a value is expected: `a->b`, `x[0]`, `a::b`, `() =>`, `a == b`, `!ref`, a pattern.
fn is_code(value: &str) -> bool {
    let parts = [
        "\\d", "\\w", "\\x", "\\S+", "\\s", "%2F", "%2f", "[a-z", "[A-Z", "[0-9", "(?", "function", "lambda ", "new ",
        "\\fB", "\\fI", "\\fP", "\\fR",
    ];
    let marks = ["->", "::", "=>", "==", "&&", "||", "();"];
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let scoped = value.strip_prefix("::").unwrap_or(value);
    let is_scoped = value.contains("::") && scoped.split("::").all(is_name);
    // Base64 ends with `==`, and a long random value has any two symbols by chance.
    let body = value.trim_end_matches('=');
    let is_long = value.len() >= 20 || value.len() >= 12 && words::is_scrambled(value);
    let is_random = is_long && !value.contains(' ') && words::looks_random(value);
    parts.iter().any(|mark| body.contains(mark))
        || (!is_random && marks.iter().any(|mark| body.contains(mark)))
        || is_scoped
        || (value.starts_with('^') && value.ends_with('$'))
        || value.ends_with("\\.$")
        || value.ends_with(".*")
        || value.strip_suffix(['(', '[']).is_some_and(|name| name.len() > 2 && is_name(name))
        || is_indexed(value)
        || is_member(value)
}

/// `found["name"]`, `request.body['name']`, `fs.read('name'`: a part of an object.
fn is_member(value: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let Some((name, rest)) = value.split_once(['(', '[']) else { return false };
    let is_asked = name.contains('.') || value.as_bytes().get(name.len()) == Some(&b'[');
    is_asked && rest.starts_with(['"', '\'']) && name.split('.').all(is_name)
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

/// Whether `value` is a phrase of plain words that says nothing, such as people are told to choose, or two with a number.
fn is_phrase(value: &str) -> bool {
    let words: Vec<&str> = value.split(' ').collect();
    let is_plain = |word: &&str| {
        (3..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase()) && !SENTENCES.has(word)
    };
    let is_number = |word: &str| (2..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    match words.split_last() {
        Some((last, words)) if is_number(last) => (2..=8).contains(&words.len()) && words.iter().all(is_plain),
        _ => (4..=8).contains(&words.len()) && words.iter().all(is_plain),
    }
}

/// Words with colons between them, such as `rule:admin`.
fn is_wordy(part: &str) -> bool {
    part.trim_matches(|letter: char| !letter.is_alphanumeric()).split(':').all(words::is_wordy_segment)
}

/// Words with spaces between them, or words of another script.
fn is_prose(value: &str) -> bool {
    let is_label =
        |label: &str| label.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ':' | '!'));
    if value.strip_suffix(':').is_some_and(|label| label.contains(' ') || is_label(label))
        || value.ends_with('?') && value.contains(' ')
    {
        return true;
    }
    let is_foreign = |letter: &char| letter.is_alphabetic() && !letter.is_ascii();
    if value.chars().any(|letter| is_foreign(&letter)) {
        let foreign = value.chars().filter(is_foreign).count();
        // A sentence of a script that has no spaces is one word to us.
        let is_sentence = value.chars().any(is_unspaced) && foreign * 2 > value.chars().count();
        return is_sentence || value.contains(' ') || !value.bytes().any(|byte| byte.is_ascii_digit());
    }
    let parts: Vec<&str> = value.split_whitespace().collect();
    let wordy = parts.iter().filter(|part| is_wordy(part)).count();
    parts.len() > 1 && (wordy * 2 >= parts.len() || value.len() < 20)
}

/// Whether a letter is one of a script that is written without spaces: those of China, Japan and Thailand.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{0E00}'..='\u{0E7F}' | '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}')
}
