//! Secrets among the arguments of programs that take them in short options or by position.
//!
//! Invariant: a command is read once, and no further than [`MAX_COMMAND`] bytes.

use super::super::value::{self, Asked, Step};
use super::key::{Name, Nature};
use super::option::{OPTIONS, PASS_SOURCES, Takes};
use super::passage::Passage;
use super::{Extraction, PairKind};
use super::{near, read, store};
use crate::scan::span::Span;

/// Longest command, in bytes.
const MAX_COMMAND: usize = 2000;
/// How far before a program the word that it begins with is looked for, in bytes.
const MAX_BEFORE: usize = 300;

/// A word of a command.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub value: &'t str,
    pub span: Span,
    /// Whether it goes on where the word before it ends, in quotes: `-p"…"`.
    pub is_glued: bool,
}

/// Reads the command whose program's name stands at `program`; returns where it ends.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, program: Span) -> usize {
    let text = &*passage.text;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let floor = text.floor_char_boundary(program.start.saturating_sub(MAX_BEFORE));
    let before = text.get(floor..program.start).unwrap_or_default();
    let start = program.start - (before.len() - before.trim_end_matches(is_part).len());
    let start = start + if text.get(start..).is_some_and(|rest| rest.starts_with("| ")) { 2 } else { 0 };
    let words = words(text, start);
    let end = words.last().map_or(program.end, |word| word.span.end).max(program.end);
    let Some(name) = words.first().map(|word| word.value.to_ascii_lowercase()) else { return end };
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    for (programs, option, takes) in OPTIONS {
        if programs.contains(&name) {
            options(extraction, passage, &words, option, *takes);
        }
    }
    by_position(extraction, passage, &words, start);
    // What stands in `$(…)` is a command of its own.
    words.iter().find(|word| word.value.contains("$(")).map_or(end, |word| word.span.start)
}

/// Programs that take a secret by position, or from the program before them.
fn by_position(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>], start: usize) {
    let has = |option: &str| words.iter().any(|word| word.value == option);
    let at = |index: usize| words.get(index).map_or("", |word| word.value);
    let is_short = |word: &Word<'_>, letter: char| {
        word.value.starts_with('-') && !word.value.starts_with("--") && word.value.contains(letter)
    };
    let plain = || words.iter().filter(|word| !word.value.starts_with('-'));
    match at(0) {
        "login" if has("--password-stdin") => piped(extraction, passage, start, None),
        "login" if has("--with-token") => {
            piped(extraction, passage, start, None);
            here(extraction, passage, words);
        }
        "sudo" if has("-S") => piped(extraction, passage, start, None),
        "login" if text_before(passage, start).ends_with("vault") => {
            // `method=oidc` is none; base64 may end with the sign.
            if let Some(word) = plain().nth(1).filter(|word| !word.value.trim_end_matches('=').contains('=')) {
                token(extraction, passage, word.value, word.span);
            }
        }
        "net" if at(1) == "user" => {
            if let Some(word) = words.get(3).filter(|word| !word.value.starts_with('/')) {
                judge(extraction, passage, word.value, word.span, at(2));
            }
        }
        "net" if at(1) == "use" => share(extraction, passage, words),
        "alias" if text_before(passage, start).ends_with("mc") => {
            if let Some(word) = plain().nth(5) {
                judge(extraction, passage, word.value, word.span, at(4));
            }
        }
        _ if at(0).starts_with("login=") && text_before(passage, start).contains("cache_peer ") => {
            if let Some((user, password)) = at(0).trim_start_matches("login=").split_once(':') {
                let end = words.first().map_or(start, |word| word.span.end);
                judge(extraction, passage, password, Span::new(end - password.len(), end), user);
            }
        }
        "openssl" if at(1) == "passwd" && !has("-in") => hashed(extraction, passage, words),
        "chpasswd" => piped(extraction, passage, start, Some(':')),
        "rabbitmqctl" if matches!(at(1), "add_user" | "change_password") => {
            if let Some(word) = words.get(3) {
                judge(extraction, passage, word.value, word.span, at(2));
            }
        }
        "sqlplus" => {
            let login = plain().skip(1).find_map(|word| Some((word, word.value.split_once('/')?)));
            if let Some((word, (user, rest))) = login {
                let password = rest.split('@').next().unwrap_or_default();
                let start = word.span.start + user.len() + 1;
                judge(extraction, passage, password, Span::new(start, start + password.len()), user);
            }
        }
        "htpasswd" if words.iter().skip(1).any(|word| is_short(word, 'b')) => {
            let is_printed = words.iter().any(|word| is_short(word, 'n'));
            if let Some(word) = plain().nth(if is_printed { 2 } else { 3 }) {
                judge(extraction, passage, word.value, word.span, "");
            }
        }
        _ => store::read(extraction, passage, words, start),
    }
}

