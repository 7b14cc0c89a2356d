use super::super::probe::{assert_documented, check};
use super::*;

/// What an entry of `resources` is: kind, revision and its kind; empty for a path.
fn remote(entry: &str, expected: &str) {
    let found = remote::read(entry).map(|remote| {
        format!("{} {} {}", remote.kind, remote.revision.as_deref().unwrap_or("-"), remote.revision_kind)
    });
    assert_eq!(found.unwrap_or_default(), expected, "{entry}");
}

#[test]
fn remote_resources_are_told_from_paths() {
    for path in ["../base", "web.yaml", "github.com.yaml", "./https/x", "file:///etc", "apps/github.com/x"] {
        remote(path, "");
    }
    remote("github.com/acme/web/deploy?ref=v1.2.3", "git v1.2.3 tag");
    remote("https://github.com/acme/web//deploy?ref=main", "git main branch");
    remote(
        "https://github.com/acme/web/deploy?timeout=90s&ref=0123456789abcdef0123456789abcdef01234567",
        "git 0123456789abcdef0123456789abcdef01234567 commit",
    );
    remote("https://github.com/acme/web", "git - none");
    remote("https://github.com/acme/web//deploy?ref=", "git - none");
    remote("git@github.com:acme/web?ref=v0.12", "git v0.12 tag");
    remote("ssh://git@git.example.com/web.git//deploy", "git - none");
    remote("git::https://git.example.com/web?version=v2", "git v2 tag");
}

#[test]
fn single_files_have_their_revision_in_the_address() {
    remote("https://raw.githubusercontent.com/acme/web/v1.2.3/deploy.yaml", "file v1.2.3 tag");
    remote("https://raw.githubusercontent.com/acme/web/main/deploy.yaml", "file main branch");
    remote("https://raw.githubusercontent.com/acme/web/refs/heads/main/deploy.yaml", "file refs/heads/main branch");
    remote("https://github.com/acme/web/releases/download/v1/x.yaml", "file refs/tags/v1 tag");
    remote("https://github.com/acme/web/releases/latest/download/x.yaml", "file HEAD head");
    remote("https://github.com/acme/web/raw/main/x.yaml", "file main branch");
    remote("https://example.com/v1.2.3/x.yaml", "file v1.2.3 tag");
    remote("https://example.com/x.yaml", "file - unknown");
}

#[test]
fn a_kustomization_is_known_by_name_or_version() {
    let target = Target::KustomizeSource;
    let text = "resources: ['github.com/acme/web?ref=v1.0.0', web.yaml]\nhelmCharts: [{name: redis, repo: 'https://c', version: 20.x}]\n";
    for path in ["kustomization.yaml", "a/kustomization.yml", "Kustomization"] {
        check(target, path, text, "source.kind", &["git", "helm"]);
    }
    check(target, "other.yaml", text, "source.kind", &[]);
    check(
        target,
        "other.yaml",
        &format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}"),
        "source.revision_kind",
        &["tag", "range"],
    );
    check(
        target,
        "kustomization.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nresources: ['github.com/a/b']\n",
        "source.kind",
        &[],
    );
}

#[test]
fn images_are_composed_wherever_they_are_replaced() {
    let target = Target::KustomizeImage;
    let text = "images: [{name: a, newTag: latest}, {name: b, newName: c}, {name: d, newTag: 1.10, digest: ''}, {name: e, newTag: latest, digest: 'sha256:{}'}, {name: f, newTag: '${T}'}]\n"
        .replace("{}", &"0".repeat(64));
    check(target, "kustomization.yaml", &text, "image.moving", &["true", "null", "false", "false", "?"]);
    let flux = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec: {postRenderers: [{kustomize: {images: [{name: a, newTag: latest}]}}]}\n";
    check(target, "x.yaml", flux, "image.tag", &["latest"]);
    let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {source: {kustomize: {images: ['a=b/c:latest', 'd:1.2', e=f]}}}\n";
    check(target, "x.yaml", argo, "image.moving", &["true", "false", "null"]);
}

#[test]
fn functions_are_read_out_of_their_annotation() {
    let object = |function: &str| {
        format!(
            "apiVersion: x/v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      {function}\n"
        )
    };
    let target = Target::KustomizeFunction;
    check(target, "g.yaml", &object("exec: {path: ./a.sh}"), "krm.program", &["./a.sh"]);
    check(target, "g.yaml", &object("container: {image: 'a:latest', network: true}"), "image.moving", &["true"]);
    check(target, "g.yaml", "apiVersion: x/v1\nkind: G\n", "krm.kind", &[]);
}

/// Every fact of every target is documented, and every documented fact is given.
#[test]
fn facts_and_their_documentation_are_the_same() {
    let text = "resources: ['github.com/acme/web']\nimages: [{name: a, newTag: b}]\n";
    let function =
        "apiVersion: x/v1\nkind: G\nmetadata: {annotations: {config.kubernetes.io/function: 'exec: {path: a}'}}\n";
    for (target, text) in [
        (Target::KustomizeFile, text),
        (Target::KustomizeSource, text),
        (Target::KustomizeImage, text),
        (Target::KustomizeFunction, function),
    ] {
        let path = if target == Target::KustomizeFunction { "g.yaml" } else { "kustomization.yaml" };
        assert_documented(target, path, text);
    }
}
