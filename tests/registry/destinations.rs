//! No request reaches a host or an address that the operator did not allow.

use dockgate::registry::{Digest, Manifest, Platform};

use crate::fixture::{Fixture, PASSWORD, find, manifest_of, read_blob, reference, variant};
use crate::server::{Reply, Server};

#[tokio::test]
async fn only_registries_of_the_list_are_resolved() {
    let tripwire = Server::tripwire().await;
    let fixture = Fixture::new();
    let names = std::sync::Arc::clone(&fixture.names);
    names.set("evil.example", &[&["127.0.0.2"]]);
    let client = fixture.client();
    for host in ["evil.example", "127.0.0.2", "0x7f.2", "[::1]", "localhost", "docker.io.evil.example"] {
        let image = reference(&format!("{host}:{}/app:1", tripwire.port));
        assert_eq!(variant(client.resolve(&image).await), "Egress", "{host}");
        assert_eq!(variant(client.for_forks().manifest(&image, &Digest::of(b"")).await), "Egress", "{host}");
    }
    assert_eq!((names.asked(), tripwire.connections()), (0, 0));
}

#[tokio::test]
async fn an_allowed_name_that_leads_inside_is_not_contacted() {
    let tripwire = Server::tripwire().await;
    let name = format!("registry.example:{}", tripwire.port);
    for answer in [&["127.0.0.2"][..], &["::1"], &["::ffff:127.0.0.2"], &["1.1.1.1", "127.0.0.2"], &["10.0.0.1"]] {
        let fixture = Fixture::new().public_host(&name);
        fixture.names.set("registry.example", &[answer]);
        let image = reference(&format!("{name}/app:1"));
        assert_eq!(variant(fixture.client().resolve(&image).await), "Egress", "{answer:?}");
    }
    assert_eq!(tripwire.connections(), 0);
}

#[tokio::test]
async fn a_literal_address_is_checked_though_it_is_not_resolved() {
    let tripwire = Server::tripwire().await;
    let name = format!("127.0.0.2:{}", tripwire.port);
    let as_public = Fixture::new().public_host(&name).client();
    let as_private = Fixture::new().host(&name).client();
    for client in [as_public, as_private] {
        assert_eq!(variant(client.resolve(&reference(&format!("{name}/app:1"))).await), "Egress");
    }
    assert_eq!(tripwire.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_refused_at_its_next_connection() {
    let server = Server::tls(|_| Reply::new(200, &[], manifest_of(b"layer"))).await;
    let tripwire = Server::tripwire_at(server.port).await;
    let name = format!("registry.test:{}", server.port);
    let fixture = Fixture::new().host(&name);
    fixture.names.set("registry.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let names = std::sync::Arc::clone(&fixture.names);
    let client = fixture.client();
    // The HEAD goes out to the first address, the GET would go to the second one.
    assert_eq!(variant(client.resolve(&reference(&format!("{name}/app:1"))).await), "Egress");
    assert_eq!(server.asked(), ["HEAD /v2/app/manifests/1"]);
    assert_eq!((names.asked(), tripwire.connections()), (2, 0), "one question for each connection");
}

#[tokio::test]
async fn a_private_host_is_its_exact_name_and_port() {
    let server = Server::tls(|_| Reply::new(200, &[], manifest_of(b"layer"))).await;
    let client = Fixture::new().host(&format!("registry.test:{}", server.port)).client();
    for host in [format!("storage.test:{}", server.port), "registry.test".to_owned(), "registry.test:1".to_owned()] {
        assert_eq!(variant(client.resolve(&reference(&format!("{host}/app:1"))).await), "Egress", "{host}");
    }
    assert_eq!(server.connections(), 0);
    let image = reference(&format!("registry.test:{}/app:1", server.port));
    assert_eq!(client.resolve(&image).await.expect("a digest"), Digest::of(manifest_of(b"layer").as_bytes()));
}

#[tokio::test]
async fn foreign_layers_are_not_fetched_from_anywhere() {
    let tripwire = Server::tripwire().await;
    let urls = format!(r#","urls":["http://127.0.0.2:{0}/x","https://127.0.0.2:{0}/x"]}}]}}"#, tripwire.port);
    let manifest = manifest_of(b"layer").replace("}]}", &urls);
    let digest = Digest::of(manifest.as_bytes());
    let server = Server::tls(move |_| Reply::new(200, &[], manifest.clone())).await;
    let name = format!("registry.test:{}/app:1", server.port);
    let client = Fixture::new().host(&format!("registry.test:{}", server.port)).client();
    let platform: Platform = "linux/amd64".parse().expect("a platform");
    let (_, image) = find(&client, &reference(&name), &digest, &platform).await.expect("an image");
    let error = client.blob(&reference(&name), &image.layers[0]).await.expect_err("refused");
    assert!(error.to_string().contains("a foreign layer is not supported"), "{error}");
    assert_eq!(variant(read_blob(&client, &name, &image.layers[0]).await), "Unsupported");
    assert_eq!((tripwire.connections(), server.hits().len()), (0, 1));
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    const INNER: &str = "DOCKGATE_TEST_INNER";
    if std::env::var_os(INNER).is_some() {
        let server = Server::tls(|_| Reply::new(200, &[], manifest_of(b"layer"))).await;
        let name = format!("registry.test:{}", server.port);
        let client = Fixture::new().host(&name).client();
        let digest = client.resolve(&reference(&format!("{name}/app:1"))).await.expect("a digest");
        let manifest = client.manifest(&reference(&format!("{name}/app:1")), &digest).await.expect("a manifest");
        assert!(matches!(manifest, Manifest::Image(_)));
        return;
    }
    let tripwire = Server::tripwire().await;
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "destinations::a_proxy_of_the_environment_is_not_used"]).env(INNER, "1");
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, format!("http://127.0.0.2:{}", tripwire.port));
    }
    let output = command.env_remove("NO_PROXY").env_remove("no_proxy").output().await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(tripwire.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_is_set_is_used_for_public_hosts_alone() {
    let proxy = Server::plain(|_| Reply::status(502)).await;
    let server = Server::tls(|_| Reply::new(200, &[], manifest_of(b"layer"))).await;
    let name = format!("registry.test:{}", server.port);
    let mut fixture = Fixture::new().host(&name);
    fixture.options.proxy = Some(format!("http://robot:{PASSWORD}@127.0.0.1:{}", proxy.port).into());
    assert!(!format!("{:?}", fixture.options).contains(PASSWORD));
    let client = fixture.client();
    assert!(client.resolve(&reference(&format!("{name}/app:1"))).await.is_ok());
    assert_eq!(proxy.connections(), 0);
    let error = client.resolve(&reference("ghcr.io/acme/app:1")).await.expect_err("the proxy refuses");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    assert_eq!(proxy.asked(), ["CONNECT ghcr.io:443"]);
}
