use super::*;
use crate::scan::document::parse;
use crate::scan::limits::Limits;

fn subjects_of(target: Target, text: &str) -> Vec<Subject> {
    subjects(target, &parse("compose.yaml", text, &Limits::default()), text)
}

/// A fact in short: `null`, `?` for unknown, lists in brackets.
fn short(node: &Node) -> String {
    match node.value() {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(value) => value.to_string(),
        Value::Unknown(_) => "?".into(),
        Value::Sequence(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(" ")),
        Value::Mapping(map) => {
            let entries = map.entries().iter().map(|entry| format!("{}:{}", entry.key, short(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
    }
}

/// Checks facts of the only service `a`, or of its first port or mount: each a path and what it says.
fn check(target: Target, service: &str, facts: &[(&str, &str)]) {
    let text = format!("services:\n  a: {{{service}}}\n");
    let found = subjects_of(target, &text);
    for (path, expected) in facts {
        let fact = found.first().unwrap_or_else(|| panic!("{text}")).facts.at(path).map(short);
        assert_eq!(fact.as_deref(), Some(*expected), "{path} of {text}");
    }
}

#[test]
fn ports_of_both_forms() {
    for (port, host_ip, everywhere, published, target) in [
        ("\"80\"", "null", "true", "null", "80"),
        ("80", "null", "true", "null", "80"),
        ("\"8080:80\"", "null", "true", "8080", "80"),
        ("8080:80", "null", "true", "8080", "80"),
        ("22:22", "null", "true", "22", "22"),
        ("\"127.0.0.1:8080:80/udp\"", "127.0.0.1", "false", "8080", "80"),
        ("\"0.0.0.0:8080:80\"", "0.0.0.0", "true", "8080", "80"),
        ("\"127.0.0.1::80\"", "127.0.0.1", "false", "null", "80"),
        ("\"[::1]:8080:80\"", "::1", "false", "8080", "80"),
        ("\"3000-3005:3000-3005\"", "null", "true", "3000-3005", "3000-3005"),
        ("\"${BIND:-127.0.0.1}:80:80\"", "?", "?", "80", "80"),
        ("\"${PORT}:80\"", "?", "?", "?", "80"),
        ("\"8080:${PORT:-80}\"", "null", "true", "8080", "?"),
        ("{target: 80, published: \"8080\"}", "null", "true", "8080", "80"),
        ("{target: 80, published: 8080, host_ip: 10.0.0.1}", "10.0.0.1", "false", "8080", "80"),
        ("{target: 80, host_ip: $IP}", "?", "?", "null", "80"),
    ] {
        let facts = [
            ("port.host_ip", host_ip),
            ("port.is_everywhere", everywhere),
            ("port.published", published),
            ("port.target", target),
        ];
        check(Target::ComposePort, &format!("ports: [{port}]"), &facts);
    }
    check(
        Target::ComposePort,
        "ports: [\"127.0.0.1:80:80/udp\"]",
        &[("port.is_loopback", "true"), ("port.protocol", "udp")],
    );
    check(Target::ComposePort, "ports: [\"3000-3005:80\"]", &[("port.first_published", "3000")]);
}

#[test]
fn mounts_of_both_forms() {
    for (mount, kind, source, read_only, propagation) in [
        ("/etc/:/x", "bind", "/etc/", "false", "null"),
        ("/etc:/x:ro", "bind", "/etc", "true", "null"),
        ("\"/a:/x:ro,rshared\"", "bind", "/a", "true", "rshared"),
        ("data:/x", "volume", "data", "false", "null"),
        ("/anonymous", "volume", "null", "false", "null"),
        ("~/.ssh:/x", "bind", "~/.ssh", "false", "null"),
        ("\"${HOME}/.ssh:/x\"", "bind", "~/.ssh", "false", "null"),
        ("$HOME/.ssh:/x", "bind", "~/.ssh", "false", "null"),
        ("$HOMES/.ssh:/x", "bind", "?", "false", "null"),
        ("\"${DIR:-/etc}:/x\"", "bind", "?", "false", "null"),
        ("\"/a:/x:${MODE}\"", "bind", "/a", "?", "null"),
        (
            "{type: bind, source: /a, target: /x, read_only: true, bind: {propagation: shared}}",
            "bind",
            "/a",
            "true",
            "shared",
        ),
        ("{type: tmpfs, target: /x}", "tmpfs", "null", "false", "null"),
    ] {
        let facts = [
            ("mount.kind", kind),
            ("mount.source", source),
            ("mount.read_only", read_only),
            ("mount.propagation", propagation),
        ];
        check(Target::ComposeMount, &format!("volumes: [{mount}]"), &facts);
    }
    check(Target::ComposeMount, "volumes: [\"/etc/:/x:ro\"]", &[("mount.path", "/etc"), ("mount.target", "/x")]);
    check(Target::ComposeMount, "volumes: [/run:/x]", &[("mount.is_runtime_socket", "true")]);
}

#[test]
fn facts_of_services() {
    for (service, path, expected) in [
        ("security_opt: [no-new-privileges]", "service.no_new_privileges", "true"),
        ("security_opt: [\"no-new-privileges:false\"]", "service.no_new_privileges", "false"),
        ("security_opt: [\"no-new-privileges=true\"]", "service.no_new_privileges", "true"),
        ("security_opt: [\"label:disable\"]", "service.no_new_privileges", "null"),
        ("security_opt: [\"${X}\"]", "service.no_new_privileges", "?"),
        ("extends: {file: b.yaml, service: a}", "service.no_new_privileges", "?"),
        ("security_opt: [\"seccomp=unconfined\"]", "service.seccomp", "unconfined"),
        ("security_opt: [\"apparmor:x\"]", "service.apparmor", "x"),
        ("cap_add: [cap_sys_admin]", "service.capabilities_added", "[SYS_ADMIN]"),
        ("cap_drop: [all]", "service.capabilities_dropped", "[ALL]"),
        ("devices: [\"/dev/a:/dev/b:r\", {source: /dev/c}]", "service.devices", "[/dev/a /dev/c]"),
        ("environment: {A: 1, B: true, C: }", "service.environment.0", "{name:A value:1}"),
        ("environment: {A: 1, B: true, C: }", "service.environment.2.value", "null"),
        ("environment: [A=b=c, D]", "service.environment.0", "{name:A value:b=c}"),
        ("environment: [A=b=c, D]", "service.environment.1.value", "null"),
        ("environment: [\"A=${B}\"]", "service.environment.0", "{name:A value:?}"),
        ("command: a --b c", "service.command", "[a --b c]"),
        ("command: [a, --b]", "service.command", "[a --b]"),
        ("user: 0", "service.user", "0"),
        ("build: https://h/a.git#v1:sub", "service.build.reference", "v1"),
        ("build: {context: .}", "service.build.is_remote", "false"),
        ("image: x", "service.build.is_remote", "false"),
        ("build: \"$C\"", "service.build.is_remote", "?"),
        ("build: \"https://h/a.git#${R}\"", "service.build.reference", "?"),
        ("mem_limit: 1g", "service.memory_limit", "1g"),
        ("deploy: {resources: {limits: {pids: 5}}}", "service.pids_limit", "5"),
        ("image: x", "service.cpu_limit", "null"),
        ("healthcheck: {disable: true}", "service.has_healthcheck", "false"),
        ("healthcheck: {test: x}", "service.has_healthcheck", "true"),
        ("extends: {file: b.yaml, service: a}", "service.has_healthcheck", "?"),
    ] {
        check(Target::ComposeService, service, &[(path, expected)]);
    }
    let two = "services:\n  a: {volumes: [\"one:/a\", \"two:/b\"]}\n  b: {volumes: [\"one:/c\"]}\n";
    let first = &subjects_of(Target::ComposeService, two)[0];
    assert_eq!(first.facts.at("service.shared_mounts").map(short).as_deref(), Some("[one]"));
}

#[test]
fn every_fact_is_documented_and_every_documented_fact_exists() {
    let text = "services:\n  a: {environment: [A=1], ports: [80], volumes: [\"a:/b\"], build: .}\n";
    for target in [Target::ComposeService, Target::ComposePort, Target::ComposeMount] {
        let subjects = subjects_of(target, text);
        for fact in facts(target) {
            let path = fact.path.replace("[]", ".0");
            assert!(subjects[0].facts.at(&path).is_some(), "{}", fact.path);
        }
        for entry in subjects[0].facts.entries() {
            for member in entry.value.entries() {
                let path = format!("{}.{}", entry.key, member.key);
                assert!(facts(target).iter().any(|fact| fact.path == path), "{path}");
            }
        }
    }
}
