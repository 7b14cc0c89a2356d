//! When a failed job runs again.
//!
//! Invariant: no clock and no randomness of its own; both are passed in.

use std::time::Duration;

/// Exponential backoff with full jitter: a job that failed `n` times waits a random time up to `base * 2^(n-1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The longest wait after the first failure.
    pub base: Duration,
    /// The longest wait at all, unless GitHub asks for a longer one.
    pub cap: Duration,
    /// How often a job is tried before it is given up, the first time included; three times as often when GitHub asks
    /// to wait, since that is no fault of the job.
    pub max_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { base: Duration::from_secs(5), cap: Duration::from_mins(10), max_attempts: 8 }
    }
}

/// The longest wait that is taken over from an answer of GitHub; limits there reset within the hour.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(70);

impl RetryPolicy {
    /// How long to wait after the failure of attempt `attempts` (from 1); `None` to give up.
    ///
    /// `fraction` is a random number in `0.0..1.0`. A `retry_after` is a lower bound, to which the jitter is added.
    pub fn wait(&self, attempts: u32, retry_after: Option<Duration>, fraction: f64) -> Option<Duration> {
        let allowance = if retry_after.is_some() { 3 } else { 1 };
        if attempts >= self.max_attempts.saturating_mul(allowance) {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(20);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.cap);
        let jitter = ceiling.mul_f64(fraction.clamp(0.0, 1.0));
        Some(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER) + jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attempts: u32, retry_after: Option<u64>, fraction: f64, expected: Option<u64>) {
        let wait = RetryPolicy::default().wait(attempts, retry_after.map(Duration::from_secs), fraction);
        assert_eq!(wait, expected.map(Duration::from_millis), "attempt {attempts}, {retry_after:?}, {fraction}");
    }

    #[test]
    fn waits_double_up_to_the_cap_and_end_after_the_last_attempt() {
        check(1, None, 1.0, Some(5_000));
        check(1, None, 0.0, Some(0));
        check(3, None, 0.5, Some(10_000));
        check(7, None, 1.0, Some(320_000));
        check(8, None, 1.0, None);
        check(u32::MAX, None, 1.0, None);
    }

    #[test]
    fn github_is_obeyed_within_reason() {
        check(1, Some(60), 0.2, Some(61_000));
        check(1, Some(1_000_000), 0.0, Some(4_200_000));
        check(8, Some(60), 0.0, Some(60_000));
        check(24, Some(60), 0.2, None);
    }
}
