//! Images at their registries, read as if every registry, and everybody who names one, meant harm.
//!
//! A [`RegistryClient`] is a thin one of our own, because what it must refuse is most of its work: where it may connect
//! to ([`egress`]), whom it shows a credential ([`credential`], `authorization`), how much it reads ([`limits`]), and
//! what it believes (`manifest`, `blob`: only bytes whose digest was checked).
//!
//! Invariant: every connection goes through the egress guard; whatever a method gives back was checked by its digest;
//! for a change from a fork, only what anybody may read is read.

mod authorization;
mod blob;
mod cache;
mod challenge;
mod configure;
mod connection;
pub mod credential;
mod digest;
pub mod egress;
mod endpoint;
mod error;
mod exchange;
pub mod limits;
mod manifest;
mod options;
mod rate_limit;
pub mod resolve;
mod tag;
mod tag_list;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use secrecy::SecretString;

pub use blob::{BlobReader, BlobStream};
pub use cache::{ManifestCache, MemoryManifests};
pub use challenge::Challenge;
pub use digest::{Digest, DigestError, Verifier};
pub use error::RegistryError;
pub use limits::RegistryLimits;
pub use manifest::{Descriptor, ImageManifest, Index, Manifest, Platform, PlatformError};
pub use options::{Mirror, RegistryOptions, TokenHost};

use cache::{Timed, Turns};
use credential::Secret;
use endpoint::{Endpoint, Request};
use exchange::Exchange;

use crate::scan::image_reference::ImageReference;

/// Reads images. Cheap to clone; clones share connections, tokens and what is known.
#[derive(Clone)]
pub struct RegistryClient {
    shared: Arc<Shared>,
    is_for_forks: bool,
}

struct Shared {
    exchange: Exchange,
    manifests: Arc<dyn ManifestCache>,
    tags: Timed<String, Digest>,
    lists: Timed<String, Arc<Vec<String>>>,
    turns: Turns,
}

impl RegistryClient {
    /// A client that keeps manifests in `manifests`.
    ///
    /// # Errors
    /// [`RegistryError::Options`].
    pub fn new(options: RegistryOptions, manifests: Arc<dyn ManifestCache>) -> Result<Self, RegistryError> {
        let exchange = Exchange::new(options)?;
        let shared =
            Shared { exchange, manifests, tags: Timed::default(), lists: Timed::default(), turns: Turns::default() };
        Ok(Self { shared: Arc::new(shared), is_for_forks: false })
    }

