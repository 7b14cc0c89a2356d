//! The engine: a [`Snapshot`] in, findings and problems out.
//!
//! Invariant: pure. No clock, disk, environment, network or async; it can't fail, it returns what it found and what it
//! could not judge.

pub mod admission;
pub mod document;
pub mod edit;
pub mod finding;
pub mod glob;
pub mod history;
pub mod image_reference;
pub mod image_use;
pub mod limits;
pub mod options;
pub mod policy;
pub mod problem;
pub mod secret;
mod side;
pub mod snapshot;
pub mod span;
pub mod suppression;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use finding::{Finding, Fingerprint};
use image_reference::ImageReference;
use image_use::ImageChange;
pub use options::{Profile, ScanOptions, SecretKey};
use policy::PolicySet;
use problem::Problem;
use snapshot::{Content, Snapshot};
use span::Span;
use suppression::Suppressed;

/// Judges both sides of a change by `policies`.
///
/// Every file of the snapshot is parsed once per side, and once in all when its text does not change. A problem of the
/// head that the base has as well is not introduced.
pub fn scan(snapshot: &Snapshot, policies: &PolicySet, options: &ScanOptions) -> Scan {
    let read = &|_: &str| Content::Unread;
    side::scan(snapshot, policies, options, &mut Helper { read, tell: &mut |_| {} })
}

/// As [`scan`], with someone at hand. A text that the snapshot does not hold is let go again once it is judged, unless
/// something is found in it.
pub fn scan_with(snapshot: &Snapshot, policies: &PolicySet, options: &ScanOptions, helper: &mut Helper<'_>) -> Scan {
    side::scan(snapshot, policies, options, helper)
}

/// Whom a scan asks and tells.
pub struct Helper<'h> {
    /// Gives the content of the file at a path, which the snapshot does not hold.
    pub read: &'h dyn Fn(&str) -> Content,
    /// Hears after each file how many are judged.
    pub tell: &'h mut dyn FnMut(usize),
}

/// What the engine found in both sides of a change.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The state before the change. Empty when the snapshot has no base.
    pub base: Side,
    /// The state after the change.
    pub head: Side,
    /// What was read of the files that the snapshot does not hold, where something was found or it could not be judged; of
    /// much text only a part.
    pub read: BTreeMap<String, Content>,
    /// How many bytes of text that is.
    pub read_bytes: usize,
    /// The images that the change brings in, when [`ScanOptions::images`] asks for them.
    pub images: Vec<ImageChange>,
}

/// What the engine found in one side of a change. Lists are sorted by path and place.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Findings that no suppression matches.
    pub findings: Vec<Finding>,
    /// Findings that a suppression in the file matches.
    pub suppressed: Vec<Suppressed>,
    /// What a more exact finding speaks for: it is not reported, and not gone either. Kept of the head of a change.
    pub superseded: BTreeSet<Fingerprint>,
    /// Images that an edit would pin if their digests were known: [`ScanOptions::digests`] did not have them.
    pub unpinned: Vec<ImageReference>,
    /// What could not be judged.
    pub problems: Vec<Problem>,
    /// The number of files that were judged.
    pub files: usize,
    /// Where secret values stand, by path, so that whoever shows lines of a file leaves them out.
    pub secrets: BTreeMap<String, Vec<Span>>,
}
