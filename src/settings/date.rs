//! Days, for waivers that end.
//!
//! Invariant: a [`Date`] is a day of the Gregorian calendar, and dates order as days do.

use std::fmt;
use std::str::FromStr;

use super::SettingsError;

/// A day, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The UTC day that holds the instant `seconds` after 1970-01-01T00:00Z; years end at 9999.
    pub fn from_unix_seconds(seconds: u64) -> Self {
        let mut days = seconds / 86_400;
        let mut year = 1970;
        while year < 9999 && days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days >= u64::from(days_of_month(year, month)) {
            days -= u64::from(days_of_month(year, month));
            month += 1;
        }
        let day = u8::try_from(days + 1).unwrap_or(31).min(days_of_month(year, month));
        Self { year, month, day }
    }

    /// How many days lie between 1970-01-01 and this day; negative before it.
    pub fn days_since_epoch(self) -> i64 {
        let years = |from: u16, to: u16| (from..to).map(|year| i64::try_from(days_of_year(year)).unwrap_or(365)).sum();
        let before: i64 = if self.year >= 1970 { years(1970, self.year) } else { -years(self.year, 1970) };
        let months: i64 = (1..self.month).map(|month| i64::from(days_of_month(self.year, month))).sum();
        before + months + i64::from(self.day) - 1
    }

    /// The day `days` later; years end at 9999.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        let since = self.days_since_epoch().saturating_add(i64::from(days));
        Self::from_unix_seconds(u64::try_from(since).unwrap_or_default().saturating_mul(86_400))
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || SettingsError::Date { text: text.to_owned() };
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !shape {
            return Err(bad());
        }
        let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u16>().ok());
        let year = number(0, 4).ok_or_else(bad)?;
        let month = number(5, 7).and_then(|month| u8::try_from(month).ok()).ok_or_else(bad)?;
        let day = number(8, 10).and_then(|day| u8::try_from(day).ok()).ok_or_else(bad)?;
        let fits = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        if fits { Ok(Self { year, month, day }) } else { Err(bad()) }
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for text in ["2026-01-31", "2024-02-29", "1970-01-01", "2000-02-29"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-1-1", "20260101", "2026-00-10", "2026-01-0x", "é026-01-1"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_counted_across_years() {
        for (from, days, to) in [("2026-12-20", 30, "2027-01-19"), ("2024-02-28", 2, "2024-03-01")] {
            assert_eq!(from.parse::<Date>().unwrap().plus_days(days).to_string(), to);
        }
        assert_eq!("1969-12-31".parse::<Date>().unwrap().days_since_epoch(), -1);
    }

    #[test]
    fn instants_become_days() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (1_767_225_599, "2025-12-31"),
            (1_767_225_600, "2026-01-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            let date = Date::from_unix_seconds(seconds);
            assert_eq!(date.to_string(), expected, "{seconds}");
            if seconds < u64::MAX {
                assert_eq!(date.days_since_epoch(), i64::try_from(seconds / 86_400).unwrap());
            }
        }
    }
}
