//! The two time formats GitHub writes: RFC 3339 in JSON, RFC 9110 in headers.
//!
//! Invariant: what is neither is no time; nothing is guessed.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

/// Reads `YYYY-MM-DDTHH:MM:SSZ`.
pub fn parse(text: &str) -> Option<SystemTime> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}

/// Reads `Wed, 25 Nov 2026 14:12:00 GMT`.
pub fn parse_header(text: &str) -> Option<SystemTime> {
    DateTime::parse_from_rfc2822(text).ok().map(Into::into)
}

/// Writes `YYYY-MM-DDTHH:MM:SSZ`.
pub fn format(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn both_formats_are_read_and_nothing_else() {
        let expected = Some(UNIX_EPOCH + Duration::from_mins(1_795_615_920 / 60));
        assert_eq!(parse("2026-11-25T14:12:00Z"), expected);
        assert_eq!(parse_header("Wed, 25 Nov 2026 14:12:00 GMT"), expected);
        assert_eq!(expected.map(format).as_deref(), Some("2026-11-25T14:12:00Z"));
        for text in ["", "2026-11-25", "2026-13-01T00:00:00Z", "14:12"] {
            assert_eq!((parse(text), parse_header(text)), (None, None), "{text}");
        }
    }
}
