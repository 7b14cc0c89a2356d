//! Secrets known by their name: pairs of name and value, as each format means them.
//!
//! A file gives pairs; each is judged by [`value`]; what is a secret becomes a [`PairFound`] of some
//! [`PairKind`], which a policy reports or not.
//!
//! Invariant: a value is looked at by the most exact reader that knows it, and its place is exact in the file.

mod acl;
mod call;
mod command;
mod daemon;
mod dialect;
mod dockerfile;
pub mod gate;
mod header;
mod jaas;
pub mod key;
mod kind;
mod kubernetes;
mod line;
mod login;
mod named;
mod near;
mod option;
mod passage;
mod read;
mod store;
mod text;
mod tree;
mod xml;

use std::collections::BTreeSet;

use super::decode::Layer;
use super::redacted::Redacted;
use super::value::{self, Asked, Step};
use crate::scan::document::{Body, DocumentKind, ParsedFile};
use crate::scan::span::Span;
use dialect::Dialect;
pub use dialect::{Traits, is_trial, traits};
use gate::Hit;
use key::{Name, Nature};
pub use kind::PairKind;
use kind::kind;
use passage::Passage;

/// How deep a text inside a text is read.
const MAX_DEPTH: usize = 4;

/// Shortest text that is read for pairs once it is decoded, in bytes.
const MIN_DECODED: usize = 12;

/// Least length of a key or token in documents and comments, in bytes.
const LEAST_IN_TEXT: usize = 12;

/// What Spring Security writes before a password that is not encoded.
const PLAIN: &str = "{noop}";

/// What OpenSSL wants before a password that stands on the command line.
const OPENSSL: &str = "pass:";

/// Where a pair stands, as far as it decides what to call a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Setting,
    /// What code compares a setting with.
    Compared,
    CommandLine,
    ConnectionString,
    KubernetesSecret,
    Kubeconfig,
}

/// A secret that was found by its name.
#[derive(Clone, Debug)]
pub struct PairFound {
    /// What it is.
    pub kind: PairKind,
    /// The place of the value in the file.
    pub span: Span,
    /// The value.
    pub value: Redacted,
    /// The step that decided.
    pub step: Step,
    /// The name, when it is plain enough to be shown.
    pub name: Option<String>,
}

/// A file, with what is known of it.
pub struct File<'f> {
    /// Its path.
    pub path: &'f str,
    /// Its text.
    pub text: &'f str,
    /// The text, read.
    pub parsed: &'f ParsedFile,
    /// How it writes pairs.
    pub traits: Traits,
    /// Where names of secrets and programs that take them may stand in it.
    pub words: Vec<Hit>,
}

/// Finds the secrets that a file holds in pairs, as it stands and in what is encoded in it.
pub fn find(file: File<'_>, layers: &[Layer<'_>]) -> Vec<PairFound> {
    let mut extraction = Extraction { traits: file.traits, found: Vec::new(), depth: 0 };
    let passage = Passage::file(file.text);
    if !named::read(&mut extraction, file.path, &passage) && !file.words.is_empty() {
        extraction.file(&passage, file.parsed, file.words);
    }
    for layer in layers {
        layer.decoded().for_each(|part| extraction.decoded(&passage, layer, part));
    }
    one_per_login(&mut extraction.found);
    extraction.found
}

/// A login is one secret: what its text, once decoded, seems to hold besides is the same.
fn one_per_login(found: &mut Vec<PairFound>) {
    let is_login = |pair: &PairFound| pair.kind == PairKind::RegistryLogin;
    let logins: BTreeSet<Span> = found.iter().filter(|pair| is_login(pair)).map(|pair| pair.span).collect();
    found.retain(|pair| is_login(pair) || !logins.contains(&pair.span));
}

/// The pairs of one file, judged as they come.
struct Extraction {
    traits: Traits,
    found: Vec<PairFound>,
    depth: usize,
}

