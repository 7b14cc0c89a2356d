//! Images that a file uses: which, where, in what role, and where a digest can be written.
//!
//! Invariant: a use is listed only when its reference is certain before a build or rendering, and a place for the
//! digest only when the text there means this use alone.

mod change;
mod digests;
mod site;
#[cfg(test)]
mod tests;

use super::document::ParsedFile;
use super::document::node::Node;
use super::edit::Edit;
use super::image_reference::ImageReference;
use super::policy::target::{Subject, Target};
use super::span::Span;
pub use change::{ImageChange, brought_in};
pub use digests::Digests;
use site::Site;

/// The tag of a reference without one.
const DEFAULT_TAG: &str = "latest";
/// Uses of one file that are listed.
const MAX_USES: usize = 10_000;

/// What an image is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The built image holds its layers.
    Base,
    /// A stage starts from it that the built image leaves behind.
    BuildStage,
    /// Files are copied or mounted from it.
    CopiedFrom,
    /// It reads the Dockerfile: `# syntax=`.
    Frontend,
    /// It runs, or is given to what runs it.
    Run,
    /// It runs in a pipeline.
    Tool,
}

/// One image in one place.
#[derive(Clone, Debug)]
pub struct ImageUse {
    /// What an engine would ask a registry for.
    pub reference: ImageReference,
    /// What it is used for.
    pub role: Role,
    /// The platform it is asked for, such as `linux/arm64`, where the file says so.
    pub platform: Option<String>,
    /// What people call the place, such as `Deployment/default/api container web`.
    pub resource: Option<String>,
    /// Where it stands.
    pub span: Span,
    site: Option<Site>,
}

/// The images of a file in the order of the text; the same place is listed once.
pub fn image_uses(file: &ParsedFile, text: &str) -> Vec<ImageUse> {
    let mut uses: Vec<ImageUse> = Vec::new();
    for (target, role) in SOURCES {
        for subject in target.subjects(file, text).iter().take(MAX_USES) {
            uses.extend(of_subject(*target, *role, subject, text));
        }
    }
    uses.sort_by_key(|found| (found.span.start, found.span.end, found.role));
    uses.dedup_by(|one, other| one.span == other.span && one.reference == other.reference);
    uses.truncate(MAX_USES);
    uses
}

impl ImageUse {
    /// Writes `digest` (`algorithm:hex`) beside the tag, `latest` when there is none; `None` when the reference has a
    /// digest, or the text has no place for one.
    pub fn pin(&self, text: &str, digest: &str) -> Option<Edit> {
        if self.reference.digest().is_some() {
            return None;
        }
        self.site.as_ref()?.write(text, &self.reference, digest)
    }
}

/// Whether a file that used `before` uses the same `after` edits, some of it now with what `digests` say.
pub fn is_pinned(before: &[ImageUse], after: &[ImageUse], digests: &Digests) -> bool {
    let is_kept = |(old, new): (&ImageUse, &ImageUse)| {
        let (old, new) = (&old.reference, &new.reference);
        let is_pinned = || {
            old.digest().is_none()
                && new.digest() == digests.get(old)
                && new.tag() == Some(old.tag().unwrap_or(DEFAULT_TAG))
        };
        old.repository() == new.repository() && (old == new || is_pinned())
    };
    before.len() == after.len() && before.iter().zip(after).all(is_kept)
}

/// The targets whose things name an image, with the role that the target alone decides.
const SOURCES: &[(Target, Role)] = &[
    (Target::DockerfileStage, Role::BuildStage),
    (Target::DockerfileInstruction, Role::CopiedFrom),
    (Target::KubernetesContainer, Role::Run),
    (Target::KubernetesVolume, Role::CopiedFrom),
    (Target::ImageCustom, Role::Run),
    (Target::ComposeService, Role::Run),
    (Target::HelmImage, Role::Run),
    (Target::KustomizeImage, Role::Run),
    (Target::GithubContainer, Role::Tool),
    (Target::GithubStep, Role::Tool),
    (Target::GitlabImage, Role::Tool),
    (Target::DevcontainerFile, Role::Tool),
];

fn of_subject(target: Target, role: Role, subject: &Subject, text: &str) -> Vec<ImageUse> {
    let facts = &subject.facts;
    let truth = |path: &str| facts.at(path).and_then(Node::as_bool) == Some(true);
    match target {
        Target::DockerfileStage => {
            let role = if truth("stage.is_shipped") { Role::Base } else { role };
            let platform = facts.at("stage.platform").and_then(Node::as_str).map(str::to_owned);
            let base = facts.get("image").and_then(|image| read(image, role, subject, text));
            let frontend = facts.get("syntax").and_then(|image| read(image, Role::Frontend, subject, text));
            base.map(|base| ImageUse { platform, ..base }).into_iter().chain(frontend).collect()
        }
        Target::DockerfileInstruction if facts.at("instruction.keyword").and_then(Node::as_str) == Some("FROM") => {
            Vec::new()
        }
        Target::DockerfileInstruction => {
            let images = facts.at("instruction.images").map_or(&[][..], Node::items);
            images.iter().filter_map(|image| read(image, role, subject, text)).collect()
        }
        _ => {
            let platform = subject.node.as_ref().and_then(|node| node.get("platform")?.as_str());
            let platform = platform.filter(|_| target == Target::ComposeService).map(str::to_owned);
            let image = facts.get("image").and_then(|image| read(image, role, subject, text));
            image.map(|image| ImageUse { platform, ..image }).into_iter().collect()
        }
    }
}

/// The use that the facts of an image tell.
fn read(facts: &Node, role: Role, subject: &Subject, text: &str) -> Option<ImageUse> {
    let part = |name: &str| facts.get(name).and_then(Node::as_str).filter(|part| !part.is_empty());
    let raw = facts.get("raw").filter(|raw| raw.as_str().is_some() && !raw.span().is_empty());
    let reference = match raw {
        Some(raw) => ImageReference::parse(raw.as_str()?).ok()?,
        None => ImageReference::parse(&composed(part("repository")?, part("tag"), part("digest"))).ok()?,
    };
    let span = raw.map_or(subject.span, Node::span);
    let site = match (raw, &subject.node) {
        (Some(_), _) => Site::of_text(text, span, &reference),
        (None, Some(node)) => Site::of_key(node),
        (None, None) => None,
    };
    Some(ImageUse { reference, role, platform: None, resource: subject.resource.clone(), span, site })
}

/// A reference out of its parts; the tag may bring the digest with it.
fn composed(repository: &str, tag: Option<&str>, digest: Option<&str>) -> String {
    let tag = tag.map_or_else(String::new, |tag| format!(":{tag}"));
    let digest = match digest {
        Some(digest) if digest.contains(':') => format!("@{digest}"),
        Some(hex) => format!("@sha256:{hex}"),
        None => String::new(),
    };
    format!("{repository}{tag}{digest}")
}
