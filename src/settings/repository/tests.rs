use super::*;

fn repository(text: &str) -> RepositorySettings {
    let known = ["kubernetes/privileged-container", "image/mutable-tag"];
    RepositorySettings::resolve(&SettingsFile::Absent, &SettingsFile::Text(text.to_owned()), &known)
}

const FULL: &str = "\
fail-on: medium
rules:
  kubernetes/privileged-container: critical
  image/mutable-tag: off
paths:
  ignore: [vendor/, \"*.md\"]
images:
  pin: digest
comments:
  max: 5
suppressions:
  max-severity: never
unjudged: fail
limits:
  max-file-bytes: 1048576
waivers:
  - rule: image/mutable-tag
    paths: legacy/**
    until: 2026-03-31
    owner: team-a
    reason: moving to the new cluster
";

#[test]
fn every_key_is_read() {
    let settings = repository(FULL);
    assert_eq!(settings.problems, []);
    let rows: Vec<String> = settings
        .effective()
        .into_iter()
        .map(|(key, value, origin)| format!("{key}={value} ({})", origin.name()))
        .collect();
    assert_eq!(
        rows,
        [
            "fail-on=medium (repository)",
            "paths.ignore=vendor/, *.md (repository)",
            "images.pin=digest (repository)",
            "comments.max=5 (repository)",
            "suppressions.max-severity=never (repository)",
            "unjudged=fail (repository)",
            "limits.max-file-bytes=1048576 (repository)",
            "rules.image/mutable-tag=off (repository)",
            "rules.kubernetes/privileged-container=critical (repository)",
            "waivers.image/mutable-tag=legacy/** until 2026-03-31 (team-a) (repository)",
        ]
    );
    let options = settings.scan_options();
    assert!(options.pin_digest && options.limits.max_file_bytes == 1_048_576 && options.severities.len() == 1);
    assert_eq!(settings.disabled_rules().len(), 1);
}

fn check(text: &str, expected: &[&str]) {
    let settings = repository(text);
    let shown: Vec<String> = settings
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.line.unwrap_or_default(), problem.message))
        .map(|line| line.replace(" The defaults are used until this is fixed", ""))
        .collect();
    assert_eq!(shown, expected, "{text}");
    if let SettingsSource::Invalid(errors) = &settings.repository {
        assert_eq!(errors.len(), expected.len());
        let fields = RepositorySettings { problems: Vec::new(), repository: SettingsSource::Absent, ..settings };
        assert_eq!(fields, RepositorySettings::default(), "an invalid file counts for nothing");
    }
}

#[test]
fn nothing_and_empty_are_fine() {
    check("", &[]);
    check("# only a comment\n", &[]);
    check("{}\n", &[]);
}

#[test]
fn mistakes_name_the_line_and_the_nearest_key() {
    check("fail_on: high\n", &["1: unknown setting \"fail_on\"; did you mean \"fail-on\"?"]);
    check("\nimages:\n  pins: tag\n", &["3: unknown setting \"images.pins\"; did you mean \"images.pin\"?"]);
    check("comments:\n  x: 1\n", &["2: unknown setting \"comments.x\"; known here: \"max\"."]);
    check(
        "fail-on: hihg\nunjudged: [a]\n",
        &[
            "1: \"fail-on\": found \"hihg\", expected one of info, low, medium, high, critical, never; did you mean \"high\"?",
            "2: \"unjudged\": found a list, expected one of neutral, fail, pass.",
        ],
    );
    check("comments:\n  max: -1\n", &["2: \"comments.max\": found -1, expected a whole number from 0 to 100."]);
    check("- a\n", &["1: \"settings\": found a list, expected a map."]);
    check(
        "paths: {ignore: [\"a/[b\"]}\n",
        &["1: \"paths.ignore\": pattern \"a/[b\" can't be read: unclosed character class; missing ']'."],
    );
}

#[test]
fn a_waiver_needs_all_its_parts() {
    check(
        "waivers:\n  - rule: image/mutable-tag\n    until: 31.3.2026\n    ower: me\n",
        &[
            "4: unknown setting \"waivers.ower\"; did you mean \"waivers.owner\"?",
            "2: a waiver needs \"owner\".",
            "2: a waiver needs \"reason\".",
            "3: \"waivers.until\": \"31.3.2026\" is no day; expected YYYY-MM-DD, such as 2026-03-31.",
            "2: a waiver needs \"paths\"; write [\"**\"] for every file.",
        ],
    );
}

#[test]
fn a_rule_that_does_not_exist_is_named_and_the_rest_counts() {
    let settings = repository("fail-on: low\nrules:\n  kubernetes/priviledged-container: high\n");
    assert_eq!(settings.fail_on.value, Some(Severity::Low));
    assert_eq!(
        settings.problems[0].message,
        "unknown rule \"kubernetes/priviledged-container\"; did you mean \"kubernetes/privileged-container\"?"
    );
    assert_eq!(settings.problems[0].line, Some(3));
}

#[test]
fn a_file_that_does_not_parse_says_where() {
    let settings = repository("fail-on: high\nrules: [\n");
    assert!(matches!(settings.repository, SettingsSource::Invalid(_)));
    assert!(settings.problems[0].line >= Some(2), "{:?}", settings.problems);
}

#[test]
fn the_repository_stands_over_the_organisation() {
    let organisation = "fail-on: critical\ncomments: {max: 3}\npaths: {ignore: [a/]}\nrules: {own/rule: low}\n";
    let repository = "fail-on: low\npaths: {ignore: [b/]}\n";
    let text = |text: &str| SettingsFile::Text(text.to_owned());
    let settings = RepositorySettings::resolve(&text(organisation), &text(repository), &["image/mutable-tag"]);
    assert_eq!(settings.problems, []);
    assert_eq!(settings.fail_on, Setting { value: Some(Severity::Low), origin: Origin::Repository });
    assert_eq!(settings.max_comments, Setting { value: 3, origin: Origin::Organisation });
    assert_eq!(settings.ignore.value.patterns(), ["a/", "b/"]);
    assert_eq!(settings.rules.len(), 1);
}

#[test]
fn absent_unreadable_and_invalid_are_three_things() {
    let unreadable = SettingsFile::Unreadable { why: "the server answered 502".into() };
    let settings = RepositorySettings::resolve(&SettingsFile::Text("x: 1".into()), &unreadable, &[]);
    assert!(matches!(&settings.organisation, SettingsSource::Invalid(errors) if errors.len() == 1));
    assert_eq!(settings.repository, SettingsSource::Unreadable("the server answered 502".into()));
    assert!(settings.problems[0].message.starts_with("the organisation's dockgate.yml:1: unknown setting \"x\""));
    assert!(settings.problems[1].message.starts_with("could not be read: the server answered 502. The defaults"));
    assert_eq!(RepositorySettings::resolve(&SettingsFile::Absent, &SettingsFile::Absent, &[]).problems, []);
}
