//! Conditions: the only room that knows CEL.
//!
//! A condition is parsed, checked against the facts of its target and rewritten so that it can be stopped: see
//! [`check`] and [`rewrite`]. Its values are our own nodes, never copies: see [`value`].
//!
//! Invariant: whatever the source and the facts, an evaluation ends within its budget, never panics, and never takes
//! what is unknown for absent or false.

mod check;
mod function;
mod guard;
mod meter;
mod rewrite;
pub mod syntax;
mod value;

use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::types::{CelBool, CelString, Kind};
use cel::common::value::Val;
use cel::parser::PrattParser;
use cel::{Context, Env, ExecutionError, IdedExpr, Value as CelValue};

use super::super::document::node::{Node, Value};
use super::super::span::Span;
use super::fields::nearest;
use super::parameter::Parameter;
use super::target::FactDoc;
pub(super) use check::check_fact;
use guard::{Guard, Path, Seen};
use meter::Meter;
use rewrite::Pattern;
use value::Facts;

/// Longest source of a condition, in bytes.
const MAX_SOURCE_BYTES: usize = 4096;
/// Deepest nesting of a condition.
const MAX_DEPTH: usize = 150;

/// Deepest nesting of parentheses, calls and operators that the parser follows.
const MAX_PARSER_DEPTH: u16 = 400;

/// Said of a condition that could not be readied, which one that was checked always can.
const NOT_READY: &str = "it is no valid expression";

/// A mistake in the source of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionError {
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
    /// The valid name that is spelled most alike.
    pub nearest: Option<String>,
}

impl ConditionError {
    fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into(), nearest: None }
    }

    fn unknown<'n>(kind: &str, name: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        let nearest = nearest(name, names);
        Self { found: format!("unknown {kind} \"{name}\""), expected: format!("a {kind} of the target"), nearest }
    }
}

/// What a condition says of one subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A value that is certain.
    Known(bool),
    /// The value hangs on a templated one, which stands at the span.
    Unknown(Span),
    /// The evaluation failed, in words.
    Failed(String),
}

/// How an expression is used, which decides what it may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `true` or `false`.
    Condition,
    /// A text or a list of texts; items that are unknown are passed over.
    Texts,
}

/// An expression, ready to be evaluated.
#[derive(Debug)]
pub struct Condition {
    guard: Guard,
    /// The fact that the expression is, when it is nothing else.
    fact: Option<Path>,
    /// Readied when the guard first leaves it to the evaluation.
    whole: LazyLock<Result<Whole, ConditionError>, Ready>,
}

type Ready = Box<dyn FnOnce() -> Result<Whole, ConditionError> + Send + Sync>;

/// An expression that can be stopped.
#[derive(Debug)]
struct Whole {
    expression: IdedExpr,
    patterns: Vec<Arc<Pattern>>,
}

impl Condition {
    /// Parses and checks `source` against the `facts` of its target and the `parameters` of its policy.
    ///
    /// # Errors
    ///
    /// Too long or too deep, not CEL, an unknown variable, fact or function, or `has()`.
    pub fn compile(
        source: &str,
        role: Role,
        facts: &[FactDoc],
        parameters: &[Parameter],
    ) -> Result<Self, ConditionError> {
        let parsed = parsed(parser(), source, MAX_SOURCE_BYTES)?;
        check::check(&parsed, facts, parameters)?;
        let condition = Self::of(parsed, role);
        condition.whole().map_err(Clone::clone)?;
        Ok(condition)
    }

    /// As [`Condition::compile`], for a source that is known to be right in every other way.
    ///
    /// # Errors
    ///
    /// Too long or too deep, or not CEL.
    pub fn compile_unchecked(source: &str, role: Role) -> Result<Self, ConditionError> {
        Ok(Self::of(parsed(parser(), source, MAX_SOURCE_BYTES)?, role))
    }

