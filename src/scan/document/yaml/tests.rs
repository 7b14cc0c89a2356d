use std::fmt::Write;

use super::super::node::{Entry, Value};
use super::*;

/// A tree as one line: `?` before what is unknown, `+` after a map that may hold more.
fn show(node: &Node) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match node.value() {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::String(text) => format!("{text:?}"),
        Value::Unknown(raw) => format!("?{raw}"),
        Value::Sequence(items) => format!("[{}]", list(items.iter().map(show).collect())),
        Value::Mapping(map) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key, show(&entry.value));
            format!("{{{}}}{}", list(map.entries().iter().map(entry).collect()), if map.is_open() { "+" } else { "" })
        }
    }
}

fn show_all(file: &YamlFile) -> String {
    file.documents.iter().map(|document| show(&document.root)).collect::<Vec<_>>().join(" | ")
}

fn check(text: &str, expected: &str) {
    let file = parse(text, &Limits::default(), Templating::Possible);
    assert_eq!(show_all(&file), expected, "{text}\nfaults: {:?}", file.faults);
}

fn check_faults(text: &str, expected: &[(usize, Cause)]) -> YamlFile {
    let file = parse(text, &Limits::default(), Templating::Possible);
    let faults: Vec<_> = file.faults.iter().map(|fault| (fault.offset, fault.cause)).collect();
    assert_eq!(faults, expected, "{text:?}: {:?}", file.faults);
    file
}

fn spans(node: &Node, text: &str, found: &mut Vec<String>) {
    found.push(node.span().of(text).to_owned());
    for item in node.items() {
        spans(item, text, found);
    }
    for entry in node.entries() {
        found.push(format!("{}:", entry.key_span.of(text)));
        spans(&entry.value, text, found);
    }
}

