//! The parts of a template that the chart's own values leave out.
//!
//! **Invariant**: a part counts as left out only when its condition asks for values alone, these say no, and nothing
//! else that is at hand gives the chart another value.

use super::super::node::{Node, Value};
use super::action::{self, Kind};
use crate::scan::span::Span;

/// Blocks within blocks that are followed.
const MAX_DEPTH: usize = 200;

/// The values of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Values<'v> {
    /// Its own.
    pub own: &'v Node,
    /// Those that others give it.
    pub others: &'v [Node],
}

/// Where `text` stands only when somebody sets other values than `values`.
pub fn off_by_default(text: &str, values: Values<'_>) -> Vec<Span> {
    let mut off = Vec::new();
    let mut open: Vec<(usize, bool)> = Vec::new();
    for action in action::find(text) {
        let body = action.span.of(text).trim_matches(['{', '}']).trim_matches('-').trim();
        if matches!(action.kind, Kind::Else | Kind::End)
            && let Some((start, true)) = open.pop()
        {
            off.push(Span::new(start, action.span.start));
        }
        let begins = match action.kind {
            Kind::Open => Some(body),
            Kind::Else => Some(body.strip_prefix("else").map_or("", str::trim)),
            _ => None,
        };
        if let Some(begins) = begins.filter(|_| open.len() < MAX_DEPTH) {
            open.push((action.span.end, is_off(begins, values)));
        }
    }
    off
}

/// Whether `if`, `with` or `range` passes over its block by default.
fn is_off(begins: &str, values: Values<'_>) -> bool {
    let Some((keyword, asked)) = begins.split_once(char::is_whitespace) else { return false };
    if !matches!(keyword, "if" | "with" | "range") {
        return false;
    }
    let asked = asked.rsplit_once(":=").map_or(asked, |(_, asked)| asked).trim();
    let plain = asked.strip_prefix('(').and_then(|asked| asked.strip_suffix(')')).unwrap_or(asked);
    match plain.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["and", all @ ..] if !plain.contains('(') => all.iter().any(|one| is_set(one, values) == Some(false)),
        ["not", one] => is_set(one, values) == Some(true),
        [one] => is_set(one, values) == Some(false),
        _ => false,
    }
}

/// Whether `.Values.a.b` is something that a template takes for true, whoever gives it; `None` for all else.
fn is_set(asked: &str, values: Values<'_>) -> Option<bool> {
    let keys = asked.strip_prefix('$').unwrap_or(asked).strip_prefix(".Values.")?;
    if !keys.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
        return None;
    }
    let own = truth(keys, values.own)?;
    let is_same = |other: &Node| !says(keys, other) || truth(keys, other) == Some(own);
    values.others.iter().all(is_same).then_some(own)
}

/// Whether `values` may say anything of `keys`.
fn says(keys: &str, values: &Node) -> bool {
    let mut node = values;
    for key in keys.split('.') {
        if node.is_unknown() || node.is_open() {
            return true;
        }
        let Some(next) = node.get(key) else { return false };
        node = next;
    }
    true
}

/// Whether a template takes what `values` have at `keys` for true; `None` where that is not known.
fn truth(keys: &str, values: &Node) -> Option<bool> {
    let mut node = values;
    for key in keys.split('.') {
        if node.is_unknown() || node.is_open() {
            return None;
        }
        // What is not there is as good as empty.
        let Some(next) = node.get(key) else { return Some(false) };
        node = next;
    }
    match node.value() {
        Value::Null => Some(false),
        Value::Bool(is_set) => Some(*is_set),
        Value::Int(number) => Some(*number != 0),
        Value::String(text) => Some(!text.is_empty()),
        Value::Sequence(items) => Some(!items.is_empty()),
        Value::Mapping(_) => Some(!node.entries().is_empty()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;

    fn check(text: &str, expected: &[&str]) {
        let values = "shown: true\nhidden: false\nempty: {}\nlist: []\nname: ''\ndeep: {shown: 1, hidden: 0}\n";
        let values = yaml::parse_one(values, &Limits::default()).unwrap();
        let values = Values { own: &values, others: &[] };
        let off: Vec<&str> = off_by_default(text, values).iter().map(|span| span.of(text)).collect();
        assert_eq!(off, expected, "{text}");
    }

    #[test]
    fn a_part_is_left_out_when_the_values_say_no() {
        check("{{- if .Values.hidden }}a{{- else }}b{{- end }}", &["a"]);
        check("{{ if .Values.shown }}a{{ end }}{{ if $.Values.deep.hidden }}b{{ end }}", &["b"]);
        check("{{ with .Values.empty }}a{{ end }}{{ range $k, $v := .Values.list }}b{{ end }}", &["a", "b"]);
        check("{{ if and .Values.shown .Values.name }}a{{ end }}{{ if (not .Values.shown) }}b{{ end }}", &["a", "b"]);
        check("{{ if .Values.shown }}a{{ else if .Values.missing }}b{{ end }}", &["b"]);
        check(
            "{{ if .Values.hidden }}a{{ if .Values.shown }}b{{ end }}{{ end }}",
            &["a{{ if .Values.shown }}b{{ end }}"],
        );
    }

    #[test]
    fn what_somebody_else_gives_counts() {
        let tree = |text: &str| yaml::parse_one(text, &Limits::default()).unwrap();
        let off = |other: &str| {
            let (own, others) = (tree("a: {b: false}\n"), [tree("x: 1\n"), tree(other)]);
            !off_by_default("{{ if .Values.a.b }}a{{ end }}", Values { own: &own, others: &others }).is_empty()
        };
        assert!(off("a: {c: true}\n") && off("a: {b: false}\n") && off("b: true\n"));
        assert!(!off("a: {b: true}\n") && !off("a: {b: '{{ env }}'}\n") && !off("a: '{{ env }}'\n"));
    }

    #[test]
    fn what_else_decides_is_not_known() {
        check("{{ if eq .Values.hidden true }}a{{ end }}{{ if include \"x\" . }}b{{ end }}", &[]);
        check("{{ if or .Values.hidden .Release.IsInstall }}a{{ end }}{{ if .Capabilities.x }}b{{ end }}", &[]);
        check("{{ define \"x\" }}a{{ end }}{{/* if .Values.hidden */}}b{{ if not .Values.hidden }}c{{ end }}", &[]);
        check("{{ end }}{{ if .Values.hidden }}a", &[]);
    }
}
