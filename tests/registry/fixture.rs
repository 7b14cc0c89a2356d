//! A client whose world is these tests: names, private hosts, limits.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dockgate::image::remote::RemoteImage;
use dockgate::image::source::find_image;
use dockgate::registry::credential::{CredentialKey, Secret};
use dockgate::registry::egress::PrivateHost;
use dockgate::registry::egress::host::{Authority, HostPattern};
use dockgate::registry::egress::resolver::Lookup;
use dockgate::registry::{
    Descriptor, Digest, ImageManifest, MemoryManifests, Platform, RegistryClient, RegistryError, RegistryOptions,
    TokenHost,
};
use dockgate::scan::image_reference::ImageReference;

use crate::pki::PKI;

/// The name service of the tests: each name has answers that it goes through, the last one for good.
#[derive(Default)]
pub struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    /// The name leads to each of `answers` in turn.
    pub fn set(&self, name: &str, answers: &[&[&str]]) {
        let parse = |texts: &&[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect();
        self.answers.lock().expect("names").insert(name.to_owned(), answers.iter().map(parse).collect());
    }

    /// How many questions there were.
    pub fn asked(&self) -> usize {
        self.asked.lock().expect("names").len()
    }

    /// How many were for `name`.
    pub fn asked_for(&self, name: &str) -> usize {
        self.asked.lock().expect("names").iter().filter(|asked| *asked == name).count()
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().expect("names").push(host.to_owned());
        let mut answers = self.answers.lock().expect("names");
        match answers.get_mut(host) {
            Some(turns) if turns.len() > 1 => Ok(turns.remove(0)),
            Some(turns) => Ok(turns[0].clone()),
            None if host.split('.').next_back() == Some("test") => Ok(vec![[127, 0, 0, 1].into()]),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
}

/// The image for `platform` behind `digest`, with its own digest.
pub async fn find(
    client: &RegistryClient,
    image: &ImageReference,
    digest: &Digest,
    platform: &Platform,
) -> Result<(Digest, ImageManifest), RegistryError> {
    let source = RemoteImage { client: client.clone(), reference: image.clone() };
    find_image(&source, digest, platform).await.map(|found| (found.digest, found.manifest))
}

/// The options of one test.
pub struct Fixture {
    pub options: RegistryOptions,
    pub names: Arc<Names>,
}

pub fn authority(text: &str) -> Authority {
    Authority::parse(text).expect("a host")
}

impl Fixture {
    pub fn new() -> Self {
        let names = Arc::new(Names::default());
        let mut options =
            RegistryOptions { lookup: Arc::clone(&names) as Arc<dyn Lookup>, ..RegistryOptions::default() };
        options.limits.request = Duration::from_secs(20);
        Self { options, names }
    }

    /// A private host with TLS at 127.0.0.1 alone.
    pub fn host(mut self, name: &str) -> Self {
        self.options.private.push(private(name, false));
        self
    }

    /// A private host that may be spoken to without TLS.
    pub fn plain_host(mut self, name: &str) -> Self {
        self.options.private.push(private(name, true));
        self
    }

    /// A registry that counts as public.
    pub fn public_host(mut self, name: &str) -> Self {
        self.options.allowed.push(HostPattern::parse(name).expect("a pattern"));
        self
    }

    pub fn credential(mut self, place: &str) -> Self {
        let secret = Secret::Password { user: "robot".to_owned(), password: PASSWORD.into() };
        self.options.credentials.add(CredentialKey::parse(place).expect("a place"), secret);
        self
    }

    pub fn token_host(mut self, registry: &str, host: &str) -> Self {
        self.options.token_hosts.push(TokenHost { registry: authority(registry), host: authority(host) });
        self
    }

    pub fn client(self) -> RegistryClient {
        RegistryClient::new(self.options, Arc::new(MemoryManifests::default())).expect("a client")
    }
}

fn private(name: &str, plain_http: bool) -> PrivateHost {
    let networks = vec!["127.0.0.1/32".parse().expect("a network")];
    PrivateHost { authority: authority(name), networks, plain_http, certificates: Some(PKI.read("ca.pem")) }
}

/// The password of every credential; it must be seen nowhere but at its registry.
pub const PASSWORD: &str = "pass-word-of-the-robot";

/// `Basic` with the user and password of every credential.
pub fn basic() -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("robot:{PASSWORD}")))
}

pub fn reference(text: &str) -> ImageReference {
    text.parse().expect("a reference")
}

/// A layer with the digest of `content`.
pub fn layer_of(content: &[u8]) -> Descriptor {
    Descriptor::new("application/vnd.oci.image.layer.v1.tar", Digest::of(content), content.len() as u64)
}

/// The manifest of an image with the layer `content`.
pub fn manifest_of(content: &[u8]) -> String {
    let (config, layer) = (Digest::of(b"{}"), Digest::of(content));
    format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer}","size":{}}}]}}"#,
        content.len()
    )
}

/// Reads a blob to its end.
pub async fn read_blob(
    client: &RegistryClient,
    image: &str,
    descriptor: &Descriptor,
) -> Result<Vec<u8>, RegistryError> {
    let mut stream = client.blob(&reference(image), descriptor).await?;
    let mut content = Vec::new();
    while let Some(bytes) = stream.next().await {
        content.extend_from_slice(&bytes?);
    }
    assert!(stream.next().await.is_none(), "a stream that ended stays so");
    Ok(content)
}

/// The name of an error's variant.
pub fn variant<T: std::fmt::Debug>(result: Result<T, RegistryError>) -> String {
    let error = result.expect_err("an error");
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(&basic()[6..]), "a secret in {shown}");
    shown.chars().take_while(char::is_ascii_alphanumeric).collect()
}
