//! Whatever a registry sends, it is read within bounds of bytes and time.

use std::iter::{repeat_n, repeat_with};
use std::time::{Duration, Instant};

use dockgate::registry::{Descriptor, Digest, RegistryClient};

use crate::fixture::{Fixture, layer_of, read_blob, reference, variant};
use crate::server::{Hit, Reply, Server};

const MIB: usize = 1024 * 1024;
/// More than the limit, what one read takes at once, and what lies in the sockets.
const MOST_SENT: u64 = 24 * MIB as u64;

async fn serving(answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> (Server, String, Fixture) {
    let server = Server::tls(answer).await;
    let own = format!("registry.test:{}", server.port);
    let fixture = Fixture::new().host(&own);
    (server, format!("{own}/app:1"), fixture)
}

async fn manifest(client: &RegistryClient, image: &str) -> String {
    variant(client.manifest(&reference(image), &Digest::of(b"x")).await)
}

#[tokio::test]
async fn a_manifest_of_512_mib_is_not_read() {
    let parts = || repeat_n(vec![b' '; MIB], 512);
    let (server, image, fixture) = serving(move |_| Reply::parts(200, &[], parts())).await;
    let client = fixture.client();
    assert_eq!(manifest(&client, &image).await, "TooLarge");
    assert_eq!(variant(client.resolve(&reference(&image)).await), "TooLarge");
    assert!(server.sent_bytes() < MOST_SENT, "{}", server.sent_bytes());
}

#[tokio::test]
async fn an_announced_length_is_enough_to_refuse() {
    let head = [("content-length", "536870912")];
    // Nothing follows the head, so that nothing else can be the reason.
    let answer = move |_: &Hit| Reply {
        pause: Duration::from_hours(1),
        ..Reply::parts(200, &head, std::iter::once(vec![b' '; MIB]))
    };
    let (_server, image, fixture) = serving(answer).await;
    let client = fixture.client();
    assert_eq!(manifest(&client, &image).await, "TooLarge");
    let layer = layer_of(b"five!");
    assert_eq!(variant(client.blob(&reference(&image), &layer).await), "WrongContent");
}

#[tokio::test]
async fn twenty_thousand_layers_are_too_many() {
    let layer = format!(r#"{{"mediaType":"a","digest":"{}","size":1}}"#, Digest::of(b""));
    let layers = vec![layer.as_str(); 20_000].join(",");
    let text = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layers}]}}"#);
    let digest = Digest::of(text.as_bytes());
    let (_server, image, fixture) = serving(move |_| Reply::new(200, &[], text.clone())).await;
    assert_eq!(variant(fixture.client().manifest(&reference(&image), &digest).await), "TooMany");
}

/// A byte now and then, for ever.
fn drip() -> Reply {
    Reply { pause: Duration::from_millis(20), ..Reply::parts(200, &[], repeat_with(|| b" ".to_vec())) }
}

#[tokio::test]
async fn a_byte_now_and_then_is_no_answer() {
    let (_server, image, mut fixture) = serving(|_| drip()).await;
    fixture.options.limits.request = Duration::from_millis(300);
    fixture.options.limits.layer_bytes_per_second = 10_000;
    let client = fixture.client();
    let start = Instant::now();
    assert_eq!(manifest(&client, &image).await, "Timeout");
    let config = Descriptor::new("config", Digest::of(b""), 1000);
    assert_eq!(variant(client.config(&reference(&image), &config).await), "Timeout");
    // A layer of 1,000 bytes may take no longer at 10,000 bytes a second than any answer.
    assert_eq!(variant(read_blob(&client, &image, &config).await), "Timeout");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_layer_that_stops_coming_is_given_up() {
    let answer =
        |_: &Hit| Reply { pause: Duration::from_hours(1), ..Reply::parts(200, &[], repeat_n(vec![b'x'; 10], 2)) };
    let (_server, image, mut fixture) = serving(answer).await;
    fixture.options.limits.idle = Duration::from_millis(100);
    let start = Instant::now();
    let layer = Descriptor::new("layer", Digest::of(b""), 1000);
    let error = read_blob(&fixture.client(), &image, &layer).await.expect_err("idle");
    assert!(error.is_retryable() && start.elapsed() < Duration::from_secs(5), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_given_up() {
    let (_server, image, mut fixture) = serving(|_| Reply {
        head: Vec::new(),
        parts: Box::new(repeat_with(Vec::new)),
        pause: Duration::from_millis(50),
    })
    .await;
    fixture.options.limits.request = Duration::from_millis(300);
    let client = fixture.client();
    assert_eq!(manifest(&client, &image).await, "Timeout");
    assert_eq!(variant(client.blob(&reference(&image), &layer_of(b"x")).await), "Timeout");
}

#[tokio::test]
async fn headers_are_bounded() {
    let long = format!("HTTP/1.1 200 X\r\nx: {}\r\n\r\n", "y".repeat(8 * MIB)).into_bytes();
    let (_server, image, fixture) = serving(move |_| Reply { head: long.clone(), ..Reply::status(200) }).await;
    assert_eq!(manifest(&fixture.client(), &image).await, "Unreachable");
    let many = "x-header: y\r\n".repeat(5_000);
    let many = format!("HTTP/1.1 200 X\r\n{many}\r\n").into_bytes();
    let (_server, image, fixture) = serving(move |_| Reply { head: many.clone(), ..Reply::status(200) }).await;
    assert_eq!(manifest(&fixture.client(), &image).await, "Unreachable");
}

#[tokio::test]
async fn a_layer_that_does_not_end_is_cut() {
    let (server, image, fixture) = serving(|_| Reply::parts(200, &[], repeat_with(|| vec![b'x'; MIB]))).await;
    let layer = Descriptor::new("layer", Digest::of(b""), 3 * MIB as u64);
    assert_eq!(variant(read_blob(&fixture.client(), &image, &layer).await), "WrongContent");
    assert!(server.sent_bytes() < MOST_SENT, "{}", server.sent_bytes());
}

#[tokio::test]
async fn sizes_beyond_the_limits_are_not_asked_for() {
    let (server, image, fixture) = serving(|_| Reply::status(200)).await;
    let client = fixture.client();
    let layer = Descriptor::new("layer", Digest::of(b""), 2 * 1024 * MIB as u64 + 1);
    assert_eq!(variant(read_blob(&client, &image, &layer).await), "TooLarge");
    let config = Descriptor::new("config", Digest::of(b""), 8 * MIB as u64 + 1);
    assert_eq!(variant(client.config(&reference(&image), &config).await), "TooLarge");
    assert_eq!(server.connections(), 0);
}
