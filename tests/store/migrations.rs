//! What a version finds that is older or newer than the database.

use std::collections::BTreeMap;
use std::path::Path;

use dockgate::store::Enqueued;

use crate::kit::{self, Database, delivery, job, lease};

/// The version from which on the names say whether older versions go on; see the crate's `store::sql::migrate`.
const FIRST_NAMED: u32 = 3;

/// What a version of the far future leaves, as the driver notes it.
fn applied(name: &str) -> String {
    let columns = "version, description, success, checksum, execution_time";
    format!("INSERT INTO _sqlx_migrations ({columns}) VALUES (999999, '{name}', TRUE, '00', 1);")
}

pub async fn a_database_of_a_newer_version_that_only_added_is_used(database: &Database) {
    let store = database.open().await;
    store.enqueue(delivery("d1", 1, 'a')).await.unwrap();
    // A newer replica migrates while this one serves; others of this version start afterwards.
    let added = "ALTER TABLE jobs ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine';";
    database.execute(&format!("{added} {}", applied("add mood"))).await;
    assert_eq!(store.enqueue(delivery("d2", 2, 'a')).await.unwrap(), Enqueued::Stored);
    let started = database.open().await;
    assert_eq!(lease(&*started, 0).await.unwrap().job, job(1, 'a'));
    assert_eq!(lease(&*store, 0).await.unwrap().job, job(2, 'a'));
}

pub async fn a_database_of_a_newer_version_that_changed_is_refused(database: &Database) {
    database.open().await.close().await;
    database.execute(&applied("split jobs")).await;
    let error = dockgate::store::open(&database.url()).await.err().expect("refused");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("newer version") && cause.contains("split jobs"), "{error}: {cause}");
}

/// The migrations of one database by number.
fn migrations(database: &str) -> BTreeMap<u32, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations").join(database);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let numbered = |file: String| (file.split('_').next().unwrap().parse().unwrap(), file);
    files.map(numbered).collect()
}

#[test]
fn every_database_has_the_same_migrations_by_number_and_name() {
    let sqlite = migrations("sqlite");
    assert!(sqlite.len() >= 3, "{sqlite:?}");
    assert_eq!(sqlite, migrations("postgres"));
    assert!(sqlite.keys().copied().eq(1..=u32::try_from(sqlite.len()).unwrap()), "{sqlite:?}");
    for (number, file) in sqlite.range(FIRST_NAMED..) {
        let name = file.split_once('_').unwrap().1;
        let is_named = name.starts_with("add_") || name.starts_with("change_");
        assert!(is_named, "{number}: {file} says neither add_ (older versions go on) nor change_ (they refuse)");
    }
}

#[test]
fn what_a_migration_calls_adding_adds() {
    for database in ["sqlite", "postgres"] {
        for file in migrations(database).values().filter(|file| file[5..].starts_with("add_")) {
            let path = format!("{}/src/store/migrations/{database}/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap().to_uppercase();
            let code: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
            for taken in ["DROP ", "RENAME ", "DELETE ", "ALTER COLUMN", "UPDATE "] {
                assert!(!code.contains(taken), "{path} takes something away: {taken}");
            }
        }
    }
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let database = kit::postgres().await;
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { dockgate::store::open(&url).await.unwrap() })
        })
        .collect();
    for (count, start) in starts.into_iter().enumerate() {
        let store = start.await.unwrap();
        assert_eq!(store.enqueue(delivery(&format!("d{count}"), 1, 'a')).await.unwrap(), Enqueued::Stored);
    }
}
