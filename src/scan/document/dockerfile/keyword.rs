//! The keywords of instructions.
//!
//! Invariant: a keyword is one that the builder knows; any other word at the start of a line is a problem.

use std::fmt;

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keyword {
    /// Copies files, remote ones too, and unpacks archives.
    Add,
    /// Declares a build argument.
    Arg,
    /// The default command.
    Cmd,
    /// Copies files.
    Copy,
    /// The command that always runs.
    Entrypoint,
    /// Sets environment variables.
    Env,
    /// Declares ports.
    Expose,
    /// Begins a stage.
    From,
    /// How to see whether the container works.
    Healthcheck,
    /// Adds metadata.
    Label,
    /// Names the author; deprecated.
    Maintainer,
    /// Runs a command while building.
    Run,
    /// The shell of the shell form.
    Shell,
    /// The signal that stops the container.
    Stopsignal,
    /// The user of what follows.
    User,
    /// Declares mount points.
    Volume,
    /// The directory of what follows.
    Workdir,
}

impl Keyword {
    /// All keywords, by name.
    pub const ALL: [Self; 17] = [
        Self::Add,
        Self::Arg,
        Self::Cmd,
        Self::Copy,
        Self::Entrypoint,
        Self::Env,
        Self::Expose,
        Self::From,
        Self::Healthcheck,
        Self::Label,
        Self::Maintainer,
        Self::Run,
        Self::Shell,
        Self::Stopsignal,
        Self::User,
        Self::Volume,
        Self::Workdir,
    ];

    /// The name in upper case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::From => "FROM",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::Stopsignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::Workdir => "WORKDIR",
        }
    }

    /// The keyword written as `word`, in any case.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|keyword| keyword.name().eq_ignore_ascii_case(word))
    }

    /// The keyword nearest to `word`, when one is near.
    pub(super) fn near(word: &str) -> Option<Self> {
        if word.len() > 16 {
            return None;
        }
        let upper = word.to_ascii_uppercase();
        let distances =
            Self::ALL.into_iter().map(|keyword| (strsim::damerau_levenshtein(keyword.name(), &upper), keyword));
        distances
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 2)
            .map(|(_, keyword)| keyword)
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
