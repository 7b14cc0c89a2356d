//! Images that a pull request builds itself: awaited, found at their registry, or told by the team's own pipeline.
//!
//! Invariant: while one is missing the check is neither passed nor concluded, and only a workflow of the repository may
//! speak for a commit.

use std::time::Duration;

use dockgate::store::{Shelf, UnixMillis};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::state::{CheckRun, State};
use crate::harness::{Gate, REPOSITORY};
use crate::issuer::Issuer;
use crate::osv_server::{Behaviour, OsvServer};
use crate::registry::Registry;

struct Setting {
    gate: Gate,
    registry: Registry,
    issuer: Issuer,
    _osv: OsvServer,
}

/// A gate for a repository that builds `acme/shop:SHA`.
async fn start(more: &str) -> Setting {
    start_with(more, &[]).await
}

async fn start_with(more: &str, server: &[(&'static str, &'static str)]) -> Setting {
    let (registry, issuer) = (Registry::start().await, Issuer::start().await);
    let osv = OsvServer::start(Behaviour::default()).await;
    let github = FakeGitHub::start().await;
    let settings = format!("images:\n  built: [\"{}/{{owner}}/{{repo}}:{{sha}}\"]\n{more}", registry.host);
    github.create_repository(REPOSITORY, &[(".github/dockgate.yml", &settings)]);
    let private = registry.setting();
    let mut environment = vec![
        ("DOCKGATE_REGISTRY_PRIVATE", private.as_str()),
        ("DOCKGATE_IMAGES", "scan"),
        ("DOCKGATE_OSV_URL", osv.url.as_str()),
        ("DOCKGATE_UPLOAD_AUDIENCE", "dockgate"),
        ("DOCKGATE_UPLOAD_ISSUER", issuer.url.as_str()),
    ];
    environment.extend_from_slice(server);
    let gate = Gate::start_for(github, &environment).await;
    Setting { gate, registry, issuer, _osv: osv }
}

impl Setting {
    /// The newest run of the second check on a commit, when all jobs are done.
    async fn run(&self, head: &str) -> CheckRun {
        self.gate.idle().await;
        let mut runs = self.gate.runs(head);
        runs.retain(|run| run.name == "dockgate/images");
        runs.pop().unwrap()
    }

    fn image(&self, head: &str) -> String {
        format!("{}/{REPOSITORY}:{head}", self.registry.host)
    }

    /// A workflow run has ended.
    async fn workflow_ends(&self, head: &str) {
        self.gate.deliver(&self.gate.github.workflow_run_event(REPOSITORY, head)).await;
    }

    /// An image was pushed.
    async fn package_comes(&self, head: &str) {
        self.gate.deliver(&self.gate.github.registry_package_event(REPOSITORY, head)).await;
    }

    /// Lets the time pass until which images are awaited.
    async fn pass_deadline(&self) {
        let store = self.gate.store();
        let now = UnixMillis::from(std::time::SystemTime::now());
        let (hour, later) = (Duration::from_hours(1), Some(now.plus(Duration::from_hours(1))));
        for (name, body) in store.kept_below(Shelf::Image, "await/", now, 10).await.unwrap() {
            let mut awaited: Value = serde_json::from_str(&body).unwrap();
            awaited["since"] = json!(now.minus(hour).0);
            awaited["next"] = json!(now.0);
            store.keep(Shelf::Image, &name, &awaited.to_string(), later).await.unwrap();
        }
    }