/// `openssl passwd [-6] [-salt SALT] VALUE`.
fn hashed(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>]) {
    let salt = words.iter().position(|word| word.value == "-salt").map_or(0, |at| at + 1);
    let mut rest = words.iter().enumerate().skip(2);
    if let Some((_, word)) = rest.find(|(index, word)| !word.value.starts_with('-') && *index != salt) {
        judge(extraction, passage, word.value, word.span, "");
    }
}

fn options(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>], option: &str, takes: Takes) {
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        let Some(glued) = word.value.strip_prefix(option) else { continue };
        if matches!(takes, Takes::Next) && !glued.is_empty() {
            continue;
        }
        let glued = if option.starts_with("--") { glued.strip_prefix('=').unwrap_or(glued) } else { glued };
        let (value, span) = if glued.is_empty() {
            match rest.next() {
                Some(next) if takes.takes_next() && !next.value.starts_with('-') || next.is_glued => {
                    (next.value, next.span)
                }
                _ => continue,
            }
        } else {
            (glued, Span::new(word.span.end.saturating_sub(glued.len()), word.span.end))
        };
        match takes {
            Takes::After(mark) => {
                if let (true, Some(next)) = (value.ends_with(mark), rest.clone().next().filter(|next| next.is_glued)) {
                    judge(extraction, passage, next.value, next.span, value.trim_end_matches(mark));
                } else if let Some((user, password)) =
                    value.split_once(mark).filter(|(user, _)| !PASS_SOURCES.contains(user))
                {
                    // A token in place of the user, as APIs take it.
                    let place = Span::new(span.end.saturating_sub(password.len()), span.end);
                    match password {
                        "" => token(extraction, passage, user, Span::new(span.start, span.end.saturating_sub(1))),
                        _ => judge(extraction, passage, password, place, user),
                    }
                } else if let Some(next) =
                    rest.clone().next().filter(|next| mark == ',' && next.span.start == span.end + 1)
                {
                    judge(extraction, passage, next.value, next.span, value);
                }
            }
            Takes::Glued | Takes::Value | Takes::Next => judge(extraction, passage, value, span, ""),
        }
    }
}

/// `echo VALUE | docker login --password-stdin`; `echo user:VALUE | chpasswd`, with the mark after the user.
pub(super) fn piped(extraction: &mut Extraction, passage: &Passage<'_>, login: usize, mark: Option<char>) {
    let Some(word) = piped_word(&passage.text, login) else { return };
    let Some((user, password)) = mark.map_or(Some(("", word.value)), |mark| word.value.split_once(mark)) else {
        return;
    };
    judge(extraction, passage, password, Span::new(word.span.end - password.len(), word.span.end), user);
}

/// What is piped to the program at `login`.
pub(super) fn piped_word(text: &str, login: usize) -> Option<Word<'_>> {
    let floor = text.floor_char_boundary(login.saturating_sub(MAX_BEFORE));
    let before = text.get(floor..login)?;
    let line = before.rfind('\n').map_or(floor, |line_break| floor + line_break + 1);
    let pipe = text.get(line..login)?.rfind('|')?;
    let head = text.get(line..line + pipe)?;
    let echo = head.rfind("echo ").or_else(|| head.rfind("printf "))?;
    let is_printed = |word: &&Word<'_>| !word.value.starts_with('-') && !matches!(word.value, "%s" | "%s\\n");
    words(text, line + echo).iter().skip(1).find(is_printed).copied()
}

/// What stands before `start` on its line.
fn text_before<'t>(passage: &'t Passage<'_>, start: usize) -> &'t str {
    let floor = passage.text.floor_char_boundary(start.saturating_sub(MAX_BEFORE));
    let before = passage.text.get(floor..start).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default().trim_end()
}

/// `net use z: \\server\share VALUE`.
fn share(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>]) {
    let is_other = |word: &&Word<'_>| word.value.starts_with(['/', '\\', '*']) || word.value.ends_with(':');
    if let Some(word) = words.iter().skip(2).find(|word| !is_other(word)) {
        judge(extraction, passage, word.value, word.span, "");
    }
}

