use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

fn key(text: &str) -> CredentialKey {
    CredentialKey::parse(text).expect("a place")
}

fn check(place: &str, image: &str, expected: bool) {
    let (host, path) = image.split_once('/').expect("host/path");
    let authority = Authority::parse(host).expect("a host");
    assert_eq!(key(place).covers(&authority, path), expected, "{place} {image}");
}

#[test]
fn credentials_are_bound_to_host_and_segments() {
    check("ghcr.io", "ghcr.io/acme/app", true);
    check("ghcr.io/acme", "ghcr.io/acme/app", true);
    check("ghcr.io/acme/app", "ghcr.io/acme/app", true);
    check("ghcr.io/acme", "ghcr.io/acme-evil/app", false);
    check("ghcr.io/acme/app", "ghcr.io/acme/app2", false);
    check("ghcr.io/acme/app", "ghcr.io/acme", false);
    check("ghcr.io", "ghcr.io.evil.example/acme/app", false);
    check("ghcr.io", "ghcr.io:8443/acme/app", false);
    check("registry.example:5000", "registry.example/app", false);
    check("GHCR.io/", "ghcr.io/acme/app", true);
}

#[test]
fn docker_hub_has_one_name() {
    for place in ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io", "index.docker.io/v1"] {
        check(place, "docker.io/library/nginx", true);
        check(place, "evil.example/library/nginx", false);
    }
    check("docker.io/acme", "docker.io/library/nginx", false);
    for text in ["", "/", "https://", "ghcr.io//acme", "ghcr.io/../acme", "ghcr.io/*", "*.example.com"] {
        assert_eq!(CredentialKey::parse(text), None, "{text}");
    }
}

fn found(store: &CredentialStore, image: &str) -> Option<String> {
    let (host, path) = image.split_once('/').expect("host/path");
    store.find(&Authority::parse(host).expect("a host"), path).map(|entry| entry.key().to_string())
}

/// User and password of a secret, in the one form that tests may see.
fn shown(secret: Option<Secret>) -> String {
    match secret {
        Some(Secret::Password { user, password }) => format!("{user}:{}", password.expose_secret()),
        Some(Secret::IdentityToken(token)) => format!("identity {}", token.expose_secret()),
        Some(Secret::RegistryToken(token)) => format!("registry {}", token.expose_secret()),
        None => "none".to_owned(),
    }
}

async fn secret_of(store: &CredentialStore, image: &str) -> String {
    let (host, path) = image.split_once('/').expect("host/path");
    let entry = store.find(&Authority::parse(host).expect("a host"), path).expect("a credential");
    shown(entry.secret().await.expect("a secret"))
}

