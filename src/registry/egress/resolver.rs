//! From a name to addresses, once for each connection and checked in between.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Network, is_public};

/// Addresses of one name that are tried at most.
const MAX_ADDRESSES: usize = 16;

/// Asks for the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every address of `host`.
    ///
    /// # Errors
    /// Those of the name service.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own name service.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A name that leads where we may not go.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not allowed")]
pub struct ForbiddenAddress;

/// Where the names that one client resolves may lead.
#[derive(Clone, Debug)]
pub enum Ground {
    /// To public addresses; the proxy that the operator has set may be anywhere.
    Public {
        /// The name of the proxy.
        proxy: Option<String>,
    },
    /// Into these networks.
    Networks(Vec<Network>),
}

/// Gives a connection only addresses that were checked, and none when any of a name's is forbidden.
pub struct GuardedResolver {
    lookup: Arc<dyn Lookup>,
    ground: Arc<Ground>,
}

impl GuardedResolver {
    /// Names that `lookup` resolves may lead to `ground`.
    pub fn new(lookup: Arc<dyn Lookup>, ground: Ground) -> Self {
        Self { lookup, ground: Arc::new(ground) }
    }
}

impl Ground {
    fn allows(&self, host: &str, ip: IpAddr) -> bool {
        match self {
            Self::Public { proxy } => is_public(ip) || proxy.as_deref() == Some(host),
            Self::Networks(networks) => networks.iter().any(|network| network.contains(ip)),
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, ground) = (Arc::clone(&self.lookup), Arc::clone(&self.ground));
        Box::pin(async move {
            let mut addresses = lookup.lookup(name.as_str()).await?;
            addresses.truncate(MAX_ADDRESSES);
            // One forbidden address among allowed ones is how a name is turned around between two questions.
            if !addresses.iter().all(|ip| ground.allows(name.as_str(), *ip)) {
                return Err(ForbiddenAddress.into());
            }
            let addresses: Vec<SocketAddr> = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
