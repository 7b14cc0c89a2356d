//! Settings: what a team, an organisation and an operator may decide, read from text and from a map.
//!
//! Invariant: pure, and nothing is guessed. A key or value that is not understood is an error that names its place,
//! and the value in force always knows where it came from.

pub mod baseline;
pub mod date;
pub mod process;
pub mod repository;
pub mod role;
pub mod vex;

use crate::scan::problem::{Cause, Problem};

/// Where a value in force came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Built in.
    #[default]
    Default,
    /// `dockgate.yml` of the organisation's `.github` repository.
    Organisation,
    /// `.github/dockgate.yml` of the repository, at the base of the change.
    Repository,
    /// The file that the set-up wrote.
    Credentials,
    /// An environment variable.
    Environment,
    /// A command-line flag.
    Flag,
    /// A command in a comment of a pull request.
    Command,
}

impl Origin {
    /// The name, as `dockgate doctor` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Organisation => "organisation",
            Self::Repository => "repository",
            Self::Credentials => "credentials file",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::Command => "command",
        }
    }
}

/// A value in force with its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// The built-in value.
    pub fn built_in(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Puts `value` in force, when there is one.
    pub fn set(&mut self, value: Option<T>, origin: Origin) {
        if let Some(value) = value {
            *self = Self { value, origin };
        }
    }
}

/// What is wrong with settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A mistake in a settings file.
    #[error("{file}:{line}: {message}")]
    File {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        message: String,
    },
    /// A mistake in a flag or an environment variable.
    #[error("{name}: {message}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// A text that names no day.
    #[error("\"{text}\" is no day; expected YYYY-MM-DD, such as 2026-03-31")]
    Date {
        /// The text as written.
        text: String,
    },
}

impl SettingsError {
    /// The problem that a report shows for a mistake in `file`; that of an organisation says whose it is.
    fn problem(&self, file: &str, origin: Origin) -> Problem {
        let (line, message) = match self {
            Self::File { line, message, .. } => (Some(*line), message.clone()),
            other => (None, other.to_string()),
        };
        let stop = if message.ends_with('?') { "" } else { "." };
        let advice = format!("{message}{stop} The defaults are used until this is fixed");
        let problem = if origin == Origin::Organisation {
            Problem::general(Cause::Settings, format!("the organisation's {file}:{}: {advice}", line.unwrap_or(1)))
        } else {
            Problem { line, ..Problem::of_file(file, Cause::Settings, advice) }
        };
        Problem { introduced: false, ..problem }
    }
}
