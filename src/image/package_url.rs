//! Package URLs: written for our packages, and compared with those that others wrote.
//!
//! Invariant: two that say different things never match; what one of them leaves out is not held against it.
//!
//! # Source
//! The package URL specification, with its types `deb`, `apk`, `rpm`, `pypi`, `npm`, `golang`, `cargo`, `gem`, `maven`,
//! `oci` and `docker`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::contents::Installed;
use super::distribution::Distribution;
use super::package::PackageKind;
use crate::scan::image_reference::ImageReference;

/// A package URL that was read: `pkg:type/namespace/name@version?qualifiers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageUrl {
    kind: String,
    /// Namespace and name, parted by `/`.
    name: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
}

/// Which image a package URL may mean.
#[derive(Clone, Debug)]
pub struct ImageIdentity<'a> {
    /// The image as it is named.
    pub reference: &'a ImageReference,
    /// What it is known by: the digest of its index, of its manifest.
    pub digests: Vec<&'a str>,
}

impl PackageUrl {
    /// Reads a package URL; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let rest = rest.split('#').next()?;
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        // The version stands behind the last `@`; one in a namespace, as npm has them, is followed by a `/`.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !version.contains('/') => (path, Some(decoded(version))),
            _ => (rest, None),
        };
        let (kind, name) = path.trim_matches('/').split_once('/')?;
        let pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            name: name.split('/').map(decoded).collect::<Vec<_>>().join("/"),
            version: version.filter(|version| !version.is_empty()),
            qualifiers: pairs.map(|(key, value)| (key.to_ascii_lowercase(), decoded(value))).collect(),
        })
    }

    /// Its type, such as `deb`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The package's name as packages of `kind` have it: without the distribution, or with all of its path.
    pub fn package_name(&self, kind: PackageKind) -> String {
        match kind {
            PackageKind::Java => self.name.replacen('/', ":", 1),
            kind if kind.is_of_distribution() => self.name.rsplit('/').next().unwrap_or_default().to_owned(),
            _ => self.name.clone(),
        }
    }

    /// Whether it means this package: what it says of name, version and qualifiers is so.
    pub fn means(&self, package: &Self) -> bool {
        let says = |one: &Option<String>, other: &Option<String>| one.is_none() || one == other;
        self.kind == package.kind
            && self.name == package.name
            && says(&self.version, &package.version)
            && self.qualifiers.iter().all(|(key, value)| package.qualifiers.get(key).is_none_or(|own| own == value))
    }

    /// Whether it means this image: `pkg:oci/name@sha256:…?repository_url=host/path&tag=…`, or `pkg:docker/path@tag`.
    pub fn means_image(&self, image: &ImageIdentity<'_>) -> bool {
        let path = image.reference.path();
        let is_name = match self.kind.as_str() {
            "oci" => path.rsplit('/').next() == Some(self.name.as_str()),
            "docker" => path == self.name || path.strip_prefix("library/") == Some(self.name.as_str()),
            _ => return false,
        };
        let host = self.qualifiers.get("repository_url").map(String::as_str);
        let is_place = match (host, self.kind.as_str()) {
            (Some(url), _) => is_repository(url, image.reference),
            (None, "docker") => image.reference.registry() == crate::scan::image_reference::DEFAULT_REGISTRY,
            (None, _) => true,
        };
        let tag = self.qualifiers.get("tag");
        let is_tag = tag.is_none_or(|tag| image.reference.tag().is_none_or(|own| own == tag));
        let is_version = self.version.as_deref().is_none_or(|version| {
            image.digests.contains(&version) || (self.kind == "docker" && image.reference.tag() == Some(version))
        });
        is_name && is_place && is_tag && is_version
    }
}

/// Whether `url` is the repository of `image`, or what stands before its name.
fn is_repository(url: &str, image: &ImageReference) -> bool {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
    let own = image.repository();
    let is_folder = own.rsplit_once('/').is_some_and(|(folder, _)| folder == url);
    is_folder || ImageReference::parse(url).is_ok_and(|named| named.repository() == own)
}

