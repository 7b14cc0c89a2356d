//! An expression as plain data, for whoever evaluates it by rules of their own.
//!
//! Invariant: as deep as [`super::MAX_DEPTH`] at most, so that walking it can't exhaust the stack.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr as Parsed, LiteralValue};
use cel::parser::PrattParser;

use super::{ConditionError, MAX_PARSER_DEPTH};

/// Longest source, in bytes; Kubernetes' own bound on an object keeps them far below.
const MAX_BYTES: usize = 64 * 1024;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// A variable, or the first part of a function's qualified name.
    Ident(String),
    /// `operand.field`, or `has(operand.field)` when `is_test`.
    Select {
        /// What the field is of.
        operand: Box<Expr>,
        /// The field's name.
        field: String,
        /// Whether only its presence is asked for.
        is_test: bool,
    },
    /// A function or an operator.
    Call {
        /// Its name; operators as `_+_`.
        name: String,
        /// What it is called on.
        target: Option<Box<Expr>>,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// A list; items with `true` are optional.
    List(Vec<(bool, Expr)>),
    /// A map; entries with `true` are optional.
    Map(Vec<(bool, Expr, Expr)>),
    /// A loop, made by a macro such as `all`.
    Fold(Box<Fold>),
    /// A message, which no expression of ours may make.
    Message(String),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `1`.
    Int(i64),
    /// `1u`.
    Uint(u64),
    /// `1.0`.
    Double(f64),
    /// `'a'`.
    String(String),
    /// `b'a'`.
    Bytes(Vec<u8>),
}

/// A loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// What it goes over.
    pub range: Expr,
    /// The name of an item.
    pub item: String,
    /// The name of what is gathered.
    pub gathered: String,
    /// What is gathered before the first item.
    pub start: Expr,
    /// Whether it goes on.
    pub goes_on: Expr,
    /// What is gathered after an item.
    pub step: Expr,
    /// What it comes to.
    pub result: Expr,
}

impl Expr {
    /// Parses `source`.
    ///
    /// # Errors
    /// Too long, too deep, or not CEL.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        let parser = PrattParser::new().enable_optional_syntax(true).max_recursion_depth(MAX_PARSER_DEPTH);
        super::parsed(parser, source, MAX_BYTES).map(read)
    }
}

fn read(parsed: IdedExpr) -> Expr {
    let boxed = |part: IdedExpr| Box::new(read(part));
    match parsed.expr {
        Parsed::Unspecified => Expr::Message(String::new()),
        Parsed::Struct(message) => Expr::Message(message.type_name),
        Parsed::Literal(value) => Expr::Literal(literal(value)),
        Parsed::Ident(name) => Expr::Ident(name),
        Parsed::Select(select) => {
            Expr::Select { operand: boxed(*select.operand), field: select.field, is_test: select.test }
        }
        Parsed::Call(call) => Expr::Call {
            name: call.func_name,
            target: call.target.map(|target| boxed(*target)),
            arguments: call.args.into_iter().map(read).collect(),
        },
        Parsed::List(list) => {
            let optional = list.optional_indices;
            let items = list.elements.into_iter().enumerate();
            Expr::List(items.map(|(index, item)| (optional.contains(&index), read(item))).collect())
        }
        Parsed::Map(map) => Expr::Map(
            map.entries
                .into_iter()
                .filter_map(|entry| match entry.expr {
                    EntryExpr::MapEntry(entry) => Some((entry.optional, read(entry.key), read(entry.value))),
                    EntryExpr::StructField(_) => None,
                })
                .collect(),
        ),
        Parsed::Comprehension(fold) => Expr::Fold(Box::new(Fold {
            range: read(fold.iter_range),
            item: fold.iter_var,
            gathered: fold.accu_var,
            start: read(fold.accu_init),
            goes_on: read(fold.loop_cond),
            step: read(fold.loop_step),
            result: read(fold.result),
        })),
    }
}

fn literal(value: LiteralValue) -> Literal {
    match value {
        LiteralValue::Null => Literal::Null,
        LiteralValue::Boolean(value) => Literal::Bool(value.into_inner()),
        LiteralValue::Int(value) => Literal::Int(value.into_inner()),
        LiteralValue::UInt(value) => Literal::Uint(value.into_inner()),
        LiteralValue::Double(value) => Literal::Double(value.into_inner()),
        LiteralValue::String(value) => Literal::String(value.inner().to_owned()),
        LiteralValue::Bytes(value) => Literal::Bytes(value.inner().to_vec()),
    }
}
