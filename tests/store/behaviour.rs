//! What the queue and the records promise.

use std::collections::BTreeSet;
use std::time::Duration;

use dockgate::job::{Job, JobSubject};
use dockgate::store::{Delivery, Enqueued, LeaseRequest, Queue, Renewal, ReportKey, Settlement, UnixMillis};

use crate::kit::{Database, delivery, delivery_of, done, job, job_of, lease, request, settle, sha};

pub async fn a_delivery_becomes_a_lease_and_is_gone_when_done(database: &Database) {
    let store = database.open().await;
    assert_eq!(store.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Stored);
    let leased = lease(&*store, 5).await.unwrap();
    assert_eq!((&leased.job, leased.delivery_id.as_str(), leased.attempts), (&job(1, 'a'), "d1", 1));
    done(&*store, &leased, 6).await;
    assert_eq!(store.queue(UnixMillis(7)).await.unwrap(), Queue::default());
}

pub async fn a_redelivery_is_stored_once(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    done(&*store, &leased, 1).await;
    assert_eq!(store.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Duplicate);
    assert!(lease(&*store, 10).await.is_none());
}

pub async fn the_newest_of_twenty_heads_is_the_one_job(database: &Database) {
    let store = database.open().await;
    let heads: Vec<char> = "0123456789abcdef0123".chars().collect();
    for (count, head) in heads.iter().enumerate() {
        store.enqueue(delivery(&format!("d{count}"), 1, *head)).await.unwrap();
    }
    let leased = lease(&*store, 0).await.unwrap();
    assert_eq!((leased.job, leased.delivery_id.as_str()), (job(1, '3'), "d19"));
    assert!(leased.left_behind.is_empty(), "none of the replaced ones ever began");
    assert!(lease(&*store, 0).await.is_none());
}

pub async fn an_older_state_never_replaces_a_newer_one(database: &Database) {
    let store = database.open().await;
    let at = |id: &str, moment: i64, head| Delivery { as_of: Some(UnixMillis(moment)), ..delivery(id, 1, head) };
    for late in [at("d3", 3, 'c'), at("d5", 5, 'e'), at("d1", 1, 'a'), at("d4", 4, 'd'), at("d2", 2, 'b')] {
        assert_eq!(store.enqueue(late).await.unwrap(), Enqueued::Stored);
    }
    let leased = lease(&*store, 0).await.unwrap();
    assert_eq!(leased.job, job(1, 'e'));
    // While a job runs, even an older delivery is obeyed: the job may have read the head before the delivery was made.
    store.enqueue(at("d0", 0, 'f')).await.unwrap();
    assert_eq!(store.renew(&leased, UnixMillis(50)).await.unwrap(), Renewal::Held { superseded: true });
}

pub async fn pull_requests_and_merge_groups_do_not_collapse(database: &Database) {
    let store = database.open().await;
    let group = Job {
        subject: JobSubject::MergeGroup { head: sha('a'), base: sha('b'), branch: "main".into(), pull_request: None },
        ..job(1, 'a')
    };
    let commit = Job { subject: JobSubject::Commit { head: sha('a') }, ..job(1, 'a') };
    let jobs = vec![job(1, 'a'), job(11, 'a'), group, commit];
    store.enqueue(delivery_of("d1", jobs.clone())).await.unwrap();
    for expected in jobs {
        assert_eq!(lease(&*store, 0).await.unwrap().job, expected);
    }
}

pub async fn a_running_job_is_told_that_it_is_superseded(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    assert_eq!(store.renew(&leased, UnixMillis(100)).await.unwrap(), Renewal::Held { superseded: false });
    store.enqueue(delivery("d2", 2, 'a')).await.unwrap();
    assert_eq!(store.renew(&leased, UnixMillis(100)).await.unwrap(), Renewal::Held { superseded: false });
    store.enqueue(delivery("d3", 1, 'b')).await.unwrap();
    assert_eq!(store.renew(&leased, UnixMillis(100)).await.unwrap(), Renewal::Held { superseded: true });
}

pub async fn one_key_never_runs_twice_at_once(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let running = lease(&*store, 0).await.unwrap();
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    assert!(lease(&*store, 1).await.is_none(), "the newer one waits");
    done(&*store, &running, 2).await;
    assert_eq!(lease(&*store, 3).await.unwrap().job, job(1, 'b'));
}

pub async fn a_retry_waits_until_it_is_due(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Retry { run_at: UnixMillis(50), cause: "502".into() }, 1).await;
    assert!(lease(&*store, 49).await.is_none());
    assert_eq!(lease(&*store, 50).await.unwrap().attempts, 2);
}

