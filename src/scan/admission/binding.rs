//! A `ValidatingAdmissionPolicyBinding`: where a policy counts, how much, and with which parameters.
//!
//! Invariant: of several actions the most severe one counts.

use super::policy::Source;
use crate::scan::document::kubernetes::Object;
use crate::scan::document::node::Node;
use crate::scan::finding::Severity;

/// A binding.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    /// The name of its policy.
    pub policy: String,
    pub file: String,
    pub line: usize,
    pub severity: Severity,
    /// `spec.matchResources`.
    pub constraints: Option<Node>,
    /// `spec.paramRef`.
    pub parameters: Option<Node>,
}

impl Binding {
    /// Reads a binding.
    pub fn read(object: &Object, source: Source<'_>) -> Self {
        let spec = object.node.get("spec");
        let at = |key: &str| spec.and_then(|spec| spec.get(key)).cloned();
        let actions = at("validationActions");
        let severity = |node: &Node| match node.as_str() {
            Some("Warn") => Severity::Low,
            Some("Audit") => Severity::Info,
            _ => Severity::High,
        };
        let actions = actions.iter().flat_map(Node::items).map(severity);
        Self {
            policy: at("policyName").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default(),
            file: source.file.to_owned(),
            line: source.lines.line(object.node.span().start),
            severity: actions.max().unwrap_or(Severity::High),
            constraints: at("matchResources"),
            parameters: at("paramRef"),
        }
    }
}
