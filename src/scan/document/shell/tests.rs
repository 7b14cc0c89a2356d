use super::*;

fn script(text: &str) -> ShellScript {
    ShellScript::parse(&Source::of(text, Span::new(0, text.len())))
}

/// Commands as `word word`, pipes as ` | `, pipelines as ` ; `, what is inside in `[…]`; `?` for an unknown word.
fn outline(script: &ShellScript) -> String {
    let pipelines = script
        .pipelines
        .iter()
        .map(|pipeline| pipeline.commands.iter().map(outline_of).collect::<Vec<_>>().join(" | "));
    pipelines.collect::<Vec<_>>().join(" ; ")
}

fn outline_of(command: &ShellCommand) -> String {
    let mut parts: Vec<String> = command
        .assignments
        .iter()
        .map(|one| format!("{}={}", one.name, one.value.value.as_deref().unwrap_or("?")))
        .collect();
    parts.extend(command.words.iter().map(|word| word.value.as_deref().unwrap_or("?").to_owned()));
    parts.extend(command.redirects.iter().map(|one| format!("{}{}", one.operator, one.target.raw)));
    parts.extend(command.scripts().map(|inner| format!("[{}]", outline(inner))));
    parts.join(" ")
}

fn check(text: &str, expected: &str) {
    assert_eq!(outline(&script(text)), expected, "{text:?}");
}

#[test]
fn commands_and_their_words_are_read() {
    for (text, expected) in [
        ("a b c", "a b c"),
        ("a && b || c; d & e\nf", "a ; b ; c ; d ; e ; f"),
        ("a | b |& c", "a | b | c"),
        ("a 'b c' \"d $x e\" f\\ g \"h\"'i'", "a b c ? f g hi"),
        ("A=1 B=$x c", "A=1 B=? c"),
        ("A=1", "A=1"),
        ("a >f 2>&1 <g >>h &>i", "a >f >&1 <g >>h &>i"),
        ("a # b | c\nd", "a ; d"),
        ("a#b", "a#b"),
        ("if a; then b; elif c; then d; else e; fi", "[a ; b ; c ; d ; e]"),
        ("for x in 1 2; do a $x; done", "[for x in 1 2 ; a ?]"),
        ("while a; do b; done | c", "[a ; b] | c"),
        ("a | while read b; do c; done >d | e", "a | >d [read b ; c] | e"),
        ("if a; then { b; }; else for c in d; do e; done; fi; f", "[a ; [b] ; [for c in d ; e]] ; f"),
        ("{ a; if b; then c", "a ; b ; c"),
        ("a; }; done; b", "a ; b"),
        ("case $x in a|b) c ;; (d) e ;; *) f ;; esac; g", "[case ? in ; c ; e [d] ; f] ; g"),
        ("{ a; b; } | c", "[a ; b] | c"),
        ("(a; b) | c", "[a ; b] | c"),
        ("f() { a; }; b", "[a] ; b"),
        ("a $(b | c) `d e`", "a ? ? [b | c] [d e]"),
        ("a \"$(b \"$(c)\")\"", "a ? [b ? [c]]"),
        ("a <(b) >(c)", "a ? ? [b] [c]"),
        ("a $((1 + (2 * 3))) b", "a ? b"),
        ("a ${x:-$(b)} ${y%\"}\"} c", "a ? ? c [b]"),
        ("sh -c 'a | b'", "sh -c a | b [a | b]"),
        ("sudo bash -ec \"a; b\"", "sudo bash -ec a; b [a ; b]"),
        ("sh -c \"$(a)\"", "sh -c ? [a] [? [a]]"),
        ("a \\\n  b", "a b"),
        ("a \\\r\n  b\r\nc", "a b ; c"),
        ("cat <<E\nx | y\nE\nz", "cat <<E ; z"),
        ("cat <<-'E'\n\tx\n\tE\nz", "cat <<-'E' ; z"),
        ("! a", "a"),
        ("[ -f x ] && a", "[ -f x ] ; a"),
        ("a 'b", "a b"),
        ("a \"b", "a b"),
        ("a $(b", "a ? [b]"),
        ("a )b", "b"),
        ("$x a", "? a"),
        ("a $'b' $1 $? $@ $", "a b ? ? ? $"),
        ("", ""),
        ("ä 'ö' ü", "ä ö ü"),
    ] {
        check(text, expected);
    }
}

#[test]
fn words_point_at_their_bytes() {
    let text = "ä | sh -c 'curl x | b' >/dev/null";
    let parsed = script(text);
    let spans: Vec<&str> = parsed.commands().iter().map(|(line, at)| line.commands[*at].span.of(text)).collect();
    assert_eq!(spans, ["ä", "sh -c 'curl x | b' >/dev/null", "curl x", "b"]);
    assert_eq!(parsed.pipelines[0].span.of(text), text);
}

