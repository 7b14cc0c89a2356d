//! Images of default branches: what becomes known of them after the merge.
//!
//! Invariant: a repository has one issue at most, whatever breaks in between, and nobody is asked to write issues
//! without being told to watch.

use std::time::Duration;

use dockgate::scan::secret::fake;
use serde_json::json;

use crate::fake_github::FakeGitHub;
use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::Issue;
use crate::harness::{Gate, REPOSITORY};
use crate::osv_server::{Behaviour, OsvServer};
use crate::postgres::shared;
use crate::registry::Registry;

struct Setting {
    gate: Gate,
    registry: Registry,
    osv: OsvServer,
}

/// Makes a vulnerability of a package known, fixed in 3.0.2.
fn publish(osv: &OsvServer, number: u32, package: &str) {
    let id = format!("DEBIAN-CVE-2024-{number}");
    let record = json!({
        "id": id, "modified": "2024-01-01T00:00:00Z", "summary": "a buffer runs over",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "upstream": [format!("CVE-2024-{number}")],
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.2"}]}],
        }],
    });
    let mut behaviour = osv.behaviour.lock().unwrap();
    behaviour.records.insert(id.clone(), record);
    behaviour.pages.entry(("Debian:12".into(), package.into())).or_default().push(vec![id]);
}

fn manifest(image: &str) -> String {
    format!("services:\n  web:\n    image: {image}\n    read_only: true\n")
}

/// A gate that watches a repository whose `main` runs `acme/web:1`, with `openssl` and `zlib` in it; more `files`, and
/// what the installation grants about issues.
async fn start(files: &[(&str, &str)], grants: Option<&str>) -> Setting {
    start_on(None, files, grants).await
}

/// The same on a database of `PostgreSQL`.
async fn start_on(database: Option<&str>, files: &[(&str, &str)], grants: Option<&str>) -> Setting {
    let (registry, osv) = (Registry::start().await, OsvServer::start(Behaviour::default()).await);
    registry.push("acme/web", "1", &[("openssl", "3.0.1"), ("zlib", "3.0.1")]).await;
    let github = FakeGitHub::start().await;
    let compose = manifest(&format!("{}/acme/web:1", registry.host));
    github.create_repository(REPOSITORY, &[&[("deploy/compose.yaml", compose.as_str())], files].concat());
    if let Some(level) = grants {
        github.grant("issues", level);
    }
    let private = registry.setting();
    let mut environment = vec![
        ("DOCKGATE_REGISTRY_PRIVATE", private.as_str()),
        ("DOCKGATE_IMAGES", "scan"),
        ("DOCKGATE_OSV_URL", osv.url.as_str()),
        ("DOCKGATE_IMAGE_WATCH_SECONDS", "1"),
        ("DOCKGATE_WRITE_MILLISECONDS", "0"),
    ];
    environment.extend(database.map(|url| ("DOCKGATE_DATABASE_URL", url)));
    let gate = Gate::start_for(github, &environment).await;
    Setting { gate, registry, osv }
}

impl Setting {
    /// Waits until the repository was looked at once more, from begin to end.
    async fn look(&self) {
        let looks = || self.gate.output().matches("looked at the images of a default branch").count();
        let before = looks();
        self.wait("two looks", || looks() >= before + 2).await;
    }

