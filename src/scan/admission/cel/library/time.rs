//! Points in time.
//!
//! Invariant: a zone that is no offset from UTC is [`Stop::Unsupported`], as the rules of zones are not at hand.
//!
//! # Source
//! The timestamp functions of the CEL specification; days of the calendar after Howard Hinnant's `days_from_civil`.

use super::super::value::Val;
use super::super::{Outcome, Stop, error};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;
/// The first and the last second that CEL knows: of the years 1 and 9999.
const RANGE: [i128; 2] = [-62_135_596_800, 253_402_300_799];

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("timestamp", [Val::String(text)]) => {
            read(text).map_or_else(|| error(format!("{text:?} is no timestamp")), |nanos| Ok(Val::Timestamp(nanos)))
        }
        ("timestamp", [Val::Int(seconds)]) => bounded(i128::from(*seconds) * SECOND),
        ("timestamp", [value @ Val::Timestamp(_)]) => Ok(value.clone()),
        (_, [Val::Timestamp(nanos)]) => part(name, *nanos)?,
        (_, [Val::Timestamp(nanos), Val::String(zone)]) => match offset(zone) {
            Some(seconds) => part(name, nanos + seconds * SECOND)?,
            None => Err(Stop::Unsupported(format!("the time zone \"{zone}\""))),
        },
        _ => return None,
    })
}

/// A part of the local time.
fn part(name: &str, nanos: i128) -> Option<Outcome> {
    let (days, rest) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let value = match name {
        "getFullYear" => year,
        "getMonth" => month - 1,
        "getDate" => day,
        "getDayOfMonth" => day - 1,
        "getDayOfWeek" => (days + 4).rem_euclid(7),
        "getDayOfYear" => days - days_before(year, 1, 1),
        "getHours" => rest / (3600 * SECOND),
        "getMinutes" => rest / (60 * SECOND) % 60,
        "getSeconds" => rest / SECOND % 60,
        "getMilliseconds" => rest / 1_000_000 % 1_000,
        _ => return None,
    };
    Some(i64::try_from(value).map_or_else(|_| error("a number overflows"), |value| Ok(Val::Int(value))))
}

/// A timestamp within the years 1 to 9999.
pub(in super::super) fn bounded(nanos: i128) -> Outcome {
    let seconds = nanos.div_euclid(SECOND);
    if (RANGE[0]..=RANGE[1]).contains(&seconds) { Ok(Val::Timestamp(nanos)) } else { error("a timestamp overflows") }
}

/// A timestamp as RFC 3339 writes it, in UTC.
pub(in super::super) fn shown(nanos: i128) -> String {
    let (days, rest) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY) / SECOND);
    let (year, month, day) = date(days);
    let fraction = match nanos.rem_euclid(SECOND) {
        0 => String::new(),
        fraction => format!(".{fraction:09}").trim_end_matches('0').to_owned(),
    };
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads a timestamp of RFC 3339 as nanoseconds since 1970.
fn read(text: &str) -> Option<i128> {
    let (date_text, time) = text.split_once(['T', 't'])?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let zone = if zone.eq_ignore_ascii_case("z") { 0 } else { offset(zone)? };
    let (clock, fraction) = clock.split_once('.').map_or((clock, "0"), |(clock, fraction)| (clock, fraction));
    let numbers = |text: &str, separator: char, widths: [usize; 3]| -> Option<[i128; 3]> {
        let mut parts = text.split(separator);
        let mut next = |width: usize| parts.next().filter(|part| part.len() == width).and_then(digits);
        let found = [next(widths[0])?, next(widths[1])?, next(widths[2])?];
        parts.next().is_none().then_some(found)
    };
    let [year, month, day] = numbers(date_text, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if fraction.len() > 9 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_before(year, month, day);
    if date(days) != (year, month, day) {
        return None;
    }
    let nanos = digits(fraction)? * 10_i128.pow(9 - u32::try_from(fraction.len()).ok()?);
    let total = (days * 86_400 + hour * 3600 + minute * 60 + second - zone) * SECOND + nanos;
    bounded(total).is_ok().then_some(total)
}

fn digits(text: &str) -> Option<i128> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Seconds of `UTC`, `+02:00` or `-05:30`.
fn offset(zone: &str) -> Option<i128> {
    if zone == "UTC" {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours).filter(|hours| *hours < 24)?, digits(minutes).filter(|m| *m < 60)?);
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Days from the first of 1970 to a date.
fn days_before(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of a number of days from the first of 1970.
fn date(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i128::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}
