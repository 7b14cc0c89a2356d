//! Who waits, until when, and who takes it.

use std::sync::Arc;

use super::*;
use crate::github::identity::{InstallationId, PullRequestNumber};
use crate::job::{ImagesSubject, JobSubject};

fn job(number: u64, digit: char) -> Job {
    let head = digit.to_string().repeat(40).parse().unwrap();
    let subject = ImagesSubject::new(Some(PullRequestNumber(number)), head);
    Job {
        installation: InstallationId(1),
        repository: "acme/shop".parse().unwrap(),
        subject: JobSubject::Images(subject),
    }
}

async fn store() -> Arc<dyn Store> {
    crate::store::open("sqlite::memory:").await.unwrap()
}

const NOW: UnixMillis = UnixMillis(1_000_000_000);

#[tokio::test]
async fn a_job_is_due_once_and_only_while_it_waits() {
    let store = store().await;
    let store = store.as_ref();
    let known = |is_short| Known { since: NOW, is_short, older: None };
    assert_eq!(remember(store, &job(1, 'a'), NOW).await.unwrap(), known(false));
    assert!(due(store, NOW.plus(LOOK * 2)).await.unwrap().is_empty(), "nothing is awaited");
    wait(store, &job(1, 'a'), NOW, NOW.plus(LOOK * 10), NOW).await.unwrap();
    assert!(due(store, NOW).await.unwrap().is_empty(), "not yet");
    let later = NOW.plus(LOOK);
    assert_eq!(due(store, later).await.unwrap(), [job(1, 'a')]);
    assert!(due(store, later).await.unwrap().is_empty(), "another replica took it");
    assert_eq!(remember(store, &job(1, 'a'), later).await.unwrap(), known(false), "it waits since it was first seen");
    assert!(due(store, later.plus(LOOK * 3)).await.unwrap().is_empty(), "it is being decided");
    wait(store, &job(2, 'b'), NOW, NOW.plus(LOOK / 4), NOW).await.unwrap();
    assert_eq!(due(store, NOW.plus(LOOK / 4)).await.unwrap(), [job(2, 'b')], "at its deadline");
}

#[tokio::test]
async fn only_the_newest_commit_of_a_pull_request_waits() {
    let store = store().await;
    let store = store.as_ref();
    wait(store, &job(1, 'a'), NOW, NOW.plus(LOOK), NOW).await.unwrap();
    let later = NOW.plus(LOOK / 2);
    let known = Known { since: later, is_short: false, older: Some(job(1, 'a')) };
    assert_eq!(remember(store, &job(1, 'c'), later).await.unwrap(), known);
    wait(store, &job(1, 'c'), later, later.plus(LOOK), later).await.unwrap();
    wait(store, &job(12, 'd'), NOW, NOW.plus(LOOK), NOW).await.unwrap();
    let repository = "acme/shop".parse().unwrap();
    assert_eq!(waiting(store, &repository, later).await.unwrap(), [job(1, 'c'), job(12, 'd')]);
    let head = "a".repeat(40).parse().unwrap();
    assert!(of_commit(store, &repository, &head, later).await.unwrap().is_empty());
    let head = "d".repeat(40).parse().unwrap();
    assert_eq!(of_commit(store, &repository, &head, later).await.unwrap(), [job(12, 'd')]);
    let other = "acme/other".parse().unwrap();
    assert!(waiting(store, &other, later).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_decided_without_an_image_is_looked_at_again_when_one_comes() {
    let store = store().await;
    let store = store.as_ref();
    let repository = "acme/shop".parse().unwrap();
    for (is_short, expected) in [(true, vec![job(1, 'a')]), (false, vec![])] {
        decided(store, &job(1, 'a'), NOW, is_short, NOW).await.unwrap();
        assert_eq!(waiting(store, &repository, NOW).await.unwrap(), expected);
        assert!(due(store, NOW.plus(LOOK * 10)).await.unwrap().is_empty(), "nobody waits for it");
        let known = Known { since: NOW, is_short, older: None };
        assert_eq!(remember(store, &job(1, 'a'), NOW.plus(LOOK)).await.unwrap(), known);
    }
    wait(store, &job(1, 'a'), NOW, NOW.plus(LOOK), NOW).await.unwrap();
    assert_eq!(forget(store, &job(1, 'a'), NOW).await.unwrap(), Some(job(1, 'a')));
    assert_eq!(forget(store, &job(1, 'a'), NOW).await.unwrap(), None);
    assert!(waiting(store, &repository, NOW).await.unwrap().is_empty());
}
