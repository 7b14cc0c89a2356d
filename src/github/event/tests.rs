use std::fmt::Write as _;

use super::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const BASE: &str = "76543210fedcba9876543210fedcba9876543210";

fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn place() -> Place {
    Place { installation: InstallationId(7), repository: "acme/shop".parse().unwrap() }
}

/// A delivery of `action` through our installation, with `rest` beside.
fn delivery(action: &str, rest: &serde_json::Value) -> Vec<u8> {
    let mut body = serde_json::json!({
        "action": action, "installation": {"id": 7}, "repository": {"full_name": "acme/shop"},
    });
    for (key, value) in rest.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string().into_bytes()
}

fn check(name: &str, action: &str, rest: &serde_json::Value, expected: &Event) {
    assert_eq!(&Event::parse(name, &delivery(action, rest)).unwrap(), expected, "{name} {action} {rest}");
}

fn check_ignored(name: &str, body: &[u8]) {
    let event = Event::parse(name, body).unwrap();
    assert!(matches!(event, Event::Ignored { .. }), "{name}: {event:?}");
}

#[test]
fn only_the_right_signature_is_taken() {
    let (secret, body) = (b"It's a Secret to Everybody".as_slice(), b"Hello, World!".as_slice());
    // The example of GitHub's documentation.
    let documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(sign(secret, body), documented);
    assert!(verify_signature(secret, body, Some(documented)).is_ok());
    for header in [None, Some(""), Some("sha256="), Some("sha1=00"), Some("sha256=zz"), Some(&documented[7..])] {
        let outcome = verify_signature(secret, body, header);
        assert!(matches!(outcome, Err(EventError::Unsigned)), "{header:?}: {outcome:?}");
    }
    let wrong = sign(b"another", body);
    assert!(matches!(verify_signature(secret, body, Some(&wrong)), Err(EventError::Signature)));
    assert!(matches!(verify_signature(secret, b"Hello, World?", Some(documented)), Err(EventError::Signature)));
}

#[test]
fn pull_requests_are_read() {
    let pull = serde_json::json!({"number": 12, "pull_request": {"head": {"sha": SHA}}});
    let expected = Event::PullRequest { at: place(), number: PullRequestNumber(12), head: SHA.parse().unwrap() };
    for action in ["opened", "synchronize", "reopened", "ready_for_review", "closed"] {
        check("pull_request", action, &pull, &expected);
    }
    let mut retargeted = pull.clone();
    retargeted["changes"] = serde_json::json!({"base": {"ref": {"from": "main"}}});
    check("pull_request", "edited", &retargeted, &expected);
    let mut renamed = pull.clone();
    renamed["changes"] = serde_json::json!({"title": {"from": "old"}});
    check_ignored("pull_request", &delivery("edited", &renamed));
    check_ignored("pull_request", &delivery("labeled", &serde_json::json!({})));
}

#[test]
fn rerequests_are_read_for_forks_too() {
    let run = serde_json::json!({"check_run": {
        "head_sha": SHA, "external_id": "acme/shop#12", "app": {"id": 3}, "pull_requests": [],
    }});
    let mut expected = Event::Rerequested {
        at: place(),
        head: SHA.parse().unwrap(),
        pull_requests: vec![],
        external_id: Some("acme/shop#12".into()),
        app_id: Some(3),
    };
    check("check_run", "rerequested", &run, &expected);
    let suite = serde_json::json!({"check_suite": {
        "head_sha": SHA, "app": {"id": 3}, "pull_requests": [{"number": 12}],
    }});
    if let Event::Rerequested { pull_requests, external_id, .. } = &mut expected {
        (*pull_requests, *external_id) = (vec![PullRequestNumber(12)], None);
    }
    check("check_suite", "rerequested", &suite, &expected);
    check_ignored("check_run", &delivery("completed", &serde_json::json!({})));
    check_ignored("check_suite", &delivery("requested", &serde_json::json!({})));
}

