//! Kubernetes' own reading of CEL: its types, its libraries, its errors.
//!
//! dockgate's policies read CEL another way (what is absent is `null` there), so this has an evaluator of its own, over
//! the same parser.
//!
//! Invariant: an evaluation ends within its budget; what is templated, or filled in by the API server, is
//! [`Stop::Unknown`] unless the answer does not hang on it; what we can't evaluate is [`Stop::Unsupported`], by name.
//!
//! # Source
//! The CEL specification, "Evaluation"; Kubernetes, "Common Expression Language in Kubernetes".

mod evaluate;
mod library;
mod operator;
mod value;

pub use crate::scan::policy::condition::syntax::Expr;
pub use evaluate::{Evaluator, Variables};
pub use library::quantity::number;
pub use value::Val;

use crate::scan::span::Span;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It fails, in the cluster as here.
    Error(String),
    /// It hangs on something that only the cluster knows, or on what is templated at the place.
    Unknown(Span),
    /// It needs something that we can't evaluate.
    Unsupported(String),
    /// It takes too long.
    Budget,
}

/// A value, or why there is none.
pub type Outcome = Result<Val, Stop>;

fn error<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(message.into()))
}

#[cfg(test)]
mod tests;
