//! Walks an expression.
//!
//! Invariant: every part costs a step and every loop its items, so that a walk ends within its budget.

use std::collections::BTreeMap;

use super::super::defaults::{self, Default};
use super::value::Val;
use super::{Expr, Outcome, Stop, error, library, operator};
use crate::scan::document::node::Node;
use crate::scan::policy::condition::syntax::{Fold, Literal};

/// Types that may be named.
const TYPES: [&str; 10] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];
/// First parts of qualified function names.
const NAMESPACES: [&str; 8] = ["optional", "sets", "strings", "ip", "cidr", "format", "lists", "math"];

/// What an expression may name, each with its value or why there is none.
pub type Variables = BTreeMap<String, Outcome>;

/// Evaluates expressions over one set of variables.
pub struct Evaluator<'v> {
    roots: &'v Variables,
    scope: Vec<(String, Outcome)>,
    steps: u32,
    /// The item of the document that turned an `all` to false, with the name it had there.
    pub culprit: Option<(String, Node)>,
}

impl<'v> Evaluator<'v> {
    /// An evaluator that takes at most `max_steps`.
    pub fn new(roots: &'v Variables, max_steps: u32) -> Self {
        Self { roots, scope: Vec::new(), steps: max_steps, culprit: None }
    }

    /// The value of `expression`.
    ///
    /// # Errors
    /// Why it has none.
    pub fn value(&mut self, expression: &Expr) -> Outcome {
        self.pay(1)?;
        match expression {
            Expr::Literal(literal) => Ok(constant(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select { operand, field, is_test: false } => self.select(operand, field),
            Expr::Select { operand, field, is_test: true } => self.has(operand, field).map(Val::Bool),
            Expr::Call { name, target, arguments } => self.call(name, target.as_deref(), arguments),
            Expr::List(items) => self.list(items),
            Expr::Map(entries) => self.map(entries),
            Expr::Fold(fold) => self.fold(fold),
            Expr::Message(name) => Err(Stop::Unsupported(format!("the message type \"{name}\""))),
        }
    }

    pub(super) fn pay(&mut self, steps: usize) -> Result<(), Stop> {
        self.steps = self.steps.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        if self.steps == 0 { Err(Stop::Budget) } else { Ok(()) }
    }

    fn find(&self, name: &str) -> Option<&Outcome> {
        let inner = self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
        inner.or_else(|| self.roots.get(name))
    }

    fn variable(&self, name: &str) -> Outcome {
        match self.find(name) {
            Some(value) => value.clone(),
            None if TYPES.contains(&name) => Ok(Val::Type(name.into())),
            None => Err(Stop::Unsupported(format!("the variable \"{name}\""))),
        }
    }

    fn select(&mut self, operand: &Expr, field: &str) -> Outcome {
        // Each of the variables is there with its own value, or why it has none.
        if let Some(value) = composed(operand, field).and_then(|name| self.find(&name)) {
            return value.clone();
        }
        let value = self.value(operand)?;
        member(&value, field)
    }

    fn has(&mut self, operand: &Expr, field: &str) -> Result<bool, Stop> {
        if let Some(name) = composed(operand, field) {
            return Ok(self.find(&name).is_some());
        }
        match self.value(operand)? {
            Val::Optional(None) => Ok(false),
            Val::Optional(Some(value)) => presence(&value, field),
            value => presence(&value, field),
        }
    }

    fn call(&mut self, name: &str, target: Option<&Expr>, arguments: &[Expr]) -> Outcome {
        match (name, target, arguments) {
            ("_&&_" | "_||_", None, [left, right]) => return self.logic(name == "_||_", left, right),
            ("_?_:_", None, [condition, yes, no]) => {
                return match self.value(condition)? {
                    Val::Bool(true) => self.value(yes),
                    Val::Bool(false) => self.value(no),
                    other => error(format!("no such overload: {} ? :", other.type_name())),
                };
            }
            ("@not_strictly_false", None, [part]) => {
                return Ok(Val::Bool(!matches!(self.value(part), Ok(Val::Bool(false)))));
            }
            ("_?._" | "_[?_]", None, [operand, key]) => {
                let (operand, key) = (self.value(operand)?, self.value(key)?);
                return operator::look_up(&operand, &key);
            }
            ("optMap" | "optFlatMap", Some(target), [Expr::Ident(item), body]) => {
                return self.with_optional(name == "optFlatMap", target, item, body);
            }
            (_, Some(target), [Expr::Ident(first), Expr::Ident(second), rest @ ..]) if !rest.is_empty() => {
                if let Some(outcome) = self.pairs(name, target, [first, second], rest) {
                    return outcome;
                }
            }
            _ => {}
        }
        if let Some(Expr::Ident(space)) = target
            && NAMESPACES.contains(&space.as_str())
            && self.find(space).is_none()
        {
            let values = self.all(arguments)?;
            return self.apply(&format!("{space}.{name}"), &values);
        }
        let mut values = match target {
            Some(target) => vec![self.value(target)?],
            None => Vec::new(),
        };
        values.extend(self.all(arguments)?);
        self.apply(name, &values)
    }

    fn apply(&mut self, name: &str, values: &[Val]) -> Outcome {
        let size: usize = values.iter().map(|value| value.size().unwrap_or(0) / 8).sum();
        self.pay(size)?;
        match operator::apply(name, values) {
            Some(outcome) => outcome,
            None => library::call(name, values),
        }
    }

    fn all(&mut self, expressions: &[Expr]) -> Result<Vec<Val>, Stop> {
        expressions.iter().map(|expression| self.value(expression)).collect()
    }

    /// `&&` and `||`: a side that decides does so whatever becomes of the other.
    fn logic(&mut self, decides: bool, left: &Expr, right: &Expr) -> Outcome {
        let mut stop = None;
        for side in [left, right] {
            match self.value(side) {
                Ok(Val::Bool(value)) if value == decides => return Ok(Val::Bool(decides)),
                Ok(Val::Bool(_)) => {}
                Ok(other) => {
                    stop = Some(heavier(stop, Stop::Error(format!("no such overload: {}", other.type_name()))));
                }
                Err(Stop::Budget) => return Err(Stop::Budget),
                Err(why) => stop = Some(heavier(stop, why)),
            }
        }
        stop.map_or(Ok(Val::Bool(!decides)), Err)
    }

    fn list(&mut self, items: &[(bool, Expr)]) -> Outcome {
        let mut list = Vec::with_capacity(items.len());
        for (is_optional, item) in items {
            match (is_optional, self.value(item)?) {
                (true, Val::Optional(value)) => list.extend(value.map(|value| (*value).clone())),
                (true, other) => return error(format!("no such overload: [?{}]", other.type_name())),
                (false, value) => list.push(value),
            }
        }
        Ok(Val::list(list))
    }

    fn map(&mut self, entries: &[(bool, Expr, Expr)]) -> Outcome {
        let mut map = Vec::with_capacity(entries.len());
        for (is_optional, key, value) in entries {
            let key = self.value(key)?;
            match (is_optional, self.value(value)?) {
                (true, Val::Optional(value)) => map.extend(value.map(|value| (key, (*value).clone()))),
                (true, other) => return error(format!("no such overload: {{?: {}}}", other.type_name())),
                (false, value) => map.push((key, value)),
            }
        }
        Ok(Val::Map(map.into()))
    }

    fn fold(&mut self, fold: &Fold) -> Outcome {
        let range = self.value(&fold.range)?;
        let items = match (range.items(), range.keys()) {
            (Some(items), _) => items,
            (None, Some(keys)) => keys.into_iter().map(Ok).collect(),
            (None, None) => return error(format!("no such overload: a loop over {}", range.type_name())),
        };
        let depth = self.scope.len();
        let start = self.value(&fold.start);
        self.scope.push((fold.gathered.clone(), start));
        let outcome = self.rounds(fold, items, depth);
        self.scope.truncate(depth);
        outcome
    }

    fn rounds(&mut self, fold: &Fold, items: Vec<Outcome>, depth: usize) -> Outcome {
        for item in items {
            self.pay(1)?;
            if !matches!(self.value(&fold.goes_on), Ok(Val::Bool(true))) {
                break;
            }
            let node =
                item.as_ref().ok().and_then(|item| if let Val::Node(node) = item { Some(node.clone()) } else { None });
            self.scope.push((fold.item.clone(), item));
            let gathered = self.value(&fold.step);
            self.scope.truncate(depth + 1);
            if matches!(gathered, Err(Stop::Budget)) {
                return Err(Stop::Budget);
            }
            if let (Some(node), Ok(Val::Bool(false)), Expr::Literal(Literal::Bool(true))) =
                (node, &gathered, &fold.start)
            {
                self.culprit = Some((fold.item.clone(), node));
            }
            if let Some(slot) = self.scope.get_mut(depth) {
                slot.1 = gathered;
            }
        }
        self.value(&fold.result)
    }

    fn with_optional(&mut self, is_flat: bool, target: &Expr, item: &str, body: &Expr) -> Outcome {
        let value = match self.value(target)? {
            Val::Optional(Some(value)) => value,
            Val::Optional(None) => return Ok(Val::Optional(None)),
            other => return error(format!("no such overload: optMap on {}", other.type_name())),
        };
        self.scope.push((item.to_owned(), Ok((*value).clone())));
        let outcome = self.value(body);
        self.scope.pop();
        let value = outcome?;
        Ok(if is_flat { value } else { Val::Optional(Some(value.into())) })
    }

    /// The loops over two variables: index and item, or key and value.
    fn pairs(&mut self, name: &str, target: &Expr, names: [&String; 2], body: &[Expr]) -> Option<Outcome> {
        let (condition, value) = match (name, body) {
            ("all" | "exists" | "existsOne" | "exists_one", [condition]) => (Some(condition), None),
            ("transformList" | "transformMap", [value]) => (None, Some(value)),
            ("transformList" | "transformMap", [condition, value]) => (Some(condition), Some(value)),
            _ => return None,
        };
        let depth = self.scope.len();
        let outcome = self.pair_rounds(name, target, names, condition, value);
        self.scope.truncate(depth);
        Some(outcome)
    }

    fn pair_rounds(
        &mut self,
        name: &str,
        target: &Expr,
        [first, second]: [&String; 2],
        condition: Option<&Expr>,
        value: Option<&Expr>,
    ) -> Outcome {
        let range = self.value(target)?;
        let pairs: Vec<(Val, Outcome)> = match (range.items(), range.keys()) {
            (Some(items), _) => items.into_iter().enumerate().map(|(index, item)| (Val::from(index), item)).collect(),
            (None, Some(keys)) => {
                let value = |key: &Val| range.get(key).unwrap_or(Ok(Val::Null));
                keys.into_iter().map(|key| (key.clone(), value(&key))).collect()
            }
            (None, None) => return error(format!("no such overload: {name} of {}", range.type_name())),
        };
        let (mut made, mut true_rounds, mut stop) = (Vec::new(), 0, None);
        let depth = self.scope.len();
        for (key, item) in pairs {
            self.pay(1)?;
            self.scope.truncate(depth);
            self.scope.push((first.clone(), Ok(key.clone())));
            self.scope.push((second.clone(), item));
            let holds = condition.map_or(Ok(Val::Bool(true)), |condition| self.value(condition));
            match (name, holds, value) {
                (_, Err(Stop::Budget), _) => return Err(Stop::Budget),
                ("all", Ok(Val::Bool(false)), _) => return Ok(Val::Bool(false)),
                ("exists", Ok(Val::Bool(true)), _) => return Ok(Val::Bool(true)),
                (_, Ok(Val::Bool(true)), Some(value)) => made.push((key, self.value(value)?)),
                (_, Ok(Val::Bool(holds)), _) => true_rounds += usize::from(holds),
                (_, Ok(other), _) => {
                    stop = Some(heavier(stop, Stop::Error(format!("no such overload: {}", other.type_name()))));
                }
                (_, Err(why), _) => stop = Some(heavier(stop, why)),
            }
        }
        if let Some(stop) = stop {
            return Err(stop);
        }
        Ok(match name {
            "all" => Val::Bool(true),
            "exists" => Val::Bool(false),
            "transformList" => Val::list(made.into_iter().map(|(_, value)| value).collect()),
            "transformMap" => Val::Map(made.into()),
            _ => Val::Bool(true_rounds == 1),
        })
    }
}

/// The name under which a part of `variables` or `request` is kept.
fn composed(operand: &Expr, field: &str) -> Option<String> {
    match operand {
        Expr::Ident(root) if root == "variables" || root == "request" => Some(format!("{root}.{field}")),
        _ => None,
    }
}

/// The member of a map, or what the API server fills in.
pub(super) fn member(value: &Val, field: &str) -> Outcome {
    if let Val::Optional(value) = value {
        return operator::look_up(&Val::Optional(value.clone()), &Val::text(field));
    }
    if let Some(found) = found(value, field)? {
        return Ok(found);
    }
    match value {
        Val::Node(node) if node.as_mapping().is_some() => match defaults::of(node, field) {
            Some(Default::Value(value)) => Ok(value),
            Some(Default::Unknown) => Err(Stop::Unknown(node.span())),
            None => error(format!("no such key: {field}")),
        },
        Val::Map(_) => error(format!("no such key: {field}")),
        other => error(format!("no such key: {field} of {}", other.type_name())),
    }
}

/// What stands at a field; the API server drops fields that are `null`.
fn found(value: &Val, field: &str) -> Result<Option<Val>, Stop> {
    let named = value.get(&Val::text(field)).or_else(|| value.get(&Val::text(unescaped(field)?)));
    let found = named.transpose()?;
    Ok(found.filter(|found| !(matches!(found, Val::Null) && matches!(value, Val::Node(_)))))
}

fn presence(value: &Val, field: &str) -> Result<bool, Stop> {
    if value.keys().is_none() {
        return error(format!("no such overload: has() on {}", value.type_name()));
    }
    if found(value, field)?.is_some() {
        return Ok(true);
    }
    match value {
        Val::Node(node) if defaults::of(node, field).is_some() => Err(Stop::Unknown(node.span())),
        _ => Ok(false),
    }
}

/// A property's name as Kubernetes escapes those that CEL could not write.
fn unescaped(field: &str) -> Option<String> {
    let inner = field.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    let is_word = |word: &&str| !matches!(*word, "dot" | "dash" | "slash" | "underscores");
    if let Some(word) = inner.filter(is_word).filter(|word| !word.contains("__")) {
        return Some(word.to_owned());
    }
    let plain = field
        .replace("__dot__", ".")
        .replace("__dash__", "-")
        .replace("__slash__", "/")
        .replace("__underscores__", "__");
    (plain != field).then_some(plain)
}

fn constant(literal: &Literal) -> Val {
    match literal {
        Literal::Null => Val::Null,
        Literal::Bool(value) => Val::Bool(*value),
        Literal::Int(value) => Val::Int(*value),
        Literal::Uint(value) => Val::Uint(*value),
        Literal::Double(value) => Val::Double(*value),
        Literal::String(value) => Val::text(value.as_str()),
        Literal::Bytes(value) => Val::Bytes(value.as_slice().into()),
    }
}

/// Of two reasons the one that leaves more open.
fn heavier(one: Option<Stop>, other: Stop) -> Stop {
    let weight = |stop: &Stop| match stop {
        Stop::Error(_) => 0,
        Stop::Unknown(_) => 1,
        Stop::Unsupported(_) => 2,
        Stop::Budget => 3,
    };
    match one {
        Some(one) if weight(&one) >= weight(&other) => one,
        _ => other,
    }
}
