//! Pairs in text that is no tree: a word of the gate, the name around it, what parts it from its value, the value.
//!
//! Invariant: each word of the gate costs a bounded time, so the whole is linear.

mod compare;
mod insert;
mod mark;
mod name;
mod separate;
mod special;

use std::cell::OnceCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use memchr::memmem;

use super::super::value::{self, Step};
use super::dialect::Dialect;
use super::gate::{self, Hit, Kind};
use super::key::{Name, Nature};
use super::line::{assignment, is_comment, is_in_string, is_line_start};
use super::passage::Passage;
use super::read::{self, Extent, Read};
use super::{Extraction, Form, PairKind, acl, call, command, daemon, header, jaas, xml};
use crate::scan::span::Span;
use name::{is_hyphen, is_known, is_verdict, known_as, reach};

/// How far a name reaches around its word, in bytes.
const MAX_NAME: usize = 80;
/// How far before a name its line is looked at, in bytes.
const MAX_BEFORE: usize = 240;
/// How far after a name the value of `name:`/`value:` is looked for, in bytes.
const MAX_AHEAD: usize = 400;

/// What stands before a token in a header.
const BEARER: &[u8] = b"Bearer ";

/// Reads the pairs of `passage`, written as `dialect` says.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, dialect: Dialect) {
    read_words(extraction, passage, dialect, gate::hits(&passage.text));
}

/// The same, where the words of the gate are known.
pub(super) fn read_words(
    extraction: &mut Extraction,
    passage: &Passage<'_>,
    dialect: Dialect,
    words: impl IntoIterator<Item = Hit>,
) {
    let text = &*passage.text;
    let mut reader = Reader {
        extraction,
        passage,
        text,
        dialect,
        names: HashMap::default(),
        has_bearer: OnceCell::new(),
        has_rows: OnceCell::new(),
        done: 0,
        tag_done: 0,
        command_done: 0,
    };
    for hit in words {
        if dialect == Dialect::Xml && xml::hit(reader.extraction, passage, hit, &mut reader.tag_done) {
            continue;
        }
        reader.hit(hit);
    }
}

struct Reader<'r, 't> {
    extraction: &'r mut Extraction,
    passage: &'r Passage<'t>,
    text: &'r str,
    dialect: Dialect,
    /// Whether a name that was met may have a secret: texts repeat their names.
    names: HashMap<&'r str, bool, RandomState>,
    /// Whether the text has `Bearer ` anywhere.
    has_bearer: OnceCell<bool>,
    /// Whether the text may have rows of SQL.
    has_rows: OnceCell<bool>,
    /// Up to where names and values are read.
    done: usize,
    /// Up to where tags are read.
    tag_done: usize,
    /// Up to where commands are read.
    command_done: usize,
}

/// A name with what stands around it.
struct Named<'t> {
    name: &'t str,
    span: Span,
    /// After the name and its closing quote.
    after: usize,
    /// The quote before it.
    quote: Option<u8>,
    /// What stands before it on its line, cut to a bounded length.
    before: &'t str,
}

