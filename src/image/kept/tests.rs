//! What one process kept, another on the same store has.

use std::time::SystemTime;

use super::*;
use crate::image::report::ImageReport;

async fn two() -> (KeptImages, KeptImages, Arc<dyn Store>) {
    let store = crate::store::open("sqlite::memory:").await.unwrap();
    let clock: Clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_hours(1000));
    let later: Clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_hours(1000) + Duration::from_mins(59));
    (KeptImages::new(Arc::clone(&store), clock), KeptImages::new(Arc::clone(&store), later), store)
}

fn report() -> ImageReport {
    ImageReport {
        image: "web:2".into(),
        platform: "linux/amd64".into(),
        digest: "sha256:0".into(),
        scanner: "dockgate".into(),
        distribution: None,
        created: None,
        revision: None,
        base: None,
        diff_ids: Vec::new(),
        packages: Vec::new(),
        vulnerabilities: Vec::new(),
        unimportant: 0,
        configuration: Vec::new(),
        set_id_files: Vec::new(),
        secrets: Vec::new(),
        problems: Vec::new(),
    }
}

#[tokio::test]
async fn what_one_kept_another_has() {
    let (one, other, store) = two().await;
    let manifest = Bytes::from_static(b"{}");
    let digest = Digest::of(&manifest);
    one.save("acme as anybody", &digest, manifest.clone()).await;
    assert_eq!(other.load("acme as anybody", &digest).await, Some(manifest));
    assert_eq!(other.load("acme as somebody", &digest).await, None, "who may read is part of the key");
    let mut facts = LayerFacts { diff_id: "sha256:1".into(), unpacked_bytes: 7, ..LayerFacts::default() };
    facts.marks.seal();
    LayerCache::put(&one, &facts).await;
    assert_eq!(LayerCache::get(&other, "sha256:1").await, Some(facts));
    AdvisoryCache::put(&one, "CVE-1", "then", "{}").await;
    assert_eq!(AdvisoryCache::get(&other, "CVE-1", "then").await.as_deref(), Some("{}"));
    assert_eq!(AdvisoryCache::get(&other, "CVE-1", "now").await, None);
    one.keep_report("k", &report()).await;
    assert_eq!(other.report("k").await, Some((one.now(), report())));
    let late: Clock = Arc::new(|| SystemTime::UNIX_EPOCH + Duration::from_hours(1001));
    assert_eq!(KeptImages::new(store, late).report("k").await, None, "advisories change");
}

#[tokio::test]
async fn a_store_that_lies_about_a_manifest_is_not_believed() {
    let (one, other, store) = two().await;
    let digest = Digest::of(b"{}");
    one.save("k", &digest, Bytes::from_static(b"{}")).await;
    store.keep(Shelf::Image, &manifest_name("k", &digest), "[]", None).await.unwrap();
    assert_eq!(other.load("k", &digest).await, None);
}

#[tokio::test]
async fn of_two_who_want_a_report_one_makes_it() {
    let (one, other, _) = two().await;
    assert!(matches!(one.turn("k", REPORT_LIFETIME).await, Turn::Ours));
    let report = report();
    let ((), waited) = tokio::join!(one.in_turn("k", one.keep_report("k", &report)), other.turn("k", REPORT_LIFETIME));
    assert!(matches!(waited, Turn::Made(_, kept) if *kept == report));
    assert!(matches!(other.turn("k", Duration::from_mins(30)).await, Turn::Ours), "it is older than that");
    // One that fails gives its turn back.
    assert!(matches!(one.turn("other", REPORT_LIFETIME).await, Turn::Ours));
    one.in_turn("other", async {}).await;
    assert!(matches!(other.turn("other", REPORT_LIFETIME).await, Turn::Ours));
}
