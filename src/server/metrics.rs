//! `GET /metrics`: counts for Prometheus.
//!
//! Invariant: the number of series is bounded, whatever deliveries and repositories hold, and no label names a
//! repository or a person.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::core::Collector;
use prometheus::{Gauge, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use tracing::warn;

use super::{AppState, ServerError};
use crate::github::client::Observer;
use crate::worker::{Done, JobObserver};

/// The events we subscribe to; any other is `other`.
const EVENTS: [&str; 9] = [
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "merge_group",
    "ping",
    "pull_request",
    "pull_request_review_comment",
];

/// The resources that GitHub limits and we use; any other is `other`.
const RESOURCES: [&str; 2] = ["core", "graphql"];

const MAX_RULES: usize = 500;
const MAX_INSTALLATIONS: usize = 200;
const OTHER: &str = "other";

const SCAN_BUCKETS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
const JOB_BUCKETS: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 600.0];

/// All counts of a process.
pub struct Metrics {
    registry: Registry,
    deliveries: IntCounterVec,
    jobs: IntCounterVec,
    job_seconds: Histogram,
    scan_seconds: Histogram,
    findings: IntCounterVec,
    github_requests: IntCounterVec,
    github_remaining: IntGaugeVec,
    queue: IntGaugeVec,
    oldest_due_seconds: Gauge,
    database_up: IntGauge,
    rules: Known,
    installations: Known,
}

/// Names from outside that became label values, up to a number.
struct Known {
    names: Mutex<BTreeSet<String>>,
    max: usize,
}

impl Metrics {
    /// Counts that all stand at zero.
    ///
    /// # Errors
    /// [`ServerError::Metrics`] when two metrics have one name.
    pub fn new() -> Result<Arc<Self>, ServerError> {
        Self::registered().map(Arc::new).map_err(ServerError::Metrics)
    }

    fn registered() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("dockgate".to_owned()), None)?;
        let of = &registry;
        let gauge = Gauge::new("queue_oldest_due_seconds", "How long the longest-waiting due job has been due.")?;
        let up = IntGauge::new("database_up", "Whether the database answered at the last scrape.")?;
        Ok(Self {
            deliveries: counters(of, "deliveries_total", "Webhook deliveries.", &["event", "outcome"])?,
            jobs: counters(of, "jobs_total", "Attempts at jobs, by how they ended.", &["outcome"])?,
            job_seconds: histogram(of, "job_seconds", "How long attempts took.", &JOB_BUCKETS)?,
            scan_seconds: histogram(of, "scan_seconds", "How long judging took.", &SCAN_BUCKETS)?,
            findings: counters(of, "findings_total", "Findings in reports.", &["rule", "severity"])?,
            github_requests: counters(of, "github_requests_total", "Requests to GitHub.", &["operation", "status"])?,
            github_remaining: gauges(
                of,
                "github_rate_limit_remaining",
                "Requests GitHub still allows.",
                &["installation", "resource"],
            )?,
            queue: gauges(of, "queue_jobs", "Jobs in the queue.", &["state"])?,
            oldest_due_seconds: register(of, gauge)?,
            database_up: register(of, up)?,
            rules: Known::up_to(MAX_RULES),
            installations: Known::up_to(MAX_INSTALLATIONS),
            registry,
        })
    }

    /// Counts a delivery of `event`, as its header says.
    pub(super) fn delivery(&self, event: &str, outcome: &'static str) {
        let event = EVENTS.into_iter().find(|known| *known == event).unwrap_or(OTHER);
        self.deliveries.with_label_values(&[event, outcome]).inc();
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    register(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
    register(registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
    register(registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
}

impl Known {
    fn up_to(max: usize) -> Self {
        Self { names: Mutex::default(), max }
    }

    /// `name`, or `other` once there are too many.
    fn label<'a>(&self, name: &'a str) -> &'a str {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.contains(name) {
            return name;
        }
        if names.len() >= self.max || name.len() > 100 {
            return OTHER;
        }
        names.insert(name.to_owned());
        name
    }
}

impl JobObserver for Metrics {
    fn attempt(&self, outcome: &'static str, duration: Duration) {
        self.jobs.with_label_values(&[outcome]).inc();
        self.job_seconds.observe(duration.as_secs_f64());
    }

    fn done(&self, done: &Done) {
        if !done.scan.is_zero() {
            self.scan_seconds.observe(done.scan.as_secs_f64());
        }
        for (rule, severity) in &done.findings {
            self.findings.with_label_values(&[self.rules.label(rule.as_str()), severity.name()]).inc();
        }
    }
}

impl Observer for Metrics {
    fn request(&self, operation: &'static str, status: Option<u16>, _: Duration) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.github_requests.with_label_values(&[operation, &status]).inc();
    }

    fn remaining(&self, installation: Option<u64>, resource: &str, remaining: u64) {
        let installation = installation.map_or_else(|| "app".to_owned(), |number| number.to_string());
        let resource = RESOURCES.into_iter().find(|known| *known == resource).unwrap_or(OTHER);
        let labels = [self.installations.label(&installation), resource];
        self.github_remaining.with_label_values(&labels).set(i64::try_from(remaining).unwrap_or(i64::MAX));
    }
}

/// The text format of Prometheus.
pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    let metrics = &state.0.metrics;
    let queue = state.0.store.queue((state.0.clock)()).await;
    metrics.database_up.set(i64::from(queue.is_ok()));
    if let Ok(queue) = queue {
        for (name, count) in [("queued", queue.queued), ("running", queue.running), ("dead", queue.dead)] {
            metrics.queue.with_label_values(&[name]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        metrics.oldest_due_seconds.set(queue.oldest_due.as_secs_f64());
    }
    match TextEncoder::new().encode_to_string(&metrics.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            warn!(%error, "could not write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
