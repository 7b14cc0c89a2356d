//! The HTTP clients: one for public hosts, one for each private host.
//!
//! Invariant: a client resolves names through the guard alone, follows no redirect, uses no proxy of the environment,
//! and trusts the authority of a private host for that host only.

use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy};
use secrecy::ExposeSecret;
use url::Url;

use super::RegistryError;
use super::egress::resolver::{Ground, GuardedResolver};
use super::egress::{EgressPolicy, PrivateHost, Route};
use super::options::RegistryOptions;

/// Bytes of the headers of one answer over HTTP/2; HTTP/1 has a bound of its own, 100 headers.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// Every client.
pub struct Connections {
    public: Client,
    private: Vec<Client>,
}

impl Connections {
    /// The clients for what `policy` allows.
    ///
    /// # Errors
    /// [`RegistryError::Options`] for a certificate or a proxy that can't be read.
    pub fn new(policy: &EgressPolicy, options: &RegistryOptions) -> Result<Self, RegistryError> {
        let private = policy.private_hosts().iter().map(|host| private(host, options)).collect::<Result<_, _>>()?;
        Ok(Self { public: public(options)?, private })
    }

    /// The client of `route`.
    pub fn client(&self, route: Route) -> &Client {
        match route {
            Route::Public => &self.public,
            Route::Private(index) => self.private.get(index).unwrap_or(&self.public),
        }
    }
}

fn builder(options: &RegistryOptions, ground: Ground) -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("dockgate/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(GuardedResolver::new(Arc::clone(&options.lookup), ground)))
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(options.limits.connect)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .pool_max_idle_per_host(4)
}

fn public(options: &RegistryOptions) -> Result<Client, RegistryError> {
    let wrong = |why: &str| RegistryError::Options(why.to_owned());
    let Some(proxy) = &options.proxy else {
        let ground = Ground::Public { proxy: None };
        return builder(options, ground).build().map_err(|error| wrong(&error.without_url().to_string()));
    };
    // The address may hold a password, so nothing of it is repeated.
    let address: Url = proxy.expose_secret().parse().map_err(|_| wrong("the proxy is no address"))?;
    let ground = Ground::Public { proxy: address.host_str().map(ToOwned::to_owned) };
    let proxy = Proxy::all(address).map_err(|_| wrong("the proxy can't be used"))?;
    builder(options, ground).proxy(proxy).build().map_err(|error| wrong(&error.without_url().to_string()))
}

fn private(host: &PrivateHost, options: &RegistryOptions) -> Result<Client, RegistryError> {
    let wrong = |what: &str| RegistryError::Options(format!("{}: {what}", host.authority));
    let mut builder = builder(options, Ground::Networks(host.networks.clone()));
    if let Some(pem) = &host.certificates {
        let certificates = Certificate::from_pem_bundle(pem).map_err(|_| wrong("certificates are not PEM"))?;
        if certificates.is_empty() {
            return Err(wrong("no certificate found"));
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| wrong(&error.without_url().to_string()))
}
