use super::*;

fn policy() -> EgressPolicy {
    let private = |authority: &str, networks: &[&str], plain_http| PrivateHost {
        authority: Authority::parse(authority).expect("a host"),
        networks: networks.iter().map(|text| text.parse().expect("a network")).collect(),
        plain_http,
        certificates: None,
    };
    let hosts = vec![
        private("registry.corp:5000", &["10.1.0.0/16"], false),
        private("127.0.0.1:5001", &["127.0.0.0/8"], true),
        private("10.9.9.9:5002", &["10.1.0.0/16"], false),
    ];
    EgressPolicy::new(
        ["registry.example.com", "hub.example:8443"].map(|text| HostPattern::parse(text).expect("")),
        hosts,
    )
}

fn named(url: &str, from: Route) -> Result<Route, EgressError> {
    policy().check(&Url::parse(url).expect("an address"), Purpose::Named, from)
}

fn refused(error: &str, urls: &[&str], from: Route) {
    for url in urls {
        let found = named(url, from).expect_err(url);
        assert!(format!("{found:?}").starts_with(error), "{url}: {found:?}");
    }
}

#[test]
fn registries_are_those_of_the_list() {
    let registry = |text: &str| policy().registry(&Authority::parse(text).expect("a host"));
    for host in ["docker.io", "ghcr.io", "europe-west1-docker.pkg.dev", "acme.azurecr.io", "registry.example.com"] {
        assert_eq!(registry(host), Ok(Route::Public), "{host}");
    }
    assert_eq!(registry("registry.corp:5000"), Ok(Route::Private(0)));
    for host in ["registry.corp", "registry.corp:5001", "evil.example", "ghcr.io:8443", "127.0.0.1", "169.254.169.254"]
    {
        assert!(registry(host).is_err(), "{host}");
    }
}

#[test]
fn literal_addresses_are_checked_in_every_form() {
    refused(
        "Address",
        &["https://127.0.0.1/", "https://0x7f000001/", "https://017700000001/", "https://2130706433/"],
        Route::Public,
    );
    refused(
        "Address",
        &["https://[::1]/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a00:1]/"],
        Route::Public,
    );
    refused("Address", &["https://169.254.169.254/", "https://0/", "https://10.0.0.1./"], Route::Public);
    assert_eq!(named("https://1.1.1.1/", Route::Public), Ok(Route::Public));
}

#[test]
fn only_https_and_its_port() {
    refused("Scheme", &["http://cdn.example/", "ftp://cdn.example/", "http://ghcr.io/"], Route::Public);
    refused("Port", &["https://cdn.example:22/", "https://cdn.example:8443/"], Route::Public);
    refused(
        "Form",
        &["https://user@cdn.example/", "https://:secret@cdn.example/", "file:///etc/passwd"],
        Route::Public,
    );
    refused("Form", &["data:text/plain,x", "unix:/var/run/docker.sock"], Route::Public);
    assert_eq!(named("https://hub.example:8443/", Route::Public), Ok(Route::Public));
}

#[test]
fn nothing_public_points_into_a_private_network() {
    refused("Host", &["https://registry.corp:5000/v2/", "http://127.0.0.1:5001/"], Route::Public);
    assert_eq!(named("https://registry.corp:5000/v2/", Route::Private(0)), Ok(Route::Private(0)));
    assert_eq!(named("http://127.0.0.1:5001/", Route::Private(1)), Ok(Route::Private(1)));
    assert_eq!(named("https://s3.example/x", Route::Private(0)), Ok(Route::Public));
}

#[test]
fn a_private_host_keeps_its_scheme_and_networks() {
    refused("Scheme", &["http://registry.corp:5000/"], Route::Private(0));
    refused("Address", &["https://10.9.9.9:5002/"], Route::Private(2));
    refused("Port", &["https://registry.corp:5001/"], Route::Private(0));
    refused("Address", &["https://10.1.0.1/"], Route::Private(0));
}

#[test]
fn a_registry_must_be_on_the_list_however_it_is_named() {
    let check = |url: &str| policy().check(&Url::parse(url).expect("an address"), Purpose::Registry, Route::Public);
    assert_eq!(check("https://us-west1-docker.pkg.dev/v2/"), Ok(Route::Public));
    assert!(matches!(check("https://cdn.example/v2/"), Err(EgressError::Host(_))));
}
