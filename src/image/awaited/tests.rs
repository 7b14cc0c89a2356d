//! Who waits, until when, and who takes it.

use std::sync::Arc;

use super::*;
use crate::github::identity::{InstallationId, PullRequestNumber};
use crate::job::{ImagesSubject, JobSubject};

fn job(number: u64, digit: char) -> Job {
    let subject = ImagesSubject {
        number: Some(PullRequestNumber(number)),
        head: digit.to_string().repeat(40).parse().unwrap(),
        is_fork: false,
        images: Vec::new(),
        left_out: 0,
        fail_on: None,
        unscanned_blocks: false,
        waivers: Vec::new(),
        vex: Vec::new(),
        built: Vec::new(),
        built_minutes: 60,
        uploads: crate::scan::glob::PathGlobs::default(),
    };
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
    let (since, older) = remember(store, &job(1, 'a'), NOW).await.unwrap();
    assert_eq!((since, older), (NOW, None));
    assert!(due(store, NOW.plus(LOOK * 2)).await.unwrap().is_empty(), "nothing is awaited");
    wait(store, &job(1, 'a'), since, NOW.plus(LOOK * 10), NOW).await.unwrap();
    assert!(due(store, NOW).await.unwrap().is_empty(), "not yet");
    let later = NOW.plus(LOOK);
    assert_eq!(due(store, later).await.unwrap(), [job(1, 'a')]);
    assert!(due(store, later).await.unwrap().is_empty(), "another replica took it");
    assert_eq!(remember(store, &job(1, 'a'), later).await.unwrap(), (NOW, None), "it waits since it was first seen");
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
    assert_eq!(remember(store, &job(1, 'c'), later).await.unwrap(), (later, Some(job(1, 'a'))));
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
