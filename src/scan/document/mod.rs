//! Files as documents: what kind a file is, and its content with exact positions.
//!
//! Invariant: parsing never fails as a whole. What can't be read becomes a [`Problem`] with its line, and the rest of
//! the file is still there.

pub mod compose;
pub mod dockerfile;
pub mod kubernetes;
pub mod node;
pub mod shell;
pub mod yaml;

use super::limits::Limits;
use super::problem::Problem;
use super::span::Span;
use dockerfile::Dockerfile;
use node::Node;

/// What a file is, decided by its name and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// Kubernetes objects, YAML or JSON.
    Kubernetes,
    /// A Helm template: Kubernetes objects between template actions.
    HelmTemplate,
    /// Helm chart values.
    HelmValues,
    /// A compose file.
    Compose,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// Any other YAML or JSON.
    Tree,
    /// Any other text: only secrets are looked for.
    Text,
}

/// One file, read.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    /// What the file is.
    pub kind: DocumentKind,
    /// The documents, in the order of the file; those that do not parse are missing and in `problems`.
    pub documents: Vec<Document>,
    /// The comments of the file, in order. Text files and JSON have none.
    pub comments: Vec<Comment>,
    /// What could not be read, with line and column.
    pub problems: Vec<Problem>,
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Position among the documents of the file, from 0, unreadable ones counted.
    pub index: usize,
    /// The whole document.
    pub span: Span,
    /// The content.
    pub body: Body,
}

/// The content of a document.
#[derive(Clone, Debug)]
pub enum Body {
    /// YAML or JSON.
    Tree(Node),
    /// A Dockerfile.
    Dockerfile(Dockerfile),
}

/// A comment, with its marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The comment from its `#` to the end of its line.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}
