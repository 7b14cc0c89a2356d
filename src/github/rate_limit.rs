//! GitHub's limits, obeyed by all tasks together.
//!
//! Invariant: while an installation is blocked no request of it leaves the process, and its writes are spaced. Short
//! waits are made here; long ones are an error that says how long, so that no task sleeps on a lease.
//!
//! # Source
//! GitHub: "Rate limits for the REST API" and "Best practices for using the REST API": obey `retry-after`; else wait until
//! `x-ratelimit-reset` when `x-ratelimit-remaining` is 0; else at least a minute, doubling. One second between writes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use super::app::Clock;
use super::identity::InstallationId;
use super::transport::Answer;

/// How GitHub's limits are obeyed.
#[derive(Clone, Debug)]
pub struct RateLimitConfig {
    /// Least time between two writes of an installation.
    pub write_interval: Duration,
    /// The longest wait that is made in place; a longer one is an error.
    pub longest_wait: Duration,
    /// The wait after a refusal that does not say how long, doubled at each further one.
    pub unexplained_wait: Duration,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            write_interval: Duration::from_secs(1),
            longest_wait: Duration::from_secs(5),
            unexplained_wait: Duration::from_mins(1),
        }
    }
}

/// Who is limited: an installation, or the app itself.
pub type Account = Option<InstallationId>;

/// What is known about one account's limits.
#[derive(Clone, Debug, Default)]
struct RateLimit {
    blocked_until: Option<SystemTime>,
    next_write: Option<SystemTime>,
    refusals: u32,
}

/// The limits of all accounts, shared by all tasks.
pub struct RateLimits {
    config: RateLimitConfig,
    clock: Clock,
    accounts: Mutex<HashMap<Account, RateLimit>>,
}

impl RateLimits {
    /// Nothing is known yet.
    pub fn new(config: RateLimitConfig, clock: Clock) -> Self {
        Self { config, clock, accounts: Mutex::default() }
    }

    /// Waits until the account may send; a write also waits for its turn.
    ///
    /// # Errors
    /// The time to wait, when it is longer than a task should sleep.
    pub async fn admit(&self, account: Account, is_write: bool) -> Result<(), Duration> {
        let wait = self.reserve(account, is_write)?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn reserve(&self, account: Account, is_write: bool) -> Result<Duration, Duration> {
        let now = (self.clock)();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = accounts.entry(account).or_default();
        let until =
            |moment: Option<SystemTime>| moment.and_then(|moment| moment.duration_since(now).ok()).unwrap_or_default();
        let blocked = until(limit.blocked_until);
        if blocked > self.config.longest_wait {
            return Err(blocked);
        }
        // The queue of paced writes is bounded by the tasks there are, so waiting for one's turn is always in place.
        let wait = if is_write { blocked.max(until(limit.next_write)) } else { blocked };
        if is_write {
            limit.next_write = Some(now + wait + self.config.write_interval);
        }
        Ok(wait)
    }

    /// Learns from an answer; says how long to wait when it is a refusal because of a limit.
    pub fn observe(&self, account: Account, answer: &Answer) -> Option<Duration> {
        let now = (self.clock)();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = accounts.entry(account).or_default();
        if !is_rate_limited(answer) {
            limit.refusals = 0;
            return None;
        }
        let unexplained = self.config.unexplained_wait * 2_u32.pow(limit.refusals.min(6));
        let wait = said_wait(&answer.headers, now).unwrap_or(unexplained);
        limit.refusals += 1;
        limit.blocked_until = limit.blocked_until.max(Some(now + wait));
        Some(wait)
    }
}

/// Whether an answer is a refusal because of a limit: 429, a 403 that says so, or a GraphQL answer of 200 that does.
fn is_rate_limited(answer: &Answer) -> bool {
    let says_so = || {
        let text = answer.message().to_ascii_lowercase();
        text.contains("rate limit") || text.contains("abuse detection")
    };
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => {
            answer.headers.contains_key("retry-after")
                || number(&answer.headers, "x-ratelimit-remaining") == Some(0)
                || says_so()
        }
        StatusCode::OK => has_graphql_rate_limit(&answer.body),
        _ => false,
    }
}

fn has_graphql_rate_limit(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Error>,
    }
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(default, rename = "type")]
        kind: String,
    }
    // Looking for the word first spares parsing every large answer twice.
    let named = body.windows(12).any(|window| window == b"RATE_LIMITED")
        || body.windows(10).any(|window| window == b"RATE_LIMIT");
    named
        && serde_json::from_slice::<Body>(body).is_ok_and(|body| {
            body.errors.iter().any(|error| matches!(error.kind.as_str(), "RATE_LIMITED" | "RATE_LIMIT"))
        })
}

/// How long the headers ask to wait, at most an hour and a bit.
fn said_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let after = number(headers, "retry-after").map(Duration::from_secs);
    let reset = || {
        let reset = SystemTime::UNIX_EPOCH + Duration::from_secs(number(headers, "x-ratelimit-reset")?);
        let spent = number(headers, "x-ratelimit-remaining") == Some(0);
        spent.then(|| reset.duration_since(now).unwrap_or_default() + Duration::from_secs(1))
    };
    after.or_else(reset).map(|wait| wait.min(Duration::from_hours(2)))
}

/// A header that is a whole number.
pub fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
