//! The second check: what the images that a change brings in come to.
//!
//! Invariant: an image that could not be scanned, or not be compared with the one whose place it takes, is never part of
//! a success; only what is introduced, fixable and at or above the threshold blocks.

use std::sync::Arc;

use super::rating::Rating;
use super::report::{Comparison, ImageReport, Vulnerability};
use crate::job::{ImageSubject, ImagesSubject};
use crate::report::budget::Budget;
use crate::report::check_run::{Annotation, AnnotationLevel, CheckRunOutput, MAX_TEXT_BYTES, MAX_TITLE};
use crate::report::markdown::{cell, code, left_out, text};
use crate::report::words::{count, inert};
use crate::scan::finding::Severity;
use crate::verdict::Conclusion;

/// Vulnerabilities of one image that are listed one by one.
const MAX_LISTED: usize = 100;

/// What a scan of one image gave, or why there is nothing.
pub type Scanned = Result<Arc<ImageReport>, String>;

/// One image that a change brings in, scanned.
#[derive(Clone, Debug)]
pub struct ScannedImage {
    /// Which.
    pub subject: ImageSubject,
    /// The image.
    pub after: Scanned,
    /// The image whose place it takes.
    pub before: Option<Scanned>,
}

/// What all images come to.
#[derive(Clone, Debug)]
pub struct ImagesVerdict<'a> {
    /// How the check ends.
    pub conclusion: Conclusion,
    judged: Vec<JudgedImage<'a>>,
    threshold: Option<Rating>,
    left_out: usize,
}

#[derive(Clone, Debug)]
struct JudgedImage<'a> {
    image: &'a ScannedImage,
    comparison: Comparison<'a>,
    blocking: Vec<&'a Vulnerability>,
    /// Why it is not fully judged.
    unjudged: Vec<String>,
}

/// Judges `images` by what was decided where the change was judged.
pub fn decide<'a>(subject: &ImagesSubject, images: &'a [ScannedImage]) -> ImagesVerdict<'a> {
    let threshold = subject.fail_on.map(rating_of);
    let judged: Vec<JudgedImage<'a>> = images.iter().map(|image| judge(image, threshold)).collect();
    let blocks = judged.iter().any(|image| !image.blocking.is_empty());
    let is_unjudged = subject.left_out > 0 || judged.iter().any(|image| !image.unjudged.is_empty());
    let conclusion = match (blocks, is_unjudged) {
        (true, _) => Conclusion::Failure,
        (false, true) if subject.unscanned_blocks => Conclusion::Failure,
        (false, true) => Conclusion::Neutral,
        (false, false) => Conclusion::Success,
    };
    ImagesVerdict { conclusion, judged, threshold, left_out: subject.left_out }
}

fn judge(image: &ScannedImage, threshold: Option<Rating>) -> JudgedImage<'_> {
    let mut unjudged = Vec::new();
    let after = match &image.after {
        Ok(report) => Some(&**report),
        Err(why) => {
            unjudged.push(format!("could not be scanned: {why}"));
            None
        }
    };
    let before = match &image.before {
        Some(Ok(report)) => Some(&**report),
        Some(Err(why)) => {
            unjudged.push(format!("the image that it replaces could not be scanned: {why}"));
            None
        }
        None => None,
    };
    let problems = after.into_iter().flat_map(|report| &report.problems).filter(|problem| problem.leaves_unjudged);
    unjudged.extend(problems.map(|problem| problem.message.clone()));
    let comparison = after.map(|after| Comparison::of(after, before)).unwrap_or_default();
    // Without the old image nobody knows what is new.
    let is_comparable = !matches!(image.before, Some(Err(_)));
    let blocking = threshold.filter(|_| is_comparable).map(|threshold| comparison.blocking(threshold).collect());
    JudgedImage { image, blocking: blocking.unwrap_or_default(), comparison, unjudged }
}

