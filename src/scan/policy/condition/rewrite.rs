//! Rewrites a parsed condition so that it can be stopped and never mistakes an unknown value.
//!
//! The interpreter has no budget, and its equality can't fail. So every use of a variable becomes
//! `@meter + variable`, which costs by size and fails on unknown values; every loop takes a step per round; every sum
//! is paid for; equality of anything but a plain literal becomes a call of our own; `null` becomes our own null; and
//! patterns are compiled once.
//!
//! Invariant: a rewritten condition gives the same answer as the source, or fails.

use std::sync::{Arc, OnceLock};

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use regex::{Regex, RegexBuilder};

use super::function::SAME;
use super::value::{METER, NULL, PATTERN, TICK};
use super::{ConditionError, Role};

/// Largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// Whether no part of `expression` is nested deeper than `max_depth`.
pub(super) fn is_shallow(expression: &IdedExpr, max_depth: usize) -> bool {
    let mut left = vec![(expression, 0)];
    while let Some((expression, depth)) = left.pop() {
        if depth > max_depth {
            return false;
        }
        left.extend(parts(expression).into_iter().map(|part| (part, depth + 1)));
    }
    true
}

/// The expressions directly inside `expression`.
fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(inner) => {
            vec![&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Struct(inner) => inner.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// A pattern of `matches()`, compiled when it is first used.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(source: &str) -> Self {
        Self { source: source.to_owned(), compiled: OnceLock::new() }
    }

    fn build(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.source).size_limit(MAX_PATTERN_BYTES).build()
    }

    /// The compiled pattern; `None` when it is a bad one.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.build().ok()).as_ref()
    }

    /// Compiles the pattern to see that it can be.
    pub(super) fn check(&self) -> Result<(), ConditionError> {
        self.build().map(drop).map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            ConditionError::new(format!("a bad pattern ({why})"), "a regular expression")
        })
    }
}

/// The pattern of that source among `patterns`, added when it is not there yet, and its index.
pub(super) fn pattern_of(source: &str, patterns: &mut Vec<Arc<Pattern>>) -> (Arc<Pattern>, usize) {
    let known = patterns.iter().enumerate().find(|(_, pattern)| pattern.source == source);
    if let Some((index, pattern)) = known {
        return (Arc::clone(pattern), index);
    }
    let pattern = Arc::new(Pattern::new(source));
    patterns.push(Arc::clone(&pattern));
    (pattern, patterns.len() - 1)
}

/// The condition, rewritten; its patterns go to `patterns`.
pub(super) fn metered(
    expression: IdedExpr,
    role: Role,
    patterns: &mut Vec<Arc<Pattern>>,
) -> Result<IdedExpr, ConditionError> {
    Rewriter { role, patterns }.rewrite(expression)
}

struct Rewriter<'p> {
    role: Role,
    patterns: &'p mut Vec<Arc<Pattern>>,
}

