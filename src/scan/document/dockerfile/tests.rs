use super::*;
use crate::scan::problem::Cause;

fn parsed(text: &str) -> (Dockerfile, Vec<Comment>, Vec<Problem>) {
    parse(text, &Limits::default())
}

/// One line per instruction: `KEYWORD --flag=value | argument | argument << heredoc body`.
fn outline(text: &str) -> String {
    let (dockerfile, _, _) = parsed(text);
    dockerfile.instructions.iter().map(|instruction| outline_of(text, instruction)).collect::<Vec<_>>().join("\n")
}

fn outline_of(text: &str, instruction: &Instruction) -> String {
    let mut parts = vec![format!("{}{}", if instruction.on_build { "ONBUILD " } else { "" }, instruction.keyword)];
    for flag in &instruction.flags {
        parts.push(flag.span.of(text).to_owned());
        let pairs = flag.parameters.iter();
        parts.extend(pairs.map(|pair| format!("[{}:{}]", pair.key.raw, raw_of(pair).unwrap_or_default())));
    }
    match &instruction.arguments {
        Arguments::Shell(source) => parts.push(format!("$ {}", source.text())),
        Arguments::Json(words) => parts.extend(words.iter().map(|word| format!("j {}", word.raw))),
        Arguments::Words(words) => parts.extend(words.iter().map(|word| format!("| {}", word.raw))),
        Arguments::Pairs(pairs) => {
            parts.extend(pairs.iter().map(|pair| format!("| {}={}", pair.key.raw, raw_of(pair).unwrap_or("∅"))));
        }
    }
    parts.extend(instruction.heredocs.iter().map(|heredoc| format!("<< {:?}", heredoc.body.of(text))));
    parts.join(" ")
}

fn raw_of(pair: &Pair) -> Option<&str> {
    pair.value.as_ref().map(|value| &*value.raw)
}

fn check(text: &str, expected: &str) {
    assert_eq!(outline(text), expected, "{text:?}");
}

#[test]
fn instructions_in_every_form_are_read() {
    for (text, expected) in [
        ("FROM a", "FROM | a"),
        ("from a as b", "FROM | a | as | b"),
        ("\u{feff}FROM a\r\nRUN x\r\n", "FROM | a\nRUN $ x"),
        ("FROM a\nRUN x \\\n  y", "FROM | a\nRUN $ x   y"),
        ("FROM a\nRUN x \\ \t\n\n# c\n   \n  y \\", "FROM | a\nRUN $ x   y"),
        ("# escape=`\nFROM a\nRUN x `\n y\nRUN c:\\\nRUN d", "FROM | a\nRUN $ x  y\nRUN $ c:\\\nRUN $ d"),
        ("#comment\n# escape=`\nFROM a\nRUN x `\nRUN y", "FROM | a\nRUN $ x `\nRUN $ y"),
        ("FROM a\nRUN x \\\\\nRUN y", "FROM | a\nRUN $ x \\\\\nRUN $ y"),
        ("FROM --platform=$BUILDPLATFORM a", "FROM --platform=$BUILDPLATFORM | a"),
        ("FROM a\nCMD [\"a\", \"b c\"]", "FROM | a\nCMD j a j b c"),
        ("FROM a\nCMD [ 'a' ]", "FROM | a\nCMD $ [ 'a' ]"),
        ("FROM a\nCMD []", "FROM | a\nCMD"),
        ("FROM a\nCOPY --from=b --chown=1:1 x y /z", "FROM | a\nCOPY --from=b --chown=1:1 | x | y | /z"),
        ("FROM a\nCOPY [\"a b\", \"c\"]", "FROM | a\nCOPY j a b j c"),
        ("FROM a\nENV A=1 B=\"x y\" C=z\\ w", "FROM | a\nENV | A=1 | B=\"x y\" | C=z\\ w"),
        ("FROM a\nENV A some value ", "FROM | a\nENV | A=some value"),
        ("FROM a\nARG A\nARG B=1 C", "FROM | a\nARG | A=∅\nARG | B=1 | C=∅"),
        ("FROM a\nHEALTHCHECK --interval=5s CMD x y", "FROM | a\nHEALTHCHECK --interval=5s $ x y"),
        ("FROM a\nHEALTHCHECK NONE", "FROM | a\nHEALTHCHECK $ NONE"),
        ("FROM a\nONBUILD RUN x", "FROM | a\nONBUILD RUN $ x"),
        (
            "FROM a\nRUN --mount=type=bind,from=b,source=/x --network=none y",
            "FROM | a\nRUN --mount=type=bind,from=b,source=/x [type:bind] [from:b] [source:/x] --network=none $ y",
        ),
        ("FROM a\nUSER a b", "FROM | a\nUSER | a b"),
        ("FROM a\nVOLUME /a /b\nEXPOSE 80 81/udp", "FROM | a\nVOLUME | /a | /b\nEXPOSE | 80 | 81/udp"),
    ] {
        check(text, expected);
    }
}