    /// Waits until the second check on a commit is concluded.
    async fn concluded(&self, head: &str) -> CheckRun {
        for _ in 0..600 {
            let run = self.run(head).await;
            if run.conclusion.is_some() {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the check on {head} is not concluded");
    }

    /// Uploads a document; gives the status and the answer.
    async fn upload(&self, token: &str, query: &str, document: &Value) -> (u16, Value) {
        let url = self.gate.url(&format!("/v1/images/results?{query}"));
        let request = reqwest::Client::new().post(url).bearer_auth(token).body(document.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}

/// Trivy's JSON about an image with one vulnerability of this severity.
fn results(image: &str, severity: &str) -> Value {
    json!({
        "SchemaVersion": 2, "ArtifactName": image, "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}},
        "Results": [{"Type": "debian", "Vulnerabilities": [{
            "VulnerabilityID": "CVE-2024-7", "PkgName": "openssl", "InstalledVersion": "3.0.1", "FixedVersion": "3.0.2",
            "Severity": severity,
        }]}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_built_image_is_awaited_and_its_coming_ends_the_wait() {
    let setting = start("").await;
    let (number, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
    let run = setting.run(&head).await;
    assert_eq!((run.status.as_str(), run.conclusion.as_deref()), ("in_progress", None), "{run:#?}");
    assert_eq!(run.title.as_deref(), Some("Waiting for 1 image that this change builds"));
    assert!(run.summary.as_deref().unwrap_or_default().contains(&setting.image(&head)), "{run:#?}");
    // Something else ended: nothing is there yet.
    setting.workflow_ends(&head).await;
    assert_eq!(setting.run(&head).await.status, "in_progress");
    setting.registry.push(REPOSITORY, &head, &[("zlib", "1")]).await;
    setting.workflow_ends(&head).await;
    let run = setting.run(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert_eq!(run.title.as_deref(), Some("Nothing blocks: 1 image scanned"));
    // A newer commit that waits ends, when a still newer one comes.
    let second = setting.gate.push("feature", number, &[Edit::write("a.txt", "b\n")]).await;
    assert_eq!(setting.run(&second).await.status, "in_progress");
    let third = setting.gate.push("feature", number, &[Edit::write("a.txt", "c\n")]).await;
    assert_eq!(setting.run(&third).await.status, "in_progress");
    assert_eq!(setting.run(&second).await.conclusion.as_deref(), Some("cancelled"));
    setting.registry.push(REPOSITORY, &third, &[("zlib", "1")]).await;
    setting.package_comes(&third).await;
    assert_eq!(setting.run(&third).await.conclusion.as_deref(), Some("success"));
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_not_taken_for_a_run_that_was_forgotten() {
    let server = [("DOCKGATE_CHECK_SECONDS", "5"), ("DOCKGATE_RECONCILE_SECONDS", "1")];
    let setting = start_with("", &server).await;
    let (_, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
    let waiting = setting.run(&head).await;
    for run in &mut setting.gate.github.state().repositories.get_mut(REPOSITORY).unwrap().runs {
        run.created -= Duration::from_mins(10);
    }
    let path = format!("/check-runs/{}", waiting.id);
    let reads =
        |state: &State| state.log.iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(&path)).count();
    setting.gate.github.wait_for("two looks", |state| reads(state) >= 2).await;
    let run = setting.run(&head).await;
    assert_eq!((run.status.as_str(), &run.title), ("in_progress", &waiting.title), "{run:#?}");
    setting.registry.push(REPOSITORY, &head, &[("zlib", "1")]).await;
    setting.workflow_ends(&head).await;
    let run = setting.concluded(&head).await;
    assert_eq!((run.id, run.conclusion.as_deref()), (waiting.id, Some("success")), "{run:#?}");
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn uploaded_results_settle_the_check_of_their_commit() {
    let setting = start("  uploads: [acme/shop/.github/workflows/scan.yml@*/**]\n").await;
    let (number, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
    let image = setting.image(&head);
    assert_eq!(setting.run(&head).await.status, "in_progress");
    let merge = format!("refs/pull/{number}/merge");
    let trial = "b".repeat(40);
    let token = setting.issuer.token(REPOSITORY, &trial, &merge, &json!({}));
    let query = format!("commit={head}");
    let (status, answer) = setting.upload(&token, &query, &results(&image, "HIGH")).await;
    assert_eq!((status, &answer["outcome"], &answer["jobs"]), (202, &json!("kept"), &json!(1)), "{answer}");
    let run = setting.run(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert!(run.summary.as_deref().unwrap_or_default().contains("CVE-2024-7"), "{run:#?}");
    // A second upload is judged anew, by a new run.
    let (status, _) = setting.upload(&token, &query, &results(&image, "LOW")).await;
    assert_eq!(status, 202);
    let run = setting.run(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    // A workflow that the team doesn't trust is not believed.
    let other = json!({"job_workflow_ref": "acme/shop/.github/workflows/own.yml@refs/pull/1/merge"});
    let token = setting.issuer.token(REPOSITORY, &trial, &merge, &other);
    let second = setting.gate.push("feature", number, &[Edit::write("a.txt", "b\n")]).await;
    assert_eq!(setting.run(&second).await.status, "in_progress");
    let document = results(&setting.image(&second), "LOW");
    assert_eq!(setting.upload(&token, &format!("commit={second}"), &document).await.0, 202);
    assert_eq!(setting.run(&second).await.status, "in_progress");
    // Of another pull request neither.
    let token = setting.issuer.token(REPOSITORY, &trial, "refs/pull/999/merge", &json!({}));
    assert_eq!(setting.upload(&token, &format!("commit={second}"), &document).await.0, 202);
    assert_eq!(setting.run(&second).await.status, "in_progress");
    let token = setting.issuer.token(REPOSITORY, &second, "refs/heads/feature", &json!({}));
    assert_eq!(setting.upload(&token, "", &document).await.0, 202);
    assert_eq!(setting.run(&second).await.conclusion.as_deref(), Some("success"));
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_does_not_clear_itself_by_a_workflow_that_it_wrote() {
    let setting = start("").await;
    let (number, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
    let image = setting.image(&head);
    assert_eq!(setting.run(&head).await.status, "in_progress");
    let (merge, trial) = (format!("refs/pull/{number}/merge"), "b".repeat(40));
    let own = json!({"job_workflow_ref": format!("acme/shop/.github/workflows/scan.yml@{merge}")});
    let token = setting.issuer.token(REPOSITORY, &trial, &merge, &own);
    let (status, answer) = setting.upload(&token, &format!("commit={head}"), &results(&image, "LOW")).await;
    assert_eq!((status, &answer["jobs"]), (202, &json!(0)), "{answer}");
    assert!(answer["note"].as_str().unwrap_or_default().contains("images.uploads"), "{answer}");
    let own = json!({"job_workflow_ref": "acme/shop/.github/workflows/scan.yml@refs/heads/feature"});
    let token = setting.issuer.token(REPOSITORY, &head, "refs/heads/feature", &own);
    assert_eq!(setting.upload(&token, "", &results(&image, "LOW")).await.0, 202);
    setting.workflow_ends(&head).await;
    let run = setting.run(&head).await;
    assert_eq!(run.status, "in_progress", "{run:#?}");
    assert!(run.summary.as_deref().unwrap_or_default().contains("do not count"), "{run:#?}");
    // The team's own workflow, as it stands on the base, speaks for it, and nobody's results replace its own.
    let base = setting.gate.github.git(REPOSITORY).commit_of("refs/heads/main").unwrap();
    let token = setting.issuer.token(REPOSITORY, &base, "refs/heads/main", &json!({"event_name": "workflow_run"}));
    let (status, answer) = setting.upload(&token, &format!("commit={head}"), &results(&image, "HIGH")).await;
    assert_eq!((status, &answer["jobs"]), (202, &json!(1)), "{answer}");
    assert_eq!(setting.run(&head).await.conclusion.as_deref(), Some("failure"));
    let token = setting.issuer.token(REPOSITORY, &trial, &merge, &own);
    assert_eq!(setting.upload(&token, &format!("commit={head}"), &results(&image, "LOW")).await.0, 202);
    assert_eq!(setting.run(&head).await.conclusion.as_deref(), Some("failure"));
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_never_comes_is_named_and_one_that_comes_late_is_judged() {
    for (unjudged, expected) in [("neutral", "neutral"), ("fail", "failure")] {
        let setting = start(&format!("  built-minutes: 30\nunjudged: {unjudged}\n")).await;
        let (_, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
        assert_eq!(setting.run(&head).await.status, "in_progress");
        setting.pass_deadline().await;
        let run = setting.concluded(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some(expected), "{run:#?}");
        assert_eq!(run.title.as_deref(), Some("1 image could not be judged"));
        let summary = run.summary.clone().unwrap_or_default();
        assert!(summary.contains("it was awaited for 30 minutes and is not there"), "{summary}");
        // Something else ends: the same is not said twice.
        setting.workflow_ends(&head).await;
        assert_eq!(setting.run(&head).await.completions, run.completions);
        setting.registry.push(REPOSITORY, &head, &[("zlib", "1")]).await;
        setting.package_comes(&head).await;
        let run = setting.run(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
        assert_eq!(run.title.as_deref(), Some("Nothing blocks: 1 image scanned"));
        // From now on it is decided.
        setting.package_comes(&head).await;
        assert_eq!(setting.run(&head).await.completions, run.completions);
        setting.gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_pull_request_ends_the_wait_for_its_images() {
    let setting = start("").await;
    let (number, head) = setting.gate.open("feature", &[Edit::write("a.txt", "a\n")]).await;
    assert_eq!(setting.run(&head).await.status, "in_progress");
    setting.gate.deliver(&setting.gate.github.close(REPOSITORY, number)).await;
    let run = setting.run(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("cancelled"), "{run:#?}");
    assert_eq!(run.title.as_deref(), Some("Superseded by the end of its change"));
    // Nobody waits any more.
    setting.registry.push(REPOSITORY, &head, &[("zlib", "1")]).await;
    setting.package_comes(&head).await;
    assert_eq!(setting.run(&head).await.conclusion.as_deref(), Some("cancelled"));
    // Opened again, it is judged again.
    setting.gate.github.change_pull(REPOSITORY, number, |pull| pull.open = true);
    setting.gate.deliver(&setting.gate.github.pull_request_event(REPOSITORY, number, "reopened")).await;
    assert_eq!(setting.run(&head).await.conclusion.as_deref(), Some("success"));
    setting.gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_nobody_known_are_refused() {
    let setting = start("").await;
    let head = "a".repeat(40);
    let document = results("ghcr.io/acme/shop:1", "LOW");
    let token = |other: &Value| setting.issuer.token(REPOSITORY, &head, "refs/heads/main", other);
    for (token, query, document, status) in [
        ("abc".to_owned(), String::new(), document.clone(), 401),
        (token(&json!({"aud": "other"})), String::new(), document.clone(), 401),
        (token(&json!({"iss": "https://example.com"})), String::new(), document.clone(), 401),
        (token(&json!({"exp": 1_000_000})), String::new(), document.clone(), 401),
        (token(&json!({})), "commit=main".to_owned(), document.clone(), 400),
        (token(&json!({})), "colour=red".to_owned(), document.clone(), 400),
        (token(&json!({})), "image=%20".to_owned(), document.clone(), 400),
        (token(&json!({})), String::new(), json!({"no": "document"}), 400),
        (token(&json!({})), String::new(), document.clone(), 202),
    ] {
        let (answered, answer) = setting.upload(&token, &query, &document).await;
        assert_eq!(answered, status, "{query}: {answer}");
    }
    // One that says that it is too large is not waited for.
    let address = setting.gate.url("").trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let (length, token) = (17 << 20, token(&json!({})));
    let request = format!(
        "POST /v1/images/results HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-length: \
         {length}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(std::str::from_utf8(&answer), Ok("HTTP/1.1 413"));
    assert!(!setting.gate.output().contains("eyJ"), "no token is logged");
}
