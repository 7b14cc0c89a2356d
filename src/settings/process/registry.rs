//! What an operator sets about registries, as text; the module that talks to them says what is wrong in it.

use super::{Reader, SecretText};
use crate::settings::{Origin, Setting};

/// The variables that begin with `DOCKGATE_REGISTRY_`. Lists are parted by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrySettings {
    /// `DOCKGATE_REGISTRY_ALLOW`: registries beside the default ones, `host[:port]`, whole labels may be `*`.
    pub allow: Setting<Vec<String>>,
    /// `DOCKGATE_REGISTRY_PRIVATE`: registries in private networks, `host[:port]=network[+network…][;ca=FILE][;http]`.
    pub private: Setting<Vec<String>>,
    /// `DOCKGATE_REGISTRY_MIRRORS`: who is asked before a registry, `registry=host[:port][/path]`.
    pub mirrors: Setting<Vec<String>>,
    /// `DOCKGATE_REGISTRY_TOKEN_HOSTS`: token servers of another domain, `registry=host[:port]`.
    pub token_hosts: Setting<Vec<String>>,
    /// `DOCKGATE_REGISTRY_CLOUDS`: registries for which a cloud makes credentials, `ecr:host`, `acr:host`,
    /// `google:host[/project]`.
    pub clouds: Setting<Vec<String>>,
    /// `DOCKGATE_REGISTRY_AUTH` or the content of `DOCKGATE_REGISTRY_AUTH_FILE`: docker's `config.json`.
    pub auth: Setting<Option<SecretText>>,
    /// `DOCKGATE_REGISTRY_PROXY`: the proxy for public registries; those of the environment are not used.
    pub proxy: Setting<Option<SecretText>>,
}

/// The names that are known.
pub const NAMES: [&str; 8] = [
    "DOCKGATE_REGISTRY_ALLOW",
    "DOCKGATE_REGISTRY_PRIVATE",
    "DOCKGATE_REGISTRY_MIRRORS",
    "DOCKGATE_REGISTRY_TOKEN_HOSTS",
    "DOCKGATE_REGISTRY_CLOUDS",
    "DOCKGATE_REGISTRY_AUTH",
    "DOCKGATE_REGISTRY_AUTH_FILE",
    "DOCKGATE_REGISTRY_PROXY",
];

impl RegistrySettings {
    /// Every setting as name, value and origin; secrets as `(set)`.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let list = |setting: &Setting<Vec<String>>| match setting.value.as_slice() {
            [] => "(not set)".to_owned(),
            values => values.join(","),
        };
        let secret = |setting: &Setting<Option<SecretText>>| {
            setting.value.as_ref().map_or_else(|| "(not set)".to_owned(), SecretText::to_string)
        };
        vec![
            ("DOCKGATE_REGISTRY_ALLOW", list(&self.allow), self.allow.origin),
            ("DOCKGATE_REGISTRY_PRIVATE", list(&self.private), self.private.origin),
            ("DOCKGATE_REGISTRY_MIRRORS", list(&self.mirrors), self.mirrors.origin),
            ("DOCKGATE_REGISTRY_TOKEN_HOSTS", list(&self.token_hosts), self.token_hosts.origin),
            ("DOCKGATE_REGISTRY_CLOUDS", list(&self.clouds), self.clouds.origin),
            ("DOCKGATE_REGISTRY_AUTH", secret(&self.auth), self.auth.origin),
            ("DOCKGATE_REGISTRY_PROXY", secret(&self.proxy), self.proxy.origin),
        ]
    }
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    pub(super) fn registry(&mut self) -> RegistrySettings {
        let mut settings = RegistrySettings::default();
        for (setting, name) in [
            (&mut settings.allow, "DOCKGATE_REGISTRY_ALLOW"),
            (&mut settings.private, "DOCKGATE_REGISTRY_PRIVATE"),
            (&mut settings.mirrors, "DOCKGATE_REGISTRY_MIRRORS"),
            (&mut settings.token_hosts, "DOCKGATE_REGISTRY_TOKEN_HOSTS"),
            (&mut settings.clouds, "DOCKGATE_REGISTRY_CLOUDS"),
        ] {
            self.parse(setting, name, "a list parted by commas", |text| Some(list(text)));
        }
        self.secret(&mut settings.auth, "DOCKGATE_REGISTRY_AUTH", "DOCKGATE_REGISTRY_AUTH_FILE");
        if let Some((text, origin)) = self.value("DOCKGATE_REGISTRY_PROXY") {
            settings.proxy = Setting { value: Some(SecretText::new(text)), origin };
        }
        settings
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(ToOwned::to_owned).collect()
}
