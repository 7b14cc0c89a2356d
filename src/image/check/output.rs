//! The check run of images: a table by image, then what blocks and what else is to know.
//!
//! Invariant: whatever an image or a registry says shows as itself, within every limit.

use super::{Accepted, ImagesVerdict, JudgedImage};
use crate::image::rating::Rating;
use crate::image::report::{Attribution, Part, Vulnerability};
use crate::report::budget::Budget;
use crate::report::check_run::{Annotation, AnnotationLevel, CheckRunOutput, MAX_TEXT_BYTES, MAX_TITLE};
use crate::report::markdown::{cell, code, left_out, text};
use crate::report::words::{count, inert};
use crate::settings::vex::VexStatus;

/// Vulnerabilities of one image that are listed one by one.
const MAX_LISTED: usize = 100;
/// Remarks on one image.
const MAX_NOTES: usize = 20;

impl ImagesVerdict<'_> {
    /// The check run's output.
    pub fn output(&self) -> CheckRunOutput {
        let mut summary = Budget::new(MAX_TEXT_BYTES);
        self.table(&mut summary);
        for judged in &self.judged {
            judged.details(&mut summary);
        }
        if self.left_out > 0 {
            summary.line("");
            let more = count(self.left_out, "more image");
            summary.line(&format!("Not scanned: {more}, as one change has at most {} scanned.", self.judged.len()));
        }
        for note in self.notes.iter().take(MAX_NOTES) {
            summary.line(&format!("- To know: {}", text(note)));
        }
        self.rule(&mut summary);
        CheckRunOutput {
            title: self.title().chars().take(MAX_TITLE).collect(),
            summary: summary.finish(),
            text: None,
            annotations: self.judged.iter().filter_map(JudgedImage::annotation).collect(),
        }
    }

    fn title(&self) -> String {
        let blocking: usize = self.judged.iter().map(|image| image.blocking.len()).sum();
        let secrets: usize = self.judged.iter().map(JudgedImage::blocking_secrets).sum();
        let unjudged = self.judged.iter().filter(|image| !image.unjudged.is_empty()).count() + self.left_out;
        let images = count(self.judged.len(), "image");
        if secrets > 0 {
            let parts = [fixable(blocking), count(secrets, "secret")];
            let what = parts.get(usize::from(blocking == 0)..).unwrap_or_default().join(" and ");
            let verbs = if blocking + secrets == 1 { "comes in and blocks" } else { "come in and block" };
            return format!("{what} {verbs} this merge");
        }
        match (blocking, unjudged) {
            (0, 0) if self.judged.is_empty() => "This change brings in no image".to_owned(),
            (0, 0) => format!("Nothing blocks: {images} scanned"),
            (0, _) => format!("{} could not be judged", count(unjudged, "image")),
            (1, _) => format!("{} comes in and blocks this merge", fixable(1)),
            (many, _) => format!("{} come in and block this merge", fixable(many)),
        }
    }

    fn table(&self, summary: &mut Budget) {
        if self.judged.is_empty() {
            summary.line("No image is new or changed, so there was nothing to scan.");
            return;
        }
        summary.line("| Image | Was | Critical | High | Medium | Low | Unknown | Secrets |");
        summary.line("|---|---|---|---|---|---|---|---|");
        let rows: Vec<String> = self.judged.iter().map(JudgedImage::row).collect();
        summary.list(&rows, |left| format!("| {} | | | | | | | |", left_out(left)));
        summary.line("");
        summary.line(
            "Numbers are vulnerabilities, those that a newer version fixes in brackets; secrets are those that come in.",
        );
    }

    fn rule(&self, summary: &mut Budget) {
        summary.line("");
        summary.line(&match self.threshold {
            Some(threshold) => format!(
                "Blocks: what comes in with this change, has a fix, and is {threshold} or worse (`images.fail-on`)."
            ),
            None => "No vulnerability blocks here (`images.fail-on: never`).".to_owned(),
        });
    }
}

