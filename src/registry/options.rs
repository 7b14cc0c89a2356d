//! What an operator decides about registries.

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

use super::credential::CredentialStore;
use super::egress::PrivateHost;
use super::egress::host::{Authority, HostPattern};
use super::egress::resolver::{Lookup, SystemLookup};
use super::limits::RegistryLimits;

/// A registry that is asked before another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The registry of the references, such as `docker.io`.
    pub registry: Authority,
    /// Who is asked first.
    pub mirror: Authority,
    /// What stands before the repository there, such as `dockerhub-proxy`; may be empty.
    pub path: String,
}

/// A host that may get the credentials of a registry to make tokens of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHost {
    /// The registry.
    pub registry: Authority,
    /// The host of its token server.
    pub host: Authority,
}

/// Everything that the operator may set.
#[derive(Clone)]
pub struct RegistryOptions {
    /// Registries beside the default ones.
    pub allowed: Vec<HostPattern>,
    /// Registries in private networks.
    pub private: Vec<PrivateHost>,
    /// Registries that are asked before others.
    pub mirrors: Vec<Mirror>,
    /// Token servers elsewhere than their registry.
    pub token_hosts: Vec<TokenHost>,
    /// The credentials.
    pub credentials: CredentialStore,
    /// The address of a proxy for public hosts; without it none is used, whatever the environment says.
    pub proxy: Option<SecretString>,
    /// What may come at most.
    pub limits: RegistryLimits,
    /// The name service.
    pub lookup: Arc<dyn Lookup>,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            private: Vec::new(),
            mirrors: Vec::new(),
            token_hosts: Vec::new(),
            credentials: CredentialStore::default(),
            proxy: None,
            limits: RegistryLimits::default(),
            lookup: Arc::new(SystemLookup),
        }
    }
}

impl RegistryOptions {
    /// Whether credentials of `registry` may go to the token server at `realm`.
    pub fn may_get_credentials(&self, registry: &Authority, realm: &Authority) -> bool {
        let is_pair = |pair: &TokenHost| pair.registry == *registry && pair.host == *realm;
        registry.may_share_credentials(realm) || self.token_hosts.iter().any(is_pair)
    }
}

impl fmt::Debug for RegistryOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RegistryOptions")
            .field("allowed", &self.allowed)
            .field("private", &self.private)
            .field("mirrors", &self.mirrors)
            .field("token_hosts", &self.token_hosts)
            .field("credentials", &self.credentials)
            .field("proxy", &self.proxy.is_some())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
