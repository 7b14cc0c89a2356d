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
    let method = parts.method.to_string();
    let logged = if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
    let (index, fault) = {
        let mut state = shared.state();
        let body = String::from_utf8_lossy(&body).into_owned();
        state.log.push(LoggedRequest {
            method: method.clone(),
            path: logged.clone(),
            body,
            status: 0,
            at: Instant::now(),
        });
        (state.log.len() - 1, take(&mut state.faults, &method, &logged))
    };
    let incoming = Incoming { method, path, query, headers: parts.headers, body, index };
    let lost = match fault {
        Some(FaultKind::LostAnswer(status)) => Some(status),
        Some(FaultKind::Hang) => {
            let released = shared.release.notified();
            let _hanging = Hanging::new(&shared);
            released.await;
            if shared.drop_hanging.load(Ordering::SeqCst) {
                std::panic::resume_unwind(Box::new("connection dropped on demand"));
            }
            None
        }
        // Ends the connection's task without a word, and without a panic message.
        Some(FaultKind::Reset) => std::panic::resume_unwind(Box::new("connection reset on demand")),
        Some(other) => return failure(&shared, incoming.index, other),
        None => None,
    };
    let response = respond(&shared, incoming, index).await;
    match lost {
        Some(status) => failure(&shared, index, FaultKind::Status(status)),
        None => response,
    }
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
    drop(state);
    response(answer)
}

fn call(shared: &Shared, incoming: &Incoming, body: serde_json::Value, caller: Caller, accept: &str) -> Call {
    let query = url::form_urlencoded::parse(incoming.query.as_bytes()).into_owned().collect();
    let api_url = format!("{}{}", shared.url, shared.base_path);
    let (method, path) = (incoming.method.clone(), incoming.path.clone());
    Call { method, path, query, body, accept: accept.to_owned(), caller, api_url }
}

fn response(answer: Answer) -> Response<Body> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in [("limit", 5000_u64), ("remaining", 4990), ("used", 10), ("reset", now() + 3000)] {
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
