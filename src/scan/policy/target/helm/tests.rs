use std::fmt::Write;

use super::super::probe::{assert_documented, read, show};
use super::*;

/// Each subject as its path and one fact.
fn check(target: Target, path: &str, text: &str, fact: &str, expected: &[(&str, &str)]) {
    let subjects = read(target, path, text);
    let shown: Vec<(String, String)> =
        subjects.iter().map(|subject| (show(subject.facts.at("values.path")), show(subject.facts.at(fact)))).collect();
    let expected: Vec<(String, String)> =
        expected.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    assert_eq!(shown, expected, "{fact} of {text}");
}

fn images(text: &str, expected: &[(&str, &str)]) {
    check(Target::HelmImage, "values.yaml", text, "image.moving", expected);
}

#[test]
fn images_are_known_by_the_conventions_of_charts() {
    images("image: {repository: nginx, tag: latest}\n", &[("image", "true")]);
    images("image: {repository: nginx, tag: 1.27.3}\n", &[("image", "false")]);
    images("image: {repository: nginx, tag: 1.10}\n", &[("image", "false")]);
    images("image: {repository: nginx, tag: ''}\n", &[("image", "null")]);
    images("image: {repository: nginx}\n", &[("image", "null")]);
    images("image: {tag: latest}\n", &[("image", "true")]);
    images("image: {repository: nginx, tag: latest, digest: 'sha256:abc'}\n", &[("image", "false")]);
    images("image: {repository: nginx, tag: 'latest@sha256:abc'}\n", &[("image", "false")]);
    images("image: {repository: nginx, tag: '${TAG}'}\n", &[("image", "?")]);
    images("a: {b: {repository: x/y, tag: main, pullPolicy: Always}}\n", &[("a.b", "true")]);
    images("sidecarImage: busybox:latest\n", &[("sidecarImage", "true")]);
    images("image: nginx\ntag: latest\n", &[("image", "true")]);
    images("image: nginx\nimageTag: ''\n", &[("image", "null")]);
    images("image: nginx\n", &[("image", "null")]);
    images("images: {web: {repository: a, tag: latest}}\n", &[("images.web", "true")]);
}

#[test]
fn one_registry_for_all_images_stands_before_their_own() {
    let of = |text: &str, expected: &[(&str, &str)]| {
        check(Target::HelmImage, "values.yaml", text, "image.registry", expected);
    };
    let image = "image: {registry: docker.io, repository: bitnami/nginx, tag: 1.25.3}\n";
    of(image, &[("image", "docker.io")]);
    of(&format!("global: {{imageRegistry: registry.acme.io}}\n{image}"), &[("image", "registry.acme.io")]);
    of(&format!("global: {{imageRegistry: ''}}\n{image}"), &[("image", "docker.io")]);
    let without = "global: {imageRegistry: registry.acme.io}\nimage: {repository: quay.io/acme/x, tag: 1.2.3}\n";
    of(without, &[("image", "quay.io")]);
}

#[test]
fn what_only_looks_like_an_image_is_none() {
    images("backup: {repository: 's3:https://x/y'}\n", &[]);
    images("chart: {repository: 'https://charts.example.com', tag: latest}\n", &[]);
    images("git: {tag: latest}\n", &[]);
    images("release: {tag: latest, name: x}\n", &[]);
    images("backgroundImage: https://example.com/x.png\n", &[("backgroundImage", "null")]);
    images("image: {pullPolicy: Always}\n", &[]);
}

#[test]
fn containers_that_are_given_as_they_are_follow_kubernetes() {
    let text = "extraInitContainers: [{name: a, image: busybox}]\nsidecars: [{name: b, image: 'c:1'}]\n";
    images(text, &[("extraInitContainers.a.image", "true"), ("sidecars.b.image", "false")]);
}

#[test]
fn values_stand_in_many_places() {
    let target = Target::HelmImage;
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec: {values: {image: {tag: latest}}}\n";
    check(target, "x.yaml", release, "image.moving", &[("image", "true")]);
    let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  source:\n    helm:\n      parameters: [{name: a.image.tag, value: latest}]\n      valuesObject: {b: {image: {tag: '1'}}}\n      values: |\n        # a comment\n        c:\n          image:\n            repository: nginx\n            tag: latest\n";
    check(target, "x.yaml", argo, "image.tag", &[("b.image", "1"), ("a.image", "latest"), ("c.image", "latest")]);
    let block = read(target, "x.yaml", argo).pop().unwrap();
    assert_eq!(block.span.of(argo), "tag: latest");
    let k3s = "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: x}\nspec:\n  set: {image.tag: latest}\n  valuesContent: |-\n    image: {tag: '2'}\n";
    check(target, "x.yaml", k3s, "image.tag", &[("image", "2"), ("image", "latest")]);
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  values.yaml: |\n    image: {tag: latest}\n  other: |\n    image: {tag: latest}\n";
    check(target, "x.yaml", map, "image.tag", &[("image", "latest")]);
    let kustomization = "helmCharts: [{name: x, valuesInline: {image: {tag: latest}}}]\n";
    check(target, "kustomization.yaml", kustomization, "image.tag", &[("image", "latest")]);
    check(target, "other.yaml", "image: {repository: x, tag: latest}\n", "image.tag", &[]);
}