fn encoded(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn the_docker_configuration_is_read() {
    let text = serde_json::json!({
        "auths": {
            "https://index.docker.io/v1/": {"auth": encoded("hub:pass:word")},
            "ghcr.io": {"auth": encoded("everyone:a")},
            "ghcr.io/acme": {"username": "acme", "password": "b"},
            "acme.azurecr.io": {"auth": encoded("00000000:"), "identitytoken": "refresh"},
            "quay.io": {"registrytoken": "bearer"},
            "empty.example": {},
        },
        "HttpHeaders": {"User-Agent": "x"},
    });
    let store = docker_config::read(&text.to_string(), None).expect("a configuration");
    assert_eq!(secret_of(&store, "docker.io/library/nginx").await, "hub:pass:word");
    assert_eq!(secret_of(&store, "ghcr.io/acme/app").await, "acme:b");
    assert_eq!(secret_of(&store, "ghcr.io/acme2/app").await, "everyone:a");
    assert_eq!(secret_of(&store, "acme.azurecr.io/app").await, "identity refresh");
    assert_eq!(secret_of(&store, "quay.io/app/x").await, "registry bearer");
    assert_eq!(found(&store, "empty.example/app"), None);
    assert_eq!(found(&store, "evil.example/app"), None);
}

#[test]
fn nothing_prints_a_secret() {
    let text = format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{}"}}}}}}"#, encoded("someone:hidden-word"));
    let store = docker_config::read(&text, None).expect("a configuration");
    let entry = store.find(&Authority::parse("ghcr.io").expect("a host"), "a/b").expect("an entry");
    let secret = Secret::Password { user: "someone".to_owned(), password: "hidden-word".into() };
    let printed = format!("{store:?} {entry:?} {secret:?} {:?}", secret.basic());
    assert!(!printed.contains("hidden-word") && !printed.contains(&encoded("someone:hidden-word")), "{printed}");
    let wrong = r#"{"auths":{"ghcr.io":{"auth":"hidden-word"}}}"#;
    let error = docker_config::read(wrong, None).expect_err("no base64").to_string();
    assert!(error.contains("ghcr.io") && !error.contains("hidden-word"), "{error}");
    let error = docker_config::read("{\"auths\": hidden-word", None).expect_err("no JSON").to_string();
    assert!(!error.contains("hidden-word"), "{error}");
}

/// A helper program in `folder`, which a shell runs.
fn write_helper(folder: &Path, name: &str, script: &str) {
    let path = folder.join(format!("docker-credential-{name}"));
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[tokio::test]
async fn helpers_are_asked_for_what_the_configuration_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let answer =
        r#"read -r server; echo "$server" >> "$0.log"; echo "{\"Username\":\"me\",\"Secret\":\"of $server\"}""#;
    write_helper(folder.path(), "keep", answer);
    write_helper(folder.path(), "token", r#"echo '{"Username":"<token>","Secret":"refresh"}'"#);
    write_helper(folder.path(), "none", "echo 'credentials not found in native keychain'; exit 1");
    let text = r#"{"credsStore":"keep","auths":{"https://index.docker.io/v1/":{},"quay.io/acme":{}},
        "credHelpers":{"acme.azurecr.io":"token","ghcr.io":"none"}}"#;
    let store = docker_config::read(text, Some(folder.path())).expect("a configuration");
    assert_eq!(secret_of(&store, "docker.io/acme/app").await, "me:of https://index.docker.io/v1/");
    assert_eq!(secret_of(&store, "docker.io/other/app").await, "me:of https://index.docker.io/v1/");
    assert_eq!(secret_of(&store, "quay.io/acme/app").await, "me:of quay.io/acme");
    assert_eq!(secret_of(&store, "acme.azurecr.io/app").await, "identity refresh");
    assert_eq!(secret_of(&store, "ghcr.io/acme/app").await, "none");
    assert_eq!(found(&store, "evil.example/app"), None);
    let log = fs::read_to_string(folder.path().join("docker-credential-keep.log")).expect("a log");
    assert_eq!(log, "https://index.docker.io/v1/\nquay.io/acme\n", "each server is asked for once");
}

#[tokio::test]
async fn a_helper_that_fails_says_so_without_its_output() {
    let folder = tempfile::tempdir().expect("a folder");
    write_helper(folder.path(), "broken", "echo hidden-word; echo hidden-word >&2; exit 3");
    write_helper(folder.path(), "odd", "echo hidden-word");
    write_helper(folder.path(), "endless", "exec yes hidden-word");
    for name in ["broken", "odd", "endless", "absent"] {
        let text = format!(r#"{{"credHelpers":{{"ghcr.io":"{name}"}}}}"#);
        let store = docker_config::read(&text, Some(folder.path())).expect("a configuration");
        let entry = store.find(&Authority::parse("ghcr.io").expect("a host"), "a/b").expect("an entry");
        let error = entry.secret().await.expect_err(name);
        assert!(matches!(error, RegistryError::Credential { .. }) && error.is_retryable());
        assert!(error.to_string().contains(&format!("docker-credential-{name}")), "{error}");
        assert!(!error.to_string().contains("hidden-word"), "{error}");
    }
}

#[test]
fn a_helper_is_a_name_and_no_path() {
    for name in ["../x", "/bin/sh", "-x", "a b", "a;b", "A", "."] {
        let text = serde_json::json!({"credHelpers": {"ghcr.io": name}}).to_string();
        assert!(docker_config::read(&text, None).is_err(), "{name}");
    }
}

#[test]
fn the_first_credential_for_a_place_stays() {
    let mut store = CredentialStore::default();
    let secret = |user: &str| Secret::Password { user: user.to_owned(), password: "x".into() };
    store.add(key("ghcr.io"), secret("a"));
    store.add(key("ghcr.io"), secret("b"));
    let mut others = CredentialStore::default();
    others.add(key("ghcr.io"), secret("c"));
    others.add(key("ghcr.io/acme"), secret("d"));
    store.extend(others);
    assert_eq!(store.keys().map(ToString::to_string).collect::<Vec<_>>(), ["ghcr.io/acme", "ghcr.io"]);
}
