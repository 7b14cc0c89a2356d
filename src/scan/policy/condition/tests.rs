use super::*;
use crate::scan::document::yaml;
use crate::scan::limits::Limits;
use crate::scan::policy::target::FactKind;

const fn fact(path: &'static str, kind: FactKind) -> FactDoc {
    FactDoc { path, kind, doc: "", example: "" }
}

const FACTS: [FactDoc; 9] = [
    fact("c.name", FactKind::String),
    fact("c.count", FactKind::Int),
    fact("c.up", FactKind::Bool),
    fact("c.caps", FactKind::StringList),
    fact("c.ports", FactKind::List),
    fact("c.ports[].host", FactKind::Int),
    fact("c.spec", FactKind::Tree),
    fact("image", FactKind::Map),
    fact("image.tag", FactKind::String),
];

const DOCUMENT: &str = "\
c:
  name: web
  count: 1
  up: true
  caps: [NET_RAW, \"${CAP}\", SYS_ADMIN]
  ports: [{host: 80}, {host: 8080}]
  spec: {a: {b: [1, 2]}, templated: \"${X}\", f: 1.5}
image: {tag: \"${TAG}\"}
";

fn facts() -> Node {
    yaml::parse_one(DOCUMENT, &Limits::default()).unwrap()
}

fn settings() -> Node {
    yaml::parse_one("settings: {images: {pin: digest}}", &Limits::default()).unwrap()
}

fn ask(source: &str) -> Answer {
    let condition =
        Condition::compile(source, Role::Condition, &FACTS, &[]).unwrap_or_else(|e| panic!("{source}: {e:?}"));
    let answer = condition.judge_whole(&facts(), &settings(), 50_000);
    if let Some(value) = condition.guard.decides(&facts(), &settings()) {
        assert_eq!(answer, Answer::Known(value), "{source}: what the guard says");
    }
    answer
}

fn check(source: &str, expected: bool) {
    assert_eq!(ask(source), Answer::Known(expected), "{source}");
}

fn unknown(source: &str, value: &str) {
    let answer = ask(source);
    let Answer::Unknown(span) = answer else { panic!("{source}: {answer:?}") };
    assert_eq!(span.of(DOCUMENT).trim_matches('"'), value, "{source}");
}

fn fails(source: &str, expected: &str) {
    let answer = ask(source);
    assert!(matches!(&answer, Answer::Failed(why) if why.contains(expected)), "{source}: {answer:?}");
}

fn refused(source: &str, found: &str, nearest: Option<&str>) {
    let compiled = Condition::compile(source, Role::Condition, &FACTS, &[]);
    let Err(error) = compiled.and_then(|condition| condition.check_patterns()) else { panic!("{source} is accepted") };
    assert!(error.found.contains(found), "{source}: {error:?}");
    assert_eq!(error.nearest.as_deref(), nearest, "{source}");
}

#[test]
fn operators_mean_what_they_say() {
    for (source, expected) in [
        ("c.count == 1", true),
        ("1 == c.count", true),
        ("c.count != 1", false),
        ("c.count == 1.0", true),
        ("c.count < 2 && c.count >= 1", true),
        ("c.count + 1 == 2", true),
        ("c.spec.f == 1.5", true),
        ("c.up == true", true),
        ("c.up", true),
        ("!c.up", false),
        ("c.name == \"web\"", true),
        ("\"web\" == c.name", true),
        ("c.name == \"1\"", false),
        ("c.name in [\"db\", \"web\"]", true),
        ("c.name.startsWith(\"w\") && c.name.endsWith(\"b\") && c.name.contains(\"e\")", true),
        ("c.name.matches(\"^[a-z]+$\")", true),
        ("c.name.matches(\"^[A-Z]+$\")", false),
        ("c.name + \"-\" + c.name == \"web-web\"", true),
        ("\"WEB\".lower() == c.name", true),
        (
            "'1Gi'.quantity() == '1024Mi'.quantity() && '0.5'.quantity() < '501m'.quantity() && 'x'.quantity() == -1.0",
            true,
        ),
        ("size(c.ports) == 2 && c.ports.size() == 2 && size(c.name) == 3", true),
        ("c.ports[1].host == 8080", true),
        ("c.ports.exists(p, p.host == 80)", true),
        ("c.ports.all(p, p.host > 100)", false),
        ("c.ports.exists_one(p, p.host == 80)", true),
        ("c.ports.map(p, p.host) == [80, 8080]", true),
        ("c.ports.filter(p, p.host > 100).size() == 1", true),
        ("c.ports.filter(p, p.host > 100)[0].host == 8080", true),
        ("c.spec.a.b == [1, 2]", true),
        ("[1, 2] == c.spec.a.b", true),
        ("c.spec.a == {\"b\": [1, 2]}", true),
        ("c.spec.a.b == c.spec.a.b", true),
        ("c.spec.exists(k, k == \"a\")", true),
        ("\"a\" in c.spec", true),
        ("settings.images.pin == \"digest\"", true),
        ("c.count == 1 ? c.up : false", true),
    ] {
        check(source, expected);
    }
}

#[test]
fn what_is_absent_is_null_at_any_depth() {
    for (source, expected) in [
        ("c.spec.x == null", true),
        ("null == c.spec.x", true),
        ("c.spec.x.y.z == null", true),
        ("c.spec.x[\"y\"] == null", true),
        ("c.spec.a != null", true),
        ("c.name != null", true),
        ("c.spec.x == true", false),
        ("\"a\" in c.spec.x", false),
        ("c.spec.x.exists(i, i == 1)", false),
        ("c.spec.a.b[7] == null", true),
    ] {
        check(source, expected);
    }
}

#[test]
fn what_is_templated_is_unknown_unless_the_rest_decides() {
    unknown("image.tag == \"latest\"", "${TAG}");
    unknown("image.tag != \"latest\"", "${TAG}");
    unknown("image.tag == null", "${TAG}");
    unknown("image.tag == null && c.up", "${TAG}");
    unknown("c.spec.templated", "${X}");
    unknown("!c.spec.templated", "${X}");
    unknown("\"CHOWN\" in c.caps", "${CAP}");
    unknown("c.caps.exists(x, x == \"CHOWN\")", "${CAP}");
    unknown("c.caps.exists(x, \"CHOWN\" == x)", "${CAP}");
    unknown("c.caps.exists(x, x in [\"CHOWN\"])", "${CAP}");
    unknown("c.caps.exists(x, x.startsWith(\"CH\"))", "${CAP}");
    unknown("c.caps.all(x, x != \"CHOWN\")", "${CAP}");
    unknown("c.caps.filter(x, x == \"CHOWN\").size() > 0", "${CAP}");
    unknown("c.caps == [\"NET_RAW\", \"ALL\", \"SYS_ADMIN\"]", "${CAP}");
    unknown("c.spec == c.spec", "${X}");
    check("image.tag == \"latest\" && false", false);
    check("false && image.tag == \"latest\"", false);
    check("image.tag == \"latest\" || c.up", true);
    check("\"SYS_ADMIN\" in c.caps", true);
    check("c.caps.exists(x, x == \"SYS_ADMIN\")", true);
    check("c.caps.all(x, x == \"NET_RAW\")", false);
    check("c.caps == [\"A\"]", false);
    check("size(c.caps) == 3", true);
}

#[test]
fn texts_come_with_their_places() {
    let texts = |source: &str| {
        let condition = Condition::compile(source, Role::Texts, &FACTS, &[]).unwrap();
        let texts = condition.texts(&facts(), &settings(), 50_000).unwrap();
        texts.into_iter().map(|(text, span)| (text, span.map(|span| span.of(DOCUMENT)))).collect::<Vec<_>>()
    };
    let found = |text: &str| (text.to_owned(), Some("SYS_ADMIN"));
    assert_eq!(texts("c.caps.filter(x, x != \"NET_RAW\")"), [found("SYS_ADMIN")]);
    assert_eq!(texts("c.name"), [("web".to_owned(), Some("web"))]);
    assert_eq!(texts("\"a\" + c.name"), [("aweb".to_owned(), None)]);
    assert_eq!(texts("c.ports.map(p, p.host)"), [("80".to_owned(), None), ("8080".to_owned(), None)]);
    assert_eq!(texts("image.tag"), []);
}

#[test]
fn errors_are_never_a_pass() {
    fails("c.name > 1", "does not work on string and int");
    fails("c.name.matches(\"b\") && c.count.contains(\"x\")", "does not work on int");
    fails("c.count / 0 == 1", "divides by zero");
    fails("c.count + 9223372036854775807 > 0", "too large");
    fails("c.spec.a.b.c == 1", "does not work on");
    fails("c.name", "found string where bool is needed");
    fails("int(c.name) == 1", "");
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    refused("c.nam == \"a\"", "unknown fact \"c.nam\"", Some("c.name"));
    refused("cc.name == \"a\"", "unknown variable \"cc\"", Some("c"));
    refused("imag.tag == \"a\"", "unknown variable \"imag\"", Some("image"));
    refused("c.name.startWith(\"a\")", "unknown function \"startWith\"", Some("startsWith"));
    refused("c.ports.exists(p, p.hots == 1)", "unknown fact \"c.ports[].hots\"", Some("c.ports[].host"));
    refused("c.ports.filter(p, p.host > 1)[0].hos == 1", "unknown fact \"c.ports[].hos\"", Some("c.ports[].host"));
    refused("c.name.first == 1", "\"c.name.first\"", None);
    refused("settings.images.pinn == \"a\"", "unknown fact", Some("settings.images.pin"));
    refused("has(c.spec.a)", "has()", None);
    refused("c.spec.?a == null", "no valid expression", None);
    refused("c.name ==", "no valid expression", None);
    refused("c.name.matches(c.name)", "computed pattern", None);
    refused("c.name.matches(\"(\")", "a bad pattern", None);
    refused("type(c) == int", "unknown function \"type\"", None);
}

#[test]
fn hostile_programs_are_refused_or_stopped() {
    let chain = |count: usize| vec!["1"; count].join("+") + " == 1";
    refused(&chain(4000), "bytes", None);
    refused(&chain(2000), "levels of nesting", None);
    let nested = |depth: usize| format!("{}c.up{}", "(".repeat(depth), ")".repeat(depth));
    check(&nested(2040), true);
    refused(&format!("{}1{} == 1", "[".repeat(2040), "]".repeat(2040)), "", None);
    refused(&format!("{}1{} == 1", "c.f(".repeat(800), ")".repeat(800)), "", None);
    check(&format!("{}c.up", "!".repeat(3000)), true);
    refused(&format!("c.spec{} == 1", ".a".repeat(1500)), "levels of nesting", None);
    refused("c.name.matches(\"((a{1000}){1000}){1000}\")", "a bad pattern", None);
    let list = format!("[{}]", vec!["1"; 100].join(","));
    let nested = format!("{list}.all(a, {list}.all(b, {list}.all(d, {list}.all(e, a + b + d + e > 0))))");
    fails(&nested, "too many steps");
    let nested = format!("{list}.map(a, {list}.map(b, {list}.map(d, a))).size() > 0");
    fails(&nested, "too many steps");
    let nested = format!("{list}.filter(a, {list}.filter(b, {list}.filter(d, true).size() > 0).size() > 0).size() > 0");
    fails(&nested, "too many steps");
    let doubling = ".map(x, x + x + x + x)".repeat(60);
    fails(&format!("[\"aaaaaaaaaaaaaaaa\"]{doubling}.size() > 0"), "too many steps");
    fails(&format!("[[1]]{doubling}.size() > 0"), "too many steps");
}

/// What the guard of a condition says, which is what the condition is.
fn decided(source: &str) -> Option<bool> {
    let condition = Condition::compile(source, Role::Condition, &FACTS, &[]).unwrap();
    let decided = condition.guard.decides(&facts(), &settings());
    let whole = condition.judge_whole(&facts(), &settings(), 50_000);
    assert!(decided.is_none_or(|value| whole == Answer::Known(value)), "{source}: {whole:?}");
    decided
}

#[test]
fn guards_say_no() {
    for source in [
        "c.name == 'db'",
        "'db' == c.name",
        "c.name in ['db', 'api'] && image.tag == 'x'",
        "c.up == true && c.count == 2",
        "image.tag == 'x' && c.name == 'db'",
        "c.up == false || c.name == 'db'",
        "c.up != true",
        "!c.up",
        "c.spec.none != null",
        "c.spec.none == 'x'",
        "!(c.name == 'web')",
        "'a' in c.spec.none",
        "'none' in c.spec.a",
        "c.name.startsWith('d')",
        "!c.name.endsWith('b') && image.tag == 'x'",
        "c.spec.none.deeper.exists(x, x == 1)",
        "'x' in c.spec.none",
        "c.spec.a == null",
        "c.count > 1",
        "c.count <= 0",
        "settings.images.pin == 'tag'",
        "c.name == 1",
        "c.spec['a']['none'] == 'b'",
        "c.ports.exists(port, port.host < 80)",
        "c.ports.all(port, port.host > 80)",
        "c.spec.exists(key, key == 'name')",
        "c.spec.none.exists(x, x == 1) || size(c.ports) > 2",
        "c.name == c.spec.none",
        "c.name.matches('^[0-9]+$')",
    ] {
        assert_eq!(decided(source), Some(false), "{source}");
    }
}

#[test]
fn guards_say_yes() {
    for source in [
        "c.name == 'web'",
        "c.name in ['db', 'web']",
        "c.spec.none == null",
        "c.up",
        "c.up == true",
        "c.up != false",
        "c.spec.none != 'x'",
        "c.spec.none != false",
        "'NET_RAW' in c.caps",
        "'a' in c.spec",
        "c.name.endsWith('eb')",
        "!(c.name.startsWith('d') || c.up == false)",
        "c.name != 'db'",
        "c.name != null",
        "c.spec.a != null",
        "c.count >= 1",
        "c.count != 2 && c.name == 'web'",
        "image.tag == 'x' || c.up",
        "c.ports.exists(port, port.host > 100 && port.host < 9000)",
        "c.caps.exists(x, x == 'NET_RAW')",
        "c.ports.all(port, port.host != 22 && c.up)",
        "c.spec.exists(key, !(key in ['a', 'f']))",
        "[c.name, c.spec.none].exists(x, x == null)",
        "c.ports.exists(port, [1, 80].exists(known, known == port.host))",
        "size(c.ports) == 2 && c.name.size() == 3",
        "(c.spec.none == null ? [] : c.spec.none).size() == 0",
        "c.up ? c.count == 1 : image.tag == 'x'",
        "string(c.count) + 'x' == '1x' || string(c.count) == '1'",
        "int(string(c.count)) < 2",
        "c.name.lower().contains('e') && c.name.matches('^w.b$')",
        "c.ports.exists(c, c.host == 80)",
        "c.spec.a.b.exists(number, c.spec.a.b.exists(other, other > number))",
        "c.spec['a'].exists(key, c.spec['a'][key] != null)",
    ] {
        assert_eq!(decided(source), Some(true), "{source}");
    }
}

#[test]
fn guards_leave_the_rest_to_the_condition() {
    for source in [
        "image.tag == 'x'",
        "image.tag != null",
        "c.spec.templated == 'x' && c.name == 'web'",
        "'NONE' in c.caps",
        "c.spec.none.startsWith('x')",
        "!(image.tag == 'x')",
        "c.caps.exists(x, x == 'NONE')",
        "c.name == 'db' || image.tag == 'x'",
        "c.name == 'db' || c.name + 'x' == 'dbx'",
        "c.caps.exists(x, x == image.tag)",
        "c.caps.all(x, x != 'NONE')",
        "[image.tag, c.name].exists(x, x == 'web')",
        "c.name.exists(x, x == 'w')",
        "c.spec.none < 2",
        "string(c.spec.none) == 'x'",
        "int(c.name) == 1",
        "c.spec.f == 1",
        "c.spec.f != 1",
        "image.tag == 'x' && c.up",
    ] {
        assert_eq!(decided(source), None, "{source}");
    }
}

#[test]
fn guards_leave_what_takes_long_to_the_condition() {
    let list = yaml::parse_one(&format!("c: {{ports: [{}]}}", "1, ".repeat(200)), &Limits::default()).unwrap();
    let rounds = "c.ports.exists(a, c.ports.exists(b, c.ports.exists(d, d > 1)))";
    let condition = Condition::compile(rounds, Role::Condition, &FACTS, &[]).unwrap();
    assert_eq!(condition.guard.decides(&list, &settings()), None);
    assert!(matches!(condition.judge(&list, &settings(), 50_000), Answer::Failed(_)));
}
