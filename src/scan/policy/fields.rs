//! Reading a YAML map field by field, so that every mistake in a policy file is named with its line and the nearest
//! valid name.
//!
//! Invariant: a key that nothing asked for is an error; see [`Fields::finish`].

use std::fmt;

use super::super::document::node::{Entry, Node, Value};
use super::super::span::{LineIndex, Span};
use super::Written;

/// A mistake in a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {mistake}")]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub mistake: Box<Mistake>,
}

/// What is wrong in a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The text is not YAML.
    Syntax(String),
    /// A key that means nothing here.
    UnknownField {
        /// The key.
        field: String,
        /// The valid key that is spelled most alike.
        nearest: Option<String>,
    },
    /// A key that must be there.
    MissingField {
        /// The key.
        field: String,
    },
    /// A value that does not fit its key.
    Value {
        /// The key.
        field: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
        /// The valid name that is spelled most alike.
        nearest: Option<String>,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nearest = match self {
            Self::Syntax(message) => return write!(formatter, "not valid YAML: {message}"),
            Self::MissingField { field } => return write!(formatter, "\"{field}\" is missing"),
            Self::UnknownField { field, nearest } => {
                write!(formatter, "unknown field \"{field}\"")?;
                nearest
            }
            Self::Value { field, found, expected, nearest } => {
                write!(formatter, "\"{field}\": found {found}, expected {expected}")?;
                nearest
            }
        };
        nearest.as_ref().map_or(Ok(()), |name| write!(formatter, "; did you mean \"{name}\"?"))
    }
}

/// The name of `names` that is spelled most like `name`, when one is near.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let near = names.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = near.filter(|(likeness, _)| *likeness > 0.75).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1.to_owned())
}

/// The text of a policy file, for the lines of errors.
#[derive(Debug)]
pub struct Source<'s> {
    /// The file.
    pub file: &'s str,
    /// Where its lines begin.
    pub lines: LineIndex,
    /// Whether patterns are compiled to see that they can be. Built-in ones are proven by their examples, so a run
    /// compiles only those it uses.
    pub checks_patterns: bool,
}

impl Source<'_> {
    /// The error of `mistake` at `span`.
    pub fn error(&self, span: Span, mistake: Mistake) -> PolicyError {
        PolicyError { file: self.file.to_owned(), line: self.lines.line(span.start), mistake: Box::new(mistake) }
    }
}

/// A map that is read field by field.
#[derive(Debug)]
pub struct Fields<'s> {
    source: &'s Source<'s>,
    node: &'s Node,
    prefix: String,
    asked: Vec<&'static str>,
}

impl<'s> Fields<'s> {
    /// The fields of `node`, which errors call `prefix` (empty for the whole file).
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when `node` is not a map.
    pub fn new(source: &'s Source<'s>, node: &'s Node, prefix: &str) -> Result<Self, PolicyError> {
        let fields = Self { source, node, prefix: prefix.to_owned(), asked: Vec::new() };
        match node.as_mapping() {
            Some(_) => Ok(fields),
            None => Err(fields.wrong_value(node.span(), prefix, node, "a map")),
        }
    }

    /// The entry of `name`, `None` when it is absent or null.
    pub fn entry(&mut self, name: &'static str) -> Option<&'s Entry> {
        self.asked.push(name);
        self.node.entry(name).filter(|entry| !entry.value.is_null())
    }

    /// The text of `name`, without white space around it.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is not a text.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, PolicyError> {
        self.entry(name).map(|entry| self.as_text(name, &entry.value)).transpose()
    }

