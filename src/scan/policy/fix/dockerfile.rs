//! Edits of Dockerfiles: instructions and commands in another form.
//!
//! Invariant: an edit keeps the letter case, the continued lines and the comments of what it does not change; what is
//! not plain is left alone.

mod form;
mod run;
mod user;
mod words;

use crate::scan::document::Body;
use crate::scan::document::dockerfile::{Dockerfile, Instruction};
use crate::scan::edit::Edit;
use crate::scan::policy::edit::Rewrite;
use crate::scan::policy::evaluate::{FileView, Found};
use crate::scan::span::Span;

/// The thing of a Dockerfile that a finding is about.
struct Thing<'t> {
    text: &'t str,
    dockerfile: &'t Dockerfile,
    /// The instruction that it is, or stands in; of a stage its FROM.
    instruction: &'t Instruction,
    /// The place of the instruction among all.
    at: usize,
    found: &'t Found,
}

impl<'t> Thing<'t> {
    fn of(file: FileView<'t>, found: &'t Found) -> Option<Self> {
        let place = found.subject.span;
        let dockerfiles = file.parsed.documents.iter().filter_map(|document| match &document.body {
            Body::Dockerfile(dockerfile) => Some(dockerfile),
            Body::Tree(_) => None,
        });
        let holds = |one: &Instruction| one.span.start <= place.start && place.end <= one.span.end;
        dockerfiles
            .filter_map(|dockerfile| Some((dockerfile, dockerfile.instructions.iter().position(holds)?)))
            .find_map(|(dockerfile, at)| {
                let instruction = dockerfile.instructions.get(at)?;
                Some(Self { text: file.text, dockerfile, instruction, at, found })
            })
    }

    /// `keyword` in the letter case of the keyword of the instruction.
    fn keyword(&self, keyword: &str) -> String {
        let is_lower =
            self.instruction.keyword_span.of(self.text).starts_with(|first: char| first.is_ascii_lowercase());
        if is_lower { keyword.to_ascii_lowercase() } else { keyword.to_owned() }
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// The part that the finding is about in the form `form`.
pub(super) fn rewrite(file: FileView<'_>, found: &Found, form: Rewrite) -> Option<Edit> {
    let thing = Thing::of(file, found)?;
    match form {
        Rewrite::User => user::user(&thing),
        Rewrite::Pairs => form::pairs(&thing),
        Rewrite::StageName => form::stage_name(&thing),
        Rewrite::Workdir => form::workdir(&thing),
        Rewrite::Shell => form::shell(&thing),
        Rewrite::Joined => run::joined(&thing),
        Rewrite::WithoutSubjects => words::without_subjects(&thing),
    }
}

/// `written` with its keyword in the letter case of the instruction that it takes the place of.
pub(super) fn in_case_of(place: &str, old: &str, written: &str) -> String {
    let is_lower =
        matches!(place, "local_add" | "maintainer") && old.starts_with(|first: char| first.is_ascii_lowercase());
    match written.split_once(' ') {
        Some((keyword, rest)) if is_lower => format!("{} {rest}", keyword.to_ascii_lowercase()),
        None if is_lower => written.to_ascii_lowercase(),
        _ => written.to_owned(),
    }
}

/// The command `next` at the end of the RUN that the finding stands in.
pub(super) fn then(file: FileView<'_>, found: &Found, next: &str) -> Option<Edit> {
    if next.is_empty() { None } else { run::then(&Thing::of(file, found)?, next) }
}

/// The blanks from the beginning of the line of `offset`; `None` when something else stands there.
fn indent(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..)?;
    line.trim().is_empty().then_some(line)
}

/// The span with the line break after it, where nothing else follows.
fn with_line_break(text: &str, span: Span) -> Span {
    let rest = text.get(span.end..).unwrap_or_default();
    let end = rest.find('\n').filter(|end| rest.get(..*end).is_some_and(|rest| rest.trim().is_empty()));
    Span::new(span.start, end.map_or(span.end, |end| span.end + end + 1))
}

#[cfg(test)]
mod tests;
