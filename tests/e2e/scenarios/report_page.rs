//! The whole report of a check on dockgate's own server, in a real browser.

use std::time::Duration;

use dockgate::report::link::{ReportLinks, Subject};
use dockgate::report::record::Record;
use dockgate::scan::secret::fake;
use dockgate::store::ReportKey;

use crate::browser::Browser;
use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::pages::{CLIENT_ID, CLIENT_SECRET};
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// Names that would run something if they became markup.
const HOSTILE: [&str; 3] = [
    "<img src=x onerror=window.ran=1>.yaml",
    "\"><svg onload='window.ran=2'>.yaml",
    "<script>window.ran=3<script>.yaml",
];

/// The contrast of text on the page, by WCAG's formula, of the elements that a selector finds.
const CONTRAST: &str = "selector => {
    const light = text => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number)
            .map(value => value / 255).map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    document.body.style.backgroundColor = 'Canvas';
    const behind = light(getComputedStyle(document.body).backgroundColor);
    const ratios = [...document.querySelectorAll(selector)].map(element => light(getComputedStyle(element).color))
        .map(front => (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05));
    return Math.min(...ratios);
}";

async fn gate(more: &[(&str, &str)]) -> Gate {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let settings = [("DOCKGATE_PUBLIC_URL", "http://{address}")];
    Gate::start_for(github, &settings.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()).await
}