#[test]
fn settings_that_reach_the_node_are_found_at_any_depth() {
    let privileged = |text: &str, expected: &[(&str, &str)]| {
        check(Target::HelmContext, "values.yaml", text, "context.privileged", expected);
    };
    privileged("securityContext: {privileged: true}\n", &[("securityContext", "true")]);
    privileged("a: {containerSecurityContext: {privileged: '${P}'}}\n", &[("a.containerSecurityContext", "?")]);
    privileged("runner: {privileged: true}\n", &[("runner", "true")]);
    privileged("securityContext: {enabled: false, privileged: true}\n", &[]);
    privileged("agent: {enabled: false, securityContext: {privileged: true}}\n", &[]);
    privileged("podSecurityPolicy: {privileged: true}\n", &[]);
    privileged("service: {port: 80}\n", &[]);
    let path = |text: &str, expected: &[(&str, &str)]| {
        check(Target::HelmContext, "values.yaml", text, "context.host_path", expected);
    };
    path("volumes: [{name: a, hostPath: {path: /var/log}}]\n", &[("volumes.a", "/var/log")]);
    path("persistence: {dev: {type: hostPath, hostPath: /dev/dri}}\n", &[("persistence.dev", "/dev/dri")]);
    path("persistence: {hostPath: ''}\n", &[]);
    let read_only = |text: &str, expected: &[(&str, &str)]| {
        check(Target::HelmContext, "values.yaml", text, "context.host_path_read_only", expected);
    };
    let named = "volumes: [{name: a, hostPath: {path: /var/log}}, {name: b, hostPath: {path: /b}}]\nmounts: [{name: a, mountPath: /a, readOnly: true}]\nsidecar: {mounts: [{name: b, mountPath: /b, readOnly: true}, {name: b, mountPath: /c}]}\n";
    read_only(named, &[("volumes.a", "true"), ("volumes.b", "false")]);
    read_only("volumes: [{name: a, hostPath: {path: /var/log}}]\n", &[("volumes.a", "null")]);
    let common = "persistence: {a: {type: hostPath, hostPath: /a, globalMounts: [{readOnly: true}]}, b: {type: hostPath, hostPath: /b, advancedMounts: {main: {app: [{path: /b, readOnly: true}, {path: /c}]}}}, c: {type: hostPath, hostPath: /c, mountPath: /c, readOnly: '${R}'}}\n";
    read_only(common, &[("persistence.a", "true"), ("persistence.b", "false"), ("persistence.c", "?")]);
    let network = "hostNetwork: true\ncontroller: {hostNetwork: false}\n";
    check(
        Target::HelmContext,
        "values.yaml",
        network,
        "context.host_network",
        &[("values", "true"), ("controller", "false")],
    );
    let custom = "apiVersion: acme.example.com/v1\nkind: Agent\nmetadata: {name: a}\nspec: {hostNetwork: true}\n";
    check(Target::CustomContext, "agent.yaml", custom, "context.host_network", &[("spec", "true")]);
}

#[test]
fn dependencies_tell_what_they_pin() {
    let text = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: a, version: 1.2.3, repository: 'https://x'}, {name: b, version: 1.x, repository: 'http://y'}, {name: c, repository: 'file://../c'}, {name: d, version: 1, repository: '@mirror'}]\n";
    let target = Target::HelmDependency;
    let facts = |fact: &str| {
        read(target, "Chart.yaml", text).iter().map(|subject| show(subject.facts.at(fact))).collect::<Vec<_>>()
    };
    assert_eq!(facts("dependency.version_kind"), ["version", "range", "none", "range"]);
    assert_eq!(facts("dependency.is_local"), ["false", "false", "true", "false"]);
    assert_eq!(facts("dependency.scheme"), ["https", "http", "file", "null"]);
    assert!(read(target, "other.yaml", text).is_empty());
}

#[test]
fn repeated_aliases_end() {
    let mut text = String::from("a0: &a0 {image: {repository: x, tag: latest}}\n");
    for level in 1..40 {
        let items = vec![format!("*a{}", level - 1); 20].join(", ");
        writeln!(text, "a{level}: &a{level} [{items}]").unwrap();
    }
    assert!(!read(Target::HelmImage, "values.yaml", &text).is_empty());
}

/// Every fact of every target is documented, and every documented fact is given.
#[test]
fn facts_and_their_documentation_are_the_same() {
    for (target, path, text) in [
        (Target::HelmImage, "values.yaml", "image: {repository: a, tag: b}\n"),
        (Target::HelmContext, "values.yaml", "securityContext: {}\n"),
        (Target::HelmTemplate, "a/templates/b.yaml", "a: {{ .b }}\n"),
        (Target::HelmChart, "Chart.yaml", "name: a\nversion: 1.0.0\n"),
        (Target::HelmDependency, "Chart.yaml", "name: a\nversion: 1.0.0\ndependencies: [{name: b}]\n"),
    ] {
        assert_documented(target, path, text);
    }
}
