//! What goes, and when.

use std::time::Duration;

use dockgate::store::{DELIVERY_RETENTION, ReportKey, Settlement, Shelf, UnixMillis};

use crate::kit::{Database, delivery, delivery_of, job, lease, settle, sha};

const DAYS_30: Duration = Duration::from_hours(30 * 24);

pub async fn old_rows_are_pruned(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    let dead = lease(&*store, 0).await.unwrap();
    settle(&*store, &dead, Settlement::Dead { cause: "x".into() }, 0).await;
    let key = ReportKey { repository: "acme/shop".parse().unwrap(), head: sha('a'), check: "dockgate".into() };
    store.put_report(&key, "{}", UnixMillis(0)).await.unwrap();
    let at = |after: Duration| UnixMillis(1).plus(after);
    assert_eq!(store.prune(UnixMillis(0).plus(DELIVERY_RETENTION), DAYS_30).await.unwrap(), 0);
    assert_eq!(store.prune(at(DELIVERY_RETENTION), DAYS_30).await.unwrap(), 1);
    assert_eq!(store.prune(UnixMillis(0).plus(DAYS_30), DAYS_30).await.unwrap(), 0);
    assert!(store.report(&key).await.unwrap().is_some());
    assert_eq!(store.prune(at(DAYS_30), DAYS_30).await.unwrap(), 2);
    assert!(store.dead(10).await.unwrap().is_empty());
    assert!(store.report(&key).await.unwrap().is_none());
}

pub async fn many_old_rows_are_pruned_and_their_space_is_given_back(database: &Database) {
    const MANY: u64 = 1_200;
    let store = database.open().await;
    let body = "x".repeat(4_000);
    for number in 0..MANY {
        store.keep(Shelf::Image, &number.to_string(), &body, Some(UnixMillis(5))).await.unwrap();
    }
    store.keep(Shelf::Image, "stays", &body, None).await.unwrap();
    // What waits is never old.
    store.enqueue(delivery_of("d1", (1..=5).map(|number| job(number, 'a')).collect())).await.unwrap();
    let later = UnixMillis(6).plus(DAYS_30);
    assert_eq!(store.prune(later, DAYS_30).await.unwrap(), MANY + 1);
    assert_eq!(store.queue(later).await.unwrap().queued, 5);
    assert!(store.kept(Shelf::Image, "stays", later).await.unwrap().is_some());
    store.close().await;
    if let Some(path) = database.path() {
        let bytes = std::fs::metadata(path).unwrap().len();
        assert!(bytes < 1_000_000, "{bytes} bytes are left of {MANY} rows that are gone");
    }
}

#[tokio::test]
async fn a_file_of_an_early_version_learns_to_give_space_back() {
    use sqlx::Connection;
    let database = crate::kit::sqlite().await;
    let url = format!("{}?mode=rwc", database.url());
    let mut early = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("PRAGMA auto_vacuum = NONE; CREATE TABLE old (x); DROP TABLE old").execute(&mut early).await.unwrap();
    early.close().await.unwrap();
    database.open().await.close().await;
    let mut again = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut again).await.unwrap();
    assert_eq!(mode, 2, "incremental");
}
