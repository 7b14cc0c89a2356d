//! The client of registries that commands use.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;

use super::Surroundings;

use crate::registry::resolve::{Resolved, resolve_all};
use crate::registry::{ManifestCache, MemoryManifests, RegistryClient, RegistryOptions};
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;
use crate::scan::image_use::Digests;
use crate::settings::process::ProcessSettings;
use crate::settings::process::registry::RegistrySettings;

/// A client as the environment says.
///
/// # Errors
/// A variable is wrong.
pub fn client(environment: &BTreeMap<String, String>) -> anyhow::Result<RegistryClient> {
    let read_text = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let settings = ProcessSettings::read(&BTreeMap::new(), environment, read_text)?;
    client_of(&settings.registry, environment, Arc::new(MemoryManifests::default()))
}

/// A client as `settings` say, that keeps what it read in `manifests`.
///
/// # Errors
/// An entry is wrong, or a file can't be read.
pub fn client_of(
    settings: &RegistrySettings,
    environment: &BTreeMap<String, String>,
    manifests: Arc<dyn ManifestCache>,
) -> anyhow::Result<RegistryClient> {
    let read_file = |path: &str| std::fs::read(path).map_err(|error| error.to_string());
    let options = RegistryOptions::configure(settings, environment, read_file)?;
    Ok(RegistryClient::new(options, manifests)?)
}

/// Asks for the tags of `images`.
///
/// # Errors
/// A variable is wrong.
pub fn resolve(images: &[ImageReference], environment: &BTreeMap<String, String>) -> anyhow::Result<Resolved> {
    let client = client(environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    Ok(runtime.block_on(resolve_all(&client, images, usize::MAX)))
}

/// The digests of the tags of `images`, as far as their registries tell; the others are named.
///
/// # Errors
/// A variable is wrong.
pub fn digests(images: &[ImageReference], surroundings: &mut Surroundings<'_>) -> anyhow::Result<Digests> {
    if images.is_empty() {
        return Ok(Digests::default());
    }
    let resolved = resolve(images, &surroundings.environment)?;
    for (image, error) in &resolved.failed {
        writeln!(surroundings.err, "{image} is not pinned: {}", describe(error))?;
    }
    Ok(resolved.digests)
}
