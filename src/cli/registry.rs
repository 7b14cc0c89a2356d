//! The client of registries that commands use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

/// The variables that name credentials.
const AUTH: [&str; 2] = ["DOCKGATE_REGISTRY_AUTH", "DOCKGATE_REGISTRY_AUTH_FILE"];

/// A client as the environment says, with the logins of docker where it names no others.
///
/// # Errors
/// A variable is wrong, or the file of the logins.
pub fn client(environment: &BTreeMap<String, String>) -> anyhow::Result<RegistryClient> {
    let Some(logins) = logins(environment) else { return client_with(environment) };
    let mut environment = environment.clone();
    environment.insert(AUTH[1].to_owned(), logins.clone());
    client_with(&environment)
        .with_context(|| format!("use the logins of docker in {logins}; {}='{{}}' uses none", AUTH[0]))
}

fn client_with(environment: &BTreeMap<String, String>) -> anyhow::Result<RegistryClient> {
    let read_text = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let settings = ProcessSettings::read(&BTreeMap::new(), environment, read_text)?;
    client_of(&settings.registry, environment, Arc::new(MemoryManifests::default()))
}

/// Where docker keeps the logins of whoever runs a command, unless a variable names others.
fn logins(environment: &BTreeMap<String, String>) -> Option<String> {
    if AUTH.iter().any(|name| environment.contains_key(*name)) {
        return None;
    }
    let folder = match environment.get("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(environment.get("HOME")?).join(".docker"),
    };
    let file = folder.join("config.json");
    file.is_file().then(|| file.to_str().map(str::to_owned)).flatten()
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
