//! What is kept under a name, and the audit log.

use std::sync::Arc;

use dockgate::github::identity::PullRequestNumber;
use dockgate::store::{AuditEntry, AuditQuery, RETENTION, Shelf, UnixMillis};

use super::kit::{Database, sha};

pub async fn what_is_kept_is_found_until_its_time_is_over(database: &Database) {
    let store = database.open().await;
    let at = UnixMillis;
    assert_eq!(store.kept(Shelf::Cursor, "x", at(0)).await.unwrap(), None);
    store.keep(Shelf::Cursor, "x", "one", Some(at(10))).await.unwrap();
    store.keep(Shelf::Image, "x", "other", None).await.unwrap();
    assert_eq!(store.kept(Shelf::Cursor, "x", at(9)).await.unwrap().as_deref(), Some("one"));
    assert_eq!(store.kept(Shelf::Cursor, "x", at(10)).await.unwrap(), None);
    store.keep(Shelf::Cursor, "x", "two", Some(at(20))).await.unwrap();
    assert_eq!(store.kept(Shelf::Cursor, "x", at(10)).await.unwrap().as_deref(), Some("two"));
    assert_eq!(store.prune(at(20), RETENTION).await.unwrap(), 1);
    assert_eq!(store.kept(Shelf::Image, "x", at(99)).await.unwrap().as_deref(), Some("other"));
    store.forget(Shelf::Image, "x").await.unwrap();
    assert_eq!(store.kept(Shelf::Image, "x", at(99)).await.unwrap(), None);
}

pub async fn one_of_many_claims_succeeds(database: &Database) {
    let store = database.open().await;
    let claims: Vec<_> = (0..8)
        .map(|who: u32| {
            let store = Arc::clone(&store);
            let body = who.to_string();
            tokio::spawn(async move {
                store.claim(Shelf::Claim, "sweep", &body, UnixMillis(0), Some(UnixMillis(10))).await.unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        won += usize::from(claim.await.unwrap());
    }
    assert_eq!(won, 1);
    assert!(!store.claim(Shelf::Claim, "sweep", "late", UnixMillis(9), None).await.unwrap());
    assert!(store.claim(Shelf::Claim, "sweep", "later", UnixMillis(10), None).await.unwrap());
    assert!(!store.claim(Shelf::Claim, "sweep", "never", UnixMillis(i64::MAX), None).await.unwrap());
}

pub async fn names_are_listed_below_a_prefix(database: &Database) {
    let store = database.open().await;
    for name in ["acme/shop/b", "acme/shop/a", "acme/shop_x", "acme/sho%"] {
        store.keep(Shelf::Watch, name, name, None).await.unwrap();
    }
    store.keep(Shelf::Watch, "acme/shop/old", "", Some(UnixMillis(5))).await.unwrap();
    let names = |rows: Vec<(String, String)>| rows.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let below = store.kept_below(Shelf::Watch, "acme/shop/", UnixMillis(5), 10).await.unwrap();
    assert_eq!(names(below), ["acme/shop/a", "acme/shop/b"]);
    assert_eq!(store.kept_below(Shelf::Watch, "acme/sho%", UnixMillis(5), 10).await.unwrap().len(), 1);
    assert_eq!(store.kept_below(Shelf::Watch, "", UnixMillis(5), 3).await.unwrap().len(), 3);
}

pub async fn the_audit_log_is_read_in_order_and_by_place(database: &Database) {
    let store = database.open().await;
    let entry = |at: i64, repository: &str, number: u64| AuditEntry {
        at: UnixMillis(at),
        repository: repository.parse().unwrap(),
        pull_request: Some(PullRequestNumber(number)),
        head: Some(sha('a')),
        event: "verdict".into(),
        actor: Some("ada".into()),
        detail: "{}".into(),
    };
    let entries = [entry(1, "acme/shop", 1), entry(2, "acme/web", 1), entry(3, "acme/shop", 2)];
    for entry in &entries {
        store.append_audit(entry).await.unwrap();
    }
    let all = AuditQuery { limit: 10, ..AuditQuery::default() };
    let lines = store.audit(&all).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.entry.clone()).collect::<Vec<_>>(), entries);
    let count = async |query: AuditQuery| store.audit(&query).await.unwrap().len();
    assert_eq!(count(AuditQuery { repository: Some("acme/shop".parse().unwrap()), ..all.clone() }).await, 2);
    assert_eq!(count(AuditQuery { pull_request: Some(PullRequestNumber(2)), ..all.clone() }).await, 1);
    assert_eq!(count(AuditQuery { since: Some(UnixMillis(2)), ..all.clone() }).await, 2);
    assert_eq!(count(AuditQuery { after: lines[0].id, limit: 1, ..all.clone() }).await, 1);
}
