use super::super::node::{Node, Value};
use super::*;

/// A tree as one line: `?` for what is unknown, `…` in a map that may hold more.
fn show(node: &Node) -> String {
    match node.value() {
        Value::Unknown(_) => "?".into(),
        Value::Sequence(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Mapping(map) => {
            let entries = map.entries().iter().map(|entry| format!("{}: {}", entry.key, show(&entry.value)));
            let more = map.is_open().then(|| "…".to_owned());
            format!("{{{}}}", entries.chain(more).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => String::from(text.clone()),
        other => format!("{other:?}"),
    }
}

fn check(text: &str, expected: &str) {
    let file = parse(text, &Limits::default(), Templating::Certain);
    let shown: Vec<String> = file.documents.iter().map(|document| show(&document.root)).collect();
    assert_eq!(shown.join(" | "), expected, "{text}\n{:?}", file.faults);
}

#[test]
fn a_mask_keeps_length_and_lines() {
    let text = "a: {{ .x }}\n{{- /* ü\n\nb */}}\r\nc: \"{{ \"q\" }}\"\nd: {{ toYaml . |\n  nindent 4 }}\n{{ if x }}\ne: 1\n{{ else }}\ne: [\n{{ end }}\n";
    let lines = Lines::new(text);
    for method in [mask::Method::Comments, mask::Method::Blanks, mask::Method::WithoutElse, mask::Method::Variables] {
        let (masked, mask) = mask::Mask::of(&lines, method);
        assert_eq!(masked.len(), text.len(), "{method:?}");
        let breaks =
            |text: &str| text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'\n' | b'\r')).collect::<Vec<_>>();
        assert_eq!(breaks(&masked), breaks(text), "{method:?}");
        assert!(!masked.contains("{{") && !mask.is_empty(), "{method:?}: {masked}");
    }
}

#[test]
fn a_value_that_an_action_prints_is_unknown() {
    check("a: {{ .x }}\nb: 1\n", "{a: ?, b: Int(1)}");
    check("a: \"x{{ \"y\" }}\"\n", "{a: ?}");
    check("a: {{ toYaml .x | nindent 2 }}\nb: 1\n", "{a: ?, b: Int(1)}");
    check("a:\n  {{- toYaml .x | nindent 2 }}\nb: 1\n", "{a: ?, b: Int(1)}");
    check("a:\n{{ toYaml .x | indent 2 }}\nb: 1\n", "{a: ?, b: Int(1)}");
    check("a:\n  {{- with .x }}\n  {{- toYaml . | nindent 2 }}\n  {{- end }}\n", "{a: ?}");
    check("a:\n{{- end }}\nb: 1\n", "{a: Null, b: Int(1)}");
    check("a: |\n  x {{ .y }}\n{{ include \"z\" . | indent 2 }}\n  w\n", "{a: ?}");
    check("- {{ .x }}\n- {{ toYaml .y | nindent 2 }}\n- b\n", "[?, ?, b]");
    check("{{ .key }}: 1\n", "{{{ .key }}: Int(1), …}");
    check("a: {b: ${B}, c: {{ .c }}}\nd: \"${D}{{ .d }}\"\n", "{a: {b: ?, c: ?}, d: ?}");
}

#[test]
fn what_an_action_adds_leaves_its_map_open() {
    check("a:\n  b: 1\n  {{- toYaml .x | nindent 2 }}\nc: 1\n", "{a: {b: Int(1), …}, c: Int(1)}");
    check("a:\n  {{- toYaml .x | nindent 2 }}\n  b: 1\nc: 1\n", "{a: {b: Int(1), …}, c: Int(1)}");
    check("a:\n  b:\n    c: 1\n  {{- include \"x\" . | nindent 2 }}\n", "{a: {b: {c: Int(1)}, …}}");
    check("- a: 1\n  {{- toYaml .x | nindent 2 }}\n- b: 2\n", "[{a: Int(1), …}, {b: Int(2)}]");
    check("- a: 1\n{{ toYaml .x | indent 0 }}\n", "[?, {a: Int(1)}]");
    check("a:\n  {{- if .x }}\n  b: 1\n  {{- end }}\n", "{a: {b: Int(1)}}");
}

#[test]
fn branches_that_disagree_are_unknown() {
    check("{{ if x }}\na: 0\nb: 1\n{{ else }}\na: 5\nb: 1\n{{ end }}\n", "{a: ?, b: Int(1)}");
    check("a: 1\na: 2\n", "{a: Int(2)}");
    check(
        "{{ if x }}\na: {p: true, c: {d: 1}, r: 1}\n{{ else }}\na: {r: 2, c: {e: 3}}\n{{ end }}\n",
        "{a: {p: Bool(true), r: ?, c: {d: Int(1), e: Int(3)}}}",
    );
    check("{{ if x }}\na: {p: true}\n{{ else }}\na: {}\n{{ end }}\n", "{a: {p: Bool(true)}}");
}

#[test]
fn what_does_not_read_is_left_out_line_by_line() {
    let text = "a: 1\n{{ if x }}\nb: [\n{{ else }}\nb: 2\n{{ end }}\nc: 3\n";
    let file = parse(text, &Limits::default(), Templating::Certain);
    assert!(file.faults.iter().all(|fault| !fault.cause.leaves_unjudged()), "{:?}", file.faults);
    check("{{ if x }}\na: {b: 1}\n{{ else }}\n  a:\n b\n{{ end }}\nc: 3\n", "{a: {b: Int(1)}, c: Int(3), …}");
    let hopeless = parse(&"a: ]\n".repeat(20), &Limits::default(), Templating::Certain);
    assert!(hopeless.documents.is_empty());
    let hopeless = parse(&format!("x: {{{{ y }}}}\n{}", "a: ]\n".repeat(20)), &Limits::default(), Templating::Certain);
    let fault = hopeless.faults.first().unwrap();
    assert_eq!((fault.cause, fault.message.starts_with("the template does not read as YAML")), (Cause::Syntax, true));
}

#[test]
fn a_document_that_is_one_action_is_named() {
    let file = parse("{{ include \"common.deployment\" . }}\n", &Limits::default(), Templating::Certain);
    assert_eq!(file.faults.iter().map(|fault| fault.cause).collect::<Vec<_>>(), [Cause::Templated]);
    let silent = parse("{{- if x }}\n{{- end }}\n", &Limits::default(), Templating::Certain);
    assert!(silent.faults.is_empty(), "{:?}", silent.faults);
}

#[test]
fn comments_of_the_text_are_not_those_of_the_mask() {
    let text = "{{- /* no */}}\n# yes {{ x }}\na: {{ toYaml . | nindent 2 }}\n";
    let file = parse(text, &Limits::default(), Templating::Certain);
    assert_eq!(file.comments.iter().map(|comment| comment.span.of(text)).collect::<Vec<_>>(), ["# yes {{ x }}"]);
}

#[test]
fn hostile_templates_end() {
    for piece in [
        "{{ if a }}\n",
        "{{ else }}\n",
        "{{ end }}\n",
        "a: {{ x }}: [\n---\n",
        "{{",
        "a:\n {{ x }}\n",
        "{{ `\n",
        "a: {{ .x }}\n",
        "- {{- x }}\n",
    ] {
        parse(&piece.repeat(3_000), &Limits::default(), Templating::Certain);
    }
}
