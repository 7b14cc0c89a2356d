use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::*;

const ACCOUNT: Account = Some(InstallationId(7));
const OTHER: Account = Some(InstallationId(8));

fn limits() -> (RateLimits, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1_000));
    let clock = now.clone();
    let config = RateLimitConfig { longest_wait: Duration::from_secs(2), ..RateLimitConfig::default() };
    let clock: Clock = Arc::new(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    (RateLimits::new(config, clock), now)
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// The wait that an answer asks for at 1,000 s, in seconds.
fn check(status: u16, headers: &[(&'static str, &str)], body: &str, seconds: Option<u64>) {
    let (limits, _) = limits();
    let wait = limits.observe(ACCOUNT, &answer(status, headers, body));
    assert_eq!(wait, seconds.map(Duration::from_secs), "{status} {headers:?} {body}");
    let expected = seconds.map_or(Ok(Duration::ZERO), |seconds| Err(Duration::from_secs(seconds)));
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), expected, "{status} {headers:?} {body}");
    assert_eq!(limits.reserve(OTHER, Kind::Read), Ok(Duration::ZERO));
}

#[test]
fn each_way_of_being_limited_is_understood() {
    check(200, &[("x-ratelimit-remaining", "0")], "{}", None);
    check(429, &[("retry-after", "30")], "", Some(30));
    check(403, &[("retry-after", "30")], "", Some(30));
    check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1100")], "", Some(101));
    let at_1050 =
        [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1100"), ("date", "Thu, 01 Jan 1970 00:17:30 GMT")];
    check(403, &at_1050, "", Some(51));
    check(422, &[], r#"{"message": "Validation Failed", "errors": ["was submitted too quickly"]}"#, Some(60));
    check(422, &[], r#"{"message": "Validation Failed"}"#, None);
    check(403, &[], r#"{"message": "You have exceeded a secondary rate limit"}"#, Some(60));
    check(403, &[], r#"{"message": "Resource not accessible by integration"}"#, None);
    check(429, &[("retry-after", "soon")], "", Some(60));
    check(200, &[], r#"{"errors": [{"type": "RATE_LIMITED", "message": "x"}]}"#, Some(60));
    check(200, &[], r#"{"data": {"text": "RATE_LIMITED"}}"#, None);
    check(200, &[], r#"{"errors": [{"message": "You have exceeded a secondary rate limit."}]}"#, Some(60));
    check(200, &[], r#"{"data": {"text": "\"errors\": rate limit"}, "errors": null}"#, None);
    check(502, &[], "", None);
    check(503, &[("retry-after", "7")], "", Some(7));
    let date = [("retry-after", "Thu, 01 Jan 1970 00:18:20 GMT"), ("date", "Thu, 01 Jan 1970 00:17:30 GMT")];
    check(429, &date, "", Some(51));
}

#[test]
fn after_the_last_request_that_is_allowed_none_is_made_until_there_are_more() {
    let (limits, now) = limits();
    let last = |resource: &str| {
        let headers = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-reset", "1100"),
            ("x-ratelimit-resource", resource),
        ];
        answer(200, &headers, "{}")
    };
    assert_eq!(limits.observe(ACCOUNT, &last("graphql")), None);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Ok(Duration::ZERO), "another quota");
    assert_eq!(limits.observe(ACCOUNT, &last("core")), None, "the answer itself is none of a refusal");
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Err(Duration::from_secs(101)));
    assert_eq!(limits.reserve(OTHER, Kind::Read), Ok(Duration::ZERO));
    now.store(1_101, Ordering::Relaxed);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Ok(Duration::ZERO));
}

#[test]
fn unexplained_refusals_double_the_wait_until_one_succeeds() {
    let (limits, _) = limits();
    let refusal = answer(429, &[], "");
    let waits: Vec<u64> = (0..3).map(|_| limits.observe(ACCOUNT, &refusal).unwrap().as_secs()).collect();
    assert_eq!(waits, [60, 120, 240]);
    limits.observe(ACCOUNT, &answer(200, &[], "{}"));
    assert_eq!(limits.observe(ACCOUNT, &refusal), Some(Duration::from_mins(1)));
}

#[test]
fn writes_of_an_installation_are_spaced_after_a_burst_and_reads_are_not() {
    let (limits, now) = limits();
    let burst = usize::try_from(WRITE_BURST).unwrap();
    let waits: Vec<u64> = (0..burst + 2).map(|_| limits.reserve(ACCOUNT, Kind::Write).unwrap().as_secs()).collect();
    assert_eq!(waits[..burst], vec![0; burst]);
    assert_eq!(waits[burst..], [1, 2]);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Ok(Duration::ZERO));
    assert_eq!(limits.reserve(OTHER, Kind::Write), Ok(Duration::ZERO));
    // Three seconds late they have waited, so that one is free and the next waits again.
    now.store(1_003, Ordering::Relaxed);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Write), Ok(Duration::ZERO));
    assert_eq!(limits.reserve(ACCOUNT, Kind::Write), Ok(Duration::from_secs(1)));
}

#[test]
fn a_block_ends() {
    let (limits, now) = limits();
    limits.observe(ACCOUNT, &answer(429, &[("retry-after", "30")], ""));
    now.store(1_029, Ordering::Relaxed);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Ok(Duration::from_secs(1)), "short enough to wait in place");
    now.store(1_031, Ordering::Relaxed);
    assert_eq!(limits.reserve(ACCOUNT, Kind::Read), Ok(Duration::ZERO));
}

#[test]
fn comments_have_an_allowance_of_their_own_and_hold_up_no_conclusion() {
    let (limits, now) = limits();
    for _ in 0..56 {
        limits.reserve(ACCOUNT, Kind::Comment).unwrap();
    }
    assert_eq!(limits.reserve(ACCOUNT, Kind::Comment).unwrap_err().as_secs(), 6, "450 in an hour, 56 at once");
    assert!(limits.reserve(ACCOUNT, Kind::Write).is_ok());
    assert!(limits.reserve(OTHER, Kind::Comment).is_ok());
    now.store(1_008, Ordering::Relaxed);
    assert!(limits.reserve(ACCOUNT, Kind::Comment).is_ok());
}

/// What other processes say.
struct Told(Option<SystemTime>);

#[async_trait]
impl SharedLimits for Told {
    async fn blocked_until(&self, _: Account) -> Option<SystemTime> {
        self.0
    }

    async fn block(&self, _: Account, _: SystemTime) {}
}

#[tokio::test]
async fn what_another_process_was_told_is_obeyed() {
    let (limits, _) = limits();
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(1_040);
    let limits = limits.shared_by(Some(Arc::new(Told(Some(until)))));
    assert_eq!(limits.admit(ACCOUNT, Kind::Read).await, Err(Duration::from_secs(40)));
}

#[test]
fn a_share_of_the_quota_is_spent_before_the_whole_is() {
    let quota = |remaining| Quota { remaining, limit: 5_000, resets: SystemTime::UNIX_EPOCH };
    for (remaining, share, expected) in [(3_750, 25, false), (3_749, 25, true), (0, 100, false), (4_999, 0, true)] {
        assert_eq!(quota(remaining).is_spent(share), expected, "{remaining} left, {share} %");
    }
}
