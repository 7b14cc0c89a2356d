//! Secrets in files of the images that a change brings in.
//!
//! Invariant: what stands in the image that is replaced, is accepted, or is not known to be of the image's own layers
//! never blocks; it is listed all the same, without any value.

use super::{JudgedImage, ScannedImage, rating_of};
use crate::image::accept::AcceptedOf;
use crate::image::contents::ImageSecret;
use crate::image::rating::Rating;
use crate::image::report::{Attribution, ImageReport, Part};
use crate::report::budget::Budget;
use crate::report::markdown::{cell, code, left_out, message};

/// Secrets of one image that are listed one by one.
const MAX_LISTED: usize = 50;

/// A secret that comes in.
#[derive(Clone, Debug)]
pub(super) struct JudgedSecret<'a> {
    pub one: &'a ImageSecret,
    pub part: Part,
    pub blocks: bool,
}

/// Judges the secrets that `after` has and `before` has not.
pub(super) fn judge<'a>(
    image: &ScannedImage,
    after: &'a ImageReport,
    before: Option<&ImageReport>,
    attribution: &Attribution,
    threshold: Option<Rating>,
    known: &AcceptedOf<'_, '_>,
) -> Vec<JudgedSecret<'a>> {
    let is_same = |one: &ImageSecret, other: &ImageSecret| {
        one.secret.path == other.secret.path && one.secret.rule == other.secret.rule
    };
    let was_there = |one: &ImageSecret| before.is_some_and(|before| before.secrets.iter().any(|old| is_same(one, old)));
    let new = after.secrets.iter().filter(|one| !was_there(one) && known.accepted_secret(&one.secret).is_none());
    let judged = new.map(|one| {
        let part = part(image, attribution, one.layer);
        let is_bad = threshold.is_some_and(|threshold| rating_of(one.secret.severity) >= threshold);
        JudgedSecret { one, part, blocks: is_bad && part == Part::Own }
    });
    judged.collect()
}

/// Whose layer it is. Of an image that the change builds the lowest layer alone may be somebody else's, where nothing
/// says what it is built on.
fn part(image: &ScannedImage, attribution: &Attribution, layer: usize) -> Part {
    match attribution.part_of_layer(layer) {
        Part::Unattributed if image.subject.path.is_empty() && layer > 0 => Part::Own,
        part => part,
    }
}

impl JudgedImage<'_> {
    /// How many secrets block.
    pub(super) fn blocking_secrets(&self) -> usize {
        self.secrets.iter().filter(|secret| secret.blocks).count()
    }

    /// Lists the secrets: those that block in a table, the others folded.
    pub(super) fn list_secrets(&self, summary: &mut Budget) {
        let (blocking, others): (Vec<_>, Vec<_>) = self.secrets.iter().partition(|secret| secret.blocks);
        if !blocking.is_empty() {
            summary.line("");
            summary.line("| Blocks | Severity | File | Layer |");
            summary.line("|---|---|---|---|");
            let rows: Vec<String> = blocking.iter().take(MAX_LISTED).map(|secret| row(secret)).collect();
            summary.list(&rows, |left| format!("| {} | | | |", left_out(left)));
            summary.line("");
            summary.line(
                "Revoke them: whoever can pull the image can read them, also after a later layer removes a file.",
            );
        }
        let lines: Vec<String> = others.iter().take(MAX_LISTED).map(|secret| line(secret)).collect();
        summary.folded(&format!("Secrets in files, not blocking: {}", others.len()), &lines);
    }
}

fn row(judged: &JudgedSecret<'_>) -> String {
    let secret = &judged.one.secret;
    let place = format!("{} line {}", code(&secret.path), secret.line);
    let cells = [message(&secret.message), secret.severity.to_string(), place, layer(judged.one)];
    format!("| {} |", cells.map(|content| cell(&content)).join(" | "))
}

fn line(judged: &JudgedSecret<'_>) -> String {
    let secret = &judged.one.secret;
    let part = match judged.part {
        Part::Base => "of the base image",
        Part::Own => "of its own",
        Part::Unattributed => "not known whose",
    };
    let (what, place) = (message(&secret.message), code(&secret.path));
    format!("- {} {what}: {place} line {}, layer {} ({part})", secret.severity, secret.line, layer(judged.one))
}

fn layer(one: &ImageSecret) -> String {
    if one.is_hidden { format!("{}, removed later", one.layer) } else { one.layer.to_string() }
}
