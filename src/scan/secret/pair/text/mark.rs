//! What stands before a name and after it, as far as it parts the name from its value.
//!
//! Invariant: looks at a bounded part of the text.

use super::super::key::{Name, Nature};
use super::super::line::is_comment;
use super::Named;

/// Longest rest of a line that is looked at, in bytes.
const MAX_REST: usize = 1000;
/// Longest white space and options before a value, in bytes.
const MAX_BLANK: usize = 120;

/// What may stand between a user and its password in a `.fetchmailrc`.
const THERE: &str = "there with";

/// Whether a name stands inside `{{ … }}`, where what has no quotes is a name as well.
pub(super) fn is_in_template(before: &str) -> bool {
    before.rfind("{{").is_some_and(|open| before.rfind("}}").is_none_or(|close| close < open))
}

/// Whether a value ends its line, so that a sentence is not read as one.
pub(super) fn is_last_word(rest: &str, named: &Named<'_>) -> bool {
    let near = rest.get(..rest.floor_char_boundary(MAX_REST.min(rest.len()))).unwrap_or_default();
    let line = near.split(['\n', '\r']).next().unwrap_or_default();
    if line.len() == near.len() && near.len() < rest.len() {
        return false;
    }
    let line = line.trim().trim_end_matches(';');
    let is_prose = line.ends_with(['.', ',', ':', ')']) || line.starts_with('@');
    if is_prose || line.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let words = line.split_ascii_whitespace().count();
    let is_router = named.before.starts_with("username ") && words == 2 || named.before.starts_with("snmp-server ");
    // What it lets do, and from where, stands after it.
    let is_router = is_router || named.name == "cachemgr_passwd" || named.name.contains("community");
    let is_login = named.before.contains("login ") || named.before.trim_end().ends_with(THERE);
    is_router || is_login || !line.contains([' ', '\t']) || line.starts_with(['"', '\''])
}

/// Whether `rest` is `>value</`: an element of a text that is no XML, not a word to fill in.
pub(super) fn is_closed(rest: &str) -> bool {
    const LONGEST: usize = 400;
    let content = rest.get(..rest.floor_char_boundary(LONGEST.min(rest.len()))).and_then(|rest| rest.strip_prefix('>'));
    content.is_some_and(|content| content.find('<').is_some_and(|end| content.get(end..end + 2) == Some("</")))
}

/// The length of the mark at the beginning of `rest` after which stands what the variable of `${NAME` falls back to.
pub(super) fn default_mark(rest: &str) -> Option<usize> {
    let is_other = rest.starts_with(":?") || rest.starts_with(":+");
    let mark = [":-", ":=", "-", "=", ":"].iter().find(|mark| rest.starts_with(**mark) && !is_other)?;
    Some(mark.len())
}

/// The length of what stands before the value, a text in a text: `buildConfigField "String", "API_KEY", "\"…\""`.
pub(super) fn field(before: &str, rest: &str) -> Option<usize> {
    let is_field = ["buildConfigField ", "resValue "].iter().any(|head| before.trim_start().starts_with(head));
    let literal = rest.strip_prefix(',').filter(|_| is_field)?.trim_start_matches(' ');
    Some(rest.len() - literal.len() + usize::from(literal.starts_with("\"\\\"")))
}

/// The length of `== ` and the like at the beginning of `rest`, when a quoted value is compared with the name:
/// `password == "…"`, and `"$PASSWORD" = "…"` of shells, whose name stands after `before`.
pub(super) fn compared(before: &str, rest: &str) -> Option<usize> {
    let variable = rest.strip_prefix('"').filter(|_| before.ends_with("\"$"));
    let marks: &[&str] = if variable.is_some() { &["==", "!=", "="] } else { &["===", "!==", "==", "!="] };
    let compared = variable.unwrap_or(rest).trim_start_matches(' ');
    let value = marks.iter().find_map(|mark| compared.strip_prefix(*mark))?;
    let literal = value.trim_start_matches(' ');
    let literal = literal.strip_prefix(['f', 'b', 'r', 'u']).unwrap_or(literal);
    literal.starts_with(['"', '\'']).then(|| rest.len() - value.len())
}

