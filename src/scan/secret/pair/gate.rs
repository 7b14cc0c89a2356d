//! Where names of secrets, and programs and calls that take them, may stand: one search over the text decides, all else
//! is skipped.
//!
//! Invariant: text without one of the words costs this search alone.

use std::sync::OnceLock;

use crate::scan::secret::keywords::Keywords;
use crate::scan::span::Span;

/// Parts of names and of calls, directives, then programs; the order tells them apart.
const WORDS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "psk",
    "salt",
    "seed",
    "nonce",
    "bindpw",
    "community",
    "bundle_",
    "identified by",
    "cookie",
    "userpw",
    "rootpw",
    "pw=",
    "pw:",
    "securestring",
    "psw",
    "_pw",
    ".pw",
    "encrypt =",
    "encrypt\":",
    "pw\":",
    "pw =",
    "pword",
    "_pat=",
    "_pat:",
    "_pat\"",
    // Passwords in other languages.
    "senha",
    "contrase",
    "clave",
    "kennwort",
    "wachtwoord",
    "heslo",
    "haslo",
    "hasło",
    "senord",
    "parola",
    "sifre",
    "şifre",
    "mdp=",
    "mdp:",
    "mdp\"",
    "密码",
    "密碼",
    "口令",
    "パスワード",
    "비밀번호",
    "пароль",
    "Пароль",
    // Calls.
    "getconnection",
    "pdo(",
    "jwt.sign",
    "jwt.encode",
    "jwt.decode",
    "jwt.verify",
    "signwith",
    "signedstring",
    "createhmac",
    "hmac.new",
    "dbi->connect",
    "directoryentry",
    // Rules of Redis.
    "on >",
    "setuser",
    // Directives of SNMP, Exim and monit.
    "com2sec",
    "trap2sink",
    "pgsql_servers",
    "client_send",
    "createuser",
    "sqlconnectinfo",
    "  allow ",
    "\tallow ",
    // Programs.
    "sudo -s",
    "curl",
    "mysql",
    "mariadb",
    "redis-cli",
    "login",
    "ldap",
    "mongo",
    "sqlcmd",
    "wget",
    "unzip",
    "lftp",
    "smbclient",
    "cqlsh",
    "useradd",
    "rabbitmqctl",
    "openssl",
    "psexec",
    "snmp",
    "sqlplus",
    "xfreerdp",
    "rdesktop",
    "ipmitool",
    "mosquitto_",
    "net user",
    "alias set",
    "7z a",
    "7z x",
    "7za ",
    "rar a",
    "zip -",
    "twine",
    "etcdctl",
    "kadmin",
    "net use",
    "gh secret",
    "az key",
    "put-parameter",
    "encrypt_string",
    "consul kv",
    "docker sec",
    "podman sec",
    "gcloud sec",
    "cypher-shell",
    "grafana-cli",
    "influx ",
    "beeline",
    "rabbitmqadmin",
    "| base64",
    "| kinit",
    "| cryptsetup",
    "| gpg ",
];
/// How many of the words are parts of names or of calls.
const NAMES: usize = 66;
/// How many are no programs.
const DIRECTIVES: usize = 76;

/// A word that was found.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a word of the gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of a name, or of a call.
    Name,
    /// A directive of some program, and nothing of a name.
    Directive,
    /// A program.
    Program,
}

fn searcher() -> &'static Keywords {
    static SEARCHER: OnceLock<Keywords> = OnceLock::new();
    SEARCHER.get_or_init(|| Keywords::new(WORDS.iter().map(|word| (*word).to_owned()).collect()))
}

/// Whether `text` holds any of the words.
pub fn is_open(text: &str) -> bool {
    hits(text).next().is_some()
}

/// The words in `text`, in order; of those that overlap the one that ends first.
pub fn hits(text: &str) -> impl Iterator<Item = Hit> {
    let mut found = Vec::new();
    searcher().find(text, Span::new(0, text.len()), &mut found);
    let mut end = 0;
    found.retain(|(_, span)| {
        let is_free = span.start >= end;
        end = if is_free { span.end } else { end };
        is_free
    });
    found.into_iter().map(|(index, span)| hit(index, span))
}

/// The words, for whoever looks for them and for others in one search.
pub fn words() -> &'static [&'static str] {
    WORDS
}

/// The word at `index` of the list, found at `span`.
pub fn hit(index: usize, span: Span) -> Hit {
    // `pw=` without its mark.
    let word = WORDS.get(index).copied().unwrap_or_default();
    let mark =
        if word.ends_with(['=', ':', '(', '"']) { word.trim_end_matches(['=', ':', '(', '"', ' ']) } else { word };
    let kind = match index {
        ..NAMES => Kind::Name,
        NAMES..DIRECTIVES => Kind::Directive,
        _ => Kind::Program,
    };
    Hit { span: Span::new(span.start, span.end - (word.len() - mark.len())), kind }
}
