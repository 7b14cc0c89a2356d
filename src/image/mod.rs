//! Images: what they hold, and what is known to be wrong with it.
//!
//! Invariant: an image that could not be read is never reported as one without vulnerabilities.

pub mod accept;
pub mod awaited;
pub mod backend;
pub mod check;
pub mod config;
pub mod contents;
pub mod distribution;
pub mod inventory;
pub mod kept;
pub mod layer;
pub mod layout;
mod look;
pub mod newer;
pub mod osv;
pub mod output;
pub mod package;
pub mod package_url;
pub mod rating;
pub mod read;
pub mod remote;
pub mod report;
pub mod results;
pub mod scanner;
pub mod scans;
pub mod secrets;
pub mod source;
pub mod uploads;
pub mod version;
mod zip_file;

use crate::registry::RegistryError;
use layer::LayerError;

/// Why nothing is known of an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A document or a layer could not be had.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The configuration is damaged.
    #[error("the image's configuration can't be read: {why}")]
    Config {
        /// In words.
        why: String,
    },
    /// A layer was refused.
    #[error("layer {number} of the image can't be read")]
    Layer {
        /// From 0.
        number: usize,
        /// Why.
        source: LayerError,
    },
    /// Another scanner did not do it.
    #[error("{name} could not scan the image: {why}")]
    Backend {
        /// The scanner.
        name: &'static str,
        /// In its words, at most 300 characters.
        why: String,
    },
    /// The reading thread ended.
    #[error("reading the image was interrupted")]
    Interrupted,
}

impl ImageError {
    /// Whether trying again may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Registry(error) => error.is_retryable(),
            Self::Layer { source, .. } => source.is_retryable(),
            Self::Config { .. } => false,
            Self::Interrupted | Self::Backend { .. } => true,
        }
    }
}
