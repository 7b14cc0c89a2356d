//! Files whose name alone tells what they hold: passwords by position, logins, a key as a whole.
//!
//! Invariant: a file is read here only when its name says so.

use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::passage::Passage;
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// Longest file of this kind, in bytes.
const MAX_FILE: usize = 256 * 1024;

/// Reads the file at `path` when its name says how; says whether it did.
pub(super) fn read(extraction: &mut Extraction, path: &str, passage: &Passage<'_>) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let ending = name.rsplit('.').next().unwrap_or_default();
    if passage.text.len() > MAX_FILE {
        return false;
    }
    match name {
        // `host:port:database:user:password`.
        ".pgpass" | "pgpass" | "pgpass.conf" => lines(extraction, passage, |line| after_fields(line, 4)),
        // `id:secret` of s3fs.
        ".passwd-s3fs" | "passwd-s3fs" => lines(extraction, passage, |line| after_fields(line, 1)),
        // `host:user:password` of Exim.
        "passwd.client" => lines(extraction, passage, |line| after_fields(line, 2)),
        "chap-secrets" | "pap-secrets" => lines(extraction, passage, ppp),
        "rsyncd.secrets" | "rsync.secrets" => lines(extraction, passage, hash),
        "sasl_passwd" | "smarthost_passwd" => lines(extraction, passage, sasl),
        "ipsec.secrets" | "swanctl.secrets" => lines(extraction, passage, ipsec),
        "userlist.txt" => lines(extraction, passage, userlist),
        // `identity:key` of stunnel and MQTT brokers.
        "psk.txt" | "psks.txt" | "psk_file" | "pskfile" => lines(extraction, passage, |line| after_fields(line, 1)),
        "hostapd.wpa_psk" | "wpa_psk" | "wpa_psk_file" => lines(extraction, passage, station),
        ".htpasswd" | "htpasswd" | "shadow" | "passwd" | "proftpdpasswd" | "ftpd.passwd" => {
            lines(extraction, passage, hash);
        }
        "master.key" | ".vault_pass" | ".vault-pass" | ".vault_password" | "vault_password" | "vault-password.txt"
        | ".vault_pass.txt" | "vault_pass.txt" => {
            whole(extraction, passage);
        }
        "turnserver.conf" => {
            lines(extraction, passage, turn);
            return false;
        }
        "upsmon.conf" => {
            lines(extraction, passage, monitor);
            return false;
        }
        "resource.cfg" => {
            lines(extraction, passage, macros);
            return false;
        }
        "credentials" if lower.ends_with(".gem/credentials") => keys(extraction, passage),
        _ if name.ends_with(".htpasswd") => lines(extraction, passage, hash),
        _ if ending == "psk" && passage.text.contains(':') => {
            lines(extraction, passage, |line| after_fields(line, 1));
        }
        // A key of Zabbix.
        _ if ending == "psk" => whole(extraction, passage),
        _ => return false,
    }
    true
}

/// What a line holds: the password's place in it, and its user.
type Line = fn(&str) -> Option<(Span, &str)>;

fn lines(extraction: &mut Extraction, passage: &Passage<'_>, read: Line) {
    let mut start = 0;
    for line in passage.text.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some((span, user)) = read(text).filter(|_| !text.starts_with('#')) {
            judge(extraction, passage, span.of(text), span.shifted(start), user);
        }
        start += line.len();
    }
}

fn judge(extraction: &mut Extraction, passage: &Passage<'_>, value: &str, span: Span, user: &str) {
    let step = value::judge(value, Asked::password(user));
    if extraction.accepts(step, Nature::Password, value) {
        let kind = match step {
            Step::PasswordHash => PairKind::PasswordHash,
            Step::Default => PairKind::DefaultPassword,
            _ => PairKind::Password,
        };
        extraction.add(passage, kind, value, span, step, None);
    }
}

/// The password after so many fields with colons between them, the last of which is its user.
fn after_fields(line: &str, fields: usize) -> Option<(Span, &str)> {
    let mut parts = line.splitn(fields + 1, ':');
    let user = parts.nth(fields.checked_sub(1)?)?;
    let password = parts.next()?;
    Some((Span::new(line.len() - password.len(), line.len()), user))
}

/// `user server password addresses`.
fn ppp(line: &str) -> Option<(Span, &str)> {
    let mut words = line.split_ascii_whitespace();
    let user = words.next()?;
    let password = words.nth(1)?.trim_matches('"');
    let start = line.get(user.len()..)?.find(password)? + user.len();
    Some((Span::new(start, start + password.len()), user))
}

/// `[host]:port user:password`.
fn sasl(line: &str) -> Option<(Span, &str)> {
    let login = line.rsplit(char::is_whitespace).next()?;
    let (user, password) = login.split_once(':').filter(|_| login.len() < line.len())?;
    Some((Span::new(line.len() - password.len(), line.len()), user))
}

