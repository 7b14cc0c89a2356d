//! Quantities such as `500m` and `1.5Gi`.
//!
//! Invariant: exact to the billionth; what does not fit is no quantity.
//!
//! # Source
//! `k8s.io/apimachinery/pkg/api/resource`, "Quantity".

use super::super::value::Val;
use super::super::{Outcome, error};

const SCALE: i128 = 1_000_000_000;

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("quantity", [Val::String(text)]) => {
            parse(text).map_or_else(|| error(format!("{text:?} is no quantity")), |value| Ok(Val::Quantity(value)))
        }
        ("isQuantity", [Val::String(text)]) => Ok(Val::Bool(parse(text).is_some())),
        ("sign", [Val::Quantity(value)]) => Ok(Val::Int(i64::try_from(value.signum()).unwrap_or_default())),
        ("isInteger", [Val::Quantity(value)]) => Ok(Val::Bool(whole(*value).is_some())),
        ("asInteger", [Val::Quantity(value)]) => {
            whole(*value).map_or_else(|| error("the quantity is no whole number"), |value| Ok(Val::Int(value)))
        }
        ("asApproximateFloat", [Val::Quantity(value)]) => Ok(Val::Double(approximate(*value))),
        ("add", [Val::Quantity(one), other]) => sum(*one, other, 1)?,
        ("sub", [Val::Quantity(one), other]) => sum(*one, other, -1)?,
        ("isGreaterThan", [Val::Quantity(one), Val::Quantity(other)]) => Ok(Val::Bool(one > other)),
        ("isLessThan", [Val::Quantity(one), Val::Quantity(other)]) => Ok(Val::Bool(one < other)),
        ("compareTo", [Val::Quantity(one), Val::Quantity(other)]) => Ok(Val::Int(one.cmp(other) as i64)),
        _ => return None,
    })
}

fn whole(value: i128) -> Option<i64> {
    (value % SCALE == 0).then(|| i64::try_from(value / SCALE).ok()).flatten()
}

#[allow(clippy::cast_precision_loss, reason = "the function is called approximate")]
fn approximate(value: i128) -> f64 {
    value as f64 / SCALE as f64
}

fn sum(one: i128, other: &Val, sign: i128) -> Option<Outcome> {
    let other = match other {
        Val::Quantity(other) => *other,
        Val::Int(other) => i128::from(*other) * SCALE,
        _ => return None,
    };
    let sum = one.checked_add(sign * other);
    Some(sum.map_or_else(|| error("a quantity overflows"), |sum| Ok(Val::Quantity(sum))))
}

/// A quantity as a number; `None` when it is none. Texts of one amount, such as `1Gi` and `1024Mi`, give one number.
pub fn number(text: &str) -> Option<f64> {
    parse(text).map(approximate)
}

/// Reads a quantity as billionths.
fn parse(text: &str) -> Option<i128> {
    let (is_negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    if integer.is_empty() && fraction.is_empty() || fraction.contains('.') || integer.len() + fraction.len() > 30 {
        return None;
    }
    let digits: i128 = format!("{integer}{fraction}").parse().ok()?;
    let (multiplier, divisor) = scale(suffix)?;
    let places = u32::try_from(fraction.len()).ok()?;
    let scaled = digits.checked_mul(multiplier)?.checked_mul(SCALE)?;
    let divisor = divisor.checked_mul(10_i128.checked_pow(places)?)?;
    // What is finer than a billionth is rounded up, as Kubernetes does.
    let value = scaled / divisor + i128::from(scaled % divisor != 0);
    Some(if is_negative { -value } else { value })
}

/// What a suffix multiplies and divides by.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let power = |base: i128, exponent: u32| Some((base.checked_pow(exponent)?, 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1_000)),
        "k" => power(1_000, 1),
        "M" => power(1_000, 2),
        "G" => power(1_000, 3),
        "T" => power(1_000, 4),
        "P" => power(1_000, 5),
        "E" => power(1_000, 6),
        "Ki" => power(1_024, 1),
        "Mi" => power(1_024, 2),
        "Gi" => power(1_024, 3),
        "Ti" => power(1_024, 4),
        "Pi" => power(1_024, 5),
        "Ei" => power(1_024, 6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let size = 10_i128.checked_pow(exponent.unsigned_abs())?;
            Some(if exponent < 0 { (1, size) } else { (size, 1) })
        }
    }
}
