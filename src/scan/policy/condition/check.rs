//! Checks a condition against the facts of its target, since CEL itself finds an unknown name only when it runs.
//!
//! Invariant: a condition that passes names only variables, facts and functions that exist.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, operators};

use super::super::parameter::Parameter;
use super::super::target::{FactDoc, FactKind, SETTINGS};
use super::ConditionError;
use super::value::PARAMETERS;

/// The functions of conditions.
const FUNCTIONS: [&str; 10] =
    ["size", "contains", "startsWith", "endsWith", "matches", "lower", "quantity", "string", "int", "double"];
const OPERATORS: [&str; 18] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::IN,
];

/// What is known of a value without evaluating it.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// The fact of that name, or a map above facts.
    Fact(String),
    /// Anything: what is below it can't be checked.
    Any,
}

/// Checks that `expression` names only what exists.
pub(super) fn check(expression: &IdedExpr, facts: &[FactDoc], parameters: &[Parameter]) -> Result<(), ConditionError> {
    Checker { facts, parameters, scope: Vec::new() }.shape(expression).map(drop)
}

/// Checks that `path` is a fact, as placeholders of messages name them.
pub(in super::super) fn check_fact(
    path: &str,
    facts: &[FactDoc],
    parameters: &[Parameter],
) -> Result<(), ConditionError> {
    let checker = Checker { facts, parameters, scope: Vec::new() };
    let mut steps = path.split('.');
    let mut shape = checker.variable(steps.next().unwrap_or_default())?;
    for step in steps {
        shape = checker.member(shape, step)?;
    }
    Ok(())
}

struct Checker<'f> {
    facts: &'f [FactDoc],
    parameters: &'f [Parameter],
    scope: Vec<(String, Shape)>,
}

impl Checker<'_> {
    fn shape(&mut self, expression: &IdedExpr) -> Result<Shape, ConditionError> {
        match &expression.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) if select.test => Err(ConditionError::new(
                "has()",
                "a comparison with null, because has() takes what is unknown for absent",
            )),
            Expr::Select(select) => {
                let operand = self.shape(&select.operand)?;
                self.member(operand, &select.field)
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(inner) => self.comprehension(inner),
            Expr::List(list) => self.all(&list.elements),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.shape(&entry.key)?;
                        self.shape(&entry.value)?;
                    }
                }
                Ok(Shape::Any)
            }
            Expr::Struct(_) | Expr::Unspecified => {
                Err(ConditionError::new("a message literal", "facts, literals and functions"))
            }
            Expr::Literal(_) => Ok(Shape::Any),
        }
    }

    fn all(&mut self, expressions: &[IdedExpr]) -> Result<Shape, ConditionError> {
        expressions.iter().try_for_each(|part| self.shape(part).map(drop))?;
        Ok(Shape::Any)
    }

    fn variable(&self, name: &str) -> Result<Shape, ConditionError> {
        if name.starts_with('@') {
            return Ok(Shape::Any);
        }
        if let Some((_, shape)) = self.scope.iter().rev().find(|(known, _)| known == name) {
            return Ok(shape.clone());
        }
        if self.is_known(name) || (name == PARAMETERS && !self.parameters.is_empty()) {
            return Ok(Shape::Fact(name.to_owned()));
        }
        let names = self.paths().map(|path| path.split(['.', '[']).next().unwrap_or_default());
        Err(ConditionError::unknown("variable", name, names))
    }

    fn member(&self, operand: Shape, field: &str) -> Result<Shape, ConditionError> {
        let Shape::Fact(path) = operand else { return Ok(Shape::Any) };
        if path == PARAMETERS {
            let names = || self.parameters.iter().map(|parameter| parameter.name.as_str());
            let is_known = names().any(|name| name == field);
            return if is_known { Ok(Shape::Any) } else { Err(ConditionError::unknown("parameter", field, names())) };
        }
        let member = format!("{path}.{field}");
        match self.kind(&path) {
            Some(FactKind::Tree) => Ok(Shape::Any),
            Some(FactKind::Map) | None if self.is_known(&member) => Ok(Shape::Fact(member)),
            Some(FactKind::Map) if !self.has_members(&path) => Ok(Shape::Any),
            None if path.ends_with("[]") && !self.has_members(&path) => Ok(Shape::Any),
            Some(FactKind::Map) | None => Err(ConditionError::unknown("fact", &member, self.paths())),
            Some(kind) => Err(ConditionError::new(format!("\"{member}\""), format!("no member: \"{path}\" is {kind}"))),
        }
    }

    fn call(&mut self, call: &CallExpr) -> Result<Shape, ConditionError> {
        let name = call.func_name.as_str();
        if !FUNCTIONS.contains(&name) && !OPERATORS.contains(&name) && name != operators::NOT_STRICTLY_FALSE {
            return Err(ConditionError::unknown("function", name, FUNCTIONS));
        }
        if let Some(target) = &call.target {
            self.shape(target)?;
        }
        if name != operators::INDEX {
            return self.all(&call.args);
        }
        let operand = call.args.first().map_or(Ok(Shape::Any), |operand| self.shape(operand))?;
        self.all(call.args.get(1..).unwrap_or_default())?;
        Ok(self.item(&operand))
    }

    /// The shape of an item of a list.
    fn item(&self, list: &Shape) -> Shape {
        match list {
            Shape::Fact(path) if self.kind(path) == Some(FactKind::List) => Shape::Fact(format!("{path}[]")),
            Shape::Fact(_) | Shape::Any => Shape::Any,
        }
    }

    fn comprehension(&mut self, inner: &ComprehensionExpr) -> Result<Shape, ConditionError> {
        let range = self.shape(&inner.iter_range)?;
        let depth = self.scope.len();
        self.scope.push((inner.iter_var.clone(), self.item(&range)));
        if let Some(second) = &inner.iter_var2 {
            self.scope.push((second.clone(), Shape::Any));
        }
        for part in [&inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result] {
            self.shape(part)?;
        }
        self.scope.truncate(depth);
        Ok(if keeps_items(inner) { range } else { Shape::Any })
    }

    fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.facts.iter().chain(&SETTINGS).map(|fact| fact.path)
    }

    fn kind(&self, path: &str) -> Option<FactKind> {
        self.facts.iter().chain(&SETTINGS).find(|fact| fact.path == path).map(|fact| fact.kind)
    }

    fn has_members(&self, path: &str) -> bool {
        self.paths().any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    fn is_known(&self, path: &str) -> bool {
        self.paths()
            .any(|known| known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])))
    }
}

/// Whether a loop gives items of its range unchanged, as `filter` does.
fn keeps_items(inner: &ComprehensionExpr) -> bool {
    let Expr::Call(step) = &inner.loop_step.expr else { return false };
    let appended = match step.args.get(1).map(|part| &part.expr) {
        Some(Expr::Call(append)) if step.func_name == operators::CONDITIONAL => append.args.last(),
        _ => None,
    };
    let Some(Expr::List(list)) = appended.map(|part| &part.expr) else { return false };
    matches!(list.elements.as_slice(), [item] if matches!(&item.expr, Expr::Ident(name) if *name == inner.iter_var))
}
