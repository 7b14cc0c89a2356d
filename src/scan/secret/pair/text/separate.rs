//! What parts a name from its value, and how the value ends.
//!
//! Invariant: looks at a bounded part of the text around the name.

use super::super::Form;
use super::super::dialect::Dialect;
use super::super::header;
use super::super::key::{Name, Nature};
use super::super::line::{declared_type, fallback, is_call, is_in_string, is_line_start, sets_header};
use super::super::read::Extent;
use super::{MAX_AHEAD, Named, Reader};

/// Where a value begins, and how it ends.
pub(super) struct Separated {
    pub at: usize,
    pub extent: Extent,
    pub form: Form,
}

impl Reader<'_, '_> {
    /// Where the value begins and how it ends; `None` when none follows.
    pub(super) fn separated(&self, named: &Named<'_>, is_option: bool) -> Option<Separated> {
        let bytes = self.text.as_bytes();
        let blank = bytes.get(named.after..)?.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = named.after + blank;
        let rest = self.text.get(at..)?;
        let form = Form::Setting;
        let is_group = named.before.ends_with("(?P<") || named.before.ends_with("(?<");
        if rest.starts_with('>') && named.before.ends_with('<') && !is_group {
            // An element in a text that is no XML.
            return Some(Separated { at: at + 1, extent: Extent::Before(b""), form });
        }
        if rest.starts_with(":!") || named.before.ends_with(":!") || named.before.ends_with("pkcs11:") {
            // A list of ciphers, and an address of a key in hardware.
            return None;
        }
        if named.before.ends_with("${") {
            // What stands after a mark is what the variable falls back to.
            let skip = [":-", ":=", "-", "="].iter().find(|mark| rest.starts_with(**mark))?.len();
            return Some(Separated { at: at + skip, extent: Extent::Before(b"}"), form });
        }
        for mark in ["==", "!=", "=~", "::", "===", "://"] {
            if rest.starts_with(mark) {
                return None;
            }
        }
        if matches!(self.dialect, Dialect::Code | Dialect::Quoted)
            && (blank > 0 || rest.starts_with(':'))
            && named.quote.is_none()
        {
            let skip = declared_type(rest).or_else(|| fallback(rest));
            if let Some(skip) = skip {
                return Some(Separated { at: at + skip, extent: Extent::Quoted, form });
            }
        }
        for mark in ["=>", ":=", "+=", "?=", "=", ":"] {
            if rest.starts_with(mark) && is_in_template(named.before) {
                return Some(Separated { at: at + mark.len(), extent: Extent::Quoted, form });
            }
            if rest.starts_with(mark) {
                return Some(self.extent(named, at + mark.len(), form));
            }
        }
        let is_argument = self.text.get(named.span.end..named.after).is_some_and(|closing| !closing.contains(')'));
        if rest.starts_with(',') && named.quote.is_some() && is_argument && is_call(named.before) {
            return Some(Separated { at: at + 1, extent: Extent::Quoted, form });
        }
        if blank == 0 || named.quote.is_some() {
            return None;
        }
        self.spaced(named, is_option, at)
    }

    /// `--password value`, `requirepass value`, `PASSWORD 'value'`.
    fn spaced(&self, named: &Named<'_>, is_option: bool, at: usize) -> Option<Separated> {
        let rest = self.text.get(at..)?;
        let extent = Extent::Word;
        let form = if is_option { Form::CommandLine } else { Form::Setting };
        let name = named.name.to_ascii_lowercase();
        if header::is_name(&name) && rest.starts_with(['"', '\'']) {
            return Some(Separated { at, extent: Extent::Quoted, form });
        }
        if name.starts_with("x-") && rest.starts_with(['"', '\'']) && self.dialect != Dialect::Code {
            return Some(Separated { at, extent: Extent::Quoted, form });
        }
        if sets_header(named.before) && self.dialect != Dialect::Code {
            return Some(Separated { at, extent, form });
        }
        if self.is_directive_of_blocks(named, rest) {
            return Some(Separated { at, extent: Extent::Quoted, form });
        }
        let is_set =
            matches!(named.before.trim(), "setx" | "setenv" | "set $" | "ENV" | "ARG") && self.dialect != Dialect::Code;
        let by = rest.get(..4).filter(|by| by.eq_ignore_ascii_case("by '")).map_or(0, |_| 3);
        if is_set || by > 0 {
            return Some(Separated { at: at + by, extent, form });
        }
        if name == "password" && self.dialect != Dialect::Code && is_told(rest) {
            return Some(Separated { at: at + 3, extent, form });
        }
        if is_option {
            return (!rest.starts_with('-') && self.dialect != Dialect::Code).then_some(Separated { at, extent, form });
        }
        let is_directive = matches!(name.as_str(), "requirepass" | "masterauth" | "sentinel_auth_pass");
        let is_lines = matches!(self.dialect, Dialect::Lines | Dialect::Shell);
        let is_known = matches!(
            name.as_str(),
            "password"
                | "passwd"
                | "secret"
                | "pass"
                | "token"
                | "apikey"
                | "api-key"
                | "community"
                | "bindpw"
                | "rootpw"
                | "identified"
                | "psk"
        );
        let begins =
            is_line_start(named.before) || named.before.contains("machine ") || named.before.contains("login ");
        let is_quoted = rest.starts_with('\'') && matches!(name.as_str(), "password" | "identified by")
            || rest.starts_with(['"', '\'']) && name == "convertto-securestring";
        let is_compound =
            name.contains(['_', '-']) && Name::read(&name).is_some_and(|read| read.nature != Nature::Vague);
        let is_known = is_known || is_compound;
        let begins = begins || named.before.trim_start().starts_with("user ") || named.before.starts_with("username ");
        let is_conf = is_lines && begins && is_known && !self.extraction.traits.is_strict && is_last_word(rest, named);
        let is_directive = is_directive && self.dialect != Dialect::Code && !self.extraction.traits.is_strict;
        // `password 0 value`: the number tells how it is written.
        let kind = rest.strip_prefix(['0', '7']).filter(|rest| rest.starts_with(' ')).map_or(0, |_| 2);
        let at = if named.before.starts_with("username ") { at + kind } else { at };
        (is_directive || is_conf || is_quoted).then_some(Separated { at, extent, form })
    }

