//! Operators and conversions.
//!
//! Invariant: no arithmetic wraps or panics; what overflows is an error, as in CEL.

use std::cmp::Ordering;

use super::value::Val;
use super::{Outcome, Stop, error, library};

/// Applies the operator or conversion `name`; `None` when it is none of these.
pub(super) fn apply(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("!_", [Val::Bool(value)]) => Ok(Val::Bool(!value)),
        ("-_", [Val::Int(value)]) => checked(value.checked_neg().map(Val::Int)),
        ("-_", [Val::Double(value)]) => Ok(Val::Double(-value)),
        ("_==_", [left, right]) => left.equals(right).map(Val::Bool),
        ("_!=_", [left, right]) => left.equals(right).map(|same| Val::Bool(!same)),
        ("_<_", [left, right]) => order(left, right, Ordering::is_lt),
        ("_<=_", [left, right]) => order(left, right, Ordering::is_le),
        ("_>_", [left, right]) => order(left, right, Ordering::is_gt),
        ("_>=_", [left, right]) => order(left, right, Ordering::is_ge),
        ("_+_" | "_-_" | "_*_" | "_/_" | "_%_", [left, right]) => arithmetic(name, left, right),
        ("_[_]", [Val::Optional(value), key]) => look_up(&Val::Optional(value.clone()), key),
        ("_[_]", [operand, key]) => index(operand, key),
        ("@in", [item, holder]) => holds(holder, item).map(Val::Bool),
        ("size", [value]) => match value.size() {
            Some(size) => Ok(Val::from(size)),
            None => error(format!("no such overload: size of {}", value.type_name())),
        },
        ("type", [value]) => Ok(Val::Type(value.type_name().into())),
        ("dyn", [value]) => Ok(value.clone()),
        ("int" | "uint" | "double" | "string" | "bool" | "bytes", [value]) => convert(name, value),
        _ => return None,
    })
}

fn order(left: &Val, right: &Val, is: impl Fn(Ordering) -> bool) -> Outcome {
    match left.compare(right) {
        Some(order) => Ok(Val::Bool(is(order))),
        None if left.number().is_some() && right.number().is_some() => Ok(Val::Bool(false)),
        None => error(format!("no such overload: {} compared with {}", left.type_name(), right.type_name())),
    }
}

fn checked(value: Option<Val>) -> Outcome {
    value.map_or_else(|| error("a number overflows"), Ok)
}

fn arithmetic(name: &str, left: &Val, right: &Val) -> Outcome {
    match (name, left, right) {
        ("_/_" | "_%_", Val::Int(_), Val::Int(0)) | ("_/_" | "_%_", Val::Uint(_), Val::Uint(0)) => {
            error("division by zero")
        }
        (_, Val::Int(left), Val::Int(right)) => checked(
            match name {
                "_+_" => left.checked_add(*right),
                "_-_" => left.checked_sub(*right),
                "_*_" => left.checked_mul(*right),
                "_/_" => left.checked_div(*right),
                _ => left.checked_rem(*right),
            }
            .map(Val::Int),
        ),
        (_, Val::Uint(left), Val::Uint(right)) => checked(
            match name {
                "_+_" => left.checked_add(*right),
                "_-_" => left.checked_sub(*right),
                "_*_" => left.checked_mul(*right),
                "_/_" => left.checked_div(*right),
                _ => left.checked_rem(*right),
            }
            .map(Val::Uint),
        ),
        ("_+_", Val::Double(left), Val::Double(right)) => Ok(Val::Double(left + right)),
        ("_-_", Val::Double(left), Val::Double(right)) => Ok(Val::Double(left - right)),
        ("_*_", Val::Double(left), Val::Double(right)) => Ok(Val::Double(left * right)),
        ("_/_", Val::Double(left), Val::Double(right)) => Ok(Val::Double(left / right)),
        ("_+_", Val::Duration(left), Val::Duration(right)) => checked(left.checked_add(*right).map(Val::Duration)),
        ("_-_", Val::Duration(left), Val::Duration(right)) | ("_-_", Val::Timestamp(left), Val::Timestamp(right)) => {
            checked(left.checked_sub(*right).map(Val::Duration))
        }
        ("_+_", Val::Timestamp(time), Val::Duration(length)) | ("_+_", Val::Duration(length), Val::Timestamp(time)) => {
            library::time::bounded(time.saturating_add(*length))
        }
        ("_-_", Val::Timestamp(time), Val::Duration(length)) => library::time::bounded(time.saturating_sub(*length)),
        ("_+_", Val::String(left), Val::String(right)) => bounded(format!("{left}{right}")),
        ("_+_", Val::Bytes(left), Val::Bytes(right)) => Ok(Val::Bytes([&left[..], &right[..]].concat().into())),
        ("_+_", left, right) if left.items().is_some() && right.items().is_some() => {
            let both = [left.items().unwrap_or_default(), right.items().unwrap_or_default()].concat();
            both.into_iter().collect::<Result<_, _>>().map(Val::list)
        }
        _ => error(format!("no such overload: {} {} {}", left.type_name(), name.trim_matches('_'), right.type_name())),
    }
}

