//! Values that are neither scalar nor collection: the absent, the unknown, and what only the rewriting writes.
//!
//! Invariant: an unknown value is an error wherever it is looked at, an absent one is `null` at any depth.

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator as ValIterator};
use cel::common::types::{CelBool, CelString, Kind, Type};
use cel::common::value::{CowVal, Val};
use regex::Regex;

use super::super::meter::Meter;
use super::collection::Items;
use super::{ABSENT, OTHER, unknown};
use crate::scan::span::Span;

/// An absent fact: everything below it is absent as well, and nothing is in it.
#[derive(Debug)]
pub(super) struct NullVal;

impl Val for NullVal {
    typed!(ABSENT);
    indexer!();
    iterable!();
    boxed!(self => NullVal);
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
    fn equals(&self, other: &dyn Val) -> bool {
        other.get_type().kind() == Kind::NullType
    }
}

impl Indexer for NullVal {
    steal!();
    fn get<'b, 'v>(&'b self, _: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(CowVal::owned(NullVal))
    }
}

impl Container for NullVal {
    fn contains(&self, _: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(false)
    }
}

impl Iterable for NullVal {
    fn iter<'b, 'v>(&'b self) -> Box<dyn ValIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Items { items: [].iter() })
    }
}

/// A value that is not known before rendering. Only [`METER`](super::METER) and [`SAME`](super::super::function::SAME)
/// ever look at one, and fail.
#[derive(Debug)]
pub(super) struct UnknownVal {
    pub(super) span: Span,
}

impl Val for UnknownVal {
    typed!(OTHER);
    indexer!();
    boxed!(self => UnknownVal { span: self.span });
    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        None
    }
    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
}

impl Indexer for UnknownVal {
    steal!();
    fn get<'b, 'v>(&'b self, _: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(unknown(self.span))
    }
}

impl Adder for UnknownVal {
    fn add<'b, 'v>(&'b self, _: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(unknown(self.span))
    }
}

/// `@meter + value` is the value, paid for and known, or an error.
#[derive(Debug)]
pub(super) struct MeterVal<'n> {
    pub(super) meter: &'n Meter,
}

impl Val for MeterVal<'_> {
    typed!(OTHER);
    boxed!(self => MeterVal { meter: self.meter });
    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }
}

impl Adder for MeterVal<'_> {
    fn add<'b, 'v>(&'b self, value: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(text) = value.downcast_ref::<CelString>() {
            self.meter.take(1)?;
            self.meter.take_text(text.inner())?;
        } else if value.get_type().name() == OTHER.name() {
            // The error of an unknown value carries its place.
            value.as_adder().map_or(Ok(()), |unknown| unknown.add(&CelBool::from(true)).map(drop))?;
        } else {
            let size = value.as_sizer().map_or(0, |sizer| usize::try_from(*sizer.size().inner()).unwrap_or_default());
            self.meter.take(1 + size)?;
        }
        Ok(CowVal::Owned(value.clone_as_boxed()))
    }
}

/// A compiled pattern; `text in pattern` is whether the text matches.
#[derive(Debug)]
pub(super) struct PatternVal<'n> {
    pub(super) pattern: &'n Regex,
}

impl Val for PatternVal<'_> {
    typed!(OTHER);
    boxed!(self => PatternVal { pattern: self.pattern });
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
}

impl Container for PatternVal<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        value.downcast_ref::<CelString>().map(|text| self.pattern.is_match(text.inner())).ok_or_else(|| {
            ExecutionError::no_such_overload("matches", vec![value.get_type().name().to_owned(), "string".to_owned()])
        })
    }
}