impl JudgedImage<'_> {
    fn row(&self) -> String {
        let subject = &self.image.subject;
        let name = cell(&code(&subject.after));
        let was = subject.before.as_deref().map_or_else(|| "new".to_owned(), |before| cell(&code(before)));
        let Ok(report) = &self.image.after else {
            return format!("| {name} | {was} | not scanned | | | | | |");
        };
        let before = self.image.before.as_ref().and_then(|before| before.as_ref().ok());
        let number = |rating| {
            let (all, fixable) = report.count(rating);
            let old = before.map(|before| before.count(rating).0).filter(|old| *old != all);
            let change = old.map_or_else(String::new, |old| format!("{old} → "));
            if fixable > 0 { format!("{change}{all} ({fixable})") } else { format!("{change}{all}") }
        };
        let numbers =
            [Rating::Critical, Rating::High, Rating::Medium, Rating::Low, Rating::Unknown].map(number).join(" | ");
        format!("| {name} | {was} | {numbers} | {} |", self.secrets.len())
    }

    fn details(&self, summary: &mut Budget) {
        let subject = &self.image.subject;
        summary.line("");
        summary.line(&format!("### {}", code(&subject.after)));
        summary.line(&if subject.path.is_empty() {
            "built by this change".to_owned()
        } else {
            format!("{}, line {}", code(&subject.path), subject.line)
        });
        for why in &self.unjudged {
            summary.line(&format!("- **Not judged:** {}", text(why)));
        }
        for note in self.image.notes.iter().take(MAX_NOTES) {
            summary.line(&format!("- To know: {}", text(note)));
        }
        for note in &self.remarks {
            summary.line(&format!("- To know: {}", text(note)));
        }
        for waiver in self.expired.iter().take(MAX_NOTES) {
            let (id, until) = (text(&waiver.vulnerability), waiver.until);
            summary.line(&format!("- To know: the waiver of {id} by {} ended on {until}", text(&waiver.owner)));
        }
        if !self.blocking.is_empty() {
            summary.line("");
            self.parts(summary);
            table(summary, &self.blocking, &self.attribution);
        }
        self.newer(summary);
        self.list_secrets(summary);
        let is_blocking = |one: &Vulnerability| self.blocking.iter().any(|other| other.identity() == one.identity());
        let (fixable, unfixed): (Vec<_>, Vec<_>) =
            (self.comparison.introduced.iter()).filter(|one| !is_blocking(one)).partition(|one| one.is_fixable());
        folded(summary, "Coming in with a fix, not blocking", &fixable);
        folded(summary, "Coming in without a fix", &unfixed);
        let accepted: Vec<String> = self
            .accepted
            .iter()
            .take(MAX_LISTED)
            .map(|(one, by)| format!("{}: {}", line(one), accepted(*by)))
            .collect();
        summary.folded(&format!("Accepted: {}", self.accepted.len()), &accepted);
        folded(summary, "There before", &self.comparison.same.iter().collect::<Vec<_>>());
        folded(summary, "Gone with this change", &self.comparison.fixed.iter().collect::<Vec<_>>());
    }

    /// Names the newer version of the same line.
    pub(super) fn newer(&self, summary: &mut Budget) {
        let Some(newer) = &self.image.newer else { return };
        let what = if newer.is_base { "The base image" } else { "It" };
        let (name, left, of) = (code(&newer.image), newer.left, newer.of);
        let fixable = if of == 1 { "1 vulnerability".to_owned() } else { format!("{of} vulnerabilities") };
        summary.line(&format!("{what} has a newer version of the same line: {name} has {left} of {fixable}."));
    }

    /// Says how much of what blocks is of the image that this one is built on.
    fn parts(&self, summary: &mut Budget) {
        let Some((name, _)) = &self.image.base else { return };
        let is_base = |one: &&&Vulnerability| self.attribution.part(&one.installed) == Part::Base;
        let of_base = self.blocking.iter().filter(is_base).count();
        let own = self.blocking.len() - of_base;
        summary.line(&format!("{of_base} of the base image {}, {own} of its own.", code(name)));
        summary.line("");
    }

    fn annotation(&self) -> Option<Annotation> {
        let subject = &self.image.subject;
        if subject.path.is_empty() {
            return None;
        }
        let (annotation_level, title, message) = if let Some(worst) = self.blocking.first() {
            let title = format!("{} · {} in a new image", worst.rating, fixable(self.blocking.len()));
            let fixed = worst.fixed.as_deref().unwrap_or_default();
            let package = &worst.installed.package;
            let message = format!("{} in {} {}, fixed in {fixed}", worst.id, package.name, package.version);
            (AnnotationLevel::Failure, title, message)
        } else if let Some(worst) = self.secrets.iter().find(|secret| secret.blocks) {
            let title = format!("{} · {} in a new image", worst.severity, count(self.blocking_secrets(), "secret"));
            let (place, line) = worst.place.plain();
            let line = line.map_or_else(String::new, |line| format!(" line {line}"));
            let message = format!("{} in {place}{line}", worst.message);
            (AnnotationLevel::Failure, title, message)
        } else {
            let why = self.unjudged.first()?;
            (AnnotationLevel::Warning, "image could not be judged".to_owned(), why.clone())
        };
        Some(Annotation {
            path: subject.path.clone(),
            start_line: subject.line,
            end_line: subject.line,
            start_column: None,
            end_column: None,
            annotation_level,
            title: title.chars().take(MAX_TITLE).collect(),
            message: format!("{}: {}", inert(&subject.after), inert(&message)),
        })
    }
}