    /// The text of `name`.
    ///
    /// # Errors
    ///
    /// [`Mistake::MissingField`] when it is absent, [`Mistake::Value`] when it is not a text or is empty.
    pub fn required_text(&mut self, name: &'static str) -> Result<String, PolicyError> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.missing(name)),
        }
    }

    /// The text of `name` with its line, white space around it included.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is not a text.
    pub fn verbatim(&mut self, name: &'static str) -> Result<Option<Written>, PolicyError> {
        let Some(entry) = self.entry(name) else { return Ok(None) };
        match scalar_text(&entry.value) {
            Some(text) => Ok(Some(Written { text, line: self.source.lines.line(entry.key_span.start) })),
            None => Err(self.wrong(entry, name, "a text")),
        }
    }

    /// The text of `name` with its line.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is not a text.
    pub fn written(&mut self, name: &'static str) -> Result<Option<Written>, PolicyError> {
        let line = |entry: &Entry| self.source.lines.line(entry.key_span.start);
        let Some(line) = self.node.entry(name).map(line) else { return self.text(name).map(|_| None) };
        Ok(self.text(name)?.map(|text| Written { text, line }))
    }

    /// The text of `name` with its line.
    ///
    /// # Errors
    ///
    /// [`Mistake::MissingField`] when it is absent, [`Mistake::Value`] when it is not a text or is empty.
    pub fn required_written(&mut self, name: &'static str) -> Result<Written, PolicyError> {
        match self.written(name)? {
            Some(written) if !written.text.is_empty() => Ok(written),
            _ => Err(self.missing(name)),
        }
    }

    /// The boolean of `name`.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is not `true` or `false`.
    pub fn boolean(&mut self, name: &'static str) -> Result<Option<bool>, PolicyError> {
        self.entry(name)
            .map(|entry| entry.value.as_bool().ok_or_else(|| self.wrong(entry, name, "true or false")))
            .transpose()
    }

    /// The number of `name`.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is not a number.
    pub fn number(&mut self, name: &'static str) -> Result<Option<f64>, PolicyError> {
        let Some(entry) = self.entry(name) else { return Ok(None) };
        match entry.value.value() {
            Value::Float(number) => Ok(Some(*number)),
            Value::Int(number) => Ok(i32::try_from(*number).ok().map(f64::from)),
            _ => Err(self.wrong(entry, name, "a number")),
        }
    }

    /// The texts of `name`, a list or a single text; empty when it is absent.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] when it is neither.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>, PolicyError> {
        let Some(entry) = self.entry(name) else { return Ok(Vec::new()) };
        match entry.value.value() {
            Value::Sequence(items) => items.iter().map(|item| self.as_text(name, item)).collect(),
            _ => Ok(vec![self.as_text(name, &entry.value)?]),
        }
    }

    /// Reads `name` with `read`, which knows the value by its text and says `None` for one that it does not know.
    ///
    /// # Errors
    ///
    /// [`Mistake::Value`] with the nearest of `names` when `read` does not know it.
    pub fn named<T>(
        &mut self,
        name: &'static str,
        names: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(entry) = self.entry(name) else { return Ok(None) };
        let text = self.as_text(name, &entry.value)?;
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.value_error(
                entry.value.span(),
                name,
                format!("\"{text}\""),
                names.join(", "),
                nearest(&text, names.iter().copied()),
            )),
        }
    }

    /// Whether patterns are compiled to see that they can be.
    pub fn checks_patterns(&self) -> bool {
        self.source.checks_patterns
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`Mistake::UnknownField`] for the first key that nothing asked for.
    pub fn finish(self) -> Result<(), PolicyError> {
        let unknown = self.node.entries().iter().find(|entry| !self.asked.contains(&&*entry.key));
        match unknown {
            None => Ok(()),
            Some(entry) => {
                let nearest = nearest(&entry.key, self.asked.iter().copied());
                let field = self.name(&entry.key);
                Err(self.source.error(entry.key_span, Mistake::UnknownField { field, nearest }))
            }
        }
    }

    /// The error of an absent field, or of the misspelt one that stands in its place.
    pub fn missing(&self, name: &str) -> PolicyError {
        let misspelt = |entry: &&Entry| !self.asked.contains(&&*entry.key) && nearest(&entry.key, [name]).is_some();
        if let Some(entry) = self.node.entries().iter().find(misspelt) {
            let (field, nearest) = (self.name(&entry.key), Some(name.to_owned()));
            return self.source.error(entry.key_span, Mistake::UnknownField { field, nearest });
        }
        self.source.error(self.node.span(), Mistake::MissingField { field: self.name(name) })
    }

    /// The error of a value that is not what `expected` says.
    pub fn wrong(&self, entry: &Entry, name: &str, expected: &str) -> PolicyError {
        self.wrong_value(entry.value.span(), name, &entry.value, expected)
    }

    /// The error of a value, in words.
    pub fn value_error(
        &self,
        span: Span,
        name: &str,
        found: String,
        expected: String,
        nearest: Option<String>,
    ) -> PolicyError {
        self.source.error(span, Mistake::Value { field: self.name(name), found, expected, nearest })
    }

    fn wrong_value(&self, span: Span, name: &str, node: &Node, expected: &str) -> PolicyError {
        self.value_error(span, name, describe(node), expected.to_owned(), None)
    }

    fn as_text(&self, name: &str, node: &Node) -> Result<String, PolicyError> {
        match scalar_text(node) {
            Some(text) => Ok(text.trim().to_owned()),
            None => Err(self.wrong_value(node.span(), name, node, "a text")),
        }
    }

    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() || self.prefix == name { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}

/// The text of a scalar. A template expression such as `{name}` or `${X}` is a text like any other here.
pub fn scalar_text(node: &Node) -> Option<String> {
    match node.value() {
        Value::String(text) | Value::Unknown(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
    }
}

fn describe(node: &Node) -> String {
    match node.value() {
        Value::Null => "nothing".into(),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) => "a map".into(),
        _ => format!("\"{}\"", scalar_text(node).unwrap_or_default()),
    }
}
