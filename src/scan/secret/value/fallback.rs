//! The literal that a reference falls back to, which is a value.
//!
//! Invariant: gives a place inside the value that it was given.

/// The place in `value` of a literal that a reference falls back to: `${X:-literal}`, `${X:literal}`,
/// `{{ .Values.x | default "literal" }}`.
pub fn literal_default(value: &str) -> Option<(usize, usize)> {
    listed_default(value)
        .or_else(|| shell_default(value))
        .or_else(|| template_default(value))
        .or_else(|| piped(value))
        .or_else(|| ruby_default(value))
}

/// `<%= ENV['NAME'] || 'literal' %>`, as Rails writes it.
fn ruby_default(value: &str) -> Option<(usize, usize)> {
    let inner = value.strip_prefix("<%=")?.strip_suffix("%>").filter(|inner| inner.contains("ENV"))?;
    let mark = ["||", "',", "\",", "') {", "\") {"].iter().find_map(|mark| Some(inner.find(mark)? + mark.len()))?;
    let rest = inner.get(mark..)?;
    let literal = rest.trim_start();
    let quote = literal.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let literal = literal.get(1..)?.split_once(quote)?.0;
    let start = 3 + mark + (rest.len() - rest.trim_start().len()) + 1;
    (!literal.is_empty()).then_some((start, start + literal.len()))
}

/// `{{ 'literal' | password_hash('sha512') }}`, `{{ "literal" | b64enc }}`: what Ansible hashes and a chart encodes
/// stands there in the clear.
fn piped(value: &str) -> Option<(usize, usize)> {
    let inner = value.strip_prefix("{{")?.trim_start();
    let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (literal, rest) = inner.get(1..)?.split_once(quote)?;
    let filter = rest.trim_start().strip_prefix('|')?.trim_start();
    let start = value.len() - inner.len() + 1;
    let is_hashed = ["password_hash", "hash(", "b64enc", "b64encode"].iter().any(|name| filter.starts_with(name));
    (is_hashed && !literal.is_empty()).then_some((start, start + literal.len()))
}

/// `${env:NAME, 'literal'}`, as Serverless writes it.
fn listed_default(value: &str) -> Option<(usize, usize)> {
    let (name, rest) = value.strip_suffix('}')?.strip_prefix("${")?.split_once(',')?;
    let literal = rest.trim_start_matches(' ');
    let quote = literal.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    let start = 2 + name.len() + 1 + (rest.len() - literal.len()) + 1;
    (!inner.is_empty() && !inner.contains(quote)).then_some((start, start + inner.len()))
}

fn shell_default(value: &str) -> Option<(usize, usize)> {
    let inner = value.strip_prefix("${")?.strip_suffix('}')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let name_length = inner.bytes().take_while(|byte| is_name(*byte) && *byte != b'-').count();
    let rest = inner.get(name_length..)?;
    let skip = [":-", ":=", "-", "=", ":"].iter().find(|mark| rest.starts_with(**mark)).map(|mark| mark.len())?;
    let literal = rest.get(skip..)?;
    let is_plain = !literal.is_empty() && !literal.contains(['{', '}', '$']) && !literal.starts_with(['?', '+']);
    let start = 2 + name_length + skip;
    (is_plain && name_length > 0).then_some((start, start + literal.len()))
}

fn template_default(value: &str) -> Option<(usize, usize)> {
    let begin = value.strip_prefix("{{").map(|_| 2)?;
    value.strip_suffix("}}")?;
    let mark = value.get(begin..)?.find("default").map(|found| begin + found + "default".len())?;
    let rest = value.get(mark..)?;
    let quote = rest
        .find(['"', '\''])
        .filter(|offset| rest.get(..*offset).is_some_and(|gap| gap.trim_matches(['(', ' ', '\\']).is_empty()))?;
    let kind = rest.as_bytes().get(quote).copied().map(char::from)?;
    let literal = rest.get(quote + 1..)?.split(kind).next()?.trim_end_matches('\\');
    (!literal.is_empty()).then_some((mark + quote + 1, mark + quote + 1 + literal.len()))
}
