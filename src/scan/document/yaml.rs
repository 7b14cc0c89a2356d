//! YAML and JSON as Kubernetes reads them, with the place of every key and value.
//!
//! Documents are cut apart at `---` first, as `kubectl` does, so that one that does not parse never takes another
//! with it. Templates are read through a mask of the same length.
//!
//! **Invariant**: any text gives an answer in time linear in its length; what is not in the answer is a fault with its
//! offset.

mod action;
mod branches;
mod lines;
mod mask;
mod reader;
mod scalar;
mod tree;

use super::super::limits::Limits;
use super::super::problem::Cause;
use super::super::span::Span;
use super::Comment;
use super::node::Node;
use lines::Lines;
use reader::Reading;

/// A file of YAML documents.
#[derive(Clone, Debug, Default)]
pub struct YamlFile {
    /// The documents that hold something, in order.
    pub documents: Vec<YamlDocument>,
    /// The comments, in order.
    pub comments: Vec<Comment>,
    /// What could not be read, and what is worth a note.
    pub faults: Vec<Fault>,
    /// Whether it was read through the mask for templates.
    pub is_masked: bool,
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct YamlDocument {
    /// Position among the documents of the file, from 0; empty and unreadable ones are counted.
    pub index: usize,
    /// From its first line, a `---` included, to the next document.
    pub span: Span,
    /// The value.
    pub root: Node,
}

/// Something that could not be read, or is worth a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, in bytes.
    pub offset: usize,
    /// The kind of cause.
    pub cause: Cause,
    /// One sentence; lower case, no full stop.
    pub message: String,
    is_final: bool,
}

impl Fault {
    fn syntax(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, cause: Cause::Syntax, message: message.into(), is_final: false }
    }

    fn note(offset: usize, cause: Cause, message: impl Into<String>) -> Self {
        Self { offset, cause, message: message.into(), is_final: false }
    }

    fn limit(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, cause: Cause::Limit, message: message.into(), is_final: true }
    }

    fn too_deep(offset: usize, limits: &Limits) -> Self {
        let message = format!("nested deeper than {} levels; the document was not judged", limits.max_depth);
        Self { offset, cause: Cause::Limit, message, is_final: false }
    }
}

/// Whether template actions are expected in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templating {
    /// Only when the text does not read without a mask.
    Possible,
    /// The text is a template.
    Certain,
}

/// Reads all documents of `text`.
pub fn parse(text: &str, limits: &Limits, templating: Templating) -> YamlFile {
    let lines = Lines::new(text);
    let holds_actions = text.contains("{{");
    if !holds_actions {
        return reader::read_plain(&lines, limits).file;
    }
    if templating == Templating::Certain {
        return reader::read_template(&lines, limits);
    }
    let plain = reader::read_plain(&lines, limits);
    if plain.reads_as_written() {
        return plain.file;
    }
    let masked = reader::read_template(&lines, limits);
    if Reading::failures(&masked) <= Reading::failures(&plain.file) { masked } else { plain.file }
}

/// Reads the text of a block scalar (`|`), or of one between single quotes, as a document of its own, with its places in
/// `text`; `scalar` is the place of the scalar from its indicator on. `None` for any other scalar, and for one that does
/// not read.
pub fn parse_text(text: &str, scalar: Span, limits: &Limits) -> Option<Node> {
    let written = scalar.of(text);
    let range = if written.starts_with('|') {
        scalar.start + written.find('\n')? + 1..scalar.end
    } else {
        let inner = written.strip_prefix('\'')?.strip_suffix('\'')?;
        (!inner.contains('\'')).then(|| scalar.start + 1..scalar.start + 1 + inner.len())?
    };
    let documents = reader::read_range(text, range, limits)?;
    documents.into_iter().next()
}

/// Reads the one document of `text`, such as a settings or policy file: keys and values with their places.
///
/// # Errors
/// The first fault: a syntax error, a duplicate key, a limit, or a second document.
pub fn parse_one(text: &str, limits: &Limits) -> Result<Node, Fault> {
    let lines = Lines::new(text);
    let file = reader::read_plain(&lines, limits).file;
    if let Some(fault) = file.faults.into_iter().next() {
        return Err(fault);
    }
    let mut documents = file.documents.into_iter();
    let first = documents.next();
    match documents.next() {
        Some(second) => Err(Fault::syntax(second.span.start, "a second document; one is expected")),
        None => Ok(first.map_or_else(|| Node::computed(super::node::Value::Null), |document| document.root)),
    }
}

#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;
