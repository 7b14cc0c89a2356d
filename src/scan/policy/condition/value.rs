//! Facts as CEL values.
//!
//! Scalars become CEL's own values, texts without a copy; maps, lists, null and unknown ones are ours, because an
//! absent fact must be `null` at any depth and an unknown one must be an error wherever it is looked at.
//!
//! Invariant: reading a fact costs steps by its size, so no expression over any document runs past its budget.

use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::types::{CelBool, CelDouble, CelInt, CelString, LIST_TYPE, MAP_TYPE, NULL_TYPE, Type};
use cel::common::value::CowVal;
use cel::context::VariableResolver;

use collection::{ListVal, MapVal};
use special::{MeterVal, NullVal, PatternVal, UnknownVal};

use super::meter::Meter;
use super::rewrite::Pattern;
use crate::scan::document::node::{Node, Value};
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
    patterns: &'n [Arc<Pattern>],
    meter: &'n Meter,
}

impl<'n> Facts<'n> {
    pub(super) fn new(subject: &'n Node, given: &'n Node, patterns: &'n [Arc<Pattern>], meter: &'n Meter) -> Self {
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
        Value::Mapping(mapping) => CowVal::owned(MapVal { mapping, span: node.doubt(), meter, keys: OnceLock::new() }),
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

// They use the macros above.
mod collection;
mod special;
