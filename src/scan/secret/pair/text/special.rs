//! Values that stand after no mark of assignment: encoded ones of LDIF, lists of texts, logins.
//!
//! Invariant: looks at a bounded part of the text after the name.

use super::super::super::decode;
use super::super::super::value::is_no_label;
use super::super::super::word_list::WordList;
use super::super::Form;
use super::super::call;
use super::super::dialect::Dialect;
use super::super::key::{Name, Nature};
use super::super::line::is_line_start;
use super::super::read::{self, Extent};
use super::super::tree;
use super::mark::line_break;
use super::{Named, Reader};
use crate::scan::span::Span;

/// Longest list of values, in bytes.
const MAX_LIST: usize = 2000;

/// Longest part of a directive that is looked at, in bytes.
const MAX_LINE: usize = 200;

/// What makes a value of a text, and is none itself.
const WRAPPERS: [&str; 8] = [
    "Sensitive(",
    "bytes.fromhex(",
    "String::from(",
    "new String(",
    "Some(",
    "SecretString::new(",
    "SecretString::from(",
    "Secret::new(",
];

/// The length of `process.env.NAME || ` or `os.getenv("NAME", ` at the beginning of `code`, after which the value stands
/// that is taken when there is no other. A variable that names a secret itself says more than what it is given to.
fn environment(code: &str) -> Option<usize> {
    const LONGEST: usize = 80;
    const HEADS: [&str; 5] = ["process.env.", "os.environ.get(", "os.getenv(", "getenv(", "env("];
    let near = code.get(..code.floor_char_boundary(LONGEST.min(code.len())))?;
    let inner = HEADS.iter().find_map(|head| near.strip_prefix(head))?.trim_start_matches(['"', '\'']);
    let rest = inner.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
    let name = inner.get(..inner.len() - rest.len())?;
    let rest = rest.trim_start_matches(['"', '\'']).trim_start_matches(' ');
    let value = ["||", "??", ","].iter().find_map(|mark| rest.strip_prefix(mark))?.trim_start_matches(' ');
    (value.starts_with(['"', '\'']) && Name::read(name).is_none()).then(|| near.len() - value.len())
}

