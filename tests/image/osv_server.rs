//! An OSV of our own that follows the documented protocol: batches, pages, refusals, failures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

/// What the server does.
#[derive(Default)]
pub struct Behaviour {
    /// Records by id.
    pub records: BTreeMap<String, Value>,
    /// The ids that affect a package, by ecosystem and name, page by page; a page may be empty.
    pub pages: BTreeMap<(String, String), Vec<Vec<String>>>,
    /// Names that make a batch a bad request.
    pub refused: BTreeSet<String>,
    /// Ids that are never had.
    pub broken: BTreeSet<String>,
    /// How many requests fail with 503 before one works.
    pub failures: usize,
    /// Every path and body that was asked.
    pub log: Vec<(String, Value)>,
}

type Shared = Arc<Mutex<Behaviour>>;

/// A running server.
pub struct OsvServer {
    /// Its address.
    pub url: String,
    /// What it does.
    pub behaviour: Shared,
}

impl OsvServer {
    /// Starts a server on a free port.
    pub async fn start(behaviour: Behaviour) -> Self {
        let behaviour = Arc::new(Mutex::new(behaviour));
        let router = Router::new()
            .route("/v1/querybatch", post(batch))
            .route("/v1/vulns/{id}", get(record))
            .with_state(Arc::clone(&behaviour));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, behaviour }
    }

    /// The requests for `path`.
    pub fn asked(&self, path: &str) -> usize {
        self.behaviour.lock().expect("the lock").log.iter().filter(|(asked, _)| asked == path).count()
    }
}

fn answer_with(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn fails(behaviour: &mut Behaviour) -> bool {
    let failing = behaviour.failures > 0;
    behaviour.failures = behaviour.failures.saturating_sub(1);
    failing
}

async fn batch(State(shared): State<Shared>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let mut behaviour = shared.lock().expect("the lock");
    behaviour.log.push(("/v1/querybatch".to_owned(), body.clone()));
    if fails(&mut behaviour) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let queries = body["queries"].as_array().cloned().unwrap_or_default();
    let name = |query: &Value| query["package"]["name"].as_str().unwrap_or_default().to_owned();
    let is_refused = |query: &Value| behaviour.refused.contains(&name(query));
    if queries.len() > 1000 || queries.iter().any(is_refused) {
        return (StatusCode::BAD_REQUEST, r#"{"code": 3, "message": "bad query"}"#).into_response();
    }
    let answer = |query: &Value| {
        let ecosystem = query["package"]["ecosystem"].as_str().unwrap_or_default().to_owned();
        let Some(pages) = behaviour.pages.get(&(ecosystem, name(query))) else { return json!({}) };
        let number: usize = query["page_token"].as_str().map_or(0, |token| token.parse().expect("our own token"));
        let mut result = json!({});
        let ids = pages.get(number).cloned().unwrap_or_default();
        if !ids.is_empty() {
            let entry = |id: &String| json!({"id": id, "modified": "2024-01-01T00:00:00Z"});
            result["vulns"] = ids.iter().map(entry).collect();
        }
        if number + 1 < pages.len() {
            result["next_page_token"] = json!((number + 1).to_string());
        }
        result
    };
    answer_with(&json!({"results": queries.iter().map(answer).collect::<Vec<_>>()}))
}

async fn record(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut behaviour = shared.lock().expect("the lock");
    behaviour.log.push((format!("/v1/vulns/{id}"), Value::Null));
    if fails(&mut behaviour) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match behaviour.records.get(&id).filter(|_| !behaviour.broken.contains(&id)) {
        Some(record) => answer_with(record),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
