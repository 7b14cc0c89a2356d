//! What an inventory holds: packages, each with the database that names it.

use serde::{Deserialize, Serialize};

/// The kind of a package: which database or file format names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageKind {
    /// Debian and its descendants.
    Dpkg,
    /// Alpine, Wolfi, Chainguard.
    Apk,
    /// Fedora, Red Hat, SUSE and their kin.
    Rpm,
    /// Python distributions.
    Python,
    /// Node packages.
    Node,
    /// Go modules, out of binaries.
    Go,
    /// Rust crates, out of binaries.
    Rust,
    /// Ruby gems.
    Ruby,
    /// Java archives.
    Java,
    /// What Composer installs for PHP.
    Composer,
    /// Libraries of .NET.
    Nuget,
    /// Packages of conda environments.
    Conda,
    /// What another scanner names, of a kind that we don't read, or doesn't tell the kind of.
    Other,
}

impl PackageKind {
    /// The lower-case name, as outputs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::Ruby => "ruby",
            Self::Java => "java",
            Self::Composer => "composer",
            Self::Nuget => "nuget",
            Self::Conda => "conda",
            Self::Other => "other",
        }
    }

    /// The kind that a type of package URLs means.
    pub fn of_package_url(name: &str) -> Self {
        match name {
            "deb" => Self::Dpkg,
            "apk" => Self::Apk,
            "rpm" => Self::Rpm,
            "pypi" => Self::Python,
            "npm" => Self::Node,
            "golang" => Self::Go,
            "cargo" => Self::Rust,
            "gem" => Self::Ruby,
            "maven" => Self::Java,
            "composer" => Self::Composer,
            "nuget" => Self::Nuget,
            "conda" => Self::Conda,
            _ => Self::Other,
        }
    }

    /// Whether packages of this kind make up the distribution.
    pub fn is_of_distribution(self) -> bool {
        matches!(self, Self::Dpkg | Self::Apk | Self::Rpm)
    }
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Package {
    /// The database that names it.
    pub kind: PackageKind,
    /// The name: `libc6`, `@scope/name`, `golang.org/x/net`, `group:artifact`.
    pub name: String,
    /// The version as its kind writes it, with the epoch when it isn't 0: `1:2.36-9`, `5.14.0-1.el9`.
    pub version: String,
    /// What it was built from, when that has another name or version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PackageSource>,
    /// The architecture, for packages of distributions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
}

/// What a package was built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageSource {
    /// The name of the source package.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Package {
    /// The longest name or version that is kept, in bytes.
    pub const MAX_FIELD_BYTES: usize = 512;

    /// A package without source or architecture; `None` when name or version is empty, too long, or has control
    /// characters.
    pub fn new(kind: PackageKind, name: &str, version: &str) -> Option<Self> {
        let (name, version) = (field(name)?, field(version)?);
        Some(Self { kind, name, version, source: None, architecture: None })
    }

    /// The package with what it was built from, unless that is the same.
    #[must_use]
    pub fn from_source(mut self, name: &str, version: &str) -> Self {
        let source = field(name).zip(field(version)).map(|(name, version)| PackageSource { name, version });
        self.source = source.filter(|source| source.name != self.name || source.version != self.version);
        self
    }

    /// The package with its architecture.
    #[must_use]
    pub fn of_architecture(mut self, architecture: &str) -> Self {
        self.architecture = field(architecture);
        self
    }

    /// The name of the source, or of the package itself.
    pub fn source_name(&self) -> &str {
        self.source.as_ref().map_or(&self.name, |source| &source.name)
    }

    /// The version of the source, or of the package itself.
    pub fn source_version(&self) -> &str {
        self.source.as_ref().map_or(&self.version, |source| &source.version)
    }

    /// How many bytes of memory it takes, about.
    pub fn bytes(&self) -> usize {
        let source = self.source.as_ref().map_or(0, |source| source.name.len() + source.version.len());
        let architecture = self.architecture.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.name.len() + self.version.len() + source + architecture
    }
}

fn field(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= Package::MAX_FIELD_BYTES && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
