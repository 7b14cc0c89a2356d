//! The fake itself: it has to refuse what GitHub refuses.
//!
//! Invariant: nothing of dockgate takes part.

use serde_json::{Value, json};

use crate::fake_github::access::{APP_ID, app_key};
use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::{FakeGitHub, INSTALLATION};

const REPOSITORY: &str = "acme/shop";

/// A small client without any of dockgate's code.
struct Client<'a> {
    fake: &'a FakeGitHub,
    token: String,
}

impl<'a> Client<'a> {
    async fn new(fake: &'a FakeGitHub) -> Self {
        Self::with(fake, json!({})).await.unwrap()
    }

    async fn with(fake: &'a FakeGitHub, narrowed: Value) -> Result<Self, u16> {
        let mut client = Self { fake, token: jwt(0, 540) };
        let path = format!("/app/installations/{INSTALLATION}/access_tokens");
        let (status, answer) = client.call("POST", &path, Some(narrowed)).await;
        if status != 201 {
            return Err(status);
        }
        answer["token"].as_str().unwrap().clone_into(&mut client.token);
        Ok(client)
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.fake.api_url());
        let mut request = reqwest::Client::new()
            .request(method.parse().unwrap(), url)
            .header("user-agent", "self-test")
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let Ok(response) = request.send().await else { return (0, Value::Null) };
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }
}

fn jwt(issued_in: i64, life: i64) -> String {
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let claims = json!({"iss": APP_ID.to_string(), "iat": now + issued_in, "exp": now + life});
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(app_key().private_pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256), &claims, &key).unwrap()
}

