//! What parts a name from its value, and how the value ends.
//!
//! Invariant: looks at a bounded part of the text around the name.

use super::super::super::value::is_no_label;
use super::super::Form;
use super::super::dialect::Dialect;
use super::super::header;
use super::super::key::{Name, Nature};
use super::super::line::{declared_type, fallback, is_call, is_comment, is_in_string, is_line_start, sets_header};
use super::super::read::Extent;
use super::mark::{
    compared, default_mark, field, has_hump, is_after_login, is_closed, is_constant, is_in_template, is_last_word,
    is_part_of_address, is_remark, is_told, options_before,
};
use super::{MAX_AHEAD, Named, Reader};

/// Names of directives of configuration that a space parts from their value.
const DIRECTIVES: [&str; 16] = [
    "rocommunity",
    "rwcommunity",
    "password",
    "passwd",
    "secret",
    "pass",
    "token",
    "apikey",
    "api-key",
    "community",
    "trapcommunity",
    "rootpwmodpw",
    "bindpw",
    "rootpw",
    "identified",
    "psk",
];

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
        let is_element = named.before.ends_with('<') && is_closed(rest);
        if is_element && !is_group {
            // An element in a text that is no XML.
            return Some(Separated { at: at + 1, extent: Extent::Before(b""), form });
        }
        // Where the line or what holds the name ends, nothing follows: told first, as it is met most.
        let is_over = blank == 0 && rest.starts_with(['}', ')', '\n', '\r']) && !named.before.ends_with("${");
        if is_over || is_part_of_address(named.before, rest) || self.is_function(named, rest) {
            return None;
        }
        if named.before.ends_with("${") {
            return self.in_braces(named, rest);
        }
        let rest = match rest.strip_prefix(']') {
            // `env[NAME] = value` of PHP.
            Some(inner) if self.dialect == Dialect::Lines && named.before.ends_with("env[") => inner.trim_start(),
            // `default[:shop][:api_key] = value` of Ruby.
            Some(inner) if self.is_source() && named.before.ends_with("[:") => inner.trim_start(),
            _ => rest,
        };
        let at = self.text.len() - rest.len();
        if let Some(at) = self.compared(named, rest).map(|skip| at + skip) {
            return Some(Separated { at, extent: Extent::Quoted, form: Form::Compared });
        }
        if let Some(mark) = [":::=", "::="].iter().find(|mark| rest.starts_with(**mark)) {
            return Some(self.extent(named, at + mark.len(), form));
        }
        if ["==", "!=", "=~", "::", "===", "://"].iter().any(|mark| rest.starts_with(*mark)) {
            return None;
        }
        let skip = self.typed(named, rest, blank > 0);
        if let Some(skip) = skip.or_else(|| self.odd_mark(named, rest)) {
            return Some(Separated { at: at + skip, extent: Extent::Quoted, form });
        }
        if let Some(mark) = ["=>", ":=", "+=", "?=", "=", ":", "：", "＝"].iter().find(|mark| rest.starts_with(**mark))
        {
            let at = at + mark.len();
            let is_name = is_in_template(named.before);
            return Some(if is_name {
                Separated { at, extent: Extent::Quoted, form }
            } else {
                self.extent(named, at, form)
            });
        }
        if let Some(at) = self.argument(named, rest) {
            return Some(Separated { at, extent: Extent::Quoted, form });
        }
        if let Some(skip) = field(named.before, rest) {
            return Some(Separated { at: at + skip, extent: Extent::Quoted, form });
        }
        if let Some(skip) = self.pair_of_comma(named, rest) {
            return Some(Separated { at: at + skip, extent: Extent::Quoted, form });
        }
        if blank == 0 || named.quote.is_some() {
            return None;
        }
        let by_words = self.directive(named, at).map(|at| Separated { at, extent: Extent::Word, form });
        by_words.or_else(|| self.spaced(named, is_option, at))
    }

    /// Where the argument begins that follows the name in a call: `setenv("NAME", "value")`, and
    /// `config("NAME", default="value")` of Python; `rest` is what stands after the name.
    fn argument(&self, named: &Named<'_>, rest: &str) -> Option<usize> {
        let is_argument = self.text.get(named.span.end..named.after).is_some_and(|closing| !closing.contains(')'));
        let value = rest.strip_prefix(',').filter(|_| named.quote.is_some() && is_argument)?;
        let fallback = value.trim_start_matches(' ').strip_prefix("default=");
        let fallback = fallback.filter(|_| !named.name.starts_with('-'));
        let is_value = fallback.is_some() || is_call(named.before);
        is_value.then(|| self.text.len() - fallback.unwrap_or(value).len())
    }

    /// The length of a type at the beginning of `rest`, or of the mark before what is taken when there is no value.
    fn typed(&self, named: &Named<'_>, rest: &str, is_apart: bool) -> Option<usize> {
        if named.quote.is_none() {
            let is_typed = self.is_source() && (is_apart || rest.starts_with([':', '?']));
            return is_typed.then(|| declared_type(rest).or_else(|| fallback(rest))).flatten();
        }
        // `environ.get("NAME") or "…"`, `ENV["NAME"] || "…"`.
        let end = named.after.checked_sub(1).and_then(|end| self.text.as_bytes().get(end));
        fallback(rest).filter(|_| self.is_source() && matches!(end, Some(b')' | b']')))
    }

    /// The length of the comma of a pair: `{name, <<"…">>}` and `{name, "…"}` of Erlang, `set :name, "…"` of Ruby.
    fn pair_of_comma(&self, named: &Named<'_>, rest: &str) -> Option<usize> {
        if rest.starts_with(", <<\"") {
            return Some(4);
        }
        let is_term = self.dialect == Dialect::Lines && named.before.ends_with('{') && named.quote.is_none();
        let is_set = self.is_source() && named.before.trim_start() == "set :";
        (is_term || is_set).then_some(1).filter(|_| rest.starts_with(", \"") || is_set && rest.starts_with(", '"))
    }

    /// What `${NAME` falls back to, and `${NAME}    value`, a variable of Robot Framework; `rest` is what stands after the
    /// name.
    fn in_braces(&self, named: &Named<'_>, rest: &str) -> Option<Separated> {
        let form = Form::Setting;
        let is_variable = named.before == "${" && self.dialect == Dialect::Lines;
        if let Some(value) = rest.strip_prefix('}').filter(|_| is_variable) {
            let is_apart = value.starts_with("  ") || value.starts_with('\t');
            return is_apart.then(|| Separated { at: self.text.len() - value.len(), extent: Extent::Line, form });
        }
        let at = self.text.len() - rest.len() + default_mark(rest)?;
        Some(Separated { at, extent: Extent::Before(b"}"), form })
    }

    /// The length of what only some languages write between a name and its quoted value: `<-` of R, `->` of Scala,
    /// `[] =` of C, nothing after `#define`, `(def`, `:` and `@`.
    fn odd_mark(&self, named: &Named<'_>, rest: &str) -> Option<usize> {
        if !self.is_source() {
            return None;
        }
        let is_bare = ["#define ", "(def ", ":", "@"].iter().any(|mark| named.before.ends_with(mark));
        let marks: &[&str] = match (is_bare, named.quote) {
            (_, Some(_)) => &["->"],
            (true, None) => &["<-", "[] =", "[]=", ""],
            (false, None) => &["<-", "[] =", "[]="],
        };
        let value = marks.iter().find_map(|mark| rest.strip_prefix(*mark))?;
        value.trim_start_matches(' ').starts_with('"').then(|| rest.len() - value.len())
    }

    /// The length of what parts the name from the value that it is compared with. A test tells what it expects, mostly of
    /// made-up values.
    fn compared(&self, named: &Named<'_>, rest: &str) -> Option<usize> {
        let is_test = ["assert", "expect"].iter().any(|word| named.before.contains(word));
        if is_test || self.dialect == Dialect::Inline { None } else { compared(named.before, rest) }
    }

    /// `acme.commands.mergepwd:main` inside a value: a function in a module.
    fn is_function(&self, named: &Named<'_>, rest: &str) -> bool {
        let is_inside = self.dialect == Dialect::Inline || !is_line_start(named.before);
        let Some(rest) = rest.strip_prefix(':').filter(|_| is_inside && named.name.contains('.')) else { return false };
        // `acme.ec2token:EC2Token_factory`: its name begins as the module does.
        let module = named.name.rsplit('.').next().unwrap_or_default();
        let is_of_module = rest.get(..module.len()).is_some_and(|head| head.eq_ignore_ascii_case(module));
        let is_part =
            |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_' || is_of_module && byte.is_ascii_alphanumeric();
        let name = rest.bytes().take_while(is_part).count();
        name > 0
            && rest.as_bytes().get(name).is_none_or(|next| matches!(next, b'"' | b'\'' | b'<' | b'\\' | b'\n' | b'\r'))
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
        if let Some(skip) = options_before(rest).filter(|_| name == "convertto-securestring") {
            return Some(Separated { at: at + skip, extent: Extent::Quoted, form });
        }
        if sets_header(named.before) && self.dialect != Dialect::Code {
            return Some(Separated { at, extent, form });
        }
        if self.is_directive_of_blocks(named, rest) || self.is_directive_of_line(named, rest) {
            return Some(Separated { at, extent: Extent::Quoted, form });
        }
        let setters = ["setx", "setenv", "set $", "env", "arg", "fastcgi_param", "uwsgi_param"];
        let is_set = setters.iter().any(|setter| named.before.trim().eq_ignore_ascii_case(setter))
            && self.dialect != Dialect::Code;
        let by = rest.get(..4).filter(|by| by.eq_ignore_ascii_case("by '")).map_or(0, |_| 3);
        if is_set || by > 0 {
            return Some(Separated { at: at + by, extent, form });
        }
        let is_told = matches!(name.as_str(), "password" | "passwd" | "pass" | "pwd" | "passphrase") && is_told(rest);
        if is_told && (self.dialect != Dialect::Code || is_comment(named.before)) {
            return Some(Separated { at: at + 3, extent, form });
        }
        if is_option {
            return (!rest.starts_with('-') && self.dialect != Dialect::Code).then_some(Separated { at, extent, form });
        }
        let is_directive = matches!(name.as_str(), "requirepass" | "masterauth" | "sentinel_auth_pass");
        let is_lines = matches!(self.dialect, Dialect::Lines | Dialect::Shell);
        let is_known = DIRECTIVES.contains(&name.as_str());
        let begins = is_line_start(named.before) || named.before.contains("machine ") || is_after_login(named.before);
        let is_quoted = rest.starts_with('\'')
            && matches!(name.as_str(), "password" | "identified by")
            && !named.before.trim_end().ends_with("the")
            || rest.starts_with(['"', '\'']) && name == "identified by";
        let is_compound = (name.contains(['_', '-', '.']) || has_hump(named.name))
            && Name::read(&name).is_some_and(|read| read.nature != Nature::Vague);
        // `set psksecret …` of a firewall.
        let is_set_secret =
            || named.before.trim() == "set" && Name::read(&name).is_some_and(|read| read.nature != Nature::Vague);
        let is_known = (is_known || is_compound || is_set_secret()) && !rest.starts_with("--");
        let begins = begins
            || named.before.trim() == "enable"
            || is_setter(named.before) && is_no_label(rest.split_ascii_whitespace().next().unwrap_or_default())
            || named.before.trim_start().starts_with("user ")
            || named.before.starts_with("username ")
            || named.before.contains("nmcli ");
        let is_conf = is_lines && begins && is_known && !self.extraction.traits.is_strict && is_last_word(rest, named);
        let is_directive = is_directive && self.dialect != Dialect::Code && !self.extraction.traits.is_strict;
        // `password 0 value`: the number tells how it is written.
        let kind = rest.strip_prefix(['0', '7']).filter(|rest| rest.starts_with(' ')).map_or(0, |_| 2);
        let at = if named.before.starts_with("username ") { at + kind } else { at };
        (is_directive || is_conf || is_quoted).then_some(Separated { at, extent, form })
    }

    /// `oper bob { password "…"; class opers; }`: a directive among others on one line.
    fn is_directive_of_line(&self, named: &Named<'_>, rest: &str) -> bool {
        let is_among = named.before.trim_end().ends_with(['{', ';']) && rest.starts_with(['"', '\'']);
        let is_configuration = matches!(self.dialect, Dialect::Lines | Dialect::Quoted);
        is_among
            && is_configuration
            && named.quote.is_none()
            && !self.extraction.traits.is_strict
            && Name::read(named.name).is_some_and(|read| read.nature != Nature::Vague)
    }

    /// `password "…"` in a file of blocks such as those of Gradle; what goes on after the value is the head of a block.
    fn is_directive_of_blocks(&self, named: &Named<'_>, rest: &str) -> bool {
        if self.dialect != Dialect::Quoted || named.quote.is_some() {
            return false;
        }
        // `credentials { username "ci"; password "…" }` on one line.
        let head = named.before.trim_end();
        if head.contains("credentials {") && head.ends_with([';', '{']) && rest.starts_with(['"', '\'']) {
            return true;
        }
        if !is_line_start(named.before) {
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
            // The token of a badge or of a public file lets nobody do more than see it.
            Some(b'?' | b'&') if before.contains("badge") || before.ends_with("alt=media&") => {
                return list(Extent::Quoted, form);
            }
            Some(b'?' | b'&') => return list(Extent::Before(b"& \t)>"), Form::ConnectionString),
            Some(b',') if before.contains('=') || (before.contains(':') && named.quote.is_none()) => {
                let form = if self.is_source() { form } else { Form::ConnectionString };
                if named.quote.is_none() && in_string {
                    return list(Extent::Before(b", \t)}"), form);
                }
            }
            _ => {}
        }
        if named.quote.is_some() && before.len() < named.before.len() && self.starts_string(named) {
            if self.dialect == Dialect::Inline && is_constant(named.name) || named.name.starts_with("-D") {
                // `sh -c "PGPASSWORD=x psql"`, and `JAVA_OPTS="-Dkey.password=x -Xmx1g"`.
                return list(Extent::Word, form);
            }
            // `"Password=x;Server=y"`: the name is the first of a list inside a string.
            return list(Extent::Before(b";"), Form::ConnectionString);
        }
        if named.quote.is_some() && named.after == named.span.end && self.text.as_bytes().get(at - 1) == Some(&b':') {
            // `"Authorization: Bearer …"`: a header that is one text.
            return list(Extent::Word, form);
        }
        if self.is_yaml_line(named, at) {
            // What has no quotes may be code all the same.
            return list(Extent::Line, Form::Compared);
        }
        match self.dialect {
            Dialect::Lines if is_line_start(named.before) => list(Extent::Line, form),
            Dialect::Lines | Dialect::Shell | Dialect::Inline | Dialect::Xml => list(Extent::Word, form),
            Dialect::Quoted | Dialect::Code
                if named.quote.is_none()
                    && (is_in_string(named.before) || is_remark(named) || self.is_shell_line(named, at)) =>
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

/// `set system radius-server 10.0.0.1 `: words of a command of a router before the last of them.
fn is_setter(before: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || " -_./:".contains(letter);
    before.strip_prefix("set ").is_some_and(|words| words.len() > 3 && words.chars().all(is_part))
}
