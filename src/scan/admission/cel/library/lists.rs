//! Lists and sets: Kubernetes' list library, cel-go's sets and the lists extension.
//!
//! Invariant: an unknown item makes the answer unknown, unless it can't matter.

use std::cmp::Ordering;

use super::super::value::Val;
use super::super::{Outcome, Stop, error};

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    let list = values.first()?.items()?;
    let known = || -> Result<Vec<Val>, Stop> { list.iter().cloned().collect() };
    Some(match (name, values.get(1..)?) {
        ("sets.contains", [other]) => subset(other, values.first()?).map(Val::Bool),
        ("sets.equivalent", [other]) => match (subset(other, values.first()?), subset(values.first()?, other)) {
            (Ok(false), _) | (_, Ok(false)) => Ok(Val::Bool(false)),
            (one, two) => one.and_then(|one| two.map(|two| Val::Bool(one && two))),
        },
        ("sets.intersects", [other]) => intersects(values.first()?, other).map(Val::Bool),
        ("indexOf" | "lastIndexOf", [item]) => known().and_then(|items| position(&items, item, name == "lastIndexOf")),
        ("sum", []) => known().and_then(|items| sum(&items)),
        ("min" | "max", []) => known().and_then(|items| extreme(name, &items)),
        ("isSorted", []) => known().and_then(|items| {
            let order = |pair: &[Val]| pair.first()?.compare(pair.get(1)?);
            let orders: Option<Vec<Ordering>> = items.windows(2).map(order).collect();
            orders.map_or_else(mixed, |orders| Ok(Val::Bool(orders.into_iter().all(Ordering::is_le))))
        }),
        ("first", []) => Ok(Val::Optional(list.into_iter().next().transpose().ok()?.map(Into::into))),
        ("last", []) => Ok(Val::Optional(list.into_iter().next_back().transpose().ok()?.map(Into::into))),
        ("reverse", []) => known().map(|items| Val::list(items.into_iter().rev().collect())),
        ("distinct", []) => known().and_then(|items| distinct(&items)),
        ("sort", []) => known().and_then(sorted),
        ("flatten", []) => known().and_then(|items| {
            let mut flat = Vec::new();
            for item in items {
                match item.items() {
                    Some(inner) => flat.extend(inner.into_iter().collect::<Result<Vec<_>, _>>()?),
                    None => flat.push(item),
                }
            }
            Ok(Val::list(flat))
        }),
        ("slice", [Val::Int(from), Val::Int(until)]) => known().and_then(|items| {
            let range = usize::try_from(*from).ok().zip(usize::try_from(*until).ok());
            let part = range.and_then(|(from, until)| items.get(from..until));
            part.map_or_else(|| error("slice: out of range"), |part| Ok(Val::list(part.to_vec())))
        }),
        _ => return None,
    })
}

fn mixed<T>() -> Result<T, Stop> {
    error("no such overload: a list of values that have no order")
}

/// Whether every item of `small` is in `large`.
fn subset(small: &Val, large: &Val) -> Result<bool, Stop> {
    let (Some(items), Some(others)) = (small.items(), large.items()) else { return error("no such overload: sets") };
    let mut unknown = None;
    for item in items {
        let found = item.and_then(|item| any_equal(&others, &item));
        match found {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(stop) => unknown = Some(stop),
        }
    }
    unknown.map_or(Ok(true), Err)
}

fn intersects(one: &Val, other: &Val) -> Result<bool, Stop> {
    let (Some(items), Some(others)) = (one.items(), other.items()) else { return error("no such overload: sets") };
    let mut unknown = None;
    for item in items {
        match item.and_then(|item| any_equal(&others, &item)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(stop) => unknown = Some(stop),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn any_equal(items: &[Outcome], wanted: &Val) -> Result<bool, Stop> {
    let mut unknown = None;
    for item in items {
        match item.clone().and_then(|item| item.equals(wanted)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(stop) => unknown = Some(stop),
        }
    }
    unknown.map_or(Ok(false), Err)
}

fn position(items: &[Val], wanted: &Val, is_last: bool) -> Outcome {
    let mut found = None;
    for (index, item) in items.iter().enumerate() {
        if item.equals(wanted)? {
            found = Some(index);
            if !is_last {
                break;
            }
        }
    }
    Ok(found.map_or(Val::Int(-1), Val::from))
}

fn sum(items: &[Val]) -> Outcome {
    let Some((first, rest)) = items.split_first() else { return Ok(Val::Int(0)) };
    if !matches!(first, Val::Int(_) | Val::Uint(_) | Val::Double(_) | Val::Duration(_)) {
        return error(format!("no such overload: sum of {}", first.type_name()));
    }
    rest.iter().try_fold(first.clone(), |sum, item| {
        super::super::operator::apply("_+_", &[sum, item.clone()]).unwrap_or_else(mixed)
    })
}

fn extreme(name: &str, items: &[Val]) -> Outcome {
    let Some((first, rest)) = items.split_first() else { return error(format!("{name} of an empty list")) };
    let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
    let better = |best: &Val, item: &Val| item.compare(best).map(|order| order == wanted);
    let best = rest.iter().try_fold(first, |best, item| Some(if better(best, item)? { item } else { best }));
    best.map_or_else(mixed, |best| Ok(best.clone()))
}

fn distinct(items: &[Val]) -> Outcome {
    let mut kept: Vec<Val> = Vec::new();
    if items.len() > 2_000 {
        return Err(Stop::Budget);
    }
    for item in items {
        let is_known = kept.iter().map(|known| known.equals(item)).collect::<Result<Vec<_>, _>>()?;
        if !is_known.contains(&true) {
            kept.push(item.clone());
        }
    }
    Ok(Val::list(kept))
}

fn sorted(mut items: Vec<Val>) -> Outcome {
    let has_order = items.windows(2).all(|pair| matches!(pair, [one, other] if one.compare(other).is_some()));
    if !has_order {
        return mixed();
    }
    items.sort_by(|one, other| one.compare(other).unwrap_or(Ordering::Equal));
    Ok(Val::list(items))
}
