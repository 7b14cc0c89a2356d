//! What OSV calls a package: its ecosystem, its name there, and how its versions are ordered.
//!
//! # Source
//! The OSV schema's list of ecosystems; what the data hold where that differs (`AlmaLinux` names binary packages).

use crate::image::distribution::Distribution;
use crate::image::package::{Package, PackageKind};
use crate::image::version::Scheme;

/// A question: which advisories affect this version?
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// The ecosystem with its release: `Debian:12`, `npm`.
    pub ecosystem: String,
    /// The package's name there.
    pub name: String,
    /// The version that is installed.
    pub version: String,
    /// How versions are ordered.
    pub scheme: Scheme,
}

/// What the ecosystems of Ubuntu's subscription begin with.
const UBUNTU_PRO: &str = "Ubuntu:Pro:";

impl Query {
    /// Whether a version that mends it is there for this package: those of a subscription are for packages that come
    /// from it.
    pub fn may_have(&self, fixed: &str) -> bool {
        let is_subscription = |version: &str| version.contains("esm") || version.contains("fips");
        !self.ecosystem.starts_with(UBUNTU_PRO) || !is_subscription(fixed) || is_subscription(&self.version)
    }
}

/// Debian's releases that are not released: their images tell no number, nor do those of sid, which tell the same name.
const DEBIAN_COMING: [(&str, &str); 3] = [("trixie", "13"), ("forky", "14"), ("duke", "15")];

/// The questions to ask for a package of `distribution`.
///
/// # Errors
/// Why there are none, in words that hold for all packages of the kind.
pub fn queries(package: &Package, distribution: Option<&Distribution>) -> Result<Vec<Query>, String> {
    let plain = |ecosystem: &str, name: String, version: &str, scheme| {
        Ok(vec![Query { ecosystem: ecosystem.to_owned(), name, version: version.to_owned(), scheme }])
    };
    let name = || package.name.clone();
    match package.kind {
        PackageKind::Dpkg | PackageKind::Apk | PackageKind::Rpm => of_distribution(package, distribution),
        PackageKind::Python => plain("PyPI", normal_python_name(&package.name), &package.version, Scheme::Python),
        PackageKind::Node => plain("npm", name(), &package.version, Scheme::Semantic),
        PackageKind::Go => plain("Go", name(), package.version.trim_start_matches('v'), Scheme::Semantic),
        PackageKind::Rust => plain("crates.io", name(), &package.version, Scheme::Semantic),
        PackageKind::Ruby => plain("RubyGems", name(), &package.version, Scheme::Gem),
        PackageKind::Java => plain("Maven", name(), &package.version, Scheme::Maven),
        PackageKind::Composer => of_composer(package),
        PackageKind::Nuget => plain("NuGet", name(), &package.version, Scheme::Semantic),
        PackageKind::Conda => Err("there are no advisories for packages of conda".to_owned()),
        PackageKind::Other => Err("their kind is not known".to_owned()),
    }
}

/// Tags are written with a `v` or without: nobody knows which an advisory lists.
fn of_composer(package: &Package) -> Result<Vec<Query>, String> {
    if !package.version.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Err("they are installed from a branch, which has no version".to_owned());
    }
    let query = |version: String| Query {
        ecosystem: "Packagist".to_owned(),
        name: package.name.clone(),
        version,
        scheme: Scheme::Composer,
    };
    Ok(vec![query(package.version.clone()), query(format!("v{}", package.version))])
}

/// Which names of a package an ecosystem's advisories have.
#[derive(Clone, Copy)]
enum Names {
    Source,
    Binary,
    Both,
}

