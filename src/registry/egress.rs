//! The egress guard: which hosts and addresses a request on behalf of a pull request may reach.
//!
//! Invariant: a connection goes to an address that was checked after its name was resolved, and the name is resolved
//! once for it; public hosts never lead to private networks, and a private host is reached only by its exact name, on
//! its exact port, within the networks that the operator gave for it.

pub mod address;
pub mod host;
pub mod resolver;

use std::net::IpAddr;

use url::{Host, Url};

use address::{Network, is_public};
use host::{Authority, HostPattern};

/// The registries that may be reached when nothing else is set.
///
/// Docker Hub, GitHub, Quay, Google's two, Amazon's three forms, Azure, Microsoft, Kubernetes and Chainguard.
pub const DEFAULT_HOSTS: [&str; 14] = [
    "docker.io",
    "registry-1.docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "*.gcr.io",
    "*.pkg.dev",
    "public.ecr.aws",
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.azurecr.io",
    "mcr.microsoft.com",
    "registry.k8s.io",
    "cgr.dev",
];

/// A registry in a private network, which is reached only as it is written here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateHost {
    /// Its exact name and port.
    pub authority: Authority,
    /// Where its name may lead.
    pub networks: Vec<Network>,
    /// Whether it speaks plain http, for tests and labs.
    pub plain_http: bool,
    /// The certificate authorities that it is checked against instead of the system's, PEM.
    pub certificates: Option<Vec<u8>>,
}

/// What may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressPolicy {
    allowed: Vec<HostPattern>,
    private: Vec<PrivateHost>,
}

/// The kind of network that a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Public addresses.
    Public,
    /// The private host of this index.
    Private(usize),
}

/// What an address was found for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A registry itself: its host must be on the list.
    Registry,
    /// Content that a registry redirects to, or the token server that it names: any public host.
    Named,
}

/// What the policy forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The host is not one of those that may be reached.
    #[error("host {0} is not on the list of allowed registries")]
    Host(String),
    /// The name leads to an address that may not be reached.
    #[error("host {0} leads to an address that is not allowed")]
    Address(String),
    /// Not https.
    #[error("only https is allowed")]
    Scheme,
    /// A port that may not be reached.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// An address with a user, a password, or no host.
    #[error("the address holds a user or no host")]
    Form,
}

impl EgressPolicy {
    /// The default registries, those that `allowed` adds, and private ones.
    pub fn new(allowed: impl IntoIterator<Item = HostPattern>, private: Vec<PrivateHost>) -> Self {
        let built_in = DEFAULT_HOSTS.iter().filter_map(|text| HostPattern::parse(text));
        Self { allowed: built_in.chain(allowed).collect(), private }
    }

    /// The private hosts, in the order of [`Route::Private`].
    pub fn private_hosts(&self) -> &[PrivateHost] {
        &self.private
    }

    /// Whether a registry of this name may be asked.
    ///
    /// # Errors
    /// [`EgressError::Host`].
    pub fn registry(&self, authority: &Authority) -> Result<Route, EgressError> {
        if let Some(index) = self.private.iter().position(|host| host.authority == *authority) {
            return Ok(Route::Private(index));
        }
        if self.allowed.iter().any(|pattern| pattern.matches(authority)) {
            return Ok(Route::Public);
        }
        Err(EgressError::Host(authority.to_string()))
    }

    /// Whether `url` may be asked, when the registry that named it was reached by `from`.
    ///
    /// # Errors
    /// Every variant of [`EgressError`].
    pub fn check(&self, url: &Url, purpose: Purpose, from: Route) -> Result<Route, EgressError> {
        let authority = Authority::of(url).ok_or(EgressError::Form)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Form);
        }
        let route = match (self.registry(&authority), purpose) {
            (Ok(route), _) => route,
            (Err(error), Purpose::Registry) => return Err(error),
            (Err(_), Purpose::Named) => Route::Public,
        };
        match route {
            // Nothing public may point into a private network, not even to a registry that is allowed in itself.
            Route::Private(_) if from == Route::Public => Err(EgressError::Host(authority.to_string())),
            Route::Private(index) => self.check_private(index, url, &authority),
            Route::Public => self.check_public(url, &authority),
        }
        .map(|()| route)
    }

    fn check_private(&self, index: usize, url: &Url, authority: &Authority) -> Result<(), EgressError> {
        let host = self.private.get(index).ok_or_else(|| EgressError::Host(authority.to_string()))?;
        if url.scheme() != "https" && !(host.plain_http && url.scheme() == "http") {
            return Err(EgressError::Scheme);
        }
        let is_within = |ip| host.networks.iter().any(|network| network.contains(ip));
        if literal(url).is_none_or(is_within) { Ok(()) } else { Err(EgressError::Address(authority.to_string())) }
    }

    fn check_public(&self, url: &Url, authority: &Authority) -> Result<(), EgressError> {
        if url.scheme() != "https" {
            return Err(EgressError::Scheme);
        }
        if let Some(port) = authority.port()
            && !self.allowed.iter().any(|pattern| pattern.matches(authority))
        {
            return Err(EgressError::Port(port));
        }
        // A literal address is never resolved, so it is checked here.
        if literal(url).is_none_or(is_public) { Ok(()) } else { Err(EgressError::Address(authority.to_string())) }
    }
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self::new([], Vec::new())
    }
}

/// The address that stands in the place of a host name.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests;
