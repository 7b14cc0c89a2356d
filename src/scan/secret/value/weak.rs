//! Values that say themselves that they are none, and passwords that everybody tries first.
//!
//! Invariant: a word decides only as a whole word, so a password that a person made of words is not thrown away.

use super::super::word_list::WordList;
use super::{Asked, Step, spoken};
use crate::scan::secret::pair::key::Nature;

/// Passwords that everybody tries first, in lower case and without `-`, `_`, `.`, `!` and spaces.
static DEFAULTS: WordList = WordList::new(
    "admin administrator admin123 adminadmin adminpassword adminpass adminpw changeit changeme changethis \
    changeme123 changemeplease pleasechangeme default guest letmein mariadb minio minio123 minioadmin mongo mongodb mysql nopassword pass \
    passw0rd passwd password password1 password12 password123 password1234 passwort postgres postgresql postgrespassword pwd \
    p@ssw0rd p@ssword pa55word pa55w0rd qwerty qwerty123 rabbitmq redis root rootpassword rootpass rootpw rootroot sa secret \
    secretpassword secret123 s3cr3t s3cret super superuser supersecret supersecretpassword sysadmin test testing test123 test1234 \
    testpassword testpass toor user username userpassword userpass welcome welcome1 welcome123 abc123 abcd1234 123 1234 12345 123456 1234567 \
    12345678 123456789 1234567890 123123 111111 000000 654321 foo bar foobar dev demo demopassword devpassword local localhost development \
    mypassword mysecretpassword mysecret mypass verysecret verysecretpassword topsecret notsecure insecure insecureslave unsafe harbor12345 \
    elastic elasticsearch kibana grafana keycloak jenkins nexus sonar sonarqube gitlab vagrant ubuntu debian centos oracle zabbix wordpress \
    drupal joomla magento nextcloud owncloud nginx tomcat manager cassandra neo4j influxdb prometheus airflow superset rundeck \
    bitnami docker kubernetes hello helloworld iloveyou dragon monkey sunshine princess football master shadow login access \
    database dbpassword dbpass dbuser mysqlpassword redispassword app application web api service system public private \
    opensesame tiger whatever nomoresecret sekret supersekret temp temporary tmp temppassword easypass raspberry alpine qwertyuiop asdf asdfgh \
    1q2w3e4r 1qaz2wsx zaq12wsx passpass blank empty sqlserver mssql saadmin pgadmin phpmyadmin pihole homeassistant synapse \
    kennwort geheim motdepasse mdp senha senha123 clave contrasena contraseña wachtwoord heslo haslo hasło parola sifre lösenord azerty masterkey taosdata",
);

/// Words that ask to be replaced, as whole words in lower case.
static ASKING: WordList = WordList::new(
    "your yours ihr votre sua replace replaceme replacewith placeholder redacted insert todo fixme masked tbd removed hidden \
    changeme changethis change_me obfuscated sanitized scrubbed censored omitted fillme fillin notreal unset undefined \
    notset specify setme enter notasecret notapassword",
);
/// Words that say of a token that it is made up, and of a password where it says nothing else.
static HINTING: WordList = WordList::new("here example dummy sample fake mock");
/// Words that say nothing beside those.
static FILLING: WordList = WordList::new(
    "a the my this is it some for of in only please value string text pass pw pwd db database user username admin root \
    app api service server test testing dev prod local default strong secure super very long real actual",
);
/// Words that only made-up tokens have, as whole words in lower case: a password may well hold them.
static MADE_UP: WordList = WordList::new(
    "nonsense foobar lorem ipsum test testing invalid \
    short tooshort mysecret mytoken mykey mysecretkey mysecrettoken myapikey",
);

/// What kinds of secret are called, in lower case.
static KINDS: WordList = WordList::new(
    "password passwd passphrase secret token key apikey api_key accesstoken authtoken clientsecret secretkey \
        privatekey accesskey credentials credential auth bearer basic jwt \
        passwort kennwort senha contrasena contraseña wachtwoord",
);

