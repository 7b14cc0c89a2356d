//! From the operator's settings, which are text, to options.
//!
//! Invariant: a mistake is told with the variable and the entry that holds it, and never with a secret.

use std::collections::BTreeMap;

use super::RegistryError;
use super::credential::{cloud, docker_config};
use super::egress::PrivateHost;
use super::egress::address::Network;
use super::egress::host::{Authority, HostPattern};
use super::options::{Mirror, RegistryOptions, TokenHost};
use crate::settings::process::registry::RegistrySettings;

impl RegistryOptions {
    /// The options that `settings` stand for; clouds are told who we are by `environment`, and `read_file` reads the
    /// certificates that are named.
    ///
    /// # Errors
    /// [`RegistryError::Options`] with the first mistake.
    pub fn configure(
        settings: &RegistrySettings,
        environment: &BTreeMap<String, String>,
        read_file: impl Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, RegistryError> {
        let mut options = Self::default();
        let allow = HostPattern::parse;
        options.allowed = each("DOCKGATE_REGISTRY_ALLOW", &settings.allow.value, "host[:port]", allow)?;
        let form = "host[:port]=network[+network][;ca=FILE][;http]";
        for entry in &settings.private.value {
            let host =
                private(entry, &read_file).map_err(|why| wrong("DOCKGATE_REGISTRY_PRIVATE", entry, form, &why))?;
            options.private.push(host);
        }
        let form = "registry=host[:port][/path]";
        options.mirrors = each("DOCKGATE_REGISTRY_MIRRORS", &settings.mirrors.value, form, mirror)?;
        let form = "registry=host[:port]";
        options.token_hosts = each("DOCKGATE_REGISTRY_TOKEN_HOSTS", &settings.token_hosts.value, form, token_host)?;
        let named = |name: &str| {
            let name = name.to_owned();
            move |error| RegistryError::Options(format!("{name}: {error}"))
        };
        if let Some(auth) = &settings.auth.value {
            options.credentials = docker_config::read(auth.expose(), None).map_err(named("DOCKGATE_REGISTRY_AUTH"))?;
        }
        let clouds = cloud::read(&settings.clouds.value.join(","), environment);
        options.credentials.extend(clouds.map_err(named("DOCKGATE_REGISTRY_CLOUDS"))?);
        options.proxy = settings.proxy.value.as_ref().map(|proxy| proxy.expose().to_owned().into());
        Ok(options)
    }
}

fn wrong(name: &str, entry: &str, form: &str, why: &str) -> RegistryError {
    RegistryError::Options(format!("{name}: \"{entry}\" is not {form}{why}"))
}

fn each<T>(
    name: &str,
    entries: &[String],
    form: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, RegistryError> {
    entries.iter().map(|entry| read(entry).ok_or_else(|| wrong(name, entry, form, ""))).collect()
}

fn private(entry: &str, read_file: impl Fn(&str) -> Result<Vec<u8>, String>) -> Result<PrivateHost, String> {
    let mut parts = entry.split(';').map(str::trim);
    let (host, networks) = parts.next().and_then(|part| part.split_once('=')).ok_or(String::new())?;
    let networks = networks.split('+').map(|text| text.trim().parse::<Network>());
    let networks: Vec<Network> = networks.collect::<Result<_, _>>().map_err(|error| format!(": {error}"))?;
    let authority = Authority::parse(host.trim()).ok_or(String::new())?;
    let mut private = PrivateHost { authority, networks, plain_http: false, certificates: None };
    for part in parts {
        match part.split_once('=') {
            None if part == "http" => private.plain_http = true,
            Some(("ca", file)) => {
                private.certificates =
                    Some(read_file(file).map_err(|why| format!(": {file} could not be read: {why}"))?);
            }
            _ => return Err(String::new()),
        }
    }
    if private.plain_http && private.authority.port().is_none() {
        return Err(": plain http needs a port".to_owned());
    }
    Ok(private)
}

fn mirror(entry: &str) -> Option<Mirror> {
    let (registry, place) = entry.split_once('=')?;
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let fits = path.split('/').all(|part| {
        !matches!(part, "." | "..") && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    });
    let (registry, mirror) = (Authority::parse(registry)?, Authority::parse(host)?);
    fits.then(|| Mirror { registry, mirror, path: path.to_owned() })
}

fn token_host(entry: &str) -> Option<TokenHost> {
    let (registry, host) = entry.split_once('=')?;
    Some(TokenHost { registry: Authority::parse(registry)?, host: Authority::parse(host)? })
}

#[cfg(test)]
mod tests;
