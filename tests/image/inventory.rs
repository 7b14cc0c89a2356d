use std::collections::BTreeSet;
use std::process::Command;

use dockgate::image::read::ReadImage;
use serde_json::Value;

use crate::fixtures::{images, read, trivy};

/// `kind name version` of every package.
fn found(image: &ReadImage) -> BTreeSet<String> {
    let line = |one: &dockgate::image::contents::Installed| {
        format!("{} {} {}", one.package.kind.name(), one.package.name, one.package.version)
    };
    image.contents.packages.iter().map(line).collect()
}

/// What the package managers listed when the image was built.
fn truth(name: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(images().join(name).join("truth")).expect("the truth of the image");
    text.lines().map(ToOwned::to_owned).collect()
}

/// What Trivy lists.
fn oracle(name: &str) -> BTreeSet<String> {
    let output = Command::new(trivy())
        .args([
            "image",
            "--quiet",
            "--list-all-pkgs",
            "--format",
            "json",
            "--scanners",
            "license",
            "--offline-scan",
            "--input",
        ])
        .arg(images().join(name))
        .args(["--cache-dir"])
        .arg(images().join("trivy-cache"))
        .output()
        .expect("trivy");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let results = report["Results"].as_array().cloned().unwrap_or_default();
    results.iter().flat_map(packages).collect()
}

fn packages(result: &Value) -> Vec<String> {
    let kind = match result["Type"].as_str().unwrap_or_default() {
        "debian" => "dpkg",
        "alma" => "rpm",
        "alpine" => "apk",
        "python-pkg" => "python",
        "node-pkg" => "node",
        "gemspec" => "ruby",
        "gobinary" => "go",
        "composer-vendor" => "composer",
        "dotnet-core" => "nuget",
        _ => return Vec::new(),
    };
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or_default().to_owned();
    let line = |package: &Value| {
        let release = Some(text(package, "Release")).filter(|release| !release.is_empty());
        let version =
            release.map_or(text(package, "Version"), |release| format!("{}-{release}", text(package, "Version")));
        let epoch = package["Epoch"].as_u64().map_or(String::new(), |epoch| format!("{epoch}:"));
        let version = if kind == "composer" || (kind == "go" && text(package, "Name") == "stdlib") {
            version.trim_start_matches('v').to_owned()
        } else {
            version
        };
        format!("{kind} {} {epoch}{version}", text(package, "Name"))
    };
    let listed = result["Packages"].as_array().cloned().unwrap_or_default();
    listed.iter().map(line).collect()
}

fn check(name: &str) -> ReadImage {
    let image = read(&images().join(name));
    assert_eq!(found(&image), truth(name), "{name}: the package managers' own list");
    let unjudged: Vec<_> = image.contents.problems.iter().filter(|problem| problem.leaves_unjudged).collect();
    assert!(unjudged.is_empty() || name == "java" || name == "go", "{name}: {unjudged:?}");
    assert_eq!(image.contents.secrets, [], "{name}: what distributions and packages bring is nobody's secret");
    image
}

fn check_with_oracle(name: &str) -> ReadImage {
    let image = check(name);
    assert_eq!(found(&image), oracle(name), "{name}: Trivy's list");
    image
}

#[test]
fn debian_has_every_package_with_its_source() {
    let image = check_with_oracle("debian");
    let distribution = image.contents.distribution.as_ref().expect("a distribution");
    assert_eq!((distribution.id.as_str(), distribution.version.as_str()), ("debian", "12"));
    let package = |name: &str| {
        let all = &image.contents.packages;
        all.iter().find(|one| one.package.name == name).unwrap_or_else(|| panic!("{name}")).package.clone()
    };
    assert_eq!(package("libc6").source_name(), "glibc");
    assert!(package("login").source_version().starts_with("1:"), "the epoch is kept");
    assert!(image.contents.set_id_files.iter().any(|file| file.path == "usr/bin/passwd" && file.mode == 0o4755));
    assert!(image.config.runs_as_root());
}

#[test]
fn zstd_layers_hold_the_same() {
    assert_eq!(check("zstd").contents.packages, read(&images().join("debian")).contents.packages);
}

#[test]
fn distroless_images_have_paragraphs_alone() {
    check_with_oracle("distroless");
}

#[test]
fn applications_on_a_base_and_what_a_layer_takes_away() {
    let image = check("app");
    let all = &image.contents.packages;
    assert!(!image.config.runs_as_root());
    assert!(all.iter().filter(|one| one.package.kind.is_of_distribution()).all(|one| one.layer == 0));
    assert!(all.iter().filter(|one| !one.package.kind.is_of_distribution()).all(|one| one.layer == 1));
    // Trivy also takes a package.json that lies deeper in a package for one.
    let missing: Vec<String> = found(&image).difference(&oracle("app")).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn rpm_databases_of_both_kinds() {
    for name in ["rpm-sqlite", "rpm-ndb"] {
        let image = check(name);
        // Trivy lists what a package of rpm brought once more.
        let owned = BTreeSet::from(["python owned1 1.0".to_owned()]);
        assert_eq!(found(&image), oracle(name).difference(&owned).cloned().collect());
        let libs = image.contents.packages.iter().find(|one| one.package.name == "sample2-libs").expect("a package");
        assert_eq!((libs.package.source_name(), libs.package.source_version()), ("sample2", "2:1.2-1.el9"));
    }
}

#[test]
fn alpine_has_origins() {
    let image = check_with_oracle("alpine");
    let libssl = image.contents.packages.iter().find(|one| one.package.name == "libssl3").expect("a package");
    assert_eq!(libssl.package.source_name(), "openssl");
}

#[test]
fn libraries_of_php_and_dotnet_and_eggs() {
    let image = check("languages");
    // Trivy lists the program itself too.
    let own = BTreeSet::from(["nuget Shop 1.0.0".to_owned()]);
    assert_eq!(found(&image), oracle("languages").difference(&own).cloned().collect());
}

#[test]
fn java_archives_in_archives() {
    check("java");
}

#[test]
fn programs_of_go() {
    if images().join("go").is_dir() {
        let image = check("go");
        let missing: Vec<String> = found(&image).difference(&oracle("go")).cloned().collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
