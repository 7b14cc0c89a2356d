//! Whether the process is up, and whether it can do its work.
//!
//! Invariant: asking often costs GitHub nothing: its answers are kept for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::AppState;
use crate::store::Store;

/// How long a probe's answer holds.
const KEPT: Duration = Duration::from_secs(30);

/// Longest time a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// Something that must work for the server to be ready.
#[async_trait]
pub trait Probe: Send + Sync {
    /// A short name, such as `credentials`.
    fn name(&self) -> &'static str;

    /// Whether it works now.
    ///
    /// # Errors
    /// Why not, for people; never a secret.
    async fn check(&self) -> Result<(), String>;
}

/// The state of readiness.
pub(super) struct Readiness {
    store: Arc<dyn Store>,
    probes: Vec<Kept>,
    shutdown: CancellationToken,
}

struct Kept {
    probe: Arc<dyn Probe>,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Readiness {
    pub(super) fn new(store: Arc<dyn Store>, probes: Vec<Arc<dyn Probe>>, shutdown: CancellationToken) -> Self {
        let probes = probes.into_iter().map(|probe| Kept { probe, last: Mutex::new(None) }).collect();
        Self { store, probes, shutdown }
    }

    /// The checks in order, each with what fails.
    async fn check(&self) -> Vec<(&'static str, Result<(), String>)> {
        let running = if self.shutdown.is_cancelled() { Err("shutting down".to_owned()) } else { Ok(()) };
        let mut checks = vec![("process", running), ("database", self.database().await)];
        for kept in &self.probes {
            checks.push((kept.probe.name(), kept.check().await));
        }
        checks
    }

    async fn database(&self) -> Result<(), String> {
        let check = async { self.store.check().await.map_err(|error| error.to_string()) };
        tokio::time::timeout(PROBE_LIMIT, check).await.unwrap_or_else(|_| Err(slow()))
    }
}

impl Kept {
    async fn check(&self) -> Result<(), String> {
        // Held while asking, so that many callers ask once.
        let mut last = self.last.lock().await;
        if let Some((when, answer)) = &*last
            && when.elapsed() < KEPT
        {
            return answer.clone();
        }
        let answer = tokio::time::timeout(PROBE_LIMIT, self.probe.check()).await.unwrap_or_else(|_| Err(slow()));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

fn slow() -> String {
    format!("no answer within {} s", PROBE_LIMIT.as_secs())
}

/// The process is up.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work; otherwise 503, and what fails.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    let checks = state.0.readiness.check().await;
    let ready = checks.iter().all(|(_, outcome)| outcome.is_ok());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let checks: Vec<Value> = checks
        .into_iter()
        .map(|(name, outcome)| match outcome {
            Ok(()) => json!({"name": name, "ok": true}),
            Err(why) => json!({"name": name, "ok": false, "why": why}),
        })
        .collect();
    super::json(status, &json!({"ready": ready, "checks": checks}))
}