/// A repository with one open pull request that adds and alters lines of `app.yaml`.
async fn with_pull() -> (FakeGitHub, u64, String) {
    let fake = FakeGitHub::start().await;
    let lines: Vec<String> = (1..=40).map(|line| format!("key{line}: {line}")).collect();
    fake.create_repository(REPOSITORY, &[("app.yaml", &(lines.join("\n") + "\n")), ("README.md", "hello\n")]);
    let changed = lines.join("\n").replace("key20: 20", "key20: twenty") + "\n";
    let head =
        fake.push(REPOSITORY, "feature", &[Edit::write("app.yaml", &changed), Edit::write("new file.txt", "a\n")]);
    let number = fake.open_pull(REPOSITORY, REPOSITORY, "feature");
    (fake, number, head)
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_narrowed_and_bad_ones_refused() {
    let (fake, _, head) = with_pull().await;
    let reader =
        Client::with(&fake, json!({"repositories": ["shop"], "permissions": {"contents": "read"}})).await.unwrap();
    assert_eq!(reader.call("GET", "/repos/acme/shop/contents/app.yaml", None).await.0, 200);
    let run = json!({"name": "dockgate", "head_sha": head});
    assert_eq!(reader.call("POST", "/repos/acme/shop/check-runs", Some(run)).await.0, 403);
    assert_eq!(reader.call("GET", "/repos/other/shop", None).await.0, 404);
    assert_eq!(Client::with(&fake, json!({"repositories": ["absent"]})).await.err(), Some(422));
    assert_eq!(Client::with(&fake, json!({"permissions": {"contents": "write"}})).await.err(), Some(422));
    for bad in [jwt(0, 1200), jwt(60, 300), jwt(-900, -300), format!("{}x", jwt(0, 300)), "ghs_unknown".to_owned()] {
        let client = Client { fake: &fake, token: bad };
        assert_eq!(client.call("GET", "/app", None).await.0, 401);
    }
    fake.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_comparisons_are_those_of_the_pull_request() {
    let (fake, number, head) = with_pull().await;
    fake.push(REPOSITORY, "main", &[Edit::write("README.md", "changed by others\n")]);
    let client = Client::new(&fake).await;
    let (_, files) = client.call("GET", &format!("/repos/acme/shop/pulls/{number}/files?per_page=1"), None).await;
    assert_eq!(files[0]["filename"], "app.yaml");
    assert!(files[0]["patch"].as_str().unwrap().contains("-key20: 20\n+key20: twenty\n"), "{files}");
    assert_eq!(files.as_array().unwrap().len(), 1);
    let (_, compared) = client.call("GET", &format!("/repos/acme/shop/compare/main...{head}"), None).await;
    assert_eq!(compared["status"], "diverged");
    assert_eq!(compared["files"].as_array().unwrap().len(), 2);
    let (_, pull) = client.call("GET", &format!("/repos/acme/shop/pulls/{number}"), None).await;
    assert_eq!((&pull["changed_files"], &pull["head"]["sha"]), (&json!(2), &json!(head)));
    fake.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_with_one_line_off_the_diff_is_refused_whole() {
    let (fake, number, head) = with_pull().await;
    let client = Client::new(&fake).await;
    let path = format!("/repos/acme/shop/pulls/{number}/reviews");
    let comment = |line: u64| json!({"path": "app.yaml", "line": line, "side": "RIGHT", "body": "text"});
    for (comments, expected, stored) in [
        (json!([comment(20), comment(1)]), 422, 0),
        (json!([comment(17), comment(23)]), 200, 2),
        (json!([{"path": "app.yaml", "start_line": 20, "line": 19, "side": "RIGHT", "body": "text"}]), 422, 2),
        (json!([{"path": "README.md", "line": 1, "side": "RIGHT", "body": "text"}]), 422, 2),
    ] {
        let review = json!({"commit_id": head, "event": "COMMENT", "body": "summary", "comments": comments});
        assert_eq!(client.call("POST", &path, Some(review)).await.0, expected, "{comments}");
        assert_eq!(fake.pull(REPOSITORY, number).comments.len(), stored, "{comments}");
    }
    fake.assert_no_violations();
    let position = json!({"comments": [{"path": "app.yaml", "lines": 20, "body": "text"}]});
    client.call("POST", &path, Some(position)).await;
    assert!(fake.state().violations[0].contains("unknown field /comments/0/lines"));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_runs_have_limits_and_annotations_add_up() {
    let (fake, _, head) = with_pull().await;
    let client = Client::new(&fake).await;
    let annotations = |count: usize| {
        let one =
            json!({"path": "app.yaml", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"});
        vec![one; count]
    };
    let output = |count: usize| json!({"title": "t", "summary": "s", "annotations": annotations(count)});
    let run = json!({"name": "dockgate", "head_sha": head, "status": "in_progress", "output": output(50)});
    let (status, created) = client.call("POST", "/repos/acme/shop/check-runs", Some(run)).await;
    assert_eq!(status, 201);
    let path = format!("/repos/acme/shop/check-runs/{}", created["id"]);
    client.call("PATCH", &path, Some(json!({"output": output(3), "conclusion": "failure"}))).await;
    assert_eq!(fake.state().repositories[REPOSITORY].runs[0].annotations.len(), 53);
    let list = format!("/repos/acme/shop/commits/{head}/check-runs?check_name=dockgate");
    let (_, listed) = client.call("GET", &list, None).await;
    assert_eq!((&listed["total_count"], &listed["check_runs"][0]["status"]), (&json!(1), &json!("completed")));
    fake.assert_no_violations();
    assert_eq!(client.call("PATCH", &path, Some(json!({"output": output(51)}))).await.0, 422);
    assert_eq!(client.call("PATCH", &path, Some(json!({"status": "completed"}))).await.0, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_followed_and_resolved_as_permissions_allow() {
    let (fake, number, head) = with_pull().await;
    let client = Client::new(&fake).await;
    let comments = json!([{"path": "app.yaml", "line": 20, "side": "RIGHT", "body": "text"}]);
    let review = json!({"commit_id": head, "event": "COMMENT", "comments": comments});
    client.call("POST", &format!("/repos/acme/shop/pulls/{number}/reviews"), Some(review)).await;
    fake.push(REPOSITORY, "feature", &[Edit::write("app.yaml", "key: 1\n")]);
    let query = "query($n: Int!) { repository(owner: \"acme\", name: \"shop\") { pullRequest(number: $n) { \
                 reviewThreads(first: 50) { pageInfo { hasNextPage } nodes { id isResolved isOutdated comments(first: 1) \
                 { nodes { body author { login } } } } } } } }";
    let (_, answer) = client.call("POST", "/graphql", Some(json!({"query": query, "variables": {"n": number}}))).await;
    let thread = &answer["data"]["repository"]["pullRequest"]["reviewThreads"]["nodes"][0];
    assert_eq!(thread["isOutdated"], true, "{answer}");
    let resolve = "mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }";
    let request = json!({"query": resolve, "variables": {"id": thread["id"]}});
    let (_, refused) = client.call("POST", "/graphql", Some(request.clone())).await;
    assert_eq!(refused["errors"][0]["type"], "FORBIDDEN", "{refused}");
    fake.grant("contents", "write");
    let writer = Client::new(&fake).await;
    let (_, resolved) = writer.call("POST", "/graphql", Some(request)).await;
    assert_eq!(resolved["data"]["resolveReviewThread"]["thread"]["isResolved"], true, "{resolved}");
    fake.assert_no_violations();
    client.call("POST", "/graphql", Some(json!({"query": "{ viewer { logon } }"}))).await;
    assert!(fake.state().violations[0].contains("logon"));
}

#[tokio::test(flavor = "multi_thread")]
async fn git_fetches_a_pull_request_of_a_fork_without_blobs() {
    let (fake, _, _) = with_pull().await;
    fake.state().long_tokens = true;
    fake.fork(REPOSITORY, "eve/shop");
    let head = fake.push("eve/shop", "theirs", &[Edit::write("evil.yaml", "a: 1\n")]);
    let number = fake.open_pull(REPOSITORY, "eve/shop", "theirs");
    let client = Client::new(&fake).await;
    let folder = tempfile::tempdir().unwrap();
    let url = fake.url.replace("://", &format!("://x-access-token:{}@", client.token));
    let fetch = |url: &str| {
        let mut command = std::process::Command::new("git");
        command.env("GIT_TERMINAL_PROMPT", "0").arg("-C").arg(folder.path());
        command.args(["fetch", "--quiet", "--depth=1", "--filter=blob:none", url, &format!("refs/pull/{number}/head")]);
        command.output().unwrap()
    };
    std::process::Command::new("git")
        .arg("-C")
        .arg(folder.path())
        .args(["init", "--quiet", "--bare"])
        .output()
        .unwrap();
    let refused = tokio::task::block_in_place(|| fetch(&format!("{}/{REPOSITORY}", fake.url)));
    assert!(!refused.status.success());
    let fetched = tokio::task::block_in_place(|| fetch(&format!("{url}/{REPOSITORY}")));
    assert!(fetched.status.success(), "{}", String::from_utf8_lossy(&fetched.stderr));
    let fetch_head = std::fs::read_to_string(folder.path().join("FETCH_HEAD")).unwrap();
    assert!(fetch_head.starts_with(&head));
    fake.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_strike_as_often_as_asked() {
    let (fake, _, _) = with_pull().await;
    let client = Client::new(&fake).await;
    for (kind, expected) in [
        (FaultKind::Status(502), 502),
        (FaultKind::TooManyRequests { retry_after_seconds: 1 }, 429),
        (FaultKind::QuotaSpent { reset_in_seconds: 1 }, 403),
        (FaultKind::LostAnswer(504), 504),
        (FaultKind::Reset, 0),
    ] {
        fake.fail("GET", "/repos/acme/shop", 1, kind);
        assert_eq!(client.call("GET", "/repos/acme/shop", None).await.0, expected, "{kind:?}");
        assert_eq!(client.call("GET", "/repos/acme/shop", None).await.0, 200, "{kind:?}");
    }
    fake.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_github_does_not_have_are_noticed() {
    let (fake, number, _) = with_pull().await;
    let client = Client::new(&fake).await;
    client.call("GET", "/repos/acme/shop/pull/1", None).await;
    client.call("GET", &format!("/repos/acme/shop/pulls/{number}/files?perpage=100"), None).await;
    assert_eq!(fake.state().violations.len(), 2, "{:?}", fake.state().violations);
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_cut_where_github_cuts_them() {
    let fake = FakeGitHub::start().await;
    fake.create_repository(REPOSITORY, &[("a/small.yaml", "x: 1\n"), ("big.txt", &"y".repeat(1_100_000))]);
    let link = Edit::Symlink("link".to_owned(), "a/small.yaml".to_owned());
    fake.push(REPOSITORY, "main", &[link, Edit::Submodule("sub".to_owned(), "a".repeat(40))]);
    let client = Client::new(&fake).await;
    for (path, pointer, expected) in [
        ("a/small.yaml", "/encoding", json!("base64")),
        ("big.txt", "/encoding", json!("none")),
        ("link", "/size", json!(5)),
        ("sub", "/type", json!("submodule")),
        ("a", "/0/name", json!("small.yaml")),
    ] {
        let (status, answer) = client.call("GET", &format!("/repos/acme/shop/contents/{path}"), None).await;
        assert_eq!((status, answer.pointer(pointer)), (200, Some(&expected)), "{path}");
    }
    fake.assert_no_violations();
}