/// `addresses : PSK "password"`, and `PSK 0sBASE64` or `PSK 0xHEX` without quotes.
fn ipsec(line: &str) -> Option<(Span, &str)> {
    if let Some(at) = [": PSK 0s", ": PSK 0x"].iter().find_map(|kind| Some(line.find(*kind)? + kind.len())) {
        let key = line.get(at..)?.split_ascii_whitespace().next()?;
        return Some((Span::new(at, at + key.len()), ""));
    }
    let bare = line.find(": PSK ").map(|at| at + ": PSK ".len());
    if let Some(at) = bare.filter(|at| line.get(*at..).is_some_and(|rest| !rest.starts_with('"'))) {
        let key = line.get(at..)?.split_ascii_whitespace().next()?;
        return Some((Span::new(at, at + key.len()), ""));
    }
    let kind = [": PSK \"", ": EAP \"", ": XAUTH \""].iter().find_map(|kind| Some((kind, line.find(*kind)?)));
    // `: RSA key.pem "password"`.
    let key = || {
        [": RSA ", ": ECDSA ", ": PKCS8 "]
            .iter()
            .find_map(|kind| line.find(*kind))
            .and_then(|at| line.get(at..)?.find('"').map(|quote| at + quote + 1))
    };
    let start = kind.map(|(kind, at)| at + kind.len()).or_else(key)?;
    let password = line.get(start..)?.split('"').next()?;
    Some((Span::new(start, start + password.len()), ""))
}

/// `user=name:password` of a relay.
fn turn(line: &str) -> Option<(Span, &str)> {
    let (user, password) = line.strip_prefix("user=")?.split_once(':')?;
    Some((Span::new(line.len() - password.len(), line.len()), user))
}

/// `MONITOR ups@host 1 user password primary` of the tools for power supplies.
fn monitor(line: &str) -> Option<(Span, &str)> {
    let mut words = line.strip_prefix("MONITOR ")?.split_ascii_whitespace();
    let (user, password) = (words.nth(2)?, words.next()?);
    let start = line.find(password).filter(|_| words.next().is_some())?;
    Some((Span::new(start, start + password.len()), user))
}

/// `$USER4$=password` of Nagios, whose other macros are paths and users.
fn macros(line: &str) -> Option<(Span, &str)> {
    let (number, value) = line.strip_prefix("$USER")?.split_once("$=")?;
    let is_told = number.bytes().all(|byte| byte.is_ascii_digit()) && value::is_no_label(value);
    is_told.then(|| (Span::new(line.len() - value.len(), line.len()), ""))
}

/// `address passphrase` of an access point, with options before the address.
fn station(line: &str) -> Option<(Span, &str)> {
    let address = line.split(' ').find(|word| word.matches(':').count() == 5)?;
    let start = line.find(address)? + address.len() + 1;
    (start < line.len()).then(|| (Span::new(start, line.len()), ""))
}

/// `"user" "password"`.
fn userlist(line: &str) -> Option<(Span, &str)> {
    let mut parts = line.split('"');
    let user = parts.nth(1)?;
    let password = parts.nth(1)?;
    let start = line.len() - parts.map(|part| part.len() + 1).sum::<usize>() - password.len();
    Some((Span::new(start, start + password.len()), user))
}

/// `user:hash`, with more fields after it.
fn hash(line: &str) -> Option<(Span, &str)> {
    let (user, rest) = line.split_once(':')?;
    let hash = rest.split(':').next().filter(|hash| hash.len() > 1 && !user.contains([' ', '\t']))?;
    let start = user.len() + 1;
    Some((Span::new(start, start + hash.len()), user))
}

/// `:host: key`, one a line, as `RubyGems` keeps them.
fn keys(extraction: &mut Extraction, passage: &Passage<'_>) {
    let Some(name) = Name::read("api_key") else { return };
    let mut start = 0;
    for line in passage.text.split_inclusive('\n') {
        let value = line.strip_prefix(':').and_then(|rest| rest.split_once(": ")).map_or("", |(_, value)| value.trim());
        if let Some(at) = line.rfind(value).filter(|_| !value.is_empty()) {
            let span = Span::new(start + at, start + at + value.len());
            extraction.judged(passage, &name, "key", value, span, super::Form::Setting);
        }
        start += line.len();
    }
}

/// A file that is one secret.
fn whole(extraction: &mut Extraction, passage: &Passage<'_>) {
    let text = passage.text.trim();
    if text.contains('\n') || text.is_empty() {
        return;
    }
    let Some(name) = Name::read("secret_key") else { return };
    let start = passage.text.len() - passage.text.trim_start().len();
    extraction.judged(passage, &name, "key", text, Span::new(start, start + text.len()), super::Form::Setting);
}
