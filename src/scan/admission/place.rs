//! Where a finding points: the deepest path that its expression names and that is there.
//!
//! Invariant: a place is always within the object.

use super::cel::Expr;
use super::policy::AdmissionPolicy;
use crate::scan::document::node::{Node, Value};
use crate::scan::span::Span;

/// The place that `expression` is about; `culprit` is the item of a list that made it false, with its name there.
pub(super) fn of(policy: &AdmissionPolicy, expression: &Expr, object: &Node, culprit: Option<&(String, Node)>) -> Span {
    let mut chains = Vec::new();
    collect(policy, expression, &mut chains, 0);
    if let Some((name, item)) = culprit {
        return deepest(&chains, name, item).unwrap_or_else(|| beginning(item));
    }
    deepest(&chains, "object", object)
        .or_else(|| object.at("metadata.name").map(Node::span))
        .unwrap_or_else(|| beginning(object))
}

type Chain = (String, Vec<String>);

fn deepest(chains: &[Chain], root: &str, node: &Node) -> Option<Span> {
    let own = chains.iter().filter(|(name, _)| name == root);
    own.filter_map(|(_, path)| reach(node, path)).max_by_key(|(depth, _)| *depth).map(|(_, span)| span)
}

/// How far `path` goes, and the place of the last key that is there.
fn reach(node: &Node, path: &[String]) -> Option<(usize, Span)> {
    let (mut node, mut reached) = (node, None);
    for (depth, key) in path.iter().enumerate() {
        let Some(entry) = node.entry(key) else { break };
        let is_short = !matches!(entry.value.value(), Value::Mapping(_) | Value::Sequence(_));
        let span = entry.value.span();
        let end = if is_short && span.end > entry.key_span.end { span.end } else { entry.key_span.end };
        reached = Some((depth + 1, Span::new(entry.key_span.start, end)));
        node = &entry.value;
    }
    reached
}

fn beginning(node: &Node) -> Span {
    node.entries().first().map_or_else(|| node.span(), |entry| entry.key_span)
}

/// The paths that an expression names, those of the policy's variables included.
fn collect(policy: &AdmissionPolicy, expression: &Expr, chains: &mut Vec<Chain>, depth: usize) {
    if depth > 40 || chains.len() > 500 {
        return;
    }
    if let Some((root, path)) = chain(expression) {
        let first = path.first().map(String::as_str);
        let variable = policy.variables.iter().find(|variable| root == "variables" && first == Some(&variable.name));
        if let Some(variable) = variable {
            collect(policy, &variable.expression, chains, depth + 10);
        }
        chains.push((root, path));
    }
    match expression {
        Expr::Select { operand, .. } => collect(policy, operand, chains, depth + 1),
        Expr::Call { target, arguments, .. } => {
            target
                .iter()
                .map(|target| &**target)
                .chain(arguments)
                .for_each(|part| collect(policy, part, chains, depth + 1));
        }
        Expr::List(items) => items.iter().for_each(|(_, item)| collect(policy, item, chains, depth + 1)),
        Expr::Map(entries) => entries.iter().for_each(|(_, _, value)| collect(policy, value, chains, depth + 1)),
        Expr::Fold(fold) => {
            collect(policy, &fold.range, chains, depth + 1);
            collect(policy, &fold.step, chains, depth + 1);
        }
        Expr::Literal(_) | Expr::Ident(_) | Expr::Message(_) => {}
    }
}

/// `object.spec.replicas` as its variable and its fields.
fn chain(expression: &Expr) -> Option<Chain> {
    let mut fields = Vec::new();
    let mut left = expression;
    loop {
        match left {
            Expr::Ident(name) if !fields.is_empty() => {
                fields.reverse();
                return Some((name.clone(), fields));
            }
            Expr::Select { operand, field, .. } => {
                fields.push(field.clone());
                left = operand;
            }
            Expr::Call { name, arguments, .. } if name == "_?._" || name == "_[?_]" || name == "_[_]" => {
                let [operand, key] = arguments.as_slice() else { return None };
                let Expr::Literal(crate::scan::policy::condition::syntax::Literal::String(key)) = key else {
                    return None;
                };
                fields.push(key.clone());
                left = operand;
            }
            Expr::Call { name, target: Some(target), arguments } if name == "orValue" && arguments.len() == 1 => {
                left = target;
            }
            _ => return None,
        }
    }
}
