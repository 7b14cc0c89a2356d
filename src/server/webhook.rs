//! `POST /webhook`: one delivery of GitHub.
//!
//! Invariant: nothing of a body is parsed before its signature holds, and 202 means stored, known or of no concern.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{AppState, REQUEST_LIMIT, Shared};
use crate::github::event::{Event, verify_signature};
use crate::image::awaited;
use crate::job::Job;
use crate::report::words::describe;
use crate::store::{Delivery, Enqueued};
use crate::worker::recovery::arrivals;

/// GitHub sends no larger payloads.
const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// Memory that all bodies that are being read may take, in KiB: whoever comes later waits.
pub(super) const BODY_BUDGET_KIB: usize = 256 * 1024;

const MAX_DELIVERY_ID_BYTES: usize = 100;

/// What became of a delivery that was taken.
enum Taken {
    Queued { jobs: usize },
    Duplicate,
    Ignored { why: String },
}

/// Why a delivery was not taken.
enum Refusal {
    Unsigned(String),
    TooLarge,
    Malformed(String),
    NotStored,
    Busy,
}

pub(super) fn is_empty(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}

pub(super) async fn receive(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let name = text(&parts.headers, "x-github-event").unwrap_or_default().to_owned();
    let taking = take(&state.0, &parts, body);
    let outcome = tokio::time::timeout(REQUEST_LIMIT, taking).await.unwrap_or(Err(Refusal::Busy));
    let (status, label, body) = match &outcome {
        Ok(taken) => taken.answer(),
        Err(refusal) => refusal.answer(),
    };
    state.0.metrics.delivery(&name, label);
    super::json(status, &body)
}

async fn take(state: &Shared, parts: &Parts, body: Body) -> Result<Taken, Refusal> {
    let body = payload(&parts.headers, verified(state, parts, body).await?)?;
    let (name, delivery_id) = named(&parts.headers)?;
    let event = Event::parse(name, &body).map_err(|error| Refusal::Malformed(describe(&error)))?;
    let mut jobs = Job::from_event(&event);
    if let Event::Built { at } = &event {
        let waiting = awaited::waiting(state.store.as_ref(), &at.repository, (state.clock)()).await;
        jobs = waiting.map_err(|_| Refusal::NotStored)?;
    }
    let as_of = Event::as_of(name, &body).map(Into::into);
    drop(body);
    if matches!(event, Event::Installation { .. }) && note(state, &event, delivery_id).await? {
        return Ok(Taken::Queued { jobs: 0 });
    }
    if jobs.is_empty() {
        let why = reason(event);
        info!(event = name, delivery_id, why, "delivery ignored");
        return Ok(Taken::Ignored { why });
    }
    store(state, name, Delivery { id: delivery_id.to_owned(), received_at: (state.clock)(), as_of, jobs }).await
}

/// Notes an installation or repositories that are new to us; what is open there gets its jobs later.
async fn note(state: &Shared, event: &Event, delivery_id: &str) -> Result<bool, Refusal> {
    let is_noted = arrivals::note(state.store.as_ref(), event, (state.clock)()).await.map_err(|error| {
        warn!(delivery_id, error = describe(&error), "delivery not stored");
        Refusal::NotStored
    })?;
    if is_noted {
        info!(delivery_id, "an installation or repositories are new");
    }
    Ok(is_noted)
}

async fn store(state: &Shared, event: &str, delivery: Delivery) -> Result<Taken, Refusal> {
    let (delivery_id, jobs) = (delivery.id.clone(), delivery.jobs.len());
    let keys: Vec<String> = delivery.jobs.iter().map(|job| job.key().as_str().to_owned()).collect();
    match state.store.enqueue(delivery).await {
        Ok(Enqueued::Stored) => {
            state.wake.ring();
            info!(event, delivery_id, jobs = keys.join(" "), "delivery stored");
            Ok(Taken::Queued { jobs })
        }
        Ok(Enqueued::Duplicate) => {
            info!(event, delivery_id, "delivery known already");
            Ok(Taken::Duplicate)
        }
        Err(error) => {
            warn!(event, delivery_id, error = describe(&error), "delivery not stored");
            Err(Refusal::NotStored)
        }
    }
}

