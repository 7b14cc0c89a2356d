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

/// What `dockgate pin --dry-run` says of the image, with `config` as what docker keeps.
fn pin(image: &str, config: &str, more: Option<(&str, &str)>) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("config.json"), config).expect("a file");
    std::fs::write(folder.path().join("Dockerfile"), format!("FROM {image}\n")).expect("a file");
    let host = image.split('/').next().unwrap_or_default();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dockgate"))
        .args(["pin", "--dry-run"])
        .current_dir(folder.path())
        .env_remove("DOCKGATE_REGISTRY_AUTH")
        .env("DOCKER_CONFIG", folder.path())
        .envs(more)
        .env("DOCKGATE_REGISTRY_PRIVATE", format!("{host}=127.0.0.0/8;ca={}", PKI.path("ca.pem").display()))
        .output()
        .expect("dockgate");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_knows_the_logins_of_docker() {
    let registry = serve(Access::Password).await;
    let own = format!("localhost:{}", registry.port);
    let image = format!("{own}/acme/app:1");
    let login = |host: &str| json!({"auths": {host: {"auth": &basic()["Basic ".len()..]}}}).to_string();
    let (_, said) = pin(&image, &login(&own), None);
    assert!(said.contains(&format!("{image}@{}", IMAGES.layout.index)), "{said}");
    let others = [(login("elsewhere.test"), None), (login(&own), Some(("DOCKGATE_REGISTRY_AUTH", "{}")))];
    for (config, more) in others {
        let (_, said) = pin(&image, &config, more);
        assert!(said.contains("is not pinned") && !said.contains('@'), "{said}");
    }
    let helper = json!({"credHelpers": {&own: "nowhere"}}).to_string();
    let (_, said) = pin(&image, &helper, None);
    assert!(said.contains("docker-credential-nowhere") && said.contains("could not be run"), "{said}");
    let (code, said) = pin(&image, "no JSON", None);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("use the logins of docker in") && said.contains("config.json"), "{said}");
}
