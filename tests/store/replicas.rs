//! Several processes on one PostgreSQL, each with a store of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dockgate::job::Job;
use dockgate::store::{Delivery, Enqueued, LeaseRequest, Settlement, Store, UnixMillis};

use crate::kit::{self, delivery, delivery_of, done, job, job_of, lease, request, settle};

/// Two replicas of one database.
async fn two() -> [Arc<dyn Store>; 2] {
    let database = kit::postgres().await;
    [database.open().await, database.open().await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_store_the_same_deliveries_store_each_once() {
    let replicas = two().await;
    // Both get every delivery, in opposite order; several are about one pull request.
    let requests: Vec<_> = (0..200_u64)
        .flat_map(|count| [(0, count), (1, 199 - count)])
        .map(|(replica, count)| {
            let store = Arc::clone(&replicas[replica]);
            let jobs: Vec<Job> = [count % 20, count % 7 + 20].map(|number| job(number, 'a')).to_vec();
            tokio::spawn(async move { store.enqueue(delivery_of(&format!("d{count}"), jobs)).await.unwrap() })
        })
        .collect();
    let mut stored = 0;
    for request in requests {
        stored += usize::from(request.await.unwrap() == Enqueued::Stored);
    }
    assert_eq!((stored, replicas[0].queue(UnixMillis(0)).await.unwrap().queued), (200, 27));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_share_the_work_and_never_exceed_the_limit_of_an_installation() {
    let replicas = two().await;
    let jobs = (1..=30).map(|number| job_of(number % 3 + 1, number, 'a')).collect();
    replicas[0].enqueue(delivery_of("d1", jobs)).await.unwrap();
    let capped = LeaseRequest { max_running_per_installation: 4, ..request(0) };
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let store = Arc::clone(&replicas[worker % 2]);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(lease) = store.lease(capped).await.unwrap() {
                    taken.push(lease);
                }
                taken
            })
        })
        .collect();
    let mut leases = Vec::new();
    for worker in workers {
        leases.extend(worker.await.unwrap());
    }
    let jobs: BTreeSet<i64> = leases.iter().map(|lease| lease.job_id).collect();
    assert_eq!((leases.len(), jobs.len()), (12, 12), "four of each of three installations");
    for installation in 1..=3 {
        assert_eq!(leases.iter().filter(|lease| lease.job.installation.0 == installation).count(), 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pushes_retries_and_lost_leases_at_once_leave_one_job_of_each_key() {
    let replicas = two().await;
    let pushing = |replica: usize| {
        let store = Arc::clone(&replicas[replica]);
        tokio::spawn(async move {
            for count in 0..100 {
                let digit = char::from_digit(count % 16, 16).unwrap();
                let id = format!("r{replica}d{count}");
                let jobs = (1..=3).map(|number| job(number, digit)).collect();
                store.enqueue(delivery_of(&id, jobs)).await.unwrap();
            }
        })
    };
    let working = |replica: usize| {
        let store = Arc::clone(&replicas[replica]);
        tokio::spawn(async move {
            for now in 0..150 {
                let Some(lease) = lease(&*store, now * 10).await else { continue };
                // Every second one is retried, every fifth is forgotten until its lease runs out.
                let settlement = match now {
                    _ if now % 5 == 0 => continue,
                    _ if now % 2 == 0 => Settlement::Retry { run_at: UnixMillis(0), cause: "502".into() },
                    _ => Settlement::Done { follow_up: vec![job(4, 'a')] },
                };
                store.settle(&lease, settlement, UnixMillis(now * 10)).await.unwrap();
            }
        })
    };
    for task in [pushing(0), pushing(1), working(0), working(1), working(0), working(1)] {
        task.await.unwrap();
    }
    // The unique indexes would have failed a call if a key had ever waited or run twice.
    let (mut now, mut left) = (10_000, BTreeSet::new());
    while let Some(lease) = lease(&*replicas[0], now).await {
        assert!(left.insert(lease.job.key().as_str().to_owned()), "{:?} came twice", lease.job);
        done(&*replicas[1], &lease, now).await;
        now += 1;
    }
    assert!(left.len() <= 4, "{left:?}");
    assert_eq!(replicas[1].queue(UnixMillis(now)).await.unwrap(), dockgate::store::Queue::default());
}

#[tokio::test]
async fn a_replica_hears_of_what_another_one_enqueues() {
    let [one, other] = two().await;
    // The first ring is that it listens.
    other.elsewhere().await;
    for delivery in [delivery("d1", 1, 'a'), Delivery { id: "d2".into(), ..delivery("d2", 2, 'a') }] {
        let ring = tokio::spawn({
            let other = Arc::clone(&other);
            async move { other.elsewhere().await }
        });
        one.enqueue(delivery).await.unwrap();
        tokio::time::timeout(Duration::from_secs(20), ring).await.expect("told").unwrap();
    }
    let lease = lease(&*other, 0).await.unwrap();
    settle(&*other, &lease, Settlement::Done { follow_up: vec![job(9, 'a')] }, 1).await;
    tokio::time::timeout(Duration::from_secs(20), other.elsewhere()).await.expect("told of what follows");
}