/// Reads the body and checks who signed it. Without a signature nothing is read.
async fn verified(state: &Shared, parts: &Parts, body: Body) -> Result<Bytes, Refusal> {
    let signature = text(&parts.headers, "x-hub-signature-256");
    if signature.is_none() {
        return Err(Refusal::Unsigned("the header x-hub-signature-256 is missing".to_owned()));
    }
    let announced = text(&parts.headers, header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > MAX_BODY_BYTES) {
        return Err(Refusal::TooLarge);
    }
    let kib = announced.unwrap_or(MAX_BODY_BYTES) / 1024 + 1;
    let kib = u32::try_from(kib).map_err(|_| Refusal::TooLarge)?;
    let _memory = state.body_budget.acquire_many(kib).await.map_err(|_| Refusal::Busy)?;
    let body = read(body).await?;
    let mut outcome = Err(Refusal::Unsigned("there is no webhook secret".to_owned()));
    for secret in &state.secrets {
        outcome = verify_signature(secret.expose_secret().as_bytes(), &body, signature)
            .map_err(|error| Refusal::Unsigned(error.to_string()));
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map(|()| body)
}

/// The JSON of a body whose signature holds; a webhook may be set to send it as a field of a form.
fn payload(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") || body.starts_with(b"{") {
        return Ok(body);
    }
    let field = url::form_urlencoded::parse(&body).find(|(name, _)| name == "payload");
    let missing = || Refusal::Malformed("the form has no field payload".to_owned());
    field.map(|(_, value)| Bytes::from(value.into_owned())).ok_or_else(missing)
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let too_large = error.into_inner().downcast_ref::<http_body_util::LengthLimitError>().is_some();
        if too_large { Refusal::TooLarge } else { Refusal::Malformed("the body ended early".to_owned()) }
    })
}

/// The event's name and the delivery's id.
fn named(headers: &HeaderMap) -> Result<(&str, &str), Refusal> {
    let missing = |name: &str| Refusal::Malformed(format!("the header {name} is missing or malformed"));
    let event =
        text(headers, "x-github-event").filter(|name| !name.is_empty()).ok_or_else(|| missing("x-github-event"))?;
    let fits = |id: &&str| {
        (1..=MAX_DELIVERY_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let id = text(headers, "x-github-delivery").filter(fits).ok_or_else(|| missing("x-github-delivery"))?;
    Ok((event, id))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn reason(event: Event) -> String {
    match event {
        Event::Ping => "ping: the webhook works".to_owned(),
        Event::Installation { action, .. } => format!("installation {action:.60}: nothing to check"),
        Event::Ignored { why } => why,
        Event::Built { .. } => "no image is awaited".to_owned(),
        Event::Button { button, .. } => format!("a button that does nothing here: {:.60}", button.identifier),
        Event::PullRequest { .. }
        | Event::Rerequested { .. }
        | Event::MergeGroup { .. }
        | Event::MergeGroupEnded { .. }
        | Event::Command { .. } => "nothing to check".to_owned(),
    }
}

impl Taken {
    fn answer(&self) -> (StatusCode, &'static str, Value) {
        let (label, body) = match self {
            Self::Queued { jobs } => ("queued", json!({"outcome": "queued", "jobs": jobs})),
            Self::Duplicate => ("duplicate", json!({"outcome": "duplicate"})),
            Self::Ignored { why } => ("ignored", json!({"outcome": "ignored", "why": why})),
        };
        (StatusCode::ACCEPTED, label, body)
    }
}

impl Refusal {
    fn answer(&self) -> (StatusCode, &'static str, Value) {
        let (status, label, why) = match self {
            Self::Unsigned(why) => (StatusCode::UNAUTHORIZED, "unsigned", why.clone()),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("the body is larger than {MAX_BODY_BYTES} bytes"))
            }
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, "malformed", why.clone()),
            // What exactly failed is in our log; redelivery repairs it.
            Self::NotStored => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "the delivery could not be stored: redeliver it".into(),
            ),
            Self::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server took too long: redeliver it".into())
            }
        };
        (status, label, json!({"outcome": "refused", "why": why}))
    }
}