/// `<<< VALUE` after the last of `words`.
fn here(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>]) {
    let end = words.last().map_or(0, |word| word.span.end);
    let rest = passage.text.get(end..).map(|rest| rest.trim_start_matches(' ')).unwrap_or_default();
    if let Some(rest) = rest.strip_prefix("<<<")
        && let Some(value) = read::read(&passage.text, passage.text.len() - rest.len(), read::Extent::Word)
    {
        token(extraction, passage, &value.value, value.span);
    }
}

/// Judges a token that a machine made.
fn token(extraction: &mut Extraction, passage: &Passage<'_>, value: &str, span: Span) {
    if Name::read("token").is_some_and(|name| value::judge(value, Asked::of(&name)) == Step::Random) {
        extraction.add(passage, PairKind::CommandLinePassword, value, span, Step::Random, None);
    }
}

/// Judges the password of `user`, which is empty when it is not known.
pub(super) fn judge(extraction: &mut Extraction, passage: &Passage<'_>, value: &str, span: Span, user: &str) {
    let step = value::judge(value, Asked::password(user));
    let step = if step == Step::Human && near::is_its_user(&passage.text, span) { Step::Default } else { step };
    if extraction.accepts(step, Nature::Password, value) {
        extraction.add(passage, PairKind::CommandLinePassword, value, span, step, None);
    }
}

/// The words of the command that begins at `start`, up to what ends it.
fn words(text: &str, start: usize) -> Vec<Word<'_>> {
    let end = text.floor_char_boundary((start + MAX_COMMAND).min(text.len()));
    let mut words = Vec::new();
    let mut position = start;
    while let Some(rest) = text.get(position..end) {
        let blank = rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let after = rest.get(blank..).unwrap_or_default();
        if let Some(line) = after.strip_prefix("\\\n").or_else(|| after.strip_prefix("\\\r\n")) {
            position = end.min(position + rest.len() - line.len());
            continue;
        }
        // `cn=admin,dc=acme` is one word; what matters is what stands after it.
        let is_joint = after.starts_with(',') && after.as_bytes().get(1).is_some_and(u8::is_ascii_alphanumeric);
        if is_joint && blank == 0 {
            position += 1;
            continue;
        }
        if after.is_empty() || after.starts_with(['\n', '\r', ';', '|', '&', ')', '`', '#', ',', ']', '}']) {
            break;
        }
        let at = position + blank;
        let Some(word) = read::read(text.get(..end).unwrap_or_default(), at, read::Extent::Word) else { break };
        // `-p"value"` is one word, and `user:"value"`.
        let is_glued = !word.is_quoted
            && (word.value.starts_with('-') || word.value.ends_with(':'))
            && text.as_bytes().get(word.span.end).is_some_and(|byte| matches!(byte, b'"' | b'\''));
        let inner = if is_glued {
            read::read(text.get(..end).unwrap_or_default(), word.span.end, read::Extent::Word)
        } else {
            None
        };
        let closing = usize::from(word.is_quoted || inner.is_some());
        if let Some(inner) = inner {
            position = inner.span.end + closing;
            let option = word.span.of(text);
            words.push(Word { value: option, span: word.span, is_glued: false });
            words.push(Word { value: inner.span.of(text), span: inner.span, is_glued: true });
        } else {
            position = word.span.end + closing;
            words.push(Word { value: word.span.of(text), span: word.span, is_glued: false });
        }
        if position <= at {
            break;
        }
    }
    words
}

/// Reads a command that is written as a list of words, each with its place: what follows an option is its value.
pub(super) fn list(extraction: &mut Extraction, passage: &Passage<'_>, words: &[(&str, Span)]) {
    for pair in words.windows(2) {
        let [(option, _), (value, span)] = pair else { continue };
        let name = option.trim_start_matches('-');
        let is_option = option.starts_with('-') && !option.contains(['=', ' ']);
        let is_directive = matches!(*option, "requirepass" | "masterauth");
        if (is_option || is_directive) && !value.starts_with("--") && !name.is_empty() {
            extraction.pair(passage, name, value, *span, super::Form::CommandLine);
        }
    }
    let program =
        words.iter().position(|(word, _)| OPTIONS.iter().any(|(programs, ..)| programs.contains(&base_name(word))));
    let Some(program) = program else { return };
    let rest: Vec<Word<'_>> =
        words.iter().skip(program).map(|(value, span)| Word { value, span: *span, is_glued: false }).collect();
    let name = rest.first().map(|word| base_name(word.value)).unwrap_or_default();
    for (programs, option, takes) in OPTIONS {
        if programs.contains(&name) {
            options(extraction, passage, &rest, option, *takes);
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