#[test]
fn here_documents_belong_to_their_instruction() {
    for (text, expected) in [
        ("FROM a\nRUN <<EOF\nx\nEOF\nUSER b", "FROM | a\nRUN $ <<EOF << \"x\\n\"\nUSER | b"),
        ("FROM a\nRUN <<-EOF\n\tx\n\tEOF\nUSER b", "FROM | a\nRUN $ <<-EOF << \"\\tx\\n\"\nUSER | b"),
        ("FROM a\nRUN cat <<'E' >f\n# x\nE\nUSER b", "FROM | a\nRUN $ cat <<'E' >f << \"# x\\n\"\nUSER | b"),
        (
            "FROM a\nCOPY <<a <<b /d\n1\na\n2\nb\nUSER b",
            "FROM | a\nCOPY | <<a | <<b | /d << \"1\\n\" << \"2\\n\"\nUSER | b",
        ),
        ("FROM a\nRUN echo '<<EOF'\nUSER b", "FROM | a\nRUN $ echo '<<EOF'\nUSER | b"),
        ("FROM a\nRUN cat <<<EOF\nUSER b", "FROM | a\nRUN $ cat <<<EOF\nUSER | b"),
        ("FROM a\nCMD cat <<EOF\nUSER b", "FROM | a\nCMD $ cat <<EOF\nUSER | b"),
        ("FROM a\nRUN <<EOF\nx\nUSER b", "FROM | a\nRUN $ <<EOF\nUSER | b"),
        ("FROM a\r\nRUN <<EOF\r\nx\r\nEOF\r\nUSER b", "FROM | a\nRUN $ <<EOF << \"x\\r\\n\"\nUSER | b"),
        ("FROM a\nRUN [\"x\", \"<<EOF\"]\nUSER b", "FROM | a\nRUN j x j <<EOF\nUSER | b"),
    ] {
        check(text, expected);
    }
}

/// `expected`: one word per stage: its base, or `?` when it is not known.
fn check_bases(text: &str, expected: &str) {
    let (dockerfile, _, _) = parsed(text);
    let bases: Vec<String> = dockerfile.stages.iter().map(|stage| base_name(&stage.origin.base)).collect();
    assert_eq!(bases.join(" "), expected, "{text:?}");
}

fn base_name(base: &Base) -> String {
    match base {
        Base::Image(image) => image.raw().to_owned(),
        Base::Stage(index) => format!("#{index}"),
        Base::Scratch => "scratch!".into(),
        Base::Unknown => "?".into(),
    }
}