/// `bindPassword`, `MYSQLPassword`: a small letter, then a capital, or the other way in the middle.
pub(super) fn has_hump(name: &str) -> bool {
    let is_hump = |[first, second]: &[u8; 2]| first.is_ascii_lowercase() && second.is_ascii_uppercase();
    let is_word = |[first, second, third]: &[u8; 3]| {
        first.is_ascii_uppercase() && second.is_ascii_uppercase() && third.is_ascii_lowercase()
    };
    let bytes = name.as_bytes();
    bytes.array_windows::<2>().any(is_hump) || bytes.array_windows::<3>().any(is_word)
}

/// Whether a name is that of an environment variable.
pub(super) fn is_constant(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a comment names a password, whose value needs no quotes there.
pub(super) fn is_remark(named: &Named<'_>) -> bool {
    is_comment(named.before) && Name::read(named.name).is_some_and(|read| read.nature == Nature::Password)
}

/// Whether `login NAME` stands before, as in a `.netrc`, or `user NAME`, as in a `.fetchmailrc`.
pub(super) fn is_after_login(before: &str) -> bool {
    let before = before.trim_end().strip_suffix(THERE).unwrap_or(before);
    let is_name = |(_, user): (&str, &str)| user.split_ascii_whitespace().count() == 1;
    ["login ", " user ", "username "].iter().any(|word| before.rsplit_once(word).is_some_and(is_name))
}

/// Whether words stand before a name, as in a sentence: `having a console `.
pub(super) fn is_in_sentence(before: &str) -> bool {
    let mut words = before.strip_suffix(' ').unwrap_or_default().rsplit(' ');
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (0..2).all(|_| words.next().is_some_and(is_word))
}

/// Whether a sentence tells a password: `is Tiger42`.
pub(super) fn is_told(rest: &str) -> bool {
    let word = rest.strip_prefix("is ").and_then(|rest| rest.split_ascii_whitespace().next()).unwrap_or_default();
    word.len() > 5 && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// The length of a line break at the beginning of `rest` after which a quoted value stands, as formatters break long
/// lines, with a `\\` before it in some languages.
pub(super) fn line_break(rest: &str) -> usize {
    let near = rest.get(..rest.floor_char_boundary(MAX_BLANK.min(rest.len()))).unwrap_or_default();
    let line = near.trim_start_matches([' ', '\t']);
    let line = line.strip_prefix('\\').unwrap_or(line);
    let line = line.strip_prefix("\r\n").or_else(|| line.strip_prefix('\n')).unwrap_or_default();
    let value = line.trim_start_matches([' ', '\t']);
    if value.starts_with(['"', '\'', '`']) { near.len() - value.len() } else { 0 }
}

/// The length of a `\\` and the line break after it at the beginning of `rest`, when the value goes on in that line.
pub(super) fn continuation(rest: &str) -> usize {
    let near = rest.get(..rest.floor_char_boundary(MAX_BLANK.min(rest.len()))).unwrap_or_default();
    let line = near.trim_start_matches([' ', '\t']).strip_prefix('\\').unwrap_or_default();
    let line = line.strip_prefix("\r\n").or_else(|| line.strip_prefix('\n')).unwrap_or_default();
    let value = line.trim_start_matches([' ', '\t']);
    if value.is_empty() { 0 } else { near.len() - value.len() }
}

/// The length of the options of `ConvertTo-SecureString` that stand before its quoted value: `-String '…'`.
pub(super) fn options_before(rest: &str) -> Option<usize> {
    const MOST: usize = 3;
    let near = rest.get(..rest.floor_char_boundary(MAX_BLANK.min(rest.len())))?;
    let mut value = near;
    for _ in 0..MOST {
        let Some(option) = value.strip_prefix('-') else { break };
        value = option.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric()).trim_start_matches([' ', ':']);
    }
    (value.starts_with(['"', '\'']) || value.starts_with("\\\"")).then(|| near.len() - value.len())
}

/// Whether a name is a part of an ARN, of a list of ciphers, or of the address of a key in hardware.
pub(super) fn is_part_of_address(before: &str, rest: &str) -> bool {
    let token = before.rsplit([' ', '\t', '"', '\'', '`']).next().unwrap_or_default();
    // `!MD5:` of OpenSSL, `+ECDHE-PSK:` of GnuTLS.
    let is_cipher = ["!", "+"].iter().any(|sign| {
        rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(sign))
            || before.strip_suffix(sign).is_some_and(|before| before.ends_with(':'))
    });
    token.contains("arn:") || is_cipher || before.ends_with("pkcs11:")
}
