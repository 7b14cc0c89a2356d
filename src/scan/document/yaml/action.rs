//! Where template actions begin and end.
//!
//! **Invariant**: one pass; an action that never ends is left as text.

use super::super::super::span::Span;

/// How long a variable is, with its default.
const MAX_VARIABLE_BYTES: usize = 256;

/// What an action does to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{{/* … */}}`.
    Comment,
    /// `if`, `range`, `with`, `define`.
    Open,
    /// `else`, `else if`.
    Else,
    /// `end`.
    End,
    /// An assignment, `break`, `continue`, `fail`: prints nothing.
    Silent,
    /// Anything else.
    Print,
}

/// One `{{ … }}`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    pub(super) span: Span,
    pub(super) kind: Kind,
    /// The number of `indent` or `nindent`.
    pub(super) indent: Option<usize>,
}

/// The actions of `text`, in order.
pub(super) fn find(text: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("{{")) {
        let start = from + found;
        let Some(end) = end_of(text, start + 2) else { break };
        let body = text.get(start + 2..end - 2).unwrap_or_default();
        let body = body.strip_prefix('-').unwrap_or(body).trim();
        actions.push(Action { span: Span::new(start, end), kind: kind_of(body), indent: indent_of(body) });
        from = end;
    }
    actions
}

/// The variables `${…}` of `text`, in order, as actions that print; one that does not end on its line is left as text.
pub(super) fn variables(text: &str) -> Vec<Action> {
    let mut variables = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("${")) {
        let start = from + found;
        from = start + 2;
        if let Some(end) = variable_end(text, from) {
            variables.push(Action { span: Span::new(start, end), kind: Kind::Print, indent: None });
            from = end;
        }
    }
    variables
}

/// One past the `}` that ends a variable whose name begins at `from`; `${{` begins something else.
fn variable_end(text: &str, from: usize) -> Option<usize> {
    let name = text.as_bytes().get(from..)?;
    let name = name.get(..MAX_VARIABLE_BYTES).unwrap_or(name);
    let mut open = 1;
    for (at, byte) in name.iter().enumerate() {
        match byte {
            b'\n' | b'\r' => return None,
            b'{' if at == 0 => return None,
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(from + at + 1);
        }
    }
    None
}

/// One past the `}}` that ends an action whose body begins at `from`, strings and comments skipped.
fn end_of(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let body = rest.strip_prefix('-').unwrap_or(rest).trim_start();
    if body.starts_with("/*") {
        let closed = rest.find("*/").map_or(0, |end| end + 2);
        return rest.get(closed..)?.find("}}").map(|end| from + closed + end + 2);
    }
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(from + at + 2),
            b'"' | b'\'' | b'`' => at = string_end(bytes, at),
            _ => at += 1,
        }
    }
    None
}

/// One past the string that begins at `at`; one past its quote when it does not end (on its line, but for back quotes).
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes.get(at).copied().unwrap_or_default();
    let mut next = at + 1;
    while let Some(byte) = bytes.get(next) {
        match byte {
            b'\\' if quote != b'`' => next += 1,
            b'\n' if quote != b'`' => break,
            byte if *byte == quote => return next + 1,
            _ => {}
        }
        next += 1;
    }
    at + 1
}

fn kind_of(body: &str) -> Kind {
    let word: &str = body.split(|next: char| next.is_whitespace() || next == '-').next().unwrap_or_default();
    match word {
        _ if body.starts_with("/*") => Kind::Comment,
        "if" | "range" | "with" | "define" | "block" => Kind::Open,
        "else" => Kind::Else,
        "end" => Kind::End,
        "break" | "continue" | "fail" => Kind::Silent,
        _ if is_assignment(body) => Kind::Silent,
        _ => Kind::Print,
    }
}

/// `$name := …` or `$name = …`.
fn is_assignment(body: &str) -> bool {
    let Some(rest) = body.strip_prefix('$') else { return false };
    let rest = rest.trim_start_matches(|next: char| next.is_alphanumeric() || next == '_').trim_start();
    rest.starts_with(":=") || rest.starts_with('=')
}

fn indent_of(body: &str) -> Option<usize> {
    let after = body.rsplit_once("indent")?.1.trim_start();
    let digits = after.len() - after.trim_start_matches(|next: char| next.is_ascii_digit()).len();
    after.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, Kind, Option<usize>)]) {
        let found: Vec<_> =
            find(text).into_iter().map(|action| (action.span.of(text), action.kind, action.indent)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn actions_end_where_the_template_language_ends_them() {
        check("a {{ .X }} b", &[("{{ .X }}", Kind::Print, None)]);
        check("{{- if .X -}}y{{- end }}", &[("{{- if .X -}}", Kind::Open, None), ("{{- end }}", Kind::End, None)]);
        check(r#"{{ "}}" }}"#, &[(r#"{{ "}}" }}"#, Kind::Print, None)]);
        check("{{/* }} */}}", &[("{{/* }} */}}", Kind::Comment, None)]);
        check("{{ toYaml . | nindent 8 }}", &[("{{ toYaml . | nindent 8 }}", Kind::Print, Some(8))]);
        check("{{ $x := 1 }}", &[("{{ $x := 1 }}", Kind::Silent, None)]);
        check("{{ $x.y }}", &[("{{ $x.y }}", Kind::Print, None)]);
        check("{{ it's }}", &[("{{ it's }}", Kind::Print, None)]);
        check("{{ open", &[]);
    }

    #[test]
    fn variables_end_where_their_braces_do() {
        let found = |text: &str| variables(text).iter().map(|found| found.span.of(text).to_owned()).collect::<Vec<_>>();
        assert_eq!(found("a: ${A}${B:-x} $C ${D:-${E}}"), ["${A}", "${B:-x}", "${D:-${E}}"]);
        assert!(found("${{ a }} ${A\n} ${").is_empty());
        assert!(found(&"${a".repeat(100_000)).is_empty());
    }

    #[test]
    fn many_unclosed_strings_cost_one_pass() {
        let text = "{{ `' \" }}\n".repeat(20_000);
        assert!(!find(&text).is_empty());
    }
}
