use super::forms::SecretForms;
use super::*;
use crate::scan::policy::PolicyId;

const POLICIES: [(&str, &str); 8] = [
    ("secret/aws-access-key", include_str!("../../../policies/secret/aws-access-key.yaml")),
    ("secret/connection-url-password", include_str!("../../../policies/secret/connection-url-password.yaml")),
    ("secret/github-token", include_str!("../../../policies/secret/github-token.yaml")),
    ("secret/google-service-account", include_str!("../../../policies/secret/google-service-account.yaml")),
    ("secret/npm-token", include_str!("../../../policies/secret/npm-token.yaml")),
    ("secret/private-key", include_str!("../../../policies/secret/private-key.yaml")),
    ("secret/slack-token", include_str!("../../../policies/secret/slack-token.yaml")),
    ("secret/stripe-key", include_str!("../../../policies/secret/stripe-key.yaml")),
];

fn detectors() -> DetectorSet {
    let rules: Vec<_> = POLICIES
        .iter()
        .map(|(id, text)| {
            let file: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
            let severity = serde_yaml::from_value(file["severity"].clone()).unwrap();
            let part = serde_yaml::Mapping::from_iter([
                ("detect".into(), file["detect"].clone()),
                ("yields".into(), file.get("yields").cloned().unwrap_or(false.into())),
            ]);
            let rule: rule::SecretRule = serde_yaml::from_value(part.into()).unwrap();
            rule.check().unwrap();
            (PolicyId::new(*id), severity, SecretForms::new(move || rule))
        })
        .collect();
    DetectorSet::new(rules.iter().map(|(id, severity, forms)| (id, *severity, forms.clone())))
}

fn find_in(path: &str, text: &str, detectors: &DetectorSet, options: &ScanOptions) -> Secrets {
    let parsed = crate::scan::document::parse(path, text, &options.limits);
    find_secrets(path, text, &parsed, detectors, options)
}

fn find(text: &str) -> Vec<Finding> {
    find_in("file.yaml", text, &detectors(), &ScanOptions::default()).findings
}

/// Checks the findings of an expanded text, each written `line:column severity message`.
fn check(text: &str, expected: &[&str]) {
    let text = fake::expand(text);
    let line =
        |found: &Finding| format!("{}:{} {} {}", found.start.line, found.start.column, found.severity, found.message);
    assert_eq!(find(&text).iter().map(line).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn examples_find_their_own_rule_and_no_other() {
    for (id, text) in POLICIES {
        let file: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        for example in file["examples"].as_sequence().unwrap() {
            let mut lines = Vec::new();
            let mut deny: Vec<usize> =
                example.get("deny").map_or(Vec::new(), |deny| serde_yaml::from_value(deny.clone()).unwrap());
            for line in example["text"].as_str().unwrap().lines() {
                if line.trim() == "# deny" { deny.push(lines.len() + 1) } else { lines.push(line) }
            }
            let text = fake::expand(&(lines.join("\n") + "\n")).into_owned();
            let path = example["path"].as_str().unwrap();
            let found = find_in(path, &text, &detectors(), &ScanOptions::default()).findings;
            let at: Vec<_> = found.iter().map(|finding| finding.start.line).collect();
            assert_eq!(at, deny, "{id} {:?} {:?}\n{text}", example["name"], found);
            assert!(found.iter().all(|finding| finding.rule.as_str() == id), "{id} {found:?}");
        }
    }
}

#[test]
fn messages_name_kind_length_and_public_prefix() {
    check("t: {fake:github-token}\n", &["1:4 critical GitHub personal access token (ghp_, 40 characters)"]);
    check("t: xoxb-{fake:digits:12}-{fake:alnum:24}\n", &["1:4 high Slack bot token (xoxb-, 42 characters)"]);
    check(
        "a: {fake:aws-key-id}\nb: {fake:base64:40}\n",
        &["2:4 critical AWS secret access key (40 characters, account 0326…49)"],
    );
    check("u: postgres://app:{fake:password}@db\n", &["1:19 high password inside a connection URL (15 characters)"]);
}

#[test]
fn weaker_values_are_lowered_and_say_why() {
    check(
        "u: amqp://guest:guest@mq\n",
        &["1:17 low password inside a connection URL, a well-known default (5 characters)"],
    );
    check("{fake:pem-encrypted}\n", &["1:1 low private key, encrypted (1841 characters)"]);
    check("k: sk_test_{fake:alnum:24}\n", &["1:4 low Stripe test secret key (sk_test_, 32 characters)"]);
}

#[test]
fn settings_set_the_severity_but_do_not_raise_weaker_values() {
    let options = ScanOptions {
        severities: [(PolicyId::new("secret/connection-url-password"), Severity::Critical)].into(),
        ..ScanOptions::default()
    };
    let text = fake::expand("a: redis://:{fake:password}@c\nb: redis://:redis@c\n");
    let found = find_in("a.yaml", &text, &detectors(), &options).findings;
    assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Critical, Severity::Low]);
}

