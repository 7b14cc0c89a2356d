//! What other files of the same side say of a file.
//!
//! **Invariant**: what was not seen is unknown, never absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dockerfile::Dockerfile;
use super::dockerignore::Dockerignore;

/// What other files say of one, as far as policies ask.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Of a chart: whether the lock of its dependencies stands beside it; `None` when that is not known.
    pub has_lock: Option<bool>,
    /// Of a compose file: what its services are built from, by service.
    pub builds: BTreeMap<String, BuiltFrom>,
    /// Of a Dockerfile: what its build leaves out; `None` when that is not known.
    pub dockerignore: Option<Arc<Dockerignore>>,
    /// What says that SOPS encrypts the file; `None` when nothing does.
    pub sops: Option<SopsRule>,
    /// Of manifests: the images, without their versions, for which something else puts in another version, with whether
    /// that is a digest.
    pub replaced_images: Arc<BTreeMap<String, bool>>,
}

/// What says that SOPS encrypts a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SopsRule {
    /// Its own name: `*.sops.yaml`.
    Name,
    /// A pattern of a `.sops.yaml` above it.
    Pattern(String),
}

/// The Dockerfile that a service is built from.
#[derive(Clone, Debug)]
pub struct BuiltFrom {
    /// Where it stands.
    pub path: String,
    /// The file.
    pub dockerfile: Arc<Dockerfile>,
}
