//! What can go wrong with the store.
//!
//! Invariant: no message holds a password or a value of a row.

use std::error::Error;
use std::sync::Arc;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL's scheme is none that is known.
    #[error("unsupported database \"{scheme}\": use sqlite:///absolute/path or postgres://user:password@host/name")]
    Unsupported {
        /// The scheme, never the rest of the URL: it may hold a password.
        scheme: String,
    },
    /// The database can't be opened.
    #[error("could not open the database {path}")]
    Open {
        /// The file, or the server's address and the name of the database.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database does not answer: it is down, restarts, or can't be reached.
    #[error("could not {operation}: the database is away")]
    Away {
        /// What was attempted.
        operation: &'static str,
        /// Why.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A statement failed.
    #[error("could not {operation}")]
    Query {
        /// What was attempted.
        operation: &'static str,
        /// Why.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Query { .. } | Self::Away { .. })
    }

    /// Whether every call fails now.
    pub(super) fn is_away(&self) -> bool {
        matches!(self, Self::Closed | Self::Away { .. })
    }

    /// The same error for another caller of the same call.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Away { operation, source } => Self::Away { operation, source: Arc::clone(source) },
            Self::Query { operation, source } => Self::Query { operation, source: Arc::clone(source) },
            Self::Unsupported { .. } | Self::Open { .. } | Self::Closed => Self::Closed,
        }
    }

    /// Names the operation that failed.
    pub(super) fn of(operation: &'static str, error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
                Self::Away { operation, source: Arc::new(error) }
            }
            sqlx::Error::Database(refused) if says_away(refused.code().as_deref()) => {
                Self::Away { operation, source: Arc::new(sqlx::Error::Database(refused)) }
            }
            error => Self::Query { operation, source: Arc::new(error) },
        }
    }
}

/// PostgreSQL's classes of trouble that is not the statement's: connections (08), resources such as connection slots
/// (53), a server that stops or starts (57), the system (58), a server that only reads (25006).
fn says_away(code: Option<&str>) -> bool {
    let is_class = |code: &str| ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    code.is_some_and(|code| code.len() == 5 && (is_class(code) || code == "25006"))
}
