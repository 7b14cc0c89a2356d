//! Redirects lead only where the registry's own answers could lead, and take no secret along.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dockgate::registry::Digest;

use crate::fixture::{Fixture, PASSWORD, basic, layer_of, manifest_of, read_blob, reference, variant};
use crate::server::{Hit, Reply, Server};

const LAYER: &[u8] = b"the bytes of a layer";

/// A registry that wants a password, and redirects whatever it then is asked for.
async fn registry(location: String) -> Server {
    let answer = move |hit: &Hit| match hit.authorization() {
        Some(value) if value == basic() => Reply::redirect(&location),
        _ => Reply::challenge("Basic realm=\"registry\""),
    };
    Server::tls(answer).await
}

#[tokio::test]
async fn a_layer_comes_from_elsewhere_without_the_authorization() {
    let storage = Server::tls(|_| Reply::new(200, &[], LAYER)).await;
    let server = registry(format!("https://storage.test:{}/blobs/x?X-Signature=y", storage.port)).await;
    let (own, other) = (format!("registry.test:{}", server.port), format!("storage.test:{}", storage.port));
    let client = Fixture::new().host(&own).host(&other).credential(&own).client();
    let content = read_blob(&client, &format!("{own}/app:1"), &layer_of(LAYER)).await.expect("a layer");
    assert_eq!(content, LAYER);
    assert_eq!(storage.asked(), ["GET /blobs/x?X-Signature=y"]);
    assert_eq!(storage.hits()[0].authorization(), None);
    let sent: Vec<bool> = server.hits().iter().map(|hit| hit.authorization().is_some()).collect();
    assert_eq!(sent, [false, true]);
}

#[tokio::test]
async fn a_signed_address_is_not_told() {
    // Nobody listens where the layer is said to be.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let server = registry(format!("https://storage.test:{free}/x?X-Signature={PASSWORD}")).await;
    let (own, other) = (format!("registry.test:{}", server.port), format!("storage.test:{free}"));
    let client = Fixture::new().host(&own).host(&other).credential(&own).client();
    let error = read_blob(&client, &format!("{own}/app:1"), &layer_of(LAYER)).await;
    assert_eq!(variant(error), "Unreachable");
}

#[tokio::test]
async fn an_authorization_that_was_dropped_does_not_come_back() {
    let back = Arc::new(AtomicUsize::new(0));
    let port = Arc::clone(&back);
    let storage =
        Server::tls(move |_| Reply::redirect(&format!("https://registry.test:{}/back", port.load(Ordering::SeqCst))))
            .await;
    let location = format!("https://storage.test:{}/x", storage.port);
    let server = Server::tls(move |hit| match hit.path.as_str() {
        "/back" => Reply::new(200, &[], LAYER),
        _ if hit.authorization().is_some() => Reply::redirect(&location),
        _ => Reply::challenge("Basic realm=\"registry\""),
    })
    .await;
    back.store(server.port.into(), Ordering::SeqCst);
    let (own, other) = (format!("registry.test:{}", server.port), format!("storage.test:{}", storage.port));
    let client = Fixture::new().host(&own).host(&other).credential(&own).client();
    read_blob(&client, &format!("{own}/app:1"), &layer_of(LAYER)).await.expect("a layer");
    let last = server.hits().pop().expect("a request");
    assert_eq!((last.path.as_str(), last.authorization()), ("/back", None));
}

