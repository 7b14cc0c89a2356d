//! A real registry with real images, behind each kind of authentication.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use dockgate::registry::{Digest, Manifest, Platform, RegistryClient};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::debian::{Access, Debian, Images};
use crate::fixture::{Fixture, basic, find, reference, variant};
use crate::pki::{PKI, certificate};
use crate::server::{Hit, Reply, Server};

static IMAGES: LazyLock<Images> = LazyLock::new(Images::push);

/// Starts a registry aside, for it takes a while.
async fn serve(access: Access) -> Debian {
    tokio::task::spawn_blocking(move || IMAGES.serve(&access)).await.expect("a registry")
}

/// Reads the image for amd64 from its tag to the last byte of its layer.
async fn read_all(client: &RegistryClient, image: &str) {
    let image = reference(image);
    let digest = client.resolve(&image).await.expect("a digest");
    assert_eq!(digest, IMAGES.layout.index, "the digest is that of the index");
    let Manifest::Index(index) = client.manifest(&image, &digest).await.expect("a manifest") else {
        panic!("an index")
    };
    let platforms: Vec<String> =
        index.manifests.iter().flat_map(|entry| &entry.platform).map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);

    let platform: Platform = "linux/amd64".parse().expect("a platform");
    let (_, found) = find(client, &image, &digest, &platform).await.expect("an image");
    let config = client.config(&image, &found.config).await.expect("a configuration");
    let config: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["architecture"], "amd64");
    let mut reader = client.blob(&image, &found.layers[0]).await.expect("a layer").into_read();
    let read = move || {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).map(|_| content)
    };
    let content = tokio::task::spawn_blocking(read).await.expect("a thread").expect("the whole layer");
    assert!(content == IMAGES.layout.layer, "the layer as it was pushed");
}

async fn absent_things_are_absent(client: &RegistryClient, own: &str) {
    let absent = Digest::of(b"absent");
    let image = reference(&format!("{own}/acme/app:absent"));
    assert_eq!(variant(client.resolve(&image).await), "NotFoundOrNotAllowed");
    assert_eq!(variant(client.manifest(&image, &absent).await), "NotFoundOrNotAllowed");
    let layer = dockgate::registry::Descriptor::new("layer", absent, 1);
    assert_eq!(variant(client.blob(&image, &layer).await), "NotFoundOrNotAllowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_registry_over_plain_http() {
    let registry = serve(Access::Open).await;
    let own = format!("registry.test:{}", registry.port);
    let client = Fixture::new().plain_host(&own).client();
    read_all(&client, &format!("{own}/acme/app:1")).await;
    absent_things_are_absent(&client, &own).await;
    // Plain http is for the host that was named, not for its neighbour.
    let strict = Fixture::new().host(&own).client();
    assert_eq!(variant(strict.resolve(&reference(&format!("{own}/acme/app:1"))).await), "Unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_over_tls() {
    let registry = serve(Access::Password).await;
    let own = format!("registry.test:{}", registry.port);
    let client = Fixture::new().host(&own).credential(&own).client();
    read_all(&client, &format!("{own}/acme/app:1")).await;
    absent_things_are_absent(&client, &own).await;
    let image = reference(&format!("{own}/acme/app:1"));
    assert_eq!(variant(client.for_forks().resolve(&image).await), "NotFoundOrNotAllowed");
    let elsewhere = Fixture::new().host(&own).credential(&format!("{own}/acm")).client();
    assert_eq!(variant(elsewhere.resolve(&image).await), "NotFoundOrNotAllowed");
    // The authority of the tests is trusted for hosts that name it only.
    let mut unknown = Fixture::new().host(&own);
    unknown.options.private[0].certificates = None;
    assert_eq!(variant(unknown.client().resolve(&image).await), "Unreachable");
}

/// A token server: anybody gets a token that allows nothing, the robot one to pull.
fn token_server(hit: &Hit) -> Reply {
    let scope = hit.path.split("scope=").nth(1).unwrap_or_default();
    let is_known = hit.authorization() == Some(basic().as_str());
    let access = match scope.split("%3A").collect::<Vec<_>>().as_slice() {
        ["repository", name, "pull"] if is_known => {
            json!([{"type": "repository", "name": name.replace("%2F", "/"), "actions": ["pull"]}])
        }
        _ => json!([]),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let claims = json!({
        "iss": "tests", "sub": "robot", "aud": "debian", "exp": now + 300, "nbf": now - 60, "iat": now, "jti": "1",
        "access": access,
    });
    let chain = base64::engine::general_purpose::STANDARD.encode(certificate(&PKI.path("ca.pem")));
    let header = Header { x5c: Some(vec![chain]), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(&PKI.read("ca.key")).expect("a key");
    let token = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
    Reply::new(200, &[], json!({"token": token, "expires_in": 300}).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_over_tls() {
    let tokens = Server::tls(token_server).await;
    let other = format!("token.test:{}", tokens.port);
    let registry = serve(Access::Token(format!("https://{other}/token"))).await;
    let own = format!("registry.test:{}", registry.port);
    let fixture = || Fixture::new().host(&own).host(&other).credential(&format!("{own}/acme"));
    let client = fixture().token_host(&own, &other).client();
    read_all(&client, &format!("{own}/acme/app:1")).await;
    assert_eq!(tokens.hits().len(), 1, "one token for all requests of a repository");
    absent_things_are_absent(&client, &own).await;

    let image = reference(&format!("{own}/acme/app:1"));
    assert_eq!(variant(client.for_forks().resolve(&image).await), "NotFoundOrNotAllowed");
    let unpaired = fixture().client();
    assert_eq!(variant(unpaired.resolve(&image).await), "NotFoundOrNotAllowed");
    let sent = tokens.hits().iter().filter(|hit| hit.authorization().is_some()).count();
    assert_eq!(sent, 1, "credentials went out once, for the pair");
}