impl Extraction {
    fn file(&mut self, file: &Passage<'_>, parsed: &ParsedFile, words: Vec<Hit>) {
        let is_read = !parsed.documents.is_empty();
        for document in &parsed.documents {
            match &document.body {
                Body::Tree(root) => tree::document(self, file, root),
                Body::Dockerfile(dockerfile) => dockerfile::read(self, file, dockerfile),
            }
        }
        self.comments(file, parsed);
        let is_tree = !matches!(parsed.kind, DocumentKind::Text | DocumentKind::Dockerfile);
        let is_json = parsed.kind == DocumentKind::Text
            && self.traits.dialect == Dialect::Quoted
            && is_object(file.text.trim_start());
        if is_json {
            tree::embedded(self, file, ".json");
        } else if parsed.kind == DocumentKind::Text || (is_tree && !is_read) {
            text::read_words(self, file, self.traits.dialect, words);
        } else if is_tree {
            self.unread(file, parsed);
        }
    }

    /// A text that is encoded in the file: it is long enough to be a document of its own.
    fn decoded(&mut self, file: &Passage<'_>, layer: &Layer<'_>, part: Span) {
        let text = part.of(&layer.text);
        // The source of a program, which its own repository has.
        if is_source_map(file, layer.in_file(part)) {
            return;
        }
        if text.len() >= MIN_DECODED && gate::is_open(text) {
            let inner = file.decoded(text, layer.in_file(part));
            tree::embedded(self, &inner, "");
        }
    }

    /// The parts of a file of documents that could not be read as such.
    fn unread(&mut self, file: &Passage<'_>, parsed: &ParsedFile) {
        let mut position = 0;
        let ends =
            parsed.documents.iter().map(|document| document.span).chain([Span::new(file.text.len(), file.text.len())]);
        let gaps: Vec<Span> = ends
            .map(|span| {
                let gap = Span::new(position, span.start.max(position));
                position = span.end.max(position);
                gap
            })
            .collect();
        for gap in gaps.into_iter().filter(|gap| gap.len() > 8) {
            text::read(self, &file.part(gap), Dialect::Lines);
        }
    }

    /// What is commented out is leaked as well, but only a random value, or one that no remark has, is told from one.
    fn comments(&mut self, file: &Passage<'_>, parsed: &ParsedFile) {
        let traits = self.traits;
        self.traits = traits.in_comment();
        for comment in parsed.comments.iter().filter(|comment| gate::is_open(comment.span.of(&file.text))) {
            text::read(self, &file.part(comment.span), Dialect::Inline);
        }
        self.traits = traits;
    }

    /// Drops of what was found from `decoded` on what was found before, from `exact` on, at its exact place.
    fn keep_exact(&mut self, exact: usize, decoded: usize) {
        let later = self.found.split_off(decoded);
        let found = self.found.get(exact..).unwrap_or_default();
        let fresh: Vec<PairFound> =
            later.into_iter().filter(|pair| !found.iter().any(|known| known.value.shares(&pair.value))).collect();
        self.found.extend(fresh);
    }

