//! What survives when a worker or the whole process goes away.

use dockgate::store::{Enqueued, Renewal, Settled, Settlement, StoreError, UnixMillis};

use crate::kit::{Database, delivery, done, job, lease};

pub async fn an_expired_lease_is_leased_again(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let first = lease(&*store, 0).await.unwrap();
    assert!(lease(&*store, 99).await.is_none(), "the lease still holds");
    let second = lease(&*store, 100).await.unwrap();
    assert_eq!((first.lost_leases, second.lost_leases), (0, 1));
    assert_eq!((second.job_id, second.attempts), (first.job_id, 2));
    assert!(second.left_behind.is_empty(), "the same head is simply judged again");
}

pub async fn an_expired_lease_is_handed_over_to_the_newer_job(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    lease(&*store, 0).await.unwrap();
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    let newer = lease(&*store, 100).await.unwrap();
    assert_eq!((newer.job, newer.attempts), (job(1, 'b'), 1));
    assert_eq!(newer.left_behind, [job(1, 'a')], "its check run may stand open");
    assert!(lease(&*store, 100).await.is_none());
}

pub async fn a_lost_lease_can_neither_renew_nor_settle(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let lost = lease(&*store, 0).await.unwrap();
    let held = lease(&*store, 100).await.unwrap();
    assert_eq!(store.renew(&lost, UnixMillis(500)).await.unwrap(), Renewal::Lost);
    let settlements = [
        Settlement::Done { follow_up: vec![job(9, 'f')] },
        Settlement::Release,
        Settlement::Dead { cause: "x".into() },
    ];
    for settlement in settlements {
        assert_eq!(store.settle(&lost, settlement, UnixMillis(110)).await.unwrap(), Settled::Lost);
    }
    assert_eq!(store.renew(&held, UnixMillis(500)).await.unwrap(), Renewal::Held { superseded: false });
    assert!(lease(&*store, 400).await.is_none(), "the renewed lease holds, and nothing was enqueued");
    done(&*store, &held, 410).await;
}

pub async fn a_killed_process_loses_nothing(database: &Database) {
    let store = database.open().await;
    for number in 1..=5 {
        store.enqueue(delivery(&format!("d{number}"), number, 'a')).await.unwrap();
    }
    let finished = lease(&*store, 0).await.unwrap();
    done(&*store, &finished, 1).await;
    lease(&*store, 2).await.unwrap();
    lease(&*store, 2).await.unwrap();
    // No close, no settle: what a SIGKILL leaves.
    drop(store);

    let store = database.open().await;
    assert_eq!(store.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Duplicate);
    let mut again = Vec::new();
    while let Some(leased) = lease(&*store, 200).await {
        again.push(leased.job);
    }
    again.sort_by_key(|job| job.key().as_str().to_owned());
    let expected: Vec<_> = (1..=5).map(|number| job(number, 'a')).filter(|job| *job != finished.job).collect();
    assert_eq!(again, expected);
}

pub async fn a_closed_store_refuses(database: &Database) {
    let store = database.open().await;
    store.close().await;
    assert!(matches!(store.enqueue(delivery("d1", 1, 'a')).await, Err(StoreError::Closed)));
    assert!(matches!(store.check().await, Err(StoreError::Closed)));
}