/// A text that does not grow beyond what an object may hold.
pub(super) fn bounded(text: String) -> Outcome {
    const MAX_BYTES: usize = 4 << 20;
    if text.len() > MAX_BYTES { Err(Stop::Budget) } else { Ok(Val::text(text)) }
}

fn index(operand: &Val, key: &Val) -> Outcome {
    if operand.keys().is_some() {
        return match key {
            Val::String(field) => super::evaluate::member(operand, field),
            _ => operand.get(key).unwrap_or_else(|| error("no such key")),
        };
    }
    let (Some(items), Some(index)) = (operand.items(), position(key)) else {
        return error(format!("no such overload: {}[{}]", operand.type_name(), key.type_name()));
    };
    let item = index.and_then(|index| items.into_iter().nth(index));
    item.unwrap_or_else(|| error("index out of bounds"))
}

#[allow(clippy::option_option, reason = "no position and none in reach are two things")]
/// A key as the position in a list: the outer `None` when it is none, the inner when no list has it.
fn position(key: &Val) -> Option<Option<usize>> {
    match key {
        Val::Int(index) => Some(usize::try_from(*index).ok()),
        Val::Uint(index) => Some(usize::try_from(*index).ok()),
        Val::Double(index) if index.fract() == 0.0 && (0.0..1e9).contains(index) => {
            Some(format!("{index:.0}").parse().ok())
        }
        _ => None,
    }
}

/// `operand?.key` and `operand[?key]`.
pub(super) fn look_up(operand: &Val, key: &Val) -> Outcome {
    let value = match operand {
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(value)) => (**value).clone(),
        value => value.clone(),
    };
    if value.keys().is_none() && value.items().is_none() {
        return error(format!("no such overload: {}[?{}]", value.type_name(), key.type_name()));
    }
    match index(&value, key) {
        Ok(found) => Ok(Val::Optional(Some(found.into()))),
        Err(Stop::Error(_)) => Ok(Val::Optional(None)),
        Err(stop) => Err(stop),
    }
}

fn holds(holder: &Val, item: &Val) -> Result<bool, Stop> {
    if holder.keys().is_some() {
        return holder.get(item).transpose().map(|found| found.is_some());
    }
    let Some(items) = holder.items() else {
        return error(format!("no such overload: in {}", holder.type_name()));
    };
    let mut unknown = None;
    for known in items {
        match known.and_then(|known| known.equals(item)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(stop) => unknown = Some(stop),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn convert(to: &str, value: &Val) -> Outcome {
    let failed = || error(format!("no such overload: {to}({})", value.type_name()));
    let parsed = |text: &str, value: Option<Val>| value.map_or_else(|| error(format!("{text:?} is no {to}")), Ok);
    match (to, value) {
        (to, value) if to == value.type_name() => Ok(value.clone()),
        ("int", Val::Uint(number)) => checked(i64::try_from(*number).ok().map(Val::Int)),
        ("int", Val::Double(number)) if number.abs() < 9e18 => {
            checked(format!("{:.0}", number.trunc()).parse().ok().map(Val::Int))
        }
        ("int", Val::Timestamp(nanos)) => checked(i64::try_from(nanos.div_euclid(1_000_000_000)).ok().map(Val::Int)),
        ("int", Val::String(text)) => parsed(text, text.parse().ok().map(Val::Int)),
        ("uint", Val::Int(number)) => checked(u64::try_from(*number).ok().map(Val::Uint)),
        ("uint", Val::String(text)) => parsed(text, text.parse().ok().map(Val::Uint)),
        ("double", Val::Int(_) | Val::Uint(_)) => value.number().map_or_else(failed, |number| Ok(Val::Double(number))),
        ("double", Val::String(text)) => parsed(text, text.parse().ok().map(Val::Double)),
        ("bool", Val::String(text)) => parsed(text, library::strings::truth(text).map(Val::Bool)),
        ("bytes", Val::String(text)) => Ok(Val::Bytes(text.as_bytes().into())),
        ("string", Val::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Val::text(text)),
            Err(_) => error("bytes that are no UTF-8"),
        },
        ("string", value) => library::strings::shown(value).map_or_else(failed, |text| Ok(Val::text(text))),
        _ => failed(),
    }
}