#[test]
fn a_pull_request_of_another_repository_is_not_taken_for_ours() {
    let at = |number: u64, repository: u64| serde_json::json!({"number": number, "base": {"repo": {"id": repository}}});
    let mut body = serde_json::json!({
        "action": "rerequested", "installation": {"id": 7}, "repository": {"full_name": "acme/shop", "id": 1},
        "check_run": {"head_sha": SHA, "external_id": "acme/shop#12", "pull_requests": [at(3, 2), at(12, 1)]},
    });
    let numbers = |body: &serde_json::Value| match Event::parse("check_run", body.to_string().as_bytes()).unwrap() {
        Event::Rerequested { pull_requests, .. } => pull_requests,
        Event::Button { button, .. } => button.pull_requests,
        event => panic!("{event:?}"),
    };
    assert_eq!(numbers(&body), [PullRequestNumber(12)]);
    body["action"] = "requested_action".into();
    body["requested_action"] = serde_json::json!({"identifier": "fix_all"});
    body["sender"] = serde_json::json!({"login": "grace", "type": "User"});
    assert_eq!(numbers(&body), [PullRequestNumber(12)]);
}

#[test]
fn what_is_null_is_not_there() {
    let null = serde_json::Value::Null;
    let pull = serde_json::json!({"number": 12, "changes": null, "pull_request": {
        "head": {"sha": SHA, "repo": null, "user": null}, "updated_at": null,
    }, "sender": null});
    let expected = Event::PullRequest { at: place(), number: PullRequestNumber(12), head: SHA.parse().unwrap() };
    check("pull_request", "synchronize", &pull, &expected);
    check_ignored("pull_request", &delivery("edited", &pull));
    let run =
        serde_json::json!({"check_run": {"head_sha": SHA, "external_id": null, "app": null, "pull_requests": null}});
    let (at, head) = (place(), SHA.parse().unwrap());
    let expected = Event::Rerequested { at, head, pull_requests: vec![], external_id: None, app_id: None };
    check("check_run", "rerequested", &run, &expected);
    let group =
        serde_json::json!({"merge_group": {"head_sha": SHA, "base_sha": BASE, "head_ref": null, "base_ref": null}});
    let (head, base) = (SHA.parse().unwrap(), BASE.parse().unwrap());
    let expected = Event::MergeGroup { at: place(), head, base, branch: String::new(), pull_request: None };
    check("merge_group", "checks_requested", &group, &expected);
    for user in [null.clone(), serde_json::json!({"login": "ghost", "id": null, "type": null})] {
        let comment = serde_json::json!({"id": 5, "body": null, "created_at": "2026-01-01T00:00:00Z", "user": user});
        let body = serde_json::json!({"issue": {"number": 12, "user": null, "pull_request": {}}, "comment": comment});
        check_ignored("issue_comment", &delivery("created", &body));
    }
    for field in ["installation", "repository", "action"] {
        let mut body: serde_json::Value = serde_json::from_slice(&delivery("opened", &pull)).unwrap();
        body[field] = null.clone();
        check_ignored("pull_request", body.to_string().as_bytes());
        body.as_object_mut().unwrap().remove(field);
        check_ignored("pull_request", body.to_string().as_bytes());
    }
}

