//! An image as a folder that another program can read.
//!
//! Invariant: every byte that is written was checked by its digest on the way, under a name that is a digest, and the
//! sum is bounded.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Documents;
use crate::image::ImageError;
use crate::image::source::ImageSource;
use crate::registry::{Descriptor, Digest};

/// All layers of one image as they are sent, in bytes.
const MAX_BYTES: u64 = 4 << 30;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Writes the image in the OCI image layout.
///
/// # Errors
/// A layer can't be had, there are too many bytes, or the disk refuses.
pub(super) async fn write(
    name: &'static str,
    documents: &Documents,
    source: &dyn ImageSource,
    folder: &Path,
) -> Result<(), ImageError> {
    let disk = |error: io::Error| super::failed(name, format!("its copy can't be written: {error}"));
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).map_err(disk)?;
    let layers = &documents.found.manifest.layers;
    let bytes = layers.iter().map(|layer| layer.size_bytes).fold(0_u64, u64::saturating_add);
    if bytes > MAX_BYTES {
        return Err(super::failed(name, format!("its layers have {bytes} bytes; {MAX_BYTES} are copied at most")));
    }
    for layer in layers {
        let mut stream = source.layer(layer).await?;
        let path = place(&blobs, &layer.digest);
        let copied = tokio::task::spawn_blocking(move || copy(&mut stream, &path)).await;
        copied.map_err(|_| ImageError::Interrupted)?.map_err(disk)?;
    }
    let config = Digest::of(&documents.config_bytes);
    std::fs::write(place(&blobs, &config), &documents.config_bytes).map_err(disk)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": entry(CONFIG, &config, documents.config_bytes.len() as u64),
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
    })
    .to_string();
    let digest = Digest::of(manifest.as_bytes());
    std::fs::write(place(&blobs, &digest), &manifest).map_err(disk)?;
    let index = json!({"schemaVersion": 2, "manifests": [entry(MANIFEST, &digest, manifest.len() as u64)]});
    std::fs::write(folder.join("index.json"), index.to_string()).map_err(disk)?;
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).map_err(disk)
}

fn layer(layer: &Descriptor) -> Value {
    entry(&layer.media_type, &layer.digest, layer.size_bytes)
}

fn entry(media_type: &str, digest: &Digest, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest.to_string(), "size": size})
}

fn place(blobs: &Path, digest: &Digest) -> PathBuf {
    blobs.join(digest.hex())
}

/// Copies to the end, where the stream says whether it was what its digest names.
fn copy(stream: &mut dyn Read, path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    io::copy(stream, &mut file).map(|_| ())
}