/// The length of `['name']` at `at`, a further index after the name: `default['db']['password']['app']`.
pub(super) fn index(text: &str, at: usize) -> usize {
    const LONGEST: usize = 40;
    let near = text.get(at..text.floor_char_boundary((at + LONGEST).min(text.len()))).unwrap_or_default();
    let Some(quote) =
        near.strip_prefix('[').and_then(|rest| rest.chars().next()).filter(|quote| "'\"".contains(*quote))
    else {
        return 0;
    };
    let name = near.get(2..).and_then(|rest| rest.split_once(quote));
    let is_index = name.is_some_and(|(name, rest)| {
        rest.starts_with(']') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if is_index { name.map_or(0, |(name, _)| name.len() + 3) } else { 0 }
}

/// Words before `key` that say nothing of it.
static DECLARING: WordList = WordList::new(
    "the a an this that its each every same new old with by for of and or in to as is has const let var val final static string \
    str auto def return export local set readonly declare env if on per from using use unset first last next",
);

/// `ollama key: …`, `access key = …` in a text, `'crypt' => ['key' => …` of Magento: what the word before `key` makes of
/// it, when it is one that says so.
pub(super) fn key_of_service(named: &Named<'_>, text: &str, dialect: Dialect) -> Option<String> {
    if !named.name.eq_ignore_ascii_case("key") {
        return None;
    }
    if named.quote.is_some() {
        let before = text.get(..named.span.start)?.trim_end_matches(['\'', '"', '[', ' ', '\n', '\r', '(']);
        return ["'crypt' =>", "'crypt' => array"]
            .iter()
            .any(|head| before.ends_with(head))
            .then(|| "crypt_key".into());
    }
    let word = named.before.strip_suffix(' ')?;
    let word = word.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().filter(|word| !word.is_empty())?;
    let name = format!("{word}_key");
    let nature = Name::read(&name)?.nature;
    // Of a word that is no service we know, nothing but a random value is a key, and only outside of programs, whose
    // keys are those of maps: `acmeweather key = '…'`.
    let is_of_thing = || dialect != Dialect::Code && !DECLARING.has(&word.to_ascii_lowercase());
    (nature != Nature::Vague || is_of_thing()).then_some(name)
}

/// `message-digest-key 1 md5 …`, `tacacs-server key …`.
pub(super) fn is_of_router(named: &Named<'_>) -> bool {
    let is_word =
        matches!(named.name, "message-digest-key" | "key" | "sentinel-pass" | "reset-admin-password" | "auth");
    if !is_word && !named.before.trim_start().starts_with("d-i ") {
        return false;
    }
    let before = named.before.trim();
    is_word
        && (before.ends_with("ospf")
            || named.name == "key" && before == "option"
            || named.name == "auth" && before.ends_with("snyk")
            || before == "sentinel"
            || named.name == "key" && is_server_of_logins(before)
            || named.name == "reset-admin-password")
        // `d-i passwd/root-password-again password …` of Debian's installer.
        || before.starts_with("d-i ") && named.name.contains("password")
}

/// `tacacs-server`, `radius-server host 10.0.0.1`, `crypto isakmp`: after it stands the key that both sides share.
fn is_server_of_logins(before: &str) -> bool {
    matches!(before, "tacacs-server" | "radius-server" | "crypto isakmp")
        || ["tacacs-server host ", "radius-server host "].iter().any(|head| before.starts_with(head))
}

/// Whether a name is that of an option of PHP whose value is a login.
pub(super) fn is_login_option(name: &str) -> bool {
    matches!(name, "CURLOPT_USERPWD" | "CURLOPT_PROXYUSERPWD")
}

/// The length of `FOR user = ` at the beginning of `rest`, with `PASSWORD(` of older versions.
fn set_for(rest: &str) -> Option<usize> {
    let near = rest.get(..rest.floor_char_boundary(MAX_LINE.min(rest.len())))?;
    let line = near.split(['\n', ';']).next()?;
    let head = line.get(..4).filter(|head| head.eq_ignore_ascii_case("for "))?;
    let equals = line.get(head.len()..)?.find('=')? + head.len() + 1;
    let value = line.get(equals..)?.trim_start();
    let call = value.get(.."password(".len()).filter(|call| call.eq_ignore_ascii_case("password("));
    let value = value.get(call.map_or(0, str::len)..)?;
    value.starts_with(['\'', '"']).then(|| line.len() - value.len())
}

impl Reader<'_, '_> {
    /// Where the value begins of a directive that has other words between its name and its value, as routers and
    /// Redis' sentinels have them, or whose name alone says nothing.
    pub(super) fn directive(&self, named: &Named<'_>, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let before = named.before.trim();
        if named.name.eq_ignore_ascii_case("identified by") {
            // `CREATE USER app IDENTIFIED BY …` of Oracle, which needs no quotes.
            let is_statement = before.to_ascii_lowercase().contains("user ");
            let word = rest.split([' ', ';', '\n', '\r']).next().unwrap_or_default();
            return (is_statement && is_no_label(word)).then_some(at);
        }
        // `SET PASSWORD FOR app = 'value'` of MySQL.
        if named.name.eq_ignore_ascii_case("password") && before.to_ascii_lowercase().ends_with("set") {
            return set_for(rest).map(|skip| at + skip);
        }
        // `mysql-server mysql-server/root_password password value` of Debian.
        let is_question = named.before.ends_with('/') && named.name.contains("password");
        if !is_question && !matches!(self.dialect, Dialect::Lines | Dialect::Shell | Dialect::Inline) {
            return None;
        }
        let after = |words: usize| {
            let near = rest.get(..rest.floor_char_boundary(MAX_LINE.min(rest.len())))?;
            let line = near.split(['\n', '\r']).next().filter(|line| !line.contains("{{") && !line.contains("<%"))?;
            let mut offset = 0;
            for _ in 0..words {
                offset += line.get(offset..)?.find(' ')? + 1;
            }
            Some(at + offset)
        };
        match named.name {
            "auth-pass" if before == "sentinel" => after(1),
            "sentinel-pass" if before == "sentinel" => after(0),
            "message-digest-key" if before.ends_with("ospf") => after(2),
            "key" if before == "option" => after(0),
            // `key 0 value`: the number tells how it is written.
            "key" if is_server_of_logins(before) => {
                after(usize::from(["0 ", "6 ", "7 "].iter().any(|kind| rest.starts_with(*kind))))
            }
            "pre-shared-key" if rest.starts_with("ascii-text ") => after(1),
            "community" if before == "snmp-server" => after(0),
            "password" if before.starts_with("neighbor ") && before.split(' ').count() == 2 => after(0),
            "reset-admin-password" => after(0),
            "auth" if before.ends_with("snyk") => after(0),
            "rootpw" if rest.starts_with("--plaintext ") => after(1),
            name if (before.starts_with("d-i ") || is_question)
                && name.contains("password")
                && rest.starts_with("password ") =>
            {
                after(1)
            }
            "_authToken" if before.contains("config set ") => after(0),
            _ => None,
        }
    }

    /// Whether a line is one of a replica of `OpenLDAP`, whose `credentials` are a password.
    pub(super) fn is_replica(&self, named: &Named<'_>) -> bool {
        const NEAR: usize = 300;
        let start = self.text.floor_char_boundary(named.span.start.saturating_sub(NEAR));
        let near = self.text.get(start..named.span.start).unwrap_or_default();
        named.name == "credentials" && near.contains("syncrepl ") && near.contains("binddn=")
    }

    /// `basic_auth "user", "password"`, `omniauth :github, "id", "secret"`: calls as Ruby writes them; returns where they
    /// end.
    pub(super) fn bare_login(&mut self, named: &Named<'_>) -> Option<usize> {
        let is_of_provider = named.name.ends_with("omniauth");
        let is_call =
            (is_of_provider || named.name.ends_with("basic_auth")) && named.quote.is_none() && self.is_source();
        let rest = self.text.get(named.span.end..).filter(|rest| is_call && rest.starts_with(' '))?;
        let provider = rest.strip_prefix(" :").filter(|_| is_of_provider).and_then(|rest| rest.split_once(','));
        let rest = provider.map_or(rest, |(_, rest)| rest);
        let user = read::read(self.text, self.text.len() - rest.len(), Extent::Quoted)?;
        let rest = self.text.get(user.span.end + 1..)?.trim_start_matches(' ').strip_prefix(',')?;
        let password = read::read(self.text, self.text.len() - rest.len(), Extent::Quoted)?;
        call::login(self.extraction, self.passage, Some(&user), &password);
        Some(password.span.end)
    }

    /// Whether a line is one of YAML inside a document of another kind, such as the values of a chart in HCL.
    pub(super) fn is_yaml_line(&self, named: &Named<'_>, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        let is_pair = bytes.get(at.wrapping_sub(1)) == Some(&b':') && bytes.get(at) == Some(&b' ');
        let is_line = named.before.trim().is_empty() && named.quote.is_none();
        let ahead =
            self.text.get(at..self.text.floor_char_boundary((at + 200).min(self.text.len()))).unwrap_or_default();
        let line = ahead.split(['\n', '\r']).next().unwrap_or_default();
        let is_plain = !line.trim().is_empty() && !line.contains(['"', '\'', '(', '{', '[', ',', ';']);
        self.dialect == Dialect::Quoted && is_pair && is_line && is_plain
    }

    /// Where the value of code begins whose mark ends at `at`: on the next line, when a long one was broken there, and
    /// inside what makes a value of it.
    pub(super) fn value_at(&self, named: &Named<'_>, at: usize) -> usize {
        let mark = at.checked_sub(1).and_then(|mark| self.text.as_bytes().get(mark));
        let may_break = matches!(mark, Some(b'=' | b'>')) || mark == Some(&b':') && named.quote.is_some();
        let rest = self.text.get(at..).filter(|_| may_break).unwrap_or_default();
        let at = at + line_break(rest);
        at + self.wrapper(at)
    }

    /// The length of `String::from(` and the like at `at`.
    fn wrapper(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let call = rest.trim_start_matches(' ');
        let wrapper = WRAPPERS.iter().find(|wrapper| call.starts_with(**wrapper));
        let skip = wrapper.map(|wrapper| wrapper.len()).or_else(|| environment(call));
        skip.map_or(0, |skip| rest.len() - call.len() + skip)
    }

    /// `userPassword:: aGk=`, as LDIF writes it: two colons tell that the value is base64. Says whether it is so.
    pub(super) fn encoded(&mut self, named: &Named<'_>, name: &str) -> bool {
        let rest = self.text.get(named.after..).unwrap_or_default();
        if self.dialect != Dialect::Lines || !is_line_start(named.before) || !rest.starts_with(":: ") {
            return false;
        }
        let value = read::read(self.text, named.after + 2, Extent::Word);
        let Some((decoded, span)) = value.and_then(|value| Some((decode::text_of(&value.value)?, value.span))) else {
            return false;
        };
        let text = decoded.trim_end();
        let inner = self.passage.decoded(text, span);
        self.extraction.pair(&inner, name, text, Span::new(0, text.len()), Form::Setting);
        self.done = span.end;
        true
    }

    /// `{ a = "…", b = "…" }` of a name such as `tokens`: each text after an equals sign is a value.
    fn map(&mut self, name: &str, at: usize, end: usize) {
        let single = tree::singular(name);
        let mut position = at;
        while single != name && position < end {
            let Some(quote) = self.text.get(position..end).and_then(|rest| rest.find('"')) else { return };
            let is_value = self.text.get(position..position + quote).is_some_and(|gap| gap.trim_end().ends_with('='));
            let Some(value) = read::read(self.text, position + quote, Extent::Quoted) else { return };
            if is_value {
                self.extraction.pair(self.passage, single, &value.value, value.span, Form::Setting);
                self.done = self.done.max(value.span.end);
            }
            position = value.span.end + 1;
        }
    }

    /// `tokens { agent = "…" }`, a block of HCL. Says whether it is so.
    pub(super) fn block(&mut self, named: &Named<'_>, name: &str) -> bool {
        let is_block = self.dialect == Dialect::Quoted && is_line_start(named.before) && named.quote.is_none();
        let rest = self.text.get(named.after..).unwrap_or_default();
        if !is_block || !rest.starts_with(" {") || tree::singular(name) == name {
            return false;
        }
        let near = rest.get(..rest.floor_char_boundary(MAX_LIST.min(rest.len()))).unwrap_or_default();
        let Some(end) = near.find('}') else { return false };
        self.map(name, named.after + 2, named.after + end);
        true
    }

    /// `<auth-user-pass>` of `OpenVPN`, with the user and the password on lines of their own. Says whether it is so.
    pub(super) fn lines(&mut self, named: &Named<'_>) -> bool {
        if named.name != "auth-user-pass" || named.before != "<" {
            return false;
        }
        let rest = self.text.get(named.after..).unwrap_or_default();
        let near = rest.get(..rest.floor_char_boundary(MAX_LINE.min(rest.len()))).unwrap_or_default();
        let mut lines = near.split('\n').skip(1);
        let (Some(user), Some(password)) = (lines.next(), lines.next()) else { return false };
        let start = self.text.len() - rest.len() + near.find('\n').unwrap_or(0) + 1 + user.len() + 1;
        let password = password.trim_end();
        if password.starts_with('<') {
            return false;
        }
        let span = Span::new(start, start + password.len());
        self.extraction.pair(self.passage, "password", password, span, Form::Setting);
        self.done = span.end;
        true
    }

    /// `["…", "…"]`, over lines: each text is a value.
    pub(super) fn list(&mut self, name: &str, at: usize) {
        let limit = self.text.floor_char_boundary((at + MAX_LIST).min(self.text.len()));
        let Some(rest) = self.text.get(at..limit) else { return };
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if let Some(inner) = rest.get(blank..).filter(|rest| rest.starts_with('{')) {
            return self.map(name, at + blank + 1, at + blank + inner.find('}').unwrap_or(0));
        }
        let Some(end) = rest.get(blank..).filter(|rest| rest.starts_with('[')).and_then(|rest| rest.find(']')) else {
            return;
        };
        let (mut position, end) = (at + blank + 1, at + blank + end);
        while position < end {
            let Some(quote) = self.text.get(position..end).and_then(|rest| rest.find('"')) else { return };
            let Some(value) = read::read(self.text, position + quote, Extent::Quoted) else { return };
            self.extraction.pair(self.passage, name, &value.value, value.span, Form::Setting);
            position = value.span.end + 1;
            self.done = self.done.max(position);
        }
    }

    /// `stats auth user:password` of `HAProxy`, `CURLOPT_USERPWD, "user:password"` of PHP. Says whether it is so.
    pub(super) fn login(&mut self, named: &Named<'_>) -> bool {
        let is_option = is_login_option(named.name);
        let is_login = self.dialect == Dialect::Lines && named.name == "auth" && named.before.trim() == "stats";
        if !is_login && !is_option {
            return false;
        }
        let rest = self.text.get(named.after..).unwrap_or_default();
        let at = named.after + usize::from(is_option && rest.starts_with(','));
        let Some(value) = read::read(self.text, at, Extent::Word) else { return false };
        let Some((user, password)) = value.value.split_once(':') else { return false };
        let start = value.span.start + user.len() + 1;
        let span = Span::new(start, start + password.len());
        self.extraction.pair(self.passage, "password", password, span, Form::Setting);
        self.done = span.end;
        true
    }
}
