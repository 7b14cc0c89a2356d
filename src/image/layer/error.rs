//! Why a layer was refused.

use std::io;

/// Why a layer was refused.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The stream failed or is damaged.
    #[error("read the layer")]
    Read(#[source] io::Error),
    /// More than the limit after decompression.
    #[error("the layer is larger than {bytes} bytes unpacked")]
    TooLarge {
        /// The limit.
        bytes: u64,
    },
    /// It unpacks to far more than it is.
    #[error("the layer unpacks to more than {ratio} times its size")]
    Ratio {
        /// The limit.
        ratio: u64,
    },
    /// Too many entries.
    #[error("the layer has more than {entries} entries")]
    Entries {
        /// The limit.
        entries: usize,
    },
    /// Too much to remember.
    #[error("the layer holds more packages than are kept ({bytes} bytes)")]
    Facts {
        /// The limit.
        bytes: usize,
    },
    /// A long name or an extended header is too large.
    #[error("an extended header of the layer is larger than {bytes} bytes")]
    Header {
        /// The limit.
        bytes: u64,
    },
    /// The archive is damaged.
    #[error("the layer is no tar archive, or a damaged one")]
    Damaged,
    /// A path climbs above the root or is too long.
    #[error("a path of the layer leads out of the image")]
    Path,
    /// It isn't what the image's configuration names.
    #[error("the layer's content is {found}, not {expected}")]
    DiffId {
        /// What the configuration says.
        expected: String,
        /// What was read.
        found: String,
    },
}

impl LayerError {
    /// The refusal that passed through a reader as its error, or that error.
    pub(super) fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) => Self::Read(error),
        }
    }

    /// Whether reading again may help: the stream failed, as opposed to what was in it.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read(_))
    }
}