/// The package URL of a package of an image.
pub fn package_url(one: &Installed, distribution: Option<&Distribution>) -> String {
    let package = &one.package;
    let id = distribution.map_or("unknown", |distribution| distribution.id.as_str());
    let (kind, name) = match package.kind {
        PackageKind::Dpkg => ("deb", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Apk => ("apk", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Rpm => ("rpm", format!("{}/{}", encoded(id), encoded(&package.name))),
        PackageKind::Python => ("pypi", encoded(&package.name.to_ascii_lowercase().replace('_', "-"))),
        PackageKind::Node => ("npm", segments(&package.name, '/')),
        PackageKind::Go => ("golang", segments(&package.name, '/')),
        PackageKind::Rust => ("cargo", encoded(&package.name)),
        PackageKind::Ruby => ("gem", encoded(&package.name)),
        PackageKind::Java => ("maven", segments(&package.name, ':')),
        PackageKind::Composer => ("composer", segments(&package.name, '/')),
        PackageKind::Nuget => ("nuget", encoded(&package.name)),
        PackageKind::Conda => ("conda", encoded(&package.name)),
        PackageKind::Other => ("generic", segments(&package.name, '/')),
    };
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if package.kind == PackageKind::Rpm => (Some(epoch), version),
        _ => (None, package.version.as_str()),
    };
    let qualifiers = [
        package.architecture.as_ref().map(|architecture| format!("arch={}", encoded(architecture))),
        distribution
            .filter(|_| package.kind.is_of_distribution())
            .map(|distribution| format!("distro={}-{}", encoded(&distribution.id), encoded(&distribution.version))),
        epoch.map(|epoch| format!("epoch={}", encoded(epoch))),
    ];
    let qualifiers: Vec<String> = qualifiers.into_iter().flatten().collect();
    let qualifiers = if qualifiers.is_empty() { String::new() } else { format!("?{}", qualifiers.join("&")) };
    format!("pkg:{kind}/{name}@{}{qualifiers}", encoded(version))
}

fn segments(name: &str, separator: char) -> String {
    name.split(separator).map(encoded).collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn image(text: &str, url: &str, expected: bool) {
        let reference = ImageReference::parse(text).unwrap();
        let image = ImageIdentity { reference: &reference, digests: vec![DIGEST] };
        assert_eq!(PackageUrl::parse(url).unwrap().means_image(&image), expected, "{url} for {text}");
    }

    #[test]
    fn images_are_meant_by_name_place_and_digest() {
        image("ghcr.io/acme/web:1", "pkg:oci/web", true);
        image("ghcr.io/acme/web:1", "pkg:oci/other", false);
        image("ghcr.io/acme/web:1", "pkg:oci/web?repository_url=ghcr.io/acme/web", true);
        image("ghcr.io/acme/web:1", "pkg:oci/web?repository_url=ghcr.io%2Facme", true);
        image("ghcr.io/acme/web:1", "pkg:oci/web?repository_url=quay.io/acme/web", false);
        image("ghcr.io/acme/web:1", &format!("pkg:oci/web@{}", DIGEST.replace(':', "%3A")), true);
        image("ghcr.io/acme/web:1", "pkg:oci/web@sha256%3Abb", false);
        image("ghcr.io/acme/web:1", "pkg:oci/web?tag=2", false);
        image("debian:12", "pkg:oci/debian?repository_url=index.docker.io/library/debian", true);
        image("debian:12", "pkg:docker/debian@12", true);
        image("debian:12", "pkg:docker/debian@11", false);
        image("ghcr.io/library/debian:12", "pkg:docker/debian@12", false);
        image("debian:12", "pkg:deb/debian/debian", false);
    }

    fn package(stated: &str, ours: &str, expected: bool) {
        let of = |text: &str| PackageUrl::parse(text).unwrap();
        assert_eq!(of(stated).means(&of(ours)), expected, "{stated} for {ours}");
    }

    #[test]
    fn packages_are_meant_by_what_is_said() {
        let ours = "pkg:deb/debian/openssl@3.0.1-1%2Bb1?arch=amd64&distro=debian-12";
        package("pkg:deb/debian/openssl", ours, true);
        package("pkg:deb/debian/openssl@3.0.1-1+b1", ours, true);
        package("pkg:deb/debian/openssl@3.0.2", ours, false);
        package("pkg:deb/ubuntu/openssl", ours, false);
        package("pkg:deb/debian/openssl?arch=arm64", ours, false);
        package("pkg:deb/debian/openssl?upstream=x", ours, true);
        package("pkg:npm/%40scope/name@1", "pkg:npm/%40scope/name@1", true);
        package("pkg:npm/@scope/name", "pkg:npm/%40scope/name@1", true);
        assert_eq!(PackageUrl::parse("CVE-1"), None);
        assert_eq!(PackageUrl::parse("pkg:deb"), None);
    }
}
