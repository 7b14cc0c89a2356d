//! An image in a folder, in the OCI image layout.
//!
//! Invariant: only files of the layout are opened, by digest; what they hold is verified against it.
//!
//! # Source
//! OCI image specification, image layout.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::source::ImageSource;
use crate::registry::{Descriptor, Digest, Manifest, RegistryError, RegistryLimits, Verifier};

const TAG: &str = "org.opencontainers.image.ref.name";

/// A folder with `index.json` and `blobs/`.
#[derive(Clone, Debug)]
pub struct OciLayout {
    folder: PathBuf,
    limits: RegistryLimits,
}

impl OciLayout {
    /// The layout in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), limits: RegistryLimits::default() }
    }

    /// The digest that the layout has for `tag`, or, without a tag, of its only image.
    ///
    /// # Errors
    /// The index can't be read, or has no such image, or several.
    pub fn resolve(&self, tag: Option<&str>) -> Result<Digest, RegistryError> {
        let bytes = self.read(&self.folder.join("index.json"), self.limits.manifest_bytes)?;
        let Manifest::Index(index) = Manifest::read(&bytes, "index.json")? else {
            return Err(self.malformed("index.json is no index".to_owned()));
        };
        let has_tag = |entry: &&Descriptor| tag.is_none() || entry.annotations.get(TAG).map(String::as_str) == tag;
        let mut found = index.manifests.iter().filter(has_tag);
        match (found.next(), found.next(), tag) {
            (Some(entry), None, _) => Ok(entry.digest.clone()),
            (None, ..) => {
                Err(self.malformed(tag.map_or("it has no image".to_owned(), |tag| format!("it has no tag {tag}"))))
            }
            (Some(_), Some(_), Some(tag)) => Err(self.malformed(format!("it has several images with the tag {tag}"))),
            (Some(_), Some(_), None) => Err(self.malformed("it has several images: name a tag".to_owned())),
        }
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        let (algorithm, hex) = digest.as_str().split_once(':').unwrap_or_default();
        self.folder.join("blobs").join(algorithm).join(hex)
    }

    fn verified(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, RegistryError> {
        let bytes = self.read(&self.blob(digest), max_bytes)?;
        if digest.names(&bytes) { Ok(bytes) } else { Err(wrong_content(digest)) }
    }

    fn read(&self, path: &Path, max_bytes: u64) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(max_bytes + 1).read_to_end(&mut bytes));
        read.map_err(|error| self.unreadable(error))?;
        if bytes.len() as u64 > max_bytes {
            return Err(RegistryError::TooLarge { operation: "read layout", subject: self.subject(), max_bytes });
        }
        Ok(bytes)
    }

    fn subject(&self) -> String {
        self.folder.display().to_string()
    }

    fn malformed(&self, why: String) -> RegistryError {
        RegistryError::Malformed { operation: "read layout", subject: self.subject(), why }
    }

    fn unreadable(&self, error: io::Error) -> RegistryError {
        RegistryError::Unreachable { operation: "read layout", subject: self.subject(), source: Box::new(error) }
    }
}

#[async_trait]
impl ImageSource for OciLayout {
    async fn manifest(&self, digest: &Digest) -> Result<Manifest, RegistryError> {
        Manifest::read(&self.verified(digest, self.limits.manifest_bytes)?, digest.as_str())
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        self.verified(&descriptor.digest, self.limits.config_bytes)
    }

    async fn layer(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, RegistryError> {
        let file = File::open(self.blob(&descriptor.digest)).map_err(|error| self.unreadable(error))?;
        let verifier = Some(Verifier::new(descriptor.digest.clone()));
        Ok(Box::new(VerifiedFile { file, verifier, digest: descriptor.digest.clone() }))
    }
}

/// A file that ends in an error unless it is what its digest names.
struct VerifiedFile {
    file: File,
    verifier: Option<Verifier>,
    digest: Digest,
}

impl Read for VerifiedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(verifier) = &mut self.verifier {
            verifier.update(buffer.get(..count).unwrap_or_default());
        }
        if count == 0 && !buffer.is_empty() && self.verifier.take().is_some_and(|verifier| !verifier.agrees()) {
            return Err(io::Error::other(wrong_content(&self.digest)));
        }
        Ok(count)
    }
}

fn wrong_content(digest: &Digest) -> RegistryError {
    RegistryError::WrongContent { operation: "read layout", subject: digest.to_string() }
}
