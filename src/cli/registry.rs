//! The client of registries that commands use.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::registry::{MemoryManifests, RegistryClient, RegistryOptions};
use crate::settings::process::ProcessSettings;
use crate::settings::process::registry::RegistrySettings;

/// A client as the environment says.
///
/// # Errors
/// A variable is wrong.
pub fn client(environment: &BTreeMap<String, String>) -> anyhow::Result<RegistryClient> {
    let read_text = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let settings = ProcessSettings::read(&BTreeMap::new(), environment, read_text)?;
    client_of(&settings.registry, environment)
}

/// A client as `settings` say.
///
/// # Errors
/// An entry is wrong, or a file can't be read.
pub fn client_of(
    settings: &RegistrySettings,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<RegistryClient> {
    let read_file = |path: &str| std::fs::read(path).map_err(|error| error.to_string());
    let options = RegistryOptions::configure(settings, environment, read_file)?;
    Ok(RegistryClient::new(options, Arc::new(MemoryManifests::default()))?)
}