/// Fewest letters of a value that is the end of its setting's name by no chance.
const LONG_NAME: usize = 12;

/// Judges `value` by what it says of itself.
pub fn judge(value: &str, asked: Asked<'_>) -> Option<Step> {
    if is_masked(value) {
        return Some(Step::Masked);
    }
    if asked.nature == Nature::Password {
        return password(value, asked);
    }
    let words = words(value);
    let says = |word: &String| is_telling(word, value) && (ASKING.has(word) || HINTING.has(word) || MADE_UP.has(word));
    let asks = words.iter().any(says) || begins_with_your(&words) || asks_for_change(&words);
    if asks || is_constant(value) || is_ordered(value) || is_number(value) {
        return Some(Step::Placeholder);
    }
    if is_own_name(value, asked) || DEFAULTS.has(&plain(value)) {
        return Some(Step::OwnName);
    }
    None
}

fn password(value: &str, asked: Asked<'_>) -> Option<Step> {
    let words = words(value);
    let plain = plain(value);
    if is_constant(value) && (words.len() > 1 || value.starts_with("__")) && !is_dated(value, &words) {
        return Some(Step::Placeholder);
    }
    let asks =
        |word: &String| is_telling(word, value) && (ASKING.has(word) || HINTING.has(word) && hints_only(value, &words));
    if asks_for_change(&words) {
        return Some(Step::Default);
    }
    if words.iter().any(asks) && !DEFAULTS.has(&plain)
        || begins_with_your(&words)
        || spoken::tells_its_source(value)
        || tells_the_form(value, &words, asked)
    {
        return Some(Step::Placeholder);
    }
    let letters = value.chars().count();
    if says_only_that_it_is_one(&words) || spoken::says_password(value) {
        return Some(Step::Default);
    }
    let is_user = !asked.user.is_empty() && value.eq_ignore_ascii_case(asked.user);
    let is_known = is_known(&plain);
    // A word that asks to be changed, whatever follows it: `changemebeforeuse`.
    let asks = ["changeme", "changethis", "pleasechange"].iter().any(|word| plain.starts_with(word));
    if is_user || is_known || asks || (is_in_order(value) && letters > 3) || encodes_default(value) {
        return Some(Step::Default);
    }
    if letters < 6 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Step::OtherThing);
    }
    if is_own_name(value, asked) {
        return Some(Step::OwnName);
    }
    match letters {
        3 if asked.name.is_none() => Some(Step::Default),
        0..4 => Some(Step::OtherThing),
        _ => None,
    }
}

/// Whether `plain` is a well-known default, as it is, in another spelling, with one digit after it, or twice.
fn is_known(plain: &str) -> bool {
    let twice = plain.get(..plain.len() / 2).filter(|half| plain.len() == half.len() * 2 && plain.ends_with(half));
    let numbered = plain.strip_suffix(|last: char| last.is_ascii_digit()).filter(|word| word.len() > 3);
    let is_listed = |word: &str| DEFAULTS.has(word);
    is_listed(plain)
        || is_listed(&spoken::respelled(plain))
        || twice.is_some_and(is_listed)
        || numbered.is_some_and(is_listed)
}

/// Whether `value` is base64 of a well-known default, as a Secret holds it that is no YAML yet.
fn encodes_default(value: &str) -> bool {
    const LEAST: usize = 8;
    let is_base64 = value.len() >= LEAST && value.len().is_multiple_of(4);
    let text = is_base64.then(|| super::super::decode::text_of(value)).flatten();
    text.is_some_and(|text| text.trim_end().len() > 3 && DEFAULTS.has(&self::plain(text.trim_end())))
}

/// Whether all words only say that it is a password, such as `my-very-secret-password`.
fn says_only_that_it_is_one(words: &[String]) -> bool {
    words.len() > 1
        && words.iter().any(|word| KINDS.has(word))
        && words.iter().all(|word| FILLING.has(word) || KINDS.has(word))
}

