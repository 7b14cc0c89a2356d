//! The server: takes deliveries in, shows how it is, and runs the worker beside.
//!
//! `POST /webhook` turns a signed delivery into durable jobs, `POST /v1/images/results` takes scan results of
//! workflows; `GET /healthz`, `/readyz` and `/metrics` are for whoever operates it, `/rules/` explains the rules to
//! everybody, `/report/` shows a check's whole report to whoever has its signed address. A server without an app serves
//! [`setup`] first.
//!
//! Invariant: a delivery is answered with success only when its jobs survive a crash, and nothing of a body, a
//! signature or a token is ever logged.

mod health;
mod metrics;
mod page;
mod report;
mod results;
mod rules;
pub mod setup;
mod sign_in;
#[cfg(test)]
mod tests;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{info, info_span, warn};

use crate::github::client::Client;
use crate::github::oidc::WorkflowTokens;
use crate::store::{Store, UnixMillis};
use crate::worker::recovery::{Recovery, RecoverySettings};
use crate::worker::{Clock, JobHandler, Wake, Worker, WorkerSettings};

pub use health::Probe;
pub use metrics::Metrics;
pub use report::ReportPages;
pub use sign_in::SignInPages;

/// Longest time a request may take. GitHub gives a delivery up after 10 s.
const REQUEST_LIMIT: Duration = Duration::from_secs(8);

/// How long open requests may go on after the shutdown began.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// What a server needs to know.
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The webhook secrets, none of them empty: several while one is being replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// How the worker behaves.
    pub worker: WorkerSettings,
    /// What must work for the server to be ready, beside the database.
    pub probes: Vec<Arc<dyn Probe>>,
    /// Whose uploads of scan results are taken; nobody's when absent.
    pub uploads: Option<Arc<WorkflowTokens>>,
    /// Where counts are kept; the GitHub client reports to the same ones.
    pub metrics: Arc<Metrics>,
    /// Who finds again what was lost, and how.
    pub recovery: Option<(Client, RecoverySettings)>,
    /// The pages of reports, when people can reach them.
    pub reports: Option<Arc<ReportPages>>,
}

/// What can go wrong with the server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can't be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no webhook secret, or an empty one: anybody could sign.
    #[error("the webhook secret is empty: set the one that the app is registered with")]
    NoSecret,
    /// Accepting connections failed.
    #[error("could not accept connections")]
    Accept(#[source] std::io::Error),
    /// A metric can't be registered.
    #[error("could not register the metrics")]
    Metrics(#[source] prometheus::Error),
}

impl ServerError {
    /// Whether starting again may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Listen { .. } | Self::Accept(_))
    }
}

/// What every request can reach.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    secrets: Vec<SecretString>,
    uploads: Option<Arc<WorkflowTokens>>,
    metrics: Arc<Metrics>,
    readiness: health::Readiness,
    clock: Clock,
    wake: Wake,
    reports: Option<Arc<ReportPages>>,
    /// Memory that bodies may take, in KiB.
    body_budget: Semaphore,
}

/// Begins to listen.
///
/// # Errors
/// [`ServerError::Listen`] when the network refuses.
pub fn listen(address: SocketAddr) -> Result<std::net::TcpListener, ServerError> {
    let listen = || {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|source| ServerError::Listen { address, source })
}

/// Serves until `shutdown` fires, then finishes what is open, returns running jobs to the queue and closes the store.
///
/// # Errors
/// [`ServerError::NoSecret`], and [`ServerError::Accept`] when the network refuses.
pub async fn serve_on(
    listener: TcpListener,
    config: ServerConfig,
    store: Arc<dyn Store>,
    handler: Arc<dyn JobHandler>,
    shutdown: CancellationToken,
) -> Result<(), ServerError> {
    let clock: Clock = Arc::new(|| UnixMillis::from(SystemTime::now()));
    let state = AppState::new(&config, Arc::clone(&store), Arc::clone(&clock), shutdown.clone())?;
    let recovery = config.recovery.map(|(client, settings)| Recovery {
        client,
        settings,
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        wake: state.0.wake.clone(),
    });
    let worker = Worker {
        store: Arc::clone(&store),
        handler,
        settings: config.worker,
        observer: config.metrics,
        clock,
        random: Arc::new(random_fraction),
        wake: state.0.wake.clone(),
    };
    // Ends the worker too when accepting fails.
    let stop = shutdown.child_token();
    let working = tokio::spawn(worker.run(stop.clone()));
    let recovering = recovery.map(|recovery| tokio::spawn(recovery.run(stop.clone())));
    info!(address = %config.listen, "listening");
    let served = accept(listener, router(state), shutdown).await;
    stop.cancel();
    if working.await.is_err() {
        warn!("the worker ended by an internal error");
    }
    if let Some(recovering) = recovering
        && recovering.await.is_err()
    {
        warn!("the recovery ended by an internal error");
    }
    store.close().await;
    info!("stopped");
    served.map_err(ServerError::Accept)
}

/// Accepts requests until `shutdown` fires, and lets the open ones finish for a limited time.
async fn accept(listener: TcpListener, router: Router, shutdown: CancellationToken) -> std::io::Result<()> {
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_LIMIT).await;
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        served = serving.into_future() => served,
        () = drained => Ok(()),
    }
}

impl AppState {
    /// The state behind the routes of one server.
    ///
    /// # Errors
    /// [`ServerError::NoSecret`] when a secret is missing or empty.
    pub fn new(
        config: &ServerConfig,
        store: Arc<dyn Store>,
        clock: Clock,
        shutdown: CancellationToken,
    ) -> Result<Self, ServerError> {
        let secrets = config.webhook_secrets.clone();
        if secrets.is_empty() || secrets.iter().any(webhook::is_empty) {
            return Err(ServerError::NoSecret);
        }
        Ok(Self(Arc::new(Shared {
            readiness: health::Readiness::new(Arc::clone(&store), config.probes.clone(), shutdown),
            store,
            secrets,
            uploads: config.uploads.clone(),
            metrics: Arc::clone(&config.metrics),
            clock,
            wake: Wake::new(),
            reports: config.reports.clone(),
            body_budget: Semaphore::new(webhook::BODY_BUDGET_KIB),
        })))
    }

    /// The time, in seconds since 1970.
    fn seconds(&self) -> u64 {
        u64::try_from((self.0.clock)().0 / 1000).unwrap_or_default()
    }
}

/// All routes.
pub fn router(state: AppState) -> Router {
    let operations = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/rules", get(rules::index))
        .route("/rules/", get(rules::index))
        .route("/rules/{*path}", get(rules::page))
        .route("/report/style.css", get(page::style))
        .route("/report/{owner}/{name}/{head}/{*check}", get(report::show))
        .route("/signin/callback", get(sign_in::callback))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_LIMIT));
    // The webhook keeps its own time, so that a delivery that takes too long is counted.
    Router::new()
        .route("/webhook", post(webhook::receive))
        .route("/v1/images/results", post(results::receive))
        .merge(operations)
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
        }))
        .layer(TraceLayer::new_for_http().make_span_with(
            |request: &Request| info_span!("http", method = %request.method(), path = request.uri().path()),
        ))
        .with_state(state)
}

fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

/// A random number in `0.0..1.0`; the middle when the system gives none.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / (f64::from(u32::MAX) + 1.0))
}
