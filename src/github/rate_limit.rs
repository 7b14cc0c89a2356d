//! GitHub's limits, obeyed by all tasks together.
//!
//! Invariant: while an installation is blocked no request of it leaves the process, and its writes are spaced but for a
//! short burst, so that a verdict on a quiet day waits for nothing. Short waits are made here; long ones are an error
//! that says how long, so that no task sleeps on a lease.
//!
//! # Source
//! GitHub: "Rate limits for the REST API" and "Best practices for using the REST API": obey `retry-after`; else wait
//! until `x-ratelimit-reset` when `x-ratelimit-remaining` is 0; else at least a minute, doubling. One second between
//! writes; 80 pieces of content in a minute and 500 in an hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};

use super::app::Clock;
use super::identity::InstallationId;
use super::timestamp;
use super::transport::Answer;

/// Writes of an installation that need not wait for each other. With one more each second, the first minute has 70.
const WRITE_BURST: u32 = 10;

/// How GitHub's limits are obeyed.
#[derive(Clone, Debug)]
pub struct RateLimitConfig {
    /// Least time between two writes of an installation, on average: a few are made at once.
    pub write_interval: Duration,
    /// The longest wait that is made in place; a longer one is an error.
    pub longest_wait: Duration,
    /// The wait after a refusal that does not say how long, doubled at each further one.
    pub unexplained_wait: Duration,
    /// Comments and reviews of an installation in an hour, an eighth of them at once; GitHub allows 500.
    pub comments_per_hour: u32,
}

/// What a request does, as far as limits tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// It makes a comment or a review, of which GitHub allows few.
    Comment,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            write_interval: Duration::from_secs(1),
            longest_wait: Duration::from_secs(5),
            unexplained_wait: Duration::from_mins(1),
            comments_per_hour: 450,
        }
    }
}

/// The longest wait that is taken from an answer.
const LONGEST_SAID: Duration = Duration::from_hours(2);

/// Who is limited: an installation, or the app itself.
pub type Account = Option<InstallationId>;

/// Where processes tell each other until when an account is blocked.
#[async_trait]
pub trait SharedLimits: Send + Sync {
    /// Until when the account is blocked, as far as any process knows.
    async fn blocked_until(&self, account: Account) -> Option<SystemTime>;

    /// Tells the others that the account is blocked.
    async fn block(&self, account: Account, until: SystemTime);
}

/// How long what other processes said is taken for what they say now.
const SHARED_FOR: Duration = Duration::from_millis(200);

/// What is left of an account's quota of REST requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests that are left.
    pub remaining: u64,
    /// Requests that there are in a whole window.
    pub limit: u64,
    /// When the next window begins.
    pub resets: SystemTime,
}

impl Quota {
    /// Whether more than `share` percent of a window's requests are used up.
    pub fn is_spent(&self, share: u64) -> bool {
        self.remaining < self.limit.saturating_mul(100_u64.saturating_sub(share)) / 100
    }
}

/// What is known about one account's limits.
#[derive(Clone, Debug, Default)]
struct RateLimit {
    quota: Option<Quota>,
    /// When other processes were asked last.
    asked: Option<SystemTime>,
    blocked_until: Option<SystemTime>,
    /// When the next write is due if none is made early.
    next_write: Option<SystemTime>,
    comments: Option<Allowance>,
    refusals: u32,
}

/// How many comments may be made now; it fills up with time.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: f64,
    at: SystemTime,
}

impl Allowance {
    /// Takes one, or says how long until there is one.
    fn take(&mut self, now: SystemTime, per_hour: u32) -> Result<(), Duration> {
        let most = (f64::from(per_hour) / 8.0).max(1.0);
        let per_second = f64::from(per_hour.max(1)) / 3600.0;
        let passed = now.duration_since(self.at).unwrap_or_default().as_secs_f64();
        *self = Self { left: (self.left + passed * per_second).min(most), at: now };
        if self.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left) / per_second));
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// The limits of all accounts, shared by all tasks.
pub struct RateLimits {
    config: RateLimitConfig,
    clock: Clock,
    shared: Option<Arc<dyn SharedLimits>>,
    accounts: Mutex<HashMap<Account, RateLimit>>,
}

