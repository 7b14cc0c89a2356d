use super::*;
use crate::settings::process::ProcessSettings;

fn configure(pairs: &[(&str, &str)]) -> Result<RegistryOptions, String> {
    let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = ProcessSettings::read(&BTreeMap::new(), &environment, |_| Err("no such file".to_owned()));
    let settings = settings.map_err(|errors| errors.to_string())?.registry;
    let read_file = |path: &str| if path == "/ca.pem" { Ok(b"PEM".to_vec()) } else { Err("no such file".to_owned()) };
    RegistryOptions::configure(&settings, &environment, read_file).map_err(|error| error.to_string())
}

#[test]
fn every_variable_is_read() {
    let options = configure(&[
        ("DOCKGATE_REGISTRY_ALLOW", "registry.example.com, *.hub.example:8443"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp:5000=10.1.0.0/16+fd00::/8;ca=/ca.pem,lab:80=192.168.1.7;http"),
        ("DOCKGATE_REGISTRY_MIRRORS", "docker.io=registry.corp:5000/hub"),
        ("DOCKGATE_REGISTRY_TOKEN_HOSTS", "registry.corp:5000=login.example.com"),
        ("DOCKGATE_REGISTRY_CLOUDS", "google:europe-docker.pkg.dev/acme"),
        ("DOCKGATE_REGISTRY_AUTH", r#"{"auths":{"ghcr.io/acme":{"username":"robot","password":"hidden-word"}}}"#),
        ("DOCKGATE_REGISTRY_PROXY", "http://robot:hidden-word@proxy.corp:3128"),
    ]);
    let options = options.expect("options");
    assert_eq!(options.allowed.iter().map(ToString::to_string).collect::<Vec<_>>()[1], "*.hub.example:8443");
    let [corp, lab] = options.private.as_slice() else { panic!("two private hosts") };
    assert_eq!((corp.authority.to_string().as_str(), corp.networks.len()), ("registry.corp:5000", 2));
    assert!(corp.certificates.is_some() && !corp.plain_http && lab.plain_http && lab.certificates.is_none());
    assert_eq!(options.mirrors[0].path, "hub");
    assert_eq!(options.token_hosts[0].host.to_string(), "login.example.com");
    let keys: Vec<String> = options.credentials.keys().map(ToString::to_string).collect();
    assert_eq!(keys, ["ghcr.io/acme", "europe-docker.pkg.dev/acme"]);
    assert!(options.proxy.is_some() && !format!("{options:?}").contains("hidden-word"));
}

#[test]
fn mistakes_are_named() {
    for (name, value, expected) in [
        ("DOCKGATE_REGISTRY_ALLOW", "*", "\"*\" is not host[:port]"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp", "is not host[:port]=network"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp=0.0.0.0/0", "not a network"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp=10.0.0.0/8;tls", "is not host[:port]=network"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp=10.0.0.0/8;ca=/x", "/x could not be read: no such file"),
        ("DOCKGATE_REGISTRY_PRIVATE", "registry.corp=10.0.0.0/8;http", "plain http needs a port"),
        ("DOCKGATE_REGISTRY_MIRRORS", "docker.io=mirror.gcr.io/../x", "is not registry=host"),
        ("DOCKGATE_REGISTRY_TOKEN_HOSTS", "login.example.com", "is not registry=host"),
        ("DOCKGATE_REGISTRY_CLOUDS", "oracle:x.example", "is not ecr:HOST"),
        ("DOCKGATE_REGISTRY_AUTH", "hidden-word", "not a docker configuration"),
        ("DOCKGATE_REGISTRY_AUTH_FILE", "/x", "/x could not be read"),
    ] {
        let error = configure(&[(name, value)]).expect_err(name);
        assert!(error.contains(expected) && error.contains(name.trim_end_matches("_FILE")), "{error}");
        assert!(!error.contains("hidden-word"), "{error}");
    }
}