#[test]
fn bases_are_told_apart_and_expanded() {
    for (text, expected) in [
        ("FROM a:1 AS Build\nFROM build\nFROM scratch\nFROM BUILD", "a:1 #0 scratch! #0"),
        ("ARG V=1\nFROM a:$V\nFROM a:${V}-x", "a:1 a:1-x"),
        ("ARG B\nFROM $B\nFROM ${B:-c}\nFROM ${B-d}", "? c d"),
        ("FROM ${NOPE}\nFROM ${NOPE:-x:1}\nFROM a${NOPE:+:2}", "? x:1 a"),
        ("ARG V=1\nARG W=${V}.2\nFROM a:$W\nFROM a${V:+:3}", "a:1.2 a:3"),
        ("FROM a\nARG V=1\nFROM b:$V", "a ?"),
        ("ARG TARGETARCH\nFROM a-$TARGETARCH\nFROM $BUILDARCH/a", "? ?"),
        ("ARG V=\"1\"\nFROM \"a:$V\"\nFROM 'a:$V'", "a:1 ?"),
        ("FROM b AS b\nFROM b", "b #0"),
        ("FROM a AS x\nFROM b AS x\nFROM x", "a b #1"),
        ("FROM 0\nFROM --platform=linux/amd64 a", "0 a"),
        ("FROM Bad_Name:x:y", "?"),
        ("FROM", "?"),
        ("ARG A=${B:-${C:-d}}\nFROM $A", "d"),
        ("ARG A=\nFROM a${A:-:1}\nFROM b${A-:1}", "a:1 b"),
        ("ARG A=x\nFROM ${A?needed}\nFROM ${A%x}", "x ?"),
    ] {
        check_bases(text, expected);
    }
}

/// `expected`: the origins of all instructions but FROM.
fn check_origins(text: &str, expected: &str) {
    let (dockerfile, _, _) = parsed(text);
    let others = dockerfile.instructions.iter().filter(|instruction| instruction.keyword != Keyword::From);
    let origins: Vec<String> = others.flat_map(|one| &one.origins).map(|origin| base_name(&origin.base)).collect();
    assert_eq!(origins.join(" "), expected, "{text:?}");
}

#[test]
fn copies_and_mounts_name_stages_numbers_or_images() {
    for (text, expected) in [
        ("FROM a AS b\nFROM c\nCOPY --from=B x y\nCOPY --from=0 x y", "#0 #0"),
        ("FROM a\nCOPY --from=nginx:1 x y\nCOPY --from=7 x y\nCOPY x y", "nginx:1 ?"),
        ("FROM a\nRUN --mount=type=bind,from=z:1,target=/t --mount=from=late x\nFROM q AS late", "z:1 #1"),
        ("FROM a\nCOPY --from=$X x y", "?"),
        ("FROM a\nARG V=2\nCOPY --from=x:$V x y", "x:2"),
    ] {
        check_origins(text, expected);
    }
}

fn check_users(text: &str, expected: &[Option<&str>]) {
    let (dockerfile, _, _) = parsed(text);
    let users: Vec<Option<&str>> = (0..dockerfile.stages.len())
        .map(|stage| dockerfile.user_of(stage).map(|user| user.words().first().map_or("", |word| word.shown())))
        .collect();
    assert_eq!(users, expected, "{text:?}");
}

#[test]
fn the_last_user_holds_through_stages() {
    check_users("FROM a AS x\nUSER app\nFROM x\nFROM b", &[Some("app"), Some("app"), None]);
    check_users("FROM a AS x\nUSER app\nFROM x\nUSER 0", &[Some("app"), Some("0")]);
    check_users("FROM a\nARG U=root\nUSER $U:$U", &[Some("root:root")]);
    check_users("FROM a\nUSER $U", &[Some("$U")]);
    check_users("FROM a\nONBUILD USER root", &[None]);
}

fn check_value(text: &str, expected: Option<&str>) {
    let (dockerfile, _, _) = parsed(text);
    let last = dockerfile.instructions.last().unwrap();
    let word = last.words().first().or_else(|| last.pairs().last().and_then(|pair| pair.value.as_ref())).unwrap();
    assert_eq!(word.value.as_deref(), expected, "{text:?}");
}

#[test]
fn variables_have_the_value_that_a_default_build_gives() {
    for (text, expected) in [
        ("FROM a\nENV A=1\nENV B=$A", Some("1")),
        ("FROM a\nENV A=1 B=$A", None),
        ("FROM a\nENV A=1\nARG A=2\nUSER $A", Some("1")),
        ("ARG V=1\nFROM a\nARG V\nUSER $V", Some("1")),
        ("ARG V=1\nFROM a\nUSER $V", None),
        ("FROM a AS x\nENV A=1\nARG B=2\nFROM x\nUSER $A$B", Some("12")),
        ("FROM scratch\nUSER ${A:-x}", Some("x")),
        ("FROM a\nUSER ${A:-x}", None),
        ("FROM a\nUSER \\$A'$B'\"c\"", Some("$A$Bc")),
        ("FROM a\nENV P=/x:$PATH", None),
        ("FROM a\nENV A=\"x y\\\"z\"", Some("x y\"z")),
        ("FROM a\nUSER ${A", None),
        ("FROM a\nUSER a$", Some("a$")),
        ("FROM a\nONBUILD ENV A=$B", None),
    ] {
        check_value(text, expected);
    }
}

