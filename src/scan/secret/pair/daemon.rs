//! Directives of daemons that take a secret by position: `com2sec`, `trap2sink` and `createUser` of SNMP, `allow` of monit,
//! servers and logins of Exim, databases of `ProFTPD`.
//!
//! Invariant: a directive is one line, read no further than [`MAX_LINE`] bytes after its word.

use super::super::value::{self, Asked, Step};
use super::key::Nature;
use super::passage::Passage;
use super::read::{self, Extent};
use super::{Extraction, PairKind};
use crate::scan::span::Span;

/// How far a directive reaches after its word, in bytes.
const MAX_LINE: usize = 400;
/// How far before a word its line is looked at, in bytes.
const MAX_BEFORE: usize = 40;

/// Reads the directive that begins with `word`; returns where it ends when it is one.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, word: Span) -> Option<usize> {
    let text = &*passage.text;
    let name = word.of(text).trim().to_ascii_lowercase();
    let is_exim = matches!(name.as_str(), "pgsql_servers" | "client_send")
        || name == "mysql" && text.get(word.end..)?.starts_with("_servers");
    if !is_exim && !matches!(name.as_str(), "com2sec" | "trap2sink" | "createuser" | "allow" | "sqlconnectinfo") {
        return None;
    }
    let floor = text.floor_char_boundary(word.start.saturating_sub(MAX_BEFORE));
    let before = text.get(floor..word.start)?.rsplit('\n').next()?;
    let is_first = matches!(before.trim(), "" | "hide");
    if !is_first || before.len() + floor == word.start && floor > 0 {
        return None;
    }
    let limit = text.floor_char_boundary((word.end + MAX_LINE).min(text.len()));
    let end = text.get(word.end..limit)?.find(['\n', '\r']).map_or(limit, |end| word.end + end);
    if is_exim {
        return exim(extraction, passage, Span::new(word.end, end));
    }
    let words = words(text.get(..end)?, word.end);
    match name.as_str() {
        "com2sec" => mapped(extraction, passage, &words),
        "trap2sink" => sink(extraction, passage, &words),
        "createuser" => user(extraction, passage, &words),
        "sqlconnectinfo" => connection(extraction, passage, &words),
        _ => allowed(extraction, passage, &words),
    }
}

/// `com2sec [-Cn context] name source community`.
fn mapped(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let skip = if words.first()?.0 == "-Cn" { 2 } else { 0 };
    let (community, span) = words.get(skip + 2)?;
    // What devices come with, and every manual names.
    if !matches!(*community, "public" | "private") {
        judge(extraction, passage, community, *span, "");
    }
    Some(span.end)
}

/// `SQLConnectInfo database@host user password` of `ProFTPD`.
fn connection(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (user, (password, span)) = (words.get(1)?.0, words.get(2)?);
    judge(extraction, passage, password, *span, user);
    Some(span.end)
}

/// `trap2sink host[:port] community`.
fn sink(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (community, span) = words.get(1)?;
    if !matches!(*community, "public" | "private") {
        judge(extraction, passage, community, *span, "");
    }
    Some(span.end)
}

/// `mysql_servers = host/database/user/password : …`, `client_send = : user : password` and `client_send = ^user^password`;
/// `line` is what stands after the name.
fn exim(extraction: &mut Extraction, passage: &Passage<'_>, line: Span) -> Option<usize> {
    let text = line.of(&passage.text);
    let (_, list) = text.split_once('=').filter(|(_, list)| !list.contains("${"))?;
    let start = line.end - list.len();
    let is_servers = text.starts_with("_servers") || list.contains('/');
    let mut found = |item: &str, offset: usize, user: &str| {
        let password = item.trim_start();
        let at = start + offset + item.len() - password.len();
        let password = password.trim_end();
        judge(extraction, passage, password, Span::new(at, at + password.len()), user);
    };
    if is_servers {
        let mut offset = 0;
        for server in list.split(':') {
            let fields: Vec<&str> = server.splitn(4, '/').collect();
            if let [_, _, user, password] = fields[..] {
                found(password, offset + server.len() - password.len(), user);
            }
            offset += server.len() + 1;
        }
        return Some(line.end);
    }
    let mark = if list.trim_start().starts_with('^') { '^' } else { ':' };
    let mut fields = list.trim_start().splitn(3, mark);
    let (_, user) = (fields.next()?, fields.next()?);
    let password = fields.next()?;
    found(password, list.len() - password.len(), user.trim());
    Some(line.end)
}

/// `createUser name SHA password AES password`.
fn user(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (name, _) = words.first()?;
    let is_kind = |at: usize, kinds: &[&str]| {
        words.get(at).is_some_and(|(word, _)| kinds.iter().any(|kind| word.starts_with(kind)))
    };
    if !is_kind(1, &["MD5", "SHA"]) {
        return None;
    }
    let (password, span) = words.get(2)?;
    judge(extraction, passage, password, *span, name);
    if let Some((password, span)) = words.get(4).filter(|_| is_kind(3, &["AES", "DES"])) {
        judge(extraction, passage, password, *span, name);
    }
    words.last().map(|(_, span)| span.end)
}

/// `allow user:password`, and no address.
fn allowed(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) -> Option<usize> {
    let (login, span) = words.first()?;
    let (user, password) = login.split_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_login =
        !user.is_empty() && user.bytes().all(is_name) && !password.starts_with(['/', ':']) && !password.contains(':');
    if !is_login || words.len() > 2 {
        return None;
    }
    judge(extraction, passage, password, Span::new(span.end - password.len(), span.end), user);
    Some(span.end)
}

/// The words from `start` on, without their quotes.
fn words(line: &str, start: usize) -> Vec<(&str, Span)> {
    let mut words = Vec::new();
    let mut position = start;
    while let Some(word) = read::read(line, position, Extent::Word) {
        words.push((word.span.of(line), word.span));
        position = word.span.end + usize::from(word.is_quoted);
    }
    words
}

fn judge(extraction: &mut Extraction, passage: &Passage<'_>, password: &str, span: Span, user: &str) {
    let step = value::judge(password, Asked::password(user));
    if extraction.accepts(step, Nature::Password, password) {
        let kind = if step == Step::Default { PairKind::DefaultPassword } else { PairKind::Password };
        extraction.add(passage, kind, password, span, step, None);
    }
}