    /// `password "…"` in a file of blocks such as those of Gradle; what goes on after the value is the head of a block.
    fn is_directive_of_blocks(&self, named: &Named<'_>, rest: &str) -> bool {
        if self.dialect != Dialect::Quoted || named.quote.is_some() || !is_line_start(named.before) {
            return false;
        }
        let ahead = rest.get(..rest.floor_char_boundary(MAX_AHEAD.min(rest.len()))).unwrap_or_default();
        let line = ahead.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let is_value = line.len() > 2
            && ['"', '\''].iter().any(|quote| line.starts_with(*quote) && line.ends_with(*quote))
            && line.matches(['"', '\'']).count() == 2;
        is_value && Name::read(named.name).is_some_and(|read| read.nature == Nature::Password)
    }

    /// How a value after `=` or `:` ends.
    fn extent(&self, named: &Named<'_>, at: usize, form: Form) -> Separated {
        let before = named.before.trim_end_matches(['"', '\'', '`', '\\']);
        let joint = before.trim_end().bytes().last();
        let list = |extent, form| Separated { at, extent, form };
        let in_string = matches!(self.dialect, Dialect::Inline | Dialect::Quoted | Dialect::Code | Dialect::Xml)
            || !is_line_start(named.before);
        match joint {
            Some(b';') if before.contains('=') => return list(Extent::Before(b";"), Form::ConnectionString),
            // The token of a badge lets nobody do more than see it.
            Some(b'?' | b'&') if before.contains("badge") => return list(Extent::Quoted, form),
            Some(b'?' | b'&') => return list(Extent::Before(b"& \t)>"), Form::ConnectionString),
            Some(b',') if before.contains('=') || (before.contains(':') && named.quote.is_none()) => {
                let form = if self.dialect == Dialect::Code { form } else { Form::ConnectionString };
                if named.quote.is_none() && in_string {
                    return list(Extent::Before(b", \t)"), form);
                }
            }
            _ => {}
        }
        if named.quote.is_some() && before.len() < named.before.len() && self.starts_string(named) {
            // `"Password=x;Server=y"`: the name is the first of a list inside a string.
            return list(Extent::Before(b";"), Form::ConnectionString);
        }
        match self.dialect {
            Dialect::Lines if is_line_start(named.before) => list(Extent::Line, form),
            Dialect::Lines | Dialect::Shell | Dialect::Inline | Dialect::Xml => list(Extent::Word, form),
            Dialect::Quoted | Dialect::Code
                if named.quote.is_none() && (is_in_string(named.before) || self.is_shell_line(named, at)) =>
            {
                list(Extent::Word, form)
            }
            Dialect::Quoted | Dialect::Code => list(Extent::Quoted, form),
        }
    }

    /// Whether the quote before a name opens a string that goes on after the name.
    fn starts_string(&self, named: &Named<'_>) -> bool {
        named.after == named.span.end && self.text.as_bytes().get(named.after) == Some(&b'=')
    }
}

/// Whether a name stands inside `{{ … }}`, where what has no quotes is a name as well.
fn is_in_template(before: &str) -> bool {
    before.rfind("{{").is_some_and(|open| before.rfind("}}").is_none_or(|close| close < open))
}

/// Whether a value ends its line, so that a sentence is not read as one.
fn is_last_word(rest: &str, named: &Named<'_>) -> bool {
    let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim().trim_end_matches(';');
    let is_prose = line.ends_with(['.', ',', ':', ')']) || line.starts_with('@');
    if is_prose || line.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let words = line.split_ascii_whitespace().count();
    let is_router = named.before.starts_with("username ") && words == 2 || named.before.starts_with("snmp-server ");
    is_router || !line.contains(' ') || named.before.contains("login ") || line.starts_with(['"', '\''])
}

/// Whether a sentence tells a password: `is Tiger42`.
fn is_told(rest: &str) -> bool {
    let word = rest.strip_prefix("is ").and_then(|rest| rest.split_ascii_whitespace().next()).unwrap_or_default();
    word.len() > 5 && word.bytes().any(|byte| byte.is_ascii_digit())
}
