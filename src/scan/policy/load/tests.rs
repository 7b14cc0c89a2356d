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
