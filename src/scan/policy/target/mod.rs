//! Targets: which things of a document a policy judges, and the facts it may ask of each.
//!
//! Invariant: facts are code, judgement is data. A fact is absent → `null`; not known before rendering → an
//! [`Unknown`](crate::scan::document::node::Value::Unknown) node, which CEL's own rules turn into "no finding".

use super::super::document::node::Node;
use super::super::span::Span;

/// One thing that a policy judges.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The variables of the condition: a map from variable name to its facts.
    pub facts: Node,
    /// The tree that the paths in `at` and `edit` start from, for targets that are trees.
    pub node: Option<Node>,
    /// Named places that `at` may ask for, before paths of `node` are tried.
    pub places: Vec<(&'static str, Span)>,
    /// Where a finding points when `at` finds nothing.
    pub span: Span,
    /// What people call it, such as `Deployment/default/api container web`.
    pub resource: Option<String>,
    /// The parts of its fingerprint: what it is, without lines and versions.
    pub identity: Vec<String>,
}

/// The shape of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// `true` or `false`.
    Bool,
    /// A 64-bit integer.
    Int,
    /// Text.
    String,
    /// A list of texts.
    StringList,
    /// A list of maps, whose members are documented as `name[].member`.
    List,
    /// A map, whose members are documented as `name.member`.
    Map,
    /// A part of the document as it stands: any path below it may be asked.
    Tree,
}

/// One fact of a target, as conditions name it.
#[derive(Clone, Copy, Debug)]
pub struct FactDoc {
    /// The dotted name, such as `container.privileged`.
    pub path: &'static str,
    /// Its shape.
    pub kind: FactKind,
    /// One sentence: what it says, and when it is `null`.
    pub doc: &'static str,
    /// A value as an example.
    pub example: &'static str,
}
