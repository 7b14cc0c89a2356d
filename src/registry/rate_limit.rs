//! How much a registry still lets us ask, so that it never has to refuse us twice.
//!
//! Invariant: a wait is at least a second and at most an hour, whatever a registry says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode, header};

/// The least wait; some registries ask for microseconds.
const FLOOR: Duration = Duration::from_secs(1);
/// The most.
const CEILING: Duration = Duration::from_hours(1);
/// When a registry refuses without saying for how long.
const UNSAID: Duration = Duration::from_mins(1);
/// Hosts and credentials that are remembered.
const MAX_KNOWN: usize = 4096;

/// What is known of each registry, by host and credential.
#[derive(Debug, Default)]
pub struct RateLimits {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Nothing is asked before.
    closed_until: Option<Instant>,
    /// Pulls left, and when that stops being true.
    left: Option<(u64, Instant)>,
}

impl RateLimits {
    /// How long to wait before anything is asked, or, for a `pull`, before fewer than `floor` pulls are no longer left.
    pub fn wait(&self, key: &str, pull: bool, floor: u64, now: Instant) -> Option<Duration> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()?;
        let closed = known.closed_until.filter(|until| *until > now);
        let spent = known.left.filter(|(left, until)| pull && *left < floor && *until > now).map(|(_, until)| until);
        closed.max(spent).map(|until| bounded(until - now))
    }

    /// Learns from an answer; the wait when it was a refusal.
    pub fn learn(&self, key: &str, status: StatusCode, headers: &HeaderMap, now: Instant) -> Option<Duration> {
        let is_refusal = status == StatusCode::TOO_MANY_REQUESTS
            || (status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(header::RETRY_AFTER));
        let refusal = is_refusal.then(|| retry_after(headers).unwrap_or(UNSAID));
        let left = left(headers);
        if refusal.is_none() && left.is_none() {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN && !known.contains_key(key) {
            known.clear();
        }
        let entry = known.entry(key.to_owned()).or_insert(Known { closed_until: None, left: None });
        entry.closed_until = refusal.map(|wait| now + wait).or(entry.closed_until);
        entry.left = left.map(|(left, window)| (left, now + window)).or(entry.left);
        refusal
    }
}

fn bounded(wait: Duration) -> Duration {
    wait.clamp(FLOOR, CEILING)
}

/// `Retry-After` in seconds, or as a date.
///
/// # Source
/// RFC 9110, section 10.2.3.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(bounded(text.parse().map_or(CEILING, Duration::from_secs)));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok();
    let seconds = date.map(|date| date.timestamp().saturating_sub(unix_seconds()));
    Some(seconds.map_or(UNSAID, |seconds| bounded(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))))
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The pulls left and the length of their window: `ratelimit-remaining: 76;w=21600`.
///
/// # Source
/// Docker Hub's documentation of its pull limits.
fn left(headers: &HeaderMap) -> Option<(u64, Duration)> {
    let text = headers.get("ratelimit-remaining")?.to_str().ok()?;
    let (left, window) = text.split_once(';').unwrap_or((text, ""));
    let seconds = window.trim().strip_prefix("w=").and_then(|text| text.trim().parse().ok());
    let window = seconds.map_or(UNSAID, Duration::from_secs);
    Some((left.trim().parse().ok()?, bounded(window)))
}

#[cfg(test)]
mod tests;
