//! What images that were merged come to: the text of the one issue about them.
//!
//! Invariant: the text depends on nothing but what is judged, so that the same is never said anew; only what blocks is
//! counted, no value of a secret is shown, and what could not be judged is never called clean.

use super::output::{fixable, table};
use super::secret::{self, JudgedSecret};
use super::{ImagesVerdict, JudgedImage};
use crate::image::rating::Rating;
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
    /// How many vulnerabilities and secrets block, each once for each image.
    pub blocking: usize,
    /// How many images could not be judged, or were left out.
    pub unjudged: usize,
    /// What tells those that block from each other, as rows of the text begin with it.
    pub ids: Vec<String>,
}

/// An image, and every place that names it.
struct Group<'g, 'v> {
    name: &'g str,
    places: Vec<&'g JudgedImage<'v>>,
}

impl ImagesVerdict<'_> {
    /// What is to be said of images that stand on `branch`.
    pub fn standing(&self, branch: &str) -> Standing {
        let groups = self.blocking_groups();
        let worst: Vec<&JudgedImage<'_>> = groups.iter().filter_map(Group::worst).collect();
        let vulnerabilities: usize = worst.iter().map(|image| image.blocking.len()).sum();
        let secrets: usize = worst.iter().map(|image| image.blocking_secrets()).sum();
        let unjudged: Vec<&JudgedImage<'_>> = self.judged.iter().filter(|image| !image.unjudged.is_empty()).collect();
        let mut ids: Vec<String> = worst.iter().flat_map(|image| ids(image)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut body = Budget::new(MAX_TEXT_BYTES);
        let branch = code(branch);
        if groups.is_empty() {
            body.line(&format!(
                "No image that {branch} uses has a vulnerability any more that would block a change, or a secret of its own."
            ));
        } else {
            let (images, threshold) = (count(groups.len(), "image"), self.threshold.unwrap_or(Rating::High));
            body.line(&format!(
                "{branch} uses {images} with vulnerabilities that a newer version fixes and that are {threshold} or \
                 worse, which block a change that brings them in (`images.fail-on`), or with secrets of that severity in \
                 an image of your own. They became known, or got a fix, after the merge, or were there before."
            ));
        }
        for group in &groups {
            group.section(&mut body);
        }
        self.left(&mut body, &unjudged);
        body.line("");
        body.line(
            "Accept one with `images.waivers` or an OpenVEX document (`images.vex`). This text is kept up to date, and \
             the issue is closed when nothing is left.",
        );
        let title = title(vulnerabilities, secrets, groups.len());
        let (blocking, unjudged) = (vulnerabilities + secrets, unjudged.len() + self.left_out);
        Standing { title, body: body.finish(), blocking, unjudged, ids }
    }

    fn blocking_groups(&self) -> Vec<Group<'_, '_>> {
        let mut groups: Vec<Group<'_, '_>> = Vec::new();
        for image in self.judged.iter().filter(|image| image.blocks() > 0) {
            let name = image.image.subject.after.as_str();
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.places.push(image),
                None => groups.push(Group { name, places: vec![image] }),
            }
        }
        groups
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

fn title(vulnerabilities: usize, secrets: usize, images: usize) -> String {
    let vulnerabilities = (vulnerabilities > 0).then(|| fixable(vulnerabilities));
    let secrets = (secrets > 0).then(|| count(secrets, "secret"));
    let parts: Vec<String> = vulnerabilities.into_iter().chain(secrets).collect();
    if parts.is_empty() {
        "Images in use: nothing that would block".to_owned()
    } else {
        format!("Images in use: {} in {}", parts.join(" and "), count(images, "image"))
    }
}

/// What tells the vulnerabilities and secrets of an image from each other.
fn ids(image: &JudgedImage<'_>) -> Vec<String> {
    let secrets = image.secrets().0.into_iter().map(JudgedSecret::id);
    image.blocking.iter().map(|one| text(&one.id)).chain(secrets).collect()
}

impl JudgedImage<'_> {
    /// How much of it blocks.
    fn blocks(&self) -> usize {
        self.blocking.len() + self.blocking_secrets()
    }
}

impl<'g, 'v> Group<'g, 'v> {
    /// The place where most of it blocks: waivers count for single files.
    fn worst(&self) -> Option<&'g JudgedImage<'v>> {
        self.places.iter().copied().max_by_key(|image| image.blocks())
    }

    fn section(&self, body: &mut Budget) {
        body.line("");
        body.line(&format!("### {}", code(self.name)));
        let mut places: Vec<String> = (self.places.iter().take(MAX_PLACES))
            .map(|image| format!("{} line {}", code(&image.image.subject.path), image.image.subject.line))
            .collect();
        if self.places.len() > MAX_PLACES {
            places.push(format!("{} more", self.places.len() - MAX_PLACES));
        }
        body.line(&places.join(", "));
        let Some(image) = self.worst() else { return };
        if !image.blocking.is_empty() {
            body.line("");
            table(body, &image.blocking, &image.attribution);
        }
        image.newer(body);
        secret::table(body, &image.secrets().0);
        for note in &image.remarks {
            body.line(&format!("- To know: {}", text(note)));
        }
    }
}
