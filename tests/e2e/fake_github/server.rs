//! The fake's HTTP side: faults, the log, and which part answers.
//!
//! Invariant: a request is in the log before it is answered, with all of its body.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::access::{Caller, caller};
use super::answer::{Answer, Call, Content};
use super::fault::{FaultKind, take};
use super::state::{LoggedRequest, State};
use super::{git_http, pages, router};

/// Longer than a client waits that is told to be impatient.
const SLOW: Duration = Duration::from_secs(3);
/// Largest body that the fake reads.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// What all connections share.
pub struct Shared {
    state: Mutex<State>,
    pub base_path: &'static str,
    url: String,
    pub release: Notify,
    /// Requests that hang at this moment.
    pub hanging: AtomicUsize,
    /// Whether requests that hang end without an answer once they are let go.
    pub drop_hanging: AtomicBool,
}

/// A request, read to its end.
struct Incoming {
    method: String,
    /// Without the base path.
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Its place in the log.
    index: usize,
}

/// Counts a request as hanging until it goes on, or its connection ends.
struct Hanging<'a>(&'a Shared);

impl<'a> Hanging<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.hanging.fetch_add(1, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        self.0.hanging.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    pub fn new(base_path: &'static str, url: &str) -> Self {
        let (hanging, drop_hanging) = (AtomicUsize::new(0), AtomicBool::new(false));
        let release = Notify::new();
        Self { state: Mutex::default(), base_path, url: url.to_owned(), release, hanging, drop_hanging }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Serves until the task is dropped.
pub async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let service = Router::new().fallback(move |request: Request| {
        let shared = Arc::clone(&shared);
        async move { handle(shared, request).await }
    });
    axum::serve(listener, service).await.unwrap();
}

async fn handle(shared: Arc<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.map(|bytes| bytes.to_vec()).unwrap_or_default();
    let full = decoded(parts.uri.path());
    let path = full.strip_prefix(shared.base_path).filter(|rest| rest.starts_with('/')).unwrap_or(&full).to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let logged = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
    let mut incoming =
        Incoming { method: parts.method.to_string(), path, query, headers: parts.headers, body, index: 0 };
    let fault = note(&shared, &mut incoming, &logged);
    let index = incoming.index;
    let answer_after = shared.state().answer_after;
    if !answer_after.is_zero() {
        tokio::time::sleep(answer_after).await;
    }
    match fault {
        None => answer(&shared, incoming, &logged).await,
        Some(FaultKind::LostAnswer(status)) => {
            answer(&shared, incoming, &logged).await;
            failure(&shared, index, FaultKind::Status(status))
        }
        Some(FaultKind::Truncated) => halved(answer(&shared, incoming, &logged).await).await,
        Some(FaultKind::Stale) => {
            let known = shared.state().chaos.as_ref().and_then(|chaos| chaos.stale(&logged));
            let Some(body) = known else { return answer(&shared, incoming, &logged).await };
            let mut state = shared.state();
            state.log[index].status = 200;
            response(Answer::ok(serde_json::from_slice(&body).unwrap()), state.quota)
        }
        Some(FaultKind::Slow) => {
            tokio::time::sleep(SLOW).await;
            failure(&shared, index, FaultKind::Status(504))
        }
        Some(FaultKind::Hang) => {
            let released = shared.release.notified();
            let hanging = Hanging::new(&shared);
            released.await;
            if shared.drop_hanging.load(Ordering::SeqCst) {
                std::panic::resume_unwind(Box::new("connection dropped on demand"));
            }
            drop(hanging);
            answer(&shared, incoming, &logged).await
        }
        // Ends the connection's task without a word, and without a panic message.
        Some(FaultKind::Reset) => std::panic::resume_unwind(Box::new("connection reset on demand")),
        Some(other) => failure(&shared, index, other),
    }
}

/// Writes a request into the log, and says which fault strikes it.
fn note(shared: &Shared, incoming: &mut Incoming, logged: &str) -> Option<FaultKind> {
    let mut state = shared.state();
    let (method, body) = (&incoming.method, String::from_utf8_lossy(&incoming.body).into_owned());
    let request =
        LoggedRequest { method: method.clone(), path: logged.to_owned(), body, status: 0, at: Instant::now() };
    state.log.push(request);
    incoming.index = state.log.len() - 1;
    let account = account(&state, &incoming.headers);
    let fault = take(&mut state.faults, method, logged);
    let Some(chaos) = state.chaos.as_mut() else { return fault };
    if git_http::repository_of(&incoming.path).is_none() {
        chaos.arrive(&account, &format!("{method} {logged}"));
    }
    let fault = fault.or_else(|| chaos.pick(method, logged));
    if let Some(FaultKind::Secondary { retry_after_seconds } | FaultKind::TooManyRequests { retry_after_seconds }) =
        fault
    {
        chaos.refuse(&account, retry_after_seconds);
    }
    fault
}

/// Answers, and remembers what was read for a stale answer later.
async fn answer(shared: &Arc<Shared>, incoming: Incoming, logged: &str) -> Response<Body> {
    let index = incoming.index;
    let is_read = incoming.method == "GET" && git_http::repository_of(&incoming.path).is_none();
    let response = respond(shared, incoming, index).await;
    if !is_read || response.status() != 200 || shared.state().chaos.is_none() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap();
    let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
    if let Some(chaos) = shared.state().chaos.as_mut().filter(|_| is_json) {
        chaos.remember(logged, body.to_vec());
    }
    Response::from_parts(parts, Body::from(body))
}

