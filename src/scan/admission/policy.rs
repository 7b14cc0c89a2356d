//! A `ValidatingAdmissionPolicy`, read and compiled.
//!
//! Invariant: a policy is read whole or not at all; each mistake has its line.

use super::cel::Expr;
use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::Node;
use crate::scan::policy::PolicyId;
use crate::scan::problem::{Cause, Problem};
use crate::scan::span::{LineIndex, Span};

/// Most expressions of one policy.
const MAX_EXPRESSIONS: usize = 500;

/// Where an object stands.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub file: &'s str,
    pub lines: &'s LineIndex,
}

/// A policy.
#[derive(Clone, Debug)]
pub(super) struct AdmissionPolicy {
    pub id: PolicyId,
    pub name: String,
    pub file: String,
    pub line: usize,
    /// Whether an expression that fails refuses the object.
    pub fails_closed: bool,
    /// `spec.matchConstraints`.
    pub constraints: Option<Node>,
    pub conditions: Vec<Named>,
    pub variables: Vec<Named>,
    pub validations: Vec<Validation>,
    /// The API version and kind of its parameters.
    pub parameters: Option<(String, String)>,
}

/// An expression with a name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub name: String,
    pub expression: Expr,
    pub line: usize,
}

/// What must hold.
#[derive(Clone, Debug)]
pub(super) struct Validation {
    pub source: String,
    pub expression: Expr,
    pub message: Option<String>,
    pub message_expression: Option<Expr>,
    pub line: usize,
}

impl AdmissionPolicy {
    /// Reads a policy.
    pub fn read(object: &Object, source: Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { source, left: MAX_EXPRESSIONS, problems: Vec::new() };
        let spec = object.node.get("spec").cloned().unwrap_or_else(|| object.node.clone());
        let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
        let line = source.lines.line(object.node.span().start);
        let parameters = spec
            .get("paramKind")
            .map(|kind| (text(kind.get("apiVersion")).unwrap_or_default(), text(kind.get("kind")).unwrap_or_default()));
        let policy = Self {
            id: PolicyId::new(format!("admission/{}", object.name)),
            name: object.name.clone(),
            file: source.file.to_owned(),
            line,
            fails_closed: text(spec.get("failurePolicy")).as_deref() != Some("Ignore"),
            constraints: spec.get("matchConstraints").cloned(),
            conditions: reader.all(&spec, "matchConditions", Reader::named),
            variables: reader.all(&spec, "variables", Reader::named),
            validations: reader.all(&spec, "validations", Reader::validation),
            parameters,
        };
        if policy.validations.is_empty() && spec.get("auditAnnotations").is_none() && reader.problems.is_empty() {
            reader.wrong(object.node.span(), "has no validations");
        }
        if policy.constraints.as_ref().is_some_and(is_about_nothing_written) {
            reader.wrong(object.node.span(), "it is about deletions or connections alone, which no file shows");
        }
        if reader.problems.is_empty() { Ok(policy) } else { Err(reader.problems) }
    }
}

/// Whether all rules are about operations that no manifest is.
fn is_about_nothing_written(constraints: &Node) -> bool {
    let rules = constraints.get("resourceRules").map_or(&[][..], Node::items);
    let is_elsewhere = |rule: &Node| {
        let operations = rule.get("operations").map_or(&[][..], Node::items);
        !operations.is_empty() && operations.iter().all(|name| matches!(name.as_str(), Some("DELETE" | "CONNECT")))
    };
    !rules.is_empty() && rules.iter().all(is_elsewhere)
}

struct Reader<'s> {
    source: Source<'s>,
    left: usize,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: &str) {
        let message = format!("admission policy is not applied: {message}");
        let line = Some(self.source.lines.line(span.start));
        self.problems.push(Problem { line, ..Problem::of_file(self.source.file, Cause::Policy, message) });
    }

    fn all<T>(&mut self, spec: &Node, key: &str, read: impl Fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        let items = spec.get(key).map_or(&[][..], Node::items);
        items.iter().filter_map(|item| read(self, item)).collect()
    }

    fn named(&mut self, item: &Node) -> Option<Named> {
        let name = item.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
        let (_, expression, line) = self.expression(item, "expression")?;
        Some(Named { name, expression, line })
    }

    fn validation(&mut self, item: &Node) -> Option<Validation> {
        let (source, expression, line) = self.expression(item, "expression")?;
        let message_expression = match item.get("messageExpression") {
            Some(_) => Some(self.expression(item, "messageExpression")?.1),
            None => None,
        };
        let message = item.get("message").and_then(Node::as_str).map(|text| text.trim().to_owned());
        Some(Validation { source, expression, message, message_expression, line })
    }

    fn expression(&mut self, item: &Node, key: &str) -> Option<(String, Expr, usize)> {
        let node = item.get(key).unwrap_or(item);
        let Some(text) = node.as_str() else {
            self.wrong(node.span(), &format!("\"{key}\" is no text"));
            return None;
        };
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.wrong(node.span(), &format!("more than {MAX_EXPRESSIONS} expressions"));
            return None;
        }
        match Expr::parse(text.trim()) {
            Ok(expression) => Some((text.trim().to_owned(), expression, self.source.lines.line(node.span().start))),
            Err(error) => {
                self.wrong(node.span(), &format!("\"{key}\": found {}, expected {}", error.found, error.expected));
                None
            }
        }
    }
}
