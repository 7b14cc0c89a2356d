//! A secret in a pull request is found, and goes nowhere.
//!
//! Invariant: no planted value appears in any request, log line, metric, page or database page.

use dockgate::scan::secret::fake;

use crate::fake_github::git::Edit;
use crate::harness::{Gate, REPOSITORY};

/// File and text, with places for made-up values.
const PLANTED: [(&str, &str); 8] = [
    ("aws.env", "AWS_ACCESS_KEY_ID={fake:aws-key-id}\nAWS_SECRET_ACCESS_KEY={fake:base64:40}\n"),
    ("github.yaml", "token: {fake:github-token}\n"),
    ("key.txt", "{fake:pem-rsa}\n"),
    ("stripe.yaml", "stripe: sk_live_{fake:alnum:24}\n"),
    ("slack.yaml", "slack: xoxb-{fake:digits:12}-{fake:digits:12}-{fake:alnum:24}\n"),
    ("npmrc", "//registry.npmjs.org/:_authToken={fake:npm-token}\n"),
    ("database.yaml", "url: postgres://shop:{fake:alnum:20}@db.prod.svc:5432/shop\n"),
    ("google.json", "{\n  \"type\": \"service_account\",\n  \"private_key\": \"{fake:pem-pkcs8:escaped}\\n\"\n}\n"),
];

/// What the places of a template became.
fn values(template: &str, text: &str) -> Vec<String> {
    let mut rest = text;
    let mut found = Vec::new();
    let mut parts = template.split("{fake:");
    rest = rest.strip_prefix(parts.next().unwrap()).unwrap();
    for part in parts {
        let literal = part.split_once('}').unwrap().1;
        // A key has line breaks of its own, so the last literal ends the text.
        let end = rest.rfind(literal).filter(|_| part_is_last(template, part)).or_else(|| rest.find(literal)).unwrap();
        if !part.starts_with("aws-key-id") {
            found.push(rest[..end].to_owned());
        }
        rest = &rest[end + literal.len()..];
    }
    found
}

fn part_is_last(template: &str, part: &str) -> bool {
    template.ends_with(part)
}

/// The parts of a value that would give it away: long runs without a break.
fn tell_tales(value: &str) -> Vec<String> {
    let lines = value.split(['\n', '\\']).filter(|line| !line.starts_with("-----"));
    lines.filter(|line| line.len() >= 12).map(|line| line[..line.len().min(40)].to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_secrets_block_and_appear_nowhere() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let texts: Vec<(&str, String, Vec<String>)> = PLANTED
        .iter()
        .map(|(path, template)| {
            let text = fake::expand(template).into_owned();
            let tales = values(template, &text).iter().flat_map(|value| tell_tales(value)).collect();
            (*path, text, tales)
        })
        .collect();
    let edits: Vec<Edit> = texts.iter().map(|(path, text, _)| Edit::write(path, text)).collect();
    let (number, head) = gate.open("feature", &edits).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    for (path, _, tales) in &texts {
        assert!(!tales.is_empty(), "{path} has a secret");
        assert!(run.annotations.iter().any(|note| note["path"] == *path), "{path}: {:#?}", run.annotations);
    }
    // The next push removes them: they are in the history all the same, and still no value is said.
    let removed: Vec<Edit> = PLANTED.iter().map(|(path, _)| Edit::Delete((*path).to_owned())).collect();
    let head = gate.push("feature", number, &removed).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let summary = run.summary.unwrap_or_default();
    assert!(PLANTED.iter().all(|(path, _)| summary.contains(path)), "{summary}");
    let metrics = reqwest::get(gate.url("/metrics")).await.unwrap().text().await.unwrap();
    let tales: Vec<&String> = texts.iter().flat_map(|(_, _, tales)| tales).collect();
    let mut places: Vec<(String, Vec<u8>)> =
        vec![("the log".to_owned(), gate.output().into_bytes()), ("the metrics".to_owned(), metrics.into_bytes())];
    for request in gate.github.log() {
        places.push((format!("{} {}", request.method, request.path), request.body.into_bytes()));
    }
    for path in gate.database_files() {
        places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    for (place, bytes) in &places {
        for tale in &tales {
            let found = bytes.windows(tale.len()).any(|window| window == tale.as_bytes());
            assert!(!found, "a planted value is in {place}");
        }
    }
    assert!(gate.github.pull(REPOSITORY, number).comments.len() >= PLANTED.len());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_and_keys_of_the_app_are_not_logged() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.judge(&[Edit::write("a.txt", "a\n")]).await;
    let metrics = reqwest::get(gate.url("/metrics")).await.unwrap().text().await.unwrap();
    let shown = gate.output() + &metrics;
    assert!(!shown.contains("ghs_") && !shown.contains("a webhook secret of the tests") && !shown.contains("PRIVATE"));
    for path in gate.database_files() {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("ghs_"), "{}", path.display());
    }
    gate.assert_sound();
}
