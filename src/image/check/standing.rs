//! What images that were merged come to: the text of the one issue about them.
//!
//! Invariant: the text depends on nothing but what is judged, so that the same is never said anew; only what would
//! block a change is listed, and what could not be judged is never called clean.

use super::output::{fixable, table};
use super::{ImagesVerdict, JudgedImage};
use crate::image::rating::Rating;
use crate::image::report::Vulnerability;
use crate::report::budget::Budget;
use crate::report::markdown::{code, text};
use crate::report::words::count;

/// The longest text: GitHub takes 65,536 characters.
const MAX_TEXT_BYTES: usize = 60_000;
/// Places of one image that are named, and images that could not be judged.
const MAX_PLACES: usize = 10;
const MAX_UNJUDGED: usize = 50;

/// What is to be said of the images of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The title.
    pub title: String,
    /// The text.
    pub body: String,
    /// How many vulnerabilities would block a change, each once for each image.
    pub blocking: usize,
    /// How many images could not be judged, or were left out.
    pub unjudged: usize,
    /// The ids of what blocks, as the text has them.
    pub ids: Vec<String>,
}

impl ImagesVerdict<'_> {
    /// What is to be said of images that stand on `branch`.
    pub fn standing(&self, branch: &str) -> Standing {
        let blocking: Vec<&JudgedImage<'_>> = self.judged.iter().filter(|image| !image.blocking.is_empty()).collect();
        let mut groups: Vec<(&str, Vec<&JudgedImage<'_>>)> = Vec::new();
        for image in blocking {
            let name = image.image.subject.after.as_str();
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, images)) => images.push(image),
                None => groups.push((name, vec![image])),
            }
        }
        let all: Vec<&Vulnerability> =
            groups.iter().filter_map(|(_, images)| most(images)).flatten().copied().collect();
        let unjudged: Vec<&JudgedImage<'_>> = self.judged.iter().filter(|image| !image.unjudged.is_empty()).collect();
        let mut ids: Vec<String> = all.iter().map(|one| text(&one.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut body = Budget::new(MAX_TEXT_BYTES);
        let branch = code(branch);
        if all.is_empty() {
            body.line(&format!("No image that {branch} uses has a vulnerability any more that would block a change."));
        } else {
            body.line(&format!(
                "{branch} uses {} with vulnerabilities that a newer version fixes and that are {} or worse: a change \
                 that brought them in would be blocked (`images.fail-on`). They became known, or got a fix, after the \
                 merge, or were there before.",
                count(groups.len(), "image"),
                self.threshold.unwrap_or(Rating::High)
            ));
        }
        for (name, images) in &groups {
            section(&mut body, name, images);
        }
        self.left(&mut body, &unjudged);
        body.line("");
        body.line(
            "Accept one with `images.waivers` or an OpenVEX document (`images.vex`). This text is kept up to date, and \
             the issue is closed when nothing is left.",
        );
        let (number, images) = (all.len(), count(groups.len(), "image"));
        let title = if number == 0 {
            "Images in use: no vulnerability that would block".to_owned()
        } else {
            format!("Images in use: {} in {images}", fixable(number))
        };
        Standing { title, body: body.finish(), blocking: number, unjudged: unjudged.len() + self.left_out, ids }
    }

    fn left(&self, body: &mut Budget, unjudged: &[&JudgedImage<'_>]) {
        let lines = unjudged.iter().take(MAX_UNJUDGED).map(|image| {
            let why = image.unjudged.first().map(String::as_str).unwrap_or_default();
            format!("- {}: {}", code(&image.image.subject.after), text(why))
        });
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            body.line("");
        }
        body.folded(&format!("Not judged: {}", count(unjudged.len(), "image")), &lines);
        if self.left_out > 0 {
            body.line("");
            body.line(&format!("Not looked at: {} more files or images.", self.left_out));
        }
    }
}

/// What blocks of one image, at the place where most of it does: waivers count for single files.
fn most<'i, 'v>(images: &'i [&JudgedImage<'v>]) -> Option<&'i Vec<&'v Vulnerability>> {
    images.iter().map(|image| &image.blocking).max_by_key(|blocking| blocking.len())
}

fn section(body: &mut Budget, name: &str, images: &[&JudgedImage<'_>]) {
    body.line("");
    body.line(&format!("### {}", code(name)));
    let mut places: Vec<String> = images
        .iter()
        .take(MAX_PLACES)
        .map(|image| format!("{} line {}", code(&image.image.subject.path), image.image.subject.line))
        .collect();
    if images.len() > MAX_PLACES {
        places.push(format!("{} more", images.len() - MAX_PLACES));
    }
    body.line(&places.join(", "));
    body.line("");
    if let Some(image) = images.iter().max_by_key(|image| image.blocking.len()) {
        table(body, &image.blocking, &image.attribution);
        image.newer(body);
    }
}
