//! Images that a pull request brings in: pinned by a suggestion, scanned by a check of their own.
//!
//! Invariant: the first check never waits for a registry, and an image that was not scanned is no success.

use serde_json::json;

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::state::CheckRun;
use crate::harness::{Gate, REPOSITORY};
use crate::osv_server::{Behaviour, OsvServer};
use crate::registry::Registry;

/// A gate that may talk to `registry`, with more environment variables.
async fn gate(registry: &Registry, files: &[(&str, &str)], more: &[(&str, &str)]) -> Gate {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, files);
    let private = registry.setting();
    let environment: Vec<_> =
        [("DOCKGATE_REGISTRY_PRIVATE", private.as_str())].into_iter().chain(more.iter().copied()).collect();
    Gate::start_for(github, &environment).await
}

/// An OSV that knows one vulnerability of `openssl`, fixed in `3.0.2`.
async fn osv() -> OsvServer {
    let mut behaviour = Behaviour::default();
    let id = "DEBIAN-CVE-2024-1111".to_owned();
    let package = ("Debian:12".to_owned(), "openssl".to_owned());
    let record = json!({
        "id": id, "modified": "2024-01-01T00:00:00Z", "summary": "a buffer runs over",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "upstream": ["CVE-2024-1111"],
        "affected": [{
            "package": {"ecosystem": package.0, "name": package.1},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.2"}]}],
        }],
    });
    behaviour.records.insert(id.clone(), record);
    behaviour.pages.insert(package, vec![vec![id]]);
    OsvServer::start(behaviour).await
}

fn compose(image: &str) -> String {
    format!("services:\n  web:\n    image: {image}\n    read_only: true\n")
}

