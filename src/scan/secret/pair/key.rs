//! What the name of a setting says of its value: a password, a token, a key, perhaps a secret, or nothing of it.
//!
//! Invariant: decides by the words of the name, whatever their style (`dbPassword`, `DB_PASSWORD`, `db.password`), and
//! costs the length of the name.

mod foreign;
mod lists;

use std::sync::LazyLock;

use super::super::keywords::Keywords;
use crate::scan::span::Span;
use lists::{
    COMMUNITY, KEYS, MACHINE_KEYS, OTHER_AFTER, OTHER_BEFORE, OTHER_KEYS, PASSWORDS, SAME_AFTER, SECRET_KEYS, SERVICES,
    STEMS, TOKENS, VAGUE,
};

/// What the value of a secret name is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A password: people choose it.
    Password,
    /// A token or API key: a machine makes it.
    Token,
    /// A key or shared secret: made by a machine, or chosen by a person where its name says what it is for.
    Key,
    /// A name that often stands for other things too: only a random value is a secret.
    Vague,
}

/// Longest name that is looked at, in bytes.
const MAX_NAME: usize = 120;

/// A name with what it says.
#[derive(Clone, Debug)]
pub struct Name {
    /// What its value is expected to be.
    pub nature: Nature,
    /// Whether the name says what the secret is for, or is that of an environment variable: a phrase is a secret then.
    pub is_qualified: bool,
    /// Its letters and digits in lower case.
    pub plain: String,
    /// Its last word.
    pub last: String,
    /// Whether it names a private key.
    pub is_private_key: bool,
}

impl Name {
    /// Reads `name`; `None` when it is not the name of a secret.
    pub fn read(name: &str) -> Option<Self> {
        if name.len() > MAX_NAME {
            return None;
        }
        let name = &*foreign::in_ascii(name);
        Self::of(name, &Words::of(name)?)
    }

    fn of(name: &str, words: &Words) -> Option<Self> {
        let Words { plain, .. } = words;
        let words = words.list();
        if is_type(name) || name.eq_ignore_ascii_case("from_secret") || is_of_form(&words) {
            return None;
        }
        let nature = known(name).or_else(|| nature(&words)).or_else(|| nature_of_last(name))?;
        if nature == Nature::Vague && name.contains('.') && known(name).is_none() {
            // `auth.revision`: a vague word above says nothing of what stands below it.
            let last = name.rsplit('.').next().unwrap_or(name);
            // `wechat.shop.key`: the word before it is the key's own. That of a consumer is its name.
            if last != "key" || name.ends_with("consumer.key") {
                self::nature(&Words::of(last)?.list())?;
            }
        }
        let is_constant =
            name.bytes().any(|byte| byte.is_ascii_uppercase()) && !name.bytes().any(|byte| byte.is_ascii_lowercase());
        Some(Self {
            nature,
            is_qualified: words.len() > 1 || is_constant,
            plain: plain.clone(),
            last: words.last().copied().unwrap_or_default().to_owned(),
            is_private_key: words.iter().any(|word| matches!(*word, "private" | "privatekey")),
        })
    }

    /// Whether it is of what code takes from tests and protocols as well, where configuration has it for a secret.
    pub fn is_of_protocol(&self) -> bool {
        matches!(self.last.as_str(), "nonce" | "seed")
    }

    /// Whether it often says which secret holds the value, as annotations and charts do: `auth-secret: basic-auth-2`.
    pub fn is_of_object(&self) -> bool {
        ["authsecret", "passwordsecret", "keysecret", "tokensecret", "tlssecret", "certsecret", "credentialssecret"]
            .iter()
            .any(|end| self.plain.ends_with(end))
    }

    /// Whether it ends with a word that names more than passwords in its language.
    pub fn is_common_word(&self) -> bool {
        self.is_community() || matches!(self.last.as_str(), "clave" | "parola")
    }

    /// Whether it is the word for a community, which is a password to SNMP alone.
    pub fn is_community(&self) -> bool {
        matches!(self.plain.as_str(), "community" | "communitystring" | "snmpcommunity" | "defaultcommunity")
    }
}

/// `app.encryptedObjects.encryptionKey`: what stands above says nothing of a key that has two words of its own.
fn nature_of_last(name: &str) -> Option<Nature> {
    let (_, last) = name.rsplit_once('.')?;
    let words = Words::of(last)?;
    let words = words.list();
    nature(&words).filter(|nature| words.len() > 1 && matches!(nature, Nature::Key | Nature::Token))
}

/// `AWS::ApiGateway::ApiKey`: a type of resources, or of a language.
fn is_type(name: &str) -> bool {
    name.contains("::") && name.split("::").all(|part| part.starts_with(|first: char| first.is_ascii_uppercase()))
}

/// What a page writes into a form, anew for each visitor.
fn is_of_form(words: &[&str]) -> bool {
    matches!(words, ["authenticity" | "form", "token"] | ["request", "verification", "token"] | ["csrfmiddlewaretoken"])
}