/// `password-goes-here`, and `user:password`: a text that tells how a login is written.
fn tells_the_form(value: &str, words: &[String], asked: Asked<'_>) -> bool {
    let is_here = |pair: &[String]| matches!(pair, [first, second] if first == "goes" && second == "here");
    let is_form = matches!(asked.user, "user" | "username" | "login" | "USER" | "USERNAME")
        && matches!(words, [word] if matches!(word.as_str(), "password" | "pass" | "passwd" | "pwd"));
    let is_word = value.len() > 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()) && asked.name.is_none();
    is_form || is_word && words.iter().any(|word| KINDS.has(word)) || words.windows(2).any(is_here)
}

/// Whether nothing in `value` is more than a hint that it is made up, so that no person chose it.
fn hints_only(value: &str, words: &[String]) -> bool {
    let is_filler = |word: &String| HINTING.has(word) || FILLING.has(word) || KINDS.has(word);
    !value.bytes().any(|byte| byte.is_ascii_digit()) || words.iter().all(is_filler)
}

/// Whether `value` is one of `*`, `x`, `.`, `•` and the like, repeated, or holds no letter and digit at all, or is
/// partly covered.
pub fn is_masked(value: &str) -> bool {
    let mut characters = value.chars();
    let first = characters.next();
    let is_repeated = characters.all(|character| Some(character) == first);
    let lower = value.to_ascii_lowercase();
    let distinct = {
        let mut seen: Vec<char> = Vec::new();
        for character in value.chars().take(64) {
            if !seen.contains(&character) {
                seen.push(character);
            }
            if seen.len() > 2 {
                break;
            }
        }
        seen.len()
    };
    (is_repeated && value.len() > 1)
        || !value.chars().any(char::is_alphanumeric)
        || value.contains("***")
        || value.contains('•')
        || value.contains('…')
        || value.contains("...")
        || lower.contains("xxxx")
        || (lower.starts_with("xxx") && lower.ends_with("xxx"))
        || lower.contains("redacted")
        || value.contains("0000000")
        || value.contains("-----BEGIN") && value.len() < 40
        || (distinct <= 2 && value.chars().count() >= 6)
}

/// `DB_PASSWORD`, `REPLACE_ME`, `__NAME__`: a name in place of a value.
fn is_constant(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    let has_joint = value.contains('_') || value.contains('-');
    let is_upper = value.bytes().all(is_part) && value.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_worded = value.split(['_', '-', '.']).filter(|word| !word.is_empty()).all(|word| {
        let letters = word.bytes().filter(u8::is_ascii_uppercase).count();
        letters * 2 > word.len() || word.bytes().all(|byte| byte.is_ascii_digit())
    });
    (is_upper && has_joint && is_worded && value.len() < 60 && !is_serial(value))
        || (value.starts_with("__") && value.ends_with("__"))
}

/// `ORANGE_THUNDER_2024`: words that ask for nothing, with a year.
fn is_dated(value: &str, words: &[String]) -> bool {
    let year = value.rsplit(['_', '-']).next().unwrap_or_default();
    let is_year = year.len() == 4 && (year.starts_with("19") || year.starts_with("20"));
    let says = |word: &String| KINDS.has(word) || ASKING.has(word) || HINTING.has(word) || FILLING.has(word);
    is_year && year.bytes().all(|byte| byte.is_ascii_digit()) && !words.iter().any(says)
}

/// `T5QRA-23DSX-YZ7VE`: groups of capitals with digits among them, as keys of licences have them.
fn is_serial(value: &str) -> bool {
    const LEAST: usize = 4;
    let is_mixed = |group: &&str| {
        let is_change =
            |pair: &[u8]| matches!(pair, [first, second] if first.is_ascii_digit() && second.is_ascii_alphabetic());
        group.len() >= LEAST && group.as_bytes().windows(2).any(is_change)
    };
    value.split(['_', '-']).filter(is_mixed).count() > 1
}

