//! An image at its registry.

use std::io::Read;

use async_trait::async_trait;
use secrecy::SecretString;

use super::source::ImageSource;
use crate::registry::{Descriptor, Digest, Manifest, RegistryClient, RegistryError};
use crate::scan::image_reference::ImageReference;

/// The image that `reference` names, read with `client`.
#[derive(Clone, Debug)]
pub struct RemoteImage {
    /// Reads registries.
    pub client: RegistryClient,
    /// Whose repository the documents are in.
    pub reference: ImageReference,
}

#[async_trait]
impl ImageSource for RemoteImage {
    async fn manifest(&self, digest: &Digest) -> Result<Manifest, RegistryError> {
        self.client.manifest(&self.reference, digest).await
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        self.client.config(&self.reference, descriptor).await
    }

    async fn layer(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, RegistryError> {
        Ok(Box::new(self.client.blob(&self.reference, descriptor).await?.into_read()))
    }

    async fn authorization(&self) -> Result<Option<SecretString>, RegistryError> {
        self.client.authorization(&self.reference).await
    }
}
