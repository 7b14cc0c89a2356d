//! Reading `images`: pins, what blocks, what is accepted, what a change builds.
//!
//! Invariant: a waiver names its vulnerability, its last day and who answers for it, or it is an error.

use super::super::ImagePin;
use super::super::images::{BuiltImage, ImageWaiver};
use super::{Patch, Reader, Value};
use crate::scan::document::node::{Entry, Node};
use crate::scan::glob::PathGlobs;
use crate::settings::date::Date;

const KEYS: [&str; 7] = ["pin", "fail-on", "waivers", "vex", "built", "built-minutes", "uploads"];
const WAIVER_KEYS: [&str; 7] = ["vulnerability", "package", "paths", "within", "until", "owner", "reason"];
/// What stands for a part of a built image's name.
const PLACEHOLDERS: [&str; 4] = ["{owner}", "{repo}", "{number}", "{sha}"];
const BUILT_KEYS: [&str; 2] = ["image", "replaces"];
/// Images that one change may build.
const MAX_BUILT: usize = 20;

impl Reader<'_> {
    pub(super) fn images(&mut self, entry: &Entry, patch: &mut Patch) {
        self.section(entry, &KEYS, |reader, name, node| match name {
            "images.pin" => {
                patch.pin = reader.one_of(name, node, &[("tag", ImagePin::Tag), ("digest", ImagePin::Digest)]);
            }
            "images.fail-on" => patch.images_fail_on = reader.threshold(name, node),
            "images.vex" => patch.images.vex = reader.places(name, node, "/*.json"),
            "images.built" => patch.images.built = Some(reader.built(name, node)),
            "images.built-minutes" => patch.images.built_minutes = reader.number(name, node, 1, 1_440),
            "images.uploads" => patch.images.uploads = reader.globs(name, node),
            _ => patch.images.waivers = reader.image_waivers(name, node),
        });
    }

    /// References with placeholders, each alone or as `image` with what it `replaces`.
    fn built(&mut self, name: &str, node: &Node) -> Vec<BuiltImage> {
        let single = std::slice::from_ref(node);
        let is_single = node.as_str().is_some() || node.as_mapping().is_some();
        let items = if is_single { single } else { self.list(name, node) };
        if items.len() > MAX_BUILT {
            self.error(node.span(), format!("\"{name}\": more than {MAX_BUILT} images"));
        }
        items.iter().take(MAX_BUILT).filter_map(|item| self.built_image(name, item)).collect()
    }

    fn built_image(&mut self, name: &str, node: &Node) -> Option<BuiltImage> {
        if node.as_mapping().is_none() {
            return Some(BuiltImage { image: self.template(name, node)?, replaces: None });
        }
        for entry in self.map(name, node).iter().filter(|entry| !BUILT_KEYS.contains(&&*entry.key)) {
            self.unknown(entry, name, &BUILT_KEYS);
        }
        let Some(image) = node.get("image") else {
            self.error(node.span(), format!("\"{name}\": an entry needs \"image\""));
            return None;
        };
        let replaces = node.get("replaces").map(|old| self.template(name, old));
        Some(BuiltImage { image: self.template(name, image)?, replaces: replaces.flatten() })
    }

    fn template(&mut self, name: &str, node: &Node) -> Option<String> {
        let text = node.as_str().filter(|text| {
            let bare = PLACEHOLDERS.iter().fold((*text).to_owned(), |text, part| text.replace(part, "x"));
            !bare.is_empty() && !bare.contains(['{', '}', ' ']) && !bare.contains(char::is_control)
        });
        if text.is_none() {
            self.wrong(name, node, "an image such as ghcr.io/{owner}/{repo}:pr-{number}");
        }
        text.map(str::to_owned)
    }

    fn image_waivers(&mut self, name: &str, node: &Node) -> Vec<ImageWaiver> {
        let items = self.list(name, node).iter();
        items.filter_map(|item| self.image_waiver(name, item)).collect()
    }

    fn image_waiver(&mut self, name: &str, node: &Node) -> Option<ImageWaiver> {
        for entry in self.map(name, node).iter().filter(|entry| !WAIVER_KEYS.contains(&&*entry.key)) {
            self.unknown(entry, name, &WAIVER_KEYS);
        }
        node.as_mapping()?;
        let vulnerability = self.waiver_text(name, node, "vulnerability");
        let package = node.get("package").and_then(|_| self.waiver_text(name, node, "package"));
        let mut globs = |key: &str| {
            let found = node.get(key).filter(|found| !matches!(found.value(), Value::Null));
            found.map_or(Some(PathGlobs::default()), |found| self.globs(&format!("{name}.{key}"), found))
        };
        let (paths, within) = (globs("paths"), globs("within"));
        let until = self.waiver_day(name, node);
        let (owner, reason) = (self.waiver_text(name, node, "owner"), self.waiver_text(name, node, "reason"));
        Some(ImageWaiver {
            vulnerability: vulnerability?,
            package,
            paths: paths?,
            within: within?,
            until: until?,
            owner: owner?,
            reason: reason?,
        })
    }

    /// The last day of a waiver.
    pub(super) fn waiver_day(&mut self, name: &str, node: &Node) -> Option<Date> {
        let text = self.waiver_text(name, node, "until")?;
        text.parse::<Date>().map_or_else(
            |error| {
                self.error(node.get("until").unwrap_or(node).span(), format!("\"{name}.until\": {error}"));
                None
            },
            Some,
        )
    }
}
