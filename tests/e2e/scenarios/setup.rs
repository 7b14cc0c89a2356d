//! A server that has no app yet, set up in a real browser.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::browser::Browser;
use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::privileged_pod;
use crate::harness::{Gate, REPOSITORY};

const NOTHING: [(&str, &str); 4] = [
    ("DOCKGATE_APP_ID", ""),
    ("DOCKGATE_PRIVATE_KEY_FILE", ""),
    ("DOCKGATE_WEBHOOK_SECRET", ""),
    ("DOCKGATE_PUBLIC_URL", "http://{address}"),
];

async fn status(url: &str) -> u16 {
    reqwest::get(url).await.unwrap().status().as_u16()
}

/// The address that the terminal shows.
async fn setup_url(gate: &Gate) -> String {
    for _ in 0..600 {
        let output = gate.output();
        if let Some(line) = output.lines().find(|line| line.contains("/setup?token=")) {
            return line.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no address was shown: {}", gate.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_made_in_the_browser_and_the_server_goes_on_as_it() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let mut gate = Gate::start_for(github, &NOTHING).await;
    let url = setup_url(&gate).await;
    let mut expected = vec![("/setup", 404), ("/setup?token=x", 404), ("/readyz", 503), ("/healthz", 200)];
    expected.extend([("/metrics", 404), ("/webhook", 404), ("/setup/callback?code=x&state=y", 400)]);
    for (path, expected) in expected {
        assert_eq!(status(&gate.url(path)).await, expected, "{path}");
    }
    let mut browser = Browser::start();
    browser.open(&url);
    assert!(browser.text().contains("Set up dockgate"), "{}", browser.text());
    assert_eq!(browser.run("document.querySelector('#url').value"), gate.url(""));
    browser.fill("#owner", "no such/name");
    browser.click("button");
    assert!(browser.text().contains("Not yet"), "{}", browser.text());
    browser.fill("#owner", "acme");
    browser.fill("#name", "Acme's <gate>");
    browser.click("button");
    let text = browser.text();
    for needed in ["Acme's <gate>", "checks: write", "contents: read", "event pull_request"] {
        assert!(text.contains(needed), "{needed}: {text}");
    }
    let file = gate.folder.path().join("dockgate-credentials.json");
    assert!(!file.exists());
    browser.click("button");
    let text = browser.text();
    assert!(text.contains("dockgate is set up") && text.contains("Install the app"), "{text}");
    assert_eq!(browser.run("refused.length"), 0);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // Without a restart: the set-up is gone, deliveries that GitHub signs are taken.
    let stored: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let secret = stored["webhook_secret"].as_str().unwrap().to_owned();
    for _ in 0..600 {
        if status(&gate.url("/metrics")).await == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status(&url).await, 404);
    let head = judge(&gate, "first", &secret).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));

    // The next start finds the file; without it the set-up stays closed.
    gate.kill();
    gate.restart().await;
    let token = url.split_once("/setup").unwrap().1;
    assert_eq!(status(&gate.url(&format!("/setup{token}"))).await, 404);
    let head = judge(&gate, "second", &secret).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    let doctor = gate.run(&["doctor"]).await;
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("DOCKGATE_APP_ID = 4711  (credentials file)"), "{doctor}");
    assert!(doctor.contains("DOCKGATE_CLIENT_SECRET = (set)  (credentials file)"), "{doctor}");
    gate.kill();
    std::fs::rename(&file, file.with_extension("away")).unwrap();
    let start = gate.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    let error = String::from_utf8_lossy(&start.stderr).into_owned();
    assert!(!start.status.success() && error.contains("was set up before"), "{error}");
    assert!(!gate.output().contains(&secret) && !gate.output().contains("PRIVATE KEY"));
    gate.assert_sound();
}

/// Opens a pull request, and delivers it signed with `secret`.
async fn judge(gate: &Gate, branch: &str, secret: &str) -> String {
    let head = gate.github.push(REPOSITORY, branch, &[Edit::write("web.yaml", &privileged_pod("web"))]);
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, branch);
    let delivery = gate.github.pull_request_event(REPOSITORY, number, "opened");
    assert_eq!(delivery.send(&gate.url("/webhook"), "another secret").await, 401);
    assert_eq!(delivery.send(&gate.url("/webhook"), secret).await, 202);
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_not_given_makes_no_app_and_one_counts_once() {
    let github = FakeGitHub::start().await;
    let gate = Gate::start_for(github, &NOTHING).await;
    let url = setup_url(&gate).await;
    let form = reqwest::get(format!("{url}&name=gate&owner=&url=http://127.0.0.1:1")).await.unwrap();
    let policy = form.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains(&gate.github.url), "{policy}");
    let html = form.text().await.unwrap();
    let state = html.split("state=").nth(1).unwrap().split('"').next().unwrap();
    // GitHub does not know the code, so nothing is made, and the state is spent.
    let back = |state: &str| gate.url(&format!("/setup/callback?code=made-up&state={state}"));
    for (state, expected) in [("x", 400), ("", 400), (state, 502), (state, 400)] {
        assert_eq!(status(&back(state)).await, expected, "{state}");
    }
    assert_eq!(status(&url).await, 200);
    assert!(!gate.folder.path().join("dockgate-credentials.json").exists());
}
