//! Credentials go to their registry and to nobody else.

use dockgate::registry::credential::{CredentialKey, Secret};
use dockgate::registry::{Digest, RegistryClient};
use secrecy::ExposeSecret;

use crate::fixture::{Fixture, basic, manifest_of, reference, variant};
use crate::server::{Hit, Reply, Server};

const LAYER: &[u8] = b"the bytes of a layer";

/// A registry that wants a token of the server at `realm`.
async fn registry(realm: String) -> (Server, String) {
    let answer = move |hit: &Hit| match hit.authorization() {
        Some("Bearer good") => Reply::new(200, &[], manifest_of(LAYER)),
        _ => Reply::challenge(&format!(
            r#"Bearer realm="{realm}",service="the service",scope="repository:other/private:pull,push""#
        )),
    };
    let server = Server::tls(answer).await;
    let own = format!("registry.test:{}", server.port);
    (server, own)
}

fn token(_: &Hit) -> Reply {
    Reply::new(200, &[], r#"{"token":"good","expires_in":300}"#)
}

async fn pull(client: &RegistryClient, own: &str) -> Result<Digest, dockgate::registry::RegistryError> {
    client.resolve(&reference(&format!("{own}/acme/app:1"))).await
}

#[tokio::test]
async fn a_token_server_elsewhere_gets_no_credentials() {
    let realm = Server::tls(token).await;
    let (server, own) = registry(format!("https://token.test:{}/token?scope=repository:x:push", realm.port)).await;
    let other = format!("token.test:{}", realm.port);
    let client = Fixture::new().host(&own).host(&other).credential(&own).client();
    pull(&client, &own).await.expect("a public image can be read as anybody");
    assert_eq!(realm.asked(), ["GET /token?service=the+service&scope=repository%3Aacme%2Fapp%3Apull"]);
    assert_eq!(realm.hits()[0].authorization(), None);
    assert!(server.hits().iter().all(|hit| hit.authorization().is_none_or(|value| value == "Bearer good")));
}

#[tokio::test]
async fn a_pair_that_the_operator_names_gets_them() {
    let realm = Server::tls(token).await;
    let (_server, own) = registry(format!("https://token.test:{}/token", realm.port)).await;
    let other = format!("token.test:{}", realm.port);
    let fixture = Fixture::new().host(&own).host(&other).credential(&own).token_host(&own, &other);
    pull(&fixture.client(), &own).await.expect("a digest");
    assert_eq!(realm.hits()[0].authorization(), Some(basic().as_str()));
}

#[tokio::test]
async fn forbidden_realms_are_not_contacted() {
    let tripwire = Server::tripwire().await;
    let port = tripwire.port;
    let plain = Server::plain(token).await;
    for realm in [
        format!("https://127.0.0.2:{port}/token"),
        format!("http://127.0.0.2:{port}/token"),
        format!("https://elsewhere.test:{port}/token"),
        format!("https://robot@elsewhere.test:{port}/token"),
        format!("http://token.test:{}/token", plain.port),
        "http://169.254.169.254/token".to_owned(),
        "https://[fd00:ec2::254]/token".to_owned(),
        "file:///etc/passwd".to_owned(),
        "/token".to_owned(),
        String::new(),
    ] {
        let (_server, own) = registry(realm.clone()).await;
        let fixture = Fixture::new()
            .host(&own)
            .host(&format!("elsewhere.test:{port}"))
            .plain_host(&format!("token.test:{}", plain.port))
            .token_host(&own, &format!("token.test:{}", plain.port))
            .credential(&own);
        fixture.names.set("elsewhere.test", &[&["127.0.0.2"]]);
        let error = variant(pull(&fixture.client(), &own).await);
        assert!(matches!(error.as_str(), "Egress" | "Malformed"), "{realm}: {error}");
    }
    assert_eq!((tripwire.connections(), plain.connections()), (0, 0));
}

#[tokio::test]
async fn a_token_server_is_not_followed_elsewhere() {
    let elsewhere = Server::tls(token).await;
    let location = format!("https://token.test:{}/token", elsewhere.port);
    let realm = Server::tls(move |_| Reply::redirect(&location)).await;
    let (_server, own) = registry(format!("https://auth.registry.test:{}/token", realm.port)).await;
    let auth = format!("auth.registry.test:{}", realm.port);
    let other = format!("token.test:{}", elsewhere.port);
    let fixture = Fixture::new().host(&own).host(&auth).host(&other).credential(&own).token_host(&own, &auth);
    assert_eq!(variant(pull(&fixture.client(), &own).await), "Redirect");
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_credential_is_for_its_path_only() {
    let realm = Server::tls(token).await;
    let (_server, own) = registry(format!("https://token.test:{}/token", realm.port)).await;
    let other = format!("token.test:{}", realm.port);
    let client =
        Fixture::new().host(&own).host(&other).token_host(&own, &other).credential(&format!("{own}/acme")).client();
    for path in ["acme/app", "acme-evil/app", "other/app"] {
        client.resolve(&reference(&format!("{own}/{path}:1"))).await.expect("a digest");
    }
    let sent: Vec<bool> = realm.hits().iter().map(|hit| hit.authorization().is_some()).collect();
    assert_eq!(sent, [true, false, false]);
}

#[tokio::test]
async fn who_reads_for_us_gets_what_is_bound_to_the_image_and_nothing_for_a_fork() {
    let server = Server::tls(|_| Reply::status(404)).await;
    let own = format!("registry.test:{}", server.port);
    let other = format!("other.test:{}", server.port);
    let client = Fixture::new().host(&own).host(&other).credential(&format!("{own}/acme")).client();
    let given = async |client: &RegistryClient, image: String| {
        let header = client.authorization(&reference(&image)).await.expect("an answer");
        header.map(|header| header.expose_secret().to_owned())
    };
    assert_eq!(given(&client, format!("{own}/acme/app:1")).await, Some(basic()));
    for image in [format!("{own}/acme-evil/app:1"), format!("{own}/other/app:1"), format!("{other}/acme/app:1")] {
        assert_eq!(given(&client, image.clone()).await, None, "{image}");
    }
    assert_eq!(given(&client.for_forks(), format!("{own}/acme/app:1")).await, None);
    let refresh = Secret::IdentityToken("refresh".to_owned().into());
    assert!(refresh.header().is_none(), "it is for the token server alone");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_fork_uses_no_credential_and_learns_nothing_read_with_one() {
    let answer = |hit: &Hit| match hit.authorization() {
        Some(value) if value == basic() => Reply::new(200, &[], manifest_of(LAYER)),
        _ => Reply::challenge("Basic realm=\"registry\""),
    };
    let server = Server::tls(answer).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).credential(&own).client();
    let image = reference(&format!("{own}/acme/app:1"));
    let digest = client.resolve(&image).await.expect("a digest");
    client.manifest(&image, &digest).await.expect("a manifest");
    let before = server.hits().len();
    let fork = client.for_forks();
    assert_eq!(variant(fork.resolve(&image).await), "NotFoundOrNotAllowed");
    assert_eq!(variant(fork.manifest(&image, &digest).await), "NotFoundOrNotAllowed");
    assert!(server.hits()[before..].iter().all(|hit| hit.authorization().is_none()));
    client.resolve(&image).await.expect("still known to those who may");
}

#[tokio::test]
async fn what_may_not_be_read_looks_like_what_is_not_there() {
    let answer = |hit: &Hit| match hit.path.split('/').nth(2) {
        Some("unauthorized") => Reply::challenge("Basic realm=\"registry\""),
        Some("forbidden") => Reply::new(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#),
        Some("absent") => Reply::status(404),
        _ => Reply::status(200),
    };
    let server = Server::tls(answer).await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).client();
    let mut told = Vec::new();
    for path in ["unauthorized", "forbidden", "absent"] {
        let error = client.resolve(&reference(&format!("{own}/{path}:1"))).await.expect_err(path);
        assert!(!error.is_retryable());
        told.push(format!("{error:?} {error}").replace(path, "X"));
    }
    assert!(told[0].contains("not found or not allowed"), "{told:?}");
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
}

#[tokio::test]
async fn each_answer_is_authenticated_by_its_own_challenge() {
    // The root is open, one repository wants a password, another one a token, a third denies without a challenge.
    let realm = Server::tls(token).await;
    let other = format!("token.test:{}", realm.port);
    let bearer = format!(r#"Bearer realm="https://{other}/token",service="s""#);
    let server = Server::tls(move |hit| {
        let is_good = hit.authorization().is_some_and(|value| value == "Bearer good" || value == basic());
        match hit.path.split('/').nth(2) {
            _ if is_good => Reply::new(200, &[], manifest_of(LAYER)),
            Some("basic") => Reply::challenge("Negotiate, Basic realm=\"registry\""),
            Some("bearer") => Reply::challenge(&bearer),
            Some("denied") => Reply::new(403, &[], r#"{"errors":[{"code":"DENIED"}]}"#),
            _ => Reply::new(200, &[("www-authenticate", &bearer)], "{}"),
        }
    })
    .await;
    let own = format!("registry.test:{}", server.port);
    let client = Fixture::new().host(&own).host(&other).token_host(&own, &other).credential(&own).client();
    for path in ["basic", "bearer", "denied"] {
        client.resolve(&reference(&format!("{own}/{path}:1"))).await.expect(path);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_once_more() {
    let realm = Server::tls(|hit| {
        let is_identity = hit.body.contains("grant_type=refresh_token") && hit.body.contains("refresh_token=refresh");
        if is_identity { Reply::new(200, &[], r#"{"access_token":"good"}"#) } else { Reply::status(401) }
    })
    .await;
    let (server, own) = registry(format!("https://token.test:{}/token", realm.port)).await;
    let other = format!("token.test:{}", realm.port);
    let mut fixture = Fixture::new().host(&own).host(&other).token_host(&own, &other);
    let place = CredentialKey::parse(&own).expect("a place");
    fixture.options.credentials.add(place, Secret::IdentityToken("refresh".into()));
    let client = fixture.client();
    pull(&client, &own).await.expect("a digest");
    assert_eq!(realm.asked(), ["POST /token"]);
    assert_eq!(server.hits().len(), 3, "HEAD without, HEAD and GET with a token");

    let stubborn = Server::tls(|_| Reply::new(200, &[], r#"{"token":"bad"}"#)).await;
    let (server, own) = registry(format!("https://token.test:{}/token", stubborn.port)).await;
    let client = Fixture::new().host(&own).host(&format!("token.test:{}", stubborn.port)).client();
    assert_eq!(variant(pull(&client, &own).await), "NotFoundOrNotAllowed");
    assert_eq!((server.hits().len(), stubborn.hits().len()), (2, 1));
}

#[tokio::test]
async fn odd_token_servers_give_errors() {
    let long = "x".repeat(10 * 1024 * 1024);
    for (answer, expected) in [
        ("not json", "Malformed"),
        ("{}", "Malformed"),
        (r#"{"token":"line\nbreak"}"#, "Malformed"),
        (long.as_str(), "TooLarge"),
    ] {
        let answer = answer.to_owned();
        let realm = Server::tls(move |_| Reply::new(200, &[], answer.clone())).await;
        let (_server, own) = registry(format!("https://token.test:{}/token", realm.port)).await;
        let client = Fixture::new().host(&own).host(&format!("token.test:{}", realm.port)).client();
        assert_eq!(variant(pull(&client, &own).await), expected);
    }
}
