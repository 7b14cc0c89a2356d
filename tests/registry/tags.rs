//! The tags of a repository: page by page, at the repository itself, within a bound.

use crate::fixture::{Fixture, reference, variant};
use crate::server::{Hit, Reply, Server};

fn page(tags: &[String], next: Option<&str>) -> Reply {
    let body = serde_json::json!({"name": "app", "tags": tags}).to_string();
    let link = next.map(|next| format!("<{next}>; rel=\"next\""));
    let headers: Vec<(&str, &str)> = link.iter().map(|link| ("link", link.as_str())).collect();
    Reply::new(200, &headers, body)
}

#[tokio::test]
async fn pages_are_followed_at_the_repository_alone_and_known_afterwards() {
    let tripwire = Server::tripwire().await;
    let elsewhere = format!("https://127.0.0.2:{}/v2/other/tags/list?n=1000&last=b", tripwire.port);
    let server = Server::tls(move |hit: &Hit| {
        if hit.path.ends_with("last=b") {
            page(&["c".into()], None)
        } else {
            page(&["a".into(), "b".into()], Some(&elsewhere))
        }
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    for _ in 0..2 {
        let tags = client.tags(&reference(&format!("{own}/app:1"))).await.expect("tags");
        assert_eq!(*tags, ["a", "b", "c"]);
    }
    assert_eq!(
        server.asked(),
        ["GET /v2/app/tags/list?n=1000", "GET /v2/app/tags/list?n=1000&last=b"],
        "the address of the answer gives the question alone"
    );
    assert_eq!(tripwire.connections(), 0);
}

#[tokio::test]
async fn a_list_without_end_ends_within_a_bound() {
    let tags: Vec<String> = (0..5_000).map(|number| format!("t{number}")).collect();
    let server = Server::tls(move |hit: &Hit| {
        let number = hit.path.rsplit('=').next().and_then(|last| last.parse().ok()).unwrap_or(0_u32);
        page(&tags, Some(&format!("/v2/app/tags/list?last={}", number + 1)))
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    let tags = client.tags(&reference(&format!("{own}/app:1"))).await.expect("tags");
    assert_eq!((tags.len(), server.hits().len()), (20_000, 20));
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    let server = Server::tls(|_| Reply::new(200, &[], "<html>")).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    assert_eq!(variant(client.tags(&reference(&format!("{own}/app:1"))).await), "Malformed");
}