impl Rewriter<'_> {
    fn rewrite(&mut self, expression: IdedExpr) -> Result<IdedExpr, ConditionError> {
        let id = expression.id;
        Ok(match expression.expr {
            Expr::Literal(LiteralValue::Null) => ident(NULL),
            Expr::Ident(name) if !name.starts_with('@') => paid(ident(&name)),
            Expr::Select(mut select) => {
                select.operand = Box::new(self.rewrite_operand(*select.operand)?);
                IdedExpr { id, expr: Expr::Select(select) }
            }
            Expr::Call(call) => self.rewrite_call(call)?,
            Expr::Comprehension(inner) => self.rewrite_loop(*inner)?,
            Expr::List(mut list) => {
                list.elements = self.rewrite_all(list.elements)?;
                IdedExpr { id, expr: Expr::List(list) }
            }
            Expr::Map(mut map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        entry.key = self.rewrite(std::mem::take(&mut entry.key))?;
                        entry.value = self.rewrite(std::mem::take(&mut entry.value))?;
                    }
                }
                IdedExpr { id, expr: Expr::Map(map) }
            }
            other => IdedExpr { id, expr: other },
        })
    }

    /// What is selected from needs no payment: the value below it is paid for.
    fn rewrite_operand(&mut self, expression: IdedExpr) -> Result<IdedExpr, ConditionError> {
        if matches!(expression.expr, Expr::Ident(_)) { Ok(expression) } else { self.rewrite(expression) }
    }

    fn rewrite_all(&mut self, expressions: Vec<IdedExpr>) -> Result<Vec<IdedExpr>, ConditionError> {
        expressions.into_iter().map(|expression| self.rewrite(expression)).collect()
    }

    fn rewrite_call(&mut self, mut call: CallExpr) -> Result<IdedExpr, ConditionError> {
        if call.func_name == "matches" {
            return self.rewrite_pattern(call);
        }
        let is_plain = |argument: &IdedExpr| matches!(argument.expr, Expr::Literal(_));
        let plain = call.args.iter().any(is_plain);
        if let Some(target) = call.target.take() {
            call.target = Some(Box::new(self.rewrite(*target)?));
        }
        if call.func_name == operators::INDEX {
            let mut arguments = call.args.into_iter();
            let mut rewritten = Vec::new();
            if let Some(operand) = arguments.next() {
                rewritten.push(self.rewrite_operand(operand)?);
            }
            rewritten.extend(self.rewrite_all(arguments.collect())?);
            call.args = rewritten;
        } else {
            call.args = self.rewrite_all(call.args)?;
        }
        Ok(match call.func_name.as_str() {
            operators::ADD => paid(expression(Expr::Call(call))),
            operators::EQUALS if !plain => self::call(SAME, call.args),
            operators::NOT_EQUALS if !plain => not(self::call(SAME, call.args)),
            _ => expression(Expr::Call(call)),
        })
    }

    fn rewrite_pattern(&mut self, call: CallExpr) -> Result<IdedExpr, ConditionError> {
        let (Some(target), [pattern]) = (call.target, call.args.as_slice()) else {
            return Err(ConditionError::new("matches() on nothing", "text.matches(\"pattern\")"));
        };
        let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else {
            return Err(ConditionError::new("matches() with a computed pattern", "a pattern written out"));
        };
        let name = format!("{PATTERN}{}", pattern_of(pattern.inner(), self.patterns).1);
        let target = self.rewrite(*target)?;
        Ok(self::call(operators::IN, vec![target, ident(&name)]))
    }

    fn rewrite_loop(&mut self, mut inner: ComprehensionExpr) -> Result<IdedExpr, ConditionError> {
        inner.iter_range = self.rewrite(inner.iter_range)?;
        if matches!(inner.loop_cond.expr, Expr::Literal(_)) && is_append(&inner) {
            inner.loop_step = self.rewrite_append(inner.loop_step)?;
        } else {
            let condition = self.rewrite(inner.loop_cond)?;
            inner.loop_cond = call(operators::LOGICAL_AND, vec![ident(TICK), condition]);
            inner.loop_step = self.rewrite(inner.loop_step)?;
        }
        inner.result = self.rewrite(inner.result)?;
        Ok(expression(Expr::Comprehension(Box::new(inner))))
    }

    /// `map` and `filter` are fast only in the shape that the interpreter knows, so the step is taken inside of it.
    fn rewrite_append(&mut self, step: IdedExpr) -> Result<IdedExpr, ConditionError> {
        let Expr::Call(mut step) = step.expr else { return Ok(step) };
        if step.func_name == operators::CONDITIONAL {
            let mut arguments = step.args.into_iter();
            let (Some(guard), Some(append), rest) = (arguments.next(), arguments.next(), arguments) else {
                return Err(ConditionError::new("an incomplete choice", "condition ? a : b"));
            };
            let guard = self.rewrite(guard)?;
            let guard = if self.role == Role::Texts { certainly(guard) } else { guard };
            let guard = call(operators::LOGICAL_AND, vec![ident(TICK), guard]);
            step.args = [guard, self.rewrite_append(append)?].into_iter().chain(rest).collect();
        } else if let Some(Expr::List(list)) = step.args.last_mut().map(|last| &mut last.expr) {
            let elements = self.rewrite_all(std::mem::take(&mut list.elements))?;
            list.elements = elements.into_iter().map(paid).collect();
        }
        Ok(expression(Expr::Call(step)))
    }
}

/// Whether a loop only appends to its result, as `map` and `filter` do.
fn is_append(inner: &ComprehensionExpr) -> bool {
    let is_result = |part: Option<&IdedExpr>| {
        part.is_some_and(|part| matches!(&part.expr, Expr::Ident(name) if *name == inner.accu_var))
    };
    let appends = |call: &CallExpr| {
        let is_list = call.args.last().is_some_and(|last| matches!(last.expr, Expr::List(_)));
        call.func_name == operators::ADD && is_result(call.args.first()) && is_list
    };
    let Expr::Call(step) = &inner.loop_step.expr else { return false };
    let appends_if = |call: &CallExpr| match (call.args.get(1).map(|part| &part.expr), call.args.get(2)) {
        (Some(Expr::Call(inner)), otherwise) => appends(inner) && is_result(otherwise),
        _ => false,
    };
    is_result(Some(&inner.result)) && (appends(step) || (step.func_name == operators::CONDITIONAL && appends_if(step)))
}

/// `true` where the condition is, `false` where it is false or fails.
fn certainly(condition: IdedExpr) -> IdedExpr {
    not(call(operators::NOT_STRICTLY_FALSE, vec![not(condition)]))
}

fn not(condition: IdedExpr) -> IdedExpr {
    call(operators::LOGICAL_NOT, vec![condition])
}

fn paid(value: IdedExpr) -> IdedExpr {
    call(operators::ADD, vec![ident(METER), value])
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    expression(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

fn ident(name: &str) -> IdedExpr {
    expression(Expr::Ident(name.to_owned()))
}

fn expression(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}
