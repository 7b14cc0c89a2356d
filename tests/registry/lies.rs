//! A registry is believed only when its bytes have the digest.

use dockgate::registry::{Digest, Manifest, Platform, RegistryError};

use crate::fixture::{Fixture, find, layer_of, manifest_of, read_blob, reference, variant};
use crate::server::{Hit, Reply, Server};

const LAYER: &[u8] = b"the bytes of a layer";

async fn serving(answer: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> (Server, String, Fixture) {
    let server = Server::tls(answer).await;
    let own = format!("registry.test:{}", server.port);
    let fixture = Fixture::new().host(&own);
    (server, format!("{own}/app:1"), fixture)
}

#[tokio::test]
async fn the_digest_of_a_tag_is_that_of_its_bytes() {
    let lie = Digest::of(b"something else").to_string();
    for claimed in [lie.as_str(), "sha256:short", "../../x", ""] {
        let claimed = claimed.to_owned();
        let answer = move |_: &Hit| Reply::new(200, &[("docker-content-digest", &claimed)], manifest_of(LAYER));
        let (_server, image, fixture) = serving(answer).await;
        let digest = fixture.client().resolve(&reference(&image)).await.expect("a digest");
        assert_eq!(digest, Digest::of(manifest_of(LAYER).as_bytes()));
    }
    let (_server, image, fixture) = serving(|hit| match hit.method.as_str() {
        "HEAD" => Reply::status(405),
        _ => Reply::new(200, &[], manifest_of(LAYER)),
    })
    .await;
    let digest = fixture.client().resolve(&reference(&image)).await.expect("a digest, without HEAD");
    assert_eq!(digest, Digest::of(manifest_of(LAYER).as_bytes()));
}

#[tokio::test]
async fn another_manifest_than_the_one_asked_for_is_refused() {
    let (server, image, fixture) = serving(|_| Reply::new(200, &[], manifest_of(LAYER))).await;
    let client = fixture.client();
    let wanted = Digest::of(manifest_of(b"another layer").as_bytes());
    assert_eq!(variant(client.manifest(&reference(&image), &wanted).await), "WrongContent");
    // It was not kept either.
    assert_eq!(variant(client.manifest(&reference(&image), &wanted).await), "WrongContent");
    assert_eq!(server.hits().len(), 2);
}

#[tokio::test]
async fn a_layer_must_be_the_one_that_was_asked_for() {
    let wrong = LAYER.to_ascii_uppercase();
    let short = LAYER[..10].to_vec();
    let long = [LAYER, b"more"].concat();
    for (content, announced) in
        [(wrong, true), (short.clone(), true), (short, false), (long.clone(), true), (long, false)]
    {
        let shown = String::from_utf8_lossy(&content).into_owned();
        let answer = move |_: &Hit| {
            if announced {
                return Reply::new(200, &[], content.clone());
            }
            Reply::parts(200, &[], std::iter::once(content.clone()))
        };
        let (_server, image, fixture) = serving(answer).await;
        let client = fixture.client();
        assert_eq!(variant(read_blob(&client, &image, &layer_of(LAYER)).await), "WrongContent", "{shown}");
        let config = client.config(&reference(&image), &layer_of(LAYER)).await;
        assert_eq!(variant(config), "WrongContent", "{shown}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_end() {
    let length = LAYER.len().to_string();
    let answer =
        move |_: &Hit| Reply::parts(200, &[("content-length", &length)], std::iter::once(LAYER[..10].to_vec()));
    let (_server, image, fixture) = serving(answer).await;
    let client = fixture.client();
    let error = read_blob(&client, &image, &layer_of(LAYER)).await.expect_err("short");
    assert!(matches!(error, RegistryError::Unreachable { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(variant(client.config(&reference(&image), &layer_of(LAYER)).await), "Unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_hears_of_a_lie_too() {
    let (_server, image, fixture) = serving(|_| Reply::new(200, &[], LAYER.to_ascii_uppercase())).await;
    let mut reader = fixture.client().blob(&reference(&image), &layer_of(LAYER)).await.expect("a stream").into_read();
    let read = tokio::task::spawn_blocking(move || std::io::Read::read_to_end(&mut reader, &mut Vec::new()));
    let error = read.await.expect("a thread").expect_err("not the layer");
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<RegistryError>());
    assert!(matches!(inner, Some(RegistryError::WrongContent { .. })), "{error:?}");
}

#[tokio::test]
async fn schema_1_is_refused_by_name() {
    let text = r#"{"schemaVersion":1,"name":"app","tag":"1","architecture":"amd64","fsLayers":[],"signatures":[]}"#;
    let (_server, image, fixture) = serving(move |_| Reply::new(200, &[], text)).await;
    let client = fixture.client();
    let error = client.resolve(&reference(&image)).await.expect_err("schema 1");
    assert!(error.to_string().contains("schema 1 is not supported"), "{error}");
    assert_eq!(variant(client.manifest(&reference(&image), &Digest::of(text.as_bytes())).await), "Unsupported");
}

/// An index of the entries `manifests`.
fn index_of(manifests: &[String]) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, manifests.join(","))
}

fn entry_of(text: &str, platform: &str) -> String {
    let kind = if text.contains("manifests") { "index" } else { "manifest" };
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.{kind}.v1+json","digest":"{}","size":{}{platform}}}"#,
        Digest::of(text.as_bytes()),
        text.len()
    )
}

#[tokio::test]
async fn indexes_are_bounded_in_width_and_depth() {
    let image_text = manifest_of(LAYER);
    let amd64 = r#","platform":{"os":"linux","architecture":"amd64"}"#;
    let one = index_of(&[entry_of(&image_text, amd64)]);
    let two = index_of(&[entry_of(&one, "")]);
    let three = index_of(&[entry_of(&two, "")]);
    let wide = index_of(&vec![entry_of(&image_text, amd64); 10_000]);
    let texts = [image_text, one, two, three, wide];
    let digests = texts.clone().map(|text| Digest::of(text.as_bytes()));
    let answer = move |hit: &Hit| {
        let found = texts.iter().find(|text| hit.path.ends_with(Digest::of(text.as_bytes()).as_str()));
        found.map_or_else(|| Reply::status(404), |text| Reply::new(200, &[], text.as_str()))
    };
    let (_server, image, fixture) = serving(answer).await;
    let client = fixture.client();
    let platform = |text: &str| text.parse::<Platform>().expect("a platform");
    let image = reference(&image);
    for digest in &digests[..3] {
        let (found, read) = find(&client, &image, digest, &platform("linux/amd64")).await.expect("an image");
        assert_eq!((&found, read.layers.len()), (&digests[0], 1));
    }
    assert_eq!(variant(find(&client, &image, &digests[3], &platform("linux/amd64")).await), "TooMany");
    assert_eq!(variant(client.manifest(&image, &digests[4]).await), "TooMany");
    assert_eq!(variant(find(&client, &image, &digests[1], &platform("linux/arm64")).await), "NoPlatform");
    assert!(matches!(client.manifest(&image, &digests[1]).await, Ok(Manifest::Index(_))));
}
