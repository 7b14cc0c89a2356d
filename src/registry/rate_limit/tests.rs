use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a value"))).collect()
}

fn check(status: u16, pairs: &[(&'static str, &str)], pull: bool, expected_seconds: Option<u64>) {
    let (limits, now) = (RateLimits::default(), Instant::now());
    limits.learn("hub", StatusCode::from_u16(status).expect("a status"), &headers(pairs), now);
    assert_eq!(limits.wait("hub", pull, 10, now), expected_seconds.map(Duration::from_secs), "{status} {pairs:?}");
    assert_eq!(limits.wait("elsewhere", pull, 10, now), None);
}

#[test]
fn a_refusal_is_obeyed_within_bounds() {
    check(429, &[("retry-after", "30")], false, Some(30));
    check(429, &[("retry-after", "0")], false, Some(1));
    check(429, &[("retry-after", "86400")], false, Some(3600));
    check(429, &[("retry-after", "99999999999999999999999")], false, Some(3600));
    check(429, &[("retry-after", "213.4µs")], false, Some(60));
    check(429, &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], false, Some(1));
    check(429, &[("retry-after", "Fri, 01 Jan 2100 00:00:00 GMT")], false, Some(3600));
    check(429, &[], false, Some(60));
    check(503, &[("retry-after", "5")], false, Some(5));
    check(503, &[], false, None);
}

#[test]
fn a_few_pulls_are_left_over() {
    check(200, &[("ratelimit-remaining", "9;w=21600")], true, Some(3600));
    check(200, &[("ratelimit-remaining", "9;w=21600")], false, None);
    check(200, &[("ratelimit-remaining", "10;w=21600")], true, None);
    check(200, &[("ratelimit-remaining", "many")], true, None);
    check(200, &[("ratelimit-remaining", "0")], true, Some(60));
}

#[test]
fn a_wait_ends() {
    let (limits, now) = (RateLimits::default(), Instant::now());
    limits.learn("hub", StatusCode::TOO_MANY_REQUESTS, &headers(&[("retry-after", "30")]), now);
    assert_eq!(limits.wait("hub", true, 10, now + Duration::from_secs(31)), None);
}