fn check_run(text: &str, expected: bool) {
    let parsed = script(text);
    let found = parsed.commands().iter().any(|(pipeline, position)| pipeline.runs_download()[*position]);
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn a_download_that_is_executed_is_seen_in_every_form() {
    for text in [
        "curl x | sh",
        "curl -fsSL x | sudo -E bash -s -- --yes",
        "wget -qO- x | bash",
        "wget -O - x | sh -x",
        "wget --output-document=- x | sh",
        "bash <(curl -s x)",
        "sh -c \"$(curl -fsSL x)\"",
        "bash -c \"`wget -qO- x`\"",
        "eval \"$(curl x)\"",
        "source <(curl x)",
        ". <(curl x)",
        "curl x | tee f | /bin/bash",
        "curl x | python3 -",
        "curl x | php -- --install-dir=/bin",
        "(curl x) | sh",
        "{ curl x; } | sh",
        "for f in a b; do curl https://h/$f; done | sh",
        "if a; then curl x; else wget -qO- y; fi | bash -s",
        "{ echo a; (curl x | sed s/a/b/); } | sh",
        "a && (b; curl x | env A=1 sh)",
        "sh -c 'curl x | sh'",
        "bash -o pipefail -c \"curl x | sh\"",
        "echo \"$(curl x)\" | sh",
        "sh <<< \"$(curl x)\"",
        "curl x | sudo -u root bash -e",
        "curl $URL | $SHELL_X bash -s",
        "curl x | FOO=1 sh",
        "curl x | bash -o errexit -",
        "perl -e \"$(curl x)\"",
    ] {
        check_run(text, text != "curl $URL | $SHELL_X bash -s");
    }
}

#[test]
fn a_download_that_is_only_used_is_left_alone() {
    for text in [
        "curl x | tar xz",
        "curl x | gpg --dearmor > f",
        "curl x -o f && sh f",
        "curl x | sh script.sh",
        "curl x | bash -c 'cat > f'",
        "curl x | python3 -c 'import json'",
        "curl x | perl -pe s/a/b/",
        "curl x | grep sh",
        "echo 'curl x | sh'",
        "wget x | sh",
        "wget -O f x && tar xf f",
        "sh -c 'curl x -o f'",
        "sh f \"$(curl x)\"",
        "sh -c \"echo $(curl x)\"",
        "cat f | sh",
        "curl x # | sh",
        "apk add curl bash",
        "A=$(curl x) sh f",
        "curl x -o f | sh",
        "curl x --output f | sh",
        "curl -fsSLO x | sh",
        "curl x > f | sh",
        "{ curl x | tar xz; echo a; } | sh",
        "for f in a b; do curl -o $f https://h/$f; done | sh",
        "for f in a b; do curl https://h/$f; done | tar xz",
    ] {
        check_run(text, false);
    }
}

/// `expected`: the wrappers, then the program.
fn check_program(text: &str, expected: &str) {
    let parsed = script(text);
    let command = &parsed.pipelines[0].commands[0];
    let found = command.program().map(|program| [program.wrappers.as_slice(), &[program.name]].concat().join(" "));
    assert_eq!(found.as_deref().unwrap_or("?"), expected, "{text:?}");
}

#[test]
fn the_program_behind_wrappers_is_named() {
    for (text, expected) in [
        ("/usr/bin/curl x", "curl"),
        ("sudo -u a -E A=$b apt-get install x", "sudo apt-get"),
        ("env -i A=1 sudo b", "env sudo b"),
        ("timeout 10 curl x", "timeout curl"),
        ("exec gosu root b", "exec gosu b"),
        ("sudo", "sudo"),
        ("$x y", "?"),
        ("sudo $x", "sudo ?"),
        ("sudo -- b", "sudo b"),
    ] {
        let expected = if expected == "sudo ?" { "?" } else { expected };
        check_program(text, expected);
    }
}

#[test]
fn flaws_are_named() {
    for (text, flaw) in [
        ("a 'b", Some(Flaw::Unclosed)),
        ("a $(b", Some(Flaw::Unclosed)),
        ("a ${b", Some(Flaw::Unclosed)),
        ("a 'b'", None),
        ("cat <<E\nx", Some(Flaw::Unclosed)),
        (&"$(".repeat(100), Some(Flaw::TooDeep)),
        (&"(".repeat(100), Some(Flaw::TooDeep)),
    ] {
        let found = script(text).flaw;
        assert_eq!(found.is_some(), flaw.is_some(), "{text:?}: {found:?}");
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    let started = std::time::Instant::now();
    for piece in [
        "$(",
        "`",
        "(",
        "${a:-",
        "\"$(",
        "sh -c '",
        "sh -c \"$(",
        "bash -c \"",
        "a|",
        "case x in a) b;;",
        "<<a ",
        "<<a\n",
        "$((",
        "'",
        "\"",
        "\\",
        "<(",
        "a)",
        "f()",
        "{",
        ">",
        "&>",
        "if ",
        "sudo ",
        "$'",
        "#\n",
        "A=",
    ] {
        let text = piece.repeat(20_000);
        let parsed = script(&text);
        assert!(parsed.commands().len() <= text.len());
    }
    let many: Vec<String> = (0..20_000).map(|number| format!("cat <<E{number}")).collect();
    script(&many.join("\n"));
    script(&"x".repeat(2_000_000));
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}
