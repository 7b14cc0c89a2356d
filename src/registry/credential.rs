//! Credentials, bound to the exact host and path that the operator named.
//!
//! Invariant: a credential is found by whole host, port and path segments, never by a part of a text; which program or
//! cloud is asked, and for what, comes from the operator's own configuration alone; no secret can be printed.

pub mod aws;
pub mod azure;
pub mod cloud;
pub mod docker_config;
pub mod google;
pub mod helper;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::RegistryError;
use super::egress::host::Authority;

/// What proves who we are.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A user with a password or an access token.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// A refresh token, which the token server alone gets.
    IdentityToken(SecretString),
    /// A bearer token for the registry itself.
    RegistryToken(SecretString),
}

/// A secret with how long it may be used.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The secret; `None` when its keeper knows of none.
    pub secret: Option<Secret>,
    /// How long it holds.
    pub lifetime: Duration,
}

/// Why a keeper of secrets gave none, without any secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// A keeper of secrets: a configuration, a helper program, a cloud.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The secret that holds now.
    ///
    /// # Errors
    /// [`CredentialError`] when the keeper did not answer, or not in its form.
    async fn issue(&self) -> Result<Issued, CredentialError>;
}

/// Where a credential may be used: `host[:port][/segment…]`, such as `ghcr.io/acme`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialKey {
    authority: Authority,
    segments: Vec<Box<str>>,
}

/// The credentials of one operator.
#[derive(Clone, Default)]
pub struct CredentialStore {
    /// Those with the longest path first.
    entries: Vec<Arc<CredentialEntry>>,
}

/// One credential and where it may be used.
pub struct CredentialEntry {
    key: CredentialKey,
    source: Box<dyn CredentialSource>,
    issued: Mutex<Option<(Issued, Instant)>>,
}

impl Secret {
    /// The `Basic` credentials of a user and a password, base64; a registry never gets another kind that way.
    pub(super) fn basic(&self) -> Option<SecretString> {
        let Self::Password { user, password } = self else { return None };
        let text = format!("{user}:{}", password.expose_secret());
        Some(base64::engine::general_purpose::STANDARD.encode(text).into())
    }
}

impl Secret {
    /// The whole header that shows it to its registry; `None` for one that its token server alone may see.
    pub fn header(&self) -> Option<SecretString> {
        match self {
            Self::Password { .. } => self.basic().map(|basic| format!("Basic {}", basic.expose_secret()).into()),
            Self::RegistryToken(token) => Some(format!("Bearer {}", token.expose_secret()).into()),
            Self::IdentityToken(_) => None,
        }
    }
}

impl CredentialKey {
    /// Reads `[https://]host[:port][/segment…]`. Docker Hub has several names and is one registry; `/v1/` and `/v2/`,
    /// which old configurations carry, are no path.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let path = if matches!(path, "v1" | "v2") { "" } else { path };
        let segments: Vec<Box<str>> = path.split('/').filter(|_| !path.is_empty()).map(Into::into).collect();
        let fits = segments.iter().all(|segment| !matches!(&**segment, "" | "." | ".." | "*"));
        fits.then_some(Self { authority: canonical(&Authority::parse(host)?), segments })
    }

    /// Whether an image at `path` of `authority` lies within.
    pub fn covers(&self, authority: &Authority, path: &str) -> bool {
        let mut found = path.split('/');
        self.authority == canonical(authority) && self.segments.iter().all(|wanted| found.next() == Some(&**wanted))
    }

    /// The registry.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

/// Docker Hub by its one name.
fn canonical(authority: &Authority) -> Authority {
    let is_hub = matches!(authority.host(), "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com");
    let hub = (is_hub && authority.port().is_none()).then(|| Authority::parse("docker.io")).flatten();
    hub.unwrap_or_else(|| authority.clone())
}

impl fmt::Display for CredentialKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.authority)?;
        self.segments.iter().try_for_each(|segment| write!(formatter, "/{segment}"))
    }
}

impl CredentialStore {
    /// Adds a credential; of two for the same place the first one added stays.
    pub fn add(&mut self, key: CredentialKey, source: impl CredentialSource + 'static) {
        if self.entries.iter().any(|entry| entry.key == key) {
            return;
        }
        self.entries.push(Arc::new(CredentialEntry { key, source: Box::new(source), issued: Mutex::default() }));
        self.entries.sort_by_key(|entry| std::cmp::Reverse(entry.key.segments.len()));
    }

    /// Adds all of `others`, after one's own.
    pub fn extend(&mut self, others: Self) {
        let known = |entries: &[Arc<CredentialEntry>], key: &CredentialKey| entries.iter().any(|e| e.key == *key);
        for entry in others.entries {
            if !known(&self.entries, &entry.key) {
                self.entries.push(entry);
            }
        }
        self.entries.sort_by_key(|entry| std::cmp::Reverse(entry.key.segments.len()));
    }

    /// The credential for an image at `path` of `authority`: the one with the longest path that covers it.
    pub fn find(&self, authority: &Authority, path: &str) -> Option<Arc<CredentialEntry>> {
        self.entries.iter().find(|entry| entry.key.covers(authority, path)).cloned()
    }

    /// Where there are credentials for, to be shown.
    pub fn keys(&self) -> impl Iterator<Item = &CredentialKey> {
        self.entries.iter().map(|entry| &entry.key)
    }
}

impl fmt::Debug for CredentialStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keys().map(ToString::to_string)).finish()
    }
}

impl CredentialEntry {
    /// Where this may be used.
    pub fn key(&self) -> &CredentialKey {
        &self.key
    }

    /// The secret, asked for again when its time is over; one question at a time.
    ///
    /// # Errors
    /// [`RegistryError::Credential`].
    pub async fn secret(&self) -> Result<Option<Secret>, RegistryError> {
        let mut issued = self.issued.lock().await;
        if let Some((known, until)) = issued.as_ref()
            && Instant::now() < *until
        {
            return Ok(known.secret.clone());
        }
        let fresh = self.source.issue().await.map_err(|error| RegistryError::Credential {
            host: self.key.authority.to_string(),
            why: error.to_string(),
        })?;
        let secret = fresh.secret.clone();
        *issued = Some((fresh.clone(), Instant::now() + fresh.lifetime));
        Ok(secret)
    }
}

impl fmt::Debug for CredentialEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CredentialEntry").field("key", &self.key.to_string()).finish_non_exhaustive()
    }
}

/// A secret that stands in a configuration.
#[async_trait]
impl CredentialSource for Secret {
    async fn issue(&self) -> Result<Issued, CredentialError> {
        Ok(Issued { secret: Some(self.clone()), lifetime: Duration::from_hours(1) })
    }
}

#[cfg(test)]
mod tests;
