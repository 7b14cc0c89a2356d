//! What stands around a name on its line.
//!
//! Invariant: looks at the line as it is given, which is of bounded length.

/// Where the value of `label` begins in `text`.
pub(super) fn assignment(text: &str, label: &str) -> Option<usize> {
    text.match_indices(label).find_map(|(offset, _)| {
        let before = text.get(..offset)?.bytes().last()?;
        if before.is_ascii_alphanumeric() || before == b'_' || before == b'.' {
            return None;
        }
        let after = text.get(offset + label.len()..)?;
        let rest = after.trim_start_matches(['"', '\'', '\\']).trim_start();
        let is_set = rest.starts_with('=') || rest.starts_with(':');
        is_set.then(|| offset + label.len() + (after.len() - rest.len()) + 1)
    })
}

/// Whether nothing but what introduces a name stands before it on its line.
pub(super) fn is_line_start(before: &str) -> bool {
    let before = before.trim_matches(|letter: char| {
        letter.is_whitespace() || matches!(letter, '"' | '\'' | '-' | '#' | ';' | '*' | '!' | '{' | ',' | '/' | '%')
    });
    let introducers = [
        "export",
        "set",
        "setx",
        "env",
        "ENV",
        "ARG",
        "declare -x",
        "local",
        "readonly",
        "let",
        "const",
        "var",
        "def",
        "setenv",
        "Environment=",
        "val",
        "static",
        "final",
        "$env:",
        "$",
        "@",
    ];
    before.is_empty() || introducers.contains(&before) || is_path_of_names(before)
}

/// `//registry.example.org/:` before `_authToken`, `spring:` before a nested name.
fn is_path_of_names(before: &str) -> bool {
    !before.contains([' ', '=', '"', '\'', ';', ',', '&', '?']) && before.ends_with([':', '/', ']'])
}

/// Whether a line is a comment.
pub(super) fn is_comment(before: &str) -> bool {
    let before = before.trim_start();
    let is_after_code = || before.contains(" # ") && !is_in_string(before);
    let begins = before.starts_with(['#', '/', ';', '-', '*', '<', 'r', 'R']);
    memchr::memchr(b'#', before.as_bytes()).is_some() && is_after_code()
        || begins
            && ["#", "//", ";", "-- ", "* ", "/*", "<!--", "rem ", "REM "].iter().any(|mark| {
                before.starts_with(mark)
                    && !before.starts_with("#{")
                    && !before.starts_with("#define ")
                    && !is_registry(before)
            })
}

/// `//registry.npmjs.org/:` is not a comment.
fn is_registry(before: &str) -> bool {
    before.starts_with("//") && before.trim_end().ends_with(':') && before.contains('/') && !before.contains(' ')
}

/// Whether a quote is open at the end of `before`.
pub(super) fn is_in_string(before: &str) -> bool {
    ["\"", "'", "`"].iter().any(|quote| before.matches(quote).count() % 2 == 1)
}

/// What the names of calls end with that take a name and then its value, or what the value is when there is none.
const CALLS: [&str; 20] = [
    "define",
    "env",
    "get",
    "set",
    "put",
    "add",
    "append",
    "insert",
    "default",
    "property",
    "option",
    "header",
    "param",
    "parameter",
    "field",
    "variable",
    "fetch",
    "string",
    "var",
    "values",
];

/// Whether the name is the first argument of a call that sets it, or asks for it with a fallback.
pub(super) fn is_call(before: &str) -> bool {
    let before = before.trim_end_matches(['"', '\'', '`', ' ']);
    let Some(call) = before.strip_suffix('(') else { return false };
    let name = call.trim_end().rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name != "reset" && CALLS.iter().any(|known| name.ends_with(known))
}

/// Whether a line of a server's configuration sets a header whose name comes next: `proxy_set_header `.
pub(super) fn sets_header(before: &str) -> bool {
    let before = before.trim_end().to_ascii_lowercase();
    // `Header Authorization Bearer …` of Fluent Bit.
    if before.trim_start() == "header" {
        return true;
    }
    ["_set_header", "set-header", "add_header", "add-header", "requestheader set", "requestheader add"]
        .iter()
        .any(|directive| before.ends_with(directive))
}

/// Longest accessors of a property, in bytes.
const MAX_ACCESSORS: usize = 44;

/// The length of `: String =` or ` string =` at the beginning of `rest`, what a language writes between a name and its
/// value, when a quoted value follows.
pub(super) fn declared_type(rest: &str) -> Option<usize> {
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '<' | '>' | '?' | '_' | '*' | '&');
    if let Some(braces) = rest.strip_prefix('{') {
        // `{ get; set; } = "…"`.
        let near = braces.get(..braces.floor_char_boundary(MAX_ACCESSORS.min(braces.len())))?;
        let (accessors, value) = near.split_once("} =")?;
        return accessors.contains("get").then(|| rest.len() - braces.len() + near.len() - value.len());
    }
    let inner = rest.strip_prefix('?').unwrap_or(rest);
    let inner = inner.strip_prefix(':').unwrap_or(inner).trim_start_matches(' ');
    let after = inner.trim_start_matches(is_part);
    let name = inner.len() - after.len();
    let value = after.trim_start_matches(' ').strip_prefix('=')?;
    let is_type = (1..=24).contains(&name) && value.trim_start_matches(' ').starts_with(['"', '\'', '`']);
    is_type.then(|| rest.len() - value.len())
}

/// The length of `|| ` and the like at the beginning of `rest`, after which the value stands that is taken when there
/// is no other.
pub(super) fn fallback(rest: &str) -> Option<usize> {
    let mark = ["||", "??", "?:", "or "].iter().find(|mark| rest.starts_with(**mark))?;
    let value = rest.get(mark.len()..)?.trim_start_matches(' ');
    value.starts_with(['"', '\'', '`']).then(|| rest.len() - value.len())
}