#[tokio::test]
async fn forbidden_destinations_are_not_contacted() {
    let tripwire = Server::tripwire().await;
    let port = tripwire.port;
    for location in [
        format!("https://127.0.0.2:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("//127.0.0.2:{port}/"),
        format!("https://inside.test:{port}/"),
        format!("https://[::ffff:127.0.0.2]:{port}/"),
        format!("https://robot:{PASSWORD}@inside.test:{port}/"),
        format!("https://elsewhere.test:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://inside.test/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.2/".to_owned(),
        String::new(),
        "https://".to_owned(),
    ] {
        let server = registry(location.clone()).await;
        let own = format!("registry.test:{}", server.port);
        // `elsewhere.test` is allowed, but leads to another address than it may.
        let fixture = Fixture::new().host(&own).host(&format!("elsewhere.test:{port}")).credential(&own);
        fixture.names.set("inside.test", &[&["127.0.0.2"]]);
        fixture.names.set("elsewhere.test", &[&["127.0.0.2"]]);
        let client = fixture.client();
        let image = format!("{own}/app:1");
        let blob = variant(read_blob(&client, &image, &layer_of(LAYER)).await);
        let manifest = variant(client.manifest(&reference(&image), &Digest::of(b"x")).await);
        let tag = variant(client.resolve(&reference(&image)).await);
        for (what, error) in [("blob", blob), ("manifest", manifest), ("tag", tag)] {
            assert!(matches!(error.as_str(), "Egress" | "Redirect"), "{what} to {location}: {error}");
        }
    }
    assert_eq!(tripwire.connections(), 0);
}

#[tokio::test]
async fn https_is_not_given_up() {
    let storage = Server::plain(|_| Reply::new(200, &[], LAYER)).await;
    let server = registry(format!("http://storage.test:{}/x", storage.port)).await;
    let (own, other) = (format!("registry.test:{}", server.port), format!("storage.test:{}", storage.port));
    // Even where the operator allows plain http.
    let client = Fixture::new().host(&own).plain_host(&other).credential(&own).client();
    assert_eq!(variant(read_blob(&client, &format!("{own}/app:1"), &layer_of(LAYER)).await), "Redirect");
    assert_eq!(storage.connections(), 0);
}

#[tokio::test]
async fn a_manifest_is_redirected_to_registries_only() {
    let storage = Server::tls(|_| Reply::new(200, &[], manifest_of(LAYER))).await;
    let server = registry(format!("https://127.0.0.1:{}/manifest", storage.port)).await;
    let own = format!("registry.test:{}", server.port);
    let digest = Digest::of(manifest_of(LAYER).as_bytes());
    let client = Fixture::new().host(&own).credential(&own).client();
    assert_eq!(variant(client.manifest(&reference(&format!("{own}/app:1")), &digest).await), "Egress");
    assert_eq!(storage.connections(), 0);
    let allowed = Fixture::new().host(&own).host(&format!("127.0.0.1:{}", storage.port)).credential(&own).client();
    assert!(allowed.manifest(&reference(&format!("{own}/app:1")), &digest).await.is_ok());
    assert_eq!(storage.hits()[0].authorization(), None);

    // A public host that is no registry of the list is not even resolved, where it would be for a layer.
    let server = registry("https://cdn.example/x".to_owned()).await;
    let own = format!("registry.test:{}", server.port);
    let fixture = Fixture::new().host(&own).credential(&own);
    fixture.names.set("cdn.example", &[&["127.0.0.2"]]);
    let names = Arc::clone(&fixture.names);
    let client = fixture.client();
    let image = format!("{own}/app:1");
    assert_eq!(variant(client.manifest(&reference(&image), &digest).await), "Egress");
    let before = names.asked_for("cdn.example");
    assert_eq!(variant(read_blob(&client, &image, &layer_of(LAYER)).await), "Egress");
    assert_eq!((before, names.asked_for("cdn.example")), (0, 1));
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::tls(|hit| {
        let step: u32 = hit.path.rsplit_once('/').and_then(|(_, step)| step.parse().ok()).unwrap_or(0);
        if step == 5 && hit.path.starts_with("/five") {
            return Reply::new(200, &[], LAYER);
        }
        let start = if hit.path.contains("/five/") || hit.path.starts_with("/five") { "five" } else { "loop" };
        Reply::redirect(&format!("/{start}/{}", step + 1))
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    let endless = read_blob(&client, &format!("{own}/loop:1"), &layer_of(LAYER)).await;
    assert_eq!(variant(endless), "Redirect");
    assert_eq!(server.hits().len(), 6, "the first request and five redirects");
    let content = read_blob(&client, &format!("{own}/five:1"), &layer_of(LAYER)).await;
    assert_eq!(content.expect("five redirects are followed"), LAYER);
}