    fn of(parsed: IdedExpr, role: Role) -> Self {
        let mut patterns = Vec::new();
        let guard = guard::of(&parsed, &mut patterns);
        let fact = guard::path(&parsed);
        let ready = move || {
            let expression = rewrite::metered(parsed, role, &mut patterns)?;
            Ok(Whole { expression, patterns })
        };
        Self { guard, fact, whole: LazyLock::new(Box::new(ready)) }
    }

    fn whole(&self) -> Result<&Whole, &ConditionError> {
        self.whole.as_ref()
    }

    /// Compiles the patterns to see that they can be; otherwise each is when it is first used.
    ///
    /// # Errors
    ///
    /// The first bad one.
    pub fn check_patterns(&self) -> Result<(), ConditionError> {
        self.whole().map_err(Clone::clone)?.patterns.iter().try_for_each(|pattern| pattern.check())
    }

    /// Evaluates a condition on the facts of a subject, in at most `max_steps` steps. `given` is a map with `settings`
    /// and `parameters`.
    pub fn judge(&self, facts: &Node, given: &Node, max_steps: u32) -> Answer {
        match self.guard.decides(facts, given) {
            Some(value) => {
                debug_assert_ne!(self.judge_whole(facts, given, max_steps), Answer::Known(!value), "a guard is right");
                Answer::Known(value)
            }
            None => self.judge_whole(facts, given, max_steps),
        }
    }

    /// Whether the condition may be true, as far as the facts tell; an unknown one tells nothing.
    pub fn may_deny(&self, facts: &Node, given: &Node) -> bool {
        self.guard.decides(facts, given) != Some(false)
    }

    /// Evaluates the condition without asking its guard.
    fn judge_whole(&self, facts: &Node, given: &Node, max_steps: u32) -> Answer {
        let Ok(whole) = self.whole() else { return Answer::Failed(NOT_READY.to_owned()) };
        let meter = Meter::new(max_steps);
        let facts = Facts::new(facts, given, &whole.patterns, &meter);
        let answer = whole.evaluate(&facts, |value| {
            value.downcast_ref::<CelBool>().map(|known| Answer::Known(*known.inner())).ok_or_else(|| wrong_type(value))
        });
        finish(answer, &meter)
    }

    /// Evaluates an expression that gives a text or a list of texts; each comes with its place when it stands in the
    /// document as it is. Empty when the value is unknown.
    ///
    /// # Errors
    ///
    /// Why the evaluation failed, in words.
    pub fn texts(&self, facts: &Node, given: &Node, max_steps: u32) -> Result<Vec<(String, Option<Span>)>, String> {
        if let Some(texts) = self.fact.as_ref().and_then(|path| plain_texts(&guard::look(path, facts, given))) {
            return Ok(texts);
        }
        let whole = self.whole().map_err(|_| NOT_READY.to_owned())?;
        let meter = Meter::new(max_steps);
        let all = Facts::new(facts, given, &whole.patterns, &meter);
        let mut found = Vec::new();
        let answer = whole.evaluate(&all, |value| {
            collect_texts(value, facts, &mut found);
            Ok(Answer::Known(true))
        });
        match finish(answer, &meter) {
            Answer::Failed(why) => Err(why),
            Answer::Known(_) | Answer::Unknown(_) => Ok(found),
        }
    }
}

impl Whole {
    fn evaluate(
        &self,
        facts: &Facts<'_>,
        read: impl FnOnce(&dyn Val) -> Result<Answer, ExecutionError>,
    ) -> Result<Answer, ExecutionError> {
        let mut context = Context::with_env(Arc::clone(environment()));
        context.set_variable_resolver(facts);
        let value = CelValue::resolve_val(&self.expression, &context)?;
        read(value.as_ref())
    }
}

/// The texts of a fact that is a text or a list of texts, or absent; `None` for any other.
fn plain_texts(fact: &Seen<'_>) -> Option<Vec<(String, Option<Span>)>> {
    let text = |node: &Node| {
        let place = Some(node.span()).filter(|span| !span.is_empty());
        Some((node.as_str()?.to_owned(), place))
    };
    match fact {
        Seen::Absent => Some(Vec::new()),
        Seen::Known(node) if node.as_str().is_some() => text(node).map(|text| vec![text]),
        Seen::Known(node) => match node.value() {
            Value::Sequence(items) => items.iter().map(text).collect(),
            _ => None,
        },
        _ => None,
    }
}

