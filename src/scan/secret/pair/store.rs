//! Commands that hand a secret to where it is kept: `gh secret set`, `aws ssm put-parameter`, `consul kv put`,
//! `docker secret create`, and those that make a text of it for a manifest.
//!
//! Invariant: looks at the words of one command, and at what is piped to it.

use super::super::value::{self, Asked, Step};
use super::command::{Word, judge, piped, piped_word};
use super::passage::Passage;
use super::{Extraction, Form, PairKind};
use crate::scan::span::Span;

/// Options of `ansible-vault encrypt_string` that take a value.
const VAULT_OPTIONS: [&str; 7] =
    ["-n", "--name", "--stdin-name", "--vault-id", "--encrypt-vault-id", "--vault-password-file", "--vault-pass-file"];

/// Reads the command of `words`, which begins at `start`.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>], start: usize) {
    let at = |index: usize| words.get(index).map_or("", |word| word.value);
    let has = |option: &str| words.iter().any(|word| word.value == option);
    match (at(0), at(1)) {
        ("gh", "secret") if at(2) == "set" => given(extraction, passage, option(words, &["--body", "-b"])),
        ("az", "keyvault") if at(2) == "secret" && at(3) == "set" => {
            given(extraction, passage, option(words, &["--value"]));
        }
        ("put-parameter", _) => parameter(extraction, passage, words),
        ("encrypt_string", _) => given(extraction, passage, plain(words)),
        ("grafana-cli", "admin") if at(2) == "reset-admin-password" => {
            given(extraction, passage, words.get(3).copied());
        }
        ("mosquitto_passwd", _) if has("-b") => given(extraction, passage, words.last().copied()),
        ("consul" | "etcdctl", _) => entry(extraction, passage, words),
        ("docker" | "podman", "secret") if has("create") && has("-") => piped(extraction, passage, start, None),
        ("gcloud", "secrets") if has("--data-file=-") || has("--data-file") && has("-") => {
            piped(extraction, passage, start, None);
        }
        ("passwd", _) if has("--stdin") => piped(extraction, passage, start, None),
        ("kinit" | "cryptsetup", _) => piped(extraction, passage, start, None),
        ("gpg", _) if has("--passphrase-fd") => piped(extraction, passage, start, None),
        ("base64", _) if !["-d", "-D", "--decode", "-di"].iter().any(|option| has(option)) => {
            encoded(extraction, passage, start);
        }
        _ => {}
    }
}

fn given(extraction: &mut Extraction, passage: &Passage<'_>, word: Option<Word<'_>>) {
    if let Some(word) = word.filter(|word| !word.value.starts_with('-')) {
        judge(extraction, passage, word.value, word.span, "");
    }
}

/// The value of the first of the `names` that is an option: `--body VALUE`, `--body=VALUE`.
fn option<'t>(words: &[Word<'t>], names: &[&str]) -> Option<Word<'t>> {
    words.iter().enumerate().find_map(|(index, word)| {
        let name = names.iter().find(|name| word.value.starts_with(**name))?;
        let glued = word.value.get(name.len()..)?;
        if matches!(glued, "" | "=") {
            return words.get(index + 1).copied();
        }
        let value = glued.strip_prefix('=')?;
        Some(Word { value, span: Span::new(word.span.end - value.len(), word.span.end), ..*word })
    })
}

/// The first word that is no option, nor the value of one.
fn plain<'t>(words: &[Word<'t>]) -> Option<Word<'t>> {
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        if VAULT_OPTIONS.contains(&word.value) {
            rest.next();
        } else if !word.value.starts_with('-') {
            return Some(*word);
        }
    }
    None
}

/// `put-parameter --name /app/db_password --value VALUE --type SecureString`.
fn parameter(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>]) {
    let value = option(words, &["--value"]);
    if words.iter().any(|word| word.value.ends_with("SecureString")) {
        return given(extraction, passage, value);
    }
    if let (Some(name), Some(value)) = (option(words, &["--name"]), value) {
        named(extraction, passage, name, value);
    }
}

/// `kv put app/db_password VALUE`, `put /app/db_password VALUE`.
fn entry(extraction: &mut Extraction, passage: &Passage<'_>, words: &[Word<'_>]) {
    let mut rest = words.iter().skip_while(|word| !matches!(word.value, "put" | "set"));
    let mut plain = rest.by_ref().skip(1).filter(|word| !word.value.starts_with('-'));
    if let (Some(name), Some(value)) = (plain.next(), plain.next()) {
        named(extraction, passage, *name, *value);
    }
}

/// Judges a value by the last part of the path under which it is kept.
fn named(extraction: &mut Extraction, passage: &Passage<'_>, path: Word<'_>, value: Word<'_>) {
    let name = path.value.rsplit('/').next().unwrap_or_default();
    extraction.pair(passage, name, value.value, value.span, Form::CommandLine);
}

/// `echo -n VALUE | base64`: of a value that nobody names, only one that is a secret by its look.
fn encoded(extraction: &mut Extraction, passage: &Passage<'_>, start: usize) {
    let Some(word) = piped_word(&passage.text, start).filter(|_| !extraction.traits.is_strict) else { return };
    let step = value::judge(word.value, Asked::password(""));
    if step == Step::Random || step == Step::Human && value::is_deliberate(word.value) {
        extraction.add(passage, PairKind::CommandLinePassword, word.value, word.span, step, None);
    }
}
