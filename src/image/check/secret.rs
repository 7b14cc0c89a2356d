//! Secrets in the images that a change brings in: in files of their layers, in their environment and their history.
//!
//! Invariant: what stands in the image that is replaced, is accepted, or is not known to be the image's own never
//! blocks; it is listed all the same, without any value.

use super::{JudgedImage, ScannedImage, rating_of};
use crate::image::accept::AcceptedOf;
use crate::image::contents::ImageSecret;
use crate::image::rating::Rating;
use crate::image::report::{Attribution, ConfigurationRemark, ImageReport, Part};
use crate::image::secrets::SecretKind;
use crate::report::budget::Budget;
use crate::report::markdown::{cell, code, left_out, message, text};
use crate::scan::finding::Severity;

/// Secrets of one image that are listed one by one.
const MAX_LISTED: usize = 50;

/// A secret that comes in.
#[derive(Clone, Debug)]
pub(super) struct JudgedSecret<'a> {
    pub rule: &'a str,
    pub severity: Severity,
    pub message: &'a str,
    pub place: Place<'a>,
    pub part: Part,
    pub blocks: bool,
}

/// Where a secret is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    File(&'a ImageSecret),
    /// In the image's configuration, under this id.
    Configuration(&'a str),
}

/// What secrets are judged by.
struct Judge<'j> {
    image: &'j ScannedImage,
    before: Option<&'j ImageReport>,
    base: Option<&'j ImageReport>,
    attribution: &'j Attribution,
    threshold: Option<Rating>,
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
    let base = image.base.as_ref().map(|(_, report)| &**report);
    let judge = Judge { image, before, base, attribution, threshold };
    let of_files = after.secrets.iter().filter_map(|one| judge.file(one));
    let of_configuration =
        after.configuration.iter().filter_map(|remark| judge.configuration(remark, remark.secret.as_ref()?));
    let mut secrets: Vec<JudgedSecret<'a>> = of_files.chain(of_configuration).collect();
    secrets.retain(|one| known.accepted_secret(one.rule, one.place.within()).is_none());
    secrets
}

impl Judge<'_> {
    fn file<'a>(&self, one: &'a ImageSecret) -> Option<JudgedSecret<'a>> {
        let file = &one.secret;
        let is_same = |other: &ImageSecret| (&file.path, &file.rule) == (&other.secret.path, &other.secret.rule);
        if self.before.is_some_and(|before| before.secrets.iter().any(is_same)) {
            return None;
        }
        // Where nothing says what it is built on, the lowest layer alone may be somebody else's.
        let part = self.own_unless_known(self.attribution.part_of_layer(one.layer), one.layer > 0);
        Some(self.judged(&file.rule, file.severity, &file.message, Place::File(one), part))
    }

    fn configuration<'a>(&self, remark: &'a ConfigurationRemark, kind: &'a SecretKind) -> Option<JudgedSecret<'a>> {
        let has = |report: &ImageReport| {
            report.configuration.iter().any(|other| other.id == remark.id && other.secret.as_ref() == Some(kind))
        };
        if self.before.is_some_and(has) {
            return None;
        }
        let part = match self.base {
            Some(base) if has(base) => Part::Base,
            Some(_) => Part::Own,
            None => self.own_unless_known(Part::Unattributed, true),
        };
        let place = Place::Configuration(&remark.id);
        Some(self.judged(&kind.rule, kind.severity, &remark.message, place, part))
    }

    fn own_unless_known(&self, part: Part, may_be_own: bool) -> Part {
        if part == Part::Unattributed && self.image.is_own && may_be_own { Part::Own } else { part }
    }

    fn judged<'a>(
        &self,
        rule: &'a str,
        severity: Severity,
        message: &'a str,
        place: Place<'a>,
        part: Part,
    ) -> JudgedSecret<'a> {
        let is_bad = self.threshold.is_some_and(|threshold| rating_of(severity) >= threshold);
        JudgedSecret { rule, severity, message, place, part, blocks: is_bad && part == Part::Own }
    }
}

impl Place<'_> {
    /// The file within the image; empty when it is in none.
    fn within(&self) -> &str {
        match self {
            Self::File(one) => &one.secret.path,
            Self::Configuration(_) => "",
        }
    }

    /// Without any Markdown: where, and the line when there is one.
    pub fn plain(&self) -> (String, Option<usize>) {
        match self {
            Self::File(one) => (one.secret.path.clone(), Some(one.secret.line)),
            Self::Configuration(id) => ((*id).to_owned(), None),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Self::File(one) => format!("{} line {}", code(&one.secret.path), one.secret.line),
            Self::Configuration(_) => "the image's configuration".to_owned(),
        }
    }

    fn layer(&self) -> String {
        match self {
            Self::File(one) if one.is_hidden => format!("{}, removed later", one.layer),
            Self::File(one) => one.layer.to_string(),
            Self::Configuration(_) => "none".to_owned(),
        }
    }
}

impl JudgedSecret<'_> {
    /// What tells it from every other in an image, in Markdown, as the first cell of a row has it.
    pub fn id(&self) -> String {
        let place = match self.place {
            Place::File(one) => code(&one.secret.path),
            Place::Configuration(id) => text(id),
        };
        cell(&format!("{} in {place}", text(self.rule)))
    }
}

impl<'a> JudgedImage<'a> {
    /// How many secrets block.
    pub(super) fn blocking_secrets(&self) -> usize {
        self.secrets.iter().filter(|secret| secret.blocks).count()
    }

    /// Those that block, and the others.
    pub(super) fn secrets(&self) -> (Vec<&JudgedSecret<'a>>, Vec<&JudgedSecret<'a>>) {
        self.secrets.iter().partition(|secret| secret.blocks)
    }

    /// Lists the secrets: those that block in a table, the others folded.
    pub(super) fn list_secrets(&self, summary: &mut Budget) {
        let (blocking, others) = self.secrets();
        table(summary, &blocking);
        let lines: Vec<String> = others.iter().take(MAX_LISTED).map(|secret| line(secret)).collect();
        summary.folded(&format!("Secrets, not blocking: {}", others.len()), &lines);
    }
}

/// The secrets that block.
pub(super) fn table(summary: &mut Budget, blocking: &[&JudgedSecret<'_>]) {
    if blocking.is_empty() {
        return;
    }
    summary.line("");
    summary.line("| Blocks | Severity | What | Where | Layer |");
    summary.line("|---|---|---|---|---|");
    let rows: Vec<String> = blocking.iter().take(MAX_LISTED).map(|secret| row(secret)).collect();
    summary.list(&rows, |left| format!("| {} | | | | |", left_out(left)));
    summary.line("");
    summary.line("Revoke them: whoever can pull the image can read them, also after a later layer removes a file.");
}

fn row(secret: &JudgedSecret<'_>) -> String {
    let cells = [
        secret.severity.to_string(),
        cell(&message(secret.message)),
        cell(&secret.place.markdown()),
        secret.place.layer(),
    ];
    format!("| {} | {} |", secret.id(), cells.join(" | "))
}

fn line(secret: &JudgedSecret<'_>) -> String {
    let part = match secret.part {
        Part::Base => "of the base image",
        Part::Own => "of its own",
        Part::Unattributed => "not known whose",
    };
    let (what, place) = (message(secret.message), secret.place.markdown());
    format!("- {} {what}: {place}, layer {} ({part})", secret.severity, secret.place.layer())
}