/// The completed run of the second check on a commit, with the one of the first.
async fn both(gate: &Gate, head: &str) -> (CheckRun, CheckRun) {
    gate.idle().await;
    let runs = gate.runs(head);
    let of = |name: &str| {
        let mut found: Vec<_> = runs.iter().filter(|run| run.name == name).cloned().collect();
        assert_eq!(found.len(), 1, "{name}: {runs:#?}");
        found.remove(0)
    };
    (of("dockgate"), of("dockgate/images"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_pins_the_image_that_the_registry_names() {
    let registry = Registry::start().await;
    let digest = registry.push("acme/base", "1.2", &[("libc6", "2.36")]).await;
    let gate = gate(&registry, &[("README.md", "hello\n")], &[("DOCKGATE_IMAGES", "pin")]).await;
    let from = format!("FROM {}/acme/base", registry.host);
    let text = format!("{from}\nUSER 1000\n");
    let (run, pull) = gate.judge(&[Edit::write("Dockerfile", &text)]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    // No such tag: there is nothing to suggest, and the verdict stands all the same.
    assert!(pull.comments.iter().all(|comment| !comment.body.contains("```suggestion")), "{:#?}", pull.comments);
    registry.push("acme/base", "latest", &[("libc6", "2.37")]).await;
    let text = format!("{from}:latest\nUSER 1000\n");
    let pushed = gate.push("feature", pull.number, &[Edit::write("Dockerfile", &text)]).await;
    gate.verdict(&pushed).await;
    let comments = gate.github.pull(REPOSITORY, pull.number).comments;
    let suggestion = format!("```suggestion\n{from}:latest@sha256:");
    assert!(comments.iter().any(|comment| comment.body.contains(&suggestion)), "{suggestion} in {comments:#?}");
    assert!(comments.iter().all(|comment| !comment.body.contains(&digest)), "of another tag: {comments:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vulnerability_that_comes_in_blocks_by_a_check_of_its_own() {
    let registry = Registry::start().await;
    let osv = osv().await;
    registry.push("acme/web", "1", &[("zlib", "1")]).await;
    registry.push("acme/web", "2", &[("openssl", "3.0.1"), ("zlib", "1")]).await;
    let image = |tag: &str| format!("{}/acme/web:{tag}", registry.host);
    let base = compose(&image("1"));
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let gate = gate(&registry, &[("compose.yaml", &base)], &more).await;
    let (number, head) = gate.open("feature", &[Edit::write("compose.yaml", &compose(&image("2")))]).await;
    let (change, images) = both(&gate, &head).await;
    assert_eq!(change.conclusion.as_deref(), Some("success"), "{change:#?}");
    assert_eq!(images.conclusion.as_deref(), Some("failure"), "{images:#?}");
    assert_eq!(images.title.as_deref(), Some("1 fixable vulnerability comes in and blocks this merge"));
    let summary = images.summary.as_deref().unwrap_or_default();
    for part in ["CVE-2024-1111", "`openssl`", "`3.0.1`", "`3.0.2`", "acme/web:1"] {
        assert!(summary.contains(part), "{part} in {summary}");
    }
    assert_eq!(images.annotations.len(), 1, "{:#?}", images.annotations);
    assert_eq!(
        (images.annotations[0]["path"].as_str(), images.annotations[0]["start_line"].as_u64()),
        (Some("compose.yaml"), Some(3))
    );
    // Without it the check passes; what was scanned is not asked for again.
    let asked = osv.asked("/v1/vulns/DEBIAN-CVE-2024-1111");
    registry.push("acme/web", "3", &[("zlib", "2")]).await;
    let head = gate.push("feature", number, &[Edit::write("compose.yaml", &compose(&image("3")))]).await;
    let (_, images) = both(&gate, &head).await;
    assert_eq!(images.conclusion.as_deref(), Some("success"), "{images:#?}");
    assert_eq!(images.title.as_deref(), Some("Nothing blocks: 1 image scanned"));
    assert_eq!(osv.asked("/v1/vulns/DEBIAN-CVE-2024-1111"), asked);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_elsewhere_does_not_clear_the_images_of_a_commit() {
    let registry = Registry::start().await;
    let osv = osv().await;
    registry.push("acme/web", "2", &[("openssl", "3.0.1")]).await;
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
    gate.github.push(REPOSITORY, "lenient", &[Edit::write(".github/dockgate.yml", "images:\n  fail-on: never\n")]);
    let image = format!("{}/acme/web:2", registry.host);
    let (blocked, head) = gate.open("feature", &[Edit::write("compose.yaml", &compose(&image))]).await;
    gate.idle().await;
    let held = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    gate.github.retarget(REPOSITORY, held, "lenient");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, held, "opened")).await;
    gate.idle().await;
    let of = |number: u64| {
        let id = format!("{REPOSITORY}#{number}/images");
        let newest = gate.runs(&head).into_iter().rfind(|run| run.external_id == id).unwrap();
        (newest.conclusion.unwrap(), newest.title.unwrap())
    };
    assert_eq!(of(blocked).0, "failure");
    let title = format!("Held up: #{blocked} has the same commit and is blocked");
    assert_eq!(of(held), ("failure".to_owned(), title));
    gate.deliver(&gate.github.close(REPOSITORY, blocked)).await;
    gate.idle().await;
    assert_eq!(of(held).0, "success", "{:?}", of(held));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_scanned_is_named_and_no_success() {
    let registry = Registry::start().await;
    let osv = osv().await;
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
    let missing = format!("{}/acme/none:1", registry.host);
    let files = [
        Edit::write("compose.yaml", &compose(&missing)),
        Edit::write("other/compose.yaml", &compose("registry.example.com/web:1")),
    ];
    let (_, head) = gate.open("feature", &files).await;
    let (_, images) = both(&gate, &head).await;
    assert_eq!(images.conclusion.as_deref(), Some("neutral"), "{images:#?}");
    assert_eq!(images.title.as_deref(), Some("2 images could not be judged"));
    let summary = images.summary.as_deref().unwrap_or_default();
    assert!(summary.contains("not found or not allowed"), "{summary}");
    assert!(summary.contains("is not on the list of allowed registries"), "{summary}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_a_new_image_passes_the_second_check() {
    let registry = Registry::start().await;
    let gate = gate(&registry, &[("README.md", "hello\n")], &[("DOCKGATE_IMAGES", "scan")]).await;
    let (_, head) = gate.open("feature", &[Edit::write("README.md", "more\n")]).await;
    let (_, images) = both(&gate, &head).await;
    assert_eq!(images.conclusion.as_deref(), Some("success"), "{images:#?}");
    assert_eq!(images.title.as_deref(), Some("This change brings in no image"));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_base_accepts_does_not_block_and_a_change_accepts_nothing_itself() {
    let registry = Registry::start().await;
    let osv = osv().await;
    registry.push("acme/web", "2", &[("openssl", "3.0.1")]).await;
    let image = format!("{}/acme/web:2", registry.host);
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let waiver = |until: &str| {
        format!(
            "images:\n  vex: [.github/vex/*.json]\n  waivers:\n    - vulnerability: CVE-2024-1111\n      package: openssl\n      \
             until: {until}\n      owner: \"@acme/platform\"\n      reason: not reachable\n"
        )
    };
    let statement = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "acme", "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [{
            "vulnerability": {"name": "CVE-2024-1111"}, "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
            "products": [{"@id": "pkg:oci/web", "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}],
        }],
    })
    .to_string();
    let other = json!({"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}).to_string();
    let bad = [
        // What the change itself brings counts for nothing.
        (vec![], vec![(".github/dockgate.yml", waiver("2999-01-01")), (".github/vex/web.json", statement.clone())]),
        (vec![(".github/dockgate.yml", waiver("2020-01-01")), (".github/vex/other.json", other.clone())], vec![]),
    ];
    let good = [
        vec![(".github/dockgate.yml", waiver("2999-01-01")), (".github/vex/other.json", other)],
        vec![(".github/dockgate.yml", waiver("2020-01-01")), (".github/vex/web.json", statement)],
    ];
    let good = good.into_iter().map(|base| (base, vec![]));
    for (number, (base, head)) in bad.into_iter().chain(good).enumerate() {
        let base: Vec<(&str, &str)> = base.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let gate = gate(&registry, &[&base[..], &[("README.md", "hello\n")]].concat(), &more).await;
        let mut edits: Vec<Edit> = head.iter().map(|(path, text)| Edit::write(path, text)).collect();
        edits.push(Edit::write("compose.yaml", &compose(&image)));
        let (_, head) = gate.open("feature", &edits).await;
        let (_, images) = both(&gate, &head).await;
        let expected = if number < 2 { "failure" } else { "success" };
        assert_eq!(images.conclusion.as_deref(), Some(expected), "{number}: {images:#?}");
        let summary = images.summary.unwrap_or_default();
        let part =
            ["not waived", "ended on 2020-01-01", "waived until 2999-01-01", "stated not to be affected"][number];
        assert_eq!(summary.contains(part), number > 0, "{number}: {part} in {summary}");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_scanned_is_known_after_a_restart_and_for_every_pull_request() {
    let registry = Registry::start().await;
    let osv = osv().await;
    registry.push("acme/web", "2", &[("openssl", "3.0.1")]).await;
    let image = format!("{}/acme/web:2", registry.host);
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let mut gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
    for number in 0..3 {
        if number == 2 {
            gate.kill();
            gate.restart().await;
        }
        let path = format!("{number}/compose.yaml");
        let (_, head) = gate.open(&format!("feature{number}"), &[Edit::write(&path, &compose(&image))]).await;
        let (_, images) = both(&gate, &head).await;
        assert_eq!(images.conclusion.as_deref(), Some("failure"), "{images:#?}");
        assert_eq!(osv.asked("/v1/querybatch"), 1, "pull request {number}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_the_base_is_told_apart_and_the_newer_base_is_named() {
    let registry = Registry::start().await;
    let osv = osv().await;
    let old: &[(&str, &str)] = &[("openssl", "3.0.1")];
    let base = registry.push("acme/base", "12.1", old).await;
    registry.push("acme/base", "12.2-slim", &[("zlib", "1")]).await;
    let newer = registry.push("acme/base", "12.10", &[("zlib", "2")]).await;
    let name = format!("{}/acme/base:12.1", registry.host);
    let own: &[(&str, &str)] = &[("openssl", "3.0.1"), ("zlib", "1")];
    let notes = [
        ("org.opencontainers.image.base.name", name.as_str()),
        ("org.opencontainers.image.base.digest", base.as_str()),
    ];
    let pinned = registry.push_on("acme/web", "1.0", &[old, own], &notes).await;
    registry.push("acme/web", "1.0", &[("zlib", "1")]).await;
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
    let image = format!("{}/acme/web:1.0@{pinned}", registry.host);
    let (_, head) = gate.open("feature", &[Edit::write("compose.yaml", &compose(&image))]).await;
    let (_, images) = both(&gate, &head).await;
    let summary = images.summary.unwrap_or_default();
    let host = &registry.host;
    for part in [
        format!("1 of the base image `{name}@{base}`, 0 of its own."),
        "| `openssl` | `3.0.1` | `3.0.2` | base |".to_owned(),
        format!("The base image has a newer version of the same line: `{host}/acme/base:12.10@{newer}` has 0 of 1"),
        "1.0 names another image by now".to_owned(),
    ] {
        assert!(summary.contains(&part), "{part} in {summary}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_to_one_platform_alone_is_remarked_on() {
    let registry = Registry::start().await;
    let osv = osv().await;
    let own = registry.push("acme/web", "amd64", &[("zlib", "1")]).await;
    let other = registry.push("acme/web", "arm64", &[("zlib", "2")]).await;
    let index = registry.push_index("acme/web", "1", &[(&own, "amd64"), (&other, "arm64")]).await;
    let more = [("DOCKGATE_IMAGES", "scan"), ("DOCKGATE_OSV_URL", osv.url.as_str())];
    let gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
    let image = format!("{}/acme/web:1@{own}", registry.host);
    let (_, head) = gate.open("feature", &[Edit::write("compose.yaml", &compose(&image))]).await;
    let (_, images) = both(&gate, &head).await;
    assert_eq!(images.conclusion.as_deref(), Some("success"), "{images:#?}");
    let summary = images.summary.unwrap_or_default();
    let index = index.replace("sha256:", "sha256&#58;");
    let part = format!("the digest is that of linux/amd64 alone; the one for all platforms of 1 is {index}");
    assert!(summary.contains(&part), "{part} in {summary}");
    gate.assert_sound();
}

/// An adapter of Harbor's interface that finds one vulnerability in every image.
async fn adapter() -> String {
    use axum::http::StatusCode;
    use axum::routing::{get, post};
    let report = json!({
        "scanner": {"name": "ours", "vendor": "tests", "version": "1"}, "severity": "Critical",
        "vulnerabilities": [{"id": "CVE-2024-9", "package": "openssl", "version": "3.0.1", "fix_version": "3.0.2",
            "severity": "Critical", "description": "x"}],
    });
    let router = axum::Router::new()
        .route("/api/v1/scan", post(|| async { (StatusCode::ACCEPTED, json!({"id": "1"}).to_string()) }))
        .route("/api/v1/scan/1/report", get(move || async move { report.to_string() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_choose_who_scans() {
    let registry = Registry::start().await;
    registry.push("acme/web", "1", &[("openssl", "3.0.1")]).await;
    let adapter = adapter().await;
    let image = format!("{}/acme/web:1", registry.host);
    for (more, why) in [
        ([("DOCKGATE_IMAGE_SCANNER", "harbor"), ("DOCKGATE_IMAGE_SCANNER_URL", adapter.as_str())], "CVE-2024-9"),
        ([("DOCKGATE_IMAGE_SCANNER", "trivy"), ("DOCKGATE_TRIVY", "/nowhere/trivy")], "trivy could not scan the image"),
    ] {
        let more = [&more[..], &[("DOCKGATE_IMAGES", "scan")]].concat();
        let gate = gate(&registry, &[("README.md", "hello\n")], &more).await;
        let (_, head) = gate.open("feature", &[Edit::write("compose.yaml", &compose(&image))]).await;
        let (_, images) = both(&gate, &head).await;
        assert_ne!(images.conclusion.as_deref(), Some("success"), "{images:#?}");
        assert!(images.summary.as_deref().unwrap_or_default().contains(why), "{why}: {images:#?}");
        gate.assert_sound();
    }
}

/// Runs dockgate in `folder`, allowed to talk to `registry`.
fn run(folder: &std::path::Path, registry: &Registry, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dockgate"));
    command.current_dir(folder).args(arguments).env("DOCKGATE_REGISTRY_PRIVATE", registry.setting());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_pins_what_registries_tell_and_names_the_rest() {
    let registry = Registry::start().await;
    let digest = registry.push("acme/base", "1.2", &[("libc6", "2.36")]).await;
    let host = &registry.host;
    let before =
        format!("ARG V=1.2\nFROM {host}/acme/base:${{V}} AS build # the base\nCOPY --from={host}/acme/none:1 /a /b\n");
    let after = before.replace("V=1.2", &format!("V=1.2@{digest}"));
    for arguments in [&["pin"][..], &["scan", "--fix"]] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Dockerfile");
        std::fs::write(&file, &before).unwrap();
        let output = run(folder.path(), &registry, arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        // By default no rule asks for the digest of what files are copied from.
        assert_eq!(told.contains("acme/none:1 is not pinned: resolve"), arguments == ["pin"], "{told}");
        assert!(std::fs::read_to_string(&file).unwrap().starts_with(&after), "{arguments:?}: {told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compose.yaml");
    let text = compose(&format!("{host}/acme/base:1.2"));
    std::fs::write(&file, &text).unwrap();
    let output = run(folder.path(), &registry, &["pin", "--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let line = format!("compose.yaml:3: {host}/acme/base:1.2@{digest}\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), line);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
