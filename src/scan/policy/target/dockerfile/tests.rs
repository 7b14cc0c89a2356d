use super::*;
use crate::scan::document::dockerfile::parse;
use crate::scan::document::{Document, DocumentKind};
use crate::scan::limits::Limits;
use crate::scan::span::Span;

pub(super) fn subjects_of(target: Target, text: &str) -> Vec<Subject> {
    let (dockerfile, comments, problems) = parse(text, &Limits::default());
    let span = Span::new(0, text.len());
    let documents = vec![Document { index: 0, span, body: Body::Dockerfile(dockerfile) }];
    subjects(target, &ParsedFile::new(DocumentKind::Dockerfile, documents, comments, problems), text)
}

/// A fact in short: `null`, `?` for unknown, lists in brackets.
pub(super) fn short(node: &Node) -> String {
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

/// Checks a fact of the last subject.
pub(super) fn check(target: Target, text: &str, path: &str, expected: &str) {
    let subjects = subjects_of(target, text);
    let fact = subjects.last().unwrap().facts.at(path).map(short);
    assert_eq!(fact.as_deref(), Some(expected), "{path} of {text:?}");
}

#[test]
fn facts_of_stages() {
    for (text, path, expected) in [
        ("FROM a:1 AS B", "stage.name", "B"),
        ("FROM a:1 AS B", "stage.title", "stage b"),
        ("FROM a:1", "stage.title", "stage 0"),
        ("FROM a:1", "stage.name", "null"),
        ("FROM a AS x\nFROM b AS X", "stage.repeats_name", "true"),
        ("FROM a AS x\nFROM b", "stage.repeats_name", "false"),
        ("FROM a AS x\nHEALTHCHECK CMD b\nFROM x", "stage.has_healthcheck", "true"),
        ("FROM a\nRUN b && $(c) | b", "stage.programs", "[b c]"),
        ("FROM a:1\nFROM b", "stage.is_last", "true"),
        ("FROM a:1\nFROM b", "stage.is_first", "false"),
        ("FROM --platform=$X a", "stage.platform", "?"),
        ("FROM a:1", "stage.starts_from", "image"),
        ("FROM a AS x\nFROM X", "stage.starts_from", "stage"),
        ("FROM a AS x\nFROM X", "image.raw", "null"),
        ("FROM scratch", "stage.starts_from", "scratch"),
        ("FROM scratch", "image.moving", "null"),
        ("FROM $X", "stage.starts_from", "?"),
        ("FROM $X", "image.moving", "?"),
        ("FROM A/B/C", "stage.starts_from", "null"),
        ("FROM A/B/C", "image.moving", "null"),
        ("ARG V=2\nFROM ghcr.io/x/y:$V", "image.repository", "ghcr.io/x/y"),
        ("ARG V=2\nFROM ghcr.io/x/y:$V", "image.tag", "2"),
        ("FROM a", "user.raw", "null"),
        ("FROM a", "user.is_root", "null"),
        ("FROM a\nUSER root:wheel", "user.is_root", "true"),
        ("FROM a\nUSER 00", "user.is_root", "true"),
        ("FROM a\nUSER app:0", "user.is_root", "false"),
        ("FROM a\nUSER app:0", "user.group", "0"),
        ("FROM a\nUSER root:$G", "user.is_root", "true"),
        ("FROM a\nUSER $U", "user.is_root", "?"),
        ("FROM a AS x\nUSER app\nFROM x", "user.name", "app"),
        ("FROM a AS x\nUSER app\nFROM x", "user.is_own", "false"),
        ("# syntax=docker/dockerfile:1 x\nFROM a", "syntax.raw", "docker/dockerfile:1"),
        ("# syntax=docker/dockerfile:1\nFROM a\nFROM b", "syntax.raw", "null"),
    ] {
        check(Target::DockerfileStage, text, path, expected);
    }
}

#[test]
fn facts_of_instructions() {
    for (text, path, expected) in [
        ("FROM a\nCOPY --from=b:1 x y /z", "instruction.sources", "[x y]"),
        ("FROM a\nCOPY --from=b:1 x y /z", "instruction.destination", "/z"),
        ("FROM a\nCOPY --from=b:1 x y /z", "image.tag", "1"),
        ("FROM a AS s\nCOPY --from=s x /z", "image.raw", "null"),
        ("FROM a AS s\nCOPY --from=s x /z", "instruction.images.0.kind", "stage"),
        ("FROM a\nCOPY --link x /z", "instruction.flags.link", "true"),
        ("FROM a\nCOPY x /z", "instruction.flags.link", "null"),
        ("FROM a\nCOPY <<E /z\nx\nE", "instruction.sources", "[]"),
        ("FROM a\nADD https://u:p@h/x?q=1 /z", "instruction.remote_sources", "[https://h/x]"),
        ("FROM a\nADD HTTPS://h?q /z", "instruction.remote_sources", "[https://h]"),
        ("FROM a\nADD https://h/$X/y /z", "instruction.remote_sources", "[https://h/$X/y]"),
        ("FROM a\nCOPY https://h/x /z", "instruction.remote_sources", "[]"),
        ("FROM a\nENV A=1 B=$A C", "instruction.pairs.0.value", "1"),
        ("FROM a\nENV A=1 B=$A", "instruction.pairs.1.is_literal", "false"),
        ("FROM a\nENV DB_PASSWORD=Tiger-42-pepper", "instruction.pairs.0.is_secret", "true"),
        ("FROM a\nENV DB_PASSWORD=$A", "instruction.pairs.0.is_secret", "false"),
        ("FROM a\nENV PASSWORD_POLICY=strict", "instruction.pairs.0.is_secret", "false"),
        ("FROM a\nARG A", "instruction.pairs.0.value", "null"),
        ("FROM a\nONBUILD USER b", "instruction.on_build", "true"),
        ("FROM a\nRUN --mount=type=secret,id=x y", "instruction.mounts.0.id", "x"),
        ("FROM a\nRUN --mount=from=b,src=/c,dst=/d y", "instruction.mounts.0.target", "/d"),
        ("ARG A", "stage.is_last", "null"),
        (
            "FROM a\nRUN curl -sk x && X=1 wget -q --no-check-certificate y",
            "instruction.tls_disabled",
            "[-k --no-check-certificate]",
        ),
        (
            "FROM a\nRUN env NODE_TLS_REJECT_UNAUTHORIZED=0 node x",
            "instruction.tls_disabled",
            "[NODE_TLS_REJECT_UNAUTHORIZED]",
        ),
        ("FROM a\nRUN git -c http.sslVerify=false clone x", "instruction.tls_disabled", "[http.sslVerify=false]"),
        (
            "FROM a\nRUN apt-get -oAcquire::https::Verify-Peer=false update",
            "instruction.tls_disabled",
            "[-oAcquire::https::Verify-Peer=false]",
        ),
    ] {
        check(Target::DockerfileInstruction, text, path, expected);
    }
}

#[test]
fn facts_of_what_surrounds_an_instruction() {
    for (text, path, expected) in [
        ("FROM a AS x\nRUN b\nFROM x\nRUN c", "stage.is_shipped", "true"),
        ("FROM a\nRUN b", "instruction.previous", "null"),
        ("FROM a\nRUN b\nCMD c", "instruction.previous", "RUN"),
        ("FROM a\nWORKDIR /x\nCOPY b c", "instruction.workdir", "/x"),
        ("FROM a\nCOPY b c", "instruction.workdir", "null"),
        ("FROM a AS x\nWORKDIR /x\nFROM x\nCOPY b c", "instruction.workdir", "/x"),
        ("FROM scratch\nCOPY $A ${B:-x} /", "instruction.undefined_variables", "[A]"),
        ("FROM scratch\nARG A\nENV B=1\nCOPY $A $B /", "instruction.undefined_variables", "[]"),
        ("FROM a\nCOPY $A /", "instruction.undefined_variables", "[]"),
        ("ARG A\nFROM a:$A$B", "instruction.undefined_variables", "[B]"),
        ("FROM a\nENV A=1 B=$A", "instruction.own_references", "[A]"),
        ("FROM scratch\nENV A=1 B=$A", "instruction.own_references", "[A]"),
        ("FROM scratch\nENV A=1\nENV A=1 B=$A", "instruction.own_references", "[]"),
        ("FROM a\nEXPOSE 80 90-91/udp", "instruction.ports.1.last", "91"),
        ("FROM a\nEXPOSE 80 90-91/udp", "instruction.ports.1.protocol", "udp"),
        ("FROM a\nEXPOSE $P", "instruction.ports.0.first", "?"),
        ("FROM a\nENV A b", "instruction.form", "pair"),
        ("FROM a\nENV A=b", "instruction.form", "pairs"),
        ("FROM a\nCMD a b", "instruction.json_form", "[\"a\", \"b\"]"),
        ("FROM a\nCMD a 'b c' \"d\"", "instruction.json_form", "[\"a\", \"b c\", \"d\"]"),
        ("FROM a\nCMD a && b", "instruction.json_form", "null"),
        ("FROM a\nCMD a $B", "instruction.json_form", "null"),
        ("FROM a\nCMD a *.b", "instruction.json_form", "null"),
        ("FROM a\nCMD cd a", "instruction.json_form", "null"),
        ("FROM a\nMAINTAINER \"A <a@b>\"", "instruction.author", "A <a@b>"),
        ("FROM a\nCOPY --chmod=777 b /c", "instruction.permissions.0.world_writable", "true"),
        ("FROM a\nCOPY --chmod=777 b /c", "instruction.permissions.0.paths", "[/c]"),
        ("FROM a\nRUN x && chmod -R u+s,g+s /b", "instruction.permissions.0.setuid", "true"),
        ("FROM a\nRUN chmod $M /b", "instruction.permissions.0.setuid", "?"),
        ("FROM a\nRUN install -m 4755 b /c", "instruction.permissions.0.mode", "4755"),
        ("FROM a AS x\nCOPY --from=x b c", "instruction.images.0.is_own_stage", "true"),
        ("FROM a\nFROM a\nCOPY --from=0 b c", "instruction.images.0.is_number", "true"),
    ] {
        check(Target::DockerfileInstruction, text, path, expected);
    }
}

#[test]
fn facts_of_commands() {
    for (text, path, expected) in [
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.name", "curl"),
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.wrappers", "[sudo]"),
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.options", "[-f -s -S -L -o --retry]"),
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.arguments", "[-fsSLo f --retry=3 ?]"),
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.environment", "[{name:A value:1}]"),
        ("FROM a\nRUN A=1 sudo -E curl -fsSLo f --retry=3 $U", "command.downloads", "true"),
        ("FROM a\nRUN $X y", "command.name", "?"),
        ("FROM a\nRUN curl x | sh", "command.runs_download", "true"),
        ("FROM a\nRUN tar -xzf a", "command.options", "[-xzf]"),
    ] {
        check(Target::DockerfileCommand, text, path, expected);
    }
    let first = &subjects_of(Target::DockerfileCommand, "FROM a\nRUN curl x | tee y | sh")[0];
    assert_eq!(first.facts.at("command.pipes_to").map(short).as_deref(), Some("[tee sh]"));
}

/// Whether subjects of both texts have the same identities.
fn check_identity(target: Target, before: &str, after: &str, same: bool) {
    let identities = |text| subjects_of(target, text).into_iter().map(|one| one.identity).collect::<Vec<_>>();
    let (before_ids, after_ids) = (identities(before), identities(after));
    let kept = before_ids.iter().all(|identity| after_ids.contains(identity));
    assert_eq!(kept, same, "{before:?} and {after:?}: {before_ids:?} and {after_ids:?}");
}

#[test]
fn identities_survive_moves_and_versions() {
    use Target::{DockerfileCommand, DockerfileInstruction, DockerfileStage};
    check_identity(DockerfileStage, "FROM a:1", "# x\n\nFROM b:1 AS c\nFROM a:2", true);
    check_identity(DockerfileStage, "FROM a:1 AS x", "FROM b:1 AS x", false);
    check_identity(DockerfileInstruction, "FROM a\nCOPY --from=b:1 x y", "FROM a\nRUN z\nCOPY --from=b:2 x y", true);
    check_identity(DockerfileInstruction, "FROM a\nENV A=1", "FROM a\nENV A=2 B=3", true);
    check_identity(DockerfileInstruction, "FROM a\nENV A=1", "FROM a\nENV B=1", false);
    let run = "FROM a\nRUN curl https://h/v1.2/i.sh?t=1 | sh";
    check_identity(DockerfileCommand, run, "FROM a\nRUN x && curl -f https://u:p@h/v1.3/i.sh | sh", true);
    check_identity(DockerfileCommand, run, "FROM a\nRUN curl https://g/i.sh | sh", false);
}

#[test]
fn every_fact_is_documented_and_every_documented_fact_exists() {
    let text =
        "# syntax=a\nFROM a\nUSER b\nRUN --mount=from=b A=1 c && chmod 1 x\nENV A=1\nEXPOSE 1\nRUN pip install x";
    for target in [Target::DockerfileStage, Target::DockerfileInstruction, Target::DockerfileCommand] {
        let subjects = subjects_of(target, text);
        for fact in facts(target) {
            let path = fact.path.replace("[]", ".0");
            assert!(subjects.iter().any(|subject| subject.facts.at(&path).is_some()), "{}", fact.path);
        }
        let documented = |path: &str| {
            facts(target).iter().any(|fact| fact.path == path || fact.path.starts_with(&format!("{path}.")))
        };
        for entry in subjects.iter().flat_map(|subject| subject.facts.entries()) {
            for member in entry.value.entries() {
                let path = format!("{}.{}", entry.key, member.key);
                assert!(documented(&path), "{path}");
            }
        }
    }
}

#[test]
fn hostile_files_give_facts_in_linear_time() {
    let started = std::time::Instant::now();
    for piece in ["curl x|", "sh|", "curl x|sh|", "$(", "(", "sudo ", "-k ", "A=1 ", "a;"] {
        let text = format!("FROM a\nRUN {}", piece.repeat(5_000));
        for target in [Target::DockerfileStage, Target::DockerfileInstruction, Target::DockerfileCommand] {
            subjects_of(target, &text);
        }
    }
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}