#[test]
fn one_place_gives_one_finding_of_the_most_precise_rule() {
    check(
        "u: https://x-access-token:{fake:github-token}@github.com/a/b\n",
        &["1:27 critical GitHub personal access token (ghp_, 40 characters)"],
    );
    check("u: https://x-access-token:{fake:github-token-dummy}@github.com/a/b\n", &[]);
    let account = "{\"type\": \"service_account\", \"private_key\": \"{fake:pem-pkcs8:escaped}\"}";
    check(account, &["1:45 critical Google service account key (1718 characters)"]);
}

#[test]
fn two_secrets_in_one_encoded_value_are_two_findings() {
    let text = fake::expand("a={fake:github-token}\nb={fake:npm-token}\n").into_owned();
    let encoded = fake::encode(&text);
    let found = find(&format!("data:\n  .env: {encoded}\n"));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|finding| (finding.start.column, finding.span.len()) == (9, encoded.len())));
}

#[test]
fn a_secret_that_moves_keeps_its_fingerprint_and_the_key_changes_it() {
    let text = fake::expand("t: {fake:github-token}\n").into_owned();
    let moved = find(&format!("\n\nother: 1\n{text}"));
    assert_eq!(find(&text)[0].fingerprint, moved[0].fingerprint);
    let options = ScanOptions { secret_key: crate::scan::SecretKey([7; 32]), ..ScanOptions::default() };
    let keyed = find_in("file.yaml", &text, &detectors(), &options).findings;
    assert_ne!(keyed[0].fingerprint, moved[0].fingerprint);
}

#[test]
fn a_key_keeps_its_fingerprint_however_its_lines_are_broken() {
    let key = fake::expand("{fake:pem-rsa}").into_owned();
    let texts = [key.replace('\n', "\n      "), key.replace('\n', "\\n"), fake::encode(&key), key];
    let prints: Vec<_> = texts.iter().map(|text| find(&format!("k: {text}\n"))[0].fingerprint.clone()).collect();
    assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
}

#[test]
fn findings_beyond_the_limit_are_summed_up() {
    let text = fake::expand("u: redis://:{fake:password}@c\n").repeat(205);
    let secrets = find_in("a.yaml", &text, &detectors(), &ScanOptions::default());
    assert_eq!((secrets.findings.len(), secrets.places.len(), secrets.problems.len()), (200, 205, 1));
    assert!(secrets.problems[0].message.starts_with("205 findings of secret/connection-url-password"));
}

#[test]
fn values_are_scrubbed_from_other_texts() {
    let token = fake::expand("{fake:github-token}").into_owned();
    let text = format!("t: {token}\nu: postgres://postgres:postgres@db\n");
    let secrets = find_in("a.yaml", &text, &detectors(), &ScanOptions::default());
    let mut message = format!("container `{token}` of image postgres");
    secrets.scrub(&mut message);
    assert_eq!(message, "container `(redacted)` of image postgres");
    let mut cut = format!("container `{}…` runs", &token[..20]);
    secrets.scrub(&mut cut);
    assert_eq!(cut, "container `(redacted)` runs");
}

#[test]
fn a_common_word_inside_a_name_is_left_there() {
    let secrets = find_in("a.yaml", "u: redis://:harbor@db\n", &detectors(), &ScanOptions::default());
    let mut message = "service harbor-server of harbor, `-pharbor`, my_harbor".to_owned();
    secrets.scrub(&mut message);
    assert_eq!(message, "service harbor-server of (redacted), `-p(redacted)`, my_harbor");
}