async fn status(url: &str) -> u16 {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    client.get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_read_and_nothing_runs() {
    let gate = gate(&[]).await;
    let secret = fake::expand("{fake:alnum:20}").into_owned();
    let database = format!("url: postgres://shop:{secret}@db.prod.svc:5432/shop\n");
    let mut edits: Vec<Edit> = HOSTILE.map(|name| Edit::write(name, &privileged_pod("web"))).to_vec();
    edits.push(Edit::write("database.yaml", &database));
    edits.extend((0..250).map(|number| Edit::write(&format!("many/{number:03}.yaml"), &privileged_pod("web"))));
    let (run, _) = gate.judge(&edits).await;
    let url = run.details_url.clone().unwrap();
    assert!(run.summary.as_deref().unwrap_or_default().contains("[The whole report](http"), "{run:#?}");

    let mut browser = Browser::start();
    browser.open(&url);
    let text = browser.text();
    for needed in
        ["254 findings block this merge", "acme/shop#1", "runs in privileged mode", "Timeline", "Settings in force"]
            .into_iter()
            .chain(HOSTILE)
    {
        assert!(text.contains(needed), "{needed}: {text}");
    }
    assert!(!browser.run("document.documentElement.outerHTML").as_str().unwrap().contains(&secret));
    assert_eq!(
        browser.run("[window.ran ?? 0, refused.length, document.querySelectorAll('img,svg,script').length].join()"),
        "0,0,0"
    );
    assert_eq!(browser.run("document.querySelectorAll('h1').length"), 1);
    assert_eq!(
        browser.run("[...document.querySelectorAll('input:not([type=hidden]),select')].every(e => e.labels.length)"),
        true
    );
    assert_eq!(browser.run("getComputedStyle(document.body).maxWidth"), "992px", "the stylesheet counts");
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        let contrast = browser.run(&format!("({CONTRAST})('p,a,.faint,.number,.rule,h1,h2,pre')"));
        assert!(contrast.as_f64().unwrap() >= 4.5, "{scheme}: {contrast}");
    }

    // Filters and pages are links and a form: no script is there that could do it.
    let count = "document.querySelectorAll('article').length";
    assert_eq!(browser.run(count), 200);
    browser.click("a[rel=next]");
    assert!(browser.run(count).as_u64().unwrap() >= 54);
    browser.fill("input[name=path]", "many/01");
    browser.fill("select[name=severity]", "high");
    browser.click("form button");
    assert_eq!(browser.run(count), 10);
    assert!(browser.text().contains("1 to 10 of 10 findings"), "{}", browser.text());
    browser.click("nav a");
    let rule = browser.run("document.querySelector('.rule a').href").as_str().unwrap().to_owned();
    assert!(browser.open(&rule).contains("/rules/kubernetes/"), "{rule}");

    // Should markup ever slip through, the policy of the page still stops it.
    browser.open(&url);
    browser.run(
        "for (const name of ['script', 'style']) { const element = document.createElement(name);
         element.textContent = name === 'script' ? 'window.ran = 4' : 'body { color: red }'; document.body.append(element); }
         document.body.insertAdjacentHTML('beforeend', '<img src=\"/x.png\" onerror=\"window.ran = 5\"><iframe src=\"/\"></iframe>')",
    );
    browser.run("new Promise(done => setTimeout(done, 300))");
    assert_eq!(browser.run("window.ran ?? 0"), 0);
    let refused = browser.run("refused.join()").as_str().unwrap().to_owned();
    for directive in ["script-src-elem", "style-src-elem", "img-src", "frame-src"] {
        assert!(refused.contains(directive), "{directive}: {refused}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_signature_there_is_nothing() {
    let gate = gate(&[]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let url = gate.verdict(&head).await.details_url.unwrap();
    assert_eq!(status(&url).await, 200);
    let (bare, query) = url.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let later = format!("{expires}0&{signature}");
    let other = url.replace(&head, &"a".repeat(40));
    for forged in [bare, &format!("{bare}?{expires}"), &format!("{bare}?{later}"), &url[..url.len() - 1], &other] {
        let answer = reqwest::get(forged).await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{forged}");
        assert_eq!(answer.text().await.unwrap(), "", "{forged}");
    }
    // As it was signed long ago.
    let key = gate.store().secret_key().await.unwrap();
    let subject = Subject { repository: REPOSITORY, head: &head, check: "dockgate" };
    let old = ReportLinks::new(&gate.url(""), &key, Duration::from_hours(24)).address(subject, 1_000_000_000);
    let answer = reqwest::get(&old).await.unwrap();
    assert_eq!(answer.status().as_u16(), 410);
    let page = answer.text().await.unwrap();
    assert!(page.contains("has expired") && !page.contains("privileged"), "{page}");
    // The record is there to be looked up later.
    let key = ReportKey {
        repository: REPOSITORY.parse().unwrap(),
        head: head.parse().unwrap(),
        check: "dockgate".to_owned(),
    };
    let record = Record::from_json(&gate.store().report(&key).await.unwrap().unwrap().body).unwrap();
    assert_eq!((record.pull_request, record.conclusion.as_str()), (Some(number), "failure"));
    assert_eq!(record.dockgate, env!("CARGO_PKG_VERSION"));
    assert_eq!((record.timeline.len(), record.settings_from.as_str()), (4, "defaults"));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_read_the_repository_read_its_reports() {
    let gate = gate(&[("DOCKGATE_CLIENT_ID", CLIENT_ID), ("DOCKGATE_CLIENT_SECRET", CLIENT_SECRET)]).await;
    let (run, _) = gate.judge(&[Edit::write("web.yaml", &pod("web"))]).await;
    let url = run.details_url.unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(&format!("{}/login/oauth/authorize?client_id=", gate.github.url)), "{to}");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/signin"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(status(&url.replace("signature=", "signature=x")).await, 404);

    let mut stranger = Browser::start();
    let led = stranger.open(&url);
    assert!(led.contains("/signin/callback?code="), "{led}");
    assert!(stranger.text().contains("may not read acme/shop"), "{}", stranger.text());
    assert!(!stranger.text().contains("Nothing blocks"));

    gate.github.state().readable.push(REPOSITORY.to_owned());
    let mut reader = Browser::start();
    assert_eq!(reader.open(&url), url);
    assert!(reader.text().contains("Nothing blocks"), "{}", reader.text());
    let asked = || gate.github.log().iter().filter(|request| request.path.starts_with("/login/oauth")).count();
    let before = asked();
    reader.open(&format!("{url}&severity=high"));
    assert_eq!(asked(), before, "the answer holds for a while");

    // An answer of GitHub counts only in the browser that was sent there.
    let state = to.split("state=").nth(1).unwrap();
    let stolen = gate.url(&format!("/signin/callback?code=x&state={state}"));
    assert_eq!(status(&stolen).await, 403);
    gate.assert_sound();
}