/// Names whose words say nothing of it.
fn known(name: &str) -> Option<Nature> {
    match name {
        _ if name.ends_with("sonar.login") => Some(Nature::Token),
        // The login of a source of gems.
        _ if name.starts_with("BUNDLE_") && name.contains("__") => Some(Nature::Vague),
        _ if name.ends_with("basic.auth.user.info") => Some(Nature::Vague),
        // What a start page shows a service for its key, in the labels of that service.
        _ if name.ends_with("/widget.key") || name.ends_with(".widget.key") => Some(Nature::Token),
        // A personal access token; other names of these letters are patterns.
        _ if name.ends_with("_PAT") || name.ends_with("_pat") => Some(Nature::Vague),
        "clear-text" | "REDISCLI_AUTH" => Some(Nature::Password),
        _ => None,
    }
}

/// Whether `name` holds a part that names of secrets and of hashes have; of any other nothing else needs to be asked.
pub fn may_be(name: &str) -> bool {
    static SEARCHER: LazyLock<Keywords> =
        LazyLock::new(|| Keywords::new(STEMS.split_ascii_whitespace().map(str::to_owned).collect()));
    let name = &*foreign::in_ascii(name);
    let mut hits = Vec::new();
    SEARCHER.find(name, Span::new(0, name.len()), &mut hits);
    // Too short a word to be looked for.
    !hits.is_empty() || name.as_bytes().array_windows().any(|pair: &[u8; 2]| pair.eq_ignore_ascii_case(b"pw"))
}

/// Whether `name` is that of a password's hash, such as `password_hash` or `adminPasswordHash`.
pub fn is_hash_name(name: &str) -> bool {
    Words::of(name).is_some_and(|words| is_of_hash(&words.list()))
}

/// Whether `name` is that of a secret or of a password's hash.
pub fn is_name(name: &str) -> bool {
    if name.len() > MAX_NAME {
        return false;
    }
    let name = &*foreign::in_ascii(name);
    Words::of(name).is_some_and(|words| Name::of(name, &words).is_some() || is_of_hash(&words.list()))
}

fn is_of_hash(words: &[&str]) -> bool {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    has(&["hash", "hashed", "bcrypt", "htpasswd", "crypt", "digest", "encrypted"])
        && has(&["password", "passwd", "pass", "pw", "htpasswd", "bcrypt"])
}

/// The words of a name in lower case, without digits; `passWord` is one word.
struct Words {
    /// All words, one after the other.
    plain: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Words {
    /// The words of `name`; `None` when it is too long for a name.
    fn of(name: &str) -> Option<Self> {
        if name.len() > MAX_NAME {
            return None;
        }
        let mut words = Self { plain: String::with_capacity(name.len()), ends: Vec::new() };
        let bytes = name.as_bytes();
        let (mut before, mut start) = (b' ', 0);
        for (index, byte) in bytes.iter().enumerate() {
            let after = bytes.get(index + 1).copied().unwrap_or(b' ');
            let begins = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && after.is_ascii_lowercase()));
            if begins || !byte.is_ascii_alphabetic() {
                start = words.end(start);
            }
            if byte.is_ascii_alphabetic() {
                words.plain.push(char::from(byte.to_ascii_lowercase()));
            }
            before = *byte;
        }
        words.end(start);
        Some(words)
    }

    /// Ends the word that began at `start`, if there is one; returns where the next one begins. The halves of
    /// `pass word`, `pass phrase`, `pass wd` and `pass code` are one.
    fn end(&mut self, start: usize) -> usize {
        let end = self.plain.len();
        let word = self.plain.get(start..).unwrap_or_default();
        if word.is_empty() {
            return end;
        }
        let is_half = matches!(word, "word" | "phrase" | "wd" | "code");
        if is_half && self.list().last() == Some(&"pass") {
            self.ends.pop();
        }
        self.ends.push(end);
        end
    }

    /// The words.
    fn list(&self) -> Vec<&str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.plain.get(start..*end)).collect()
    }
}

fn nature(words: &[&str]) -> Option<Nature> {
    let found = words.iter().enumerate().rev().find_map(|(index, word)| concept(words, index, word));
    let (first, end, nature) = found?;
    let before = words.get(..first).unwrap_or_default();
    let after = words.get(end..).unwrap_or_default();
    let is_id = after.first() == Some(&"id") && after.len() == 1;
    if is_id && words.get(first) == Some(&"secret") {
        return Some(Nature::Vague);
    }
    if before.iter().any(|word| is_other_before(word, nature)) || after.iter().any(|word| OTHER_AFTER.has(word)) {
        return None;
    }
    // `externalSecret` names an object; `external_service_secret` is one.
    if before.last() == Some(&"external") {
        return None;
    }
    let is_same = after.iter().all(|word| SAME_AFTER.has(word));
    Some(if is_same { nature } else { Nature::Vague })
}

