//! PostgreSQL that is away, comes back, or refuses.

use std::time::{Duration, Instant};

use dockgate::store::{Enqueued, Renewal, StoreError, UnixMillis};

use crate::kit::{delivery, job, lease};
use crate::postgres_server::{PASSWORD, Postgres, shared};

/// The longest that a call may take, with a busy machine's share on top.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn calls_fail_soon_while_the_server_is_away_and_work_again_by_themselves() {
    let server = Postgres::start();
    let store = dockgate::store::open(&server.database().await).await.unwrap();
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let held = lease(&*store, 0).await.unwrap();
    store.elsewhere().await;
    server.stop();

    let started = Instant::now();
    let together: Vec<_> = (0..100)
        .map(|count| {
            let store = store.clone();
            tokio::spawn(async move { store.enqueue(delivery(&format!("away{count}"), count, 'a')).await })
        })
        .collect();
    for call in together {
        let error = call.await.unwrap().expect_err("nothing can be stored");
        assert!(matches!(error, StoreError::Away { .. }) && error.is_retryable(), "{error}");
    }
    assert!(store.check().await.is_err() && store.renew(&held, UnixMillis(50)).await.is_err());
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());

    server.start_again();
    tokio::time::timeout(SOON, store.elsewhere()).await.expect("a ring, for what was missed");
    let back = Instant::now();
    while store.check().await.is_err() {
        assert!(back.elapsed() < SOON);
    }
    // What was answered before is there, and the lease still holds.
    assert_eq!(store.renew(&held, UnixMillis(500)).await.unwrap(), Renewal::Held { superseded: false });
    assert_eq!(store.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Duplicate);
    assert_eq!(store.enqueue(delivery("away1", 2, 'a')).await.unwrap(), Enqueued::Stored, "as GitHub sends it again");
    assert_eq!(lease(&*store, 1).await.unwrap().job, job(2, 'a'));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = format!("postgres://gate:{}@127.0.0.1:1/queue?sslmode=disable", "hunter2");
    let started = Instant::now();
    let error = dockgate::store::open(&url).await.err().expect("refused");
    let text = format!("{:#}", anyhow::Error::new(error));
    assert!(text.contains("queue at 127.0.0.1:1") && !text.contains("hunter2"), "{text}");
    assert!(started.elapsed() < SOON);
}

#[tokio::test]
async fn a_connection_is_encrypted_and_its_certificate_is_verified() {
    let server = Postgres::start_secure();
    let url = server.over_tcp(&server.database().await, PASSWORD);
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("authority.crt");
    std::fs::copy(server.certificate(), &certificate).unwrap();
    let verified = format!("{url}?sslmode=verify-full&sslrootcert={}", certificate.display());
    let store = dockgate::store::open(&verified).await.unwrap();
    assert_eq!(store.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Stored);
    let another = Postgres::start_secure();
    std::fs::copy(another.certificate(), &certificate).unwrap();
    for (url, cause) in [
        (verified, "certificate"),
        (format!("{url}?sslmode=verify-full"), "certificate"),
        (format!("{url}?sslmode=disable"), "encryption"),
    ] {
        let error = dockgate::store::open(&url).await.err().expect("refused");
        let text = format!("{:#}", anyhow::Error::new(error));
        assert!(text.contains(cause) && !text.contains(PASSWORD), "{text}");
    }
}

#[tokio::test]
async fn a_password_is_asked_for_and_told_to_nobody() {
    let socket = shared().database().await;
    let right = dockgate::store::open(&shared().over_tcp(&socket, PASSWORD)).await.unwrap();
    assert_eq!(right.enqueue(delivery("d1", 1, 'a')).await.unwrap(), Enqueued::Stored);
    let wrong = dockgate::store::open(&shared().over_tcp(&socket, "hunter2")).await.err().expect("refused");
    let text = format!("{:#} {wrong:?}", anyhow::anyhow!("{wrong}"));
    assert!(text.contains("127.0.0.1") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_transaction_that_hangs_is_ended_by_the_server() {
    use sqlx::Connection;
    let url = shared().database().await;
    let store = dockgate::store::open(&url).await.unwrap();
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    // A process that stops in mid-transaction, with the row of the only job in its hand.
    let mut hung = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("SET idle_in_transaction_session_timeout = '8s'; BEGIN; SELECT * FROM jobs FOR UPDATE")
        .execute(&mut hung)
        .await
        .unwrap();
    let started = Instant::now();
    assert!(lease(&*store, 0).await.is_none(), "others go on without that row");
    loop {
        if lease(&*store, 0).await.is_some() {
            break;
        }
        assert!(started.elapsed() < SOON * 2);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
