use super::*;

#[tokio::test]
async fn manifests_are_kept_apart_by_who_may_read_them() {
    let cache = MemoryManifests::default();
    let digest = Digest::of(b"{}");
    cache.save("ghcr.io/acme as ghcr.io/acme", &digest, Bytes::from_static(b"{}")).await;
    assert!(cache.load("ghcr.io/acme as ghcr.io/acme", &digest).await.is_some());
    assert!(cache.load("ghcr.io/acme as anybody", &digest).await.is_none());
}

#[tokio::test]
async fn the_oldest_manifests_go_first() {
    let cache = MemoryManifests::default();
    let manifest = Bytes::from(vec![b' '; 4 * 1024 * 1024]);
    let digests: Vec<Digest> = (0..17_u8).map(|number| Digest::of(&[number])).collect();
    for digest in &digests {
        cache.save("app", digest, manifest.clone()).await;
    }
    assert!(cache.load("app", &digests[0]).await.is_none());
    assert!(cache.load("app", &digests[1]).await.is_some());
    assert!(cache.load("app", &digests[16]).await.is_some());
}

#[test]
fn a_value_is_true_for_its_time_only() {
    let timed = Timed::default();
    timed.put("a", 1, Duration::from_mins(1));
    timed.put("b", 2, Duration::ZERO);
    assert_eq!((timed.get(&"a"), timed.get(&"b")), (Some(1), None));
    timed.forget(&"a");
    assert_eq!(timed.get(&"a"), None);
}

#[test]
fn values_stay_bounded() {
    let timed = Timed::default();
    (0..25_000).for_each(|number| timed.put(number, (), Duration::from_mins(1)));
    assert!(timed.values.lock().expect("a lock").len() <= MAX_TIMED);
}

#[tokio::test]
async fn only_one_has_its_turn() {
    let turns = Turns::default();
    let first = turns.wait("app").await;
    assert!(tokio::time::timeout(Duration::from_millis(20), turns.wait("app")).await.is_err());
    drop(turns.wait("other").await);
    drop(first);
    drop(turns.wait("app").await);
    drop(turns.wait("third").await);
    assert_eq!(turns.locks.lock().expect("a lock").len(), 1);
}
