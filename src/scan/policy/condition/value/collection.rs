//! Lists and maps of a document as CEL values.
//!
//! Invariant: nothing is copied before it is asked for, and what is copied is paid for.

use std::sync::OnceLock;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as ValIterator, Sizer};
use cel::common::types::{CelInt, CelString, Type};
use cel::common::value::{CowVal, Val};

use super::super::meter::Meter;
use super::special::NullVal;
use super::{LIST, MAP, lend, look, unknown};
use crate::scan::document::node::{Mapping, Node};
use crate::scan::span::Span;

/// A list of the document.
#[derive(Debug)]
pub(super) struct ListVal<'n> {
    pub(super) nodes: &'n [Node],
    pub(super) meter: &'n Meter,
    pub(super) items: OnceLock<Vec<Box<dyn Val + 'n>>>,
}

impl<'n> ListVal<'n> {
    /// The items as values; empty when the budget does not allow that many, which fails the evaluation.
    fn items(&self) -> &[Box<dyn Val + 'n>] {
        self.items.get_or_init(|| match self.meter.take(self.nodes.len()) {
            Ok(()) => self.nodes.iter().map(|node| lend(node, self.meter).into_owned()).collect(),
            Err(_) => Vec::new(),
        })
    }
}

impl Val for ListVal<'_> {
    typed!(LIST);
    indexer!();
    iterable!();
    boxed!(self => ListVal { nodes: self.nodes, meter: self.meter, items: OnceLock::new() });
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }
}

impl Indexer for ListVal<'_> {
    steal!();
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let index = index.downcast_ref::<CelInt>().ok_or_else(|| {
            ExecutionError::no_such_overload("_[_]", vec!["list".to_owned(), index.get_type().name().to_owned()])
        })?;
        match usize::try_from(*index.inner()).ok().and_then(|index| self.nodes.get(index)) {
            Some(node) => look(node, self.meter),
            None => Ok(CowVal::owned(NullVal)),
        }
    }
}

impl Container for ListVal<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        self.meter.take(self.nodes.len() / 16)?;
        let is_value = |node: &&Node| lend(node, self.meter).equals(value);
        if self.nodes.iter().filter(|node| !node.is_unknown()).any(|node| is_value(&node)) {
            return Ok(true);
        }
        self.nodes.iter().find(|node| node.is_unknown()).map_or(Ok(false), |node| Err(unknown(node.span())))
    }
}

impl Sizer for ListVal<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.nodes.len()).unwrap_or(i64::MAX))
    }
}

impl Iterable for ListVal<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn ValIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Items { items: self.items().iter() })
    }
}

/// A map of the document; a key that it does not have is `null`, or unknown where a template may add it.
#[derive(Debug)]
pub(super) struct MapVal<'n> {
    pub(super) mapping: &'n Mapping,
    pub(super) span: Span,
    pub(super) meter: &'n Meter,
    pub(super) keys: OnceLock<Vec<Box<dyn Val + 'n>>>,
}

impl<'n> MapVal<'n> {
    fn keys(&self) -> &[Box<dyn Val + 'n>] {
        self.keys.get_or_init(|| {
            let entries = self.mapping.entries();
            let key = |text: &'n str| -> Box<dyn Val + 'n> { Box::new(CelString::from(text)) };
            match self.meter.take(entries.len()) {
                Ok(()) => entries.iter().map(|entry| key(&entry.key)).collect(),
                Err(_) => Vec::new(),
            }
        })
    }

    fn node(&self, key: &dyn Val) -> Result<Option<&'n Node>, ExecutionError> {
        let entries = self.mapping.entries().len();
        self.meter.take(entries / 16)?;
        let key = key.downcast_ref::<CelString>().ok_or_else(|| {
            ExecutionError::no_such_overload("_[_]", vec!["map".to_owned(), key.get_type().name().to_owned()])
        })?;
        match self.mapping.get(key.inner()) {
            None if self.mapping.is_open() => Err(unknown(self.span)),
            entry => Ok(entry.map(|entry| &entry.value)),
        }
    }
}

impl Val for MapVal<'_> {
    typed!(MAP);
    indexer!();
    iterable!();
    boxed!(self => MapVal { mapping: self.mapping, span: self.span, meter: self.meter, keys: OnceLock::new() });
    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }
}

impl Indexer for MapVal<'_> {
    steal!();
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.node(key)?.map_or_else(|| Ok(CowVal::owned(NullVal)), |node| look(node, self.meter))
    }
}

impl Container for MapVal<'_> {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.node(key)?.is_some())
    }
}

impl Sizer for MapVal<'_> {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.mapping.entries().len()).unwrap_or(i64::MAX))
    }
}

impl Iterable for MapVal<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn ValIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Items { items: self.keys().iter() })
    }
}

pub(super) struct Items<'b, 'n> {
    pub(super) items: std::slice::Iter<'b, Box<dyn Val + 'n>>,
}

impl<'b, 'v, 'n: 'v> ValIterator<'b, 'v> for Items<'b, 'n> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.items.next().map(|item| &**item as &'b (dyn Val + 'v))
    }
}