fn rating_of(severity: Severity) -> Rating {
    match severity {
        Severity::Critical => Rating::Critical,
        Severity::High => Rating::High,
        Severity::Medium => Rating::Medium,
        Severity::Low | Severity::Info => Rating::Low,
    }
}

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
        let unjudged = self.judged.iter().filter(|image| !image.unjudged.is_empty()).count() + self.left_out;
        let images = count(self.judged.len(), "image");
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
        summary.line("| Image | Was | Critical | High | Medium | Low | Unknown |");
        summary.line("|---|---|---|---|---|---|---|");
        let rows: Vec<String> = self.judged.iter().map(JudgedImage::row).collect();
        summary.list(&rows, |left| format!("| {} | | | | | | |", left_out(left)));
        summary.line("");
        summary.line("Numbers are vulnerabilities, those that a newer version fixes in brackets.");
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
            return format!("| {name} | {was} | not scanned | | | | |");
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
        format!("| {name} | {was} | {numbers} |")
    }

    fn details(&self, summary: &mut Budget) {
        let subject = &self.image.subject;
        summary.line("");
        summary.line(&format!("### {}", code(&subject.after)));
        summary.line(&format!("{}, line {}", code(&subject.path), subject.line));
        for why in &self.unjudged {
            summary.line(&format!("- **Not judged:** {}", text(why)));
        }
        if !self.blocking.is_empty() {
            summary.line("");
            summary.line("| Blocks | Severity | Package | Installed | Fixed in |");
            summary.line("|---|---|---|---|---|");
            let rows: Vec<String> = self.blocking.iter().take(MAX_LISTED).map(|one| row(one)).collect();
            summary.list(&rows, |left| format!("| {} | | | | |", left_out(left)));
        }
        let is_blocking = |one: &Vulnerability| self.blocking.iter().any(|other| other.identity() == one.identity());
        let (fixable, unfixed): (Vec<_>, Vec<_>) =
            (self.comparison.introduced.iter()).filter(|one| !is_blocking(one)).partition(|one| one.is_fixable());
        folded(summary, "Coming in with a fix, not blocking", &fixable);
        folded(summary, "Coming in without a fix", &unfixed);
        folded(summary, "There before", &self.comparison.same.iter().collect::<Vec<_>>());
        folded(summary, "Gone with this change", &self.comparison.fixed.iter().collect::<Vec<_>>());
    }

    fn annotation(&self) -> Option<Annotation> {
        let subject = &self.image.subject;
        let (annotation_level, title, message) = if let Some(worst) = self.blocking.first() {
            let title = format!("{} · {} in a new image", worst.rating, fixable(self.blocking.len()));
            let fixed = worst.fixed.as_deref().unwrap_or_default();
            let package = &worst.installed.package;
            let message = format!("{} in {} {}, fixed in {fixed}", worst.id, package.name, package.version);
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

/// `1 fixable vulnerability`, `2 fixable vulnerabilities`.
fn fixable(number: usize) -> String {
    if number == 1 { "1 fixable vulnerability".to_owned() } else { format!("{number} fixable vulnerabilities") }
}

fn folded(summary: &mut Budget, what: &str, vulnerabilities: &[&&Vulnerability]) {
    let lines: Vec<String> = vulnerabilities.iter().take(MAX_LISTED).map(|one| line(one)).collect();
    summary.folded(&format!("{what}: {}", vulnerabilities.len()), &lines);
}

fn row(one: &Vulnerability) -> String {
    let package = &one.installed.package;
    let cells = [
        text(&one.id) + if one.is_known_exploited { " (exploited)" } else { "" },
        one.rating.to_string(),
        code(&package.name),
        code(&package.version),
        code(one.fixed.as_deref().unwrap_or_default()),
    ];
    format!("| {} |", cells.map(|content| cell(&content)).join(" | "))
}

fn line(one: &Vulnerability) -> String {
    let package = &one.installed.package;
    let fixed = one.fixed.as_deref().map_or_else(String::new, |fixed| format!(", fixed in {}", code(fixed)));
    format!("- {} {}: {} {}{fixed}", one.rating, text(&one.id), code(&package.name), code(&package.version))
}

#[cfg(test)]
mod tests;
