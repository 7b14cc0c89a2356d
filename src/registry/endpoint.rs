//! Where an image is asked for: its registry, or a mirror of it.

use std::sync::Arc;

use http::Method;
use url::Url;

use super::credential::{CredentialEntry, CredentialStore};
use super::egress::host::Authority;
use super::egress::{EgressError, EgressPolicy, Route};
use super::options::RegistryOptions;
use crate::scan::image_reference::{DEFAULT_REGISTRY, ImageReference};

/// The host that serves Docker Hub's images.
const HUB_HOST: &str = "registry-1.docker.io";

/// A repository at one host.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The host.
    pub authority: Authority,
    /// The repository there.
    pub path: String,
    /// How it is reached.
    pub route: Route,
    /// The credential that is bound to it, when it may be used.
    pub credential: Option<Arc<CredentialEntry>>,
    scheme: &'static str,
}

/// What is asked of an endpoint.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What is attempted, for errors.
    pub operation: &'static str,
    /// On what, for errors.
    pub subject: &'a str,
    /// Of whom.
    pub endpoint: &'a Endpoint,
    /// GET or HEAD.
    pub method: Method,
    /// Below the repository: `manifests/…` or `blobs/…`.
    pub resource: String,
}

impl Endpoint {
    /// Every place where `reference` may be asked for, mirrors first, with credentials out of `credentials`.
    ///
    /// # Errors
    /// [`EgressError::Host`] when its registry, or a mirror, may not be reached.
    pub fn all(
        reference: &ImageReference,
        policy: &EgressPolicy,
        options: &RegistryOptions,
        credentials: Option<&CredentialStore>,
    ) -> Result<Vec<Self>, EgressError> {
        let registry =
            Authority::parse(reference.registry()).ok_or_else(|| EgressError::Host(reference.registry().to_owned()))?;
        // Whoever names a registry that may not be reached learns nothing through its mirror either.
        policy.registry(&registry)?;
        let mirrors = options.mirrors.iter().filter(|mirror| mirror.registry == registry);
        let places = mirrors.map(|mirror| {
            let prefix = mirror.path.trim_matches('/');
            let path = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            (mirror.mirror.clone(), path + reference.path())
        });
        let origin = (registry.clone(), reference.path().to_owned());
        places.chain([origin]).map(|(host, path)| Self::new(&host, path, policy, credentials)).collect()
    }

    fn new(
        registry: &Authority,
        path: String,
        policy: &EgressPolicy,
        credentials: Option<&CredentialStore>,
    ) -> Result<Self, EgressError> {
        let route = policy.registry(registry)?;
        let is_plain = match route {
            Route::Public => false,
            Route::Private(index) => policy.private_hosts().get(index).is_some_and(|host| host.plain_http),
        };
        let credential = credentials.and_then(|store| store.find(registry, &path));
        let hub = (registry.host() == DEFAULT_REGISTRY).then(|| Authority::parse(HUB_HOST)).flatten();
        let authority = hub.unwrap_or_else(|| registry.clone());
        Ok(Self { authority, path, route, credential, scheme: if is_plain { "http" } else { "https" } })
    }

    /// Who reads here, as a part of the keys of caches.
    pub fn reader(&self) -> String {
        self.credential.as_ref().map_or_else(|| "anybody".to_owned(), |entry| entry.key().to_string())
    }

    /// The address of `resource` in this repository; of the root of the interface when there is none.
    pub fn url(&self, resource: Option<&str>) -> Option<Url> {
        let root = format!("{}://{}/v2/", self.scheme, self.authority);
        let url = resource.map_or_else(|| root.clone(), |resource| format!("{root}{}/{resource}", self.path));
        Url::parse(&url).ok()
    }
}

impl Request<'_> {
    /// Whether a registry that counts pulls counts this one.
    pub fn is_pull(&self) -> bool {
        self.method == Method::GET && self.is_manifest()
    }

    /// Whether a manifest is asked for.
    pub fn is_manifest(&self) -> bool {
        self.resource.starts_with("manifests/")
    }
}
