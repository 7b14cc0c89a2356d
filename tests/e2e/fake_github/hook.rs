//! The app's webhook as GitHub keeps it: every attempt at a delivery, how it was answered, and attempts on demand.
//!
//! Invariant: an attempt is recorded after it ended, and a redelivery has the guid of the first attempt.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::answer::{Answer, Call};
use super::server::Shared;
use super::state::State;
use super::webhook::Delivery;
use super::{FakeGitHub, INSTALLATION, json as shapes};

/// Where deliveries go, and what became of them.
#[derive(Default)]
pub struct Hook {
    /// Addresses of the receivers, taken in turn.
    pub targets: Vec<String>,
    pub secret: String,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    asked: Option<mpsc::UnboundedSender<Delivery>>,
    turn: usize,
}

/// One attempt at a delivery.
#[derive(Clone)]
pub struct Attempt {
    pub id: u64,
    pub delivery: Delivery,
    pub at: SystemTime,
    /// 0 when nobody answered.
    pub status: u16,
    pub redelivery: bool,
}

impl FakeGitHub {
    /// Delivers to the receiver, records how that went, and returns the status of the answer.
    pub async fn deliver(&self, delivery: &Delivery) -> u16 {
        attempt(&self.shared, delivery, false).await
    }

    /// A delivery that never arrives.
    pub fn lose(&self, delivery: &Delivery) {
        record(&mut self.state(), delivery, 0, false);
    }

    /// Makes the attempts that are asked for, from now on.
    pub(super) fn redeliver_on_demand(shared: &Arc<Shared>) {
        let (asked, mut waiting) = mpsc::unbounded_channel();
        shared.state().hook.asked = Some(asked);
        let shared = Arc::downgrade(shared);
        tokio::spawn(async move {
            while let Some(delivery) = waiting.recv().await {
                let Some(shared) = shared.upgrade() else { return };
                attempt(&shared, &delivery, true).await;
            }
        });
    }
}

async fn attempt(shared: &Shared, delivery: &Delivery, redelivery: bool) -> u16 {
    let (target, secret) = {
        let mut state = shared.state();
        let hook = &mut state.hook;
        hook.turn += 1;
        let target = hook.targets.get(hook.turn % hook.targets.len().max(1)).cloned();
        (target.unwrap_or_default(), hook.secret.clone())
    };
    let is_lost = redelivery && shared.state().chaos.as_mut().is_some_and(super::chaos::Chaos::strikes);
    let status = if is_lost { 0 } else { delivery.send(&target, &secret).await };
    record(&mut shared.state(), delivery, status, redelivery);
    status
}

fn record(state: &mut State, delivery: &Delivery, status: u16, redelivery: bool) {
    let id = state.new_id();
    let attempt = Attempt { id, delivery: delivery.clone(), at: SystemTime::now(), status, redelivery };
    state.hook.attempts.push(attempt);
}

/// `GET /app/hook/deliveries`, newest first.
pub fn list(state: &State, call: &Call) -> Answer {
    let before = call.parameter("cursor").and_then(|cursor| cursor.strip_prefix("v1_")?.parse::<u64>().ok());
    let per_page = call.parameter("per_page").and_then(|text| text.parse().ok()).unwrap_or(30).clamp(1, 100);
    let rest: Vec<&Attempt> = state
        .hook
        .attempts
        .iter()
        .rev()
        .filter(|attempt| before.is_none_or(|before| attempt.id < before))
        .take(per_page + 1)
        .collect();
    let page: Vec<Value> = rest.iter().take(per_page).map(|attempt| shown(attempt)).collect();
    let mut answer = Answer::ok(Value::Array(page));
    if rest.len() > per_page {
        let cursor = format!("v1_{}", rest[per_page - 1].id);
        let link = format!("<{}{}?per_page={per_page}&cursor={cursor}>; rel=\"next\"", call.api_url, call.path);
        answer.headers.push(("link", link));
    }
    answer
}

fn shown(attempt: &Attempt) -> Value {
    let body: Value = serde_json::from_slice(&attempt.delivery.body).unwrap();
    let status = match attempt.status {
        0 => "failed to connect to host",
        200..300 => "OK",
        _ => "Invalid HTTP Response",
    };
    json!({"id": attempt.id, "guid": attempt.delivery.id, "delivered_at": shapes::timestamp(attempt.at),
        "redelivery": attempt.redelivery, "duration": 0.03, "status": status, "status_code": attempt.status,
        "event": attempt.delivery.event, "action": body["action"], "installation_id": body["installation"]["id"],
        "repository_id": body["repository"]["id"]})
}

/// `POST /app/hook/deliveries/{id}/attempts`.
pub fn ask(state: &mut State, id: &str) -> Answer {
    let found = state.hook.attempts.iter().find(|attempt| attempt.id.to_string() == id);
    let Some(delivery) = found.map(|attempt| attempt.delivery.clone()) else { return Answer::not_found() };
    if let Some(asked) = &state.hook.asked {
        asked.send(delivery).unwrap();
    }
    Answer::json(202, json!({}))
}

/// `GET /app/installations`.
pub fn installations(state: &State, call: &Call) -> Answer {
    call.page(state.installations.keys().map(|id| installation(state, *id)).collect(), None)
}

/// `GET /app/installations/{id}`.
pub fn installation_of(state: &State, id: &str) -> Answer {
    match id.parse().ok().filter(|id| state.installations.contains_key(id)) {
        Some(id) => Answer::ok(installation(state, id)),
        None => Answer::not_found(),
    }
}

/// An installation as GitHub shows it.
pub fn installation(state: &State, id: u64) -> Value {
    let installation = &state.installations[&id];
    let mut value = json!({"id": id, "app_id": super::access::APP_ID, "app_slug": "dockgate",
        "account": {"login": installation.account, "id": 1}, "permissions": installation.permissions,
        "repository_selection": "all", "events": ["pull_request"], "target_type": "Organization",
        "suspended_at": null, "suspended_by": null});
    if installation.is_suspended {
        value["suspended_at"] = json!("2026-01-01T00:00:00Z");
    }
    value
}

impl FakeGitHub {
    /// `installation` with an action such as `created`.
    pub fn installation_event(&self, action: &str) -> Delivery {
        let installation = installation(&self.state(), INSTALLATION);
        super::webhook::of_installation("installation", json!({"action": action, "installation": installation}))
    }

    /// `installation_repositories`, which adds one.
    pub fn repository_added_event(&self, full_name: &str) -> Delivery {
        let state = self.state();
        let repository = &state.repositories[full_name];
        let added = json!({"id": repository.id, "node_id": "R_1", "name": repository.name(),
            "full_name": full_name, "private": true});
        let payload = json!({"action": "added", "installation": installation(&state, INSTALLATION),
            "repository_selection": "selected", "repositories_added": [added], "repositories_removed": [],
            "requester": null});
        super::webhook::of_installation("installation_repositories", payload)
    }
}
