use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::github::identity::PullRequestNumber;

type Answers = Vec<(&'static str, u16, String)>;

/// A server that gives prepared answers: each is for the next request whose `METHOD PATH` begins like it.
struct Mock {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<Answers>>,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(script): State<Script>, request: axum::http::Request<axum::body::Body>) -> Response {
    let (parts, body) = request.into_parts();
    let line = format!("{} {}", parts.method, parts.uri);
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    script.seen.lock().unwrap().push(format!("{line} {}", String::from_utf8_lossy(&body)));
    if line.contains("/access_tokens") {
        if !is_timely(&parts.headers) {
            return axum::http::StatusCode::UNAUTHORIZED.into_response();
        }
        let token = format!("token-{}", script.seen.lock().unwrap().len());
        let body = json!({"token": token, "expires_at": "2099-01-01T00:00:00Z"}).to_string();
        return (axum::http::StatusCode::CREATED, body).into_response();
    }
    let mut answers = script.answers.lock().unwrap();
    let found = answers.iter().position(|(prefix, ..)| line.starts_with(prefix));
    let Some(index) = found else { return axum::http::StatusCode::IM_A_TEAPOT.into_response() };
    let (_, status, body) = answers.remove(index);
    let next = line.contains("page=1") && body.starts_with("[{");
    let link = if next { "<http://elsewhere.example/steal>; rel=\"next\"" } else { "" };
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, [("link", link)], body).into_response()
}

/// Whether GitHub takes what the app signed, by the real time.
fn is_timely(headers: &http::HeaderMap) -> bool {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let jwt = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (issued, expires) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    issued <= now && (now..=now + 600).contains(&expires)
}

impl Mock {
    async fn start(answers: Answers) -> (Self, RepositoryClient) {
        Self::start_by(Arc::new(SystemTime::now), answers).await
    }

    async fn start_by(clock: Clock, answers: Answers) -> (Self, RepositoryClient) {
        let seen = Arc::new(Mutex::default());
        let script = Script { answers: Arc::new(Mutex::new(answers)), seen: Arc::clone(&seen) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mock = Self { address: format!("http://{}", listener.local_addr().unwrap()), seen };
        let router = Router::new().fallback(answer).with_state(script);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let rate_limit = RateLimitConfig { write_interval: Duration::ZERO, ..RateLimitConfig::default() };
        let address = mock.address.clone();
        let fresh_token_wait = Duration::ZERO;
        let config = ClientConfig { address, rate_limit, fresh_token_wait, clock, ..ClientConfig::default() };
        let client = Client::new(config, AppCredentials::new(3, &pem()).unwrap(), Arc::new(NoObserver)).unwrap();
        (mock, client.repository(InstallationId(7), "acme/shop".parse().unwrap()))
    }

    fn seen(&self, part: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }
}

fn pem() -> String {
    static PEM: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let make = || {
        use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
        let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let label = ["PRIVATE", "KEY"].join(" ");
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der.as_ref()))
    };
    PEM.get_or_init(make).clone()
}

fn pull() -> String {
    let sha = "a".repeat(40);
    json!({"number": 1, "state": "open", "head": {"sha": sha, "ref": "t"}, "base": {"sha": sha, "ref": "main"}})
        .to_string()
}

