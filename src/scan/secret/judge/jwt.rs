//! JSON web tokens (RFC 7519): header and claims are read, so that samples, public keys, unsigned and expired tokens
//! are told apart from live ones.
//!
//! Invariant: what does not decode to two JSON objects is no token; no claim but the issuer and the end is shown.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::super::rule::DetectorRule;
use super::{Judged, Outcome, Scene};
use crate::scan::span::Span;

/// Fewest characters of a signature: HS256 has 43.
const MIN_SIGNATURE: usize = 20;
/// Longest issuer that is shown, in bytes.
const MAX_ISSUER: usize = 60;
const SECONDS_OF_DAY: i64 = 86_400;

/// Judges the token at `span`, which must make the claims that `rule` names.
pub(super) fn judge(scene: &Scene, rule: &DetectorRule, span: Span) -> Option<Judged> {
    let mut parts = span.of(scene.text).split('.');
    let (header, claims, signature) = (object(parts.next()?)?, object(parts.next()?)?, parts.next()?);
    let algorithm = match header.get("alg") {
        Some(algorithm) => algorithm.as_str()?,
        // A header with fields of its own.
        None if !header.is_empty() => "",
        None => return None,
    };
    let is_unsigned = algorithm.eq_ignore_ascii_case("none");
    let has_signature = is_unsigned || signature.len() >= MIN_SIGNATURE;
    let wanted = |(claim, text): (&String, &String)| says(&claims, claim, text);
    if !has_signature || is_sample(&claims) || is_public(&claims) || !rule.claims.iter().all(wanted) {
        return None;
    }
    let end = claims.get("exp").and_then(Value::as_i64).map(day);
    let has_ended = scene.today.zip(end.as_deref()).is_some_and(|(today, end)| end < today);
    let outcome = match (is_unsigned, has_ended) {
        (true, _) => Outcome::Unsigned,
        (false, true) => Outcome::Expired,
        (false, false) => Outcome::Clear,
    };
    Some(Judged { note: Some(note(algorithm, &claims, end)), ..scene.judged(span, "", outcome) })
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn says(claims: &Map<String, Value>, claim: &str, text: &str) -> bool {
    claims.get(claim).is_some_and(|value| text == "*" || value.as_str() == Some(text))
}

/// Whether the token is one that documentation prints, such as that of the debugger at jwt.io.
fn is_sample(claims: &Map<String, Value>) -> bool {
    says(claims, "sub", "1234567890") || says(claims, "iss", "supabase-demo")
}

/// Whether the token is made to be seen: the anonymous key of a project.
fn is_public(claims: &Map<String, Value>) -> bool {
    says(claims, "role", "anon")
}

/// Such as `HS256, issuer https://login.acme.io, until 2033-05-18`.
fn note(algorithm: &str, claims: &Map<String, Value>, end: Option<String>) -> String {
    let is_plain = |text: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'-' | b'_');
        text.len() <= MAX_ISSUER && text.bytes().all(plain)
    };
    let algorithm = Some(algorithm).filter(|name| !name.is_empty() && is_plain(name)).unwrap_or("unknown algorithm");
    let issuer = claims.get("iss").and_then(Value::as_str).filter(is_plain);
    let issuer = issuer.map(|issuer| format!(", issuer {issuer}")).unwrap_or_default();
    let end = end.map_or_else(|| ", without an end".to_owned(), |end| format!(", until {end}"));
    format!("{algorithm}{issuer}{end}")
}

/// The UTC day of a time in seconds since 1970, written `YYYY-MM-DD`; years end at 9999.
fn day(seconds: i64) -> String {
    // The civil calendar counts its years from March, in eras of 400 years.
    let days = seconds.div_euclid(SECONDS_OF_DAY).clamp(0, 2_932_896) + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year_of_era + era * 400 + next)
}

#[cfg(test)]
mod tests {
    use super::super::super::fake;
    use super::*;

    fn check(kind: &str, claims: &str, today: Option<&str>, expected: Option<(Outcome, &str)>) {
        let text = fake::expand(&format!("{{fake:{kind}}}")).into_owned();
        let yaml = format!("{{name: n, keywords: [eyJ], pattern: x, claims: {claims}}}");
        let rule: DetectorRule = serde_yaml::from_str(&yaml).unwrap();
        let scene = Scene { today, ..Scene::new(&text) };
        let judged = judge(&scene, &rule, Span::new(0, text.len()));
        let actual = judged.map(|judged| (judged.outcome, judged.note.unwrap_or_default()));
        assert_eq!(actual, expected.map(|(outcome, note)| (outcome, note.to_owned())), "{kind}");
    }

    #[test]
    fn live_expired_unsigned_and_sample_tokens_are_told_apart() {
        let live = Some((Outcome::Clear, "HS256, until 2033-05-18"));
        check("jwt", "{}", Some("2026-11-25"), live);
        check("jwt", "{}", Some("2033-05-18"), live);
        check("jwt", "{}", Some("2033-05-19"), Some((Outcome::Expired, "HS256, until 2033-05-18")));
        check("jwt-endless", "{}", None, Some((Outcome::Clear, "HS256, without an end")));
        let ended = "HS256, issuer https://login.acme.io, until 2018-01-18";
        check("jwt-expired", "{}", Some("2026-11-25"), Some((Outcome::Expired, ended)));
        check("jwt-expired", "{}", None, Some((Outcome::Clear, ended)));
        check("jwt-unsigned", "{}", None, Some((Outcome::Unsigned, "none, until 2033-05-18")));
        check("jwt-sample", "{}", None, None);
        check("jwt-supabase-anon", "{}", None, None);
    }

    #[test]
    fn claims_name_the_issuer() {
        let argocd = Some((Outcome::Clear, "HS256, issuer argocd, without an end"));
        check("jwt-argocd", "{iss: argocd}", None, argocd);
        check("jwt-argocd", "{iss: '*', jti: '*'}", None, argocd);
        check("jwt", "{iss: argocd}", None, None);
    }

    #[test]
    fn what_does_not_decode_is_no_token() {
        for text in ["eyJhbGciOiJIUzI1NiJ9", "a.b.c", "", "..", "eyJ9.eyJ9.aaaaaaaaaaaaaaaaaaaaaaaa"] {
            let rule: DetectorRule = serde_yaml::from_str("{name: n, keywords: [eyJ], pattern: x}").unwrap();
            assert!(judge(&Scene::new(text), &rule, Span::new(0, text.len())).is_none(), "{text}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in
            [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (-1, "1970-01-01"), (i64::MAX, "9999-12-31")]
        {
            assert_eq!(day(seconds), expected);
        }
    }
}
