//! Trivy's JSON.
//!
//! # Source
//! Trivy 0.76, `--format json`, `SchemaVersion` 2.

use serde_json::Value;

use super::{Found, Results, items, short, text};
use crate::image::contents::ImageProblem;
use crate::image::distribution::Distribution;
use crate::image::package::{Package, PackageKind};
use crate::image::rating::Rating;

/// Reads the document.
pub fn read(document: &Value) -> Results {
    let metadata = &document["Metadata"];
    let strings = |field: &str| items(metadata, field).iter().filter_map(Value::as_str).map(short).collect::<Vec<_>>();
    let mut results = Results {
        scanner: "trivy".to_owned(),
        image: short(text(document, "ArtifactName")),
        digests: strings("RepoDigests").iter().filter_map(|name| Some(name.rsplit_once('@')?.1.to_owned())).collect(),
        distribution: distribution(&metadata["OS"]),
        created: Some(short(text(&metadata["ImageConfig"], "created"))).filter(|created| !created.is_empty()),
        diff_ids: strings("DiffIDs"),
        ..Results::default()
    };
    if metadata["OS"]["EOSL"] == true {
        let name = results.distribution.as_ref().map(|distribution| distribution.title.clone()).unwrap_or_default();
        results.problems.push(ImageProblem::note(format!("{name} is no longer supported by its makers")));
    }
    let diff_ids = results.diff_ids.clone();
    let layer = |entry: &Value| {
        let own = text(&entry["Layer"], "DiffID");
        diff_ids.iter().position(|diff_id| diff_id == own).unwrap_or_default()
    };
    for result in items(document, "Results") {
        let (kind, target) = (kind(text(result, "Type")), text(result, "Target"));
        let path = |entry: &Value, field: &str| {
            let own = text(entry, field);
            // Of a distribution's packages the target is the name of the image.
            let other = if kind.is_of_distribution() { "" } else { target };
            if own.is_empty() { other.to_owned() } else { own.to_owned() }
        };
        for package in items(result, "Packages") {
            let found = Package::new(kind, text(package, "Name"), &version(package, ""));
            let source = (text(package, "SrcName"), version(package, "Src"));
            let found =
                found.map(|found| found.from_source(source.0, &source.1).of_architecture(text(package, "Arch")));
            results.add_package(found, &path(package, "FilePath"), layer(package));
        }
        for one in items(result, "Vulnerabilities") {
            let path = path(one, "PkgPath");
            results.add(&Found {
                id: text(one, "VulnerabilityID"),
                kind,
                package: text(one, "PkgName"),
                version: text(one, "InstalledVersion"),
                fixed: text(one, "FixedVersion"),
                rating: Rating::of_word(text(one, "Severity")).unwrap_or_default(),
                summary: text(one, "Title"),
                path: &path,
                layer: layer(one),
            });
        }
    }
    results
}

/// `epoch:version-release`, as far as they are there.
fn version(package: &Value, prefix: &str) -> String {
    let field = |name: &str| text(package, &format!("{prefix}{name}")).to_owned();
    let epoch = package[format!("{prefix}Epoch")].as_u64().filter(|epoch| *epoch > 0);
    let epoch = epoch.map_or_else(String::new, |epoch| format!("{epoch}:"));
    let release = Some(field("Release")).filter(|release| !release.is_empty());
    format!("{epoch}{}{}", field("Version"), release.map_or_else(String::new, |release| format!("-{release}")))
}

fn distribution(os: &Value) -> Option<Distribution> {
    let (family, name) = (text(os, "Family"), text(os, "Name"));
    let id = match family {
        "" | "none" => return None,
        "alma" => "almalinux",
        "redhat" => "rhel",
        other => other,
    };
    let title = short(&format!("{id} {name}"));
    let empty = String::new;
    Some(Distribution {
        id: short(id),
        version: short(name),
        codename: empty(),
        title,
        cpe: empty(),
        support_end: empty(),
    })
}

fn kind(name: &str) -> PackageKind {
    match name {
        "debian" | "ubuntu" => PackageKind::Dpkg,
        "alpine" | "wolfi" | "chainguard" | "minimos" => PackageKind::Apk,
        "alma"
        | "rocky"
        | "redhat"
        | "centos"
        | "fedora"
        | "amazon"
        | "oracle"
        | "photon"
        | "azurelinux"
        | "cbl-mariner"
        | "suse linux enterprise server"
        | "opensuse.leap"
        | "opensuse"
        | "opensuse.tumbleweed"
        | "sles"
        | "opensuse-leap"
        | "opensuse-tumbleweed"
        | "slem" => PackageKind::Rpm,
        "python-pkg" | "pip" | "pipenv" | "poetry" | "uv" => PackageKind::Python,
        "node-pkg" | "npm" | "yarn" | "pnpm" => PackageKind::Node,
        "gobinary" | "gomod" => PackageKind::Go,
        "rustbinary" | "cargo" => PackageKind::Rust,
        "gemspec" | "bundler" => PackageKind::Ruby,
        "jar" | "pom" | "gradle" => PackageKind::Java,
        "composer" | "composer-vendor" => PackageKind::Composer,
        "dotnet-core" | "nuget" => PackageKind::Nuget,
        "conda-pkg" => PackageKind::Conda,
        _ => PackageKind::Other,
    }
}