impl RateLimits {
    /// Nothing is known yet.
    pub fn new(config: RateLimitConfig, clock: Clock) -> Self {
        Self { config, clock, shared: None, accounts: Mutex::default() }
    }

    /// With what other processes know.
    #[must_use]
    pub fn shared_by(self, shared: Option<Arc<dyn SharedLimits>>) -> Self {
        Self { shared, ..self }
    }

    fn with<T>(&self, account: Account, act: impl FnOnce(&mut RateLimit) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        act(accounts.entry(account).or_default())
    }

    /// What is left of the account's quota, as far as GitHub has said so.
    pub fn quota(&self, account: Account) -> Option<Quota> {
        self.with(account, |limit| limit.quota)
    }

    /// Tells other processes until when the account is blocked.
    pub async fn share(&self, account: Account) {
        let until = self.with(account, |limit| limit.blocked_until);
        if let (Some(shared), Some(until)) = (&self.shared, until) {
            shared.block(account, until).await;
        }
    }

    /// Learns from other processes, unless it did a moment ago.
    async fn learn(&self, account: Account) {
        let Some(shared) = &self.shared else { return };
        let now = (self.clock)();
        let is_fresh = |asked: SystemTime| now.duration_since(asked).is_ok_and(|since| since < SHARED_FOR);
        if self.with(account, |limit| limit.asked.is_some_and(is_fresh)) {
            return;
        }
        let until = shared.blocked_until(account).await;
        self.with(account, |limit| {
            limit.asked = Some(now);
            limit.blocked_until = limit.blocked_until.max(until);
        });
    }

    /// Waits until the account may send; a write also waits for its turn, a comment for its allowance.
    ///
    /// # Errors
    /// The time to wait, when it is longer than a task should sleep.
    pub async fn admit(&self, account: Account, kind: Kind) -> Result<(), Duration> {
        self.learn(account).await;
        let mut wait = self.reserve(account, kind)?;
        while !wait.is_zero() {
            tokio::time::sleep(wait).await;
            // Another task may have been refused meanwhile.
            self.learn(account).await;
            wait = self.reserve(account, Kind::Read)?;
        }
        Ok(())
    }

    fn reserve(&self, account: Account, kind: Kind) -> Result<Duration, Duration> {
        let now = (self.clock)();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = accounts.entry(account).or_default();
        let until =
            |moment: Option<SystemTime>| moment.and_then(|moment| moment.duration_since(now).ok()).unwrap_or_default();
        let blocked = until(limit.blocked_until);
        if blocked > self.config.longest_wait {
            return Err(blocked);
        }
        if kind == Kind::Comment {
            let per_hour = self.config.comments_per_hour;
            let full = Allowance { left: f64::from(per_hour), at: now };
            // Conclusions go on meanwhile.
            limit.comments.get_or_insert(full).take(now, per_hour)?;
        }
        // The queue of paced writes is bounded by the tasks there are, so waiting for one's turn is always in place.
        let is_write = kind != Kind::Read;
        if !is_write {
            return Ok(blocked);
        }
        let due = until(limit.next_write);
        let wait = blocked.max(due.saturating_sub(self.config.write_interval * (WRITE_BURST - 1)));
        limit.next_write = Some(now + due.max(wait) + self.config.write_interval);
        Ok(wait)
    }

    /// Learns from an answer; says how long to wait when it is a refusal because of a limit.
    pub fn observe(&self, account: Account, answer: &Answer) -> Option<Duration> {
        let now = (self.clock)();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = accounts.entry(account).or_default();
        limit.quota = said_quota(&answer.headers).or(limit.quota);
        if !is_rate_limited(answer) {
            limit.refusals = 0;
            // The last one that was allowed: asking for more would only be refused.
            if said_quota(&answer.headers).is_some_and(|quota| quota.remaining == 0) {
                let wait = until_reset(&answer.headers, now).unwrap_or_default();
                limit.blocked_until = limit.blocked_until.max(Some(now + wait));
            }
            return None;
        }
        let unexplained = self.config.unexplained_wait * 2_u32.pow(limit.refusals.min(6));
        let wait = said_wait(&answer.headers, now).unwrap_or(unexplained);
        limit.refusals += 1;
        limit.blocked_until = limit.blocked_until.max(Some(now + wait));
        Some(wait)
    }
}

