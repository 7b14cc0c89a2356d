//! The one time format GitHub writes.
//!
//! Invariant: what is not `YYYY-MM-DDTHH:MM:SSZ` is no time; nothing is guessed.

use std::time::{Duration, SystemTime};

/// Reads `YYYY-MM-DDTHH:MM:SSZ`, years 1970 to 9999.
pub fn parse(text: &str) -> Option<SystemTime> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if bytes.len() != 20 || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let number = |start: usize, end: usize| text.get(start..end)?.parse::<u64>().ok();
    let days = days_since_1970(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let seconds = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    (year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, seconds: Option<u64>) {
        let expected = seconds.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(parse(text), expected, "{text:?}");
    }

    #[test]
    fn times_are_read_exactly_or_not_at_all() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2000-02-29T12:00:00Z", Some(951_825_600));
        check("2026-11-25T13:07:53Z", Some(1_795_612_073));
        check("2026-11-25 13:07:53Z", None);
        check("2026-13-25T13:07:53Z", None);
        check("", None);
        check("éééééééééé", None);
    }
}