#[test]
fn words_point_at_their_bytes() {
    let text = "\u{feff}FROM ä:1 \\\n # c\n AS b\nRUN --mount=from=x,y=z \\\n  q";
    let (dockerfile, comments, _) = parsed(text);
    let spans: Vec<&str> = dockerfile.instructions[0].words().iter().map(|word| word.span.of(text)).collect();
    assert_eq!(spans, ["ä:1", "AS", "b"]);
    assert_eq!(dockerfile.instructions[0].span.of(text), "FROM ä:1 \\\n # c\n AS b");
    let pair = &dockerfile.instructions[1].flags[0].parameters[0];
    assert_eq!((pair.key.span.of(text), pair.value.as_ref().unwrap().span.of(text)), ("from", "x"));
    assert_eq!(dockerfile.instructions[1].origins[0].word.span.of(text), "x");
    assert_eq!(comments[0].span.of(text), "# c");
    assert!(comments[0].own_line);
    assert_eq!(dockerfile.stages[0].span, Span::new(3, text.len()));
}

#[test]
fn directives_stand_only_at_the_top() {
    let text = "# syntax=docker/dockerfile:1\n# Escape = `\n# other=x\n#\n# check=skip=all\nFROM a";
    let (dockerfile, comments, _) = parsed(text);
    let names: Vec<&str> = dockerfile.directives.iter().map(|directive| &*directive.name).collect();
    assert_eq!(names, ["syntax", "escape", "other"]);
    assert_eq!(dockerfile.directive("syntax").unwrap().value_span.of(text), "docker/dockerfile:1");
    assert_eq!(comments.len(), 5);
}

/// `expected`: line, column and the first words of each problem.
fn check_problems(text: &str, expected: &[(usize, usize, &str)]) {
    let (_, _, problems) = parsed(text);
    let found: Vec<(usize, usize, &str)> = problems
        .iter()
        .zip(expected.iter().map(|(_, _, start)| start.len()).chain(std::iter::repeat(30)))
        .map(|(one, length)| (one.line.unwrap(), one.column.unwrap(), &one.message[..length.min(one.message.len())]))
        .collect();
    assert_eq!(found, expected, "{text:?}");
    assert!(problems.iter().all(|problem| problem.cause == Cause::Syntax && problem.path.is_none()));
}

#[test]
fn what_a_builder_refuses_is_a_problem_with_its_place() {
    check_problems(
        "FROM a\n  FORM b\nRUM x\nQWERTZ",
        &[
            (2, 3, "unknown instruction; did you mean FROM?"),
            (3, 1, "unknown instruction; did you mean RUN?"),
            (4, 1, "unknown instruction; it was not"),
        ],
    );
    check_problems("RUN x\nFROM a", &[(1, 1, "RUN before the first FROM")]);
    check_problems("# only", &[(1, 1, "no FROM")]);
    check_problems("", &[(1, 1, "no FROM")]);
    check_problems("FROM a\nRUN\nUSER \nONBUILD", &[(2, 1, "RUN without"), (3, 1, "USER without"), (4, 1, "ONBUILD")]);
    check_problems("FROM a\nRUN cat <<EOF\nx", &[(2, 9, "here-document"), (3, 1, "unknown")]);
    check_problems("FROM A/B/C", &[(1, 6, "not an image name")]);
    check_problems("FROM a b", &[(1, 1, "FROM takes")]);
    check_problems("FROM a AS x\nCOPY --from=3 a b", &[(2, 13, "there is no stage")]);
    check_problems("FROM a\nENV X=\"y\nRUN z", &[]);
}