fn of_distribution(package: &Package, distribution: Option<&Distribution>) -> Result<Vec<Query>, String> {
    let distribution = distribution.ok_or("it is not known which distribution they are of")?;
    let (ecosystems, names) = ecosystems(distribution)?;
    let (scheme, fits) = match package.kind {
        PackageKind::Apk => (Scheme::Apk, ["alpine", "wolfi", "chainguard"].contains(&distribution.id.as_str())),
        PackageKind::Rpm => (Scheme::Rpm, !["debian", "ubuntu"].contains(&distribution.id.as_str())),
        _ => (Scheme::Debian, ["debian", "ubuntu"].contains(&distribution.id.as_str())),
    };
    if !fits {
        return Err(format!("{} is not made of {} packages", distribution.title, package.kind.name()));
    }
    let source = (package.source_name(), package.source_version());
    let binary = (package.name.as_str(), package.version.as_str());
    let names = match names {
        Names::Source => vec![source],
        Names::Binary => vec![binary],
        Names::Both if source == binary => vec![binary],
        Names::Both => vec![binary, source],
    };
    let query = |ecosystem: &String, (name, version): &(&str, &str)| Query {
        ecosystem: ecosystem.clone(),
        name: (*name).to_owned(),
        version: (*version).to_owned(),
        scheme,
    };
    Ok(ecosystems.iter().flat_map(|ecosystem| names.iter().map(move |name| query(ecosystem, name))).collect())
}

fn ecosystems(distribution: &Distribution) -> Result<(Vec<String>, Names), String> {
    let Distribution { id, version, title, codename, .. } = distribution;
    let (major, minor) = (distribution.major(), distribution.minor());
    let coming = DEBIAN_COMING.iter().find(|(name, _)| id == "debian" && version.is_empty() && name == codename);
    let unsupported = |why: &str| Err(format!("{title} is not supported: {why}"));
    let one = |ecosystem: String, names| Ok((vec![ecosystem], names));
    if let Some((_, number)) = coming {
        return one(format!("Debian:{number}"), Names::Source);
    }
    match id.as_str() {
        "wolfi" => one("Wolfi".to_owned(), Names::Both),
        "chainguard" => one("Chainguard".to_owned(), Names::Both),
        "opensuse-tumbleweed" => one("openSUSE:Tumbleweed".to_owned(), Names::Source),
        "debian" | "ubuntu" | "alpine" | "almalinux" | "rocky" | "opensuse-leap" | "sles" if version.is_empty() => {
            unsupported("advisories are kept by release, and it names none")
        }
        "debian" => one(format!("Debian:{major}"), Names::Source),
        "ubuntu" => Ok((ubuntu(version), Names::Source)),
        "alpine" if version.contains(['_', '-']) => unsupported("there are no advisories for its edge"),
        "alpine" => one(format!("Alpine:v{minor}"), Names::Source),
        "almalinux" => one(format!("AlmaLinux:{major}"), Names::Binary),
        "rocky" => one(format!("Rocky Linux:{major}"), Names::Both),
        "opensuse-leap" => one(format!("openSUSE:Leap {version}"), Names::Source),
        "sles" => {
            // Service packs are no more since 16.
            let has_packs = major.parse::<u32>().is_ok_and(|major| major < 16);
            let product = if has_packs { version.replace('.', " SP") } else { version.clone() };
            let server = format!("SUSE:Linux Enterprise Server {product}");
            Ok((vec![server, format!("SUSE:Linux Enterprise Module for Basesystem {product}")], Names::Source))
        }
        "rhel" => unsupported("its advisories are kept by product, which a scanner backend knows"),
        _ => unsupported("there are no advisories for it"),
    }
}

/// Releases of April in even years are supported for long, and named so; what becomes known of them later is told to
/// subscribers alone, under a name of its own.
fn ubuntu(version: &str) -> Vec<String> {
    let (year, month) = version.split_once('.').unwrap_or((version, ""));
    let is_long = month.starts_with("04") && year.parse::<u32>().is_ok_and(|year| year.is_multiple_of(2));
    let month = month.get(..2).unwrap_or(month);
    if is_long {
        vec![format!("Ubuntu:{year}.{month}:LTS"), format!("{UBUNTU_PRO}{year}.{month}:LTS")]
    } else {
        vec![format!("Ubuntu:{year}.{month}")]
    }
}

/// The name in lower case, with one `-` for every run of `-`, `_` and `.`.
///
/// # Source
/// PEP 503.
fn normal_python_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