/// The account of a request, as limits are counted: an installation, or the app.
fn account(state: &State, headers: &HeaderMap) -> String {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|text| text.split_once(' ')).and_then(|(_, secret)| state.tokens.get(secret));
    token.map_or_else(|| "app".to_owned(), |token| format!("installation {}", token.installation))
}

async fn halved(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap();
    let half = body.slice(..body.len() / 2);
    Response::from_parts(parts, Body::from(half))
}

async fn respond(shared: &Arc<Shared>, incoming: Incoming, index: usize) -> Response<Body> {
    if let Some((repository, rest)) = git_http::repository_of(&incoming.path) {
        let allowed = git_http::may_fetch(&shared.state(), &incoming.headers, &repository);
        let response = match allowed {
            Ok(path) => {
                let Incoming { method, query, headers, body, .. } = incoming;
                git_http::serve(&path, &method, &rest, &query, &headers, body).await
            }
            Err(status) => git_http::refuse(status),
        };
        shared.state().log[index].status = response.status().as_u16();
        return response;
    }
    let page = pages::PageRequest {
        method: &incoming.method,
        path: &incoming.path,
        query: &incoming.query,
        body: &incoming.body,
    };
    let answer = pages::answer(&mut shared.state(), &page);
    if let Some(response) = answer {
        shared.state().log[index].status = response.status().as_u16();
        return response;
    }
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || api(&shared, &incoming)).await.unwrap()
}

/// REST and GraphQL.
fn api(shared: &Shared, incoming: &Incoming) -> Response<Body> {
    let header = |name: &str| incoming.headers.get(name).and_then(|value| value.to_str().ok());
    let mut state = shared.state();
    if header("user-agent").is_none() {
        state.violations.push(format!("{} {}: no User-Agent", incoming.method, incoming.path));
    }
    let body = router::parse_body(&mut state, &incoming.method, &incoming.path, &incoming.body);
    let caller = caller(&state, header("authorization"));
    let answer = match caller {
        Err(answer) => answer,
        Ok(caller) => {
            let call = call(shared, incoming, body, caller, header("accept").unwrap_or_default());
            if matches!(call.path.as_str(), "/graphql" | "/api/graphql") {
                router::answer_graphql(&mut state, &call)
            } else {
                router::answer(&mut state, &call)
            }
        }
    };
    state.log[incoming.index].status = answer.status;
    let quota = state.quota;
    drop(state);
    response(answer, quota)
}

fn call(shared: &Shared, incoming: &Incoming, body: serde_json::Value, caller: Caller, accept: &str) -> Call {
    let query = url::form_urlencoded::parse(incoming.query.as_bytes()).into_owned().collect();
    let api_url = format!("{}{}", shared.url, shared.base_path);
    let (method, path) = (incoming.method.clone(), incoming.path.clone());
    Call { method, path, query, body, accept: accept.to_owned(), caller, api_url }
}

fn response(answer: Answer, quota: Option<(u64, SystemTime)>) -> Response<Body> {
    let mut builder = Response::builder().status(answer.status);
    let (remaining, reset) = quota.unwrap_or((4990, SystemTime::now() + Duration::from_mins(50)));
    let reset = reset.duration_since(UNIX_EPOCH).unwrap().as_secs();
    for (name, value) in [("limit", 5000), ("remaining", remaining), ("used", 5000 - remaining), ("reset", reset)] {
        builder = builder.header(format!("x-ratelimit-{name}"), value);
    }
    builder = builder.header("x-ratelimit-resource", "core");
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    match answer.content {
        Content::Json(value) => {
            let builder = builder.header("content-type", "application/json; charset=utf-8");
            builder.body(Body::from(value.to_string())).unwrap()
        }
        Content::Raw(bytes) => {
            builder.header("content-type", "application/octet-stream").body(Body::from(bytes)).unwrap()
        }
    }
}

/// What a fault answers.
fn failure(shared: &Shared, index: usize, kind: FaultKind) -> Response<Body> {
    let body = |text: &str| Body::from(format!("{{\"message\": \"{text}\"}}"));
    let (builder, body) = match kind {
        FaultKind::TooManyRequests { retry_after_seconds } => (
            Response::builder().status(429).header("retry-after", retry_after_seconds),
            body("You have exceeded a secondary rate limit"),
        ),
        FaultKind::Secondary { retry_after_seconds } => (
            Response::builder().status(403).header("retry-after", retry_after_seconds),
            body("You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
        ),
        FaultKind::QuotaSpent { reset_in_seconds } => (
            Response::builder()
                .status(403)
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", now() + reset_in_seconds),
            body("API rate limit exceeded for installation ID 815."),
        ),
        FaultKind::Status(status) => (Response::builder().status(status), Body::from("<html>Unicorn!</html>")),
        other => panic!("{other:?} answers nothing"),
    };
    let response = builder.body(body).unwrap();
    shared.state().log[index].status = response.status().as_u16();
    response
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// Undoes percent-encoding.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
