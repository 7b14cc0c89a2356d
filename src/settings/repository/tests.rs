use super::*;
use crate::scan::options::Profile;

fn repository(text: &str) -> RepositorySettings {
    let known = ["kubernetes/privileged-container", "image/mutable-tag"];
    RepositorySettings::resolve(&SettingsFile::Absent, &SettingsFile::Text(text.to_owned()), &known)
}

const FULL: &str = "\
fail-on: medium
profile: strict
kubernetes: {version: '1.30'}
rules:
  kubernetes/privileged-container: {severity: critical, parameters: {allowed: [a, b], most: 3}}
  image/mutable-tag: off
scopes:
  - {namespaces: kube-system, labels: {team: core}, rules: {kubernetes/privileged-container: low}}
  - {paths: [dev/**], rules: {image/mutable-tag: info}}
paths:
  ignore: [vendor/, \"*.md\"]
images:
  pin: digest
  fail-on: critical
  vex: [.github/vex/*.json, one.json]
  built: \"ghcr.io/{owner}/{repo}:pr-{number}\"
  built-minutes: 30
  uploads: [acme/shop/.github/workflows/*]
  waivers:
    - {vulnerability: CVE-2024-1, package: openssl, paths: deploy/, until: 2026-03-31, owner: team-a, reason: not reached}
comments:
  max: 5
suppressions:
  max-severity: never
unjudged: fail
limits:
  max-file-bytes: 1048576
admission:
  paths: [./cluster/policies/, namespaces.yaml]
waivers:
  - rule: image/mutable-tag
    paths: legacy/**
    until: 2026-03-31
    owner: team-a
    reason: moving to the new cluster
";

#[test]
fn admission_paths_stay_in_the_repository() {
    for path in ["../x", "/etc", "a//b", "a/*.yaml", ""] {
        let settings = repository(&format!("admission: {{paths: ['{path}']}}\n"));
        assert_eq!(settings.problems.len(), 1, "{path}");
        assert!(settings.admission_paths.value.is_empty(), "{path}");
    }
}

#[test]
fn an_organisation_has_no_admission_paths() {
    let file = SettingsFile::Text("fail-on: low\nadmission: {paths: [cluster]}\n".to_owned());
    let settings = RepositorySettings::resolve(&file, &SettingsFile::Absent, &[]);
    assert!(settings.admission_paths.value.is_empty());
    let messages: Vec<&str> = settings.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(messages.len() == 1 && messages[0].contains("admission.paths"), "{messages:?}");
    assert_eq!(settings.fail_on.origin, Origin::Organisation);
}

#[test]
fn a_waiver_of_a_vulnerability_names_what_it_needs() {
    let waiver = |fields: &str| format!("images: {{waivers: [{{{fields}}}]}}\n");
    let full = "vulnerability: CVE-1, until: 2026-03-31, owner: a, reason: b";
    check(&waiver(full), &[]);
    check(
        &waiver("until: 2026-13-31, owner: a"),
        &[
            "1: a waiver needs \"vulnerability\".",
            "1: \"images.waivers.until\": \"2026-13-31\" is no day; expected YYYY-MM-DD, such as 2026-03-31.",
            "1: a waiver needs \"reason\".",
        ],
    );
    check(
        &waiver(&format!("{full}, cve: x")),
        &[
            "1: unknown setting \"images.waivers.cve\"; known here: \"vulnerability\", \"package\", \"paths\", \"within\", \"until\", \"owner\", \"reason\".",
        ],
    );
    check("images: {built: {replaces: x}}\n", &["1: \"images.built\": an entry needs \"image\"."]);
    let settings =
        repository("images: {built: [{image: 'ghcr.io/{owner}/{repo}:pr-{number}', replaces: 'web:1'}, 'x:{sha}']}\n");
    let filled: Vec<_> =
        settings.images.built.value.iter().map(|one| one.fill("Acme", "Shop", Some(7), "ab")).collect();
    let of = |image: &str, replaces: Option<&str>| {
        Some(images::BuiltImage { image: image.into(), replaces: replaces.map(str::to_owned) })
    };
    assert_eq!(filled, [of("ghcr.io/acme/shop:pr-7", Some("web:1")), of("x:ab", None)]);
    assert_eq!(settings.images.built.value[0].fill("acme", "shop", None, "ab"), None, "a merge group has no number");
    check(
        "images: {built: ['ghcr.io/{branch}']}\n",
        &[
            "1: \"images.built\": found \"ghcr.io/{branch}\", expected an image such as ghcr.io/{owner}/{repo}:pr-{number}.",
        ],
    );
}

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
            "profile=strict (repository)",
            "kubernetes.version=1.30 (repository)",
            "paths.ignore=vendor/, *.md (repository)",
            "images.pin=digest (repository)",
            "images.fail-on=critical (repository)",
            "comments.max=5 (repository)",
            "suppressions.max-severity=never (repository)",
            "unjudged=fail (repository)",
            "limits.max-file-bytes=1048576 (repository)",
            "admission.paths=cluster/policies, namespaces.yaml (repository)",
            "images.vex=.github/vex, one.json (repository)",
            "images.built=ghcr.io/{owner}/{repo}:pr-{number} (repository)",
            "images.built-minutes=30 (repository)",
            "images.uploads=acme/shop/.github/workflows/* (repository)",
            "images.waivers.CVE-2024-1=openssl until 2026-03-31 (team-a) (repository)",
            "rules.image/mutable-tag=off (repository)",
            "rules.kubernetes/privileged-container=critical (repository)",
            "rules.kubernetes/privileged-container.parameters.allowed=[a, b] (repository)",
            "rules.kubernetes/privileged-container.parameters.most=3 (repository)",
            "scopes.1.rules.kubernetes/privileged-container=low in namespaces kube-system, labels team=core (repository)",
            "scopes.2.rules.image/mutable-tag=info in paths dev/** (repository)",
            "waivers.image/mutable-tag=legacy/** until 2026-03-31 (team-a) (repository)",
        ]
    );
    let options = settings.scan_options();
    assert!(options.pin_digest && options.limits.max_file_bytes == 1_048_576 && options.severities.len() == 1);
    assert_eq!((options.kubernetes_minor, options.profile, options.scopes.len()), (30, Profile::Strict, 3));
    assert!(settings.disabled_rules().is_empty(), "a scope has it");
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
fn versions_scopes_and_parameters_are_checked() {
    let at = |line: usize, message: &str| format!("{line}: {message}");
    let cases = [
        (
            "kubernetes: {version: 1.30}\n",
            at(1, "\"kubernetes.version\": found 1.3, expected a version in quotes, such as \"1.34\"."),
        ),
        (
            "kubernetes: {version: latest}\n",
            at(1, "\"kubernetes.version\": found \"latest\", expected a version in quotes, such as \"1.34\"."),
        ),
        (
            "profile: strickt\n",
            at(1, "\"profile\": found \"strickt\", expected one of default, strict, all; did you mean \"strict\"?"),
        ),
        (
            "scopes:\n  - {rules: {image/mutable-tag: off}}\n",
            at(2, "a scope needs \"paths\", \"namespaces\" or \"labels\"."),
        ),
        ("scopes:\n  - {paths: [a]}\n", at(2, "a scope needs \"rules\".")),
        (
            "scopes:\n  - {path: [a], namespaces: [b], rules: {}}\n",
            at(2, "unknown setting \"scopes.path\"; did you mean \"scopes.paths\"?"),
        ),
        (
            "scopes:\n  - paths: [a]\n    rules:\n      image/mutable-tagg: off\n",
            at(4, "unknown rule \"image/mutable-tagg\"; did you mean \"image/mutable-tag\"?"),
        ),
        (
            "rules:\n  image/mutable-tag: {level: low}\n",
            at(2, "unknown setting \"rules.image/mutable-tag.level\"; known here: \"severity\", \"parameters\"."),
        ),
        (
            "rules:\n  image/mutable-tag: {parameters: {a: {b: c}}}\n",
            at(
                2,
                "\"rules.image/mutable-tag.parameters.a\": found a map, expected a text, a whole number, true, false or a list of texts.",
            ),
        ),
    ];
    for (text, expected) in cases {
        check(text, &[&expected]);
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
