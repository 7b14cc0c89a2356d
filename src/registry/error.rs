//! What goes wrong at a registry, by operation and subject.

use std::time::Duration;

use super::egress::EgressError;

/// Why a registry did not give what was asked for.
///
/// Invariant: no variant holds a credential, a token, or an address with its query; and an image that does not exist
/// can't be told from one that we may not read.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry said 401, 403 or 404: outwardly the same.
    #[error("{operation} {subject}: not found or not allowed")]
    NotFoundOrNotAllowed {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// The egress policy forbids a host, an address, a scheme or a port.
    #[error("{operation} {subject}: {source}")]
    Egress {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// What is forbidden.
        source: EgressError,
    },
    /// A redirect that is not followed.
    #[error("{operation} {subject}: redirect refused, {why}")]
    Redirect {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The rule that forbids it.
        why: &'static str,
    },
    /// More bytes than we read.
    #[error("{operation} {subject}: larger than {max_bytes} bytes")]
    TooLarge {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The most bytes.
        max_bytes: u64,
    },
    /// More layers, entries or levels than we read.
    #[error("{operation} {subject}: more than {max} {what}")]
    TooMany {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// What there is too much of.
        what: &'static str,
        /// The most of them.
        max: usize,
    },
    /// The bytes are not what their digest or their size says.
    #[error("{operation} {subject}: the content is not what its digest or size says")]
    WrongContent {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
    },
    /// A form that is refused by name, such as schema 1 or a foreign layer.
    #[error("{operation} {subject}: {what} is not supported")]
    Unsupported {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The form.
        what: &'static str,
    },
    /// An answer that does not have the form of its specification.
    #[error("{operation} {subject}: malformed answer, {why}")]
    Malformed {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// What was expected.
        why: String,
    },
    /// An index without an image for the platform.
    #[error("{operation} {subject}: no image for {platform}")]
    NoPlatform {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The platform that was asked for.
        platform: String,
    },
    /// A deadline passed.
    #[error("{operation} {subject}: no answer within {seconds} s")]
    Timeout {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The deadline.
        seconds: u64,
    },
    /// The registry asks us to wait, or few pulls are left.
    #[error("{operation} {subject}: the registry's limit is reached, again in {} s", .retry_after.as_secs())]
    RateLimited {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// When to ask again.
        retry_after: Duration,
    },
    /// A status that is none of the above.
    #[error("{operation} {subject}: status {status}")]
    Status {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// The HTTP status.
        status: u16,
    },
    /// No connection, or one that broke.
    #[error("{operation} {subject}: the registry could not be reached")]
    Unreachable {
        /// What was attempted.
        operation: &'static str,
        /// On what.
        subject: String,
        /// What the network said, without addresses.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A credential could not be had from its helper or cloud.
    #[error("credential for {host}: {why}")]
    Credential {
        /// The registry that it is for.
        host: String,
        /// What went wrong, without the secret.
        why: String,
    },
    /// An option that can't be obeyed.
    #[error("registry options: {0}")]
    Options(String),
}

impl RegistryError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::RateLimited { .. } | Self::Unreachable { .. } | Self::Credential { .. } => {
                true
            }
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        }
    }

    /// What whoever asked can do about it, as one sentence, where that is known.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NotFoundOrNotAllowed { .. } => {
                "check the name and the tag; a private image needs a credential that may read it: `docker login` \
                 makes one, and DOCKGATE_REGISTRY_AUTH_FILE names its config.json to a server"
                    .to_owned()
            }
            Self::Egress { source: EgressError::Host(host), .. } => format!(
                "DOCKGATE_REGISTRY_ALLOW={host} adds it; one in a private network also needs its addresses: \
                 DOCKGATE_REGISTRY_PRIVATE={host}=10.0.0.0/8"
            ),
            Self::Egress { source: EgressError::Address(host), .. } => format!(
                "when that is where it should lead, name the network: DOCKGATE_REGISTRY_PRIVATE={host}=10.0.0.0/8"
            ),
            Self::Egress { source: EgressError::Scheme, .. } => {
                "DOCKGATE_REGISTRY_PRIVATE=HOST:PORT=NETWORK;http allows plain http for one host".to_owned()
            }
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                "check the host's name and the network; DOCKGATE_REGISTRY_PROXY names a proxy, and `;http` in \
                 DOCKGATE_REGISTRY_PRIVATE allows plain http"
                    .to_owned()
            }
            Self::Credential { .. } => {
                "see that its keeper runs here; DOCKGATE_REGISTRY_AUTH names other credentials, and '{}' none"
                    .to_owned()
            }
            Self::NoPlatform { .. } => "--platform chooses another".to_owned(),
            _ => return None,
        })
    }

    /// How long the registry wants us to wait, when it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