#[tokio::test]
async fn a_token_is_minted_once_for_many_tasks_and_narrowed() {
    let (mock, client) = Mock::start((0..5).map(|_| ("GET /repos", 200, pull())).collect()).await;
    let one = || client.pull_request(PullRequestNumber(1));
    let outcome = tokio::join!(one(), one(), one(), one(), one());
    assert!(outcome.0.is_ok() && outcome.4.is_ok());
    assert_eq!(mock.seen("/access_tokens"), 1);
    assert_eq!(mock.seen(r#""repositories":["shop"]"#), 1);
    assert_eq!(mock.seen(r#""contents":"read""#), 1);
}

#[tokio::test]
async fn a_refused_fresh_token_is_tried_once_more() {
    let refused = || ("GET /repos", 401, "{}".to_owned());
    let (mock, client) = Mock::start(vec![refused(), ("GET /repos", 200, pull())]).await;
    assert!(client.pull_request(PullRequestNumber(1)).await.is_ok());
    assert_eq!(mock.seen("/access_tokens"), 1);
    let (_, client) = Mock::start(vec![refused(), refused()]).await;
    let error = client.pull_request(PullRequestNumber(1)).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
}

#[tokio::test]
async fn a_write_is_sent_once_however_it_fails() {
    let (mock, client) = Mock::start(vec![("POST /repos", 502, "{}".into())]).await;
    let output = json!({"title": "t", "summary": "s"});
    let head = "a".repeat(40).parse().unwrap();
    let new = NewCheckRun { name: "dockgate", head: &head, external_id: "x" };
    let error = client.create_check_run(&new, CheckRunState::InProgress, &output).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(mock.seen("POST /repos"), 1);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_minutes_is_put_right_by_github_s() {
    let minutes = Duration::from_mins(20);
    for clock in
        [Arc::new(move || SystemTime::now() + minutes) as Clock, Arc::new(move || SystemTime::now() - minutes) as Clock]
    {
        let (mock, client) = Mock::start_by(clock, vec![("GET /repos", 200, pull())]).await;
        assert!(client.pull_request(PullRequestNumber(1)).await.is_ok());
        assert_eq!(mock.seen("/access_tokens"), 2, "refused, and asked again by the right time");
        let other = client.sibling("acme/other".parse().unwrap());
        assert!(other.token().await.is_ok());
        assert_eq!(mock.seen("/access_tokens"), 3, "known from then on");
    }
}

#[tokio::test]
async fn a_repository_that_moved_is_out_of_reach_under_its_old_name() {
    let moved = json!({"message": "Moved Permanently", "url": "https://elsewhere.example/repositories/1"}).to_string();
    for (status, body, expected) in [(301, moved, false), (404, "{}".into(), false), (200, "{}".into(), true)] {
        let (mock, client) = Mock::start(vec![("GET /repos/acme/shop", status, body)]).await;
        assert_eq!(client.is_reachable().await.ok(), Some(expected), "{status}");
        assert_eq!(mock.seen("elsewhere"), 0, "nothing is followed");
    }
}

struct Closed;

#[async_trait::async_trait]
impl fence::Fence for Closed {
    async fn holds(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn behind_a_fence_that_does_not_hold_nothing_is_written() {
    let sent = || ("POST /repos", 201, json!({"id": 1, "status": "in_progress"}).to_string());
    let (mock, client) = Mock::start(vec![sent(), ("GET /repos", 200, pull())]).await;
    // The token is there already: what is asked is whether the call itself is made.
    client.token().await.unwrap();
    let output = json!({"title": "t", "summary": "s"});
    let head = "a".repeat(40).parse().unwrap();
    let new = NewCheckRun { name: "dockgate", head: &head, external_id: "x" };
    let write = || client.create_check_run(&new, CheckRunState::InProgress, &output);
    let error = fence::guarded(Arc::new(Closed), write()).await.unwrap_err();
    assert!(matches!(error, GitHubError::Fenced { .. }) && error.is_retryable(), "{error}");
    assert_eq!(mock.seen("POST /repos"), 0);
    assert!(fence::guarded(Arc::new(Closed), client.pull_request(PullRequestNumber(1))).await.is_ok());
    assert!(write().await.is_ok(), "what nothing guards is written");
}

#[tokio::test]
async fn an_answer_of_another_shape_is_not_repeated_in_the_error() {
    for (body, is_retryable) in [(r#"{"number": "hunter2"}"#, false), (r#"{"number": hunter2"#, true), ("{", true)] {
        let (_, client) = Mock::start(vec![("GET /repos", 200, body.into())]).await;
        let error = client.pull_request(PullRequestNumber(1)).await.unwrap_err();
        let told = crate::report::words::describe(&error);
        assert!(told.contains("line 1, column") && !told.contains("hunter2"), "{told}");
        assert_eq!(error.is_retryable(), is_retryable, "{told}");
    }
}

#[tokio::test]
async fn more_threads_than_are_read_are_known_to_be_more() {
    for (pages, is_cut) in [(19, false), (25, true)] {
        let page = |number: usize| {
            let info = json!({"hasNextPage": number < pages, "endCursor": number.to_string()});
            let threads = json!({"pageInfo": info, "nodes": [null]});
            let pull = json!({"headRefOid": "a".repeat(40), "state": "OPEN", "reviewThreads": threads});
            ("POST /graphql", 200, json!({"data": {"repository": {"pullRequest": pull}}, "errors": null}).to_string())
        };
        let (mock, client) = Mock::start((1..=pages).map(page).collect()).await;
        let state = client.pull_request_state(PullRequestNumber(1)).await.unwrap();
        assert_eq!((state.is_open, state.is_cut), (true, is_cut));
        assert_eq!(mock.seen("POST /graphql"), pages.min(20));
    }
}

#[tokio::test]
async fn a_limit_stops_later_requests_before_they_are_sent() {
    let limited = json!({"message": "You have exceeded a secondary rate limit"}).to_string();
    let (mock, client) = Mock::start(vec![("GET /repos", 403, limited), ("GET /repos", 200, pull())]).await;
    for _ in 0..2 {
        let error = client.pull_request(PullRequestNumber(1)).await.unwrap_err();
        assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(50)), "{error}");
    }
    assert_eq!(mock.seen("GET /repos"), 1);
}

#[tokio::test]
async fn pages_are_followed_on_our_own_address() {
    let file = json!([{"filename": "a", "status": "added"}]).to_string();
    let pages = vec![("GET /repos/acme/shop/pulls/1/files", 200, file), ("GET /repos", 200, "[]".into())];
    let (mock, client) = Mock::start(pages).await;
    assert_eq!(client.pull_request_files(PullRequestNumber(1)).await.unwrap().len(), 1);
    assert_eq!(mock.seen("page=2"), 1);
}

#[test]
fn addresses_that_are_none_are_refused_and_paths_are_encoded() {
    for address in ["", "github.com", "ftp://x", "https://user@host", "https://host?x"] {
        let outcome = Transport::new(address, Duration::from_secs(1), Arc::new(NoObserver));
        assert!(matches!(outcome, Err(GitHubError::Address { .. })), "{address:?}");
    }
    assert_eq!(segment("feature/a b#ü"), "feature%2Fa%20b%23%C3%BC");
}