    /// Runs `read` one level deeper, when there is room.
    fn deeper(&mut self, read: impl FnOnce(&mut Self)) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            read(self);
            self.depth -= 1;
        }
    }

    /// Judges the pair of `name` and `value`, which stands at `span` of `passage`. Says whether the name is that of a
    /// secret, so that nobody needs to look into the value.
    fn pair(&mut self, passage: &Passage<'_>, name: &str, value: &str, span: Span, form: Form) -> bool {
        // A header whose name stands elsewhere, such as `httpHeaderValue1` of Grafana.
        if header::is_name(name) || header::is_value(value) {
            return header::read(self, passage, value, span);
        }
        if !key::may_be(name) {
            debug_assert!(Name::read(name).is_none() && !key::is_hash_name(name), "{name}");
            return false;
        }
        if key::is_hash_name(name) {
            let is_known = value::judge(value, Asked::password("")) == Step::PasswordHash;
            let is_hash = is_known || name == "password_hash" && value::is_broker_hash(value);
            return is_hash && self.add(passage, PairKind::PasswordHash, value, span, Step::PasswordHash, Some(name));
        }
        let Some(read) = Name::read(name) else { return false };
        if let Some(plain) = value.strip_prefix(PLAIN).filter(|_| span.len() == value.len()) {
            return self.judged(passage, &read, name, plain, Span::new(span.start + PLAIN.len(), span.end), form);
        }
        if let Some(plain) =
            value.strip_prefix(OPENSSL).filter(|_| form == Form::CommandLine && span.len() == value.len())
        {
            return self.judged(passage, &read, name, plain, Span::new(span.start + OPENSSL.len(), span.end), form);
        }
        if login::read(self, passage, &read, value, span) {
            return true;
        }
        if let Some((start, end)) = value::literal_default(value).filter(|_| span.len() == value.len()) {
            let literal = value.get(start..end).unwrap_or_default();
            let place = Span::new(span.start + start, span.start + end);
            return self.judged(passage, &read, name, literal, place, form);
        }
        self.judged(passage, &read, name, value, span, form)
    }

    fn judged(&mut self, passage: &Passage<'_>, read: &Name, name: &str, value: &str, span: Span, form: Form) -> bool {
        let step = value::judge(value, Asked::of(read));
        let is_guessed = step == Step::Human && read.nature == Nature::Password;
        let step = if is_guessed && near::is_its_user(&passage.text, span) { Step::Default } else { step };
        // What a name is compared with is often a word of a language, a kind, or no password at all.
        let is_told = || read.nature == Nature::Password && step == Step::Human && value::is_no_label(value);
        let is_meant = form != Form::Compared || step == Step::Random || is_told();
        let text = &*passage.text;
        let is_known = || {
            near::is_search_key(text, span)
                || read.plain.ends_with("accesskey") && near::is_id_beside_key(text, span)
                || matches!(read.plain.as_str(), "signingkey" | "signkey") && value::is_key_id(value)
                || read.last == "salt" && near::is_salt_of_hash(text, span)
                || read.is_of_protocol() && self.traits.dialect == Dialect::Code
        };
        let is_meant = is_meant && !(step == Step::Random && is_known());
        // A community is often one of people.
        let is_meant = is_meant && (!read.is_common_word() || is_told() || step == Step::Random);
        if is_meant && self.accepts(step, read.nature, value) {
            self.add(passage, kind(form, read.nature, step), value, span, step, Some(name));
        }
        // A sentence or a connection string may hold a secret of its own.
        !matches!(step, Step::OtherThing | Step::Size | Step::Reference | Step::Wording) || value.len() < 12
    }

    /// Whether what `step` says of a value is enough, where it stands.
    fn accepts(&self, step: Step, nature: Nature, value: &str) -> bool {
        let is_code = self.traits.dialect == Dialect::Code;
        match step {
            // In documents and comments stands code as well, with short names such as `myKmsKey`.
            Step::Random if self.traits.is_strict => {
                // A long word of a translation has few vowels that we know of.
                let is_word = value.bytes().all(|byte| byte.is_ascii_alphabetic());
                match nature {
                    Nature::Password => !is_word,
                    Nature::Token | Nature::Key => value.len() >= LEAST_IN_TEXT,
                    Nature::Vague => false,
                }
            }
            Step::Random => true,
            Step::Human if self.traits.is_comment => nature == Nature::Password && value::is_deliberate(value),
            Step::Human if self.traits.is_strict => false,
            Step::Human => !is_code || value::is_no_label(value),
            Step::Default => !is_code && !self.traits.is_strict && !self.traits.is_sample,
            Step::PasswordHash => !self.traits.is_strict,
            _ => false,
        }
    }

    fn add(
        &mut self,
        passage: &Passage<'_>,
        kind: PairKind,
        value: &str,
        span: Span,
        step: Step,
        name: Option<&str>,
    ) -> bool {
        let is_plain = |name: &&str| {
            name.len() <= 60
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        };
        let name = name.filter(is_plain).map(str::to_owned);
        let value = Redacted::new(value.trim(), "");
        self.found.push(PairFound { kind, span: passage.place(span), value, step, name });
        true
    }
}

/// Whether what stands at `place` is the map of a program to its source: `sourceMappingURL=data:application/json;base64,…`.
fn is_source_map(file: &Passage<'_>, place: Span) -> bool {
    const LONGEST: usize = 80;
    let start = file.text.floor_char_boundary(place.start.saturating_sub(LONGEST));
    let before = file.text.get(start..place.start).unwrap_or_default();
    before.ends_with("base64,") && before.contains("sourceMappingURL=")
}

/// Whether `text` begins as an object of JSON does, not as a set of Nix or a record of Dhall: `{ name = …`.
fn is_object(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let inner = text.strip_prefix('{').map(str::trim_start);
    inner.is_some_and(|inner| !inner.trim_start_matches(is_part).trim_start().starts_with('='))
}