fn check_spans(text: &str, expected: &[&str]) {
    let file = parse(text, &Limits::default(), Templating::Possible);
    let mut found = Vec::new();
    for document in &file.documents {
        spans(&document.root, text, &mut found);
    }
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn documents_are_read_apart() {
    check("a: 1\n---\nb: 2\n--- # c\nc: 3\n...\nd: 4\n", "{a: 1} | {b: 2} | {c: 3} | {d: 4}");
    check("# licence\n---\na: 1\n---\n# nothing\n---\n", "{a: 1}");
    check("--- {a: 1}\n--- |\n text\n", "{a: 1} | \"text\\n\"");
    check("%YAML 1.1\n---\na: yes\n", "{a: true}");
    let file = parse("# c\n---\n---\na: 1\n", &Limits::default(), Templating::Possible);
    assert_eq!(file.documents.first().unwrap().index, 1);
}

#[test]
fn a_broken_document_leaves_its_siblings() {
    for broken in
        ["a: [1", "a: \"x", "a: b: c", "a:\n\t- x", "- a\nb: c", "a: *none", "'", "? - ]", "{", "%", "a: &x [*x]"]
    {
        let text = format!("first: 1\n---\n{broken}\n---\nlast: 2\n");
        let file = parse(&text, &Limits::default(), Templating::Possible);
        assert_eq!(show_all(&file), "{first: 1} | {last: 2}", "{broken}");
        let fault = file.faults.first().unwrap_or_else(|| panic!("{broken}: no fault"));
        assert_eq!(fault.cause, Cause::Syntax, "{broken}");
        assert!((12..=text.len() - 8).contains(&fault.offset), "{broken}: {}", fault.offset);
    }
}

#[test]
fn every_key_and_value_has_its_place() {
    check_spans("a: 'q' # c\nb: \"y\"\n", &["a: 'q' # c\nb: \"y\"", "a:", "'q'", "b:", "\"y\""]);
    check_spans(
        "a:\n  - x\n  - k: 1\n    l: 2\nb: 3\n",
        &[
            "a:\n  - x\n  - k: 1\n    l: 2\nb: 3",
            "a:",
            "- x\n  - k: 1\n    l: 2",
            "x",
            "k: 1\n    l: 2",
            "k:",
            "1",
            "l:",
            "2",
            "b:",
            "3",
        ],
    );
    check_spans("a:\n- x\n- y\nb: z\n", &["a:\n- x\n- y\nb: z", "a:", "- x\n- y", "x", "y", "b:", "z"]);
    check_spans("a: [1, {b: 2}] \n", &["a: [1, {b: 2}]", "a:", "[1, {b: 2}]", "1", "{b: 2}", "b:", "2"]);
    check_spans("a:\nb: \n", &["a:\nb:", "a:", "", "b:", ""]);
    check_spans("\u{feff}ä: \"🙂\" # ü\nb: c\r\n", &["ä: \"🙂\" # ü\nb: c", "ä:", "\"🙂\"", "b:", "c"]);
    check_spans("a: &x !!str  v\nb: *x\n", &["a: &x !!str  v\nb: *x", "a:", "v", "b:", "v"]);
    check_spans("{\"a\":\t[1,\n\t2]}", &["{\"a\":\t[1,\n\t2]}", "\"a\":", "[1,\n\t2]", "1", "2"]);
}

#[test]
fn a_block_scalar_reaches_from_its_indicator_to_its_last_line() {
    check_spans(
        "a: |\n  x\n  y\n\nb: >-\n  z\n",
        &["a: |\n  x\n  y\n\nb: >-\n  z", "a:", "|\n  x\n  y", "b:", ">-\n  z"],
    );
    check_spans("- | # c\n\n  x\n- |\n- b\n", &["- | # c\n\n  x\n- |\n- b", "| # c\n\n  x", "|", "b"]);
    check_spans("a: |-\r\n  x\r\n", &["a: |-\r\n  x", "a:", "|-\r\n  x"]);
}

#[test]
fn merge_keys_and_aliases_are_expanded() {
    check("a: &a {x: 1, q: 2}\nb:\n  <<: *a\n  q: 3\n", "{a: {x: 1, q: 2}, b: {q: 3, x: 1}}");
    check(
        "a: &a {x: 1}\nb: &b {x: 2, z: 4}\nc:\n  q: 3\n  <<: [*a, *b]\n",
        "{a: {x: 1}, b: {x: 2, z: 4}, c: {q: 3, x: 1, z: 4}}",
    );
    check("a: {<<: {x: 1}, \"<<\": 2}\n", "{a: {<<: 2, x: 1}}");
    check("k: &k key\nm: {*k : v}\n", "{k: \"key\", m: {key: \"v\"}}");
    check_faults("a: {<<: 1}\n", &[(4, Cause::Syntax)]);
}

#[test]
fn keys_are_text_as_kubernetes_writes_them() {
    check("n: 1\n8080: 2\n\"on\": 3\n? x\n: 4\n017: 5\n~: 6\n", "{false: 1, 8080: 2, on: 3, x: 4, 15: 5, ~: 6}");
    check("[a, b]: 1\n", "{[a, b]: 1}");
}

#[test]
fn of_two_equal_keys_the_last_counts_and_both_are_told() {
    let file = check_faults("a: 1\nb: 2\na: 3\n", &[(10, Cause::DuplicateKey)]);
    assert_eq!(show_all(&file), "{b: 2, a: 3}");
    let many = "a: 1\n".repeat(2_000);
    assert_eq!(parse(&many, &Limits::default(), Templating::Possible).faults.len(), 51);
}

#[test]
fn comments_are_kept() {
    let text = "# one\na: 1 # two\n# three\n---\nb: '# no'\n  # four\n";
    let file = parse(text, &Limits::default(), Templating::Possible);
    let found: Vec<_> = file.comments.iter().map(|comment| (comment.span.of(text), comment.own_line)).collect();
    assert_eq!(found, [("# one", true), ("# two", false), ("# three", true), ("# four", true)]);
    let broken = "a: [\n# dockgate\n";
    let file = parse(broken, &Limits::default(), Templating::Possible);
    assert_eq!(file.comments.len(), 1);
}

#[test]
fn templated_values_are_unknown() {
    check(
        "a: ${TAG}\nb: \"x:${T:-1}\"\nc: $(X)\nd: |\n  ${X}\n",
        "{a: ?${TAG}, b: ?x:${T:-1}, c: \"$(X)\", d: \"${X}\\n\"}",
    );
    check("a: \"{{ x }}\"\nb: ${{ secrets.X }}\n", "{a: ?{{ x }}, b: ?${{ secrets.X }}}");
    check("a: {{ x }}\nb: 1\n", "{a: ?{{ x }}, b: 1}");
    check("a: {{x}}-{{ \"y\" }}\n", "{a: ?{{x}}-{{ \"y\" }}}");
}

#[test]
fn variables_break_no_document() {
    check("a: {b: ${B}, c: [${C:-1}, d]}\ne: 1\n", "{a: {b: ?${B}, c: [?${C:-1}, \"d\"]}, e: 1}");
    check("a:\n  b: 1\n  ${MORE}\nc: 1\n", "{a: {b: 1}+, c: 1}");
    check("a: {b: ${B}, c: \"x${C}\"}\n---\nd: |\n  ${D}\n", "{a: {b: ?${B}, c: ?x${C}}} | {d: \"${D}\\n\"}");
    check("${A}\n---\na: {b: ${B\n", "?${A}");
    let file = parse("a: {b: ${B}\n", &Limits::default(), Templating::Possible);
    assert_eq!(file.faults.iter().map(|fault| fault.cause).collect::<Vec<_>>(), [Cause::Syntax]);
}

#[test]
fn hostile_nesting_is_a_fault() {
    for (open, count) in [
        ("[", 50_000),
        ("{a: ", 50_000),
        ("- ", 50_000),
        ("? ", 50_000),
        (": ", 20_000),
        ("{? ", 50_000),
        ("!t ", 9_000),
    ] {
        let file = parse(&open.repeat(count), &Limits::default(), Templating::Possible);
        assert!(file.documents.is_empty() && !file.faults.is_empty(), "{open}");
    }
    let deep = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<Vec<_>>().concat();
    let file = parse(&deep, &Limits::default(), Templating::Possible);
    assert_eq!(file.faults.iter().map(|fault| fault.cause).collect::<Vec<_>>(), [Cause::Limit]);
}

#[test]
fn an_alias_bomb_costs_nothing_and_an_alias_tower_is_too_deep() {
    let mut bomb = String::from("a0: &a0 [x]\n");
    for level in 1..60 {
        let items = vec![format!("*a{}", level - 1); 9].join(",");
        writeln!(bomb, "a{level}: &a{level} [{items}]").unwrap();
    }
    assert!(parse(&bomb, &Limits::default(), Templating::Possible).faults.is_empty());
    for level in 60..2_000 {
        writeln!(bomb, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    let file = parse(&bomb, &Limits::default(), Templating::Possible);
    assert_eq!((file.documents.len(), file.faults.first().unwrap().cause), (0, Cause::Limit));
}

#[test]
fn merged_entries_are_counted() {
    let keys = (0..3_000).map(|key| format!("k{key}: 1, ")).collect::<Vec<_>>().concat();
    let merges = "- {<<: *a}\n".repeat(3_000);
    let file = parse(&format!("a: &a {{{keys}}}\nb:\n{merges}"), &Limits::default(), Templating::Possible);
    assert_eq!(file.faults.iter().map(|fault| fault.cause).collect::<Vec<_>>(), [Cause::Limit]);
}

#[test]
fn odd_texts_end() {
    let comments = "# c\n".repeat(60_000);
    let file = parse(&format!("a:\n{comments}  b: 1\n"), &Limits::default(), Templating::Possible);
    assert_eq!((show_all(&file).as_str(), file.comments.len()), ("{a: {b: 1}}", 60_000));
    for text in [
        "",
        "\u{feff}",
        "\0",
        "a: \0",
        "\t",
        "---",
        "--- ---",
        "\r",
        "a\rb: c",
        "...",
        "!!",
        "&",
        "*",
        "\u{feff}---\n\u{feff}a: 1",
        "{{",
        "}}",
        "{{ \"",
    ] {
        parse(text, &Limits::default(), Templating::Possible);
        parse(text, &Limits::default(), Templating::Certain);
    }
    check("\u{feff}---\n\u{feff}a: 1\n---\n\u{feff}b: 1\n", "{a: 1} | {b: 1}");
    check("{\"a\": \"\\ud83d\\ude00 \\/\"}", "{a: \"😀 /\"}");
    let line = format!("{{{}}}", "\"key\": {\"a\": null}, ".repeat(100_000));
    parse(&line, &Limits::default(), Templating::Possible);
}

#[test]
fn one_document_is_read_with_the_place_of_its_fault() {
    let limits = Limits::default();
    assert_eq!(show(&parse_one("a: 1\n", &limits).unwrap()), "{a: 1}");
    assert_eq!(show(&parse_one("", &limits).unwrap()), "null");
    for (text, offset) in [("a: 1\na: 2\n", 5), ("a: 1\n---\nb: 2\n", 5), ("a: ]\n", 3)] {
        assert_eq!(parse_one(text, &limits).unwrap_err().offset, offset, "{text}");
    }
}
