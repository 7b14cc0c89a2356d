//! Plants a secret of each kind in each kind of document, at the places that get into messages too, and looks for it in
//! everything the engine puts out.

#![allow(clippy::expect_used, clippy::panic, reason = "a failing test says what it expected")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dockgate::scan::policy::PolicySet;
use dockgate::scan::secret::fake;
use dockgate::scan::snapshot::{ChangedFile, Content, FileStatus, Snapshot};
use dockgate::scan::{ScanOptions, scan};

/// Length of the parts of a value that must not be found.
const PART: usize = 12;

/// The kinds: policy, what is written into the document, and the part of it that is the secret.
const KINDS: &[(&str, &str, &str)] = &[
    ("secret/aws-access-key", "{id} {secret}", "{fake:base64:40}"),
    ("secret/connection-url-password", "postgres://api:{secret}@db/api", "{fake:alnum:24}"),
    ("secret/github-token", "{secret}", "{fake:github-token}"),
    (
        "secret/google-service-account",
        "{'type':'service_account','private_key':'{secret}'}",
        "{fake:pem-pkcs8:escaped}",
    ),
    ("secret/npm-token", "{secret}", "{fake:npm-token}"),
    ("secret/private-key", "{secret}", "{fake:pem-ec:escaped}"),
    ("secret/slack-token", "{secret}", "xoxb-{fake:digits:12}-{fake:digits:12}-{fake:alnum:24}"),
    ("secret/stripe-key", "{secret}", "sk_live_{fake:alnum:99}"),
];

/// The kinds of document: path and text, `{here}` for the secret and `{encoded}` for its base64.
const DOCUMENTS: &[(&str, &str)] = &[
    (
        "deploy/api.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: |-\n    {here}\nspec:\n  hostNetwork: true\n  containers:\n    - name: |-\n        \
         {here}\n      image: |-\n        {here}\n      securityContext: {privileged: true}\n",
    ),
    ("deploy/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  key: {encoded}\n"),
    (
        "compose.yaml",
        "services:\n  api:\n    image: a\n    privileged: true\n    environment:\n      - |-\n        T={here}\n",
    ),
    ("Dockerfile", "FROM python\nENV TOKEN=\"{here}\"\nARG PASSWORD=\"{here}\"\nRUN echo \"{here}\" | sh\nUSER root\n"),
    ("templates/a.yaml", "kind: Pod\n{{ if .x }}\nmetadata: {name: a}\n{{ end }}\n# {here}\n"),
    ("values.yaml", "image:\n  repository: |-\n    {here}\n"),
    ("broken.yaml", "a: 1\na: 2\nb: [\n# {here}\n"),
    (".env", "TOKEN={here}\n"),
    (
        "suppressed.yaml",
        "# dockgate:ignore-file {rule} -- known, it is {here}\n# dockgate:ignore {here} -- x\na: |-\n  {here}\n",
    ),
];

/// Checks that the policy speaks and that neither the value nor a part of it is in what the engine puts out.
fn check(rule: &str, path: &str, text: &str, secret: &str) {
    let content = Content::Text(text.into());
    let file = ChangedFile::new(path, None, FileStatus::Modified, Content::Text("a: 1\n".into()), content);
    let snapshot = Snapshot { files: vec![file], whole_tree: false };
    let scan = scan(&snapshot, PolicySet::builtin(), &ScanOptions::default());
    let suppressed = scan.head.suppressed.iter().map(|suppressed| &suppressed.finding);
    let spoke = scan.head.findings.iter().chain(suppressed).any(|finding| finding.rule.as_str() == rule);
    assert!(spoke, "{rule} is silent in {path}\n{text}");
    let problems = serde_json::to_string(&scan.head.problems).expect("problems as JSON");
    let shown = format!("{scan:?}\n{scan:#?}\n{problems}");
    for value in [secret.to_owned(), STANDARD.encode(secret)] {
        let characters: Vec<char> = value.chars().collect();
        for part in characters.windows(PART) {
            let part: String = part.iter().collect();
            let is_public = ["PRIVATE KEY", "-----"].iter().any(|public| part.contains(public));
            assert!(is_public || !shown.contains(&part), "{rule} in {path}: {part} of the value is shown in\n{shown}");
        }
    }
}

#[test]
fn no_secret_is_in_what_the_engine_puts_out() {
    for (rule, written, secret) in KINDS {
        let secret = fake::expand(secret).into_owned();
        let id = fake::expand("{fake:aws-key-id}");
        let here = written.replace("{secret}", &secret).replace("{id}", &id);
        for (path, text) in DOCUMENTS {
            let text =
                text.replace("{here}", &here).replace("{encoded}", &STANDARD.encode(&here)).replace("{rule}", rule);
            check(rule, path, &text, &secret);
        }
    }
}
