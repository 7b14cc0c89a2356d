//! Values that stand after no mark of assignment: encoded ones of LDIF, lists of texts, logins.
//!
//! Invariant: looks at a bounded part of the text after the name.

use super::super::super::decode;
use super::super::Form;
use super::super::call;
use super::super::dialect::Dialect;
use super::super::line::is_line_start;
use super::super::read::{self, Extent};
use super::{Named, Reader};
use crate::scan::span::Span;

/// Longest list of values, in bytes.
const MAX_LIST: usize = 2000;

/// What makes a value of a text, and is none itself.
const WRAPPERS: [&str; 6] =
    ["String::from(", "new String(", "Some(", "SecretString::new(", "SecretString::from(", "Secret::new("];

impl Reader<'_, '_> {
    /// `basic_auth "user", "password"`, a call as Ruby writes it; returns where it ends.
    pub(super) fn bare_login(&mut self, named: &Named<'_>) -> Option<usize> {
        let is_call = named.name.ends_with("basic_auth") && named.quote.is_none() && self.is_source();
        let rest = self.text.get(named.span.end..).filter(|rest| is_call && rest.starts_with(' '))?;
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

    /// The length of `String::from(` and the like at `at`.
    pub(super) fn wrapper(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let call = rest.trim_start_matches(' ');
        let wrapper = WRAPPERS.iter().find(|wrapper| call.starts_with(**wrapper));
        wrapper.map_or(0, |wrapper| rest.len() - call.len() + wrapper.len())
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

    /// `["…", "…"]`, over lines: each text is a value.
    pub(super) fn list(&mut self, name: &str, at: usize) {
        let limit = self.text.floor_char_boundary((at + MAX_LIST).min(self.text.len()));
        let Some(rest) = self.text.get(at..limit) else { return };
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
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
        let is_option = matches!(named.name, "CURLOPT_USERPWD" | "CURLOPT_PROXYUSERPWD");
        let is_login = self.dialect == Dialect::Lines && named.name == "auth" && named.before.trim() == "stats";
        let rest = self.text.get(named.after..).unwrap_or_default();
        let at = named.after + usize::from(is_option && rest.starts_with(','));
        let Some(value) = read::read(self.text, at, Extent::Word).filter(|_| is_login || is_option) else {
            return false;
        };
        let Some((user, password)) = value.value.split_once(':') else { return false };
        let start = value.span.start + user.len() + 1;
        let span = Span::new(start, start + password.len());
        self.extraction.pair(self.passage, "password", password, span, Form::Setting);
        self.done = span.end;
        true
    }
}