/// The vulnerabilities that block.
pub(super) fn table(summary: &mut Budget, blocking: &[&Vulnerability], attribution: &Attribution) {
    summary.line("| Blocks | Severity | Package | Installed | Fixed in | Part |");
    summary.line("|---|---|---|---|---|---|");
    let rows: Vec<String> = blocking.iter().take(MAX_LISTED).map(|one| row(one, attribution)).collect();
    summary.list(&rows, |left| format!("| {} | | | | | |", left_out(left)));
    summary.line("");
}

/// `1 fixable vulnerability`, `2 fixable vulnerabilities`.
pub(super) fn fixable(number: usize) -> String {
    if number == 1 { "1 fixable vulnerability".to_owned() } else { format!("{number} fixable vulnerabilities") }
}

fn folded(summary: &mut Budget, what: &str, vulnerabilities: &[&&Vulnerability]) {
    let lines: Vec<String> = vulnerabilities.iter().take(MAX_LISTED).map(|one| line(one)).collect();
    summary.folded(&format!("{what}: {}", vulnerabilities.len()), &lines);
}

/// By what it is accepted.
fn accepted(by: Accepted<'_>) -> String {
    match by {
        Accepted::Waiver(waiver) => {
            format!("waived until {} by {}: {}", waiver.until, text(&waiver.owner), text(&waiver.reason))
        }
        Accepted::Vex(statement) => {
            let what = match statement.status {
                VexStatus::Fixed => "stated to be fixed",
                _ => "stated not to be affected",
            };
            let why = if statement.why.is_empty() { String::new() } else { format!(" ({})", text(&statement.why)) };
            format!("{what}{why} in {}", code(&statement.document))
        }
    }
}

fn row(one: &Vulnerability, attribution: &Attribution) -> String {
    let package = &one.installed.package;
    let cells = [
        text(&one.id) + if one.is_known_exploited { " (exploited)" } else { "" },
        one.rating.to_string(),
        code(&package.name),
        code(&package.version),
        code(one.fixed.as_deref().unwrap_or_default()),
        match attribution.part(&one.installed) {
            Part::Base => "base".to_owned(),
            Part::Own => "own".to_owned(),
            Part::Unattributed => "not known".to_owned(),
        },
    ];
    format!("| {} |", cells.map(|content| cell(&content)).join(" | "))
}

fn line(one: &Vulnerability) -> String {
    let package = &one.installed.package;
    let fixed = one.fixed.as_deref().map_or_else(String::new, |fixed| format!(", fixed in {}", code(fixed)));
    format!("- {} {}: {} {}{fixed}", one.rating, text(&one.id), code(&package.name), code(&package.version))
}
