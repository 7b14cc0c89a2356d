//! Nothing is asked twice, and a registry that asks us to wait is left alone.

use std::sync::Arc;
use std::time::Duration;

use dockgate::registry::{Digest, MemoryManifests, Mirror, RegistryClient};

use crate::fixture::{Fixture, authority, layer_of, manifest_of, read_blob, reference, variant};
use crate::server::{Hit, Reply, Server};

const LAYER: &[u8] = b"the bytes of a layer";

/// An honest registry in which every tag names the same image.
fn honest(_: &Hit) -> Reply {
    let digest = Digest::of(manifest_of(LAYER).as_bytes()).to_string();
    Reply::new(200, &[("docker-content-digest", digest.as_str())], manifest_of(LAYER))
}

#[tokio::test]
async fn fifty_images_cost_one_head_and_one_get_each_and_then_nothing() {
    let server = Server::tls(|hit| {
        let name = hit.path.split('/').nth(2).unwrap_or_default().to_owned();
        let text = manifest_of(name.as_bytes());
        Reply::new(200, &[("docker-content-digest", Digest::of(text.as_bytes()).as_str())], text)
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    for round in 0..3 {
        let mut tasks = tokio::task::JoinSet::new();
        // Everybody asks at the same time, twice.
        for number in (0..50).chain(0..50) {
            let (client, image) = (client.clone(), reference(&format!("{own}/app{number}:1")));
            tasks.spawn(async move {
                let digest = client.resolve(&image).await.expect("a digest");
                client.manifest(&image, &digest).await.expect("a manifest");
            });
        }
        tasks.join_all().await;
        let asked = server.asked();
        let count = |method: &str| asked.iter().filter(|line| line.starts_with(method)).count();
        assert_eq!((count("HEAD"), count("GET")), (50, 50), "round {round}");
    }
}

#[tokio::test]
async fn a_digest_that_many_ask_for_is_fetched_once() {
    let server = Server::tls(honest).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, image) = (client.clone(), reference(&format!("{own}/app:1")));
        let digest = Digest::of(manifest_of(LAYER).as_bytes());
        tasks.spawn(async move { client.manifest(&image, &digest).await.is_ok() });
    }
    assert!(tasks.join_all().await.into_iter().all(|is_read| is_read));
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn a_tag_that_names_a_known_manifest_costs_a_head() {
    let server = Server::tls(honest).await;
    let own = format!("registry.test:{}", server.port);
    let mut fixture = Fixture::new().host(&own);
    fixture.options.limits.tag = Duration::ZERO;
    let client = fixture.client();
    for tag in ["1", "2", "1"] {
        client.resolve(&reference(&format!("{own}/app:{tag}"))).await.expect("a digest");
    }
    let expected = ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"];
    let expected = [&expected[..], &["HEAD /v2/app/manifests/2", "HEAD /v2/app/manifests/1"]].concat();
    assert_eq!(server.asked(), expected);
}

#[tokio::test]
async fn a_written_digest_is_not_resolved_but_its_tag_may_be() {
    let server = Server::tls(honest).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    let written = Digest::of(b"what the tag named once");
    let image = reference(&format!("{own}/app:1@{written}"));
    assert_eq!(client.resolve(&image).await.expect("a digest"), written);
    assert_eq!(server.connections(), 0);
    assert_eq!(client.resolve_tag(&image).await.expect("a digest"), Digest::of(manifest_of(LAYER).as_bytes()));
    let other = reference(&format!("{own}/app@sha384:{}", "a".repeat(96)));
    assert_eq!(variant(client.resolve(&other).await), "Unsupported");
    client.resolve(&reference(&format!("{own}/other"))).await.expect("latest");
    assert_eq!(server.asked()[2], "HEAD /v2/other/manifests/latest");
}

#[tokio::test]
async fn a_registry_that_refuses_is_left_alone() {
    let server = Server::tls(|_| Reply::new(429, &[("retry-after", "120")], "")).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    for round in 0..3 {
        let error = client.resolve(&reference(&format!("{own}/app{round}:1"))).await.expect_err("a limit");
        assert!(error.is_retryable());
        let seconds = error.retry_after().expect("a wait").as_secs();
        assert!((100..=120).contains(&seconds), "{seconds}");
    }
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn a_token_server_that_refuses_is_left_alone_too() {
    let tokens = Server::tls(|_| Reply::new(429, &[("retry-after", "120")], "")).await;
    let other = format!("token.test:{}", tokens.port);
    let challenge = format!(r#"Bearer realm="https://{other}/token""#);
    let server = Server::tls(move |_| Reply::challenge(&challenge)).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).host(&other).client();
    for image in ["a", "b"] {
        assert_eq!(variant(client.resolve(&reference(&format!("{own}/{image}:1"))).await), "RateLimited");
    }
    assert_eq!((tokens.hits().len(), server.hits().len()), (1, 1));
}

#[tokio::test]
async fn the_last_pulls_are_left_to_others() {
    let server = Server::tls(|hit| {
        let text = manifest_of(hit.path.as_bytes());
        let left = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "9;w=21600")];
        Reply::new(200, &left, text)
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    assert_eq!(variant(client.resolve(&reference(&format!("{own}/app:1"))).await), "RateLimited");
    let blob = layer_of(manifest_of(b"x").as_bytes());
    assert_eq!(variant(read_blob(&client, &format!("{own}/app:1"), &blob).await), "WrongContent", "blobs do not count");
    let methods: Vec<String> = server.hits().iter().map(|hit| hit.method.clone()).collect();
    assert_eq!(methods, ["HEAD", "GET"], "the pull was not made");
}

#[tokio::test]
async fn a_mirror_is_asked_first_and_the_registry_when_it_has_nothing() {
    let mirror = Server::tls(|hit| if hit.path.contains("absent") { Reply::status(404) } else { honest(hit) }).await;
    let server = Server::tls(honest).await;
    let (own, other) = (format!("registry.test:{}", server.port), format!("storage.test:{}", mirror.port));
    let mut fixture = Fixture::new().host(&own).host(&other).credential(&own);
    let path = "cache/hub".to_owned();
    fixture.options.mirrors.push(Mirror { registry: authority(&own), mirror: authority(&other), path });
    let client = fixture.client();
    let digest = client.resolve(&reference(&format!("{own}/app:1"))).await.expect("a digest");
    client.manifest(&reference(&format!("{own}/app:1")), &digest).await.expect("a manifest");
    assert_eq!((mirror.asked()[0].as_str(), server.connections()), ("HEAD /v2/cache/hub/app/manifests/1", 0));
    client.resolve(&reference(&format!("{own}/absent:1"))).await.expect("from the registry itself");
    assert_eq!(server.asked(), ["HEAD /v2/absent/manifests/1", "GET /v2/absent/manifests/1"]);
    assert!(mirror.hits().iter().all(|hit| hit.authorization().is_none()));
}

#[test]
fn a_mirror_must_be_allowed_itself() {
    let mut fixture = Fixture::new();
    let (registry, mirror) = (authority("docker.io"), authority("mirror.example"));
    fixture.options.mirrors.push(Mirror { registry, mirror, path: String::new() });
    let made = RegistryClient::new(fixture.options, Arc::new(MemoryManifests::default()));
    assert_eq!(variant(made), "Options");
}

#[tokio::test]
async fn docker_hub_is_asked_at_its_own_host() {
    let fixture = Fixture::new();
    fixture.names.set("registry-1.docker.io", &[&["127.0.0.1"]]);
    let names = Arc::clone(&fixture.names);
    let error = fixture.client().resolve(&reference("nginx:1")).await.expect_err("not public");
    assert!(error.to_string().contains("registry-1.docker.io leads to an address that is not allowed"), "{error}");
    assert_eq!(names.asked(), 1);
}
