//! Which distribution an image is made of, from os-release.
//!
//! # Source
//! os-release(5).

use serde::{Deserialize, Serialize};

/// A distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `ID`: `debian`, `alpine`, `almalinux`.
    pub id: String,
    /// `VERSION_ID`: `12`, `3.20.3`; empty when it has none, as rolling ones do.
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`; empty when absent.
    #[serde(default)]
    pub codename: String,
    /// `PRETTY_NAME`, or id and version.
    pub title: String,
    /// `CPE_NAME`; empty when absent.
    #[serde(default)]
    pub cpe: String,
    /// `SUPPORT_END`, `YYYY-MM-DD`: the last day on which its makers mend it; empty when absent.
    #[serde(default)]
    pub support_end: String,
}

impl Distribution {
    /// Reads the text of os-release; `None` when it gives no `ID`.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| -> String {
            let lines = text.lines().filter_map(|line| line.trim().split_once('='));
            let found = lines.rev().find(|(name, _)| *name == key).map(|(_, value)| value.trim());
            let unquoted = found.unwrap_or_default().trim_matches(['"', '\'']);
            unquoted.chars().filter(|letter| !letter.is_control()).take(128).collect()
        };
        let id = Some(value("ID")).filter(|id| !id.is_empty())?.to_ascii_lowercase();
        let version = value("VERSION_ID");
        let title = Some(value("PRETTY_NAME")).filter(|title| !title.is_empty());
        Some(Self {
            title: title.unwrap_or_else(|| format!("{id} {version}").trim_end().to_owned()),
            codename: value("VERSION_CODENAME"),
            cpe: value("CPE_NAME"),
            support_end: value("SUPPORT_END"),
            id,
            version,
        })
    }

    /// The version up to its first dot.
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    /// The first two parts of the version: `3.20` of `3.20.3`.
    pub fn minor(&self) -> String {
        self.version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }
}