/// Whether an answer is a refusal because of a limit: 429, a 403 or 422 that says so, a failure that names a time, or a
/// GraphQL answer of 200 that says so.
fn is_rate_limited(answer: &Answer) -> bool {
    let says_so = || {
        let text = answer.message().to_ascii_lowercase();
        text.contains("rate limit") || text.contains("abuse detection")
    };
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => true,
        // How GitHub refuses comments that come too fast.
        StatusCode::UNPROCESSABLE_ENTITY => answer.message().contains("submitted too quickly"),
        StatusCode::FORBIDDEN => {
            answer.headers.contains_key("retry-after")
                || number(&answer.headers, "x-ratelimit-remaining") == Some(0)
                || says_so()
        }
        status if status.is_server_error() => answer.headers.contains_key("retry-after"),
        StatusCode::OK => has_graphql_rate_limit(&answer.body),
        _ => false,
    }
}

fn has_graphql_rate_limit(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "crate::github::or_default")]
        errors: Vec<Error>,
    }
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(default, rename = "type", deserialize_with = "crate::github::or_default")]
        kind: String,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        message: String,
    }
    let is_limit = |error: &Error| {
        // A secondary limit has no type of its own.
        matches!(error.kind.as_str(), "RATE_LIMITED" | "RATE_LIMIT")
            || error.message.to_ascii_lowercase().contains("rate limit")
    };
    // Looking for the words first spares parsing every large answer twice.
    let has = |word: &[u8]| body.windows(word.len()).any(|window| window == word);
    let may_be = has(b"\"errors\"") && (has(b"RATE_LIMIT") || has(b"rate limit"));
    may_be && serde_json::from_slice::<Body>(body).is_ok_and(|body| body.errors.iter().any(is_limit))
}

/// The quota of REST requests that the headers tell.
fn said_quota(headers: &HeaderMap) -> Option<Quota> {
    let is_core = headers.get("x-ratelimit-resource").is_none_or(|resource| resource == "core");
    let quota = Quota {
        remaining: number(headers, "x-ratelimit-remaining")?,
        limit: number(headers, "x-ratelimit-limit")?,
        resets: SystemTime::UNIX_EPOCH + Duration::from_secs(number(headers, "x-ratelimit-reset")?),
    };
    is_core.then_some(quota)
}

/// How long the headers ask to wait, at most an hour and a bit.
fn said_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let after = number(headers, "retry-after").map(Duration::from_secs);
    let at = || {
        let at = timestamp::parse_header(headers.get("retry-after")?.to_str().ok()?)?;
        Some(at.duration_since(github_time(headers, now)).unwrap_or_default() + Duration::from_secs(1))
    };
    after.or_else(at).or_else(|| until_reset(headers, now)).map(|wait| wait.min(LONGEST_SAID))
}

/// The time by GitHub's own clock where it tells it: ours may be wrong.
fn github_time(headers: &HeaderMap, now: SystemTime) -> SystemTime {
    headers.get("date").and_then(|date| timestamp::parse_header(date.to_str().ok()?)).unwrap_or(now)
}

/// How long until there are requests again, when none is left.
fn until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = SystemTime::UNIX_EPOCH + Duration::from_secs(number(headers, "x-ratelimit-reset")?);
    let is_spent = number(headers, "x-ratelimit-remaining") == Some(0);
    let wait = reset.duration_since(github_time(headers, now)).unwrap_or_default() + Duration::from_secs(1);
    is_spent.then(|| wait.min(LONGEST_SAID))
}

/// A header that is a whole number.
pub fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