    /// The same client for a change that comes from a fork: it uses no credential and knows nothing that was read with
    /// one.
    #[must_use]
    pub fn for_forks(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_for_forks: true }
    }

    /// The `Authorization` that opens the repository of `reference` at its own registry, for somebody who reads it for
    /// us: of the credential that is bound to it, and none for a change that comes from a fork.
    ///
    /// # Errors
    /// [`RegistryError::Egress`], and [`RegistryError::Credential`] when its keeper does not give it.
    pub async fn authorization(&self, reference: &ImageReference) -> Result<Option<SecretString>, RegistryError> {
        // The last place is the registry itself; a mirror's credential is not for it.
        let endpoint = self.endpoints("authorize", reference)?.pop();
        match endpoint.and_then(|endpoint| endpoint.credential) {
            Some(entry) => Ok(entry.secret().await?.as_ref().and_then(Secret::header)),
            None => Ok(None),
        }
    }

    /// The manifest or index `digest` of the repository of `reference`, fetched once ever.
    ///
    /// # Errors
    /// Every variant of [`RegistryError`] but [`NoPlatform`](RegistryError::NoPlatform).
    pub async fn manifest(&self, reference: &ImageReference, digest: &Digest) -> Result<Manifest, RegistryError> {
        let subject = format!("{}@{digest}", reference.repository());
        let endpoints = self.endpoints("read manifest", reference)?;
        let key = manifest_key(reference, &endpoints);
        let _turn = self.shared.turns.wait(&format!("{key} {digest}")).await;
        if let Some(bytes) = self.known(&key, digest).await {
            return Manifest::read(&bytes, &subject);
        }
        let bytes = self.fetch_manifest(&endpoints, digest, &subject).await?;
        let manifest = Manifest::read(&bytes, &subject)?;
        self.shared.manifests.save(&key, digest, bytes).await;
        Ok(manifest)
    }

    /// The configuration `descriptor` of an image of `reference`, as a whole.
    ///
    /// # Errors
    /// As [`blob`](Self::blob).
    pub async fn config(&self, reference: &ImageReference, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let max_bytes = self.limits().config_bytes;
        let subject = format!("{}@{}", reference.repository(), descriptor.digest);
        let operation = "read config";
        let wrong = || RegistryError::WrongContent { operation, subject: subject.clone() };
        check_fetchable(descriptor, operation, &subject, max_bytes)?;
        let endpoints = self.endpoints(operation, reference)?;
        let mut places = endpoints.iter().peekable();
        while let Some(endpoint) = places.next() {
            let request = blob_request(operation, &subject, endpoint, descriptor);
            let answer = self.shared.exchange.fetch(&request, descriptor.size_bytes).await;
            if may_ask_next(&answer) && places.peek().is_some() {
                continue;
            }
            let bytes = answer.map_err(|error| if is_too_large(&error) { wrong() } else { error })?;
            let is_right = bytes.len() as u64 == descriptor.size_bytes && descriptor.digest.names(&bytes);
            return if is_right { Ok(bytes.into()) } else { Err(wrong()) };
        }
        Err(denied(operation, subject))
    }

    /// The blob `descriptor` of an image of `reference`, as it comes. Its size and digest are checked at its end.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`] for a foreign layer, [`RegistryError::TooLarge`] for one beyond the limit, and
    /// those of the connection.
    pub async fn blob(&self, reference: &ImageReference, descriptor: &Descriptor) -> Result<BlobStream, RegistryError> {
        let operation = "read blob";
        let subject = format!("{}@{}", reference.repository(), descriptor.digest);
        check_fetchable(descriptor, operation, &subject, self.limits().layer_bytes)?;
        let endpoints = self.endpoints(operation, reference)?;
        let mut places = endpoints.iter().peekable();
        while let Some(endpoint) = places.next() {
            let answer = self.shared.exchange.send(&blob_request(operation, &subject, endpoint, descriptor)).await;
            if may_ask_next(&answer) && places.peek().is_some() {
                continue;
            }
            let response = answer?;
            if response.content_length().is_some_and(|length| length != descriptor.size_bytes) {
                return Err(RegistryError::WrongContent { operation, subject });
            }
            return Ok(BlobStream::new(response, descriptor, subject, self.limits()));
        }
        Err(denied(operation, subject))
    }

    fn limits(&self) -> &RegistryLimits {
        &self.shared.exchange.options.limits
    }

    fn endpoints(&self, operation: &'static str, reference: &ImageReference) -> Result<Vec<Endpoint>, RegistryError> {
        let Exchange { policy, options, .. } = &self.shared.exchange;
        let credentials = (!self.is_for_forks).then_some(&options.credentials);
        Endpoint::all(reference, policy, options, credentials).map_err(|source| RegistryError::Egress {
            operation,
            subject: reference.to_string(),
            source,
        })
    }

    async fn fetch_manifest(
        &self,
        endpoints: &[Endpoint],
        digest: &Digest,
        subject: &str,
    ) -> Result<Bytes, RegistryError> {
        let operation = "read manifest";
        let mut places = endpoints.iter().peekable();
        while let Some(endpoint) = places.next() {
            let resource = format!("manifests/{digest}");
            let request = Request { operation, subject, endpoint, method: Method::GET, resource };
            let answer = self.shared.exchange.fetch(&request, self.limits().manifest_bytes).await;
            if may_ask_next(&answer) && places.peek().is_some() {
                continue;
            }
            let bytes = answer?;
            let wrong = || RegistryError::WrongContent { operation, subject: subject.to_owned() };
            return if digest.names(&bytes) { Ok(bytes) } else { Err(wrong()) };
        }
        Err(denied(operation, subject.to_owned()))
    }

    /// A manifest that was read before; its keeper is not believed either.
    async fn known(&self, key: &str, digest: &Digest) -> Option<Bytes> {
        self.shared.manifests.load(key, digest).await.filter(|bytes| digest.names(bytes))
    }
}

impl fmt::Debug for RegistryClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.shared.exchange.options;
        formatter
            .debug_struct("RegistryClient")
            .field("options", options)
            .field("is_for_forks", &self.is_for_forks)
            .finish_non_exhaustive()
    }
}

/// The repository and who may read it.
fn manifest_key(reference: &ImageReference, endpoints: &[Endpoint]) -> String {
    let readers: Vec<String> = endpoints.iter().map(Endpoint::reader).collect();
    format!("{} as {}", reference.repository(), readers.join(" or "))
}

/// Whether the next place may have what this one did not give.
fn may_ask_next<T>(answer: &Result<T, RegistryError>) -> bool {
    answer
        .as_ref()
        .is_err_and(|error| error.is_retryable() || matches!(error, RegistryError::NotFoundOrNotAllowed { .. }))
}

fn is_too_large(error: &RegistryError) -> bool {
    matches!(error, RegistryError::TooLarge { .. })
}

fn denied(operation: &'static str, subject: String) -> RegistryError {
    RegistryError::NotFoundOrNotAllowed { operation, subject }
}

fn check_fetchable(
    descriptor: &Descriptor,
    operation: &'static str,
    subject: &str,
    max_bytes: u64,
) -> Result<(), RegistryError> {
    let subject = || subject.to_owned();
    if descriptor.is_foreign {
        return Err(RegistryError::Unsupported { operation, subject: subject(), what: "a foreign layer" });
    }
    if descriptor.size_bytes > max_bytes {
        return Err(RegistryError::TooLarge { operation, subject: subject(), max_bytes });
    }
    Ok(())
}

fn blob_request<'a>(
    operation: &'static str,
    subject: &'a str,
    endpoint: &'a Endpoint,
    descriptor: &Descriptor,
) -> Request<'a> {
    let resource = format!("blobs/{}", descriptor.digest);
    Request { operation, subject, endpoint, method: Method::GET, resource }
}
