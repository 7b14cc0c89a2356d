//! The functions that we add to CEL's own.
//!
//! Invariant: a function fails on an unknown value; it never takes one for anything else.

use cel::common::types::{CelBool, CelDouble, CelString, DYN_TYPE, Kind, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{Env, ExecutionError};

use super::super::super::admission::cel as kubernetes;
use super::value::{OTHER, truth};

/// Equality that fails when an unknown value decides; CEL has no way to name it.
pub(super) const SAME: &str = "@same";

/// The environment with our own functions.
pub(super) fn with_functions(mut env: Env) -> Env {
    // The names are new, so neither can be refused.
    let _ = env.add_overload(SAME, "same_dyn_dyn", vec![DYN_TYPE, DYN_TYPE], |arguments| match arguments.as_slice() {
        [left, right] => same(left.as_ref(), right.as_ref(), 0).map(truth),
        _ => Err(ExecutionError::MissingArgumentOrTarget),
    });
    let _ = env.add_member_overload("lower", "string_lower", STRING_TYPE, vec![], |arguments| {
        let text = arguments.first().and_then(|text| text.downcast_ref::<CelString>());
        let text = text.ok_or(ExecutionError::MissingArgumentOrTarget)?;
        Ok(CowVal::owned(CelString::from(text.inner().to_ascii_lowercase())))
    });
    // An amount of Kubernetes as a number, so that two ways to write it are equal; -1 for what is none.
    let _ = env.add_member_overload("quantity", "string_quantity", STRING_TYPE, vec![], |arguments| {
        let text = arguments.first().and_then(|text| text.downcast_ref::<CelString>());
        let text = text.ok_or(ExecutionError::MissingArgumentOrTarget)?.inner();
        Ok(CowVal::owned(CelDouble::from(kubernetes::number(text).unwrap_or(-1.0))))
    });
    env
}

/// Whether two values are equal, item by item; fails when an unknown one decides.
fn same(left: &dyn Val, right: &dyn Val, depth: usize) -> Result<bool, ExecutionError> {
    if depth > 32 {
        return Err(ExecutionError::function_error("==", "too deep"));
    }
    for value in [left, right] {
        if let (true, Some(unknown)) = (value.get_type().name() == OTHER.name(), value.as_adder()) {
            unknown.add(&CelBool::from(true))?;
        }
    }
    let (a, b) = (left.get_type().kind(), right.get_type().kind());
    if a != b || !matches!(a, Kind::List | Kind::Map) {
        return Ok(left.equals(right));
    }
    let sizes = left.as_sizer().map(|sizer| *sizer.size().inner()) == right.as_sizer().map(|s| *s.size().inner());
    let (Some(left_items), Some(right_items), true) = (left.as_iterable(), right.as_iterable(), sizes) else {
        return Ok(false);
    };
    let (mut left_items, mut right_items) = (left_items.iter(), right_items.iter());
    while let Some(item) = left_items.next() {
        let equal = match (a, left.as_indexer(), right.as_indexer(), right.as_container()) {
            (Kind::Map, Some(left), Some(right), Some(keys)) => {
                keys.contains(item)? && same(left.get(item)?.as_ref(), right.get(item)?.as_ref(), depth + 1)?
            }
            _ => right_items.next().map_or(Ok(false), |other| same(item, other, depth + 1))?,
        };
        if !equal {
            return Ok(false);
        }
    }
    Ok(true)
}