#[test]
fn merge_groups_installations_and_pings_are_read() {
    let group = serde_json::json!({"merge_group": {"head_sha": SHA, "base_sha": BASE, "head_ref": "refs/heads/q", "base_ref": "refs/heads/main"}});
    let (head, base) = (SHA.parse().unwrap(), BASE.parse().unwrap());
    let expected = Event::MergeGroup { at: place(), head, base, branch: "main".into(), pull_request: None };
    check("merge_group", "checks_requested", &group, &expected);
    let ended = Event::MergeGroupEnded { at: place(), head: SHA.parse().unwrap() };
    check("merge_group", "destroyed", &group, &ended);
    for (head_ref, number) in [
        (format!("refs/heads/gh-readonly-queue/release/1.x/pr-12-{BASE}"), Some(12)),
        ("refs/heads/feature/pr-12-x".to_owned(), None),
        ("refs/heads/gh-readonly-queue/main/pr-x-1".to_owned(), None),
    ] {
        assert_eq!(queued_pull(&head_ref), number.map(PullRequestNumber), "{head_ref}");
    }
    let named = serde_json::json!({"repositories_added": [{"full_name": "acme/new", "private": true}]});
    for (name, body, added) in [
        ("installation", serde_json::json!({}), vec![]),
        ("installation_repositories", named, vec!["acme/new".parse().unwrap()]),
    ] {
        let expected = Event::Installation { installation: InstallationId(7), action: "added".into(), added };
        check(name, "added", &body, &expected);
    }
    assert_eq!(Event::parse("ping", b"{}").unwrap(), Event::Ping);
}

#[test]
fn commands_are_read_of_people_on_pull_requests_only() {
    let account = |login: &str, kind: &str| serde_json::json!({"login": login, "id": 8, "type": kind});
    let payload = |body: &str, kind: &str| {
        serde_json::json!({
            "issue": {"number": 12, "user": account("ada", "User"), "pull_request": {}},
            "comment": {"id": 5, "body": body, "created_at": "2026-01-01T00:00:00Z", "user": account("grace", kind)},
            "sender": account("grace", kind),
        })
    };
    let comment = Comment {
        number: PullRequestNumber(12),
        id: 5,
        place: CommentPlace::Conversation,
        author: "grace".into(),
        opened_by: Some("ada".into()),
        created_at: "2026-01-01T00:00:00Z".into(),
        line: "/dockgate rescan".into(),
    };
    let expected = Event::Command { at: place(), comment };
    check("issue_comment", "created", &payload("/dockgate rescan \r\nplease", "User"), &expected);
    check_ignored("issue_comment", &delivery("edited", &payload("/dockgate rescan", "User")));
    for (body, kind) in
        [("/dockgate rescan", "Bot"), (" /dockgate rescan", "User"), ("> /dockgate rescan", "User"), ("", "User")]
    {
        check_ignored("issue_comment", &delivery("created", &payload(body, kind)));
    }
    let mut issue = payload("/dockgate rescan", "User");
    issue["issue"].as_object_mut().unwrap().remove("pull_request");
    check_ignored("issue_comment", &delivery("created", &issue));
    let Event::Command { comment, .. } = Event::parse(
        "issue_comment",
        &delivery("created", &payload(&format!("/dockgate {}", "é".repeat(9_000)), "User")),
    )
    .unwrap() else {
        panic!("a long command is one")
    };
    assert!(comment.line.len() <= 2_000, "{}", comment.line.len());
}

#[test]
fn the_unknown_is_ignored_and_the_malformed_is_an_error() {
    check_ignored("sponsorship", b"not even json");
    check_ignored("pull_request", br#"{"action": "opened", "number": 1, "pull_request": {"head": {"sha": "0123456789abcdef0123456789abcdef01234567"}}}"#);
    for (name, body) in [
        ("pull_request", &b"{"[..]),
        ("pull_request", br#"{"action": "opened", "installation": {"id": 1}, "repository": {"full_name": "../x"}}"#),
        ("merge_group", br#"{"action": "checks_requested", "merge_group": {"head_sha": "--upload-pack=x"}}"#),
        ("check_run", br#"{"action": "rerequested"}"#),
    ] {
        let outcome = Event::parse(name, body);
        assert!(matches!(outcome, Err(EventError::Shape { .. })), "{name}: {outcome:?}");
    }
}

#[test]
fn what_may_have_built_an_image_is_read() {
    let expected = Event::Built { at: place() };
    check("registry_package", "published", &serde_json::json!({"registry_package": {"name": "shop"}}), &expected);
    check("workflow_run", "completed", &serde_json::json!({"workflow_run": {"head_sha": SHA}}), &expected);
    check_ignored("workflow_run", &delivery("in_progress", &serde_json::json!({})));
}
