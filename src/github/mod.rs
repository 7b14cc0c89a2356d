//! GitHub, as far as dockgate talks to it: who we are there, what it tells us, what we ask of it.
//!
//! Invariant: nothing here retries a write on its own. Every failure is a [`GitHubError`] that says what was attempted
//! on what, and whether and when another attempt makes sense; the queue decides.

pub mod app;
pub mod client;
pub mod event;
pub mod fence;
pub mod identity;
pub mod oidc;
pub mod rate_limit;
pub mod registration;
pub mod sign_in;
pub mod timestamp;
mod transport;

use std::time::Duration;

/// Reads a field that may be `null` where GitHub means that there is nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    <Option<T> as serde::Deserialize>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A failed conversation with GitHub.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// The client could not be built from its settings.
    #[error("the address {address:?} is not one of a GitHub API: expected http(s)://host[:port][/path]")]
    Address {
        /// The address as given.
        address: String,
    },
    /// The app's private key does not sign.
    #[error("sign as app {app_id}")]
    Credentials {
        /// The app.
        app_id: u64,
        /// Why.
        source: jsonwebtoken::errors::Error,
    },
    /// No connection, or it broke.
    #[error("{operation} {subject}: GitHub could not be reached")]
    Unreachable {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The answer took too long.
    #[error("{operation} {subject}: no answer within {seconds} s")]
    Timeout {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// How long we waited.
        seconds: u64,
    },
    /// GitHub asks us to wait, or we know that it would.
    #[error("{operation} {subject}: rate limited, {} s to wait", retry_after.as_secs())]
    RateLimited {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// How long to wait.
        retry_after: Duration,
    },
    /// What makes the call is not ours to do any more, so it was not made.
    #[error("{operation} {subject}: not written, for somebody else does this by now")]
    Fenced {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// GitHub answered, and not with success.
    #[error("{operation} {subject}: GitHub answered {status}: {message}")]
    Refused {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The HTTP status.
        status: u16,
        /// GitHub's own message, at most 300 characters.
        message: String,
    },
    /// A GraphQL query came back with errors.
    #[error("{operation} {subject}: GitHub answered {kind}: {message}")]
    Query {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The type of the first error, such as `FORBIDDEN` or `NOT_FOUND`; `ERROR` when it has none.
        kind: String,
        /// The message of the first error, at most 300 characters.
        message: String,
    },
    /// The answer is larger than we read.
    #[error("{operation} {subject}: the answer is larger than {max_bytes} bytes")]
    TooLarge {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The bound, in bytes.
        max_bytes: usize,
    },
    /// The answer has another shape than GitHub documents.
    #[error("{operation} {subject}: the answer has an unexpected shape")]
    Shape {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// Where it differs.
        source: Misshapen,
    },
}

/// Where a document is not what was expected. It says nothing of what stands there, which may be a token or a file.
#[derive(Debug, thiserror::Error)]
#[error("{what} (line {line}, column {column})")]
pub struct Misshapen {
    what: &'static str,
    line: usize,
    column: usize,
    /// Whether the document is no JSON, or ends early.
    is_damaged: bool,
}

impl From<serde_json::Error> for Misshapen {
    fn from(error: serde_json::Error) -> Self {
        let what = match error.classify() {
            serde_json::error::Category::Data => "a field is missing or of another kind",
            serde_json::error::Category::Eof => "it ends early",
            _ => "it is no JSON",
        };
        Self { what, line: error.line(), column: error.column(), is_damaged: !error.is_data() }
    }
}

impl GitHubError {
    /// Whether a request of GraphQL failed because the server does not offer it.
    pub fn is_not_offered(&self) -> bool {
        matches!(self, Self::Refused { status: 403 | 404 | 405 | 410 | 501, .. })
    }

    /// Whether the same attempt may succeed later, without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::RateLimited { .. } | Self::Fenced { .. } => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 401 | 408 | 409 | 425 | 429),
            Self::Query { kind, .. } => !matches!(kind.as_str(), "FORBIDDEN" | "NOT_FOUND" | "UNPROCESSABLE"),
            // What is no JSON at all was cut on its way.
            Self::Shape { source, .. } => source.is_damaged,
            Self::Address { .. } | Self::Credentials { .. } | Self::TooLarge { .. } => false,
        }
    }

    /// How long GitHub asks us to wait before the next attempt, when it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The HTTP status GitHub refused with.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether GitHub says that the thing is not there, or not for us to see.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Query { kind, .. } => kind == "NOT_FOUND",
            _ => matches!(self.status(), Some(404 | 410)),
        }
    }
}
