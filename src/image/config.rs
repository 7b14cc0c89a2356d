//! The configuration of an image: what its layers are, how it runs, how it was built.
//!
//! # Source
//! OCI image specification, image configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// The SHA-256 of each unpacked layer, `sha256:hex`, the lowest first.
    pub diff_ids: Vec<String>,
    /// When it was built, as RFC 3339, when said.
    pub created: Option<String>,
    /// `os/architecture[/variant]`.
    pub platform: String,
    /// The user that the image runs as; empty means root.
    pub user: String,
    /// Environment variables, `NAME=value`. Values may be secret: they are judged, never shown.
    pub environment: Vec<String>,
    /// The command of each step of the build. They may hold secrets: they are judged, never shown.
    pub history: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    config: Option<WireRun>,
    rootfs: WireRoot,
    #[serde(default)]
    history: Option<Vec<WireStep>>,
}

#[derive(Default, Deserialize)]
struct WireRun {
    #[serde(default, rename = "User")]
    user: Option<String>,
    #[serde(default, rename = "Env")]
    environment: Option<Vec<String>>,
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WireRoot {
    diff_ids: Vec<String>,
}

#[derive(Deserialize)]
struct WireStep {
    #[serde(default)]
    created_by: Option<String>,
}

impl ImageConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// It is no JSON of that shape; the text says where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| format!("line {} column {} is not as expected", error.line(), error.column()))?;
        let run = wire.config.unwrap_or_default();
        let parts = [Some(wire.os), Some(wire.architecture), wire.variant];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Ok(Self {
            diff_ids: wire.rootfs.diff_ids,
            created: wire.created,
            platform: parts.join("/"),
            user: run.user.unwrap_or_default(),
            environment: run.environment.unwrap_or_default(),
            history: wire.history.unwrap_or_default().into_iter().filter_map(|step| step.created_by).collect(),
            labels: run.labels.unwrap_or_default(),
        })
    }

    /// Whether the image runs as root unless its runtime says otherwise.
    pub fn runs_as_root(&self) -> bool {
        let user = self.user.split(':').next().unwrap_or_default();
        user.is_empty() || user == "root" || user.parse() == Ok(0_u64)
    }
}
