//! Which images are seen, in which role, and what pinning writes.

use crate::scan::document::parse;
use crate::scan::limits::Limits;

use super::*;

fn uses(path: &str, text: &str) -> Vec<ImageUse> {
    image_uses(&parse(path, text, &Limits::default()), text)
}

/// Each use as `reference (role)`, with the platform when there is one.
fn check(path: &str, text: &str, expected: &[&str]) {
    let shown: Vec<String> = uses(path, text)
        .iter()
        .map(|found| match &found.platform {
            Some(platform) => format!("{} ({:?}, {platform})", found.reference, found.role),
            None => format!("{} ({:?})", found.reference, found.role),
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

fn digest() -> String {
    format!("sha256:{}", "0a".repeat(32))
}

/// Pins each use on its own; `expected` is the line that holds the digest, written `@D`, of each, or `-`.
fn check_pin(path: &str, text: &str, expected: &[&str]) {
    let before = uses(path, text);
    let shown: Vec<String> = before
        .iter()
        .map(|found| {
            let Some(edit) = found.pin(text, &digest()) else { return "-".to_owned() };
            let after = edit.apply(text).unwrap();
            let now = uses(path, &after);
            let mut digests = Digests::default();
            digests.insert(&found.reference, digest());
            assert!(is_pinned(&before, &now, &digests), "{after}\n{before:?}\n{now:?}");
            assert!(!is_pinned(&before, &now, &Digests::default()), "{after}");
            let line = after.lines().find(|line| line.contains(&digest())).unwrap();
            line.replace(&digest(), "D").trim().to_owned()
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn a_dockerfile_names_images_in_six_ways() {
    let text = "# syntax=docker/dockerfile:1\nARG V=3.12\nFROM --platform=linux/amd64 golang:1.23 AS build\n\
                RUN --mount=type=bind,from=busybox:1.36,target=/b true\nFROM python:${V}\nCOPY --from=build /a /a\n\
                COPY --from=ghcr.io/acme/tool:2 /t /t\nFROM scratch\nCOPY --from=1 /x /x\n";
    check(
        "Dockerfile",
        text,
        &[
            "docker/dockerfile:1 (Frontend)",
            "golang:1.23 (BuildStage, linux/amd64)",
            "busybox:1.36 (CopiedFrom)",
            "python:3.12 (BuildStage)",
            "ghcr.io/acme/tool:2 (CopiedFrom)",
        ],
    );
    check_pin(
        "Dockerfile",
        text,
        &[
            "# syntax=docker/dockerfile:1@D",
            "FROM --platform=linux/amd64 golang:1.23@D AS build",
            "RUN --mount=type=bind,from=busybox:1.36@D,target=/b true",
            "ARG V=3.12@D",
            "COPY --from=ghcr.io/acme/tool:2@D /t /t",
        ],
    );
}

#[test]
fn an_argument_is_pinned_only_when_it_means_this_image_alone() {
    check_pin("Dockerfile", "ARG IMAGE=\"alpine:3.21\" # no comment\nFROM $IMAGE\n", &["-"]);
    check_pin("Dockerfile", "ARG IMAGE=\"alpine:3.21\"\nFROM $IMAGE\n", &["ARG IMAGE=\"alpine:3.21@D\""]);
    check_pin("Dockerfile", "ARG V=3.21\nFROM alpine:$V\nLABEL v=$V\n", &["-"]);
    check_pin("Dockerfile", "ARG V=3\nFROM alpine:$V.21\n", &["-"]);
    check_pin("Dockerfile", "FROM alpine\n", &["FROM alpine:latest@D"]);
    check_pin("Dockerfile", "FROM \"alpine:3\"\n", &["FROM \"alpine:3@D\""]);
    check_pin("Dockerfile", &format!("FROM alpine@{}\n", digest()), &["-"]);
}

#[test]
fn kubernetes_objects_and_custom_resources() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  initContainers: [{name: a, image: 'busybox'}]\n  containers:\n  - \
                name: b\n    image: \"nginx:1\" # web\n  - {name: c, image: \"x:${T}\"}\n  volumes: [{name: v, image: \
                {reference: quay.io/a/b:1}}]\n---\napiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{image: \
                golang:1}], sidecars: [{image: redis:7}]}\n---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nspec: \
                {imageName: ghcr.io/cloudnative-pg/postgresql:16}\n";
    check(
        "k8s/x.yaml",
        text,
        &[
            "busybox (Run)",
            "nginx:1 (Run)",
            "quay.io/a/b:1 (CopiedFrom)",
            "golang:1 (Run)",
            "redis:7 (Run)",
            "ghcr.io/cloudnative-pg/postgresql:16 (Run)",
        ],
    );
    check_pin(
        "k8s/x.yaml",
        text,
        &[
            "initContainers: [{name: a, image: 'busybox:latest@D'}]",
            "image: \"nginx:1@D\" # web",
            "volumes: [{name: v, image: {reference: quay.io/a/b:1@D}}]",
            "spec: {steps: [{image: golang:1@D}], sidecars: [{image: redis:7}]}",
            "spec: {steps: [{image: golang:1}], sidecars: [{image: redis:7@D}]}",
            "spec: {imageName: ghcr.io/cloudnative-pg/postgresql:16@D}",
        ],
    );
}

#[test]
fn an_anchor_pins_all_that_share_it() {
    let text = "services:\n  a: {image: &i \"redis:7\"}\n  b: {image: *i, platform: linux/arm64}\n";
    check("compose.yaml", text, &["redis:7 (Run)"]);
    check_pin("compose.yaml", text, &["a: {image: &i \"redis:7@D\"}"]);
}

#[test]
fn values_and_kustomizations_have_keys_for_a_digest() {
    let text = "image:\n  repository: acme/web\n  tag: \"1.2\"\n  digest: \"\"\nsidecar: {image: \"log:1\"}\nother:\n  \
                image: {repository: acme/x, tag: 3}\n";
    check("values.yaml", text, &["docker.io/acme/web:1.2 (Run)", "log:1 (Run)", "docker.io/acme/x:3 (Run)"]);
    check_pin("values.yaml", text, &["digest: \"D\"", "sidecar: {image: \"log:1@D\"}", "-"]);
    let text =
        "images:\n  - name: acme/web\n    newTag: \"1.2\"\n  - {name: acme/api, newName: x.io/api, newTag: v3}\n";
    check("kustomization.yaml", text, &["docker.io/acme/web:1.2 (Run)", "x.io/api:v3 (Run)"]);
    check_pin(
        "kustomization.yaml",
        text,
        &["digest: \"D\"", "- {name: acme/api, digest: \"D\", newName: x.io/api, newTag: v3}"],
    );
}

#[test]
fn pipelines() {
    let text = "on: push\njobs:\n  a:\n    runs-on: u\n    container: node:20\n    services: {db: {image: \
                postgres:16}}\n    steps:\n      - uses: docker://alpine:3.20\n      - uses: actions/checkout@v4\n";
    check(".github/workflows/ci.yml", text, &["node:20 (Tool)", "postgres:16 (Tool)", "alpine:3.20 (Tool)"]);
    check_pin(
        ".github/workflows/ci.yml",
        text,
        &["container: node:20@D", "services: {db: {image: postgres:16@D}}", "- uses: docker://alpine:3.20@D"],
    );
    let text = "image: ruby:3.3\ntest:\n  image: {name: golang:1.22}\n  services: [redis:7]\n  script: [true]\n";
    check(".gitlab-ci.yml", text, &["ruby:3.3 (Tool)", "golang:1.22 (Tool)", "redis:7 (Tool)"]);
}

/// Each image that comes in as `line before → after`.
fn check_change(path: &str, base: &str, head: &str, expected: &[&str]) {
    let changes = brought_in(path, head, &uses(path, base), &uses(path, head));
    let shown: Vec<String> = changes
        .iter()
        .map(|change| match &change.before {
            Some(before) => format!("{} {before} → {}", change.line, change.after),
            None => format!("{} {}", change.line, change.after),
        })
        .collect();
    assert_eq!(shown, expected, "{base}\n{head}");
}

#[test]
fn what_a_change_brings_in_and_what_it_takes_the_place_of() {
    let compose = |images: &[&str]| {
        let services = images.iter().enumerate().map(|(index, image)| format!("  s{index}: {{image: \"{image}\"}}\n"));
        format!("services:\n{}", services.collect::<String>())
    };
    let check = |base: &[&str], head: &[&str], expected: &[&str]| {
        check_change("compose.yaml", &compose(base), &compose(head), expected);
    };
    check(&["redis:7", "nginx:1"], &["nginx:1", "redis:7"], &[]);
    check(&["redis:7"], &["redis:8"], &["2 redis:7 → redis:8"]);
    check(&["redis:7"], &["valkey/valkey:8"], &["2 redis:7 → valkey/valkey:8"]);
    check(&[], &["redis:7", "redis:7"], &["2 redis:7"]);
    check(&["redis"], &["redis:latest"], &[]);
    check(&["redis:7"], &["nginx:1", "redis:8"], &["2 redis:7 → nginx:1", "3 redis:7 → redis:8"]);
    let pinned = format!("redis:7@{}", digest());
    check(&["redis:7"], &[&pinned], &[&format!("2 redis:7 → {pinned}")]);
}