#[test]
fn hostile_text_costs_its_length() {
    let repeated = [
        "key=",
        "password: ",
        "\"key\":\"",
        "<key>",
        "<a password=\"",
        "curl -u a:b ",
        "--password --password ",
        ";Password=x",
        "mysql -p",
        "name: token, value: ",
        "echo x | docker login ",
        "${a:-",
        "Authorization: Basic ",
        "token=?token=&",
        "password=>",
        "password{ get",
        "user a pass b ",
        "insert into t (password, ",
        "openssl -password pass:",
        "LoginModule required user_a=",
        "ospf message-digest-key 1 md5 ",
        "com2sec a b ",
        "  allow a:b",
        "user x identified by ",
    ];
    let built_in = crate::scan::policy::PolicySet::builtin().detectors(|policy| policy.enabled);
    for text in repeated {
        for path in ["a.env", "a.xml", "a.sh", "a.yaml", "a.tf"] {
            let started = std::time::Instant::now();
            find_in(path, &text.repeat(60_000 / text.len()), &built_in, &ScanOptions::default());
            // Quadratic work on this much takes minutes.
            assert!(started.elapsed().as_secs() < 15, "{text} in {path}");
        }
    }
}

#[test]
fn a_default_that_is_reported_stays_a_word_of_messages() {
    let built_in = crate::scan::policy::PolicySet::builtin().detectors(|policy| policy.enabled);
    let text = fake::expand("a:\n  password: password\nb:\n  password: {fake:password}\n");
    let secrets = find_in("a.yaml", &text, &built_in, &ScanOptions::default());
    let messages: Vec<&str> = secrets.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages.iter().all(|message| message.contains("`password`")), "{messages:?}");
}

#[test]
fn a_default_that_a_policy_conceals_stays_a_word() {
    let mut secrets = Secrets::default();
    for value in ["password", "Xk29-vuqpLm4"] {
        secrets.conceal(value, Span::new(0, value.len()));
    }
    let mut message = "asks nobody for a password, but for Xk29-vuqpLm4".to_owned();
    secrets.scrub(&mut message);
    assert_eq!(message, "asks nobody for a password, but for (redacted)");
    assert_eq!(secrets.places.len(), 2);
}

#[test]
fn keys_and_passwords_that_people_chose_weigh_less_in_tests_and_examples() {
    let text = fake::expand("a: redis://:copper-River42@c\nb: |\n  {fake:pem-pkcs8}\n");
    let severities = |path| -> Vec<Severity> {
        let found = find_in(path, &text, &detectors(), &ScanOptions::default()).findings;
        found.iter().map(|finding| finding.severity).collect()
    };
    assert_eq!(severities("deploy/a.yaml"), [Severity::High, Severity::Critical]);
    assert_eq!(severities("e2e/fixtures/a.yaml"), [Severity::Medium, Severity::Medium]);
    // An environment.
    assert_eq!(severities("clusters/test/a.yaml"), severities("clusters/live/a.yaml"));
}

#[test]
fn programs_that_are_tests_by_their_name_weigh_less_as_well() {
    let text = fake::expand("redis://:copper-River42@c\n");
    let severity = |path| find_in(path, &text, &detectors(), &ScanOptions::default()).findings[0].severity;
    for path in ["src/login_test.go", "web/login.spec.ts", "src/LoginTest.java", "app/test_login.py", "src/test/a.xml"]
    {
        assert_eq!(severity(path), Severity::Medium, "{path}");
    }
    // Environments, and a word that only begins so.
    for path in ["values.test.yaml", "deploy/app_test.yaml", "src/latest.go", "src/contest.py"] {
        assert_eq!(severity(path), Severity::High, "{path}");
    }
}

#[test]
fn what_settings_say_of_a_severity_holds_in_tests_too() {
    let options = ScanOptions {
        severities: [(PolicyId::new("secret/connection-url-password"), Severity::High)].into(),
        ..ScanOptions::default()
    };
    let text = fake::expand("a: redis://:copper-River42@c\n");
    let severity = |options| find_in("e2e/a.yaml", &text, &detectors(), options).findings[0].severity;
    assert_eq!((severity(&ScanOptions::default()), severity(&options)), (Severity::Medium, Severity::High));
}