/// A result means nothing once the budget was exceeded on the way to it.
fn finish(answer: Result<Answer, ExecutionError>, meter: &Meter) -> Answer {
    if meter.is_exhausted() {
        return Answer::Failed("it takes too many steps".to_owned());
    }
    answer.unwrap_or_else(|error| match value::unknown_place(&error) {
        Some(span) => Answer::Unknown(span),
        None => Answer::Failed(describe(&error)),
    })
}

/// Puts an error in words that hold names and types, never values.
fn describe(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(overload) => format!(
            "\"{}\" does not work on {}",
            overload.function().trim_matches(['@', '_']),
            overload.argument_types().join(" and ")
        ),
        ExecutionError::UnexpectedType { got, want } => format!("found {got} where {want} is needed"),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
            format!("\"{operator}\" does not work on these types")
        }
        ExecutionError::IndexOutOfBounds(_) => "an index is past the end of its list".to_owned(),
        ExecutionError::NoSuchKey(_) => "a key is not in its map".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::UndeclaredReference(name) => format!("\"{name}\" is not known"),
        ExecutionError::FunctionError { function, .. } => format!("\"{function}\" failed"),
        _ => "it can't be computed".to_owned(),
    }
}

fn wrong_type(value: &dyn Val) -> ExecutionError {
    ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: "bool".to_owned() }
}

fn collect_texts(value: &dyn Val, facts: &Node, found: &mut Vec<(String, Option<Span>)>) {
    if let Some(list) = value.as_iterable() {
        let mut items = list.iter();
        while let Some(item) = items.next() {
            found.extend(text_of(item, facts));
        }
    } else {
        found.extend(text_of(value, facts));
    }
}

fn text_of(value: &dyn Val, facts: &Node) -> Option<(String, Option<Span>)> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some((text.inner().to_owned(), value::place_of(text.inner(), facts)));
    }
    let kind = value.get_type().kind();
    let printed = match kind {
        Kind::Int | Kind::UInt | Kind::Double | Kind::Boolean => CelValue::try_from(value).ok()?,
        _ => return None,
    };
    let text = match printed {
        CelValue::Int(number) => number.to_string(),
        CelValue::UInt(number) => number.to_string(),
        CelValue::Float(number) => number.to_string(),
        CelValue::Bool(value) => value.to_string(),
        _ => return None,
    };
    Some((text, None))
}

/// Parses `source`: at most `max_bytes` long, at most [`MAX_DEPTH`] deep.
fn parsed(parser: PrattParser, source: &str, max_bytes: usize) -> Result<IdedExpr, ConditionError> {
    if source.len() > max_bytes {
        return Err(ConditionError::new(format!("{} bytes", source.len()), format!("at most {max_bytes} bytes")));
    }
    let parsed = parser.parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let message = first.map_or_else(String::new, |error| format!(" at column {}: {}", error.pos.1, error.msg));
        ConditionError::new(format!("no valid expression{message}"), "a CEL expression")
    })?;
    if rewrite::is_shallow(&parsed, MAX_DEPTH) {
        return Ok(parsed);
    }
    Err(ConditionError::new(format!("more than {MAX_DEPTH} levels of nesting"), "a less deeply nested expression"))
}

/// A parser that refuses what is nested so deeply that reading it could exhaust the stack.
fn parser() -> PrattParser {
    PrattParser::new().enable_optional_syntax(false).max_recursion_depth(MAX_PARSER_DEPTH)
}

/// The functions of all conditions.
fn environment() -> &'static Arc<Env> {
    static ENVIRONMENT: OnceLock<Arc<Env>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| Arc::new(function::with_functions(Env::stdlib().with_optional_support(false))))
}

#[cfg(test)]
mod tests;