/// A number that is short enough to count something.
fn is_number(value: &str) -> bool {
    const LONGEST: usize = 19;
    value.len() <= LONGEST && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
}

/// Whether half or more of the neighbours are equal or follow each other, such as `abcdef` and `000000`.
fn is_in_order(value: &str) -> bool {
    let bytes = value.as_bytes();
    let follows = |pair: &&[u8]| matches!(pair, [first, second] if second.wrapping_sub(*first) <= 1);
    let ordered = bytes.windows(2).filter(follows).count();
    bytes.len() > 3 && ordered * 2 > bytes.len() || counts_up(bytes)
}

/// Whether hexadecimal digits are bytes in order, such as `000102030405060708090a0b0c0d0e0f`.
fn counts_up(digits: &[u8]) -> bool {
    const LEAST: usize = 16;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let values: Option<Vec<u32>> =
        digits.chunks(2).map(|pair| Some(digit(pair.first()?)? * 16 + digit(pair.get(1)?)?)).collect();
    let follows = |pair: &&[u32]| matches!(pair, [first, second] if matches!(second.wrapping_sub(*first), 1 | 17));
    let is_long = digits.len() >= LEAST;
    is_long && values.is_some_and(|values| values.windows(2).filter(follows).count() * 5 >= (values.len() - 1) * 4)
}

/// Whether a token or key is in order, as it stands, letter by letter, or in the text that it encodes.
fn is_ordered(value: &str) -> bool {
    is_in_order(value)
        || spoken::is_alphabet(value)
        || super::super::decode::text_of(value).is_some_and(|text| is_in_order(&text))
}

/// Whether `value` is the name of its own setting, or the kind of thing that is asked for.
fn is_own_name(value: &str, asked: Asked<'_>) -> bool {
    let plain = plain(value);
    let letters: String = plain.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    // `storage:SetGuestPassword`: an action of a service.
    let action = value.rsplit_once(':').map_or("", |(_, action)| action);
    KINDS.has(&plain)
        || asked.name.is_some_and(|name| {
            let is_end = letters.len() >= LONG_NAME && name.plain.ends_with(&letters);
            name.plain == letters
                || name.plain.eq_ignore_ascii_case(action)
                || is_end
                || (name.last == plain && plain.len() > 2)
        })
}

/// Whether a word is long enough to be meant, in a value that may be random, or stands apart in it.
fn is_telling(word: &str, value: &str) -> bool {
    let is_apart = || matches!(word, "fake" | "mock") && value.split(['-', '_', '.', ' ']).any(|part| part == word);
    word.len() > 4 || word.len() * 3 >= value.len() || is_apart()
}

/// `test-secret-change-me`.
fn asks_for_change(words: &[String]) -> bool {
    let is_me = |pair: &[String]| matches!(pair, [first, second] if first == "change" && matches!(second.as_str(), "me" | "this" | "it"));
    words.len() > 2 && words.windows(2).any(is_me)
}

fn begins_with_your(words: &[String]) -> bool {
    let begins = |word: &String, beginning: &str| word.starts_with(beginning);
    words.first().is_some_and(|word| begins(word, "replace") || begins(word, "insert"))
        || words.iter().take(2).any(|word| begins(word, "your"))
        || words.join("").starts_with("changeme") && words.len() > 2
}

/// `value` in lower case without what stands between words.
fn plain(value: &str) -> String {
    let is_between = |character: &char| matches!(character, '-' | '_' | '.' | '!' | ' ');
    value.chars().filter(|character| !is_between(character)).collect::<String>().to_ascii_lowercase()
}

/// The words of a value in lower case: runs of letters, parted where a capital begins one.
fn words(value: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in value.chars().take(200) {
        let is_letter = character.is_alphabetic();
        let begins = character.is_uppercase() && before.is_lowercase();
        if let Some(last) = words.last()
            && !last.is_empty()
            && (!is_letter || begins)
        {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| is_letter) {
            last.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}
