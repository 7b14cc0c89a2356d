use super::*;

/// The challenges as `scheme name=value name=value`.
fn check(header: &str, expected: &[&str]) {
    let found: Vec<String> = Challenge::parse_all(header)
        .into_iter()
        .map(|challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}={value}"));
            challenge.scheme + &parameters.collect::<String>()
        })
        .collect();
    assert_eq!(found, expected, "{header}");
}

#[test]
fn the_headers_of_real_registries_are_read() {
    check(
        r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#,
        &["bearer realm=https://auth.docker.io/token service=registry.docker.io scope=repository:library/nginx:pull"],
    );
    check(
        r#"Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:a/b:pull,push",error="invalid_token""#,
        &[
            "bearer realm=https://gitlab.com/jwt/auth service=container_registry scope=repository:a/b:pull,push error=invalid_token",
        ],
    );
    check(
        r#"Basic realm="https://123.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#,
        &["basic realm=https://123.dkr.ecr.eu-west-1.amazonaws.com/ service=ecr.amazonaws.com"],
    );
    check("Basic realm=x", &["basic realm=x"]);
}

#[test]
fn white_space_and_case_follow_the_grammar() {
    check("BEARER  Realm = \"a\" ,\tservice=b , ", &["bearer realm=a service=b"]);
    check(", , Basic realm=\"x\"", &["basic realm=x"]);
    check("Negotiate", &["negotiate"]);
    check("Bearer realm=", &["bearer"]);
    check("", &[]);
}

#[test]
fn several_challenges_stand_in_one_header() {
    check(
        r#"Basic realm="a, b", Bearer realm="c", service=d, Negotiate, NTLM TlRM=="#,
        &["basic realm=a, b", "bearer realm=c service=d", "negotiate", "ntlm"],
    );
}

#[test]
fn quoted_pairs_are_undone() {
    check(r#"Bearer realm="a\"b\\c""#, &[r#"bearer realm=a"b\c"#]);
    check(r#"Bearer realm="https://a.example/\",service=\"x""#, &[r#"bearer realm=https://a.example/",service="x"#]);
}

#[test]
fn what_breaks_the_grammar_gives_nothing() {
    for header in [
        r#"Bearer realm="open"#,
        "Bearer =x",
        r#"Bearer realm="a" service="b""#,
        r#"Bearer realm="a",realm="b""#,
        "Bearer realm=https://unquoted.example/token",
        "Bearer realm=\"a\u{7}b\"",
        "Bearer realm=\"a\" junk",
        "\u{e9}",
        "Bearer realm=\"a\\",
    ] {
        check(header, &[]);
    }
    check(&format!("Bearer {}", "a".repeat(MAX_BYTES)), &[]);
    let many: Vec<String> = (0..17).map(|number| format!("p{number}=x")).collect();
    check(&format!("Bearer {}", many.join(",")), &[]);
}
