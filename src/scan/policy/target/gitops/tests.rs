use super::super::probe::{self, assert_documented, read};
use super::*;

const PATH: &str = "apps/x.yaml";

/// Checks one fact of every source.
fn check(text: &str, fact: &str, expected: &[&str]) {
    probe::check(Target::GitopsSource, PATH, text, fact, expected);
}

fn flux(kind: &str, spec: &str) -> String {
    let group = if kind == "HelmRelease" { "helm" } else { "source" };
    format!("apiVersion: {group}.toolkit.fluxcd.io/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n")
}

fn argo(kind: &str, spec: &str) -> String {
    format!("apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n")
}

#[test]
fn revisions_of_flux_are_the_ones_that_flux_obeys() {
    for (kind, reference, expected) in [
        ("GitRepository", "{branch: main, commit: abc}", "commit"),
        ("GitRepository", "{branch: main, tag: v1}", "tag"),
        ("GitRepository", "{branch: main}", "branch"),
        ("GitRepository", "{semver: '>=1.0.0', tag: v1}", "range"),
        ("GitRepository", "{name: refs/tags/v1}", "tag"),
        ("GitRepository", "{}", "none"),
        ("GitRepository", "'${REF}'", "?"),
        ("OCIRepository", "{tag: latest, digest: 'sha256:0'}", "digest"),
        ("OCIRepository", "{tag: latest}", "moving"),
        ("OCIRepository", "{tag: 1.2.3}", "tag"),
        ("OCIRepository", "{semver: 1.x}", "range"),
    ] {
        check(&flux(kind, &format!("url: u, ref: {reference}")), "source.revision_kind", &[expected]);
    }
    check(&flux("OCIRepository", "url: 'oci://ghcr.io/x'"), "source.revision_kind", &["none"]);
}

#[test]
fn charts_of_flux_have_versions() {
    for (chart, expected) in [
        ("chart: x, version: 1.2.3", "version"),
        ("chart: x, version: 1.2", "range"),
        ("chart: x, version: 1", "range"),
        ("chart: x", "none"),
        ("chart: x, version: '${V}'", "?"),
    ] {
        check(&flux("HelmRelease", &format!("chart: {{spec: {{{chart}}}}}")), "source.revision_kind", &[expected]);
    }
    check(&flux("HelmRelease", "chartRef: {kind: OCIRepository, name: x}"), "source.revision_kind", &[]);
}

#[test]
fn every_source_of_argo_is_seen() {
    let several = "sources: [{repoURL: 'https://a/b', targetRevision: HEAD}, {repoURL: 'https://c', chart: d, targetRevision: 1.*}]";
    check(&argo("Application", several), "source.revision_kind", &["head", "range"]);
    check(&argo("Application", several), "source.kind", &["git", "helm"]);
    let set = "generators: [{matrix: {generators: [{git: {repoURL: 'https://e', revision: main}}, {list: {}}]}}], template: {spec: {source: {repoURL: 'https://f', targetRevision: '{{ .rev }}'}}}";
    check(&argo("ApplicationSet", set), "source.revision_kind", &["?", "branch"]);
    check(
        &argo("Application", "source: {repoURL: 'git@h:a/b.git', targetRevision: v1.2.3}"),
        "source.scheme",
        &["ssh"],
    );
    check(&argo("Application", "source: {repoURL: 'HTTP://u@H:80/x'}"), "source.host", &["h"]);
    check(
        &argo("Application", "source: {repoURL: 'oci://h/x', targetRevision: latest}"),
        "source.revision_kind",
        &["moving"],
    );
    check(&argo("Rollout", "source: {repoURL: x}"), "source.kind", &[]);
}

#[test]
fn generators_without_a_filter_are_named() {
    let named = |generators: &str| {
        let spec = format!("generators: [{generators}], template: {{spec: {{project: '{{{{ .p }}}}'}}}}");
        let subjects = read(Target::GitopsApplication, PATH, &argo("ApplicationSet", &spec));
        let facts = &subjects.first().unwrap().facts;
        assert_eq!(facts.at("application.project_templated").unwrap().as_bool(), Some(true));
        facts.at("application.unfiltered_generator").unwrap().as_str().map(str::to_owned)
    };
    assert_eq!(named("{pullRequest: {github: {owner: o}}}").as_deref(), Some("pullRequest"));
    assert_eq!(named("{pullRequest: {github: {owner: o, labels: [preview]}}}"), None);
    assert_eq!(named("{pullRequest: {github: {owner: o}, filters: [{branchMatch: x}]}}"), None);
    assert_eq!(named("{scmProvider: {github: {organization: o}}}").as_deref(), Some("scmProvider"));
    assert_eq!(named("{merge: {generators: [{scmProvider: {filters: '${F}'}}]}}"), None);
    assert_eq!(named("{list: {}}"), None);
}

/// Every fact of every target is documented, and every documented fact is given.
#[test]
fn facts_and_their_documentation_are_the_same() {
    let text = argo("Application", "source: {repoURL: x}");
    for target in [Target::GitopsSource, Target::GitopsApplication] {
        assert_documented(target, PATH, &text);
    }
}