pub async fn a_retry_yields_to_a_newer_job_and_is_left_behind_to_it(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    settle(&*store, &leased, Settlement::Retry { run_at: UnixMillis(50), cause: "502".into() }, 1).await;
    let newer = lease(&*store, 2).await.unwrap();
    assert_eq!((newer.job, newer.attempts, newer.left_behind), (job(1, 'b'), 1, vec![job(1, 'a')]));
    assert_eq!(store.queue(UnixMillis(60)).await.unwrap().queued, 0);
}

pub async fn a_replaced_retry_is_left_behind(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    for (id, head, now) in [("d2", 'b', 0), ("d3", 'c', 1), ("d4", 'c', 2)] {
        let leased = lease(&*store, now).await.unwrap();
        settle(&*store, &leased, Settlement::Retry { run_at: UnixMillis(500), cause: "502".into() }, now).await;
        store.enqueue(delivery(id, 1, head)).await.unwrap();
    }
    let newest = lease(&*store, 3).await.unwrap();
    assert_eq!((newest.job.clone(), newest.attempts), (job(1, 'c'), 1));
    assert_eq!(newest.left_behind, [job(1, 'a'), job(1, 'b')]);
    settle(&*store, &newest, Settlement::Retry { run_at: UnixMillis(500), cause: "502".into() }, 3).await;
    store.enqueue(delivery("d5", 1, 'c')).await.unwrap();
    store.enqueue(delivery("d6", 1, 'd')).await.unwrap();
    let newest = lease(&*store, 4).await.unwrap();
    assert_eq!(newest.left_behind, [job(1, 'a'), job(1, 'b'), job(1, 'c')], "asked for twice, it still began");
}

pub async fn a_superseded_job_is_left_behind_to_the_newer_one(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    assert!(!leased.has_begun);
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    settle(&*store, &leased, Settlement::Superseded { follow_up: vec![] }, 1).await;
    let newer = lease(&*store, 2).await.unwrap();
    assert_eq!((&newer.job, &newer.left_behind), (&job(1, 'b'), &vec![job(1, 'a')]));
    // It settled what was left behind to it, and asks for the newest itself.
    settle(&*store, &newer, Settlement::Superseded { follow_up: vec![job(1, 'c')] }, 3).await;
    let newest = lease(&*store, 4).await.unwrap();
    assert_eq!((&newest.job, &newest.left_behind), (&job(1, 'c'), &vec![job(1, 'b')]));
    done(&*store, &newest, 5).await;
    assert_eq!(store.queue(UnixMillis(60)).await.unwrap(), Queue::default());
}

pub async fn a_job_that_began_is_not_forgotten_by_what_replaces_it(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Release, 1).await;
    let again = lease(&*store, 2).await.unwrap();
    assert!(again.has_begun && again.left_behind.is_empty());
    settle(&*store, &again, Settlement::Release, 3).await;
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    let newer = lease(&*store, 4).await.unwrap();
    assert_eq!((newer.left_behind.clone(), newer.has_begun), (vec![job(1, 'a')], false));
    settle(&*store, &newer, Settlement::Dead { cause: "gone".into() }, 5).await;
    assert!(store.redrive(newer.job_id, UnixMillis(6)).await.unwrap());
    store.enqueue(delivery("d3", 1, 'c')).await.unwrap();
    let newest = lease(&*store, 7).await.unwrap();
    assert_eq!(newest.left_behind, [job(1, 'a'), job(1, 'b')], "a redriven job began as well");
}

pub async fn a_dead_job_keeps_its_cause_and_can_be_redriven(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Dead { cause: "no permission".into() }, 1).await;
    assert!(lease(&*store, 1_000).await.is_none());
    let dead = store.dead(10).await.unwrap();
    assert_eq!((dead[0].cause.as_str(), dead[0].key.as_str(), dead[0].attempts), ("no permission", "acme/shop#1", 1));
    assert!(store.redrive(dead[0].job_id, UnixMillis(2)).await.unwrap());
    assert!(!store.redrive(dead[0].job_id, UnixMillis(2)).await.unwrap(), "it is not dead any more");
    assert_eq!(lease(&*store, 3).await.unwrap().attempts, 1);
}

pub async fn a_verdict_answers_the_dead_jobs_of_its_key(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Dead { cause: "gone".into() }, 1).await;
    store.enqueue(delivery("d2", 1, 'b')).await.unwrap();
    assert!(!store.redrive(leased.job_id, UnixMillis(2)).await.unwrap(), "the newer one waits already");
    let newer = lease(&*store, 3).await.unwrap();
    assert_eq!(newer.left_behind, [job(1, 'a')]);
    done(&*store, &newer, 4).await;
    assert_eq!(store.queue(UnixMillis(5)).await.unwrap(), Queue::default());
}