/// `expected`: the words of all commands that RUN instructions execute.
fn check_commands(text: &str, expected: &str) {
    let (dockerfile, _, _) = parsed(text);
    let scripts = dockerfile.instructions.iter().flat_map(|instruction| &instruction.scripts);
    let commands = scripts.flat_map(crate::scan::document::shell::ShellScript::commands);
    let found: Vec<&str> = commands.map(|(pipeline, position)| pipeline.commands[position].span.of(text)).collect();
    assert_eq!(found.join(" ; "), expected, "{text:?}");
}

#[test]
fn commands_are_found_wherever_a_shell_reads_them() {
    for (text, expected) in [
        ("FROM a\nRUN b && \\\n # c\n d", "b ; d"),
        ("FROM a\nRUN [\"sh\", \"-c\", \"b | c\"]", "sh\", \"-c\", \"b | c ; b ; c"),
        ("FROM a\nRUN [\"sh\", \"-c\", \"b \\\"c\\\"\"]", "sh\", \"-c\", \"b \\\"c\\\" ; b \\\"c\\\""),
        ("FROM a\nRUN <<E\nb\nc\nE", "<<E ; b ; c"),
        ("FROM a\nRUN bash -e <<E\nb\nE", "bash -e <<E ; b"),
        ("FROM a\nRUN cat <<E >f\nb\nE", "cat <<E >f"),
        ("FROM a\nRUN <<E\n#!/usr/bin/env python3\nb\nE", "<<E"),
        ("FROM a\nRUN <<E\n#!/bin/bash -e\nb\nE", "<<E ; b"),
        ("FROM a\nSHELL [\"powershell\", \"-c\"]\nRUN b\nSHELL [\"/bin/bash\", \"-c\"]\nRUN c", "c"),
        ("FROM a AS x\nSHELL [\"C:/x/pwsh.exe\"]\nFROM x\nRUN b\nFROM a\nRUN c", "c"),
        ("FROM a\nRUN cat <<A >f && bash <<B\nx\nA\ny\nB", "cat <<A >f ; bash <<B ; y"),
        ("FROM a\nRUN if b; then cat <<A >f; fi\nx\nA", "if b; then cat <<A >f; fi ; b ; cat <<A >f"),
        ("FROM a\nCMD b", "b"),
        ("FROM a\nENTRYPOINT [\"b\", \"c\"]", "b\", \"c"),
        ("FROM a\nHEALTHCHECK --interval=5s CMD b || c", "b ; c"),
        ("FROM a\nHEALTHCHECK NONE", ""),
    ] {
        check_commands(text, expected);
    }
}

/// `expected`: the values of the words of the last RUN, each in brackets; `?` for an unknown one.
fn check_words(text: &str, expected: &str) {
    let (dockerfile, _, _) = parsed(text);
    let script = dockerfile.instructions.last().and_then(|instruction| instruction.scripts.last()).unwrap();
    let words = script.commands().into_iter().flat_map(|(pipeline, position)| &pipeline.commands[position].words);
    let found: Vec<&str> = words.map(|word| word.value.as_deref().unwrap_or("?")).collect();
    assert_eq!(format!("[{}]", found.join("][")), expected, "{text:?}");
}

#[test]
fn values_that_the_build_is_certain_to_set_stand_in_the_words_of_run() {
    for (text, expected) in [
        ("FROM a\nENV V=1.2\nRUN b $V ${V}x \"c $V\" '$V' \\$V", "[b][1.2][1.2x][c 1.2][$V][$V]"),
        ("FROM a\nARG V=1\nRUN b ${V:-2} ${V-2} ${V:?e} ${V%x} ${V:+y}", "[b][1][1][1][?][?]"),
        ("ARG V=1\nFROM a\nARG V\nRUN b $V", "[b][1]"),
        ("FROM a\nARG V\nRUN b $V", "[b][?]"),
        ("FROM a\nRUN b $V", "[b][?]"),
        ("FROM a\nENV V=\"c  d\"\nRUN b $V \"$V\" x$V", "[b][c][d][c  d][xc][d]"),
        ("FROM a\nENV V=\nRUN b $V \"$V\" x$V", "[b][][x]"),
        ("FROM a\nENV V=1\nRUN V=2 b $V", "[b][?]"),
        ("FROM a\nENV V=1\nRUN . ./x && b $V", "[.][./x][b][?]"),
        ("FROM a\nENV V=1\nRUN for V in x; do b $V; done", "[for][V][in][x][b][?]"),
        ("FROM a\nENV V=1\nRUN sh -c 'b $V'", "[sh][-c][b $V][b][1]"),
        ("FROM a\nENV V=1\nRUN <<E\nb $V\nE", "[b][1]"),
        ("FROM a\nENV V=1\nRUN [\"b\", \"$V\"]", "[b][$V]"),
        ("FROM a\nENV V=1\nCMD b $V", "[b][?]"),
        ("FROM a\nENV V=1\nONBUILD RUN b $V", "[b][?]"),
        ("FROM a AS x\nENV V=1\nFROM x\nRUN b $V", "[b][1]"),
        ("FROM a\nRUN b $V\nENV V=1\nRUN b $V", "[b][1]"),
    ] {
        check_words(text, expected);
    }
}