impl<'r> Reader<'r, '_> {
    fn hit(&mut self, hit: Hit) {
        if hit.kind != Kind::Name {
            let directive = acl::read(self.extraction, self.passage, hit.span);
            if let Some(end) = directive.or_else(|| daemon::read(self.extraction, self.passage, hit.span)) {
                self.done = self.done.max(end);
                return;
            }
            jaas::read(self.extraction, self.passage, hit.span);
        }
        let is_program = hit.kind == Kind::Program || self.is_program(hit.span);
        if is_program && self.dialect != Dialect::Code && hit.span.start >= self.command_done {
            self.command_done = command::read(self.extraction, self.passage, hit.span);
        }
        if hit.span.start < self.done {
            return;
        }
        let Some(named) = self.named(hit.span) else { return };
        if let Some(end) = self.call(&named).or_else(|| self.bare_login(&named)) {
            self.done = end;
            return;
        }
        if is_program && !named.name.ends_with("sonar.login") {
            return;
        }
        self.done = named.span.end;
        let of_service = special::key_of_service(&named, self.text, self.dialect);
        if of_service.is_none() && !self.may_have_secret(&named) {
            return;
        }
        let traits = self.extraction.traits;
        // A name in back quotes stands in a sentence.
        let is_prose = named.quote == Some(b'`') && self.dialect == Dialect::Lines && !is_line_start(named.before);
        if is_comment(named.before) || is_prose {
            self.extraction.traits = traits.in_comment();
        }
        let name = of_service.as_deref().unwrap_or_else(|| known_as(named.name));
        self.pair(&named, name);
        self.extraction.traits = traits;
    }

    /// Whether any reader below takes a value for a secret because of the name, or the name for part of a directive.
    fn may_have_secret(&mut self, named: &Named<'r>) -> bool {
        let is_known = *self.names.entry(named.name).or_insert_with_key(|name| is_known(known_as(name)));
        is_known || special::is_of_router(named) || special::is_login_option(named.name) || self.is_before_bearer(named)
    }

    /// Whether `Bearer ` follows, whose token is a secret whatever the name is.
    fn is_before_bearer(&self, named: &Named<'_>) -> bool {
        let bytes = self.text.as_bytes();
        let ahead = bytes.get(named.after..(named.after + MAX_AHEAD).min(bytes.len())).unwrap_or_default();
        let has_any = *self.has_bearer.get_or_init(|| memmem::find(bytes, BEARER).is_some());
        has_any && memmem::find(ahead, BEARER).is_some()
    }

    /// `sshpass` and `htpasswd` are programs though they hold a word of names.
    fn is_program(&self, word: Span) -> bool {
        let (before, after) = self.text.split_at_checked(word.end).unwrap_or_default();
        let Some(before) = before.strip_suffix("pass") else { return false };
        let is_told = after.starts_with("wd --stdin");
        is_told
            || ["ssh", "ht", "ch"].iter().any(|name| before.ends_with(name))
                && after
                    .strip_prefix("wd")
                    .unwrap_or(after)
                    .bytes()
                    .next()
                    .is_none_or(|next| !next.is_ascii_alphanumeric())
    }

    /// Reads the call whose name is `named`; returns where it ends when it was one that takes secrets.
    fn call(&mut self, named: &Named<'r>) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_auth = bytes.get(named.span.end) == Some(&b'=') && named.name.to_ascii_lowercase().ends_with("auth");
        let open = named.span.end + usize::from(is_auth);
        let is_open = self.is_source() && bytes.get(open) == Some(&b'(') && named.quote.is_none();
        if !is_open || is_comment(named.before) {
            return None;
        }
        call::read(self.extraction, self.passage, named.name, open + 1)
    }

    /// The name around a word.
    fn named(&self, word: Span) -> Option<Named<'r>> {
        let bytes = self.text.as_bytes();
        let floor = self.text.ceil_char_boundary(word.start.saturating_sub(MAX_NAME).max(self.done));
        let limit = self.text.floor_char_boundary((word.end + MAX_NAME).min(self.text.len()));
        let left = reach(self.text.get(floor..word.start)?.chars().rev());
        let right = reach(self.text.get(word.end..limit)?.chars());
        if left >= MAX_NAME || right >= MAX_NAME {
            return None;
        }
        let mut span = Span::new(word.start - left, word.end + right);
        // `\nPASSWORD`: the letter belongs to the escape.
        if span.start > 0
            && bytes.get(span.start - 1) == Some(&b'\\')
            && matches!(bytes.get(span.start), Some(b'n' | b't' | b'r'))
            && span.start < word.start
        {
            span.start += 1;
        }
        let line_floor = self.text.floor_char_boundary(span.start.saturating_sub(MAX_BEFORE));
        let before = self.text.get(line_floor..span.start)?;
        let line = memchr::memrchr2(b'\n', b'\r', before.as_bytes()).map_or(0, |line_break| line_break + 1);
        let before = before.get(line..)?;
        let quote = before.bytes().last().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let mut after = span.end;
        if let Some(quote) = quote {
            let escape = usize::from(bytes.get(after) == Some(&b'\\'));
            if bytes.get(after + escape) == Some(&quote) {
                after += escape + 1;
            }
        }
        while bytes.get(after).is_some_and(|byte| matches!(byte, b']' | b')' | b'?' | b'!')) && quote.is_some() {
            after += 1;
            after += special::index(self.text, after);
        }
        let name = span.of(self.text).trim_end_matches(['.', '-']);
        Some(Named { name, span, after, quote, before })
    }

    /// Judges what rows of SQL hold in the column that the name may be; says whether it is one.
    fn is_column(&mut self, named: &Named<'_>, name: &str) -> bool {
        *self.has_rows.get_or_init(|| insert::may_have_rows(self.text))
            && insert::read(self.extraction, self.passage, named, name)
    }

    fn pair(&mut self, named: &Named<'r>, name: &str) {
        let is_option = named.name.starts_with('-') && !is_hyphen(named.before);
        if is_verdict(named, self.text) || self.lines(named) || self.is_column(named, name) {
            return;
        }
        if self.is_compared_by_call(named, name) {
            return;
        }
        let Some(separated) = self.separated(named, is_option) else {
            if !self.encoded(named, name) && !self.login(named) && !self.block(named, name) {
                self.in_value(named, name);
            }
            return;
        };
        let at = if self.is_source() {
            self.value_at(named, separated.at)
        } else {
            separated.at + mark::continuation(self.text.get(separated.at..).unwrap_or_default())
        };
        let Some(mut value) = read::read(self.text, at, separated.extent) else {
            let is_setting = self.dialect == Dialect::Lines && is_line_start(named.before);
            if (is_setting || self.dialect == Dialect::Quoted) && separated.form == Form::Setting {
                self.list(name, separated.at);
            }
            return;
        };
        if header::is_name(name) && !value.is_quoted {
            value = self.header_value(&value, separated.at);
        }
        let is_sentence = self.dialect == Dialect::Inline && mark::is_in_sentence(named.before);
        if self.is_expression(&value, named) || is_sentence && !value::is_no_label(&value.value) {
            return;
        }
        if self.is_own_name(named, &value) {
            let step = Step::Default;
            if self.extraction.accepts(step, Nature::Password, &value.value) {
                let kind = PairKind::DefaultPassword;
                self.extraction.add(self.passage, kind, &value.value, value.span, step, Some(name));
            }
            return;
        }
        // What devices come with, and every manual names.
        if name.ends_with("community") && matches!(&*value.value, "public" | "private") {
            return;
        }
        let form = if is_option { Form::CommandLine } else { separated.form };
        let is_password = special::is_of_router(named) || self.is_replica(named);
        let name = match name {
            "auth" if is_password => "token",
            _ if is_password => "password",
            _ => name,
        };
        if self.extraction.pair(self.passage, name, &value.value, value.span, form) {
            self.done = value.span.end;
        }
    }

    /// `DB_PASSWORD=db_password`: easy to guess, and what a program runs with.
    fn is_own_name(&self, named: &Named<'_>, value: &Read<'_>) -> bool {
        let is_name = named.name.eq_ignore_ascii_case(&value.value)
            && named.name.bytes().all(|byte| !byte.is_ascii_lowercase())
            && value.value.bytes().all(|byte| !byte.is_ascii_uppercase());
        is_name
            && matches!(self.dialect, Dialect::Lines | Dialect::Shell)
            && is_line_start(named.before)
            && self.text.as_bytes().get(named.after) == Some(&b'=')
            && Name::read(named.name).is_some_and(|read| read.nature == Nature::Password)
    }

    pub(super) fn is_source(&self) -> bool {
        matches!(self.dialect, Dialect::Code | Dialect::Quoted)
    }

    /// Whether a value is code: something to compute.
    fn is_expression(&self, value: &Read<'_>, named: &Named<'_>) -> bool {
        let is_in_text = is_in_string(named.before)
            || mark::is_remark(named)
            || named.quote.is_some()
            || named.before.ends_with("${");
        let is_told = named.name.eq_ignore_ascii_case("identified by");
        let is_embedded =
            is_told || self.is_shell_line(named, value.span.start) || self.is_yaml_line(named, named.after + 1);
        self.is_source() && !value.is_quoted && !is_in_text && !is_embedded
    }

    /// Whether a line is one of a script inside a document, such as the user data of a machine: `export NAME=value`.
    fn is_shell_line(&self, named: &Named<'_>, at: usize) -> bool {
        let is_constant =
            named.name.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'0'..=b'9'));
        let begins = matches!(named.before.trim(), "" | "export");
        self.dialect == Dialect::Quoted && is_constant && begins && at == named.span.end + 1
    }

    /// The scheme and the credential of a header without quotes.
    fn header_value(&self, value: &Read<'r>, at: usize) -> Read<'r> {
        let whole = read::read(self.text, at, Extent::Before(b",;|)&"));
        whole.filter(|whole| whole.value.split_whitespace().count() >= 2).map_or_else(
            || value.clone(),
            |whole| {
                let words: Vec<&str> = whole.value.split_whitespace().take(2).collect();
                let end = words.last().and_then(|last| whole.value.find(last).map(|start| start + last.len()));
                let length = end.unwrap_or(whole.value.len());
                let text = self.text.get(whole.span.start..whole.span.start + length).unwrap_or_default();
                Read {
                    value: text.into(),
                    span: Span::new(whole.span.start, whole.span.start + length),
                    is_quoted: false,
                }
            },
        )
    }

    /// A name that is itself a value: `name = "DB_PASSWORD"`, with `value = "…"` after it, and `variable "db_password"`
    /// with its `default`.
    fn in_value(&mut self, named: &Named<'r>, name: &str) {
        // `name = "/prod/smtp/password"`: the path to a parameter.
        let is_step = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '-' | '_' | '.');
        let before = named.before.trim_end_matches(is_step);
        let before = if before.ends_with('"') && named.before.ends_with('/') { before } else { named.before };
        let before = before.trim_end_matches(['"', '\'', '`', '\\']).trim_end();
        let is_variable = before.ends_with("variable") || before.ends_with("output");
        let label = before.trim_end_matches([':', '=', '>']).trim_end().trim_end_matches(['"', '\'']);
        let label =
            label.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default();
        let is_label = before.len() > label.len()
            && matches!(
                label.to_ascii_lowercase().as_str(),
                "name" | "key" | "parameter" | "variable" | "field" | "property" | "parameterkey"
            );
        // `add_argument("--password", default="…")`.
        let is_argument = before.ends_with("argument(") || before.ends_with("option(");
        if !is_variable && !is_label && !is_argument {
            return;
        }
        let ahead = self
            .text
            .get(named.after..self.text.floor_char_boundary((named.after + MAX_AHEAD).min(self.text.len())))
            .unwrap_or_default();
        let ahead = ahead.split(if is_variable { "\n}" } else { "}" }).next().unwrap_or_default();
        if !ahead.contains(['=', ':']) {
            return;
        }
        let labels: &[&str] = if is_variable || is_argument {
            &["default"]
        } else {
            &["value", "Value", "default", "defaultValue", "ParameterValue"]
        };
        let found = labels.iter().filter_map(|label| assignment(ahead, label)).min();
        let Some(offset) = found else { return };
        let extent = if self.dialect == Dialect::Lines { Extent::Word } else { Extent::Quoted };
        let Some(value) = read::read(self.text, named.after + offset, extent) else {
            return self.list(name, named.after + offset);
        };
        if self.extraction.pair(self.passage, name, &value.value, value.span, Form::Setting) {
            self.done = value.span.end;
        }
    }
}