pub async fn a_released_job_counts_no_attempt(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Release, 10).await;
    assert_eq!(lease(&*store, 10).await.unwrap().attempts, 1);
}

pub async fn follow_up_jobs_are_enqueued_with_the_settlement(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let leased = lease(&*store, 0).await.unwrap();
    settle(&*store, &leased, Settlement::Done { follow_up: vec![job(2, 'a'), job(3, 'a')] }, 5).await;
    let follow_up = lease(&*store, 5).await.unwrap();
    assert_eq!((follow_up.job, follow_up.delivery_id.as_str()), (job(2, 'a'), "d1"));
    assert_eq!(lease(&*store, 5).await.unwrap().job, job(3, 'a'));
}

pub async fn one_installation_can_not_take_all_workers(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery_of("d1", (1..=5).map(|number| job_of(1, number, 'a')).collect())).await.unwrap();
    store.enqueue(delivery_of("d2", vec![job_of(2, 100, 'a')])).await.unwrap();
    let capped = LeaseRequest { max_running_per_installation: 2, ..request(0) };
    let mut leased = Vec::new();
    while let Some(lease) = store.lease(capped).await.unwrap() {
        leased.push(lease);
    }
    let installations: Vec<u64> = leased.iter().map(|lease| lease.job.installation.0).collect();
    assert_eq!(installations, [1, 2, 1], "the idle installation comes before the busy one's second job");
    done(&*store, &leased[0], 1).await;
    assert!(store.lease(capped).await.unwrap().is_some());
}

pub async fn eight_workers_lease_disjoint_jobs(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery_of("d1", (1..=40).map(|number| job(number, 'a')).collect())).await.unwrap();
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(leased) = lease(&*store, 0).await {
                    taken.push(leased.job_id);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    assert_eq!((taken.len(), taken.into_iter().collect::<BTreeSet<_>>().len()), (40, 40));
}

pub async fn deliveries_that_come_in_together_are_all_stored(database: &Database) {
    let store = database.open().await;
    let requests: Vec<_> = (0..200_u64)
        .map(|count| {
            let store = store.clone();
            // Every second delivery is a redelivery of the one before.
            tokio::spawn(
                async move { store.enqueue(delivery(&format!("d{}", count / 2), count / 2, 'a')).await.unwrap() },
            )
        })
        .collect();
    let mut stored = 0;
    for request in requests {
        stored += usize::from(request.await.unwrap() == Enqueued::Stored);
    }
    assert_eq!((stored, store.queue(UnixMillis(0)).await.unwrap().queued), (100, 100));
}

pub async fn reports_are_appended_and_never_changed(database: &Database) {
    let store = database.open().await;
    let key = ReportKey { repository: "acme/shop".parse().unwrap(), head: sha('a'), check: "dockgate".into() };
    let other = ReportKey { head: sha('b'), ..key.clone() };
    assert_eq!(store.report(&key).await.unwrap(), None);
    for (now, body, revision, recorded_at) in [(1, "{}", 1, 1), (2, "{}", 1, 1), (3, "[]", 2, 3)] {
        store.put_report(&key, body, UnixMillis(now)).await.unwrap();
        let report = store.report(&key).await.unwrap().unwrap();
        assert_eq!(
            (report.body.as_str(), report.revision, report.recorded_at),
            (body, revision, UnixMillis(recorded_at))
        );
    }
    assert_eq!(store.report(&other).await.unwrap(), None);
}

pub async fn the_fingerprint_key_stays_the_same(database: &Database) {
    let store = database.open().await;
    let key = store.secret_key().await.unwrap().0;
    assert_ne!(key, [0; 32]);
    assert_eq!(store.secret_key().await.unwrap().0, key);
    store.close().await;
    assert_eq!(database.open().await.secret_key().await.unwrap().0, key);
}

pub async fn the_queue_is_counted(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery_of("d1", (1..=4).map(|number| job(number, 'a')).collect())).await.unwrap();
    let dead = lease(&*store, 0).await.unwrap();
    settle(&*store, &dead, Settlement::Dead { cause: "x".into() }, 0).await;
    lease(&*store, 0).await.unwrap();
    let expected = Queue { queued: 2, running: 1, dead: 1, oldest_due: Duration::from_millis(70) };
    assert_eq!(store.queue(UnixMillis(70)).await.unwrap(), expected);
    store.check().await.unwrap();
}
