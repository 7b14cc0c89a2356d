//! From a tag to its digest.
//!
//! Invariant: a digest is the SHA-256 of bytes that were read; a header is believed only when it names a manifest of
//! the same repository that was read before.

use http::Method;
use reqwest::Response;

use super::endpoint::{Endpoint, Request};
use super::{Digest, Manifest, RegistryClient, RegistryError, denied, manifest_key, may_ask_next};
use crate::scan::image_reference::ImageReference;

/// The tag of a reference without one.
const DEFAULT_TAG: &str = "latest";

impl RegistryClient {
    /// The digest that `reference` names: its own, or that of its tag.
    ///
    /// # Errors
    /// As [`resolve_tag`](Self::resolve_tag).
    pub async fn resolve(&self, reference: &ImageReference) -> Result<Digest, RegistryError> {
        match reference.digest() {
            Some(text) => text.parse().map_err(|_| RegistryError::Unsupported {
                operation: "read digest",
                subject: reference.to_string(),
                what: "this algorithm of digests",
            }),
            None => self.resolve_tag(reference).await,
        }
    }

    /// The digest that the tag of `reference` names now (`latest` without one), known for ten minutes.
    ///
    /// It is the SHA-256 of bytes that we read: what a registry says about a tag is believed only when it names a
    /// manifest of this repository that we have read before.
    ///
    /// # Errors
    /// Every variant of [`RegistryError`] but [`NoPlatform`](RegistryError::NoPlatform).
    pub async fn resolve_tag(&self, reference: &ImageReference) -> Result<Digest, RegistryError> {
        let endpoints = self.endpoints("resolve", reference)?;
        let tag = reference.tag().unwrap_or(DEFAULT_TAG);
        let key = tag_key(reference, &endpoints);
        let _turn = self.shared.turns.wait(&key).await;
        if let Some(digest) = self.shared.tags.get(&key) {
            return Ok(digest);
        }
        let mut places = endpoints.iter().peekable();
        while let Some(endpoint) = places.next() {
            let answer = self.ask_tag(reference, &endpoints, endpoint, tag).await;
            if may_ask_next(&answer) && places.peek().is_some() {
                continue;
            }
            let digest = answer?;
            self.shared.tags.put(key, digest.clone(), self.limits().tag);
            return Ok(digest);
        }
        Err(denied("resolve", reference.to_string()))
    }

    /// As [`resolve_tag`](Self::resolve_tag), but asks whether it is known or not: for a tag that is awaited.
    ///
    /// # Errors
    /// As [`resolve_tag`](Self::resolve_tag).
    pub async fn resolve_anew(&self, reference: &ImageReference) -> Result<Digest, RegistryError> {
        let endpoints = self.endpoints("resolve", reference)?;
        self.shared.tags.forget(&tag_key(reference, &endpoints));
        self.resolve(reference).await
    }

    /// Asks what a tag names: a HEAD, which registries do not count, and a GET only for a manifest that is not known.
    async fn ask_tag(
        &self,
        reference: &ImageReference,
        endpoints: &[Endpoint],
        endpoint: &Endpoint,
        tag: &str,
    ) -> Result<Digest, RegistryError> {
        let subject = reference.to_string();
        let request = |method| Request {
            operation: "resolve",
            subject: &subject,
            endpoint,
            method,
            resource: format!("manifests/{tag}"),
        };
        let key = manifest_key(reference, endpoints);
        let claimed = match self.shared.exchange.send(&request(Method::HEAD)).await {
            Ok(response) => claimed_digest(&response),
            // Not every registry knows HEAD.
            Err(RegistryError::Status { status: 405 | 501, .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some(claimed) = &claimed
            && self.known(&key, claimed).await.is_some()
        {
            return Ok(claimed.clone());
        }
        let bytes = self.shared.exchange.fetch(&request(Method::GET), self.limits().manifest_bytes).await?;
        Manifest::read(&bytes, &subject)?;
        let digest = Digest::of(&bytes);
        if claimed.as_ref().is_some_and(|claimed| *claimed != digest) {
            tracing::warn!(registry = %endpoint.authority, "the digest in a header is not that of the manifest");
        }
        self.shared.manifests.save(&key, &digest, bytes).await;
        Ok(digest)
    }
}

fn tag_key(reference: &ImageReference, endpoints: &[Endpoint]) -> String {
    format!("{} tag {}", manifest_key(reference, endpoints), reference.tag().unwrap_or(DEFAULT_TAG))
}

/// What a registry says that a tag names.
fn claimed_digest(response: &Response) -> Option<Digest> {
    response.headers().get("docker-content-digest")?.to_str().ok()?.parse().ok()
}
