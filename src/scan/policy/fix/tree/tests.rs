use super::*;
use crate::scan::document::yaml;
use crate::scan::limits::Limits;

fn apply(text: &str, at: &str, change: impl Fn(&Tree<'_>) -> Option<Edit>) -> Option<String> {
    let root = yaml::parse_one(text, &Limits::default()).unwrap();
    let root = if at.is_empty() { &root } else { root.at(at).unwrap() };
    let edited = change(&Tree { text, root })?.apply(text)?;
    yaml::parse_one(&edited, &Limits::default()).unwrap_or_else(|fault| panic!("{edited}: {fault:?}"));
    Some(edited)
}

/// Sets `path` below `at` to `to` in `text`.
fn set(text: &str, at: &str, path: &str, to: &str, expected: &str) {
    let to = yaml::parse_one(to, &Limits::default()).unwrap();
    assert_eq!(apply(text, at, |tree| tree.set(path, &to)).as_deref(), Some(expected), "{text}");
}

fn remove(text: &str, at: &str, path: &str, expected: Option<&str>) {
    assert_eq!(apply(text, at, |tree| tree.remove(path)).as_deref(), expected, "{text}");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    set("a: 1 # why\nb: 2\n", "", "a", "true", "a: true # why\nb: 2\n");
    set("a: {b: 'x'}\n", "", "a.b", "z", "a: {b: z}\n");
    set("{\"a\": {\"b\": \"x\"}}\n", "", "a.b", "z", "{\"a\": {\"b\": \"z\"}}\n");
    set("a:\n  - x\n  - y\nb: 1\n", "", "a", "[ALL]", "a:\n  - ALL\nb: 1\n");
    set("a:\n  - x # why\n  - y\nb: 1\n", "", "a", "[ALL]", "a: [ALL]\nb: 1\n");
    set("a: |\n  x\nb: 1\n", "", "a", "z", "a: z\nb: 1\n");
    set("a:\nb: 1\n", "", "a", "true", "a: true\nb: 1\n");
    set("a:\nb: 1\n", "", "a.c.d", "true", "a:\n  c:\n    d: true\nb: 1\n");
    set("a: {}\nb: 1\n", "", "a.c", "true", "a:\n  c: true\nb: 1\n");
    set("a: {} # none\nb: 1\n", "", "a.c", "true", "a: {c: true} # none\nb: 1\n");
    set("l: [{a: {}}]\n", "l.0", "a.c", "true", "l: [{a: {c: true}}]\n");
    set("a: ~\n", "", "a.c", "true", "a: {c: true}\n");
}

#[test]
fn a_key_is_inserted_in_the_style_around_it() {
    set(
        "s:\n  - name: web # main\n    image: x\n",
        "s.0",
        "c",
        "true",
        "s:\n  - name: web # main\n    c: true\n    image: x\n",
    );
    set("a: 1\r\nb: 2\r\n", "", "c.d", "false", "a: 1\r\nc:\r\n  d: false\r\nb: 2\r\n");
    set("s:\n- name: web\n", "s.0", "c.d", "false", "s:\n- name: web\n  c:\n    d: false\n");
    set("a: 1", "", "c", "[ALL, \"1\"]", "a: 1\nc: [ALL, \"1\"]");
    set(
        "s:\n  - env:\n      - x\n    args: [a]\n",
        "s.0",
        "c",
        "'8'",
        "s:\n  - c: \"8\"\n    env:\n      - x\n    args: [a]\n",
    );
    set("a: |\n  text\nb: >-\n  more\n", "", "c", "1", "c: 1\na: |\n  text\nb: >-\n  more\n");
    set("a: {b: 1}\n", "", "a.c.d", "true", "a: {b: 1, c: {d: true}}\n");
    set("{\"a\": {\"b\": 1}}", "", "a.c.d", "x", "{\"a\": {\"b\": 1, \"c\": {\"d\": \"x\"}}}");
    set("{\n  \"a\": 1\n}\n", "", "c", "true", "{\n  \"c\": true,\n  \"a\": 1\n}\n");
    set("{}", "", "c", "true", "{\"c\": true}");
    set("x:\n    y: 1\na: {b: 1}\n", "", "c.d", "true", "c:\n    d: true\nx:\n    y: 1\na: {b: 1}\n");
    set("l:\n- a:\n     b: 1\n  n: 1\n", "l.0", "c.d", "true", "l:\n- a:\n     b: 1\n  n: 1\n  c:\n     d: true\n");
    set("apiVersion: v1\nkind: K\na: 1\n", "", "c", "true", "apiVersion: v1\nkind: K\nc: true\na: 1\n");
    set(
        "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"K\",\n  \"metadata\": {}\n}\n",
        "",
        "c",
        "true",
        "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"K\",\n  \"metadata\": {},\n  \"c\": true\n}\n",
    );
    set("a: {b: 1, c: 2}\n", "", "a.d", "true", "a: {b: 1, d: true, c: 2}\n");
    set("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "", "c", "true", "{\n  \"a\": 1,\n  \"c\": true,\n  \"b\": 2\n}\n");
    set("a:\n- x\n- y\n", "", "a", "[ALL]", "a:\n- ALL\n");
    set("a:\n  - 'x'\nb: 1\n", "", "a", "[w, z]", "a:\n  - 'w'\n  - 'z'\nb: 1\n");
    set("a: 1\n", "", "c", "{d: [ALL], e: {f: true}}", "a: 1\nc:\n  d: [ALL]\n  e:\n    f: true\n");
    set(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web # why\nsecrets: []\n",
        "",
        "c",
        "false",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web # why\nc: false\nsecrets: []\n",
    );
}

#[test]
fn a_key_is_removed_with_its_lines() {
    remove("a: 1\nb: 2 # gone\nc: 3\n", "", "b", Some("a: 1\nc: 3\n"));
    remove("a: 1\nb:\n  c: 2\n", "", "b.c", Some("a: 1\n"));
    remove("a: 1\nb:\n  # kept\n  c: 2\n  d: 3\n", "", "b.c", Some("a: 1\nb:\n  # kept\n  d: 3\n"));
    remove(
        "a: 1\nb:\n  d: 3\n  # why\n  c: 2\n  # next\n  e: 4\n",
        "",
        "b.c",
        Some("a: 1\nb:\n  d: 3\n  # next\n  e: 4\n"),
    );
    remove("a: 1\n# why\nl:\n  - b\n  # - c\nd: 3\n", "", "l", Some("a: 1\nd: 3\n"));
    remove("s:\n  - p: true\n    n: x\n", "s.0", "p", Some("s:\n  - n: x\n"));
    remove("a: {b: 1, c: 2, d: 3}\n", "", "a.c", Some("a: {b: 1, d: 3}\n"));
    remove("a: {b: 1, c: 2}\n", "", "a.c", Some("a: {b: 1}\n"));
    remove("{\"a\": {\"c\": true}, \"b\": 1}", "", "a.c", Some("{\"b\": 1}"));
    remove("{\"a\": {\"c\": true}}", "", "a.c", Some("{}"));
    remove("a:\n  b: |\n    x\n\n  c: 1\n", "", "a.b", Some("a:\n\n  c: 1\n"));
    remove("a: 1\n", "", "b", None);
}

#[test]
fn what_an_anchor_lends_is_not_edited() {
    let text = "x: &x {p: true}\ns:\n  - <<: *x\n    n: 1\n";
    remove(text, "s.0", "p", None);
    let text = "x: &x {p: true}\ns: {c: *x}\n";
    remove(text, "s", "c.p", None);
    let root = yaml::parse_one(text, &Limits::default()).unwrap();
    let tree = Tree { text, root: root.get("s").unwrap() };
    assert_eq!(tree.set("c.p", &Node::computed(Value::Bool(false))), None);
}

#[test]
fn a_key_gets_another_name() {
    let rename = |text: &str| apply(text, "", |tree| tree.rename("a.b", "c"));
    assert_eq!(rename("a:\n  b: 1 # b\n").as_deref(), Some("a:\n  c: 1 # b\n"));
    assert_eq!(rename("{\"a\": {\"b\": 1}}").as_deref(), Some("{\"a\": {\"c\": 1}}"));
    assert_eq!(rename("a: {b: 1, c: 2}\n").as_deref(), Some("a: {c: 2}\n"));
    assert_eq!(rename("a: {d: 1}\n"), None);
}
