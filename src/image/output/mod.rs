//! A report on an image, for each kind of reader.
//!
//! Invariant: names and versions come from the image, so what is shown of them is inert: no control characters, and
//! nothing that the format would read.

mod cyclonedx;
mod sarif;
mod text;

use super::rating::Rating;
use super::report::{Comparison, ImageReport};

/// How to print a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// For people.
    Table,
    /// All of the report.
    Json,
    /// For code scanning.
    Sarif,
    /// A bill of materials with its vulnerabilities.
    CycloneDx,
}

impl OutputFormat {
    /// Every format with its name.
    pub const ALL: [(&'static str, Self); 4] =
        [("table", Self::Table), ("json", Self::Json), ("sarif", Self::Sarif), ("cyclonedx", Self::CycloneDx)];

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format)
    }
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub struct OutputInput<'a> {
    /// The report.
    pub report: &'a ImageReport,
    /// What the image replaces, when it was given.
    pub old: Option<&'a ImageReport>,
    /// From which severity on fixable, introduced vulnerabilities block; none does when absent.
    pub threshold: Option<Rating>,
    /// Whether vulnerabilities that no version mends are listed one by one.
    pub lists_unfixed: bool,
}

impl<'a> OutputInput<'a> {
    /// How the image differs from what it replaces.
    pub fn comparison(&self) -> Comparison<'a> {
        Comparison::of(self.report, self.old)
    }

    /// How many vulnerabilities block.
    pub fn blocking(&self) -> usize {
        self.threshold.map_or(0, |threshold| self.comparison().blocking(threshold).count())
    }
}

/// Renders a report.
pub fn render(format: OutputFormat, input: &OutputInput<'_>) -> String {
    match format {
        OutputFormat::Table => text::render(input),
        OutputFormat::Json => json(input),
        OutputFormat::Sarif => sarif::render(input),
        OutputFormat::CycloneDx => cyclonedx::render(input.report),
    }
}

fn json(input: &OutputInput<'_>) -> String {
    let mut value = serde_json::to_value(input.report).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("judged".to_owned(), input.report.is_judged().into());
        fields.insert("blocking".to_owned(), input.blocking().into());
    }
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests;
