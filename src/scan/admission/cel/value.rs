//! The values of expressions.
//!
//! Invariant: cheap to clone; an object's parts are its own nodes, never copies.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Outcome, Stop};
use crate::scan::document::node::{Node, Value};

/// A value.
#[derive(Clone, Debug)]
pub enum Val {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Uint(u64),
    /// A number.
    Double(f64),
    /// A text.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list that an expression made.
    List(Arc<Vec<Val>>),
    /// A map that an expression made.
    Map(Arc<Vec<(Val, Val)>>),
    /// A list or a map of a document.
    Node(Node),
    /// The type of a value, by name.
    Type(Arc<str>),
    /// A duration in nanoseconds.
    Duration(i128),
    /// A point in time, in nanoseconds since 1970.
    Timestamp(i128),
    /// A value that may be absent.
    Optional(Option<Arc<Val>>),
    /// A quantity in billionths.
    Quantity(i128),
    /// An address of the internet.
    Ip(IpAddr),
    /// A range of such addresses, by its first and the length of its prefix.
    Cidr(IpAddr, u8),
    /// A URL, in its parts.
    Url(Arc<super::library::url::Url>),
    /// A semantic version.
    Semver(Arc<super::library::semver::Semver>),
    /// A named format of texts.
    Format(&'static str),
}

impl Val {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// The value of a node.
    ///
    /// # Errors
    /// [`Stop::Unknown`] when it is templated.
    pub fn of(node: &Node) -> Outcome {
        Ok(match node.value() {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Double(*value),
            Value::String(text) => Self::text(&**text),
            Value::Unknown(_) => return Err(Stop::Unknown(node.span())),
            Value::Sequence(_) | Value::Mapping(_) => Self::Node(node.clone()),
        })
    }

    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Map(_) => "map",
            Self::Node(node) if node.as_mapping().is_some() => "map",
            Self::List(_) | Self::Node(_) => "list",
            Self::Type(_) => "type",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Optional(_) => "optional_type",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
        }
    }

    /// The items of a list; each may be unknown.
    pub fn items(&self) -> Option<Vec<Outcome>> {
        match self {
            Self::List(items) => Some(items.iter().cloned().map(Ok).collect()),
            Self::Node(node) if node.as_mapping().is_none() => Some(node.items().iter().map(Self::of).collect()),
            _ => None,
        }
    }

    /// The keys of a map.
    pub fn keys(&self) -> Option<Vec<Self>> {
        match self {
            Self::Map(entries) => Some(entries.iter().map(|(key, _)| key.clone()).collect()),
            Self::Node(node) => {
                node.as_mapping().map(|map| map.entries().iter().map(|entry| Self::text(&*entry.key)).collect())
            }
            _ => None,
        }
    }

    /// The value of a key of a map; `None` when it has none.
    pub fn get(&self, key: &Self) -> Option<Outcome> {
        match (self, key) {
            (Self::Map(entries), _) => {
                let is_key = |known: &Self| matches!(known.equals(key), Ok(true));
                entries.iter().find(|(known, _)| is_key(known)).map(|(_, value)| Ok(value.clone()))
            }
            (Self::Node(node), Self::String(name)) => match node.get(name) {
                Some(value) => Some(Self::of(value)),
                // A template may add the key.
                None if node.is_open() => Some(Err(Stop::Unknown(node.span()))),
                None => None,
            },
            _ => None,
        }
    }

    /// How many items, entries or characters it has.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::String(text) => Some(text.chars().count()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::List(items) => Some(items.len()),
            Self::Map(entries) => Some(entries.len()),
            Self::Node(node) => Some(node.as_mapping().map_or(node.items().len(), |map| map.entries().len())),
            _ => None,
        }
    }

    /// Whether two values are equal.
    ///
    /// # Errors
    /// [`Stop::Unknown`] when that hangs on an unknown part.
    pub fn equals(&self, other: &Self) -> Result<bool, Stop> {
        let mut unknown = None;
        let mut all = |outcomes: &mut dyn Iterator<Item = Result<bool, Stop>>| -> Result<bool, Stop> {
            for outcome in outcomes {
                match outcome {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(stop) => unknown = Some(stop),
                }
            }
            unknown.take().map_or(Ok(true), Err)
        };
        if let (Some(left), Some(right)) = (self.items(), other.items()) {
            let pairs = left.into_iter().zip(&right);
            return Ok(self.size() == other.size())
                .and_then(|same| if same { all(&mut pairs.map(|(l, r)| l?.equals(&r.clone()?))) } else { Ok(false) });
        }
        if let (Some(keys), Some(_)) = (self.keys(), other.keys()) {
            if self.size() != other.size() {
                return Ok(false);
            }
            let mut pairs = keys.into_iter().map(|key| match (self.get(&key), other.get(&key)) {
                (Some(left), Some(right)) => left?.equals(&right?),
                _ => Ok(false),
            });
            return all(&mut pairs);
        }
        Ok(match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Bytes(left), Self::Bytes(right)) => left == right,
            (Self::String(left), Self::String(right)) | (Self::Type(left), Self::Type(right)) => left == right,
            (Self::Optional(left), Self::Optional(right)) => match (left, right) {
                (Some(left), Some(right)) => left.equals(right)?,
                (left, right) => left.is_none() && right.is_none(),
            },
            (Self::Cidr(left, length), Self::Cidr(right, other)) => left == right && length == other,
            (Self::Format(left), Self::Format(right)) => left == right,
            _ => self.compare(other) == Some(Ordering::Equal),
        })
    }

    /// Which of two values of one kind is first; `None` when they have no order.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Bytes(left), Self::Bytes(right)) => Some(left.cmp(right)),
            (Self::Duration(left), Self::Duration(right))
            | (Self::Timestamp(left), Self::Timestamp(right))
            | (Self::Quantity(left), Self::Quantity(right)) => Some(left.cmp(right)),
            (Self::Ip(left), Self::Ip(right)) => Some(left.cmp(right)),
            (Self::Semver(left), Self::Semver(right)) => Some(left.order(right)),
            (Self::Url(left), Self::Url(right)) => Some(left.text.cmp(&right.text)),
            (Self::Double(left), right) => left.partial_cmp(&right.number()?),
            (left, Self::Double(right)) => left.number()?.partial_cmp(right),
            (left, right) => Some(left.whole()?.cmp(&right.whole()?)),
        }
    }

    fn whole(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(*value)),
            Self::Uint(value) => Some(i128::from(*value)),
            _ => None,
        }
    }

    /// A number as a floating one.
    #[allow(clippy::cast_precision_loss, reason = "CEL compares whole and floating numbers so")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Uint(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<usize> for Val {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
