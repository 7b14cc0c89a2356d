//! One suite for every database: each behaviour is a function of a store, named in the `suite!` list below.
//!
//! Invariant: no clock and no waiting; every moment is a number of milliseconds that the test passes in.
#![cfg(feature = "io")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

#[path = "store/behaviour.rs"]
mod behaviour;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/kept.rs"]
mod kept;
#[path = "store/kit.rs"]
mod kit;
#[path = "store/migrations.rs"]
mod migrations;
#[path = "store/outage.rs"]
mod outage;
#[path = "support/postgres.rs"]
mod postgres_server;
#[path = "store/replicas.rs"]
mod replicas;
#[path = "store/retention.rs"]
mod retention;

/// Runs every behaviour against each database, opened afresh; another database is another name.
macro_rules! suite {
    ([$($database:ident),*], $behaviours:tt) => { $(suite!(of $database, $behaviours);)* };
    (of $database:ident, [$($area:ident :: $behaviour:ident),* $(,)?]) => {
        mod $database {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    let database = super::kit::$database().await;
                    super::$area::$behaviour(&database).await;
                }
            )*
        }
    };
}

suite!(
    [sqlite, postgres],
    [
        behaviour::a_delivery_becomes_a_lease_and_is_gone_when_done,
        behaviour::a_redelivery_is_stored_once,
        behaviour::the_newest_of_twenty_heads_is_the_one_job,
        behaviour::an_older_state_never_replaces_a_newer_one,
        behaviour::pull_requests_and_merge_groups_do_not_collapse,
        behaviour::a_running_job_is_told_that_it_is_superseded,
        behaviour::one_key_never_runs_twice_at_once,
        behaviour::a_retry_waits_until_it_is_due,
        behaviour::a_retry_yields_to_a_newer_job_and_is_left_behind_to_it,
        behaviour::a_replaced_retry_is_left_behind,
        behaviour::a_superseded_job_is_left_behind_to_the_newer_one,
        behaviour::a_job_that_began_is_not_forgotten_by_what_replaces_it,
        behaviour::a_dead_job_keeps_its_cause_and_can_be_redriven,
        behaviour::a_verdict_answers_the_dead_jobs_of_its_key,
        behaviour::a_released_job_counts_no_attempt,
        behaviour::follow_up_jobs_are_enqueued_with_the_settlement,
        behaviour::one_installation_can_not_take_all_workers,
        behaviour::eight_workers_lease_disjoint_jobs,
        behaviour::deliveries_that_come_in_together_are_all_stored,
        behaviour::reports_are_appended_and_never_changed,
        behaviour::the_fingerprint_key_stays_the_same,
        behaviour::the_queue_is_counted,
        kept::what_is_kept_is_found_until_its_time_is_over,
        kept::one_of_many_claims_succeeds,
        kept::names_are_listed_below_a_prefix,
        kept::the_audit_log_is_read_in_order_and_by_place,
        crash::an_expired_lease_is_leased_again,
        crash::an_expired_lease_is_handed_over_to_the_newer_job,
        crash::a_lost_lease_can_neither_renew_nor_settle,
        crash::a_killed_process_loses_nothing,
        crash::a_closed_store_refuses,
        migrations::a_database_of_a_newer_version_that_only_added_is_used,
        migrations::a_database_of_a_newer_version_that_changed_is_refused,
        retention::old_rows_are_pruned,
        retention::many_old_rows_are_pruned_and_their_space_is_given_back,
    ]
);

#[tokio::test]
async fn another_database_is_refused_and_the_error_keeps_the_password() {
    let address = format!("mysql://dockgate:{}@db/dockgate", "hunter2");
    let error = dockgate::store::open(&address).await.err().expect("refused");
    let text = error.to_string();
    assert!(text.contains("mysql") && text.contains("sqlite://") && !text.contains("hunter2"), "{text}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn an_in_memory_store_works() {
    let store = dockgate::store::open("sqlite::memory:").await.unwrap();
    assert_eq!(store.enqueue(kit::delivery("d", 1, 'a')).await.unwrap(), dockgate::store::Enqueued::Stored);
    assert_eq!(kit::lease(&*store, 10).await.unwrap().job, kit::job(1, 'a'));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only a text that is long enough to be read as one".repeat(20)).unwrap();
    let error = dockgate::store::open(&format!("sqlite://{}", path.display())).await.err().expect("refused");
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_readable_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let database = kit::sqlite().await;
    database.open().await;
    let mode = std::fs::metadata(database.path().unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
