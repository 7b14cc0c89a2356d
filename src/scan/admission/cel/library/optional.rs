//! Values that may be absent, and durations.
//!
//! Invariant: `value()` of nothing is an error, as in CEL.

use super::super::value::Val;
use super::super::{Outcome, error};

const SECOND: i128 = 1_000_000_000;

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("optional.of", [value]) => Ok(Val::Optional(Some(value.clone().into()))),
        ("optional.none", []) => Ok(Val::Optional(None)),
        ("optional.ofNonZeroValue", [value]) => Ok(Val::Optional((!is_zero(value)).then(|| value.clone().into()))),
        ("hasValue", [Val::Optional(value)]) => Ok(Val::Bool(value.is_some())),
        ("value", [Val::Optional(Some(value))]) => Ok((**value).clone()),
        ("value", [Val::Optional(None)]) => error("optional.none() dereference"),
        ("orValue", [Val::Optional(value), other]) => {
            Ok(value.as_ref().map_or_else(|| other.clone(), |value| (**value).clone()))
        }
        ("or", [one @ Val::Optional(value), other @ Val::Optional(_)]) => {
            Ok(if value.is_some() { one.clone() } else { other.clone() })
        }
        ("duration", [Val::String(text)]) => {
            duration(text).map_or_else(|| error(format!("{text:?} is no duration")), |nanos| Ok(Val::Duration(nanos)))
        }
        ("getHours", [Val::Duration(nanos)]) => whole(nanos / (3600 * SECOND)),
        ("getMinutes", [Val::Duration(nanos)]) => whole(nanos / (60 * SECOND)),
        ("getSeconds", [Val::Duration(nanos)]) => whole(nanos / SECOND),
        ("getMilliseconds", [Val::Duration(nanos)]) => whole(nanos / 1_000_000 % 1_000),
        _ => return None,
    })
}

fn whole(value: i128) -> Outcome {
    i64::try_from(value).map_or_else(|_| error("a number overflows"), |value| Ok(Val::Int(value)))
}

fn is_zero(value: &Val) -> bool {
    match value {
        Val::Null => true,
        Val::Bool(value) => !value,
        Val::Duration(nanos) | Val::Quantity(nanos) => *nanos == 0,
        value => value.size() == Some(0) || value.number() == Some(0.0),
    }
}

/// Reads a duration of Go such as `1h30m` or `1.5s`, as nanoseconds.
fn duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    if rest == "0" {
        return Some(0);
    }
    let mut total = None;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return None,
        };
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if number.len() > 25 {
            return None;
        }
        let digits: i128 = format!("{integer}{fraction}").parse().ok()?;
        let part = digits.checked_mul(unit)? / 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        total = Some(total.unwrap_or(0_i128).checked_add(part)?);
        rest = after;
    }
    total.map(|total| sign * total)
}
