//! Stages, and where the files of a stage come from.
//!
//! Invariant: a name that the file itself defines as a stage is never called an image.

use std::ops::Range;

use super::word::Word;
use crate::scan::image_reference::ImageReference;
use crate::scan::span::Span;

/// One stage of a build: a FROM and all up to the next one.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Position in the file, from 0.
    pub index: usize,
    /// The name after AS, as written.
    pub name: Option<Word>,
    /// What the stage starts from.
    pub origin: Origin,
    /// The value of `--platform`.
    pub platform: Option<Word>,
    /// The FROM instruction and all of the stage.
    pub span: Span,
    /// Its instructions in [`Dockerfile::instructions`](super::Dockerfile::instructions), FROM included.
    pub instructions: Range<usize>,
    /// The last USER that holds at its end, its own or of the stage it starts from, as an index of
    /// [`Dockerfile::instructions`](super::Dockerfile::instructions); `None`: the image below decides.
    pub user: Option<usize>,
}

/// Where an instruction takes files from: the base of FROM, `--from=` of COPY, `from=` of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What it is.
    pub base: Base,
    /// The name as written, and as expanded.
    pub word: Word,
}

/// What a name in FROM, `--from=` or `from=` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// An image of a registry.
    Image(ImageReference),
    /// Another stage of the file, by its index.
    Stage(usize),
    /// Nothing: `scratch`.
    Scratch,
    /// Not certain before the build, or no name at all.
    Unknown,
}

impl Base {
    /// The image, when it is one.
    pub fn image(&self) -> Option<&ImageReference> {
        match self {
            Self::Image(image) => Some(image),
            Self::Stage(_) | Self::Scratch | Self::Unknown => None,
        }
    }
}