#[test]
fn comments_of_the_shell_are_comments_of_the_file() {
    let text = "FROM a # no\nRUN b # yes\nRUN c # d \\\n e\nRUN <<E\n# own\nf # end\nE\nCOPY <<E /x\n# data\nE";
    let (_, comments, _) = parsed(text);
    let found: Vec<(&str, bool)> = comments.iter().map(|comment| (comment.span.of(text), comment.own_line)).collect();
    assert_eq!(found, [("# yes", false), ("# own", true), ("# end", false)]);
}

#[test]
fn shell_text_that_is_not_understood_is_a_problem() {
    check_problems("FROM a\nRUN echo 'b", &[(2, 1, "a quote or bracket in this RUN")]);
}

#[test]
fn hostile_files_take_linear_time() {
    let started = std::time::Instant::now();
    let long = "x".repeat(10_000_000);
    let files = [
        format!("FROM {long}"),
        format!("FROM a\nRUN {long}"),
        format!("FROM a\nRUN x{}", " \\\n".repeat(100_000)),
        format!("FROM a\nRUN x{}", " \\\n#".repeat(100_000)),
        format!("FROM a\nRUN {}", "$(".repeat(100_000)),
        format!("FROM {}", "${a:-".repeat(100_000)),
        format!("FROM a\n{}", "RUN cat <<EOF\n".repeat(20_000)),
        format!("FROM a\nRUN {}\n", "<<a ".repeat(100_000)),
        format!("FROM a\n{}", (0..20_000).map(|n| format!("RUN cat <<E{n}")).collect::<Vec<_>>().join("\n")),
        format!("FROM a\nENV A=aaaaaaaaaa\n{}", "ENV A=$A$A\n".repeat(20_000)),
        format!("FROM a AS a\n{}", "FROM a AS a\nENV A=1\nUSER $B\n".repeat(10_000)),
        format!("FROM a\nENV A={}\n{}", "y".repeat(10_000), "ENV B=$A\n".repeat(10_000)),
        format!("FROM a\nENV {}", "A=\"".repeat(100_000)),
        format!("FROM a\nENV V={}\nRUN b {}", "y z".repeat(5_000), "$V ".repeat(100_000)),
        format!("FROM a\nENV V=1\n{}", "RUN b $V\n".repeat(50_000)),
        format!("FROM a\nRUN {}", "{ ".repeat(200_000)),
        format!("FROM a\nRUN {}", "if a; then ".repeat(50_000)),
        format!("FROM a\nCOPY {}", "[\"a\",".repeat(100_000)),
        "Q\n".repeat(200_000),
        "\u{0}\n".repeat(1000),
    ];
    for file in &files {
        let (_, _, problems) = parsed(file);
        assert!(problems.len() <= 52);
    }
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

#[test]
fn what_a_template_decides_is_named_once() {
    let text = "{% if a %}\nFROM alpine:3.21.0\n{%- endif %}\nFROM {{ image }}\nCOPY a b\nWRONG x\n";
    let (dockerfile, _, problems) = parse(text, &Limits::default());
    let shown: Vec<_> = problems.iter().map(|problem| (problem.cause, problem.line)).collect();
    assert_eq!(shown, [(Cause::Syntax, Some(6)), (Cause::Templated, Some(1))]);
    assert!(dockerfile.instructions.len() > 1);
}
