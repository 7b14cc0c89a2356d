//! Reading `images`: pins, what blocks, what is accepted, what a change builds.
//!
//! Invariant: a waiver names its vulnerability, its last day and who answers for it, or it is an error.

use super::super::ImagePin;
use super::super::images::ImageWaiver;
use super::{Patch, Reader, Value};
use crate::scan::document::node::{Entry, Node};
use crate::scan::glob::PathGlobs;
use crate::settings::date::Date;

const KEYS: [&str; 7] = ["pin", "fail-on", "waivers", "vex", "built", "built-minutes", "uploads"];
const WAIVER_KEYS: [&str; 7] = ["vulnerability", "package", "paths", "within", "until", "owner", "reason"];
/// What stands for a part of a built image's name.
const PLACEHOLDERS: [&str; 4] = ["{owner}", "{repo}", "{number}", "{sha}"];
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

    fn built(&mut self, name: &str, node: &Node) -> Vec<String> {
        let single = std::slice::from_ref(node);
        let items = if node.as_str().is_some() { single } else { self.list(name, node) };
        let mut built = Vec::new();
        for item in items.iter().take(MAX_BUILT) {
            let text = item.as_str().filter(|text| {
                let bare = PLACEHOLDERS.iter().fold((*text).to_owned(), |text, part| text.replace(part, "x"));
                !bare.is_empty() && !bare.contains(['{', '}', ' ']) && !bare.contains(char::is_control)
            });
            match text {
                Some(text) => built.push(text.to_owned()),
                None => self.wrong(name, item, "an image such as ghcr.io/{owner}/{repo}:pr-{number}"),
            }
        }
        if items.len() > MAX_BUILT {
            self.error(node.span(), format!("\"{name}\": more than {MAX_BUILT} images"));
        }
        built
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