    async fn wait(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..1_200 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} did not happen");
    }

    /// The one issue, when it is as it should be.
    async fn issue(&self, what: &str, holds: impl Fn(&Issue) -> bool) -> Issue {
        self.wait(what, || self.gate.github.issues(REPOSITORY).iter().any(&holds)).await;
        self.one()
    }

    fn one(&self) -> Issue {
        let mut issues = self.gate.github.issues(REPOSITORY);
        assert_eq!(issues.len(), 1, "{issues:#?}");
        issues.remove(0)
    }

    fn image(&self, tag: &str) -> String {
        format!("{}/acme/web:{tag}", self.registry.host)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vulnerability_that_appears_after_the_merge_has_one_issue_until_it_is_gone() {
    let setting = start(&[], Some("write")).await;
    let Setting { gate, osv, .. } = &setting;
    setting.look().await;
    assert!(gate.github.issues(REPOSITORY).is_empty());
    publish(osv, 1, "openssl");
    let issue = setting.issue("an issue", |issue| issue.state == "open").await;
    assert_eq!(issue.title, "Images in use: 1 fixable vulnerability in 1 image");
    for part in ["| CVE-2024-1 |", "`openssl`", "`3.0.2`", "`deploy/compose.yaml` line 3", &setting.image("1")] {
        assert!(issue.body.contains(part), "{part} in {}", issue.body);
    }
    // The same is not said again.
    setting.look().await;
    assert_eq!((setting.one().edits, setting.one().comments.len()), (0, 0));
    // What is new is told by a comment, once, whatever becomes of the answer.
    gate.github.fail("POST", "/comments", 1, FaultKind::LostAnswer(502));
    publish(osv, 2, "zlib");
    let issue = setting.issue("an update", |issue| issue.title.contains("2 fixable")).await;
    assert!(issue.body.contains("CVE-2024-1") && issue.body.contains("CVE-2024-2"), "{}", issue.body);
    setting.look().await;
    let comments: Vec<String> = setting.one().comments.into_iter().map(|comment| comment.body).collect();
    assert!(comments.len() == 1 && comments[0].starts_with("New in the list above: CVE-2024-2.\n"), "{comments:#?}");
    // Whoever closes it knows what it says, and hears of what is new.
    gate.github.close_issue(REPOSITORY, issue.number);
    setting.look().await;
    assert_eq!(setting.one().state, "closed");
    publish(osv, 3, "zlib");
    setting.issue("what is new", |issue| issue.state == "open" && issue.body.contains("CVE-2024-3")).await;
    assert_eq!(setting.one().comments.len(), 2);
    // Another image that can't be scanned is not a clean one.
    gate.github.push(REPOSITORY, "main", &[Edit::write("deploy/compose.yaml", &manifest(&setting.image("none")))]);
    setting.look().await;
    assert_eq!(setting.one().state, "open");
    setting.registry.push("acme/web", "2", &[("openssl", "3.0.2"), ("zlib", "3.0.2")]).await;
    gate.github.push(REPOSITORY, "main", &[Edit::write("deploy/compose.yaml", &manifest(&setting.image("2")))]);
    let issue = setting.issue("the end", |issue| issue.state == "closed").await;
    assert_eq!(issue.title, "Images in use: nothing that would block");
    assert!(!issue.body.contains("CVE-2024"), "{}", issue.body);
    // When something comes back, the same issue says so.
    gate.github.push(REPOSITORY, "main", &[Edit::write("deploy/compose.yaml", &manifest(&setting.image("1")))]);
    setting.issue("the same again", |issue| issue.state == "open" && issue.body.contains("CVE-2024-1")).await;
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_whose_answer_was_lost_is_found_again_after_a_crash_and_by_another_replica() {
    let database = shared().database().await;
    let mut setting = start_on(Some(&database), &[], Some("write")).await;
    setting.look().await;
    // Somebody else's issue with our marker is not ours.
    setting.gate.github.open_issue(REPOSITORY, "why?\n\n<!-- dockgate:watch -->");
    setting.gate.github.fail("POST", "/shop/issues", 1, FaultKind::LostAnswer(502));
    publish(&setting.osv, 1, "openssl");
    let issues = |setting: &Setting| {
        let mut issues = setting.gate.github.issues(REPOSITORY);
        issues.retain(|issue| issue.title.starts_with("Images"));
        issues
    };
    setting.wait("an issue", || issues(&setting).len() == 1).await;
    setting.gate.kill();
    setting.gate.restart().await;
    setting.gate.add_replica().await;
    publish(&setting.osv, 2, "zlib");
    setting.wait("an update", || issues(&setting).iter().any(|issue| issue.body.contains("CVE-2024-2"))).await;
    setting.look().await;
    assert_eq!(issues(&setting).len(), 1, "{:#?}", setting.gate.github.issues(REPOSITORY));
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_branch_accepts_opens_nothing_and_an_ignored_file_is_not_watched() {
    let settings = "paths: {ignore: [examples/**]}\nimages:\n  waivers:\n    - {vulnerability: CVE-2024-1, until: \
                    2999-01-01, owner: \"@acme/web\", reason: not reachable}\n";
    let setting = start(&[(".github/dockgate.yml", settings)], Some("write")).await;
    publish(&setting.osv, 1, "openssl");
    setting.registry.push("acme/other", "1", &[("curl", "3.0.1")]).await;
    publish(&setting.osv, 2, "curl");
    let other = manifest(&format!("{}/acme/other:1", setting.registry.host));
    setting.gate.github.push(REPOSITORY, "main", &[Edit::write("examples/compose.yaml", &other)]);
    setting.look().await;
    assert!(setting.gate.github.issues(REPOSITORY).is_empty());
    // The waiver goes, and with it its effect.
    setting.gate.github.push(REPOSITORY, "main", &[Edit::write(".github/dockgate.yml", "fail-on: high\n")]);
    let issue = setting.issue("an issue", |issue| issue.state == "open").await;
    setting.issue("both", |issue| issue.body.contains("CVE-2024-1") && issue.body.contains("CVE-2024-2")).await;
    assert_eq!(issue.number, setting.one().number);
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_it_is_said_and_checks_go_on() {
    for grants in [None, Some("read")] {
        let setting = start(&[], grants).await;
        publish(&setting.osv, 1, "openssl");
        setting.gate.wait_for_output("give the app the permission issues: write").await;
        assert!(setting.gate.github.issues(REPOSITORY).is_empty());
        let (_, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
        setting.gate.idle().await;
        let runs = setting.gate.runs(&head);
        assert!(runs.iter().all(|run| run.conclusion.as_deref() == Some("success")), "{runs:#?}");
        let output = setting.gate.run(&["doctor"]).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("FAIL  permission: issues: read, needs write"), "{said}");
        setting.gate.github.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_an_image_of_ones_own_is_told_once_until_it_is_gone() {
    let setting = start(&[], Some("write")).await;
    let Setting { gate, registry, .. } = &setting;
    let token = fake::expand("{fake:github-token}");
    let text = format!("GITHUB_TOKEN={token}\n");
    registry.push_with_file("acme/web", "2", &[("zlib", "3.0.1")], "app/config/.env", &text).await;
    registry.push_with_file("other/tool", "1", &[("zlib", "3.0.1")], "app/config/.env", &text).await;
    let tool = format!("  tool:\n    image: {}/other/tool:1\n    read_only: true\n", registry.host);
    let both = manifest(&setting.image("2")) + &tool;
    gate.github.push(REPOSITORY, "main", &[Edit::write("deploy/compose.yaml", &both)]);
    let issue = setting.issue("an issue", |issue| issue.state == "open").await;
    assert_eq!(issue.title, "Images in use: 1 secret in 1 image");
    for part in ["in `app/config/.env` | critical |", "`app/config/.env` line 1", "Revoke", &setting.image("2")] {
        assert!(issue.body.contains(part), "{part} in {}", issue.body);
    }
    assert!(!issue.body.contains("other/tool"), "who else builds an image is not told of it: {}", issue.body);
    setting.look().await;
    assert_eq!((setting.one().edits, setting.one().comments.len()), (0, 0), "the same is not said again");
    // A vulnerability beside it is told as ever.
    publish(&setting.osv, 1, "zlib");
    let title = "Images in use: 2 fixable vulnerabilities and 1 secret in 2 images";
    let issue = setting.issue("both", |issue| issue.title == title).await;
    assert_eq!(setting.one().comments.len(), 1);
    assert!(![issue.body, gate.output()].concat().contains(token.as_ref()), "no value is shown");
    setting.registry.push("acme/web", "3", &[("zlib", "3.0.2")]).await;
    gate.github.push(REPOSITORY, "main", &[Edit::write("deploy/compose.yaml", &manifest(&setting.image("3")))]);
    setting.issue("the end", |issue| issue.state == "closed").await;
    gate.assert_sound();
}