/// Whether `word` before the secret word makes the whole something else. `csrf_token` is that of one form, but
/// `csrf_secret` signs them all; `input_tokens` are counted, but `input_password` opens a key.
fn is_other_before(word: &str, nature: Nature) -> bool {
    let is_exempt = match nature {
        Nature::Key => matches!(word, "csrf" | "xsrf"),
        Nature::Password => matches!(word, "input" | "output"),
        Nature::Token | Nature::Vague => false,
    };
    OTHER_BEFORE.has(word) && !is_exempt
}

/// The secret word at `index`, with the words it spans.
fn concept(words: &[&str], index: usize, word: &str) -> Option<(usize, usize, Nature)> {
    let here = |nature| Some((index, index + 1, nature));
    if matches!(word, "key" | "keys") {
        let previous = index.checked_sub(1).and_then(|previous| words.get(previous))?;
        if OTHER_KEYS.has(previous) {
            return None;
        }
        let nature = match word {
            "key" if SECRET_KEYS.has(previous) => Nature::Key,
            "key" if MACHINE_KEYS.has(previous) || SERVICES.has(previous) => Nature::Token,
            _ => Nature::Vague,
        };
        return Some((index - 1, index + 1, nature));
    }
    if word.starts_with("nopass") {
        return None;
    }
    let is_community = || words.iter().all(|word| COMMUNITY.has(word));
    if PASSWORDS.has(word) || word == "community" && is_community() {
        return here(Nature::Password);
    }
    if TOKENS.has(word) {
        return here(Nature::Token);
    }
    if KEYS.has(word) {
        return here(Nature::Key);
    }
    if VAGUE.has(word) {
        return here(Nature::Vague);
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending));
    let is_other_pass =
        ["bypass", "compass", "surpass", "trespass", "underpass", "overpass", "encompass", "multipass", "onepass"];
    if ends(&["password", "passwd", "passphrase", "pwd", "passwort", "kennwort", "wachtwoord", "senha"])
        || (ends(&["pass"]) && !is_other_pass.contains(&word))
        || (ends(&["pw"]) && word.len() > 3)
    {
        return here(Nature::Password);
    }
    if ends(&["token", "apikey"]) || word.strip_suffix("key").is_some_and(|service| SERVICES.has(service)) {
        return here(Nature::Token);
    }
    if ends(&["secret", "secretkey", "accesskey", "privatekey"]) {
        return here(Nature::Key);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Option<Nature>, names: &str) {
        for name in names.split_whitespace() {
            assert_eq!(Name::read(name).map(|name| name.nature), expected, "{name}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_in_every_style() {
        check(
            Some(Nature::Password),
            "password PASSWORD dbPassword DB_PASSWORD db-password spring.datasource.password MYSQL_ROOT_PASSWORD \
             passwd PGPASSWORD bindpw smtpPass SMTP_PASS passphrase passWord PASSWORD_PROD password1 AdminPassword \
             input_password ansible_become_pass wifiPsk pwd redisPwd userpassword senha DB_SENHA contraseña db.contrasenia motDePasse mdp \
             SMTP_MDP kennwort adminKennwort wachtwoord bd.clave heslo DB_HASLO hasło lösenord sifre şifre 数据库密码 密码 пароль",
        );
        check(
            Some(Nature::Token),
            "token gethomepage.dev/widget.key apiToken API_KEY apikey apiKey GITHUB_TOKEN GITHUBKEY slackKey _authToken accessToken access_token slackBotToken x-api-key",
        );
        check(
            Some(Nature::Key),
            "secret client_secret clientSecret SECRET_KEY secretKeyBase AWS_SECRET_ACCESS_KEY encryptionKey jwt_secret \
             JWT_SIGNING_KEY CSRF_SECRET privateKey APP_KEY AccountKey SharedAccessKey cookieSecret",
        );
        check(
            Some(Nature::Vague),
            "auth credentials salt_value monitoring_key secret_id passwordish_words_password_foo GH_PAT",
        );
        check(Some(Nature::Password), "community snmp_community mysql::server::root_password");
    }

    #[test]
    fn names_that_only_look_so_are_none() {
        check(
            None,
            "passwordPolicy secretName tokenUrl keyAlgorithm publicKey password_file key_id secretRef existingSecret \
             tokenTTL passwordMinLength imagePullSecrets key cache-key partition_key sort_key primaryKey tokenType \
             AWS_ACCESS_KEY_ID passwordSecretRef adminPasswordKey existingSecretPasswordKey userPasswordKey compass \
             bypass keyboard monkey max_tokens tokenizer secretary author authority passenger password_hash \
             PASSWORD_FILE tokenReviewer nextPageToken NOPASSWD recv-keys pad_token showPassword update_password resetPassword kubernetes username host community_url from_secret AWS::ApiGateway::ApiKey hacs-community authenticity_token __RequestVerificationToken csrfmiddlewaretoken pat PAT_GITHUB filePat label.password passwordPlaceholder placeholderPassword input_tokens csrf_token xsrfToken customKeyIdentifier git_key_sha PasswordHasher passwordThumbprint 密码长度 senha_minima_length mdp_url enclave claveless parolaccia",
        );
    }
}
