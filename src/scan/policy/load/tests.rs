use super::*;

const GOOD: &str = "\
title: Container runs in privileged mode
severity: high
target: kubernetes.container
deny: container.privileged == true
at: securityContext.privileged
message: container `{container.name}` runs in privileged mode
why: It shares the node.
fix: Remove it.
aliases: {trivy: KSV-0017, checkov: [CKV_K8S_16]}
raise: {when: settings.images.pin == \"digest\", to: critical}
edit: {remove: securityContext.privileged}
examples:
  - name: denied
    text: |
      a: 1
      # deny
      b: 2
  - name: fine
    text: 'a: 1'
";

fn load(text: &str) -> Result<Policy, PolicyError> {
    Policy::load(PolicyId::new("kubernetes/x"), "x.yaml", text)
}

/// Loads the good file with `from` replaced by `to`, and expects the error to say `expected`.
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from:?} is in the file");
    let error = load(&GOOD.replacen(from, to, 1)).map(|policy| policy.title).unwrap_err().to_string();
    assert!(error.contains(expected), "{from:?} -> {to:?}: {error}");
}

#[test]
fn a_good_file_becomes_a_policy() {
    let policy = load(GOOD).unwrap();
    assert_eq!((policy.severity, policy.category), (Severity::High, Category::Security));
    assert!(policy.enabled);
    assert_eq!(policy.aliases[1], ("checkov".to_owned(), vec!["CKV_K8S_16".to_owned()]));
    assert_eq!(policy.examples[0].rendered(), ("a: 1\nb: 2\n".to_owned(), vec![2]));
    assert!(!policy.examples[1].is_denied());
}

#[test]
fn mistakes_name_the_field_and_the_nearest_name() {
    check("message:", "mesage:", "unknown field \"mesage\"; did you mean \"message\"?");
    check("message:", "mail:", "\"message\" is missing");
    check("at:", "att:", "unknown field \"att\"; did you mean \"at\"?");
    check("severity: high", "severity: hihg", "did you mean \"high\"?");
    check("target: kubernetes.container", "target: kubernetes.containers", "did you mean \"kubernetes.container\"?");
    check("title: C", "titel: C", "did you mean \"title\"?");
    check("    text: 'a: 1'", "    texts: 'a: 1'", "unknown field \"examples.texts\"; did you mean \"text\"?");
    check("when:", "wenn:", "unknown field \"raise.wenn\"; did you mean \"when\"?");
    check("# deny", "# denied", "at least one of each (a line `# deny` marks the next one)");
    check("why: It shares the node.", "why: [x]", "found a list, expected a text");
}

/// A team's own kind of secret, with one line of its form to be replaced.
const KIND: &str = "\
title: Token of our gateway in clear text
severity: high
target: secret
detect:
  - name: gateway token
    keywords: [acme_]
    pattern: '{start}(?P<secret>acme_[0-9a-z]{20})\\b'
    prefix: acme_
    min_entropy: 3.0
    checksum: crc32-base62
why: It opens the gateway.
fix: Revoke it.
examples:
  - name: denied
    text: |
      # deny
      t: acme_{fake:base36:20}
  - name: fine
    text: 't: acme_xxxxxxxxxxxxxxxxxxxx'
";

#[test]
fn a_team_writes_its_own_kind_of_secret() {
    let kind = KIND.replace("    checksum: crc32-base62\n", "");
    let policy = Policy::load(PolicyId::new("acme/gateway-token"), ".github/dockgate/acme/gateway-token.yaml", &kind);
    let policy = policy.unwrap();
    assert_eq!(policy.category, Category::Secret);
    for example in policy.examples() {
        example.run(&policy).unwrap();
    }
    // With the checksum of npm the same token is a dummy.
    let gated = Policy::load(PolicyId::new("acme/gateway-token"), "x.yaml", KIND).unwrap();
    assert!(gated.examples()[0].run(&gated).is_err() && gated.examples()[1].run(&gated).is_ok());
}

#[test]
fn a_kind_that_would_be_slow_or_large_is_refused_with_the_reason() {
    let refused = |from: &str, to: &str, expected: &str| {
        let error = load(&KIND.replacen(from, to, 1)).map(|policy| policy.title).unwrap_err().to_string();
        assert!(error.starts_with("x.yaml:4: ") && error.contains(expected), "{error}");
    };
    refused("[0-9a-z]{20}", "[0-9a-z]{20,9000}", "write smaller counts");
    refused("'{start}(?P<secret>acme_[0-9a-z]{20})\\b'", "'(?:acme_)*'", "matches the empty text");
    refused("[acme_]", "[ac]", "needs keywords of at least 3 ASCII characters");
    refused("min_entropy: 3.0", "min_entropy: 9.5", "must be from 0 to 8 bits per byte");
    refused("[0-9a-z]{20}", "[0-9a-z", "unclosed character class");
}

#[test]
fn an_edit_is_one_of_its_kinds_and_names_its_mistakes() {
    let policy = |edit: &str| {
        format!(
            "title: t\nseverity: low\ntarget: kubernetes.container\ndeny: container.privileged == true\nmessage: m\n\
             why: w\nfix: f\n{edit}\nexamples:\n  - {{name: a, deny: [1], text: x}}\n  - {{name: b, text: y}}\n"
        )
    };
    for (edit, line, expected) in [
        ("edit: {set: a}", 8, "\"edit.to\" is missing"),
        ("edit: {remove: a, set: b, to: c}", 8, "expected one of set and to"),
        ("edit: []", 8, "expected a map"),
        ("edit:\n  - {remove: a}\n  - {rewrit: user}", 10, "did you mean \"rewrite\"?"),
        ("edit: {rewrite: usr}", 8, "did you mean \"user\"?"),
        ("edit: {remove_words: [a]}", 8, "\"edit.from\" is missing"),
        ("edit: {remove: a, whn: b}", 8, "did you mean \"when\"?"),
    ] {
        let error = load(&policy(edit)).map(|policy| policy.title).unwrap_err().to_string();
        assert!(error.starts_with(&format!("x.yaml:{line}: ")) && error.contains(expected), "{edit}: {error}");
    }
    let rules = |edit: &str| load(&policy(edit)).unwrap().edit().map(<[_]>::len);
    assert_eq!(rules("edit:\n  - {remove: a}\n  - {set: b, to: 1, when: container.privileged}"), Some(2));
    assert_eq!(rules(""), None);
}

#[test]
fn what_an_edit_asks_for_is_a_fact() {
    let text = |edit: &str| {
        let text = "title: t\nseverity: low\ntarget: kubernetes.pod\ndeny: pod.host_network == true\nmessage: m\nwhy: w\n\
                    fix: f\nexamples:\n  - {name: a, deny: [1], text: x}\n  - {name: b, text: y}\n";
        text.replace("examples:", &format!("{edit}\nexamples:"))
    };
    for (edit, expected) in [
        ("edit: {remove: labels, in: pod.metadat}", "did you mean \"pod.metadata\"?"),
        ("edit: {remove: a, when: pod.host_netwrk}", "did you mean \"pod.host_network\"?"),
        ("edit: {replace: line, with: \"{pod.oss}\"}", "pod.os"),
    ] {
        let files = [(".github/dockgate/a.yaml", text(edit))];
        let (_, problems) = crate::scan::policy::PolicySet::default().with_team(&files);
        assert!(problems.iter().any(|problem| problem.message.contains(expected)), "{edit}: {problems:?}");
    }
}
