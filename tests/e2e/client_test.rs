//! dockgate's own client and event parser against the fake, without the server.
//!
//! Invariant: each call of the client is made once, so that a wrong one is found beside its name.

use std::sync::Arc;
use std::time::Duration;

use dockgate::github::app::AppCredentials;
use dockgate::github::client::RepositoryClient;
use dockgate::github::client::{CheckRunState, Client, ClientConfig, NewCheckRun, NewComment, NoObserver};
use dockgate::github::event::Event;
use dockgate::github::identity::{CommitSha, InstallationId, PullRequestNumber};
use dockgate::github::rate_limit::RateLimitConfig;
use serde_json::json;

use crate::fake_github::access::{APP_ID, app_key};
use crate::fake_github::git::Edit;
use crate::fake_github::{FakeGitHub, INSTALLATION};
use crate::schema::packages;

const REPOSITORY: &str = "acme/shop";

fn client(fake: &FakeGitHub, resolves_threads: bool) -> RepositoryClient {
    let millisecond = Duration::from_millis(1);
    let rate_limit = RateLimitConfig { write_interval: millisecond, ..RateLimitConfig::default() };
    let config = ClientConfig { address: fake.api_url(), rate_limit, resolves_threads, ..ClientConfig::default() };
    let credentials = AppCredentials::new(APP_ID, &app_key().private_pem).unwrap();
    let client = Client::new(config, credentials, Arc::new(NoObserver)).unwrap();
    client.repository(InstallationId(INSTALLATION), REPOSITORY.parse().unwrap())
}

async fn with_pull(base_path: &'static str) -> (FakeGitHub, PullRequestNumber, CommitSha) {
    let fake = FakeGitHub::start_at(base_path).await;
    fake.create_repository(REPOSITORY, &[("a.txt", "one\n")]);
    let head = fake.push(REPOSITORY, "feature", &[Edit::write("a.txt", "two\n"), Edit::write("ü b.txt", "new\n")]);
    let number = fake.open_pull(REPOSITORY, REPOSITORY, "feature");
    (fake, PullRequestNumber(number), head.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_what_github_takes_at_either_address() {
    for base_path in ["", "/api/v3"] {
        let (fake, number, head) = with_pull(base_path).await;
        fake.state().long_tokens = true;
        let client = client(&fake, false);
        let pull = client.pull_request(number).await.unwrap();
        assert_eq!((pull.head.sha.clone(), pull.changed_files, pull.is_from_fork()), (head.clone(), 2, false));
        assert_eq!(client.pull_request_files(number).await.unwrap().len(), 2);
        let compared = client.compare("main", &head).await.unwrap();
        assert_eq!((compared.base(), compared.files.len()), (&pull.base.sha, 2));
        assert_eq!(client.pull_requests_of(&head).await.unwrap().len(), 1);
        let wanted = [(head.clone(), "ü b.txt".to_owned()), (head.clone(), "absent".to_owned())];
        let found = client.paths(&wanted).await.unwrap();
        let entry = found[0].as_ref().unwrap();
        assert_eq!((entry.mode, entry.object.as_ref().unwrap().text.as_deref()), (0o100_644, Some("new\n")));
        assert!(found[1].is_none());
        assert_eq!(client.raw_blob(&entry.oid, 100).await.unwrap(), b"new\n");
        assert_eq!(client.file("ü b.txt", Some(head.as_str()), 100).await.unwrap().as_deref(), Some(&b"new\n"[..]));
        assert_eq!(client.file("absent", None, 100).await.unwrap(), None);
        assert_eq!(client.web_root(), fake.url);
        let minted = fake.log().iter().filter(|request| request.path.ends_with("/access_tokens")).count();
        assert_eq!(minted, 1, "the token is cached");
        fake.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_what_github_takes() {
    let (fake, number, head) = with_pull("").await;
    fake.grant("contents", "write");
    let client = client(&fake, true);
    let output = json!({"title": "t", "summary": "s"});
    let new = NewCheckRun { name: "dockgate", head: &head, external_id: "x" };
    let run = client.create_check_run(&new, CheckRunState::InProgress, &output).await.unwrap();
    client.update_check_run(run.id, CheckRunState::Completed("failure"), &output).await.unwrap();
    let runs = client.check_runs(&head, "dockgate").await.unwrap();
    assert_eq!((runs.len(), runs[0].is_incomplete()), (1, false));
    let comment = |line, start_line| NewComment { path: "a.txt".to_owned(), start_line, line, body: "text".to_owned() };
    client.create_review(number, &head, "", &[comment(1, None)]).await.unwrap();
    client.create_comment(number, &head, &comment(1, None)).await.unwrap();
    client.create_file_comment(number, &head, &comment(1, None)).await.unwrap();
    assert!(client.create_review(number, &head, "", &[comment(2, Some(1))]).await.is_err(), "line 2 is off the diff");
    let state = client.pull_request_state(number).await.unwrap();
    assert_eq!((state.threads.len(), &state.head), (3, &head));
    client.update_comment(state.threads[0].comment.number, "other").await.unwrap();
    client.resolve_thread(&state.threads[0].id).await.unwrap();
    client.minimize_comment(&state.threads[1].comment.id, false).await.unwrap();
    let state = client.pull_request_state(number).await.unwrap();
    assert!(state.threads[0].is_resolved && state.threads[0].resolved_by_us && state.threads[1].comment.is_minimized);
    assert_eq!(state.threads[0].comment.body, "other");
    fake.assert_no_violations();
}

#[test]
fn every_example_delivery_of_github_is_taken() {
    let examples = packages::webhook_examples();
    let mut understood = 0;
    for kind in examples.as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        for example in kind["examples"].as_array().unwrap() {
            let body = serde_json::to_vec(example).unwrap();
            let event =
                Event::parse(name, &body).unwrap_or_else(|error| panic!("{name} {}: {error:?}", example["action"]));
            understood += usize::from(!matches!(event, Event::Ignored { .. }));
        }
    }
    assert!(understood > 10, "only {understood} examples meant anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deliveries_of_the_fake_are_those_of_github() {
    let (fake, number, head) = with_pull("").await;
    let client = client(&fake, false);
    let new = NewCheckRun { name: "dockgate", head: &head, external_id: "x" };
    let output = json!({"title": "t", "summary": "s"});
    client.create_check_run(&new, CheckRunState::Completed("success"), &output).await.unwrap();
    let mut deliveries: Vec<_> = ["opened", "synchronize", "reopened", "ready_for_review", "edited"]
        .map(|action| fake.pull_request_event(REPOSITORY, number.0, action))
        .to_vec();
    deliveries.push(fake.check_run_event(REPOSITORY, head.as_str(), "rerequested"));
    deliveries.push(fake.check_suite_event(REPOSITORY, head.as_str(), "rerequested"));
    deliveries.push(fake.merge_group_event(REPOSITORY, number.0).1);
    for delivery in deliveries {
        let event = Event::parse(&delivery.event, &delivery.body).unwrap();
        assert!(!matches!(event, Event::Ignored { .. }), "{}: {event:?}", delivery.event);
    }
}
