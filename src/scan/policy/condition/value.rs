//! Facts as CEL values.
//!
//! Scalars become CEL's own values, texts without a copy; maps, lists, null and unknown ones are ours, because an
//! absent fact must be `null` at any depth and an unknown one must be an error wherever it is looked at.
//!
//! Invariant: reading a fact costs steps by its size, so no expression over any document runs past its budget.

use std::sync::OnceLock;

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator as ValIterator, Sizer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelString, Kind, LIST_TYPE, MAP_TYPE, NULL_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use regex::Regex;

use super::meter::Meter;
use super::rewrite::Pattern;
use crate::scan::document::node::{Mapping, Node, Value};
use crate::scan::span::Span;

/// Variables that only the rewriting writes; CEL has no way to name them.
pub(super) const TICK: &str = "@tick";
pub(super) const METER: &str = "@meter";
pub(super) const NULL: &str = "@null";
pub(super) const PATTERN: &str = "@pattern";
const UNKNOWN: &str = "@unknown";
/// Variables that every condition has beside the facts of its target.
pub(super) const SETTINGS: &str = "settings";
pub(super) const PARAMETERS: &str = "parameters";

static LIST: Type = LIST_TYPE;
static MAP: Type = MAP_TYPE;
static ABSENT: Type = NULL_TYPE;
pub(super) static OTHER: Type = Type::new_unspecified_type("unknown");

/// The variables of one evaluation.
#[derive(Debug)]
pub(super) struct Facts<'n> {
    subject: &'n Node,
    given: &'n Node,
    patterns: &'n [Pattern],
    meter: &'n Meter,
}

impl<'n> Facts<'n> {
    pub(super) fn new(subject: &'n Node, given: &'n Node, patterns: &'n [Pattern], meter: &'n Meter) -> Self {
        Self { subject, given, patterns, meter }
    }
}

impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            TICK => Some(truth(self.meter.take(1).is_ok())),
            METER => Some(CowVal::owned(MeterVal { meter: self.meter })),
            NULL => Some(CowVal::owned(NullVal)),
            SETTINGS | PARAMETERS => self.given.get(variable).map(|node| lend(node, self.meter)),
            _ => match variable.strip_prefix(PATTERN) {
                Some(index) => {
                    let pattern = self.patterns.get(index.parse::<usize>().ok()?)?.regex()?;
                    Some(CowVal::owned(PatternVal { pattern }))
                }
                None => self.subject.get(variable).map(|node| lend(node, self.meter)),
            },
        }
    }
}

/// The place that an error of an unknown value carries.
pub(super) fn unknown_place(error: &ExecutionError) -> Option<Span> {
    let ExecutionError::FunctionError { function, message } = error else { return None };
    let (start, end) = message.split_once('-').filter(|_| function == UNKNOWN)?;
    Some(Span::new(start.parse().ok()?, end.parse().ok()?))
}

fn unknown(span: Span) -> ExecutionError {
    ExecutionError::function_error(UNKNOWN, format!("{}-{}", span.start, span.end))
}

/// The place of a text that an expression handed back: facts are never copied, so its address finds it.
pub(super) fn place_of(text: &str, facts: &Node) -> Option<Span> {
    let mut left = vec![facts];
    while let Some(node) = left.pop() {
        match node.value() {
            Value::String(known) if std::ptr::eq(known.as_ptr(), text.as_ptr()) && known.len() == text.len() => {
                return Some(node.span()).filter(|span| !span.is_empty());
            }
            Value::Sequence(items) => left.extend(items),
            Value::Mapping(mapping) => left.extend(mapping.entries().iter().map(|entry| &entry.value)),
            _ => {}
        }
    }
    None
}

pub(super) fn truth<'b, 'v>(value: bool) -> CowVal<'b, 'v> {
    CowVal::owned(CelBool::from(value))
}

/// A node as a value; an unknown one as a value that nothing can be done with.
fn lend<'b, 'v, 'n: 'v>(node: &'n Node, meter: &'n Meter) -> CowVal<'b, 'v> {
    match node.value() {
        Value::Null => CowVal::owned(NullVal),
        Value::Bool(value) => truth(*value),
        Value::Int(number) => CowVal::owned(CelInt::from(*number)),
        Value::Float(number) => CowVal::owned(CelDouble::from(*number)),
        Value::String(text) if meter.take_text(text).is_ok() => CowVal::owned(CelString::from(&**text)),
        Value::String(_) | Value::Unknown(_) => CowVal::owned(UnknownVal { span: node.span() }),
        Value::Sequence(nodes) => CowVal::owned(ListVal { nodes, meter, items: OnceLock::new() }),
        Value::Mapping(mapping) => CowVal::owned(MapVal { mapping, span: node.span(), meter, keys: OnceLock::new() }),
    }
}

/// As [`lend`], but an unknown node is an error at once.
fn look<'b, 'v, 'n: 'v>(node: &'n Node, meter: &'n Meter) -> Result<CowVal<'b, 'v>, ExecutionError> {
    if node.is_unknown() { Err(unknown(node.span())) } else { Ok(lend(node, meter)) }
}

macro_rules! indexer {
    () => {
        fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
        where
            Self: 'v,
        {
            Some(self)
        }
    };
}

macro_rules! iterable {
    () => {
        fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
        where
            Self: 'v,
        {
            Some(self)
        }
    };
}

macro_rules! typed {
    ($type:ident) => {
        fn get_type(&self) -> &Type {
            &$type
        }
        fn cel_type() -> &'static Type {
            &$type
        }
    };
}

macro_rules! steal {
    () => {
        fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
        where
            Self: 'v,
        {
            self.get(index).map(CowVal::into_owned)
        }
    };
}

macro_rules! boxed {
    ($self:ident => $copy:expr) => {
        fn clone_as_boxed<'v>(&$self) -> Box<dyn Val + 'v>
        where
            Self: 'v,
        {
            Box::new($copy)
        }
    };
}

/// An absent fact: everything below it is absent as well, and nothing is in it.
#[derive(Debug)]
struct NullVal;

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

/// A value that is not known before rendering. Only [`METER`] and [`SAME`](super::function::SAME) ever look at one, and fail.
#[derive(Debug)]
struct UnknownVal {
    span: Span,
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
struct MeterVal<'n> {
    meter: &'n Meter,
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

/// A list of the document.
#[derive(Debug)]
struct ListVal<'n> {
    nodes: &'n [Node],
    meter: &'n Meter,
    items: OnceLock<Vec<Box<dyn Val + 'n>>>,
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
struct MapVal<'n> {
    mapping: &'n Mapping,
    span: Span,
    meter: &'n Meter,
    keys: OnceLock<Vec<Box<dyn Val + 'n>>>,
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

struct Items<'b, 'n> {
    items: std::slice::Iter<'b, Box<dyn Val + 'n>>,
}

impl<'b, 'v, 'n: 'v> ValIterator<'b, 'v> for Items<'b, 'n> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.items.next().map(|item| &**item as &'b (dyn Val + 'v))
    }
}

/// A compiled pattern; `text in pattern` is whether the text matches.
#[derive(Debug)]
struct PatternVal<'n> {
    pattern: &'n Regex,
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
